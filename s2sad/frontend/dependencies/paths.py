"""The way from an object of a library to what is read of it, as data: `table["a"].to_numpy()`.

    ("get", "a")                          an attribute
    ("item", key)                         an item
    ("do", "to_numpy", args, keywords)    what a method gives
    ("apply", "numpy:log", args, ())      what a function gives of arguments that other ways lead to

It is walked anew at each call, as the object may hold other numbers then.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, TypeAlias

import numpy as np

from s2sad.ir.fingerprint import resolved

Path: TypeAlias = tuple[Any, ...]
READ = "read"
"""What the name of a variable begins with that is read along a path."""


def is_way(name: object) -> bool:
    """Whether the name of a variable is a path."""
    return type(name) is tuple and len(name) == 2 and name[0] == READ


def read_along(holder: Any, path: Sequence[Path]) -> Any:
    """What a path leads to."""
    value = holder
    for kind, *step in path:
        if kind == "get":
            value = getattr(value, step[0])
        elif kind == "item":
            value = value[_argument(holder, step[0])]
        else:
            function: Any = getattr(value, step[0]) if kind == "do" else resolved(*step[0].split(":"))
            arguments = [_argument(holder, a) for a in step[1]]
            value = function(*arguments, **{k: _argument(holder, a) for k, a in step[2]})
    return value


def _argument(holder: object, argument: Path) -> Any:
    kind, *parts = argument
    match kind:
        case "plain":
            return parts[0]
        case "slice":
            return slice(*parts)
        case "dtype":
            return np.dtype(parts[0])
        case "name":
            return resolved(*parts[0].split(":"))
        case "way":
            return read_along(holder, parts[0])
    items = [_argument(holder, a) for a in parts]
    return items if kind == "list" else tuple(items)
