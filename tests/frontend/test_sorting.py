"""Lists sorted by keys of run time: values and derivatives of both modes, and what is refused."""

import numpy as np
import pytest

import s2sad

X = np.array([0.9, 0.4, 1.3, 0.7, 1.1, 0.5])


def nelder_mead(x):
    def f(p):
        return (p[0] - x[0]) ** 2 + (p[1] - x[1]) ** 2 * x[2]

    simplex = [np.array([0.0, 0.0]), np.array([1.0, 0.0]), np.array([0.0, 1.0])]
    for _ in range(6):
        simplex.sort(key=lambda p: f(p))
        middle = (simplex[0] + simplex[1]) / 2.0
        moved = middle + (middle - simplex[2])
        simplex[2] = moved if f(moved) < f(simplex[2]) else (simplex[2] + simplex[0]) / 2.0
    return f(simplex[0])


def numbers(x):
    s = sorted([x[0], x[1], x[2], 0.3], key=lambda v: np.sin(3.0 * v))
    return s[0] + 2.0 * s[1] ** 2 + 3.0 * s[2] * s[3]


def tuples(x):
    pairs = [(x[0] * x[1], x[:2]), (x[2], x[2:4]), (x[4] * x[5], x[4:] ** 2)]
    (first, a), (second, b), _ = sorted(pairs, key=lambda t: t[0], reverse=True)
    return first * np.sum(a) + second**2 * b[1]


def ties(x):
    s = sorted([x[:2], x[2:4], x[4:]], key=lambda v: float(v[0] > 0.0), reverse=True)
    return np.sum(s[0] * 3.0 + s[1] * s[2])


@pytest.mark.parametrize("f", [nelder_mead, numbers, tuples, ties])
def test_values_and_derivatives(f):
    assert s2sad.value_and_grad(f)(X)[0] == pytest.approx(f(X), rel=1e-14)
    s2sad.check_grads(f, (X,), order=2)
    many = np.stack([X, X[::-1], 1.1 * X])
    np.testing.assert_allclose(s2sad.vmap(s2sad.grad(f))(many), [s2sad.grad(f)(x) for x in many])


def changes_one_of_them(x):
    a, b = 2.0 * x[:3], 3.0 * x[3:]
    s = sorted([a, b], key=lambda v: v[0])
    s[0][0] = 5.0
    return np.sum(a) * np.sum(s[1])


def of_lists(x):
    return sorted([[x[0], x[1]], [x[2], x[3]]], key=lambda v: v[0])[0][1]


@pytest.mark.parametrize(
    ("f", "message"), [(changes_one_of_them, "may be one of its arguments"), (of_lists, "sorted by keys of run time")]
)
def test_what_may_be_seen_elsewhere_is_refused(f, message):
    with pytest.raises(s2sad.Error, match=message):
        s2sad.grad(f)(X)
