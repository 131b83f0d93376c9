"""Factors of a sum: what all its summands have stands before it.

    np.sum(g * (gamma * x / scale), axis=0)    ->  np.sum(g * x, axis=0) * gamma / scale
    np.sum(g @ W.T, axis=0)                    ->  np.sum(g, axis=0) @ W.T

A pass over the array less for each, and vectors in the place of matrices.
"""

from __future__ import annotations

import numpy as np

from s2sad.ir.primitive import Primitive, lookup, required
from s2sad.ir.types import same_dtype
from s2sad.ir.values import Apply, Operand
from s2sad.optimize.identities.operands import is_literal, shape_of
from s2sad.optimize.identities.products import product_of
from s2sad.optimize.identities.registry import identity
from s2sad.optimize.identities.rewriter import Rewriter


@identity(np.sum)
def factor_of_sum(s: Rewriter, op: Apply) -> Operand | None:
    """np.sum(x * c) -> np.sum(x) * c in an adjoint for a c that is one for all summands; roundings elsewhere"""
    x, left = op.operands[0], _axes_left(op)
    made = product_of(s, x)
    if not op.about or left is None or made is None or not _is_passing(s, made):
        return None
    factors = _factors(s, x, required(np.multiply), 0)
    common = [(p, o) for p, o in factors if o.type.rank is not None and o.type.rank <= left]
    varying = [(p, o) for p, o in factors if (p, o) not in common]
    whole = any(shape_of(o) == shape_of(x) for _, o in varying)
    same = all(same_dtype(o.type.dtype, x.type.dtype) or is_literal(o) for _, o in factors)
    if not common or not whole or not same or not x.type.is_inexact or varying[0][0] is not required(np.multiply):
        return None
    (_, first), *others = varying
    for p, o in others:
        first = s.compute(s.builder(op, made.about), p, (first, o))
    total = s.compute(s.builder(op, made.about), op.primitive, (first,), op.static)
    *others, (last, factor) = common
    for p, o in others:
        total = s.compute(s.builder(op, made.about), p, _number_first(p, total, o))
    return s.build(op, last, *_number_first(last, total, factor))


@identity(np.sum)
def sum_of_matrix_product(s: Rewriter, op: Apply) -> Operand | None:
    """np.sum(x @ y, axis=0) -> np.sum(x, axis=0) @ y in an adjoint, along axis 1 x @ np.sum(y, axis=1); roundings"""
    whole, axis = op.operands[0], op.static.get("axis")
    negative = s.only_read(whole, lookup(np.negative))
    whole = whole if negative is None else negative.operands[0]
    product = s.definition(whole, required(np.matmul))
    if not op.about or product is None or not _is_passing(s, product, int(negative is not None)):
        return None
    operands = [*product.operands]
    matrices = all(o.type.rank == 2 and same_dtype(o.type.dtype, op.result.type.dtype) for o in operands)
    if not matrices or set(op.static) != {"axis"} or axis not in (0, 1):
        return None
    operands[axis] = s.compute(s.builder(op, product.about), op.primitive, (operands[axis],), op.static)
    if negative is None:
        return s.build(op, np.matmul, *operands)
    return s.build(op, np.negative, s.compute(s.builder(op, product.about), required(np.matmul), operands))


def _number_first(p: Primitive, total: Operand, factor: Operand) -> tuple[Operand, Operand]:
    return (factor, total) if is_literal(factor) and p is lookup(np.multiply) else (total, factor)


def _axes_left(op: Apply) -> int | None:
    """How many axes a sum leaves, the last ones of its operand; None for another sum."""
    rank, axis = op.operands[0].type.rank, op.static.get("axis")
    if rank is None or rank == 0 or set(op.static) - {"axis"}:
        return None
    if axis is None:
        return 0
    return rank - 1 if axis == 0 else None


def _factors(s: Rewriter, x: Operand, by: Primitive, depth: int) -> list[tuple[Primitive, Operand]]:
    """The factors and divisors of a product, each with its operation."""
    made = product_of(s, x) if by is lookup(np.multiply) else None
    if made is None or not _is_passing(s, made, min(depth, 1)):
        return [(by, x)]
    first, second = made.operands
    return [*_factors(s, first, by, depth + 1), *_factors(s, second, made.primitive, depth + 1)]


def _is_passing(s: Rewriter, op: Apply, depth: int = 0) -> bool:
    """Whether an operation is a part of a line of the sweep: nothing else reads its result."""
    return bool(op.about) and s.reads[op.result] <= depth
