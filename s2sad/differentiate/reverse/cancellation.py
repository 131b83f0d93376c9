"""Whether an adjoint is zero whatever the arguments are: then what it would flow to need not be computed.

    top = np.max(x);  y = top + np.log(np.sum(np.exp(x - top)))        top_bar = g - np.sum(g / s * e),  s = np.sum(e)

The result does not depend on the number that is taken off all of x. An adjoint is written as a sum of products of
powers of what stands for itself: of the primal values, of the adjoints that came before, of sums of products over axes.
A quotient whose divisor is a sum is brought to a common denominator, and the divisor replaced by the sum that it is.
What is left of the terms is nothing, or the question stays open. (The zero is exact in the algebra of real numbers;
floating-point numbers would have given the rounding errors of the terms.)
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TypeAlias

import numpy as np

from s2sad.ir.builder import Builder
from s2sad.ir.containers import GETITEM, index_items
from s2sad.ir.dims import Dim
from s2sad.ir.primitive import Algebra, Effect, required
from s2sad.ir.types import SliceType, StaticType, Type
from s2sad.ir.values import Apply, Constant, Operand, Operation, Value, applied_in

Monomial: TypeAlias = frozenset[tuple[int, int]]
"""Atoms by their numbers, with their powers."""
Shape: TypeAlias = tuple[Dim, ...]
Axes: TypeAlias = tuple[int, ...]
Polynomial: TypeAlias = dict[Monomial, float]

MOST_TERMS, MOST_FACTORS, MOST_VALUES, MOST_DIVISORS = 24, 12, 100, 3
"""Beyond these a value stands for itself, and the question may stay open: the cost of an answer is bounded."""

ONE: Monomial = frozenset()


class TooLong(Exception):
    """The sum has too many terms."""


def may_be_invariant(op: Apply) -> bool:
    """Whether it is worth asking: the adjoint of a number that was got of many, or chosen among several."""
    p = op.primitive
    several = not p.elementwise or len(op.operands) > 1
    return p.effect is Effect.FRESH and p.algebra is None and several


class Cancellation:
    """Answers for one sweep: from the operations of the primal, and from what the values of the sweep stand for."""

    def __init__(self, definition: Mapping[Operand, Operation], primal: Mapping[Operand, Value]) -> None:
        self.definition, self.primal = definition, primal
        self.swept: dict[Operand, Apply] = {}
        """The operations of the reverse sweep, as far as `seen` says."""
        self.seen: dict[Builder, int] = {}
        self.numbers: dict[object, int] = {}
        self.keys: list[tuple[object, Shape | None]] = []
        """The key of each atom, and its shape where that is known."""
        self.known: dict[Value, Polynomial] = {}
        """What each value was written as: the same wherever it stands."""
        self.left = 0
        """How many values may still be looked into."""
        self.divisors: dict[int, Polynomial] = {}
        """The sums that stand for one atom each, being divided by."""

    def vanishes(self, bar: Operand | None, builder: Builder) -> bool:
        """Whether an adjoint, as the reverse sweep has it so far, is zero in the algebra of real numbers."""
        first = self.seen.get(builder, 0)
        self.swept.update((op.result, op) for op in applied_in(builder.operations[first:]))
        self.seen[builder] = len(builder.operations)
        op = self.made(bar) if isinstance(bar, Value) else None
        if op is None or not (op.primitive.algebra in _SUMS or op.primitive in (GETITEM, required(np.sum))):
            return False
        self.left = MOST_VALUES
        assert bar is not None
        try:
            return self.is_zero(self.of(bar))
        except TooLong:
            return False

    def made(self, value: Value) -> Apply | None:
        """The operation of the reverse sweep, or of the primal, that makes a value."""
        op = self.swept.get(value) or self.definition.get(value)
        return op if isinstance(op, Apply) else None

    def is_zero(self, p: Polynomial) -> bool:
        for _ in range(MOST_DIVISORS):
            powers = {n: k for m in p for n, k in m if n in self.divisors and k < 0}
            if not p or not powers:
                break
            for n in powers:
                least = -min(dict(m).get(n, 0) for m in p)
                p = self.without_divisor(p, n, least)
        return not p

    def without_divisor(self, p: Polynomial, n: int, least: int) -> Polynomial:
        """The sum times a power of a divisor, which is then written as the sum that it is."""
        total: Polynomial = {}
        for m, c in p.items():
            powers = dict(m)
            power = powers.pop(n, 0) + least
            part: Polynomial = {frozenset(powers.items()): c}
            for _ in range(power):
                part = product(part, self.divisors[n])
            total = plus(total, part)
        return total

    # from values to sums of products

    def of(self, operand: Operand) -> Polynomial:
        if isinstance(operand, Constant):
            value = operand.value
            number = float(value) if isinstance(value, (int, float)) else None
            return self.atom(operand, _shape(operand)) if number is None else {ONE: number} if number else {}
        value = self.primal.get(operand, operand)
        assert isinstance(value, Value)
        if value not in self.known:
            self.known[value] = self.written(value)
        return self.known[value]

    def written(self, value: Value) -> Polynomial:
        """A value by its operation; as it is where that is none of these, or too long."""
        op = self.made(value) if self.left else None
        self.left -= op is not None
        try:
            found = None if op is None else self.by_definition(op)
        except TooLong:
            found = None
        if found is None and value.type.size is not None:
            found = self.length(value.type.size)
        return self.atom(value, _shape(value)) if found is None else found

    def by_definition(self, op: Apply) -> Polynomial | None:
        """What an operation computes, where it is one of these."""
        first, *rest = op.operands or (None,)
        if first is None or not op.result.type.is_inexact:
            return None
        match op.primitive.algebra:
            case Algebra.SUM:
                return plus(self.of(first), self.of(rest[0]))
            case Algebra.DIFFERENCE:
                return plus(self.of(first), self.of(rest[0]), -1.0)
            case Algebra.NEGATIVE:
                return plus({}, self.of(first), -1.0)
            case Algebra.PRODUCT:
                return product(self.of(first), self.of(rest[0]))
            case Algebra.QUOTIENT:
                return product(self.of(first), self.inverse(rest[0]))
        return self.by_axes(op, first)

    def by_axes(self, op: Apply, operand: Operand) -> Polynomial | None:
        """A sum or a mean over axes, or the same numbers in other places."""
        function, shape = op.primitive.function, operand.type.shape
        if function is np.broadcast_to:
            return self.of(operand)
        if shape is None:
            return None
        if op.primitive is GETITEM:
            change = _change_of_axes(op.operands[1].type, shape)
            return None if change is None else self.mapped(self.of(operand), *change, len(shape))
        if function is np.expand_dims and op.result.type.rank is not None:
            axes = _axes(op.static["axis"], op.result.type.rank)
            return self.mapped(self.of(operand), "expand", axes, len(shape))
        if function in (np.sum, np.mean) and not set(op.static) - {"axis", "keepdims"}:
            axes = _axes(op.static.get("axis"), len(shape))
            total = self.summed(self.of(operand), axes, shape)
            if function is np.mean:
                ((count, number),) = self.count(axes, shape).items()
                total = product(total, {frozenset((n, -k) for n, k in count): 1.0 / number})
            if op.static.get("keepdims") or not shape:
                return total
            return self.mapped(total, "squeeze" if len(axes) < len(shape) else "number", axes, len(shape))
        return None

    def inverse(self, operand: Operand) -> Polynomial:
        p = self.of(operand)
        if len(p) == 1:
            ((m, c),) = p.items()
            return {frozenset((n, -k) for n, k in m): 1.0 / c}
        if not p:
            raise TooLong  # a quotient by zero says nothing
        n = self.number(("divisor", frozenset(p.items())), _shape(operand))
        self.divisors[n] = p
        return {frozenset({(n, -1)}): 1.0}

    def atom(self, key: object, shape: Shape | None) -> Polynomial:
        """What stands for itself."""
        return {frozenset({(self.number(key, shape), 1)}): 1.0}

    def number(self, key: object, shape: Shape | None) -> int:
        if key not in self.numbers:
            self.numbers[key] = len(self.keys)
            self.keys.append((key, None if shape is None else _broadcast(shape)))
        return self.numbers[key]

    # axes

    def summed(self, p: Polynomial, axes: Axes, shape: Shape) -> Polynomial:
        """The sum over axes, which stay as axes of length 1; factors that do not vary along them stand before it."""
        left = tuple(1 if k in axes else d for k, d in enumerate(shape))
        total: Polynomial = {}
        for m, c in p.items():
            constant = frozenset((n, k) for n, k in m if self.is_constant_along(n, axes, len(shape)))
            rest = self.count(axes, shape) if m == constant else self.atom(("sum", axes, m - constant), left)
            total = plus(total, product({constant: c}, rest))
        return total

    def count(self, axes: Axes, shape: Shape) -> Polynomial:
        """How many numbers there are along axes: one term."""
        found: Polynomial = {ONE: 1.0}
        for k in axes:
            found = product(found, self.length(shape[k]))
        return found

    def length(self, d: Dim) -> Polynomial:
        """A length: a number, or what stands for itself."""
        return {ONE: float(d)} if isinstance(d, int) and d else self.atom(("length", d), ())

    def is_constant_along(self, n: int, axes: Axes, rank: int) -> bool:
        shape = self.keys[n][1]
        if shape is None:
            raise TooLong
        return all(k < rank - len(shape) or shape[k - rank + len(shape)] == 1 for k in axes)

    def mapped(self, p: Polynomial, kind: str, axes: Axes, rank: int) -> Polynomial:
        """Each atom under a change of its axes, which the inverse change undoes."""
        total: Polynomial = {}
        for m, c in p.items():
            part: Polynomial = {ONE: c}
            for n, k in m:
                part = product(part, {frozenset({(self.changed(n, kind, axes, rank), k)}): 1.0})
            total = plus(total, part)
        return total

    def changed(self, n: int, kind: str, axes: Axes, rank: int) -> int:
        """The atom under a change of axes of an array of that rank, in which its own are the last."""
        key, shape = self.keys[n]
        if shape is None:
            raise TooLong
        # Places are counted from the last axis, as arrays are broadcast: an axis of length 1 before all others is none.
        whole: Shape = (1,) * (rank - len(shape)) + shape
        if kind == "expand":
            rest = iter(whole)
            count = rank + len(axes)
            new = _broadcast(tuple(1 if k in axes else next(rest) for k in range(count)))
            places = tuple(a - count for a in axes if a - count >= -len(new))
        else:
            new = _broadcast(tuple(d for k, d in enumerate(whole) if k not in axes))
            places = tuple(a - rank for a in axes if a - rank >= -len(shape))
        if new == shape:
            return n
        back = {"expand": "squeeze", "squeeze": "expand"}.get(kind)
        if isinstance(key, tuple) and key[:2] == (back, places):
            return int(key[2])
        return self.number((kind, places, n), new)


def _broadcast(shape: Shape) -> Shape:
    """A shape without the axes of length 1 before all others."""
    first = next((k for k, d in enumerate(shape) if d != 1), len(shape))
    return shape[first:]


def _axes(axis: object, rank: int) -> Axes:
    """The axes that a static argument names, from 0 and in order."""
    if axis is None:
        return tuple(range(rank))
    if not isinstance(axis, (int, tuple)):
        raise TooLong
    return tuple(sorted(a % rank for a in (axis if isinstance(axis, tuple) else (axis,)))) if rank else ()


def _change_of_axes(index: Type, shape: Shape) -> tuple[str, Axes] | None:
    """What a subscript does that takes whole axes, puts in new ones or leaves out those of length 1: `m[:, None]`."""
    new, gone, axis = [], [], 0
    for k, item in enumerate(index_items(index)):
        match item:
            case SliceType(None, None, None):
                axis += 1
            case StaticType(None):
                new.append(k)
            case _ if item.size == 0 and axis < len(shape) and shape[axis] == 1:
                gone.append(axis)
                axis += 1
            case _:
                return None
    if bool(new) == bool(gone):
        return None
    return ("expand", tuple(new)) if new else ("squeeze", tuple(gone))


_SUMS = (Algebra.SUM, Algebra.DIFFERENCE, Algebra.NEGATIVE)


def _shape(operand: Operand) -> Shape | None:
    return operand.type.shape if operand.type.is_numeric else None


def plus(p: Polynomial, q: Polynomial, factor: float = 1.0) -> Polynomial:
    total = dict(p)
    for m, c in q.items():
        new = total.pop(m, 0.0) + factor * c
        if abs(new) > ROUNDING * abs(c):
            total[m] = new
    if len(total) > MOST_TERMS:
        raise TooLong
    return total


ROUNDING = 1e-12
"""What is left of two coefficients that cancel."""


def product(p: Polynomial, q: Polynomial) -> Polynomial:
    total: Polynomial = {}
    for m, c in p.items():
        for n, d in q.items():
            powers = dict(m)
            for atom, k in n:
                powers[atom] = powers.get(atom, 0) + k
            if len(powers) > MOST_FACTORS:
                raise TooLong
            total = plus(total, {frozenset((a, k) for a, k in powers.items() if k): c * d})
    return total
