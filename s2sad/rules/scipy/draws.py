"""Random numbers of scipy.stats: `rvs` of its distributions, as `rules.numpy.random` has those of generators."""

from __future__ import annotations

from scipy import stats

from s2sad.rules.numpy.random import distribution, of_scipy, of_vectors, one


def _all() -> None:
    for name, found in vars(stats).items():
        if isinstance(found, (stats.rv_continuous, stats.rv_discrete)):
            shapes = [s.strip() for s in (found.shapes or "").split(",") if s.strip()]
            of_scipy(f"scipy.stats.{name}.rvs", found.rvs, shapes, isinstance(found, stats.rv_continuous))


_all()
distribution(
    "scipy.stats.multivariate_normal.rvs",
    "mean= cov=",
    shape=of_vectors("mean"),
    function=stats.multivariate_normal.rvs,
    mean=one,
)
