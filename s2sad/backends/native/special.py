"""Functions of numbers of SciPy's own, those behind its ufuncs: by their addresses, as `scipy.special.cython_special`
has them for Cython.

gammaln     double (double, int __pyx_skip_dispatch)        of one double, and one more argument that says nothing
"""

from __future__ import annotations

import ctypes
import sys
from collections.abc import Sequence
from functools import cache, lru_cache
from typing import Any

import numpy as np

MORE = "int __pyx_skip_dispatch"
"""What is passed behind the numbers: 0."""
_TYPES = {"double": np.dtype(float), "float": np.dtype(np.float32), "long": np.dtype(np.long)}


@lru_cache(maxsize=1)
def _functions() -> dict[str, Any]:
    from scipy.special import cython_special

    return dict(cython_special.__pyx_capi__)


def _signature(capsule: Any) -> str:
    get = ctypes.PYFUNCTYPE(ctypes.c_char_p, ctypes.py_object)(("PyCapsule_GetName", ctypes.pythonapi))
    return str(get(capsule).decode())


@cache
def _forms(function: str) -> dict[tuple[np.dtype[Any], ...], str]:
    """The forms of a function of real numbers, by the dtypes of what it takes and gives: names with signatures."""
    found = {}
    for name, capsule in _functions().items():
        if name != function and name.removeprefix("__pyx_fuse_").lstrip("0123456789") != function:
            continue
        signature = _signature(capsule)
        result, _, rest = signature.rstrip(")").partition(" (")
        *given, last = rest.split(", ")
        if last == MORE and all(t in _TYPES for t in (*given, result)):
            found[tuple(_TYPES[t] for t in (*given, result))] = f"{name} {signature}"
    return found


def _public(name: str) -> object:
    """What SciPy has under a name, if anybody has imported it."""
    return getattr(sys.modules.get("scipy.special"), name, None)


def form_of(function: object, operands: Sequence[Any]) -> tuple[str, Sequence[np.dtype[Any]]] | None:
    """The form of a ufunc that is called with operands of these dtypes, or classes of Python's numbers.

    Its name, and the dtypes that it takes and gives; None where there is none of it.
    """
    if not isinstance(function, np.ufunc) or function is not _public(function.__name__):
        return None
    try:
        wanted = function.resolve_dtypes((*operands, *[None] * function.nout))
    except TypeError:
        return None
    forms = _forms(function.__name__)
    doubles = (np.dtype(float),) * len(wanted) if all(d.kind in "biuf" for d in wanted) else wanted
    dtypes = wanted if wanted in forms else doubles
    return (forms[dtypes], dtypes) if dtypes in forms else None


def address_of(name: str) -> int:
    """The address of a form.

    Raises:
        RuntimeError: SciPy in this process has another one.
    """
    own, _, signature = name.partition(" ")
    capsule = _functions().get(own)
    if capsule is None or _signature(capsule) != signature:
        raise RuntimeError(f"scipy.special has no {name}")
    get = ctypes.PYFUNCTYPE(ctypes.c_void_p, ctypes.py_object, ctypes.c_char_p)(
        ("PyCapsule_GetPointer", ctypes.pythonapi)
    )
    return int(get(capsule, signature.encode()))
