"""Operations that native code does not have: Python computes them, of what it is passed, and what it gives is memory.

v = np.sort(w)   ->   %status = call i32 @s2sad.library0(ptr %slots, ptr %made, i1 false, ptr %w, i64 %n)

A number is passed as its parts, an array as its address and its lengths. The result is in words: a number as its parts,
an array as its address and its lengths.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace

from s2sad.backends.native.code import memory
from s2sad.backends.native.code.conversions import converted
from s2sad.backends.native.code.values import BOOL, Handle, Memory, Number, Term, limit_of, part_type, stored_type
from s2sad.backends.native.code.writer import INTERRUPTED, LEFT, NO_MEMORY, Writer
from s2sad.errors import UnsupportedType
from s2sad.ir.types import ArrayType, ContainerType, Type
from s2sad.ir.values import Apply, Constant, Operand

WORD = 8
"""Bytes of the parts of a result."""


def given(op: Apply) -> list[Operand]:
    """The operands that are passed: what is known at compile time stands in the text of what is called."""
    return [o for o in dict.fromkeys(op.operands) if not isinstance(o, Constant) or o.type.rank]


def passed_types(t: Type) -> list[str]:
    """The types of what is passed for a value, or given."""
    if isinstance(t, ContainerType):
        return [x for item in t.items for x in passed_types(item)]
    if not isinstance(t, ArrayType) or t.dtype is None or t.shape is None:
        raise UnsupportedType(f"{t} of a function of a library in native code", "pass numbers and arrays")
    part = part_type(t.dtype)
    if t.kind == "array":
        return ["ptr", *("i64" for _ in t.shape)]
    return [part, part] if t.dtype.kind == "c" else [part]


def of_numbers(op: Apply) -> Apply:
    """An operation that gives numbers, where its type says that it gives arrays without axes."""
    return replace(op, result=replace(op.result, type=_as_number(op.result.type)))


def _as_number(t: Type) -> Type:
    if isinstance(t, ContainerType):
        return replace(t, items=tuple(map(_as_number, t.items)))
    return replace(t, kind="numpy") if isinstance(t, ArrayType) and t.kind == "array" and t.rank == 0 else t


def by_python(w: Writer, op: Apply, term: Callable[[Operand], Term]) -> Term:
    """What Python gives; the kernel leaves where it gives something else than the program counts on."""
    terms = {o: term(o) for o in op.operands}
    # what is an array without axes by its type may be a number here
    changed = {o: replace(o, type=_as_number(o.type)) if isinstance(x, Number) else o for o, x in terms.items()}
    terms = {changed[o]: x for o, x in terms.items()}
    op = replace(op, operands=tuple(changed[o] for o in op.operands))
    name = w.library.operation(op)
    w.declare("s2sad.room", memory.ROOMS)
    result = op.result.type
    count = len(passed_types(result))
    made = w.alloca(f"[{max(1, count)} x i64]")
    # in a loop the interpreter is held from now on: to take it each time costs more than is computed meanwhile
    held = "true" if w.depth else "false"
    passed = [x for o in given(op) for x in _passed(w, terms[o], o.type)]
    status = w.let(f'call i32 @"{name}"({", ".join(["ptr %slots", f"ptr {made}", f"i1 {held}", *passed])})')
    for way in (LEFT, NO_MEMORY, INTERRUPTED):
        w.leave_where(w.let(f"icmp eq i32 {status}, {way}"), way)
    return _taken(w, result, made, iter(range(count)))


def _passed(w: Writer, term: Term, t: Type) -> Iterator[str]:
    """The types and values of what is passed for a value."""
    if isinstance(t, ContainerType):
        assert isinstance(term, tuple)
        for part, item in zip(term, t.items, strict=True):
            yield from _passed(w, part, item)
        return
    values: tuple[str, ...]
    if isinstance(term, Handle) and t.is_array:
        values = (term.pointer, *term.lengths)
    elif isinstance(term, Number) and t.is_scalar and t.dtype is not None:
        values = converted(w, term, t.dtype).parts
    else:
        raise UnsupportedType(f"{t} for a function of a library in native code", "pass numbers and arrays")
    yield from (f"{form} {x}" for form, x in zip(passed_types(t), values, strict=True))


def _taken(w: Writer, t: Type, made: str, words: Iterator[int]) -> Term:
    """The terms of a result: of its leaves one after the other."""
    if isinstance(t, ContainerType):
        return tuple(_taken(w, item, made, words) for item in t.items)
    assert isinstance(t, ArrayType) and t.dtype is not None and t.shape is not None

    def load(form: str) -> str:
        place = w.let(f"getelementptr i64, ptr {made}, i64 {next(words)}")
        return w.let(f"load {form}, ptr {place}")

    if t.kind != "array":
        parts = [load(stored_type(t.dtype)) for _ in passed_types(t)]
        if t.dtype == BOOL:
            parts = [w.let(f"icmp ne i8 {parts[0]}, 0")]
        return Number(tuple(parts), t.dtype, limit_of(t.dtype))
    pointer, *lengths = load("ptr"), *(load("i64") for _ in t.shape)
    known = [str(d) if isinstance(d, int) else n for d, n in zip(t.shape, lengths, strict=True)]
    own = Memory(pointer)
    w.own(own)
    return Handle(pointer, tuple(known), t.dtype, own)
