"""Small functions that are written into a module which calls them, for what numba does not know."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np


def add_at(x: Any, index: Any, g: Any) -> None:
    """Add `g` to the elements, or rows, of `x` at the indices, one after the other."""
    for k in range(len(index)):
        x[index[k]] += g[k]


def add_number_at(x: Any, index: Any, g: Any) -> None:
    """Add one number to the elements of `x` at the indices, one after the other."""
    for k in range(len(index)):
        x[index[k]] += g


def add_at_pairs(x: Any, rows: Any, columns: Any, g: Any) -> None:
    """Add `g` to the elements of a matrix at pairs of indices, one after the other."""
    for k in range(len(rows)):
        x[rows[k], columns[k]] += g[k]


def max_along(x: Any, axis: Any) -> Any:
    """The maxima of a matrix along an axis."""
    y = x if axis == 1 else x.T
    result = np.empty(y.shape[0])
    for i in range(y.shape[0]):
        result[i] = np.max(y[i])
    return result


def min_along(x: Any, axis: Any) -> Any:
    """The minima of a matrix along an axis."""
    y = x if axis == 1 else x.T
    result = np.empty(y.shape[0])
    for i in range(y.shape[0]):
        result[i] = np.min(y[i])
    return result


def unbroadcast_1(g: Any, x: Any) -> Any:
    """Sum a vector `g` where it is `x` that was repeated."""
    if len(x) == len(g):
        return g
    return np.full(1, np.sum(g))


def unbroadcast_2_1(g: Any, x: Any) -> Any:
    """Sum a matrix `g` over its rows, and its columns where `x` has one element that was repeated."""
    result = np.sum(g, axis=0)
    if len(x) == len(result):
        return result
    return np.full(1, np.sum(result))


def unbroadcast_2(g: Any, x: Any) -> Any:
    """Sum a matrix `g` over the axes along which `x` was repeated."""
    result = np.zeros(x.shape)
    for i in range(g.shape[0]):
        for j in range(g.shape[1]):
            result[i if x.shape[0] > 1 else 0, j if x.shape[1] > 1 else 0] += g[i, j]
    return result


def array_of(xs: Any) -> Any:
    """The numbers of a list in an array."""
    return np.array(xs)


def array_of_lists(xs: Any, dtype: Any) -> Any:
    """The lists of numbers in a list as the rows of a matrix."""
    result = np.empty((len(xs), len(xs[0]) if len(xs) > 0 else 0), dtype)
    for k in range(len(xs)):
        for i in range(len(xs[k])):
            result[k, i] = xs[k][i]
    return result


def array_of_rows(xs: Any, dtype: Any) -> Any:
    """The vectors of a list as the rows of a matrix."""
    result = np.empty((len(xs), len(xs[0]) if len(xs) > 0 else 0), dtype)
    for k in range(len(xs)):
        result[k] = xs[k]
    return result


def array_of_matrices(xs: Any, dtype: Any) -> Any:
    """The matrices of a list in an array."""
    n, m = xs[0].shape if len(xs) > 0 else (0, 0)
    result = np.empty((len(xs), n, m), dtype)
    for k in range(len(xs)):
        result[k] = xs[k]
    return result


def last_stored_at(g: Any, index: Any) -> Any:
    """The adjoint of what was stored at indices of a vector; of what went to one element the last one has it."""
    last = np.full(len(g), -1)
    for k in range(len(index)):
        last[index[k]] = k
    result = np.zeros(len(index))
    for k in range(len(index)):
        if last[index[k]] == k:
            result[k] = g[index[k]]
    return result


HELPERS: dict[str, Callable[..., Any]] = {
    f.__name__: f
    for f in (
        *(add_at, add_number_at, add_at_pairs, last_stored_at, max_along, min_along),
        *(unbroadcast_1, unbroadcast_2_1, unbroadcast_2),
        *(array_of, array_of_lists, array_of_rows, array_of_matrices),
    )
}
"""By their names."""
