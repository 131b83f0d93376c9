"""The Thomas algorithm for a tridiagonal system: elimination forward, substitution back.

W. H. Press et al., Numerical Recipes, 3rd ed., section 2.4.
"""

import numpy as np


def thomas(a, b, c, d):
    """The solution of a tridiagonal system. a, b, c, d: float64[n], the three diagonals and the right-hand side."""
    n = len(d)
    x = np.empty(n)
    gam = np.empty(n)
    bet = b[0]
    x[0] = d[0] / bet
    for j in range(1, n):
        gam[j] = c[j - 1] / bet
        bet = b[j] - a[j] * gam[j]
        x[j] = (d[j] - a[j] * x[j - 1]) / bet
    for j in range(n - 2, -1, -1):
        x[j] -= gam[j + 1] * x[j + 1]
    return x


def solution_energy(a, b, c, d):
    """The sum of squares of the solution."""
    return np.sum(thomas(a, b, c, d) ** 2)


def arguments(n=1000):
    """A point to differentiate at."""
    rng = np.random.default_rng(0)
    return rng.normal(size=n), 4.0 + rng.random(n), rng.normal(size=n), rng.normal(size=n)
