"""Loops over arrays as a person writes them: `for row in data`, where the index serves for nothing else.

for k in range(len(data)):      ->   for row in data:
    row = data[k]
"""

from __future__ import annotations

from dataclasses import replace

from s2sad.emit.inlining import Uses, find_uses
from s2sad.ir.containers import GETITEM
from s2sad.ir.primitive import required
from s2sad.ir.rewrite import map_blocks
from s2sad.ir.types import SequenceType, Type
from s2sad.ir.values import (
    Apply,
    Block,
    For,
    Function,
    Operand,
    Operation,
    applied_in,
    is_call_of,
    is_int,
)

FEW = 2
"""How many arrays are run over backward at once: more `reversed(...)` say less than an index."""


def scan_rows(function: Function) -> Function:
    """The function with the loops that only count the rows of arrays made loops over their rows."""
    uses = find_uses(function)
    return replace(function, body=_block(function.body, uses))


def _block(block: Block, uses: Uses) -> Block:
    return replace(block, operations=tuple(_operation(op, uses) for op in block.operations))


def _operation(op: Operation, uses: Uses) -> Operation:
    rows = _rows(op, uses) if isinstance(op, For) else []
    new = map_blocks(op, lambda b: _block(b, uses))
    return _scanning(new, rows) if rows and isinstance(new, For) else new


def _rows(op: For, uses: Uses) -> list[Apply]:
    """The reads of rows that the index of a loop serves for, none where it serves for more."""
    readers = uses.readers.get(op.index, [])
    stop = uses.definition.get(op.stop)
    if not is_call_of(stop, required(len)) or not is_int(op.start, 0) or not is_int(op.step, 1):
        return []
    if not readers or op.index.hint is not None:
        return []
    rows = [r for r in applied_in(readers) if _is_row(r, op, stop.operands[0], uses)]
    # All readers of the index are rows, and no array has two of them: else the index would stay, or be read twice.
    arrays = {r.operands[0] for r in rows}
    if op.reverse and len(op.scanned) + len(rows) > FEW:
        return []
    return rows if len(rows) == len(readers) == len(arrays) else []


def _is_row(read: Apply, op: For, counted: Operand, uses: Uses) -> bool:
    """Whether this is `x[index]` in the body of the loop, for an `x` from before it of the length counted."""
    x = read.operands[0]
    inside = {r for o in op.body.operations for r in o.results} | set(op.body.parameters)
    same = x is counted or (_length(x.type) is not None and _length(x.type) == _length(counted.type))
    return (
        read.primitive is GETITEM
        and read.operands[1] is op.index
        and uses.block_of[read] is op.body
        and x not in inside
        and same
    )


def _length(t: Type) -> object:
    if isinstance(t, SequenceType):
        return t.length
    return t.shape[0] if t.shape else None


def _scanning(op: For, rows: list[Apply]) -> For:
    scanned = tuple(r.operands[0] for r in rows)
    ascending = (*(op.is_ascending(k) for k in range(len(op.scanned))), *(not op.reverse for _ in rows))
    removed = {r.result for r in rows}
    operations = tuple(o for o in op.body.operations if not removed.intersection(o.results))
    parameters = (*op.body.parameters, *(r.result for r in rows))
    body = replace(op.body, parameters=parameters, operations=operations)
    return replace(op, scanned=(*op.scanned, *scanned), ascending=ascending, body=body)
