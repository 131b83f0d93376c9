"""What is measured, written once for any array library: `xp` is numpy, autograd.numpy, jax.numpy or torch."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np


@dataclass(frozen=True)
class Problem:
    """A function by its maker, for its array library, and its arguments; the first is differentiated."""

    name: str
    make: Callable[[Any], Callable[..., Any]]
    arguments: Callable[[], tuple[Any, ...]]
    aim: str = ""


def worked(xp):
    def L(w1, w2):
        return w2 * xp.log(w1) + xp.sqrt(w2 * xp.log(w1))

    return L


def rosenbrock(xp):
    def f(x):
        return xp.sum(100.0 * (x[1:] - x[:-1] ** 2) ** 2 + (1.0 - x[:-1]) ** 2)

    return f


def network(xp):
    def loss(params, x, y):
        (W1, b1), (W2, b2) = params
        h = xp.tanh(x @ W1 + b1)
        z = h @ W2 + b2
        p = xp.exp(z) / xp.reshape(xp.sum(xp.exp(z), 1), (-1, 1))
        return -xp.sum(y * xp.log(p)) / 64.0

    return loss


def population(xp):
    def rates(hare, lynx, p):
        return p[0] * hare - p[1] * hare * lynx, p[2] * hare * lynx - p[3] * lynx

    def misfit(p, steps):
        hare, lynx = 30.0, 4.0
        total = 0.0
        for _ in range(steps):
            h1, l1 = rates(hare, lynx, p)
            h2, l2 = rates(hare + 0.05 * h1, lynx + 0.05 * l1, p)
            hare = hare + 0.1 * h2
            lynx = lynx + 0.1 * l2
            total = total + (hare - 35.0) ** 2 + (lynx - 10.0) ** 2
        return total

    return misfit


def least_squares(xp):
    def residual(A, b):
        c = xp.linalg.solve(A.T @ A, A.T @ b)
        r = A @ c - b
        return xp.sum(r * r)

    return residual


def _network_arguments():
    rng = np.random.default_rng(0)
    params = [(rng.normal(size=(64, 64)) / 8, np.zeros(64)), (rng.normal(size=(64, 10)) / 8, np.zeros(10))]
    return params, rng.normal(size=(64, 64)), np.eye(10)[rng.integers(0, 10, 64)]


PROBLEMS = [
    Problem("worked function, two floats", worked, lambda: (2.0, 3.0)),
    Problem("rosenbrock, 10 numbers", rosenbrock, lambda: (np.linspace(0.5, 1.5, 10),)),
    Problem("rosenbrock, 1,000 numbers", rosenbrock, lambda: (np.linspace(0.5, 1.5, 1000),)),
    Problem("rosenbrock, 100,000 numbers", rosenbrock, lambda: (np.linspace(0.5, 1.5, 100_000),)),
    Problem("network, 64 images", network, _network_arguments),
    Problem("population, 50 steps in a loop", population, lambda: (np.array([0.5, 0.025, 0.025, 0.8]), 50)),
    Problem(
        "least squares, 50 by 5",
        least_squares,
        lambda: (np.random.default_rng(1).normal(size=(50, 5)), np.arange(50.0)),
    ),
]
