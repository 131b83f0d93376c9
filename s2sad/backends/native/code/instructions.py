"""What machines do with numbers beside arithmetic, by the nouns of primitives: what there is for each kind of dtype."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from s2sad.backends.native.code.conversions import converted, python_integer, truth
from s2sad.backends.native.code.operators import Operator, Use, compared, magnitude
from s2sad.backends.native.code.values import BOOL, FLOAT, INT, Number, float_text, limit_of, real_dtype
from s2sad.backends.native.code.writer import Writer
from s2sad.errors import UnsupportedType
from s2sad.ir.types import ArrayType

INSTRUCTIONS: dict[str, Operator] = {}
"""By the noun."""


def _instruction(*nouns: str) -> Callable[[Operator], Operator]:
    def add(operator: Operator) -> Operator:
        INSTRUCTIONS.update(dict.fromkeys(nouns, operator))
        return operator

    return add


def refused(use: Use) -> UnsupportedType:
    dtypes = ", ".join(x.dtype.name for x in use.numbers)
    return UnsupportedType(f"{use.primitive.name} of {dtypes} in native code", "use floats")


def of_float(w: Writer, name: str, dtype: np.dtype[np.generic], *operands: Number) -> Number:
    """An intrinsic function of floats."""
    part = operands[0].part
    text = w.intrinsic(f"llvm.{name}.f{8 * dtype.itemsize}", part, *((part, x.text) for x in operands))
    return Number((text,), dtype)


# functions of one float


def _rounding(name: str) -> None:
    def operator(w: Writer, use: Use) -> Number:
        (x,) = use.numbers
        if x.dtype.kind in "iub":
            return converted(w, x, use.dtype)
        if x.dtype.kind == "c":
            raise refused(use)
        found = of_float(w, name, x.dtype, x)
        # math.floor and the like give an integer
        return python_integer(w, found) if use.dtype == INT else converted(w, found, use.dtype)

    _instruction(name)(operator)


for _name in ("floor", "ceil", "trunc", "rint"):
    _rounding(_name)


@_instruction("sqrt")
def _root(w: Writer, use: Use) -> Number:
    (x,) = use.operands(w)
    if x.dtype.kind != "f":
        raise NotHere
    return of_float(w, "sqrt", x.dtype, x)


@_instruction("round")
def _rounded(w: Writer, use: Use) -> Number:
    (x,) = use.numbers
    if use.static.get("ndigits") or x.dtype.kind == "c":
        raise UnsupportedType("round to digits in native code", "use np.round")
    if x.dtype.kind in "iub":
        return converted(w, x, use.dtype)
    found = of_float(w, "rint", x.dtype, x)
    return python_integer(w, found) if use.dtype == INT else found


@_instruction("absolute", "abs", "fabs")
def _absolute(w: Writer, use: Use) -> Number:
    (x,) = use.numbers
    if x.dtype.kind == "c":
        if use.primitive.noun == "fabs" or x.dtype.itemsize != 16:
            raise refused(use)
        raise NotHere
    x = converted(w, x, use.dtype)
    if x.dtype.kind == "f":
        return Number((magnitude(w, x.text, x.dtype),), x.dtype)
    if x.dtype.kind != "i":
        return x
    least = -limit_of(x.dtype)
    if use.is_pythons and x.limit >= limit_of(INT):
        w.leave_later_where(w.let(f"icmp eq i64 {x.text}, {least}"))
    name = f"llvm.abs.{x.part}"
    return Number((w.let(f"call {x.part} @{name}({x.part} {x.text}, i1 false)"),), x.dtype, x.limit, x.index)


class NotHere(Exception):
    """A function of these numbers is no instruction: a library has it."""


@_instruction("signbit")
def _signbit(w: Writer, use: Use) -> Number:
    (x,) = use.numbers
    if x.dtype.kind in "iub":
        x = converted(w, x, FLOAT)
    if x.dtype.kind == "c":
        raise refused(use)
    bits = f"i{8 * x.dtype.itemsize}"
    return Number((w.let(f"icmp slt {bits} {w.let(f'bitcast {x.part} {x.text} to {bits}')}, 0"),), BOOL, 1)


# parts of complex numbers


@_instruction("real")
def _real(w: Writer, use: Use) -> Number:
    (x,) = use.numbers
    return converted(w, Number(x.parts[:1], real_dtype(x.dtype), x.limit), use.dtype)


@_instruction("imag")
def _imaginary(w: Writer, use: Use) -> Number:
    (x,) = use.numbers
    if len(x.parts) == 1:
        return converted(w, Number(("false",), BOOL, 1), use.dtype)
    return converted(w, Number(x.parts[1:], real_dtype(x.dtype)), use.dtype)


@_instruction("conjugate")
def _conjugate(w: Writer, use: Use) -> Number:
    (x,) = use.operands(w)
    if len(x.parts) == 1:
        return x
    return Number((x.parts[0], w.let(f"fneg {x.part} {x.parts[1]}")), x.dtype)


# two numbers


@_instruction("copysign")
def _copysign(w: Writer, use: Use) -> Number:
    a, b = use.operands(w)
    return of_float(w, "copysign", a.dtype, a, b)


@_instruction("nextafter")
def _next(w: Writer, use: Use) -> Number:
    """Numbers in their order have bits in order, from 0 away."""
    a, b = use.operands(w)
    part, bits = a.part, f"i{8 * a.dtype.itemsize}"
    zero = float_text(0.0)
    number = w.let(f"bitcast {part} {a.text} to {bits}")
    up, positive = w.let(f"fcmp olt {part} {a.text}, {b.text}"), w.let(f"fcmp ogt {part} {a.text}, {zero}")
    away = w.negated(w.let(f"xor i1 {up}, {positive}"))
    moved = w.let(f"add {bits} {number}, {w.let(f'select i1 {away}, {bits} 1, {bits} -1')}")
    # the first one from 0
    least = w.let(f"bitcast {bits} 1 to {part}")
    first = of_float(w, "copysign", a.dtype, Number((least,), a.dtype), b).text
    at_zero = w.let(f"fcmp oeq {part} {a.text}, {zero}")
    found = w.let(f"select i1 {at_zero}, {part} {first}, {part} {w.let(f'bitcast {bits} {moved} to {part}')}")
    found = w.let(f"select i1 {w.let(f'fcmp oeq {part} {a.text}, {b.text}')}, {part} {b.text}, {part} {found}")
    none = w.let(f"fcmp uno {part} {a.text}, {b.text}")
    return Number(
        (w.let(f"select i1 {none}, {part} {w.let(f'fadd {part} {a.text}, {b.text}')}, {part} {found}"),), a.dtype
    )


@_instruction("fmod")
def _fmod(w: Writer, use: Use) -> Number:
    a, b = use.operands(w)
    if a.dtype.kind == "f":
        return Number((w.let(f"frem {a.part} {a.text}, {b.text}"),), a.dtype)
    if a.dtype.kind not in "iu":
        raise refused(use)
    zero = w.let(f"icmp eq {b.part} {b.text}, 0")
    unsafe = zero
    if a.dtype.kind == "i":
        unsafe = w.either(zero, w.let(f"icmp eq {b.part} {b.text}, -1"))
    divisor = w.let(f"select i1 {unsafe}, {b.part} 1, {b.part} {b.text}")
    return Number((w.let(f"{'s' if a.dtype.kind == 'i' else 'u'}rem {a.part} {a.text}, {divisor}"),), a.dtype)


def _extremum(noun: str, of_floats: str, of_integers: str, of_truths: str) -> None:
    def operator(w: Writer, use: Use) -> Number:
        a, b = use.operands(w)
        if a.dtype.kind == "f":
            return of_float(w, of_floats, a.dtype, a, b)
        if a.dtype.kind == "b":
            return Number((w.let(f"{of_truths} i1 {a.text}, {b.text}"),), BOOL, 1)
        if a.dtype.kind == "c":
            raise refused(use)
        sign = "s" if a.dtype.kind == "i" else "u"
        found = w.intrinsic(f"llvm.{sign}{of_integers}.{a.part}", a.part, (a.part, a.text), (b.part, b.text))
        return Number((found,), a.dtype, max(a.limit, b.limit), a.index and b.index)

    _instruction(noun)(operator)


# a nan stays with the first two, and goes with the others
_extremum("maximum", "maximum", "max", "or")
_extremum("minimum", "minimum", "min", "and")
_extremum("fmax", "maxnum", "max", "or")
_extremum("fmin", "minnum", "min", "and")


def _of_several(noun: str, sign: str) -> None:
    """Python's: a later one takes the place of the one before where it is more."""

    def operator(w: Writer, use: Use) -> Number:
        best, kind = use.numbers[0], use.types[0]
        for x, t in zip(use.numbers[1:], use.types[1:], strict=True):
            if best.dtype == x.dtype == INT:
                name = f"llvm.s{noun}.i64"
                found = w.intrinsic(name, "i64", ("i64", best.text), ("i64", x.text))
                best = Number((found,), INT, max(best.limit, x.limit), best.index and x.index)
                continue
            more = compared(w, sign, Use(use.primitive, (x, best), (t, kind), use.result, {}))
            dtype = np.result_type(best.dtype, x.dtype)
            kind = ArrayType(dtype, (), use.result.kind)
            best = selected(w, more, converted(w, x, dtype), converted(w, best, dtype))
        return converted(w, best, use.dtype)

    _instruction(noun)(operator)


_of_several("max", ">")
_of_several("min", "<")


def selected(w: Writer, holds: str, a: Number, b: Number) -> Number:
    """One of two numbers of one dtype."""
    if holds in ("true", "false"):
        return a if holds == "true" else b
    if a.parts == b.parts:
        return a
    pairs = zip(a.parts, b.parts, strict=True)
    parts = tuple(w.let(f"select i1 {holds}, {a.part} {x}, {a.part} {y}") for x, y in pairs)
    return Number(parts, a.dtype, max(a.limit, b.limit), a.index and b.index)


@_instruction("where")
def _where(w: Writer, use: Use) -> Number:
    chosen = Use(use.primitive, use.numbers[1:], use.types[1:], use.result, use.static)
    return selected(w, truth(w, use.numbers[0]), *chosen.operands(w))
