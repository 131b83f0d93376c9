"""Memory that is made to be written into: it belongs where the writing is.

    xs = []                               for j in range(n):
    for j in range(n):                        xs = []
        ys = list(xs)            ->           for k in range(m):
        for k in range(m):                        xs.append(...)
            ys.append(...)

What does not depend on a sweep or an example stands before the loop over them; but for an empty list or array, which
would have to be copied in each iteration. One that is read before the loop as well stays there.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from s2sad.ir.containers import UNDEFINED
from s2sad.ir.primitives.lists import SEQUENCE
from s2sad.ir.rewrite import reads
from s2sad.ir.values import Apply, Block, Operand, Operation, applied_in, is_call_of, is_loop, is_update, walk


def blanks(fixed: Iterable[Operation], moving: Iterable[Operation]) -> list[Operation]:
    """Those of the `fixed` operations that make memory in which the `moving` ones may write."""
    fixed, moving = list(fixed), list(moving)
    written = set(_written(moving)).difference(reads(fixed))
    return [op for op in applied_in(fixed) if is_blank(op) and op.result in written]


def is_blank(op: Apply) -> bool:
    """Whether an operation makes an empty list, an array without reading its elements, or nothing yet."""
    return op.primitive.blank or is_empty_list(op) or is_unbound(op)


def is_empty_list(op: Apply) -> bool:
    return op.primitive is SEQUENCE and not op.operands


def is_unbound(op: Operation) -> bool:
    """Whether an operation stands for what a variable has before it is bound: nothing that could be kept."""
    return is_call_of(op, UNDEFINED)


def _written(operations: Iterable[Operation]) -> Iterator[Operand]:
    """What operations may write into: the bases of updates, what loops begin with, what branches hand on."""
    for op in walk(Block((), tuple(operations), ())):
        if is_update(op):
            yield op.operands[0]
        if is_loop(op):
            yield from op.initial
        for block in op.blocks:
            yield from block.results
