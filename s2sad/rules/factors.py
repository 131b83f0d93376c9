"""Products of a derivative, taken apart: what their factors and divisors are, and what is left without one of them."""

from __future__ import annotations

import operator
from collections.abc import Iterable, Iterator, Sequence
from functools import reduce
from typing import Any, NamedTuple

from s2sad.analysis.masked import made_by
from s2sad.ir.builder import Builder
from s2sad.ir.primitive import Algebra
from s2sad.ir.values import Apply, Operand

MOST_FACTORS = 8
"""How far a product is followed back: the cost of an answer is bounded."""


class Factor(NamedTuple):
    """A factor of a product, or a divisor of it."""

    operand: Operand
    origin: Operand
    """The value of the primal that it is."""
    divides: bool


def derivative_made_by(builder: Builder, operand: Operand) -> Apply | None:
    """The operation of the derivative that made an operand; none of the primal, and none that is done again."""
    if operand in builder.roots or builder.primal.definition(operand) is not None:
        return None
    made = made_by(builder, operand)
    return made if made is not None and bool(made.about) == bool(builder.about) else None


def summands_of(builder: Builder, operand: Operand) -> tuple[Operand, ...]:
    """What an operand is the sum of, in its shape."""
    made = derivative_made_by(builder, operand)
    same = made is not None and all(o.type.shape == operand.type.shape for o in made.operands)
    return made.operands if made is not None and same and made.primitive.algebra is Algebra.SUM else (operand,)


def factors_of(builder: Builder, operand: Operand, depth: int = MOST_FACTORS) -> Iterator[Factor]:
    """The factors of a product, and its divisors."""
    made = derivative_made_by(builder, operand) if depth else None
    if made is None or not _is_product(made):
        yield Factor(operand, builder.primal.origin(operand), False)
        return
    divided = made.primitive.algebra is Algebra.QUOTIENT
    for o in made.operands[:1] if divided else made.operands:
        yield from factors_of(builder, o, depth - 1)
    if divided:
        yield Factor(made.operands[1], builder.primal.origin(made.operands[1]), True)


def _is_product(made: Apply) -> bool:
    return made.primitive.is_multiplicative or made.primitive.algebra is Algebra.NEGATIVE


def is_among(one: Factor, factors: Iterable[Factor]) -> bool:
    """Whether a factor, or a divisor, is among those of a product."""
    return any(f.origin is one.origin and f.divides is one.divides for f in factors)


def without(builder: Builder, operand: Operand, one: Factor | None, depth: int = MOST_FACTORS) -> tuple[Any, bool]:
    """A product without one of its factors or divisors, None where nothing is left; and whether it has the sign -."""
    made = derivative_made_by(builder, operand) if depth else None
    if made is None or not _is_product(made):
        return builder.expr(operand) if one is None else None, False
    first, second = made.operands[0], made.operands[-1]
    if made.primitive.algebra is Algebra.NEGATIVE:
        rest, negative = without(builder, first, one, depth - 1)
        return rest, not negative
    if made.primitive.algebra is Algebra.QUOTIENT:
        if one is not None and one.divides and builder.primal.origin(second) is one.origin:
            return without(builder, first, None, depth - 1)
        rest, negative = without(builder, first, one, depth - 1)
        return (1.0 if rest is None else rest) / builder.expr(second), negative
    there = one is not None and is_among(one, factors_of(builder, first, depth - 1))
    a, minus_a = without(builder, first, one if there else None, depth - 1)
    b, minus_b = without(builder, second, None if there else one, depth - 1)
    return product_of(a, b), minus_a != minus_b


def product_of(*factors: Any) -> Any:
    """The product of those of some factors that are not None; None where there is none."""
    left = [f for f in factors if f is not None]
    return reduce(operator.mul, left) if left else None


def signed_sum(terms: Sequence[tuple[Any, bool]]) -> Any:
    """The sum of terms, of which some are negative."""
    (total, all_negative), *others = terms
    for x, negative in others:
        total = total + x if negative is all_negative else total - x
    return -total if all_negative else total
