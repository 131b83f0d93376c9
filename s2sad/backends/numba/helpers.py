"""Small functions that are written into a module which calls them: for what numba does not do by itself.

Python's numbers raise where numba's do not; what is raised leaves for the program of NumPy, which raises it at the
user's line.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, TypeAlias

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

Array: TypeAlias = "NDArray[np.float64]"


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


def python_power(a: float, b: float) -> object:
    """`a ** b` of Python's numbers, which raise where finite ones have no finite power."""
    power = a**b
    if math.isfinite(a) and math.isfinite(b) and not math.isfinite(power):
        raise OverflowError("math range error")
    return power


def python_value(function: Callable[[float], float], x: float) -> float:
    """`function(x)` of Python's numbers, which raise where a finite one has no finite value."""
    value = function(x)
    if math.isfinite(x) and not math.isfinite(value):
        raise ValueError("math domain error")
    return value


def python_value_of_two(function: Callable[[float, float], float], x: float, y: float) -> float:
    """`function(x, y)` of Python's numbers."""
    value = function(x, y)
    if math.isfinite(x) and math.isfinite(y) and not math.isfinite(value):
        raise ValueError("math domain error")
    return value


def in_64_bits(x: float) -> float:
    """A number that is made an integer of 64 bits: Python has others, and none where there is no number."""
    if not abs(x) < 9e18:
        raise OverflowError("no integer of 64 bits")
    return x


def tally(total: float, term: float) -> float:
    """`total + term`, of a sum whose terms may be added in any order: several at once."""
    return total + term


ANY_ORDER = frozenset((tally.__name__,))
"""The helpers whose sums may be taken in another order."""
HELPERS: dict[str, Callable[..., object]] = {
    f.__name__: f
    for f in (
        *(python_divide, python_floor_divide, python_remainder, python_power),
        *(python_value, python_value_of_two, in_64_bits, tally),
        *(unbroadcast_1, unbroadcast_2_1, unbroadcast_2),
        *(array_of, array_of_lists, array_of_rows, array_of_matrices),
    )
}
"""By their names."""
