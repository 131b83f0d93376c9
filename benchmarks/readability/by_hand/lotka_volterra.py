"""The states at which rates are taken are kept, and the adjoints of the rates; `p_bar` is one sum over all of them."""

import numpy as np


def rates(y, p):
    hare, lynx = y
    return np.array([p[0] * hare - p[1] * hare * lynx, p[2] * hare * lynx - p[3] * lynx])


def rates_adjoint(y, p, k_bar):
    hare, lynx = y
    met_bar = p[2] * k_bar[1] - p[1] * k_bar[0]
    return np.array([p[0] * k_bar[0] + lynx * met_bar, hare * met_bar - p[3] * k_bar[1]])


def misfit_adjoint(q, counts, steps=10):
    p, y = np.exp(q[:4]), np.exp(q[4:])
    dt = 1.0 / steps
    kept = np.empty(((len(counts) - 1) * steps, 4, 2))
    ends = [y]
    for k in range(len(kept)):
        kept[k, 0] = y
        k1 = rates(y, p)
        kept[k, 1] = y2 = y + 0.5 * dt * k1
        k2 = rates(y2, p)
        kept[k, 2] = y3 = y + 0.5 * dt * k2
        k3 = rates(y3, p)
        kept[k, 3] = y4 = y + dt * k3
        k4 = rates(y4, p)
        y = y + dt / 6.0 * (k1 + 2.0 * k2 + 2.0 * k3 + k4)
        if (k + 1) % steps == 0:
            ends.append(y)
    errors = np.log(ends) - np.log(counts)

    y_bar = np.zeros(2)
    rates_bar = np.empty_like(kept)
    for k in reversed(range(len(kept))):
        if (k + 1) % steps == 0:
            year = (k + 1) // steps
            y_bar += 2.0 * errors[year] / ends[year]
        y, y2, y3, y4 = kept[k]
        rates_bar[k, 3] = k4_bar = dt / 6.0 * y_bar
        y4_bar = rates_adjoint(y4, p, k4_bar)
        rates_bar[k, 2] = k3_bar = 2.0 * k4_bar + dt * y4_bar
        y3_bar = rates_adjoint(y3, p, k3_bar)
        rates_bar[k, 1] = k2_bar = 2.0 * k4_bar + 0.5 * dt * y3_bar
        y2_bar = rates_adjoint(y2, p, k2_bar)
        rates_bar[k, 0] = k1_bar = k4_bar + 0.5 * dt * y2_bar
        y_bar += rates_adjoint(y, p, k1_bar) + y2_bar + y3_bar + y4_bar
    hare, lynx = kept[:, :, 0], kept[:, :, 1]
    growth, death = rates_bar[:, :, 0], rates_bar[:, :, 1]
    bars = growth * hare, -growth * hare * lynx, death * hare * lynx, -death * lynx
    p_bar = np.sum(bars, axis=(1, 2))
    return np.sum(errors**2), np.concatenate([p_bar * p, y_bar * ends[0] + 2.0 * errors[0]])
