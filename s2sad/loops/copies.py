"""An array that an iteration makes only to copy it into a larger one is that part of the larger one.

    for t in range(n):                          for t in range(n):
        row = np.empty(m)                           for i in range(m): rows[t, i] = f(i)
        for i in range(m): row[i] = f(i)    ->
        for i in range(m): rows[t, i] = row[i]
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from s2sad.ir.primitives.memory import ALLOCATE, LOAD, STORE
from s2sad.ir.rewrite import map_blocks
from s2sad.ir.values import Apply, Block, Constant, For, Function, Operand, Operation, Value, is_int, is_loop, walk


@dataclass(frozen=True)
class Part:
    """Where a small array is in a larger one, and the store that copies it there."""

    whole: Value
    lead: tuple[Operand, ...]
    copy: Apply


def without_copies(function: Function) -> Function:
    """The function with arrays made where they would be copied to."""
    return replace(function, body=_block(function.body))


def _block(block: Block) -> Block:
    operations = [map_blocks(op, _block) for op in block.operations]
    return replace(block, operations=tuple(_in_loop(op) if is_loop(op) else op for op in operations))


def _in_loop(loop: Operation) -> Operation:
    body = loop.blocks[-1]
    table: dict[Operand, Part] = {}
    for op in body.operations:
        if isinstance(op, Apply) and op.primitive is ALLOCATE:
            part = _part(op, body, table)
            if part is not None:
                table[op.result] = part
    if not table:
        return loop
    new = _rewritten(body, table)
    return map_blocks(loop, lambda b: new if b is body else b)


def _part(made: Apply, body: Block, taken: dict[Operand, Part]) -> Part | None:
    """The part of a larger array that an array is copied into, and has no other reason to be."""
    found = [p for p in _copies(body.operations, made, ())]
    if len(found) != 1:
        return None
    part = found[0]
    inner = {r for op in walk(body) for r in op.results}
    if part.whole in inner or part.whole in {p.whole for p in taken.values()}:
        return None
    first = next(k for k, op in enumerate(body.operations) if made.result in _reads(op))
    before = {*body.parameters, *(r for op in body.operations[:first] for r in op.results)}
    if any(isinstance(o, Value) and o in inner and o not in before for o in part.lead):
        return None
    for op in walk(body):
        if op is part.copy:
            continue
        if part.whole in op.operands:
            return None
        if made.result in op.operands and not (isinstance(op, Apply) and op.primitive in (LOAD, STORE) and op.operands[0] is made.result):
            return None
    return None if any(o is made.result for b in _blocks(body) for o in b.results) else part


def _reads(op: Operation) -> set[Operand]:
    return {o for x in (op, *(y for b in op.blocks for y in walk(b))) for o in x.operands}


def _blocks(block: Block) -> Iterator[Block]:
    yield block
    for op in walk(block):
        yield from op.blocks


def _copies(operations: Sequence[Operation], made: Apply, around: tuple[For, ...]) -> Iterator[Part]:
    """The stores of all elements of an array in another one."""
    loads = {op.result: op for op in operations if isinstance(op, Apply) and op.primitive is LOAD and op.operands[0] is made.result}
    for op in operations:
        if isinstance(op, For):
            yield from _copies(op.body.operations, made, (*around, op))
        if isinstance(op, Apply) and op.primitive is STORE and op.operands[-1] in loads:
            places = loads[op.operands[-1]].operands[1:]
            lead = op.operands[1 : len(op.operands) - 1 - len(places)]
            same = op.operands[1 + len(lead) : -1] == places
            if same and op.operands[0] is not made.result and _are_all(places, made, around):
                whole = op.operands[0]
                assert isinstance(whole, Value)
                yield Part(whole, lead, op)


def _are_all(places: Sequence[Operand], made: Apply, around: Sequence[For]) -> bool:
    """Whether loops around a store go over all elements of an array."""
    loops = {loop.index: loop for loop in around}
    for place, length in zip(places, made.operands, strict=True):
        loop = loops.get(place) if isinstance(place, Value) else None
        if loop is None:
            if not (is_int(length, 1) and is_int(place, 0)):
                return False
        elif not (is_int(loop.start, 0) and is_int(loop.step, 1) and _same(loop.stop, length)) or loop.breaks:
            return False
    return len(loops) == len(set(places) & set(loops))


def _same(a: Operand, b: Operand) -> bool:
    return a is b or (isinstance(a, Constant) and isinstance(b, Constant) and a.value == b.value)


def _rewritten(block: Block, table: dict[Operand, Part]) -> Block:
    copies = {part.copy for part in table.values()}
    operations: list[Operation] = []
    for op in block.operations:
        if isinstance(op, Apply):
            if op in copies or (op.primitive is ALLOCATE and op.result in table):
                continue
            part = table.get(op.operands[0]) if op.operands else None
            if part is not None:
                op = replace(op, operands=(part.whole, *part.lead, *op.operands[1:]))
            operations.append(op)
        else:
            operations.append(map_blocks(op, lambda b: _rewritten(b, table)))
    return replace(block, operations=tuple(operations))
