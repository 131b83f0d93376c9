"""Lists as arguments of functions of NumPy; joins of the rows of an array, or of a list of run-time length."""

from __future__ import annotations

import gast
import numpy as np

from s2sad.errors import UnsupportedType
from s2sad.frontend.lowering import Lowering
from s2sad.frontend.terms.terms import Term, is_array
from s2sad.ir.primitive import Primitive
from s2sad.ir.primitives.lists import JOIN_ITEMS
from s2sad.ir.types import SequenceType, Type, leaves, symbols
from s2sad.ir.values import Operand, Value, constant

JOINS = frozenset({np.concatenate, np.stack, np.vstack, np.hstack})
"""The functions that join arrays, given as a list, as the rows of one, or as a list of run-time length."""


def is_many(term: Term) -> bool:
    """Whether a term is an array of run time, or may be one."""
    return is_array(term) or (isinstance(term, Value) and term.type.is_numeric and term.type.rank != 0)


def is_numbers(t: Type) -> bool:
    """Whether a type is that of a list of numbers, or of lists of them."""
    if t.cls in (list, tuple):
        return bool(t.items) and all(map(is_numbers, t.items))
    return t.is_scalar


def is_list_of_floats(t: Type) -> bool:
    """Whether a type is that of a list of numbers, not all of them integers, as a shape or an index is."""
    inexact = any(leaf.is_inexact for leaf in leaves(t))
    return t.is_container and is_numbers(t) and inexact


def may_differ(t: Type) -> bool:
    """Whether a type is that of a list of run-time length whose items are arrays of lengths of their own."""
    return isinstance(t, SequenceType) and t.item.rank is not None and any(s.varies for s in symbols(t.item))


def join_items(
    lowering: Lowering, primitive: Primitive, items: Operand, rank: int, given: Term, node: gast.AST
) -> Operand | None:
    """The items of a list one behind the other; None for what has them side by side, which are of one length."""
    if primitive.function is np.stack or (primitive.function is np.vstack and rank < 2):
        return None
    along = {np.concatenate: lowering.static(given, node), np.hstack: int(rank > 1), np.vstack: 0}
    axis = along[primitive.function]
    if axis is None and rank == 1:
        axis = 0
    if axis is None or not -rank <= axis < rank:
        what = f"{primitive.name} along axis {axis} of a list of arrays of rank {rank}, of different lengths"
        lowering.refuse(node, what, "make vectors of them first: np.ravel", UnsupportedType)
    return lowering.builder.apply(JOIN_ITEMS, [items], {"axis": axis % rank})


def join_rows(
    lowering: Lowering, primitive: Primitive, arguments: list[Term], keywords: dict[str, Term], node: gast.AST
) -> Term:
    """The rows of an array, or the items of a list of run-time length, joined: the array in another shape.

    Items of different lengths are joined one behind the other.
    """
    given = keywords.get("axis", arguments[1] if len(arguments) > 1 else constant(0))
    if not lowering.is_rows(arguments[0]):
        items = lowering.to_operand(arguments[0])
        if isinstance(items.type, SequenceType) and may_differ(items.type):
            joined = join_items(lowering, primitive, items, items.type.item.rank or 0, given, node)
            if joined is not None:
                return joined
    array = lowering.to_operand(arguments[0]) if lowering.is_rows(arguments[0]) else lowering.as_array(arguments[0])
    rank = array.type.rank
    axis = lowering.static(given, node)
    if not rank:
        lowering.refuse(node, f"{primitive.name} of rows whose rank is not known", "annotate them", UnsupportedType)

    def moved_to(k: int) -> Term:
        return array if k == 0 else lowering.apply_to(np.moveaxis, [array, constant(0), constant(k)], node)

    if primitive.function is np.stack:
        return moved_to(axis)
    if primitive.function is np.vstack and rank <= 2:
        return array if rank == 2 else lowering.apply_to(np.expand_dims, [array, constant(1)], node)
    if primitive.function in (np.vstack, np.hstack):
        axis = int(primitive.function is np.hstack)
    if axis is None or rank <= 2:
        return lowering.apply_to(np.reshape, [array, constant(-1)], node)
    if not -rank < axis < rank - 1:
        lowering.refuse(node, f"{primitive.name}: axis {axis} of rows of rank {rank - 1}", "", UnsupportedType)
    k, shape = axis % (rank - 1), lowering.attribute(array, "shape", node)
    assert isinstance(shape, tuple)
    lengths = (*shape[1 : k + 1], constant(-1), *shape[k + 2 :])
    return lowering.apply_to(np.reshape, [moved_to(k), lengths], node)
