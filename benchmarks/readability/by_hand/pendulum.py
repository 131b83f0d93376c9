"""The states at which slopes are taken are kept, and the adjoints of the slopes; the model's are sums over these."""

import numpy as np


def slope(y, length, damping):
    angle, speed = y
    return np.array([speed, -9.81 / length * np.sin(angle) - damping * speed])


def slope_adjoint(y, length, damping, k_bar):
    pull_bar = k_bar[1]
    return np.array([-9.81 / length * np.cos(y[0]) * pull_bar, k_bar[0] - damping * pull_bar])


def swing_misfit_adjoint(length, damping, start, angles, dt):
    y = start
    loss = 0.0
    kept = np.empty((len(angles), 4, 2))
    errors = np.empty(len(angles))
    for t, angle in enumerate(angles):
        kept[t, 0] = y
        k1 = slope(y, length, damping)
        kept[t, 1] = y2 = y + dt / 2 * k1
        k2 = slope(y2, length, damping)
        kept[t, 2] = y3 = y + dt / 2 * k2
        k3 = slope(y3, length, damping)
        kept[t, 3] = y4 = y + dt * k3
        k4 = slope(y4, length, damping)
        y = y + dt / 6 * (k1 + 2 * k2 + 2 * k3 + k4)
        errors[t] = y[0] - angle
        loss += (y[0] - angle) ** 2

    y_bar = np.zeros(2)
    slopes_bar = np.empty_like(kept)
    for t in reversed(range(len(angles))):
        y, y2, y3, y4 = kept[t]
        y_bar[0] += 2.0 * errors[t]
        slopes_bar[t, 3] = k4_bar = dt / 6 * y_bar
        y4_bar = slope_adjoint(y4, length, damping, k4_bar)
        slopes_bar[t, 2] = k3_bar = 2 * k4_bar + dt * y4_bar
        y3_bar = slope_adjoint(y3, length, damping, k3_bar)
        slopes_bar[t, 1] = k2_bar = 2 * k4_bar + dt / 2 * y3_bar
        y2_bar = slope_adjoint(y2, length, damping, k2_bar)
        slopes_bar[t, 0] = k1_bar = k4_bar + dt / 2 * y2_bar
        y_bar += slope_adjoint(y, length, damping, k1_bar) + y2_bar + y3_bar + y4_bar
    pull_bar = slopes_bar[:, :, 1]
    length_bar = 9.81 / length**2 * np.sum(pull_bar * np.sin(kept[:, :, 0]))
    return loss, (length_bar, -np.sum(pull_bar * kept[:, :, 1]), y_bar)
