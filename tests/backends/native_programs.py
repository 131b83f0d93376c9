"""Programs of all kinds of control flow, with arguments: what native code of each operator is tested with."""

from typing import NamedTuple

import numpy as np

import s2sad

X = np.array([0.5, -1.2, 2.0, 0.3])
M = np.array([[0.5, -1.2, 2.0], [0.3, 0.8, -0.4]])
SCALES = np.array([1.5, -0.5, 0.25, 2.0])


class Pair(NamedTuple):
    w: np.ndarray
    b: float


P = {"w": 2.0 * X, "rest": (0.3, Pair(X**2, 1.5))}


def scalars(x, y):
    return np.sin(x) * y + np.exp(x * y) / (1.0 + y * y)


def matrices(x, m):
    return np.sum((m @ x[:3]) ** 2) * x[3] + np.max(x) * np.mean(m)


def loop(x, n):
    y = x[0]
    for k in range(n):
        y = np.sin(y * x[1]) + x[2] * 0.1 * k
    return y * x[3]


def stencil(x, n):
    a = x.copy()
    b = np.zeros_like(x)
    for _ in range(n):
        b[1:-1] = a[:-2] * a[1:-1] + 0.5 * a[2:]
        a[1:-1] = np.sin(b[1:-1])
    return np.sum(a * a)


def branches(x, y):
    z = x * y if x[0] > 0.0 else x + y
    for k in range(len(z)):
        if z[k] < 0.0:
            continue
        if z[k] > 100.0:
            break
        y = y + z[k] ** 2
    return y * np.sum(z)


def until(x, y):
    n = 0
    while np.sum(x * x) > 1.0 and n < 5:
        x = x * np.cos(x) * 0.8
        y = y * 1.1 + x[0] ** 2 * np.sin(y)
        n += 1
    return np.sum(x) * y + n


def until_inner(x, n):
    total, k = 0.0, 0
    while k < n:
        y = x[k] ** 2
        while y < 3.0:
            y = y * y + 0.7
        total = total + y * x[0]
        k += 1
    return total


def containers(p, x):
    return np.sum(np.tanh(p["w"] * x + p["rest"][0])) * p["rest"][1].b + np.sum(p["rest"][1].w)


def inner(x, y):
    s = np.sin(x) * y
    return s * s, y * x


def callee(x, y):
    a, b = inner(x, y)
    c, d = inner(a, y * 0.5)
    return np.sum(a * c + b * d)


def lists(x, y):
    xs = []
    for k in range(len(x)):
        if x[k] > 0.0:
            xs.append(x[k] ** 2 * y)
    t = 0.0
    for v in xs:
        t += v * v
    return t


def early(x, y):
    for k in range(len(x)):
        if x[k] > 1.0:
            return x[k] ** 2 * y
    return np.sum(x) * y


def captured(x, y):
    return np.sum(np.sin(x * SCALES)) * np.sum(x) * y


class Oscillator:
    def __init__(self, k, b):
        self.k = k
        self.b = b


def stored_in(state):
    return np.sum(state["q"] * state["o"].k) * state["o"].b


def records(x, y):
    state = {"q": x, "o": Oscillator(x * y, y)}
    return stored_in(state) + stored_in({"q": x * x, "o": state["o"]})


def tables(x, n):
    rows = [[x[i] * x[j] ** 2 + x[0] for j in range(n)] for i in range(n)]
    table = np.array(rows).T[...]
    return np.sum(table[0] * np.sin(table))


def energy(x, y):
    return np.sum(x**3) * y


def with_derivatives(x, y):
    v, d = s2sad.jvp(energy, (x, y), (x * x, 1.0))
    return np.sum(s2sad.grad(energy)(x, y) * x) * d + v


PROGRAMS = {
    f.__name__: (f, args)
    for f, args in [
        (scalars, (0.7, 1.3)),
        (matrices, (X, M)),
        (loop, (X, 5)),
        (stencil, (X, 3)),
        (branches, (X, 0.4)),
        (until, (X, 1.1)),
        (until_inner, (X, 4)),
        (containers, (P, X)),
        (callee, (X, 0.7)),
        (lists, (X, 0.7)),
        (early, (X, 0.7)),
        (captured, (X, 0.7)),
        (records, (X, 0.7)),
        (tables, (X, 3)),
        (with_derivatives, (X, 0.7)),
    ]
}
