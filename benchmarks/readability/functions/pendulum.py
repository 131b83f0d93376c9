"""A damped pendulum fitted to measured angles, by the classical Runge-Kutta method."""

import numpy as np


class Pendulum:
    def __init__(self, length, damping):
        self.length = length
        self.damping = damping

    def slope(self, y):
        angle, speed = y
        return np.array([speed, -9.81 / self.length * np.sin(angle) - self.damping * speed])

    def step(self, y, dt):
        k1 = self.slope(y)
        k2 = self.slope(y + dt / 2 * k1)
        k3 = self.slope(y + dt / 2 * k2)
        k4 = self.slope(y + dt * k3)
        return y + dt / 6 * (k1 + 2 * k2 + 2 * k3 + k4)


def swing_misfit(length, damping, start, angles, dt):
    """The squared distance of the angles to those of the model. start: float64[2], angles: float64[t]."""
    pendulum = Pendulum(length, damping)
    y = start
    loss = 0.0
    for angle in angles:
        y = pendulum.step(y, dt)
        loss += (y[0] - angle) ** 2
    return loss


def arguments(n=100):
    return 1.2, 0.1, np.array([0.8, 0.0]), np.cos(3.0 * 0.05 * np.arange(1, n + 1)), 0.05
