"""Shapes read where they cost nothing: a value that serves for its shape alone need not be computed.

v1 = x * y
v2 = np.sum(v1, axis=1)       ->   x_bar = y / x.shape[0]
x_bar = y / v2.size
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Set
from dataclasses import replace

import numpy as np

from s2sad.ir.builder import Builder
from s2sad.ir.containers import SHAPE
from s2sad.ir.dims import Dim, Shape, is_known
from s2sad.ir.primitive import lookup
from s2sad.ir.rewrite import map_blocks, reads_of
from s2sad.ir.types import FLOAT64, array, same_dtype
from s2sad.ir.values import Apply, Block, Function, Operand, Operation, Value, is_loop, walk


def resolve_shapes(function: Function, anchors: Collection[Value]) -> Function:
    """The function with shapes, lengths and zeros taken from `anchors` where the value itself is not needed.

    The anchors are values that are there whatever happens; one that serves for its shape alone itself is none.
    """
    table = Shapes(function, anchors)
    return replace(function, body=table.block(function.body)) if table.idle else function


class Shapes:
    """`idle` are the values that are read for their shape alone, `anchors` the parameters to read it from."""

    def __init__(self, function: Function, anchors: Collection[Value]) -> None:
        # What reads a value for its shape alone keeps the whole computation of it alive. The shape is that of another
        # value which is there anyhow, where the types say that the lengths are the same symbols.
        used = set(_used(function.body))
        at_hand = set(_at_hand(function.body, used))
        idle = {v for v in _measured(function.body) if v not in used and v not in at_hand}
        self.idle = {v for v in idle if v.type.kind == "array" and v.type.shape}
        self.anchors = [
            (p, p.type.shape)
            for p in sorted(anchors, key=lambda p: p not in used)  # what is read anyhow comes first
            if p.type.kind == "array" and p.type.shape and p not in self.idle and not p.unsure
        ]

    def block(self, block: Block) -> Block:
        operations: list[Operation] = []
        for op in block.operations:
            operations += self.apply(op) if isinstance(op, Apply) else [map_blocks(op, self.block)]
        return replace(block, operations=tuple(operations))

    def apply(self, op: Apply) -> list[Operation]:
        if not op.primitive.measures or op.operands[0] not in self.idle or len(op.operands) > 1:
            return [op]
        t = op.operands[0].type
        assert t.shape
        for anchor, shape in self.anchors:
            has_its_dtype = t.dtype is not None and same_dtype(anchor.type.dtype, t.dtype)
            if shape == t.shape and (has_its_dtype or not op.result.type.is_array):
                return self.zeros(op, shape) or [replace(op, operands=(anchor,))]
        if op.primitive is lookup(len) or (op.primitive is lookup(np.size) and len(t.shape) == 1):
            return self.length(op, t.shape[0])
        return self.zeros(op, t.shape) or [op]

    def zeros(self, op: Apply, shape: Shape) -> list[Operation]:
        """Zeros of lengths that are numbers, which are not those of any other array; none for anything else."""
        exact = op.result.type == array(FLOAT64.dtype, shape) and all(map(is_known, shape))
        if op.primitive is not lookup(np.zeros_like) or op.static or not exact:
            return []
        builder = Builder(op.location, op.about)
        builder.rename(builder.call(np.zeros, shape[0] if len(shape) == 1 else shape).operand, op.result)
        return builder.operations

    def length(self, op: Apply, length: Dim) -> list[Operation]:
        """The length as an item of a parameter's shape."""
        for anchor, shape in self.anchors:
            for axis, dim in enumerate(shape):
                if dim == length and not is_known(dim):
                    builder = Builder(op.location, op.about)
                    if axis == 0:
                        result = builder.call(len, anchor).operand
                    else:
                        result = builder.extract(builder.apply(SHAPE, (anchor,)), axis)
                    builder.rename(result, op.result)
                    return builder.operations
        return [op]


def _at_hand(block: Block, used: Set[Operand]) -> Iterator[Value]:
    """What a loop that runs anyhow leaves in variables that it reads itself."""
    for op in walk(block):
        if is_loop(op) and not used.isdisjoint(op.results):
            read = set(reads_of(op.body))
            yield from (r for r, v in zip(op.results, op.carried, strict=False) if v in read)


def _measured(block: Block) -> Iterator[Value]:
    for op in block.operations:
        if isinstance(op, Apply) and op.primitive.measures and isinstance(op.operands[0], Value):
            yield op.operands[0]
        for inner in op.blocks:
            yield from _measured(inner)


def _used(block: Block) -> Iterator[Operand]:
    """What is read for more than its shape."""
    yield from block.results
    for op in block.operations:
        if not (isinstance(op, Apply) and op.primitive.measures and len(op.operands) == 1):
            yield from op.operands
        for inner in op.blocks:
            yield from _used(inner)
