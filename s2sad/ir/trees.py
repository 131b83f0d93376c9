"""Containers as trees: the numbers, arrays and other things in tuples, lists, dicts, NamedTuples and objects.

    leaves, structure = flatten({"w": w, "b": 0.0})
    structure.tree(leaves)

What is a container, and what its items are, `parts` says: for arguments and results as for all that is done with trees
at run time. Nothing is registered: the types of a program are those of its arguments.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any, TypeAlias

import numpy as np

from s2sad.errors import NESTED, ArgumentError
from s2sad.ir.objects import make_object, object_items
from s2sad.ir.types import is_namedtuple

Tree: TypeAlias = Any
"""A number, an array, a container of these; what is asked of it, NumPy and `parts` know."""


def parts(value: Tree) -> tuple[type, tuple[Any, ...], tuple[Any, ...]] | None:
    """The class, keys and items of a container; None for a leaf.

    >>> parts({"b": 1.0, "a": 2.0})
    (<class 'dict'>, ('b', 'a'), (1.0, 2.0))
    """
    cls = type(value)
    if cls in (tuple, list) or is_namedtuple(cls):
        return cls, tuple(range(len(value))), tuple(value)
    if isinstance(value, dict):
        return dict, tuple(value), tuple(value.values())
    attributes = object_items(value)
    return None if attributes is None else (cls, tuple(attributes), tuple(attributes.values()))


def together(cls: type, keys: Sequence[Any], items: Sequence[Tree]) -> Tree:
    """A container of a class with these items."""
    if cls in (tuple, list):
        return cls(items)
    if cls is dict:
        return dict(zip(keys, items, strict=True))
    if issubclass(cls, tuple):
        return cls(*items)
    return make_object(cls, **dict(zip(map(str, keys), items, strict=True)))


@dataclass(frozen=True)
class Structure:
    """A tree without its leaves: `cls` is None for a leaf."""

    cls: type | None = None
    keys: tuple[Any, ...] = ()
    items: tuple[Structure, ...] = ()

    def tree(self, leaves: Iterable[Tree]) -> Tree:
        """The tree with these leaves."""
        return self._tree(iter(leaves))

    def _tree(self, leaves: Iterator[Tree]) -> Tree:
        if self.cls is None:
            return next(leaves)
        made = {k: self.items[k]._tree(leaves) for k in in_order(self.cls, self.keys)}
        return together(self.cls, self.keys, [made[k] for k in range(len(self.items))])


LEAF = Structure()


def in_order(cls: type, keys: Sequence[Any]) -> list[int]:
    """In which order the items of a container are looked at: those of a dict by their keys, where these have one."""
    places = list(range(len(keys)))
    if cls is not dict:
        return places
    try:
        return sorted(places, key=lambda k: keys[k])
    except TypeError:
        return places


def flatten(tree: Tree) -> tuple[list[Tree], Structure]:
    """The leaves of a tree, those of dicts in the order of their keys, and what is left of it without them.

    Raises:
        ArgumentError: it holds itself.

    >>> flatten({"b": 1.0, "a": (2.0, None)})[0]
    [2.0, None, 1.0]
    """
    leaves: list[Tree] = []
    try:
        return leaves, _structure(tree, leaves)
    except RecursionError:
        raise ArgumentError(NESTED) from None


def _structure(tree: Tree, leaves: list[Tree]) -> Structure:
    found = parts(tree)
    if found is None:
        leaves.append(tree)
        return LEAF
    cls, keys, items = found
    inner = {k: _structure(items[k], leaves) for k in in_order(cls, keys)}
    return Structure(cls, keys, tuple(inner[k] for k in range(len(items))))


def mapped(function: Callable[..., Tree], tree: Tree, *rest: Tree) -> Tree:
    """The tree with a function of each leaf, and of those in its place in other trees, in the place of the leaf.

    Raises:
        ArgumentError: another tree has another structure.
    """
    leaves, structure = flatten(tree)
    rows = [leaves]
    for other in rest:
        further, own = flatten(other)
        if own != structure:
            raise ArgumentError(f"trees of one structure are needed: {structure} and {own}")
        rows.append(further)
    return structure.tree(function(*row) for row in zip(*rows, strict=True))


def is_inexact(leaf: Tree) -> bool:
    """Whether a leaf is a float or complex number, or an array of them."""
    return isinstance(leaf, (float, complex)) or (
        isinstance(leaf, (np.ndarray, np.generic)) and leaf.dtype.kind in "fc"
    )


def in_place_of(leaf: Tree, number: Callable[[], Tree]) -> Tree:
    """What stands for a leaf among tangents: for floats what `number` gives, for other numbers 0, else the leaf."""
    if is_inexact(leaf):
        return number()
    counted = isinstance(leaf, (int, np.generic)) or isinstance(leaf, np.ndarray) and leaf.dtype.kind in "biu"
    return type(leaf)(0) if isinstance(leaf, int) else np.zeros_like(leaf)[()] if counted else leaf


def ravel_pytree(tree: Tree) -> tuple[Any, Callable[[Any], Tree]]:
    """All numbers of a container as one vector, and the function that makes such a container of a vector.

    Containers are tuples, lists, dicts, NamedTuples, dataclasses and objects of one's own classes; the numbers of a
    dict stand in the order of its keys. The vector has the dtype that holds all of them. What is no number or array, a
    name or None, is no part of the vector, and is in what `unravel` makes. JAX's function of that name. Both may be
    called in functions that are differentiated.

    Returns:
        `(flat, unravel)`; `unravel(flat)` gives each array its shape and dtype again, a Python number as one.

    >>> import numpy as np
    >>> flat, unravel = ravel_pytree({"w": np.ones((2, 2)), "b": 0.5})
    >>> flat
    array([0.5, 1. , 1. , 1. , 1. ])
    >>> unravel(2.0 * flat)["b"]
    1.0
    """
    leaves, structure = flatten(tree)
    rows = [np.ravel(leaf) for leaf in leaves if is_number(leaf)]
    flat = np.concatenate(rows) if rows else np.zeros(0)
    return flat, partial(unraveled, flat.dtype, structure.tree(map(_like, leaves)))


def unraveled(dtype: np.dtype[Any] | None, like: Tree, flat: Any) -> Tree:
    """A vector as a container of the structure, shapes and dtypes of another one.

    Raises:
        ArgumentError: the vector has another length or, where one is given, another dtype.
    """
    leaves, structure = flatten(like)
    count = sum(np.size(leaf) for leaf in leaves if is_number(leaf))
    given = np.asarray(flat)
    if given.shape != (count,):
        raise ArgumentError(f"unravel: a vector of {count} numbers is needed, not an array of shape {given.shape}")
    if dtype is not None and given.dtype != dtype:
        raise ArgumentError(f"unravel: a vector of dtype {dtype} is needed, not {given.dtype}")
    made, at = [], 0
    for leaf in leaves:
        size = np.size(leaf) if is_number(leaf) else 0
        made.append(_in_kind_of(leaf, given[at : at + size]) if is_number(leaf) else leaf)
        at += size
    return structure.tree(made)


def is_number(leaf: Tree) -> bool:
    """Whether a leaf is a number, or an array of numbers."""
    if isinstance(leaf, (np.ndarray, np.generic)):
        return leaf.dtype.kind in "biufc"
    return type(leaf) in (bool, int, float, complex)


def _like(leaf: Tree) -> Tree:
    """What has the shape and dtype of a leaf, and not its memory."""
    return np.broadcast_to(np.zeros((), leaf.dtype), leaf.shape) if isinstance(leaf, np.ndarray) else leaf


def _in_kind_of(leaf: Tree, part: Any) -> Tree:
    """Numbers in the shape and of the dtype of a leaf."""
    part = part if np.iscomplexobj(leaf) else part.real
    if isinstance(leaf, np.ndarray):
        return part.reshape(leaf.shape).astype(leaf.dtype)
    return type(leaf)(part[0])
