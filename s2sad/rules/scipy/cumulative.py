"""Incomplete gamma and beta functions, and the distribution functions that are made of them, by all their arguments.

By the shapes they have the derivatives of `parameters`. An inverse has those of the implicit function theorem.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

import numpy as np
from scipy import special

from s2sad.ir.builder import call
from s2sad.ir.definition import define
from s2sad.ir.primitive import Sample
from s2sad.rules.domains import ORDER, POSITIVE, PROBABILITY, REAL
from s2sad.rules.families import elementwise
from s2sad.rules.scipy.parameters import (
    beta_density,
    betainc_by_parameters,
    by,
    gamma_density,
    gammainc_by_a,
    unknown,
)


def student_density(n: Any, x: Any) -> Any:
    return np.exp(-0.5 * (n + 1.0) * np.log1p(x * x / n) - special.betaln(0.5, 0.5 * n) - 0.5 * np.log(n))


def gamma_by_shape(a: Any, x: Any) -> Any:
    return by(gammainc_by_a, 1, a, x)


def beta_by_first(a: Any, b: Any, x: Any) -> Any:
    return by(betainc_by_parameters, 1, 0, a, b, x)


def beta_by_second(a: Any, b: Any, x: Any) -> Any:
    return by(betainc_by_parameters, 0, 1, a, b, x)


def student_by_degrees(n: Any, x: Any) -> Any:
    """Of (1 + sign(x) * betainc(1/2, n/2, x^2 / (n + x^2))) / 2, by n."""
    x2 = x * x
    return 0.25 * np.sign(x) * beta_by_second(0.5, 0.5 * n, x2 / (n + x2)) - 0.5 * x / n * student_density(n, x)


def _chi2_density(x: Any, n: Any, c: Any) -> Any:
    """The density of the chi-squared distribution with a centre off 0."""
    rest = np.exp((0.5 * n - 1.0) * np.log(0.5 * x) - 0.5 * (x + c) - special.gammaln(0.5 * n))
    return 0.5 * rest * special.hyp0f1(0.5 * n, 0.25 * c * x)


# fmt: off
elementwise(special.gammainc,     lambda y, a, x: gamma_by_shape(a, x),  lambda y, a, x: gamma_density(a, x),
            domain=POSITIVE)
elementwise(special.gammaincc,    lambda y, a, x: -gamma_by_shape(a, x), lambda y, a, x: -gamma_density(a, x),
            domain=POSITIVE)
elementwise(special.gammaincinv,  lambda x, a, y: -gamma_by_shape(a, x) / gamma_density(a, x),
                                  lambda x, a, y: 1.0 / gamma_density(a, x),           domain=(POSITIVE, PROBABILITY))
elementwise(special.gammainccinv, lambda x, a, y: -gamma_by_shape(a, x) / gamma_density(a, x),
                                  lambda x, a, y: -1.0 / gamma_density(a, x),          domain=(POSITIVE, PROBABILITY))
_OF_BETA = (POSITIVE, POSITIVE, PROBABILITY)
elementwise(special.betainc,      lambda y, a, b, x: beta_by_first(a, b, x),
                                  lambda y, a, b, x: beta_by_second(a, b, x),
                                  lambda y, a, b, x: beta_density(a, b, x),            domain=_OF_BETA)
elementwise(special.betaincc,     lambda y, a, b, x: -beta_by_first(a, b, x),
                                  lambda y, a, b, x: -beta_by_second(a, b, x),
                                  lambda y, a, b, x: -beta_density(a, b, x),           domain=_OF_BETA)
elementwise(special.betaincinv,   lambda x, a, b, y: -beta_by_first(a, b, x) / beta_density(a, b, x),
                                  lambda x, a, b, y: -beta_by_second(a, b, x) / beta_density(a, b, x),
                                  lambda x, a, b, y: 1.0 / beta_density(a, b, x),      domain=_OF_BETA)
elementwise(special.betainccinv,  lambda x, a, b, y: -beta_by_first(a, b, x) / beta_density(a, b, x),
                                  lambda x, a, b, y: -beta_by_second(a, b, x) / beta_density(a, b, x),
                                  lambda x, a, b, y: -1.0 / beta_density(a, b, x),     domain=_OF_BETA)
elementwise(special.stdtr,        lambda y, n, x: student_by_degrees(n, x), lambda y, n, x: student_density(n, x),
            domain=(POSITIVE, REAL))
elementwise(special.stdtrit,      lambda x, n, y: -student_by_degrees(n, x) / student_density(n, x),
                                  lambda x, n, y: 1.0 / student_density(n, x),         domain=(POSITIVE, PROBABILITY))
elementwise(special.chndtr,       lambda y, x, n, c: _chi2_density(x, n, c),
                                  unknown("scipy.special.chndtr by the degrees of freedom"),
                                  lambda y, x, n, c: -_chi2_density(x, n + 2.0, c),
            samples=lambda rng: [Sample((POSITIVE(rng, (3,)), 5, POSITIVE(rng, (3,)))), Sample((1.3, 2, 0.7))])
# fmt: on


def _defined(function: np.ufunc, expression: Callable[..., Any], *domains: Callable[..., Any]) -> None:
    """A function of all its operands in terms of others."""

    def samples(rng: np.random.Generator) -> Iterable[Sample]:
        yield Sample(tuple(d(rng, (3,)) for d in domains))
        yield Sample(tuple(float(d(rng, ())) for d in domains))

    define(function, expression, samples, list(expression.__code__.co_varnames), of_complex=False)


def _variance_ratio(m: Any, n: Any, x: Any) -> Any:
    return m * x / (m * x + n)


_defined(
    special.fdtr,
    lambda dfn, dfd, x: special.betainc(0.5 * dfn, 0.5 * dfd, _variance_ratio(dfn, dfd, x)),
    POSITIVE,
    POSITIVE,
    POSITIVE,
)
_defined(
    special.fdtrc,
    lambda dfn, dfd, x: special.betainc(0.5 * dfd, 0.5 * dfn, dfd / (dfn * x + dfd)),
    POSITIVE,
    POSITIVE,
    POSITIVE,
)


def _fdtri(dfn: Any, dfd: Any, p: Any) -> Any:
    # the smaller one of the ratio and its rest is exact
    rest = call(special.betainccinv, 0.5 * dfd, 0.5 * dfn, p)
    return dfd * (1.0 - rest) / (dfn * rest)


_defined(special.fdtri, _fdtri, POSITIVE, POSITIVE, PROBABILITY)
_defined(special.chdtr, lambda v, x: special.gammainc(0.5 * v, 0.5 * x), POSITIVE, POSITIVE)
_defined(special.chdtrc, lambda v, x: special.gammaincc(0.5 * v, 0.5 * x), POSITIVE, POSITIVE)
_defined(special.chdtri, lambda v, p: 2.0 * special.gammainccinv(0.5 * v, p), POSITIVE, PROBABILITY)
_defined(special.gdtr, lambda a, b, x: special.gammainc(b, a * x), POSITIVE, POSITIVE, POSITIVE)
_defined(special.gdtrc, lambda a, b, x: special.gammaincc(b, a * x), POSITIVE, POSITIVE, POSITIVE)
_defined(special.gdtrix, lambda a, b, p: special.gammaincinv(b, p) / a, POSITIVE, POSITIVE, PROBABILITY)


# Of counts there is a derivative by the probability, or by the mean; by the count it is zero.


def _of_count(function: np.ufunc, *partials: Callable[..., Any] | None, whole: tuple[Any, ...]) -> None:
    def samples(rng: np.random.Generator) -> Iterable[Sample]:
        yield Sample((*whole, PROBABILITY(rng, (3,))))
        yield Sample((ORDER(rng, (2, 1)), *whole[1:], PROBABILITY(rng, (3,))))
        yield Sample((*whole, 0.3))

    elementwise(function, *(None for _ in whole), *partials, samples=samples, ends=True)


def _binomial_slope(k: Any, n: Any, p: Any) -> Any:
    k = np.floor(k)
    return -beta_density(n - k, k + 1.0, 1.0 - p)


# fmt: off
_of_count(special.bdtr,   lambda y, k, n, p: _binomial_slope(k, n, p),                  whole=(2, 6))
_of_count(special.bdtrc,  lambda y, k, n, p: -_binomial_slope(k, n, p),                 whole=(2, 6))
_of_count(special.nbdtr,  lambda y, k, n, p: beta_density(n, np.floor(k) + 1.0, p),     whole=(2, 6))
_of_count(special.nbdtrc, lambda y, k, n, p: -beta_density(n, np.floor(k) + 1.0, p),    whole=(2, 6))
_of_count(special.pdtr,   lambda y, k, m: -gamma_density(np.floor(k) + 1.0, m),         whole=(2,))
_of_count(special.pdtrc,  lambda y, k, m: gamma_density(np.floor(k) + 1.0, m),          whole=(2,))
# fmt: on
