"""Distances of scipy.spatial: of two vectors, of all pairs of the rows of one matrix or of two."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterable
from typing import Any

import numpy as np
import scipy.spatial
from scipy import special
from scipy.spatial import distance

from s2sad.errors import UnsupportedType
from s2sad.ir.builder import call, known_value, shape_of
from s2sad.ir.definition import define
from s2sad.ir.dims import new_dim
from s2sad.ir.primitive import NotByRule, Sample
from s2sad.ir.types import Type, array
from s2sad.ir.unruled import of_module
from s2sad.rules.contributions import fit
from s2sad.rules.domains import POSITIVE, PROBABILITY, REAL
from s2sad.rules.families import rule
from s2sad.rules.numpy.reductions import Axis
from s2sad.rules.numpy.shaping import known_rank
from s2sad.rules.numpy.statistics import in_double, keywords
from s2sad.rules.promotion import array_types

Metric = Callable[..., Any]


def _sum(x: Any, w: Any = None) -> Any:
    return np.sum(x if w is None else in_double(w) * x, axis=-1)


def _euclidean(u: Any, v: Any, w: Any = None) -> Any:
    between = in_double(u) - v
    return np.linalg.norm(between, axis=-1) if w is None else np.sqrt(_sum(between * between, w))


def _squared(u: Any, v: Any, w: Any = None) -> Any:
    return _sum((u - v) ** 2, w)


def _cityblock(u: Any, v: Any, w: Any = None) -> Any:
    return _sum(np.abs(u - v), w)


def _chebyshev(u: Any, v: Any) -> Any:
    return np.max(np.abs(u - v), axis=-1)


def _minkowski(u: Any, v: Any, p: Any = 2, w: Any = None) -> Any:
    if known_value(p) == np.inf:
        raise NotByRule("distances with p=np.inf", "the metric 'chebyshev'")
    return _sum(np.abs(u - v) ** p, w) ** (1.0 / p)


def _standardised(u: Any, v: Any, V: Any) -> Any:
    between = in_double(u) - v
    return np.sqrt(_sum(between * between / V))


def _mahalanobis(u: Any, v: Any, VI: Any) -> Any:
    between = u - v
    return np.sqrt(_sum((between @ VI) * between))


def _cosine(u: Any, v: Any, w: Any = None) -> Any:
    return 1.0 - _sum(u * v, w) / np.sqrt(_sum(u * u, w) * _sum(v * v, w))


def _centred(u: Any, w: Any) -> Any:
    mean = np.mean(u, axis=-1, keepdims=True) if w is None else np.expand_dims(_sum(u, w) / np.sum(in_double(w)), -1)
    return u - mean


def _correlation(u: Any, v: Any, w: Any = None, centered: bool = True) -> Any:
    return _cosine(_centred(u, w), _centred(v, w), w) if centered else _cosine(u, v, w)


def _canberra(u: Any, v: Any, w: Any = None) -> Any:
    u, v = in_double(u), in_double(v)
    return _sum(np.abs(u - v) / (np.abs(u) + np.abs(v)), w)


def _bray_curtis(u: Any, v: Any, w: Any = None) -> Any:
    u, v = in_double(u), in_double(v)
    return _sum(np.abs(u - v), w) / _sum(np.abs(u + v), w)


METRICS: dict[str, Metric] = {
    "euclidean": _euclidean,
    "sqeuclidean": _squared,
    "cityblock": _cityblock,
    "chebyshev": _chebyshev,
    "minkowski": _minkowski,
    "seuclidean": _standardised,
    "mahalanobis": _mahalanobis,
    "cosine": _cosine,
    "correlation": _correlation,
    "canberra": _canberra,
    "braycurtis": _bray_curtis,
}
"""By the names of SciPy's functions, which are those of its metrics too; over the last axis."""

FURTHER: dict[str, dict[str, Callable[[np.random.Generator], Any]]] = {
    "minkowski": {"p": lambda rng: 3.0},
    "seuclidean": {"V": lambda rng: POSITIVE(rng, (3,))},
    "mahalanobis": {"VI": lambda rng: np.diag(POSITIVE(rng, (3,))) + 0.1},
}
"""What a metric is given besides, in samples."""


def _further(rng: np.random.Generator, metric: str) -> dict[str, Any]:
    return {k: of(rng) for k, of in FURTHER.get(metric, {}).items()}


def _of_vectors(name: str, metric: Metric) -> None:
    def expression(u: Any, v: Any, *rest: Any, **further: Any) -> Any:
        if any(known_rank(x, name) != 1 for x in (u, v)):
            raise NotByRule(f"scipy.spatial.distance.{name} of arrays that are no vectors", "give two vectors")
        return metric(u, v, *rest, **further)

    def samples(rng: np.random.Generator) -> Iterable[Sample]:
        pair, further = (REAL(rng, (3,)), 3.0 + REAL(rng, (3,))), _further(rng, name)
        yield Sample((*pair, *further.values()))
        if "w" in expression.__signature__.parameters:  # type: ignore[attr-defined]
            yield Sample((*pair, *further.values()), {"w": POSITIVE(rng, (3,))})

    expression.__signature__ = inspect.signature(metric)  # type: ignore[attr-defined]
    define(
        getattr(distance, name),
        expression,
        samples,
        "v p w V VI",
        name=f"scipy.spatial.distance.{name}",
        of_complex=False,
    )


def _metric(metric: Any, given: dict[str, Any], name: str) -> Callable[[Any, Any], Any]:
    found = METRICS.get(metric) if isinstance(metric, str) else None
    if found is None:
        raise NotByRule(f"scipy.spatial.distance.{name} with metric {metric!r}", "write the sums")
    further = {k: v for k, v in given.items() if v is not None}
    unknown = further.keys() - inspect.signature(found).parameters.keys()
    if unknown:
        raise NotByRule(f"scipy.spatial.distance.{name} with {unknown.pop()} for {metric!r}", "leave it out")
    if metric in ("seuclidean", "mahalanobis") and not further:
        raise NotByRule(f"scipy.spatial.distance.{name} with {metric!r} of the data", "give V, or VI")
    return lambda u, v: found(u, v, **further)


def _cdist(
    XA: Any, XB: Any, metric: Any = "euclidean", *, p: Any = None, V: Any = None, VI: Any = None, w: Any = None
) -> Any:
    of = _metric(metric, {"p": p, "V": V, "VI": VI, "w": w}, "cdist")
    return of(in_double(XA)[:, None], in_double(XB))


def _pdist(X: Any, metric: Any = "euclidean", *, p: Any = None, V: Any = None, VI: Any = None, w: Any = None) -> Any:
    of = _metric(metric, {"p": p, "V": V, "VI": VI, "w": w}, "pdist")
    n = shape_of(X)[0]
    pairs = call(np.nonzero, np.triu(call(np.ones, (n, n)), 1))
    rows = in_double(X)
    return of(rows[pairs[0]], rows[pairs[1]])


def _samples_of_rows(*matrices: int) -> Callable[[np.random.Generator], Iterable[Sample]]:
    def samples(rng: np.random.Generator) -> Iterable[Sample]:
        for metric in METRICS:
            rows = [3.0 * k + REAL(rng, (n, 3)) for k, n in enumerate(matrices)]
            yield Sample((*rows, metric), _further(rng, metric))

    return samples


def _jensen_shannon(p: Any, q: Any, base: Any = None, *, axis: Axis = 0, keepdims: bool = False) -> Any:
    over: dict[str, Any] = {"axis": axis, "keepdims": True}
    p, q = p / np.sum(p, **over), q / np.sum(q, **over)
    middle = 0.5 * (p + q)
    total = np.sum(special.rel_entr(p, middle) + special.rel_entr(q, middle), **keywords(axis=axis, keepdims=keepdims))
    return np.sqrt(0.5 * (total if base is None else total / np.log(base)))


# The square form of the distances of pairs, and back


def _square_type(X: Type, /, force: str = "no", checks: bool = True) -> Type:
    (t,) = array_types("scipy.spatial.distance.squareform", [X])
    if t.shape is None or len(t.shape) not in (1, 2):
        raise UnsupportedType("scipy.spatial.distance.squareform of no vector and no matrix", "")
    n = new_dim("n")
    return array(t.dtype, (n, n) if len(t.shape) == 1 else (n,))


def _square_adjoint(g: Any, y: Any, xs: Any, active: Any, **static: Any) -> Any:
    if known_rank(xs[0], "this") == 1:
        return (fit(call(distance.squareform, g + np.transpose(g), checks=False), xs[0]),)
    return (fit(np.triu(call(distance.squareform, g)), xs[0]),)


def _minkowski_matrix(x: Any, y: Any, p: Any = 2, threshold: int = 1000000) -> Any:
    return _cdist(x, y, "minkowski", p=p) if p != 2 else _cdist(x, y)


def add() -> None:
    """Enter the rows."""
    for name, metric in METRICS.items():
        _of_vectors(name, metric)
    define(
        distance.cdist,
        _cdist,
        _samples_of_rows(3, 2),
        "XB p V VI w",
        name="scipy.spatial.distance.cdist",
        of_complex=False,
    )
    define(
        distance.pdist, _pdist, _samples_of_rows(4), "p V VI w", name="scipy.spatial.distance.pdist", of_complex=False
    )
    define(
        scipy.spatial.distance_matrix,
        _minkowski_matrix,
        lambda rng: [
            Sample((REAL(rng, (3, 2)), 3.0 + REAL(rng, (4, 2)))),
            Sample((REAL(rng, (3, 2)), POSITIVE(rng, (4, 2)) + 3.0, 3)),
        ],
        "y",
        name="scipy.spatial.distance_matrix",
        of_complex=False,
    )
    define(
        distance.jensenshannon,
        _jensen_shannon,
        lambda rng: [
            Sample((PROBABILITY(rng, (4,)), PROBABILITY(rng, (4,)))),
            Sample((PROBABILITY(rng, (4,)), PROBABILITY(rng, (4,)), 2.0)),
            Sample((PROBABILITY(rng, (3, 4)), PROBABILITY(rng, (3, 4))), {"axis": 1}),
        ],
        "q base",
        name="scipy.spatial.distance.jensenshannon",
        of_complex=False,
    )
    rule(
        distance.squareform,
        _square_type,
        tangent=lambda y, xs, dots, **static: call(distance.squareform, dots[0], checks=False),
        adjoint=_square_adjoint,
        samples=lambda rng: [Sample((REAL(rng, (6,)),))],
    )


add()
of_module(
    "scipy.spatial.distance",
    flat="hamming dice jaccard rogerstanimoto russellrao sokalsneath yule is_valid_dm is_valid_y num_obs_dm num_obs_y",
)
of_module(
    "scipy.spatial.distance",
    refused="directed_hausdorff",
    why="the distance between two sets of points",
    instead="np.max(np.min(cdist(u, v), axis=1))",
)
