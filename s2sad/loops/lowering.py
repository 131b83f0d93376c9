"""Each operation on arrays as what gives its elements, and loops over those that must be stored.

    k1 = -y * np.sin(y)                  for i in range(n):
    y = y + dt * k1            ->            y[i] = y[i] + dt * (-y[i] * sin(y[i]))

What an array is made of is known by its term (`ir.loop_rule`). One that is computed in the loops which read it must
not see what is written later: before memory is written, what is read behind that is stored. What a loop carries of
arrays has memory of its own, or that of what it begins with where nobody else reads that any more.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

import numpy as np

from s2sad.errors import Unsupported, UnsupportedCall, UnsupportedType
from s2sad.ir.builder import Builder
from s2sad.ir.containers import EXTRACT, INDEX_ADD, INDEX_SET, MAKE, MAKE_SLICE, UNDEFINED
from s2sad.ir.loop_rule import LITTLE, Array, Cut, Loops, Term, loop_rule
from s2sad.ir.primitive import Effect
from s2sad.ir.primitives.effects import ASSERT, RAISE
from s2sad.ir.primitives.memory import GUARD
from s2sad.ir.types import ArrayType, ContainerType, SliceType, StaticType, Type
from s2sad.ir.values import (
    Apply,
    Block,
    Constant,
    For,
    Function,
    If,
    Operand,
    Operation,
    Value,
    While,
    constant,
)
from s2sad.loops.blocks import in_blocks
from s2sad.loops.calls import without_calls
from s2sad.loops.fusion import fused
from s2sad.loops.lives import Lives, lives
from s2sad.loops.places import reads_its_own_place
from s2sad.loops.reuse import reused


def to_loops(functions: Mapping[str, Function], entry: str) -> Function:
    """One function of loops over numbers that computes what the entry does.

    Raises:
        Unsupported: an operation has no loop rule, or not for these types.
    """
    function = without_calls(functions, entry)
    lowered = Lowering(function).function()
    return in_blocks(reused(fused(reused(lowered))))


class Lowering:
    """One function, as loops."""

    def __init__(self, source: Function) -> None:
        self.source = source
        self.loops = Loops()
        self.lives: Lives = lives(source)
        self.terms: dict[Value, Term] = {}
        self.readers: dict[Value, set[Value]] = {}
        """By the memory: the values whose elements are read from it."""
        self.given_memory: set[Value] = set()
        """That of the parameters."""

    @property
    def builder(self) -> Builder:
        return self.loops.builder

    def function(self) -> Function:
        parameters = self.source.parameters
        for p in parameters:
            self.bind(p, self.given(p, p.type))
        with self.loops.block() as inner:
            self.operations(self.source.body)
            result = self.result(self.term(self.source.result), self.source.result.hint)
        body = inner.block(parameters, [result])
        body = Block(parameters, (*self.builder.operations, *body.operations), body.results)
        return Function(self.source.name, body, self.source.doc)

    def given(self, operand: Operand, t: Type) -> Term:
        """What a parameter is: numbers, arrays of a known rank, and tuples of them."""
        if isinstance(t, ContainerType):
            return tuple(self.given(self.builder.extract(operand, k), item) for k, item in zip(t.keys, t.items, strict=True))
        if isinstance(t, StaticType):
            return operand
        check(t)
        if t.is_scalar:
            return operand
        assert isinstance(operand, Value)
        self.given_memory.add(operand)
        return self.loops.held(operand)

    def result(self, term: Term, hint: str | None = None) -> Operand:
        """What the function returns: arrays in memory of their own."""
        if isinstance(term, tuple):
            return self.builder.tuple([self.result(t) for t in term])
        if not isinstance(term, Array):
            assert not isinstance(term, Cut)
            return term
        whole = self.loops.stored(term, hint)
        if not self.is_own(whole):
            whole = self.loops.fresh(whole, hint)
        assert whole.handle is not None
        return whole.handle

    def is_own(self, array: Array) -> bool:
        """Whether the memory of an array is none of the caller's."""
        return not array.memory & self.given_memory

    # values

    def bind(self, value: Value, term: Term) -> None:
        self.terms[value] = term
        for array in arrays_in(term):
            for root in array.memory:
                self.readers.setdefault(root, set()).add(value)

    def term(self, operand: Operand) -> Term:
        if isinstance(operand, Value):
            return self.terms[operand]
        return constant_term(operand)

    def operand(self, operand: Operand) -> Operand:
        """The number that a number stands for."""
        term = self.term(operand)
        if isinstance(term, Array) and not term.shape:
            return term.element(())
        if isinstance(term, (Value, Constant)):
            return term
        raise UnsupportedType(f"{operand.type} in the place of a number", "", self.location)

    @property
    def location(self):  # type: ignore[no-untyped-def]
        return self.builder.location

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
        match op:
            case Apply():
                self.apply(op)
            case If():
                self.branch(op)
            case For():
                self.counted(op)
            case While():
                self.conditional(op)
            case _:
                raise UnsupportedCall(f"a call of {op.function.name}")

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
        elif primitive in (INDEX_SET, INDEX_ADD):
            self.update(op)
        elif primitive in (RAISE, ASSERT):
            holds = constant(False) if primitive is RAISE else self.truth(op.operands[0])
            self.loops.apply(GUARD, (holds,))
            self.bind(op.result, constant(0))
        elif primitive.effect is Effect.IO:
            raise UnsupportedCall(f"{primitive.name} in a program of loops")
        else:
            self.compute(op)

    def truth(self, operand: Operand) -> Operand:
        return self.loops.call(bool, self.operand(operand)) if operand.type.dtype != bool else self.operand(operand)

    def compute(self, op: Apply) -> None:
        """An operation by its rule."""
        rule = loop_rule(op)
        if rule is None:
            raise UnsupportedCall(f"{op.primitive.name} in a program of loops")
        check(op.result.type)
        terms = [self.term(o) for o in op.operands]
        term = rule(self.loops, op, *terms)
        if isinstance(term, Array) and term.handle is None and self.is_stored(op, term):
            self.loops.stored(term, op.result.hint)
        self.bind(op.result, term)

    def is_stored(self, op: Apply, array: Array) -> bool:
        """Whether an array is stored where it is made: it would be computed more than once."""
        return array.cost > LITTLE and self.lives.count[op.result] != 1

    def undefined(self, t: Type) -> Term:
        """What stands for a value that is not read."""
        if isinstance(t, ContainerType):
            return tuple(map(self.undefined, t.items))
        if not t.is_numeric or t.dtype is None:
            raise UnsupportedType(f"{t} that may not be bound", "bind it in all branches")
        zero = constant(t.dtype.type(0) if t.kind == "numpy" else t.dtype.type(0).item())
        if not t.rank:
            return zero
        return Array(t.dtype, tuple(constant(d if isinstance(d, int) else 0) for d in t.shape or ()), lambda p: zero)

    # what is written

    def update(self, op: Apply) -> None:
        base = self.term(op.operands[0])
        if not isinstance(base, Array):
            raise UnsupportedType(f"{op.operands[0].type} that is changed", "use an array")
        rule = loop_rule(op)
        assert rule is not None
        base = self.writable(base, op)
        self.bind(op.result, rule(self.loops, op, base, *map(self.term, op.operands[1:])))

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
        found = [v for root in array.memory for v in self.readers.get(root, ()) if self.lives.is_read_behind(v, op)]
        for value in found:
            for part in arrays_in(self.terms[value]):
                if part.handle is None and part.memory & array.memory:
                    self.loops.stored(part, value.hint)
                elif part.memory & array.memory:
                    return True
        return False

    # branches

    def branch(self, op: If) -> None:
        predicate = self.truth(op.predicate)
        given = self.loops.branch(predicate, lambda: self.side(op.then), lambda: self.side(op.orelse))
        count = sum(len(list(type_leaves(r.type))) for r in op.results)
        handles, lengths = iter(given[:count]), iter(given[count:])
        for result in op.results:
            self.bind(result, self.taken(result.type, handles, lengths))

    def side(self, block: Block) -> Sequence[Operand]:
        """What a branch gives: numbers and handles, and behind them the lengths of these."""
        self.operations(block)
        flat = [leaf for o in block.results for leaf in leaves(self.term(o))]
        return [*map(self.handed, flat), *(n for leaf in flat if isinstance(leaf, Array) for n in leaf.shape)]

    def handed(self, leaf: Term) -> Operand:
        if isinstance(leaf, Array):
            handle = self.loops.stored(leaf).handle
            assert handle is not None
            return handle
        if isinstance(leaf, (Value, Constant)) and leaf.type.is_numeric:
            return leaf
        raise UnsupportedType("what is neither a number nor an array in a branch")

    def taken(self, t: Type, handles: Iterator[Operand], lengths: Iterator[Operand]) -> Term:
        if isinstance(t, ContainerType):
            return tuple(self.taken(item, handles, lengths) for item in t.items)
        handle = next(handles)
        if not handle.type.is_array:
            return handle
        assert isinstance(handle, Value)
        shape = tuple(next(lengths) for _ in handle.type.shape or ())
        known = [constant(d) if isinstance(d, int) else n for d, n in zip(t.shape or (), shape, strict=True)]
        return self.loops.held(handle, tuple(known), self.roots_of(handle))

    def roots_of(self, handle: Value) -> frozenset[Value]:
        """The memory of what a branch gives: that of one side or the other."""
        made = self.builder.operations[-1]
        if handle in self.loops.roots:
            return self.loops.roots[handle]
        assert isinstance(made, If)
        k = made.results.index(handle)
        both = [b.results[k] for b in made.blocks]
        return frozenset().union(*(self.loops.roots[h] for h in both if isinstance(h, Value)))

    # loops

    def counted(self, op: For) -> None:
        if op.scanned or len(op.results) > len(op.initial):
            raise UnsupportedType("a list that a loop makes or reads", "use an array")
        start, stop, step = (self.operand(o) for o in (op.start, op.stop, op.step))
        homes = self.begin(op)
        numbers = [h for h in homes if not isinstance(h, Array)]
        with self.loops.block() as inner:
            self.bind(op.index, op.index)
            parameters = self.enter(op.carried, homes)
            results = self.body(op.body, op, homes)
        block = inner.block((op.index, *parameters), results)
        values = tuple(Value(p.type, p.hint) for p in parameters)
        self.builder.operations.append(
            For(start, stop, step, tuple(numbers), (), block, values, op.reverse, op.breaks, op.location, op.about)
        )
        self.leave(op, homes, values)

    def conditional(self, op: While) -> None:
        if len(op.results) > len(op.initial):
            raise UnsupportedType("a list that a loop makes", "use an array")
        homes = self.begin(op)
        numbers = [h for h in homes if not isinstance(h, Array)]
        with self.loops.block() as asked:
            tested = self.enter(op.test.parameters, homes)
            self.operations(op.test)
            test = asked.block(tested, [self.truth(op.test.results[0])])
        self.loops.forget_loads()
        with self.loops.block() as inner:
            parameters = self.enter(op.carried, homes)
            results = self.body(op.body, op, homes)
        block = inner.block(parameters, results)
        values = tuple(Value(p.type, p.hint) for p in parameters)
        made = While(tuple(numbers), test, block, values, op.breaks, op.location, op.about)  # type: ignore[arg-type]
        self.builder.operations.append(made)
        self.leave(op, homes, values)

    def begin(self, op: For | While) -> list[Operand | Array]:
        """What a loop begins with: numbers, and arrays in memory that it may write."""
        for value in self.lives.outside[op]:
            for array in arrays_in(self.terms[value]):
                if array.cost:
                    self.loops.stored(array, value.hint)
        homes = [self.home(op, k, p, i) for k, (p, i) in enumerate(zip(op.carried, op.initial, strict=True))]
        self.loops.forget_loads()
        return homes

    def home(self, op: For | While, k: int, parameter: Value, initial: Operand) -> Operand | Array:
        term = self.term(initial)
        if isinstance(term, (tuple, Cut)):
            raise UnsupportedType("a tuple that a loop carries", "carry its items")
        if not isinstance(term, Array):
            check(parameter.type)
            return self.converted(self.operand(initial), parameter.type)
        if not parameter.type.is_array:
            return self.converted(term.element(()), parameter.type)
        shapes = {t.shape for t in (parameter.type, op.body.results[k].type)}
        if len(shapes) > 1 or parameter.type.shape is None or parameter.type.dtype != term.dtype:
            raise UnsupportedType("an array that has another shape in each iteration", "make it as large as it may be")
        if term.handle is not None and self.is_own(term) and not self.is_shared(initial, term, op):
            return term
        return self.loops.fresh(term, parameter.hint)

    def is_shared(self, initial: Operand, term: Array, op: For | While) -> bool:
        """Whether what a loop begins with is read in it or behind it, but for what it carries."""
        if sum(i is initial for i in op.initial) > 1:
            return True
        readers = [v for root in term.memory for v in self.readers.get(root, ())]
        return any(self.lives.is_read_from(v, op) for v in readers)

    def converted(self, number: Operand, t: Type) -> Operand:
        """A number as a loop carries it: 0 as 0.0."""
        if t.dtype is None or number.type.dtype == t.dtype:
            return number
        if isinstance(number, Constant) and t.kind == "python":
            return constant(t.dtype.type(number.value).item())  # type: ignore[arg-type]
        return self.loops.cast(number, t.dtype)

    def enter(self, carried: Sequence[Value], homes: Sequence[Operand | Array]) -> tuple[Value, ...]:
        """Bind what a block begins with; the numbers are its parameters."""
        for p, h in zip(carried, homes, strict=True):
            self.bind(p, Array(h.dtype, h.shape, h.element, h.memory, handle=h.handle) if isinstance(h, Array) else p)
        return tuple(p for p, h in zip(carried, homes, strict=True) if not isinstance(h, Array))

    def body(self, block: Block, op: For | While, homes: Sequence[Operand | Array]) -> list[Operand]:
        """The operations of a body, and what it carries on: arrays are written where they live."""
        self.operations(block)
        rows = block.results[: len(op.initial)]
        arrays = [(self.term(r), h) for r, h in zip(rows, homes, strict=True) if isinstance(h, Array)]
        self.write_back(arrays)
        pairs = zip(rows, op.carried, homes, strict=True)
        numbers = [self.converted(self.operand(r), p.type) for r, p, h in pairs if not isinstance(h, Array)]
        return [*numbers, *(self.operand(r) for r in block.results[len(op.results) :])]

    def write_back(self, arrays: Sequence[tuple[Term, Array]]) -> None:
        """Write what an iteration leaves where the next one reads it: all at once."""
        moved: list[tuple[Array, Array]] = []
        for term, home in arrays:
            assert isinstance(term, Array)
            if term.handle is not home.handle:
                moved.append((term, home))
        for k, (term, home) in enumerate(moved):
            written = home.memory
            if term.memory & written and not self.in_place(term, home):
                self.loops.stored(term)
            for later, _ in moved[k + 1 :]:
                if later.memory & written:
                    later.settle(self.loops.fresh(later))
        for term, home in moved:
            self.loops.copy(term, home)

    def in_place(self, term: Array, home: Array) -> bool:
        """Whether an element is computed of no other one of the memory that it is written into."""
        return term.fill is None and reads_its_own_place(self.loops, term, home)

    def leave(self, op: For | While, homes: Sequence[Operand | Array], values: Sequence[Value]) -> None:
        self.loops.forget_loads()
        numbers = iter(values)
        for result, h in zip(op.results, homes, strict=True):
            self.bind(result, h if isinstance(h, Array) else next(numbers))


def check(t: Type) -> None:
    """Refuse what no loop can be written for."""
    if isinstance(t, ContainerType):
        for item in t.items:
            check(item)
    elif isinstance(t, (StaticType, SliceType)):
        return
    elif not isinstance(t, ArrayType) or t.dtype is None or t.shape is None or t.dtype.kind not in "biufc":
        raise UnsupportedType(f"{t} in a program of loops")
    elif t.kind == "any" or t.doubtful:
        raise UnsupportedType("a number or array of which the type is not known")


def is_none(operand: Operand) -> bool:
    return isinstance(operand, Constant) and operand.value is None


def constant_term(operand: Constant) -> Term:
    value = operand.value
    if isinstance(value, slice):
        return Cut(*(None if p is None else constant(p) for p in (value.start, value.stop, value.step)))
    if isinstance(value, tuple):
        return tuple(constant_term(constant(v)) for v in value)
    if isinstance(value, np.ndarray):
        raise UnsupportedType("an array that is known when it is compiled")
    return operand


def arrays_in(term: Term) -> Iterator[Array]:
    if isinstance(term, Array):
        yield term
    elif isinstance(term, tuple):
        for item in term:
            yield from arrays_in(item)


def leaves(term: Term) -> Iterator[Term]:
    if isinstance(term, tuple):
        for item in term:
            yield from leaves(item)
    else:
        yield term


def type_leaves(t: Type) -> Iterator[Type]:
    if isinstance(t, ContainerType):
        for item in t.items:
            yield from type_leaves(item)
    else:
        yield t
