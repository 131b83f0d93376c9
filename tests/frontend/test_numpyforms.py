"""NumPy's functions that stand for others, against NumPy, in both modes, at first and second order."""

import numpy as np
import pytest

import s2sad
from s2sad.errors import Unsupported

r = np.random.default_rng(4)
X, Y, M, N = r.normal(size=4), r.normal(size=3), r.normal(size=(3, 4)), r.normal(size=(2, 4))
T = r.normal(size=(2, 3, 4))

OUTER = [np.add, np.subtract, np.multiply, np.divide, np.maximum, np.minimum, np.arctan2, np.hypot]
REDUCED = [np.add, np.multiply, np.maximum, np.minimum]


def squares(a):
    return np.sum(a * a)


def points(n, m, x):
    i, j = np.mgrid[0:n, 0:m]
    return np.sum(np.sin(x[0] * i + x[1] * j))


def spread_points(n, m, x):
    i, j = np.ogrid[1:n, 0:m:2]
    return np.sum(np.sin(x[0] * i + x[1] * j))


def grid_of_reals(n, m, x):
    grid = np.mgrid[0 : 1 : n * 0.05, 1:2:5j]
    return np.sum(np.cos(x[0] * grid[0]) * grid[1] * x[1])


def points_of_a_line(n, m, x):
    return np.sum(np.sin(x[0] * np.mgrid[0:n]) + x[1] * np.mgrid[-1:1:6j][2])


def mixed_points(n, m, x):
    i, j = np.ogrid[1:n, 0:1:0.25]
    return np.sum(np.sin(x[0] * i**-1 + x[1] * j))


def moved_points(n, m, x):
    return np.sum(np.mgrid[x[0] : x[0] + 2.9 : 1.0] ** 2) * x[1]


def known_points(n, m, x):
    i, j = np.mgrid[0:3, 0:4]
    k = np.mgrid[0:2, 0:2, 0:3]
    return np.sum(x[0] * i + x[1] * j) + np.sum(k * x[0]) * np.sum(k[0] * x[1])


def tiles(x, m):
    n = len(x)
    return np.sum(np.tile(x, (n, 1)) * np.arange(n)[:, None]) + squares(np.tile(x, len(m)) * m[0, 0])


def repeats(x, m):
    each = np.repeat(x, len(m))
    return squares(each * np.arange(each.size)) + squares(np.repeat(m, m.shape[1], axis=0)) * squares(m.repeat(2, 1))


def own_counts(x, m):
    counts = np.arange(len(x)) % 3
    return np.sum(np.repeat(x, counts) ** 3) + np.sum(np.repeat(m, [2, 0, 1], axis=0) ** 3)


def nothing_repeated(x, m):
    return np.sum(np.repeat(x, len(x) - 4)) + np.sum(m)


def correlated(x, m):
    total = 0.0
    for k in range(len(x)):
        total += np.sum(x * np.roll(x, k)) * k + squares(np.roll(m, (k, -1), axis=(0, 1))[0])
    return total


def padded(x, m):
    n = len(x) // 2
    return np.sum(np.pad(x, n) ** 2 * np.arange(2 * n + len(x))) + squares(np.pad(m, ((n, 0), (1, n)))[1:])


def padded_by_copies(x, m):
    n = len(x) // 2
    edges = np.pad(x, (n, 0), mode="edge")
    return squares(edges) * np.sum(np.pad(m, ((n, 0), (0, 1)), mode="wrap") ** 3)


def parts(x, m):
    n = len(x) // 3
    a, b = np.split(x, [n])
    c, d = np.hsplit(m, 2)
    e, f = np.vsplit(m, [n])
    rest = sum(squares(p) * k for k, p in enumerate(np.array_split(x, 3)))
    return np.sum(a) * squares(b) + np.sum(c * d**2) + np.sum(e) * squares(f) + rest


def written_parts(x, m):
    y = x * 2
    a, b = np.split(y, [len(x) // 2])
    a[:] = a * m[0, 0]
    b[0] = a[1]
    return np.sum(y**3)


def joined_rows(x, m):
    return squares(np.r_[x, x[0] ** 2, 1.0, 2:5]) + np.sum(np.r_[m, m * m] * np.r_[0:6][:, None])


def joined_columns(x, m):
    table = np.c_[np.ones(4), x, m.T, 1:5]
    return np.sum(table**3) + squares(np.c_[x[0], x[1] ** 2])


CASES = [
    *((f, (X, M)) for f in (joined_rows, joined_columns)),
    *((f, (X, M)) for f in (tiles, repeats, own_counts, nothing_repeated, correlated, padded, padded_by_copies, parts)),
    (written_parts, (X, M)),
    *((lambda x, y, f=f: squares(f.outer(x, y)), (X, Y + 3)) for f in OUTER),
    (lambda x, y: squares(np.add.outer(x, y)), (M, Y)),
    (lambda x, y: squares(np.multiply.outer(x, y)), (X, N)),
    (lambda x, y: squares(np.subtract.outer(x, y)), (X, 0.7)),
    (lambda x: squares(np.add.outer(x[0], x[1:])), (X,)),
    *((lambda x, f=f: squares(f.reduce(x)), (M,)) for f in REDUCED),
    *((lambda x, f=f: squares(f.reduce(x, axis=(0, 2))), (T,)) for f in REDUCED[:1]),
    *((lambda x, f=f: squares(f.reduce(x, -1, keepdims=True)), (M,)) for f in REDUCED),
    (lambda x, y: np.add.reduce([x, y, x * y], axis=None), (X, M[0])),
    (lambda x, y: squares(np.maximum.reduce([x, y, x * y])), (X, M[0])),
    (lambda x: np.sum(x[np.logical_and.reduce((x > -1, x < 2))] ** 2), (X,)),
    *((lambda x, f=f: squares(f.accumulate(x)), (M,)) for f in REDUCED[:2]),
    *((lambda x, f=f: squares(f.accumulate(x, axis=1)), (M,)) for f in REDUCED[:2]),
    *(
        (f, (3, 4, X))
        for f in (points, spread_points, mixed_points, grid_of_reals, points_of_a_line, moved_points, known_points)
    ),
]


@pytest.mark.parametrize(("f", "args"), CASES)
def test_values_and_derivatives(f, args):
    active = tuple(k for k, a in enumerate(args) if not isinstance(a, int))
    value, _ = s2sad.value_and_grad(f, argnums=active)(*args)
    np.testing.assert_allclose(value, f(*args), rtol=1e-13)
    s2sad.check_grads(f, args, order=2)


@pytest.mark.parametrize(
    "f",
    [
        lambda x: np.sum(np.add.reduce(x, dtype=np.float32)),
        lambda x: np.sum(np.add.reduce(x, initial=3.0)),
        lambda x: np.sum(np.add.reduceat(x, [0, 2], dtype=np.float32)),
    ],
)
def test_what_is_left_out_is_refused(f):
    with pytest.raises(Unsupported):
        s2sad.grad(f)(M)
