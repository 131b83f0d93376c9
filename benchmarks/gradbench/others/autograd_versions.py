"""The evals for HIPS autograd: NumPy without assignments to elements."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import autograd.numpy as np
import numpy
from autograd import grad, value_and_grad
from autograd.scipy.special import logsumexp

from benchmarks.gradbench.descent import argmin

Call = Callable[[], Any]


def hello(x: float) -> Call:
    derivative = grad(lambda x: x * x)
    return lambda: derivative(x)


def lse(x: numpy.ndarray) -> Call:
    derivative = grad(logsumexp)
    return lambda: derivative(x)


def llsq(x: numpy.ndarray, n: int) -> Call:
    def misfit(x: Any) -> Any:
        t = np.linspace(-1.0, 1.0, n)
        polynomial = np.zeros(n)
        for k in reversed(range(len(x))):
            polynomial = polynomial * t + x[k]
        return 0.5 * np.sum((np.sign(t) - polynomial) ** 2)

    derivative = grad(misfit)
    return lambda: derivative(x)


def kmeans(centroids: numpy.ndarray, points: numpy.ndarray) -> Call:
    def cost(centroids: Any) -> Any:
        squares = np.sum(points**2, axis=1)[:, None] + np.sum(centroids**2, axis=1)
        return np.sum(np.min(squares - 2.0 * np.dot(points, centroids.T), axis=1))

    slope = grad(cost)
    diagonal = grad(lambda centroids: np.sum(slope(centroids)))
    return lambda: slope(centroids) / diagonal(centroids)


def gmm(*args: Any) -> Call:
    def log_density(alpha: Any, mu: Any, q: Any, below: Any, x: Any, gamma: float, m: int) -> Any:
        k, d = q.shape
        place = numpy.zeros((d, d), dtype=int)
        columns, rows = numpy.triu_indices(d, 1)
        place[rows, columns] = 1 + d + numpy.arange(len(rows))
        place[numpy.arange(d), numpy.arange(d)] = 1 + numpy.arange(d)
        factors = np.concatenate((np.zeros((k, 1)), np.exp(q), below), axis=1)[:, place]
        z = np.einsum("kij,nkj->nki", factors, x[:, None] - mu)
        beta = alpha + np.sum(q, axis=1) - 0.5 * np.sum(z**2, axis=2)
        likelihood = np.sum(logsumexp(beta, axis=1)) - len(x) * logsumexp(alpha)
        return likelihood + m * np.sum(q) - 0.5 * gamma**2 * np.sum(factors**2)

    derivative = grad(log_density, (0, 1, 2, 3))
    return lambda: derivative(*args)


def ode(x: numpy.ndarray, steps: int) -> Call:
    def slope(x: Any, y: Any) -> Any:
        return np.concatenate((x[:1], x[1:] * y[:-1]))

    def last(x: Any) -> Any:
        h = 2.0 / steps
        y = np.zeros(len(x))
        for _ in range(steps):
            k1 = slope(x, y)
            k2 = slope(x, y + 0.5 * h * k1)
            k3 = slope(x, y + 0.5 * h * k2)
            k4 = slope(x, y + h * k3)
            y = y + h / 6.0 * (k1 + 2.0 * k2 + 2.0 * k3 + k4)
        return y[-1]

    derivative = grad(last)
    return lambda: derivative(x)


def determinant(a: Any) -> Any:
    """By minors along the first rows of a batch of matrices, all minors of a size at once."""
    n = a.shape[-1]
    if n == 1:
        return a[..., 0, 0]
    others = numpy.array([[k for k in range(n) if k != j] for j in range(n)])
    minors = np.moveaxis(a[..., 1:, :][..., others], -2, -3)
    return np.sum(a[..., 0, :] * (-1.0) ** numpy.arange(n) * determinant(minors), axis=-1)


def det(a: numpy.ndarray) -> Call:
    derivative = grad(determinant)
    return lambda: derivative(a)


def lstm(main: numpy.ndarray, extra: numpy.ndarray, state: numpy.ndarray, sequence: numpy.ndarray) -> Call:
    def sigmoid(z: Any) -> Any:
        return 1.0 / (1.0 + np.exp(-z))

    def loss(main: Any, extra: Any) -> Any:
        rows = list(state)
        total = 0.0
        for t in range(len(sequence) - 1):
            x = sequence[t] * extra[0]
            for k in range(0, len(rows), 2):
                z = np.concatenate((x, rows[k], x, rows[k])) * main[k] + main[k + 1]
                forget, ingate, outgate, change = np.split(z, 4)
                rows[k + 1] = rows[k + 1] * sigmoid(forget) + sigmoid(ingate) * np.tanh(change)
                x = rows[k] = sigmoid(outgate) * np.tanh(rows[k + 1])
            y = x * extra[1] + extra[2]
            total = total + np.sum(sequence[t + 1] * (y - np.log(2.0 + np.sum(np.exp(y)))))
        return -total / sequence[1:].size

    derivative = grad(loss, (0, 1))
    return lambda: derivative(main, extra)


def particle(w: float) -> Call:
    def potential(place: Any, w: Any) -> Any:
        first = np.sqrt((place[0] - 10.0) ** 2 + (place[1] - 10.0 + w) ** 2)
        return 1.0 / first + 1.0 / np.sqrt((place[0] - 10.0) ** 2 + place[1] ** 2)

    def landing(w: Any) -> Any:
        place, velocity = np.array([0.0, 8.0]), np.array([0.75, 0.0])
        while place[1] + 0.1 * velocity[1] > 0.0:
            place, velocity = place + 0.1 * velocity, velocity - 0.1 * field(place, w)
        return (place[0] - place[1] / velocity[1] * velocity[0]) ** 2

    field = grad(potential)
    value_and_slope = value_and_grad(landing)
    return lambda: argmin(value_and_slope, w)


VERSIONS: dict[str, Callable[..., Call]] = {
    **{"hello": hello, "lse": lse, "llsq": llsq, "kmeans": kmeans, "gmm": gmm, "ode": ode, "det": det, "lstm": lstm},
    "particle rr": particle,
}
