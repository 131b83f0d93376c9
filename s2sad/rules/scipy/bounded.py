"""Those over an interval, which may be one whose ends move with the shapes, with location 0 and scale 1."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from scipy import special

from s2sad.rules.scipy.distributions import LOG_2PI, LOG_ROOT_2PI, Family, add, chosen


def _beta_entropy(a: Any, b: Any) -> Any:
    both = (a + b - 2.0) * special.psi(a + b)
    return special.betaln(a, b) - (a - 1.0) * special.psi(a) - (b - 1.0) * special.psi(b) + both


def _wrapped(z: Any, c: Any) -> Any:
    return np.arctan((1.0 + c) / (1.0 - c) * np.tan(0.5 * z)) / math.pi


OF_AN_INTERVAL = (
    Family(
        "truncnorm",
        ("a", "b"),
        (-1.0, 1.8),
        lambda z, a, b: -0.5 * z**2 - LOG_ROOT_2PI - np.log(special.ndtr(b) - special.ndtr(a)),
        cdf=lambda z, a, b: (special.ndtr(z) - special.ndtr(a)) / (special.ndtr(b) - special.ndtr(a)),
        sf=lambda z, a, b: (special.ndtr(b) - special.ndtr(z)) / (special.ndtr(b) - special.ndtr(a)),
        low=lambda a, b: a,
        high=lambda a, b: b,
        ppf=lambda q, a, b: special.ndtri(special.ndtr(a) + q * (special.ndtr(b) - special.ndtr(a))),
        inner=lambda a, b: 0.5 * (a + b),
    ),
    Family(
        "uniform",
        (),
        (),
        lambda z: 0.0 * z,
        cdf=lambda z: z,
        ppf=lambda q: q,
        low=0.0,
        high=1.0,
        points=(0.3, 0.7, 0.2),
        mean=lambda: 0.5,
        var=lambda: 1.0 / 12.0,
        entropy=lambda: 0.0,
    ),
    Family(
        "beta",
        ("a", "b"),
        (2.0, 3.0),
        lambda z, a, b: special.xlog1py(b - 1.0, -z) + special.xlogy(a - 1.0, z) - special.betaln(a, b),
        cdf=lambda z, a, b: special.betainc(a, b, z),
        sf=lambda z, a, b: special.betaincc(a, b, z),
        ppf=lambda q, a, b: special.betaincinv(a, b, q),
        low=0.0,
        high=1.0,
        points=(0.3, 0.7, 0.2),
        isf=lambda q, a, b: special.betainccinv(a, b, q),
        mean=lambda a, b: a / (a + b),
        var=lambda a, b: a * b / ((a + b) ** 2 * (a + b + 1.0)),
        entropy=_beta_entropy,
    ),
    Family(
        "johnsonsb",
        ("a", "b"),
        (0.6, 1.4),
        lambda z, a, b: np.log(b) - np.log(z) - np.log1p(-z) - 0.5 * (a + b * special.logit(z)) ** 2 - LOG_ROOT_2PI,
        cdf=lambda z, a, b: special.ndtr(a + b * special.logit(z)),
        sf=lambda z, a, b: special.ndtr(-a - b * special.logit(z)),
        ppf=lambda q, a, b: special.expit((special.ndtri(q) - a) / b),
        isf=lambda q, a, b: special.expit((-special.ndtri(q) - a) / b),
        low=0.0,
        high=1.0,
        points=(0.3, 0.7, 0.2),
    ),
    Family(
        "genpareto",
        ("c",),
        (0.3,),
        # (1 + c * z)^(1 / c), which is exp(z) where c is 0
        lambda z, c: -(1.0 + c) * np.log(special.inv_boxcox(z, c)),
        cdf=lambda z, c: -np.expm1(-np.log(special.inv_boxcox(z, c))),
        logsf=lambda z, c: -np.log(special.inv_boxcox(z, c)),
        ppf=lambda q, c: special.boxcox(1.0 / (1.0 - q), c),
        isf=lambda q, c: special.boxcox(1.0 / q, c),
        entropy=lambda c: 1.0 + c,
        low=0.0,
        high=lambda c: chosen(c < 0, -1.0 / (c + (c >= 0)), math.inf),
        inner=0.0,
    ),
    Family(
        "genextreme",
        ("c",),
        (0.3,),
        # (1 - c * z)^(1 / c), which is exp(-z) where c is 0
        lambda z, c: (1.0 - c) * np.log(special.inv_boxcox(-z, c)) - special.inv_boxcox(-z, c),
        logcdf=lambda z, c: -special.inv_boxcox(-z, c),
        sf=lambda z, c: -np.expm1(-special.inv_boxcox(-z, c)),
        ppf=lambda q, c: -special.boxcox(-np.log(q), c),
        isf=lambda q, c: -special.boxcox(-np.log1p(-q), c),
        low=lambda c: chosen(c < 0, 1.0 / (c - (c >= 0)), -math.inf),
        high=lambda c: chosen(c > 0, 1.0 / (c + (c <= 0)), math.inf),
        inner=0.0,
    ),
    *(
        Family(
            name,
            ("a", "b"),
            (0.5, 2.6),
            lambda z, a, b: -np.log(z) - np.log(np.log(b / a)),
            cdf=lambda z, a, b: np.log(z / a) / np.log(b / a),
            sf=lambda z, a, b: np.log(b / z) / np.log(b / a),
            ppf=lambda q, a, b: a * (b / a) ** q,
            entropy=lambda a, b: 0.5 * np.log(a * b) + np.log(np.log(b / a)),
            low=lambda a, b: a,
            high=lambda a, b: b,
            inner=lambda a, b: a,
            points=(0.7, 0.2, 1.4),
        )
        for name in ("loguniform", "reciprocal")
    ),
    Family(
        "powerlaw",
        ("a",),
        (1.7,),
        lambda z, a: np.log(a) + special.xlogy(a - 1.0, z),
        cdf=lambda z, a: z**a,
        ppf=lambda q, a: q ** (1.0 / a),
        mean=lambda a: a / (a + 1.0),
        var=lambda a: a / ((a + 2.0) * (a + 1.0) ** 2),
        entropy=lambda a: 1.0 - 1.0 / a - np.log(a),
        low=0.0,
        high=1.0,
        points=(0.3, 0.7, 0.2),
    ),
    Family(
        "triang",
        ("c",),
        (0.4,),
        lambda z, c: math.log(2.0) + np.log(chosen(z < c, z / c, (1.0 - z) / (1.0 - c))),
        cdf=lambda z, c: chosen(z < c, z * z / c, 1.0 - (1.0 - z) ** 2 / (1.0 - c)),
        sf=lambda z, c: chosen(z < c, 1.0 - z * z / c, (1.0 - z) ** 2 / (1.0 - c)),
        ppf=lambda q, c: chosen(q < c, np.sqrt(c * q), 1.0 - np.sqrt((1.0 - c) * (1.0 - q))),
        mean=lambda c: (c + 1.0) / 3.0,
        var=lambda c: (1.0 - c + c * c) / 18.0,
        low=0.0,
        high=1.0,
        points=(0.3, 0.7, 0.2),
    ),
    Family(
        "arcsine",
        (),
        (),
        lambda z: -math.log(math.pi) - 0.5 * (np.log(z) + np.log1p(-z)),
        cdf=lambda z: 2.0 / math.pi * np.arcsin(np.sqrt(z)),
        sf=lambda z: 2.0 / math.pi * np.arcsin(np.sqrt(1.0 - z)),
        ppf=lambda q: np.sin(0.5 * math.pi * q) ** 2,
        isf=lambda q: np.cos(0.5 * math.pi * q) ** 2,
        mean=lambda: 0.5,
        var=lambda: 0.125,
        low=0.0,
        high=1.0,
        points=(0.3, 0.7, 0.2),
    ),
    Family(
        "semicircular",
        (),
        (),
        lambda z: math.log(2.0 / math.pi) + 0.5 * np.log1p(-z * z),
        cdf=lambda z: 0.5 + (z * np.sqrt(1.0 - z * z) + np.arcsin(z)) / math.pi,
        sf=lambda z: 0.5 - (z * np.sqrt(1.0 - z * z) + np.arcsin(z)) / math.pi,
        mean=lambda: 0.0,
        var=lambda: 0.25,
        low=-1.0,
        high=1.0,
        points=(0.3, -0.7, 0.8),
    ),
    Family(
        "truncexpon",
        ("b",),
        (1.8,),
        lambda z, b: -z - np.log(-np.expm1(-b)),
        cdf=lambda z, b: np.expm1(-z) / np.expm1(-b),
        ppf=lambda q, b: -np.log1p(q * np.expm1(-b)),
        low=0.0,
        high=lambda b: b,
        inner=0.0,
    ),
    Family(
        "wrapcauchy",
        ("c",),
        (0.4,),
        lambda z, c: np.log(1.0 - c * c) - LOG_2PI - np.log(1.0 + c * c - 2.0 * c * np.cos(z)),
        cdf=lambda z, c: chosen(z < math.pi, _wrapped(z, c), 1.0 - _wrapped(2.0 * math.pi - z, c)),
        sf=lambda z, c: chosen(z < math.pi, 1.0 - _wrapped(z, c), _wrapped(2.0 * math.pi - z, c)),
        low=0.0,
        high=2.0 * math.pi,
        points=(0.3, -0.7, 4.4),
    ),
)
for _family in OF_AN_INTERVAL:
    add(_family)
