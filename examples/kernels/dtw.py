"""Dynamic time warping with a soft minimum, by dynamic programming.

M. Cuturi and M. Blondel, Soft-DTW: a differentiable loss function for time-series, ICML 2017, algorithm 1.
"""

import numpy as np


def soft_dtw(x, y, gamma):
    """The soft-DTW discrepancy of two series. x: float64[n], y: float64[m]."""
    n, m = len(x), len(y)
    r = np.full((n + 1, m + 1), 1e10)
    r[0, 0] = 0.0
    for i in range(1, n + 1):
        for j in range(1, m + 1):
            d = (x[i - 1] - y[j - 1]) ** 2
            a = -r[i - 1, j - 1] / gamma
            b = -r[i - 1, j] / gamma
            c = -r[i, j - 1] / gamma
            top = max(a, b, c)
            total = np.exp(a - top) + np.exp(b - top) + np.exp(c - top)
            r[i, j] = d - gamma * (np.log(total) + top)
    return r[n, m]


def arguments(n=60, m=50):
    """A point to differentiate at."""
    rng = np.random.default_rng(0)
    return np.cumsum(0.3 * rng.normal(size=n)), np.cumsum(0.3 * rng.normal(size=m)), 0.5
