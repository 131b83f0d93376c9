"""Containers as vectors, and vectors as containers, in a function that is differentiated: by the types of the items.

What `ravel_pytree` was given outside is known, and with it where each item stands; inside its lengths are asked for.
"""

from __future__ import annotations

from collections.abc import Iterator

import gast
import numpy as np

from s2sad.errors import UnsupportedType
from s2sad.frontend.lowering import Lowering
from s2sad.frontend.meanings import meaning
from s2sad.frontend.terms.terms import Partial, Term
from s2sad.ir.containers import GETITEM, SHAPE
from s2sad.ir.primitives.effects import raise_where
from s2sad.ir.trees import in_order, is_number, parts, ravel_pytree, unraveled
from s2sad.ir.types import ArrayType, ContainerType
from s2sad.ir.values import Constant, Operand, constant

Node = tuple[type, tuple[object, ...], tuple[Operand, ...]]


@meaning(ravel_pytree)
def _ravel(lowering: Lowering, args: list[Term], kw: dict[str, Term], node: gast.AST) -> Term:
    (tree,) = map(lowering.to_operand, (*args, *kw.values()))
    rows = [_row(lowering, leaf) for leaf in _numbers(lowering, tree, node)]
    given = lowering.builder.tuple(rows) if rows else constant(0)
    flat = lowering.apply(np.concatenate if rows else np.zeros, [given])
    return (lowering.adopt(flat), Partial(constant(unraveled), (constant(None), tree), {}))


def _row(lowering: Lowering, leaf: Operand) -> Operand:
    if not leaf.type.is_scalar:
        return lowering.apply(np.ravel, [leaf])
    return lowering.apply(np.array, [lowering.builder.make(list, (0,), [leaf])])


@meaning(unraveled)
def _unravel(lowering: Lowering, args: list[Term], kw: dict[str, Term], node: gast.AST) -> Term:
    dtype, like, flat = lowering.static(args[0], node), *map(lowering.to_operand, args[1:])
    if flat.type.rank != 1:
        lowering.refuse(node, f"unravel of {flat.type}", "give it a vector", UnsupportedType)
    if dtype is not None and flat.type.dtype not in (None, dtype):
        what = f"unravel: a vector of dtype {dtype} is needed, not {flat.type.dtype}"
        lowering.refuse(node, what, "convert it: unravel(flat.astype(...))", UnsupportedType)
    leaves = list(_numbers(lowering, like, node))
    ends: list[Operand] = [constant(0)]
    for leaf in leaves:
        ends.append(lowering.apply(np.add, [ends[-1], _size(lowering, leaf)]))
    wrong = lowering.apply(np.not_equal, [lowering.apply(len, [flat]), ends[-1]])
    if not (isinstance(wrong, Constant) and not wrong.value):
        raise_where(lowering.builder, wrong, TypeError, "unravel: the vector has another length than what was raveled")
    found = [_part(lowering, leaf, flat, *ends[k : k + 2]) for k, leaf in enumerate(leaves)]
    return lowering.adopt(_with(lowering, like, iter(found)))


def _items(lowering: Lowering, tree: Operand) -> Node | None:
    """The class, keys and items of a container; None for anything else."""
    t = tree.type
    if isinstance(tree, Constant):
        found = parts(tree.value)
        return found and (found[0], found[1], tuple(map(constant, found[2])))
    if not isinstance(t, ContainerType):
        return None
    return t.cls, t.keys, tuple(lowering.builder.extract(tree, key) for key in t.keys)


def _is_number(leaf: Operand) -> bool:
    return is_number(leaf.value) if isinstance(leaf, Constant) else isinstance(leaf.type, ArrayType)


def _numbers(lowering: Lowering, tree: Operand, node: gast.AST) -> Iterator[Operand]:
    """The numbers and arrays of a container, those of dicts in the order of their keys."""
    found = _items(lowering, tree)
    if found is not None:
        for k in in_order(found[0], found[1]):
            yield from _numbers(lowering, found[2][k], node)
    elif _is_number(tree):
        yield tree
    elif tree.type.is_sequence:
        lowering.refuse(node, "a list whose length is not known at compile time", "give an array", UnsupportedType)


def _size(lowering: Lowering, leaf: Operand) -> Operand:
    known = _known(leaf)
    if known is not None:
        return constant(known.size)
    return constant(1) if leaf.type.is_scalar else lowering.apply(np.size, [leaf])


def _known(leaf: Operand) -> np.ndarray | None:
    """What a leaf is that is known at compile time, as an array."""
    return np.asarray(leaf.value) if isinstance(leaf, Constant) else None


def _part(lowering: Lowering, leaf: Operand, flat: Operand, at: Operand, end: Operand) -> Operand:
    """A part of the vector in the shape and dtype of a leaf: memory of its own."""
    builder, known = lowering.builder, _known(leaf)
    dtype = leaf.type.dtype if known is None else known.dtype
    if flat.type.is_complex and dtype is not None and dtype.kind != "c":
        flat = lowering.apply(np.real, [flat])
    same = dtype is None or dtype == flat.type.dtype
    if not (isinstance(leaf.value, np.ndarray) if isinstance(leaf, Constant) else leaf.type.is_array):
        found = builder.apply(GETITEM, (flat, at))
        return found if dtype is None or same else lowering.apply(dtype.type, [found])
    found = builder.apply(GETITEM, (flat, builder.operand(slice(builder.expr(at), builder.expr(end)))))
    shape = builder.apply(SHAPE, (leaf,)) if known is None else constant(known.shape)
    if len(shape.type.keys) != 1:
        found = lowering.apply(np.reshape, [found, shape])
    return lowering.apply(np.array, [found]) if same else lowering.apply(np.astype, [found, constant(dtype)])


def _with(lowering: Lowering, tree: Operand, rest: Iterator[Operand]) -> Operand:
    """The container with other numbers, in the order in which they were found."""
    found = _items(lowering, tree)
    if found is None:
        return next(rest) if _is_number(tree) else tree
    cls, keys, items = found
    made = {k: _with(lowering, items[k], rest) for k in in_order(cls, keys)}
    return lowering.builder.make(cls, keys, [made[k] for k in range(len(items))])
