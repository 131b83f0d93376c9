"""Checks before the loops that they are in: once, where they hold for all iterations or for none.

    for i in range(n):                      assert n <= 0 or k + n - 1 < x.shape[0]
        assert k + i < x.shape[0]      ->   for i in range(n):
        s += x[k + i]                           s += x[k + i]

What a check asks is the same in each iteration, or an inequality that is hardest for the first one, or the last. The
program may be left early: whoever goes on finds the arguments as they were (range check elimination: Gupta, Optimizing
array bound checks using flow analysis, 1993).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

import numpy as np

from s2sad.ir.builder import Builder
from s2sad.ir.dims import may_be_negative
from s2sad.ir.primitive import Effect, required
from s2sad.ir.primitives.memory import ALLOCATE, GUARD, reads_memory
from s2sad.ir.rewrite import map_blocks, with_operations
from s2sad.ir.values import Apply, Block, Constant, For, Function, Operand, Operation, constant, makers

LESS: dict[object, int] = {np.less: 1, np.less_equal: 1, np.greater: -1, np.greater_equal: -1}
"""By the comparison: whether it is hardest for the largest value of its first operand, or for the least."""

QUOTIENTS = {np.floor_divide, np.remainder}
"""Of integers: they have no value for a divisor of 0, which a loop of no iterations would not meet."""


def guarded_early(function: Function) -> Function:
    """The function with its checks as far out as they can be."""
    body = _block(function.body)
    return function if body is function.body else replace(function, body=body)


def _block(block: Block) -> Block:
    operations: list[Operation] = []
    for op in block.operations:
        op = map_blocks(op, _block)
        if isinstance(op, For):
            operations += _Outside(op).operations()
        else:
            operations.append(op)
    return with_operations(block, operations)


class _Outside:
    """One loop, and the checks that stand before it instead of in it."""

    def __init__(self, loop: For) -> None:
        self.loop = loop
        self.inside: set[Operand] = {*loop.body.parameters, *(r for op in loop.body.operations for r in op.results)}
        self.made: Mapping[Operand, Apply] = makers(loop.body.operations)
        self.builder = Builder(loop.location, loop.about)

    def operations(self) -> list[Operation]:
        """The loop, with what stands before it."""
        kept: list[Operation] = []
        if self.loop.breaks or not isinstance(self.loop.step, Constant) or not self.loop.step.value:
            return [self.loop]
        for op in self.loop.body.operations:
            if not (isinstance(op, Apply) and op.primitive is GUARD and self.moved(op)):
                kept.append(op)
        loop = map_blocks(self.loop, lambda b: with_operations(b, kept))
        return [*self.builder.operations, loop]

    def moved(self, guard: Apply) -> bool:
        """Whether a check was put before the loop."""
        at = self.hardest(guard.operands[0])
        if at is None:
            return False
        before = len(self.builder.operations)
        self.builder.location = guard.location
        try:
            holds = self.outside(guard.operands[0], at)
        except _NotOutside:
            del self.builder.operations[before:]
            return False
        empty = self.apply(np.less_equal, self.end(1), self.end(0))
        self.builder.apply(GUARD, (self.apply(np.logical_or, empty, holds),))
        return True

    def apply(self, function: Callable[..., Any], *operands: Operand) -> Operand:
        return self.builder.apply(required(function), operands)

    def end(self, which: int) -> Operand:
        """Of the two ends the lesser, and the greater: there is an iteration where the one is below the other."""
        loop, forward = self.loop, not is_negative(self.loop.step)
        return (loop.start, loop.stop)[which] if forward else (loop.stop, loop.start)[which]

    def extreme(self, largest: bool) -> Operand:
        """The largest or the least value of the index."""
        loop = self.loop
        by = loop.step.value if isinstance(loop.step, Constant) else 1
        assert isinstance(by, int)
        if largest is (by < 0):
            return loop.start
        if abs(by) == 1:
            return self.apply(np.subtract, loop.stop, constant(by))
        span = self.apply(np.subtract, self.apply(np.subtract, loop.stop, constant(1 if by > 0 else -1)), loop.start)
        steps = self.apply(np.floor_divide, span, loop.step)
        return self.apply(np.add, loop.start, self.apply(np.multiply, steps, loop.step))

    def hardest(self, predicate: Operand) -> str | None:
        """For which value of the index a predicate is hardest: the largest, the least, or any of them."""
        if predicate not in self.inside:
            return "any"
        made = self.made.get(predicate)
        if made is None:
            return None
        if made.primitive.function in (np.logical_or, np.logical_and):
            asked = [self.hardest(o) for o in made.operands]
            kinds = {a for a in asked if a != "any"}
            return None if len(kinds) > 1 else kinds.pop() if kinds else "any"
        slopes = [self.slope(o) for o in made.operands]
        if all(s == 0 for s in slopes):
            return "any"
        sense = LESS.get(made.primitive.function)
        if sense is None or None in slopes or len(slopes) != 2:
            return None
        grows = (slopes[0] or 0) - (slopes[1] or 0)
        return "any" if grows == 0 else "largest" if grows * sense > 0 else "least"

    def slope(self, operand: Operand) -> int | None:
        """The sign with which an integer changes with the index; None where it may do anything."""
        if operand is self.loop.index:
            return 1
        if operand not in self.inside:
            return 0
        made = self.made.get(operand)
        if made is None or not _is_pure(made):
            return None
        inner = [self.slope(o) for o in made.operands]
        if all(s == 0 for s in inner):
            return 0
        function = made.primitive.function
        if None in inner or function not in (np.add, np.subtract, np.multiply):
            return None
        a, b = (s or 0 for s in inner)
        if function is np.multiply:
            return self._scaled(made, a, b)
        b = -b if function is np.subtract else b
        return None if a * b < 0 else a or b

    def _scaled(self, made: Apply, a: int, b: int) -> int | None:
        factor = made.operands[1] if b == 0 else made.operands[0]
        if isinstance(factor, Constant) and isinstance(factor.value, int):
            return (a or b) * ((factor.value > 0) - (factor.value < 0))
        size = factor.type.size
        return None if size is None or may_be_negative(size) or (a and b) else a or b

    def outside(self, operand: Operand, at: str) -> Operand:
        """An operand as it is before the loop, the index at one of its ends."""
        if operand is self.loop.index:
            if at == "any":
                raise _NotOutside
            return self.extreme(at == "largest")
        if operand not in self.inside:
            return operand
        made = self.made.get(operand)
        if made is None or not _is_pure(made):
            raise _NotOutside
        operands = [self.outside(o, at) for o in made.operands]
        return self.builder.apply(made.primitive, operands, made.static)


class _NotOutside(Exception):
    """What is asked is known inside the loop only."""


def _is_pure(op: Apply) -> bool:
    """Whether an operation may be done where no iteration asks for it."""
    if op.primitive.effect is Effect.IO or op.primitive is ALLOCATE or reads_memory(op):
        return False
    divides = op.primitive.function in QUOTIENTS
    return not divides or (isinstance(op.operands[1], Constant) and bool(op.operands[1].value))


def is_negative(step: Operand) -> bool:
    return isinstance(step, Constant) and isinstance(step.value, int) and step.value < 0
