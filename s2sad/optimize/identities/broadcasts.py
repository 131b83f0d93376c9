"""Operations on arrays that repeat numbers: NumPy repeats them itself.

    np.broadcast_to(g, x.shape) * x              ->  g * x
    np.broadcast_to(g, x.shape) * 2.0            ->  np.broadcast_to(g * 2.0, x.shape)
    x * np.expand_dims(y, 0)                     ->  x * y

Each says why floating point allows it. All of them keep the type.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from s2sad.ir.builder import Builder
from s2sad.ir.doubt import has_its_dtype
from s2sad.ir.primitive import lookup
from s2sad.ir.types import same_dtype
from s2sad.ir.values import Apply, Operand
from s2sad.optimize.identities.operands import is_literal, is_number, is_unnamed
from s2sad.optimize.identities.rewriter import Rewriter


def drop_broadcasts(s: Rewriter, op: Apply) -> Apply:
    """f(broadcast_to(a, shape), b) -> f(a, b) where that has the shape anyway; exact, in the dtype that it has"""
    t = op.result.type
    if t.shape is None:
        return op
    operands = list(op.operands)
    for k, o in enumerate(operands):
        source = _before_broadcast(s, o)
        if source is o or _is_check(s, op, o):
            continue
        # Another operand must have the whole shape already, or they all must give it: else the result would lose an
        # axis.
        others = [p for j, p in enumerate(operands) if j != k]
        if not any(p.type.shape == t.shape for p in others):
            parts = [source if j == k else p for j, p in enumerate(operands)]
            if op.primitive.result_type([p.type for p in parts], op.static).shape != t.shape:
                continue
        if source.type.is_numeric and o.type.is_numeric and same_dtype(source.type.dtype, o.type.dtype):
            operands[k] = _literal(s, source)
    if operands == list(op.operands):
        return op
    # A Python number is weak in promotion, where its broadcast array is not: the dtype must come out the same.
    found = op.primitive.result_type([o.type for o in operands], op.static)
    return replace(op, operands=tuple(operands)) if same_dtype(found.dtype, t.dtype) and has_its_dtype(found) else op


def _is_check(s: Rewriter, op: Apply, operand: Operand) -> bool:
    """Whether a broadcast of the primal says by an exception what its operation would not: that lengths do not fit."""
    spread = None if op.about else s.definition(operand, lookup(np.broadcast_to))
    fits = None if spread is None else spread.primitive.fits
    return spread is not None and fits is not None and not fits(*(o.type for o in spread.operands))


def drop_leading_axes(s: Rewriter, op: Apply) -> list[Operand]:
    """The operands of f(x, np.expand_dims(y, 0)) as those of f(x, y): NumPy adds axes in front itself; exact"""
    operands = list(op.operands)
    for k, o in enumerate(operands):
        made = s.definition(o, lookup(np.expand_dims)) if is_unnamed(o) else None
        rank, axis = o.type.rank, None if made is None else made.static.get("axis")
        if made is None or rank is None or not isinstance(axis, int) or axis % rank != 0:
            continue
        if any((p.type.rank or 0) >= rank for j, p in enumerate(operands) if j != k):
            operands[k] = made.operands[0]
    return operands


def broadcast_last(s: Rewriter, op: Apply) -> Operand | None:
    """f(broadcast_to(a, shape), c) -> broadcast_to(f(a, c), shape) for numbers a and c; exact"""
    spread = next((d for o in op.operands if (d := s.definition(o, lookup(np.broadcast_to))) and is_unnamed(o)), None)
    if spread is None or not is_unnamed(op.result):
        return None
    numbers = [spread.operands[0] if s.made.get(o) is spread else o for o in op.operands]  # type: ignore[arg-type]
    if not all(n.type.is_scalar for n in numbers):
        return None
    if not has_its_dtype(op.primitive.result_type([n.type for n in numbers], op.static)) and has_its_dtype(
        op.result.type
    ):
        return None
    number = s.compute(Builder(op.location, s.reasons(op, ())), op.primitive, numbers)
    return s.build(op, np.broadcast_to, number, spread.operands[1])


def _before_broadcast(s: Rewriter, operand: Operand) -> Operand:
    """What an unnamed operand is a broadcast of; one number, through all that only lays its copies out anew."""
    made = s.made.get(operand) if is_unnamed(operand) else None
    spread = made is not None and made.primitive is lookup(np.broadcast_to)
    if made is not None and made.primitive is lookup(np.multiply):
        return next((o for o, other in (made.operands, made.operands[::-1]) if _is_ones(s, other)), operand)
    if made is None or not (spread or made.primitive.layout is not None):
        return operand
    source = _before_broadcast(s, made.operands[0])
    if source.type.is_scalar:
        return source
    return made.operands[0] if spread else operand


def _literal(s: Rewriter, operand: Operand) -> Operand:
    """The literal number that was given a dtype, if it is one."""
    made = s.made.get(operand) if is_unnamed(operand) else None
    given = made is not None and made.primitive.function in (np.float32, np.float16, np.complex64)
    return made.operands[0] if made is not None and given and is_literal(made.operands[0]) else operand


def _is_ones(s: Rewriter, operand: Operand) -> bool:
    spread = s.definition(operand, lookup(np.broadcast_to))
    return spread is not None and is_number(_literal(s, spread.operands[0]), 1.0)
