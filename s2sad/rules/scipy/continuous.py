"""The continuous distributions of scipy.stats over all numbers, in terms of scipy.special: location 0, scale 1."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from scipy import special

from s2sad.ir.builder import call
from s2sad.rules.scipy.distributions import EULER, LOG_2PI, LOG_ROOT_2PI, Family, add, chosen


def _t_logpdf(z: Any, df: Any) -> Any:
    return -0.5 * (df + 1.0) * np.log1p(z * z / df) - special.betaln(0.5, 0.5 * df) - 0.5 * np.log(df)


def _tail(z: Any, k: Any) -> Any:
    """The logarithm of what an exponential variable of mean `k` adds to a normal one."""
    return 0.5 / (k * k) - z / k + special.log_ndtr(z - 1.0 / k)


OF_ALL_NUMBERS = (
    Family(
        "norm",
        (),
        (),
        lambda z: -0.5 * z**2 - LOG_ROOT_2PI,
        cdf=special.ndtr,
        sf=lambda z: special.ndtr(-z),
        logcdf=special.log_ndtr,
        logsf=lambda z: special.log_ndtr(-z),
        ppf=special.ndtri,
        isf=lambda q: -special.ndtri(q),
        mean=lambda: 0.0,
        var=lambda: 1.0,
        entropy=lambda: 0.5 * LOG_2PI + 0.5,
    ),
    Family(
        "t",
        ("df",),
        (3.0,),
        _t_logpdf,
        cdf=lambda z, df: special.stdtr(df, z),
        sf=lambda z, df: special.stdtr(df, -z),
        ppf=lambda q, df: special.stdtrit(df, q),
        isf=lambda q, df: -special.stdtrit(df, q),
        median=lambda df: 0.0 * df,
    ),
    Family(
        "cauchy",
        (),
        (),
        lambda z: -math.log(math.pi) - np.log1p(z * z),
        cdf=lambda z: 0.5 + np.arctan(z) / math.pi,
        sf=lambda z: 0.5 - np.arctan(z) / math.pi,
        ppf=lambda q: np.tan(math.pi * (q - 0.5)),
        isf=lambda q: -np.tan(math.pi * (q - 0.5)),
        entropy=lambda: math.log(4.0 * math.pi),
    ),
    Family(
        "laplace",
        (),
        (),
        lambda z: -np.abs(z) - math.log(2.0),
        cdf=lambda z: chosen(z > 0.0, 1.0 - 0.5 * np.exp(-np.abs(z)), 0.5 * np.exp(-np.abs(z))),
        sf=lambda z: chosen(z > 0.0, 0.5 * np.exp(-np.abs(z)), 1.0 - 0.5 * np.exp(-np.abs(z))),
        ppf=lambda q: chosen(q > 0.5, -np.log(2.0 - 2.0 * q), np.log(2.0 * q)),
        isf=lambda q: chosen(q > 0.5, np.log(2.0 - 2.0 * q), -np.log(2.0 * q)),
        mean=lambda: 0.0,
        var=lambda: 2.0,
        entropy=lambda: math.log(2.0) + 1.0,
    ),
    Family(
        "gennorm",
        ("beta",),
        (1.6,),
        lambda z, beta: np.log(0.5 * beta) - special.gammaln(1.0 / beta) - np.abs(z) ** beta,
        cdf=lambda z, beta: 0.5 + 0.5 * np.sign(z) * special.gammainc(1.0 / beta, np.abs(z) ** beta),
        sf=lambda z, beta: 0.5 - 0.5 * np.sign(z) * special.gammainc(1.0 / beta, np.abs(z) ** beta),
        ppf=lambda q, beta: np.sign(q - 0.5) * special.gammaincinv(1.0 / beta, np.abs(2.0 * q - 1.0)) ** (1.0 / beta),
        median=lambda beta: 0.0 * beta,
        mean=lambda beta: 0.0 * beta,
        var=lambda beta: np.exp(special.gammaln(3.0 / beta) - special.gammaln(1.0 / beta)),
        entropy=lambda beta: 1.0 / beta - np.log(0.5 * beta) + special.gammaln(1.0 / beta),
    ),
    Family(
        "logistic",
        (),
        (),
        lambda z: special.log_expit(z) + special.log_expit(-z),
        cdf=special.expit,
        sf=lambda z: special.expit(-z),
        logcdf=special.log_expit,
        logsf=lambda z: special.log_expit(-z),
        ppf=special.logit,
        isf=lambda q: -special.logit(q),
        mean=lambda: 0.0,
        var=lambda: math.pi**2 / 3.0,
        entropy=lambda: 2.0,
    ),
    Family(
        "gumbel_r",
        (),
        (),
        lambda z: -z - np.exp(-z),
        logcdf=lambda z: -np.exp(-z),
        sf=lambda z: -np.expm1(-np.exp(-z)),
        ppf=lambda q: -np.log(-np.log(q)),
        isf=lambda q: -np.log(-np.log1p(-q)),
        mean=lambda: EULER,
        var=lambda: math.pi**2 / 6.0,
        entropy=lambda: EULER + 1.0,
    ),
    Family(
        "gumbel_l",
        (),
        (),
        lambda z: z - np.exp(z),
        cdf=lambda z: -np.expm1(-np.exp(z)),
        logsf=lambda z: -np.exp(z),
        ppf=lambda q: np.log(-np.log1p(-q)),
        isf=lambda q: np.log(-np.log(q)),
        mean=lambda: -EULER,
        var=lambda: math.pi**2 / 6.0,
        entropy=lambda: EULER + 1.0,
    ),
    Family(
        "vonmises",
        ("kappa",),
        (1.3,),
        lambda z, kappa: kappa * (np.cos(z) - 1.0) - 2.0 * LOG_ROOT_2PI - np.log(special.i0e(kappa)),
    ),
    Family(
        "loggamma",
        ("c",),
        (1.7,),
        lambda z, c: c * z - np.exp(z) - special.gammaln(c),
        cdf=lambda z, c: special.gammainc(c, np.exp(z)),
        sf=lambda z, c: special.gammaincc(c, np.exp(z)),
        ppf=lambda q, c: np.log(special.gammaincinv(c, q)),
        isf=lambda q, c: np.log(special.gammainccinv(c, q)),
        mean=lambda c: special.psi(c),
        var=lambda c: call(special.polygamma, 1, c)[()],
    ),
    Family(
        "dgamma",
        ("a",),
        (1.7,),
        lambda z, a: special.xlogy(a - 1.0, np.abs(z)) - np.abs(z) - math.log(2.0) - special.gammaln(a),
        cdf=lambda z, a: 0.5 + 0.5 * np.sign(z) * special.gammainc(a, np.abs(z)),
        sf=lambda z, a: 0.5 - 0.5 * np.sign(z) * special.gammainc(a, np.abs(z)),
    ),
    Family(
        "genlogistic",
        ("c",),
        (1.7,),
        lambda z, c: np.log(c) + special.log_expit(-z) + c * special.log_expit(z),
        logcdf=lambda z, c: c * special.log_expit(z),
        sf=lambda z, c: -np.expm1(c * special.log_expit(z)),
        ppf=lambda q, c: -np.log(np.expm1(-np.log(q) / c)),
    ),
    Family(
        "hypsecant",
        (),
        (),
        lambda z: -math.log(math.pi) + math.log(2.0) - np.logaddexp(z, -z),
        cdf=lambda z: 2.0 / math.pi * np.arctan(np.exp(z)),
        sf=lambda z: 2.0 / math.pi * np.arctan(np.exp(-z)),
        ppf=lambda q: np.log(np.tan(0.5 * math.pi * q)),
        isf=lambda q: -np.log(np.tan(0.5 * math.pi * q)),
        mean=lambda: 0.0,
        var=lambda: math.pi**2 / 4.0,
        entropy=lambda: math.log(2.0 * math.pi),
    ),
    Family(
        "laplace_asymmetric",
        ("kappa",),
        (1.4,),
        lambda z, k: -np.log(k + 1.0 / k) - np.abs(z) * chosen(z >= 0.0, k, 1.0 / k),
        cdf=lambda z, k: chosen(
            z >= 0.0, 1.0 - np.exp(-np.abs(z) * k) / (1.0 + k * k), k * k / (1.0 + k * k) * np.exp(-np.abs(z) / k)
        ),
        sf=lambda z, k: chosen(
            z >= 0.0, np.exp(-np.abs(z) * k) / (1.0 + k * k), 1.0 - k * k / (1.0 + k * k) * np.exp(-np.abs(z) / k)
        ),
        mean=lambda k: 1.0 / k - k,
        var=lambda k: 1.0 / (k * k) + k * k,
        entropy=lambda k: 1.0 + np.log(k + 1.0 / k),
    ),
    Family(
        "moyal",
        (),
        (),
        lambda z: -0.5 * (z + np.exp(-z)) - LOG_ROOT_2PI,
        cdf=lambda z: special.erfc(math.sqrt(0.5) * np.exp(-0.5 * z)),
        sf=lambda z: special.erf(math.sqrt(0.5) * np.exp(-0.5 * z)),
        ppf=lambda q: -np.log(2.0 * special.erfcinv(q) ** 2),
        isf=lambda q: -np.log(2.0 * special.erfinv(q) ** 2),
        mean=lambda: math.log(2.0) + EULER,
        var=lambda: math.pi**2 / 2.0,
    ),
    Family(
        "skewnorm",
        ("a",),
        (1.7,),
        lambda z, a: math.log(2.0) - 0.5 * z * z - LOG_ROOT_2PI + special.log_ndtr(a * z),
        cdf=lambda z, a: special.ndtr(z) - 2.0 * special.owens_t(z, a),
        sf=lambda z, a: special.ndtr(-z) + 2.0 * special.owens_t(z, a),
        mean=lambda a: math.sqrt(2.0 / math.pi) * a / np.sqrt(1.0 + a * a),
        var=lambda a: 1.0 - 2.0 / math.pi * a * a / (1.0 + a * a),
    ),
    Family(
        "exponnorm",
        ("K",),
        (1.3,),
        lambda z, k: _tail(z, k) - np.log(k),
        cdf=lambda z, k: special.ndtr(z) - np.exp(_tail(z, k)),
        sf=lambda z, k: special.ndtr(-z) + np.exp(_tail(z, k)),
        mean=lambda k: k,
        var=lambda k: 1.0 + k * k,
    ),
    Family(
        "johnsonsu",
        ("a", "b"),
        (0.6, 1.4),
        lambda z, a, b: np.log(b) - 0.5 * np.log1p(z * z) - 0.5 * (a + b * np.arcsinh(z)) ** 2 - LOG_ROOT_2PI,
        cdf=lambda z, a, b: special.ndtr(a + b * np.arcsinh(z)),
        sf=lambda z, a, b: special.ndtr(-a - b * np.arcsinh(z)),
        ppf=lambda q, a, b: np.sinh((special.ndtri(q) - a) / b),
        isf=lambda q, a, b: np.sinh((-special.ndtri(q) - a) / b),
    ),
    Family(
        "norminvgauss",
        ("a", "b"),
        (1.7, 0.6),
        lambda z, a, b: (
            np.log(a / math.pi * special.k1e(a * np.sqrt(1.0 + z * z)))
            + b * z
            + np.sqrt(a * a - b * b)
            - a * np.sqrt(1.0 + z * z)
            - 0.5 * np.log1p(z * z)
        ),
        mean=lambda a, b: b / np.sqrt(a * a - b * b),
        var=lambda a, b: a * a / np.sqrt(a * a - b * b) ** 3,
    ),
    Family(
        "dweibull",
        ("c",),
        (1.7,),
        lambda z, c: np.log(0.5 * c) + special.xlogy(c - 1.0, np.abs(z)) - np.abs(z) ** c,
        cdf=lambda z, c: 0.5 - 0.5 * np.sign(z) * np.expm1(-(np.abs(z) ** c)),
        sf=lambda z, c: 0.5 + 0.5 * np.sign(z) * np.expm1(-(np.abs(z) ** c)),
    ),
)
for _family in OF_ALL_NUMBERS:
    add(_family)
