"""erf, erfc, erfcx, ndtr, log_ndtr.

erfc(a) = e^(-a^2) G(t) / (1 + 2a) of a >= 0, with one polynomial G in t = (a - 4) / (a + 4) for all a: Shepherd &
Laframboise, Chebyshev Approximation of (1 + 2x) exp(x^2) erfc(x) in 0 <= x < oo, Math. Comp. 36 (1981). The square, the
exponential and the quotient have two parts. erf is x times a polynomial in x^2 below 1, and 1 - erfc from there on.

Of a > 27 erfcx is the series of Poincare in 1 / a^2 (DLMF 7.12.1), SERIES.

ERFC: interpolation of (G(t) - G(0)) / t at the nodes of Chebyshev for a up to 27.5, where erfc ends; error 2^-55.
ERF: interpolation of (erf(x) / x - 2 / sqrt(pi)) / x^2 in x^2 up to 1, error 2^-57.
"""

from __future__ import annotations

from s2sad.backends.native.elementary.double_double import quick_sum, two_product, two_sum
from s2sad.backends.native.elementary.exponentials import exp_parts, scaled
from s2sad.backends.native.elementary.logarithms import log_plus
from s2sad.backends.native.elementary.words import INFINITY, copysign, elementary, fma, fused, polynomial

ERFC_MIDDLE = 1.2329951186255526
ERFC_MIDDLE_LOW = -4.625318921008717e-17
ERFC = (
    -0.1396211168405625,
    0.01537965210261997,
    0.06809705425469183,
    -0.10103906603631671,
    0.09373283499837855,
    -0.06633036581193917,
    0.03716751553705105,
    -0.016197734061208058,
    0.005031969981325855,
    -0.0007577732630870988,
    -0.0001992567084562086,
    0.0001506215543717106,
    -2.4399187106713547e-05,
    -1.1221660092965554e-05,
    5.709728513585764e-06,
    2.9310070843023866e-07,
    -8.255162598348375e-07,
    7.546201245910146e-08,
    1.1024256001297114e-07,
    -1.8459286220127652e-08,
    -1.4272062619774522e-08,
    1.9908488127963592e-09,
    1.326110686568966e-09,
)
ERF_SLOPE = 1.1283791670955126  # 2 / sqrt(pi)
ERF_SLOPE_LOW = 1.533545961316588e-17
ERF = (
    -0.37612638903183754,
    0.11283791670955111,
    -0.026866170645123838,
    0.005223977625303518,
    -0.0008548327010033328,
    0.00012055332214716276,
    -1.4925622504489842e-05,
    1.6461446656928561e-06,
    -1.6355118610877705e-07,
    1.4692484859133263e-08,
    -1.1500357159785296e-09,
    6.174097221305255e-11,
)
SERIES = (-0.5, 0.75, -1.875, 6.5625, -29.53125, 162.421875)  # -1/2, 1*3/4, -1*3*5/8, ...
ROOT_HALF = float.fromhex("0x1.6a09e667f3bcdp-1")
ROOT_HALF_LOW = float.fromhex("-0x1.bdd3413b26456p-55")


def erfc_of_square(a: float, low: float) -> tuple[float, float]:
    """Two parts of e^((a + low)^2) erfc(a + low), of a from 0 to 28."""
    t = (a - 4.0) / (a + 4.0)
    g, g_low = quick_sum(ERFC_MIDDLE, fma(t, polynomial(t, ERFC), ERFC_MIDDLE_LOW))
    d, d_low = two_sum(1.0, a + a)
    i = 1.0 / d
    q = g * i
    return q, (fused(-q, d, g) + (g_low - q * (d_low + low + low))) * i


def erfc_scaled(a: float, low: float) -> tuple[float, float]:
    """k, and erfc(a + low) / 2^k, of a >= 0."""
    beyond = a > 28.0
    a, low = 28.0 if beyond else a, 0.0 if beyond else low
    square, square_low = two_product(a, a)
    k, e, e_low = exp_parts(-square, -fma(a + a, low, square_low))
    q, q_low = erfc_of_square(a, low)
    y, y_low = two_product(e, q)
    return k, y + fma(e, q_low, fma(e_low, q, y_low))


def erf_near(x: float, low: float) -> float:
    """erf(x + low), of |x| < 1."""
    z = x * x
    p, p_low = two_product(x, ERF_SLOPE)
    return p + fma(x, fma(z, polynomial(z, ERF), ERF_SLOPE_LOW), fma(low, fma(z, -ERF_SLOPE, ERF_SLOPE), p_low))


@elementary()
def erf(x: float) -> float:
    k, far = erfc_scaled(abs(x), 0.0)
    y = erf_near(x, 0.0) if abs(x) < 1.0 else copysign(1.0 - scaled(far, k), x)
    return x if x == 0.0 or x != x else y


@elementary()
def erfc(x: float) -> float:
    k, far = erfc_scaled(abs(x), 0.0)
    far = scaled(far, k)
    y = 1.0 - erf_near(x, 0.0) if abs(x) < 0.5 else 2.0 - far if x < 0.0 else far
    return y if x == x else x


@elementary()
def ndtr(x: float) -> float:
    """The normal distribution: erfc(-x / sqrt(2)) / 2."""
    t = copysign(40.0, x) if abs(x) > 40.0 else x
    p, low = two_product(t, ROOT_HALF)
    low = fma(t, ROOT_HALF_LOW, low)
    k, far = erfc_scaled(abs(p), -low if t < 0.0 else low)
    far = scaled(0.5 * far, k)
    y = fma(0.5, erf_near(p, low), 0.5) if abs(p) < 0.5 else far if x < 0.0 else 1.0 - far
    return y if x == x else x


def erfcx_parts(a: float, low: float) -> tuple[float, float]:
    """What `erfc_of_square` gives, of all a >= 0: of large ones by the series in 1 / a^2."""
    q, q_low = erfc_of_square(28.0 if a > 28.0 else a, low)
    i = 1.0 / a
    z = i * i
    p, p_low = two_product(i, 0.5 * ERF_SLOPE)
    far = fma((fused(-i, a, 1.0) - i * low) if a < 1e300 else 0.0, p, p_low)
    far = fma(p, z * polynomial(z, SERIES), fma(i, 0.5 * ERF_SLOPE_LOW, far))
    p, far = quick_sum(p, far)
    large = a > 27.0
    return p if large else q, far if large else q_low


@elementary()
def erfcx(x: float) -> float:
    """e^(x^2) erfc(x), which of negative x is 2 e^(x^2) less that of -x, and near 0 a product."""
    a = abs(x)
    q, q_low = erfcx_parts(a, 0.0)
    b = 27.0 if a > 27.0 else a
    square, square_low = two_product(b, b)
    k, e, e_low = exp_parts(square, square_low)
    below = scaled(e + e, k) - ((q + q_low) - scaled(e_low + e_low, k))
    u, u_low = quick_sum(1.0, -erf_near(x, 0.0))
    y = fma(e, u, fma(e, u_low, e_low * u)) if a < 0.5 else below if x < 0.0 else q + q_low
    return 0.0 if x == INFINITY else y if x == x else x


@elementary()
def log_ndtr(x: float) -> float:
    """log(ndtr(x)): below 0 -x^2/2 + log(erfcx(-x / sqrt(2)) / 2), above log(1 - erfc(x / sqrt(2)) / 2)."""
    t = copysign(1e160, x) if abs(x) > 1e160 else x
    p, low = two_product(t, ROOT_HALF)
    low = fma(t, ROOT_HALF_LOW, low)
    a, a_low = abs(p), -low if t < 0.0 else low
    q, q_low = erfcx_parts(a, a_low)
    k, far = erfc_scaled(a, a_low)
    above = -0.5 * scaled(far, k)
    near = a < 0.5
    left = x < 0.0 and not near
    u, u_low = two_sum(
        0.5 if near else 0.0 if left else 1.0, 0.5 * (erf_near(p, low) if near else q) if near or left else above
    )
    y = log_plus(u, ((0.5 * q_low if left else 0.0) + u_low) / u)
    square, square_low = two_product(0.5 * t, t)
    z, z_low = two_sum(-square, y)
    z = z + (z_low - square_low) if z - z == 0.0 else z
    y = z if left else above if above > -1e-17 and not near else y
    return x if x == -INFINITY or x != x else y
