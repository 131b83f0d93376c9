"""The inner loops as products of slices; the factors are all that is kept."""

import numpy as np


def log_determinant_adjoint(a):
    a = a.copy()
    n = len(a)
    for k in range(n - 1):
        for i in range(k + 1, n):
            a[i, k] /= a[k, k]
            for j in range(k + 1, n):
                a[i, j] -= a[i, k] * a[k, j]
    total = 0.0
    for k in range(n):
        total += np.log(np.abs(a[k, k]))

    a_bar = np.diag(1.0 / np.diag(a))
    for k in reversed(range(n - 1)):
        row, column, rest_bar = a[k, k + 1 :], a[k + 1 :, k], a_bar[k + 1 :, k + 1 :]
        a_bar[k, k + 1 :] -= column @ rest_bar
        a_bar[k + 1 :, k] -= rest_bar @ row
        a_bar[k + 1 :, k] /= a[k, k]
        a_bar[k, k] -= a_bar[k + 1 :, k] @ column
    return total, a_bar
