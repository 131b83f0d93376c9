"""`stop_gradient(x)` as `x`: the last thing that is done to a program, as derivatives of it would not know of it."""

from __future__ import annotations

from dataclasses import replace

from s2sad.ir.custom import STOP
from s2sad.ir.rewrite import renamed, substitute
from s2sad.ir.values import Apply, Block, For, Function, If, Operand, Operation, Value, While, walk


def without_stops(function: Function) -> Function:
    """The function with the values themselves in the place of those without derivative."""
    stops = [op for op in walk(function.body) if isinstance(op, Apply) and op.primitive is STOP]
    if not stops:
        return function
    table: dict[Operand, Operand] = {}
    hints: dict[Value, tuple[str, bool]] = {}
    for op in stops:
        (source,) = op.operands
        source = table[op.result] = table.get(source, source)
        if isinstance(source, Value) and op.result.hint and (source.hint is None or source.loose):
            hints[source] = (op.result.hint, op.result.loose)
    body = substitute(_dropped(function.body), table)
    return renamed(replace(function, body=body), hints)


def _dropped(block: Block) -> Block:
    operations = (_inside(op) for op in block.operations if not (isinstance(op, Apply) and op.primitive is STOP))
    return replace(block, operations=tuple(operations))


def _inside(op: Operation) -> Operation:
    match op:
        case If():
            return replace(op, then=_dropped(op.then), orelse=_dropped(op.orelse))
        case For():
            return replace(op, body=_dropped(op.body))
        case While():
            return replace(op, test=_dropped(op.test), body=_dropped(op.body))
    return op
