"""Python's operators on numbers, as they are spelled: `_0 + _1`.

Of Python's numbers they leave the function where Python raises, or where an integer grows out of 64 bits. NumPy's wrap
around, and a division by 0 gives what IEEE 754 says, of integers 0.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from s2sad.backends.native.code.conversions import converted, exact_float, operand_as, truth
from s2sad.backends.native.code.values import (
    BOOL,
    FLOAT,
    INT,
    Number,
    float_text,
    is_literal,
    limit_of,
    part_type,
    real_dtype,
)
from s2sad.backends.native.code.writer import Writer
from s2sad.errors import UnsupportedType
from s2sad.ir.primitive import Primitive
from s2sad.ir.types import ArrayType, promote


@dataclass(frozen=True, slots=True)
class Use:
    """A primitive, applied to numbers."""

    primitive: Primitive
    numbers: tuple[Number, ...]
    types: tuple[ArrayType, ...]
    result: ArrayType
    static: Mapping[str, object]

    @property
    def dtype(self) -> np.dtype[Any]:
        """That of the result."""
        if self.result.dtype is None:
            raise UnsupportedType(f"{self.primitive.name} of numbers whose dtype is not known", "convert one of them")
        return self.result.dtype

    @property
    def is_pythons(self) -> bool:
        """Whether it may be Python that computes this: it raises where NumPy does not."""
        return all(t.kind in ("python", "either", "any") for t in self.types)

    def operands(self, w: Writer, dtype: np.dtype[Any] | None = None) -> list[Number]:
        """The operands in the dtype of the result, or another."""
        wanted = dtype or self.dtype
        return [operand_as(w, x, t, wanted) for x, t in zip(self.numbers, self.types, strict=True)]


Operator = Callable[[Writer, Use], Number]


def _grows(w: Writer, use: Use, limit: int) -> bool:
    """Whether an integer of Python's may grow out of 64 bits."""
    if not use.is_pythons or use.dtype != INT or limit < limit_of(INT):
        return False
    if all(x.index for x in use.numbers):
        return False
    # inside a loop an expression of lengths and indices is where something lies in memory
    return not (w.depth and all(t.size is not None for t in use.types))


def _integer(w: Writer, use: Use, name: str, limit: int) -> Number:
    a, b = use.operands(w)
    index = all(x.index for x in use.numbers)
    if _grows(w, use, limit):
        overflow = f"llvm.s{name}.with.overflow.i64"
        both = w.let(f"call {{i64, i1}} @{overflow}(i64 {a.text}, i64 {b.text})")
        w.leave_later_where(w.let(f"extractvalue {{i64, i1}} {both}, 1"))
        return Number((w.let(f"extractvalue {{i64, i1}} {both}, 0"),), INT)
    if use.is_pythons and use.dtype == INT:
        simple = {"add": w.sum, "sub": w.difference, "mul": w.product}[name]
        return Number((simple(a.text, b.text),), INT, min(limit, limit_of(INT)), index)
    return Number((w.let(f"{name} {a.part} {a.text}, {b.text}"),), use.dtype, min(limit, limit_of(use.dtype)), index)


def _of_floats(w: Writer, name: str, a: str, b: str, part: str) -> str:
    return w.let(f"{name} {w.flags}{part} {a}, {b}")


def _sum(name: str) -> Operator:
    def operator(w: Writer, use: Use) -> Number:
        kind = use.dtype.kind
        if kind == "b":
            if name == "sub":
                raise UnsupportedType("a difference of truths", "use np.logical_xor")
            a, b = use.operands(w)
            return Number((w.let(f"or i1 {a.text}, {b.text}"),), BOOL, 1)
        if kind in "iu":
            return _integer(w, use, name, sum(x.limit for x in use.numbers))
        a, b = use.operands(w)
        parts = [_of_floats(w, "f" + name, x, y, a.part) for x, y in zip(a.parts, b.parts, strict=True)]
        return Number(tuple(parts), use.dtype)

    return operator


def product(w: Writer, use: Use) -> Number:
    kind = use.dtype.kind
    if kind in "iu":
        return _integer(w, use, "mul", use.numbers[0].limit * use.numbers[1].limit)
    a, b = use.operands(w)
    if kind == "b":
        return Number((w.both(a.text, b.text),), BOOL, 1)
    if kind == "c":
        return complex_product(w, a, b)
    return Number((_of_floats(w, "fmul", a.text, b.text, a.part),), use.dtype)


def complex_product(w: Writer, a: Number, b: Number) -> Number:
    """As NumPy and Python compute it, without regard to infinite parts."""
    (ar, ai), (br, bi), p = a.parts, b.parts, a.part
    real = _of_floats(w, "fsub", _of_floats(w, "fmul", ar, br, p), _of_floats(w, "fmul", ai, bi, p), p)
    imaginary = _of_floats(w, "fadd", _of_floats(w, "fmul", ar, bi, p), _of_floats(w, "fmul", ai, br, p), p)
    return Number((real, imaginary), a.dtype)


def quotient(w: Writer, use: Use) -> Number:
    if use.is_pythons and use.dtype == FLOAT:
        a, b = (exact_float(w, x) for x in use.numbers)
    else:
        a, b = use.operands(w)
    if use.is_pythons:
        w.leave_later_where(w.negated(truth(w, b)))
    if use.dtype.kind == "c":
        return _complex_quotient(w, a, b, use.is_pythons)
    return Number((_of_floats(w, "fdiv", a.text, b.text, a.part),), use.dtype)


def _complex_quotient(w: Writer, a: Number, b: Number, pythons: bool) -> Number:
    """Smith's method (Algorithm 116, CACM 1962), divided as Python does or multiplied as NumPy does."""
    p = a.part
    sizes = [magnitude(w, x, real_dtype(b.dtype)) for x in b.parts]
    turned = w.let(f"fcmp olt {p} {sizes[0]}, {sizes[1]}")

    def pick(x: str, y: str) -> str:
        return w.let(f"select i1 {turned}, {p} {x}, {p} {y}")

    def op(name: str, x: str, y: str) -> str:
        return _of_floats(w, name, x, y, p)

    (ar, ai), (br, bi) = a.parts, b.parts
    more, less = pick(bi, br), pick(br, bi)
    ratio = op("fdiv", less, more)
    scale = op("fadd", more, op("fmul", less, ratio))
    # turned: (ar ratio + ai, ai ratio - ar), else (ar + ai ratio, ai - ar ratio)
    s, t = op("fmul", ar, ratio), op("fmul", ai, ratio)
    real = op("fadd", pick(s, ar), pick(ai, t))
    imaginary = op("fsub", pick(t, ai), pick(ar, s))
    if pythons:
        return Number((op("fdiv", real, scale), op("fdiv", imaginary, scale)), a.dtype)
    inverse = op("fdiv", float_text(1.0), scale)
    found = op("fmul", real, inverse), op("fmul", imaginary, inverse)
    zero = w.let(f"fcmp oeq {p} {w.let(f'fadd {p} {sizes[0]}, {sizes[1]}')}, {float_text(0.0)}")
    by_zero = op("fdiv", ar, sizes[0]), op("fdiv", ai, sizes[0])
    both = zip(by_zero, found, strict=True)
    return Number(tuple(w.let(f"select i1 {zero}, {p} {x}, {p} {y}") for x, y in both), a.dtype)


def magnitude(w: Writer, x: str, dtype: np.dtype[Any]) -> str:
    part = part_type(dtype)
    return w.intrinsic(f"llvm.fabs.f{8 * dtype.itemsize}", part, (part, x))


# floor division and remainders


def _checked_divisor(w: Writer, use: Use, a: Number, b: Number, remainder: bool) -> tuple[str, str]:
    """Where the divisor of integers is 0, and a divisor with which the machine may divide in any case."""
    zero = "false" if is_literal(b.text) and b.text != "0" else w.let(f"icmp eq {b.part} {b.text}, 0")
    if use.is_pythons:
        w.leave_later_where(zero)
    unsafe = zero
    if b.dtype.kind == "i" and not is_literal(b.text):
        # the quotient of the least integer by -1 is none
        minus = w.let(f"icmp eq {b.part} {b.text}, -1")
        least = w.let(f"icmp eq {a.part} {a.text}, {-limit_of(a.dtype)}")
        wraps = w.both(minus, least)
        if use.is_pythons and not remainder:
            w.leave_later_where(wraps)
        unsafe = w.either(zero, wraps)
    if unsafe == "false":
        return zero, b.text
    return zero, w.let(f"select i1 {unsafe}, {b.part} 1, {b.part} {b.text}")


def _integer_division(w: Writer, use: Use, remainder: bool) -> Number:
    a, b = use.operands(w)
    zero, divisor = _checked_divisor(w, use, a, b, remainder)
    part = a.part
    sign = "s" if a.dtype.kind == "i" else "u"
    rest = w.let(f"{sign}rem {part} {a.text}, {divisor}")
    index = all(x.index for x in use.numbers)
    if sign == "s":
        # towards minus infinity: where a rest has another sign than the divisor
        nonzero = w.let(f"icmp ne {part} {rest}, 0")
        astray = w.both(nonzero, w.let(f"icmp slt {part} {w.let(f'xor {part} {rest}, {divisor}')}, 0"))
    if remainder:
        if sign == "s":
            rest = w.let(f"add {part} {rest}, {w.let(f'select i1 {astray}, {part} {divisor}, {part} 0')}")
        found, limit = rest, b.limit
    else:
        found, limit = w.let(f"{sign}div {part} {a.text}, {divisor}"), a.limit
        if sign == "s":
            found = w.let(f"sub {part} {found}, {w.let(f'zext i1 {astray} to {part}')}")
    if zero != "false" and not use.is_pythons:
        found = w.let(f"select i1 {zero}, {part} 0, {part} {found}")
    return Number((found,), use.dtype, limit, index)


def _float_division(w: Writer, use: Use, remainder: bool) -> Number:
    """As `float_floor_div` and `npy_divmod` have it."""
    a, b = use.operands(w)
    part, zero, size = a.part, float_text(0.0), f"f{8 * a.dtype.itemsize}"
    by_zero = w.let(f"fcmp oeq {part} {b.text}, {zero}")
    if use.is_pythons:
        w.leave_later_where(by_zero)
    rest = w.let(f"frem {part} {a.text}, {b.text}")
    whole = w.let(f"fcmp oeq {part} {rest}, {zero}")
    signs = [w.let(f"fcmp olt {part} {x}, {zero}") for x in (b.text, rest)]
    astray = w.both(w.negated(whole), w.let(f"xor i1 {signs[0]}, {signs[1]}"))
    if remainder:
        moved = w.let(f"select i1 {astray}, {part} {w.let(f'fadd {part} {rest}, {b.text}')}, {part} {rest}")
        signed = w.intrinsic(f"llvm.copysign.{size}", part, (part, zero), (part, b.text))
        found = w.let(f"select i1 {whole}, {part} {signed}, {part} {moved}")
        return Number((w.let(f"select i1 {by_zero}, {part} {rest}, {part} {found}"),), a.dtype)
    ratio = w.let(f"fdiv {part} {a.text}, {b.text}")
    exact = w.let(f"fdiv {part} {w.let(f'fsub {part} {a.text}, {rest}')}, {b.text}")
    less = w.let(f"fsub {part} {exact}, {float_text(1.0)}")
    exact = w.let(f"select i1 {astray}, {part} {less}, {part} {exact}")
    floor = w.intrinsic(f"llvm.floor.{size}", part, (part, exact))
    over = w.let(f"fcmp ogt {part} {w.let(f'fsub {part} {exact}, {floor}')}, {float_text(0.5)}")
    up = w.let(f"fadd {part} {floor}, {float_text(1.0)}")
    found = w.let(f"select i1 {over}, {part} {up}, {part} {floor}")
    signed = w.intrinsic(f"llvm.copysign.{size}", part, (part, zero), (part, ratio))
    none = w.let(f"fcmp oeq {part} {exact}, {zero}")
    found = w.let(f"select i1 {none}, {part} {signed}, {part} {found}")
    return Number((w.let(f"select i1 {by_zero}, {part} {ratio}, {part} {found}"),), a.dtype)


def _division(remainder: bool) -> Operator:
    def operator(w: Writer, use: Use) -> Number:
        if use.dtype.kind in "iu":
            return _integer_division(w, use, remainder)
        if use.dtype.kind == "f":
            return _float_division(w, use, remainder)
        raise UnsupportedType(f"{use.primitive.name} of {use.dtype.name}", "use floats")

    return operator


# comparisons

_ORDERS = {"==": "eq", "!=": "ne", "<": "lt", "<=": "le", ">": "gt", ">=": "ge"}


def _comparison(sign: str) -> Operator:
    def operator(w: Writer, use: Use) -> Number:
        return Number((compared(w, sign, use),), BOOL, 1)

    return operator


def compared(w: Writer, sign: str, use: Use) -> str:
    """How two numbers compare; integers of Python's exactly with floats."""
    a, b = use.numbers
    kinds = a.dtype.kind + b.dtype.kind
    if all(k in "iub" for k in kinds):
        return _integers_compared(w, sign, a, b)
    if use.is_pythons and "c" not in kinds:
        a, b = exact_float(w, a), exact_float(w, b)
    else:
        dtype = promote(*use.types) or FLOAT
        a, b = converted(w, a, dtype), converted(w, b, dtype)
    if len(a.parts) == 2:
        return _complex_compared(w, sign, a, b)
    return w.let(f"fcmp {'une' if sign == '!=' else 'o' + _ORDERS[sign]} {a.part} {a.text}, {b.text}")


def _integers_compared(w: Writer, sign: str, a: Number, b: Number) -> str:
    """Integers of any widths, with a sign or without."""
    if a.dtype.kind == "b" and b.text == "0" and sign in ("==", "!="):
        return a.text if sign == "!=" else w.negated(a.text)
    mixed = a.dtype.kind != b.dtype.kind
    size = max(x.dtype.itemsize for x in (a, b)) * (2 if mixed else 1)
    part = "i1" if a.dtype.kind == b.dtype.kind == "b" else f"i{8 * size}"
    texts = []
    for x in (a, b):
        if x.part == part or is_literal(x.text):
            texts.append(x.text)
        else:
            texts.append(w.let(f"{'sext' if x.dtype.kind == 'i' else 'zext'} {x.part} {x.text} to {part}"))
    order = _ORDERS[sign]
    signed = "s" if mixed or a.dtype.kind == "i" else "u"
    return w.let(f"icmp {order if order in ('eq', 'ne') else signed + order} {part} {texts[0]}, {texts[1]}")


def _complex_compared(w: Writer, sign: str, a: Number, b: Number) -> str:
    (ar, ai), (br, bi), p = a.parts, b.parts, a.part
    if sign == "!=":
        return w.either(w.let(f"fcmp une {p} {ar}, {br}"), w.let(f"fcmp une {p} {ai}, {bi}"))
    same = w.let(f"fcmp oeq {p} {ar}, {br}")
    if sign == "==":
        return w.both(same, w.let(f"fcmp oeq {p} {ai}, {bi}"))
    raise UnsupportedType("complex numbers in order", "compare their real parts")


# bits


def _of_bits(name: str) -> Operator:
    def operator(w: Writer, use: Use) -> Number:
        if use.dtype.kind not in "iub":
            raise UnsupportedType(f"{use.primitive.name} of {use.dtype.name}", "use integers")
        a, b = use.operands(w)
        return Number((w.let(f"{name} {a.part} {a.text}, {b.text}"),), use.dtype, limit_of(use.dtype))

    return operator


def _shift(left: bool) -> Operator:
    def operator(w: Writer, use: Use) -> Number:
        a, b = use.operands(w)
        width = 8 * a.dtype.itemsize
        back = "lshr" if a.dtype.kind == "u" else "ashr"
        if not left and is_literal(b.text) and 0 <= int(b.text) < width:
            return Number((w.let(f"{back} {a.part} {a.text}, {b.text}"),), use.dtype, limit_of(use.dtype))
        outside = w.let(f"icmp uge {a.part} {b.text}, {width}")
        count = w.let(f"select i1 {outside}, {a.part} 0, {a.part} {b.text}")
        found = w.let(f"{'shl' if left else back} {a.part} {a.text}, {count}")
        if use.is_pythons:
            w.leave_later_where(w.let(f"icmp slt {a.part} {b.text}, 0"))
            if left:
                w.leave_later_where(w.both(outside, truth(w, a)))
                again = w.let(f"ashr {a.part} {found}, {count}")
                w.leave_later_where(w.let(f"icmp ne {a.part} {again}, {a.text}"))
        # all bits are gone: 0, or -1 of a number below 0 that goes right
        none = "0" if left or back == "lshr" else w.let(f"ashr {a.part} {a.text}, {width - 1}")
        found = w.let(f"select i1 {outside}, {a.part} {none}, {a.part} {found}")
        return Number((found,), use.dtype, limit_of(use.dtype))

    return operator


def _invert(w: Writer, use: Use) -> Number:
    (a,) = use.operands(w)
    return Number((w.let(f"xor {a.part} {a.text}, {'true' if a.dtype.kind == 'b' else -1}"),), use.dtype)


# of one number


def _negative(w: Writer, use: Use) -> Number:
    (a,) = use.operands(w)
    if a.dtype.kind in "fc":
        return Number(tuple(w.let(f"fneg {a.part} {p}") for p in a.parts), a.dtype)
    if use.is_pythons and a.limit >= limit_of(INT):
        w.leave_later_where(w.let(f"icmp eq i64 {a.text}, {-limit_of(INT)}"))
    if is_literal(a.text) and a.dtype.kind == "i":
        return Number((str(-int(a.text)),), a.dtype, a.limit, True)
    return Number((w.let(f"sub {a.part} 0, {a.text}"),), a.dtype, a.limit, use.numbers[0].index)


def _positive(w: Writer, use: Use) -> Number:
    (a,) = use.operands(w)
    return a


def _not(w: Writer, use: Use) -> Number:
    return Number((w.negated(truth(w, use.numbers[0])),), BOOL, 1)


OPERATORS: dict[str, Operator] = {
    "_0 + _1": _sum("add"),
    "_0 - _1": _sum("sub"),
    "_0 * _1": product,
    "_0 / _1": quotient,
    "_0 // _1": _division(remainder=False),
    "_0 % _1": _division(remainder=True),
    "_0 & _1": _of_bits("and"),
    "_0 | _1": _of_bits("or"),
    "_0 ^ _1": _of_bits("xor"),
    "_0 << _1": _shift(left=True),
    "_0 >> _1": _shift(left=False),
    "~_0": _invert,
    "-_0": _negative,
    "+_0": _positive,
    "not _0": _not,
    **{f"_0 {sign} _1": _comparison(sign) for sign in _ORDERS},
}
"""By their spelling."""
