"""The words of the elementary functions: what the machine has as one instruction, or nearly so.

The functions of this folder are straight-line programs over float, int (64 bits) and bool: assignments, arithmetic,
comparisons, `a if c else b` (both are computed, one is taken), shifts, these words, and calls of one another. They are
translated (`translation.py`) and they run in Python as they stand, with the meanings given here.

fma           a * b + c; rounded once where the machine can, else twice: no result may depend on it
fused         a * b + c rounded once, on every machine: for the error of a product
polynomial    the value at x of the polynomial with these coefficients, lowest first
bits, number  a float as the int of its bits, and back
"""

from __future__ import annotations

import math
import struct
from collections.abc import Callable, Sequence
from fractions import Fraction
from typing import TypeVar

INFINITY = math.inf
NAN = math.nan

Function = Callable[..., object]
F = TypeVar("F", bound=Function)
PUBLIC: dict[str, Function] = {}
"""The functions that programs call, by their names and other names."""

SINGLE = ".f32"
"""What follows the name of a function of float32: that of float64, rounded."""

RARE: set[Function] = set()

LONG = 6
"""The coefficients of a polynomial that is computed in two halves."""


def elementary(*others: str) -> Callable[[F], F]:
    """A function that programs call, by its own name and others."""

    def enter(function: F) -> F:
        PUBLIC.update(dict.fromkeys((function.__name__, *others), function))
        return function

    return enter


def rare(function: F) -> F:
    """A function for few arguments, called as `f(x) if c else y` alone: it is jumped over unless c holds somewhere."""
    RARE.add(function)
    return function


def fused(a: float, b: float, c: float) -> float:
    if not (math.isfinite(a) and math.isfinite(b) and math.isfinite(c)):
        return a * b + c
    exact = Fraction(a) * Fraction(b) + Fraction(c)
    try:
        return float(exact) if exact else a * b + c
    except OverflowError:
        return INFINITY if exact > 0 else -INFINITY


fma = fused


def polynomial(x: float, coefficients: Sequence[float]) -> float:
    """By Horner's rule; a long one as two in the square, of half the length, that do not wait for each other."""
    if len(coefficients) < LONG:
        return _horner(x, coefficients)
    return fma(_horner(x * x, coefficients[1::2]), x, _horner(x * x, coefficients[::2]))


def _horner(x: float, coefficients: Sequence[float]) -> float:
    value = coefficients[-1]
    for c in coefficients[-2::-1]:
        value = fma(value, x, c)
    return value


def bits(x: float) -> int:
    return int(struct.unpack("<q", struct.pack("<d", x))[0])


def number(n: int) -> float:
    return float(struct.unpack("<d", struct.pack("<Q", n & (1 << 64) - 1))[0])


def rint(x: float) -> float:
    """The nearest integer, the even one of two."""
    return math.copysign(round(x), x) if math.isfinite(x) else x


def sqrt(x: float) -> float:
    return math.sqrt(x) if x >= 0.0 else NAN


copysign = math.copysign
