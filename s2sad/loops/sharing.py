"""Arrays of one form that are never needed at once are one.

    e = np.empty(n); r = np.empty(n)          r = np.empty(n)
    ...                                       ...
    for i in range(n): r[i] = e[i] / s   ->   for i in range(n): r[i] = r[i] / s

The last loop that reads the one may be the first that writes the other, where each element is read before it is
written (Ferrante, Ottenstein & Warren's dead values, per element; register allocation by intervals: Poletto & Sarkar,
Linear scan register allocation, 1999).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
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
    one: list[Operand] = field(default_factory=list)


@dataclass(frozen=True, eq=False, slots=True)
class Use:
    """A load or a store of an element: where it stands in the text, in its block, and in what."""

    number: int
    is_store: bool
    place: tuple[Operand, ...]
    block: Block
    around: tuple[Operation, ...]


Uses = Mapping[Operand, Sequence[Use]]
"""By the array, in the order of the text."""


def _block(block: Block) -> Block:
    operations = [map_blocks(op, _block) for op in block.operations]
    lives = _lives(operations, block.results)
    table: dict[Operand, Operand] = {}
    uses: dict[int, Uses] = {}
    for life in sorted(lives, key=lambda x: x.first):
        if life.made.result in table:
            continue
        for later in lives:
            new = later.made.result
            # first what is asked quickly: there are as many pairs as arrays by arrays
            if later.first < life.last or later is life or new in table or not _alike(life.made, later.made):
                continue
            if later.first == life.last and life.last not in uses:
                uses[life.last] = _uses(operations[life.last])
            if life.last < later.first or _in_place(uses[life.last], [life.made.result, *life.one], new):
                table[new] = life.made.result
                life.last = later.last
                life.one.append(new)
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


def _uses(op: Operation) -> Uses:
    """What the blocks in an operation load and store."""
    found: dict[Operand, list[Use]] = {}
    for number, (around, block, inner) in enumerate(_in_blocks(op, ())):
        if isinstance(inner, Apply) and inner.primitive in (LOAD, STORE):
            is_store = inner.primitive is STORE
            place = inner.operands[1:-1] if is_store else inner.operands[1:]
            found.setdefault(inner.operands[0], []).append(Use(number, is_store, place, block, around))
    return found


def _in_place(uses: Uses, old: Sequence[Operand], new: Operand) -> bool:
    """Whether each element of the old arrays is read for the last time before that of the new one is written.

    All loops around must count in the places: what another iteration writes is another element.
    """
    before = [use for o in old for use in uses.get(o, ())]
    after = uses.get(new, ())
    one = next(iter((*before, *after)), None)
    if one is None or any(use.block is not one.block or use.place != one.place for use in (*before, *after)):
        return False
    if any(use.is_store or (after and use.number > after[0].number) for use in before):
        return False
    return all(isinstance(loop, For) and loop.index in one.place for loop in one.around if is_loop(loop))


def _in_blocks(
    op: Operation, around: tuple[Operation, ...]
) -> Iterator[tuple[tuple[Operation, ...], Block, Operation]]:
    """The operations in the blocks of an operation, each with its block and what is around that."""
    for block in op.blocks:
        for inner in block.operations:
            yield (*around, op), block, inner
            yield from _in_blocks(inner, (*around, op))
