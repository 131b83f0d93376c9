"""How long values are read: what is not read any more may be overwritten."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field

from s2sad.ir.values import Block, Function, If, Operand, Operation, Value, is_loop, values_in


@dataclass
class Span:
    """A part of the text."""

    start: int
    end: int


@dataclass
class Lives:
    """Where operations stand, and where values are read."""

    start: dict[Operation, int] = field(default_factory=dict)
    end: dict[Operation, int] = field(default_factory=dict)
    bound: dict[Value, int] = field(default_factory=dict)
    reads: dict[Value, list[int]] = field(default_factory=dict)
    """A loop reads at its end what is bound before it."""
    count: Counter[Value] = field(default_factory=Counter)
    outside: dict[Operation, set[Value]] = field(default_factory=dict)
    """What a loop reads of the values that are bound before it."""
    others: dict[Operation, tuple[Span, ...]] = field(default_factory=dict)
    """The other sides of the branches in which an operation stands: they run where it does not."""

    def is_read_behind(self, value: Value, op: Operation) -> bool:
        """Whether a value is read after an operation."""
        return self._is_read(value, op, self.end[op])

    def is_read_from(self, value: Value, op: Operation) -> bool:
        """Whether a value is read in the blocks of an operation, or after it."""
        return self._is_read(value, op, self.start[op])

    def _is_read(self, value: Value, op: Operation, after: int) -> bool:
        others = self.others[op]
        return any(at > after and not any(s.start <= at <= s.end for s in others) for at in self.reads.get(value, ()))


def lives(function: Function) -> Lives:
    """The lives of all values of a function."""
    found = Lives()
    _Walk(found).block(function.body)
    return found


class _Walk:
    def __init__(self, found: Lives) -> None:
        self.found = found
        self.loops: list[Operation] = []
        self.others: tuple[Span, ...] = ()
        self.position = 0

    def block(self, block: Block) -> None:
        for p in block.parameters:
            self.found.bound[p] = self.position
        for op in block.operations:
            self.position += 1
            self.found.start[op], self.found.others[op] = self.position, self.others
            for o in op.operands:
                self.read(o)
            self.inside(op)
            self.found.end[op] = self.position
            for r in op.results:
                self.found.bound[r] = self.position
        self.position += 1
        for o in values_in(block.results):
            self.read(o)

    def inside(self, op: Operation) -> None:
        if isinstance(op, If):
            self.branch(op)
        elif is_loop(op):
            self.loops.append(op)
            self.found.outside[op] = set()
            for inner in op.blocks:
                self.block(inner)
            self.loops.pop()
            self.position += 1
            for value in self.found.outside[op]:
                self.found.reads[value].append(self.position)

    def branch(self, op: If) -> None:
        around, then, orelse = self.others, Span(0, 0), Span(0, -1)
        then.start = self.position
        self.others = (*around, orelse)
        self.block(op.then)
        then.end, orelse.start = self.position, self.position + 1
        self.others = (*around, then)
        self.block(op.orelse)
        orelse.end, self.others = self.position, around

    def read(self, operand: Operand) -> None:
        if not isinstance(operand, Value):
            return
        self.found.count[operand] += 1
        self.found.reads.setdefault(operand, []).append(self.position)
        for loop in self.loops:
            if self.found.bound[operand] < self.found.start[loop]:
                self.found.outside[loop].add(operand)
