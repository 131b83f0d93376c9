"""Lists that a loop does nothing but append to: they are what the loop collects, not what it carries.

xs = []                          xs = For(...) collects x
for i in range(n):
    xs = append(xs, x)
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from s2sad.ir.primitives.lists import APPEND
from s2sad.ir.rewrite import reads_of
from s2sad.ir.values import Apply, Block, For, Operation, Value, While


def collecting(op: For | While, before: Sequence[Operation]) -> For | While:
    """The loop with such lists as collected results; `before` are the operations in front of it."""
    empty = {o.result for o in before if isinstance(o, Apply) and o.primitive.name == "sequence" and not o.operands}
    found: dict[int, Apply] = {}
    for k, (initial, parameter) in enumerate(zip(op.initial, op.carried, strict=True)):
        if initial in empty:
            append = _append_only(op, k, parameter)
            if append is not None:
                found[k] = append
    if not found:
        return op
    n = len(op.initial)
    rows = op.body.results
    kept = [k for k in range(n) if k not in found]
    body = Block(
        tuple(p for p in op.body.parameters if not any(p is op.carried[k] for k in found)),
        tuple(o for o in op.body.operations if o not in found.values()),
        (*(rows[k] for k in kept), *(found[k].operands[1] for k in found), *rows[n:]),
    )
    results = (*(op.results[k] for k in kept), *(op.results[k] for k in found))
    starts = tuple(op.initial[k] for k in kept)
    if isinstance(op, For):
        return replace(op, initial=starts, body=body, results=results)
    test = replace(op.test, parameters=tuple(op.test.parameters[k] for k in kept))
    return replace(op, initial=starts, test=test, body=body, results=results)


def _append_only(op: For | While, k: int, parameter: Value) -> Apply | None:
    """The operation that appends in each iteration, where nothing else reads the list in the loop."""
    result = op.body.results[k]
    append = next((o for o in op.body.operations if result in o.results), None)
    if not isinstance(append, Apply) or append.primitive is not APPEND or append.operands[0] is not parameter:
        return None
    if not isinstance(append.operands[1], Value) or not append.result.type.is_sequence:
        return None
    reads = list(reads_of(op.body))
    if sum(o is parameter for o in reads) > 1 or sum(o is result for o in reads) > 1:
        return None
    if isinstance(op, While) and any(o is op.test.parameters[k] for o in reads_of(op.test)):
        return None
    return append
