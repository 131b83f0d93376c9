"""An array that an iteration makes only to copy it into a larger one is that part of the larger one.

for t in range(n):                          for t in range(n):
    row = np.empty(m)                           for i in range(m): rows[t, i] = f(i)
    for i in range(m): row[i] = f(i)    ->
    for i in range(m): rows[t, i] = row[i]
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from s2sad.ir.primitives.memory import ALLOCATE, GUARD, LOAD, STORE
from s2sad.ir.rewrite import map_blocks, with_operations
from s2sad.ir.values import (
    Apply,
    Block,
    For,
    Function,
    Operand,
    Operation,
    Value,
    is_int,
    is_loop,
    is_same,
    walk,
)
from s2sad.loops.memory import NOTHING, Roots, roots_of


@dataclass(frozen=True)
class Part:
    """Where a small array is in a larger one, and the store that copies it there."""

    whole: Value
    lead: tuple[Operand, ...]
    copy: Apply


def without_copies(function: Function) -> Function:
    """The function with arrays made where they would be copied to; as it is where there are none."""
    body = _block(function.body, roots_of(function))
    return function if body is function.body else replace(function, body=body)


def _block(block: Block, roots: Roots) -> Block:
    operations = [map_blocks(op, lambda b: _block(b, roots)) for op in block.operations]
    return with_operations(block, [_in_loop(op, roots) if is_loop(op) else op for op in operations])


def _in_loop(loop: Operation, roots: Roots) -> Operation:
    body = loop.blocks[-1]
    table: dict[Operand, Part] = {}
    for op in body.operations:
        if isinstance(op, Apply) and op.primitive is ALLOCATE:
            part = _part(op, body, roots)
            if part is not None and part.whole not in {p.whole for p in table.values()}:
                table[op.result] = part
    if not table:
        return loop
    new = _rewritten(body, table)
    return map_blocks(loop, lambda b: new if b is body else b)


def _part(made: Apply, body: Block, roots: Roots) -> Part | None:
    """The part of a larger array that an array is copied into, and has no other reason to be."""
    found = [*_copies(body.operations, made, ())]
    if len(found) != 1:
        return None
    part = found[0]
    inside = {*body.parameters, *(r for op in walk(body) for r in op.results)}
    if part.whole in inside or part.whole.type.dtype != made.result.type.dtype:
        return None
    if not _is_known(part, made, body) or not _is_last(part, made, body):
        return None
    return part if _is_apart(part, made, body, roots) else None


def _is_known(part: Part, made: Apply, body: Block) -> bool:
    """Whether the place in the larger array is known, and in range, where the array is used first."""
    first = next(k for k, op in enumerate(body.operations) if made.result in _reads(op))
    inner = {r for op in walk(body) for r in op.results}
    before = {r for op in body.operations[:first] for r in op.results}
    if any(isinstance(o, Value) and o in inner and o not in before for o in part.lead):
        return False
    between = [op for op in body.operations[first : _position(part.copy, body) + 1]]
    return not any(
        isinstance(op, Apply) and op.primitive is GUARD for op in walk(replace(body, operations=tuple(between)))
    )


def _is_last(part: Part, made: Apply, body: Block) -> bool:
    """Whether nothing is stored in an array behind the copy; beside it, the elements that it reads next alone."""
    at = _position(part.copy, body)
    home = next(b for b in _blocks(body) if part.copy in b.operations)
    load = next(k for k, op in enumerate(home.operations) if part.copy.operands[-1] in op.results)
    for k, top in enumerate(body.operations[at:]):
        for op in (top, *(x for b in top.blocks for x in walk(b))):
            if not (isinstance(op, Apply) and op.primitive is STORE and op.operands[0] is made.result):
                continue
            is_next = not k and op in home.operations[:load]
            if not is_next or op.operands[1:-1] != part.copy.operands[1 + len(part.lead) : -1]:
                return False
    return True


def _is_apart(part: Part, made: Apply, body: Block, roots: Roots) -> bool:
    """Whether the larger array is not used in the loop otherwise, and the array for nothing but its elements."""
    memory = roots[part.whole]
    for op in walk(body):
        if op is part.copy:
            continue
        if any(roots.get(o, NOTHING) & memory for o in op.operands):
            return False
        is_element = isinstance(op, Apply) and op.primitive in (LOAD, STORE)
        if made.result in op.operands and not (is_element and op.operands[0] is made.result):
            return False
    return not any(o is made.result for b in _blocks(body) for o in b.results)


def _position(op: Operation, body: Block) -> int:
    """Which operation of a body an operation is, or stands in."""
    return next(k for k, top in enumerate(body.operations) if op is top or any(op in b.operations for b in _inner(top)))


def _inner(op: Operation) -> Iterator[Block]:
    for b in op.blocks:
        yield from _blocks(b)


def _reads(op: Operation) -> set[Operand]:
    return {o for x in (op, *(y for b in op.blocks for y in walk(b))) for o in x.operands}


def _blocks(block: Block) -> Iterator[Block]:
    yield block
    for op in walk(block):
        yield from op.blocks


def _copies(operations: Sequence[Operation], made: Apply, around: tuple[For, ...]) -> Iterator[Part]:
    """The stores of all elements of an array in another one."""
    loads = {
        op.result: op
        for op in operations
        if isinstance(op, Apply) and op.primitive is LOAD and op.operands[0] is made.result
    }
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
        elif not (is_int(loop.start, 0) and is_int(loop.step, 1) and is_same(loop.stop, length)) or loop.breaks:
            return False
    counted = [place for place in places if place in loops]
    return len(loops) == len(counted) == len(set(counted))


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
