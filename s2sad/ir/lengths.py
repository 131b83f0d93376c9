"""What reads a length off an array; and loops that scan lists are as long as those: nothing is kept to count them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import partial

import numpy as np

from s2sad.ir.builder import Builder
from s2sad.ir.containers import SHAPE
from s2sad.ir.dims import Dim, dim_sum, is_known
from s2sad.ir.rewrite import map_blocks
from s2sad.ir.values import Block, For, Operand, Operation, Value, constant, values_in


def counted_by_lists(block: Block, chosen: Callable[[For], bool] = lambda op: True) -> Block:
    """The block with loops that only scan lists, and never read their index, as long as the first list."""
    operations: list[Operation] = []
    for op in block.operations:
        op = map_blocks(op, lambda inner: counted_by_lists(inner, chosen))
        if isinstance(op, For) and op.scanned and chosen(op) and not _reads_index(op):
            builder = Builder(op.location, op.about)
            # All scanned lists are as long as the loop has iterations: the first one speaks for all. Nobody reads the
            # index, so that it may count from 0.
            length = builder.call(len, op.scanned[0]).operand
            operations += builder.operations
            op = replace(op, start=constant(0), stop=length, step=constant(1))
        operations.append(op)
    return replace(block, operations=tuple(operations))


def _reads_index(op: For) -> bool:
    return op.index in free_values(op.body.operations, op.body.results, set())


def free_values(operations: Sequence[Operation], results: Sequence[Operand], bound: set[Value]) -> list[Value]:
    """The values that operations read and do not bind, in the order in which they are met."""
    free: dict[Value, None] = {}
    _collect_free(operations, results, set(bound), free)
    return list(free)


def _collect_free(
    operations: Sequence[Operation], results: Sequence[Operand], bound: set[Value], free: dict[Value, None]
) -> None:
    for op in operations:
        free.update((o, None) for o in values_in(op.operands) if o not in bound)
        for block in op.blocks:
            _collect_free(block.operations, block.results, bound | set(block.parameters), free)
        # Behind its blocks: what an operation gives is not bound within it.
        bound.update(op.results)
    free.update((o, None) for o in values_in(results) if o not in bound)


def measure(d: Dim, given: Sequence[Operand]) -> Callable[[Builder], Operand] | None:
    """What reads a length off the shape of an array, give or take a number; None where no array has it."""
    if is_known(d):
        return lambda builder: constant(d)
    for a in given:
        shape = a.type.shape if a.type.is_array else None
        for axis, own in enumerate(shape or ()):
            more = dim_sum(d, own, -1)
            if is_known(more):
                return partial(length, a, axis, more)
    return None


def length(a: Operand, axis: int, more: int, builder: Builder) -> Operand:
    """`a.shape[axis] + more`."""
    size = builder.extract(builder.apply(SHAPE, (a,)), axis)
    return builder.call(np.add, size, constant(more)).operand if more else size
