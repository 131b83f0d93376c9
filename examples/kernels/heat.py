"""The heat equation on a plate: explicit Euler steps between two arrays that change places.

W. H. Press et al., Numerical Recipes, 3rd ed., section 20.2.
"""

import numpy as np


def heat(u, alpha, steps):
    """The temperature on a plate after some steps; its edge is held. u: float64[n, m]."""
    now = u.copy()
    new = u.copy()
    for _ in range(steps):
        new[1:-1, 1:-1] = now[1:-1, 1:-1] + alpha * (
            now[2:, 1:-1] + now[:-2, 1:-1] + now[1:-1, 2:] + now[1:-1, :-2] - 4.0 * now[1:-1, 1:-1]
        )
        now, new = new, now
    return now


def temperature_misfit(u, alpha, steps, observed):
    """Half the squared distance of the final temperature to an observation."""
    return 0.5 * np.sum((heat(u, alpha, steps) - observed) ** 2)


def arguments(n=100, steps=20):
    """A point to differentiate at."""
    rng = np.random.default_rng(0)
    return rng.normal(size=(n, n)), 0.2, steps, np.zeros((n, n))
