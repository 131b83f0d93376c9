"""Emitted modules compiled by numba: every function of a module, in nopython mode, cached on disk."""

from __future__ import annotations

import linecache
import re
import types
import warnings
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from s2sad import cache
from s2sad.backends.boundary import HANDLE, Boundary, boxed_structure, classes_in, classes_named, is_importable
from s2sad.backends.runner import Call, Interface, Runner
from s2sad.errors import ArgumentError
from s2sad.ir.backend import Backend
from s2sad.ir.types import Type

if TYPE_CHECKING:
    from s2sad.emit.spelling import Spelling


def is_there() -> bool:
    """Whether numba is installed."""
    try:
        import numba  # noqa: F401
    except ImportError:
        return False
    return True


def compiled(module: types.ModuleType) -> None:
    """Make native code of all functions of a module; the compilation itself waits for their first calls."""
    import numba

    from s2sad.backends.numba.native_cache import keep_on_disk

    for name, f in list(vars(module).items()):
        if isinstance(f, types.FunctionType) and f.__module__ == module.__name__:
            # Divisions by zero are NumPy's; those of Python's numbers, which raise, are written as calls.
            dispatcher = numba.njit(f, error_model="numpy")
            keep_on_disk(dispatcher, module)
            setattr(module, name, dispatcher)


def interpreted(module: types.ModuleType, name: str) -> Callable[..., object]:
    """A function of a native module as Python runs it, and all that it calls."""
    own = types.ModuleType(module.__name__)
    vars(own).update((k, v) for k, v in vars(module).items() if not hasattr(v, "py_func"))
    exec(compile(cache.text_of(module), str(module.__file__), "exec"), vars(own))
    return getattr(own, name)  # type: ignore[no-any-return]


class CannotCompile(Exception):
    """What numba says of a function that it cannot compile."""


def with_fallback(
    dispatcher: Any,
    around: Callable[[Call], Call],
    plain: Callable[[], Call],
    name: str,
    lines: Mapping[str, Sequence[Sequence[int]]],
) -> Call:
    """The native function, compiled at its first call; where that fails, NumPy's, after one warning that says why.

    `around` puts the boundary around a function of leaves.
    """
    import numba

    def compiling(*leaves: object) -> object:
        try:
            with warnings.catch_warnings():
                # of layouts that the emitted text cannot know
                warnings.simplefilter("ignore", numba.core.errors.NumbaPerformanceWarning)
                dispatcher.compile(tuple(map(numba.typeof, leaves)))
        except Exception as e:  # numba's own errors, and whatever else it stumbles over
            raise CannotCompile(reason(e, lines)) from e
        return dispatcher(*leaves)

    # a cell, as `call` is what everybody holds: what it leads to is settled by the first call
    state = [around(compiling)]

    def call(*args: object) -> object:
        return state[0](*args)

    def first(*args: object) -> object:
        try:
            result = around(compiling)(*args)
        except CannotCompile as e:
            warnings.warn(f"numba cannot compile {name}, NumPy is used: {e}", stacklevel=5)
            state[0] = plain()
            return state[0](*args)
        state[0] = around(dispatcher)
        return result

    state[0] = first
    return call


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


class Stores:
    """A function that stores values in objects of Python's: numba has copies of some of these, and none of others."""

    def compile(self, types: object) -> None:
        raise TypeError("it stores values outside the function")

    def __call__(self, *leaves: object) -> object:
        raise AssertionError("it is never compiled")


class NumbaRunner(Runner):
    """numba: it compiles what loops over numbers, arrays and tuples, at the first call."""

    def spelling(self) -> Spelling:
        from s2sad.backends.numba.spelling import NumbaSpelling

        return NumbaSpelling()

    def check(self) -> None:
        if not is_there():
            raise ArgumentError("backend 'numba' needs numba: pip install s2sad[numba]")

    def classes(self, interface: Interface) -> dict[str, object]:
        classes = classes_in(interface.result).values()
        return {c.__name__: c for c in classes if not is_importable(c)}

    def facts(self, interface: Interface) -> dict[str, object]:
        residuals, adjoints, cotangents = interface.residuals, interface.adjoints, interface.cotangents
        return {
            "result": boxed_structure(interface.result),
            "outside": list(map(boxed_structure, interface.outside)),
            "kept": None if residuals is None else boxed_structure(residuals),
            "sweep": None if adjoints is None else (list(map(boxed_structure, cotangents)), boxed_structure(adjoints)),
        }

    def entries(
        self,
        module: types.ModuleType,
        given: Sequence[Type],
        adapted: Callable[[Call], Call],
        plain: Callable[[], Call],
        name: str,
    ) -> tuple[Call, Call | None]:
        meta = module.__s2sad_meta__
        # functions of a module find one another by its globals: all become native code before one is called
        compiled(module)
        classes = classes_named(meta["result"], module)
        classes |= {n: c for t in given for n, c in classes_in(t).items()}
        arguments = [*map(boxed_structure, given), *meta["outside"]]
        first = Boundary(arguments, meta["result"], classes, residuals=meta["kept"])
        entry, lines = getattr(module, meta["entry"]), meta.get("lines", {})
        if HANDLE in meta["outside"]:
            entry = Stores()

        def around(function: Call) -> Call:
            return adapted(first.around(function))

        if not meta["reverse"]:
            return with_fallback(entry, around, plain, name, lines), None
        cotangents, adjoints = meta["sweep"]
        classes |= classes_named(adjoints, module)
        second = Boundary(cotangents, adjoints, classes, int(meta["residuals"]))

        def by_python(function: str, boundary: Callable[[Call], Call]) -> Callable[[], Call]:
            return lambda: boundary(interpreted(module, function))

        call = with_fallback(entry, around, by_python(meta["entry"], around), name, lines)
        sweep = meta["reverse"]
        reverse = getattr(module, sweep)
        return call, with_fallback(reverse, second.around, by_python(sweep, second.around), sweep, lines)


RUNNER = NumbaRunner(
    Backend(
        "numba",
        containers=False,
        signature=False,
        lists=False,
        batches=False,
        recursion=False,
        snapshots=False,
        iterates=False,
        overlaps=False,
        mark="__",  # where numba has several versions of x, it calls one of them x_2
    )
)
