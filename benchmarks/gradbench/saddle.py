"""saddle: the saddle point of a function by descent in one argument of its maximum over the other.

B. A. Pearlmutter and J. M. Siskind, Using programming language theory to make automatic differentiation sound and
efficient, in: Advances in Automatic Differentiation, 2008.
"""

from typing import Any

import numpy as np

import s2sad
from benchmarks.gradbench.descent import argmin
from benchmarks.gradbench.function import Function


def f(x: np.ndarray, y: np.ndarray) -> float:
    """The function: least in x, largest in y at 0."""
    return x[0] ** 2 + x[1] ** 2 - (y[0] ** 2 + y[1] ** 2)


def negative(y: np.ndarray, x: np.ndarray) -> float:
    """What is least where f is largest in y."""
    return -f(x, y)


def forward_slope(y: np.ndarray, x: np.ndarray) -> tuple[float, np.ndarray]:
    """The value of -f and its gradient by y, forward."""
    value, first = s2sad.jvp(negative, (y, x), (np.array([1.0, 0.0]), np.zeros(2)))
    value, second = s2sad.jvp(negative, (y, x), (np.array([0.0, 1.0]), np.zeros(2)))
    return value, np.array([first, second])


def reverse_slope(y: np.ndarray, x: np.ndarray) -> tuple[float, np.ndarray]:
    """The value of -f and its gradient by y, in reverse."""
    return s2sad.value_and_grad(negative)(y, x)


def highest(x: np.ndarray, start: np.ndarray, slope: Any) -> float:
    """The maximum of f over y, by descent of -f from a start."""
    return f(x, argmin(slope, start, x))


def forward(x: np.ndarray, start: np.ndarray, slope: Any) -> tuple[float, np.ndarray]:
    """The maximum over y and its gradient by x, forward."""
    given, still = (x, start, slope), np.zeros(2)
    value, first = s2sad.jvp(highest, given, (np.array([1.0, 0.0]), still, None), backend="native")
    value, second = s2sad.jvp(highest, given, (np.array([0.0, 1.0]), still, None), backend="native")
    return value, np.array([first, second])


reverse = s2sad.value_and_grad(highest, backend="native")
"""The maximum over y and its gradient by x, in reverse."""


def saddle_point(outer: Any, inner: Any, slope: Any, start: np.ndarray) -> np.ndarray:
    """x where the maximum over y is least, found with `outer`, `inner` inside; then y, found with `slope`."""
    x = argmin(outer, start, start, inner)
    return np.concatenate((x, argmin(slope, start, x)))


def read(message: dict[str, Any]) -> tuple[np.ndarray]:
    """Where all descents begin."""
    return (np.array(message["start"], dtype=float),)


FUNCTIONS = {
    "ff": Function(read, lambda start: saddle_point(forward, forward_slope, forward_slope, start), np.ndarray.tolist),
    "fr": Function(read, lambda start: saddle_point(forward, reverse_slope, forward_slope, start), np.ndarray.tolist),
    "rf": Function(read, lambda start: saddle_point(reverse, forward_slope, reverse_slope, start), np.ndarray.tolist),
    "rr": Function(read, lambda start: saddle_point(reverse, reverse_slope, reverse_slope, start), np.ndarray.tolist),
}
