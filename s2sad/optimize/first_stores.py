"""The first contribution to an adjoint of zeros is stored.

    x_bar = index_add(zeros, i, g)       ->  x_bar = index_set(zeros, i, g)

It needs no sum, where the index takes every element once.
"""

from __future__ import annotations

from dataclasses import replace

from s2sad.ir.containers import INDEX_ADD, INDEX_SET, is_basic_index
from s2sad.ir.rewrite import map_blocks
from s2sad.ir.values import Block, Function, Operation, Value, is_call_of
from s2sad.optimize.identities.operands import is_zeros


def share_zeros(function: Function) -> Function:
    """`index_add(zeros, i, g)` for a basic index stores: the first contribution needs no sum."""
    zeros = {r for op in _operations(function.body) if is_zeros(op) for r in op.results}
    return replace(function, body=_first_stores(function.body, zeros))


def _operations(block: Block) -> list[Operation]:
    return [o for op in block.operations for o in (op, *(x for b in op.blocks for x in _operations(b)))]


def _first_stores(block: Block, zeros: set[Value]) -> Block:
    operations: list[Operation] = []
    for op in block.operations:
        # A basic index meets no element twice, so that 0 + g is stored as g: exact but for the sign of a zero. An index
        # of integer arrays may meet one several times, and the contributions are to be summed.
        if is_call_of(op, INDEX_ADD) and op.operands[0] in zeros and is_basic_index(op.operands[1].type):
            op = replace(op, primitive=INDEX_SET)
        operations.append(map_blocks(op, lambda b: _first_stores(b, zeros)))
    return replace(block, operations=tuple(operations))
