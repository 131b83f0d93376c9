"""A gated recurrent unit that reads a sequence, with a linear layer at its end."""

import numpy as np


def sigmoid(x):
    return 1 / (1 + np.exp(-x))


def cell(params, h, x):
    z = sigmoid(x @ params["Wz"] + h @ params["Uz"] + params["bz"])
    r = sigmoid(x @ params["Wr"] + h @ params["Ur"] + params["br"])
    c = np.tanh(x @ params["Wc"] + (r * h) @ params["Uc"] + params["bc"])
    return (1 - z) * h + z * c


def gru_loss(params, xs, y):
    """The mean squared error of what is said after the last step. xs: float64[t, n, d], y: float64[n]."""
    h = np.zeros((xs.shape[1], params["Uz"].shape[0]))
    for x in xs:
        h = cell(params, h, x)
    return np.mean((h @ params["v"] - y) ** 2)


def arguments(steps=30, n=16, d=8, h=32):
    rng = np.random.default_rng(0)
    params = {"v": rng.normal(size=h) / np.sqrt(h)}
    for gate in "zrc":
        params["W" + gate] = rng.normal(size=(d, h)) / np.sqrt(d)
        params["U" + gate] = rng.normal(size=(h, h)) / np.sqrt(h)
        params["b" + gate] = np.zeros(h)
    return params, rng.normal(size=(steps, n, d)), rng.normal(size=n)
