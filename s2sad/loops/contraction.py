"""An array of which each iteration uses a part of its own needs no axis for the iterations.

    for i in range(n):                            for i in range(n):
        for j in range(k): d[i, j] = f(i, j)  ->      for j in range(k): d[j] = f(i, j)
        for j in range(k): s += g(d[i, j])            for j in range(k): s += g(d[j])

(Array contraction: Sarkar & Gao, Optimization of array accesses by collective loop transformations, 1991.)
"""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from dataclasses import dataclass, field, replace

from s2sad.ir.primitives.memory import ALLOCATE, LOAD, STORE
from s2sad.ir.rewrite import map_blocks
from s2sad.ir.types import ArrayType
from s2sad.ir.values import Apply, Block, For, Function, Operand, Operation, Value, is_loop


@dataclass
class Use:
    """How an array is used: the places of its elements, and the loops that are around all of them."""

    made: int = 0
    """How many loops are around what makes it."""
    places: list[tuple[Operand, ...]] = field(default_factory=list)
    loops: tuple[Operation, ...] | None = None
    whole: bool = False
    """It is used for more than its elements."""


def contracted(function: Function) -> Function:
    """The function with its arrays without the axes of loops that they are used in."""
    uses: dict[Operand, Use] = {}
    _visit(function.body, (), uses)
    dropped = {handle: axes for handle, use in uses.items() if (axes := _axes(use))}
    made = {op.result: op for op in _allocations(function.body)}
    table = {h: (_without(h, axes), axes) for h, axes in dropped.items() if h in made and isinstance(h, Value)}
    return replace(function, body=_rewritten(function.body, table)) if table else function


def _allocations(block: Block) -> list[Apply]:
    found: list[Apply] = []
    for op in block.operations:
        if isinstance(op, Apply) and op.primitive is ALLOCATE:
            found.append(op)
        for inner in op.blocks:
            found += _allocations(inner)
    return found


def _visit(block: Block, around: tuple[Operation, ...], uses: dict[Operand, Use]) -> None:
    for op in block.operations:
        for k, o in enumerate(op.operands):
            if not o.type.is_array:
                continue
            use = uses.setdefault(o, Use())
            if k == 0 and isinstance(op, Apply) and op.primitive in (LOAD, STORE):
                use.places.append(op.operands[1:] if op.primitive is LOAD else op.operands[1:-1])
                use.loops = around if use.loops is None else _common(use.loops, around)
            else:
                use.whole = True
        if isinstance(op, Apply) and op.primitive is ALLOCATE:
            uses[op.result] = Use(len(around))
        for inner in op.blocks:
            _visit(inner, (*around, op) if is_loop(op) else around, uses)
    for o in block.results:
        if o.type.is_array or o.type.is_container:
            uses.setdefault(o, Use()).whole = True


def _common(a: Sequence[Operation], b: Sequence[Operation]) -> tuple[Operation, ...]:
    return tuple(x for x, _ in itertools.takewhile(lambda pair: pair[0] is pair[1], zip(a, b, strict=False)))


def _axes(use: Use) -> tuple[int, ...]:
    """The axes of which each iteration of a loop has one place of its own, and comes to it once."""
    if use.whole or not use.places or not use.loops:
        return ()
    first = use.places[0]
    alike = {p: k for k, p in enumerate(first) if all(places[k] is p for places in use.places)}
    found: list[int] = []
    for loop in use.loops[use.made :]:
        # a loop of which this is no axis comes to what is there again and again, and so do those in it
        if not isinstance(loop, For) or loop.index not in alike:
            break
        found.append(alike[loop.index])
    return tuple(found)


def _without(handle: Value, axes: Sequence[int]) -> Value:
    shape = handle.type.shape
    assert shape is not None
    left = tuple(d for k, d in enumerate(shape) if k not in axes)
    return Value(ArrayType(handle.type.dtype, left, "array"), handle.hint, handle.loose)


def _rewritten(block: Block, table: dict[Value, tuple[Value, tuple[int, ...]]]) -> Block:
    operations: list[Operation] = []
    for op in block.operations:
        if not isinstance(op, Apply):
            operations.append(map_blocks(op, lambda b: _rewritten(b, table)))
            continue
        if op.primitive is ALLOCATE and op.result in table:
            new, axes = table[op.result]
            op = replace(op, operands=_left(op.operands, axes), result=new)
        elif op.primitive in (LOAD, STORE) and op.operands[0] in table:
            new, axes = table[op.operands[0]]
            op = replace(op, operands=(new, *_left(op.operands[1:], axes)))
        operations.append(op)
    return replace(block, operations=tuple(operations))


def _left(operands: Sequence[Operand], axes: Sequence[int]) -> tuple[Operand, ...]:
    return tuple(o for k, o in enumerate(operands) if k not in axes)
