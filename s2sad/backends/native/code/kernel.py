"""The function of a program of loops: what it takes, what it gives, and the module around it.

    define internal i32 @"f.kernel"(double %p0, ptr noalias %p1, i64 %p1.d0, ptr noalias %slots)

A number is passed as it is, a complex one as its parts, an array as its address and its lengths. The results are in the
slots, 16 bytes each, behind the first one; arrays are made there by `@s2sad.result`, which the caller defines, as it
does `@s2sad.interrupted`. 0 is returned where all is done; see `writer` for what else there is.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

import numpy as np

from s2sad.backends.native import elementary
from s2sad.backends.native.code import called, memory
from s2sad.backends.native.code.calls import into
from s2sad.backends.native.code.control import branch, for_loop, while_loop
from s2sad.backends.native.code.conversions import converted
from s2sad.backends.native.code.libraries import by_python, of_numbers
from s2sad.backends.native.code.numbers import applied
from s2sad.backends.native.code.parts import in_pieces, part, parts_of
from s2sad.backends.native.code.scope import Scope
from s2sad.backends.native.code.values import Handle, Memory, Number, Term, limit_of, part_type
from s2sad.backends.native.code.writer import Library, Writer
from s2sad.errors import NOWHERE, Location, Unsupported, UnsupportedCall, UnsupportedType, located
from s2sad.ir.containers import EXTRACT, MAKE
from s2sad.ir.primitive import Primitive
from s2sad.ir.primitives.effects import ASSERT, RAISE
from s2sad.ir.primitives.memory import ALLOCATE, GUARD, INTO, LENGTH, LOAD, RESHAPED, STORE, TALLY
from s2sad.ir.types import ArrayType, ContainerType, Type, leaves
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
    applied_in,
    walk,
)
from s2sad.loops.memory import roots_of

TALLIED = "reassoc nsz contract"
"""The flags of a sum whose terms may be added in any order."""


class NoLibrary:
    """In the place of libraries, where there are none."""

    def place(self, name: str) -> str:
        raise UnsupportedCall(f"{name} in native code", "use backend='numpy'")

    def operation(self, op: Apply) -> str:
        raise UnsupportedCall(f"{op.primitive.name} in native code", "use backend='numpy'")

    def misses(self, primitive: Primitive) -> None:
        pass


def kernel_text(
    *functions: Function,
    inner: Sequence[Function] = (),
    results: Mapping[str, Type] | None = None,
    library: Library | None = None,
    target: elementary.Target | None = None,
    fused: bool = False,
) -> str:
    """The kernels of functions, `@"name.kernel"`, and what they need beside `@s2sad.result` and `@s2sad.interrupted`.

    `inner` are the functions that they call, and that call themselves. `results` are the types that others take what
    functions give for, by their names; where there is none, it is of the type that it has in the function. `library` is
    asked for what is outside; where it is not given, nothing is. `fused`: a * b + c may be rounded once.

    Raises:
        Unsupported: an operation cannot be native code.
    """
    declared: dict[str, str] = {}
    elementaries: dict[str, None] = {}
    texts: list[str] = []
    calls = (op for f in (*inner, *functions) for op in walk(f.body) if isinstance(op, Call))
    types = {op.function.name: op.result.type for op in calls} | dict(results or {})
    for function in (*inner, *functions):
        w = Writer(function.name, library or NoLibrary(), fused)
        result = types.get(function.name, function.result.type)
        kernel = Called(function, w, result) if function in inner else Kernel(function, w, result)
        texts.append(kernel.text())
        declared.update(w.declared)
        elementaries.update(w.called)
    inlined = elementary.text_of(elementaries, target) if elementaries else ""
    parts = ["\n".join(declared.values()), *texts, inlined, memory.METADATA]
    return "\n".join(p for p in parts if p)


class Kernel(Scope):
    """The text of one function as it grows."""

    def __init__(self, function: Function, w: Writer, result: Type) -> None:
        super().__init__(w, frozenset(_escaping(function.body)), roots_of(function))
        self.function = function
        self.results = _results(function)
        """The operands of the result, containers flattened."""
        self.types = leaves(result)
        """What they are for the caller: a number in the program may be an array without axes there, and the reverse."""
        if len(self.types) != len(self.results):
            raise UnsupportedType(f"{result} as a result of native code", "give numbers and arrays")
        self.made = {op.result for op in applied_in(function.body.operations) if op.primitive is ALLOCATE}
        """The arrays that the function itself allocates, outside of loops and branches."""
        self.apart = frozenset(parts_of(function.body))
        """The loops that are functions of their own."""
        self.given: dict[Value, int] = {}
        """The arrays that are made as results, by their numbers."""
        for n, o in enumerate(self.results):
            if isinstance(o, Value) and self.types[n].is_array:
                self.given.setdefault(o, n)

    suffix = "kernel"
    ways: tuple[str, ...] = ("ptr noalias %slots",)
    """What it takes behind its arguments."""

    def text(self) -> str:
        """The definition of the kernel."""
        w = self.w
        signature: list[str] = []
        for n, p in enumerate(self.function.parameters):
            self.terms[p] = self._parameter(p.type, f"p{n}", signature)
        signature += self.ways
        with located(NOWHERE):
            self.begin()
            in_pieces(self, self.function.body)
            kept = [memory for n, o in enumerate(self.results) for memory in self._give(n, o)]
        w.release(None, kept)
        own = w.definition(f"{w.name}.{self.suffix}", signature)
        return "\n".join([*w.globals, *w.parts, own])

    def begin(self) -> None:
        """What stands before all operations."""
        if any(isinstance(op, Call) for op in walk(self.function.body)):
            called.begin(self.w, False)

    def _parameter(self, t: Type, name: str, signature: list[str]) -> Term:
        if isinstance(t, ContainerType):
            return tuple(self._parameter(item, f"{name}.{n}", signature) for n, item in enumerate(t.items))
        if not isinstance(t, ArrayType):
            return None
        if t.dtype is None or t.shape is None:
            raise UnsupportedType(f"an argument {t} in native code", "annotate it")
        part = part_type(t.dtype)
        if t.is_scalar:
            names = [f"%{name}.re", f"%{name}.im"] if t.dtype.kind == "c" else [f"%{name}"]
            signature += [f"{part} {x}" for x in names]
            return Number(tuple(names), t.dtype, limit_of(t.dtype))
        lengths = [f"%{name}.d{n}" for n in range(len(t.shape))]
        signature += [f"ptr noalias %{name}", *(f"i64 {x}" for x in lengths)]
        known = [str(d) if isinstance(d, int) else x for d, x in zip(t.shape, lengths, strict=True)]
        return Handle(f"%{name}", tuple(known), t.dtype, Memory())

    # operations

    def run(self, operations: Sequence[Operation], top: bool = False) -> None:
        """Append operations."""
        at: Location = NOWHERE
        try:
            for op in operations:
                at = op.location
                match op:
                    case Apply():
                        self.apply(op, top)
                    case For():
                        part(self, op) if op in self.apart else for_loop(self, op)
                    case While():
                        while_loop(self, op)
                    case If():
                        branch(self, op)
                    case Call():
                        self.terms[op.result] = called.call(self, op)
        except Unsupported as e:
            if e.location != NOWHERE or at == NOWHERE:
                raise
            raise type(e)(e.what, e.instead, at) from e

    def apply(self, op: Apply, top: bool) -> None:
        if op.primitive is ALLOCATE:
            self.terms[op.result] = self._allocate(op, top)
            return
        operation = _OPERATIONS.get(op.primitive)
        if operation is not None:
            self.terms[op.result] = operation(self, op)
            return
        terms = [self.term(o) for o in op.operands]
        if any(isinstance(x, tuple) or (isinstance(x, Handle) and x.lengths) for x in terms) or _has_axes(op):
            self.terms[op.result] = by_python(self.w, op, self.term)
            return
        numbers = [None if x is None else self.number(o) for o, x in zip(op.operands, terms, strict=True)]
        try:
            self.terms[op.result] = applied(self.w, op, numbers)
        except Unsupported as why:
            self.terms[op.result] = self._without_code(op, why)

    def _without_code(self, op: Apply, why: Unsupported) -> Term:
        """What a function of numbers gives of which there is no code."""
        if self.w.depth:
            self.w.library.misses(op.primitive)
        try:
            return by_python(self.w, of_numbers(op), self.term)
        except Unsupported:
            raise why from None

    def _allocate(self, op: Apply, top: bool) -> Handle:
        lengths = memory.integers([self.integer(o) for o in op.operands])
        t = op.result.type
        assert t.dtype is not None
        part_type(t.dtype)
        if top and op.result in self.given:
            return self._result(self.given[op.result], lengths, t.dtype)
        small = None if op.result in self.escaping else memory.on_stack(self.w, lengths, t.dtype)
        return small or memory.allocate(self.w, lengths, t.dtype)

    def _result(self, n: int, lengths: Sequence[str], dtype: np.dtype[Any]) -> Handle:
        """Memory for an array that is the result of this number."""
        return memory.result_memory(self.w, n, lengths, dtype)

    def _give(self, n: int, operand: Operand) -> Iterator[Memory]:
        """Put a result where the caller finds it; the memory that it gets with it."""
        w = self.w
        if self.types[n].is_array:
            self._array(n, operand)
        elif self.types[n].is_numeric:
            number = self._number(n, operand)
            memory.store_parts(w, number, lambda k: w.let(f"getelementptr i8, ptr %slots, i64 {16 * (n + 1) + k}"))
        yield from ()

    def _array(self, n: int, operand: Operand) -> Handle:
        """A result that is an array, in the memory that the caller gets; a number is one without axes."""
        term = self.term(operand)
        if isinstance(term, Handle):
            if isinstance(operand, Value) and self.given.get(operand) == n and operand in self.made:
                return term
            target = self._result(n, term.lengths, term.dtype)
            memory.copied(self.w, term, target)
            return target
        number = self.number(operand)
        target = self._result(n, (), self.types[n].dtype or number.dtype)
        memory.store(self.w, target, (), number, operand.type)
        return target

    def _number(self, n: int, operand: Operand) -> Number:
        """A result that is a number; an array without axes is the one in it."""
        number = self.number(operand)
        return converted(self.w, number, self.types[n].dtype or number.dtype)


class Called(Kernel):
    """The text of a function that calls itself."""

    suffix = "call"
    ways = ("ptr noalias %slots", "ptr noalias %state", "ptr noalias %out")

    def begin(self) -> None:
        called.begin(self.w, True)

    def _result(self, n: int, lengths: Sequence[str], dtype: np.dtype[Any]) -> Handle:
        return memory.allocate(self.w, lengths, dtype)

    def _give(self, n: int, operand: Operand) -> Iterator[Memory]:
        offset = sum(map(called.size_of, self.types[:n]))
        if self.types[n].is_array:
            array = self._array(n, operand)
            yield array.memory
            called.give(self.w, array, offset)
        elif self.types[n].is_numeric:
            called.give(self.w, self._number(n, operand), offset)


def _results(function: Function) -> list[Operand]:
    makers = {op.result: op for op in applied_in(function.body.operations) if op.primitive is MAKE}

    def flat(operand: Operand) -> Iterator[Operand]:
        if isinstance(operand, Value) and operand in makers:
            for o in makers[operand].operands:
                yield from flat(o)
        elif isinstance(operand, Constant) and isinstance(operand.type, ContainerType):
            for x, t in zip(operand.value, operand.type.items, strict=True):  # type: ignore[call-overload]
                yield from flat(Constant(x, t))
        elif isinstance(operand.type, ContainerType):
            raise UnsupportedType(f"{operand.type} as a result of native code", "give its items")
        else:
            yield operand

    found = list(flat(function.result))
    assert len(found) == len(leaves(function.result.type))
    return found


def _escaping(block: Block) -> Iterator[Value]:
    """What a loop carries from one iteration to the next, and what that is of: branches, arrays under other lengths."""
    sources: dict[Operand, list[Operand]] = {}
    wanted: list[Operand] = []
    for op in walk(block):
        match op:
            case Apply(primitive=p) if p is RESHAPED:
                sources[op.result] = [op.operands[0]]
            case If():
                for n, r in enumerate(op.results):
                    sources[r] = [b.results[n] for b in op.blocks]
            case For() | While():
                wanted += op.body.results
                for n, r in enumerate(op.results):
                    sources[r] = sources[op.carried[n]] = [op.initial[n], op.body.results[n]]
    seen: set[Operand] = set()
    while wanted:
        o = wanted.pop()
        if o not in seen:
            seen.add(o)
            wanted += sources.get(o, [])
    return (o for o in seen if isinstance(o, Value))


def _has_axes(op: Apply) -> bool:
    """Whether what an operation gives has arrays with axes in it."""
    return any(leaf.rank for leaf in leaves(op.result.type))


# what is done with memory


def _load(k: Kernel, op: Apply) -> Term:
    if len(op.operands) == 1:
        return k.number(op.operands[0])
    return memory.load(k.w, k.array(op.operands[0]), memory.integers([k.integer(o) for o in op.operands[1:]]))


def _store(k: Kernel, op: Apply) -> Term:
    array, *indices, value = op.operands
    places = memory.integers([k.integer(o) for o in indices])
    memory.store(k.w, k.array(array), places, k.number(value), value.type)
    return None


def _length(k: Kernel, op: Apply) -> Term:
    axis = op.static["axis"]
    assert isinstance(axis, int)
    return memory.length(k.array(op.operands[0]), axis)


def _reshaped(k: Kernel, op: Apply) -> Term:
    array = k.array(op.operands[0])
    lengths = memory.integers([k.integer(o) for o in op.operands[1:]])
    return Handle(array.pointer, lengths, array.dtype, array.memory)


def _guard(k: Kernel, op: Apply) -> Term:
    k.w.leave_where(k.w.negated(k.truth(op.operands[0])))
    return None


def _raise(k: Kernel, op: Apply) -> Term:
    k.w.leave_where("true")
    return None


def _tally(k: Kernel, op: Apply) -> Term:
    numbers = [k.number(o) for o in op.operands]
    dtype = op.result.type.dtype
    if dtype is None or dtype.kind not in "fc":
        return applied(k.w, op, numbers)

    a, b = (converted(k.w, x, dtype) for x in numbers)
    parts = [k.w.let(f"fadd {TALLIED} {a.part} {x}, {y}") for x, y in zip(a.parts, b.parts, strict=True)]
    return Number(tuple(parts), dtype)


def _into(k: Kernel, op: Apply) -> Term:
    into(k.w, op, [k.array(o) for o in op.operands])
    return None


def _make(k: Kernel, op: Apply) -> Term:
    return tuple(k.term(o) for o in op.operands)


def _extract(k: Kernel, op: Apply) -> Term:
    whole = k.term(op.operands[0])
    assert isinstance(whole, tuple)
    return whole[op.operands[0].type.keys.index(op.static["key"])]


_OPERATIONS: dict[Primitive, Callable[[Kernel, Apply], Term]] = {
    LOAD: _load,
    STORE: _store,
    LENGTH: _length,
    RESHAPED: _reshaped,
    GUARD: _guard,
    ASSERT: _guard,
    RAISE: _raise,
    TALLY: _tally,
    INTO: _into,
    MAKE: _make,
    EXTRACT: _extract,
}
