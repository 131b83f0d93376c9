"""The order of pure operations: what a block only hands on is computed at its end.

    s_bar_2 = s_bar + s_bar * v2          v1_bar = s_bar + v2_bar * c
    v1_bar = s_bar + v2_bar * c      ->   x_bar[i] += v1_bar
    x_bar[i] += v1_bar                    s_bar += s_bar * v2
    s_bar = s_bar_2

The old value of a carried name is then dead, and the new one takes its variable.
"""

from __future__ import annotations

from dataclasses import replace

from s2sad.ir.primitive import Effect
from s2sad.ir.structure import INDEX_SET
from s2sad.ir.values import Apply, Block, For, Function, If, Operation, Value, While


def sink_results(function: Function) -> Function:
    """Move operations whose results are read by the end of their block alone to that end."""
    return replace(function, body=_nested(function.body))


def _nested(block: Block) -> Block:
    operations = []
    for op in block.operations:
        match op:
            case If():
                op = replace(op, then=_sunk(op.then), orelse=_sunk(op.orelse))
            case For():
                op = replace(op, body=_nested(op.body) if op.breaks else _sunk(op.body))
            case While():
                body = _nested(op.body) if op.breaks else _sunk(op.body)
                op = replace(op, test=_nested(op.test), body=body)
            case _:
                pass
        operations.append(op)
    return replace(block, operations=tuple(operations))


def _sunk(block: Block) -> Block:
    block = _nested(block)
    read: set[object] = set()
    for op in block.operations:
        _reads(op, read)
    last = {r for r in block.results if isinstance(r, Value) and r not in read}
    moved = [op for op in block.operations if _is_movable(op, last)]
    kept = [op for op in block.operations if not _is_movable(op, last)]
    return replace(block, operations=(*kept, *moved))


def _is_movable(op: Operation, last: set[Value]) -> bool:
    if not isinstance(op, Apply) or op.primitive.effect is Effect.IO or op.result not in last:
        return False
    return op.primitive is not INDEX_SET or not isinstance(op.operands[2], Value)  # it may be waited for


def _reads(op: Operation, read: set[object]) -> None:
    read.update(op.operands)
    for block in op.blocks:
        for inner in block.operations:
            _reads(inner, read)
        read.update(block.results)
