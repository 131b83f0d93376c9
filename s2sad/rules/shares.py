"""Products of a quotient with a summand of its divisor: what that summand has of the divisor is known by the quotient.

    z = 1 / (1 + e)          e / (1 + e)  is  1 - z
    v2_bar = -g * z / v      v = 1 + e
    v1_bar = v2_bar * e      ->    v1_bar = -g * z * (1 - z)

So the logistic function needs its result alone. The rounding errors are of the same size, where `e` is not much less
than the rest of the divisor; where it is, the share is known up to a rounding of 1, and not up to one of itself. An `e`
that is infinite, where z is 0, would give 0 * inf.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from s2sad.ir.builder import Builder, Expr, known_value
from s2sad.ir.primitive import Algebra
from s2sad.ir.values import Apply, Operand
from s2sad.rules.factors import Factor, factors_of, is_among, product_of, signed_sum, summands_of, without


def by_share(product: Expr, factor: Expr) -> Any:
    """The product of two, of which each summand of the first is divided by a sum that has a factor of the second.

    None where no quotient says what that would give.
    """
    builder = product.builder
    summands = summands_of(builder, product.operand)
    parts = [[*factors_of(builder, o)] for o in summands]
    above = [f.origin for f in factors_of(builder, factor.operand) if not f.divides]
    for v in (f for f in parts[0] if f.divides):
        total = builder.primal.definition(v.operand)
        if total is None or not total.primitive.is_additive or not all(is_among(v, part) for part in parts):
            continue
        for k, e in enumerate(total.operands):
            share = _share(builder, total, k, v, [f for part in parts for f in part]) if e in above else None
            if share is not None:
                left, minus = without(builder, factor.operand, Factor(e, e, False))
                rests = [without(builder, o, v) for o in summands]
                return signed_sum([(product_of(r, left, share), minus != negative) for r, negative in rests])
    return None


def _share(builder: Builder, total: Apply, k: int, v: Factor, factors: Sequence[Factor]) -> Any:
    """What the operand `k` of a sum is, divided by the sum; None where no quotient among the factors says so."""
    e, d = total.operands[k], total.operands[1 - k]
    for z in factors:
        quotient = None if z.divides else builder.primal.definition(z.operand)
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
