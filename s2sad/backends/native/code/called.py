"""Functions that call themselves: `@"f.call"`, beside the kernels that call them.

    define internal i32 @"f.call"(double %p0, ptr noalias %slots, ptr noalias %state, ptr noalias %out)

It takes numbers and arrays as kernels do, and returns what they return. What it gives is behind `%out`: 16 bytes for a
number, the address and the lengths of an array, whose memory is the caller's from then on. In `%state` all calls share
the address where the stack begins, and the count of steps. A program whose calls need too much of the stack is left:
the one of NumPy raises RecursionError.
"""

from __future__ import annotations

from s2sad.backends.native.code import memory
from s2sad.backends.native.code.conversions import converted
from s2sad.backends.native.code.scope import Scope
from s2sad.backends.native.code.values import Handle, Memory, Number, Term, limit_of, stored_type
from s2sad.backends.native.code.writer import INTERRUPTED, LEFT, NO_MEMORY, Writer
from s2sad.errors import UnsupportedType
from s2sad.ir.types import ArrayType, Type, leaves
from s2sad.ir.values import Call, Operand

DEEP = 1 << 19
"""Bytes of the stack that calls may need."""
ROOM = 1 << 10
"""Bytes of the stack that the arrays of a function which calls itself may have."""


def size_of(t: Type) -> int:
    """How many bytes a result of that type has."""
    return 16 if not t.is_array else 8 * (1 + (t.rank or 0))


def begin(w: Writer, state: bool) -> None:
    """The start of a function that is called, with the state of all calls; else of one that begins to call others."""
    here = "  %here = call ptr @llvm.frameaddress.p0(i32 0)"
    w.counts = True
    if not state:
        w.hoisted += ["  %state = alloca [2 x i64], align 16", here, "  store ptr %here, ptr %state"]
        w.hoisted += ["  %steps = getelementptr i8, ptr %state, i64 8", "  store i64 0, ptr %steps"]
        return
    w.stack = memory.STACK - ROOM
    w.hoisted += ["  %steps = getelementptr i8, ptr %state, i64 8", here]
    first = w.let(f"ptrtoint ptr {w.let('load ptr, ptr %state')} to i64")
    used = w.let(f"sub i64 {first}, {w.let('ptrtoint ptr %here to i64')}")
    w.leave_where(w.let(f"icmp ugt i64 {used}, {DEEP}"))
    w.ask()


def call(k: Scope, op: Call) -> Term:
    """Call a function; what it gives is owned by the present block."""
    w = k.w
    if w.depth and w.leaves:
        # what is computed of wrong numbers may never end
        w.leave_now()
    given = [part for o in op.operands for part in _passed(k, o)]
    types = leaves(op.result.type)
    sizes = [size_of(t) for t in types]
    out = w.alloca(f"[{max(1, sum(sizes))} x i8]", 16)
    arguments = ", ".join([*given, "ptr %slots", "ptr %state", f"ptr {out}"])
    w.go_on(w.let(f'call i32 @"{op.function.name}.call"({arguments})'), (LEFT, NO_MEMORY, INTERRUPTED))
    found = [_received(w, t, out, sum(sizes[:n])) for n, t in enumerate(types)]
    return tuple(found) if op.result.type.is_container else found[0]


def give(w: Writer, term: Term, offset: int) -> None:
    """Put a result where the caller finds it."""

    def at(n: int) -> str:
        return w.let(f"getelementptr i8, ptr %out, i64 {offset + n}")

    if isinstance(term, Handle):
        for n, x in enumerate((f"ptr {term.pointer}", *(f"i64 {d}" for d in term.lengths))):
            w.do(f"store {x}, ptr {at(8 * n)}")
    elif isinstance(term, Number):
        memory.store_parts(w, term, at)


def _passed(k: Scope, operand: Operand) -> list[str]:
    term, t = k.term(operand), operand.type
    if isinstance(term, Handle):
        return [f"ptr {term.pointer}", *(f"i64 {n}" for n in term.lengths)]
    if not isinstance(term, Number) or not isinstance(t, ArrayType) or t.dtype is None:
        raise UnsupportedType(f"{t} in a call in native code", "use numbers and arrays")
    number = converted(k.w, term, t.dtype)
    return [f"{number.part} {x}" for x in number.parts]


def _received(w: Writer, t: Type, out: str, offset: int) -> Term:
    def at(n: int) -> str:
        return w.let(f"getelementptr i8, ptr {out}, i64 {offset + n}")

    if not isinstance(t, ArrayType) or t.dtype is None:
        return None
    if not t.is_array:
        form, count = stored_type(t.dtype), 2 if t.dtype.kind == "c" else 1
        parts = [w.let(f"load {form}, ptr {at(n * t.dtype.itemsize // count)}") for n in range(count)]
        if t.dtype.kind == "b":
            parts = [w.let(f"icmp ne i8 {parts[0]}, 0")]
        return Number(tuple(parts), t.dtype, limit_of(t.dtype))
    pointer = w.let(f"load ptr, ptr {at(0)}")
    lengths = [w.let(f"load i64, ptr {at(8 * n + 8)}") for n in range(t.rank or 0)]
    known = [str(d) if isinstance(d, int) else n for d, n in zip(t.shape or (), lengths, strict=True)]
    owner = Memory(pointer)
    w.own(owner)
    return Handle(pointer, tuple(known), t.dtype, owner)
