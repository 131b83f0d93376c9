"""Numbers in two parts, and the errors of single operations: Muller et al., Handbook of Floating-Point Arithmetic,
2nd edition, chapter 4 (Fast2Sum, 2Sum, 2MultFMA, Dekker's product) and 14 (arithmetic with two parts)."""

from __future__ import annotations

from s2sad.backends.native.elementary.words import fused

SPLITTER = 134217729.0  # 2^27 + 1


def quick_sum(a: float, b: float) -> tuple[float, float]:
    """The sum, and its error, where a is 0, or not less than b, or a multiple of the last place of b."""
    s = a + b
    return s, b - (s - a)


def two_sum(a: float, b: float) -> tuple[float, float]:
    """The sum and its error."""
    s = a + b
    c = s - a
    return s, (a - (s - c)) + (b - c)


def two_product(a: float, b: float) -> tuple[float, float]:
    """The product and its error."""
    p = a * b
    return p, fused(a, b, -p)


def ratio(n: float, n_low: float, d: float, d_low: float) -> float:
    """(n + n_low) / (d + d_low): one division, then one step towards what is left."""
    i = 1.0 / d
    q = n * i
    return q + (fused(-q, d, n) + (n_low - q * d_low)) * i


def split(a: float) -> tuple[float, float]:
    """Two parts of 26 bits, by Veltkamp."""
    c = SPLITTER * a
    high = c - (c - a)
    return high, a - high


def fused_in_parts(a: float, b: float, c: float) -> float:
    """a * b + c nearly as if rounded once, where the machine cannot: by Dekker's product."""
    p = a * b
    a1, a2 = split(a)
    b1, b2 = split(b)
    p_low = ((a1 * b1 - p) + a1 * b2 + a2 * b1) + a2 * b2
    s, s_low = two_sum(p, c)
    y = s + (s_low + p_low)
    return y if y == y else p + c
