"""Objects of users' classes as containers: their attributes by name.

An object is a container where its class is the user's own: not of Python or of a package that is installed, but for
dataclasses; no class of exceptions, functions, modules. What refers to itself is left alone.
"""

from __future__ import annotations

import sys
from dataclasses import fields, is_dataclass
from enum import Enum
from typing import TypeVar

from s2sad.ir.installed import is_installed

T = TypeVar("T")

LIBRARIES = frozenset({"numpy", "scipy", "math", "builtins", "operator", "functools", "itertools", "s2sad"})

MAX_DEPTH = 10


def is_user_class(cls: type) -> bool:
    """Whether a class is the user's own, not one of Python or of a library."""
    root = (cls.__module__ or "").split(".")[0]
    return root not in LIBRARIES and (root == "__main__" or root not in sys.stdlib_module_names)


def object_items(value: object) -> dict[str, object] | None:
    """The attributes of an object of a user's class; None for all else.

    >>> from dataclasses import make_dataclass
    >>> object_items(make_dataclass("Point", ["x", "y"])(1.0, 2.0))
    {'x': 1.0, 'y': 2.0}
    """
    cls = type(value)
    if is_dataclass(value) and not isinstance(value, type):
        return {f.name: getattr(value, f.name) for f in fields(value) if hasattr(value, f.name)}
    if (
        not is_user_class(cls)
        or is_installed(cls.__module__)
        or issubclass(cls, (type, BaseException, Enum, tuple, list, dict, str, int, float))
    ):
        return None
    slots = [n for c in cls.__mro__ for n in _slots(c) if hasattr(value, n)]
    own = getattr(value, "__dict__", None)
    if own is None and not slots or _is_cyclic(value, ()):
        return None
    return {**{n: getattr(value, n) for n in slots}, **(own or {})}


def _slots(cls: type) -> tuple[str, ...]:
    found = vars(cls).get("__slots__", ())
    names = (found,) if isinstance(found, str) else tuple(found)
    return tuple(private_name(n, cls.__name__) for n in names if not (n.startswith("__") and n.endswith("__")))


def private_name(name: str, cls: str) -> str:
    """A name as it is meant in the text of a class: Language Reference, section 6.2.1.

    >>> private_name("__k", "_Spline"), private_name("__init__", "Spline"), private_name("_k", "Spline")
    ('_Spline__k', '__init__', '_k')
    """
    if not name.startswith("__") or name.endswith("__") or "." in name or not cls.strip("_"):
        return name
    return f"_{cls.lstrip('_')}{name}"


def _is_cyclic(value: object, around: tuple[int, ...]) -> bool:
    """Whether an object can be reached from itself, through attributes and containers."""
    if id(value) in around or len(around) > MAX_DEPTH:
        return True
    inner = (*around, id(value))
    if isinstance(value, (tuple, list)):
        return any(_is_cyclic(v, inner) for v in value)
    if isinstance(value, dict):
        return any(_is_cyclic(v, inner) for v in value.values())
    own = getattr(value, "__dict__", None)
    if own is None or isinstance(value, type) or not is_user_class(type(value)) or callable(value):
        return False
    return any(_is_cyclic(v, inner) for v in own.values())


def make_object(cls: type[T], **attributes: object) -> T:
    """An object of a class with these attributes."""
    made = cls.__new__(cls)
    for name, value in attributes.items():
        object.__setattr__(made, name, value)
    return made
