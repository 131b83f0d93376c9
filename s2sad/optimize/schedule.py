"""The order of pure operations: what a block only hands on is computed at its end, a sum where its element is read.

    s_bar_2 = s_bar + s_bar * v2          v1_bar = s_bar + v2_bar * c
    v1_bar = s_bar + v2_bar * c      ->   x_bar[i] += v1_bar
    x_bar[i] += v1_bar                    s_bar += s_bar * v2
    s_bar = s_bar_2

The old value of a carried name is then dead, and the new one takes its variable.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import assert_never

from s2sad.ir.containers import GETITEM, INDEX_SET
from s2sad.ir.primitive import Algebra, Effect
from s2sad.ir.rewrite import map_blocks, reads
from s2sad.ir.values import (
    Apply,
    Block,
    Call,
    For,
    Function,
    If,
    Operand,
    Operation,
    Value,
    While,
    applied_in,
    is_call_of,
    is_update,
    makers,
)


def add_before_stores(function: Function) -> Function:
    """Move sums with an element of an array up to where it is read, if the array is written into before the sum."""
    return replace(function, body=_added(function.body))


def _added(block: Block) -> Block:
    operations = [map_blocks(op, _added) for op in block.operations]
    place: dict[Operation, float] = {op: k for k, op in enumerate(operations)}
    made: dict[Operand, Operation] = {r: op for op in operations for r in op.results}
    read = Counter((*reads(operations), *block.results))
    stores: dict[Operand, list[Operation]] = {}
    for op in operations:
        if is_update(op):
            stores.setdefault(op.operands[0], []).append(op)
    for op in operations:
        if not isinstance(op, Apply) or op.primitive.algebra is not Algebra.SUM or not op.about:
            continue
        # The operand that is there last: as soon as it is, so could be the sum.
        last = max((made[o] for o in op.operands if o in made), key=place.__getitem__, default=op)
        if is_call_of(last, GETITEM) and read[last.result] == 1:
            array = last.operands[0]
            # With a store between the read and the sum the element would need a variable until then.
            if any(place[last] < place[w] < place[op] for w in stores.get(array, ())):
                # Between two operations of the old order: a sum is pure, and what it reads is there by then.
                place[op] = place[last] + 0.5
    return replace(block, operations=tuple(sorted(operations, key=place.__getitem__)))


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
                op = replace(op, body=_nested(op.body) if op.breaks else _sunk(op.body, op.carried))
            case While():
                body = _nested(op.body) if op.breaks else _sunk(op.body, op.carried)
                op = replace(op, test=_nested(op.test), body=body)
            case Apply() | Call():
                pass
            case _:
                assert_never(op)
        operations.append(op)
    return replace(block, operations=tuple(operations))


def _sunk(block: Block, carried: Sequence[Value] = ()) -> Block:
    block = _nested(block)
    read = set(reads(block.operations))
    # Only what the block itself does not read may go to its end: nothing else then changes its order.
    last = set(block.results) - read
    moved = [op for op in applied_in(block.operations) if _is_movable(op, last)]
    kept = [op for op in block.operations if not _is_movable(op, last)]
    takes_over = {r: p.hint for r, p in zip(block.results, carried, strict=False) if p.hint}
    return replace(block, operations=(*kept, *_readers_first(moved, kept, takes_over)))


def _readers_first(
    moved: Sequence[Apply], kept: Sequence[Operation], takes_over: Mapping[Operand, str]
) -> Iterator[Apply]:
    """The operations with each that takes over the name of a carried value behind those that still read that name."""
    if len(moved) > MANY:
        yield from moved
        return
    made = makers(kept)
    reads = {op: {o.hint for o in _leaves(op, made) if o.hint} for op in moved}
    rest = list(moved)
    # `u, v = v, u + v` in some order: what takes over a name comes behind all that read the name's old value. Where
    # that goes round in a circle no order will do, and the writer assigns them at once.
    while rest:
        ready = (op for op in rest if not any(takes_over.get(op.result) in reads[o] for o in rest if o is not op))
        op = next(ready, rest[0])
        rest.remove(op)
        yield op


MANY = 50
"""More operations than these at the end of a loop are left in their order."""


def _leaves(op: Apply, made: Mapping[Operand, Apply], depth: int = 3) -> Iterator[Operand]:
    """What an operation reads, and what unnamed operands of it do, which may be written into it."""
    for o in op.operands:
        yield o
        inner = made.get(o) if o.hint is None else None
        if inner is not None and depth:
            yield from _leaves(inner, made, depth - 1)


def _is_movable(op: Operation, last: set[Operand]) -> bool:
    if not isinstance(op, Apply) or op.primitive.effect is Effect.IO or op.result not in last:
        return False
    return op.primitive is not INDEX_SET or not isinstance(op.operands[2], Value)  # it may be waited for
