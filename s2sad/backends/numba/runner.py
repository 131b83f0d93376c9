"""Emitted modules compiled by numba: every function of a module, in nopython mode, cached on disk.

What can be said in loops is: numba compiles the text of loops that all of native code is made of, and its asserts are
where it leaves for the program of NumPy. What cannot is compiled as the program over arrays, in a form of its own.
"""

from __future__ import annotations

import importlib.util
import linecache
import re
import types
import warnings
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from s2sad.backends.boundary import HANDLE, Structure, boxed_structure
from s2sad.backends.compiled import Around, CompiledRunner, Side, refused
from s2sad.backends.runner import Call, Unit
from s2sad.errors import ArgumentError, Unsupported
from s2sad.ir.backend import LOOPS
from s2sad.ir.types import Type
from s2sad.ir.values import Function

if TYPE_CHECKING:
    from s2sad.emit.spelling import Spelling


def is_there() -> bool:
    """Whether numba is installed."""
    return importlib.util.find_spec("numba") is not None


def compile_all(module: types.ModuleType) -> None:
    """Make native code of all functions of a module; the compilation itself waits for their first calls."""
    import numba

    from s2sad.backends.numba.helpers import ANY_ORDER
    from s2sad.backends.numba.native_cache import keep_on_disk

    for name, f in list(vars(module).items()):
        if isinstance(f, types.FunctionType) and f.__module__ == module.__name__:
            # Divisions by zero are NumPy's; those of Python's numbers, which raise, are asked for before.
            order: Any = {"reassoc"} if name in ANY_ORDER else False
            dispatcher = numba.njit(f, error_model="numpy", fastmath=order)
            keep_on_disk(dispatcher, module)
            setattr(module, name, dispatcher)


class CannotCompile(Exception):
    """What numba says of a function that it cannot compile."""


def reason(e: Exception, lines: Mapping[str, Sequence[Sequence[int]]]) -> str:
    """What numba says, the line of the emitted text that it speaks of, and the user's line that this comes from."""
    said = [line.strip() for line in re.sub(r"\x1b\[\d*m", "", str(e)).splitlines() if line.strip()]
    what = next((line for line in said if not line.startswith("Failed in")), "")
    places = re.findall(r'File "([^"]+)", line (\d+)', str(e))
    if not places:
        return what
    file, number = places[-1]
    found = [(f, line) for f, rows in lines.items() for emitted, line in rows if emitted == int(number)]
    text = linecache.getline(file, int(number)) or _line_of(str(e), number)
    user = f' (from File "{found[0][0]}", line {found[0][1]})' if found else ""
    return f"{what}: {text.strip()}{user}"


def _line_of(message: str, number: str) -> str:
    """The line of the text that numba shows."""
    after = message.rsplit(f"line {number}:", 1)[-1].splitlines()
    return next((t for t in after if t.strip() and "elided" not in t and "^" not in t), "")


class NumbaRunner(CompiledRunner):
    """numba: it compiles what loops over numbers, arrays and tuples, at the first call."""

    def spelling(self) -> Spelling:
        from s2sad.backends.numba.spelling import NumbaSpelling

        return NumbaSpelling()

    def check(self) -> None:
        if not is_there():
            raise ArgumentError("backend 'numba' needs numba: pip install s2sad[numba]")

    def structure(self, t: Type) -> Structure:
        return boxed_structure(t)

    def loops(self, unit: Unit) -> tuple[list[Function], list[Function], dict[str, object]]:
        from s2sad.backends.looped import loop_of

        entries = [(unit.entry, 0)]
        if unit.reverse is not None:
            # it takes the residuals as they are
            entries.append((unit.reverse, int(unit.interface.residuals is not None)))
        # numba takes seconds to compile: no length is a number, so that all lengths are served by one text. It computes
        # several terms of a sum at once where it knows that the index is not below 0, which in blocks it does not
        return [loop_of(unit.functions, f, "numba", lambda length: False, False, whole) for f, whole in entries], [], {}

    def why_not(self, unit: Unit, e: Unsupported) -> str | None:
        # numba has copies of some objects of Python's, and none of others
        stores = HANDLE in map(boxed_structure, unit.interface.outside)
        return "it stores values outside the function" if stores else None

    def started(
        self, module: types.ModuleType, number: int, side: Side, boundary: Around, adapted: Around, otherwise: Call
    ) -> Call:
        # functions of a module find one another by its globals: all become native code before one is called
        compile_all(module)
        dispatcher, lines = getattr(module, side.function), module.__s2sad_meta__.get("lines", {})

        def whole(function: Call) -> Call:
            return adapted(boundary(function))

        inner = compiled = whole(dispatcher)
        without: Call | None = None

        def first(*leaves: object) -> object:
            nonlocal inner
            try:
                compile_for(dispatcher, leaves)
            except Exception as e:  # numba's own errors, and whatever else it stumbles over
                raise CannotCompile(reason(e, lines)) from e
            inner = compiled
            return dispatcher(*leaves)

        inner = whole(first)

        def call(*args: object) -> object:
            nonlocal without
            if without is None:
                try:
                    return inner(*args)
                except CannotCompile as e:
                    without = refused(otherwise, side.function, str(e))
                except Exception:
                    # what it raises, NumPy's program raises at the user's line: not in the handler
                    pass
            return (without or otherwise)(*args)

        # other native code may call it, with what its text takes
        call._numba_type_ = dispatcher._numba_type_  # type: ignore[attr-defined]
        return call


def compile_for(dispatcher: Any, leaves: Sequence[object]) -> None:
    """Compile a function for arguments like these."""
    import numba

    with warnings.catch_warnings():
        # of layouts that the emitted text cannot know
        warnings.simplefilter("ignore", numba.core.errors.NumbaPerformanceWarning)
        dispatcher.compile(tuple(map(numba.typeof, leaves)))


# where numba has several versions of x, it calls one of them x_2
RUNNER = NumbaRunner(replace(LOOPS, name="numba", mark="__"))
