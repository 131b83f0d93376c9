"""Programs on which the compiler once failed, each of them for its class."""

import math

import numpy as np
import pytest
from scipy import special

import s2sad
from s2sad.errors import UnsupportedCall


def step(a, y):
    c = a * y
    return np.tanh(c) * c


def repeated(x, n):
    y = x
    for _ in range(n):
        y = step(x, y)
    return np.sum(y)


def log_sum(a):
    m = np.max(a, axis=-1)
    return m + np.log(np.sum(np.exp(a - m[..., None]), axis=-1))


def closure_along(x):
    def cube(y):
        return np.sum(y * y * y * x)

    return s2sad.jvp(cube, (x,), (np.ones(3),))[1]


def ordered(x):
    order = list(range(len(x)))
    order[0] = 2
    rest = order[:1] + order[2:]
    return x[order[0]] * x[order[1]] + x[rest[1]] ** 3


def lower_ones(x):
    rows, cols = np.tril_indices(3)
    m = np.diag(x)
    m[rows, cols] = 1.0
    return np.sum(m.T * x)


def constants(x, n):
    for k in range(n):
        x = x * math.gamma(k + 1.5)
    return np.sum(x) * special.gammaln(2.5) + x[0] * math.lgamma(3.5)


X = np.array([0.3, 1.2, -0.7])
PROGRAMS = [
    (repeated, (X, 3)),
    (lambda x: 2.0 * log_sum(x), (X,)),
    (closure_along, (X,)),
    (ordered, (X,)),
    (lower_ones, (X,)),
    (constants, (X, 3)),
]


@pytest.mark.parametrize(("f", "args"), PROGRAMS)
def test_both_modes_and_second_order(f, args):
    s2sad.check_grads(f, args, order=2)


def test_functions_without_a_rule_stand_as_they_are_where_nothing_depends_on_them():
    source = s2sad.grad(constants).lower(X, 3).source
    assert "math.gamma(k + 1.5)" in source and source.count("import math\n") == 1
    with pytest.raises(UnsupportedCall, match="no derivative rule"):
        s2sad.grad(lambda x: np.sum(np.unwrap(x)))(X)


@pytest.mark.parametrize(
    "f", [lambda x: np.sum(x) * np.max(x, axis=-1, keepdims=True)[..., 0], lambda x: x[..., 0] ** 2]
)
def test_native_code_with_an_ellipsis(f):
    pytest.importorskip("numba")
    np.testing.assert_allclose(s2sad.grad(f, backend="numba")(X), s2sad.grad(f)(X))
