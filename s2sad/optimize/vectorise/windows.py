"""Sums over windows that move with a loop, as a loop over the places of the window, where these are fewer.

    for i in reversed(range(n)):                 for p in range(k):
        y_bar = g[i]                                 w_bar[p] += g @ x[p:p + n]
        w_bar += y_bar * x[i:i + k]         ->       x_bar[p:p + n] += g * w[p]
        x_bar[i:i + k] += y_bar * w

For one place of all windows the body has numbers where it had windows, and is done for all iterations at once. All of
it must be additions to arrays, whose order is free; it pays where there are no fewer iterations than places, which the
lengths of the call say that compiles.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

import numpy as np

from s2sad.analysis.dependence import Affine, Bounds, affine, is_positive
from s2sad.ir.builder import Builder
from s2sad.ir.containers import GETITEM, INDEX_ADD, MAKE, MAKE_SLICE
from s2sad.ir.dims import Dim, dim_sum, new_dim
from s2sad.ir.primitive import Algebra, Effect
from s2sad.ir.types import SliceType, Type, integer, same_dtype
from s2sad.ir.values import Apply, Block, For, Operand, Value, applied_in, constant, is_call_of
from s2sad.optimize.vectorise.places import Places, Stays, items_of
from s2sad.optimize.vectorise.reductions import summed_axes

WHOLE = constant(slice(None))


class Windows:
    """The body of one loop for one place of its windows; raises `Stays` where it has none, or does more than add."""

    def __init__(self, loop: For, places: Places, made: Mapping[Operand, Apply]) -> None:
        self.loop, self.places, self.made = loop, places, made
        self.body = {*loop.body.operations}
        self.place = Value(integer(new_dim("p")), "p")
        self.sizes: set[Dim] = set()
        """How many places the windows have."""
        self.builder = Builder(loop.location, loop.about)
        self.first = [Value(p.type, p.hint, p.loose) for p in loop.carried]
        self.sums: dict[Operand, Operand] = dict(zip(loop.carried, self.first, strict=True))
        """The arrays that are added to, as they are so far, and what stands for them."""
        self.versions: set[Operand] = set(loop.carried)
        """These, and what they were before in the iteration."""
        self.table: dict[Operand, Operand] = {}
        """What stands for values that are the same for all places."""
        self.parts: dict[tuple[Operand, int], Operand] = {}
        """What stands for one place of values; the windows are this axis of them, counted from the last."""
        self.columns: dict[Operand, Operand] = {}
        """Vectors, by the matrices of one column that they are as."""
        self.scaled: dict[Operand, tuple[Operand, Operand]] = {}
        """A vector and a matrix, by the matrix with its rows multiplied by the numbers of the vector."""
        own = ([places.low], [places.high.plus(Affine({}, -1))])
        self.bounds: Bounds = {**places.bounds, places.symbol: own}
        for op in applied_in(loop.body.operations):
            self.builder.location, self.builder.about = op.location, op.about or loop.about
            self.operation(op)

    @property
    def gain(self) -> tuple[Dim, Dim]:
        """How many iterations there are, and how many places of a window."""
        start, stop = self.loop.start.type.size, self.loop.stop.type.size
        if len(self.sizes) != 1 or self.loop.step.type.size != 1 or start is None or stop is None:
            raise Stays
        return dim_sum(stop, start, -1), next(iter(self.sizes))

    def done(self) -> For:
        """The loop over the places of the windows, around one over the iterations."""
        loop, (_, size) = self.loop, self.gain
        if not all(r in self.sums for r in loop.body.results):
            raise Stays
        outer = tuple(Value(p.type, p.hint, p.loose) for p in loop.carried)
        results = tuple(Value(r.type, r.hint, r.loose) for r in loop.results)
        body = self.builder.block((loop.index, *self.first, *loop.items), [self.sums[r] for r in loop.body.results])
        inner = replace(loop, initial=outer, body=body, results=results)
        around = Block((self.place, *outer), (inner,), results)
        found = affine(size)
        assert found is not None
        stop = self.places.integer(found, Builder())
        places = replace(loop, start=constant(0), stop=stop, step=constant(1), body=around, reverse=False)
        return replace(places, scanned=(), ascending=())

    def operation(self, op: Apply) -> None:
        """Do an addition for one place; all else is done where it is asked for."""
        known = [o for o in op.operands if o in self.versions]
        if op.primitive.is_additive and len(known) == 1:
            self.add(op)
        elif op.primitive is INDEX_ADD and known == [op.operands[0]]:
            self.add_at(op)
        elif known or op.primitive.stores or op.primitive.effect is Effect.IO:
            raise Stays

    def add(self, op: Apply) -> None:
        """Add a part of an array to that of a sum."""
        so_far, summand = op.operands
        if op.primitive.algebra is Algebra.SUM and so_far not in self.versions:
            so_far, summand = summand, so_far
        axis = self.axis(summand)
        alike = same_dtype(op.result.type.dtype, so_far.type.dtype) and summand.type.shape == so_far.type.shape
        if axis is None or not alike:
            raise Stays
        part = self.part(summand, axis)
        if op.primitive.algebra is Algebra.DIFFERENCE:
            part = self.builder.call(np.negative, part).operand
        self.store(op, so_far, [*[WHOLE] * ((summand.type.rank or 0) - 1 - axis), self.place], part)

    def add_at(self, op: Apply) -> None:
        """Add a part of an array to that of a window."""
        array, index, value = op.operands
        items, at = self.items(array, index)
        if at is None:
            raise Stays
        behind = sum(isinstance(i.type, SliceType) for i in items[at + 1 :])
        self.store(op, array, items, self.part(value, behind + (array.type.rank or 0) - len(items)))

    def store(self, op: Apply, array: Operand, items: Sequence[Operand], value: Operand) -> None:
        if array not in self.sums:
            raise Stays
        self.versions.add(op.result)
        operands = (self.sums.pop(array), self.builder.one_or_tuple(items), value)
        self.sums[op.result] = self.builder.apply(INDEX_ADD, operands, None, op.result.hint, op.result.loose)

    # windows

    def items(self, array: Operand, index: Operand) -> tuple[list[Operand], int | None]:
        """The items of a subscript, with a place in the stead of a window, and which of them that is."""
        shape = array.type.shape
        items = items_of(index, self.made)
        if shape is None or len(items) > len(shape):
            raise Stays
        windows = [k for k, (i, n) in enumerate(zip(items, shape, strict=False)) if self.is_window(i, n)]
        if len(windows) > 1:
            raise Stays
        found = [i if k in windows else self.whole(i) for k, i in enumerate(items)]
        for k in windows:
            start = self.whole(self.made[items[k]].operands[0])
            found[k] = self.builder.call(np.add, start, self.place).operand
        return found, windows[0] if windows else None

    def is_window(self, item: Operand, length: Dim) -> bool:
        """Whether an item of a subscript is a slice that moves with the loop, within the axis; its size is noted."""
        op = self.made.get(item)
        if not is_call_of(op, MAKE_SLICE) or op not in self.body:
            return False
        first, last = (o.type.size for o in op.operands[:2])
        start, stop, end = affine(first), affine(last), affine(length)
        if first is None or last is None or start is None or stop is None or end is None:
            return False
        moves = start.terms.get(self.places.symbol) == 1 == stop.terms.get(self.places.symbol)
        if not moves or not is_one_by_one(item.type):
            return False
        if not is_positive(start, self.bounds) or not is_positive(end.plus(stop, -1), self.bounds):
            raise Stays
        self.sizes.add(dim_sum(last, first, -1))
        return True

    def axis(self, operand: Operand) -> int | None:
        """Which axis of a value the windows are, counted from the last; None where it has none."""
        op = self.made.get(operand)
        if op is None or op not in self.body:
            return None
        if op.primitive is GETITEM:
            items, at = items_of(op.operands[1], self.made), self.items(*op.operands)[1]
            before = sum(isinstance(i.type, SliceType) for i in items[: at or 0])
            return None if at is None else (operand.type.rank or 0) - 1 - before
        found = next((a for a in map(self.axis, op.operands) if a is not None), None)
        if found is None or op.primitive.elementwise:
            return found
        if op.primitive.function is not np.sum:
            raise Stays
        at = (op.operands[0].type.rank or 0) - 1 - found
        return found - sum(a > at for a in summed_axes(op))

    # values

    def whole(self, operand: Operand) -> Operand:
        """What is the same for all places."""
        op = self.made.get(operand)
        if op is None or op not in self.body:
            return operand
        if operand not in self.table:
            cheap = op.primitive in (GETITEM, MAKE, MAKE_SLICE) or op.primitive.function is np.expand_dims
            if not cheap and not op.primitive.elementwise:
                raise Stays
            operands = [self.whole(o) for o in op.operands]
            self.table[operand] = self.builder.apply(op.primitive, operands, op.static, op.result.hint, op.result.loose)
        return self.table[operand]

    def part(self, operand: Operand, axis: int) -> Operand:
        """What a value is for one place, where the windows are this axis."""
        rank = operand.type.rank
        if rank is None or operand.type.shape is None:
            raise Stays
        if rank <= axis:
            return self.whole(operand)
        if (operand, axis) not in self.parts:
            found = self.made_part(operand, axis)
            if not same_dtype(found.type.dtype, operand.type.dtype) or found.type.rank != rank - 1:
                raise Stays
            self.parts[operand, axis] = found
        return self.parts[operand, axis]

    def made_part(self, operand: Operand, axis: int) -> Operand:
        op = self.made.get(operand)
        if op is not None and op in self.body:
            if op.primitive is GETITEM and self.axis(operand) == axis:
                items, _ = self.items(*op.operands)
                return self.builder.apply(GETITEM, (self.whole(op.operands[0]), self.builder.one_or_tuple(items)))
            if op.primitive.elementwise:
                return self.elementwise(op, axis)
            if op.primitive.function is np.sum:
                return self.sum(op, axis)
        at = (operand.type.rank or 0) - 1 - axis
        length = (operand.type.shape or ())[at]
        if length == 1 and op is not None and op in self.body and op.primitive.function is np.expand_dims:
            return self.squeezed(op, at)
        if length != 1:
            self.sizes.add(length)
        index = [*[WHOLE] * at, constant(0) if length == 1 else self.place]
        return self.builder.apply(GETITEM, (self.whole(operand), self.builder.one_or_tuple(index)))

    def squeezed(self, op: Apply, at: int) -> Operand:
        """An array with one new axis of length 1 less."""
        axis, rank = op.static["axis"], op.result.type.rank or 0
        axes = sorted(a % rank for a in (axis if isinstance(axis, tuple) else (axis,)))
        if at not in axes:
            raise Stays
        inner = self.whole(op.operands[0])
        left = [a - (a > at) for a in axes if a != at]
        if not left:
            return inner
        found = self.builder.call(np.expand_dims, inner, axis=left[0] if len(left) == 1 else tuple(left)).operand
        if left == [1] and inner.type.rank == 1:
            self.columns[found] = inner
        return found

    def elementwise(self, op: Apply, axis: int) -> Operand:
        """The operation on parts; a column times a row is their outer product."""
        operands = [self.part(o, axis) for o in op.operands]
        pairs = [operands, operands[::-1]] if op.primitive.algebra is Algebra.PRODUCT else []
        for column, other in pairs:
            if column in self.columns and other.type.rank == 1:
                return self.builder.call(np.outer, self.columns[column], other).operand
        found = self.builder.apply(op.primitive, operands, op.static, op.result.hint, op.result.loose)
        self.scaled.update((found, (self.columns[c], o)) for c, o in pairs if c in self.columns and o.type.rank == 2)
        return found

    def sum(self, op: Apply, axis: int) -> Operand:
        """A sum over other axes; over the rows of a matrix that are multiplied by numbers, a product."""
        axes = summed_axes(op)
        stay = [k for k in range(op.operands[0].type.rank or 0) if k not in axes]
        at = stay[(op.result.type.rank or 0) - 1 - axis]
        part = self.part(op.operands[0], (op.operands[0].type.rank or 0) - 1 - at)
        left = [a - (a > at) for a in axes]
        if part in self.scaled and left == [0] and op.result.type.is_inexact:
            return self.builder.call(np.matmul, *self.scaled[part]).operand
        return self.builder.call(np.sum, part, axis=left[0] if len(left) == 1 else tuple(left)).operand


def is_one_by_one(t: Type) -> bool:
    """Whether it is a slice that leaves nothing out."""
    return isinstance(t, SliceType) and (t.step is None or t.step.size == 1)
