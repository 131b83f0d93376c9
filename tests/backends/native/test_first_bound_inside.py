"""Lists and arrays that are bound in a loop or a branch first, and read behind it: as NumPy's program has them."""

import numpy as np
import pytest

import s2sad

pytest.importorskip("llvmlite")


def doubled(xs, by):
    return [weighted(xs, k) * by for k in range(len(xs))]


def weighted(xs, k):
    total = 0.0
    for j, x in enumerate(xs):
        total += x / (j + k + 1)
    return total


def a_list(x):
    xs = [x[0], x[1] * x[0], x[2]]
    for _ in range(3):
        ys = doubled(xs, 2.0)
        xs = doubled(ys, 0.5)
    return xs[0] * ys[1] + sum(ys)


def a_list_of_lists(x):
    xs = [x[0], x[1], x[2]]
    for _ in range(2):
        rows = [doubled(xs, 1.0), doubled(xs, x[1])]
        xs = [a * b for a, b in zip(*rows, strict=True)]
    return rows[0][1] * rows[1][2] + xs[0]


def an_array(x):
    for k in range(3):
        y = np.sort(x * (k + 1.0))
        x = np.cumsum(y)[::-1] * 0.1 + x
    return np.sum(x * y)


def a_matrix(x):
    for k in range(2):
        m = np.outer(x, x) + k
        x = m.sum(axis=0) * 0.2
    return np.sum(m @ x)


def by_a_branch(x):
    total = 0.0
    for k in range(len(x)):
        if x[k] > 0.5:
            w = doubled([x[0], x[k], x[1]], 1.0)
        else:
            factor = 3.0
            w = doubled([x[k], x[2], 1.0], factor)
        total += w[0]
    return total + w[1] * w[2]


def in_one_branch(x):
    big = False
    for k in range(len(x)):
        if x[k] > 0.5:
            big, w = True, doubled([x[0], x[k], x[1]], 1.0)
    return np.sum(x) + (w[1] * w[2] if big else 0.0)


def of_a_while(x):
    k = 0
    while k < 3:
        ys = doubled([x[0], x[1], x[k]], 1.5)
        k += 1
    return ys[0] * ys[2] + k


PROGRAMS = [a_list, a_list_of_lists, an_array, a_matrix, by_a_branch, in_one_branch, of_a_while]


@pytest.mark.parametrize("f", PROGRAMS)
@pytest.mark.filterwarnings("ignore:.*is not compiled")
def test_native_code_gives_what_python_gives(f):
    x = np.array([0.3, 0.9, 0.6])
    assert s2sad.jit(f)(x) == pytest.approx(f(x), rel=1e-13)
    value, gradient = s2sad.value_and_grad(f, backend="native")(x)
    assert value == pytest.approx(f(x), rel=1e-13)
    np.testing.assert_allclose(gradient, s2sad.grad(f)(x), rtol=1e-12)
    ends = [(f(x + h) - f(x - h)) / 2e-6 for h in 1e-6 * np.eye(3)]
    np.testing.assert_allclose(gradient, ends, rtol=1e-6)
