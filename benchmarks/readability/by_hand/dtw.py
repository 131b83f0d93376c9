"""The weights of the soft minimum from the array of the dynamic program: nothing else is kept."""

import numpy as np


def soft_dtw_adjoint(x, y, gamma):
    n, m = len(x), len(y)
    r = np.full((n + 1, m + 1), 1e10)
    r[0, 0] = 0.0
    for i in range(1, n + 1):
        for j in range(1, m + 1):
            d = (x[i - 1] - y[j - 1]) ** 2
            a = -r[i - 1, j - 1] / gamma
            b = -r[i - 1, j] / gamma
            c = -r[i, j - 1] / gamma
            top = max(a, b, c)
            total = np.exp(a - top) + np.exp(b - top) + np.exp(c - top)
            r[i, j] = d - gamma * (np.log(total) + top)

    x_bar, y_bar, r_bar = np.zeros(n), np.zeros(m), np.zeros((n + 1, m + 1))
    r_bar[n, m] = 1.0
    for i in reversed(range(1, n + 1)):
        for j in reversed(range(1, m + 1)):
            bar, gap = r_bar[i, j], x[i - 1] - y[j - 1]
            least = r[i, j] - gap**2
            r_bar[i - 1, j - 1] += bar * np.exp((least - r[i - 1, j - 1]) / gamma)
            r_bar[i - 1, j] += bar * np.exp((least - r[i - 1, j]) / gamma)
            r_bar[i, j - 1] += bar * np.exp((least - r[i, j - 1]) / gamma)
            x_bar[i - 1] += 2.0 * bar * gap
            y_bar[j - 1] -= 2.0 * bar * gap
    return r[n, m], (x_bar, y_bar)
