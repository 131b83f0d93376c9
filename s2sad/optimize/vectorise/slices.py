"""Slices of an array that a line reads in place, where they would be arrays of their own.

    v_bar = -a_bar[k + 1:, k + 1:]                    a_bar[k, k + 1:] -= a[k + 1:, k] @ a_bar[k + 1:, k + 1:]
    a_bar[k, k + 1:] += a[k + 1:, k] @ v_bar     ->   a_bar[k + 1:, k] -= a_bar[k + 1:, k + 1:] @ a[k, k + 1:]
    a_bar[k + 1:, k] += v_bar @ a[k, k + 1:]

The minus goes from a factor to the product, which is exact. A slice that is read behind a store in another place of its
array is that of the array as it is by then, which takes no copy.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from s2sad.analysis.dependence import Dependence
from s2sad.ir.containers import GETITEM, INDEX_ADD, INDEX_SET, is_basic_index
from s2sad.ir.primitive import Algebra, Effect, required
from s2sad.ir.rewrite import map_blocks, reads_of, substitute_operation
from s2sad.ir.values import (
    Apply,
    Block,
    Call,
    Function,
    Operand,
    Operation,
    Value,
    is_call_of,
    is_update,
    makers,
    walk,
)
from s2sad.optimize.identities.operands import is_unnamed

FEW = 2
"""How many lines a slice may be written into."""


def read_in_place(function: Function) -> Function:
    """The function with slices of adjoints read in place."""
    function = Signs(function).done()
    return Again(function).done()


class Signs:
    """The minus of a slice, put to the products that it is a factor of where these are added."""

    def __init__(self, function: Function) -> None:
        self.function = function
        read: Counter[Operand] = Counter(reads_of(function.body))
        made: dict[Operand, Apply] = makers(walk(function.body))
        added = {op.operands[2] for op in walk(function.body) if is_call_of(op, INDEX_ADD) and op.about}
        self.products = {
            v: op
            for v, op in made.items()
            if op.primitive.contracts and op.about and not op.static and v in added and read[v] == 1
        }
        factors = Counter(v for op in self.products.values() for v in {*op.operands})
        self.slices: dict[Operand, Operand] = {
            v: op.operands[0]
            for v, op in made.items()
            if op.primitive.algebra is Algebra.NEGATIVE
            and op.about
            and is_unnamed(v)
            and _is_slice(made.get(op.operands[0]))
            and 0 < factors[v] == read[v]
        }
        """The slices themselves, by what is their negative."""
        products = self.products.items()
        self.negative = {v for v, op in products if sum(o in self.slices for o in op.operands) == 1}

    def done(self) -> Function:
        return replace(self.function, body=self.block(self.function.body)) if self.slices else self.function

    def block(self, block: Block) -> Block:
        operations: list[Operation] = []
        for op in block.operations:
            if isinstance(op, Apply) and op.result in self.slices:
                continue
            if isinstance(op, Apply) and op.result in self.products:
                op = replace(op, operands=tuple(self.slices.get(o, o) for o in op.operands))
            if is_call_of(op, INDEX_ADD) and op.operands[2] in self.negative:
                minus = Value(op.operands[2].type)
                operations.append(Apply(required(np.negative), op.operands[2:], minus, {}, op.location, op.about))
                op = replace(op, operands=(*op.operands[:2], minus))
            operations.append(map_blocks(op, self.block))
        return replace(block, operations=tuple(operations))


class Again:
    """Slices that are taken again behind stores in other places of their arrays."""

    def __init__(self, function: Function) -> None:
        self.function = function
        self.dependence: Dependence | None = None
        self.read: Counter[Operand] = Counter(reads_of(function.body))
        self.made = makers(walk(function.body))
        self.few = {v for v, op in self.made.items() if op.about and self.read[v] <= FEW and _is_slice(op)}

    def done(self) -> Function:
        return replace(self.function, body=self.block(self.function.body)) if self.few else self.function

    def block(self, block: Block) -> Block:
        operations: list[Operation] = []
        now: dict[Operand, Operand] = {}
        """For each slice, its array behind the last store, where the slice is still what it was."""
        for op in self.at_readers(block):
            table: dict[Operand, Operand] = {}
            for o in op.operands if isinstance(op, Apply) else ():
                if o in now and now[o] is not self.made[o].operands[0]:
                    taken = self.made[o]
                    again = replace(taken, operands=(now[o], taken.operands[1]), result=Value(taken.result.type))
                    operations.append(again)
                    table[o] = again.result
            operations.append(map_blocks(substitute_operation(op, table) if table else op, self.block))
            if isinstance(op, Apply):
                if op.result in self.few:
                    now[op.result] = op.operands[0]
                if is_update(op):
                    self.store(op, now)
        return replace(block, operations=tuple(operations))

    def store(self, op: Apply, now: dict[Operand, Operand]) -> None:
        """Note that a store gives the arrays of slices, or parts of them, another value."""
        for v in [v for v, array in now.items() if array is op.operands[0]]:
            if self.apart(self.made[v], op):
                now[v] = op.result
            else:
                del now[v]

    def at_readers(self, block: Block) -> list[Operation]:
        """The operations of a block; what is computed of slices stands in front of what reads it, as in the text."""
        place = {op: k for k, op in enumerate(block.operations)}
        reader = {o: op for op in block.operations for o in op.operands}
        late: set[Operand] = set()
        for op in reversed(block.operations):
            if isinstance(op, Apply) and op.result in reader and self.may_wait(op):
                behind = place[reader[op.result]]
                if self.is_free(op, block.operations[place[op] + 1 : behind]):
                    late.add(op.result)
                    place[op] = behind
        operations: list[Operation] = []

        def put(op: Operation) -> None:
            for o in op.operands:
                if o in late:
                    put(self.made[o])
            operations.append(op)

        for op in block.operations:
            if late.isdisjoint(op.results):
                put(op)
        return operations

    def may_wait(self, op: Apply) -> bool:
        """Whether it is a part of one line, computed of slices."""
        once = self.read[op.result] == 1 and is_unnamed(op.result)
        return once and bool(op.about) and op.effect is Effect.FRESH and op.result.type.is_array

    def is_free(self, op: Apply, between: Sequence[Operation]) -> bool:
        """Whether what an operation reads is the same behind those `between`, but for a slice that is taken again."""
        now = {o: self.made[o].operands[0] if _is_slice(self.made.get(o)) else o for o in op.operands}
        if self.few.isdisjoint(now) or any(other.blocks or isinstance(other, Call) for other in between):
            return False
        moved = False
        for other in filter(is_update, between):
            for o in [o for o, array in now.items() if array is other.operands[0]]:
                if o not in self.few or not self.apart(self.made[o], other):
                    return False
                now[o], moved = other.result, True
        return moved

    def apart(self, taken: Apply, store: Apply) -> bool:
        """Whether a store is in another place than a slice."""
        if self.dependence is None:
            self.dependence = Dependence(self.function)
        if store.primitive not in (INDEX_ADD, INDEX_SET):
            return False
        one, two = self.dependence.place(taken), self.dependence.place(store)
        return one is not None and two is not None and self.dependence.apart(one, two, None)


def _is_slice(op: Operation | None) -> bool:
    """Whether an operation takes a slice of an array."""
    return is_call_of(op, GETITEM) and bool(op.result.type.rank) and is_basic_index(op.operands[1].type)
