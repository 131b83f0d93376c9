"""One record of what a step of a loop keeps for its reverse sweep, in the place of a list for each value of it.

    zs.append(z)                                         kept.append((z, h))
    hs.append(h)                                  ->
    for z, h in zip(reversed(zs), reversed(hs)):         for z, h in reversed(kept):

Lists are put together that one loop collects and one loop scans; of nested loops, those that go the same way through
all of them.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass, field, replace
from typing import TypeAlias, TypeVar

from s2sad.differentiate.reverse.levels import item_type
from s2sad.ir.builder import Builder
from s2sad.ir.containers import EXTRACT
from s2sad.ir.dims import Dim
from s2sad.ir.primitive import required
from s2sad.ir.rewrite import map_blocks
from s2sad.ir.types import SequenceType, Type, tuple_type
from s2sad.ir.values import (
    Apply,
    Block,
    For,
    Function,
    Operand,
    Operation,
    Value,
    While,
    is_call_of,
    is_loop,
    values_in,
    walk,
)

T = TypeVar("T")


@dataclass(frozen=True)
class Way:
    """How a list goes from the loop that collects it to the loop that scans it, the innermost loops first.

    Of nested loops, an outer one collects the lists of the inner ones; its reversal has one of these as its item.
    """

    collecting: tuple[tuple[For | While, int], ...]
    """The loops that collect, each with the number of its result."""
    scanning: tuple[tuple[For, int], ...]
    """The loops that scan, each with the number of what it scans."""

    @property
    def loops(self) -> tuple[Operation, ...]:
        return (*(op for op, _ in self.collecting), *(op for op, _ in self.scanning))


@dataclass(eq=False)
class Uses:
    """What is done with each value of two sweeps: `None` where it is read in another way than these."""

    scanned: dict[Operand, list[tuple[For, int] | None]] = field(default_factory=dict)
    """The loops that scan it."""
    row: dict[Operand, list[tuple[For | While, int]]] = field(default_factory=dict)
    """The loops that collect it."""

    def visit(self, block: Block) -> None:
        for op in block.operations:
            if is_call_of(op, required(len)):
                continue  # the record has the same length
            scans = dict.fromkeys(op.scanned) if isinstance(op, For) else {}
            for o in values_in(op.operands):
                if o not in scans:
                    self.scanned.setdefault(o, []).append(None)
            if isinstance(op, For):
                for k, sequence in enumerate(op.scanned):
                    self.scanned.setdefault(sequence, []).append(None if op.is_ascending(k) else (op, k))
            for inner in op.blocks:
                self.visit(inner)
                self.read(inner.results)
            if is_loop(op):
                self.collect(op)

    def read(self, operands: Sequence[Operand]) -> None:
        for o in values_in(operands):
            self.scanned.setdefault(o, []).append(None)

    def collect(self, op: For | While) -> None:
        """The rows of a loop that are collected: they were taken for reads of its block."""
        for k in range(len(op.initial), len(op.results)):
            row = op.body.results[k]
            if isinstance(row, Value):
                self.scanned[row].remove(None)
                self.row.setdefault(row, []).append((op, k))

    def way(self, op: For | While, k: int) -> Way | None:
        """The way of the list that is a loop's result number `k`, if it goes to one loop that scans it."""
        r = op.results[k]
        scans, rows = self.scanned.get(r, []), self.row.get(r, [])
        if len(scans) + len(rows) != 1:
            return None
        if scans:
            return None if scans[0] is None else Way(((op, k),), (scans[0],))
        outer = self.way(*rows[0])
        if outer is None:
            return None
        loop, j = outer.scanning[0]
        item = loop.items[j]
        again = self.scanned.get(item, [])
        if len(again) != 1 or again[0] is None or item in self.row:
            return None
        return Way(((op, k), *outer.collecting), (again[0], *outer.scanning))


@dataclass(eq=False)
class Record:
    """The lists that become one list of tuples, with what takes their place in each loop, the innermost first."""

    ways: Sequence[Way]
    results: list[Value] = field(default_factory=list)
    items: list[Value] = field(default_factory=list)

    def __post_init__(self) -> None:
        collecting, scanning = self.ways[0].collecting, self.ways[0].scanning
        t: Type = tuple_type(*(item_type(w.collecting[0][0].results[w.collecting[0][1]]) for w in self.ways))
        for level, (op, k) in enumerate(collecting):
            t = SequenceType(t, _length(op.results[k]))
            self.results.append(Value(t, NAME + "_stack" * level))
        t = tuple_type(*(w.scanning[0][0].items[w.scanning[0][1]].type for w in self.ways))
        self.items.append(Value(t, NAME))
        for level, (op, j) in enumerate(scanning[1:]):
            t = SequenceType(t, _length(op.items[j]))
            self.items.append(Value(t, self.results[level].hint))

    def scanned(self, level: int) -> Value:
        """What the loop of a level scans: an item of the loop around it, or what the forward sweep collected."""
        return self.items[level + 1] if level + 1 < len(self.items) else self.results[-1]


NAME = "kept"


def _length(sequence: Value) -> Dim:
    assert isinstance(sequence.type, SequenceType)
    return sequence.type.length


Place: TypeAlias = tuple[Record, int, list[int]]
"""A record, the level of a loop in its ways, and the numbers of its lists there."""


class Rewriting:
    """The loops with records in the places of lists."""

    def __init__(self, records: Sequence[Record]) -> None:
        self.collects: dict[Operation, list[Place]] = {}
        self.scans: dict[Operation, list[Place]] = {}
        self.lists: dict[Operand, Value] = {}
        """The record in the place of each list."""
        for record in records:
            for level, (op, _) in enumerate(record.ways[0].collecting):
                self.collects.setdefault(op, []).append((record, level, [w.collecting[level][1] for w in record.ways]))
            for level, (loop, _) in enumerate(record.ways[0].scanning):
                self.scans.setdefault(loop, []).append((record, level, [w.scanning[level][1] for w in record.ways]))
            for way in record.ways:
                self.lists.update((op.results[k], r) for (op, k), r in zip(way.collecting, record.results, strict=True))
                self.lists.update(
                    (op.items[j], r) for (op, j), r in zip(way.scanning[1:], record.items[1:], strict=True)
                )

    def block(self, block: Block) -> Block:
        return replace(block, operations=tuple(self.operation(op) for op in block.operations))

    def operation(self, op: Operation) -> Operation:
        if is_call_of(op, required(len)):
            return replace(op, operands=tuple(self.lists.get(o, o) for o in op.operands))
        new = map_blocks(op, self.block)
        if is_loop(new) and op in self.collects:
            new = self.collecting(new, self.collects[op])
        if isinstance(new, For) and op in self.scans:
            new = self.scanning(new, self.scans[op])
        return new

    def collecting(self, op: For | While, places: Sequence[Place]) -> For | While:
        """A loop that collects records: each is made as soon as the last of its values is there."""
        operations, rows, results = list(op.body.operations), list(op.body.results), list(op.results)
        gone: set[int] = set()
        for record, level, numbers in places:
            first, *others = numbers
            gone.update(others)
            results[first] = record.results[level]
            if level:
                rows[first] = record.results[level - 1]
                continue
            values = [rows[k] for k in numbers]
            builder = Builder(op.location)
            rows[first] = builder.tuple(values)
            at = max((n + 1 for n, o in enumerate(operations) if not set(o.results).isdisjoint(values)), default=0)
            operations[at:at] = builder.operations
        body = replace(op.body, operations=tuple(operations), results=_without(rows, gone))
        return replace(op, body=body, results=_without(results, gone))

    def scanning(self, op: For, places: Sequence[Place]) -> For:
        """A loop that scans records: the innermost takes them apart."""
        scanned, ascending = list(op.scanned), [op.is_ascending(k) for k in range(len(op.scanned))]
        shared, items = op.body.parameters[: 1 + len(op.initial)], list(op.items)
        builder = Builder(op.location)
        gone: set[int] = set()
        for record, level, numbers in places:
            first, *others = numbers
            gone.update(others)
            scanned[first] = record.scanned(level)
            if level == 0:
                parts = [items[j] for j in numbers]
                extracts = [Apply(EXTRACT, (record.items[0],), v, {"key": k}) for k, v in enumerate(parts)]
                builder.operations += extracts
            items[first] = record.items[level]
        body = replace(
            op.body,
            parameters=(*shared, *_without(items, gone)),
            operations=(*builder.operations, *op.body.operations),
        )
        return replace(op, scanned=_without(scanned, gone), body=body, ascending=_without(ascending, gone))


def _without(items: Sequence[T], gone: Collection[int]) -> tuple[T, ...]:
    return tuple(item for k, item in enumerate(items) if k not in gone)


def with_records(function: Function) -> Function:
    """The function with one list for what a loop keeps of a step."""
    return replace(function, body=put_together(function.body)[0])


def put_together(body: Block) -> tuple[Block, dict[Operand, Value]]:
    """The block of one sweep, or of two one behind the other, with records; and which take the place of which lists."""
    replaced: dict[Operand, Value] = {}
    while records := _records(body):
        rewriting = Rewriting(records)
        body = rewriting.block(body)
        table = rewriting.lists
        replaced = {old: table.get(new, new) for old, new in replaced.items()} | table
    return body, replaced


def _records(body: Block) -> list[Record]:
    """The records of the deepest loops in which lists can be put together; those of loops around them come after."""
    uses = Uses()
    uses.visit(body)
    uses.read(body.results)
    found: dict[tuple[Operation, ...], list[Way]] = {}
    for op in walk(body):
        if is_loop(op):
            for k in range(len(op.initial), len(op.results)):
                way = uses.way(op, k)
                if way is not None:
                    found.setdefault(way.loops, []).append(way)
    groups = [ways for ways in found.values() if len(ways) > 1]
    depth = max((len(ways[0].collecting) for ways in groups), default=0)
    return [Record(ways) for ways in groups if len(ways[0].collecting) == depth]
