"""Durbin's recursion for the Yule-Walker equations, in O(n^2).

G. H. Golub and C. F. Van Loan, Matrix Computations, 4th ed., algorithm 4.7.1; PolyBench/C 4.2, durbin.
"""

import numpy as np


def durbin(r):
    """The solution of the Yule-Walker equations. r: float64[n]."""
    n = len(r)
    y = np.zeros(n)
    y[0] = -r[0]
    beta = 1.0
    alpha = -r[0]
    for k in range(1, n):
        beta *= 1.0 - alpha * alpha
        alpha = -(r[k] + r[:k][::-1] @ y[:k]) / beta
        y[:k] += alpha * y[:k][::-1]
        y[k] = alpha
    return y


def yule_walker_energy(r):
    """The sum of squares of the solution."""
    return np.sum(durbin(r) ** 2)


def arguments(n=200):
    """A point to differentiate at."""
    return (0.5 ** np.arange(1, n + 1) + 0.01 * np.random.default_rng(0).normal(size=n),)
