"""A loop that goes over long arrays again and again does so a strip at a time: the strip stays in the cache.

    for k in range(m):                          for start in range(0, n, 1024):
        c = x[k]                                    for k in range(m):
        for i in range(n): y[i] = y[i] * c  ->          c = x[k]
                                                        for i in range(start, min(start + 1024, n)): y[i] = y[i] * c

The two loops change places (strip-mining and interchange: Kennedy & Allen, Optimizing Compilers for Modern
Architectures, 9.3): each element that the inner loop writes has its index on one axis, so no strip reads what another
one writes, and of one strip all is done in the order in which it was. What the inner loop adds up for an iteration of
the outer one is kept in an array, by the number of that iteration, and grows by each strip, as the sum of blocks does:
not a bit of it is another one. What else the outer loop does is done behind it, and must be apart from the inner one;
what it carries must be nothing that the inner one asks for. Numbers that do not change are computed for each strip. Of
a matrix a strip is some rows.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import numpy as np

from s2sad.ir.builder import Builder
from s2sad.ir.dims import may_be_negative
from s2sad.ir.loop_rule import BLOCK
from s2sad.ir.primitive import Effect, required
from s2sad.ir.primitives.memory import ALLOCATE, GUARD, LOAD, RESHAPED, STORE, TALLY, is_of_library
from s2sad.ir.rewrite import copied, map_blocks, reads_of, substitute
from s2sad.ir.types import integer
from s2sad.ir.values import (
    Apply,
    Block,
    Constant,
    For,
    Function,
    Operand,
    Operation,
    Value,
    bound_in,
    constant,
    is_int,
    values_in,
    walk,
)
from s2sad.loops.blocks import end_of, is_short, is_sum, zero
from s2sad.loops.dead import without_dead
from s2sad.loops.fusion import are_apart
from s2sad.loops.memory import Memory, Touched


def in_strips(function: Function) -> Function:
    """The function with such loops in strips; sums are of parts, as they are in blocks."""
    memory = Memory(function)
    nests: list[_Nest | None] = []

    def changed(block: Block) -> Block:
        operations: list[Operation] = []
        for op in block.operations:
            inner = map_blocks(op, changed)
            nest = _nest(inner, memory) if isinstance(inner, For) else None
            operations += [inner] if nest is None else nest.operations()
            nests.append(nest)
        return replace(block, operations=tuple(operations))

    made = replace(function, body=changed(function.body))
    return without_dead(made, Memory(made).roots) if any(nests) else function


def _nest(loop: For, memory: Memory) -> _Nest | None:
    """A loop, and the one in it whose strips are to be outside."""
    if not _is_plain(loop):
        return None
    nests = (_Nest(loop, inner, memory) for inner in loop.body.operations if isinstance(inner, For))
    return next((n for n in nests if n.is_legal()), None)


def _is_plain(loop: For) -> bool:
    return not (loop.breaks or loop.scanned or loop.snapshots) and len(loop.results) == len(loop.initial)


@dataclass(frozen=True)
class _Kept:
    """Where what the inner loop gives for an iteration of the outer one is kept; the store that did so before."""

    handle: Value
    places: tuple[Operand, ...]
    store: Apply | None


class _Nest:
    """A loop, and one in it over a long array."""

    def __init__(self, loop: For, inner: For, memory: Memory) -> None:
        self.loop, self.inner, self.memory = loop, inner, memory
        operations = loop.body.operations
        at = next(k for k, op in enumerate(operations) if op is inner)
        self.before, self.others = operations[:at], [op for op in operations if op is not inner]
        self.bound: set[Operand] = {*loop.body.parameters, *(r for op in operations for r in op.results)}
        self.touched: Touched = memory.touched(inner)
        self.checks = [op for op in self.before if isinstance(op, Apply) and op.primitive is GUARD]
        self.builder = Builder(loop.location, loop.about)
        self.row = next((op for op in walk(inner.body) if isinstance(op, For) and not is_short(op)), None)
        """The first long loop in the inner one."""

    # whether

    def is_legal(self) -> bool:
        return self._goes_along() and self._carries() and self._is_apart()

    def _goes_along(self) -> bool:
        """Whether the inner loop is a long one, each iteration of which has elements of its own."""
        inner = self.inner
        if not _is_plain(inner) or inner.reverse or not is_int(inner.step, 1) or is_short(inner):
            return False
        if self.touched.leaves or {inner.start, inner.stop} & self.bound:
            return False
        if any(map(_is_other_memory, walk(inner.body))) or not self._has_known_rows():
            return False
        accesses = [*self.touched.loads, *self.touched.stores]
        return all(
            are_apart([(a, inner.index) for a in accesses if root in a.roots]) for root in self.touched.written
        ) and all(r.type.kind == "numpy" for r in inner.results)

    def _carries(self) -> bool:
        """Whether it changes the same elements in each iteration of the outer loop, and comes to no others.

        What each iteration has a row of its own for is read or written once: in strips that is slower.
        """
        changing = self._changing()
        accesses = (*self.touched.loads, *self.touched.stores)
        if any(a.places is None or changing.intersection(a.places) for a in accesses):
            return False
        return bool(self.touched.written & self.touched.read)

    def _changing(self) -> set[Operand]:
        """What is not computed of the indices of the inner loop, and of those in it, alone."""
        found = {*self.bound, *self.inner.carried}
        for op in walk(self.inner.body):
            if not isinstance(op, Apply) or op.primitive is LOAD or found.intersection(op.operands):
                found.update(op.results)
            for block in op.blocks:
                found.update(block.parameters)
            if isinstance(op, For) and found.isdisjoint((op.start, op.stop, op.step)):
                found.discard(op.index)
        return found

    def _has_known_rows(self) -> bool:
        """Whether the long loops in the inner one, which go along its rows, have their lengths before the loops."""
        inside = {*self.bound, *bound_in(self.inner.body)}
        return self.row is None or (
            not self.inner.initial and is_int(self.row.start, 0) and self.row.stop not in inside
        )

    def _is_apart(self) -> bool:
        """Whether all else in the outer loop can be done when the inner one has been, for all its iterations."""
        if any(self.memory.touched(op).meets(self.touched) for op in self.others):
            return False
        if self.inner.initial and not (is_int(self.loop.start, 0) and is_int(self.loop.step, 1)):
            return False
        wanted = [*reads_of(self.inner.body), *self.inner.initial, *(o for op in self.checks for o in op.operands)]
        needed = self._slice(wanted)
        written = self.memory.touched(self.loop).written
        return needed is not None and not any(self.memory.touched(op).read & written for op in needed)

    def _slice(self, wanted: Sequence[Operand]) -> list[Apply] | None:
        """What computes numbers at the begin of an iteration; None where that is more than arithmetic of its number."""
        found: set[Operand] = {*values_in(wanted)}
        chosen: list[Apply] = []
        for op in reversed(self.before):
            if found.isdisjoint(op.results):
                continue
            if not isinstance(op, Apply) or op.effect is Effect.IO or _is_other_memory(op):
                return None
            found.update(values_in(op.operands))
            chosen.append(op)
        return None if found.intersection(self.loop.carried) else chosen[::-1]

    # how

    def operations(self) -> list[Operation]:
        kept = [self._kept(r) for r in self.inner.results]
        self._begin(kept)
        self._strips(kept)
        self._rest(kept)
        return self.builder.operations

    def _kept(self, result: Value) -> _Kept:
        """Where a result of the inner loop is stored, if that is all that is done with it, or an array for it."""
        users = [op for op in self.others if result in op.operands]
        if Counter(reads_of(self.loop.body))[result] == 1 and users:
            store = users[0]
            if isinstance(store, Apply) and store.primitive is STORE and self._is_own_place(store):
                handle = store.operands[0]
                assert isinstance(handle, Value)
                return _Kept(handle, store.operands[1:-1], store)
        count = self.loop.stop
        if not isinstance(count, Constant) and may_be_negative(count.type.size):
            count = self.builder.apply(required(max), (count, constant(0)))
        hint = f"{result.hint}s" if result.hint else None
        made = self.builder.apply(ALLOCATE, (count,), {"dtype": result.type.dtype}, hint)
        assert isinstance(made, Value)
        return _Kept(made, (self.loop.index,), None)

    def _is_own_place(self, store: Apply) -> bool:
        """Whether an element is that of one iteration, and nothing else in the loop comes to the array."""
        handle, *places, value = store.operands
        roots = self.memory.roots.get(handle)
        if not roots:
            return False
        for op in (self.inner, *self.others):
            touched = self.memory.touched(op)
            if op is not store and roots & (touched.read | touched.written):
                return False
        others = [p for p in places if p is not self.loop.index]
        return (
            len(others) == len(places) - 1
            and handle.type.dtype == value.type.dtype
            and not self.bound.intersection((handle, *others))
        )

    def _begin(self, kept: Sequence[_Kept]) -> None:
        """The checks, and what sums begin with."""
        if not kept and not self.checks:
            return
        inside = Builder(self.loop.location, self.loop.about)
        found = self._slice([*self.inner.initial, *(o for op in self.checks for o in op.operands)])
        chosen = {*(found or ()), *self.checks}
        inside.operations += [op for op in self.before if op in chosen]
        for k, first in zip(kept, self.inner.initial, strict=True):
            inside.apply(STORE, (k.handle, *k.places, first))
        self.builder.operations.append(self._again(inside))

    def _again(self, inside: Builder) -> Operation:
        """The outer loop with another body, which carries nothing."""
        loop = replace(self.loop, initial=(), body=inside.block((self.loop.index,), ()), results=())
        block = Block((), (loop,), ())
        return substitute(block, copied(block)).operations[0]

    def _strips(self, kept: Sequence[_Kept]) -> None:
        """The inner loop outside, and in each strip of it the outer one."""
        inner = self.inner
        around, inside = Builder(inner.location, inner.about), Builder(inner.location, inner.about)
        start = Value(integer(inner.index.type.size), "start", loose=True)
        step = self._step()
        end = end_of(around, start, inner.stop, step)
        inside.operations += self._slice([*reads_of(inner.body)]) or ()
        sums = [is_sum(inner, k) for k in range(len(kept))]
        so_far = [inside.apply(LOAD, (k.handle, *k.places)) for k in kept]
        initial = [zero(p) if s else o for p, s, o in zip(inner.carried, sums, so_far, strict=True)]
        parts = [Value(p.type, "part" if s else p.hint, loose=True) for p, s in zip(inner.carried, sums, strict=True)]
        inside.operations.append(replace(inner, start=start, stop=end, initial=tuple(initial), results=tuple(parts)))
        for k, s, o, part in zip(kept, sums, so_far, parts, strict=True):
            inside.apply(STORE, (k.handle, *k.places, inside.apply(TALLY, (o, part)) if s else part))
        around.operations.append(self._again(inside))
        body = around.block((start,), ())
        self.builder.operations.append(replace(inner, step=step, initial=(), body=body, results=()))

    def _step(self) -> Operand:
        """How many iterations of the inner loop are a strip: as many as a block has elements, or rows of so many."""
        if self.row is None:
            return constant(BLOCK)
        apply: Callable[..., Operand] = self.builder.apply
        length = apply(required(max), (self.row.stop, constant(1)))
        rows = apply(required(np.floor_divide), (constant(BLOCK), length))
        return apply(required(max), (rows, constant(1)), hint="rows")

    def _rest(self, kept: Sequence[_Kept]) -> None:
        """What else is done in each iteration."""
        gone = {self.inner, *self.checks, *(k.store for k in kept if k.store is not None)}
        inside = Builder(self.loop.location, self.loop.about)
        table: dict[Operand, Operand] = {}
        for op in self.loop.body.operations:
            if op is self.inner:
                for k, r in zip(kept, self.inner.results, strict=True):
                    if k.store is None:
                        table[r] = inside.apply(LOAD, (k.handle, *k.places))
            elif op not in gone:
                inside.operations.append(op)
        body = substitute(inside.block(self.loop.body.parameters, self.loop.body.results), table)
        if self.loop.initial or any(_does(op) for op in body.operations):
            self.builder.operations.append(replace(self.loop, body=body))


def _is_other_memory(op: Operation) -> bool:
    """Whether an operation gives a handle."""
    makes = isinstance(op, Apply) and (op.primitive in (ALLOCATE, RESHAPED) or is_of_library(op))
    return makes or any(r.type.is_array and r.type.rank for r in op.results)


def _does(op: Operation) -> bool:
    """Whether an operation does more than to give a number."""
    return not isinstance(op, Apply) or op.effect is Effect.IO
