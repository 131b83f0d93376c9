"""The form of a loop rule: an array as what gives its elements, and the table of the rules.

A rule takes the operands of a call and gives its result; what is not asked for is not computed:

    np.sqrt(x)[i, j]   is  np.sqrt(x[i, j])          x.T[i, j]   is  x[j, i]

An array is `stored` where it is in memory, row by row. Any other one is computed where it is read, in the loop that
reads it (delayed arrays: Keller et al., Regular, shape-polymorphic, parallel arrays in Haskell, ICFP 2010); one that
would be computed more than once is stored first. The rules stand in `rules/looping`, by their functions.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, TypeAlias, TypeVar

import numpy as np

from s2sad.errors import UnsupportedType
from s2sad.ir.builder import Builder
from s2sad.ir.dims import Dim, as_symbol, dim_sum, new_dim
from s2sad.ir.primitive import Effect, Primitive, Quantity, required
from s2sad.ir.primitives.memory import ALLOCATE, GUARD, INTO, LENGTH, LOAD, RESHAPED, STORE, TALLY
from s2sad.ir.types import ArrayType, Type, integer
from s2sad.ir.values import Apply, Block, Constant, For, If, Operand, Operation, Value, constant, is_int

T = TypeVar("T")

Places: TypeAlias = tuple[Operand, ...]
"""The indices of an element."""

Element: TypeAlias = Callable[[Places], Operand]
"""What appends the operations that give an element."""

LITTLE = 4
"""The cost of what may be computed wherever it is read: in elementary operations."""

BLOCK = 1024
"""How many terms of a sum are added up before the parts are: its error is that of NumPy's pairwise sums."""


FIRST = 16
"""How many items a list has room for that grows."""


@dataclass(eq=False)
class Array:
    """An array, by what gives its elements."""

    dtype: np.dtype[Any]
    shape: Places
    element: Element
    of: tuple[Array, ...] = ()
    """The arrays of which its elements are computed."""
    cost: int = 0
    """What an element costs: 0 for one that is read, or known."""
    handle: Value | None = None
    """The memory in which it lies row by row."""
    roots: frozenset[Value] = frozenset()
    """What memory the handle may lead to."""
    fill: Callable[[Array], None] | None = None
    """How all of it is stored in an array, where that is less than element by element."""
    turned: Array | None = None
    """The array of which this is the transpose."""

    @property
    def rank(self) -> int:
        return len(self.shape)

    @property
    def memory(self) -> frozenset[Value]:
        """What its elements are read from, as it is now: what it is computed of may have been stored since."""
        return self.roots.union(*(a.memory for a in self.of))

    def sources(self) -> Iterator[Array]:
        """It and all that it is computed of."""
        yield self
        for array in self.of:
            yield from array.sources()

    def settle(self, stored: Array) -> None:
        """Be another array, of the same elements."""
        self.element, self.of, self.cost = stored.element, stored.of, stored.cost
        self.handle, self.roots = stored.handle, stored.roots
        self.fill, self.turned = stored.fill, stored.turned


@dataclass(frozen=True, eq=False)
class Cut:
    """A slice: what is not given is None."""

    start: Operand | None
    stop: Operand | None
    step: Operand | None


@dataclass(frozen=True, eq=False)
class List:
    """A list of run-time length: the items side by side, each number or array of an item along a first axis.

    An operand in `items` is the length of a list in the list, the same for all items. A list that is made empty has ()
    for items: what they are is known where it meets another one.
    """

    items: Term
    length: Any
    """Of a list in the items of another one, an array of them, where they differ; arrays of different shapes deeper."""
    whole: bool = False
    """Whether the memory of its items is known to have no room for more."""


EMPTY = List((), constant(0))
"""A list that is made empty."""


def is_empty(xs: List) -> bool:
    """Whether a list is made empty: what its items are is not known."""
    return xs.items == () and is_int(xs.length, 0)


@dataclass(frozen=True, eq=False)
class Ragged:
    """In the items of a list: arrays of different shapes, their elements one behind the other."""

    flat: Term
    starts: Term
    """Where each begins, by its number."""
    lengths: tuple[Term, ...]
    """Of each axis: the lengths by number, or the one of all."""
    size: Term
    """How many elements there are in all."""
    depth: int = 0
    """In how many lists it is one item of each itself."""


Term: TypeAlias = "Operand | Array | Cut | List | Ragged | tuple[Term, ...]"
"""What stands for a value of the program of arrays."""


def leaves(term: Term) -> Iterator[Term]:
    """The numbers and arrays of a term, those of lists as one array for each number of an item."""
    if isinstance(term, tuple):
        for item in term:
            yield from leaves(item)
    elif isinstance(term, List):
        yield from leaves((term.length, term.items))
    elif isinstance(term, Ragged):
        yield from leaves((term.flat, term.starts, *term.lengths, term.size))
    else:
        yield term


def mapped(term: Term, change: Callable[[Term], Term]) -> Term:
    """A term with its numbers and arrays changed."""
    if isinstance(term, tuple):
        return tuple(mapped(item, change) for item in term)
    if isinstance(term, List):
        length = mapped(term.length, change)
        return List(mapped(term.items, change), length)
    if isinstance(term, Ragged):
        flat, starts, *lengths = (mapped(part, change) for part in (term.flat, term.starts, *term.lengths))
        return Ragged(flat, starts, tuple(lengths), mapped(term.size, change), term.depth)
    return change(term)


Scope: TypeAlias = dict[tuple[object, ...], Operand]


class Loops:
    """Appends loops and what is in them. What was computed in the block, or one around it, is not computed again."""

    def __init__(self) -> None:
        self.builder = Builder()
        self.scopes: list[Scope] = [{}]
        self.version: dict[Value, int] = {}
        """How often each piece of memory was written: what was loaded before is not what is there now."""
        self.writes = 0
        """How often anything may have been written."""
        self.roots: dict[Value, frozenset[Value]] = {}
        """What memory a handle may lead to."""
        self.when_settled: Callable[[Array], None] = lambda array: None
        """What is to be done where an array has got memory of its own."""
        self.repeats = 0
        """How many loops of the program there are around."""
        self.settled: list[tuple[Array, dict[str, Any]]] = []
        """The arrays that were stored in the present block, and what they were before."""

    # numbers

    def apply(
        self,
        primitive: Primitive,
        operands: Sequence[Operand],
        static: Mapping[str, object] | None = None,
        hint: str | None = None,
    ) -> Operand:
        """Append an operation on numbers, or find what it gave before."""
        static = static or {}
        if primitive.effect is Effect.IO:
            return self.builder.apply(primitive, operands, static)
        if primitive is ALLOCATE:
            return self.builder.apply(primitive, operands, static, hint)
        key = (primitive, tuple(map(_name, operands)), tuple(static.items()), self._state(primitive, operands))
        scopes = self.scopes[-1:] if primitive is LOAD else self.scopes
        for scope in scopes:
            if key in scope:
                return scope[key]
        found = self.builder.apply(primitive, operands, static, hint, loose=True)
        found = self._known(found) if found.type.size is not None else found
        self.scopes[-1][key] = found
        return found

    def _known(self, found: Operand) -> Operand:
        """An integer as what has the same value for sure: `n` for `1 + (n - 1)`."""
        size = found.type.size
        if isinstance(found, Constant) or found.type.kind != "python":
            return found
        if isinstance(size, int):
            other: Operand | None = constant(size)
        else:
            other = next((scope[key] for scope in self.scopes if (key := ("size", size)) in scope), None)
        if other is None:
            self.scopes[-1][("size", size)] = found
            return found
        self.builder.operations.pop()
        return other

    def _state(self, primitive: Primitive, operands: Sequence[Operand]) -> object:
        if primitive is not LOAD:
            return None
        handle = operands[0]
        assert isinstance(handle, Value)
        return self.writes, tuple(self.version.get(r, 0) for r in sorted(self.roots[handle], key=id))

    def call(self, function: Callable[..., Any], *operands: Operand | int | float | bool) -> Operand:
        """Append a call of a function of numbers."""
        given = [o if isinstance(o, (Value, Constant)) else constant(o) for o in operands]
        return self.apply(required(function), given)

    def add(self, a: Operand, b: Operand | int) -> Operand:
        b = b if not isinstance(b, int) else constant(b)
        if isinstance(b, Constant) and isinstance(b.value, int) and b.value < 0:
            return self.subtract(a, -b.value)
        return b if is_int(a, 0) else a if is_int(b, 0) else self.call(np.add, a, b)

    def subtract(self, a: Operand, b: Operand | int) -> Operand:
        b = b if not isinstance(b, int) else constant(b)
        if a is b or (a.type.size is not None and a.type.size == b.type.size):
            return constant(0)
        return a if is_int(b, 0) else self.call(np.subtract, a, b)

    def multiply(self, a: Operand, b: Operand | int) -> Operand:
        b = b if not isinstance(b, int) else constant(b)
        if is_int(a, 0) or is_int(b, 0):
            return constant(0)
        return b if is_int(a, 1) else a if is_int(b, 1) else self.call(np.multiply, a, b)

    def product(self, lengths: Sequence[Operand]) -> Operand:
        """How many elements an array of these lengths has."""
        total: Operand = constant(1)
        for n in lengths:
            total = self.multiply(total, n)
        return total

    def select(self, holds: Operand, a: Operand, b: Operand) -> Operand:
        if isinstance(holds, Constant):
            return a if holds.value else b
        return self.call(np.where, holds, a, b)

    def cast(self, x: Operand, dtype: np.dtype[Any]) -> Operand:
        """A number in another dtype; a number of Python's in the dtype that it has there is itself."""
        if x.type.dtype == dtype:
            return x
        if isinstance(x, Constant) and isinstance(x.value, (bool, int, float, complex, np.generic)):
            return constant(dtype.type(x.value))
        return self.apply(required(dtype.type), (x,))

    def guard(self, holds: Operand) -> None:
        """Go on only where something holds."""
        if not (isinstance(holds, Constant) and holds.value):
            self.apply(GUARD, (holds,))

    # blocks

    @contextmanager
    def block(self) -> Iterator[Builder]:
        """A block inside the present one: what is stored in it of arrays outside is not known behind it."""
        outer, settled = self.builder, self.settled
        self.builder, self.settled = outer.child(), []
        self.scopes.append({})
        try:
            yield self.builder
        finally:
            self.scopes.pop()
            for array, before in reversed(self.settled):
                vars(array).update(before)
            self.builder, self.settled = outer, settled

    @contextmanager
    def iteration(self) -> Iterator[Builder]:
        """The block of a loop of the program."""
        self.repeats += 1
        with self.block() as inner:
            yield inner
        self.repeats -= 1

    def loop(
        self,
        stop: Operand,
        body: Callable[..., Sequence[Operand]],
        initial: Sequence[Operand] = (),
        start: Operand | int = 0,
        step: int = 1,
        name: str = "i",
        hint: str | None = None,
    ) -> tuple[Operand, ...]:
        """Append a loop that counts; `body` takes the index and what is carried, and gives what is carried on."""
        first = start if not isinstance(start, int) else constant(start)
        # what the loop writes is not known before it is lowered
        self.forget_loads()
        with self.block() as inner:
            index = Value(self._counted(first, stop), name, loose=True)
            carried = [Value(_number(o.type), hint or o.hint, loose=True) for o in initial]
            given = body(index, *carried)
        self.forget_loads()
        results = tuple(Value(p.type, p.hint, loose=True) for p in carried)
        block = inner.block((index, *carried), given)
        self.builder.operations.append(
            For(first, stop, constant(step), tuple(initial), (), block, results, location=self.builder.location)
        )
        return results

    def _counted(self, first: Operand, stop: Operand) -> Type:
        """The type of an index: not below 0, and below the end where that is known."""
        size = stop.type.size
        low = first.type.size
        least = low if isinstance(low, int) and low >= 0 else 0
        return integer(new_dim("i", least, most=None if size is None else dim_sum(size, 1, -1)))

    def forget_loads(self) -> None:
        """Let what was loaded be loaded again: anything may have been written."""
        self.writes += 1

    def nest(self, lengths: Sequence[Operand], body: Callable[[Places], None]) -> None:
        """Append loops over all places of a shape. Lengths of 1 have no loop."""
        self._nest(list(lengths), (), body)

    def _nest(self, lengths: list[Operand], places: Places, body: Callable[[Places], None]) -> None:
        if not lengths:
            body(places)
        elif is_int(lengths[0], 1):
            self._nest(lengths[1:], (*places, constant(0)), body)
        else:

            def inner(index: Operand) -> Sequence[Operand]:
                self._nest(lengths[1:], (*places, index), body)
                return ()

            self.loop(lengths[0], inner, name=_index_name(len(places)))

    def fold(
        self,
        lengths: Sequence[Operand],
        initial: Sequence[Operand],
        body: Callable[..., Sequence[Operand]],
        depth: int = 0,
        hint: str | None = None,
    ) -> tuple[Operand, ...]:
        """Carry numbers over all places of a shape: `body` takes the places and what is carried."""
        return self._fold(list(lengths), (), tuple(initial), body, depth, hint)

    def _fold(
        self,
        lengths: list[Operand],
        places: Places,
        initial: tuple[Operand, ...],
        body: Callable[..., Sequence[Operand]],
        depth: int,
        hint: str | None,
    ) -> tuple[Operand, ...]:
        if not lengths:
            return tuple(body(places, *initial))
        if is_int(lengths[0], 1):
            return self._fold(lengths[1:], (*places, constant(0)), initial, body, depth, hint)

        def inner(index: Operand, *carried: Operand) -> Sequence[Operand]:
            return self._fold(lengths[1:], (*places, index), carried, body, depth, hint)

        return self.loop(lengths[0], inner, initial, name=_index_name(depth + len(places)), hint=hint)

    def branch(
        self,
        holds: Operand,
        then: Callable[[], Sequence[Operand]],
        orelse: Callable[[], Sequence[Operand]],
        finish: Callable[[list[Block]], list[Block]] = lambda blocks: blocks,
    ) -> tuple[Operand, ...]:
        """Append a branch; both sides give the same number of operands. What both give alike is given as it is.

        `finish` may change what the sides give, of which neither is known before both are.
        """
        self.forget_loads()
        blocks: list[Block] = []
        for side in (then, orelse):
            with self.block() as inner:
                given = side()
            blocks.append(inner.block((), given))
            self.forget_loads()
        blocks = finish(blocks)
        sides = [b.results for b in blocks]
        if len(sides[0]) != len(sides[1]):
            raise UnsupportedType("what has another form in the other branch", "give the same in both")
        differ = [k for k, (a, b) in enumerate(zip(*sides, strict=True)) if not _is_same(a, b)]
        made = {k: Value(_joined(sides[0][k], sides[1][k]), sides[0][k].hint, loose=True) for k in differ}
        then_block, else_block = (Block((), b.operations, tuple(b.results[k] for k in differ)) for b in blocks)
        location = self.builder.location
        self.builder.operations.append(If(holds, then_block, else_block, tuple(made.values()), location))
        return tuple(made.get(k, o) for k, o in enumerate(sides[0]))

    def speaking_of(self, op: Operation, element: Element) -> Element:
        """What appends the operations of an element, as part of an operation wherever it is read."""

        def located(places: Places) -> Operand:
            before = self.builder.location, self.builder.about
            self.builder.location, self.builder.about = op.location, op.about
            found = element(places)
            self.builder.location, self.builder.about = before
            return found

        return located

    # memory

    def allocate(self, dtype: np.dtype[Any], shape: Sequence[Operand], hint: str | None = None) -> Array:
        """New memory."""
        handle = self.apply(ALLOCATE, tuple(shape), {"dtype": dtype}, hint)
        assert isinstance(handle, Value)
        return self.held(handle, tuple(shape))

    def held(self, handle: Value, shape: Places | None = None, roots: frozenset[Value] | None = None) -> Array:
        """The array that a handle leads to."""
        self.roots[handle] = frozenset({handle}) if roots is None else roots
        for root in self.roots[handle]:
            self.version.setdefault(root, 0)
        dims = handle.type.shape
        assert dims is not None and handle.type.dtype is not None
        if shape is None:
            shape = tuple(self._length(handle, k, d) for k, d in enumerate(dims))
        return Array(
            handle.type.dtype,
            shape,
            lambda places: self.apply(LOAD, (handle, *places)),
            handle=handle,
            roots=self.roots[handle],
        )

    def _length(self, handle: Value, axis: int, dim: Dim) -> Operand:
        if isinstance(dim, int):
            return constant(dim)
        symbol = as_symbol(dim)
        return self.apply(LENGTH, (handle,), {"axis": axis}, symbol.name if symbol is not None else None)

    def store(self, array: Array, places: Places, value: Operand) -> None:
        """Write one element of what is stored."""
        assert array.handle is not None
        for root in array.memory:
            self.version[root] += 1
        self.apply(STORE, (array.handle, *places, self.cast(value, array.dtype)))

    def copy(self, array: Array, target: Array) -> None:
        """Write all elements of an array into another one, as if all were read before one is written."""
        if array.fill is not None:
            array.fill(target)
        else:
            self.nest(target.shape, lambda places: self.store(target, places, array.element(places)))

    def stored(self, array: Array, hint: str | None = None) -> Array:
        """The array itself, in memory from now on."""
        if array.handle is None:
            target = self.allocate(array.dtype, array.shape, hint)
            self.copy(array, target)
            self.settled.append((array, dict(vars(array))))
            array.settle(target)
            self.when_settled(array)
        return array

    def fresh(self, array: Array, hint: str | None = None) -> Array:
        """A copy of an array."""
        target = self.allocate(array.dtype, array.shape, hint)
        self.copy(array, target)
        return target

    def reshaped(self, array: Array, shape: Sequence[Operand]) -> Array:
        """The elements in their order, under another shape: of memory."""
        handle = self.stored(array).handle
        assert handle is not None
        other = self.apply(RESHAPED, (handle, *shape))
        assert isinstance(other, Value)
        return self.held(other, tuple(shape), self.roots[handle])

    def into(self, function: str, *arrays: Array, **static: object) -> None:
        """Have a library write into the last array."""
        for root in arrays[-1].memory:
            self.version[root] += 1
        self.apply(INTO, [self.stored(a).handle for a in arrays], {"function": function, **static})  # type: ignore[misc]

    # arrays

    def item(self, term: List, place: Operand) -> Term:
        """One item of a list."""

        return self._item(term.items, place)

    def _item(self, term: Term, place: Operand) -> Term:
        if isinstance(term, tuple):
            return tuple(self._item(part, place) for part in term)
        if isinstance(term, List):
            length = self._item(term.length, place)
            return List(self._item(term.items, place), length)
        if isinstance(term, Ragged) and term.depth:
            flat, starts, size, *lengths = (
                self._item(t, place) for t in (term.flat, term.starts, term.size, *term.lengths)
            )
            return Ragged(flat, starts, tuple(lengths), size, term.depth - 1)
        if isinstance(term, Ragged):
            return self._piece(term, place)
        if not isinstance(term, Array):
            return term
        if term.rank == 1:
            return term.element((place,))
        return self.view(term, term.shape[1:], lambda at: (place, *at))

    def _piece(self, term: Ragged, place: Operand) -> Array:
        """One of several arrays that lie one behind the other."""
        flat, start = term.flat, self._item(term.starts, place)
        lengths = [self._item(n, place) for n in term.lengths]
        assert isinstance(flat, Array) and isinstance(start, (Value, Constant))
        shape = [n for n in lengths if isinstance(n, (Value, Constant))]

        def places(at: Places) -> Places:
            found: Operand = constant(0)
            for i, n in zip(at, shape, strict=True):
                found = self.add(self.multiply(found, n), i)
            return (self.add(start, found),)

        return self.view(flat, shape, places)

    def cheap(self, array: Array) -> Array:
        """An array whose elements may be read more than once."""
        return array if array.cost <= LITTLE else self.stored(array)

    def view(self, array: Array, shape: Sequence[Operand], places: Callable[[Places], Places]) -> Array:
        """Elements of an array under other indices."""
        return Array(array.dtype, tuple(shape), lambda p: array.element(places(p)), (array,), array.cost)

    def computed(
        self, dtype: np.dtype[Any], shape: Sequence[Operand], element: Element, cost: int, *of: Array
    ) -> Array:
        """An array whose elements are computed of those of others."""
        return Array(dtype, tuple(shape), element, of, cost + sum(a.cost for a in of))

    def total(
        self, lengths: Sequence[Operand], zero: Operand, term: Element, depth: int = 0, hint: str | None = None
    ) -> Operand:
        """A sum over all places, in any order."""
        return self.fold(lengths, [zero], lambda p, s: [self.tally(s, term(p))], depth, hint)[0]

    def tally(self, total: Operand, term: Operand) -> Operand:
        return self.apply(TALLY, (total, term))


def _name(operand: Operand) -> object:
    """What tells an operand from others: constants are equal by their values."""
    if isinstance(operand, Constant) and isinstance(operand.value, (int, float, complex, bool, str, type(None))):
        return (type(operand.value), operand.type, repr(operand.value))
    return operand


def _index_name(depth: int) -> str:
    return "ijklmnpq"[min(depth, 7)]


def _number(t: Type) -> Type:
    """The type of a number that changes from one iteration to the next: its value is not known."""
    return ArrayType(t.dtype, t.shape, t.kind or "numpy") if t.is_numeric else t


def _is_same(a: Operand, b: Operand) -> bool:
    return a is b or (isinstance(a, Constant) and isinstance(b, Constant) and _name(a) == _name(b))


def _joined(a: Operand, b: Operand) -> Type:
    if a.type == b.type:
        return a.type
    t = _number(a.type)
    if a.type.rank:
        return ArrayType(a.type.dtype, tuple(new_dim() for _ in range(a.type.rank)), "array")
    if a.type.dtype != b.type.dtype:
        raise UnsupportedType("a number of another dtype in the other branch", "convert it")
    return t if a.type.kind == b.type.kind else ArrayType(a.type.dtype, (), "either")


Rule = Callable[..., Term]
"""From the loops, the operation that is lowered, and its operands to its result."""

RULES: dict[object, Rule] = {}
"""By the function of the primitive; by its name, for functions of a library that need not be there."""


WRITTEN: dict[object, Callable[..., object]] = {}
"""By the same: what a function computes in terms of others that have loop rules, as an expression."""


class Elementwise:
    """In the place of a function: whatever works number by number."""


class Numbers:
    """In the place of a function: whatever is given numbers and gives one."""


def looped(*functions: Callable[..., object] | Primitive | str) -> Callable[[Rule], Rule]:
    """The loop rule of these functions: `@looped(np.sum)` over it."""

    def add(rule: Rule) -> Rule:
        RULES.update((f.function if isinstance(f, Primitive) else f, rule) for f in functions)
        return rule

    return add


def written(*functions: Callable[..., object] | str) -> Callable[[Callable[..., T]], Callable[..., T]]:
    """What these functions compute in terms of others: `@written(np.var)` over it.

    It is called with the operands as expressions and the static arguments; it may refuse them with UnsupportedType.
    """

    def add(expression: Callable[..., T]) -> Callable[..., T]:
        WRITTEN.update((f, expression) for f in functions)
        return expression

    return add


def guard(holds: Quantity, beside: Quantity) -> None:
    """In what is written in terms of others: go on only where something holds, in the program of `beside`."""
    builder = beside.builder
    builder.apply(GUARD, (builder.operand(holds),))


def own_rule(op: Apply) -> Rule | None:
    """The loop rule of the function of an operation, None where it has none of its own."""
    return _found(RULES, op.primitive)


def written_rule(op: Apply) -> Callable[..., object] | None:
    """What an operation is in terms of others, None where that is nothing, or it has loops of its own."""
    return _found(WRITTEN, op.primitive) or (None if own_rule(op) else op.primitive.definition)


def _found(table: Mapping[object, Callable[..., T]], primitive: Primitive) -> Callable[..., T] | None:
    # a call that has a definition is called as its function is, which may have a rule for other arguments
    by_name = None if primitive.definition else table.get(primitive.name)
    return table.get(primitive.function) or by_name


def _is_number(t: Type) -> bool:
    """Whether a type is that of a number, or of an array without axes."""
    return t.is_scalar or (t.is_numeric and t.rank == 0)


def loop_rule(op: Apply) -> Rule | None:
    """The loop rule of an operation, None where there is none."""
    rule = own_rule(op)
    if rule is None and op.primitive.elementwise:
        return RULES.get(Elementwise)
    numbers = all(t.is_static or _is_number(t) for t in (op.result.type, *(o.type for o in op.operands)))
    return RULES.get(Numbers) if rule is None and numbers else rule
