"""Emitted modules as native code: every function of a module is compiled by numba, in nopython mode, cached on disk.

The text of a native program speaks of numbers, arrays and tuples of them only: containers of other classes are taken
apart before the call, and put together again behind it. `Structure` says how.
"""

from __future__ import annotations

import functools
import linecache
import re
import types
import warnings
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import Any, cast

import numpy as np

from s2sad.errors import ArgumentError
from s2sad.ir.objects import make_object
from s2sad.ir.types import ArrayType, ContainerType, StaticType, Type

STATIC = "static"
"""A leaf that is known at compile time: it is not passed."""

Structure = Any
"""A leaf is None, or the dtype that a number of it must have; a container `[name of its class, keys, structures of its
items]`: plain data, for the cache."""

BOXED = tuple(map(np.dtype, ("bool", "int64", "float64", "complex128")))
"""The dtypes of Python's own numbers: what native code gives for a number of any dtype."""


def is_there() -> bool:
    """Whether numba is installed."""
    try:
        import numba  # noqa: F401
    except ImportError:
        return False
    return True


def check() -> None:
    """Raises ArgumentError where numba is not installed."""
    if not is_there():
        raise ArgumentError("backend 'numba' needs numba: pip install s2sad[numba]")


def structure(t: Type) -> Structure:
    """The structure of the values of a type."""
    if isinstance(t, StaticType):
        return STATIC
    if isinstance(t, ArrayType) and t.is_scalar and t.dtype is not None and t.dtype not in BOXED:
        return t.dtype.name
    if not isinstance(t, ContainerType):
        return None
    return [class_name(t.cls), list(t.keys), [structure(i) for i in t.items]]


def class_name(cls: type) -> str:
    """The name of a class in a structure: `dict`, `module:Class`."""
    return cls.__name__ if cls in (tuple, list, dict) else f"{cls.__module__}:{cls.__qualname__}"


def classes_in(t: Type) -> dict[str, type]:
    """The classes of the containers in a type, by their names in structures."""
    if not isinstance(t, ContainerType):
        return {}
    found = {class_name(t.cls): t.cls}
    for item in t.items:
        found |= classes_in(item)
    return found


def is_importable(cls: type) -> bool:
    """Whether another process finds a class by its name."""
    return cls.__module__ != "__main__" and "<locals>" not in cls.__qualname__


def classes_named(s: Structure, module: types.ModuleType) -> dict[str, type]:
    """The classes of a structure: imported, or those that a module was given as its own."""
    if not isinstance(s, list):
        return {}
    found: dict[str, type] = {}
    where, _, path = s[0].partition(":")
    if path:
        cls: Any = vars(module).get(path.rpartition(".")[2])
        if cls is None:
            cls = functools.reduce(getattr, path.split("."), cast(Any, import_module(where)))
        found[s[0]] = cls
    for item in s[2]:
        found |= classes_named(item, module)
    return found


def taken(s: Structure, text: str, names: dict[str, Any]) -> list[str]:
    """The leaves of the value that a text stands for, as texts; `names` gets what these speak of."""
    if not isinstance(s, list):
        return [] if s == STATIC else [text]
    kind, keys, items = s
    if kind == "dict":
        parts = [f"{text}[{named(as_key(k), names)}]" for k in keys]
    else:
        parts = [f"{text}.{k}" if isinstance(k, str) else f"{text}[{k}]" for k in keys]
    return [leaf for i, part in zip(items, parts, strict=True) for leaf in taken(i, part, names)]


def rebuilt(s: Structure, rest: Iterator[str], names: dict[str, Any], classes: Mapping[str, type]) -> str:
    """The text of a value of this structure from the texts of its leaves."""
    if not isinstance(s, list):
        leaf = next(rest)
        return leaf if s is None or s == STATIC else f"{named(np.dtype(s).type, names)}({leaf})"
    kind, keys, items = s
    parts = [rebuilt(i, rest, names, classes) for i in items]
    listed = "".join(f"{p}, " for p in parts)
    if kind in ("tuple", "list"):
        return f"({listed})" if kind == "tuple" else f"[{listed}]"
    if kind == "dict":
        return f"{{{', '.join(f'{named(as_key(k), names)}: {p}' for k, p in zip(keys, parts, strict=True))}}}"
    cls = named(classes[kind], names)
    if issubclass(classes[kind], tuple):
        return f"{cls}({listed})"
    attributes = "".join(f", {k}={p}" for k, p in zip(keys, parts, strict=True))
    return f"{named(make_object, names)}({cls}{attributes})"


def as_key(key: Any) -> Any:
    """The key of a dict, whose tuples are lists in the cache."""
    return tuple(map(as_key, key)) if isinstance(key, list) else key


def named(value: Any, names: dict[str, Any]) -> str:
    """A name for a value."""
    name = f"v{len(names)}"
    names[name] = value
    return name


def leaf_count(s: Structure) -> int:
    """How many leaves native code gives for a value of this structure."""
    return sum(map(leaf_count, s[2])) if isinstance(s, list) else 1


def is_flat(s: Structure) -> bool:
    """Whether native code gives a value of this structure as it is: a leaf, or a tuple of leaves."""
    return s is None or (isinstance(s, list) and s[0] == "tuple" and all(i is None for i in s[2]))


def compiled(module: types.ModuleType) -> None:
    """Make native code of all functions of a module; the compilation itself waits for their first calls."""
    import numba

    for name, f in list(vars(module).items()):
        if isinstance(f, types.FunctionType) and f.__module__ == module.__name__:
            setattr(module, name, numba.njit(cache=True)(f))


def interpreted(module: types.ModuleType, name: str) -> Callable[..., Any]:
    """A function of a native module as Python runs it, and all that it calls."""
    own = types.ModuleType(module.__name__)
    vars(own).update((k, v) for k, v in vars(module).items() if not hasattr(v, "py_func"))
    exec(compile(Path(module.__file__ or "").read_text(encoding="utf-8"), str(module.__file__), "exec"), vars(own))
    return getattr(own, name)  # type: ignore[no-any-return]


@dataclass(frozen=True)
class Boundary:
    """How a user's arguments become leaves, and leaves the user's result.

    `given` are the structures of the arguments after the first `passed`; with `residuals`, their structure, the result
    is a pair of the user's and these.
    """

    given: Sequence[Structure]
    result: Structure
    classes: Mapping[str, type]
    passed: int = 0
    residuals: Structure = None

    def around(self, native: Callable[..., Any]) -> Callable[..., Any]:
        """A function of leaves as one of the arguments that the user gives."""
        if (
            not any(isinstance(s, list) or s == STATIC for s in self.given)
            and is_flat(self.result)
            and is_flat(self.residuals)
        ):
            return native
        names: dict[str, Any] = {"native": native}
        arguments = [f"a{k}" for k in range(self.passed + len(self.given))]
        pairs = zip(self.given, arguments[self.passed :], strict=True)
        leaves = [*arguments[: self.passed], *(leaf for s, a in pairs for leaf in taken(s, a, names))]
        whole = self.whole(self.result, "found", names)
        if self.residuals is not None:
            whole = f"{self.whole(self.result, 'found[0]', names)}, {self.whole(self.residuals, 'found[1]', names)}"
        names["whole"] = eval(f"lambda found: ({whole})", names)
        return eval(f"lambda {', '.join(arguments)}: whole(native({', '.join(leaves)}))", names)  # type: ignore[no-any-return]

    def whole(self, s: Structure, found: str, names: dict[str, Any]) -> str:
        """The text of a value from that of its leaves."""
        if is_flat(s):
            return found
        count = leaf_count(s)
        return rebuilt(s, iter([found] if count == 1 else [f"{found}[{k}]" for k in range(count)]), names, self.classes)


def entries(
    module: types.ModuleType,
    given: Sequence[Type],
    adapted: Callable[[Callable[..., Any]], Callable[..., Any]],
    plain: Callable[[], Callable[..., Any]],
    name: str,
) -> tuple[Callable[..., Any], Callable[..., Any] | None]:
    """The entry of a module as native code, and the second sweep where it is a pair.

    `given` are the types of the arguments that are passed; `adapted` makes of a function of these one of all arguments,
    `plain` is what runs where numba cannot compile the entry.
    """
    meta = module.__s2sad_meta__
    compiled(module)
    classes = classes_named(meta["result"], module)
    classes |= {n: c for t in given for n, c in classes_in(t).items()}
    taken = [*map(structure, given), *meta["outside"]]
    first = Boundary(taken, meta["result"], classes, residuals=meta["kept"])
    entry, lines = getattr(module, meta["entry"]), meta.get("lines", {})

    def around(function: Callable[..., Any]) -> Callable[..., Any]:
        return adapted(first.around(function))

    if not meta["reverse"]:
        return with_fallback(entry, around, plain, name, lines), None
    taken, made = meta["sweep"]
    classes |= classes_named(made, module)
    second = Boundary(taken, made, classes, int(meta["residuals"]))

    def by_python(function: str, boundary: Callable[..., Any]) -> Callable[[], Callable[..., Any]]:
        return lambda: boundary(interpreted(module, function))

    call = with_fallback(entry, around, by_python(meta["entry"], around), name, lines)
    sweep = meta["reverse"]
    own = with_fallback(getattr(module, sweep), second.around, by_python(sweep, second.around), sweep, lines)
    return call, own


class CannotCompile(Exception):
    """What numba says of a function that it cannot compile."""


def with_fallback(
    dispatcher: Any,
    around: Callable[[Callable[..., Any]], Callable[..., Any]],
    plain: Callable[[], Callable[..., Any]],
    name: str,
    lines: Mapping[str, Sequence[Sequence[int]]],
) -> Callable[..., Any]:
    """The native function, compiled at its first call; where that fails, NumPy's, after one warning that says why.

    `around` puts the boundary around a function of leaves.
    """
    import numba

    def compiling(*leaves: Any) -> Any:
        try:
            with warnings.catch_warnings():
                # of layouts that the emitted text cannot know
                warnings.simplefilter("ignore", numba.core.errors.NumbaPerformanceWarning)
                dispatcher.compile(tuple(map(numba.typeof, leaves)))
        except Exception as e:  # numba's own errors, and whatever else it stumbles over
            raise CannotCompile(reason(e, lines)) from e
        return dispatcher(*leaves)

    state = [around(compiling)]

    def call(*args: Any) -> Any:
        return state[0](*args)

    def first(*args: Any) -> Any:
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
