"""kmeans: the cost of a clustering, and the direction of Newton's method, by the diagonal of the Hessian.

L. Bottou and Y. Bengio, Convergence properties of the k-means algorithms, NIPS 1994.
"""

from typing import Any

import numpy as np

import s2sad
from benchmarks.gradbench.function import Function


def cost(centroids: np.ndarray, points: np.ndarray) -> float:
    """The sum of the squared distances of the points to the centroids nearest to them."""
    squares = np.sum(points**2, axis=1)[:, None] + np.sum(centroids**2, axis=1)
    return np.sum(np.min(squares - 2.0 * points @ centroids.T, axis=1))


gradient = s2sad.grad(cost)
"""The gradient by the centroids."""


def direction(centroids: np.ndarray, points: np.ndarray) -> np.ndarray:
    """The gradient by the centroids over the diagonal of the Hessian, which has no other elements."""
    slope, diagonal = s2sad.jvp(gradient, (centroids, points), (np.ones_like(centroids), None))
    return slope / diagonal


def read(message: dict[str, Any]) -> tuple[np.ndarray, np.ndarray]:
    """The centroids and the points."""
    return np.array(message["centroids"], dtype=float), np.array(message["points"], dtype=float)


FUNCTIONS = {
    "cost": Function(read, cost, float),
    "dir": Function(read, direction, np.ndarray.tolist),
}
