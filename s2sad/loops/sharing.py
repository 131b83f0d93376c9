"""Arrays of one form that are never needed at once are one.

    e = np.empty(n); r = np.empty(n)          r = np.empty(n)
    ...                                       ...
    for i in range(n): r[i] = e[i] / s   ->   for i in range(n): r[i] = r[i] / s

The last loop that reads the one may be the first that writes the other, where each element is read before it is
written (Ferrante, Ottenstein & Warren's dead values, per element; register allocation by intervals: Poletto & Sarkar,
Linear scan register allocation, 1999).
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, field, replace

from s2sad.ir.primitives.memory import ALLOCATE, LOAD, STORE
from s2sad.ir.rewrite import map_blocks, reads, substitute
from s2sad.ir.values import Apply, Block, For, Function, Operand, Operation, is_loop, is_same


def shared(function: Function) -> Function:
    """The function with fewer arrays."""
    return replace(function, body=_block(function.body))


@dataclass
class Life:
    """Where in its block an array is used first and last, and the arrays that are one with it."""

    made: Apply
    first: int
    last: int
    one: set[Operand] = field(default_factory=set)


def _block(block: Block) -> Block:
    operations = [map_blocks(op, _block) for op in block.operations]
    lives = _lives(operations, block.results)
    table: dict[Operand, Operand] = {}
    for life in sorted(lives, key=lambda x: x.first):
        if life.made.result in table:
            continue
        for later in lives:
            new = later.made.result
            # first what is asked quickly: there are as many pairs as arrays by arrays
            if later.first < life.last or later is life or new in table or not _alike(life.made, later.made):
                continue
            if life.last < later.first or _in_place(operations[life.last], {life.made.result, *life.one}, new):
                table[new] = life.made.result
                life.last = later.last
                life.one.add(new)
    if not table:
        return replace(block, operations=tuple(operations))
    kept = [op for op in operations if op.results[:1] == () or op.results[0] not in table]
    return substitute(replace(block, operations=tuple(kept)), _resolved(table))


def _resolved(table: dict[Operand, Operand]) -> dict[Operand, Operand]:
    """What stands for each in the end."""
    found: dict[Operand, Operand] = {}
    for o, other in table.items():
        while other in table:
            other = table[other]
        found[o] = other
    return found


def _lives(operations: Sequence[Operation], results: Sequence[Operand]) -> list[Life]:
    """The arrays that are made in a block, and used there for nothing but their elements, or as results."""
    made = {op.result: op for op in operations if isinstance(op, Apply) and op.primitive is ALLOCATE}
    first: dict[Operand, int] = {}
    last: dict[Operand, int] = {}
    for k, op in enumerate(operations):
        for o in {*reads([op])} & made.keys():
            first.setdefault(o, k)
            last[o] = k
    # what is handed out in a container lives to the end, as does what has another name
    end = len(operations)
    for op in operations:
        if isinstance(op, Apply) and op.primitive not in (LOAD, STORE):
            last.update((o, end) for o in op.operands if o in made)
        elif not isinstance(op, Apply):
            last.update((o, end) for o in (*op.operands, *_named(op)) if o in made)
    last.update((o, end) for o in results if o in made)
    return [Life(op, first[h], last[h]) for h, op in made.items() if h in first]


def _named(op: Operation) -> Iterator[Operand]:
    """What blocks use for more than its elements."""
    for block in op.blocks:
        yield from block.results
        for inner in block.operations:
            if isinstance(inner, Apply):
                if inner.primitive not in (LOAD, STORE):
                    yield from inner.operands
            else:
                yield from inner.operands
                yield from _named(inner)


def _alike(a: Apply, b: Apply) -> bool:
    if a.static["dtype"] != b.static["dtype"] or len(a.operands) != len(b.operands):
        return False
    return all(is_same(x, y) for x, y in zip(a.operands, b.operands, strict=True))


def _in_place(op: Operation, old: Collection[Operand], new: Operand) -> bool:
    """Whether each element of the old array is read for the last time before that of the new one is written.

    All loops around must count in the places: what another iteration writes is another element.
    """
    places: set[tuple[Operand, ...]] = set()
    homes: dict[Block, tuple[Operation, ...]] = {}
    written = False
    for around, block, inner in _in_blocks(op, ()):
        if not isinstance(inner, Apply) or inner.primitive not in (LOAD, STORE):
            continue
        array = inner.operands[0]
        if array is not new and array not in old:
            continue
        homes[block] = around
        is_store = inner.primitive is STORE
        places.add(inner.operands[1:-1] if is_store else inner.operands[1:])
        if array in old and (written or is_store):
            return False
        written = written or array is new
    if len(places) != 1 or len(homes) != 1:
        return False
    (place,), (around,) = places, homes.values()
    return all(isinstance(loop, For) and loop.index in place for loop in around if is_loop(loop))


def _in_blocks(
    op: Operation, around: tuple[Operation, ...]
) -> Iterator[tuple[tuple[Operation, ...], Block, Operation]]:
    """The operations in the blocks of an operation, each with its block and what is around that."""
    for block in op.blocks:
        for inner in block.operations:
            yield (*around, op), block, inner
            yield from _in_blocks(inner, (*around, op))
