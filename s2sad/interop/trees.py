"""Trees of arguments and results with a `Slot` in the place of each array."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from s2sad.ir.trees import flatten, is_number, mapped


class Slot:
    """Where an array stands in a tree, by its number."""

    __slots__ = ("inexact", "number", "weak")

    def __init__(self, number: int, inexact: bool, weak: bool = False) -> None:
        self.number = number
        self.inexact = inexact
        """Whether it has derivatives: it holds floats, or complex numbers."""
        self.weak = weak
        """Whether it stands for a number of Python, which takes the precision of what it is multiplied by."""


def taken_apart(tree: Any, is_array: Callable[[Any], bool], is_inexact: Callable[[Any], bool]) -> tuple[Any, list[Any]]:
    """The tree with a slot for each array, and the arrays."""
    arrays: list[Any] = []

    def slot(leaf: Any) -> Any:
        if not is_array(leaf):
            return leaf
        arrays.append(leaf)
        weak = isinstance(leaf, (float, complex)) and not isinstance(leaf, np.generic)
        return Slot(len(arrays) - 1, is_inexact(leaf), weak)

    return mapped(slot, tree), arrays


def put_in(tree: Any, arrays: Sequence[object]) -> Any:
    """The tree with arrays in the places of its slots."""
    return mapped(lambda leaf: arrays[leaf.number] if isinstance(leaf, Slot) else leaf, tree)


def as_given(tree: Any, arrays: Sequence[Any]) -> Any:
    """The same as a function of NumPy is given them: what has no axes is a number."""

    def given(leaf: Any) -> Any:
        if not isinstance(leaf, Slot):
            return leaf
        array = np.asarray(arrays[leaf.number])
        return array if array.ndim else array.item() if leaf.weak else array[()]

    return mapped(given, tree)


def added(trees: Sequence[Any]) -> Any:
    """The sum of trees of one structure, number by number.

    >>> added([(1.0, {"w": 2.0}), (3.0, {"w": 5.0})])
    (4.0, {'w': 7.0})
    """
    return mapped(lambda first, *rest: sum(rest, first) if is_number(first) else first, *trees)


def slots(tree: Any) -> list[Slot]:
    """The slots of a tree, in its order."""
    return [leaf for leaf in flatten(tree)[0] if isinstance(leaf, Slot)]


def counted_from(tree: Any, start: int) -> Any:
    """The tree of tangents or cotangents for one of arrays: slots by new numbers, nought for what has no derivative."""
    numbers = iter(range(start, start + len(slots(tree))))

    def changed(leaf: Any) -> Any:
        if not isinstance(leaf, Slot):
            return leaf
        return Slot(next(numbers), True, leaf.weak) if leaf.inexact else 0

    return mapped(changed, tree)
