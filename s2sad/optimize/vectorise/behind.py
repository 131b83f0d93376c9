"""Sums of a loop which nothing in it reads, as expressions behind it.

                                            z_bars = np.empty((n, len(w)))
    for t in reversed(range(n)):            for t in reversed(range(n)):
        z_bar = ...                             z_bar = ...
        w_bar += np.outer(z_bar, x[t])          z_bars[t] = z_bar
        b_bar += z_bar               ->     w_bar += z_bars.T @ x
                                            b_bar += np.sum(z_bars, axis=0)

The sums alone are a loop that follows the first one. It must be one that turns into expressions (`turning`), as its
licence is the same: the order of a sum is free. What is there behind the loop is read again, what an iteration computes
is kept as a row of an array. That takes memory: so only for a product with rows of an array, or items of a list, that
are there anyhow, and which the kept rows are like; a sum of such rows alone follows where they are kept for a product.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace

import numpy as np

from s2sad.analysis.aliasing import EMPTY, Roots
from s2sad.analysis.dependence import Affine, Dependence, is_positive
from s2sad.ir.builder import Builder
from s2sad.ir.containers import GETITEM, INDEX_SET, MAKE, MAKE_SLICE
from s2sad.ir.lengths import free_values, measure
from s2sad.ir.primitive import Algebra, required
from s2sad.ir.rewrite import reads_of
from s2sad.ir.values import (
    Apply,
    Block,
    Call,
    For,
    Operand,
    Operation,
    Value,
    bound_in,
    is_update,
    walk,
)
from s2sad.optimize.vectorise.places import Places, Stays, places_of
from s2sad.optimize.vectorise.rows import Many
from s2sad.optimize.vectorise.turning import Links, Turning, links_of


@dataclass(eq=False)
class Sum:
    """A sum that a loop carries: the additions to it, what must be done again for them, and what is kept for them."""

    slot: int
    links: Links
    again: set[Operation] = field(default_factory=set)
    kept: set[Value] = field(default_factory=set)
    is_product: bool = False
    """Whether it adds products with rows that are there."""


class Behind:
    """The sums of one loop that can stand behind it."""

    def __init__(
        self,
        loop: For,
        dependence: Dependence,
        made: Mapping[Operand, Apply],
        integers: Sequence[Value],
        roots: Roots,
    ) -> None:
        self.loop, self.dependence, self.made, self.integers = loop, dependence, made, integers
        self.roots = roots
        self.inside = set(bound_in(loop.body))
        self.top = set(loop.body.operations)
        self.reads = Counter(reads_of(loop.body))
        self.written = EMPTY.union(*(self.memory(o) for o in _written_in(loop.body)))
        self.rows: dict[Value, Operand] = {}
        """By the value of an iteration the array of its rows, as it is before the loop."""
        self.before = Builder(loop.location, loop.about)
        self.behind: list[Operation] = []
        self.table: dict[Operand, Operand] = {}

    def memory(self, operand: Operand) -> frozenset[Value]:
        return self.roots.get(operand, EMPTY)

    def done(self) -> tuple[tuple[Operation, ...], dict[Operand, Operand]]:
        """The operations in the place of the loop, and what stands for its results; `Stays` without such sums."""
        sums = [s for s in map(self.sum, range(len(self.loop.initial))) if s is not None]
        finals: dict[Value, Value] = {}
        moved = [s for s in sums if (s.is_product or not s.kept) and self.move(s, finals)]
        if not moved:
            raise Stays
        kept = set().union(*(s.kept for s in moved))
        moved += [s for s in sums if s not in moved and s.kept <= kept and self.move(s, finals)]
        loop = self.without(moved, {v: final for v, final in finals.items() if v in kept})
        return (*self.before.operations, loop, *self.behind), self.table

    # what may be moved

    def sum(self, slot: int) -> Sum | None:
        """The sum that a loop carries, if it can be split off from the rest of the loop."""
        start, last = self.loop.carried[slot], self.loop.body.results[slot]
        links = links_of(self.loop.body, start, last, self.made, self.reads)
        if not links or not all(op.about and op in self.top for op in links):
            return None
        found = Sum(slot, links)
        for _, summand in links.values():
            # Neither a sum of other lengths, which NumPy might repeat for those of the array, nor of another dtype.
            same = (summand.type.dtype, summand.type.shape) == (start.type.dtype, start.type.shape)
            if not same or not self.part(summand, found):
                return None
        return found

    def part(self, operand: Operand, found: Sum) -> bool:
        """Whether a part of a summand can be had behind the loop: what is done again for it, or kept."""
        if self.is_there(operand, found):
            return True
        op = self.made.get(operand)
        if op is not None and op in self.top and self.reads[operand] == 1:
            if op.primitive.algebra is Algebra.NEGATIVE:
                found.again.add(op)
                return self.part(op.operands[0], found)
            if op.primitive.function is np.outer or op.primitive.algebra is Algebra.PRODUCT:
                there = [o for o in op.operands if self.is_there(o, found) or self.is_listed(o)]
                others = [o for o in op.operands if o not in there]
                if there:
                    is_outer = op.primitive.function is np.outer
                    found.again.add(op)
                    found.is_product |= any(self.is_row(o) for o in there) and all(
                        is_outer or o.type.is_scalar for o in others
                    )
                    return all(self.part(o, found) for o in others)
        return self.is_kept(operand, found)

    def is_kept(self, operand: Operand, found: Sum) -> bool:
        """Keep a number or row of each iteration."""
        t = operand.type
        if not isinstance(operand, Value) or operand not in self.inside or t.rank not in (0, 1) or t.dtype is None:
            return False
        if not t.is_inexact or not any(operand in op.results for op in self.top):
            return False
        found.kept.add(operand)
        return True

    def is_there(self, operand: Operand, found: Sum | None = None) -> bool:
        """Whether a value can be read again behind the loop, from what the loop does not change."""
        if not isinstance(operand, Value) or operand is self.loop.index:
            return True
        if operand not in self.inside:
            return self.memory(operand).isdisjoint(self.written)
        op = self.made.get(operand)
        if op is None or op not in self.top:
            return False
        # Once more, where it is a view or an index; or no more here than there, where nothing else reads it.
        again = op.primitive in (GETITEM, MAKE, MAKE_SLICE) or (op.result.type.is_scalar and op.result.type.is_integer)
        moved = self.reads[operand] == 1 and (op.primitive.elementwise or op.primitive.function is np.sum)
        if not (again or moved) or not all(self.is_there(o, found) for o in op.operands):
            return False
        if found is not None:
            found.again.add(op)
        return True

    def is_listed(self, operand: Operand) -> bool:
        """Whether it is a row that the loop takes from a list or an array."""
        if operand not in self.loop.items or operand.type.kind != "array" or operand.type.rank != 1:
            return False
        return self.memory(self.loop.scanned[self.loop.items.index(operand)]).isdisjoint(self.written)

    def is_row(self, operand: Operand) -> bool:
        """Whether it is a row for each iteration."""
        op = self.made.get(operand)
        return operand.type.rank == 1 and (self.is_listed(operand) or (op is not None and op in self.top))

    # what stands behind

    def move(self, s: Sum, finals: dict[Value, Value]) -> bool:
        """Put a sum behind the loop, if it is expressions there."""
        with suppress(Stays):
            places = places_of(self.loop, self.dependence, self.integers)
            for v in s.kept:
                if v not in finals:
                    self.rows[v] = self.allocated(v, places)
                    finals[v] = Value(self.rows[v].type, self.rows[v].hint)
            loop, last = self.alone(s)
            turning = Turning(loop, places, self.dependence, self.made, rows_of_lists=True)
            turning.many.update((v, Many(finals[v], 0)) for v in s.kept)
            operations, table = turning.done()
            self.behind += operations
            self.table[last] = table[last]
            return True
        return False

    def alone(self, s: Sum) -> tuple[For, Value]:
        """The loop with nothing but one sum, and its result."""
        loop, k = self.loop, s.slot
        operations = tuple(op for op in loop.body.operations if op in s.again or op in s.links)
        read = {o for op in operations for o in op.operands}
        scans = [k for k, item in enumerate(loop.items) if item in read]
        parameters = (loop.index, loop.carried[k], *(loop.items[k] for k in scans))
        alone = replace(
            loop,
            initial=(loop.initial[k],),
            scanned=tuple(loop.scanned[k] for k in scans),
            ascending=tuple(loop.is_ascending(k) for k in scans),
            body=Block(parameters, operations, (loop.body.results[k],)),
            results=(loop.results[k],),
        )
        return alone, loop.results[k]

    def allocated(self, v: Value, places: Places) -> Operand:
        """The array for the rows of a value, before the loop."""
        builder = Builder(self.loop.location, self.loop.about)
        given = [*self.dependence.parameters, *self.outside()]
        measured = [measure(d, given) for d in v.type.shape or ()]
        lengths = [self.trips(places, builder), *(read(builder) for read in measured if read is not None)]
        if len(lengths) != 1 + len(measured):
            raise Stays
        static = {} if v.type.dtype == np.float64 else {"dtype": v.type.dtype}
        hint = f"{v.hint or 'kept'}s"
        made = builder.apply(required(np.empty), (builder.one_or_tuple(lengths),), static, hint)
        if made.type.shape is None or made.type.shape[1:] != v.type.shape:
            raise Stays
        self.before.operations += builder.operations
        return made

    def outside(self) -> list[Value]:
        """The arrays that the loop reads and does not bind."""
        found = free_values((self.loop,), (), set())
        return [v for v in found if v.type.kind == "array" and v not in self.loop.initial]

    def trips(self, places: Places, builder: Builder) -> Operand:
        """The number of iterations."""
        count = places.high.plus(places.low, -1)
        if not is_positive(count, places.bounds):
            raise Stays
        with suppress(Stays):
            return places.integer(count, builder)
        ends = (places.integer(e, builder) for e in (places.high, places.low))
        return builder.call(np.subtract, *ends).operand

    # what is left

    def without(self, moved: Sequence[Sum], finals: Mapping[Value, Value]) -> For:
        """The loop without some of its sums, which stores what is kept for them."""
        loop = self.loop
        gone, links = {s.slot for s in moved}, set().union(*(s.links for s in moved))
        stay = [k for k in range(len(loop.initial)) if k not in gone]
        parameters = {v: Value(self.rows[v].type, self.rows[v].hint) for v in finals}
        operations: list[Operation] = []
        stored: dict[Value, Operand] = {}
        for op in loop.body.operations:
            operations += [] if op in links else [op]
            for v in finals:
                if v in op.results:
                    builder = Builder(op.location, op.about or loop.about)
                    stored[v] = builder.apply(
                        INDEX_SET, (parameters[v], self.row(builder), v), None, parameters[v].hint
                    )
                    operations += builder.operations
        n = len(loop.initial)
        body = Block(
            (loop.index, *(loop.carried[k] for k in stay), *parameters.values(), *loop.items),
            tuple(operations),
            (*(loop.body.results[k] for k in stay), *(stored[v] for v in parameters), *loop.body.results[n:]),
        )
        return replace(
            loop,
            initial=(*(loop.initial[k] for k in stay), *(self.rows[v] for v in parameters)),
            body=body,
            results=(*(loop.results[k] for k in stay), *(finals[v] for v in parameters), *loop.results[n:]),
        )

    def row(self, builder: Builder) -> Operand:
        """Which row is that of an iteration."""
        places = places_of(self.loop, self.dependence, self.integers)
        if places.low == Affine({}):
            return self.loop.index
        return builder.call(np.subtract, self.loop.index, places.integer(places.low, builder)).operand


def _written_in(block: Block) -> Iterator[Operand]:
    """What the operations of a block, and of those in it, may write into."""
    for op in walk(block):
        if is_update(op):
            yield op.operands[0]
        elif isinstance(op, Call):
            yield from (op.operands[k] for k in op.function.takes)
