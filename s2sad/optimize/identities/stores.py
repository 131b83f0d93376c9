"""Identities of what is stored into arrays and read from them.

    x_bar = x_bar + index_add(zeros, i, g)       ->  x_bar = index_add(x_bar, i, g)
    a = index_set(a, i, a[i] + g)                ->  a = index_add(a, i, g)
    a_bar = index_add(index_set(a_bar, i, 0), i, g)   ->  a_bar = index_set(a_bar, i, g)

Each says why floating point allows it. All of them keep the type.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from s2sad.ir.builder import Builder
from s2sad.ir.containers import GETITEM, INDEX_ADD, INDEX_SET, is_basic_index
from s2sad.ir.primitive import lookup, required
from s2sad.ir.rewrite import map_blocks
from s2sad.ir.types import ArrayType, Type
from s2sad.ir.values import Apply, Block, Constant, Function, Operand, Operation, Value
from s2sad.optimize.identities.operands import is_number, is_unnamed, is_zeros, operand_key, shape_of

if TYPE_CHECKING:
    from s2sad.optimize.simplify import Simplifier


def share_zeros(function: Function) -> Function:
    """`index_add(zeros, i, g)` for a basic index stores: the first contribution needs no sum."""
    zeros = {r for op in _operations(function.body) if is_zeros(op) for r in op.results}
    return replace(function, body=_first_stores(function.body, zeros))


def _operations(block: Block) -> list[Operation]:
    return [o for op in block.operations for o in (op, *(x for b in op.blocks for x in _operations(b)))]


def _first_stores(block: Block, zeros: set[Value]) -> Block:
    operations: list[Operation] = []
    for op in block.operations:
        scatter = isinstance(op, Apply) and op.primitive is INDEX_ADD and op.operands[0] in zeros
        if scatter and isinstance(op, Apply) and is_basic_index(op.operands[1].type):
            op = replace(op, primitive=INDEX_SET)
        operations.append(map_blocks(op, lambda b: _first_stores(b, zeros)))
    return replace(block, operations=tuple(operations))


def plus_number(s: Simplifier, op: Apply) -> Operand | None:
    """index_add(x, i, np.broadcast_to(c, shape)) -> index_add(x, i, c) for a number c; exact"""
    x, index, g = op.operands
    spread = s.definition(g, lookup(np.broadcast_to)) if is_unnamed(g) else None
    if spread is None or not spread.operands[0].type.is_scalar:
        return None
    return s.build(op, INDEX_ADD, x, index, spread.operands[0])


def plus_scatter(s: Simplifier, op: Apply) -> Operand | None:
    """a + index_add(zeros, i, g) -> index_add(a, i, g); exact"""
    x, y = op.operands
    for a, b in ((x, y), (y, x)):
        scatter = s.definition(b, INDEX_ADD)
        if scatter is None or not is_zeros(s.made.get(scatter.operands[0])) or not is_unnamed(b):  # type: ignore[arg-type]
            continue
        if not isinstance(a.type, ArrayType) or a.type.is_scalar:
            continue
        if shape_of(a) is not None and shape_of(a) == shape_of(b) == shape_of(op.result):
            return s.build(op, INDEX_ADD, a, scatter.operands[1], scatter.operands[2])
    return None


def store_of_sum(s: Simplifier, op: Apply) -> Operand | None:
    """index_set(x, i, x[i] + g) -> index_add(x, i, g), for a basic index; exact"""
    x, index, value = op.operands
    for name, sign in (("np.add", 1), ("np.subtract", -1)):
        total = s.made.get(value) if isinstance(value, Value) and is_unnamed(value) else None
        if total is None or total.primitive.name != name or not is_basic_index(index.type):
            continue
        for item, other in (total.operands, total.operands[::-1])[: 2 if sign > 0 else 1]:
            read = s.definition(item, GETITEM)
            if (
                read is None
                or read.operands[0] is not x
                or not is_unnamed(item)
                or not _same_index(read.operands[1], index)
            ):
                continue
            if not _fits(other.type, item.type):
                continue
            if sign < 0:
                other = s.compute(Builder(op.location, op.about), required(np.negative), (other,))
            return s.build(op, INDEX_ADD, x, index, other)
    return None


def _fits(t: Type, place: Type) -> bool:
    """Whether a value of one type can be added in place: its shape is that of the place, or it is a number."""
    if not isinstance(t, ArrayType) or not isinstance(place, ArrayType):
        return False
    return t.shape == () or (t.shape is not None and t.shape == place.shape)


def _same_index(a: Operand, b: Operand) -> bool:
    return a is b or (isinstance(a, Constant) and isinstance(b, Constant) and operand_key(a) == operand_key(b))


def stored_twice(s: Simplifier, op: Apply) -> Operand | None:
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


def _place_type(x: Operand, index: Operand) -> Type:
    return GETITEM.result_type([x.type, index.type], {})


def read_of_stored(s: Simplifier, op: Apply) -> Operand | None:
    """index_set(x, i, v)[i] -> v, for a number of the type of the array; exact"""
    x, index = op.operands
    stored = s.definition(x, INDEX_SET)
    if stored is None or not _same_index(stored.operands[1], index):
        return None
    value = stored.operands[2]
    t, own = op.result.type, value.type
    if isinstance(value, Constant) or not isinstance(t, ArrayType) or not isinstance(own, ArrayType):
        return None
    return value if own.is_scalar and t.shape == () and own.dtype == t.dtype else None
