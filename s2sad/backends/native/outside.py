"""What native code reaches outside itself: functions of Python and NumPy, and objects of theirs, in one table.

The code has no address in it: it reads them from the table of its module, which is filled when it is loaded. An entry
is named by what it is:

    python PyTuple_New      a function of Python's C API
    numpy PyArray_Empty     a function of NumPy's
    blas cblas_dgemm        a function of the library that NumPy computes products by
    special j0 double (...) a function of numbers of SciPy's
    object float64          an object, by its name in `OBJECTS`
    call np.sort            a function, by an expression that is read in the module which the code is of
    new float64             what makes a scalar of NumPy's of this class
"""

from __future__ import annotations

import ctypes
import importlib
from collections.abc import Callable
from functools import lru_cache

import numpy as np

from s2sad.backends.native import blas, special
from s2sad.backends.native.signals import comes_from_a_signal
from s2sad.ir.types import ArrayType

API = {
    "PyArray_DescrFromType": 45,
    "PyArray_Empty": 184,
    "PyArray_FromArray": 109,
    "PyArray_New": 93,
    "PyArray_NewCopy": 85,
    "PyArray_Return": 76,
}
"""Places in NumPy's table of its C API, which are the same in all versions of it."""
BOOLS = {"False": False, "True": True, "np.False": np.False_, "np.True": np.True_}
SCALARS = (
    *(np.int8, np.int16, np.int32, np.int64, np.uint8, np.uint16, np.uint32, np.uint64),
    *(np.float32, np.float64, np.complex64, np.complex128),
)
"""The classes of the numbers that native code takes and gives, beside Python's and the truth values."""
OBJECTS: dict[str, object] = {
    **{t.__name__: t for t in (float, int, bool, complex, tuple, Exception, MemoryError)},
    **{f"scalar {t.__name__}": t for t in (*SCALARS, np.bool_)},
    "ndarray": np.ndarray,
    "comes_from_a_signal": comes_from_a_signal,
    **BOOLS,
}
DTYPES = frozenset(np.dtype(t) for t in (*SCALARS, np.bool_))
"""What arrays may be made of."""
TABLE = "s2sad.outside"
"""The name of the table in a module."""
EMPTIED = "s2sad.emptied"
"""The function of a module that gives back the memory it keeps for the next call, where it keeps some."""
_ALLOC = 47
"""The number of the slot `tp_alloc` in Python's stable ABI."""


class Outside:
    """The table of a module, as its text is written: each thing has one place."""

    def __init__(self) -> None:
        self.names: list[str] = []
        self._places: dict[str, int] = {}

    def place(self, name: str) -> str:
        """The text of the address at which the address of a thing stands."""
        if name not in self._places:
            self._places[name] = len(self.names)
            self.names.append(name)
        return f'getelementptr (ptr, ptr @"{TABLE}", i64 {self._places[name]})'

    def text(self) -> str:
        """Its definition."""
        return f'@"{TABLE}" = dso_local global [{max(1, len(self.names))} x ptr] zeroinitializer, align 8\n'


def called(name: str, module: dict[str, object]) -> Callable[..., object] | None:
    """The function that an expression gives in a module, where a thing is named by one."""
    kind, _, text = name.partition(" ")
    return eval(text, module) if kind == "call" else None


def address(name: str) -> int:
    """The address of a thing in this process."""
    kind, _, rest = name.partition(" ")
    if kind == "python":
        return _value(getattr(ctypes.pythonapi, rest))
    if kind == "numpy":
        return _api(API[rest])
    if kind == "blas":
        return blas.address_of(rest)
    if kind == "special":
        return special.address_of(rest)
    if kind == "object":
        return id(OBJECTS[rest])
    assert kind == "new", name
    return _alloc(id(OBJECTS[f"scalar {rest}"]))


def _value(function: object) -> int:
    found = ctypes.cast(function, ctypes.c_void_p).value  # type: ignore[arg-type]
    assert found is not None
    return found


@lru_cache(maxsize=1)
def _table() -> int:
    # documented: the capsule by which extension modules find the C API
    capsule = importlib.import_module("numpy._core._multiarray_umath")._ARRAY_API
    get = ctypes.PYFUNCTYPE(ctypes.c_void_p, ctypes.py_object, ctypes.c_char_p)(
        ("PyCapsule_GetPointer", ctypes.pythonapi)
    )
    return int(get(capsule, None))


def _api(number: int) -> int:
    found = ctypes.c_void_p.from_address(_table() + number * ctypes.sizeof(ctypes.c_void_p)).value
    assert found is not None
    return found


def _alloc(cls: int) -> int:
    get = ctypes.PYFUNCTYPE(ctypes.c_void_p, ctypes.c_void_p, ctypes.c_int)(("PyType_GetSlot", ctypes.pythonapi))
    return int(get(cls, _ALLOC))


def scalar_name(t: ArrayType) -> str:
    """The name of the class of NumPy's scalars of a dtype."""
    assert t.dtype is not None
    # by its text: C has two integers of one size, and NumPy a class for each
    return np.dtype(t.dtype.str).type.__name__
