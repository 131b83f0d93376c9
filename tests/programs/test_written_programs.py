"""Programs as people write them, whole, in both modes, at first and second order, against numerical derivatives."""

import math
from typing import NamedTuple

import numpy
import numpy as np
import pytest
from numpy import linalg as la
from numpy import sin as sinus

import s2sad

r = np.random.default_rng(0)
PROGRAMS = []


def t(*args, order=2):
    """A program, with arguments that it is checked at, up to this order."""

    def registered(f):
        PROGRAMS.append((f, args, order))
        return f

    return registered


@t(np.array([0.3, 0.5, 0.9]))
def horner(x):
    c = [1.0, -2.0, 0.5, 3.0]
    y = np.zeros_like(x)
    for ci in c:
        y = y * x + ci
    return y.sum()


@t(1.3, 0.4)
def aliases(x, y):
    from_math = math.exp(x) * math.cos(y)
    z = numpy.sqrt(sinus(x) ** 2 + y**2)
    return from_math * z + la.norm(np.array([x, y, z]))


@t(r.normal(size=(3, 4)), r.normal(size=4))
def lse(A, b):
    z = A @ b
    m = z.max()
    return m + np.log(np.exp(z - m).sum())


@t(r.normal(size=(5, 2)))
def covdet(X):
    mu = X.mean(axis=0)
    C = (X - mu).T @ (X - mu) / (len(X) - 1)
    return np.linalg.slogdet(C)[1] + np.trace(np.linalg.inv(C))


@t(np.array([1.0, 2.0, -1.0]))
def fib_like(x):
    a, b = x[0], x[1]
    for k in range(6):
        a, b = b, a * 0.5 + b * np.sin(x[2] * k)
    return a * b


@t(0.7, order=3)
def cont_frac(x):
    y = x
    for _ in range(5):
        y = 1.0 / (1.0 + y * x)
    return y


@t(r.normal(size=6))
def conv(x):
    k = np.array([0.2, 0.5, 0.3])
    total = 0.0
    for i in range(len(x) - 2):
        s = 0.0
        for j in range(3):
            s += k[j] * x[i + j]
        total += s**2 if s > 0 else -s
    return total


@t(
    {"layers": [(r.normal(size=(3, 4)), np.zeros(4)), (r.normal(size=(4, 2)), np.zeros(2))], "scale": 1.5},
    r.normal(size=(5, 3)),
)
def net(p, x):
    for i, (W, b) in enumerate(p["layers"]):
        x = x @ W + b
        if i < len(p["layers"]) - 1:
            x = np.where(x > 0, x, 0.01 * x)
    return p["scale"] * np.mean(x**2)


@t(np.array([0.5, 0.2, 0.3]))
def entropy(p):
    p = p / p.sum()
    return -(p * np.log(p)).sum()


@t(r.normal(size=(4, 4)))
def expm(A):
    X = np.eye(4)
    S = np.eye(4)
    for k in range(1, 8):
        X = X @ A / k
        S = S + X
    return np.trace(S)


@t(r.normal(size=4), r.normal(size=4))
def cosine(u, v):
    return u.dot(v) / np.sqrt(u.dot(u) * v.dot(v))


@t(1.5, 2)
def ack(x, m):
    if m == 0:
        return x + 1.0
    return x * ack(x * 0.5, m - 1) + ack(x, m - 1)


class S(NamedTuple):
    pos: object
    vel: object


@t(S(np.array([1.0, 0.0]), np.array([0.0, 1.0])), 5)
def kepler(s, n):
    p, v = s.pos, s.vel
    for _ in range(n):
        a = -p / np.sum(p * p) ** 1.5
        v = v + 0.1 * a
        p = p + 0.1 * v
    return 0.5 * np.sum(v * v) - 1.0 / np.linalg.norm(p)


@t(3.0, 2.0)
def gcdlike(x, y):
    while True:
        if x > y:
            x = x - y * 0.7
        elif y > 2 * x:
            y = y * 0.6
        else:
            break
    return x * y


@t(r.normal(size=(3, 3)))
def sortsum(A):
    s = np.sort(A.ravel())
    return np.sum(s[:3]) + np.sum(np.sort(A, axis=0)[0] ** 2)


@t(np.array([1.0, 2.0, 3.0]), 1)
def idx(x, k):
    return x[k] * x[-1] + x[k:].sum() + x[::-1][0] ** 2


@t(0.5)
def kwdefault(x, *, n=3, scale=2.0):
    return scale * x**n


@t(r.normal(size=(2, 3, 4)))
def t3(x):
    return (
        np.tensordot(x, x, axes=([0, 2], [0, 2])).sum()
        + np.einsum("ijk,ijl->kl", x, x)[0, 1]
        + x.transpose(2, 0, 1).reshape(4, -1).std(axis=1).sum()
    )


@t(r.uniform(0.5, 1.0, size=(3, 3)))
def chol(A):
    L = np.linalg.cholesky(A @ A.T + 3 * np.eye(3))
    w, v = np.linalg.eigh(A + A.T)
    q, rr = np.linalg.qr(A)
    return np.log(np.diag(L)).sum() + np.sum(np.exp(w)) + np.abs(v[0, 0]) + rr[0, 1] * q[1, 1]


@t(1.2)
def tern(x):
    return (x if x > 1 else 2 * x) * (np.cos(x) if not x > 3 and x != 2 else 1.0)


@t(0.3, 0.9)
def minmax(a, b):
    return max(a * a, b, 0.2) + min([a, b]) + abs(a - b) + pow(a, 3) + divmod(b, 0.4)[1] + round(b) * a


@t(np.arange(1.0, 5.0))
def enum2(x):
    s = 0.0
    for i, (a, b) in enumerate(zip(x[:-1], x[1:])):
        s += (b - a) ** 2 * (i + 1) * a
    return s


@t(np.ones((2, 2)), np.ones((2, 1)))
def bc(a, b):
    return ((a + b) ** 3 * b).sum() + np.broadcast_to(b, (2, 5)).sum()


@t(r.normal(size=(3, 2)), r.normal(size=(10, 2)))
def kmeans_loss(c, X):
    d = np.sum((X[:, None, :] - c[None]) ** 2, axis=2)
    return np.sum(np.min(d, axis=1))


@t(np.array([0.1, 0.2, -1.0]), r.normal(size=(6, 2)), r.normal(size=6))
def gp_nll(theta, X, y):
    l, s, n = np.exp(theta)
    d2 = np.sum((X[:, None] - X[None]) ** 2, axis=-1)
    K = s * np.exp(-0.5 * d2 / l**2) + n * np.eye(len(X))
    L = np.linalg.cholesky(K)
    a = np.linalg.solve(L.T, np.linalg.solve(L, y))
    return 0.5 * y @ a + np.sum(np.log(np.diag(L))) + 0.5 * len(X) * np.log(2 * np.pi)


@t((r.normal(size=(2, 3)), r.normal(size=(3, 3)), r.normal(size=3)), r.normal(size=(5, 2)), np.zeros(3))
def rnn(p, xs, h):
    Wx, Wh, b = p
    for x in xs:
        h = np.tanh(x @ Wx + h @ Wh + b)
    return np.sum(h**2)


@t(r.normal(size=8), 1.3, 5)
def heat(u, k, n):
    dx = 1.0 / (u.shape[0] - 1)
    dt = 0.4 * dx**2
    for _ in range(n):
        lap = (np.roll(u, 1) - 2 * u + np.roll(u, -1)) / dx**2
        u = u + dt * k * lap
    return np.mean(u**2)


@t(0.3, 10)
@t(1.3, 10)
def mandel(c, n):
    z = 0.0
    for i in range(n):
        z = z * z + c
        if abs(z) > 2:
            return z * i
    return z


def cdf(x):
    return 0.5 * (1 + math.erf(x / math.sqrt(2)))


@t(100.0, 90.0, 1.0, 0.05, 0.2)
def bs2(S, K, T_, r_, sigma):
    d1 = (np.log(S / K) + (r_ + sigma**2 / 2) * T_) / (sigma * np.sqrt(T_))
    d2 = d1 - sigma * np.sqrt(T_)
    return S * cdf(d1) - K * np.exp(-r_ * T_) * cdf(d2)


@t(r.normal(size=(3, 3)) + 3 * np.eye(3), order=1)
def lu_free_det(A):
    n = A.shape[0]
    det = 1.0
    for k in range(n):
        p = A[0, 0]
        det = det * p
        A = A[1:, 1:] - np.outer(A[1:, 0], A[0, 1:]) / p
    return det


@t(*(r.normal(size=s) for s in [(4, 3), (3, 3), (3, 3), (3, 2)]))
def attention(x, Wq, Wk, Wv):
    q, k, v = x @ Wq, x @ Wk, x @ Wv
    s = q @ k.T / np.sqrt(k.shape[-1])
    s = s - np.max(s, axis=-1, keepdims=True)
    w = np.exp(s)
    w /= np.sum(w, axis=-1, keepdims=True)
    return np.sum((w @ v) ** 2)


@t([1.0, 2.0, 3.0])
def lists(xs):
    out = []
    for x in xs:
        out = out + [x * 2.0]
    a, *rest = out
    return a * sum(rest)


@t(np.array([-0.5, 0.2, 0.7, 1.5]))
def masks(x):
    m = (x > 0) & (x < 1)
    return np.sum(x[m]) + np.sum(np.where(m, x**2, 0.0)) + np.count_nonzero(m)


@t(0.7, 0)
@t(0.7, 3)
def leaves_at_once(x, n):
    for i in range(n):
        x = x * 2.0
        break
    while True:
        x = x * 1.5
        if True:
            break
    return x


@t(0.3, 3)
@t(0.7, 3)
def leaves_both_ways(x, n):
    for i in range(n):
        x = x * 2.0
        if x > 1.0:
            x = np.sin(x)
            break
        else:
            break
    return x * x


@t(1.3, 20)
@t(1.3, 2)
def returns_from_a_loop(x, n):
    for i in range(n):
        x = x * 1.5
        if x > 10.0:
            return x * x
    return np.sin(x)


@t(1.0, 0.5, 3)
def swaps(a, b, n):
    for i in range(n):
        a, b = b, a * np.sin(b)
    return a + b


@t(0.3, 7)
def collatz(x, k):
    s = 0.0
    while k != 1:
        if k % 2 == 0:
            k = k // 2
        else:
            k = 3 * k + 1
        s = s + x * k
        if s > 50.0:
            break
    return s * s


@t(0.83, 5)
def continues(x, n):
    t = 0.0
    for i in range(n):
        u = x
        for j in range(i, n, 2):
            u = u * x + j
            if u > 10.0:
                u = u * 0.1
                continue
            u = u + 1.0
        t += u
    return t


def even(x, n):
    return 1.0 if n == 0 else x * odd(x, n - 1)


def odd(x, n):
    return x if n == 0 else np.sin(even(x, n - 1)) + x


@t(0.7, 4)
@t(0.7, 5)
def mutual(x, n):
    return even(x, n)


@t(1.0, 2.0)
@t(1.0, -2.0)
def bound_in_a_branch(x, y):
    if x > 0:
        z = x * y
    if y > 0 and x > 0:
        w = z * z
    else:
        w = y
    return w


@t(np.ones(3), 2.0)
@t(-np.ones(3), 2.0)
def array_bound_in_a_branch(x, y):
    if np.sum(x) > 0:
        z = x * y
    if np.sum(x) > 0:
        return np.sum(z * z)
    return np.sum(x)


@t(r.normal(size=(3, 3)))
@t(r.normal(size=(3, 4)))
def mean_and_element(A):
    m = A.mean(axis=1)
    return m @ m - A[1, 2]


@t(r.normal(size=(3, 3)))
def sums_and_elements(A):
    return np.sum(A.sum(axis=0) ** 2) + A[0, 0] * A[2, 1] + np.sum(A[:, 1] ** 2) + A.max()


@pytest.mark.parametrize("f, args, order", PROGRAMS, ids=[f.__name__ for f, _, _ in PROGRAMS])
def test_derivatives(f, args, order):
    s2sad.check_grads(f, args, order)
    gradient = s2sad.value_and_grad(f)
    with np.errstate(all="ignore"):
        np.testing.assert_allclose(gradient(*args)[0], f(*args), rtol=1e-13)
