"""A network for regression whose hidden layers are normalised over the batch."""

import numpy as np


def normalise(x, gamma, beta, eps=1e-5):
    mean = x.mean(axis=0)
    var = ((x - mean) ** 2).mean(axis=0)
    return gamma * (x - mean) / np.sqrt(var + eps) + beta


def regression_loss(layers, out, x, y):
    """The mean squared error. layers: list of (W, gamma, beta), out: float64[h], x: float64[n, d], y: float64[n]."""
    for W, gamma, beta in layers:
        x = np.maximum(normalise(x @ W, gamma, beta), 0)
    return np.mean((x @ out - y) ** 2)


def arguments(n=256, d=20, h=64):
    rng = np.random.default_rng(0)
    sizes = ((d, h), (h, h), (h, h))
    layers = [(rng.normal(size=s) / np.sqrt(s[0]), np.ones(h), 0.1 * rng.normal(size=h)) for s in sizes]
    return layers, rng.normal(size=h) / np.sqrt(h), rng.normal(size=(n, d)), rng.normal(size=n)
