"""Functions whose derivatives are looked at: each with arguments to call it with."""

import numpy as np


def product(w1, w2):
    y = w2 * np.log(w1)
    return y + np.sqrt(y)


def stored(a, n):
    total = 0.0
    x = a.copy()
    for k in range(n):
        x[1:] = x[1:] * x[:-1]
        if x[0] > 0.5:
            total = total + np.sum(np.exp(x))
            x[0] *= 0.9
        else:
            total = total - x[k]
    return total


def growth(y, p):
    hare, lynx = y
    return np.array([p[0] * hare - p[1] * hare * lynx, p[2] * hare * lynx - p[3] * lynx])


def heun(y, p, n):
    for _ in range(n):
        slope = growth(y, p)
        y = y + 0.05 * (slope + growth(y + 0.1 * slope, p))
    return np.sum(y * y)


def tree(x, depth):
    return np.sin(x) if depth == 0 else tree(x * 1.1, depth - 1) * tree(x + 0.1, depth - 1)


PROGRAMS = {
    "product": (product, (2.0, 3.0)),
    "stored": (stored, (np.linspace(0.4, 0.9, 4), 3)),
    "heun": (heun, (np.array([2.0, 1.0]), np.array([1.0, 0.5, 0.4, 0.6]), 5)),
    "tree": (tree, (0.3, 2)),
}
