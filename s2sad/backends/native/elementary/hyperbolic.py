"""sinh, cosh, tanh and their inverses.

sinh, cosh: a = k ln 2 + r; with S = sinh(r) and C = cosh(r) - 1, both in powers of r,
sinh(a) = (2^k - 2^-k)/2 (1 + C) + (2^k + 2^-k)/2 S and cosh(a) likewise: no division, no subtraction of what is nearly
equal (the method of the addition theorem, as Tang, ACM TOMS 18, 1992, uses it). tanh(a) = e / (e + 2), e = expm1(2a).
The inverses are logarithms of 1 + w with w in two parts, as fdlibm's s_asinh.c, e_acosh.c and e_atanh.c have them.

SINH, COSH: interpolation of (sinh(r) / r - 1) / r^2 and (cosh(r) - 1 - r^2/2) / r^4 in r^2 at the nodes of Chebyshev,
errors 2^-59 and 2^-64.
"""

from __future__ import annotations

from s2sad.backends.native.elementary.double_double import quick_sum, ratio, two_product, two_sum
from s2sad.backends.native.elementary.exponentials import (
    LN2,
    half_expm1,
    power_of_two,
    reduced,
)
from s2sad.backends.native.elementary.logarithms import log1p_sum, log_plus, one_more
from s2sad.backends.native.elementary.words import (
    INFINITY,
    NAN,
    copysign,
    elementary,
    fma,
    fused,
    polynomial,
    sqrt,
)

TINY = 1e-300
HUGE = 1e150

SINH = (
    0.16666666666666666,
    0.008333333333333333,
    0.00019841269841263298,
    2.755731924721873e-06,
    2.505207109429355e-08,
    1.608662795678037e-10,
)
COSH = (
    0.041666666666666664,
    0.001388888888888889,
    2.4801587301583212e-05,
    2.7557319238504446e-07,
    2.087673368373874e-09,
    1.1487984086123612e-11,
)


def halves(a: float) -> tuple[float, float, float, float, float]:
    """Of a from 0 to 710.5: (2^k - 2^-k) / 4, (2^k + 2^-k) / 4, r, sinh(r + low) - r, cosh(r + low) - 1."""
    k, r, low = reduced(a)
    up = power_of_two(k - 2.0)
    down = power_of_two(-2.0 - (k if k < 500.0 else 500.0))
    z = r * r
    sinh_tail = fma(r * z, polynomial(z, SINH), low)
    return up - down, up + down, r, sinh_tail, fma(z, fma(z, polynomial(z, COSH), 0.5), low * r)


@elementary()
def sinh(x: float) -> float:
    a = abs(x)
    difference, total, r, sinh_tail, cosh_tail = halves(710.5 if a > 710.5 else a)
    t, t_low = two_product(total, r)
    y, low = quick_sum(difference, t)
    y = y + (low + (t_low + fma(total, sinh_tail, difference * cosh_tail)))
    return x if a < TINY else copysign(y + y, x)


@elementary()
def cosh(x: float) -> float:
    a = abs(x)
    difference, total, r, sinh_tail, cosh_tail = halves(710.5 if a > 710.5 else a)
    t, t_low = two_product(difference, r)
    y, low = quick_sum(total, t)
    y = y + (low + (t_low + fma(total, cosh_tail, difference * sinh_tail)))
    return y + y


@elementary()
def tanh(x: float) -> float:
    a = abs(x)
    a = 20.0 if a > 20.0 else a
    e, low = half_expm1(a + a)
    e, low = quick_sum(e, low)
    d = e + 1.0
    y = ratio(e, low, d, (e - (d - 1.0)) + low)
    return x if a < TINY else copysign(y, x)


@elementary("asinh")
def arcsinh(x: float) -> float:
    """log(1 + w), w = a + a^2 / (1 + sqrt(1 + a^2)); of large a log(2a)."""
    a = abs(x)
    large = a > HUGE
    b = 1.0 if large else a
    q = b * b
    w, low = quick_sum(b, q / (1.0 + sqrt(1.0 + q)))
    u, add = one_more(w, low)
    y = log_plus(a if large else u, LN2 if large else add)
    y = copysign(y if a < INFINITY else a, x)
    return x if not (a > 1e-10) else y


@elementary("acosh")
def arccosh(x: float) -> float:
    """log(1 + w), w = t + sqrt(2t + t^2), t = x - 1; of large x log(2x)."""
    large = x > HUGE
    t = 1.0 if large else x - 1.0
    square, square_low = two_product(t, t)
    q, q_low = two_sum(t + t, square)
    s = sqrt(q)
    w, low = quick_sum(s, t)
    low = low + (fused(-s, s, q) + (q_low + square_low)) / (s + s)
    u, add = one_more(w, low)
    y = log_plus(x if large else u, LN2 if large else add)
    y = y if x > 1.0 else 0.0 if x == 1.0 else NAN
    return y if x < INFINITY else x


@elementary("atanh")
def arctanh(x: float) -> float:
    """log(1 + w) / 2, w = 2a / (1 - a)."""
    a = abs(x)
    d, d_low = quick_sum(1.0, -a)
    w = (a + a) / d
    low = (fused(-w, d, a + a) - w * d_low) / d
    y = copysign(0.5 * log1p_sum(w, low), x)
    y = y if a < 1.0 else copysign(INFINITY, x) if a == 1.0 else NAN
    return x if a < 1e-10 else y
