"""How much a program computes whatever its arguments are: what tells whether the interpreter is let go for it.

for i in range(x.shape[0] - 1)     as much as the arguments are large
for i in range(100_000)            so many steps
for i in range(int(x[0]))          nobody knows: many
"""

from __future__ import annotations

import math

from s2sad.ir.primitives.memory import LENGTH
from s2sad.ir.values import Apply, Block, Call, Constant, For, Function, If, Operand, While


def steps_of(function: Function) -> float | None:
    """The steps of the longest loop that the arguments do not tell; None where a program has no loops."""
    return _Steps(function).found


class _Steps:
    def __init__(self, function: Function) -> None:
        self.found: float | None = None
        self.told = {p for p in function.parameters if _is_integer(p)}
        """Integers that come from the arguments, and are no larger than these."""
        self._block(function.body)

    def _block(self, block: Block) -> None:
        for op in block.operations:
            match op:
                case For():
                    self.found = max(self.found or 0, *map(self._size, (op.start, op.stop)))
                    self.told.add(op.index)
                case While():
                    # it asks now and then whether it is interrupted, and lets the interpreter go then
                    self.found = self.found or 0
                case Call():
                    self.found = self.found or 0
                case Apply() if op.primitive is LENGTH or (_is_integer(op.result) and self._is_told(op)):
                    self.told.add(op.result)
                case If() if all(self._size(o) < math.inf for b in op.blocks for o in b.results):
                    self.told.update(r for r in op.results if _is_integer(r))
            for inner in op.blocks:
                self._block(inner)

    def _is_told(self, op: Apply) -> bool:
        return all(self._size(o) < math.inf for o in op.operands)

    def _size(self, o: Operand) -> float:
        """How large an integer is, beyond what the arguments tell."""
        if isinstance(o, Constant):
            return abs(o.value) if isinstance(o.value, int) else math.inf
        return 0 if o in self.told else math.inf


def _is_integer(o: Operand) -> bool:
    return o.type.is_scalar and (o.type.is_integer or o.type.is_mask)
