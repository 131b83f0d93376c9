"""Identities of sums and differences.

    x + x                                        ->  2.0 * x
    a + -b * c                                   ->  a - b * c
    x_bar + index_add(zeros, i, g)               ->  index_add(x_bar, i, g)

Each says why floating point allows it. All of them keep the type.
"""

from __future__ import annotations

import numpy as np

from s2sad.ir.builder import Builder
from s2sad.ir.containers import GETITEM, INDEX_ADD
from s2sad.ir.primitive import lookup
from s2sad.ir.primitives.lists import ADD_ITEMS, LIST_ADD, LIST_SET, ZERO_ITEMS
from s2sad.ir.types import SliceType, type_of
from s2sad.ir.values import Apply, Constant, Operand, Value, constant
from s2sad.optimize.identities.operands import (
    is_inexact,
    is_literal,
    is_number,
    is_unnamed,
    is_zeros,
    same_type,
    shape_of,
)
from s2sad.optimize.identities.products import leading, multiple_of, scaled, without_sign
from s2sad.optimize.identities.registry import identity
from s2sad.optimize.identities.rewriter import Rewriter


@identity(np.add)
def plus_zero(s: Rewriter, op: Apply) -> Operand | None:
    """x + 0 -> x; exact but for the sign of a zero"""
    x, y = op.operands
    for a, b in ((x, y), (y, x)):
        # -0.0 + 0.0 is 0.0: the one case that differs.
        if is_number(b, 0.0) and same_type(a.type, op.result.type):
            return a
    return None


@identity(np.add)
def plus_itself(s: Rewriter, op: Apply) -> Operand | None:
    """x + x -> 2 * x and 2 * x + 3 * x -> 5 * x, exact; a rounding elsewhere for other numbers"""
    x, y = op.operands
    a, b = multiple_of(s, x), multiple_of(s, y)
    # 2 * x is exact, a power of two. 5 * x is rounded once, 2 * x + 3 * x twice: only in sweeps, not in the user's
    # text.
    if a is not None and b is not None and a[1] is b[1] and op.about:
        return s.build(op, np.multiply, constant(a[0] + b[0]), a[1])
    if x is y and isinstance(x, Value) and x.type.is_inexact:
        return s.build(op, np.multiply, Constant(2.0, type_of(2.0)), x)
    return None


@identity(np.add)
def plus_scatter(s: Rewriter, op: Apply) -> Operand | None:
    """a + index_add(zeros, i, g) -> index_add(a, i, g); exact"""
    x, y = op.operands
    for a, b in ((x, y), (y, x)):
        scatter = s.definition(b, INDEX_ADD)
        if scatter is None or not is_zeros(s.made.get(scatter.operands[0])) or not is_unnamed(b):  # type: ignore[arg-type]
            continue
        if not a.type.is_array:
            continue
        # Elsewhere than at i the zeros are added, as x_bar + 0 would be; shapes must be equal, as index_add does not
        # broadcast the array that it adds to.
        if shape_of(a) is not None and shape_of(a) == shape_of(b) == shape_of(op.result):
            return s.build(op, INDEX_ADD, a, scatter.operands[1], scatter.operands[2])
    return None


@identity(np.add)
def plus_negative(s: Rewriter, op: Apply) -> Operand | None:
    """a + -b -> a - b, also where -b is a factor; exact"""
    for a, b in (op.operands, op.operands[::-1]):
        positive = without_sign(s, op, b)
        if positive is not None:
            return s.build(op, np.subtract, a, positive)
    return None


@identity(np.add)
def plus_minus_number(s: Rewriter, op: Apply) -> Operand | None:
    """a + -2.0 * b -> a - 2.0 * b and x + -2.0 -> x - 2.0; exact"""
    for a, b in (op.operands, op.operands[::-1]):
        number = b if is_literal(b) else leading(s, b)
        if not isinstance(number, Constant) or not number.value < 0 or not is_inexact(op.result):  # type: ignore[operator]
            continue
        if number is b:
            return s.build(op, np.subtract, a, Constant(-number.value, number.type))  # type: ignore[operator]
        if isinstance(b, Value) and s.reads[b] == 0 and not is_literal(a):
            return s.build(op, np.subtract, a, scaled(s, op, b, -1, last=False))
    return None


@identity(np.subtract)
def minus_zero(s: Rewriter, op: Apply) -> Operand | None:
    """x - 0 -> x; exact"""
    x, y = op.operands
    return x if is_number(y, 0.0) and same_type(x.type, op.result.type) else None


@identity(np.subtract)
def minus_negative(s: Rewriter, op: Apply) -> Operand | None:
    """a - -b -> a + b; exact"""
    negative = s.definition(op.operands[1], lookup(np.negative))
    if negative is not None and is_unnamed(op.operands[1]):
        return s.build(op, np.add, op.operands[0], negative.operands[0])
    return None


@identity(ADD_ITEMS)
def items_plus_item(s: Rewriter, op: Apply) -> Operand | None:
    """add_items(xs, list_add(zeros, k, g)) -> list_add(xs, k, g), list_set alike where the items are lists; exact"""
    x, y = op.operands
    for a, b in ((x, y), (y, x)):
        update = s.definition(b, LIST_ADD) or s.definition(b, LIST_SET)
        if update is None or s.definition(update.operands[0], ZERO_ITEMS) is None or not is_unnamed(b):
            continue
        k, g = update.operands[1:]
        if update.primitive is LIST_ADD:
            return s.build(op, LIST_ADD, a, k, g)
        if g.type.is_sequence and not isinstance(k.type, SliceType):
            item = s.compute(Builder(op.location, op.about), GETITEM, (a, k))
            return s.build(op, LIST_SET, a, k, s.compute(Builder(op.location, op.about), ADD_ITEMS, (item, g)))
    return None
