"""The distributions of scipy.stats over integers: probabilities of counts, by their parameters."""

from __future__ import annotations

from typing import Any

import numpy as np
from scipy import special

from s2sad.ir.builder import call
from s2sad.rules.scipy.distributions import Count, add_count


def _choices(n: Any, k: Any) -> Any:
    return special.gammaln(n + 1.0) - special.gammaln(k + 1.0) - special.gammaln(n - k + 1.0)


def _log_choices(n: Any, k: Any) -> Any:
    return -np.log(n + 1.0) - special.betaln(n - k + 1.0, k + 1.0)


COUNTS = (
    Count(
        "poisson",
        ("mu",),
        (1.7,),
        lambda k, mu: special.xlogy(k, mu) - special.gammaln(k + 1.0) - mu,
        cdf=lambda k, mu: special.gammaincc(k + 1.0, mu),
        sf=lambda k, mu: special.gammainc(k + 1.0, mu),
        mean=lambda mu: mu,
        var=lambda mu: mu,
    ),
    Count(
        "bernoulli",
        ("p",),
        (0.3,),
        lambda k, p: special.xlogy(k, p) + special.xlog1py(1 - k, -p),
        cdf=lambda k, p: 1.0 - p,
        sf=lambda k, p: p,
        mean=lambda p: p,
        var=lambda p: p * (1.0 - p),
        entropy=lambda p: special.entr(p) + special.entr(1.0 - p),
        most=lambda p: 1,
        points=(1, 0, 0),
    ),
    Count(
        "binom",
        ("n", "p"),
        (5, 0.3),
        lambda k, n, p: _choices(n, k) + special.xlogy(k, p) + special.xlog1py(n - k, -p),
        cdf=lambda k, n, p: special.betainc(n - k, k + 1.0, 1.0 - p),
        sf=lambda k, n, p: special.betainc(k + 1.0, n - k, p),
        mean=lambda n, p: n * p,
        var=lambda n, p: n * p * (1.0 - p),
        most=lambda n, p: n,
    ),
    Count(
        "geom",
        ("p",),
        (0.3,),
        lambda k, p: special.xlog1py(k - 1, -p) + np.log(p),
        cdf=lambda k, p: -np.expm1(k * np.log1p(-p)),
        sf=lambda k, p: np.exp(k * np.log1p(-p)),
        mean=lambda p: 1.0 / p,
        var=lambda p: (1.0 - p) / (p * p),
        least=1,
        points=(1, 3, 2),
    ),
    Count(
        "nbinom",
        ("n", "p"),
        (4.5, 0.3),
        lambda k, n, p: (
            special.gammaln(n + k)
            - special.gammaln(k + 1.0)
            - special.gammaln(n)
            + n * np.log(p)
            + special.xlog1py(k, -p)
        ),
        cdf=lambda k, n, p: special.betainc(n, k + 1.0, p),
        sf=lambda k, n, p: special.betaincc(n, k + 1.0, p),
        mean=lambda n, p: n * (1.0 - p) / p,
        var=lambda n, p: n * (1.0 - p) / (p * p),
    ),
    Count(
        "betabinom",
        ("n", "a", "b"),
        (5, 2.3, 1.4),
        lambda k, n, a, b: _log_choices(n, k) + special.betaln(k + a, n - k + b) - special.betaln(a, b),
        mean=lambda n, a, b: n * a / (a + b),
        var=lambda n, a, b: n * (a + b + n) * a * b / ((a + b) ** 2 * (a + b + 1.0)),
        most=lambda n, a, b: n,
    ),
    Count(
        "betanbinom",
        ("n", "a", "b"),
        (5, 2.3, 1.4),
        lambda k, n, a, b: (
            -np.log(n + k) - special.betaln(n, k + 1.0) + special.betaln(a + n, b + k) - special.betaln(a, b)
        ),
    ),
    Count(
        "logser",
        ("p",),
        (0.4,),
        lambda k, p: k * np.log(p) - np.log(k) - np.log(-np.log1p(-p)),
        least=1,
        points=(1, 3, 2),
    ),
    Count(
        "zipf",
        ("a",),
        (2.4,),
        lambda k, a: -a * np.log(k) - np.log(call(special.zeta, a, 1.0)),
        least=1,
        points=(1, 3, 2),
    ),
    Count(
        "yulesimon",
        ("alpha",),
        (1.6,),
        lambda k, alpha: np.log(alpha) + special.betaln(k, alpha + 1.0),
        least=1,
        points=(1, 3, 2),
    ),
    Count(
        "planck",
        ("lambda_",),
        (0.6,),
        lambda k, rate: np.log(-np.expm1(-rate)) - rate * k,
        cdf=lambda k, rate: -np.expm1(-rate * (k + 1.0)),
        sf=lambda k, rate: np.exp(-rate * (k + 1.0)),
        mean=lambda rate: 1.0 / np.expm1(rate),
        var=lambda rate: np.exp(-rate) / np.expm1(-rate) ** 2,
    ),
    Count(
        "dlaplace",
        ("a",),
        (0.8,),
        lambda k, a: np.log(np.tanh(0.5 * a)) - a * np.abs(k),
        least=None,
        points=(1, -3, 0),
    ),
    Count(
        "skellam",
        ("mu1", "mu2"),
        (2.3, 1.6),
        lambda k, m, n: (
            0.5 * k * np.log(m / n)
            - (np.sqrt(m) - np.sqrt(n)) ** 2
            + np.log(special.ive(np.abs(k), 2.0 * np.sqrt(m * n)))
        ),
        mean=lambda m, n: m - n,
        var=lambda m, n: m + n,
        least=None,
        points=(1, -3, 0),
    ),
)
for _count in COUNTS:
    add_count(_count)
