"""What stands between users and compiled functions: containers taken apart before a call, and put together behind it.

Compiled functions take and give numbers, arrays and tuples of them only; `Structure` says how containers become these.
"""

from __future__ import annotations

import functools
import types
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from importlib import import_module
from typing import Any, cast

import numpy as np

from s2sad.ir.objects import make_object
from s2sad.ir.types import ArrayType, ContainerType, HandleType, StaticType, Type

STATIC = "static"
"""A leaf that is known at compile time: it is not passed."""

HANDLE = "handle"
"""An object of Python's that takes values: it is passed as it is, to Python's own run of the function."""

Structure = Any
"""A leaf is None, or the dtype that a number of it must have; a container `[name of its class, keys, structures of its
items]`: plain data, for the cache."""

BOXED = tuple(map(np.dtype, ("bool", "int64", "float64", "complex128")))
"""The dtypes of Python's own numbers: what some code gives for a number of any dtype."""


def structure(t: Type, is_whole: Callable[[Type], bool] = lambda t: False) -> Structure:
    """The structure of the values of a type; what `is_whole` is passed as it is."""
    if isinstance(t, HandleType):
        return HANDLE
    if isinstance(t, StaticType):
        return STATIC
    if not isinstance(t, ContainerType) or is_whole(t):
        return None
    return [class_name(t.cls), list(t.keys), [structure(i, is_whole) for i in t.items]]


def boxed_structure(t: Type) -> Structure:
    """The structure where a number comes back as one of Python's, whatever it was."""
    if isinstance(t, ArrayType) and t.is_scalar and t.dtype is not None and t.dtype not in BOXED:
        return t.dtype.name
    if not isinstance(t, ContainerType):
        return structure(t)
    return [class_name(t.cls), list(t.keys), [boxed_structure(i) for i in t.items]]


def pieces(t: Type, is_whole: Callable[[Type], bool] = lambda t: False) -> list[Type]:
    """The types of the leaves of a structure, in order."""
    if not isinstance(t, ContainerType) or is_whole(t):
        return [t]
    return [piece for i in t.items for piece in pieces(i, is_whole)]


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
        # a class of `__main__` or of a function cannot be imported: the module was given it under its last name
        cls: Any = vars(module).get(path.rpartition(".")[2])
        if cls is None:
            cls = functools.reduce(getattr, path.split("."), cast(Any, import_module(where)))
        found[s[0]] = cls
    for item in s[2]:
        found |= classes_named(item, module)
    return found


def taken(s: Structure, text: str, names: dict[str, object]) -> list[str]:
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
        # native code boxes a number as one of Python's: the user's float32 is made of it again
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


def as_key(key: object) -> object:
    """The key of a dict, whose tuples are lists in the cache."""
    return tuple(map(as_key, key)) if isinstance(key, list) else key


def named(value: object, names: dict[str, object]) -> str:
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

    def around(self, native: Callable[..., object]) -> Callable[..., object]:
        """A function of leaves as one of the arguments that the user gives."""
        if (
            not any(isinstance(s, list) or s == STATIC for s in self.given)
            and is_flat(self.result)
            and is_flat(self.residuals)
        ):
            return native
        names: dict[str, object] = {"native": native}
        arguments = [f"a{k}" for k in range(self.passed + len(self.given))]
        pairs = zip(self.given, arguments[self.passed :], strict=True)
        leaves = [*arguments[: self.passed], *(leaf for s, a in pairs for leaf in taken(s, a, names))]
        whole = self.whole(self.result, "found", names)
        if self.residuals is not None:
            whole = f"{self.whole(self.result, 'found[0]', names)}, {self.whole(self.residuals, 'found[1]', names)}"
        # as text: it runs at each call, and the structures are known beforehand
        names["whole"] = eval(f"lambda found: ({whole})", names)
        return eval(f"lambda {', '.join(arguments)}: whole(native({', '.join(leaves)}))", names)  # type: ignore[no-any-return]

    def whole(self, s: Structure, found: str, names: dict[str, object]) -> str:
        """The text of a value from that of its leaves."""
        if is_flat(s):
            return found
        count = leaf_count(s)
        return rebuilt(s, iter([found] if count == 1 else [f"{found}[{k}]" for k in range(count)]), names, self.classes)
