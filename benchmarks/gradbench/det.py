"""det: the determinant by recursive expansion by minors, and its gradient.

B. M. Bell, cmpad, algorithm det_by_minor.
"""

from typing import Any

import numpy as np

import s2sad
from benchmarks.gradbench.function import Function


def determinant(a: np.ndarray) -> float:
    """The determinant, expanded along the first row."""
    n = len(a)
    if n == 1:
        return a[0, 0]
    total = 0.0
    sign = 1.0
    for j in range(n):
        minor = np.concatenate((a[1:, :j], a[1:, j + 1 :]), axis=1)
        total += sign * a[0, j] * determinant(minor)
        sign = -sign
    return total


def read(message: dict[str, Any]) -> tuple[np.ndarray]:
    """The matrix, which comes row by row."""
    return (np.array(message["A"], dtype=float).reshape(message["ell"], message["ell"]),)


FUNCTIONS = {
    "primal": Function(read, s2sad.jit(determinant), float),
    "gradient": Function(read, s2sad.grad(determinant, backend="native"), lambda bar: bar.ravel().tolist()),
}
