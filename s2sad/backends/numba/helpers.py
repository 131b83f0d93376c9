"""Small functions that are written into a module which calls them, for what numba does not know."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, TypeAlias

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

Array: TypeAlias = "NDArray[np.float64]"
Indices: TypeAlias = "NDArray[np.intp]"


def add_at(x: Array, index: Indices, g: Array) -> None:
    """Add `g` to the elements, or rows, of `x` at the indices, one after the other."""
    for k in range(len(index)):
        x[index[k]] += g[k]


def add_number_at(x: Array, index: Indices, g: float) -> None:
    """Add one number to the elements of `x` at the indices, one after the other."""
    for k in range(len(index)):
        x[index[k]] += g


def add_at_pairs(x: Array, rows: Indices, columns: Indices, g: Array) -> None:
    """Add `g` to the elements of a matrix at pairs of indices, one after the other."""
    for k in range(len(rows)):
        x[rows[k], columns[k]] += g[k]


def max_along(x: Array, axis: int) -> Array:
    """The maxima of a matrix along an axis."""
    y = x if axis == 1 else x.T
    result = np.empty(y.shape[0])
    for i in range(y.shape[0]):
        result[i] = np.max(y[i])
    return result


def min_along(x: Array, axis: int) -> Array:
    """The minima of a matrix along an axis."""
    y = x if axis == 1 else x.T
    result = np.empty(y.shape[0])
    for i in range(y.shape[0]):
        result[i] = np.min(y[i])
    return result


def unbroadcast_1(g: Array, x: Array) -> Array:
    """Sum a vector `g` where it is `x` that was repeated."""
    if len(x) == len(g):
        return g
    return np.full(1, np.sum(g))


def unbroadcast_2_1(g: Array, x: Array) -> object:
    """Sum a matrix `g` over its rows, and its columns where `x` has one element that was repeated."""
    result = np.sum(g, axis=0)
    if len(x) == len(result):
        return result
    return np.full(1, np.sum(result))


def unbroadcast_2(g: Array, x: Array) -> Array:
    """Sum a matrix `g` over the axes along which `x` was repeated."""
    result = np.zeros(x.shape)
    for i in range(g.shape[0]):
        for j in range(g.shape[1]):
            result[i if x.shape[0] > 1 else 0, j if x.shape[1] > 1 else 0] += g[i, j]
    return result


def array_of(xs: object) -> object:
    """The numbers of a list in an array."""
    return np.array(xs)


def array_of_lists(xs: Sequence[Sequence[float]], dtype: type[np.float64]) -> Array:
    """The lists of numbers in a list as the rows of a matrix."""
    result = np.empty((len(xs), len(xs[0]) if len(xs) > 0 else 0), dtype)
    for k in range(len(xs)):
        for i in range(len(xs[k])):
            result[k, i] = xs[k][i]
    return result


def array_of_rows(xs: Sequence[Array], dtype: type[np.float64]) -> Array:
    """The vectors of a list as the rows of a matrix."""
    result = np.empty((len(xs), len(xs[0]) if len(xs) > 0 else 0), dtype)
    for k in range(len(xs)):
        result[k] = xs[k]
    return result


def array_of_matrices(xs: Sequence[Array], dtype: type[np.float64]) -> Array:
    """The matrices of a list in an array."""
    n, m = xs[0].shape if len(xs) > 0 else (0, 0)
    result = np.empty((len(xs), n, m), dtype)
    for k in range(len(xs)):
        result[k] = xs[k]
    return result


def last_stored_at(g: Array, index: Indices) -> Array:
    """The adjoint of what was stored at indices of a vector; of what went to one element the last one has it."""
    last = np.full(len(g), -1)
    for k in range(len(index)):
        last[index[k]] = k
    result = np.zeros(len(index))
    for k in range(len(index)):
        if last[index[k]] == k:
            result[k] = g[index[k]]
    return result


def python_divide(a: float, b: float) -> float:
    """`a / b` of Python's numbers, which raise where NumPy's give what is infinite."""
    if b == 0:
        raise ZeroDivisionError("division by zero")
    return a / b


def python_floor_divide(a: float, b: float) -> float:
    """`a // b` of Python's numbers."""
    if b == 0:
        raise ZeroDivisionError("division by zero")
    return a // b


def python_remainder(a: float, b: float) -> float:
    """`a % b` of Python's numbers."""
    if b == 0:
        raise ZeroDivisionError("division by zero")
    return a % b


HELPERS: dict[str, Callable[..., object]] = {
    f.__name__: f
    for f in (
        *(add_at, add_number_at, add_at_pairs, last_stored_at, max_along, min_along),
        *(unbroadcast_1, unbroadcast_2_1, unbroadcast_2),
        *(python_divide, python_floor_divide, python_remainder),
        *(array_of, array_of_lists, array_of_rows, array_of_matrices),
    )
}
"""By their names."""
