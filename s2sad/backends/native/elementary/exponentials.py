"""exp, exp2, exp10, expm1, and their parts for others.

Method of Cody & Waite, Software Manual for the Elementary Functions (1980): x = k ln 2 + r with ln 2 in two parts,
e^r = 1 + r + r^2 q(r) on |r| <= ln(2) / 2, then a scaling by 2^k in two steps, of which the second rounds where the
result is subnormal. expm1 adds the parts of 2^k (1 + p) - 1 from the largest down, as Tang (ACM TOMS 18, 1992) does.

EXP_TAIL: interpolation of (e^r - 1 - r) / r^2 at the nodes of Chebyshev with 60 digits; its error is 2^-61.
"""

from __future__ import annotations

from s2sad.backends.native.elementary.double_double import quick_sum, two_product
from s2sad.backends.native.elementary.words import bits, elementary, fma, fused, number, polynomial

SHIFT = 6755399441055744.0
"""1.5 * 2^52: a number below 2^51 added to it is rounded to an integer, which stands in the low bits."""
SHIFT_EXPONENT = SHIFT + 1023.0
LOG2_E = float.fromhex("0x1.71547652b82fep+0")
LN2_HIGH = float.fromhex("0x1.62e42fee00000p-1")  # 32 bits: its product with k is exact
LN2_LOW = float.fromhex("0x1.a39ef35793c76p-33")
LN2 = float.fromhex("0x1.62e42fefa39efp-1")
LN2_REST = float.fromhex("0x1.abc9e3b39803fp-56")
LN10 = float.fromhex("0x1.26bb1bbb55516p+1")
LN10_REST = float.fromhex("-0x1.f48ad494ea3e9p-53")

EXP_TAIL = (
    0.5,
    0.1666666666666667,
    0.04166666666666667,
    0.008333333333326125,
    0.001388888888888287,
    0.0001984126987485156,
    2.480158732789466e-05,
    2.755725536098087e-06,
    2.7557271127809506e-07,
    2.5105233325420758e-08,
    2.0915618510554166e-09,
)


def power_of_two(k: float) -> float:
    """2^k of an integer from -1022 to 1023."""
    return number(bits(k + SHIFT_EXPONENT) << 52)


def scaled(p: float, k: float) -> float:
    """p 2^k of an integer k from -2044 to 2046: rounded once, also where it is subnormal."""
    half = fma(k, 0.5, SHIFT_EXPONENT)
    first = number(bits(half) << 52)
    return p * first * power_of_two(k - (half - SHIFT_EXPONENT))


def reduced(t: float) -> tuple[float, float, float]:
    """k, and t - k ln 2 in two parts."""
    k = fma(t, LOG2_E, SHIFT) - SHIFT
    h = fma(-k, LN2_HIGH, t)
    r = fma(-k, LN2_LOW, h)
    return k, r, fma(-k, LN2_LOW, h - r)


def exp_tail(r: float, low: float) -> float:
    """e^(r + low) - 1 - r."""
    return fma(r * r, polynomial(r, EXP_TAIL), fma(low, r, low))


@elementary()
def exp(x: float) -> float:
    t = -746.0 if x < -746.0 else x
    t = 710.0 if t > 710.0 else t
    k = fma(t, LOG2_E, SHIFT) - SHIFT
    r = fma(-k, LN2_LOW, fma(-k, LN2_HIGH, t))
    return scaled(1.0 + fma(r * r, polynomial(r, EXP_TAIL), r), k)


def exp_parts(x: float, low: float) -> tuple[float, float, float]:
    """k and two parts of e^(x + low) / 2^k, of |x| < 2000."""
    k, r, r_low = reduced(x)
    p, p_low = quick_sum(1.0, r)
    p_low = p_low + exp_tail(r, r_low)
    y, y_low = quick_sum(p, fma(low, p + p_low, p_low))
    return k, y, y_low


@elementary()
def exp2(x: float) -> float:
    t = -1080.0 if x < -1080.0 else x
    t = 1025.0 if t > 1025.0 else t
    k = (t + SHIFT) - SHIFT
    f = t - k
    r = f * LN2
    return scaled(1.0 + (r + exp_tail(r, fma(f, LN2_REST, fused(f, LN2, -r)))), k)


@elementary()
def exp10(x: float) -> float:
    t = -330.0 if x < -330.0 else x
    t = 310.0 if t > 310.0 else t
    p, p_low = two_product(t, LN10)
    k, y, low = exp_parts(p, fma(t, LN10_REST, p_low))
    return scaled(y, k)


def half_expm1(t: float) -> tuple[float, float]:
    """Two parts of (e^t - 1) / 2, of t from -60 to 710."""
    k, r, low = reduced(t)
    s = power_of_two(k - 1.0)
    y, y_low = quick_sum(s - 0.5, s * r)
    return y, fma(s, exp_tail(r, low), y_low)


@elementary()
def expm1(x: float) -> float:
    t = -60.0 if x < -60.0 else x
    t = 710.0 if t > 710.0 else t
    y, low = half_expm1(t)
    y = y + low
    return x if abs(x) < 1e-300 else y + y
