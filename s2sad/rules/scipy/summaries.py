"""Statistics of samples in scipy.stats: means, moments, scores, entropies and divergences, correlations."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable
from typing import Any

import numpy as np
from scipy import special, stats

from s2sad.errors import UnsupportedType
from s2sad.ir.builder import call, known_value, shape_of
from s2sad.ir.definition import define
from s2sad.ir.primitive import NotByRule, Sample
from s2sad.rules.domains import POSITIVE, PROBABILITY, REAL
from s2sad.rules.numpy.reductions import Axis, count_of
from s2sad.rules.numpy.shaping import known_rank
from s2sad.rules.numpy.statistics import in_double, in_dtype_of, keywords


def _over(axis: Axis, keepdims: bool = False) -> dict[str, Any]:
    return keywords(axis=axis, keepdims=keepdims)


def _mean(x: Any, axis: Axis, keepdims: bool, weights: Any) -> Any:
    if weights is None:
        return np.mean(x, **_over(axis, keepdims))
    return call(np.average, x, axis=axis, weights=weights, **({"keepdims": True} if keepdims else {}))


def _gmean(a: Any, axis: Axis = 0, dtype: Any = None, weights: Any = None, *, keepdims: bool = False) -> Any:
    return np.exp(_mean(np.log(a), axis, keepdims, weights))


def _hmean(a: Any, axis: Axis = 0, dtype: Any = None, *, weights: Any = None, keepdims: bool = False) -> Any:
    return 1.0 / _mean(1.0 / a, axis, keepdims, weights)


def _pmean(a: Any, p: Any, *, axis: Axis = 0, dtype: Any = None, weights: Any = None, keepdims: bool = False) -> Any:
    if known_value(p) == 0:
        return _gmean(a, axis, weights=weights, keepdims=keepdims)
    return _mean(a**p, axis, keepdims, weights) ** (1.0 / p)


def _centred(a: Any, axis: Axis, center: Any = None) -> Any:
    around = np.mean(a, axis=axis, keepdims=True) if axis is not None else np.mean(a)
    return a - (around if center is None else center)


def _moment(a: Any, order: int = 1, axis: Axis = 0, *, center: Any = None, keepdims: bool = False) -> Any:
    if not isinstance(order, (int, float)):
        raise UnsupportedType("scipy.stats.moment of several orders", "call it for each of them")
    return np.mean(_centred(a, axis, center) ** order, **_over(axis, keepdims))


def _skew(a: Any, axis: Axis = 0, bias: bool = True, *, keepdims: bool = False) -> Any:
    second, third = (_moment(a, k, axis, keepdims=keepdims) for k in (2, 3))
    found = third / second**1.5
    if bias:
        return found
    n = count_of(a, axis)
    return found * in_dtype_of(np.sqrt(n * (n - 1)) / (n - 2), a)


def _kurtosis(a: Any, axis: Axis = 0, fisher: bool = True, bias: bool = True, *, keepdims: bool = False) -> Any:
    second, fourth = (_moment(a, k, axis, keepdims=keepdims) for k in (2, 4))
    found = fourth / second**2
    if not bias:
        n = count_of(a, axis)
        found = 3.0 + (n - 1) / ((n - 2) * (n - 3)) * ((n + 1) * found - 3 * (n - 1))
    return found - 3.0 if fisher else found


def _sem(a: Any, axis: Axis = 0, ddof: Any = 1, *, keepdims: bool = False) -> Any:
    return np.std(a, ddof=ddof, **_over(axis, keepdims)) / in_dtype_of(np.sqrt(count_of(a, axis)), a)


def _variation(a: Any, axis: Axis = 0, ddof: Any = 0, *, keepdims: bool = False) -> Any:
    return np.std(a, ddof=ddof, **_over(axis, keepdims)) / np.mean(a, **_over(axis, keepdims))


def _zmap(scores: Any, compare: Any, axis: Axis = 0, ddof: Any = 0) -> Any:
    over: dict[str, Any] = {} if axis is None else {"axis": axis, "keepdims": True}
    return (scores - np.mean(compare, **over)) / np.std(compare, ddof=ddof, **over)


def _zscore(a: Any, axis: Axis = 0, ddof: Any = 0) -> Any:
    return _zmap(a, a, axis, ddof)


def _gzscore(a: Any, *, axis: Axis = 0, ddof: Any = 0) -> Any:
    return _zscore(np.log(a), axis, ddof)


def _gstd(a: Any, axis: Axis = 0, ddof: Any = 1, *, keepdims: bool = False) -> Any:
    return np.exp(np.std(np.log(a), ddof=ddof, **_over(axis, keepdims)))


def _entropy(pk: Any, qk: Any = None, base: Any = None, axis: Axis = 0, *, keepdims: bool = False) -> Any:
    shares = _normalised(pk, axis)
    terms = special.entr(shares) if qk is None else special.rel_entr(shares, _normalised(qk, axis))
    total = np.sum(terms, **_over(axis, keepdims))
    return total if base is None else total / in_dtype_of(np.log(base), total)


def _normalised(p: Any, axis: Axis) -> Any:
    return p / (np.sum(p) if axis is None else np.sum(p, axis=axis, keepdims=True))


def _trim_mean(a: Any, proportiontocut: float, axis: Axis = 0, *, keepdims: bool = False) -> Any:
    if axis is None:
        a, axis = np.ravel(a), 0
    rank, count = known_rank(a, "scipy.stats.trim_mean"), count_of(a, axis)
    if not isinstance(axis, int):
        raise UnsupportedType("scipy.stats.trim_mean over several axes", "reshape the array first")
    cut = call(int, proportiontocut * count)
    within = [slice(None)] * rank
    within[axis] = slice(cut, count - cut)
    return np.mean(np.sort(a, axis=axis)[tuple(within)], **_over(axis, keepdims))


def _iqr(x: Any, axis: Axis = None, rng: Any = (25, 75), *, keepdims: bool = False) -> Any:
    low, high = (np.percentile(x, q, **_over(axis, keepdims)) for q in rng)
    return high - low


def _deviation(x: Any, axis: Axis = 0, *, keepdims: bool = False) -> Any:
    middle = np.median(x) if axis is None else np.median(x, axis=axis, keepdims=True)
    return np.median(np.abs(x - middle), **_over(axis, keepdims))


def _rayleigh(y: Any, high: Any, low: Any, axis: Axis, keepdims: bool) -> tuple[Any, Any, Any]:
    period = (high - low) / (2.0 * math.pi)
    angles = (y - low) / period
    return (
        np.mean(np.sin(angles), **_over(axis, keepdims)),
        np.mean(np.cos(angles), **_over(axis, keepdims)),
        period,
    )


def _circmean(
    samples: Any, high: Any = 2.0 * math.pi, low: Any = 0, axis: Axis = None, *, keepdims: bool = False
) -> Any:
    sine, cosine, period = _rayleigh(samples, high, low, axis, keepdims)
    return np.mod(np.arctan2(sine, cosine), 2.0 * math.pi) * period + low


def _circvar(
    samples: Any, high: Any = 2.0 * math.pi, low: Any = 0, axis: Axis = None, *, keepdims: bool = False
) -> Any:
    sine, cosine, _ = _rayleigh(samples, high, low, axis, keepdims)
    return 1.0 - np.hypot(sine, cosine)


def _circstd(
    samples: Any,
    high: Any = 2.0 * math.pi,
    low: Any = 0,
    axis: Axis = None,
    *,
    normalize: bool = False,
    keepdims: bool = False,
) -> Any:
    sine, cosine, period = _rayleigh(samples, high, low, axis, keepdims)
    spread = np.sqrt(-2.0 * np.log(np.hypot(sine, cosine)))
    return spread if normalize else spread * period


def _box_cox_likelihood(lmb: Any, data: Any, *, axis: Axis = 0, keepdims: bool = False) -> Any:
    n = count_of(data, axis)
    logs = np.sum(np.log(data), **_over(axis, keepdims))
    return (lmb - 1.0) * logs - 0.5 * n * np.log(np.var(special.boxcox(data, lmb), **_over(axis, keepdims)))


def _yeo_johnson(x: Any, lmbda: Any) -> Any:
    """By its formulas for x below 0 and from 0 on: Yeo and Johnson, Biometrika 87 (2000), 954-959."""
    if lmbda is None:
        raise NotByRule("scipy.stats.yeojohnson without lmbda", "give it: the best one is found by a search")
    up, down = special.boxcox1p(np.maximum(x, 0.0), lmbda), special.boxcox1p(np.maximum(-x, 0.0), 2.0 - lmbda)
    return np.where(x >= 0, up, -down)


def _box_cox(x: Any, lmbda: Any = None) -> Any:
    if lmbda is None:
        raise NotByRule("scipy.stats.boxcox without lmbda", "give it: the best one is found by a search")
    return special.boxcox(x, lmbda)


def _yeo_johnson_likelihood(lmb: Any, data: Any, *, axis: Axis = 0, keepdims: bool = False) -> Any:
    n, over = count_of(data, axis), _over(axis, keepdims)
    logs = np.sum(np.sign(data) * np.log1p(np.abs(data)), **over)
    return (lmb - 1.0) * logs - 0.5 * n * np.log(np.var(_yeo_johnson(data, lmb), **over))


def _untrimmed(name: str, statistic: Callable[..., Any], default: Axis = 0) -> Callable[..., Any]:
    """A statistic of what lies between limits, where there are none."""

    def expression(a: Any, limits: Any = None, *, axis: Axis = default, ddof: int = 1, keepdims: bool = False) -> Any:
        if limits is not None:
            raise NotByRule(f"scipy.stats.{name} with limits", "choose the numbers before")
        return statistic(a, axis, ddof, keepdims)

    return expression


def _plain_mean(a: Any, axis: Axis, ddof: int, keepdims: bool) -> Any:
    return np.mean(a, **_over(axis, keepdims))


def _cumulant(data: Any, n: int = 2, *, axis: Axis = None, keepdims: bool = False) -> Any:
    """Unbiased estimates of cumulants: M. G. Kendall, The Advanced Theory of Statistics 1 (1958), chapter 12."""
    if n == 1:
        return np.mean(data, **_over(axis, keepdims))
    if n not in (2, 3, 4):
        raise NotByRule(f"scipy.stats.kstat of order {n}", "1, 2, 3 or 4")
    count = count_of(data, axis)
    second = _moment(data, 2, axis, keepdims=keepdims)
    if n == 2:
        return count * second / (count - 1)
    if n == 3:
        return count**2 / ((count - 1) * (count - 2)) * _moment(data, 3, axis, keepdims=keepdims)
    fourth = _moment(data, 4, axis, keepdims=keepdims)
    factor = count**2 / ((count - 1) * (count - 2) * (count - 3))
    return factor * ((count + 1) * fourth - 3 * (count - 1) * second**2)


def _between_samples(u: Any, v: Any, over: Callable[[Any], Any]) -> Any:
    """The integral over the line of a function of the difference of two empirical distribution functions."""
    places = np.sort(call(np.concatenate, [u, v]))
    shares = [call(np.searchsorted, np.sort(x), places[:-1], side="right") / shape_of(x)[0] for x in (u, v)]
    return np.sum(over(shares[0] - shares[1]) * np.diff(places))


def _wasserstein(u_values: Any, v_values: Any, u_weights: Any = None, v_weights: Any = None) -> Any:
    if u_weights is not None or v_weights is not None:
        raise NotByRule("scipy.stats.wasserstein_distance with weights", "leave them out")
    return _between_samples(in_double(u_values), in_double(v_values), np.abs)


def _energy(u_values: Any, v_values: Any, u_weights: Any = None, v_weights: Any = None) -> Any:
    if u_weights is not None or v_weights is not None:
        raise NotByRule("scipy.stats.energy_distance with weights", "leave them out")
    return np.sqrt(2.0 * _between_samples(in_double(u_values), in_double(v_values), lambda d: d * d))


def _percentile(a: Any, per: Any, limit: Any = (), interpolation_method: str = "fraction", axis: Axis = None) -> Any:
    if limit or interpolation_method != "fraction":
        raise NotByRule("scipy.stats.scoreatpercentile with limits or a method", "np.percentile")
    return np.percentile(in_double(a), per, **_over(axis))


def _samples(
    domain: Callable[..., Any], *rows: dict[str, Any], further: tuple[Any, ...] = ()
) -> Callable[[np.random.Generator], Iterable[Sample]]:
    """A vector, a matrix, and the matrix with these keywords."""

    def samples(rng: np.random.Generator) -> Iterable[Sample]:
        yield Sample((domain(rng, (7,)), *further))
        for row in ({}, {"axis": 1}, *rows):
            yield Sample((domain(rng, (6, 5)), *further), row)

    return samples


define(stats.gmean, _gmean, _samples(POSITIVE, {"axis": None}), "a weights")
define(stats.hmean, _hmean, _samples(POSITIVE, {"axis": None}, {"keepdims": True}), "a weights")
define(stats.pmean, _pmean, _samples(POSITIVE, {"axis": None}, further=(1.7,)), "a p weights")
define(stats.moment, _moment, _samples(REAL, {"center": 0.3}, further=(3,)), "a center")
define(stats.skew, _skew, _samples(REAL, {"bias": False}, {"axis": None}))
define(stats.kurtosis, _kurtosis, _samples(REAL, {"bias": False}, {"fisher": False, "axis": None}))
define(stats.sem, _sem, _samples(REAL, {"ddof": 0}, {"axis": None, "keepdims": True}))
define(stats.variation, _variation, _samples(POSITIVE, {"ddof": 1}, {"axis": None}))
define(stats.zscore, _zscore, _samples(REAL, {"ddof": 1}, {"axis": None}))
define(stats.gzscore, _gzscore, _samples(POSITIVE, {"ddof": 1}))
define(stats.zmap, _zmap, lambda rng: [Sample((REAL(rng, (4,)), REAL(rng, (6,))))], "scores compare")
define(stats.gstd, _gstd, _samples(POSITIVE, {"axis": None}))
define(
    stats.entropy,
    _entropy,
    lambda rng: [
        Sample((PROBABILITY(rng, (5,)),)),
        Sample((PROBABILITY(rng, (5,)), PROBABILITY(rng, (5,)), 2.0)),
        Sample((PROBABILITY(rng, (3, 4)),), {"axis": 1, "qk": PROBABILITY(rng, (3, 4))}),
    ],
    "pk qk base",
)
define(stats.trim_mean, _trim_mean, _samples(REAL, further=(0.2,)))
define(stats.iqr, _iqr, _samples(REAL, {"rng": (10, 80)}))
define(stats.median_abs_deviation, _deviation, _samples(REAL, {"axis": None}))
define(stats.circmean, _circmean, _samples(POSITIVE, {"high": 12.0, "low": -2.0}), "samples high low")
define(stats.circvar, _circvar, _samples(POSITIVE, {"high": 12.0, "low": -2.0}), "samples high low")
define(stats.circstd, _circstd, _samples(POSITIVE, {"high": 12.0}, {"normalize": True}), "samples high low")
define(
    stats.boxcox_llf,
    _box_cox_likelihood,
    lambda rng: [Sample((0.4, POSITIVE(rng, (6,)))), Sample((-0.3, POSITIVE(rng, (4, 3))))],
    "lmb data",
)
define(stats.boxcox, _box_cox, lambda rng: [Sample((POSITIVE(rng, (5,)), 0.4))], "x lmbda", name="scipy.stats.boxcox")
define(
    stats.yeojohnson,
    _yeo_johnson,
    lambda rng: [Sample((REAL(rng, (6,)), 0.4)), Sample((REAL(rng, (6,)), 1.7))],
    "x lmbda",
    of_complex=False,
)
define(
    stats.yeojohnson_llf,
    _yeo_johnson_likelihood,
    lambda rng: [Sample((0.4, REAL(rng, (6,))))],
    "lmb data",
    of_complex=False,
)
define(stats.tmean, _untrimmed("tmean", _plain_mean, None), _samples(REAL))
for _function, _statistic in (
    (stats.tvar, lambda a, axis, ddof, keepdims: np.var(a, ddof=ddof, **_over(axis, keepdims))),
    (stats.tstd, lambda a, axis, ddof, keepdims: np.std(a, ddof=ddof, **_over(axis, keepdims))),
    (stats.tsem, lambda a, axis, ddof, keepdims: _sem(a, axis, ddof, keepdims=keepdims)),
):
    define(_function, _untrimmed(_function.__name__, _statistic), _samples(REAL))
define(
    stats.kstat,
    _cumulant,
    lambda rng: [Sample((REAL(rng, (7,)), n)) for n in (1, 2, 3, 4)],
)
for _function, _expression in ((stats.wasserstein_distance, _wasserstein), (stats.energy_distance, _energy)):
    define(
        _function,
        _expression,
        lambda rng: [Sample((REAL(rng, (5,)), REAL(rng, (4,))))],
        "v_values",
        of_complex=False,
    )
define(
    stats.scoreatpercentile,
    _percentile,
    lambda rng: [Sample((REAL(rng, (7,)), 30)), Sample((REAL(rng, (4, 3)), 70), {"axis": 0})],
)
