"""The distributions of scipy.stats of several variables: vectors, counts of several kinds, matrices."""

from __future__ import annotations

import inspect
import math
from collections.abc import Iterable
from typing import Any

import numpy as np
from scipy import special, stats

from s2sad.errors import UnsupportedType
from s2sad.ir.builder import call, rank_of, shape_of
from s2sad.ir.definition import define
from s2sad.ir.primitive import Sample
from s2sad.rules.domains import POSITIVE
from s2sad.rules.numpy.linalg import positive
from s2sad.rules.numpy.shaping import known_rank
from s2sad.rules.numpy.statistics import in_double
from s2sad.rules.scipy.distributions import LOG_2PI, LOG_ROOT_2PI, Function


def _mvn_logpdf(x: Any, mean: Any = None, cov: Any = 1, allow_singular: bool = False) -> Any:
    deviation = in_double(x) if mean is None else in_double(x) - mean
    if rank_of(cov) == 0 and (mean is None or rank_of(mean) == 0):
        return -0.5 * deviation**2 / cov - LOG_ROOT_2PI - 0.5 * np.log(cov)
    rank = known_rank(deviation, "scipy.stats.multivariate_normal")
    count = shape_of(deviation)[rank - 1]
    if known_rank(cov, "scipy.stats.multivariate_normal") < 2:
        squares = np.sum(deviation**2 / cov, axis=-1)
        spread = np.log(cov)
        logdet = np.sum(spread) if rank_of(cov) == 1 else count * spread
    else:
        # By the factor: its triangular solve and the sum of the logarithms of its diagonal neither over- nor underflow,
        # where the inverse and the determinant may.
        root = np.linalg.cholesky(cov)
        solved = np.linalg.solve(root, deviation if rank == 1 else deviation.T)
        squares = np.sum(solved**2, axis=0)
        logdet = 2.0 * np.sum(np.log(np.diag(root)))
    return -0.5 * squares - LOG_ROOT_2PI * count - 0.5 * logdet


def _mvn_samples(rng: np.random.Generator) -> Iterable[Sample]:
    x, mean = rng.normal(size=(4, 3)), rng.normal(size=3)
    yield Sample((x[0], mean, positive(rng, 3, 3)))
    yield Sample((x, mean, positive(rng, 3, 3)))
    yield Sample((x, mean, np.array([0.5, 1.5, 2.0])))
    yield Sample((x, mean), {"cov": 1.7})
    yield Sample((x[0],))


def _define_several(name: str, methods: tuple[str, str], logarithm: Function, samples: Any, operands: str) -> None:
    signature = inspect.signature(logarithm)

    def density(*arguments: Any, **named: Any) -> Any:
        return np.exp(logarithm(*arguments, **named))

    density.__signature__ = signature  # type: ignore[attr-defined]
    for method, f in zip(methods, (logarithm, density), strict=True):
        define(
            getattr(getattr(stats, name), method),
            f,
            samples,
            operands,
            name=f"scipy.stats.{name}.{method}",
            of_complex=False,
        )


def _mvn_entropy(mean: Any = None, cov: Any = 1) -> Any:
    cov = in_double(cov)
    rank = known_rank(cov, "scipy.stats.multivariate_normal")
    count = shape_of(cov)[0] if rank else 1 if mean is None else np.size(mean)
    if rank == 2:
        half = np.sum(np.log(np.diag(np.linalg.cholesky(cov))))
    else:
        half = 0.5 * (np.sum(np.log(cov)) if rank else count * np.log(cov))
    return 0.5 * count * (LOG_2PI + 1.0) + half


def _shares(x: Any, alpha: Any) -> Any:
    """A point of a simplex, all numbers of which are given, or all but the last one; of several in columns."""
    rank = known_rank(x, "scipy.stats.dirichlet")
    if rank == 0 or rank > 2:
        raise UnsupportedType("scipy.stats.dirichlet of no vector", "give a vector, or several in columns")
    return x, (alpha if rank == 1 else alpha[:, None])


def _dirichlet_logpdf(x: Any, alpha: Any) -> Any:
    x, powers = _shares(x, alpha)
    return _log_of_beta(alpha, -1.0) + np.sum(special.xlogy(powers - 1.0, x), axis=0)


def _log_of_beta(alpha: Any, sign: float) -> Any:
    """The logarithm of the beta function of several numbers, or of its inverse."""
    total = np.sum(special.gammaln(alpha)) - special.gammaln(np.sum(alpha))
    return total if sign > 0 else -total


def _dirichlet_entropy(alpha: Any) -> Any:
    total = np.sum(alpha)
    count = np.size(alpha)
    return _log_of_beta(alpha, 1.0) + (total - count) * special.psi(total) - np.sum((alpha - 1.0) * special.psi(alpha))


def _dirichlet_var(alpha: Any) -> Any:
    total = np.sum(alpha)
    return alpha * (total - alpha) / (total * total * (total + 1.0))


def _multinomial_logpmf(x: Any, n: Any, p: Any) -> Any:
    choices = special.gammaln(n + 1.0) - np.sum(special.gammaln(x + 1.0), axis=-1)
    # SciPy takes the last probability to be what the others leave
    return choices + np.sum(special.xlogy(x, _completed(p)), axis=-1)


def _completed(p: Any) -> Any:
    return np.concatenate([p[..., :-1], 1.0 - np.sum(p[..., :-1], axis=-1, keepdims=True)], axis=-1)


def _dirichlet_multinomial_logpmf(x: Any, alpha: Any, n: Any) -> Any:
    total = np.sum(alpha, axis=-1)
    whole = special.gammaln(total) + special.gammaln(n + 1.0) - special.gammaln(n + total)
    each = special.gammaln(x + alpha) - special.gammaln(alpha) - special.gammaln(x + 1.0)
    return whole + np.sum(each, axis=-1)


def _multivariate_t_logpdf(x: Any, loc: Any = None, shape: Any = 1, df: Any = 1) -> Any:
    deviation = in_double(x) if loc is None else in_double(x) - loc
    rank = known_rank(deviation, "scipy.stats.multivariate_t")
    if known_rank(shape, "scipy.stats.multivariate_t") != 2:
        raise UnsupportedType("scipy.stats.multivariate_t with a shape that is no matrix", "give a matrix")
    count = shape_of(shape)[0]
    root = np.linalg.cholesky(shape)
    solved = np.linalg.solve(root, deviation if rank == 1 else deviation.T)
    squares = np.sum(solved**2, axis=0)
    whole = special.gammaln(0.5 * (df + count)) - special.gammaln(0.5 * df) - 0.5 * count * np.log(math.pi * df)
    return whole - np.sum(np.log(np.diag(root))) - 0.5 * (df + count) * np.log1p(squares / df)


def _wishart_constant(df: Any, scale: Any) -> tuple[Any, Any]:
    size = shape_of(scale)[0]
    total = np.sum(special.gammaln(0.5 * (df - call(np.arange, size))))
    return size, total + 0.25 * math.log(math.pi) * size * (size - 1) + 0.5 * math.log(2.0) * df * size


def _wishart_logpdf(x: Any, df: Any, scale: Any) -> Any:
    size, constant = _wishart_constant(df, scale)
    powers = 0.5 * (df - size - 1.0) * np.linalg.slogdet(x)[1] - 0.5 * df * np.linalg.slogdet(scale)[1]
    return powers - 0.5 * np.trace(np.linalg.solve(scale, x)) - constant


def _invwishart_logpdf(x: Any, df: Any, scale: Any) -> Any:
    size, constant = _wishart_constant(df, scale)
    powers = 0.5 * df * np.linalg.slogdet(scale)[1] - 0.5 * (df + size + 1.0) * np.linalg.slogdet(x)[1]
    return powers - 0.5 * np.trace(np.linalg.solve(x, scale)) - constant


def _matrix_normal_logpdf(X: Any, mean: Any = None, rowcov: Any = 1, colcov: Any = 1) -> Any:
    deviation = X if mean is None else X - mean
    if known_rank(deviation, "scipy.stats.matrix_normal") != 2 or {rank_of(rowcov), rank_of(colcov)} != {2}:
        raise UnsupportedType("scipy.stats.matrix_normal of several matrices", "call it for each of them")
    m, n = shape_of(deviation)
    rows, columns = np.linalg.cholesky(rowcov), np.linalg.cholesky(colcov)
    solved = np.linalg.solve(columns, np.linalg.solve(rows, deviation).T)
    logdets = n * np.sum(np.log(np.diag(rows))) + m * np.sum(np.log(np.diag(columns)))
    return -0.5 * np.sum(solved**2) - logdets - m * n * LOG_ROOT_2PI


def _on_simplex(rng: np.random.Generator, *shape: int) -> Any:
    found = rng.uniform(0.2, 1.0, shape)
    return found / np.sum(found, axis=-1, keepdims=True)


def _define(name: str, method: str, expression: Function, samples: Any, operands: str) -> None:
    """One method of a distribution of several variables."""
    function = getattr(getattr(stats, name), method)
    define(function, expression, samples, operands, name=f"scipy.stats.{name}.{method}", of_complex=False)


DENSITY, MASS = ("logpdf", "pdf"), ("logpmf", "pmf")
# the points of a simplex cannot be moved one number at a time, as the tests of samples do it: none are given
_define_several("multivariate_normal", DENSITY, _mvn_logpdf, _mvn_samples, "mean cov")
_define_several("dirichlet", DENSITY, _dirichlet_logpdf, lambda rng: [], "alpha")
_define_several("multinomial", MASS, _multinomial_logpmf, lambda rng: [], "n p")
_define_several(
    "dirichlet_multinomial",
    MASS,
    _dirichlet_multinomial_logpmf,
    lambda rng: [Sample((np.array([2, 1, 3]), np.array([0.6, 1.3, 2.1]), 6))],
    "alpha n",
)
_define_several(
    "multivariate_t",
    DENSITY,
    _multivariate_t_logpdf,
    lambda rng: [
        Sample((rng.normal(size=3), rng.normal(size=3), positive(rng, 3, 3), 4.3)),
        Sample((rng.normal(size=(4, 3)), rng.normal(size=3), positive(rng, 3, 3), 4)),
    ],
    "loc shape df",
)
for _name, _logpdf in (("wishart", _wishart_logpdf), ("invwishart", _invwishart_logpdf)):
    _define_several(_name, DENSITY, _logpdf, lambda rng: [], "df scale")
_define_several("matrix_normal", DENSITY, _matrix_normal_logpdf, lambda rng: [], "mean rowcov colcov")
_define(
    "multivariate_normal",
    "entropy",
    _mvn_entropy,
    lambda rng: [Sample((np.zeros(3), positive(rng, 3, 3))), Sample((np.zeros(2), np.array([0.5, 1.5])))],
    "mean cov",
)
_define("dirichlet", "entropy", _dirichlet_entropy, lambda rng: [Sample((POSITIVE(rng, (4,)),))], "alpha")
_define("dirichlet", "mean", lambda alpha: alpha / np.sum(alpha), lambda rng: [Sample((POSITIVE(rng, (4,)),))], "alpha")
_define("dirichlet", "var", _dirichlet_var, lambda rng: [Sample((POSITIVE(rng, (4,)),))], "alpha")
