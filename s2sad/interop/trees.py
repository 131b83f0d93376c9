"""Trees of arguments and results: tuples, lists, dicts, NamedTuples, dataclasses, objects, around what is in them."""

from __future__ import annotations

import copy
import functools
import operator
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from s2sad.ir.objects import make_object, object_items
from s2sad.ir.types import is_namedtuple


@dataclass(frozen=True, slots=True)
class Slot:
    """Where an array stands in a tree, by its number."""

    number: int
    inexact: bool
    """Whether it has derivatives: it holds floats, or complex numbers."""
    weak: bool = False
    """Whether it stands for a number of Python, which takes the precision of what it is multiplied by."""


def mapped(change: Callable[[Any], object], tree: Any, is_leaf: Callable[[object], bool] = lambda _: False) -> Any:
    """The tree with each of its leaves changed: what is no container, or is a leaf by the user's word.

    >>> mapped(lambda x: -x, {"w": (1, 2), "b": [3]})
    {'w': (-1, -2), 'b': [-3]}
    """
    if isinstance(tree, Slot) or is_leaf(tree):
        return change(tree)
    if isinstance(tree, (tuple, list)):
        items = [mapped(change, item, is_leaf) for item in tree]
        return type(tree)(*items) if is_namedtuple(type(tree)) else type(tree)(items)
    if isinstance(tree, dict):
        made = copy.copy(tree)  # its class may have more than its items: a default
        made.update({k: mapped(change, v, is_leaf) for k, v in tree.items()})
        return made
    attributes = object_items(tree)
    if attributes is None:
        return change(tree)
    return make_object(type(tree), **{k: mapped(change, v, is_leaf) for k, v in attributes.items()})


def taken_apart(tree: Any, is_array: Callable[[Any], bool], is_inexact: Callable[[Any], bool]) -> tuple[Any, list[Any]]:
    """The tree with a slot for each array, and the arrays."""
    arrays: list[Any] = []

    def slot(leaf: object) -> object:
        if not is_array(leaf):
            return leaf
        arrays.append(leaf)
        weak = isinstance(leaf, (float, complex)) and not isinstance(leaf, np.generic)
        return Slot(len(arrays) - 1, is_inexact(leaf), weak)

    return mapped(slot, tree, is_array), arrays


def put_in(tree: Any, arrays: Sequence[object]) -> Any:
    """The tree with arrays in the places of its slots."""
    return mapped(lambda leaf: arrays[leaf.number] if isinstance(leaf, Slot) else leaf, tree)


def as_given(tree: Any, arrays: Sequence[Any]) -> Any:
    """The same as a function of NumPy is given them: what has no axes is a number."""

    def given(leaf: object) -> object:
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
    is_number = lambda a: isinstance(a, (np.ndarray, np.generic, float, complex))  # noqa: E731
    tree, first = taken_apart(trees[0], is_number, is_number)
    rest = [taken_apart(t, is_number, is_number)[1] for t in trees[1:]]
    return put_in(tree, [functools.reduce(operator.add, leaves) for leaves in zip(first, *rest, strict=True)])


def slots(tree: object) -> list[Slot]:
    """The slots of a tree, in its order."""
    found: list[Slot] = []

    def note(leaf: object) -> None:
        if isinstance(leaf, Slot):
            found.append(leaf)

    mapped(note, tree)
    return found


def counted_from(tree: Any, start: int) -> Any:
    """The tree of tangents or cotangents for one of arrays: slots by new numbers, nought for what has no derivative."""
    numbers = iter(range(start, start + len(slots(tree))))

    def changed(leaf: object) -> object:
        if not isinstance(leaf, Slot):
            return leaf
        return replace(leaf, number=next(numbers)) if leaf.inexact else 0

    return mapped(changed, tree)
