"""Sums into one element of an array, over a loop, as a number: the array gets it once, behind the loop.

    for j in range(n):                      c_bar_k = 0.0
        b_bar[j] += g * c[k]                for j in range(n):
        c_bar[k] += g * b[j]                    b_bar[j] += g * c[k]
                                                c_bar_k += g * b[j]
                                            c_bar[k] += c_bar_k

Only where nothing else in the loop can meet that element; only in sweeps, not in what the user wrote.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from s2sad.analysis.dependence import Dependence
from s2sad.ir.builder import Builder
from s2sad.ir.containers import GETITEM, INDEX_ADD, MAKE
from s2sad.ir.primitive import lookup
from s2sad.ir.rewrite import map_blocks, substitute
from s2sad.ir.values import (
    Apply,
    Block,
    Constant,
    For,
    Function,
    Operand,
    Operation,
    Value,
    applied_in,
    bound_in,
    constant,
    is_call_of,
    values_in,
    walk,
)


def accumulate(function: Function) -> Function:
    """The function with such sums as numbers."""
    if not any(is_call_of(op, INDEX_ADD) and op.about for op in walk(function.body)):
        return function
    arrays = Accumulate(function)
    return replace(function, body=arrays.block(function.body)) if any(arrays.plans.values()) else function


class Accumulate:
    """What is known of the arrays of one function."""

    def __init__(self, function: Function) -> None:
        self.dependence = Dependence(function)
        self.made: dict[Operand, Operation] = {r: op for op in walk(function.body) for r in op.results}
        self.plans = {op.index: self.plan(op) for op in walk(function.body) if isinstance(op, For)}
        """For each loop, by its index: the updates of an element, by their results, and the carried array."""

    def plan(self, loop: For) -> dict[tuple[int, object], set[Value]]:
        # A subscript made of what is bound in the body may be another element in each iteration: no sum of one number.
        inside = set(bound_in(loop.body))
        found: dict[tuple[int, object], set[Value]] = {}
        for op in loop.body.operations:
            place = self.place(loop, op, inside)
            if place is not None:
                found.setdefault(place, set()).update(op.results)
        return found

    def block(self, block: Block) -> Block:
        operations: list[Operation] = []
        table: dict[Operand, Operand] = {}
        for op in block.operations:
            if isinstance(op, For):
                new, behind = self.loop(op, table)
                operations += [new, *behind]
            else:
                operations.append(map_blocks(op, self.block))
        new_block = replace(block, operations=tuple(operations))
        return self.renamed(new_block, table)

    def renamed(self, block: Block, table: dict[Operand, Operand]) -> Block:
        """The block with what comes behind a loop reading the arrays that got their sums."""
        if not table:
            return block
        operations: list[Operation] = []
        seen: dict[Operand, Operand] = {}
        for op in block.operations:
            part = Block((), (op,), ())
            operations += substitute(part, seen).operations if seen else [op]
            for r in op.results:
                # From the update behind the loop on, and not before: the loop itself gives the array without its sum.
                if isinstance(op, Apply) and r in table.values():
                    seen.update((old, new) for old, new in table.items() if new is r)
        return replace(block, operations=tuple(operations), results=tuple(seen.get(r, r) for r in block.results))

    def loop(self, op: For, table: dict[Operand, Operand]) -> tuple[For, list[Operation]]:
        """A loop whose sums are numbers, and the updates behind it."""
        body = op.body
        behind = Builder(op.location, (op,))
        initial, parameters, yields, results = list(op.initial), [], [], []
        for (slot, _), wanted in self.plans[op.index].items():
            updates = [o for o in applied_in(body.operations) if o.result in wanted]
            first = updates[0]
            hint = f"{op.carried[slot].hint or 'v'}_sum"
            t = first.operands[2].type
            parameter, final = Value(t, hint), Value(t, hint)
            body, last = self.summed(body, updates, parameter)
            initial.append(constant(0.0))
            parameters.append(parameter)
            yields.append(last)
            results.append(final)
            behind.location = updates[-1].location
            behind.about = tuple(dict.fromkeys(o for u in updates for o in u.about))
            array = table.get(op.results[slot], op.results[slot])
            # A subscript that the loop does not change may still be made in its body: it is made again behind it.
            index = self.outside(first.operands[1], behind)
            total = behind.apply(INDEX_ADD, (array, index, final), None, op.results[slot].hint)
            table[op.results[slot]] = total
        n = len(op.initial)
        body = replace(
            body,
            parameters=(*body.parameters[: n + 1], *parameters, *body.parameters[n + 1 :]),
            results=(*body.results[:n], *yields, *body.results[n:]),
        )
        all_results = (*op.results[:n], *results, *op.results[n:])
        new = replace(op, initial=tuple(initial), body=self.block(body), results=all_results)
        return new, behind.operations

    def summed(self, body: Block, updates: list[Apply], parameter: Value) -> tuple[Block, Operand]:
        """A loop body with the updates as additions to a number."""
        add = lookup(np.add)
        assert add is not None
        # The number goes from one update to the next, and from one iteration to the next as a carried value.
        total: Operand = parameter
        operations: list[Operation] = []
        table: dict[Operand, Operand] = {}
        for op in body.operations:
            if op in updates:
                assert isinstance(op, Apply)
                builder = Builder(op.location, op.about)
                total = builder.apply(add, (total, op.operands[2]), None, parameter.hint)
                operations += builder.operations
                # The array goes by what it was before the update: inside the loop it is no longer written into there.
                table[op.result] = table.get(op.operands[0], op.operands[0])
            else:
                operations += substitute(Block((), (op,), ()), table).operations if table else [op]
        results = tuple(table.get(r, r) for r in body.results)
        return replace(body, operations=tuple(operations), results=results), total

    def place(self, loop: For, op: Operation, inside: set[Value]) -> tuple[int, object] | None:
        """Which carried array an update adds to, and where, if that is one element which nothing else meets."""
        if not is_call_of(op, INDEX_ADD) or not op.about:
            return None
        array, index, value = op.operands
        # Allowed where the sum of the loop goes into one element which nothing else in the loop reads or writes: then
        # adding the parts first and the sum afterwards is another order of one sum, a rounding elsewhere. The user's
        # own sums are left as they were written.
        slot = self.dependence.slot(array, loop)
        number = value.type.is_scalar and value.type.is_inexact
        if slot is None or not number or self.dependence.slot(loop.body.results[slot], loop) != slot:
            return None
        key = self.index_key(index, inside)
        if key is None or not isinstance(array, Value):
            return None
        own = self.dependence.access(op, array, index)
        # All axes must be subscripted: an update of a row is no number.
        if own is None or len(own.spans) != getattr(array.type, "rank", None):
            return None
        # What adds to the same element joins the sum. All else that touches the array must be provably apart from it.
        for other in walk(loop.body):
            if other is op or not self.touches(other, array):
                continue
            if not isinstance(other, Apply):
                return None
            same = other.primitive is INDEX_ADD and other in loop.body.operations
            if same and self.index_key(other.operands[1], inside) == key:
                continue
            if other.primitive is not GETITEM and not other.primitive.stores:
                return None
            place = self.dependence.access(other, array, other.operands[1])
            if place is None or not self.dependence.apart(own, place, None):
                return None
        return slot, key

    def touches(self, op: Operation, array: Value) -> bool:
        """Whether an operation reads or writes the memory of an array; loops and branches hand it on only."""
        if op.blocks:
            return False
        # A shape is not changed by what is stored.
        if isinstance(op, Apply) and op.primitive.measures:
            return False
        memory = self.dependence.find(array)
        return any(self.dependence.find(o) is memory for o in values_in(op.operands))

    def index_key(self, index: Operand, inside: set[Value]) -> object | None:
        """What tells a subscript of integers that a loop does not change from others; None for one that it changes."""
        if isinstance(index, Constant):
            return ("constant", repr(index.value))
        made = self.made.get(index)
        if is_call_of(made, MAKE):
            keys = [self.index_key(o, inside) for o in made.operands]
            return None if None in keys else tuple(keys)
        return None if index in inside else ("value", id(index))

    def outside(self, index: Operand, builder: Builder) -> Operand:
        """A subscript of what a loop does not change, behind it."""
        made = self.made.get(index)
        if is_call_of(made, MAKE):
            return builder.apply(MAKE, [self.outside(o, builder) for o in made.operands], made.static)
        return index
