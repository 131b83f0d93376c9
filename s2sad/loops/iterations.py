"""Loops: numbers are carried, arrays are written where they live, lists are arrays with an axis of the iterations.

An array whose shape may be another one in each iteration is other memory in each: its handle is carried.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np

from s2sad.errors import UnsupportedType
from s2sad.ir.builder import Builder
from s2sad.ir.dims import Dim, Shape, Symbol, new_dim, roots
from s2sad.ir.loop_rule import FIRST, Array, Cut, List, Loops, Places, Ragged, Term, leaves, mapped
from s2sad.ir.primitive import Effect
from s2sad.ir.primitives.memory import ALLOCATE, LENGTH, reads_memory
from s2sad.ir.types import INT, ArrayType, ContainerType, SequenceType, TableType, Type, symbols
from s2sad.ir.values import Apply, Block, Constant, For, Operand, Operation, Value, While, constant
from s2sad.loops.lives import Lives
from s2sad.loops.places import reads_its_own_place
from s2sad.loops.terms import arrays_in, check, item_of, operand_of, typed


class Around(Protocol):
    """What loops ask of the function that is lowered around them."""

    loops: Loops
    lives: Lives
    symbols: set[Symbol]
    """Those that the lengths of the arguments are."""
    around: list[Operation]
    terms: dict[Value, Term]
    readers: dict[Value, dict[Value, None]]

    def term(self, operand: Operand) -> Term: ...
    def operand(self, operand: Operand) -> Operand: ...
    def truth(self, operand: Operand) -> Operand: ...
    def bind(self, value: Value, term: Term) -> None: ...
    def is_own(self, array: Array) -> bool: ...
    def operations(self, block: Block) -> None: ...


def counted(lowering: Around, op: For) -> None:
    """A loop that counts."""
    loops = lowering.loops
    start, stop, step = (lowering.operand(o) for o in (op.start, op.stop, op.step))
    frame = Frame(lowering, op)
    count, number = _iterations(loops, op, start, stop, step) if op.scanned or frame.collects else (constant(0), None)
    around = loops.builder
    with loops.iteration() as inner:
        lowering.bind(op.index, op.index)
        frame.enter(op.carried)
        for k, (item, scanned) in enumerate(zip(op.items, op.scanned, strict=True)):
            assert number is not None
            xs = typed(lowering.term(scanned), scanned.type)
            lowering.bind(item, _scanned(loops, xs, number(op.index), op.is_ascending(k)))
        lowering.operations(op.body)
        if number is not None:
            frame.collect_at(around, inner, count, number(op.index))
        results = frame.results()
    block = inner.block((op.index, *frame.parameters), results)
    made = For(
        start, stop, step, tuple(frame.initial), (), block, frame.values(), op.reverse, op.breaks, op.location, op.about
    )
    loops.builder.operations.append(made)
    frame.leave()


def conditional(lowering: Around, op: While) -> None:
    """A loop that runs while its test holds."""
    loops = lowering.loops
    frame = Frame(lowering, op)
    around = loops.builder
    with loops.block() as asked:
        tested = frame.enter(op.test.parameters)
        lowering.operations(op.test)
        given = lowering.truth(op.test.results[0])
    loops.forget_loads()
    with loops.iteration() as inner:
        frame.enter(op.carried)
        lowering.operations(op.body)
        frame.append(around, inner)
        results = frame.results()
    more = [Value(p.type, p.hint) for p in frame.parameters[len(tested) :]]
    test = asked.block((*tested, *more), [given])
    block = inner.block(frame.parameters, results)
    made = While(tuple(frame.initial), test, block, frame.values(), op.breaks, op.location, op.about)
    loops.builder.operations.append(made)
    frame.leave()


def _iterations(
    loops: Loops, op: For, start: Operand, stop: Operand, step: Operand
) -> tuple[Operand, Callable[[Operand], Operand]]:
    """How many iterations there are, and the number of one by its index."""
    if not isinstance(step, Constant) or not isinstance(step.value, int) or not step.value:
        raise UnsupportedType("a list in a loop whose step only the run knows")
    by = step.value
    span = loops.subtract(stop, start) if by > 0 else loops.subtract(start, stop)
    count = loops.call(max, _over(loops, loops.add(span, abs(by) - 1), abs(by)), 0)

    def number(index: Operand) -> Operand:
        passed = loops.subtract(index, start) if by > 0 else loops.subtract(start, index)
        k = _over(loops, passed, abs(by))
        return loops.subtract(loops.subtract(count, 1), k) if op.reverse else k

    return count, number


def _is_unlike(leaf: Array, shape: Shape) -> bool:
    """Whether an array is not as long as its type says: nothing is bound yet, and an iteration binds one that is."""
    return any(isinstance(n, Constant) and n.value != d for n, d in zip(leaf.shape, shape, strict=True))


def _without_axes(number: Operand, like: Array) -> Array:
    """A number in the place of an array of no axes."""
    return Array(like.dtype, (), lambda places: number)


def _over(loops: Loops, n: Operand, by: int) -> Operand:
    return n if by == 1 else loops.call(np.floor_divide, n, by)


def _scanned(loops: Loops, term: Term, number: Operand, ascending: bool) -> Term:
    """The item of a list that an iteration takes."""
    if not isinstance(term, List):
        raise UnsupportedType("a loop over what is no list")
    place = number if ascending else loops.subtract(loops.subtract(term.length, 1), number)
    return loops.item(term, place)


@dataclass(frozen=True)
class Room:
    """Memory that grows: as an iteration begins with it, and as it writes into it."""

    now: Array
    target: Array


class Frame:
    """What a loop carries, collects and gives."""

    def __init__(self, lowering: Around, op: For | While) -> None:
        self.lowering = lowering
        self.loops = lowering.loops
        self.op = op
        self.initial: list[Operand] = []
        self.parameters: tuple[Value, ...] = ()
        self.lists: list[Term] = []
        """What it collects, as it is behind the loop."""
        self.extra: list[Operand] = []
        """What is carried on beside the numbers of the program: lists that grow, and their lengths."""
        self.rest: list[Operand] = []
        self.given: tuple[Value, ...] = ()
        scanned = op.scanned if isinstance(op, For) else ()
        self.taken = {root for o in scanned for array in arrays_in(lowering.term(o)) for root in array.memory}
        """The memory of what it reads or carries so far."""
        self.moved: dict[Array, Type] = {}
        """Of what it begins with: what has other memory in each iteration, and what that is."""
        around = (outer.index.type for outer in lowering.around if isinstance(outer, For) and outer is not op)
        self.settled = lowering.symbols.union(*map(symbols, around))
        """The symbols of what is the same in all iterations."""
        self._store_lazy()
        self.terms = [self.home(k, p, i) for k, (p, i) in enumerate(zip(op.carried, op.initial, strict=True))]
        self.loops.forget_loads()
        self.before = {*self.loops.roots}
        """The memory that is there before it."""

    @property
    def collects(self) -> bool:
        return len(self.op.results) > len(self.op.initial)

    def _store_lazy(self) -> None:
        """Store what every iteration would compute again."""
        for value in self.lowering.lives.outside[self.op]:
            for array in arrays_in(self.lowering.terms[value]):
                if array.cost:
                    self.loops.stored(array, value.hint)

    # what it begins with

    def home(self, k: int, parameter: Value, initial: Operand) -> Term:
        """What is carried, with its arrays in memory that the loop may write."""
        term = self.lowering.term(initial)
        if isinstance(term, Cut):
            raise UnsupportedType("a slice that a loop carries")
        t = parameter.type
        term = typed(term, t)
        types = iter(_leaf_types(term, t))
        after = iter(_leaf_types(term, self.op.body.results[k].type))
        return mapped(term, lambda leaf: self.leaf(leaf, next(types), next(after), parameter.hint))

    def leaf(self, leaf: Term, t: Type, after: Type, hint: str | None) -> Term:
        if not isinstance(leaf, Array):
            check(t)
            return self.number(operand_of(leaf), t)
        if not t.is_array:
            return self.number(leaf.element(()), t)
        if t.shape is None or after.shape is None or len(after.shape) != len(t.shape):
            raise UnsupportedType("an array of which a loop changes the number of axes", "reshape it")
        if t.dtype != leaf.dtype:
            leaf = self.wide(leaf, t)
        if t.shape != after.shape or not all(map(self.is_fixed, t.shape)) or _is_unlike(leaf, t.shape):
            shape = (
                d if isinstance(d, int) and d == e else new_dim() for d, e in zip(t.shape, after.shape, strict=True)
            )
            return self.moving(leaf, ArrayType(t.dtype, tuple(shape), "array"), hint)
        if leaf.handle is not None and self.lowering.is_own(leaf) and not self.is_shared(leaf):
            self.taken |= leaf.memory
            return leaf
        return self.loops.fresh(leaf, hint)

    def is_fixed(self, d: Dim) -> bool:
        """Whether a length is the same in all iterations: it is told by the arguments, or the indices of loops around.

        One that something else in a loop has may be another in each, as may be that of an adjoint of it.
        """
        return isinstance(d, int) or all(roots(s) <= self.settled for s, _ in d.terms)

    def wide(self, leaf: Array, t: Type) -> Array:
        """An array as a loop carries it: integers as floats."""
        loops, dtype = self.loops, t.dtype
        if dtype is None:
            raise UnsupportedType(f"{t} that a loop carries")
        return loops.computed(dtype, leaf.shape, lambda at: loops.cast(leaf.element(at), dtype), 0, leaf)

    def moving(self, leaf: Array, t: Type, hint: str | None) -> Array:
        """An array that has another shape in each iteration: other memory, which is carried as numbers are."""
        own = leaf.handle is not None and self.lowering.is_own(leaf) and not self.is_shared(leaf)
        first = leaf if own else self.loops.fresh(leaf, hint)
        assert first.handle is not None
        self.taken |= first.memory
        self.initial.append(first.handle)
        carried = Array(first.dtype, first.shape, first.element, handle=first.handle, roots=first.roots)
        self.moved[carried] = t
        return carried

    def number(self, number: Operand, t: Type) -> Operand:
        self.initial.append(self.converted(number, t))
        return self.initial[-1]

    def converted(self, number: Operand, t: Type) -> Operand:
        """A number as a loop carries it: 0 as 0.0."""
        if t.dtype is None or number.type.dtype == t.dtype:
            return number
        if isinstance(number, Constant) and t.kind == "python":
            return constant(t.dtype.type(number.value).item())
        return self.loops.cast(number, t.dtype)

    def is_shared(self, term: Array) -> bool:
        """Whether what a loop begins with is read in it or behind it, or is the memory of something else it carries."""
        if term.memory & self.taken:
            return True
        readers = [v for root in term.memory for v in self.lowering.readers.get(root, ())]
        return any(self.lowering.lives.is_read_from(v, self.op) for v in readers)

    def enter(self, carried: Sequence[Value]) -> tuple[Value, ...]:
        """Bind what a block begins with; the numbers are its parameters."""
        made: list[Value] = []

        def bound(value: Value, term: Term) -> Term:
            types = iter(_leaf_types(term, value.type))
            alone = not isinstance(term, (tuple, List, Ragged))

            def part(leaf: Term) -> Term:
                t = next(types)
                if isinstance(leaf, Array) and leaf in self.moved:
                    made.append(Value(self.moved[leaf], value.hint, loose=True))
                    return self.loops.held(made[-1])
                if isinstance(leaf, Array):
                    return Array(leaf.dtype, leaf.shape, leaf.element, handle=leaf.handle, roots=leaf.roots)
                made.append(value if alone else Value(t, value.hint, loose=True))
                return made[-1]

            return _as_its_list(mapped(term, part))

        for value, term in zip(carried, self.terms, strict=True):
            self.lowering.bind(value, bound(value, term))
        self.parameters = tuple(made)
        return self.parameters

    # what an iteration leaves

    def results(self) -> list[Operand]:
        """What the body carries on: arrays are written where they live."""
        op = self.op
        rows = [self.lowering.term(r) for r in op.body.results[: len(op.initial)]]
        stop = [self.lowering.operand(r) for r in op.body.results[len(op.results) :]]
        pairs = [pair for row, home in zip(rows, self.terms, strict=True) for pair in _pairs(row, home)]
        given: set[Value] = set()
        numbers = [
            self.moved_on(r, self.moved[h], given) if isinstance(h, Array) else operand_of(r)
            for r, h in pairs
            if not isinstance(h, Array) or h in self.moved
        ]
        self.write_back([(r, h) for r, h in pairs if isinstance(h, Array) and h not in self.moved])
        types = [p.type for p in self.parameters]
        numbers = [self.converted(n, t) for n, t in zip(numbers, types, strict=False)]
        return [*numbers, *self.extra, *stop]

    def moved_on(self, array: Term, t: Type, given: set[Value]) -> Operand:
        """The memory that the next iteration begins with: of this one or what that began with, and of nothing else."""
        assert isinstance(array, Array)
        if array.dtype != t.dtype:
            array = self.wide(array, t)
        if array.handle is None or array.memory & (given | self.before):
            array = self.loops.fresh(array)
        assert array.handle is not None
        given |= array.memory
        return array.handle

    def write_back(self, arrays: Sequence[tuple[Term, Array]]) -> None:
        """Write what an iteration leaves where the next one reads it: all at once."""
        moved: list[tuple[Array, Array]] = []
        for found, home in arrays:
            term = found if isinstance(found, Array) else _without_axes(operand_of(found), home)
            if term.handle is not home.handle:
                moved.append((term, home))
        for k, (term, home) in enumerate(moved):
            if term.memory & home.memory and not self.in_place(term, home):
                term.settle(self.loops.fresh(term))
            for later, _ in moved[k + 1 :]:
                if later.memory & home.memory:
                    later.settle(self.loops.fresh(later))
        for term, home in moved:
            self.loops.copy(term, home)

    def in_place(self, term: Array, home: Array) -> bool:
        """Whether an element is computed of no other one of the memory that it is written into."""
        return term.fill is None and reads_its_own_place(self.loops, term, home)

    # lists

    def collected(self) -> list[tuple[Term, str | None]]:
        """What an iteration adds to the lists, and what these are called."""
        op, n = self.op, len(self.op.initial)
        pairs = zip(op.body.results[n:], op.results[n:], strict=False)
        return [(self.lowering.term(r), xs.hint or r.hint) for r, xs in pairs]

    def collect_at(self, around: Builder, inner: Builder, count: Operand, place: Operand) -> None:
        """Store what an iteration adds to lists: there is one item for each."""
        length = count
        if self.op.breaks and self.collects:
            length = self.counter("count")
        for term, hint in self.collected():
            self.lists.append(List(self.kept(term, around, inner, count, place, hint), length, length is count))

    def kept(
        self,
        term: Term,
        around: Builder,
        inner: Builder,
        count: Operand | None,
        place: Operand,
        hint: str | None,
        depth: int = 0,
    ) -> Term:
        """What is stored of one item: a list in it, so `depth`, is an axis of an array where all are equally long.

        Where the count of iterations is not known, the memory for them grows.
        """
        if isinstance(term, tuple):
            return tuple(self.kept(part, around, inner, count, place, hint, depth) for part in term)
        if isinstance(term, List):
            length, own = term.length, term.items
            if not isinstance(length, Array) and self.are_known(around, inner, (length,)):
                length = self.lifted(around, inner, length)
                own = _as_long(own, length, depth)
            else:
                # its items are arrays of different shapes, one behind the other
                own = own if isinstance(length, Array) else _as_long(own, length, depth)
                length = self.kept(length, around, inner, count, place, None, depth)
            return List(self.kept(own, around, inner, count, place, hint, depth + 1), length)
        if isinstance(term, Ragged):
            parts = (term.flat, term.starts, term.size, *term.lengths)
            flat, starts, size, *lengths = (self.kept(t, around, inner, count, place, hint) for t in parts)
            return Ragged(flat, starts, tuple(lengths), size, term.depth + 1)
        if isinstance(term, Array) and not self.are_known(around, inner, term.shape):
            return self.ragged(term, around, inner, count, place, hint)
        if count is None:
            return self.grown(around, inner, place, term, hint)
        target = self.room(around, inner, count, term, hint)
        self.put(target, place, term)
        return target

    def are_known(self, around: Builder, inner: Builder, lengths: Places) -> bool:
        """Whether lengths are known before the loop."""
        before = len(around.operations)
        try:
            for n in lengths:
                self.lifted(around, inner, n)
        except UnsupportedType:
            return False
        finally:
            del around.operations[before:]
        return True

    def ragged(
        self, term: Array, around: Builder, inner: Builder, count: Operand | None, place: Operand, hint: str | None
    ) -> Ragged:
        """Arrays of different shapes, one behind the other in memory that grows."""
        loops = self.loops
        used = self.carried_number("used")
        size = loops.product(term.shape)
        end = loops.call(np.add, used, size)
        self.extra.append(end)
        first = around.apply(ALLOCATE, (constant(FIRST),), {"dtype": term.dtype}, hint)
        assert isinstance(first, Value)
        flat = self.with_room(first, used, end, term.dtype, (), hint)

        def write(at: Places) -> None:
            k: Operand = constant(0)
            for i, n in zip(at, term.shape, strict=True):
                k = loops.add(loops.multiply(k, n), i)
            loops.store(flat.target, (loops.add(used, k),), term.element(at))

        loops.nest(term.shape, write)
        known = (n if self.are_known(around, inner, (n,)) else None for n in term.shape)
        lengths = [
            self.kept(n, around, inner, count, place, None) if k is None else self.lifted(around, inner, k)
            for n, k in zip(term.shape, known, strict=True)
        ]
        return Ragged(flat.now, self.kept(used, around, inner, count, place, None), tuple(lengths), used)

    def carried_number(self, hint: str) -> Value:
        """An integer that is carried on beside those of the program; what it is next is left to the caller."""
        value = Value(ArrayType(np.dtype(np.int64), (), "python"), hint, loose=True)
        self.parameters = (*self.parameters, value)
        self.initial.append(constant(0))
        return value

    def with_room(
        self, first: Value, used: Operand, end: Operand, dtype: np.dtype[np.generic], rest: Places, hint: str | None
    ) -> Room:
        """Memory that is carried on, in which there is room up to an end: it is twice as long where it was full."""
        loops = self.loops
        t = ArrayType(dtype, (new_dim(), *(first.type.shape or ())[1:]), "array")
        carried = Value(t, hint, loose=True)
        rows = loops.apply(LENGTH, (carried,), {"axis": 0})
        now = loops.held(carried, (rows, *rest))

        def longer() -> Sequence[Operand]:
            length = loops.call(max, loops.multiply(rows, 2), end)
            more = loops.allocate(dtype, (length, *rest))
            loops.nest((used, *rest), lambda at: loops.store(more, at, now.element(at)))
            assert more.handle is not None
            return [more.handle]

        (handle,) = loops.branch(loops.call(np.greater, end, rows), longer, lambda: [carried])
        assert isinstance(handle, Value)
        self.parameters = (*self.parameters, carried)
        self.initial.append(first)
        self.extra.append(handle)
        return Room(now, loops.held(handle, (loops.apply(LENGTH, (handle,), {"axis": 0}), *rest)))

    def counter(self, hint: str) -> Value:
        """A number that each iteration adds 1 to."""
        value = self.carried_number(hint)
        self.extra.append(self.loops.add(value, 1))
        return value

    def room(self, around: Builder, inner: Builder, count: Operand, leaf: Term, hint: str | None) -> Array:
        """Memory for one number or array of the items of a list, made before the loop."""
        dtype, shape = _form(leaf)
        outside = [self.lifted(around, inner, n) for n in shape]
        handle = around.apply(ALLOCATE, (count, *outside), {"dtype": dtype}, hint)
        assert isinstance(handle, Value)
        return self.loops.held(handle, (count, *outside))

    def lifted(self, around: Builder, inner: Builder, operand: Operand) -> Operand:
        """A length as it is known before the loop."""
        if isinstance(operand, Constant):
            return operand
        changes = operand in self.parameters or (isinstance(self.op, For) and operand is self.op.index)
        if not changes and operand not in {r for op in inner.operations for r in op.results}:
            return operand
        made = None if changes else inner.maker(operand)
        if not isinstance(made, Apply) or made.primitive.effect is Effect.IO or reads_memory(made):
            raise UnsupportedType("a list of arrays whose lengths only an iteration knows")
        return around.apply(made.primitive, [self.lifted(around, inner, o) for o in made.operands], made.static)

    def put(self, target: Array, place: Operand, leaf: Term) -> None:
        loops = self.loops
        if isinstance(leaf, Array):
            loops.nest(leaf.shape, lambda at: loops.store(target, (place, *at), leaf.element(at)))
        else:
            loops.store(target, (place,), operand_of(leaf))

    def append(self, around: Builder, inner: Builder) -> None:
        """Store what an iteration adds to lists, which grow."""
        if not self.collects:
            return
        place = self.counter("count")
        for term, hint in self.collected():
            self.lists.append(List(self.kept(term, around, inner, None, place, hint), place))

    def grown(self, around: Builder, inner: Builder, place: Operand, leaf: Term, hint: str | None) -> Term:
        """An array in which there is room for one item more: where it is full, the next is twice as long."""
        first = self.room(around, inner, constant(FIRST), leaf, hint)
        assert first.handle is not None
        room = self.with_room(first.handle, place, self.loops.add(place, 1), first.dtype, first.shape[1:], hint)
        self.put(room.target, place, leaf)
        return room.now

    # what is left

    def values(self) -> tuple[Value, ...]:
        """What the loop gives."""
        self.given = tuple(Value(p.type, p.hint, p.loose) for p in self.parameters)
        return self.given

    def leave(self) -> None:
        """Bind what the loop gives."""
        loops, op = self.loops, self.op
        loops.forget_loads()
        numbers = iter(self.given)

        def left(leaf: Term) -> Term:
            if not isinstance(leaf, Array):
                return next(numbers)
            return loops.held(next(numbers)) if leaf in self.moved else leaf

        for result, term in zip(op.results, self.terms, strict=False):
            self.lowering.bind(result, _as_its_list(mapped(term, left)))
        table = dict(zip(self.parameters, self.given, strict=True))

        def behind(leaf: Term) -> Term:
            if isinstance(leaf, Array) and leaf.handle in table:
                return loops.held(table[leaf.handle], (constant(0), *leaf.shape[1:]))
            return table.get(leaf, leaf) if isinstance(leaf, Value) else leaf

        for result, term in zip(op.results[len(op.initial) :], self.lists, strict=True):
            made = mapped(term, behind)
            assert isinstance(term, List) and isinstance(made, List)
            self.lowering.bind(result, List(_behind(made.items, made.length), made.length, term.whole))


def _pairs(row: Term, home: Term) -> Iterator[tuple[Term, Term]]:
    """The numbers and arrays that an iteration leaves, with those that it begins with."""
    mine, theirs = [*leaves(row)], [*leaves(home)]
    # of numbers a function may give an array without axes
    forms = ([t.rank if isinstance(t, Array) else 0 for t in ts] for ts in (mine, theirs))
    if len(mine) != len(theirs) or len({tuple(f) for f in forms}) > 1:
        raise UnsupportedType("what has another form in the next iteration")
    return zip(mine, theirs, strict=True)


def _behind(term: Term, length: Operand) -> Term:
    """What a loop has collected, with the lengths that it has at the end."""
    if isinstance(term, tuple):
        return tuple(_behind(part, length) for part in term)
    if isinstance(term, List):
        return List(_behind(term.items, length), _behind(term.length, length))
    if isinstance(term, Ragged):
        starts, *lengths = (_behind(t, length) for t in (term.starts, *term.lengths))
        if term.depth:
            return Ragged(_behind(term.flat, length), starts, tuple(lengths), _behind(term.size, length), term.depth)
        assert isinstance(term.size, (Value, Constant))
        return Ragged(_long(term.flat, term.size), starts, tuple(lengths), term.size)
    return _long(term, length)


def _as_long(items: Term, length: Operand, axis: int) -> Term:
    """The items of a list, of as many along an axis as it has; what different shapes are behind the other is longer."""
    if isinstance(items, tuple):
        return tuple(_as_long(i, length, axis) for i in items)
    if isinstance(items, List):
        return List(_as_long(items.items, length, axis), _as_long(items.length, length, axis))
    if not isinstance(items, Ragged):
        return _long(items, length, axis)
    lengths = tuple(_long(n, length, axis) for n in items.lengths)
    starts = _long(items.starts, length, axis)
    if axis < items.depth:
        flat, size = _long(items.flat, length, axis), _long(items.size, length, axis)
        return Ragged(flat, starts, lengths, size, items.depth)
    flat = items.flat if isinstance(items.size, Array) else _long(items.flat, operand_of(items.size), axis)
    return Ragged(flat, starts, lengths, items.size, items.depth)


def _long(term: Term, length: Operand, axis: int = 0) -> Term:
    """An array of as many items along an axis as a list has."""
    if not isinstance(term, Array):
        return term
    shape = (*term.shape[:axis], length, *term.shape[axis + 1 :])
    return Array(term.dtype, shape, term.element, term.of, handle=term.handle, roots=term.roots)


def _form(leaf: Term) -> tuple[np.dtype[np.generic], Places]:
    if isinstance(leaf, Array):
        return leaf.dtype, leaf.shape
    operand = operand_of(leaf)
    if operand.type.dtype is None:
        raise UnsupportedType("a list of what are no numbers")
    return operand.type.dtype, ()


def _leaf_types(term: Term, t: Type) -> Iterator[Type]:
    """The types of the numbers and arrays of a term, by its own one. The lengths of what is ragged are not known."""
    if isinstance(t, (SequenceType, TableType)) and isinstance(term, List):
        length = t.length if isinstance(t, SequenceType) else new_dim()
        for leaf in leaves(term.length):
            yield _stacked(leaf, INT, length)
        for leaf, inner in zip(leaves(term.items), _leaf_types(term.items, item_of(t)), strict=True):
            yield _stacked(leaf, inner, length)
    elif isinstance(term, Ragged):
        for part in leaves(term):
            if isinstance(part, Array):
                yield ArrayType(part.dtype, tuple(new_dim() for _ in part.shape), "array")
            else:
                yield INT
    elif isinstance(t, ContainerType) and isinstance(term, tuple):
        for part, inner in zip(term, t.items, strict=True):
            yield from _leaf_types(part, inner)
    else:
        yield t


def _stacked(leaf: Term, t: Type, length: Dim) -> Type:
    """The type of what is one of each item, side by side; a number is the same for all."""
    if not isinstance(leaf, Array):
        return t
    rest = (
        t.shape if t.shape is not None and len(t.shape) == leaf.rank - 1 else tuple(new_dim() for _ in leaf.shape[1:])
    )
    return ArrayType(t.dtype, (length, *rest), "array")


def _as_its_list(term: Term) -> Term:
    """A term whose lists have as many items as they say, whatever there is room for."""
    if isinstance(term, tuple):
        return tuple(map(_as_its_list, term))
    if isinstance(term, List):
        return List(_behind(_as_its_list(term.items), term.length), term.length)
    return term
