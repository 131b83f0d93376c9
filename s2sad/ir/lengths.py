"""Loops that scan lists are as long as those: no number of iterations need be kept beside them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace

from s2sad.ir.builder import Builder
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
