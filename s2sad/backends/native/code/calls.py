"""What BLAS computes, written into memory that is there: products of matrices."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from s2sad.backends.native import blas
from s2sad.backends.native.code.values import Handle, float_text, is_literal, part_type, real_dtype
from s2sad.backends.native.code.writer import Writer
from s2sad.errors import UnsupportedCall, UnsupportedType
from s2sad.ir.values import Apply

ROW_BY_ROW, AS_IT_IS, TURNED = 101, 111, 112
"""How matrices lie, in the words of BLAS."""


def into(w: Writer, op: Apply, arrays: Sequence[Handle]) -> None:
    """Call a function of a library; the last array gets the result."""
    function = str(op.static["function"])
    if function not in _ROUTINES:
        raise UnsupportedCall(f"{function} in native code", "use backend='numpy'")
    turned = op.static.get("turned") or (False,) * (len(arrays) - 1)
    assert isinstance(turned, tuple)
    _ROUTINES[function](w, arrays, turned)


def _product(w: Writer, arrays: Sequence[Handle], turned: Sequence[bool]) -> None:
    """out = a @ b, of matrices, or transposes of what lies in memory."""
    a, b, out = arrays
    if any(x.dtype != out.dtype or len(x.lengths) != 2 for x in arrays) or out.dtype not in blas.LETTERS:
        raise UnsupportedType("a product of such arrays in native code", "use matrices of floats")
    name = blas.name_of(f"{blas.LETTERS[out.dtype]}gemm")
    inner = a.lengths[0 if turned[0] else 1]
    wide = name.endswith(blas.WIDE)
    sizes = [_count(w, n, wide) for n in (*out.lengths, inner)]
    one, zero = (_scale(w, out, x) for x in (1.0, 0.0))
    ways = [f"i32 {TURNED if t else AS_IT_IS}" for t in turned]
    rows = [_count(w, _row(w, x), wide) for x in arrays]
    pointers = [f"ptr {x.pointer}" for x in arrays]
    arguments = [f"i32 {ROW_BY_ROW}", *ways, *sizes, one, pointers[0], rows[0], pointers[1], rows[1], zero]
    routine = w.let(f"load ptr, ptr {w.library.place(f'blas {name}')}")
    w.do(f"call void {routine}({', '.join([*arguments, pointers[2], rows[2]])})")


def _row(w: Writer, array: Handle) -> str:
    """How far apart rows are: BLAS wants at least 1."""
    length = array.lengths[1]
    if is_literal(length):
        return str(max(1, int(length)))
    return w.intrinsic("llvm.smax.i64", "i64", ("i64", length), ("i64", "1"))


def _count(w: Writer, length: str, wide: bool) -> str:
    """A length as an argument; one that is too large for it is left to NumPy."""
    if wide:
        return f"i64 {length}"
    if not is_literal(length):
        w.leave_where(w.let(f"icmp ugt i64 {length}, {(1 << 31) - 1}"))
        length = w.let(f"trunc i64 {length} to i32")
    return f"i32 {length}"


def _scale(w: Writer, out: Handle, value: float) -> str:
    """A factor: a complex one by its address."""
    part = part_type(out.dtype)
    if out.dtype.kind == "f":
        return f"{part} {float_text(value)}"
    place = w.alloca(f"[2 x {part}]")
    for k, x in enumerate((value, 0.0)):
        address = w.let(f"getelementptr {part}, ptr {place}, i64 {k}")
        w.do(f"store {part} {float_text(x, real_dtype(out.dtype))}, ptr {address}")
    return f"ptr {place}"


_ROUTINES: dict[str, Callable[[Writer, Sequence[Handle], Sequence[bool]], None]] = {"dot": _product}
"""By the function of NumPy that they stand for."""
