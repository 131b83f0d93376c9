"""Places of an array for all iterations of a loop: slices in the place of its index.

x[i, k + 1] for k in range(j)      x[i, 1:j + 1]
x[k, :] for k in range(len(x))     x
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from s2sad.analysis.dependence import Affine, Bounds, Dependence, affine, is_positive
from s2sad.ir.builder import Builder
from s2sad.ir.containers import MAKE
from s2sad.ir.dims import Dim, Symbol, as_symbol, is_known
from s2sad.ir.values import Apply, Constant, For, Operand, Value, constant, is_call_of, is_int, values_in


class Stays(Exception):
    """A loop for which there is no expression."""


@dataclass(frozen=True)
class Place:
    """A subscript for all iterations, None where it is the whole array; which axis of what it takes they make."""

    items: tuple[Operand, ...]
    axis: int
    rank: int
    """The rank of what one iteration takes."""


class Places:
    """The range of a loop, from `low` up to `high`, and the integers that are there to speak of it."""

    def __init__(self, symbol: Symbol, low: Affine, high: Affine, integers: Sequence[Value], bounds: Bounds) -> None:
        self.symbol, self.low, self.high = symbol, low, high
        self.integers = list(integers)
        self.bounds = bounds

    @property
    def is_never_empty(self) -> bool:
        """Whether the loop is known to have an iteration."""
        return is_positive(self.high.plus(self.low, -1).plus(Affine({}, -1)), self.bounds)

    def is_inside(self, at: Dim | None, length: Dim) -> bool:
        """Whether a subscript is known to be within an axis."""
        e, end = affine(at), affine(length)
        if e is None or end is None:
            return False
        return is_positive(e, self.bounds) and is_positive(end.plus(e, -1).plus(Affine({}, -1)), self.bounds)

    def is_next(self, item: Operand, length: Dim) -> bool:
        """Whether an item of a subscript takes one element after another, upward, or all of them downward."""
        e, end = affine(item.type.size), affine(length)
        return e is not None and end is not None and (e.terms.get(self.symbol) == 1 or self.is_reverse(e, end))

    def is_reverse(self, e: Affine, end: Affine) -> bool:
        """Whether a place goes from the end of an axis to its start."""
        backward = end.plus(self.high, -1) == self.low == Affine({})
        return backward and e == end.plus(Affine({self.symbol: 1}, 1), -1)

    def count(self, builder: Builder) -> Operand:
        """The numbers of the range as an array."""
        bounds = [self.integer(e, builder) for e in (self.low, self.high)]
        return builder.call(np.arange, *(bounds[1:] if is_int(bounds[0], 0) else bounds)).operand

    def slice(self, item: Operand, length: Dim, builder: Builder) -> Operand:
        """The slice of an axis that an item which counts with the loop takes, one element after another."""
        e, end = affine(item.type.size), affine(length)
        assert e is not None and end is not None
        if self.is_reverse(e, end):
            return constant(slice(None, None, -1))
        rest = e.plus(Affine({self.symbol: 1}), -1)
        start, stop = self.low.plus(rest), self.high.plus(rest)
        # Below 0 a place counts from the end, in an empty range too, which takes nothing; and a slice that goes beyond
        # the end would be cut, where an element beyond it is an error. The length of an axis is not below 0.
        ends = (start, end.plus(stop, -1)) if stop == end else (start, stop, end.plus(stop, -1))
        if not all(is_positive(p, self.bounds) for p in ends):
            raise Stays
        first = None if start == Affine({}) else self.bound(start, end, builder)
        last = None if stop == end else self.bound(stop, end, builder)
        return builder.operand(slice(first, last))

    def bound(self, e: Affine, end: Affine, builder: Builder) -> Operand:
        """A place in an axis, counted from its end where it is some elements before that."""
        before = end.plus(e, -1)
        from_end = end.terms and not before.terms and before.offset > 0
        return constant(-before.offset) if from_end else self.integer(e, builder)

    def integer(self, e: Affine, builder: Builder) -> Operand:
        """An expression of what is there: one of the integers, or two added, or one more or less by a number."""
        if not e.terms:
            return constant(e.offset)
        found = self.near(e)
        if found is not None:
            offset, base = found
            if offset == 0:
                return base
            return builder.call(np.add if offset > 0 else np.subtract, builder.expr(base), abs(offset)).operand
        for v in reversed(self.integers):
            own = affine(v.type.size)
            found = None if own is None else self.near(e.plus(own, -1))
            if found is not None and found[0] == 0:
                return builder.call(np.add, v, found[1]).operand
        raise Stays

    def near(self, e: Affine) -> tuple[int, Value] | None:
        """The integer that an expression is, or which it is more than by the least number; that number."""
        near = [(gap.offset, v) for v in self.integers if (gap := self.gap(e, v)) is not None]
        # The first of those that are as good: what stands further out is what the reader knows.
        return min(near, key=lambda n: (n[0] != 0, n[0] != 0 and n[1].hint is None, abs(n[0])), default=None)

    def gap(self, e: Affine, v: Value) -> Affine | None:
        """What an expression is more than an integer, where that is a number."""
        own = affine(v.type.size)
        gap = None if own is None else e.plus(own, -1)
        return gap if gap is not None and not gap.terms else None


def items_of(index: Operand, made: Mapping[Operand, Apply]) -> tuple[Operand, ...]:
    """The items of a subscript."""
    op = made.get(index)
    if is_call_of(op, MAKE):
        return op.operands
    if isinstance(index, Constant) and isinstance(index.value, tuple):
        return tuple(Constant(v, t) for v, t in zip(index.value, index.type.items, strict=True))
    return (index,)


def places_of(loop: For, dependence: Dependence, integers: Sequence[Value]) -> Places:
    """The range of a loop, upward."""
    symbol = as_symbol(loop.index.type.size)
    start, stop = affine(loop.start.type.size), affine(loop.stop.type.size)
    if symbol is None or start is None or stop is None:
        raise Stays
    # From start down to stop, which is left out: from stop + 1 up to start.
    if loop.step.type.size == -1:
        start, stop = stop.plus(Affine({}, 1)), start.plus(Affine({}, 1))
    bounds = dependence.bounds(dependence.loops[loop])
    dependence.decided(dependence.ways[loop], {}, bounds)
    own = values_in((loop.start, loop.stop))
    return Places(symbol, start, stop, [*own, *integers], bounds)


def is_whole(item: Operand) -> bool:
    """Whether an item of a subscript takes all of an axis."""
    return isinstance(item, Constant) and isinstance(item.value, slice) and item.value == slice(None)


def is_turned(loop: For, item: Value) -> bool:
    """Whether a loop takes from a list last what belongs to its least index."""
    upward = (loop.step.type.size == 1) is not loop.reverse
    return upward is not loop.is_ascending(loop.items.index(item))


def is_integer(value: Value) -> bool:
    """Whether a value is an integer of which a symbol is known, so that it may stand in a slice."""
    t = value.type
    return t.is_scalar and t.is_integer and t.size is not None and not is_known(t.size)
