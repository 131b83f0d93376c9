"""The logistic function, its inverse and logarithm, the sums of exponentials in logarithms, and entropies.

Exponentials are of what is not positive, so that none overflows.
"""

from __future__ import annotations

from s2sad.backends.native.elementary.double_double import quick_sum, ratio, two_product, two_sum
from s2sad.backends.native.elementary.exponentials import LN2, LOG2_E, exp2, exp_parts, power_of_two, scaled
from s2sad.backends.native.elementary.logarithms import log, log1p, log1p_sum, log_plus
from s2sad.backends.native.elementary.words import INFINITY, NAN, elementary, fused


def exp_of_minus(a: float) -> tuple[float, float, float, float, float]:
    """Of a >= 0: k and two parts of e^-a / 2^k, and two parts of e^-a, which are 0 where it is below 2^-1000."""
    k, y, low = exp_parts(-746.0 if a > 746.0 else -a, 0.0)
    s = power_of_two(k if k > -1000.0 else -1000.0)
    s = s if k > -1000.0 else 0.0
    return k, y, low, y * s, low * s


def log_one_more(a: float) -> float:
    """log(1 + e^-a) of a >= 0."""
    k, y, _, e, e_low = exp_of_minus(a)
    small = scaled(y, k)
    return log1p_sum(e, e_low) if k > -60.0 else small


@elementary()
def expit(x: float) -> float:
    """1 / (1 + e^-x), of negative x e^x / (1 + e^x)."""
    k, y, low, e, e_low = exp_of_minus(abs(x))
    d, d_low = quick_sum(1.0, e)
    negative = x < 0.0
    q = ratio(y if negative else 1.0, low if negative else 0.0, d, d_low + e_low)
    q = scaled(q, k if negative else 0.0)
    return q if x == x else x


@elementary()
def log_expit(x: float) -> float:
    """min(x, 0) - log(1 + e^-|x|)."""
    y = (x if x < 0.0 else -0.0) - log_one_more(abs(x))
    return y if x == x else x


@elementary()
def logaddexp(x: float, y: float) -> float:
    """The greater, and log(1 + e^-d) of the difference; of sums near 0 the error is that of the greater."""
    z = (x if x > y else y) + log_one_more(abs(x - y))
    z = z if x - y == x - y else x - y
    return x + LN2 if x == y else z


@elementary()
def logaddexp2(x: float, y: float) -> float:
    """The greater, and log2(1 + 2^-d) of the difference."""
    p, p_low = two_product(log1p_sum(exp2(-abs(x - y)), -0.0), LOG2_E)
    z, z_low = two_sum(x if x > y else y, p)
    z = z + (z_low + p_low) if z - z == 0.0 else z
    return x + 1.0 if x == y else z


@elementary()
def logit(x: float) -> float:
    """log(x / (1 - x)): by its distance from 1 where the quotient is near that, where 1 - 2x has no error."""
    d, d_low = quick_sum(1.0, -x)
    near = x > 0.375 and x < 0.625
    n = x - d if near else x
    q = n / d
    q_low = (fused(-q, d, n) - (d_low if near else 0.0) - q * d_low) / d
    u, u_low = two_sum(1.0 if near else 0.0, q)
    y = log_plus(u, (u_low + q_low) / u)
    return y if x > 0.0 and x < 1.0 else -INFINITY if x == 0.0 else INFINITY if x == 1.0 else NAN


@elementary()
def xlogy(x: float, y: float) -> float:
    """x log(y), which is 0 where x is."""
    return 0.0 if x == 0.0 and y == y else x * log(y)


@elementary()
def xlog1py(x: float, y: float) -> float:
    return 0.0 if x == 0.0 and y == y else x * log1p(y)


@elementary()
def entr(x: float) -> float:
    """-x log(x), which is 0 at 0 and below that -infinity."""
    y = -(x * log(x))
    return y if x > 0.0 or x != x else 0.0 if x == 0.0 else -INFINITY
