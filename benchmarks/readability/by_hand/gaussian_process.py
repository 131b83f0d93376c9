"""The loop over `k` as slices, and nothing but the factor itself is kept."""

import numpy as np


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


def cholesky_adjoint(L, L_bar):
    A_bar = np.zeros_like(L)
    for i in reversed(range(len(L))):
        A_bar[i, i] = s_bar = 0.5 * L_bar[i, i] / L[i, i]
        L_bar[i, :i] -= 2.0 * s_bar * L[i, :i]
        for j in reversed(range(i)):
            A_bar[i, j] = s_bar = L_bar[i, j] / L[j, j]
            L_bar[j, j] -= s_bar * L[i, j]
            L_bar[i, :j] -= s_bar * L[j, :j]
            L_bar[j, :j] -= s_bar * L[i, :j]
    return A_bar


def negative_evidence_adjoint(scale, length, noise, x, y):
    gap2 = ((x[:, None] - x[None, :]) / length) ** 2
    shape = np.exp(-0.5 * gap2)
    n = len(y)
    L = cholesky(scale**2 * shape + noise**2 * np.eye(n))
    z = np.zeros(n)
    for i in range(n):
        z[i] = (y[i] - L[i, :i] @ z[:i]) / L[i, i]
    value = 0.5 * z @ z + np.sum(np.log(np.diag(L))) + 0.5 * n * np.log(2 * np.pi)

    L_bar = np.diag(1.0 / np.diag(L))
    z_bar = z.copy()
    for i in reversed(range(n)):
        y_bar = z_bar[i] / L[i, i]
        L_bar[i, i] -= y_bar * z[i]
        L_bar[i, :i] -= y_bar * z[:i]
        z_bar[:i] -= y_bar * L[i, :i]
    A_bar = cholesky_adjoint(L, L_bar)
    noise_bar = 2.0 * noise * np.trace(A_bar)
    A_bar *= shape
    scale_bar = 2.0 * scale * np.sum(A_bar)
    return value, (scale_bar, scale**2 / length * np.sum(A_bar * gap2), noise_bar)
