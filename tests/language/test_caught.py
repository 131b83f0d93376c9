"""What raises in a `try` decides which way is taken, though the derivative reads no value of it."""

import numpy as np
import pytest

import s2sad
from tests.against_python import X, programs


def caught_quotient(x, n):
    try:
        return x[0] * (1.0 / n)
    except ZeroDivisionError:
        return 4.0 * x[0]


def caught_element(x, n):
    try:
        return x[n]
    except IndexError:
        return 4.0 * x[0]


def caught_element_for_nothing(x, n):
    try:
        x[n]
    except IndexError:
        return 4.0 * x[0]
    return x[1]


def caught_whole_quotient(x, n):
    try:
        return x[1] * (7 // n)
    except ZeroDivisionError:
        return 4.0 * x[0]


def caught_quotient_for_nothing(x, n):
    try:
        1.0 / n
        return x[1]
    except ZeroDivisionError:
        return 4.0 * x[0]


def caught_in_a_loop(x, n):
    total = 0.0
    for k in range(3):
        try:
            1 / (n - k)
            total = total + x[k]
        except ZeroDivisionError:
            total = total + 4.0 * x[k]
    return total


@pytest.mark.parametrize("n", [0, 1, 9])
@pytest.mark.parametrize("f", programs(globals(), "caught_"))
def test_the_way_is_that_of_the_function(f, n):
    slopes = [(f(X + h, n) - f(X - h, n)) / 0.2 for h in 0.1 * np.eye(len(X))]
    np.testing.assert_allclose(s2sad.grad(f)(X, n), slopes, atol=1e-12)
    value, gradient = s2sad.value_and_grad(f)(X, n)
    assert value == pytest.approx(f(X, n), rel=1e-15)
    np.testing.assert_allclose(gradient, slopes, atol=1e-12)


def reciprocal(x):
    try:
        return 1.0 / x
    except ZeroDivisionError:
        return 5.0 * x


@pytest.mark.parametrize(("x", "slope"), [(0.0, 5.0), (2.0, -0.25)])
def test_a_quotient_that_the_gradient_does_not_read(x, slope):
    assert s2sad.grad(reciprocal)(x) == slope
    assert s2sad.jvp(reciprocal, (x,), (1.0,))[1] == slope
