"""Loops in reverse mode: a loop from the last iteration to the first, over what the forward sweep kept of each.

    for i in range(n):          for i in range(n):          for i in reversed(range(n)):
        x = x * a                   xs.append(x)                a_bar += x_bar * xs[i]
                                    x = x * a                   x_bar = x_bar * a

What the loop carries, and what all iterations read, is carried backwards by its adjoint.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

import numpy as np

from s2sad.analysis.masked import mark_masked, stores_in_part
from s2sad.differentiate.reverse.adjoints import Adjoints
from s2sad.differentiate.reverse.levels import Key, Level, item_type
from s2sad.differentiate.reverse.settling import Settled, settle
from s2sad.differentiate.reverse.storage import allocated
from s2sad.differentiate.tangents import tangent_type
from s2sad.ir.builder import Builder
from s2sad.ir.dims import new_dim
from s2sad.ir.primitive import required
from s2sad.ir.primitives.lists import REVERSED_ITEMS
from s2sad.ir.types import INT, SequenceType, integer
from s2sad.ir.values import (
    Apply,
    Block,
    For,
    Operand,
    Operation,
    Value,
    While,
    constant,
    is_call_of,
    is_int,
    is_loop,
    is_update,
)


@dataclass(frozen=True, slots=True)
class Handed:
    """What a reversed loop hands from an iteration to the one before: `end` takes the place of `parameter`."""

    start: Operand
    parameter: Value
    end: Operand


class Loops(Adjoints):
    """The loops of a function in reverse mode.

    Let `c[i]` be a carried value before iteration i, so that `c[0]` is its initial value, and `c[n]` its result. When
    the reversed loop comes to iteration i, it holds

    - the adjoint of each `c[i + 1]`, complete: all that read it are iterations after i, or stand behind the loop. What
      it hands on is the adjoint of `c[i]`, to which iteration i alone contributes.
    - for each value from outside that the body reads, the sum of the contributions of what stands behind the loop and
      of the iterations after i. It adds its own, and hands on the sum.

    A list has one item for each iteration. So the adjoint of one that the loop collects is scanned, an item being the
    adjoint of what its iteration gave; and the adjoints of the items that it scans are collected to that of the list.
    """

    def reverse_loop(self, op: For | While, builder: Builder) -> None:
        count = len(op.initial)
        carried = [k for k in range(count) if op.carried[k] in self.active or op.results[k] in self.active]
        starts = [self.total_or_zero(builder, op.results[k]) for k in carried]
        collected = [k for k in range(count, len(op.results)) if op.results[k] in self.active]
        list_bars = {k: bar for k in collected if (bar := self.total(builder, op.results[k])) is not None}

        inner = builder.child()
        level = self.level = Level(op.body, self.level, op)
        index = self.index_again(op, level)
        parameters = [Value(tangent_type(op.carried[k].type), self.hint(op.carried[k])) for k in carried]
        mark_masked(builder, ((builder, start, p) for start, p in zip(starts, parameters, strict=True)))
        item_bars = {k: Value(tangent_type(item_type(bar)), None) for k, bar in list_bars.items()}
        mark_masked(builder, ((builder, bar, item_bars[k]) for k, bar in list_bars.items()))
        # The body is reversed once, for an iteration in general: it starts from the adjoints of what it hands on.
        for k, bar in (*zip(carried, parameters, strict=True), *item_bars.items()):
            self.contribute_active(inner, op.body.results[k], bar)
        self.reverse_block(op.body, inner)
        # A carried value is bound anew by each iteration, so its sum starts from nothing in each: it is replaced, not
        # added to. What comes from outside is `touched`, and its sum goes through all iterations.
        ends = [self.name(self.total_or_zero(inner, op.carried[k]), self.hint(op.carried[k])) for k in carried]
        scanned = self.bars_of_items(op, inner)
        given = [*ends, *(bar for _, bar in scanned), *(level.totals[key] for key in level.touched)]
        settled = settle(self, level, inner, given)

        assert level.outer is not None
        self.level = level.outer
        keys, sums = self.sums_through(level, builder)
        primal = [Handed(self.read(builder, op.results[k]), after, before) for k, after, before in settled.handed]
        handed = [*map(Handed, starts, parameters, ends), *sums, *primal]
        lists = [(bar, item_bars[k]) for k, bar in list_bars.items()]
        results, scanned_bars = self.append_reversed(
            op, builder, inner, level, index, handed, lists, [bar for _, bar in scanned], settled
        )
        # First the sums that went through the loop take the place of what they began with, then the initial values get
        # their adjoints: one of them may be among the values from outside too.
        self.level.totals.update(zip(keys, results[len(carried) :], strict=False))
        for k, bar in zip(carried, results, strict=False):
            self.contribute_active(builder, op.initial[k], bar)
        for (k, _), bar in zip(scanned, scanned_bars, strict=True):
            assert isinstance(op, For)
            # The reversed loop collects from the last iteration to the first. A list that the loop took from its end is
            # in that order itself.
            in_order = builder.apply(REVERSED_ITEMS, (bar,)) if op.is_ascending(k) else bar
            self.contribute_active(builder, op.scanned[k], in_order)

    def index_again(self, op: For | While, level: Level) -> Value:
        """The index of the reversed loop, which is that of the loop where both run over one range."""
        if not isinstance(op, For):
            return Value(integer(new_dim("i")))
        index = Value(op.index.type, op.index.hint)
        # Of a loop that may be left early nobody knows the last index: it is counted, and read like any other value.
        if not op.breaks:
            level.replaced[op.index] = index
        return index

    def sums_through(self, level: Level, builder: Builder) -> tuple[list[Key], list[Handed]]:
        """The values from outside that the body contributed to, and their sums, which go through the reversed loop."""
        keys, sums = list(level.touched), []
        for key in keys:
            parameter, before = level.touched[key], self.current(builder, key)
            assert isinstance(parameter, Value)
            sums.append(Handed(self.zero_at(builder, *key) if before is None else before, parameter, level.totals[key]))
        return keys, sums

    def bars_of_items(self, op: For | While, inner: Builder) -> list[tuple[int, Operand]]:
        """The adjoints of the items that an iteration scanned, by the numbers of their lists."""
        if not isinstance(op, For):
            return []
        return [(k, self.total_or_zero(inner, item)) for k, item in enumerate(op.items) if item in self.active]

    def append_reversed(
        self,
        op: For | While,
        builder: Builder,
        inner: Builder,
        level: Level,
        index: Value,
        handed: Sequence[Handed],
        lists: Sequence[tuple[Operand, Value]],
        collected: Sequence[Operand],
        settled: Settled,
    ) -> tuple[list[Value], list[Value]]:
        """Append the reversed loop; what it hands over in the end, and the lists that it collects.

        `lists` are scanned beside what the forward sweep kept, each by its parameter; from the end, as the iterations.
        """
        kept = self.sorted(level.scanned)
        (start, stop, step), reverse = self.trips(op, level, builder)
        results = [Value(h.parameter.type, h.parameter.hint) for h in handed]
        collects = [Value(SequenceType(bar.type, new_dim("k")), None) for bar in collected]
        items = [*(level.scanned[v] for v in kept), *(item for _, item in lists)]
        body = inner.block([index, *(h.parameter for h in handed), *items], [*(h.end for h in handed), *collected])
        body = settled.into(body)
        scans = [self.read(builder, level.sources[v][0]) for v in kept]
        builder.operations.append(
            For(
                start,
                stop,
                step,
                tuple(h.start for h in handed),
                (*scans, *(bars for bars, _ in lists)),
                body,
                (*results, *collects),
                reverse,
                location=op.location,
                about=(op,),
                ascending=(*(level.sources[v][1] for v in kept), *(False for _ in lists)),
            )
        )
        mark_masked(builder, ((builder, h.start, r) for h, r in zip(handed, results, strict=True)))
        mark_masked(builder, ((inner, h.end, r) for h, r in zip(handed, results, strict=True)))
        if not self.in_loop():
            builder.masked.update(r for r in results if stores_in_part(builder.operations, r))
        return results, collects

    def in_loop(self) -> bool:
        """Whether the present level is in a loop."""
        level: Level | None = self.level
        while level is not None and not isinstance(level.op, (For, While)):
            level = level.outer
        return level is not None

    def trips(self, op: For | While, level: Level, builder: Builder) -> tuple[tuple[Operand, Operand, Operand], bool]:
        """The range of the reversed loop, and whether it runs backward."""
        # The same range backward. Python's `reversed(range(...))` is exact, where `range(stop - 1, start - 1, -1)`
        # would be wrong for steps other than 1.
        if isinstance(op, For) and not op.breaks:
            start, step = self.read(builder, op.start), self.read(builder, op.step)
            return (start, self.length_again(op, builder), step), not op.reverse
        return (constant(0), self.read(builder, self.count(op, level)), constant(1)), False

    def length_again(self, op: For, builder: Builder) -> Operand:
        """The end of a loop's range; where that is the length of an array, that of what is in its variable later."""
        made = self.definition.get(op.stop) if op.stop.hint is None else None
        array = made.operands[0] if is_call_of(made, required(len)) else None
        if not isinstance(array, Value) or self.owner.get(array) is not self.level.block:
            return self.read(builder, op.stop)
        # `range(len(x))`, where x has been written into since: in the text it is one variable, and the name of the last
        # value is the one that is in scope. Its length is the same.
        later = self.latest(array)
        if later is array:
            return self.read(builder, op.stop)
        return builder.call(len, self.read(builder, later)).operand

    def latest(self, array: Value) -> Value:
        """The array behind the last loop or store of its block that writes into it."""
        block = self.owner.get(array)
        for op in block.operations if block is not None else ():
            pairs: Iterable[tuple[Operand, Value]] = ()
            if is_loop(op):
                pairs = zip(op.initial, op.results, strict=False)
            elif is_update(op):
                pairs = [(op.operands[0], op.result)]
            array = next((r for o, r in pairs if o is array and r.type == array.type), array)
        return array

    def count(self, op: For | While, level: Level) -> Value:
        """How many iterations a loop had: what it counts itself, or a number that the forward sweep counts."""
        # `k = 0; while ...: k += 1` counts for itself.
        for start, p, end, result in zip(op.initial, op.carried, op.body.results, op.results, strict=False):
            made = self.definition.get(end) if self.owner.get(end) is op.body else None
            added = is_call_of(made, required(np.add)) and made.operands[0] is p
            if isinstance(made, Apply) and added and is_int(start, 0) and is_int(made.operands[1], 1):
                return result
        if op not in self.counts:
            self.counts[op] = Value(INT, "count", True)
            assert level.outer is not None and level.outer.block is not None
            self.owner[self.counts[op]] = level.outer.block
            self.order[self.counts[op]] = self.order[op.body.parameters[0]] if op.body.parameters else 0
        return self.counts[op]

    # the forward sweep

    def forward_loop(self, op: For | While) -> list[Operation]:
        """A loop that collects lists, and carries arrays, of what the reverse sweep needs."""
        lists = self.collects.get(op, {})
        collects = {v: lists[v] for v in self.sorted(lists)}
        arrays = [self.saved[v] for v in self.sorted(self.saved) if op in self.saved[v].nest]
        before = Builder(op.location)
        initial: list[Operand] = []
        parameters: list[Value] = []
        if isinstance(op, For):
            parameters = [kept.enter(op) for kept in arrays]
            initial = [kept.initial(op) or allocated(kept, before, self.dependence) for kept in arrays]
        operations = self.forward_operations(op.body)
        yields: list[Operand] = []
        finals: list[Value] = []
        if isinstance(op, For):
            yields = [kept.yielded(op, operations, op.location) for kept in arrays]
            finals = [kept.final(op) for kept in arrays]
        if op in self.counts:
            counter = Builder(op.location)
            parameters = [*parameters, Value(INT, "count")]
            initial.append(constant(0))
            yields.append(counter.apply(required(np.add), (parameters[-1], constant(1)), None, "count"))
            operations[:0] = counter.operations
            finals.append(self.counts[op])
        n, rows, own = len(op.initial), op.body.results, op.body.parameters
        # The rows of a body are (*carried, *collected, stop?); what is added goes to the end of its part.
        cut = len(rows) - op.breaks
        first = n + isinstance(op, For)
        body = Block(
            (*own[:first], *parameters, *own[first:]),
            tuple(operations),
            (*rows[:n], *yields, *rows[n:cut], *collects, *rows[cut:]),
        )
        results = (*op.results[:n], *finals, *op.results[n:], *collects.values())
        new = replace(op, initial=(*op.initial, *initial), body=body, results=results)
        if isinstance(new, While) and parameters:
            seen = [Value(p.type, p.hint) for p in parameters]
            new = replace(new, test=replace(new.test, parameters=(*new.test.parameters, *seen)))
        return [*before.operations, new]
