"""Memory that each iteration would make anew is made once, before the loop.

    for t in range(n):                       row = np.empty(m)
        row = np.empty(m)             ->     for t in range(n):
        ...                                      ...

Nobody reads what an iteration has not written, and what it writes is done with at its end: no array that a body makes
is handed on by it. What its lengths are computed of must be known outside.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from s2sad.ir.builder import Builder
from s2sad.ir.dims import may_be_negative
from s2sad.ir.primitive import Effect, required
from s2sad.ir.primitives.memory import ALLOCATE, LENGTH
from s2sad.ir.rewrite import map_blocks
from s2sad.ir.values import Apply, Block, Constant, Function, Operand, Operation, constant, is_loop
from s2sad.loops.memory import NOTHING, Roots, roots_of


def with_rooms(function: Function) -> Function:
    """The function with the memory of its loops made before them."""
    return replace(function, body=_block(function.body, roots_of(function)))


def _block(block: Block, roots: Roots) -> Block:
    operations: list[Operation] = []
    for op in block.operations:
        op = map_blocks(op, lambda b: _block(b, roots))
        if is_loop(op):
            moved, op = _moved(op, roots)
            operations += _with_lengths(moved)
        operations.append(op)
    return replace(block, operations=tuple(operations))


def _with_lengths(moved: Sequence[Apply]) -> list[Operation]:
    """What is moved, its lengths none below 0: the loop may be one of no iterations, which asks for nothing."""
    builder = Builder()
    for op in moved:
        if op.primitive is ALLOCATE:
            builder.location, builder.about = op.location, op.about
            op = replace(op, operands=tuple(_not_below_0(builder, o) for o in op.operands))
        builder.operations.append(op)
    return builder.operations


def _not_below_0(builder: Builder, length: Operand) -> Operand:
    size = length.type.size
    sure = isinstance(size, int) and size >= 0 if isinstance(length, Constant) else not may_be_negative(size)
    return length if sure else builder.apply(required(max), (length, constant(0)))


def _moved(loop: Operation, roots: Roots) -> tuple[list[Apply], Operation]:
    """What is made before a loop, and the loop without it."""
    body = loop.blocks[-1]
    handed: set[Operand] = set().union(*(roots.get(r, NOTHING) for r in body.results))
    inside: set[Operand] = {*body.parameters}
    for op in body.operations:
        inside.update(op.results)
    needed = _needed(body)
    moved: list[Apply] = []
    for op in body.operations:
        if not isinstance(op, Apply) or any(o in inside for o in op.operands):
            continue
        is_room = op.primitive is ALLOCATE and op.result not in handed
        if is_room or (op.result in needed and _is_length(op)):
            moved.append(op)
            inside.discard(op.result)
    gone = set(moved)
    new = replace(body, operations=tuple(op for op in body.operations if op not in gone))
    return moved, map_blocks(loop, lambda b: new if b is body else b)


def _needed(body: Block) -> set[Operand]:
    """The lengths of what is allocated, and what they are computed of."""
    found: set[Operand] = set()
    for op in reversed(body.operations):
        if isinstance(op, Apply) and (op.primitive is ALLOCATE or op.result in found):
            found.update(op.operands)
    return found


def _is_length(op: Apply) -> bool:
    """Whether an operation is arithmetic of integers, or a length: it may be done where nobody asks for it."""
    pure = op.primitive.effect is not Effect.IO and op.result.type.is_integer and op.result.type.is_scalar
    return pure and (op.primitive is LENGTH or op.result.type.size is not None)
