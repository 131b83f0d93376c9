"""Arrays of lists whose items are tuples and lists, and Jacobians of functions that give nested lists."""

import numpy as np
import pytest

import s2sad

X = np.array([0.5, 1.5])


def pairs(x):
    return np.sum(np.array([(p, np.sin(p)) for p in x]) ** 2)


def appended(x):
    found = []
    for p in x:
        found.append((p, p * p))
    return np.sum(np.asarray(found) ** 3)


def lists(x):
    return np.sum(np.array([[p, np.sin(p)] for p in x]) ** 2)


def with_a_constant(x):
    return np.sum(np.array([(p, 2.0, k) for k, p in enumerate(x)]) ** 2)


def tuples_in_tuples(x):
    return np.sum(np.array([((p, p**2), (p**3, 1.0)) for p in x]) ** 2)


def arrays_in_tuples(x):
    return np.sum(np.array([(x * p, 2.0 * x) for p in x]) ** 2)


def lists_of_lists(x):
    return np.sum(np.array([[(p, p * q) for q in x] for p in x]) ** 2)


def read_besides(x):
    found = [(p, np.sin(p)) for p in x]
    total = np.sum(np.array(found) ** 2)
    for a, b in found:
        total = total + a * b
    return total


def stacked(x):
    return np.sum(np.vstack([(p, p**2) for p in x])[:, 1] * x)


@pytest.mark.parametrize(
    "f",
    [
        pairs,
        appended,
        lists,
        with_a_constant,
        tuples_in_tuples,
        arrays_in_tuples,
        lists_of_lists,
        read_besides,
        stacked,
    ],
)
def test_arrays_of_tuples_are_differentiated(f):
    s2sad.check_grads(f, (X,), order=2)
    np.testing.assert_allclose(s2sad.jacfwd(f)(X), s2sad.grad(f)(X), rtol=1e-12)


def one_in_three(x):
    return [[[x[0] ** 2]]]


def square(x):
    return [[x[0], x[1]], [x[0] * x[1], 1.0]]


def ragged(x):
    return ([x[0], x[1] ** 2], (x * x[0],))


@pytest.mark.parametrize("mode", [s2sad.jacfwd, s2sad.jacrev])
@pytest.mark.parametrize(
    "f, expected",
    [
        (one_in_three, [[[[2 * X[0], 0.0]]]]),
        (square, [[[1.0, 0.0], [0.0, 1.0]], [[X[1], X[0]], [0.0, 0.0]]]),
        (ragged, ([[1.0, 0.0], [0.0, 2 * X[1]]], ([[2 * X[0], 0.0], [X[1], X[0]]],))),
    ],
)
def test_jacobians_of_nested_lists(f, expected, mode):
    found = mode(f)(X)
    assert type(found) is type(expected)
    for a, b in zip(found, expected, strict=True):
        assert len(a) == len(b)
        for one, other in zip(a, b, strict=True):
            np.testing.assert_allclose(one, other, rtol=1e-14)


def inner_jacobian(x):
    J = np.array(s2sad.jacfwd(lambda y: [[y[0], y[1] * y[0]], [y[1], y[0] ** 2]])(x))
    return np.sum(J**2)


def test_a_jacobian_of_nested_lists_inside_a_function():
    expected = [8 * X[0] + 2 * X[0], 2 * X[1]]
    np.testing.assert_allclose(s2sad.grad(inner_jacobian)(X), expected, rtol=1e-14)
