"""Loops over the same places as one, where no iteration reads or writes what another one writes.

    for i in range(n): e[i] = np.exp(x[i])          for i in range(n): e[i] = np.exp(x[i]); s += e[i]
    for i in range(n): s += e[i]             ->

Two loops are one where every element that both touch, and one of them writes, is touched by the same iteration of both:
one axis of all places is the index (loop fusion: Kennedy & Allen, Optimizing Compilers for Modern Architectures, 6.2).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from s2sad.ir.primitive import Effect
from s2sad.ir.primitives.memory import GUARD, reads_memory
from s2sad.ir.rewrite import map_blocks, reads, substitute
from s2sad.ir.values import Apply, Block, For, Function, Operand, Operation, Value, is_same
from s2sad.loops.memory import Access, Memory

NEAR = 12
"""How far back a loop is looked for that may be moved down."""


def fused(function: Function) -> Function:
    """The function with its loops fused, from the outermost in."""
    memory = Memory(function)
    return replace(function, body=_fused(function.body, memory))


def _fused(block: Block, memory: Memory) -> Block:
    operations = _merged(hoisted(block.operations), memory)
    return replace(block, operations=tuple(map_blocks(op, lambda b: _fused(b, memory)) for op in operations))


def hoisted(operations: Sequence[Operation]) -> list[Operation]:
    """What reads no memory, and what the program is left by, as early as what it is computed of allows."""
    early: list[Operation] = []
    late: list[Operation] = []
    behind: set[Operand] = set()
    for op in operations:
        moves = (
            isinstance(op, Apply)
            and not reads_memory(op)
            and (op.primitive.effect is not Effect.IO or op.primitive is GUARD)
        )
        if moves and not any(o in behind for o in op.operands):
            early.append(op)
        else:
            late.append(op)
            behind.update(op.results)
    return [*early, *late]


def _merged(operations: Sequence[Operation], memory: Memory) -> list[Operation]:
    made: list[Operation] = []
    for op in operations:
        if not isinstance(op, For):
            made.append(op)
            continue
        up, down = _above(op, made, memory), None
        if up is None:
            down = _below(op, made, memory)
        k = up if up is not None else down
        if k is None:
            made.append(op)
            continue
        first = made[k]
        assert isinstance(first, For)
        one = _one(first, op)
        if up is not None:
            made[k] = one
        else:
            del made[k]
            made.append(one)
    return made


def _above(op: For, made: Sequence[Operation], memory: Memory) -> int | None:
    """The loop before it that it can be one with, where that stands: what lies between may run after it."""
    read = set(reads([op]))
    for k in range(len(made) - 1, -1, -1):
        other = made[k]
        if _can_be_one(other, op, memory, read):
            return k
        if read.intersection(other.results) or _in_the_way(memory, op, other):
            return None
    return None


def _below(op: For, made: Sequence[Operation], memory: Memory) -> int | None:
    """A loop before it that it can be one with, where it stands itself: what lies between may run before that."""
    read = set(reads([op]))
    between: list[Operation] = []
    for k in range(len(made) - 1, max(len(made) - NEAR, -1), -1):
        other = made[k]
        if _can_be_one(other, op, memory, read):
            results = set(other.results)
            if not any(results.intersection(reads([x])) or _in_the_way(memory, other, x) for x in between):
                return k
        between.append(other)
    return None


def _can_be_one(other: Operation, op: For, memory: Memory, read: set[Operand]) -> bool:
    if not isinstance(other, For) or not _same_header(other, op):
        return False
    return _fit(other, op, memory) and not read.intersection(other.results)


def _in_the_way(memory: Memory, one: Operation, two: Operation) -> bool:
    """Whether two operations must stay in their order."""
    mine, theirs = memory.touched(one), memory.touched(two)
    return mine.meets(theirs) or (theirs.leaves and not two.blocks)


def _same_header(a: For, b: For) -> bool:
    pairs = zip((a.start, a.stop, a.step), (b.start, b.stop, b.step), strict=True)
    plain = not (a.breaks or b.breaks or a.scanned or b.scanned or a.snapshots or b.snapshots)
    return plain and a.reverse == b.reverse and all(is_same(x, y) for x, y in pairs)


def _fit(a: For, b: For, memory: Memory) -> bool:
    """Whether no iteration of the one touches what another one of the other writes, or writes what that touches."""
    one, two = memory.touched(a), memory.touched(b)
    shared = (one.written & (two.read | two.written)) | (two.written & one.read)
    for root in shared:
        first = [x for x in (*one.loads, *one.stores) if root in x.roots]
        second = [x for x in (*two.loads, *two.stores) if root in x.roots]
        if not are_apart([*((x, a.index) for x in first), *((x, b.index) for x in second)]):
            return False
    return True


def are_apart(accesses: Sequence[tuple[Access, Value]]) -> bool:
    """Whether all these places have the index of their loop on one and the same axis of one handle."""
    handle = accesses[0][0].handle
    if any(x.handle is not handle or x.places is None for x, _ in accesses):
        return False
    return any(
        all(x.places is not None and x.places[k] is index for x, index in accesses)
        for k in range(handle.type.rank or 0)
    )


def _one(a: For, b: For) -> For:
    """One loop that does what both do."""
    body = substitute(b.body, {b.index: a.index})
    parameters = (*a.body.parameters, *body.parameters[1:])
    results = (*a.body.results, *body.results)
    block = Block(parameters, (*a.body.operations, *body.operations), results)
    return replace(a, initial=(*a.initial, *b.initial), body=block, results=(*a.results, *b.results))
