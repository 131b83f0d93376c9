"""Each operation on arrays as what gives its elements, and loops over those that must be stored.

    k1 = -y * np.sin(y)                  for i in range(n):
    y = y + dt * k1            ->            y[i] = y[i] + dt * (-y[i] * sin(y[i]))

What an array is made of is known by its term (`ir.loop_rule`). One that is computed in the loops which read it must
not see what is written later: before memory is written, what is read behind that is stored. What a loop carries of
arrays has memory of its own, or that of what it begins with where nobody else reads that any more.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import replace

import numpy as np

from s2sad.errors import Unsupported, UnsupportedCall, UnsupportedType
from s2sad.ir.builder import Builder
from s2sad.ir.containers import EXTRACT, MAKE, MAKE_SLICE, UNDEFINED
from s2sad.ir.dims import Symbol
from s2sad.ir.loop_rule import EMPTY, LITTLE, Array, Cut, List, Loops, Places, Ragged, Term, leaves, loop_rule, mapped
from s2sad.ir.primitive import Effect, Primitive
from s2sad.ir.primitives.effects import ASSERT, RAISE, STRING
from s2sad.ir.primitives.memory import GUARD
from s2sad.ir.primitives.regions import CATCHER, is_region, makes_region
from s2sad.ir.types import ContainerType, SequenceType, StaticType, TableType, Type, tuple_type
from s2sad.ir.types import leaves as leaf_types
from s2sad.ir.values import (
    Apply,
    Block,
    Call,
    Constant,
    For,
    Function,
    If,
    Operand,
    Operation,
    Value,
    While,
    constant,
    walk,
)
from s2sad.loops.blocks import in_blocks
from s2sad.loops.branches import Side, handed, merged
from s2sad.loops.calls import check_calls, without_calls
from s2sad.loops.contraction import contracted
from s2sad.loops.copies import without_copies
from s2sad.loops.definitions import with_definitions
from s2sad.loops.directions import forwards
from s2sad.loops.fusion import fused
from s2sad.loops.guards import guarded_early
from s2sad.loops.iterations import conditional, counted
from s2sad.loops.layout import laid_out
from s2sad.loops.lengths import is_small, settled, with_small_lengths
from s2sad.loops.libraries import by_library
from s2sad.loops.lives import Lives, lives
from s2sad.loops.reuse import reused
from s2sad.loops.rooms import with_rooms
from s2sad.loops.sharing import shared
from s2sad.loops.strips import in_strips
from s2sad.loops.terms import arrays_in, check, constant_term, is_none, operand_of, typed

FEW = 8
"""So many elements are numbers where a branch gives an array."""


def to_loops(
    functions: Mapping[str, Function],
    entry: str,
    fixed: Callable[[int], bool] = is_small,
    left: Collection[Primitive] = (),
    blocks: bool = True,
    whole: int = 0,
) -> list[Function]:
    """What the entry does as functions of loops over numbers: it, and behind it those that call themselves.

    They take the leaves of arguments, but for the first ones of the entry, so many as are `whole`. Lengths of the
    entry's that are `fixed` are numbers in it.

    Arrays of what is `left` are computed by libraries, though it is computed number by number. Long sums are taken in
    `blocks`.

    Raises:
        Unsupported: an operation has no loop rule, or not for these types.
    """
    first, *others = without_calls(functions, entry, whole)
    first, every = with_small_lengths(first, fixed), [*functions.values()]
    made = [_loops_of(f, left, settled(f, every), f is not first, blocks) for f in (first, *others)]
    for function in made:
        check_calls(function, made)
    return made


def _loops_of(
    function: Function, left: Collection[Primitive], lengths: set[Symbol], inner: bool, blocks: bool
) -> Function:
    lowered = _lowered(with_definitions(function), left, lengths, inner)
    shorter = forwards(reused(guarded_early(reused(lowered))))
    once = reused(fused(shorter))
    whole = once if (fewer := without_copies(once)) is once else reused(fewer)
    made = shared(with_rooms(laid_out(reused(contracted(guarded_early(whole))))))
    # a compiler that does not know where an index begins is slower in parts
    return in_blocks(with_rooms(in_strips(made))) if blocks else made


def _lowered(function: Function, left: Collection[Primitive], lengths: set[Symbol], inner: bool) -> Function:
    """The function as loops, the arrays stored before a branch that are found to be needed behind what it writes."""
    early: Early = {}
    while True:
        try:
            return Lowering(function, early, left, lengths, inner).function()
        except StoredEarlier as found:
            early.setdefault(found.op, []).append(found.value)


Early = dict[Operation, list[Value]]


class StoredEarlier(Exception):
    """What a value is computed of is written in a branch, and the value is read behind that: it is stored before."""

    def __init__(self, op: Operation, value: Value) -> None:
        self.op, self.value = op, value


class Lowering:
    """One function, as loops. What `early` has of an operation is stored before it.

    One that is called by others, so `inner`, gives what its type says: no number for an array, no array twice.
    """

    def __init__(
        self, source: Function, early: Early, left: Collection[Primitive], settled: set[Symbol], inner: bool
    ) -> None:
        self.source = source
        self.left = left
        self.early = early
        self.inner = inner
        self.around: list[Operation] = []
        """The operations in whose blocks the present one stands."""
        self.loops = Loops()
        self.loops.when_settled = self.add_readers
        self.lives: Lives = lives(source)
        self.symbols = settled
        self.terms: dict[Value, Term] = {}
        self.readers: dict[Value, dict[Value, None]] = {}
        """By the memory: the values whose elements are read from it."""
        self.holders: dict[Array, dict[Value, None]] = {}
        """By an array: the values that it is, or that are computed of it."""
        self.given_memory: set[Value] = set()
        """That of the parameters."""
        self.makers = {r: op for op in walk(source.body) for r in op.results}

    @property
    def builder(self) -> Builder:
        return self.loops.builder

    def function(self) -> Function:
        parameters = self.source.parameters
        for p in parameters:
            self.bind(p, self.given(p, p.type))
        with self.loops.block() as inner:
            self.operations(self.source.body)
            term = self.term(self.source.result)
            if self.inner:
                term = self.as_declared(term, self.source.result.type, set())
            result = self.result(term, self.source.result.hint)
        body = inner.block(parameters, [result])
        body = Block(parameters, (*self.builder.operations, *body.operations), body.results)
        return Function(self.source.name, body, self.source.doc)

    def given(self, operand: Operand, t: Type) -> Term:
        """What a parameter is: numbers, arrays of a known rank, and tuples of them."""
        if isinstance(t, ContainerType):
            return tuple(
                self.given(self.builder.extract(operand, k), item) for k, item in zip(t.keys, t.items, strict=True)
            )
        if isinstance(t, StaticType):
            return operand
        check(t)
        if t.is_scalar:
            return operand
        if not t.is_array:
            raise UnsupportedType(f"{t} as an argument")
        assert isinstance(operand, Value)
        self.given_memory.add(operand)
        return self.loops.held(operand)

    def result(self, term: Term, hint: str | None = None) -> Operand:
        """What the function returns: arrays in memory of their own."""
        if isinstance(term, tuple):
            return self.builder.tuple([self.result(t) for t in term])
        if isinstance(term, (Cut, List, Ragged)):
            raise UnsupportedType("a list of run-time length as a result", "np.array")
        if not isinstance(term, Array):
            return term
        whole = self.loops.stored(term, hint)
        if not self.is_own(whole):
            whole = self.loops.fresh(whole, hint)
        assert whole.handle is not None
        return whole.handle

    def as_declared(self, term: Term, t: Type, given: set[Value]) -> Term:
        """What is given to the caller, each array in memory that none of the others has."""
        if isinstance(term, tuple) and isinstance(t, ContainerType):
            return tuple(self.as_declared(part, i, given) for part, i in zip(term, t.items, strict=True))
        if t.is_static or isinstance(term, (Cut, List, Ragged)):
            return term
        if t.is_scalar:
            return self.loops.cast(operand_of(term), t.dtype) if t.dtype else term
        whole = self.loops.stored(self.array(term))
        if whole.dtype != t.dtype:
            raise UnsupportedType(f"{whole.dtype} as {t}")
        if whole.memory & given:
            whole = self.loops.fresh(whole)
        given.update(whole.memory)
        return whole

    def array(self, term: Term) -> Array:
        """The array that a term is; a number is one without axes."""
        if isinstance(term, Array):
            return term
        number = operand_of(term)
        if number.type.dtype is None:
            raise UnsupportedType(f"{number.type} in the place of an array")
        return Array(number.type.dtype, (), lambda places: number)

    def is_own(self, array: Array) -> bool:
        """Whether the memory of an array is none of the caller's."""
        return not array.memory & self.given_memory

    # values

    def bind(self, value: Value, term: Term) -> None:
        self.terms[value] = term
        for array in arrays_in(term):
            for source in array.sources():
                self.holders.setdefault(source, {})[value] = None
            self.add_readers(array)

    def add_readers(self, array: Array) -> None:
        for root in array.memory:
            self.readers.setdefault(root, {}).update(self.holders.get(array, {}))

    def term(self, operand: Operand) -> Term:
        if isinstance(operand, Value):
            return self.terms[operand]
        return constant_term(operand)

    def read(self, op: Apply, operand: Operand) -> Term:
        """What an operation reads: of a list that is empty it may have to know what the items are."""
        term = self.term(operand)
        return term if op.primitive.holds else typed(term, operand.type)

    def operand(self, operand: Operand) -> Operand:
        """The number that a number stands for."""
        return operand_of(self.term(operand))

    # operations

    def operations(self, block: Block) -> None:
        for op in block.operations:
            self.builder.location, self.builder.about = op.location, op.about
            try:
                self.operation(op)
            except Unsupported as e:
                if e.location.file == "<generated>":
                    raise type(e)(e.what, e.instead, op.location) from e
                raise

    def operation(self, op: Operation) -> None:
        for value in self.early.get(op, ()):
            for array in arrays_in(self.terms[value]):
                self.store(value, array)
        if isinstance(op, Apply):
            self.apply(op)
            return
        self.around.append(op)
        match op:
            case If():
                self.branch(op)
            case For():
                counted(self, op)
            case While():
                conditional(self, op)
            case Call():
                self.call(op)
        self.around.pop()

    def call(self, op: Call) -> None:
        """A call of a function that calls itself: of leaves, of which the arrays are in memory."""
        operands = [part for o in op.operands for part in self.passed(o.type, self.term(o))]
        whole = op.result.type
        given = leaf_types(whole)
        t = tuple_type(*given) if whole.is_container else whole
        made = Value(t, op.result.hint)
        function = replace(op.function, result=t)
        self.builder.operations.append(Call(function, tuple(operands), made, op.location, op.about))
        parts = [self.builder.extract(made, k) for k in range(len(given))] if whole.is_container else [made]
        self.bind(op.result, self.received(whole, iter(parts)))

    def passed(self, t: Type, term: Term) -> Iterator[Operand]:
        """The leaves of an argument."""
        if isinstance(t, ContainerType) and isinstance(term, tuple):
            for i, part in zip(t.items, term, strict=True):
                yield from self.passed(i, part)
        elif t.is_array:
            yield self.handle(self.array(term))
        elif t.is_scalar:
            yield operand_of(term) if t.dtype is None else self.loops.cast(operand_of(term), t.dtype)
        elif not t.is_static:
            raise UnsupportedType(f"{t} in a call of a function that calls itself")

    def received(self, t: Type, given: Iterator[Operand]) -> Term:
        """What a call gives, of its leaves."""
        if isinstance(t, ContainerType):
            return tuple(self.received(i, given) for i in t.items)
        made = next(given)
        if isinstance(t, StaticType):
            return Constant(t.value, t)
        check(t)
        return self.loops.held(made) if t.is_array and isinstance(made, Value) else made

    def apply(self, op: Apply) -> None:
        primitive = op.primitive
        if primitive is MAKE:
            self.bind(op.result, tuple(self.term(o) for o in op.operands))
        elif primitive is EXTRACT:
            whole = self.term(op.operands[0])
            assert isinstance(whole, tuple)
            self.bind(op.result, whole[op.operands[0].type.keys.index(op.static["key"])])
        elif primitive is MAKE_SLICE:
            start, stop, step = (None if is_none(o) else self.operand(o) for o in op.operands)
            self.bind(op.result, Cut(start, stop, step))
        elif primitive is UNDEFINED:
            self.bind(op.result, self.undefined(op.result.type))
        elif makes_region(op):
            _check_region(op)
            self.bind(op.result, constant(True))
        elif primitive.update is not None:
            self.update(op)
        elif primitive in (RAISE, ASSERT, GUARD):
            holds = constant(False) if primitive is RAISE else self.truth(op.operands[0])
            self.loops.apply(GUARD, (holds,))
            self.bind(op.result, constant(0))
        elif op.result.type == STRING:
            # what an exception says, which the program of NumPy raises; nothing else reads it
            self.bind(op.result, Constant("", STRING))
        elif primitive.effect is Effect.IO:
            raise UnsupportedCall(f"{primitive.name} in a program of loops")
        else:
            self.compute(op)

    def truth(self, operand: Operand) -> Operand:
        return self.loops.call(bool, self.operand(operand)) if operand.type.dtype != bool else self.operand(operand)

    def compute(self, op: Apply) -> None:
        """An operation by its rule."""
        check(op.result.type)
        term = self.made(op, [self.read(op, o) for o in op.operands])
        if isinstance(term, Array) and term.handle is None:
            term.element = self.loops.speaking_of(op, term.element)
            if self.is_stored(op, term):
                self.loops.stored(term, op.result.hint)
        self.bind(op.result, term)

    def made(self, op: Apply, terms: Sequence[Term]) -> Term:
        """What an operation gives: by its rule, or by a library where it has none that covers this."""
        rule = loop_rule(op)
        if rule is None or (op.primitive in self.left and op.result.type.is_array):
            return by_library(self.loops, op, *terms)
        try:
            return rule(self.loops, op, *terms)
        except UnsupportedType as why:
            try:
                return by_library(self.loops, op, *terms)
            except UnsupportedCall:
                raise why from None

    def is_stored(self, op: Apply, array: Array) -> bool:
        """Whether an array is stored where it is made: it would be computed more than once."""
        return array.cost > LITTLE and self.lives.count[op.result] != 1

    def undefined(self, t: Type) -> Term:
        """What stands for a value that is not read."""
        if isinstance(t, ContainerType):
            return tuple(map(self.undefined, t.items))
        if isinstance(t, (SequenceType, TableType)):
            return EMPTY
        check(t)
        if not t.is_numeric or t.dtype is None:
            raise UnsupportedType(f"{t} that may not be bound", "bind it in all branches")
        zero = constant(t.dtype.type(0) if t.kind == "numpy" else t.dtype.type(0).item())
        if not t.rank:
            return zero
        return Array(t.dtype, tuple(constant(d if isinstance(d, int) else 0) for d in t.shape or ()), lambda p: zero)

    # what is written

    def update(self, op: Apply) -> None:
        rule = loop_rule(op)
        if rule is None:
            raise UnsupportedCall(f"{op.primitive.name} in a program of loops")
        base = mapped(
            self.read(op, op.operands[0]), lambda leaf: self.writable(leaf, op) if isinstance(leaf, Array) else leaf
        )
        self.bind(op.result, rule(self.loops, op, base, *(self.read(op, o) for o in op.operands[1:])))

    def writable(self, array: Array, op: Apply) -> Array:
        """The memory of an array, to be written into, or a copy of it where others read it later."""
        hint = op.result.hint
        if array.handle is None:
            # written from what it is computed of: nobody else has this memory
            return self.loops.fresh(array, hint)
        if not self.is_own(array) or self.others(array, op):
            return self.loops.fresh(array, hint)
        return array

    def others(self, array: Array, op: Operation) -> bool:
        """Whether the memory of an array is read after an operation; what is only computed of it is stored now."""
        readers = [v for root in array.memory for v in self.readers.get(root, ()) if self.lives.is_read_behind(v, op)]
        # in the order of the program: what is stored here is text, and the same program has the same text
        found = sorted(readers, key=lambda v: self.lives.bound[v])
        parts = [(v, part) for v in found for part in arrays_in(self.terms[v]) if part.memory & array.memory]
        if any(part.handle is not None for _, part in parts):
            return True
        for value, part in parts:
            self.store_here(value, part)
        return False

    def store_here(self, value: Value, part: Array) -> None:
        """Store what is computed of memory that is written next; what is stored in a block is not known behind it."""
        for op in self.around:
            if self.lives.bound[value] < self.lives.start[op] and self.lives.is_read_behind(value, op):
                raise StoredEarlier(op, value)
        self.store(value, part)

    def store(self, value: Value, part: Array) -> None:
        """Store what is computed for a value: it is of the operation that gives this, whatever asks for it now."""
        maker, builder = self.makers.get(value), self.builder
        before = builder.location, builder.about
        if maker is not None:
            builder.location, builder.about = maker.location, maker.about
        self.loops.stored(part, value.hint)
        builder.location, builder.about = before

    # branches

    def branch(self, op: If) -> None:
        if is_region(op.predicate.type):
            # what a manager says of warnings is nothing to numbers; where an exception comes, the program is left
            self.operations(op.then)
            for r, o in zip(op.results, op.then.results, strict=True):
                self.bind(r, self.term(o))
            return
        predicate = self.truth(op.predicate)
        pairs = [(a.type, b.type) for a, b in zip(op.then.results, op.orelse.results, strict=True)]
        sides: list[Side] = []

        def side(block: Block) -> Sequence[Operand]:
            self.operations(block)
            terms = tuple(_by_elements(self.term(o), *p) for o, p in zip(block.results, pairs, strict=True))
            sides.append(Side(terms, {leaf: self.handle(leaf) for leaf in leaves(terms)}))
            return ()

        given = self.loops.branch(
            predicate, lambda: side(op.then), lambda: side(op.orelse), lambda blocks: handed(blocks, sides)
        )
        like = merged(*(s.terms for s in sides))
        assert isinstance(like, tuple)
        count = sum(1 for _ in leaves(like))
        handles, lengths = iter(given[:count]), iter(given[count:])
        taken = [mapped(term, lambda leaf: self.taken(leaf, handles, lengths)) for term in like]
        for result, term, of in zip(op.results, taken, op.then.results, strict=True):
            self.bind(result, self.put_together(term, self.term(of), of.type, result.hint))

    def handle(self, leaf: Term) -> Operand:
        if isinstance(leaf, Array):
            handle = self.loops.stored(leaf).handle
            assert handle is not None
            return handle
        if isinstance(leaf, (Value, Constant)) and leaf.type.is_numeric:
            return leaf
        raise UnsupportedType("what is neither a number nor an array in a branch")

    def taken(self, like: Term, handles: Iterator[Operand], lengths: Iterator[Operand]) -> Term:
        handle = next(handles)
        if not isinstance(like, Array):
            return handle
        assert isinstance(handle, Value)
        shape = tuple(next(lengths) for _ in like.shape)
        return self.loops.held(handle, shape, self.roots_of(handle))

    def put_together(self, taken: Term, like: Term, t: Type, hint: str | None) -> Term:
        """What a branch gave, its few elements as the array that they are of."""
        if not isinstance(taken, tuple):
            return taken
        if isinstance(like, tuple):
            parts = zip(taken, like, t.items, strict=True) if isinstance(t, ContainerType) else ()
            return tuple(self.put_together(*part, hint) for part in parts) or taken
        if not isinstance(like, Array):
            # of numbers a function may give an array without axes
            return taken[0]
        made = self.loops.allocate(t.dtype or like.dtype, like.shape, hint)
        for places, element in zip(_places_in(t), taken, strict=True):
            self.loops.store(made, places, operand_of(element))
        return made

    def roots_of(self, handle: Value) -> frozenset[Value]:
        """The memory of what a branch gives: that of one side or the other."""
        made = self.builder.operations[-1]
        if handle in self.loops.roots:
            return self.loops.roots[handle]
        assert isinstance(made, If)
        k = made.results.index(handle)
        both = [b.results[k] for b in made.blocks]
        return frozenset[Value]().union(*(self.loops.roots.get(h, {h}) for h in both if isinstance(h, Value)))


def _check_region(op: Apply) -> None:
    """Refuse a block in which NumPy raises what it warns of."""
    if op.result.type is not CATCHER and not {*op.static.values()} <= {"ignore", "warn"}:
        raise UnsupportedCall(f"{op.primitive.name} in a program of loops")


def _by_elements(term: Term, *sides: Type) -> Term:
    """What a branch gives, of these types in both: few elements of an array as numbers, for which no memory is needed.

    An array of no axes is a number where the other side gives one.
    """
    if isinstance(term, tuple) and all(isinstance(t, ContainerType) and len(t.items) == len(term) for t in sides):
        return tuple(_by_elements(part, *(t.items[k] for t in sides)) for k, part in enumerate(term))
    if not isinstance(term, (Array, Value, Constant)):
        return term
    if not all(t.is_array for t in sides):
        return operand_of(term) if isinstance(term, Array) else term
    a, b = sides
    lengths = _lengths(a)
    if lengths is None or lengths != _lengths(b) or a.dtype != b.dtype or math.prod(lengths) > FEW:
        return term
    return tuple(map(term.element, _places_in(a))) if isinstance(term, Array) else (term,)


def _lengths(t: Type) -> list[int] | None:
    """The lengths of an array, where all of them are known."""
    lengths = [n for n in t.shape or () if isinstance(n, int)]
    return lengths if t.shape is not None and len(lengths) == len(t.shape) else None


def _places_in(t: Type) -> Iterator[Places]:
    """The places of all elements of an array of known lengths, row by row."""
    return (tuple(map(constant, places)) for places in np.ndindex(*(_lengths(t) or ())))
