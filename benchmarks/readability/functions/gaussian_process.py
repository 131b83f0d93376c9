"""The evidence of a Gaussian process with a squared exponential kernel; its Cholesky factor by loops over numbers."""

import numpy as np


def covariance(x, scale, length, noise):
    gap = (x[:, None] - x[None, :]) / length
    return scale**2 * np.exp(-0.5 * gap**2) + noise**2 * np.eye(len(x))


def cholesky(A):
    n = len(A)
    L = np.zeros((n, n))
    for i in range(n):
        for j in range(i + 1):
            s = A[i, j]
            for k in range(j):
                s -= L[i, k] * L[j, k]
            if i == j:
                L[i, i] = np.sqrt(s)
            else:
                L[i, j] = s / L[j, j]
    return L


def negative_evidence(scale, length, noise, x, y):
    """The negative logarithm of the evidence. x, y: float64[n]."""
    L = cholesky(covariance(x, scale, length, noise))
    n = len(y)
    z = np.zeros(n)
    for i in range(n):
        z[i] = (y[i] - L[i, :i] @ z[:i]) / L[i, i]
    return 0.5 * z @ z + np.sum(np.log(np.diag(L))) + 0.5 * n * np.log(2 * np.pi)


def arguments(n=30):
    rng = np.random.default_rng(0)
    x = np.sort(rng.uniform(0.0, 5.0, n))
    return 1.3, 0.7, 0.3, x, np.sin(2.0 * x) + 0.3 * rng.normal(size=n)
