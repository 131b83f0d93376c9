"""Bodies that attract each other, stepped by leapfrog; the accelerations are added up in one array.

P. Hut and J. Makino, The Art of Computational Science; the inner loops are those of the programs of that name.
"""

import numpy as np


def accelerate(acc, pos, mass):
    """Overwrite acc with the accelerations. acc, pos: float64[n, 3]; mass: float64[n]."""
    acc[:] = 0.0
    n = len(mass)
    for i in range(n):
        for j in range(i + 1, n):
            rji = pos[j] - pos[i]
            r2 = rji[0] * rji[0] + rji[1] * rji[1] + rji[2] * rji[2] + 0.01
            r3 = r2 * np.sqrt(r2)
            for k in range(3):
                acc[i, k] += mass[j] * rji[k] / r3
                acc[j, k] -= mass[i] * rji[k] / r3


def mean_spread(pos, vel, mass, dt, steps):
    """The mean square distance from the origin after some steps; pos and vel are moved on."""
    acc = np.zeros_like(pos)
    accelerate(acc, pos, mass)
    for _ in range(steps):
        vel += 0.5 * dt * acc
        pos += dt * vel
        accelerate(acc, pos, mass)
        vel += 0.5 * dt * acc
    return np.mean(np.sum(pos * pos, axis=1))


def arguments(side=3, steps=5):
    """Bodies on a lattice, with small velocities."""
    rng = np.random.default_rng(0)
    grid = np.arange(float(side))
    pos = np.stack([g.ravel() for g in np.meshgrid(grid, grid, grid)], axis=1)
    vel = 0.1 * rng.normal(size=pos.shape)
    return pos, vel, np.ones(len(pos)), 0.01, steps
