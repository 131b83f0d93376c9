"""What a step of a loop keeps for its reverse sweep, settled when all that this reads is known.

    for t in range(n):                        for x, pull in reversed(kept):
        gap = w * x                               gap = w * x
        pull = gap**-3.0                          gap_bar = -3.0 * pull / gap * ...
        kept.append((x, pull))
        x = x + pull

A product costs less than it takes; a power costs more. Of arrays of pairs the power too is computed again, of `x`: they
are of a higher order in the lengths.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, field, replace

import numpy as np

from s2sad.analysis.repeated import is_long
from s2sad.differentiate.reverse.cut import Cost, kept_of
from s2sad.differentiate.reverse.levels import Level
from s2sad.differentiate.reverse.orders import NUMBER as NUMBER_ORDER
from s2sad.differentiate.reverse.orders import Order, order
from s2sad.differentiate.reverse.primals import Primals, is_light, kept_name
from s2sad.differentiate.reverse.storage import OBJECT
from s2sad.ir.builder import Builder
from s2sad.ir.dims import is_known
from s2sad.ir.primitive import Effect, required
from s2sad.ir.rewrite import reads, reads_of, substitute, substitute_operation
from s2sad.ir.types import SequenceType, Type
from s2sad.ir.values import Apply, Block, For, Function, Operand, Operation, Value, is_call_of, is_int, is_loop

NOMINAL = 16
"""What a length is taken to be where it is not known."""
CALL = 12
"""What a call of NumPy costs in time, in elements kept."""
SHARE = 0.4
"""What it costs to compute an element, in elements kept."""
DEAR = 16
"""The same of an exponential or a power."""
PAID = 20
"""What may be spent to compute again, for each element that is of higher order than what is kept: one exponential, and
ten operations of arithmetic."""
SCALE = 10
"""Costs are whole numbers: in tenths of an element."""
FAR = 10**9
"""What it costs to keep what is not to be kept."""
NUMBER, INDEX = 10, 5
"""What it costs to compute a number or to take a part of an array, and what it costs to say where."""


@dataclass(frozen=True, slots=True)
class Settled:
    """What stands for the values of a body in its reversal."""

    again: list[Operation]
    """What computes some of them again."""
    table: dict[Operand, Operand]
    handed: list[tuple[int, Value, Value]]
    """Values that the reversed loop hands from each iteration to the one before: the number of the value that the loop
    carries, what stands for it behind the iteration, and before it."""

    def into(self, body: Block) -> Block:
        """The reversed body, with each value computed again in front of what reads it first."""
        body = substitute(body, self.table)
        first: dict[Operand, int] = {}
        for k, op in enumerate(body.operations):
            for o in reads([op]):
                first.setdefault(o, k)
        last, places = len(body.operations), []
        for op in reversed(self.again):
            place = min((first.get(r, last) for r in op.results), default=last)
            places.append((place, op))
            for o in reads([op]):
                first[o] = min(first.get(o, last), place)
        before: dict[int, list[Operation]] = {}
        for place, op in reversed(places):
            before.setdefault(place, []).append(op)
        operations = [o for k, op in enumerate(body.operations) for o in (*before.get(k, ()), op)]
        return replace(body, operations=(*operations, *before.get(last, ())))


def settle(primals: Primals, level: Level, builder: Builder, results: Iterable[Operand]) -> Settled:
    """Settle what the forward sweep of a loop keeps of the values of its body that the reversed body reads.

    They are scanned, or computed again of what is, or read of an array. The reversed body is in `builder`, and gives
    `results`.
    """
    taken, again = builder.child(), builder.child()
    table: dict[Operand, Operand] = {}
    handed = []
    read = read_by(builder.operations, results)
    costs, others = not_kept(primals, level, read)
    for v in others:
        made = primals.definition[v]
        if v in costs.before:
            k, before = costs.before[v]
            table[v] = behind = Value(v.type, kept_name(v))
            handed.append((k, behind, level.scanned[before]))
        else:
            assert isinstance(made, Apply)
            operands = [table[o] if o in table else primals.again(again, o, level) for o in made.operands]
            table[v] = again.apply(made.primitive, operands, made.static, v.hint, v.loose)
        primals.stands_for[table[v]] = v
    placeholders: dict[Operand, Operand] = {
        level.scanned.pop(v): new for v, new in table.items() if isinstance(v, Value) and v in level.scanned
    }
    # What is read to compute others again may ask for more of this level.
    while pending := primals.sorted(v for v in level.scanned if v not in level.sources):
        # Numbers join the record of what goes to lists.
        lists = primals.backend.lists and not all(
            primals.may_be_saved(v, level) for v in pending if level.scanned[v] in read
        )
        for v in pending:
            if lists or not primals.may_be_saved(v, level):
                level.sources[v] = primals.source_of(v, level)
            else:
                placeholders[level.scanned.pop(v)] = primals.stored(taken, primals.saved_for(v, level))
    operations = [substitute_operation(op, placeholders) for op in (*taken.operations, *again.operations)]
    return Settled(operations, placeholders, handed)


def not_kept(primals: Primals, level: Level, read: Collection[Operand]) -> tuple[Costs, list[Value]]:
    """The values of a body that are not kept, as what is kept gives them too, in the order of the text; and the costs
    by which that was chosen.

    What is `read` counts: of other values the reversed body asks for the shape, which is had elsewhere as a rule.
    """
    if isinstance(level.op, For) and level.op.snapshots is not None:
        return Costs(primals, level), []  # snapshots stand for the states that are kept
    wanted = [*level.scanned]
    costs, kept = chosen(primals, level, [v for v in wanted if v in read], wanted)
    for v in kept:
        level.scanned.setdefault(v, Value(v.type, kept_name(v)))
    return costs, costs.beside(kept, wanted)


def handed_over(
    primals: Primals, function: Function, needed: Sequence[Value], reverse: Block
) -> tuple[list[Value], list[Apply]]:
    """What a forward sweep hands over for the values of a function that its reverse sweep needs, and how the latter
    computes the others."""
    read = read_by(reverse.operations, reverse.results)
    # What is asked for its shape alone is not worth reading others for.
    wanted = [v for v in needed if v in read]
    costs, kept = chosen(primals, Level(function.body, None), wanted, wanted)
    made = [primals.definition[v] for v in costs.beside(kept, wanted)]
    kept.update(v for v in needed if v not in read and primals.definition.get(v) not in made)
    # What has no place of its own in the text stands in the order of the needs: a set has none.
    ordered = primals.sorted(v for v in dict.fromkeys((*needed, *costs.of)) if v in kept)
    return ordered, _told_by_readers([replace(op, about=()) for op in made if isinstance(op, Apply)], reverse)


def _told_by_readers(again: Sequence[Apply], reverse: Block) -> list[Apply]:
    """What is computed again; a value that is read once as a part of the paragraph of its reader: it needs no line in
    the trace."""
    count = Counter((*reads(again), *reads_of(reverse)))
    reader: dict[Operand, Operation] = {o: op for op in reverse.operations for o in op.operands}
    told: list[Apply] = []
    for op in reversed(again):
        by = reader.get(op.result)
        if by is not None and count[op.result] == 1:
            op = replace(op, about=by.about, location=by.location)
        reader.update(dict.fromkeys(op.operands, op))
        told.append(op)
    return told[::-1]


def chosen(primals: Primals, level: Level, first: Sequence[Value], wanted: Sequence[Value]) -> tuple[Costs, set[Value]]:
    """The values to keep, so that all that are wanted can be had, and the costs by which they were chosen.

    What is kept once an iteration of a long loop is of the least order in the lengths that will do: an array of pairs
    is computed again, exponentials too, where the vectors that it is computed of are kept anyhow. Of all that are of
    this order those are kept that cost the least.
    """
    costs = Costs(primals, level)
    kept = costs.least(first, wanted)
    if not is_repeated(primals, level):
        return costs, kept
    dear = Costs(primals, level, dear=True)
    top = max(map(costs.order, kept), default=NUMBER_ORDER)
    for v in wanted:
        dear.add(v)
    for limit in sorted({o for v in dear.of if (o := dear.order(v)) < top}):
        fewer = dear.least(first, wanted, limit)
        saved = sum(elements(v.type) for v in kept - fewer if costs.order(v) > limit)
        more = dear.again_of(fewer, wanted) - costs.again_of(kept, wanted)
        if all(dear.order(v) <= limit for v in fewer) and more <= SCALE * PAID * saved:
            return dear, fewer
    return costs, kept


def is_repeated(primals: Primals, level: Level) -> bool:
    """Whether what is kept of a level is kept once an iteration of a long loop."""
    inside: Level | None = level
    while inside is not None:
        if is_long(inside.op):
            return True
        inside = inside.outer
    return primals.changing is not None


def read_by(operations: Iterable[Operation], results: Iterable[Operand]) -> set[Operand]:
    """What operations read of values, and not of their shapes alone, for these results."""
    live, read = set(results), set(results)
    for op in reversed([*operations]):
        if isinstance(op, Apply) and op.result not in live and op.primitive.effect is not Effect.IO:
            continue
        live.update(reads([op]))
        if not isinstance(op, Apply) or not op.primitive.measures:
            read.update(op.operands)
        for block in op.blocks:
            read |= read_by(block.operations, block.results)
    return read


@dataclass
class Costs:
    """What the values of a body cost, to keep them and to compute them again."""

    primals: Primals
    level: Level
    dear: bool = False
    """Whether functions of each element, as powers and exponentials, may be computed again."""
    of: dict[Value, Cost[Value]] = field(default_factory=dict)
    before: dict[Value, tuple[int, Value]] = field(init=False)
    """For what a loop hands to its next iteration, its number, and what it is before the iteration.

    The reversed loop need not keep both: behind an iteration it is what it was before the next one, and from that the
    loop comes.
    """

    def __post_init__(self) -> None:
        op = self.level.op
        if not is_loop(op):
            self.before = {}
            return
        rows = zip(op.carried, op.body.results, op.results, strict=False)
        self.before = {
            after: (k, before)
            for k, (before, after, result) in enumerate(rows)
            if isinstance(after, Value)
            and self.primals.owner.get(after) is self.level.block
            and after not in op.body.parameters
            and before.type == after.type == result.type
            and not self.is_free(before)
        }

    def add(self, value: Value) -> None:
        """Add a value, and what it can be computed of."""
        pending = [value]
        while pending:
            v = pending.pop()
            if v not in self.of:
                again, operands = self.again(v)
                self.of[v] = Cost(self.keep(v), again, operands)
                pending += operands

    def least(self, first: Sequence[Value], wanted: Sequence[Value], limit: Order | None = None) -> set[Value]:
        """The values that cost least to keep: for the `first` ones, then for all that are wanted beside them.

        What is of a higher order than the `limit` is kept where there is no other way only.
        """
        for v in wanted:
            self.add(v)
        costs = self.of
        if limit is not None:
            costs = {v: replace(c, keep=FAR if self.order(v) > limit else c.keep) for v, c in costs.items()}
        kept = kept_of(first, costs)
        if len(first) < len(wanted):
            free = {v: replace(cost, keep=1) if v in kept else cost for v, cost in costs.items()}
            kept = kept_of(wanted, free)
        return kept

    def order(self, v: Value) -> Order:
        """Of what order a value is that is kept; of one that is there anyhow, as a number."""
        op = self.level.op
        listed = isinstance(op, For) and v in op.items
        given = op is None and v in self.level.block.parameters and v not in (self.primals.changing or ())
        return NUMBER_ORDER if listed or given else order(v.type)

    def again_of(self, kept: Collection[Value], wanted: Iterable[Value]) -> int:
        """What it costs to compute all again that is wanted, where others are kept."""
        return sum(self.of[v].again or 0 for v in self.beside(kept, wanted))

    def beside(self, kept: Collection[Value], wanted: Iterable[Value]) -> list[Value]:
        """What is wanted and not kept, and what that is computed of; in the order of the text."""
        again: dict[Value, None] = {}
        pending = [v for v in wanted if v not in kept]
        while pending:
            v = pending.pop()
            if v not in again:
                again[v] = None
                pending += [o for o in self.of[v].of if o not in kept]
        return self.primals.sorted(again)

    def keep(self, v: Value) -> int:
        op = self.level.op
        if isinstance(op, For) and v in op.items:
            return 1  # the list is there
        if op is None and (v in self.level.block.parameters or v in self.level.block.results):
            return SCALE  # the caller has it
        return SCALE * size(v.type) * (2 if v in self.primals.overwritten else 1)

    def again(self, v: Value) -> tuple[int | None, tuple[Value, ...]]:
        """What it costs to compute a value again, and of which values of the body; None where it cannot be."""
        if v in self.before:
            return INDEX, (self.before[v][1],)
        made = self.primals.definition.get(v)
        if not isinstance(made, Apply) or self.primals.owner.get(v) is not self.level.block:
            return None, ()
        cost = cost_of(made, self.dear)
        if cost is None or any(map(self.is_out_of_reach, made.operands)):
            return None, ()
        return cost, tuple(o for o in made.operands if isinstance(o, Value) and not self.is_free(o))

    def is_free(self, o: Value) -> bool:
        """Whether a value is there in the reversed loop without being kept."""
        primals = self.primals
        if self.level.op is None:
            return False
        return primals.owner.get(o) is not self.level.block or o in self.level.replaced or bool(primals.place_kept(o))

    def is_out_of_reach(self, o: Operand) -> bool:
        primals = self.primals
        if not isinstance(o, Value):
            return False
        if primals.is_undefined(o):
            return True
        outer = primals.owner.get(o) is not self.level.block
        return outer and (self.level.op is None or o in primals.overwritten or primals.is_inside(o, self.level))


def cost_of(op: Apply, dear: bool = False) -> int | None:
    """What an operation costs, if it is one of those that are done again; with `dear` functions of each element are."""
    primitive = op.primitive
    if primitive.effect is Effect.IO or primitive.update:
        return None
    if is_light(op):
        return NUMBER if op.result.type.is_inexact and not op.primitive.turns_axes else INDEX
    square = is_call_of(op, required(np.power)) and is_int(op.operands[1], 2)
    cheap = primitive.light or square or (primitive.elementwise and primitive.constant)
    if not cheap and not (dear and primitive.elementwise):
        return None
    if cheap and not any(t.is_array and t.rank != 0 for t in (op.result.type, *(o.type for o in op.operands))):
        return 2 * NUMBER
    count = max(elements(t) for t in (op.result.type, *(o.type for o in op.operands)) if t.is_numeric)
    return SCALE * CALL + int(SCALE * (SHARE if cheap else DEAR) * count)


def size(t: Type) -> int:
    """What a value takes, in elements."""
    if isinstance(t, SequenceType):
        return NOMINAL * size(t.item)
    if t.is_container:
        return sum(map(size, t.items), OBJECT)
    if not t.is_array:
        return 3 if t.is_numeric else OBJECT
    return OBJECT + elements(t)


def elements(t: Type) -> int:
    """How many numbers there are in a value."""
    if t.is_sequence or t.is_container:
        return size(t)
    count = 1
    for d in t.shape if t.shape is not None else (NOMINAL, NOMINAL):
        count *= d if is_known(d) else NOMINAL
    return count
