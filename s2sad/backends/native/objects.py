"""Object code: compiled once, kept beside the module sealed, read again by the next process, loaded into this one.

    text of LLVM IR  ->  object code for this machine  ->  sealed file  ->  functions in memory  ->  builtins of Python

The seal is of the code, the text that it was made of, and the machine: what is of another text, machine or version of
llvmlite is compiled anew, and what another user wrote is never run.
"""

from __future__ import annotations

import ctypes
import hashlib
import logging
import os
import types
import weakref
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from functools import lru_cache
from itertools import count
from pathlib import Path
from typing import Any

from s2sad import cache
from s2sad.backends.native import host
from s2sad.backends.native.forms import Fitting
from s2sad.backends.native.outside import EMPTIED, TABLE, address, called
from s2sad.backends.runner import Call

LOGGER = logging.getLogger("s2sad")
KIND = "native"
FOLDER = "__pycache__"
LOADED = "__s2sad_loaded__"
"""Where a module has its code in memory."""
_ARGUMENTS = 0x80
"""METH_FASTCALL: a function of an array of objects and their number."""
_number = count()


@dataclass(frozen=True)
class Code:
    """What is known of a program before it is compiled: plain data, which is stored with its module."""

    text: str
    """LLVM IR."""
    outside: tuple[str, ...]
    """What stands in its table."""
    functions: tuple[str, ...]
    """Those that are called from outside."""


class Loaded:
    """Functions in memory; they are there as long as this."""

    def __init__(self, code: Code, data: bytes, module: dict[str, object] | None = None) -> None:
        self._library = host.linked(data, f"s2sad.{next(_number)}", [TABLE, *code.functions])
        self._names = frozenset(code.functions)
        table = (ctypes.c_void_p * len(code.outside)).from_address(self._library[TABLE])
        self._called = [called(name, {} if module is None else module) for name in code.outside]
        for k, (name, function) in enumerate(zip(code.outside, self._called, strict=True)):
            table[k] = address(name) if function is None else id(function)
        if EMPTIED in self._names:
            weakref.finalize(self, _emptied, self._library).atexit = False

    def builtin(self, name: str, unusual: Call, left: Call) -> Call:
        """A function as Python calls it.

        `unusual` is called with arguments that it does not take, `left` where it leaves for the program of NumPy.
        """
        row = _Row(name.encode(), self._library[f"{name}.entry"], _ARGUMENTS, None)
        # the function holds this tuple: with it the row that it is described by, and its code
        return _new(ctypes.addressof(row), (unusual, left, row, self))  # type: ignore[no-any-return]

    def straight(self, name: str) -> int | None:
        """The address of the function that objects have for their calls, where there is one."""
        return self._library[f"{name}.straight"] if f"{name}.straight" in self._names else None

    def by_address(self, name: str) -> int:
        """The address of the function that other native code calls (see `by_address`)."""
        return self._library[f"{name}.address"]


def _emptied(library: Mapping[str, int]) -> None:
    """Give back the memory that a module keeps for its next call: there is none."""
    ctypes.CFUNCTYPE(None)(library[EMPTIED])()


Straight = tuple[int, tuple[object, ...]]
"""The function that objects have for their calls, and the tuple that it is called with."""


def straight(call: Call, otherwise: Call, unusual: Call, left: Call | None) -> Straight | None:
    """The function that objects have for calls of a builtin of this module, and what it is called with.

    It calls `otherwise` where something has changed, and `unusual` with arguments of which no usual ones can be made.
    `left` is as in `builtin`, where it is another one.
    """
    own = getattr(call, "__self__", None)
    if not isinstance(own, tuple) or not isinstance(own[-1], Loaded):
        return None
    fitting, before, row, code = own
    function = code.straight(call.__name__)
    if function is None:
        return None
    left = left or before
    again = Fitting(fitting.fitters, code.builtin(call.__name__, unusual, left), unusual)
    return function, (again, left, otherwise, row, code)


class _Row(ctypes.Structure):
    """A `PyMethodDef`."""

    _fields_ = [
        ("name", ctypes.c_char_p),
        ("function", ctypes.c_void_p),
        ("flags", ctypes.c_int),
        ("doc", ctypes.c_char_p),
    ]


def _new(row: int, own: tuple[object, ...]) -> Any:
    make = ctypes.PYFUNCTYPE(ctypes.py_object, ctypes.c_void_p, ctypes.py_object, ctypes.c_void_p)
    return make(("PyCFunction_NewEx", ctypes.pythonapi))(row, own, None)


def loaded(module: types.ModuleType, code: Callable[[], Code]) -> Loaded:
    """The functions of an emitted module, which are in memory once: its derivatives are of many functions."""
    found = vars(module).get(LOADED)
    if not isinstance(found, Loaded):
        found = vars(module)[LOADED] = _loaded(module, code())
    return found


def _loaded(module: types.ModuleType, code: Code) -> Loaded:
    """The functions of an emitted module: those that were compiled before, or compiled now."""
    path = _path(module)
    proof = _proof(code)
    data = cache.unsealed(cache.read_own(path), KIND, *proof)
    if data is not None:
        try:
            return Loaded(code, data, vars(module))
        except RuntimeError as e:  # a library that it calls is another one here
            LOGGER.debug("%s is not used: %s", path, e)
    from s2sad.backends.native.machine import object_code

    data = object_code(code.text)
    try:
        with suppress(FileExistsError):
            os.mkdir(path.parent, mode=0o700)
        cache.write_whole(path, cache.sealed(data, KIND, *proof))
    except OSError as e:
        LOGGER.debug("%s is compiled in each process: %s", module.__name__, e)
    return Loaded(code, data, vars(module))


def _path(module: types.ModuleType) -> Path:
    """The file beside a module: one for each machine that shares the folder."""
    file = Path(str(module.__file__))
    return file.parent / FOLDER / f"{file.stem}.{_digest(host.name())[:12]}.o"


def _proof(code: Code) -> tuple[bytes, ...]:
    parts = (code.text, *code.outside, "", *code.functions, host.name())
    return tuple(p.encode() for p in parts)


@lru_cache(maxsize=4)
def _digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()
