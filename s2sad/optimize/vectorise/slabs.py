"""A list of slices that a loop keeps, one after another of one array, as a copy of all of them before the loop.

    for k in range(n):                           for k in range(n):
        v1s = []                                     v1s = a[:, k + 1:].copy()
        for j in range(k + 1, n):                    for j in range(k + 1, n):
            v1s.append(a[:, j].copy())                   a[:, j] -= ...
            a[:, j] -= ...                           kept.append(v1s)
        kept.append(v1s)
    ...                                          ...
        for j, v1 in zip(..., reversed(v1s)):    for j in ...:
            x += v1 * y[j]                           x += v1s[:, j - (k + 1)] * y[j]

The same where no iteration changes what a later one keeps, nor what it keeps itself before that, by the test of
dependence analysis. The loop that read the list is then one that may be an expression of slices.
"""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, replace

import numpy as np

from s2sad.analysis.dependence import Dependence
from s2sad.ir.builder import Builder
from s2sad.ir.containers import GETITEM, MAKE_SLICE
from s2sad.ir.rewrite import map_blocks, substitute
from s2sad.ir.types import SequenceType, SliceType, Type
from s2sad.ir.values import (
    Apply,
    Block,
    For,
    Function,
    Operand,
    Operation,
    Value,
    bound_in,
    constant,
    is_call_of,
    is_int,
    makers,
    walk,
)
from s2sad.optimize.vectorise.places import Stays, is_integer, is_turned, is_whole, items_of, places_of


def with_slabs(function: Function) -> Function:
    """The function with such lists as arrays."""
    if not any(isinstance(op, For) and len(op.results) > len(op.initial) for op in walk(function.body)):
        return function
    slabs = Slabs(function)
    slabs.visit(function.body, ())
    return replace(function, body=slabs.block(function.body)) if slabs.table else function


@dataclass(frozen=True, eq=False)
class Slab:
    """What is kept by a loop as its result number `slot`: the operations that make the array, and which of its axes
    has the iterations."""

    loop: For
    slot: int
    operations: tuple[Operation, ...]
    value: Value
    axis: int


class Slabs:
    """The lists of one function that are slabs."""

    def __init__(self, function: Function) -> None:
        self.function = function
        self.dependence = Dependence(function)
        self.made = makers(self.dependence.definition.values())
        self.table: dict[Operand, Operand] = {}
        """What stands for the lists, for the lists of them, and for what is taken of these."""
        self.kept: dict[For, list[Slab]] = {}
        """By the loop what it no longer keeps."""
        self.taken: dict[For, dict[int, Slab]] = {}
        """By the loop what it no longer scans."""
        self.scans: dict[Value, list[tuple[For, int]]] = {}
        self.collects: dict[Value, list[tuple[For, int]]] = {}
        self.others: set[Operand] = set(function.body.results)
        for op in walk(function.body):
            self.read(op)

    def read(self, op: Operation) -> None:
        """Note what an operation does with the lists that it reads."""
        if not isinstance(op, For):
            self.others.update(op.operands)
            for block in op.blocks:
                self.others.update(block.results)
            return
        self.others.update((op.start, op.stop, op.step, *op.initial))
        for k, scanned in enumerate(op.scanned):
            if isinstance(scanned, Value):
                self.scans.setdefault(scanned, []).append((op, k))
        n = len(op.initial)
        for k, r in enumerate(op.body.results):
            if n <= k < len(op.results) and isinstance(r, Value):
                self.collects.setdefault(r, []).append((op, k))
            else:
                self.others.add(r)

    def visit(self, block: Block, around: Sequence[Value]) -> None:
        """Find the slabs of a block, innermost last."""
        integers = [*around, *filter(is_integer, block.parameters)]
        for op in block.operations:
            if isinstance(op, For):
                for k in range(len(op.initial), len(op.results)):
                    with suppress(Stays):
                        self.keep(self.slab(op, k, integers))
            for inner in op.blocks:
                self.visit(inner, integers)
            integers += filter(is_integer, op.results)

    # what a loop keeps

    def slab(self, loop: For, slot: int, integers: Sequence[Value]) -> Slab:
        """The slices that a loop keeps as one."""
        value = loop.body.results[slot]
        read = self.made.get(value)
        if loop.reverse or loop.breaks or loop.step.type.size != 1 or read not in loop.body.operations:
            raise Stays
        if not is_call_of(read, GETITEM) or value.type.kind != "array" or not value.type.rank:
            raise Stays
        before = self.unchanged(loop, read)
        items, shape = items_of(read.operands[1], self.made), before.type.shape
        if shape is None or len(items) > len(shape):
            raise Stays
        places = places_of(loop, self.dependence, integers)
        inside = set(bound_in(loop.body))
        builder = Builder(read.location, read.about)
        found: list[Operand] = []
        counted = [k for k, item in enumerate(items) if item.type.is_scalar and item in inside]
        for k, (item, length) in enumerate(zip(items, shape, strict=False)):
            if counted == [k] and places.is_next(item, length):
                found.append(places.slice(item, length, builder))
            elif isinstance(item.type, SliceType):
                found.append(self.outside(item, inside, builder))
            elif item not in inside and (places.is_never_empty or places.is_inside(item.type.size, length)):
                found.append(item)
            else:
                raise Stays
        if len(counted) != 1:
            raise Stays
        axis = sum(isinstance(o.type, SliceType) for o in found[: counted[0]])
        while found and is_whole(found[-1]):
            found.pop()
        all_of_it = builder.apply(GETITEM, (before, builder.one_or_tuple(found))) if found else before
        made = builder.call(np.copy, all_of_it).operand
        name = loop.results[slot].hint
        result = Value(made.type, name)
        builder.rename(made, result)
        return Slab(loop, slot, tuple(builder.operations), result, axis)

    def unchanged(self, loop: For, read: Apply) -> Value:
        """The array before a loop, of which each iteration reads what none has changed before."""
        array = read.operands[0]
        slot = self.dependence.slot(array, loop)
        if slot is None or not isinstance(array, Value) or self.dependence.slot(loop.body.results[slot], loop) != slot:
            raise Stays
        memory, place = self.dependence.find(array), self.dependence.place(read)
        initial = loop.initial[slot]
        if memory in self.dependence.whole or place is None or not isinstance(initial, Value):
            raise Stays
        if (initial.type.dtype, initial.type.shape) != (array.type.dtype, array.type.shape):
            raise Stays
        level = len(self.dependence.loops[loop])
        for store in self.dependence.stores.get(memory, ()):
            if loop not in self.dependence.loops[store]:
                continue
            other = self.dependence.place(store)
            if other is None or not self.dependence.apart(other, place, level):
                raise Stays
            first = self.dependence.position[store] < self.dependence.position[read]
            if first and not self.dependence.apart(other, place, None):
                raise Stays
        return initial

    def outside(self, item: Operand, inside: set[Value], builder: Builder) -> Operand:
        """A slice of what a loop does not change, before it."""
        if not isinstance(item, Value) or item not in inside:
            return item
        op = self.made.get(item)
        if not is_call_of(op, MAKE_SLICE) or not inside.isdisjoint(op.operands):
            raise Stays
        return builder.apply(MAKE_SLICE, op.operands)

    # where it is read

    def keep(self, slab: Slab) -> None:
        """Put an array in the place of a list, if all that reads the list can read the array."""
        old = slab.loop.results[slab.slot]
        table: dict[Operand, Operand] = {old: slab.value}
        taken: list[tuple[For, int]] = []
        self.follow(old, slab.value.type, (slab.loop,), table, taken)
        self.table.update(table)
        self.kept.setdefault(slab.loop, []).append(slab)
        for loop, k in taken:
            self.taken.setdefault(loop, {})[k] = slab

    def follow(
        self, v: Value, t: Type, nest: tuple[For, ...], table: dict[Operand, Operand], taken: list[tuple[For, int]]
    ) -> None:
        """Find what reads a list: `nest` are the loops that have collected it, the last of them outermost."""
        if v in self.others:
            raise Stays
        *inner, outermost = nest
        for loop, k in self.scans.get(v, ()):
            item = loop.items[k]
            if not _is_same_range(loop, outermost) or is_turned(loop, item):
                raise Stays
            if not inner:
                taken.append((loop, k))
                continue
            assert isinstance(t, SequenceType)
            table[item] = Value(t.item, item.hint, item.loose)
            self.follow(item, t.item, tuple(inner), table, taken)
        for loop, k in self.collects.get(v, ()):
            result = loop.results[k]
            if loop.step.type.size != 1 or loop.reverse or not isinstance(result.type, SequenceType):
                raise Stays
            many = SequenceType(t, result.type.length)
            table[result] = Value(many, result.hint, result.loose)
            self.follow(result, many, (*nest, loop), table, taken)

    # the function with them

    def block(self, block: Block) -> Block:
        """A block with arrays in the place of lists."""
        operations: list[Operation] = []
        for op in block.operations:
            if isinstance(op, For):
                operations += (made for slab in self.kept.get(op, ()) for made in slab.operations)
                op = self.without(op)
            operations.append(map_blocks(op, self.block))
        return substitute(replace(block, operations=tuple(operations)), self.table)

    def without(self, loop: For) -> For:
        """A loop that keeps no slabs, and reads those of others at the places that are its own."""
        kept, taken = {s.slot for s in self.kept.get(loop, ())}, self.taken.get(loop, {})
        if not kept and not taken:
            return loop
        builder = Builder(loop.location, loop.about)
        for k, slab in taken.items():
            place: Operand = loop.index
            if not is_int(loop.start, 0):
                place = builder.call(np.subtract, place, loop.start).operand
            index = builder.one_or_tuple([*[constant(slice(None))] * slab.axis, place])
            builder.rename(builder.apply(GETITEM, (self.table[loop.scanned[k]], index)), loop.items[k])
        stay = [k for k in range(len(loop.scanned)) if k not in taken]
        results = [k for k in range(len(loop.body.results)) if k not in kept]
        n = 1 + len(loop.initial)
        body = Block(
            (*loop.body.parameters[:n], *(loop.items[k] for k in stay)),
            (*builder.operations, *loop.body.operations),
            tuple(loop.body.results[k] for k in results),
        )
        return replace(
            loop,
            scanned=tuple(loop.scanned[k] for k in stay),
            ascending=tuple(loop.is_ascending(k) for k in stay),
            body=body,
            results=tuple(r for k, r in enumerate(loop.results) if k not in kept),
        )


def _is_same_range(one: For, two: For) -> bool:
    """Whether two loops count by the same numbers, one by one."""
    ends = [(loop.start.type.size, loop.stop.type.size) for loop in (one, two)]
    return None not in ends[0] and ends[0] == ends[1] and one.step.type.size == two.step.type.size == 1
