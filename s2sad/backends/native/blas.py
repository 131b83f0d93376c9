"""BLAS, as NumPy has it: its own library, whose functions are found by their names where a program is compiled."""

from __future__ import annotations

import ctypes
from functools import lru_cache

import numpy as np

from s2sad.errors import UnsupportedCall

WIDE = "64_"
"""What the names end with where lengths have 64 bits."""
FORMS = (f"scipy_cblas_{{}}{WIDE}", f"cblas_{{}}{WIDE}", "scipy_cblas_{}", "cblas_{}")
"""What the functions may be called."""


@lru_cache(maxsize=1)
def _library() -> ctypes.CDLL:
    from numpy.linalg import _umath_linalg

    return ctypes.CDLL(_umath_linalg.__file__)


def has(function: str) -> bool:
    """Whether there is a function: `dgemm`."""
    return any(hasattr(_library(), form.format(function)) for form in FORMS)


def name_of(function: str) -> str:
    """What a function is called here: `dgemm`.

    Raises:
        UnsupportedCall: there is none.
    """
    for form in FORMS:
        name = form.format(function)
        if hasattr(_library(), name):
            return name
    raise UnsupportedCall(f"{function}, which NumPy's library does not have by a known name", "use backend='numpy'")


def address_of(name: str) -> int:
    """The address of a function.

    Raises:
        RuntimeError: it is not in the library of this process.
    """
    try:
        found = ctypes.cast(getattr(_library(), name), ctypes.c_void_p).value
    except AttributeError as e:
        raise RuntimeError(f"NumPy's library has no {name}") from e
    assert found is not None
    return found


LETTERS = {np.dtype(c): letter for c, letter in zip("fdFD", "sdcz", strict=True)}
"""By the dtype: what the names of its functions begin with."""
