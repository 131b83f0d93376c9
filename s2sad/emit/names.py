"""Leaving SSA: which values share a variable, and what the variables are called.

Live ranges are lists of intervals over the positions of the statements, with holes (Wimmer & Franz, Linear scan
register allocation on SSA form, 2010). What a loop carries and what it yields, and what the branches of an if yield,
share one variable where their ranges do not overlap; else a copy is written. Two variables of one name whose ranges
overlap are told apart by a suffix.
"""

from __future__ import annotations

import builtins
import keyword
import re
from collections.abc import Iterable
from typing import assert_never

from s2sad.emit.free_names import FreeNames, Interval, overlap
from s2sad.emit.inlining import Unpacked, Uses, addends, is_sum, leaves
from s2sad.ir.trace_names import MARK, as_text, is_of_trace, of_operation
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
    bound_in,
    is_loop,
    is_update,
    makers,
    values_in,
    walk,
)


class Variables:
    """The variables of one function."""

    def __init__(
        self,
        function: Function,
        uses: Uses,
        inlined: dict[Operand, Apply],
        unpacked: Unpacked,
        reserved: Iterable[str],
        iterates: bool = True,
        mark: str = "_",
    ) -> None:
        self.mark = mark
        """What stands before the numbers of names."""
        self.iterates = iterates
        """Whether a loop reads what it scans in its header; otherwise in its body, by its counter."""
        self.function = function
        self.uses = uses
        self.inlined = inlined
        self.unpacked = unpacked
        self.ranges: dict[Value, list[Interval]] = {}
        self.position = 0
        self.at: dict[Operation, int] = {}
        self.loops = {op.body: op for op in uses.block_of if is_loop(op)}
        self.counters = {op.index for op in uses.block_of if isinstance(op, For)}
        self.spans: dict[Block, Interval] = {}
        self.ends: dict[Operation, int] = {}
        self.header: dict[Operation, int] = {}
        """Where the range of a loop is read: after its first values are set."""
        self.parent: dict[Value, Value] = {}
        self.pairs: list[tuple[Operand, Value]] = []
        self.hints: dict[Value, str] = {}
        """The names that they would like to have."""
        self.headed: dict[tuple[Operand, Value], Interval] = {}
        """What a loop begins with and reads in its header, as in `range(len(y))`, before anything changes it."""
        self.forced: list[tuple[Value, Value]] = []
        self.count(function.body)
        self.live(function.body)
        for p in function.parameters:
            self.extend(p, 0, 2 if p in unpacked.items else 1)
        for v in self.ranges:
            self.ranges[v] = _merged(self.ranges[v])
        for a, b in self.forced:
            self.unite(a, b)
        for source, target in self.pairs:
            self.coalesce(
                source, target, isinstance(uses.definition.get(target), If), self.headed.get((source, target))
            )
        self.names = self.choose_names(set(reserved))

    # positions: the statements in the order of the text; a loop or branch spans those in it

    def count(self, block: Block) -> None:
        start = self.next()
        for op in block.operations:
            if isinstance(op, Apply) and op.result in self.inlined:
                continue
            self.at[op] = self.next()
            if is_update(op):
                self.next()  # where it writes, which is behind what it reads
            self.header[op] = self.next() if isinstance(op, For) else self.at[op]
            for inner in op.blocks:
                self.count(inner)
            self.ends[op] = self.next() if op.blocks else self.at[op]
        self.spans[block] = (start, self.next())

    def next(self) -> int:
        self.position += 1
        return self.position

    # live ranges

    def extend(self, value: Value, start: int, end: int) -> None:
        if start < end:
            self.ranges.setdefault(value, []).append((start, end))

    def live(self, block: Block) -> set[Value]:
        """Build the ranges of a block; the values of outer blocks that it reads."""
        start, end = self.spans[block]
        first: dict[Value, int] = {}
        last: dict[Value, int] = {}
        rows, collected = split_rows(block, self.loops.get(block))
        for o in rows:
            self._read(o, end, last)
        for op in reversed(block.operations):
            if op not in self.at:
                continue
            if self.unpacked.by(op):
                self._from_root(op, first)
                continue
            at, until = self.at[op], self.ends[op]
            for r in op.results:
                if r not in self.unpacked.items:
                    first[r] = until
            for inner in op.blocks:
                free = self.live(inner)
                if not self.iterates and isinstance(op, For) and op.scanned:
                    free = free.union(*(leaves(o, self.inlined) for o in (op.start, op.step, *op.scanned)))
                # What a loop reads from outside is read again by each iteration: it lives to the end of the loop, and
                # in all of its body, also where the text reads it only once at the top.
                for v in free:
                    self._read(v, until if is_loop(op) else at, last)
                    if is_loop(op):
                        self.extend(v, *self.spans[inner])
            for o in op.operands:
                self._read(o, at, last)
            if is_update(op):
                self._read_behind_copy(op, at, last)
            if isinstance(op, For):
                self._read_in_header(op, last)
            self._pairs(op)
        for p in block.parameters:
            first[p] = start
        # What a loop collects is appended as soon as it is there, not at the end of the body.
        for o in collected:
            if isinstance(o, Value):
                last[o] = max(last.get(o, 0), first.get(o, start) + 1)
        for v, use in last.items():
            self.extend(v, first.get(v, start), use)
        # A value that nobody reads is assigned all the same, and must not do so in a variable that is in use.
        for v, bound in first.items():
            self.extend(v, bound, bound + 1)
        return {v for v in last if v not in first}

    def _from_root(self, op: Operation, first: dict[Value, int]) -> None:
        """The items of an unpacked tuple are bound where it is made, or at the start of the block that is given it."""
        for r in op.results:
            if r not in self.unpacked.items:
                root = self.unpacked.root[r]
                made = self.uses.definition.get(root)
                first[r] = self.spans[self.unpacked.home[root]][0] if made is None else self.ends[made]

    def _read(self, operand: Operand, at: int, last: dict[Value, int]) -> None:
        for v in leaves(operand, self.inlined):
            if v not in last or last[v] < at:
                last[v] = at

    def _read_behind_copy(self, op: Apply, at: int, last: dict[Value, int]) -> None:
        """What an update reads beside its array must outlive the copy that it may begin with."""
        for o in op.operands[1:]:
            for v in leaves(o, self.inlined):
                if v is not op.operands[0]:
                    last[v] = max(last.get(v, 0), at + 1)

    def _read_in_header(self, op: For, last: dict[Value, int]) -> None:
        """What the range of a loop is made of, and what it scans, is read after its first values are set."""
        for o in (op.start, op.stop, op.step, *op.scanned):
            self._read(o, self.header[op], last)
        read = {v for o in (op.start, op.stop, op.step) for v in leaves(o, self.inlined)}
        for pair in zip(op.initial, op.carried, strict=True):
            if pair[0] in read:
                self.headed[pair] = (self.at[op], self.header[op])

    def _pairs(self, op: Operation) -> None:
        """Which values would like to share a variable."""
        match op:
            case If():
                for k, r in enumerate(op.results):
                    self.pairs += [(op.then.results[k], r), (op.orelse.results[k], r)]
                    for block in op.blocks:
                        end = self.spans[block][1]
                        self.extend(r, end, end + 1)
            case For() | While():
                for k, p in enumerate(op.carried):
                    # What a loop carries is one variable with its result by the meaning of a Python loop. The rest are
                    # wishes, which are granted where the ranges do not overlap, and else cost a copy.
                    self.forced.append((p, op.results[k]))
                    if isinstance(op, While):
                        self.forced.append((p, op.test.parameters[k]))
                    self.pairs += [(op.body.results[k], p), (op.initial[k], p)]
                    first_span = self.spans[op.blocks[0]]
                    self.extend(p, self.at[op], first_span[isinstance(op, While)] + 1)
                    end = self.spans[op.body][1]
                    self.extend(p, end, end + 1)
                for r in op.results[len(op.initial) :]:
                    self.extend(r, self.at[op], self.ends[op])
            case Apply() if op.primitive.update is not None:
                self.pairs.append((op.operands[0], op.result))
            case Apply() if is_sum(op.primitive):
                first = addends(op, self.inlined)[0]
                if first not in self.counters:
                    self.pairs.append((first, op.result))
            case Apply() | Call():
                pass
            case _:
                assert_never(op)

    # sharing

    def find(self, value: Value) -> Value:
        while value in self.parent:
            value = self.parent[value]
        return value

    def unite(self, a: Value, b: Value) -> None:
        a, b = self.find(a), self.find(b)
        if a is b:
            return
        # The user's name goes before a number of the trace.
        if b.hint is not None and (a.hint is None or is_of_trace(a.hint) or not is_of_trace(b.hint)):
            a, b = b, a
        self.parent[b] = a
        self.ranges[a] = _merged([*self.ranges.get(a, []), *self.ranges.get(b, [])])

    def coalesce(self, a: Operand, b: Value, merged: bool, header: Interval | None = None) -> None:
        """Let two values be one variable if they are never there both, but for a read in the `header` of a loop."""
        if not isinstance(a, Value) or a in self.inlined:
            return
        a, b = self.find(a), self.find(b)
        if a is b or not _may_share(a, b, merged):
            return
        before = self.ranges.get(a, [])
        # `for i in range(len(y))` reads y before the loop changes what is in its variable: that read is no overlap.
        if header is not None:
            before = [(start, header[0] if end == header[1] else end) for start, end in before]
        if not overlap(before, self.ranges.get(b, [])):
            self.unite(a, b)

    def same(self, a: Operand, b: Operand) -> bool:
        """Whether two operands are one variable."""
        return isinstance(a, Value) and isinstance(b, Value) and a not in self.inlined and self.find(a) is self.find(b)

    # names

    def choose_names(self, reserved: set[str]) -> dict[Value, str]:
        """A name for each variable, in the order of the text."""
        free = FreeNames(self.mark)
        names: dict[Value, str] = {}
        values = [v for v in self.ranges if v not in self.inlined]
        place = {v: k for k, v in enumerate(bound_in(self.function.body))}
        roots: dict[Value, int] = {}
        for v in values:
            roots[self.find(v)] = min(roots.get(self.find(v), len(place)), place.get(v, len(place)))
        # By the first statement, then by the order of the text: names depend on no set, and are the same in every
        # process.
        order = sorted(roots, key=lambda v: (self.ranges[v][0][0], roots[v]))
        # A number that the user has as a name, or whose adjoint stands there, would mean two things.
        hints = {_SUFFIXES.sub("", v.hint) for v in values if v.hint}
        numbers = (f"v{k}" for k in range(1, len(order) + len(hints) + 2))
        fresh = (n for n in numbers if n not in hints)
        counters = set(map(self.find, self.counters))
        refused_if_read = reserved | {"_"}
        read = set(map(self.find, values_in(self.uses.readers)))  # `_` is what loops call an index that nobody reads
        self.hints = wanted = self.wanted(hints)
        for v in order:
            hint = wanted.get(v, "")
            if v in counters and (hint == "_" or not v.hint):
                hint = "i"
            base = _identifier(as_text(hint)) or next(fresh)
            base = _NUMBER.sub(rf"{self.mark}\1", base)
            names[v] = free.take(base, self.ranges[v], refused_if_read if v in read else reserved)
        return names

    def wanted(self, hints: set[str]) -> dict[Value, str]:
        """The names that values would like to have; those of the trace stand back where the user has one of `hints`."""
        operations = list(walk(self.function.body))
        made = makers(operations)
        found = {v: v.hint for v in self.ranges if v.hint}
        for op in operations:
            for result in op.results[:1]:
                if result in self.ranges and not result.hint and (name := of_operation(op, made)):
                    found[result] = name
        return {v: name for v, name in found.items() if MARK not in name or as_text(name) not in hints}

    def name(self, value: Value) -> str:
        return self.names[self.find(value)]


def split_rows(block: Block, op: For | While | None) -> tuple[tuple[Operand, ...], tuple[Operand, ...]]:
    """What a block hands on at its end, and what its loop collects as soon as it is there."""
    if op is None:
        return block.results, ()
    n, cut = len(op.initial), len(block.results) - op.breaks
    return (*block.results[:n], *block.results[cut:]), block.results[n:cut]


def _identifier(hint: str) -> str:
    if keyword.iskeyword(hint) or (hasattr(builtins, hint) and hint in _BUILTINS_USED):
        return f"{hint}_"
    return hint


_BUILTINS_USED = {
    "range",
    "len",
    "reversed",
    "zip",
    "enumerate",
    "print",
    "float",
    "int",
    "abs",
    "max",
    "min",
    "pow",
    "list",
    "slice",
}


def _may_share(a: Value, b: Value, merged: bool) -> bool:
    """Whether two values may be one variable; where branches meet, and of lists, the numbers of the trace give way."""
    if a.hint is None or b.hint is None or a.hint == b.hint:
        return True
    numbered = is_of_trace(a.hint), is_of_trace(b.hint)
    return any(numbered) if a.type.is_sequence else merged and all(numbered)


_NUMBER = re.compile(r"(?<!_)_(\d+)$")
_SUFFIXES = re.compile(r"(_dot|_bar)+$")


def _merged(intervals: list[Interval]) -> list[Interval]:
    result: list[Interval] = []
    for start, end in sorted(intervals):
        if result and start <= result[-1][1]:
            result[-1] = (result[-1][0], max(result[-1][1], end))
        else:
            result.append((start, end))
    return result
