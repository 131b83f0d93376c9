"""What is asked of arguments: their numbers and arrays, an item of them, whether they share memory."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TypeAlias

import numpy as np

from s2sad.errors import ArgumentError
from s2sad.frontend.dependencies import Variable
from s2sad.frontend.reading.callables import UserValue
from s2sad.ir.objects import object_items

Number: TypeAlias = "np.ndarray | np.generic | float | complex"


def unshared(
    call: Callable[..., object], written: Sequence[int], captured: Sequence[Variable], names: Sequence[str]
) -> Callable[..., object]:
    """A function that writes into the arrays of some of its arguments: no other one may share memory with them."""

    def checked(*args: object) -> object:
        own = [array_leaves(a) for a in args]
        outside = [(v.shown, array_leaves(v.read())) for v in captured]
        others = [*zip(names, own, strict=False), *outside]
        for k in written:
            for j, (name, arrays) in enumerate(others):
                # By their bounds: whether two arrays surely share an element takes exponential time in the worst case.
                # It may refuse columns of one matrix, and never lets an overlap pass.
                if j != k and any(np.may_share_memory(a, b) for a in own[k] for b in arrays):
                    raise ArgumentError(
                        f"{names[k]} and {name} share memory, and the function writes into {names[k]}: pass a copy"
                    )
        return call(*args)

    return checked


def array_leaves(value: object) -> list[np.ndarray]:
    """The arrays in an argument."""
    return [a for a in number_leaves(value) if isinstance(a, np.ndarray)]


def number_leaves(value: object) -> list[Number]:
    """The arrays and numbers in an argument."""
    if isinstance(value, (np.ndarray, np.generic, float, complex)):
        return [value]
    if isinstance(value, (tuple, list)):
        return [a for item in value for a in number_leaves(item)]
    attributes = value if isinstance(value, dict) else object_items(value)
    return [] if attributes is None else [a for item in attributes.values() for a in number_leaves(item)]


def item_at(value: UserValue, path: tuple[object, ...]) -> UserValue:
    """The item of an argument at a path."""
    for key in path:
        value = getattr(value, str(key)) if object_items(value) is not None else value[key]
    return value
