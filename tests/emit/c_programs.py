"""Programs that are written as C and compared with NumPy: loops, branches, reductions, slices, gathers, lists."""

import math

import numpy as np


def polynomial(x, y):
    return x * y * y + math.sin(x) / y


def distance(x, y):
    d = x - y
    return np.sqrt(np.sum(d * d))


def softplus(x):
    return np.sum(np.log1p(np.exp(-np.abs(x))) + np.maximum(x, 0.0))


def recurrent(x, w):
    h = np.zeros(w.shape[0])
    for t in range(len(x)):
        h = np.tanh(w @ h + x[t])
    return np.sum(h * h)


def network(w, b, x):
    return np.mean(np.tanh(x @ w + b) ** 2)


def stencil(u, c, steps):
    u = u.copy()
    for _ in range(steps):
        u[1:-1] = u[1:-1] + c * (u[2:] - 2.0 * u[1:-1] + u[:-2])
    return np.sum(u * u)


def branches(x):
    total = 0.0
    for i in range(len(x)):
        if x[i] > 1.0:
            total += x[i] ** 3
        elif x[i] > 0.7:
            total -= math.exp(x[i])
        else:
            total += 2.0 * x[i]
    return total


def newton(a):
    y = a
    while abs(y * y - a) > 1e-12:
        y = 0.5 * (y + a / y)
    return y


def leaves_early(x, limit):
    s = 0.0
    for v in x:
        s += v * v
        if s > limit:
            break
    return s * s


def gathers(x, k):
    return np.sum(x[k] * x[k + 1])


def growing(x, limit):
    v = x[0]
    while v < limit:
        v = v * x[1] + np.sin(v)
    return v + x[2]


def listed(x):
    squares = []
    for v in x:
        squares.append(v * v + 1.0)
    total = 0.0
    for k in range(len(squares)):
        total += squares[k] * squares[-1]
    return total


def strided(x):
    return np.sum(x[::2] * x[::2]) - np.sum(x[::-1] * np.sin(x))


def centred(a):
    return np.sum((a - a.mean(axis=0)) ** 3) + np.max(a) + np.min(a[0])


def outer(x, y):
    return np.sum(np.exp(-((x[:, None] - y[None, :]) ** 2)))


def turned(a, b):
    return np.sum((a.T @ b) ** 2)


def piecewise(x):
    return np.sum(np.where(x > 1.0, x * x, np.cos(x)))


def floors(x, n):
    total = 0.0
    for i in range(n):
        total += x[i % 3] * (i // 2) + x[(i * 2) % len(x)] % 0.3
    return total


def running(x):
    return np.sum(np.cumsum(x) ** 2) + np.prod(x)


def joined(x, y):
    z = np.concatenate([x * 2.0, y])
    return np.dot(z[1:], z[:-1])


def singles(x):
    return np.sum(np.sqrt(x) * np.float32(0.5))


def backwards(x):
    y = 0.0
    for i in range(len(x) - 1, -1, -2):
        y = y * 0.5 + x[i] ** 2
    return y


def closed(x):
    scale = lambda v: v / (1.0 + v * v)  # noqa: E731
    return np.sum(scale(x)) + scale(x[0])


def weighted(p, x):
    return np.sum((p["w"] * x + p["b"][0]) ** 2) * p["b"][1]


def triangle(a):
    total = 0.0
    for i in range(a.shape[0]):
        for j in range(i):
            total += a[i, j] * a[j, i]
    return total


def powers(x, y):
    return np.sum(x**y + np.hypot(x, y) * np.arctan2(x, y))


def outputs(x):
    return np.sin(x) * x, x[1:] - x[:-1]


def solves(a, b):
    y = np.linalg.solve(a, b)
    return np.sum(y * y)


def chooses(x):
    positive = x[x > 1.0]
    return np.sum(positive * positive)


def names_of_c(double, restrict):
    switch = np.sin(double)
    return restrict * np.sum(switch)


def selects(x):
    return x[x > 1.0] * 2.0
