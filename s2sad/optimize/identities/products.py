"""Identities of products and quotients: numbers stand first, and passes over arrays are saved.

    g * (1.0 / x)            ->  g / x
    g * (2.0 * x)            ->  2.0 * g * x
    np.sum(g * (-y / x))     ->  -np.sum(v * y), where v = g / x is there

Each says why floating point allows it. All of them keep the type.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from s2sad.ir.primitive import lookup, required
from s2sad.ir.values import Apply, Constant, Operand, Value, constant
from s2sad.optimize.identities.operands import dtype_of, is_inexact, is_literal, is_number, is_unnamed, same_type
from s2sad.optimize.identities.registry import identity
from s2sad.optimize.identities.rewriter import Rewriter


def product_of(s: Rewriter, operand: Operand) -> Apply | None:
    """The product or quotient without a name that an operand is."""
    made = s.made.get(operand) if is_unnamed(operand) else None
    return made if made is not None and made.primitive.is_multiplicative and not made.static else None


def leading(s: Rewriter, operand: Operand, inner: bool = False) -> Constant | None:
    """The number that a product or quotient begins with; one that is a factor itself must have no other use."""
    made = product_of(s, operand)
    if made is None or (inner and not is_passing(s, made, 1)):
        return None
    first = made.operands[0]
    return first if isinstance(first, Constant) and is_literal(first) else leading(s, first, inner=True)


def multiple_of(s: Rewriter, operand: Operand) -> tuple[float, Operand] | None:
    """The number and the factor of `2.0 * x`, a product that is read once and has no name."""
    made = s.definition(operand, lookup(np.multiply))
    number = made.operands[0] if made is not None and is_passing(s, made) else None
    if made is None or not isinstance(number, Constant) or not is_literal(number):
        return None
    return number.value, made.operands[1]  # type: ignore[return-value]


def is_passing(s: Rewriter, op: Apply, depth: int = 0) -> bool:
    """Whether the result of an operation has no name, and nothing else reads it."""
    return op.result.hint is None and s.reads[op.result] <= depth


def scaled(s: Rewriter, op: Apply, operand: Operand, factor: float, last: bool = True) -> Operand:
    """A product or quotient with its leading number multiplied; the last factor takes the name of `op`."""
    made = product_of(s, operand)
    assert made is not None
    first, second = made.operands
    if isinstance(first, Constant) and is_literal(first):
        first = constant(factor * first.value)  # type: ignore[operator]
    else:
        first = scaled(s, op, first, factor, last=False)
    if last:
        return s.build(op, made.primitive, first, second)
    return s.compute(s.builder(op, made.about), made.primitive, (first, second))


def without_sign(s: Rewriter, op: Apply, operand: Operand) -> Operand | None:
    """b for an unnamed -b, and x * y or x / y for one of which x or y is such; None for anything else."""
    made = s.made.get(operand) if is_unnamed(operand) else None
    if made is None or not is_inexact(operand):
        return None
    if made.primitive is lookup(np.negative):
        return made.operands[0]
    if not made.primitive.is_multiplicative or made.static or not op.about or not is_passing(s, made):
        return None
    for k, o in enumerate(made.operands):
        inner = s.definition(o, lookup(np.negative)) if is_unnamed(o) else None
        if inner is not None and is_passing(s, inner, 1):
            operands = (*made.operands[:k], inner.operands[0], *made.operands[k + 1 :])
            return s.compute(s.builder(op, (*made.about, *inner.about)), made.primitive, operands)
    return None


@identity(np.multiply)
def times_one(s: Rewriter, op: Apply) -> Operand | None:
    """x * 1 -> x; exact"""
    x, y = op.operands
    for a, b in ((x, y), (y, x)):
        # 1.0 * x of an integer array is an array of floats: then it stays.
        if is_number(b, 1.0) and same_type(a.type, op.result.type):
            return a
    return None


@identity(np.multiply)
def times_minus_one(s: Rewriter, op: Apply) -> Operand | None:
    """x * -1 -> -x; exact"""
    x, y = op.operands
    for a, b in ((x, y), (y, x)):
        if is_number(b, -1.0) and same_type(a.type, op.result.type):
            return s.build(op, np.negative, a)
    return None


@identity(np.multiply)
def times_divisor(s: Rewriter, op: Apply) -> Operand | None:
    """(a / x) * x -> a, for numbers of the adjoint; a rounding less, and no 0 / 0"""
    for a, b in (op.operands, op.operands[::-1]) if op.about else ():
        quotient = s.definition(a, lookup(np.divide)) if is_unnamed(a) else None
        if quotient is None or quotient.operands[1] is not b or not isinstance(b, Value):
            continue
        # At x = 0 the product is nan, and its limit a: this arises where a rule divides by what a later one multiplies
        # with.
        if b.type.is_scalar and is_literal(quotient.operands[0]) and op.result.type.is_scalar:
            return constant(float(quotient.operands[0].value))  # type: ignore[arg-type,union-attr]
        if b.type.is_scalar and same_type(quotient.operands[0].type, op.result.type):
            return quotient.operands[0]
    return None


@identity(np.multiply)
def times_scaled(s: Rewriter, op: Apply) -> Operand | None:
    """a * (b * x) -> (a * b) * x and a * (b / x) -> (a * b) / x for numbers a and b; a rounding less or more"""
    for a, b in (op.operands, op.operands[::-1]):
        made = product_of(s, b) if is_literal(a) else None
        if made is None or leading(s, b) is None:
            continue
        if is_literal(made.operands[0]) or (op.about and s.reads[made.result] <= 0):
            assert isinstance(a, Constant)
            return scaled(s, op, b, a.value)  # type: ignore[arg-type]
    return None


@identity(np.multiply)
def times_quotient(s: Rewriter, op: Apply) -> Operand | None:
    """g * (1 / x) -> g / x, one rounding less; not in a sweep where the quotient is one of the primal that stays"""
    x, y = op.operands
    for a, b in ((x, y), (y, x)):
        quotient = s.definition(b, lookup(np.divide))
        if quotient is None or not is_number(quotient.operands[0], 1.0) or not is_unnamed(b):
            continue
        if not op.about or quotient.about or s.reads[b] <= 0:
            return s.build(op, np.divide, a, quotient.operands[1])
    return None


@identity(np.multiply)
def times_known_quotient(s: Rewriter, op: Apply) -> Operand | None:
    """g * (-y / x) -> -(v * y) where v = g / x is there, a quotient less, else -(g * y / x); a rounding elsewhere"""
    for g, b in (op.operands, op.operands[::-1]) if op.about else ():
        quotient = s.definition(b, lookup(np.divide)) if is_unnamed(b) else None
        y = quotient.operands[0] if quotient is not None else None
        negative = s.definition(y, lookup(np.negative)) if y is not None and is_unnamed(y) else None
        if quotient is None or negative is None:
            continue
        known = s.known(required(np.divide), (g, quotient.operands[1]))
        if known is not None and dtype_of(known) == dtype_of(op.result):
            about = (*quotient.about, *negative.about)
            product = s.compute(s.builder(op, about), op.primitive, (known, negative.operands[0]))
            same = same_type(product.type, op.result.type)
            return s.build(replace(op, operands=(b,)), np.negative, product) if same else None
        y, x = negative.operands[0], quotient.operands[1]
        # y / x of two numbers is one division; g * y / x would be a pass over the array g more.
        numbers = y.type.is_scalar and x.type.is_scalar and not g.type.is_scalar
        if b is op.operands[1] and is_passing(s, quotient) and not numbers and g.type == op.result.type:
            about = (*quotient.about, *negative.about)
            product = s.compute(s.builder(op, about), op.primitive, (g, y))
            whole = s.compute(s.builder(op, about), quotient.primitive, (product, x))
            same = same_type(whole.type, op.result.type)
            return s.build(replace(op, operands=(b,)), np.negative, whole) if same else None
    return None


@identity(np.multiply)
def times_negative(s: Rewriter, op: Apply) -> Operand | None:
    """a * -b -> -a * b for an unnamed -b; exact. (-a) * (-b) -> a * b; exact"""
    x, y = op.operands
    n = s.definition(y, lookup(np.negative))
    if n is None or not is_unnamed(y):
        return None
    m = s.definition(x, lookup(np.negative))
    if m is not None and is_unnamed(x):
        return s.build(op, np.multiply, m.operands[0], n.operands[0])
    return None


@identity(np.multiply)
def number_first(s: Rewriter, op: Apply) -> Operand | None:
    """g * (2.0 * x) -> (2.0 * g) * x in an adjoint, for a number 2.0, also with /; a rounding elsewhere.

    Of arrays and numbers the numbers are multiplied first: that is a pass over the array less.
    """
    if not op.about or not is_inexact(op.result):
        return None
    for a, b in (op.operands, op.operands[::-1]):
        inner = product_of(s, b)
        if inner is None or not is_passing(s, inner):
            continue
        first, second = inner.operands
        if is_literal(a) and not is_literal(first):
            number, other = a, first
        elif is_literal(first) and not is_literal(a) and b is op.operands[1]:
            number, other = first, a
        else:
            continue
        multiplied = inner.primitive is lookup(np.multiply)
        taken_in = replace(op, operands=(b,))
        if not other.type.is_scalar and second.type.is_scalar:
            if not is_literal(a):
                return None  # the numbers are together already
            front = s.compute(s.builder(op, inner.about), inner.primitive, (number, second))
            return s.build(taken_in, np.multiply, front, other)
        front = s.compute(s.builder(op, inner.about), required(np.multiply), (number, other))
        return s.build(taken_in, np.multiply if multiplied else np.divide, front, second)
    return None


@identity(np.divide)
def over_one(s: Rewriter, op: Apply) -> Operand | None:
    """x / 1 -> x; exact"""
    x, y = op.operands
    return x if is_number(y, 1.0) and same_type(x.type, op.result.type) else None


@identity(np.negative)
def negative_number(s: Rewriter, op: Apply) -> Operand | None:
    """-(c) -> the number; -(c / x) -> -c / x and -(c * x) -> -c * x for a number c; exact"""
    o = op.operands[0]
    if is_literal(o):
        return Constant(-o.value, o.type)  # type: ignore[operator,union-attr]
    product = product_of(s, o)
    if product is None or leading(s, o) is None or not is_inexact(o):
        return None
    quotient = product.primitive is lookup(np.divide) and is_literal(product.operands[0])
    return scaled(s, op, o, -1) if quotient or s.reads[product.result] == 0 else None


@identity(np.negative)
def double_negative(s: Rewriter, op: Apply) -> Operand | None:
    """--x -> x and -(a * -b) -> a * b; exact"""
    # The sign of a floating-point number is a bit of its own: negation, products and quotients treat it apart from the
    # rest, so that moving it changes no other bit. Unsigned integers wrap around, and are left out.
    positive = without_sign(s, op, op.operands[0])
    return positive if positive is not None and same_type(positive.type, op.result.type) else None
