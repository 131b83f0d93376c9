"""The order of pure operations: a new value comes behind what reads the old one, a sum where its element is read.

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
    """Move what only the end of a block reads behind the last reader of the value whose variable it takes."""
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
    # Only what the block itself does not read may go down: nothing else then changes its order.
    last = set(block.results) - read
    takes_over = dict(zip(block.results, carried, strict=False))
    readers = _readers(block.operations)
    place: dict[Operation, tuple[int, ...]] = {op: (k,) for k, op in enumerate(block.operations)}
    made = makers(block.operations)
    # The last first: what one is moved behind may have been moved itself.
    for k, op in reversed([*enumerate(block.operations)]):
        if _is_movable(op, last):
            assert isinstance(op, Apply)
            old = _replaced(op, takes_over.get(op.result), made)
            behind = [(*place[r], k) for v in old for r in readers.get(v, ()) if r is not op and place[r] > (k,)]
            place[op] = max([(k,), *behind])
    for k, op in enumerate(block.operations):
        if any(readers[v] == [op] for v in map(takes_over.get, op.results) if v is not None and _adds_to(op, v)):
            # Nothing else reads what it is added to: it stands where what is added is made.
            there = [place[made[o]] for o in op.operands if o in made]
            place[op] = (*max(there), k) if there else place[op]
    return replace(block, operations=tuple(sorted(block.operations, key=place.__getitem__)))


def _readers(operations: Sequence[Operation]) -> dict[Operand, list[Operation]]:
    """The operations of a block that read each value, themselves, within them, or in an operand that has no name."""
    made = makers(operations)
    readers: dict[Operand, list[Operation]] = {}
    for op in operations:
        within = _leaves(op, made) if isinstance(op, Apply) else ()
        for v in dict.fromkeys((*reads([op]), *within)):
            readers.setdefault(v, []).append(op)
    return readers


def _replaced(op: Apply, carried: Value | None, made: Mapping[Operand, Apply]) -> Iterator[Operand]:
    """The values whose variable the result of an operation takes: that of its own name, and what the loop carried."""
    if carried is not None:
        yield carried
    name = op.result.hint if carried is None or carried.hint is None else carried.hint
    yield from (o for o in _leaves(op, made) if isinstance(o, Value) and o.hint is not None and o.hint == name)


def _leaves(op: Apply, made: Mapping[Operand, Apply], depth: int = 5) -> Iterator[Operand]:
    """What an operation reads, and what unnamed operands of it do, which may be written into it."""
    for o in op.operands:
        yield o
        inner = made.get(o) if isinstance(o, Value) and (o.hint is None or o.loose) else None
        # An element that is read has its own line before the store, rather than the store behind its reader.
        if inner is not None and depth and (o.hint is None or inner.primitive is not GETITEM):
            yield from _leaves(inner, made, depth - 1)


def _adds_to(op: Operation, carried: Value) -> bool:
    """Whether an operation adds something to what a loop carries."""
    return isinstance(op, Apply) and op.primitive.algebra is Algebra.SUM and carried in op.operands


def _is_movable(op: Operation, last: set[Operand]) -> bool:
    if not isinstance(op, Apply) or op.primitive.effect is Effect.IO or op.result not in last:
        return False
    return op.primitive is not INDEX_SET or not isinstance(op.operands[2], Value)  # it may be waited for
