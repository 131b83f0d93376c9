"""log, log1p, log2, log10, and a logarithm in two parts for others.

x = 2^k m with m between the roots of 1/2 and 2; with f = m - 1 and s = f / (2 + f) the logarithm of m is
f - f^2/2 + s (f^2/2 + R(s^2)): fdlibm's e_log.c (Sun, 1993) and its coefficients, error of R below 2^-58.
log1p adds what is lost in 1 + x to the low part of k ln 2, as s_log1p.c does; log2 and log10 multiply two parts, as
FreeBSD's k_log.h does.

In two parts: log m = 2 s + 2/3 s^3 + s^5 T(s^2), where s and 2/3 s^3 have two parts and the rest one, as in e_pow.c.
ATANH_TAIL: interpolation of (2 atanh(s) / s - 2 - 2/3 s^2) / s^4 at the nodes of Chebyshev, error 2^-66.
"""

from __future__ import annotations

from s2sad.backends.native.elementary.double_double import quick_sum, two_product, two_sum
from s2sad.backends.native.elementary.exponentials import LN2_HIGH, LN2_LOW, LOG2_E
from s2sad.backends.native.elementary.words import (
    INFINITY,
    NAN,
    bits,
    elementary,
    fma,
    fused,
    number,
    polynomial,
)

SMALLEST_NORMAL = 2.2250738585072014e-308
TWO_54 = 18014398509481984.0
ROOT_HALF = 0x3FE6A09E667F3BCD  # bits of the root of 1/2
TO_ONE = 0x3FF0000000000000 - ROOT_HALF
MANTISSA = 0x000FFFFFFFFFFFFF
TWO_52 = 0x4330000000000000  # bits of 2^52, whose low ones are those of an integer added to it
EXPONENT = 4503599627370496.0 + 1023.0
EXPONENT_SMALL = EXPONENT + 54.0

LOG_EVEN = (0.6666666666666735, 0.2857142874366239, 0.1818357216161805, 0.14798198605116586)
LOG_ODD = (0.3999999999940942, 0.22222198432149784, 0.15313837699209373)
ATANH_TAIL = (
    0.4,
    0.2857142857142937,
    0.22222222221652765,
    0.18181818336099848,
    0.1538459488700718,
    0.1333480879881234,
    0.11706126464563398,
    0.11724327060846747,
)
TWO_THIRDS = float.fromhex("0x1.5555555555555p-1")
TWO_THIRDS_LOW = float.fromhex("0x1.5555555555555p-55")
LOG2_E_LOW = float.fromhex("0x1.777d0ffda0d24p-56")
LOG10_E = float.fromhex("0x1.bcb7b1526e50ep-2")
LOG10_E_LOW = float.fromhex("0x1.95355baaafad3p-57")
LOG10_2 = float.fromhex("0x1.34413509f6000p-2")  # 40 bits
LOG10_2_LOW = float.fromhex("0x1.9fef311f12b36p-42")


def exponent_and_rest(x: float) -> tuple[float, float]:
    """k and m - 1, of positive x."""
    small = x < SMALLEST_NORMAL
    n = bits(x * TWO_54 if small else x) + TO_ONE
    k = number(((n >> 52) & 0xFFF) | TWO_52) - (EXPONENT_SMALL if small else EXPONENT)
    return k, number((n & MANTISSA) + ROOT_HALF) - 1.0


def tail(f: float, half_square: float) -> float:
    """log(1 + f) - f + f^2/2."""
    s = f / (2.0 + f)
    z = s * s
    w = z * z
    rest = fma(z, polynomial(w, LOG_EVEN), w * polynomial(w, LOG_ODD))
    return s * (half_square + rest)


def log_plus(u: float, add: float) -> float:
    """log(u) + add of positive u, where add is small."""
    k, f = exponent_and_rest(u)
    half_square = 0.5 * f * f
    return fma(k, LN2_HIGH, f - (half_square - (tail(f, half_square) + fma(k, LN2_LOW, add))))


def at_ends(x: float, y: float) -> float:
    """A logarithm y of x where x is positive and finite, what it is elsewhere."""
    y = y if x > 0.0 else -INFINITY if x == 0.0 else NAN
    return y if x < INFINITY else x


@elementary()
def log(x: float) -> float:
    return at_ends(x, log_plus(x, -0.0))


def one_more(x: float, low: float) -> tuple[float, float]:
    """1 + x, and what is to be added to its logarithm to give that of 1 + x + low, where low is small beside x."""
    u, u_low = two_sum(1.0, x)
    return u, (u_low + low) / u


def log1p_sum(x: float, low: float) -> float:
    """log(1 + x + low) for x above -1, where low is small beside x."""
    u, add = one_more(x, low)
    return log_plus(u, add)


@elementary()
def log1p(x: float) -> float:
    y = at_ends(x + 1.0, log1p_sum(x, -0.0))
    return x if abs(x) < 1e-300 else y


def log_terms(x: float) -> tuple[float, float, float]:
    """k, and the logarithm of m in two parts, good to about 2^-56: enough to be multiplied and rounded."""
    k, f = exponent_and_rest(x)
    half_square = 0.5 * f * f
    high, low = quick_sum(f, -half_square)
    return k, high, low + (tail(f, half_square) - fused(0.5 * f, f, -half_square))


@elementary()
def log2(x: float) -> float:
    k, high, low = log_terms(x)
    p, p_low = two_product(high, LOG2_E)
    s, s_low = quick_sum(k, p)
    return at_ends(x, s + (s_low + fma(low, LOG2_E, fma(high, LOG2_E_LOW, p_low))))


@elementary()
def log10(x: float) -> float:
    k, high, low = log_terms(x)
    p, p_low = two_product(high, LOG10_E)
    s, s_low = quick_sum(k * LOG10_2, p)
    return at_ends(x, s + (s_low + fma(k, LOG10_2_LOW, fma(low, LOG10_E, fma(high, LOG10_E_LOW, p_low)))))


def log_parts(x: float) -> tuple[float, float]:
    """The logarithm of positive finite x in two parts, good to about 2^-66."""
    k, f = exponent_and_rest(x)
    d, d_low = quick_sum(2.0, f)
    i = 1.0 / d
    s = f * i
    s_low = (fused(-s, d, f) - s * d_low) * i
    z = s * s
    z_low = fma(2.0 * s, s_low, fused(s, s, -z))
    c, c_low = two_product(z, TWO_THIRDS)
    c_low = fma(z_low, TWO_THIRDS, fma(z, TWO_THIRDS_LOW, c_low))
    c, c_low = quick_sum(c, fma(z * z, polynomial(z, ATANH_TAIL), c_low))
    t, t_low = two_product(c, s)
    t_low = fma(c_low, s, fma(c, s_low, t_low))
    y, y_low = quick_sum(s + s, t)
    y, y_low = quick_sum(y, y_low + (t_low + (s_low + s_low)))
    high, high_low = quick_sum(k * LN2_HIGH, y)
    return quick_sum(high, high_low + fma(k, LN2_LOW, y_low))
