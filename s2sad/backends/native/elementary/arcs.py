"""arcsin, arccos, arctan, arctan2.

arctan: fdlibm's s_atan.c and its coefficients: of five intervals of n / d the one at hand gives c, and
arctan(n / d) = arctan(c) + arctan((n - c d) / (d + c n)). So arctan2 has no error of a quotient.
arcsin, arccos: fdlibm's e_asin.c and e_acos.c, from 1/2 on by the root of (1 - x) / 2 in two parts.

ASIN: interpolation of (arcsin(s) / s - 1) / s^2 in s^2 up to 1/4 at the nodes of Chebyshev, error 2^-57.
"""

from __future__ import annotations

from s2sad.backends.native.elementary.double_double import quick_sum
from s2sad.backends.native.elementary.trigonometric import PI, PI_2, PI_2_LOW, PI_LOW
from s2sad.backends.native.elementary.words import INFINITY, copysign, elementary, fma, fused, polynomial, sqrt

ATAN = (
    3.33333333333329318027e-01,
    -1.99999999998764832476e-01,
    1.42857142725034663711e-01,
    -1.11111104054623557880e-01,
    9.09088713343650656196e-02,
    -7.69187620504482999495e-02,
    6.66107313738753120669e-02,
    -5.83357013379057348645e-02,
    4.97687799461593236017e-02,
    -3.65315727442169155270e-02,
    1.62858201153657823623e-02,
)
ATAN_HALF = float.fromhex("0x1.dac670561bb4fp-2")
ATAN_HALF_LOW = float.fromhex("0x1.a2b7f222f65e2p-56")
ATAN_ONE = 0.5 * PI_2
ATAN_ONE_LOW = 0.5 * PI_2_LOW
ATAN_MORE = float.fromhex("0x1.f730bd281f69bp-1")  # of 3/2
ATAN_MORE_LOW = float.fromhex("0x1.007887af0cbbdp-56")
ASIN = (
    0.16666666666666669,
    0.07499999999998425,
    0.04464285714637338,
    0.030381944137085216,
    0.022372173002005596,
    0.017352391265909227,
    0.013971235301124539,
    0.011478952690257387,
    0.010324318288744113,
    0.00545087818772055,
    0.017419357964884856,
    -0.014881409392818066,
    0.02877844261259304,
)
UP = 2.0**100
DOWN = 2.0**-100


def arctan_of(n: float, d: float, left: bool) -> float:
    """The angle of the point (d, n), or of (-d, n) if it is to the left, of n, d >= 0; d and 1/d are finite."""
    n = 1e300 if n > 1e300 else n
    first = n < 0.4375 * d
    second = n < 0.6875 * d
    third = n < 1.1875 * d
    fourth = n < 2.4375 * d
    c = 0.0 if first else 0.5 if second else 1.0 if third else 1.5
    high = 0.0 if first else ATAN_HALF if second else ATAN_ONE if third else ATAN_MORE if fourth else PI_2
    low = (
        0.0 if first else ATAN_HALF_LOW if second else ATAN_ONE_LOW if third else ATAN_MORE_LOW if fourth else PI_2_LOW
    )
    above = fma(-c, d, n) if fourth else -d
    below = fma(c, n, d) if fourth else n
    i = 1.0 / below
    t = above * i
    z = t * t
    rest = fma(t * z, polynomial(z, ATAN), -(fused(-t, below, above) * i))
    other, other_low = quick_sum(PI, -high)
    high, low = other if left else high, other_low + (PI_LOW - low) if left else low
    t, rest = -t if left else t, -rest if left else rest
    return high - ((rest - low) - t)


@elementary("atan")
def arctan(x: float) -> float:
    y = copysign(arctan_of(abs(x), 1.0, False), x)
    return x if x == 0.0 else y


@elementary("atan2")
def arctan2(y: float, x: float) -> float:
    n = abs(y)
    d = abs(x)
    large = n > 1e290 or d > 1e290
    small = n < 1e-290 and d < 1e-290
    scale = DOWN if large else UP if small else 1.0
    far = d == INFINITY
    n = (1.0 if n == INFINITY else n * 0.0) if far else n * scale
    d = 1.0 if far or (n == 0.0 and d == 0.0) else d * scale
    return copysign(arctan_of(n, d, copysign(1.0, x) < 0.0), y)


def arcsin_terms(x: float) -> tuple[float, float]:
    """s, and arcsin(s) - s: s is |x|, or the root of (1 - |x|) / 2 if |x| >= 1/2."""
    a = abs(x)
    small = a < 0.5
    z = a * a if small else 0.5 - 0.5 * a
    root = sqrt(z)
    s = a if small else root
    lost = 0.0 if small else fused(-root, root, z) / (root + root + 1e-300)
    return s, fma(s * z, polynomial(z, ASIN), lost)


@elementary("asin")
def arcsin(x: float) -> float:
    s, rest = arcsin_terms(x)
    high, low = quick_sum(PI_2, -(s + s))
    y = s + rest if abs(x) < 0.5 else high + (low + (PI_2_LOW - (rest + rest)))
    return x if x == 0.0 else copysign(y, x)


@elementary("acos")
def arccos(x: float) -> float:
    s, rest = arcsin_terms(x)
    small = abs(x) < 0.5
    s = copysign(s, x) if small else s + s
    rest = copysign(rest, x) if small else rest + rest
    high, low = quick_sum(PI_2 if small else PI, -s)
    y = high + (low + ((PI_2_LOW if small else PI_LOW) - rest))
    return s + rest if x >= 0.5 else y
