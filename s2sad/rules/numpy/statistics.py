"""Averages, order statistics, covariances, and the reductions that leave out what is nan: functions of the others.

Order statistics are items of the sorted array, or lie between two of them; equal items stand in the order in which the
sort leaves them.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

import numpy as np

from s2sad.errors import UnsupportedType
from s2sad.ir.builder import Expr, beside, call, rank_of, shape_of
from s2sad.ir.definition import define
from s2sad.ir.primitive import Sample
from s2sad.ir.types import ContainerType, SequenceType
from s2sad.rules.contributions import cast, conjugated, type_in
from s2sad.rules.domains import REAL
from s2sad.rules.numpy.reductions import Axis, axes_of, count_of
from s2sad.rules.numpy.shaping import known_rank


def keywords(**given: Any) -> dict[str, Any]:
    """The keywords of a call, without those that have the value that they have anyway."""
    return {k: v for k, v in given.items() if v is not None and v is not False}


def _samples(*rows: dict[str, Any]) -> Callable[[np.random.Generator], Iterable[Sample]]:
    """A matrix and a vector, and the matrix with these keywords."""

    def samples(rng: np.random.Generator) -> Iterable[Sample]:
        yield Sample((REAL(rng, (5,)),))
        yield Sample((REAL(rng, (3, 4)),))
        for row in ({"axis": 0}, {"axis": 1, "keepdims": True}, *rows):
            yield Sample((REAL(rng, (3, 4)),), row)

    return samples


def in_dtype_of(c: Any, a: Any) -> Any:
    """A count or a fraction in the precision of `a`, where that is not double."""
    t = type_in(a)
    plain = t.dtype is None or t.dtype.kind not in "fc" or t.dtype.itemsize == 8
    return c if plain or t.dtype == np.complex128 else cast(c, t)


def _ptp(a: Any, axis: Axis = None, keepdims: bool = False) -> Any:
    over = keywords(axis=axis, keepdims=keepdims)
    return np.max(a, **over) - np.min(a, **over)


define(np.ptp, _ptp, _samples({"axis": (0, 1)}))


def _average(a: Any, axis: Axis = None, weights: Any = None, *, keepdims: bool = False) -> Any:
    over = keywords(axis=axis, keepdims=keepdims)
    if weights is None:
        return np.mean(a, **over)
    if axis is None:
        return np.sum(a * weights, **over) / np.sum(weights, **over)
    weights = along(weights, a, axis)
    total = np.sum(np.broadcast_to(weights, shape_of(a)), **over) if rank_of(weights) != rank_of(a) else None
    return np.sum(a * weights, **over) / (np.sum(weights, **over) if total is None else total)


def along(weights: Any, a: Any, axis: Axis) -> Any:
    """Weights of the shape of `a`, or a vector of them for one axis, so that they broadcast against `a`."""
    rank, own = known_rank(a, "np.average"), known_rank(weights, "np.average")
    if own == rank:
        return weights
    if own != 1 or not isinstance(axis, (int, np.integer)):
        raise UnsupportedType("weights of another shape than the array", "weights of that shape, or a vector")
    (k,) = axes_of(axis, rank)
    return weights if k == rank - 1 else weights[(..., *[None] * (rank - 1 - k))]


def _average_samples(rng: np.random.Generator) -> Iterable[Sample]:
    yield from _samples()(rng)
    yield Sample((REAL(rng, (3,)),), {"weights": np.array([0.5, 1.5, 2.0])})
    yield Sample((REAL(rng, (3, 4)), 0), {"weights": np.array([0.5, 1.5, 2.0])})
    yield Sample((REAL(rng, (3, 4)), -1, np.array([0.5, 1.5, 2.0, 0.3])))
    yield Sample((REAL(rng, (3, 4)),), {"weights": np.abs(REAL(rng, (3, 4)))})


define(np.average, _average, _average_samples, "a weights")

# Order statistics

METHODS = {
    "linear": lambda n, q: (n - 1) * q,
    "lower": lambda n, q: np.floor((n - 1) * q),
    "higher": lambda n, q: np.ceil((n - 1) * q),
    "nearest": lambda n, q: np.round((n - 1) * q),
    "midpoint": lambda n, q: 0.5 * (np.floor((n - 1) * q) + np.ceil((n - 1) * q)),
    "weibull": lambda n, q: (n + 1) * q - 1,
    "hazen": lambda n, q: n * q - 0.5,
    "median_unbiased": lambda n, q: n * q + (q - 2.0) / 3.0,
    "normal_unbiased": lambda n, q: n * q + (q - 2.5) / 4.0,
    "interpolated_inverted_cdf": lambda n, q: n * q - 1,
}
"""The place of a quantile among the sorted items, counted from 0."""


def _quantile(a: Any, q: Any, axis: Axis = None, *, method: str = "linear", keepdims: bool = False) -> Any:
    if method not in METHODS:
        raise UnsupportedType(f"quantiles by the method {method!r}", f"the methods are {', '.join(METHODS)}")
    q = numbers_of(q, a)
    items, length = last_axis(np.sort, a, axis)
    # Some methods have places outside the items for quantiles near 0 and 1: the first and the last one serve.
    below = np.maximum(METHODS[method](length, q), 0.0)
    place = np.minimum(below, length - 1.0)
    # The places are constant between the steps; the derivative by q is the slope between two items.
    first = call(np.int64, np.floor(place)) if rank_of(q) == 0 else np.astype(np.floor(place), np.int64)
    second = np.minimum(first + 1, length - 1)
    low = items[..., first]
    part = place - first
    found = low + in_dtype_of(part, a if known_rank(q, "np.quantile") == 0 else q) * (items[..., second] - low)
    lead = known_rank(q, "np.quantile")
    if lead:
        found = np.moveaxis(found, tuple(range(-lead, 0)), tuple(range(lead)))
    return put_back(found, a, axis, keepdims, lead)


def numbers_of(q: Any, a: Any) -> Any:
    """A list of numbers as an array, in the program of `a`."""
    listed = isinstance(q, (list, tuple)) or isinstance(type_in(q), (ContainerType, SequenceType))
    return beside(a, np.array, q) if listed else q


def last_axis(order: Callable[..., Any], a: Any, axis: Axis) -> tuple[Any, Any]:
    """The items along one axis, several or all, as the last axis and in order; how many they are."""
    rank = known_rank(a, "an order statistic")
    if axis is None or (isinstance(axis, tuple) and len(axis) == rank):
        return order(a if rank == 1 else np.reshape(a, (-1,))), call(np.size, a)
    axes = axes_of(axis, rank)
    moved = a if axes == (rank - 1,) else np.moveaxis(a, axes, tuple(range(rank - len(axes), rank)))
    if len(axes) > 1:
        moved = np.reshape(moved, (*[shape_of(moved)[k] for k in range(rank - len(axes))], -1))
    return order(moved), count_of(a, axis)


def put_back(found: Any, a: Any, axis: Axis, keepdims: bool, lead: int = 0) -> Any:
    """A reduction with axes of length 1 where `keepdims` asks for them, behind `lead` axes of its own."""
    if not keepdims:
        return found
    return np.expand_dims(found, tuple(lead + k for k in axes_of(axis, known_rank(a, "an order statistic"))))


def _percentile(a: Any, q: Any, axis: Axis = None, *, method: str = "linear", keepdims: bool = False) -> Any:
    return _quantile(a, numbers_of(q, a) / 100.0, axis, method=method, keepdims=keepdims)


def _apart(rng: np.random.Generator, shape: tuple[int, ...]) -> Any:
    """Numbers in any order, none near another."""
    n = int(np.prod(shape))
    return rng.permutation(np.arange(n) + rng.uniform(-0.2, 0.2, n)).reshape(shape)


def _quantile_samples(scale: float) -> Callable[[np.random.Generator], Iterable[Sample]]:
    def samples(rng: np.random.Generator) -> Iterable[Sample]:
        for q in (0.4, np.array([0.23, 0.62]), [0.4, 0.8]):
            at = [scale * p for p in q] if isinstance(q, list) else scale * q
            yield Sample((_apart(rng, (5,)), at))
            yield Sample((_apart(rng, (3, 4)), at))
            yield Sample((_apart(rng, (3, 4)), at, 0))
            yield Sample((_apart(rng, (3, 4)), at), {"axis": 1, "keepdims": True})
        for method in METHODS:
            yield Sample((_apart(rng, (7,)), 0.37 * scale), {"method": method})
        yield Sample((_apart(rng, (2, 3, 4)), 0.3 * scale), {"axis": (0, 2)})

    return samples


def _median(a: Any, axis: Axis = None, keepdims: bool = False) -> Any:
    items, length = last_axis(np.sort, a, axis)
    return put_back(0.5 * (items[..., (length - 1) // 2] + items[..., length // 2]), a, axis, keepdims)


define(np.quantile, _quantile, _quantile_samples(1.0), "a q")
define(np.percentile, _percentile, _quantile_samples(100.0), "a q")
define(np.median, _median, _samples({"axis": (0, 1)}))

# Covariances


def _cov(
    m: Any,
    y: Any = None,
    rowvar: bool = True,
    bias: bool = False,
    ddof: int | None = None,
    fweights: Any = None,
    aweights: Any = None,
    *,
    dtype: Any = None,
) -> Any:
    if fweights is not None or aweights is not None:
        raise UnsupportedType("np.cov with weights", "write the sums")
    rows = _rows(m, rowvar)
    if y is None and known_rank(m, "np.cov") < 2:
        return _products(rows, rows, bias, ddof)[0, 0]
    if y is not None:
        rows = call(np.concatenate, [rows, _rows(y, rowvar)], axis=0)
    return _products(rows, rows, bias, ddof)


def in_double(x: Any) -> Any:
    """What is computed in double precision in any case."""
    dtype = type_in(x).dtype
    single = isinstance(x, Expr) and dtype is not None and dtype.itemsize < 8 and dtype.kind == "f"
    return call(np.astype, x, np.float64) if single else x


def real(x: Any) -> Any:
    """An operand that is real: of complex numbers there is no rule."""
    if conjugated(x) is not x:
        raise UnsupportedType("the derivative of this function of complex numbers", "give it a rule of your own")
    return x


def _rows(m: Any, rowvar: bool) -> Any:
    """A matrix with a variable in each row."""
    if known_rank(m, "np.cov") == 1:
        return m[None]
    return m if rowvar else m.T


def _products(x: Any, y: Any, bias: bool, ddof: int | None) -> Any:
    """The mean products of the deviations of rows."""
    less = (0 if bias else 1) if ddof is None else ddof
    x = in_double(x)
    count = shape_of(x)[1] - less if less else shape_of(x)[1]
    deviation = x - np.mean(x, axis=1, keepdims=True)
    return deviation @ conjugated(deviation).T / count


def _corrcoef(x: Any, y: Any = None, rowvar: bool = True, *, dtype: Any = None) -> Any:
    found = _cov(x, y, rowvar)
    if rank_of(found) == 0:
        return found / found
    # Divided twice by vectors rather than once by their outer product, as NumPy does it.
    scale = np.sqrt(np.diagonal(found))
    return found / scale[:, None] / scale


def _cov_samples(rng: np.random.Generator) -> Iterable[Sample]:
    yield Sample((REAL(rng, (3, 5)),))
    yield Sample((REAL(rng, (5,)), REAL(rng, (5,))))
    yield Sample((REAL(rng, (5, 3)),), {"rowvar": False})
    yield Sample((REAL(rng, (2, 5)), REAL(rng, (2, 5))))


def _corrcoef_samples(rng: np.random.Generator) -> Iterable[Sample]:
    yield from _cov_samples(rng)
    yield Sample((REAL(rng, (5,)),))


def _more_cov_samples(rng: np.random.Generator) -> Iterable[Sample]:
    yield from _cov_samples(rng)
    yield Sample((REAL(rng, (5,)),))
    yield Sample((REAL(rng, (3, 5)),), {"ddof": 0})
    yield Sample((REAL(rng, (3, 5)),), {"bias": True})


define(np.cov, _cov, _more_cov_samples, "m y")
define(np.corrcoef, _corrcoef, _corrcoef_samples, "x y")

# Without what is nan


def present(a: Any) -> Any:
    return ~np.isnan(a)


def _filled(a: Any, value: float) -> Any:
    return np.where(np.isnan(a), value, a)


def _nansum(a: Any, axis: Axis = None, keepdims: bool = False) -> Any:
    return np.sum(_filled(a, 0.0), **keywords(axis=axis, keepdims=keepdims))


def _nanprod(a: Any, axis: Axis = None, keepdims: bool = False) -> Any:
    return np.prod(_filled(a, 1.0), **keywords(axis=axis, keepdims=keepdims))


def _nanmean(a: Any, axis: Axis = None, keepdims: bool = False) -> Any:
    over = keywords(axis=axis, keepdims=keepdims)
    return np.sum(_filled(a, 0.0), **over) / in_dtype_of(np.sum(present(a), **over), a)


def _nanvar(a: Any, axis: Axis = None, ddof: int = 0, keepdims: bool = False) -> Any:
    over = keywords(axis=axis, keepdims=keepdims)
    count = np.sum(present(a), **over)
    # The selection is made before the square: the derivative of what is left out is then 0, not nan.
    deviation = np.where(np.isnan(a), 0.0, a - _nanmean(a, axis, keepdims=axis is not None))
    return np.sum(deviation * deviation, **over) / in_dtype_of(count - ddof if ddof else count, a)


def _nanstd(a: Any, axis: Axis = None, ddof: int = 0, keepdims: bool = False) -> Any:
    # At equal numbers, where the deviation is least, the derivative is 0: a subgradient.
    variance = _nanvar(a, axis, ddof, keepdims)
    return np.sqrt(variance + (variance == 0)) - (variance == 0)


def _nanquantile(a: Any, q: Any, axis: Axis = None, *, method: str = "linear", keepdims: bool = False) -> Any:
    if method not in METHODS or known_rank(q, "np.nanquantile"):
        raise UnsupportedType("np.nanquantile of several quantiles, or by this method", "call it for each of them")
    items, _ = last_axis(np.sort, a, axis)
    count = np.sum(present(items), axis=-1, keepdims=True)
    place = np.clip(METHODS[method](count, q), 0.0, count - 1.0)
    first = np.astype(np.floor(place), np.int64)
    low, high = (np.take_along_axis(items, k, axis=-1) for k in (first, np.minimum(first + 1, count - 1)))
    return put_back((low + in_dtype_of(place - first, a) * (high - low))[..., 0], a, axis, keepdims)


def _nanpercentile(a: Any, q: Any, axis: Axis = None, *, method: str = "linear", keepdims: bool = False) -> Any:
    return _nanquantile(a, q / 100.0, axis, method=method, keepdims=keepdims)


def _nanmedian(a: Any, axis: Axis = None, keepdims: bool = False) -> Any:
    return _nanquantile(a, 0.5, axis, keepdims=keepdims)


def _cumulated(function: Callable[..., Any], value: float) -> Callable[..., Any]:
    return lambda a, axis=None: function(_filled(a, value), axis=axis)


def _gaps(rng: np.random.Generator, shape: tuple[int, ...]) -> Any:
    """Numbers, some of them nan."""
    x = REAL(rng, shape)
    x.flat[1] = x.flat[-2] = np.nan
    return x


def _gap_samples(rng: np.random.Generator) -> Iterable[Sample]:
    yield Sample((_gaps(rng, (5,)),))
    for row in ({}, {"axis": 0}, {"axis": 1, "keepdims": True}):
        yield Sample((_gaps(rng, (3, 4)),), row)


def _gap_quantiles(scale: float) -> Callable[[np.random.Generator], Iterable[Sample]]:
    return lambda rng: [Sample((*s.arguments, 0.3 * scale), s.keywords) for s in _gap_samples(rng)]


def _cumulative_gaps(rng: np.random.Generator) -> Iterable[Sample]:
    return [Sample((_gaps(rng, (5,)),)), Sample((_gaps(rng, (3, 4)),), {"axis": 1})]


define(np.nansum, _nansum, _gap_samples)
define(np.nanprod, _nanprod, _gap_samples)
define(np.nanmean, _nanmean, _gap_samples)
define(np.nanvar, _nanvar, _gap_samples, of_complex=False)
define(np.nanstd, _nanstd, _gap_samples, of_complex=False)
define(np.nanquantile, _nanquantile, _gap_quantiles(1.0), "a q")
define(np.nanpercentile, _nanpercentile, _gap_quantiles(100.0), "a q")
define(np.nanmedian, _nanmedian, _gap_samples)
define(np.nancumsum, _cumulated(np.cumsum, 0.0), _cumulative_gaps)
define(np.nancumprod, _cumulated(np.cumprod, 1.0), _cumulative_gaps)
