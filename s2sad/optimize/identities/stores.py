"""Identities of what is stored into arrays and read from them.

    a = index_set(a, i, a[i] + g)                ->  a = index_add(a, i, g)
    a_bar = index_add(index_set(a_bar, i, 0), i, g)   ->  a_bar = index_set(a_bar, i, g)

Each says why floating point allows it. All of them keep the type.
"""

from __future__ import annotations

import numpy as np

from s2sad.ir.builder import Builder
from s2sad.ir.containers import GETITEM, INDEX_ADD, INDEX_SET, is_basic_index
from s2sad.ir.primitive import Algebra, lookup, required
from s2sad.ir.primitives.lists import APPEND, ITEM_APPEND, LIST_ADD, LIST_SET
from s2sad.ir.types import Type, same_dtype
from s2sad.ir.values import Apply, Constant, Operand
from s2sad.optimize.identities.operands import is_number, is_unnamed, operand_key
from s2sad.optimize.identities.registry import identity
from s2sad.optimize.identities.rewriter import Rewriter


@identity(INDEX_SET)
def store_of_sum(s: Rewriter, op: Apply) -> Operand | None:
    """index_set(x, i, x[i] + g) -> index_add(x, i, g), for a basic index; exact"""
    x, index, value = op.operands
    total = s.made.get(value) if is_unnamed(value) else None
    # With an index of integer arrays `x[i] = x[i] + g` stores the last of the values at an element, `np.add.at` adds
    # all.
    if total is None or not total.primitive.is_additive or not is_basic_index(index.type):
        return None
    negated = total.primitive.algebra is Algebra.DIFFERENCE
    for item, other in (total.operands,) if negated else (total.operands, total.operands[::-1]):
        read = s.definition(item, GETITEM)
        if read is None or not is_unnamed(item) or read.operands[0] is not x:
            continue
        if not _same_index(read.operands[1], index) or not _fits(other.type, item.type):
            continue
        if negated:
            other = s.compute(Builder(op.location, op.about), required(np.negative), (other,))
        return s.build(op, INDEX_ADD, x, index, other)
    return None


@identity(LIST_SET)
def store_of_sum_in_list(s: Rewriter, op: Apply) -> Operand | None:
    """list_set(xs, k, xs[k] + g) -> list_add(xs, k, g) for numbers; exact"""
    xs, k, value = op.operands
    total = s.made.get(value) if is_unnamed(value) and value.type.is_scalar else None
    if total is None or total.primitive.algebra is not Algebra.SUM:
        return None
    for item, other in (total.operands, total.operands[::-1]):
        if other.type.is_scalar and _is_item(s, item, xs, k):
            return s.build(op, LIST_ADD, xs, k, other)
    return None


@identity(LIST_SET)
def store_of_longer_item(s: Rewriter, op: Apply) -> Operand | None:
    """list_set(xs, k, append(xs[k], x)) -> item_append(xs, k, x); exact"""
    xs, k, value = op.operands
    longer = s.definition(value, APPEND) if is_unnamed(value) else None
    if longer is None or not _is_item(s, longer.operands[0], xs, k):
        return None
    return s.build(op, ITEM_APPEND, xs, k, longer.operands[1])


def _is_item(s: Rewriter, item: Operand, xs: Operand, k: Operand) -> bool:
    """Whether a value is the item of a list at a place."""
    read = s.definition(item, GETITEM)
    return read is not None and is_unnamed(item) and read.operands[0] is xs and _same_index(read.operands[1], k)


@identity(INDEX_SET, INDEX_ADD)
def stored_twice(s: Rewriter, op: Apply) -> Operand | None:
    """index_set(index_set(x, i, a), i, b) -> index_set(x, i, b), index_add(index_set(x, i, 0), i, b) too; exact"""
    x, index, value = op.operands
    before = s.definition(x, INDEX_SET)
    if before is None or not _same_index(before.operands[1], index) or not is_basic_index(index.type):
        return None
    if op.primitive is INDEX_ADD and not (
        is_number(before.operands[2], 0.0) and _fits(value.type, _place_type(x, index))
    ):
        return None
    return s.build(op, INDEX_SET, before.operands[0], index, value)


@identity(INDEX_ADD)
def plus_number(s: Rewriter, op: Apply) -> Operand | None:
    """index_add(x, i, np.broadcast_to(c, shape)) -> index_add(x, i, c) for a number c; exact"""
    x, index, g = op.operands
    spread = s.definition(g, lookup(np.broadcast_to)) if is_unnamed(g) else None
    if spread is None or not spread.operands[0].type.is_scalar:
        return None
    return s.build(op, INDEX_ADD, x, index, spread.operands[0])


@identity(GETITEM)
def read_of_stored(s: Rewriter, op: Apply) -> Operand | None:
    """index_set(x, i, v)[i] -> v, for a number of the type of the array; exact"""
    x, index = op.operands
    stored = s.definition(x, INDEX_SET)
    if stored is None or not _same_index(stored.operands[1], index):
        return None
    value = stored.operands[2]
    t, own = op.result.type, value.type
    if isinstance(value, Constant) or not t.is_numeric or not own.is_numeric:
        return None
    return value if own.is_scalar and t.shape == () and same_dtype(own.dtype, t.dtype) else None


def _fits(t: Type, place: Type) -> bool:
    """Whether a value of one type can be added in place: its shape is that of the place, or it is a number."""
    if not t.is_numeric or not place.is_numeric:
        return False
    return t.shape == () or (t.shape is not None and t.shape == place.shape)


def _same_index(a: Operand, b: Operand) -> bool:
    return a is b or (isinstance(a, Constant) and isinstance(b, Constant) and operand_key(a) == operand_key(b))


def _place_type(x: Operand, index: Operand) -> Type:
    return GETITEM.result_type([x.type, index.type], {})
