"""A place that nobody reads any more need not be cleared.

    for j in reversed(range(1, n)):
        v1_bar = x_bar[j]                   v1_bar = x_bar[j]
        x_bar[j] = 0.0              ->      x_bar[j - 1] += v1_bar * a[j]
        x_bar[j - 1] += v1_bar * a[j]

The adjoint of a store clears the place, for what was there before has none of it. Where all that is read or added
later stands in other places, by the test of dependence analysis, and the array as a whole is not read later, nothing
sees the difference.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from typing import TypeGuard

from s2sad.analysis.dependence import Dependence
from s2sad.ir.containers import GETITEM, INDEX_ADD, INDEX_SET
from s2sad.ir.rewrite import map_blocks, substitute
from s2sad.ir.values import (
    Apply,
    Block,
    Constant,
    For,
    Function,
    If,
    Operand,
    Operation,
    Value,
    While,
    is_call_of,
    walk,
)


def without_clears(function: Function) -> Function:
    """The function without stores of zeros that nothing reads."""
    clears = [op for op in walk(function.body) if _is_clear(op)]
    if not clears:
        return function
    reads = _Reads(function)
    table: dict[Operand, Operand] = {op.result: op.operands[0] for op in clears if not reads.may_see(op)}
    for result in table:
        # one place after the other of an array may be cleared
        while table[result] in table:
            table[result] = table[table[result]]
    return replace(function, body=substitute(_dropped(function.body, set(table)), table)) if table else function


def _is_clear(op: Operation) -> TypeGuard[Apply]:
    """Whether an operation of a derivative stores 0 in a place of an array."""
    stored = op.operands[2] if is_call_of(op, INDEX_SET) else None
    return bool(op.about) and isinstance(stored, Constant) and isinstance(stored.value, float) and stored.value == 0.0


def _dropped(block: Block, results: set[Operand]) -> Block:
    kept = (op for op in block.operations if results.isdisjoint(op.results))
    return replace(block, operations=tuple(map_blocks(op, lambda b: _dropped(b, results)) for op in kept))


class _Reads:
    """What reads the arrays of a function, by their memory."""

    def __init__(self, function: Function) -> None:
        self.dependence = Dependence(function)
        self.places: dict[Value, list[Apply]] = {}
        """What reads a place of each array."""
        self.whole: dict[Value, list[Operation | None]] = {}
        """What reads all of it, None for what is read last: what the function gives, or an iteration."""
        for op in self.dependence.loops:
            self.read(op)
        self.given(function.body.results, None)

    def read(self, op: Operation) -> None:
        match op:
            case Apply() if op.primitive in (GETITEM, INDEX_ADD) and isinstance(op.operands[0], Value):
                self.places.setdefault(self.dependence.find(op.operands[0]), []).append(op)
                self.given(op.operands[1:], op)
            case Apply() if op.primitive is INDEX_SET:
                self.given(op.operands[1:], op)
            case Apply() if op.primitive.measures and len(op.operands) == 1:
                pass
            case For() | While():
                self.given(op.scanned if isinstance(op, For) else op.initial, op)
                # what an iteration gives beside what it carries is read behind all that is in it
                self.given(op.body.results[len(op.initial) :], None)
            case If():
                pass  # what its ways give is what it gives itself
            case _:
                self.given(op.operands, op)

    def given(self, operands: Iterable[Operand], op: Operation | None) -> None:
        for v in operands:
            if isinstance(v, Value):
                self.whole.setdefault(self.dependence.find(v), []).append(op)

    def may_see(self, clear: Apply) -> bool:
        """Whether something that runs later may read the place."""
        array, place = clear.operands[0], self.dependence.place(clear)
        if place is None or not isinstance(array, Value):
            return True
        memory = self.dependence.find(array)
        if any(op is None or self.is_later(op, clear) for op in self.whole.get(memory, ())):
            return True
        return any(self.dependence.may_meet(place, clear, op) for op in self.places.get(memory, ()))

    def is_later(self, op: Operation, clear: Apply) -> bool:
        """Whether an operation may run after another one has run."""
        loops = self.dependence.loops
        behind = self.dependence.position[op] > self.dependence.position[clear]
        return behind or (bool(loops[op]) and loops[op][:1] == loops[clear][:1])
