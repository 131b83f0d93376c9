"""llsq: the least squares fit of a polynomial to the sign function, and its gradient."""

from typing import Any

import numpy as np

import s2sad
from benchmarks.gradbench.function import Function


def misfit(x: np.ndarray, n: int) -> float:
    """Half the squared distance of the polynomial with coefficients x to sign(t), at n points t from -1 to 1."""
    t = -1.0 + np.arange(n) * 2.0 / (n - 1)
    polynomial = np.zeros(n)
    for coefficient in x[::-1]:
        polynomial = polynomial * t + coefficient
    return 0.5 * np.sum((np.sign(t) - polynomial) ** 2)


def read(message: dict[str, Any]) -> tuple[np.ndarray, int]:
    """The coefficients and the number of points."""
    return np.array(message["x"], dtype=float), message["n"]


FUNCTIONS = {
    "primal": Function(read, misfit, float),
    "gradient": Function(read, s2sad.grad(misfit), np.ndarray.tolist),
}
