"""Whether what a loop read of an array, or stored in it, is still there when the loop is over.

    for i in range(1, n):
        r[i] = x[i] + np.tanh(r[i - 1])        r[i - 1] is not written any more: the reverse sweep reads it from r

The test is that of dependence analysis for affine subscripts: a later store meets the place only where its subscript
can be equal, for an iteration that comes later in the lexicographic order; bounds of loops decide (U. Banerjee,
Dependence Analysis, chapters 4 and 5). Subscripts are known by the symbolic sizes in their types. Whatever is not
affine in the indices of loops counts as overwritten.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import assert_never

from s2sad.ir.containers import index_items
from s2sad.ir.dims import Dim, Symbol, as_symbol, is_known, roots
from s2sad.ir.primitive import Primitive
from s2sad.ir.types import SliceType, Type, symbols
from s2sad.ir.values import Apply, Block, Call, For, Function, If, Operand, Operation, Value, While, applied_in, is_loop

MAX_DEPTH = 12
"""How many bounds are put in for one another."""


@dataclass(frozen=True, slots=True)
class Affine:
    """`sum(coefficient * symbol) + offset`."""

    terms: Mapping[Symbol, int]
    offset: int = 0

    def plus(self, other: Affine, factor: int = 1) -> Affine:
        terms = dict(self.terms)
        for s, c in other.terms.items():
            terms[s] = terms.get(s, 0) + factor * c
        return Affine({s: c for s, c in terms.items() if c}, self.offset + factor * other.offset)

    def renamed(self, names: Mapping[Symbol, Symbol]) -> Affine:
        return Affine({names.get(s, s): c for s, c in self.terms.items()}, self.offset)


def affine(d: Dim | None) -> Affine | None:
    if d is None:
        return None
    return Affine({}, d) if is_known(d) else Affine(dict(d.terms), d.offset)


@dataclass(frozen=True, eq=False, slots=True)
class Span:
    """What an item of a subscript takes of an axis: from `start`, up to `stop` (None: no bound is known)."""

    start: Affine | None
    stop: Affine | None


@dataclass(frozen=True, eq=False, slots=True)
class Access:
    """A place in an array: the spans of its axes, and where in the program it stands."""

    spans: tuple[Span, ...]
    loops: tuple[For | While, ...]
    position: int
    ways: tuple[tuple[If, int], ...]


Bounds = dict[Symbol, tuple[list[Affine], list[Affine]]]


class Dependence:
    """The stores of one function, and what is known of its loops."""

    def __init__(self, function: Function, known: Bounds | None = None) -> None:
        self.known = known or {}
        """Bounds of lengths."""
        self.parameters = [p for p in function.parameters if not p.unsure]
        self.parent: dict[Value, Value] = {}
        self.loops: dict[Operation, tuple[For | While, ...]] = {}
        self.position: dict[Operation, int] = {}
        self.definition: dict[Operand, Operation] = {}
        self.homes: dict[Symbol, list[For | While | None]] = {}
        """The loops that count each symbol: a sweep goes again through a loop of the other one, by the same symbol."""
        self.owner: dict[Value, Block] = {}
        self.around: dict[Value, tuple[For | While, ...]] = {}
        """The loops in which each value is bound."""
        self.ways: dict[Operation, tuple[tuple[If, int], ...]] = {}
        """The branches in which each operation stands, and which of their ways."""
        self.carried: set[Value] = set()
        """What loops carry."""
        self.stores: dict[Value, list[Apply]] = {}
        self.whole: set[Value] = set()
        """Arrays, by their memory, that are replaced as a whole inside a loop."""
        self.visit(function.body, (), ())
        # after the visit: which values are versions of one array is known only when all of them were united
        updates = [op for op in applied_in(self.loops) if op.primitive.stores]
        for op in updates:
            self.stores.setdefault(self.find(op.result), []).append(op)
        # an array that an iteration makes anew is not the one that the last left, whatever the loop carries it as
        for made in (op for op in applied_in(self.loops) if self.loops[op]):
            if not made.primitive.stores and made.result.type.is_array:
                self.whole.add(self.find(made.result))

    def visit(self, block: Block, loops: tuple[For | While, ...], ways: tuple[tuple[If, int], ...]) -> None:
        for p in block.parameters:
            self.meet(p, block, loops)
        for op in block.operations:
            self.loops[op], self.position[op], self.ways[op] = loops, len(self.position), ways
            if isinstance(op, For) and (own := _symbol(op.index)) is not None:
                # also where a type outside speaks of it: that of a list whose items have its length
                self.homes.setdefault(own, []).append(op)
            for k, inner in enumerate(op.blocks):
                within = (*ways, (op, k)) if isinstance(op, If) else ways
                self.visit(inner, (*loops, op) if is_loop(op) else loops, within)
            for r in op.results:
                self.definition[r] = op
                self.meet(r, block, loops)
            match op:
                case Apply() if op.primitive.stores:
                    self.unite(op.operands[0], op.result)
                case If():
                    for k, r in enumerate(op.results):
                        self.unite(op.then.results[k], r)
                        self.unite(op.orelse.results[k], r)
                case For() | While():
                    self.carried.update(op.carried)
                    for k, p in enumerate(op.carried):
                        self.unite(op.initial[k], p)
                        self.unite(op.body.results[k], p)
                        self.unite(op.results[k], p)
                    for k, p in enumerate(op.test.parameters if isinstance(op, While) else ()):
                        self.carried.add(p)
                        self.unite(op.initial[k], p)
                case Apply() | Call():
                    pass
                case _:
                    assert_never(op)

    def meet(self, value: Value, block: Block, loops: tuple[For | While, ...]) -> None:
        self.owner[value], self.around[value] = block, loops
        for s in _symbols(value.type):
            homes = self.homes.setdefault(s, [])
            if not any(home is None or home in loops for home in homes):
                homes.append(loops[-1] if loops else None)

    def find(self, value: Value) -> Value:
        while value in self.parent:
            value = self.parent[value]
        return value

    def unite(self, a: Operand, b: Value) -> None:
        if isinstance(a, Value) and a.type.is_array:
            first, second = self.find(a), self.find(b)
            if first is not second:
                self.parent[second] = first

    def beginnings(self, memory: Value) -> Iterator[Value]:
        """The values that an array, by its memory, begins as: what no store, loop or branch hands on."""
        for v in self.owner:
            op = self.definition.get(v)
            handed_on = (isinstance(op, Apply) and op.primitive.stores) or isinstance(op, (If, For, While))
            if self.find(v) is memory and not handed_on and v not in self.carried:
                yield v

    # what the reverse sweep asks

    def final(self, op: Apply, array: Operand, index: Operand) -> Value | None:
        """The array after the outermost loop around `op`, if it still holds there what `op` read or stored."""
        loops = self.loops[op]
        if not loops or not isinstance(array, Value) or self.find(array) in self.whole:
            return None
        last = self.carried_out(array, loops)
        if last is None:
            return None
        place = self.access(op, array, index)
        if place is None:
            return None
        for store in self.stores.get(self.find(array), ()):
            # a store outside of the outermost loop is before or behind all of it
            if self.loops[store][:1] == loops[:1] and self.may_meet(place, op, store):
                return None
        return last

    def carried_out(self, array: Value, loops: tuple[For | While, ...]) -> Value | None:
        """What the outermost loop gives for an array that each of the loops carries in one place."""
        current = array
        for loop in reversed(loops):
            if loop not in self.around.get(current, ()):
                continue  # a loop that only reads the array
            k = self.slot(current, loop)
            # carried in and out in one place: two arrays that change places with each iteration are no versions of
            # one
            if k is None or self.slot(loop.body.results[k], loop) != k:
                return None
            current = loop.results[k]
        return current

    def slot(self, value: Operand, loop: For | While) -> int | None:
        """Which of the carried values of a loop a version of an array in its body comes from."""
        current: Operand | None = value
        while isinstance(current, Value):
            if current in loop.carried:
                return loop.carried.index(current)
            op = self.definition.get(current)
            match op:
                case Apply() if op.primitive.stores:
                    current = op.operands[0]
                case For() | While() if current in op.results[: len(op.initial)]:
                    current = op.initial[op.results.index(current)]
                case If():
                    k = op.results.index(current)
                    one, two = (self.slot(b.results[k], loop) for b in op.blocks)
                    return one if one == two else None
                case None:
                    current = self.entered(current)
                case _:
                    return None
        return None

    def entered(self, value: Value) -> Operand | None:
        """What an inner loop begins with, for what it carries."""
        for op in self.loops:
            if is_loop(op) and value in op.carried:
                return op.initial[op.carried.index(value)]
        return None

    # places

    def access(self, op: Apply, array: Value, index: Operand) -> Access | None:
        """The place that a subscript takes; None where it is not made of integers and slices alone."""
        assert array.type.is_numeric
        shape = array.type.shape
        items = index_items(index.type)
        if shape is None or len(items) > len(shape):
            return None
        spans = []
        for item, length in zip(items, shape, strict=False):
            span = _span(item, affine(length))
            if span is None:
                return None
            spans.append(span)
        return Access(tuple(spans), self.loops[op], self.position[op], self.ways[op])

    def place(self, op: Apply) -> Access | None:
        """The place of an array that an operation reads, or stores in; None where it is not known."""
        array, index = op.operands[:2]
        known = isinstance(array, Value) and array.type.is_numeric
        return self.access(op, array, index) if known and isinstance(array, Value) else None

    def may_meet(self, place: Access, reader: Apply, store: Apply) -> bool:
        """Whether a store may write into a place after it was read, or stored."""
        other = self.place(store)
        if other is None:
            return True
        common = _common(place.loops, other.loops)
        # a later iteration of any loop around both may store there; within one iteration only a store that stands
        # behind does
        for level in range(common):
            if not self.apart(place, other, level):
                return True
        behind = other.position > place.position and store is not reader and not self.exclusive(reader, store)
        return behind and not self.apart(place, other, None)

    def exclusive(self, one: Operation, two: Operation) -> bool:
        """Whether operations stand in different ways through one branch: an iteration does no more than one of them."""
        ways = dict(self.ways[one])
        return any(ways.get(op, k) != k for op, k in self.ways[two])

    def apart(self, place: Access, other: Access, level: int | None) -> bool:
        """Whether two places are never one, the second met in a later iteration of the loop number `level`.

        With None both are met in one iteration of the loops around both.
        """
        bounds = self.bounds(place.loops)
        # What the loops around the other place alone count has other values there, though a sweep goes through a loop
        # of the other one by the same symbol; so has what the inner loops count in a later iteration. Their symbols get
        # a dash, those further out are shared.
        inside = set(other.loops[_common(place.loops, other.loops) if level is None else level :])
        counted = {s for s, homes in self.homes.items() if not inside.isdisjoint(homes)}
        counted |= {s for s in self.homes if not counted.isdisjoint(roots(s))}
        names = {s: Symbol(f"{s}'", s.least) for s in counted}
        bounds.update(self.bounds(other.loops, names))
        if level is not None:
            self.later(place.loops[level], names, bounds)
        self.decided(place.ways, {}, bounds)
        self.decided(other.ways, names, bounds)
        if is_empty(bounds):
            return True
        pairs = zip(place.spans, other.spans, strict=False)
        return any(self.separate(a, b, names, bounds) for a, b in pairs)

    def later(self, loop: For | While, names: Mapping[Symbol, Symbol], bounds: Bounds) -> None:
        """Put in that the index of a loop has moved on."""
        own = _symbol(loop.index) if isinstance(loop, For) else None
        by = _known(loop.step) if isinstance(loop, For) else None
        if own is None or by is None or own not in names or not isinstance(loop, For):
            return
        ascending = (by > 0) is not loop.reverse
        lower, upper = bounds.setdefault(names[own], ([], []))
        (lower if ascending else upper).append(Affine({own: 1}, 1 if ascending else -1))
        lower, upper = bounds.setdefault(own, ([], []))
        (upper if ascending else lower).append(Affine({names[own]: 1}, -1 if ascending else 1))

    def decided(self, ways: Sequence[tuple[If, int]], names: Mapping[Symbol, Symbol], bounds: Bounds) -> None:
        """Put in what the predicates of branches say of integers, where one way through them is taken."""
        for branch, way in ways:
            test = self.definition.get(branch.predicate)
            sides = [affine(_size(o)) for o in test.operands] if isinstance(test, Apply) else []
            if not isinstance(test, Apply) or not test.primitive.compares or sides[0] is None or sides[1] is None:
                continue
            more = sides[0].plus(sides[1], -1).renamed(names)
            for e in _positive(test.primitive, way == 0, more, bounds):
                _bound(e, bounds)

    def bounds(self, loops: Sequence[For | While], names: Mapping[Symbol, Symbol] | None = None) -> Bounds:
        """The bounds of the indices of loops."""
        names = names or {}
        found: Bounds = {s: (list(lower), list(upper)) for s, (lower, upper) in self.known.items()}
        for loop in loops:
            own = _symbol(loop.index) if isinstance(loop, For) else None
            if own is None or not isinstance(loop, For):
                continue
            start, stop, step = (affine(_size(o)) for o in (loop.start, loop.stop, loop.step))
            if step is None or step.terms or not step.offset:
                continue
            # downward from start to stop, excluded: upward from stop + 1 to start + 1
            if step.offset < 0:
                start, stop = (stop and stop.plus(Affine({}, 1))), (start and start.plus(Affine({}, 1)))
            lower = [] if start is None else [start.renamed(names)]
            upper = [] if stop is None else [stop.plus(Affine({}, -1)).renamed(names)]
            found[names.get(own, own)] = (lower, upper)
        return found

    def separate(self, a: Span, b: Span, names: Mapping[Symbol, Symbol], bounds: Bounds) -> bool:
        """Whether two spans of one axis have no element in common."""
        if a.start is None or b.start is None:
            return False
        first, second = a.start, b.start.renamed(names)
        # a start that may be negative counts from the end: then the order of the two positions says nothing
        if not (is_positive(first, bounds) and is_positive(second, bounds)):
            return False
        ends = [(a.stop, second), (None if b.stop is None else b.stop.renamed(names), first)]
        return any(
            end is not None and is_positive(end, bounds) and is_positive(start.plus(end, -1), bounds)
            for end, start in ends
        )


def _common(one: Sequence[For | While], two: Sequence[For | While]) -> int:
    """How many loops, from the outermost, are around both of two operations."""
    return next((k for k, (a, b) in enumerate(zip(one, two, strict=False)) if a is not b), min(len(one), len(two)))


def is_positive(e: Affine, bounds: Bounds, used: frozenset[Symbol] = frozenset()) -> bool:
    """Whether an expression is known not to be negative: bounds are put in for its symbols, for each of them once."""
    # nothing to put in: the least values of the symbols decide
    if all(c > 0 and s not in bounds for s, c in e.terms.items()):
        return e.offset + sum(c * s.least for s, c in e.terms.items()) >= 0
    if len(used) == MAX_DEPTH:
        return False
    for s, c in e.terms.items():
        if s in used:
            continue
        lower, upper = bounds.get(s, ([], []))
        rest = Affine({t: k for t, k in e.terms.items() if t is not s}, e.offset)
        # the bound that makes the expression least: it holds for all if it holds for that
        for bound in lower if c > 0 else upper:
            if is_positive(rest.plus(bound, c), bounds, used | {s}):
                return True
    return False


def bounds_of(d: Dim) -> Bounds:
    """What is known of symbols where an integer is not negative."""
    found: Bounds = {}
    e = affine(d)
    if e is not None:
        _bound(e, found)
    return found


def _bound(e: Affine, bounds: Bounds) -> None:
    """Put in that an expression is not negative."""
    for s, c in e.terms.items():
        rest = Affine({t: -c * k for t, k in e.terms.items() if t is not s}, -c * e.offset)
        if abs(c) == 1:
            bounds.setdefault(s, ([], []))[c < 0].append(rest)


def is_empty(bounds: Bounds) -> bool:
    """Whether no integers are within all bounds: a bound of a symbol from below is above one from above."""
    pairs = ((low, high) for lower, upper in bounds.values() for low in lower for high in upper)
    return any(is_positive(low.plus(high, -1).plus(Affine({}, -1)), bounds) for low, high in pairs)


def _positive(test: Primitive, holds: bool, more: Affine, bounds: Bounds) -> Iterator[Affine]:
    """What is not negative where a comparison holds, or does not; `more` is its first operand minus the second."""
    assert test.fold is not None
    signs = {k for k in (-1, 0, 1) if bool(test.fold(k, 0)) is holds}
    sides, one = {1: more, -1: Affine({}).plus(more, -1)}, Affine({}, -1)
    for sign, side in sides.items():
        if -sign not in signs:
            yield side if 0 in signs else side.plus(one)
        elif 0 not in signs and is_positive(side, bounds):
            yield side.plus(one)


def _span(item: Type, length: Affine | None) -> Span | None:
    if item.is_scalar and item.is_integer:
        at = _from_end(affine(item.size), length)
        return Span(at, None if at is None else at.plus(Affine({}, 1)))
    if not isinstance(item, SliceType):
        return None
    step = Affine({}, 1) if item.step is None else affine(item.step.size)
    if step is None or step.terms or step.offset < 1:
        return Span(None, None)
    start = Affine({}, 0) if item.start is None else _from_end(affine(item.start.size), length)
    stop = length if item.stop is None else _from_end(affine(item.stop.size), length)
    return Span(start, stop)


def _from_end(at: Affine | None, length: Affine | None) -> Affine | None:
    """A position counted from the start of the axis."""
    if at is None or at.terms or at.offset >= 0:
        return at
    return None if length is None else length.plus(at)


def _symbols(t: Type) -> Iterator[Symbol]:
    yield from symbols(t)
    if isinstance(t, SliceType):
        for part in (t.start, t.stop, t.step):
            if part is not None:
                yield from symbols(part)


def _size(operand: Operand) -> Dim | None:
    return operand.type.size


def _known(operand: Operand) -> int | None:
    size = _size(operand)
    return size if is_known(size) else None


def _symbol(index: Value) -> Symbol | None:
    """The symbol that stands for the index of a loop."""
    return as_symbol(_size(index))
