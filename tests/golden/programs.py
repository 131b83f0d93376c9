"""The programs whose emitted derivatives are kept in tests/golden/emitted, to be read at every change."""

import numpy as np


def polynomial(x):
    return 3.0 * x**3 - 2.0 * x + 1.0


def shared(x, y):
    s = x * y
    return s * np.sin(s) + s / y


def branch(x, y):
    if x > y:
        z = x * y
    elif x < 0.0:
        z = np.exp(x)
    else:
        return x
    return z * z


def loop(x, n):
    total = 0.0
    for k in range(n):
        x = x * 0.5 + k
        total = total + np.sin(x)
    return total


def newton(a, x):
    while abs(x * x - a) > 1e-12:
        x = 0.5 * (x + a / x)
    return x


def leaves_early(x, limit):
    for _ in range(100):
        x = x * 1.1
        if x > limit:
            return x * x
    return x


def nested(x):
    total = 0.0
    for i in range(len(x)):
        for j in range(i):
            total = total + x[i] * x[j]
    return total


def rows(A, b):
    total = 0.0
    for row in A:
        total = total + np.tanh(row @ b)
    return total


def square(a):
    return a * a + np.sin(a)


def calls(x, y):
    return square(x) * square(x * y)


def power(x, n):
    if n == 0:
        return 1.0
    return x * power(x, n - 1)


def of_dict(p, x):
    return np.sum((p["slope"] * x + p["offset"]) ** 2)


def softmax(z, y):
    z = z - np.max(z, axis=1, keepdims=True)
    return -np.sum(y * (z - np.log(np.sum(np.exp(z), axis=1, keepdims=True))))


def stencil(u, c, steps):
    for _ in range(steps):
        u = np.concatenate([u[:1], u[1:-1] + c * (u[:-2] - 2.0 * u[1:-1] + u[2:]), u[-1:]])
    return np.sum(u * u)


def distances(points):
    d = points[:, None, :] - points[None, :, :]
    return np.sum(np.sqrt(np.sum(d * d, axis=-1) + 1e-9))


def determinant(A):
    return np.log(np.linalg.det(A @ A.T + np.eye(len(A))))


def broadcast(x, y):
    return np.sum(x * y + y)


def picked(x, i):
    return np.sum(x[i] ** 2) + x[0, -1] + np.sum(x[x > 0.5])


def turned(x, w):
    return np.sum(x[::-1] * w) * np.sum(np.diag(x) ** 2) + np.sum(x[:, ::-1] * x)


def smoothed(u, n):
    u = u.copy()
    for k in range(n):
        u *= 0.5
        u[k + 1] += u[k] ** 2
    return u


def smooth_energy(u, n):
    return np.sum(smoothed(u, n) ** 3)


X = np.linspace(0.1, 1.2, 4)
M = np.arange(6.0).reshape(2, 3)

PROGRAMS = [
    (polynomial, (2.0,), "grad"),
    (polynomial, (2.0,), "jvp"),
    (polynomial, (2.0,), "grad of grad"),
    (shared, (2.0, 3.0), "grad"),
    (shared, (2.0, 3.0), "vjp"),
    (branch, (2.0, 1.0), "grad"),
    (branch, (2.0, 1.0), "jvp"),
    (loop, (0.5, 4), "grad"),
    (loop, (0.5, 4), "jvp"),
    (loop, (0.5, 4), "grad of grad"),
    (newton, (2.0, 1.0), "grad"),
    (leaves_early, (1.0, 3.0), "grad"),
    (nested, (X,), "grad"),
    (rows, (M, X[:3]), "grad"),
    (calls, (1.5, 0.5), "grad"),
    (calls, (1.5, 0.5), "jvp"),
    (power, (1.5, 3), "grad"),
    (of_dict, ({"slope": 1.0, "offset": X}, X), "grad"),
    (softmax, (M, M), "grad"),
    (stencil, (X, 0.1, 3), "grad"),
    (distances, (M,), "grad"),
    (determinant, (np.eye(3),), "grad"),
    (broadcast, (M, X[:3]), "grad"),
    (turned, (M, M), "grad"),
    (smooth_energy, (X, 2), "grad"),
    (picked, (M, np.array([0, 1, 1])), "grad"),
]
