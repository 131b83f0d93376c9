"""One record a step: the state and the three gates."""

import numpy as np


def sigmoid(x):
    return 1 / (1 + np.exp(-x))


def gru_loss_adjoint(params, xs, y):
    h = np.zeros((xs.shape[1], params["Uz"].shape[0]))
    kept = []
    for x in xs:
        z = sigmoid(x @ params["Wz"] + h @ params["Uz"] + params["bz"])
        r = sigmoid(x @ params["Wr"] + h @ params["Ur"] + params["br"])
        c = np.tanh(x @ params["Wc"] + (r * h) @ params["Uc"] + params["bc"])
        kept.append((h, z, r, c))
        h = (1 - z) * h + z * c
    error = h @ params["v"] - y

    error_bar = 2.0 / len(y) * error
    bars = {name: np.zeros_like(p) for name, p in params.items()}
    bars["v"] = h.T @ error_bar
    h_bar = np.outer(error_bar, params["v"])
    for x, (h, z, r, c) in zip(xs[::-1], reversed(kept), strict=True):
        c_bar = h_bar * z * (1 - c * c)
        rh_bar = c_bar @ params["Uc"].T
        z_bar = h_bar * (c - h) * z * (1 - z)
        r_bar = rh_bar * h * r * (1 - r)
        h_bar = h_bar * (1 - z) + rh_bar * r + z_bar @ params["Uz"].T + r_bar @ params["Ur"].T
        for gate, bar, state in (("z", z_bar, h), ("r", r_bar, h), ("c", c_bar, r * h)):
            bars["W" + gate] += x.T @ bar
            bars["U" + gate] += state.T @ bar
            bars["b" + gate] += np.sum(bar, axis=0)
    return np.mean(error**2), bars
