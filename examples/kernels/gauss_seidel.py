"""Gauss-Seidel sweeps over a grid, in place: each point is the mean of its neighbours, old and new.

PolyBench/C 4.2, seidel-2d.
"""

import numpy as np


def seidel(a, sweeps):
    """Sweep over the inner points of a, in place. a: float64[n, n]."""
    n = a.shape[0]
    for _ in range(sweeps):
        for i in range(1, n - 1):
            for j in range(1, n - 1):
                a[i, j] = (
                    a[i - 1, j - 1]
                    + a[i - 1, j]
                    + a[i - 1, j + 1]
                    + a[i, j - 1]
                    + a[i, j]
                    + a[i, j + 1]
                    + a[i + 1, j - 1]
                    + a[i + 1, j]
                    + a[i + 1, j + 1]
                ) / 9.0


def smoothed_energy(a, sweeps):
    """The sum of squares after some sweeps."""
    seidel(a, sweeps)
    return np.sum(a * a)


def arguments(n=40, sweeps=4):
    """A point to differentiate at."""
    return np.random.default_rng(0).normal(size=(n, n)), sweeps
