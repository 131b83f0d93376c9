"""What a function needs: the operations and values that its result, and what it does besides, are computed of.

    for i in range(n):                    needed: s, x, i, n
        kept = longer(kept, x[i])         not:    kept, which nothing but itself is made of
        s = s + x[i]

Lattice: sets of operations and values under inclusion; the least one that holds what it begins with. So what a loop
carries is needed where something needed reads it, and not by what it is in the next iteration (aggressive dead code
elimination: Cytron, Ferrante, Rosen, Wegman & Zadeck, Efficiently computing static single assignment form, 1991, 7.1).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field

from s2sad.ir.values import Apply, Block, Call, For, Function, If, Operand, Operation, Value, While

Along = Callable[[Operation], Iterable[Operation]]
"""The operations that are needed where one is, though it reads no result of theirs."""


@dataclass(frozen=True)
class Needed:
    """What is needed. Of what a loop carries there are its result and its parameters, or none of them."""

    operations: set[Operation] = field(default_factory=set)
    values: set[Operand] = field(default_factory=set)


def needed(function: Function, first: Iterable[Operation], along: Along) -> Needed:
    """What the result of a function needs, and these operations of it."""
    search = _Search(function.body, along)
    search.read(function.body.results)
    for op in first:
        search.need(op)
    search.run()
    return search.found


class _Search:
    def __init__(self, body: Block, along: Along) -> None:
        self.along = along
        self.found = Needed()
        self.around: dict[Operation, Operation] = {}
        """The operations in whose blocks others stand."""
        self.makers: dict[Operand, tuple[Operation, int]] = {}
        """By a value: which result it is of what, or which carried one in it."""
        self.scanned: dict[Operand, Operand] = {}
        """By an item: the sequence that it is of."""
        self.left: list[Operation | Value] = []
        self.look(body, None)

    def look(self, block: Block, around: Operation | None) -> None:
        for op in block.operations:
            if around is not None:
                self.around[op] = around
            if isinstance(op, (Apply, Call)):
                self.makers[op.result] = op, 0
                continue
            for k in range(len(op.results)):
                self.makers.update((v, (op, k)) for v in names_of(op, k))
            if isinstance(op, For):
                self.scanned.update(zip(op.items, op.scanned, strict=True))
            for inner in op.blocks:
                self.look(inner, op)

    def read(self, operands: Iterable[Operand]) -> None:
        self.left += [o for o in operands if isinstance(o, Value) and o not in self.found.values]

    def need(self, op: Operation) -> None:
        self.left.append(op)

    def run(self) -> None:
        """Go on until nothing is left to be followed."""
        while self.left:
            one = self.left.pop()
            if one in self.found.operations or one in self.found.values:
                continue
            if isinstance(one, Value):
                self.value(one)
            else:
                self.operation(one)

    def value(self, value: Value) -> None:
        self.found.values.add(value)
        if value in self.scanned:
            self.read([self.scanned[value]])
        if value in self.makers:
            op, k = self.makers[value]
            self.need(op)
            if isinstance(op, If):
                self.read(b.results[k] for b in op.blocks)
            elif isinstance(op, (For, While)):
                self.found.values.update(names_of(op, k))
                self.read([*op.initial[k : k + 1], op.body.results[k]])

    def operation(self, op: Operation) -> None:
        self.found.operations.add(op)
        if op in self.around:
            self.need(self.around[op])
        self.left += self.along(op)
        match op:
            case For():
                self.read((op.start, op.stop, op.step))
            case While():
                self.read(op.test.results)
            case _:
                self.read(op.operands)
        if isinstance(op, (For, While)) and op.breaks:
            self.read(op.body.results[-1:])


def names_of(op: Operation, k: int) -> list[Value]:
    """A result of an operation, and what stands for it in its blocks."""
    if not isinstance(op, (For, While)) or k >= len(op.initial):
        return [op.results[k]]
    return [op.results[k], op.carried[k], *(op.test.parameters[k : k + 1] if isinstance(op, While) else ())]
