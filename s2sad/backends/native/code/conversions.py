"""Numbers of one dtype as numbers of another, as NumPy casts them; and where Python refuses to, the function is left.

A float that an integer cannot hold is, in NumPy, what the machine makes of it: here what x86 does, the least integer.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from s2sad.backends.native.code.values import (
    BOOL,
    FLOAT,
    INT,
    Number,
    float_text,
    is_literal,
    limit_of,
    literal,
    part_type,
    real_dtype,
)
from s2sad.backends.native.code.writer import Writer
from s2sad.errors import UnsupportedType
from s2sad.ir.types import Type

EXACT = 1 << 53
"""Integers up to here are floats."""


def converted(w: Writer, x: Number, dtype: np.dtype[Any]) -> Number:
    """The number as one of that dtype; of a complex number as a real one, its real part."""
    if x.dtype == dtype:
        return x
    if dtype.kind == "b":
        return Number((truth(w, x),), BOOL, 1)
    if dtype.kind == "c":
        part = real_dtype(dtype)
        parts = [_real(w, Number((p,), real_dtype(x.dtype), x.limit), part) for p in x.parts]
        return Number((parts[0], parts[1] if len(parts) == 2 else float_text(0.0)), dtype)
    if x.dtype.kind == "c":
        return converted(w, Number(x.parts[:1], real_dtype(x.dtype)), dtype)
    if dtype.kind == "f":
        return Number((_real(w, x, dtype),), dtype)
    if x.dtype.kind == "f":
        return Number((_cut(w, x, dtype),), dtype, limit_of(dtype))
    return Number((_integer(w, x, dtype),), dtype, min(x.limit, limit_of(dtype)), x.index)


def truth(w: Writer, x: Number) -> str:
    """Whether a number is not 0."""
    if x.dtype.kind == "b":
        return x.text
    if x.dtype.kind in "iu":
        return w.let(f"icmp ne {x.part} {x.text}, 0")
    return w.either(*(w.let(f"fcmp une {x.part} {p}, {float_text(0.0)}") for p in x.parts))


def _real(w: Writer, x: Number, dtype: np.dtype[Any]) -> str:
    """A real number as a float."""
    to = part_type(dtype)
    if x.dtype.kind == "f":
        if x.part == to:
            return x.text
        return w.let(f"{'fpext' if to == 'double' else 'fptrunc'} {x.part} {x.text} to {to}")
    if is_literal(x.text):
        return float_text(int(x.text), dtype)
    if x.text in ("true", "false"):
        return float_text(x.text == "true", dtype)
    return w.let(f"{'sitofp' if x.dtype.kind == 'i' else 'uitofp'} {x.part} {x.text} to {to}")


def _integer(w: Writer, x: Number, dtype: np.dtype[Any]) -> str:
    """An integer as one of another width."""
    to = part_type(dtype)
    if x.part == to:
        return x.text
    if is_literal(x.text):
        number = int(x.text) % (1 << 8 * dtype.itemsize)
        return str(number - (1 << 8 * dtype.itemsize) if dtype.kind == "i" and number > limit_of(dtype) - 1 else number)
    if x.text in ("true", "false"):
        return str(int(x.text == "true"))
    if dtype.itemsize < x.dtype.itemsize:
        return w.let(f"trunc {x.part} {x.text} to {to}")
    return w.let(f"{'sext' if x.dtype.kind == 'i' else 'zext'} {x.part} {x.text} to {to}")


def _cut(w: Writer, x: Number, dtype: np.dtype[Any]) -> str:
    """A float as an integer, towards 0."""
    wide = np.dtype(np.int32 if dtype.itemsize < 4 else np.int64 if dtype == np.uint32 else dtype)
    if wide.kind == "u":
        return _cut_unsigned(w, x)
    to = part_type(wide)
    fits = fits_integer(w, x, wide)
    least = literal(-limit_of(wide), wide).text
    number = w.let(f"select i1 {fits}, {to} {w.let(f'fptosi {x.part} {x.text} to {to}')}, {to} {least}")
    return _integer(w, Number((number,), wide), dtype)


def _cut_unsigned(w: Writer, x: Number) -> str:
    """A float as an integer of 64 bits without a sign; one below 0 as one that wraps around."""
    half = float_text(2.0**63, x.dtype)
    high = w.let(f"fcmp oge {x.part} {x.text}, {half}")
    moved = w.let(f"select i1 {high}, {x.part} {w.let(f'fsub {x.part} {x.text}, {half}')}, {x.part} {x.text}")
    low = _cut(w, Number((moved,), x.dtype), INT)
    return w.let(f"select i1 {high}, i64 {w.let(f'xor i64 {low}, {-(1 << 63)}')}, i64 {low}")


def fits_integer(w: Writer, x: Number, dtype: np.dtype[Any]) -> str:
    """Whether a float, cut, is in the range of integers with a sign."""
    bound = limit_of(dtype)
    # exact where the float has fewer digits than the integer; else a bound that is not one float further
    below = -bound - 1 if dtype.itemsize < x.dtype.itemsize else None
    least = (
        w.let(f"fcmp ogt {x.part} {x.text}, {float_text(below, x.dtype)}")
        if below is not None
        else w.let(f"fcmp oge {x.part} {x.text}, {float_text(-bound, x.dtype)}")
    )
    return w.both(least, w.let(f"fcmp olt {x.part} {x.text}, {float_text(bound, x.dtype)}"))


def python_integer(w: Writer, x: Number) -> Number:
    """What Python makes an integer of: it raises for what is no number, and a large one is none that fits here."""
    if x.dtype.kind == "c":
        raise UnsupportedType("an integer of a complex number", "take its real part")
    if x.dtype.kind in "bi":
        return converted(w, x, INT)
    if x.dtype.kind == "u":
        number = converted(w, x, INT)
        if x.dtype.itemsize == 8:
            w.leave_later_where(w.let(f"icmp slt i64 {number.text}, 0"))
        return number
    w.leave_later_where(w.negated(fits_integer(w, x, INT)))
    return converted(w, x, INT)


def operand_as(w: Writer, x: Number, t: Type, dtype: np.dtype[Any]) -> Number:
    """An operand in the dtype in which is computed. NumPy refuses integers of Python that this cannot hold."""
    if t.kind != "numpy" and x.dtype == INT and dtype.kind in "iu" and dtype != INT:
        if x.limit > limit_of(dtype) or (dtype.kind == "u" and not is_natural(x)):
            low = literal(0 if dtype.kind == "u" else -limit_of(dtype), INT).text
            too_low = w.let(f"icmp slt i64 {x.text}, {low}")
            high = min(limit_of(dtype) - (dtype.kind == "i"), limit_of(INT) - 1)
            w.leave_later_where(w.either(too_low, w.let(f"icmp sgt i64 {x.text}, {high}")))
    elif t.kind == "python" and x.dtype.kind in "fc" and dtype.kind in "iub":
        raise UnsupportedType(f"a float of Python's as {dtype.name}", "convert it to an integer")
    return converted(w, x, dtype)


def is_natural(x: Number) -> bool:
    """Whether it is an integer known to be not below 0."""
    return is_literal(x.text) and not x.text.startswith("-")


def exact_float(w: Writer, x: Number) -> Number:
    """A number of Python's as the float that it is; where it is an integer that is none, the function is left."""
    if x.dtype == INT and x.limit > EXACT:
        above = w.let(f"icmp sgt i64 {x.text}, {EXACT}")
        w.leave_later_where(w.either(above, w.let(f"icmp slt i64 {x.text}, {-EXACT}")))
    return converted(w, x, FLOAT)
