"""Arrays: row by row in memory, 64 bytes aligned where they are made here.

Small ones of known lengths are on the stack, others are allocated and freed at the end of the block that makes them.
What the kernel gives back is allocated by its caller.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from math import prod
from typing import Any

import numpy as np

from s2sad.backends.native.code.conversions import operand_as
from s2sad.backends.native.code.values import (
    BOOL,
    INT,
    Handle,
    Memory,
    Number,
    is_literal,
    limit_of,
    part_type,
    stored_type,
)
from s2sad.backends.native.code.writer import NO_MEMORY, Writer
from s2sad.ir.types import Type

SMALL = 4096
"""Bytes that an array may have on the stack."""
STACK = 1 << 16
"""Bytes that all of these may have."""
LONGEST = 1 << 48
"""More elements than memory has."""
ALIGNED = 64

TAGS = {"i8": 9010, "i16": 9012, "i32": 9014, "i64": 9016, "float": 9018, "double": 9020}
"""The metadata that tells accesses of one type from those of others."""
METADATA = (
    '!9000 = !{!"branch_weights", i32 1, i32 100000}\n!9001 = !{!"elements"}\n'
    '!9002 = distinct !{!9002, !9003}\n!9003 = !{!"llvm.loop.unroll.full"}\n'
) + "".join(f'!{n + 1} = !{{!"{t}", !9001, i64 0}}\n!{n} = !{{!{n + 1}, !{n + 1}, i64 0}}\n' for t, n in TAGS.items())


KEPT = 4
"""How many large pieces of memory a module keeps for the next call: fresh ones would be cleared page by page."""
LARGE = 1 << 18
"""Bytes of the least of them."""
MOST = 1 << 25
"""Bytes of the largest of them."""
ROOMS = f"""
declare noalias ptr @malloc(i64)
declare void @free(ptr)
@s2sad.rooms = internal global [{KEPT} x ptr] zeroinitializer, align 64

define internal noalias ptr @s2sad.room(i64 %size) noinline nounwind {{
start:
  %small = icmp ult i64 %size, {LARGE}
  br i1 %small, label %new, label %next
next:
  %k = phi i64 [ 0, %start ], [ %k1, %other ]
  %slot = getelementptr ptr, ptr @s2sad.rooms, i64 %k
  %p = atomicrmw xchg ptr %slot, ptr null seq_cst
  %none = icmp eq ptr %p, null
  br i1 %none, label %other, label %look
look:
  %head = getelementptr i8, ptr %p, i64 -16
  %has = load i64, ptr %head
  %twice = shl i64 %size, 1
  %enough = icmp uge i64 %has, %size
  %near = icmp ule i64 %has, %twice
  %fits = and i1 %enough, %near
  br i1 %fits, label %found, label %back
found:
  ret ptr %p
back:
  %old = atomicrmw xchg ptr %slot, ptr %p seq_cst
  %gone = icmp eq ptr %old, null
  br i1 %gone, label %other, label %drop
drop:
  call void @s2sad.left(ptr %old)
  br label %other
other:
  %k1 = add i64 %k, 1
  %more = icmp ult i64 %k1, {KEPT}
  br i1 %more, label %next, label %new
new:
  %whole = add i64 %size, {2 * ALIGNED}
  %raw = call ptr @malloc(i64 %whole)
  %failed = icmp eq ptr %raw, null
  br i1 %failed, label %out, label %made
made:
  %above = getelementptr i8, ptr %raw, i64 {2 * ALIGNED - 1}
  %data = call ptr @llvm.ptrmask.p0.i64(ptr %above, i64 {-ALIGNED})
  %own = getelementptr i8, ptr %data, i64 -16
  store i64 %size, ptr %own
  %first = getelementptr i8, ptr %data, i64 -8
  store ptr %raw, ptr %first
  ret ptr %data
out:
  ret ptr null
}}

define internal void @s2sad.left(ptr %data) noinline nounwind {{
start:
  %first = getelementptr i8, ptr %data, i64 -8
  %raw = load ptr, ptr %first
  call void @free(ptr %raw)
  ret void
}}

define internal void @s2sad.leave(ptr %data) noinline nounwind {{
start:
  %none = icmp eq ptr %data, null
  br i1 %none, label %out, label %some
some:
  %own = getelementptr i8, ptr %data, i64 -16
  %size = load i64, ptr %own
  %large = icmp uge i64 %size, {LARGE}
  %most = icmp ule i64 %size, {MOST}
  %keep = and i1 %large, %most
  br i1 %keep, label %next, label %drop
next:
  %k = phi i64 [ 0, %some ], [ %k1, %other ]
  %slot = getelementptr ptr, ptr @s2sad.rooms, i64 %k
  %pair = cmpxchg ptr %slot, ptr null, ptr %data seq_cst seq_cst
  %kept = extractvalue {{ptr, i1}} %pair, 1
  br i1 %kept, label %out, label %other
other:
  %k1 = add i64 %k, 1
  %more = icmp ult i64 %k1, {KEPT}
  br i1 %more, label %next, label %drop
drop:
  call void @s2sad.left(ptr %data)
  br label %out
out:
  ret void
}}

define void @s2sad.emptied() noinline nounwind {{
start:
  br label %next
next:
  %k = phi i64 [ 0, %start ], [ %k1, %other ]
  %slot = getelementptr ptr, ptr @s2sad.rooms, i64 %k
  %p = atomicrmw xchg ptr %slot, ptr null seq_cst
  %none = icmp eq ptr %p, null
  br i1 %none, label %other, label %drop
drop:
  call void @s2sad.left(ptr %p)
  br label %other
other:
  %k1 = add i64 %k, 1
  %more = icmp ult i64 %k1, {KEPT}
  br i1 %more, label %next, label %out
out:
  ret void
}}

declare ptr @llvm.ptrmask.p0.i64(ptr, i64)
"""


def integers(numbers: Sequence[Number]) -> tuple[str, ...]:
    """Lengths or indices, as operands."""
    return tuple(x.text for x in numbers)


def place(w: Writer, array: Handle, indices: Sequence[str]) -> str:
    """The number of an element, in the order of memory."""
    found = "0"
    for k, i in enumerate(indices):
        found = w.sum(w.product(found, array.lengths[k]), i)
    return found


def _address(w: Writer, array: Handle, offset: str) -> str:
    return w.let(f"getelementptr inbounds {stored_type(array.dtype)}, ptr {array.pointer}, i64 {offset}")


def _parts(w: Writer, array: Handle, indices: Sequence[str]) -> list[str]:
    """The addresses of the parts of an element."""
    offset = place(w, array, indices)
    if array.dtype.kind != "c":
        return [_address(w, array, offset)]
    double = w.product(offset, "2")
    return [_address(w, array, double), _address(w, array, w.sum(double, "1"))]


def load(w: Writer, array: Handle, indices: Sequence[str]) -> Number:
    form = stored_type(array.dtype)
    parts = [
        w.let(f"load {form}, ptr {p}, align {_size(array.dtype)}, !tbaa !{TAGS[form]}")
        for p in _parts(w, array, indices)
    ]
    if array.dtype.kind == "b":
        parts = [w.let(f"icmp ne i8 {parts[0]}, 0")]
    return Number(tuple(parts), array.dtype, limit_of(array.dtype))


def store(w: Writer, array: Handle, indices: Sequence[str], value: Number, t: Type) -> None:
    form = stored_type(array.dtype)
    given = stored_parts(w, operand_as(w, value, t, array.dtype))
    for x, p in zip(given, _parts(w, array, indices), strict=True):
        w.do(f"store {form} {x}, ptr {p}, align {_size(array.dtype)}, !tbaa !{TAGS[form]}")


def store_parts(w: Writer, x: Number, at: Callable[[int], str]) -> None:
    """Store a number at an address: `at` gives that of the byte of this number."""
    form, size = stored_type(x.dtype), _size(x.dtype)
    for k, part in enumerate(stored_parts(w, x)):
        w.do(f"store {form} {part}, ptr {at(k * size)}")


def stored_parts(w: Writer, x: Number) -> tuple[str, ...]:
    """The parts of a number as they are in memory."""
    return (w.let(f"zext i1 {x.text} to i8"),) if x.dtype == BOOL else x.parts


def _size(dtype: np.dtype[Any]) -> int:
    return dtype.itemsize // (2 if dtype.kind == "c" else 1)


def length(array: Handle, axis: int) -> Number:
    text = array.lengths[axis]
    return Number((text,), INT, int(text) if is_literal(text) else LONGEST, True)


# allocation


def count(w: Writer, lengths: Sequence[str]) -> str:
    """The number of elements of what is about to be allocated; it is left where there can be no such array."""
    total = "1"
    wrong = []
    for n in lengths:
        if not is_literal(n):
            wrong.append(w.let(f"icmp ugt i64 {n}, {LONGEST}"))
        if is_literal(n) and is_literal(total):
            total = str(int(n) * int(total))
        elif n == "1" or total == "1":
            total = n if total == "1" else total
        else:
            both = w.let(f"call {{i64, i1}} @llvm.umul.with.overflow.i64(i64 {total}, i64 {n})")
            wrong.append(w.let(f"extractvalue {{i64, i1}} {both}, 1"))
            total = w.let(f"extractvalue {{i64, i1}} {both}, 0")
            wrong.append(w.let(f"icmp ugt i64 {total}, {LONGEST}"))
    w.leave_where(w.either(*wrong))
    return total


def on_stack(w: Writer, lengths: Sequence[str], dtype: np.dtype[Any]) -> Handle | None:
    """An array on the stack, None where it is too large, or of unknown size."""
    if not all(map(is_literal, lengths)):
        return None
    size = prod(map(int, lengths)) * dtype.itemsize
    if not 0 <= size <= SMALL or w.stack + size > STACK:
        return None
    w.stack += size
    parts = max(1, size // _size(dtype))
    return Handle(w.alloca(f"[{parts} x {stored_type(dtype)}]", ALIGNED), tuple(lengths), dtype, Memory())


def allocate(w: Writer, lengths: Sequence[str], dtype: np.dtype[Any]) -> Handle:
    """New memory, freed at the end of the block."""
    size = w.product(count(w, lengths), str(dtype.itemsize))
    w.declare("s2sad.room", ROOMS)
    pointer = w.let(f"call noalias align {ALIGNED} ptr @s2sad.room(i64 {size})")
    w.leave_where(w.let(f"icmp eq ptr {pointer}, null"), NO_MEMORY)
    memory = Memory(pointer)
    w.own(memory)
    return Handle(pointer, tuple(lengths), dtype, memory)


def result_memory(w: Writer, number: int, lengths: Sequence[str], dtype: np.dtype[Any]) -> Handle:
    """The array that is the result of this number, made by the caller."""
    count(w, lengths)
    dims = w.alloca(f"[{max(1, len(lengths))} x i64]")
    for k, n in enumerate(lengths):
        w.do(f"store i64 {n}, ptr {w.let(f'getelementptr i64, ptr {dims}, i64 {k}')}")
    arguments = f"ptr %slots, i32 {number}, i32 {dtype.num}, i32 {len(lengths)}, ptr {dims}"
    pointer = w.let(f"call noalias ptr @s2sad.result({arguments}) noinline nounwind")
    w.leave_where(w.let(f"icmp eq ptr {pointer}, null"), NO_MEMORY)
    # noted where the caller sees it: what is stored there would not be missed by anybody else
    w.do(f"store ptr {pointer}, ptr {w.let(f'getelementptr i8, ptr %slots, i64 {16 * (number + 1) + 8}')}")
    return Handle(pointer, tuple(lengths), dtype, Memory())


def copied(w: Writer, array: Handle, target: Handle) -> None:
    """Copy the elements of an array into another of the same lengths."""
    size = str(array.dtype.itemsize)
    for n in array.lengths:
        size = w.product(size, n)
    w.do(f"call void @llvm.memcpy.p0.p0.i64(ptr {target.pointer}, ptr {array.pointer}, i64 {size}, i1 false)")


def known_array(w: Writer, array: np.ndarray[Any, Any]) -> Handle:
    """An array that is known at compile time: it stands in the module."""
    dtype = array.dtype.newbyteorder("=")
    part_type(dtype)
    data = np.ascontiguousarray(array, dtype).tobytes() or b"\0"
    name = f'@"{w.name}.known{len(w.globals)}"'
    text = "".join(f"\\{byte:02X}" for byte in data)
    w.globals.append(f'{name} = private unnamed_addr constant [{len(data)} x i8] c"{text}", align {ALIGNED}')
    return Handle(name, tuple(map(str, array.shape)), dtype, Memory())
