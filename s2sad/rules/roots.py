"""Roots, of which the square is smooth: the norm of an array, the absolute value of a number.

    r = np.linalg.norm(x)
    y = r * r                v1_bar = 2.0 * y_bar * r
                             x_bar = v1_bar / r * x      ->   x_bar = 2.0 * y_bar * x

At 0 a root has no derivative, and its square has one, of every order. So where a cotangent has the root as a factor the
root is taken out, and the rest is multiplied by half the slope of the square, which is the root times its slope; so it
is where a tangent of the root is multiplied by it. Exact but for rounding; a division less.
"""

from __future__ import annotations

import operator
from functools import reduce
from typing import Any

import numpy as np

from s2sad.ir.builder import Builder, Expr
from s2sad.ir.primitive import Algebra, Rule, lookup
from s2sad.ir.values import Apply, Constant, Operand, Value
from s2sad.rules.contributions import spread, times
from s2sad.rules.factors import MOST_FACTORS, derivative_made_by, factors_of, summands_of, without


def with_square(adjoint: Rule, half_square: Rule) -> Rule:
    """The adjoint of a root, from its own and that of half its square: by this where the cotangent is a multiple."""

    def either(g: Any, y: Any, xs: Any, active: Any, **static: Any) -> Any:
        rest = _without_root(g, y)
        found = None if rest is None else half_square(rest, y, xs, active, **static)
        return adjoint(g, y, xs, active, **static) if found is None else found

    return either


def _without_root(g: Any, y: Any) -> Any:
    """A cotangent divided by the root that it belongs to; None where that is not a factor of all of it."""
    if not isinstance(g, Expr) or not isinstance(y, Expr):
        return None
    builder, root = g.builder, y.origin
    summands = _all_summands(builder, g.operand)
    if not all(_has(builder, o, root) for o in summands):
        return None
    rest = reduce(operator.add, (_divided(builder, o, root) for o in summands))
    return spread(builder.expr(builder.operand(rest)), y)


def by_root(dot: Expr, slope: Expr) -> Any:
    """The product of two, where a factor of the first is the tangent of a root that the second has as a factor."""
    builder = dot.builder
    if not builder.roots:
        return None
    summands = summands_of(builder, dot.operand)
    parts = [_smooth(builder, o, slope.operand) for o in summands]
    if all(p is None for p in parts):
        return None
    found: Any = None
    for o, part in zip(summands, parts, strict=True):
        term = builder.expr(o) * slope if part is None else part
        found = term if found is None else found + term
    return found


def _smooth(builder: Builder, dot: Operand, slope: Operand) -> Any:
    """The product with a slope that has a root as a factor of which the tangent is one of the first; else None."""
    for f in factors_of(builder, dot):
        root = None if f.divides else builder.roots.get(f.operand)
        rest = None if root is None else _over(builder, slope, root[0].result)
        if root is None or rest is None:
            continue
        op, dots = root
        assert op.primitive.half_square is not None
        x = [builder.expr(o) for o in op.operands]
        moved = [None if d is None else builder.expr(d) for d in dots]
        half = op.primitive.half_square(builder.expr(op.result), x, moved, **op.static)
        if half is None:
            continue
        left, negative = without(builder, dot, f)
        whole = times(half if left is None else left * half, rest)
        return -whole if negative else whole
    return None


def _all_summands(builder: Builder, operand: Operand) -> list[Operand]:
    """What an operand is the sum of, each of which is no sum itself."""
    parts = summands_of(builder, operand)
    return [operand] if len(parts) == 1 else [o for p in parts for o in _all_summands(builder, p)]


def _over(builder: Builder, operand: Operand, root: Operand) -> Any:
    """A product divided by one of its factors, 1.0 where it is that alone; None where it has no such factor."""
    # Nothing is read of the primal before it is known that it serves.
    return _divided(builder, operand, root) if _has(builder, operand, root) else None


def _maker(builder: Builder, operand: Operand) -> Apply | None:
    """The operation that made an operand: a factor may be a product of the primal, as that of `k * r * r` is."""
    return builder.primal.definition(operand) or derivative_made_by(builder, operand)


def _has(builder: Builder, operand: Operand, root: Operand, depth: int = MOST_FACTORS) -> bool:
    if builder.primal.origin(operand) is root:
        return True
    made = _maker(builder, operand) if depth else None
    if made is None:
        return False
    return _is_power(builder, made, root) or any(_has(builder, o, root, depth - 1) for o in _multiplied(made))


def _multiplied(made: Apply) -> tuple[Operand, ...]:
    """The factors of a product, of a quotient the first operand."""
    match made.primitive.algebra:
        case Algebra.PRODUCT | Algebra.NEGATIVE:
            return tuple(made.operands)
        case Algebra.QUOTIENT:
            return (made.operands[0],)
        case _:
            return ()


def _is_power(builder: Builder, made: Apply, root: Operand) -> bool:
    """Whether an operation gives a power of a root, its square or a higher one."""
    if builder.primal.origin(made.operands[0]) is not root:
        return False
    return made.primitive is lookup(np.square) or (made.primitive is lookup(np.power) and _exponent(made) >= 1)


def _exponent(made: Apply) -> float:
    """The exponent of a power, 0 where it is not known."""
    exponent = made.operands[1]
    return exponent.value if isinstance(exponent, Constant) and isinstance(exponent.value, (int, float)) else 0


def _divided(builder: Builder, operand: Operand, root: Operand) -> Any:
    if builder.primal.origin(operand) is root:
        return 1.0
    made = _maker(builder, operand)
    assert made is not None
    primal = builder.primal.definition(operand) is made

    def at_hand(o: Operand) -> Any:
        return builder.expr(builder.primal.read(builder, o) if primal and isinstance(o, Value) else o)

    if _is_power(builder, made, root):
        base = at_hand(made.operands[0])
        exponent = 2 if made.primitive is lookup(np.square) else _exponent(made)
        return base if exponent == 2 else base ** (exponent - 1)
    k = next(k for k, o in enumerate(_multiplied(made)) if _has(builder, o, root))
    rest = _divided(builder, made.operands[k], root)
    x = [rest if j == k else at_hand(o) for j, o in enumerate(made.operands)]
    if made.primitive.algebra is Algebra.NEGATIVE:
        return -x[0]
    return x[0] / x[1] if made.primitive.algebra is Algebra.QUOTIENT else times(x[1], x[0])
