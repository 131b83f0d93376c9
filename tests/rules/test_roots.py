"""Squares and even powers of norms, roots and absolute values, which are smooth where these are not."""

import math

import numpy as np
import pytest

import s2sad
from tests.stages import gradient, tangent
from tests.traces import gives


def named_norm(x):
    r = np.linalg.norm(x)
    return r * r


def in_a_loop(x):
    total = 0.0
    for k in range(2):
        r = np.sqrt(np.sum(x * x))
        weight = 0.5 + k
        total += weight * r * r
    return total


def rows(x):
    return np.stack([x, x])


E = np.eye(3)

SQUARES = {
    # from each function of 3 numbers, its Hessian
    "norm * norm": (lambda x: np.linalg.norm(x) * np.linalg.norm(x), 2.0 * E),
    "norm ** 2": (lambda x: np.linalg.norm(x) ** 2, 2.0 * E),
    "norm ** 2.0": (lambda x: np.linalg.norm(x) ** 2.0, 2.0 * E),
    "named norm": (named_norm, 2.0 * E),
    "multiples": (lambda x: np.linalg.norm(x) * (2.0 * np.linalg.norm(x)), 4.0 * E),
    "np.square(norm)": (lambda x: np.square(np.linalg.norm(x)), 2.0 * E),
    "matrix norm": (lambda x: np.linalg.norm(rows(x), "fro") ** 2, 4.0 * E),
    "norms of rows": (lambda x: np.sum(np.linalg.norm(rows(x), axis=1) ** 2), 4.0 * E),
    "of rows that are kept": (lambda x: np.sum(np.linalg.norm(rows(x), axis=1, keepdims=True) ** 2), 4.0 * E),
    "abs ** 2": (lambda x: np.sum(abs(x) ** 2), 2.0 * E),
    "abs * abs": (lambda x: np.sum(abs(x) * abs(x)), 2.0 * E),
    "fabs": (lambda x: np.sum(np.fabs(x) ** 2), 2.0 * E),
    "abs of numbers": (lambda x: sum(abs(v) ** 2 + math.fabs(v) * math.fabs(v) for v in x), 4.0 * E),
    "sqrt ** 2": (lambda x: np.sqrt(np.sum(x**2)) ** 2, 2.0 * E),
    "math.sqrt": (lambda x: math.sqrt(x[0] * x[0]) ** 2, np.diag([2.0, 0.0, 0.0])),
    "sum ** 0.5": (lambda x: (np.sum(x**2) ** 0.5) ** 2, 2.0 * E),
    "in a loop": (in_a_loop, 4.0 * E),
    "np.hypot": (lambda x: np.sum(np.hypot(x, 0.0) ** 2) + np.sum(np.hypot(x[:, None], x) ** 2), 14.0 * E),
    "math.hypot": (lambda x: math.hypot(x[0], x[1], x[2]) ** 2, 2.0 * E),
    "standard deviation": (lambda x: np.std(x) ** 2, 2.0 / 3.0 * (E - 1.0 / 3.0)),
    "modulus": (lambda x: np.sum(np.abs(x + 2j * x) ** 2), 10.0 * E),
    "of the square": (lambda x: np.exp(-(np.linalg.norm(x) ** 2)), -2.0 * E),
    "norm ** 3": (lambda x: np.linalg.norm(x) ** 3, 0.0 * E),
    "norm ** 4": (lambda x: np.linalg.norm(x) ** 4, 0.0 * E),
    "abs ** 4": (lambda x: np.sum(np.abs(x) ** 4), 0.0 * E),
}
ZERO, ELSEWHERE = np.zeros(3), np.array([0.3, -1.1, 0.7])


def hessians(f, x):
    """The second derivatives, by each of the two modes after each of them."""
    orders = [(a, b) for a in (s2sad.jacrev, s2sad.jacfwd) for b in (s2sad.jacrev, s2sad.jacfwd)]
    return [outer(inner(f))(x) for outer, inner in orders]


@pytest.mark.parametrize("name", SQUARES)
def test_second_derivatives_at_zero(name):
    f, hessian = SQUARES[name]
    assert not np.any(s2sad.grad(f)(ZERO))
    assert not np.any(s2sad.jacfwd(f)(ZERO))
    for found in hessians(f, ZERO):
        np.testing.assert_allclose(found, hessian, atol=1e-12)


@pytest.mark.parametrize("name", SQUARES)
def test_derivatives_elsewhere(name):
    f, _ = SQUARES[name]
    s2sad.check_grads(f, (ELSEWHERE,), order=2)


def test_fourth_derivative_at_zero():
    # (v'v)^2 along e_0 is t^4
    f = s2sad.grad(lambda t: np.linalg.norm(np.array([t, 0.0 * t])) ** 4)
    for d in (s2sad.grad, s2sad.grad, s2sad.grad):
        assert f(0.0) == 0.0
        f = d(f)
    assert f(0.0) == pytest.approx(24.0)


def test_what_is_no_multiple_of_the_root_has_its_subgradient():
    def both(x):
        r = np.linalg.norm(x)
        return r * r + r

    np.testing.assert_array_equal(s2sad.grad(both)(ZERO), ZERO)
    r = np.linalg.norm(ELSEWHERE)
    np.testing.assert_allclose(s2sad.grad(both)(ELSEWHERE), (2.0 + 1.0 / r) * ELSEWHERE, rtol=1e-14)


def test_the_sum_of_absolute_values_is_no_root():
    f = lambda x: np.linalg.norm(x, 1) ** 2  # noqa: E731
    np.testing.assert_allclose(s2sad.grad(f)(ELSEWHERE), 2.0 * 2.1 * np.sign(ELSEWHERE), rtol=1e-14)


def test_other_powers_are_no_roots():
    f = lambda x, p: (x**p) * (x**p)  # noqa: E731
    for p in (1, 2, 3, 2.5, 0.25, -1):
        expected = 2.0 * p * 1.5 ** (2.0 * p - 1.0)
        assert s2sad.grad(lambda x, p=p: f(x, p))(1.5) == pytest.approx(expected, rel=1e-14)
        assert s2sad.jvp(lambda x, p=p: f(x, p), (1.5,), (1.0,))[1] == pytest.approx(expected, rel=1e-14)
    for p in (0.5, 2.0):
        s2sad.check_grads(f, (1.5, p), order=2)


def test_a_power_of_a_root_is_one():
    f = lambda x: (np.linalg.norm(x) ** 1) ** 2 + (np.linalg.norm(x) ** 2) ** 0.5 * np.linalg.norm(x)  # noqa: E731
    for found in hessians(f, ELSEWHERE):
        np.testing.assert_allclose(found, 4.0 * E, atol=1e-12)


def test_precision_is_kept():
    x = ELSEWHERE.astype(np.float32)
    for f in (named_norm, lambda x: np.sum(np.abs(x) ** 2), lambda x: np.sqrt(np.sum(x * x)) ** 2):
        assert s2sad.grad(f)(x).dtype == np.float32


def test_trace_of_the_gradient():
    gives(
        gradient,
        """
        f(x: float64[n], k: float64[n]):
            r = np.absolute(x)
            v1 = k * r
            v2 = v1 * r
            y = np.sum(v2)
            return y
        """,
        """
        f_grad(x: float64[n], k: float64[n]):
            v1 = 2.0 * k
            x_bar = v1 * x
            return x_bar
        """,
    )


def test_trace_of_the_tangent():
    gives(
        tangent,
        """
        f(x: float64[n]):
            r = np.absolute(x)
            y = r ** 4
            return y
        """,
        """
        f_jvp(x: float64[n], x_dot: float64[n]):
            doc 'The value of f, and its derivative along tangents of its arguments.'
            r = np.absolute(x)
            y = r ** 4
            v1 = r ** 2
            v2 = v1 * 4.0
            v3 = x_dot * x
            y_dot = v3 * v2
            v4 = (y, y_dot)
            return v4
        """,
    )
