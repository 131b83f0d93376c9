"""NumPy's functions that are given functions, conditions or counts, against NumPy, in both modes, to second order."""

import numpy as np
import pytest

import s2sad
from s2sad.errors import Unsupported

r = np.random.default_rng(0)
X, M = r.random(6) * 2 - 0.5, r.random((4, 3))


def selected(x):
    return np.sum(np.select([x < 0.3, x < 0.6], [x**2, x**3], default=x)) + np.sum(np.select([x > 1], [np.log(2 + x)]))


def pieces(x):
    return np.sum(np.piecewise(x, [x < 0.3, x >= 0.3], [lambda t: t**2, lambda t: np.log(t)]))


def pieces_with_arguments(x):
    functions = [lambda t, a: a * t**2, lambda t, a: np.sin(t) * a, 1.5]
    return np.sum(np.piecewise(x, [x < 0.3, (x >= 0.3) & (x < 0.7)], functions, x[0]) ** 2)


def along_axes(m):
    rows = np.apply_along_axis(lambda row: row**2 * row[0], 1, m)
    columns = np.apply_along_axis(lambda column: column**2 * column[0], 0, m)
    means = np.apply_along_axis(lambda column, a: np.sum(column**2) * a, 0, m, m[0, 0])
    return np.sum(rows * m) + np.sum(columns * m**2) + np.sum(means * m)


def for_each(x):
    return np.sum(np.vectorize(lambda t: t**2 if t > 0.5 else t**3)(x))


@np.vectorize
def either(t, a):
    return t * a if t > 0.5 else np.sin(t * a)


def for_each_pair(m):
    return np.sum(either(m, m[0])) + either(m[0, 0], 2.0)


def from_iterables(x):
    squares = np.fromiter((t**2 for t in x), dtype=float)
    return np.sum(squares * np.fromiter([t * k for k, t in enumerate(x)], float, len(x)))


def enumerated(m):
    total = 0.0
    for place, v in np.ndenumerate(m):
        total += v**2 * place[0]
    for (i, j), v in np.ndenumerate(m):
        total += v**3 * i * j
    return total


def by_indices(m):
    total, out = 0.0, np.zeros(m.shape)
    for place in np.ndindex(m.shape):
        total += m[place] ** 2
    for i, j in np.ndindex(3, 2):
        total += m[i, j] ** 2 * i * j
        out[i, j] = m[i, j] ** 2
    for place in np.ndindex(out.shape):
        out[place] = out[place] * m[place]
    for (k,) in np.ndindex(len(m)):
        total += m[k, 0] * k
    return total + np.sum(out**2)


def blocks(m):
    square = np.block([[m[:3], np.zeros((3, 2))], [np.ones((2, 3)), np.eye(2) * m[0, 0]]])
    return np.linalg.det(square) + np.sum(np.block([[m, m**2], [m * 2, m]]) ** 2) + np.sum(np.block([m[0], 1.0]) ** 3)


def where_it_holds(m):
    i, j = np.where(m > 0.4)
    flat = m.ravel()[np.flatnonzero(m > 0.4)]
    return np.sum(m[i, j] ** 2 * i) + np.sum(m[np.argwhere(m > 0.4)[:, 0], 0]) + np.sum(flat**3)


def asks_for_complex(x):
    return np.sum(x**2) * (2.0 if np.iscomplexobj(x) else 3.0) * (1.0 if np.isrealobj(x) else 0.0)


def put_in(x):
    whole = np.sum(np.insert(x, 0, 3.0) * np.append(x, x[0] ** 2))
    return whole + np.sum(np.insert(x, len(x) // 2, x[0] ** 2) ** 2) + np.sum(np.insert(x, -1, x**2) ** 3)


def left_out(m):
    total = np.sum(np.delete(m[:, 0], [0, -1]) ** 3)
    for i in range(len(m)):
        total += np.sum(np.delete(m, i, axis=0) ** 2) * i + np.sum(np.delete(np.delete(m, i, 0), 0, 1) ** 3)
    return total


def appended(m):
    return np.sum(np.append(m, m**2) ** 2) + np.sum(np.append(m, m**2, axis=0) ** 3) + np.sum(np.append(m[0], [1.0]))


def counted(x):
    places = np.array([0, 1, 1, 2, 0, 1])
    sums = np.bincount(places, weights=x)
    return np.sum(sums**2) + np.sum(np.bincount(places, x, minlength=5) ** 3) + np.bincount(places, minlength=4) @ x[:4]


def deposited(x):
    """Charges given to the nearest two points of a grid, as particle codes do."""
    n = len(x)
    cell = np.floor((x + 0.5) * 2).astype(int)
    share = (x + 0.5) * 2 - cell
    density = np.bincount(cell, 1 - share, minlength=n) + np.bincount(cell + 1, share, minlength=n)
    return np.sum(density**2)


def histogram_of_weights(x):
    where = np.array([0.11, 0.93, 0.32, 0.37, 0.61, 0.44])
    counts, edges = np.histogram(where, bins=3, weights=x)
    return np.sum(counts**2 * edges[1:])


def histogram_with_moving_edges(x):
    counts, edges = np.histogram(x, 4, weights=x**2)
    return np.sum(counts**2 * edges[1:])


def histogram_of_density(x):
    counts, edges = np.histogram(x, 5, (0.0, 1.0), weights=x**2, density=True)
    given, _ = np.histogram(x, bins=np.array([-0.4, 0.2, 0.7, 1.0]), weights=x)
    return np.sum(counts**2 * edges[1:]) + np.sum(given**2)


def plain_histogram(x):
    return np.sum(np.histogram(x, 5)[0] * np.arange(5)) * np.sum(x**2)


VECTORS = [selected, pieces, pieces_with_arguments, for_each, from_iterables, asks_for_complex, put_in, counted]
VECTORS += [deposited, histogram_of_weights, histogram_with_moving_edges, histogram_of_density, plain_histogram]
MATRICES = [along_axes, for_each_pair, enumerated, by_indices, blocks, where_it_holds, left_out, appended]


@pytest.mark.parametrize(("f", "x"), [*((f, X) for f in VECTORS), *((f, M) for f in MATRICES)])
def test_values_and_derivatives(f, x):
    value, _ = s2sad.value_and_grad(f)(x)
    np.testing.assert_allclose(value, f(x), rtol=1e-13)
    s2sad.check_grads(f, (x,), order=2)


@pytest.mark.parametrize("seed", range(5))
@pytest.mark.parametrize("f", [histogram_with_moving_edges, histogram_of_density, plain_histogram])
def test_histograms_count_as_numpy_does(f, seed):
    x = np.round(np.random.default_rng(seed).random(40), 1)  # many on the edges
    np.testing.assert_allclose(s2sad.value_and_grad(f)(x)[0], f(x), rtol=1e-12)


def gained(m):
    return np.sum(np.linalg.slogdet(np.insert(m, 1, 2.0, axis=0))[1])


@pytest.mark.parametrize(
    "f",
    [
        gained,
        lambda m: np.sum(np.histogram(m, bins="auto", weights=m)[0]),
        lambda m: np.sum(np.insert(m[0], [0, 1], m[0, 0])),
        lambda m: np.sum(np.vectorize(lambda row: row, signature="(n)->(n)")(m)),
        lambda m: np.sum(np.apply_along_axis(lambda v: v, 1, m[None])),
    ],
)
def test_what_is_left_out_is_refused(f):
    with pytest.raises(Unsupported):
        s2sad.grad(f)(M)
