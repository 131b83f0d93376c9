"""The pivots are kept, and the solution before the substitution back."""

import numpy as np


def solution_energy_adjoint(a, b, c, d):
    n = len(d)
    x, gam = np.empty(n), np.empty(n)
    pivots = np.empty(n)
    pivots[0] = b[0]
    x[0] = d[0] / pivots[0]
    for j in range(1, n):
        gam[j] = c[j - 1] / pivots[j - 1]
        pivots[j] = b[j] - a[j] * gam[j]
        x[j] = (d[j] - a[j] * x[j - 1]) / pivots[j]
    y = x.copy()  # before the substitution back
    for j in range(n - 2, -1, -1):
        x[j] -= gam[j + 1] * x[j + 1]

    x_bar = 2.0 * x
    for j in range(n - 1):
        x_bar[j + 1] -= x_bar[j] * gam[j + 1]
    gam_bar = -x_bar[:-1] * x[1:]
    a_bar, b_bar, c_bar, d_bar = np.zeros(n), np.empty(n), np.zeros(n), np.empty(n)
    bet_bar = 0.0
    for j in range(n - 1, 0, -1):
        d_bar[j] = x_bar[j] / pivots[j]
        b_bar[j] = bet_bar - d_bar[j] * y[j]
        a_bar[j] = -d_bar[j] * y[j - 1] - b_bar[j] * gam[j]
        x_bar[j - 1] -= d_bar[j] * a[j]
        c_bar[j - 1] = (gam_bar[j - 1] - b_bar[j] * a[j]) / pivots[j - 1]
        bet_bar = -c_bar[j - 1] * gam[j]
    d_bar[0] = x_bar[0] / pivots[0]
    b_bar[0] = bet_bar - d_bar[0] * y[0]
    return np.sum(x**2), (a_bar, b_bar, c_bar, d_bar)
