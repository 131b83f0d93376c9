"""sin, cos, tan, sinc.

x = k pi/2 + r by Cody & Waite, pi/2 in three parts of 33, 53 and 53 bits: the first product is exact, of the second the
error is kept, so that r has two parts, good also next to the zeros of the functions. Then sine and cosine of r as
fdlibm's k_sin.c and k_cos.c have them, each for half of the quadrants.
For |x| >= 2^20 the method of Payne & Hanek (SIGNUM Newsletter 18, 1983): x times those bits of 2/pi that matter modulo
4, in integers; see Muller, Elementary Functions, 3rd edition, chapter 11.

SIN, COS: interpolation of (sin(r) / r - 1) / r^2 and (cos(r) - 1 + r^2/2) / r^4 in r^2 at the nodes of Chebyshev,
errors 2^-57 and 2^-60. TWO_OVER_PI: the bits of 2/pi by mpmath, 64 a word, the first before the point.
"""

from __future__ import annotations

from s2sad.backends.native.elementary.double_double import quick_sum, ratio, two_product
from s2sad.backends.native.elementary.exponentials import SHIFT
from s2sad.backends.native.elementary.words import (
    INFINITY,
    NAN,
    bits,
    elementary,
    fma,
    number,
    polynomial,
    rare,
    rint,
)

TWO_PI_INVERSE = float.fromhex("0x1.45f306dc9c883p-1")  # 2/pi
PI_2_FIRST = float.fromhex("0x1.921fb54400000p+0")
PI_2_SECOND = float.fromhex("0x1.0b4611a626331p-34")
PI_2_THIRD = float.fromhex("0x1.1701b839a2520p-88")
PI_2 = float.fromhex("0x1.921fb54442d18p+0")
PI_2_LOW = float.fromhex("0x1.1a62633145c07p-54")
PI = 2.0 * PI_2
PI_LOW = 2.0 * PI_2_LOW
LARGE = 1048576.0
HALF_OF_LAST = 2.0**-63
TURN = PI_2 * 2.0**-62
TURN_LOW = PI_2_LOW * 2.0**-62

SIN = (
    -0.16666666666666666,
    0.008333333333333331,
    -0.00019841269841265063,
    2.7557319219337312e-06,
    -2.5052106231802837e-08,
    1.6058531516797758e-10,
    -7.586691094197958e-13,
)
COS = (
    0.041666666666666664,
    -0.0013888888888888887,
    2.4801587301584645e-05,
    -2.755731922140179e-07,
    2.0876755790721963e-09,
    -1.1470460830795304e-11,
    4.7458685530816656e-14,
)
# fmt: off
TWO_OVER_PI = (
    0,
    0xA2F9836E4E441529, 0xFC2757D1F534DDC0, 0xDB6295993C439041, 0xFE5163ABDEBBC561, 0xB7246E3A424DD2E0,
    0x06492EEA09D1921C, 0xFE1DEB1CB129A73E, 0xE88235F52EBB4484, 0xE99C7026B45F7E41, 0x3991D639835339F4,
    0x9C845F8BBDF9283B, 0x1FF897FFDE05980F, 0xEF2F118B5A0A6D1F, 0x6D367ECF27CB09B7, 0x4F463F669E5FEA2D,
    0x7527BAC7EBE5F17B, 0x3D0739F78A5292EA, 0x6BFB5FB11F8D5D08, 0x56033046FC7B6BAB,
)
# fmt: on
TO_32 = 0xFFFFFFFF
TO_63 = 0x7FFFFFFFFFFFFFFF


def quarter_turns(x: float) -> tuple[float, float, int]:
    """x - k pi/2 in two parts, and an int whose low bits are those of k; |x| < 2^20."""
    shifted = fma(x, TWO_PI_INVERSE, SHIFT)
    k = shifted - SHIFT
    r = fma(-k, PI_2_FIRST, x)
    p, p_low = two_product(k, PI_2_SECOND)
    s, s_low = quick_sum(r, -p)
    return s, fma(-k, PI_2_THIRD, s_low - p_low), bits(shifted)


def word(place: int, shift: int) -> int:
    """64 bits of 2/pi, from a bit of a word on."""
    next_word = TWO_OVER_PI[place + 1]
    return (TWO_OVER_PI[place] << shift) | (((next_word >> 1) & TO_63) >> (63 - shift))


def upper_product(a: int, b: int) -> int:
    """The upper 64 bits of the product, of a below 2^53 and 64 bits of b without a sign."""
    a0 = a & TO_32
    a1 = a >> 32
    b0 = b & TO_32
    b1 = (b >> 32) & TO_32
    low = a0 * b1
    middle = (((a0 * b0) >> 32) & TO_32) + (low & TO_32) + ((a1 * b0) & TO_32)
    return a1 * b1 + ((low >> 32) & TO_32) + ((a1 * b0) >> 32) + (middle >> 32)


def carry(a: int, b: int) -> int:
    """What is carried out of 64 bits in the sum."""
    return (((a & b) | ((a | b) & ((a + b) ^ -1))) >> 63) & 1


def quarter_turns_of_large(x: float) -> tuple[float, float, int]:
    """What `quarter_turns` gives, of |x| from 2^20 on: k modulo 4 has 2 bits, and 126 bits follow the point."""
    n = bits(abs(x))
    m = (n & 0x000FFFFFFFFFFFFF) | 0x0010000000000000
    e = (n >> 52) - 1013  # |x| is m 2^(e - 62)
    place = e >> 6
    shift = e & 63
    second = word(place + 1, shift)
    first = m * second
    carried = upper_product(m, word(place + 2, shift))
    upper = m * word(place, shift) + upper_product(m, second) + carry(first, carried)
    k = (upper + (1 << 61)) >> 62
    rest = upper - (k << 62)  # from -2^61 to 2^61: of a quarter turn the part of 2^62
    f = float(rest)
    f, f_low = quick_sum(f, float(rest - int(f)) + float(((first + carried) >> 1) & TO_63) * HALF_OF_LAST)
    r, r_low = two_product(f, TURN)
    r, r_low = quick_sum(r, fma(f, TURN_LOW, fma(f_low, TURN, r_low)))
    turned = x < 0.0
    return -r if turned else r, -r_low if turned else r_low, -k if turned else k


def sine(r: float, low: float) -> tuple[float, float]:
    """Two parts of the sine of r + low, |r| <= pi/4."""
    z = r * r
    return r, fma(low, fma(z, -0.5, 1.0), r * z * polynomial(z, SIN))


def cosine(r: float, low: float) -> tuple[float, float]:
    """Two parts of the cosine of r + low, |r| <= pi/4."""
    z = r * r
    half = 0.5 * z
    w = 1.0 - half
    return w, ((1.0 - w) - half) + fma(z * z, polynomial(z, COS), -(r * low))


def sine_of_quarters(r: float, low: float, k: int) -> float:
    """The sine of k pi/2 + r + low."""
    s, s_low = sine(r, low)
    c, c_low = cosine(r, low)
    y = s + s_low if (k & 1) == 0 else c + c_low
    return with_sign(y, k)


def with_sign(y: float, k: int) -> float:
    """y, or -y in the third and fourth quarter."""
    return number(bits(y) ^ ((k & 2) << 62))


def tangent_of_quarters(r: float, low: float, k: int) -> float:
    """The tangent of k pi/2 + r + low."""
    s, s_low = sine(r, low)
    s, s_low = quick_sum(s, s_low)
    c, c_low = cosine(r, low)
    c, c_low = quick_sum(c, c_low)
    even = (k & 1) == 0
    n, n_low = s if even else -c, s_low if even else -c_low
    d, d_low = c if even else s, c_low if even else s_low
    return ratio(n, n_low, d, d_low)


@rare
def sin_of_large(x: float) -> float:
    r, low, k = quarter_turns_of_large(x)
    return sine_of_quarters(r, low, k) if abs(x) < INFINITY else NAN


@rare
def cos_of_large(x: float) -> float:
    r, low, k = quarter_turns_of_large(x)
    return sine_of_quarters(r, low, k + 1) if abs(x) < INFINITY else NAN


@rare
def tan_of_large(x: float) -> float:
    r, low, k = quarter_turns_of_large(x)
    return tangent_of_quarters(r, low, k) if abs(x) < INFINITY else NAN


@elementary()
def sin(x: float) -> float:
    r, low, k = quarter_turns(x)
    y = sine_of_quarters(r, low, k)
    y = sin_of_large(x) if abs(x) >= LARGE else y
    return x if x == 0.0 else y


@elementary()
def cos(x: float) -> float:
    r, low, k = quarter_turns(x)
    y = sine_of_quarters(r, low, k + 1)
    return cos_of_large(x) if abs(x) >= LARGE else y


@elementary()
def tan(x: float) -> float:
    r, low, k = quarter_turns(x)
    y = tangent_of_quarters(r, low, k)
    y = tan_of_large(x) if abs(x) >= LARGE else y
    return x if x == 0.0 else y


@elementary()
def sinc(x: float) -> float:
    """sin(pi x) / (pi x): of x modulo 2 nothing is lost, so that it is 0 at all integers but 0."""
    f = fma(-2.0, rint(0.5 * x), x)
    shifted = fma(f, 2.0, SHIFT)
    t = fma(shifted - SHIFT, -0.5, f)
    r, low = two_product(t, PI)
    low = fma(t, PI_LOW, low)
    s, s_low = sine(r, low)
    c, c_low = cosine(r, low)
    even = (bits(shifted) & 1) == 0
    d, d_low = two_product(x, PI)
    y = ratio(s if even else c, s_low if even else c_low, d, fma(x, PI_LOW, d_low))
    y = with_sign(y, bits(shifted))
    y = y if abs(x) < 4503599627370496.0 else abs(x) * 0.0
    return 1.0 if abs(x) < 1e-20 else y
