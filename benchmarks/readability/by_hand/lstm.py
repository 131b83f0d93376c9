"""One record a step; the products for the weights are one product each, after the loop."""

import numpy as np


def sigmoid(x):
    return 1.0 / (1.0 + np.exp(-x))


def sequence_loss_adjoint(w, u, b, x, y):
    steps, h = y.shape
    hidden = np.zeros((steps + 1, h))
    cell = np.zeros((steps + 1, h))
    kept = []
    for t in range(steps):
        z = w @ x[t] + u @ hidden[t] + b
        i, f, o = np.split(sigmoid(z[: 3 * h]), 3)
        g = np.tanh(z[3 * h :])
        cell[t + 1] = f * cell[t] + i * g
        top = np.tanh(cell[t + 1])
        hidden[t + 1] = o * top
        kept.append((i, f, o, g, top))
    hidden_bar = hidden.copy()
    hidden_bar[1:] -= y
    value = 0.5 * np.sum(hidden_bar**2)

    cell_bar = np.zeros(h)
    z_bar = np.empty((steps, 4 * h))
    for t in reversed(range(steps)):
        i, f, o, g, top = kept[t]
        cell_bar += hidden_bar[t + 1] * o * (1.0 - top * top)
        z_bar[t, :h] = cell_bar * g * i * (1.0 - i)
        z_bar[t, h : 2 * h] = cell_bar * cell[t] * f * (1.0 - f)
        z_bar[t, 2 * h : 3 * h] = hidden_bar[t + 1] * top * o * (1.0 - o)
        z_bar[t, 3 * h :] = cell_bar * i * (1.0 - g * g)
        hidden_bar[t] += z_bar[t] @ u
        cell_bar *= f
    return value, (z_bar.T @ x, z_bar.T @ hidden[:-1], np.sum(z_bar, axis=0))
