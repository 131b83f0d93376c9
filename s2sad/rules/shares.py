"""Products of a quotient with a summand of its divisor: what that summand has of the divisor is known by the quotient.

    z = 1 / (1 + e)          e / (1 + e)  is  1 - z
    v2_bar = -g * z / v      v = 1 + e
    v1_bar = v2_bar * e      ->    v1_bar = -g * z * (1 - z)

So the logistic function needs its result alone. The rounding errors are of the same size, where `e` is not much less
than the rest of the divisor; where it is, the share is known up to a rounding of 1, and not up to one of itself. An `e`
that is infinite, where z is 0, would give 0 * inf.
"""

from __future__ import annotations

import operator
from collections.abc import Iterable, Iterator, Sequence
from functools import reduce
from typing import Any, NamedTuple

from s2sad.analysis.masked import made_by
from s2sad.ir.builder import Builder, Expr, known_value
from s2sad.ir.primitive import Algebra
from s2sad.ir.values import Apply, Constant, Operand
from s2sad.rules import contributions

MOST_FACTORS = 8
"""How far a product is followed back: the cost of an answer is bounded."""


class Factor(NamedTuple):
    """A factor of a product, or a divisor of it."""

    operand: Operand
    origin: Operand
    """The value of the primal that it is."""
    divides: bool


def times(g: Any, slope: Any) -> Any:
    """`g * slope`, without a division where a quotient of the primal says what that would give."""
    if isinstance(g, Expr) and isinstance(slope, Expr) and not isinstance(slope.operand, Constant):
        for a, b in ((g, slope), (slope, g)):
            found = _by_share(a, b)
            if found is not None:
                return found
    return contributions.times(g, slope)


def _by_share(product: Expr, factor: Expr) -> Any:
    """The product of two, of which each summand of the first is divided by a sum that has a factor of the second."""
    builder = product.builder
    summands = [*_summands(builder, product.operand)]
    parts = [[*_factors(builder, o)] for o in summands]
    above = [f.origin for f in _factors(builder, factor.operand) if not f.divides]
    for v in (f for f in parts[0] if f.divides):
        total = builder.definition(v.origin)
        if total is None or not total.primitive.is_additive or not all(_has(part, v) for part in parts):
            continue
        for k, e in enumerate(total.operands):
            share = _share(builder, total, k, v, [f for part in parts for f in part]) if e in above else None
            if share is not None:
                left, minus = _rest(builder, factor.operand, Factor(e, e, False))
                rests = [_rest(builder, o, v) for o in summands]
                return _sum([(_product(r, left, share), minus != negative) for r, negative in rests])
    return None


def _sum(terms: Sequence[tuple[Any, bool]]) -> Any:
    """The sum of terms, of which some are negative."""
    (total, all_negative), *others = terms
    for x, negative in others:
        total = total + x if negative is all_negative else total - x
    return -total if all_negative else total


def _product(*factors: Any) -> Any:
    """The product of those of some factors that are not None; None where none is left."""
    left = [f for f in factors if f is not None]
    return reduce(operator.mul, left) if left else None


def _share(builder: Builder, total: Apply, k: int, v: Factor, factors: Sequence[Factor]) -> Any:
    """What the operand `k` of a sum is, divided by the sum; None where no quotient among the factors says so."""
    e, d = total.operands[k], total.operands[1 - k]
    for z in factors:
        quotient = None if z.divides else builder.definition(z.origin)
        if quotient is None or quotient.primitive.algebra is not Algebra.QUOTIENT:
            continue
        c, divisor = quotient.operands
        if divisor is not v.origin:
            continue
        if c is e:
            return builder.expr(z.operand)
        other = _other_share(builder, c, d, z, v)
        if other is not None:
            if total.primitive.algebra is Algebra.SUM:
                return 1.0 - other
            return 1.0 + other if k == 0 else other - 1.0
    return None


def _other_share(builder: Builder, c: Operand, d: Operand, z: Factor, v: Factor) -> Any:
    """`d / v`, where z is `c / v`; None where d is no number, and another one than c."""
    x, y = known_value(builder.expr(c)), known_value(builder.expr(d))
    if c is d or (x is not None and x == y):
        return builder.expr(z.operand)
    if y is None or x == 0:
        return None
    return y / builder.expr(v.operand) if x is None else (y / x) * builder.expr(z.operand)


def _summands(builder: Builder, operand: Operand) -> Iterator[Operand]:
    """What an operand is the sum of, in its shape."""
    made = _made(builder, operand)
    same = made is not None and all(o.type.shape == operand.type.shape for o in made.operands)
    if made is not None and same and made.primitive.algebra is Algebra.SUM:
        yield from made.operands
    else:
        yield operand


def _made(builder: Builder, operand: Operand) -> Apply | None:
    """The operation of the derivative that made an operand, which is none of the primal nor one done again."""
    made = made_by(builder, operand) if builder.definition(builder.origin(operand)) is None else None
    return made if made is not None and bool(made.about) == bool(builder.about) else None


def _factors(builder: Builder, operand: Operand, depth: int = MOST_FACTORS) -> Iterator[Factor]:
    """The factors of a product, and its divisors."""
    made = _made(builder, operand) if depth else None
    if made is None or not _is_product(made):
        yield Factor(operand, builder.origin(operand), False)
        return
    divided = made.primitive.algebra is Algebra.QUOTIENT
    for o in made.operands[:1] if divided else made.operands:
        yield from _factors(builder, o, depth - 1)
    if divided:
        yield Factor(made.operands[1], builder.origin(made.operands[1]), True)


def _is_product(made: Apply) -> bool:
    return made.primitive.is_multiplicative or made.primitive.algebra is Algebra.NEGATIVE


def _has(factors: Iterable[Factor], one: Factor) -> bool:
    return any(f.origin is one.origin and f.divides is one.divides for f in factors)


def _rest(builder: Builder, operand: Operand, one: Factor | None, depth: int = MOST_FACTORS) -> tuple[Any, bool]:
    """A product without one of its factors or divisors, None where nothing is left; and whether it has the sign -."""
    made = _made(builder, operand) if depth else None
    if made is None or not _is_product(made):
        return builder.expr(operand) if one is None else None, False
    first, second = made.operands[0], made.operands[-1]
    if made.primitive.algebra is Algebra.NEGATIVE:
        rest, negative = _rest(builder, first, one, depth - 1)
        return rest, not negative
    if made.primitive.algebra is Algebra.QUOTIENT:
        if one is not None and one.divides and builder.origin(second) is one.origin:
            return _rest(builder, first, None, depth - 1)
        rest, negative = _rest(builder, first, one, depth - 1)
        return (1.0 if rest is None else rest) / builder.expr(second), negative
    there = one is not None and _has(_factors(builder, first, depth - 1), one)
    a, minus_a = _rest(builder, first, one if there else None, depth - 1)
    b, minus_b = _rest(builder, second, None if there else one, depth - 1)
    return _product(a, b), minus_a != minus_b
