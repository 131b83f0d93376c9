"""What scipy.ndimage measures of the parts of an image: sums and means over labels, the least and the greatest number.

The labels are integers, and do not move.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

import numpy as np
from scipy import ndimage

from s2sad.errors import UnsupportedType
from s2sad.ir.builder import Expr, call, rank_of, shape_of
from s2sad.ir.definition import define
from s2sad.ir.primitive import Sample
from s2sad.ir.types import StaticType
from s2sad.rules.domains import REAL
from s2sad.rules.numpy.shaping import known_rank
from s2sad.rules.numpy.statistics import in_double


def _absent(x: Any) -> bool:
    return x is None or (isinstance(x, Expr) and isinstance(x.type, StaticType))


class Parts:
    """The parts of an image: all of it, what has a label above 0, or has one of the labels."""

    def __init__(self, x: Any, labels: Any, index: Any) -> None:
        self.whole = _absent(labels)
        self.single = self.whole or _absent(index) or rank_of(index) == 0
        if self.single:
            self.inside = True if self.whole else labels > 0 if _absent(index) else labels == index
            return
        if rank_of(index) != 1:
            raise UnsupportedType("a measurement of parts by an array of labels of several axes", "pass a vector")
        flat = np.ravel(labels)
        self.names = np.sort(index)
        self.count = shape_of(index)[0]
        self.places = np.minimum(call(np.searchsorted, self.names, flat), self.count - 1)
        self.inside = self.names[self.places] == flat
        self.index = call(np.searchsorted, self.names, index)

    def within(self, x: Any) -> Any:
        """The numbers, zero outside of the parts."""
        return x if self.whole else np.where(self.inside, x if self.single else np.ravel(x), 0.0)

    def totals(self, x: Any) -> Any:
        """The sums over the parts, in the order of their names."""
        if self.single:
            return np.sum(self.within(x))
        return call(np.bincount, self.places, self.within(x), minlength=self.count)

    def total(self, x: Any) -> Any:
        """The sum over each part, in the order of the labels asked for."""
        return self.totals(x) if self.single else self.totals(x)[self.index]

    def mean_of_each(self, x: Any) -> Any:
        """The mean of the part that it is in, at each number of the image."""
        means = self.totals(x) / np.maximum(self.totals(np.ones_like(x)), 1.0)
        return means if self.single else np.reshape(means[self.places], shape_of(x))


def _sum(input: Any, labels: Any = None, index: Any = None) -> Any:
    return Parts(input, labels, index).total(input)


def _mean(input: Any, labels: Any = None, index: Any = None) -> Any:
    parts = Parts(input, labels, index)
    return parts.total(in_double(input)) / parts.total(np.ones_like(input))


def _variance(input: Any, labels: Any = None, index: Any = None) -> Any:
    parts = Parts(input, labels, index)
    x = in_double(input)
    off = x - parts.mean_of_each(x)
    return parts.total(off * off) / parts.total(np.ones_like(x))


def _deviation(input: Any, labels: Any = None, index: Any = None) -> Any:
    return np.sqrt(_variance(input, labels, index))


def _ordered(x: Any, labels: Any, index: Any) -> tuple[Any, Any, Any]:
    """The numbers by label and size, and where those of each label begin and end."""
    flat, names = np.ravel(x), np.ravel(labels)
    order = call(np.lexsort, (flat, names))
    sides = [call(np.searchsorted, names[order], index, side=side) for side in ("left", "right")]
    return flat[order], sides[0], sides[1] - 1


def _extreme(of_all: Callable[[Any], Any], chosen: Callable[[Any, Any, Any], Any]) -> Callable[..., Any]:
    """A measurement that chooses among the numbers of each part."""

    def expression(input: Any, labels: Any = None, index: Any = None) -> Any:
        if _absent(labels):
            return of_all(input)
        if _absent(index):
            return of_all(input[labels > 0])
        ordered, first, last = _ordered(input, labels, index)
        # SciPy gives 0 for a label that the image has not
        count = shape_of(ordered)[0]
        return np.where(first <= last, chosen(ordered, np.minimum(first, count - 1), np.maximum(last, 0)), 0.0)

    return expression


def _middle(x: Any, first: Any, last: Any) -> Any:
    return 0.5 * (x[(first + last) // 2] + x[(first + last + 1) // 2])


def _center(input: Any, labels: Any = None, index: Any = None) -> Any:
    parts = Parts(input, labels, index)
    if not parts.single:
        raise UnsupportedType("scipy.ndimage.center_of_mass of many parts", "call it for each label")
    x = in_double(input)
    rank, total = known_rank(x, "scipy.ndimage.center_of_mass"), parts.total(x)
    rows = [call(np.arange, shape_of(x)[k]) for k in range(rank)]
    return tuple(parts.total(x * row[(slice(None), *[None] * (rank - 1 - k))]) / total for k, row in enumerate(rows))


_LABELS = np.array([[0, 1, 1, 2], [2, 2, 0, 1], [4, 0, 1, 4]])


def _samples(rng: np.random.Generator) -> Iterable[Sample]:
    yield Sample((REAL(rng, (3, 4)), _LABELS), {"index": np.array([2, 1])})
    yield Sample((REAL(rng, (3, 4)),))
    yield Sample((REAL(rng, (3, 4)), _LABELS))
    yield Sample((REAL(rng, (3, 4)), _LABELS, 2))
    yield Sample((REAL(rng, (3, 4)), _LABELS), {"index": [4, 1, 2]})


for _function, _expression in (
    (ndimage.sum_labels, _sum),
    (ndimage.mean, _mean),
    (ndimage.variance, _variance),
    (ndimage.standard_deviation, _deviation),
    (ndimage.maximum, _extreme(np.max, lambda x, first, last: x[last])),
    (ndimage.minimum, _extreme(np.min, lambda x, first, last: x[first])),
    (ndimage.median, _extreme(np.median, _middle)),
):
    define(_function, _expression, _samples, "labels index", of_complex=False)
define(
    ndimage.sum,
    _sum,
    lambda rng: [Sample((REAL(rng, (3, 4)), _LABELS), {"index": np.array([2, 1])})],
    "labels index",
    of_complex=False,
)
define(
    ndimage.center_of_mass,
    _center,
    lambda rng: [Sample((3.0 + REAL(rng, (3, 4)),)), Sample((3.0 + REAL(rng, (3, 4)), _LABELS, 1))],
    "labels index",
    of_complex=False,
)
