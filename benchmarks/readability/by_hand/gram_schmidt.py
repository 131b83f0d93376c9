"""Nothing but the factors is kept: what was subtracted from a column is added again."""

import numpy as np


def factor_sum_adjoint(a, w):
    a = a.copy()
    n = a.shape[1]
    r = np.zeros((n, n))
    for k in range(n):
        r[k, k] = np.sqrt(np.sum(a[:, k] ** 2))
        a[:, k] /= r[k, k]
        for j in range(k + 1, n):
            r[k, j] = a[:, k] @ a[:, j]
            a[:, j] -= a[:, k] * r[k, j]
    scale = np.arange(1.0, n + 1.0)
    value = np.sum(w * a) + np.sum(r * r * scale)

    r_bar = 2.0 * scale * r
    a_bar = w.copy()
    for k in reversed(range(n)):
        q, row, rest = a[:, k], r[k, k + 1 :], a[:, k + 1 :]
        q_bar, row_bar, rest_bar = a_bar[:, k], r_bar[k, k + 1 :], a_bar[:, k + 1 :]
        rest += np.outer(q, row)  # as it was before the step
        row_bar -= q @ rest_bar
        q_bar += rest @ row_bar - rest_bar @ row
        rest_bar += np.outer(q, row_bar)
        r_bar[k, k] -= q @ q_bar / r[k, k]
        q_bar /= r[k, k]
        q_bar += r_bar[k, k] * q
        q *= r[k, k]
    return value, a_bar
