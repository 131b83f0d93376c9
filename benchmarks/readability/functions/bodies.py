"""The energy of bodies that attract each other, after some steps of the leapfrog method."""

import numpy as np

SOFT = 0.1


class Bodies:
    """Positions and velocities, in rows; the masses do not change."""

    def __init__(self, pos, vel, mass):
        self.pos = pos
        self.vel = vel
        self.mass = mass

    def acceleration(self):
        away = self.pos[None, :, :] - self.pos[:, None, :]
        r2 = np.sum(away**2, axis=2) + SOFT**2
        return np.sum(self.mass[None, :, None] * away * (r2**-1.5)[:, :, None], axis=1)

    def step(self, dt):
        self.vel = self.vel + 0.5 * dt * self.acceleration()
        self.pos = self.pos + dt * self.vel
        self.vel = self.vel + 0.5 * dt * self.acceleration()

    def kinetic_energy(self):
        return 0.5 * np.sum(self.mass * np.sum(self.vel**2, axis=1))


def final_energy(pos, vel, mass, dt, steps):
    """The kinetic energy after some steps. pos, vel: float64[n, 3], mass: float64[n]."""
    bodies = Bodies(pos, vel, mass)
    for _ in range(steps):
        bodies.step(dt)
    return bodies.kinetic_energy()


def arguments(n=40, steps=20):
    rng = np.random.default_rng(0)
    return rng.normal(size=(n, 3)), 0.1 * rng.normal(size=(n, 3)), rng.uniform(0.5, 1.5, n), 0.01, steps
