"""A long short-term memory cell along a sequence; its states are kept in arrays.

S. Hochreiter and J. Schmidhuber, Long short-term memory, Neural Computation 9(8), 1997.
"""

import numpy as np


def sigmoid(x):
    """The logistic function."""
    return 1.0 / (1.0 + np.exp(-x))


def lstm(w, u, b, x):
    """The hidden states along a sequence. w: float64[4 h, d], u: float64[4 h, h], b: float64[4 h], x: float64[t, d]."""
    steps, h = x.shape[0], u.shape[1]
    hidden = np.zeros((steps + 1, h))
    cell = np.zeros((steps + 1, h))
    for t in range(steps):
        z = w @ x[t] + u @ hidden[t] + b
        i = sigmoid(z[:h])
        f = sigmoid(z[h : 2 * h])
        o = sigmoid(z[2 * h : 3 * h])
        g = np.tanh(z[3 * h :])
        cell[t + 1] = f * cell[t] + i * g
        hidden[t + 1] = o * np.tanh(cell[t + 1])
    return hidden[1:]


def sequence_loss(w, u, b, x, y):
    """Half the squared distance of the hidden states to y."""
    return 0.5 * np.sum((lstm(w, u, b, x) - y) ** 2)


def arguments(steps=50, d=32, h=64):
    """A point to differentiate at."""
    rng = np.random.default_rng(0)
    w, u = 0.1 * rng.normal(size=(4 * h, d)), 0.1 * rng.normal(size=(4 * h, h))
    return w, u, np.zeros(4 * h), rng.normal(size=(steps, d)), rng.normal(size=(steps, h))
