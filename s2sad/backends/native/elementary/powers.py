"""pow, sqrt, cbrt, hypot.

pow: y log(x) with the logarithm in two parts, then the exponential, as fdlibm's e_pow.c; the special cases are those of
C99 (annex F.9.4.4).
cbrt: x = 2^(3q + r) m, a polynomial for m^(1/3), a step of Halley and one of Newton with the exact rest, after
FreeBSD's s_cbrt.c. hypot: Borges, An Improved Algorithm for hypot(a, b) (2019), the fused form.

CUBE_ROOT: interpolation of m^(1/3) from the root of 1/2 to that of 2 at the nodes of Chebyshev, error 2^-16.
"""

from __future__ import annotations

from s2sad.backends.native.elementary.double_double import two_product
from s2sad.backends.native.elementary.exponentials import SHIFT, exp_parts, power_of_two, scaled
from s2sad.backends.native.elementary.logarithms import exponent_and_rest, log_parts
from s2sad.backends.native.elementary.words import (
    INFINITY,
    NAN,
    copysign,
    elementary,
    fma,
    fused,
    polynomial,
    rint,
    sqrt,
)

CUBE_ROOT = (0.45368817008240464, 0.8967403674301596, -0.5237681075403342, 0.20934678940311124, -0.03600032929524682)
ROOT_OF_2 = 1.259921049894873
ROOT_OF_HALF = 0.7937005259840998
THIRD = 0.3333333333333333
UP = 2.0**600
DOWN = 2.0**-600


@elementary("power", "float_power")
def pow(x: float, y: float) -> float:
    a = abs(x)
    h, low = log_parts(a)
    ordinary = a > 0.0 and a < INFINITY
    h = h if ordinary else -INFINITY if a == 0.0 else a
    p, p_low = two_product(y, h)
    t = -746.0 if p < -746.0 else p
    t = 710.0 if t > 710.0 else t
    k, e, _ = exp_parts(t, fma(y, low, p_low) if ordinary and t == p else 0.0)
    z = scaled(e, k)
    whole = rint(y) == y
    odd = whole and rint(0.5 * y) != 0.5 * y
    z = copysign(z, x) if odd else z
    z = NAN if x < 0.0 and a < INFINITY and not whole else z
    z = 1.0 if a == 1.0 and abs(y) == INFINITY else z
    return 1.0 if x == 1.0 or y == 0.0 else z


@elementary("sqrt")
def square_root(x: float) -> float:
    return sqrt(x)


@elementary()
def cbrt(x: float) -> float:
    a = abs(x)
    k, f = exponent_and_rest(a)
    m = 1.0 + f
    q = fma(k, THIRD, SHIFT) - SHIFT
    r = fma(q, -3.0, k)
    b = m * (2.0 if r > 0.0 else 0.5 if r < 0.0 else 1.0)
    y = polynomial(m, CUBE_ROOT) * (ROOT_OF_2 if r > 0.0 else ROOT_OF_HALF if r < 0.0 else 1.0)
    cube = y * y * y
    i = 1.0 / (cube + cube + b)
    y = fma(y * (b - cube), i, y)
    square, square_low = two_product(y, y)
    y = fma(y * (fused(-square, y, b) - square_low * y), i, y)
    y = copysign(y * power_of_two(q), x)
    return y if a > 0.0 and a < INFINITY else x


@elementary()
def hypot(x: float, y: float) -> float:
    a = abs(x)
    b = abs(y)
    infinite = a == INFINITY or b == INFINITY
    swapped = a < b
    a, b = b if swapped else a, a if swapped else b
    large = a > 1e150
    small = a < 1e-130
    up = DOWN if large else UP if small else 1.0
    down = UP if large else DOWN if small else 1.0
    a, b = a * up, b * up
    h = sqrt(fma(a, a, b * b))
    square, square_low = two_product(h, h)
    a2, a2_low = two_product(a, a)
    rest = fma(-b, b, square - a2) + (square_low - a2_low)
    h = (h - rest / (h + h)) if h > 0.0 else h
    h = h + a if h != h else h
    return INFINITY if infinite else h * down
