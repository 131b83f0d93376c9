"""The body of a loop for all its iterations at once: each operation on numbers, or rows, as one on arrays of them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TypeAlias

import numpy as np

from s2sad.analysis.dependence import Dependence
from s2sad.ir.containers import GETITEM, INDEX_ADD, MAKE, MAKE_SLICE
from s2sad.ir.dims import Dim
from s2sad.ir.primitive import Algebra, Effect
from s2sad.ir.types import SliceType, Type
from s2sad.ir.values import Apply, Block, Constant, For, Operand, Operation, Value, applied_in
from s2sad.optimize.identities.operands import is_zeros
from s2sad.optimize.vectorise.places import Place, Places, Stays, is_whole, items_of
from s2sad.optimize.vectorise.recurrences import chains, has_recurrence
from s2sad.optimize.vectorise.reductions import Reductions
from s2sad.optimize.vectorise.rows import Many

Links: TypeAlias = dict[Apply, tuple[Operand, Operand]]


class Turning(Reductions):
    """One loop, whose operations are `done` for all iterations; raises `Stays` where they cannot be."""

    def __init__(
        self,
        loop: For,
        places: Places,
        dependence: Dependence,
        made: Mapping[Operand, Apply],
        rows_of_lists: bool = False,
    ) -> None:
        super().__init__(loop, places, made)
        self.many.update((item, Many(self.scanned(item, rows_of_lists), 0)) for item in loop.items)
        self.links: Links = {}
        """The operations that add to a sum which the loop carries: the sum so far, and what is added."""
        self.stores: set[Operation] = set()
        self.given: set[Operand] = set()
        """Values that are arrays which the loop carried."""
        for k, chain in enumerate(chains(loop)):
            self.table[loop.carried[k]] = loop.initial[k]
            if chain is None:
                self.sum(loop.carried[k], loop.body.results[k])
            elif has_recurrence(loop, chain, dependence):
                raise Stays
            else:
                self.stores.update(chain.stores)

    def done(self) -> tuple[tuple[Operation, ...], dict[Operand, Operand]]:
        """The operations in the place of the loop, and what stands for its results."""
        for op in applied_in(self.loop.body.operations):
            self.builder.location, self.builder.about = op.location, op.about or self.loop.about
            self.operation(op)
        results = zip(self.loop.results, self.loop.body.results, strict=True)
        return tuple(self.builder.operations), {r: self.same(last) for r, last in results}

    def sum(self, start: Value, last: Operand) -> None:
        """Find the additions that lead from what the loop carries in to what it carries out."""
        links = links_of(self.loop.body, start, last, self.made, self.reads)
        if links is None:
            raise Stays
        self.links.update(links)

    def operation(self, op: Apply) -> None:
        """Do an operation of the body for all iterations."""
        if op in self.links:
            self.add(op, *self.links[op])
        elif op.primitive.stores:
            self.store(op)
        elif not any(map(self.depends, op.operands)):
            self.once(op)
        elif op.primitive is GETITEM:
            self.read(op)
        elif _is_subscript(op.result.type):
            self.counting.add(op.result)
        elif op.primitive.elementwise and isinstance(op.primitive.function, np.ufunc):
            if not self.outer(op):
                self.elementwise(op)
        elif op.primitive.contracts:
            self.contraction(op)
        elif op.primitive.function is np.sum:
            self.reduction(op)
        elif op.primitive.function is np.outer and all(o.type.rank == 1 for o in op.operands):
            self.outers[op.result] = op
        else:
            raise Stays

    def once(self, op: Apply) -> None:
        """An operation that is the same in all iterations, where it may be done although there is no iteration."""
        if op.primitive.effect is Effect.IO or not (self.places.is_never_empty or self.is_harmless(op)):
            raise Stays
        result = self.builder.apply(
            op.primitive, [self.same(o) for o in op.operands], op.static, op.result.hint, op.result.loose
        )
        self.table[op.result] = result
        if isinstance(result, Value) and _is_subscript(result.type) and result.type.size is not None:
            self.places.integers.append(result)

    def is_harmless(self, op: Apply) -> bool:
        """Whether an operation raises nothing, and warns of nothing."""
        if op.primitive is GETITEM:
            shape = op.operands[0].type.shape
            items = items_of(op.operands[1], self.made)
            return shape is not None and all(map(self.is_there, items, shape))
        spelled = op.primitive in (MAKE, MAKE_SLICE) or op.primitive.measures
        return spelled or op.primitive.algebra not in (None, Algebra.QUOTIENT)

    def read(self, op: Apply) -> None:
        array, index = op.operands
        if array in self.many or array in self.wide:
            raise Stays
        place = self.place(array, index)
        stands = self.many if place.axis in (0, place.rank) and place.rank < 2 else self.wide
        stands[op.result] = Many(self.taken(op, array, place), place.axis)

    def taken(self, op: Apply, array: Operand, place: Place) -> Operand:
        """What an array has at a place."""
        array = self.same(array)
        if not place.items:
            return array
        index = self.builder.one_or_tuple(place.items)
        return self.builder.apply(GETITEM, (array, index), None, op.result.hint, op.result.loose)

    def add(self, op: Apply, so_far: Operand, summand: Operand) -> None:
        """Add what all iterations add to a sum."""
        total, negative = self.total(summand)
        if op.primitive.algebra is Algebra.DIFFERENCE:
            negative = not negative
        before = self.same(so_far)
        if self.is_nothing(before, total.type):
            found = self.builder.call(np.negative, total).operand if negative else total
        else:
            found = self.builder.call(np.subtract if negative else np.add, self.builder.expr(before), total).operand
        self.table[op.result] = self.named(found, op.result)

    def store(self, op: Apply) -> None:
        if op not in self.stores:
            raise Stays
        array, index, value = op.operands
        if index in self.counting or index in self.many:
            place = self.place(array, index)
            if place.rank > 1:
                raise Stays
            stored = self.fitted(value, place.rank, place.axis)
            if not place.items and self.store_all(op, stored):
                return
            at = self.builder.one_or_tuple(place.items) if place.items else self.builder.operand(slice(None))
        elif op.primitive is INDEX_ADD:
            stored = self.positive(value)
            at = self.same(index)
        else:
            raise Stays
        operands = (self.same(array), at, stored)
        self.table[op.result] = self.builder.apply(op.primitive, operands, None, op.result.hint, op.result.loose)

    def store_all(self, op: Apply, stored: Operand) -> bool:
        """Store in all elements of an array at once, or add to them, as the value itself or as a sum of two arrays."""
        array = self.same(op.operands[0])
        t = stored.type
        if (t.dtype, t.shape) != (array.type.dtype, array.type.shape):
            return False
        empty = op.primitive is not INDEX_ADD or self.is_nothing(array, t)
        # Two arrays that are written into are not one: each has what was computed here for itself.
        if empty and self.is_new(stored) and stored not in self.given:
            alone = self.reads[op.operands[2]] == 1
            self.table[op.result] = self.named(stored, op.result) if alone else stored
            self.given.update((stored, self.table[op.result]))
        else:
            sum_of_two = (np.add, self.builder.expr(array), stored)
            found = self.builder.call(*((np.copy, stored) if empty else sum_of_two))
            self.table[op.result] = self.named(found.operand, op.result)
        return True

    def is_new(self, value: Operand) -> bool:
        """Whether a value was computed here, in memory of its own."""
        made = next((o for o in applied_in(reversed(self.builder.operations)) if o.result is value), None)
        return made is not None and made.effect is Effect.FRESH

    def is_nothing(self, start: Operand, t: Type) -> bool:
        """Whether a sum begins with 0, or with zeros of the type of what is added."""
        if isinstance(start, Constant):
            return start.value == 0.0 and not t.rank
        return is_zeros(self.made.get(start)) and (start.type.dtype, start.type.shape) == (t.dtype, t.shape)

    def place(self, array: Operand, index: Operand) -> Place:
        """The place of a subscript that counts with the loop."""
        shape = array.type.shape
        items = items_of(index, self.made)
        if array.type.kind != "array" or shape is None or len(items) > len(shape):
            raise Stays
        if not all(_is_subscript(i.type) for i in items):
            raise Stays
        counts = [i for i in items if i in self.counting or i in self.many]
        rank = len(shape) - len(items) + sum(isinstance(i.type, SliceType) for i in items)
        as_slice = len(counts) == 1 and self.places.is_next(counts[0], shape[items.index(counts[0])])
        # Index arrays: where numbers or slices stand between them, their axes go elsewhere.
        if not (as_slice or rank == 0 or (rank == 1 and len(items) == 1)):
            raise Stays
        found: list[Operand] = []
        axis = 0
        for item, length in zip(items, shape, strict=False):
            if item in counts:
                axis = sum(isinstance(o.type, SliceType) for o in found)
                found.append(self.places.slice(item, length, self.builder) if as_slice else self.numbers(item))
            elif self.is_there(item, length):
                found.append(self.same(item))
            else:
                raise Stays
        while found and is_whole(found[-1]):
            found.pop()
        return Place(tuple(found), axis, rank)

    def is_there(self, item: Operand, length: Dim) -> bool:
        """Whether an item of a subscript takes no place beside its axis, in a loop without iterations too."""
        at_all = self.places.is_never_empty
        return at_all or isinstance(item.type, SliceType) or self.places.is_inside(item.type.size, length)


def links_of(
    body: Block, start: Value, last: Operand, made: Mapping[Operand, Apply], reads: Mapping[Operand, int]
) -> Links | None:
    """The additions that lead from what a loop carries in to what it carries out: the sum so far, and what is added.

    None where something else is done to the sum, or anything but the sum itself may know how far it is.
    """
    so_far: set[Operand] = {start}
    for op in applied_in(body.operations):
        if op.primitive.is_additive and not so_far.isdisjoint(op.operands):
            so_far.add(op.result)
    if last not in so_far or reads[start] != 1 or not start.type.is_inexact:
        return None
    links: Links = {}
    while last is not start:
        link = made[last]
        a, b = link.operands
        if link.primitive.algebra is Algebra.SUM and a not in so_far:
            a, b = b, a
        if a not in so_far or reads[last] != 1:
            return None
        links[link] = (a, b)
        last = a
    return links


def _is_subscript(t: Type) -> bool:
    """Whether it may stand in a subscript: an integer, a slice or a tuple of them."""
    if t.cls is tuple:
        return all(map(_is_subscript, t.items))
    return isinstance(t, SliceType) or (t.is_scalar and t.is_integer)
