"""Which parameters of a program of patterns decide by their numbers, not by their shapes alone, what it gives.

    if n > 3: ...          n decides: it is asked which branch is taken
    y_sets = x_sets[k]     k decides: it says which elements are taken
    union(x_sets, over w)  w does not: its shape alone counts

Lattice: sets of values under union, backward from the result; loops are iterated to a fixed point.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import assert_never

from s2sad.errors import UnsupportedCall
from s2sad.ir.containers import EXTRACT, MAKE
from s2sad.ir.primitives.index_sets import THROUGH, measured
from s2sad.ir.types import ArrayType
from s2sad.ir.values import Apply, Block, Call, For, Function, If, Operand, Operation, While, keys_of

Items = tuple[object, ...]
"""The items of a result that are read."""


def deciding(
    function: Function, functions: Mapping[str, Function], items: Items, factors: bool = False
) -> frozenset[int]:
    """The positions of the parameters that some items of the result of a function depend on by their numbers.

    `factors` counts those of linear operations too, of which as a rule the shape alone decides.
    """
    return Deciding(functions, factors).positions(function, items)


class Deciding:
    """The functions of a program, each looked at once for the items of its result that are read."""

    def __init__(self, functions: Mapping[str, Function], factors: bool) -> None:
        self.functions = functions
        self.factors = factors
        self.known: dict[tuple[str, Items], frozenset[int]] = {}

    def positions(self, function: Function, items: Items) -> frozenset[int]:
        key = (function.name, items)
        if key not in self.known:
            # of one that calls itself all parameters, until it is known better: it is not looked at again
            self.known[key] = frozenset(range(len(function.parameters)))
            read = Read(self, items)
            read.result(function)
            self.known[key] = frozenset(k for k, p in enumerate(function.parameters) if p in read.numbers)
        return self.known[key]


class Read:
    """What is read in a function: values by their numbers, and values by their shapes alone."""

    def __init__(self, program: Deciding, items: Items) -> None:
        self.program = program
        self.items = items
        self.numbers: set[Operand] = set()
        self.shapes: set[Operand] = set()
        self.parts: dict[Operand, set[object]] = {}
        """Of containers that are read item by item: these items."""

    def result(self, function: Function) -> None:
        self.parts[function.result] = set(self.items)
        self.block(function.body)

    def block(self, block: Block) -> None:
        for op in reversed(block.operations):
            self.operation(op)

    def operation(self, op: Operation) -> None:
        match op:
            case Apply():
                self.apply(op)
            case Call():
                self.call(op)
            case If():
                self.branch(op)
            case For() | While():
                self.loop(op)
            case _:
                assert_never(op)

    def is_read(self, operand: Operand) -> bool:
        return operand in self.numbers or operand in self.shapes or operand in self.parts

    def like(self, read: Operand, other: Operand) -> None:
        """Have another operand read as one is, which is this one, or may be."""
        if read in self.numbers:
            self.numbers.add(other)
        if read in self.shapes:
            self.shapes.add(other)
        if read in self.parts:
            self.parts.setdefault(other, set()).update(self.parts[read])

    def count(self) -> int:
        return len(self.numbers) + len(self.shapes) + sum(map(len, self.parts.values()))

    def apply(self, op: Apply) -> None:
        if op.primitive is EXTRACT and self.is_read(op.result):
            self.parts.setdefault(op.operands[0], set()).add(op.static["key"])
        elif op.primitive is MAKE and op.result not in self.numbers:
            parts = self.parts.get(op.result, set())
            self.numbers.update(o for k, o in zip(keys_of(op), op.operands, strict=True) if k in parts)
        elif op.result in self.numbers or op.result in self.parts:
            if op.primitive.draws:
                what = "a pattern that random numbers decide: each call would have another one"
                raise UnsupportedCall(what, "draw them outside, and pass them", op.location)
            shapes = set() if self.program.factors and op.primitive is THROUGH else set(measured(op))
            self.shapes |= shapes
            self.numbers.update(o for o in op.operands if o not in shapes)
        elif op.result in self.shapes:
            for o in op.operands:
                # the shape of a result: from the shapes of arrays of floats, and the numbers of all else
                floats = isinstance(o.type, ArrayType) and o.type.dtype is not None and o.type.dtype.kind in "fc"
                (self.shapes if floats else self.numbers).add(o)

    def call(self, op: Call) -> None:
        if not self.is_read(op.result):
            return
        function = self.program.functions.get(op.function.name)
        every = op.result.type.keys if op.result.type.is_container else ()
        whole = op.result in self.numbers or op.result in self.shapes
        items = tuple(k for k in every if whole or k in self.parts.get(op.result, ()))
        if function is None or not items:
            self.numbers.update(op.operands)
            return
        self.numbers.update(op.operands[k] for k in self.program.positions(function, items))

    def branch(self, op: If) -> None:
        if not any(map(self.is_read, op.results)):
            return
        self.numbers.add(op.predicate)
        for inner in op.blocks:
            for outer, result in zip(op.results, inner.results, strict=True):
                self.like(outer, result)
            self.block(inner)

    def loop(self, op: For | While) -> None:
        if not any(map(self.is_read, op.results)):
            return
        tested = op.test.parameters if isinstance(op, While) else ()
        if isinstance(op, For):
            self.numbers.update((op.start, op.stop, op.step))
        else:
            self.numbers.update(op.test.results)
        if op.breaks:
            self.numbers.add(op.body.results[-1])
        # the least fixed point: what is read in an iteration the one before has made
        before = -1
        while before != self.count():
            before = self.count()
            for outer, result in zip(op.results, op.body.results, strict=False):
                self.like(outer, result)
            for k, parameter in enumerate(op.carried):
                self.like(op.results[k], parameter)
                if tested:
                    self.like(tested[k], parameter)
                self.like(parameter, op.body.results[k])
                self.like(parameter, op.initial[k])
            if isinstance(op, While):
                self.block(op.test)
            else:
                self.numbers.update(s for i, s in zip(op.items, op.scanned, strict=True) if self.is_read(i))
            self.block(op.body)
