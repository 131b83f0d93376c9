"""The entry of a kernel for other native code: a function of numbers and addresses, as C has them, in LLVM IR.

    i32 f_grad.address(ptr x, i64 n1, double t, ptr slots)      DONE, or why there is no result

An array is the address of its first element and its lengths; it lies row by row. The slots are as kernels have them,
two words each. The first word of all is null, the second the address of a function of the caller's that makes the
memory of an array of the result, `ptr room(ptr slot, i64 bytes)`. It may note in the first word of the slot what the
memory is of. In the second word the caller has the address for the lengths of the array; behind the call stands that of
its elements there.

Nothing here needs Python's interpreter, but for kernels that call libraries by it: these are called by who holds it.
"""

from __future__ import annotations

from collections.abc import Sequence

from s2sad.backends.native.arguments import check_leaf
from s2sad.backends.native.assembly import Assembly
from s2sad.backends.native.code.libraries import WORD, passed_types
from s2sad.backends.native.lengths import Lengths
from s2sad.backends.native.outside import Outside
from s2sad.backends.native.results import SLOT
from s2sad.ir.dims import Fact
from s2sad.ir.types import Type, leaves

OTHER = 4
"""What the function returns beside what kernels do: the lengths are not those that it is compiled for."""


def address_text(name: str, arguments: Sequence[Type], outside: Outside, facts: Sequence[Fact]) -> str:
    """The text of the function, of arguments of these types.

    Raises:
        UnsupportedType: native code has no values of one of the types.
    """
    asm = Assembly(outside)
    lengths = Lengths(asm, "other", facts)
    passed: list[str] = []
    for t in arguments:
        for leaf in map(check_leaf, leaves(t)):
            own = [f"%x{len(passed) + k}" for k in range(len(passed_types(leaf)))]
            if leaf.kind == "array":
                lengths.met += zip(leaf.shape or (), own[1:], strict=True)
            passed += [f"{kind} {x}" for kind, x in zip(passed_types(leaf), own, strict=True)]
    asm.lines.append(f'define i32 @"{name}.address"({", ".join([*passed, "ptr %slots"])}) {{')
    asm.label("start")
    lengths.check()
    found = asm.set(f'call i32 @"{name}.kernel"({", ".join([*passed, "ptr %slots"])})')
    asm.do(f"ret i32 {found}")
    asm.label("other")
    asm.do(f"ret i32 {OTHER}")
    return f"{asm.text}\n}}\n"


def service_text(result: Type) -> str:
    """The functions that kernels call, for a result of this type: its arrays are made by the caller, nothing asks."""
    sizes = [t.dtype.itemsize if t.dtype is not None else 0 for t in map(check_leaf, leaves(result))]
    table = ", ".join(f"i64 {n}" for n in sizes)
    return f"""
@"s2sad.sizes" = internal constant [{len(sizes)} x i64] [{table}]

define internal ptr @"s2sad.result"(ptr %slots, i32 %k, i32 %dtype, i32 %rank, ptr %lengths) {{
start:
  %number = sext i32 %k to i64
  %at = mul i64 %number, {SLOT}
  %behind = add i64 %at, {SLOT}
  %slot = getelementptr i8, ptr %slots, i64 %behind
  %second = getelementptr i8, ptr %slot, i64 {WORD}
  %kept = load ptr, ptr %second
  %axes = sext i32 %rank to i64
  %place = getelementptr i64, ptr @"s2sad.sizes", i64 %number
  %size = load i64, ptr %place
  br label %next
next:
  %axis = phi i64 [ 0, %start ], [ %after, %length ]
  %bytes = phi i64 [ %size, %start ], [ %more, %length ]
  %is.over = icmp eq i64 %axis, %axes
  br i1 %is.over, label %made, label %length
length:
  %from = getelementptr i64, ptr %lengths, i64 %axis
  %n = load i64, ptr %from
  %to = getelementptr i64, ptr %kept, i64 %axis
  store i64 %n, ptr %to
  %more = mul i64 %bytes, %n
  %after = add i64 %axis, 1
  br label %next
made:
  %maker = getelementptr i8, ptr %slots, i64 {WORD}
  %room = load ptr, ptr %maker
  %data = call ptr %room(ptr %slot, i64 %bytes)
  ret ptr %data
}}

define internal i1 @"s2sad.interrupted"(ptr %slots) {{
  ret i1 false
}}
"""
