"""ode: a system of ordinary differential equations by the Runge-Kutta method, and the gradient of its last component.

B. M. Bell, cmpad, algorithm an_ode.
"""

from typing import Any

import numpy as np

import s2sad
from benchmarks.gradbench.function import Function


def slope(x: np.ndarray, y: np.ndarray) -> np.ndarray:
    """The derivative of y by time: x[0], and x[i] y[i - 1]."""
    return np.concatenate((x[:1], x[1:] * y[:-1]))


def solve(x: np.ndarray, steps: int) -> np.ndarray:
    """y at time 2, from y = 0 at time 0."""
    h = 2.0 / steps
    y = np.zeros_like(x)
    for _ in range(steps):
        k1 = slope(x, y)
        k2 = slope(x, y + 0.5 * h * k1)
        k3 = slope(x, y + 0.5 * h * k2)
        k4 = slope(x, y + h * k3)
        y = y + h / 6.0 * (k1 + 2.0 * k2 + 2.0 * k3 + k4)
    return y


def last(x: np.ndarray, steps: int) -> float:
    """The last component of y at time 2."""
    return solve(x, steps)[-1]


def read(message: dict[str, Any]) -> tuple[np.ndarray, int]:
    """The coefficients and the number of steps."""
    return np.array(message["x"], dtype=float), message["s"]


FUNCTIONS = {
    "primal": Function(read, solve, np.ndarray.tolist),
    "gradient": Function(read, s2sad.grad(last), np.ndarray.tolist),
}
