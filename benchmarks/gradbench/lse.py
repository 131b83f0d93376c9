"""lse: the logarithm of a sum of exponentials, and its gradient."""

from typing import Any

import numpy as np

import s2sad
from benchmarks.gradbench.function import Function


def logsumexp(x: np.ndarray) -> float:
    """log(sum(exp(x))), without overflow."""
    largest = np.max(x)
    return largest + np.log(np.sum(np.exp(x - largest)))


def read(message: dict[str, Any]) -> tuple[np.ndarray]:
    """The vector of an input."""
    return (np.array(message["x"], dtype=float),)


FUNCTIONS = {
    "primal": Function(read, logsumexp, float),
    "gradient": Function(read, s2sad.grad(logsumexp), np.ndarray.tolist),
}
