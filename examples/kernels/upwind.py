"""The upwind scheme for Burgers' equation on a ring: the differences look against the wind.

R. J. LeVeque, Finite Volume Methods for Hyperbolic Problems, section 12.
"""

import numpy as np


def burgers(u, dt, dx, steps):
    """The velocity after some steps. u: float64[n]."""
    u = u.copy()
    back = np.empty_like(u)
    ahead = np.empty_like(u)
    for _ in range(steps):
        back[1:] = u[1:] - u[:-1]
        back[0] = u[0] - u[-1]
        ahead[:-1] = u[1:] - u[:-1]
        ahead[-1] = u[0] - u[-1]
        u -= dt / dx * u * np.where(u > 0.0, back, ahead)
    return u


def final_energy(u, dt, dx, steps):
    """The kinetic energy after some steps."""
    return 0.5 * dx * np.sum(burgers(u, dt, dx, steps) ** 2)


def arguments(n=10000, steps=50):
    """A point to differentiate at."""
    x = np.linspace(0.0, 2.0 * np.pi, n, endpoint=False)
    return np.sin(x) + 0.3, 0.1 / n, 1.0 / n, steps
