"""The distributions of scipy.stats of several variables: vectors, counts of several kinds, matrices."""

from __future__ import annotations

import inspect
from collections.abc import Iterable
from typing import Any

import numpy as np
from scipy import special, stats

from s2sad.errors import UnsupportedType
from s2sad.ir.builder import rank_of, shape_of
from s2sad.ir.definition import define
from s2sad.ir.primitive import Sample
from s2sad.rules.numpy.linalg import positive
from s2sad.rules.numpy.shaping import known_rank
from s2sad.rules.numpy.statistics import in_double
from s2sad.rules.scipy.distributions import LOG_ROOT_2PI, Function


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


def _dirichlet_logpdf(x: Any, alpha: Any) -> Any:
    if known_rank(x, "scipy.stats.dirichlet") != 1:
        raise UnsupportedType("scipy.stats.dirichlet of several points", "call it for each of them")
    return special.gammaln(np.sum(alpha)) - np.sum(special.gammaln(alpha)) + np.sum(special.xlogy(alpha - 1.0, x))


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


_define_several("multivariate_normal", ("logpdf", "pdf"), _mvn_logpdf, _mvn_samples, "mean cov")
_define_several("dirichlet", ("logpdf", "pdf"), _dirichlet_logpdf, lambda rng: [], "alpha")
