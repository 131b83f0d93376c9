"""Emitted modules as native code: every function of a module is compiled by numba, in nopython mode, cached on disk.

The text of a native program speaks of numbers, arrays and tuples of them only: containers of other classes are taken
apart before the call, and put together again behind it. `Structure` says how.
"""

from __future__ import annotations

import linecache
import re
import types
import warnings
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from s2sad.errors import ArgumentError
from s2sad.ir.objects import make_object, object_items
from s2sad.ir.types import ContainerType, StaticType, Type

STATIC = "static"
"""A leaf that is known at compile time: it is not passed."""

Structure = Any
"""A leaf is None; a container `[name of its class, keys, structures of its items]`: plain data, for the cache."""


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
    if not isinstance(t, ContainerType):
        return None
    return [t.cls.__qualname__, list(t.keys), [structure(i) for i in t.items]]


def classes_in(t: Type) -> dict[str, type]:
    """The classes of the containers in a type, by their names."""
    if not isinstance(t, ContainerType):
        return {}
    found = {t.cls.__qualname__: t.cls}
    for item in t.items:
        found |= classes_in(item)
    return found


def leaves(s: Structure, value: Any) -> list[Any]:
    """The leaves of a value."""
    if s is None or s == STATIC:
        return [value] if s is None else []
    _, keys, items = s
    if isinstance(value, (tuple, list)):
        found = list(value)
    elif isinstance(value, dict):
        found = [value[k] for k in keys]
    else:
        attributes = object_items(value)
        assert attributes is not None
        found = list(attributes.values())
    return [leaf for i, x in zip(items, found, strict=True) for leaf in leaves(i, x)]


def rebuilt(s: Structure, rest: Any, classes: Mapping[str, type]) -> Any:
    """A value of this structure from an iterator over its leaves."""
    if s is None or s == STATIC:
        return next(rest)
    name, keys, items = s
    values = [rebuilt(i, rest, classes) for i in items]
    cls = classes.get(name, {"tuple": tuple, "list": list, "dict": dict}.get(name))
    assert cls is not None, name
    if cls in (tuple, list):
        return cls(values)
    if cls is dict:
        return dict(zip(keys, values, strict=True))
    if issubclass(cls, tuple):
        return cls(*values)
    return make_object(cls, **dict(zip(map(str, keys), values, strict=True)))


def is_flat(s: Structure) -> bool:
    """Whether a value of this structure is a leaf, or a tuple of leaves."""
    return s is None or (s[0] == "tuple" and s != STATIC and all(i is None for i in s[2]))


def compiled(module: types.ModuleType, entry: str) -> Callable[..., Any]:
    """The entry of a module, and all that it calls, as native code; the compilation itself waits for the first call."""
    import numba

    for name, f in list(vars(module).items()):
        if isinstance(f, types.FunctionType) and f.__module__ == module.__name__:
            setattr(module, name, numba.njit(cache=True)(f))
    return getattr(module, entry)  # type: ignore[no-any-return]


def boundary(
    native: Callable[..., Any], given: Sequence[Structure], result: Structure, classes: Mapping[str, type]
) -> Callable[..., Any]:
    """The native function for arguments as the user gives them."""
    if all(s is None for s in given) and is_flat(result):
        return native
    counted = list(given)

    def call(*args: Any) -> Any:
        flat = [leaf for s, a in zip(counted, args, strict=False) for leaf in leaves(s, a)]
        flat += args[len(counted) :]
        found = native(*flat)
        if is_flat(result):
            return found
        return rebuilt(result, iter(found if isinstance(found, tuple) else (found,)), classes)

    return call


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
