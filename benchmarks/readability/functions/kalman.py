"""The likelihood of the noise of a tracked object, by a Kalman filter."""

import numpy as np


def negative_log_likelihood(theta, ys, dt):
    """Of positions ys, where theta has the logarithms of the variances of acceleration and measurement."""
    q, r = np.exp(theta)
    F = np.array([[1.0, dt], [0.0, 1.0]])
    G = np.array([[dt**3 / 3, dt**2 / 2], [dt**2 / 2, dt]])
    H = np.array([1.0, 0.0])
    m = np.array([ys[0], 0.0])
    P = np.eye(2)
    total = 0.0
    for y in ys[1:]:
        # predict
        m = F @ m
        P = F @ P @ F.T + q * G
        # update
        e = y - H @ m
        s = H @ P @ H + r
        k = P @ H / s
        m = m + k * e
        P = P - np.outer(k, H @ P)
        total += 0.5 * (np.log(s) + e**2 / s)
    return total


def arguments(n=200):
    rng = np.random.default_rng(0)
    track = np.cumsum(np.cumsum(0.05 * rng.normal(size=n)))
    return np.log([0.1, 0.2]), track + 0.3 * rng.normal(size=n), 0.5
