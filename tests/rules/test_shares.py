"""Products of a quotient with a summand of its divisor: the logistic function, in the ways in which it is written."""

import math

import numpy as np
import pytest

import s2sad
from tests.stages import gradient, tangent
from tests.traces import gives


def logistic(x):
    return 1 / (1 + np.exp(-x))


def of_exponential(x):
    return np.exp(x) / (1 + np.exp(x))


def of_variable(x):
    e = np.exp(x)
    return e / (e + 1.0)


def of_two(x):
    a, b = np.exp(x), np.exp(0.0 * x)
    return a / (a + b)


def hyperbolic_tangent(x):
    return 2.0 / (1.0 + np.exp(-2.0 * x)) - 1.0


def bose_einstein(x):
    return 1.0 / (np.exp(x) - 1.0)


def negative_bose_einstein(x):
    return 3.0 / (1.0 - np.exp(x))


def swish(x):
    return x / (1 + np.exp(-x))


def slope_of_logistic(x):
    e = math.exp(-abs(x))
    return e / (1.0 + e) ** 2


def curvature_of_logistic(x):
    e = math.exp(-abs(x))
    return math.copysign(1.0, -x) * e * (1.0 - e) / (1.0 + e) ** 3


SLOPES = [
    (logistic, slope_of_logistic, curvature_of_logistic),
    (of_exponential, slope_of_logistic, curvature_of_logistic),
    (of_variable, slope_of_logistic, curvature_of_logistic),
    (of_two, slope_of_logistic, curvature_of_logistic),
    (
        hyperbolic_tangent,
        lambda x: 1.0 / math.cosh(x) ** 2,
        lambda x: -2.0 * math.tanh(x) / math.cosh(x) ** 2,
    ),
    (
        bose_einstein,
        lambda x: -0.25 / math.sinh(x / 2) ** 2,
        lambda x: 0.25 * math.cosh(x / 2) / math.sinh(x / 2) ** 3,
    ),
    (
        negative_bose_einstein,
        lambda x: 0.75 / math.sinh(x / 2) ** 2,
        lambda x: -0.75 * math.cosh(x / 2) / math.sinh(x / 2) ** 3,
    ),
]


@pytest.mark.parametrize(("function", "slope", "curvature"), SLOPES)
def test_slopes_in_both_modes_and_at_second_order(function, slope, curvature):
    for x in (-3.0, -0.4, 0.7, 2.5):
        first = [s2sad.grad(function)(x), s2sad.jvp(function, (x,), (1.0,))[1]]
        first += list(s2sad.grad(lambda v: np.sum(function(v)))(np.array([x, x])))
        np.testing.assert_allclose(first, slope(x), rtol=1e-13)
        second = [s2sad.grad(s2sad.grad(function))(x), s2sad.jvp(s2sad.grad(function), (x,), (1.0,))[1]]
        np.testing.assert_allclose(second, curvature(x), rtol=1e-12)


@pytest.mark.parametrize("x", [-800.0, 800.0])
@pytest.mark.parametrize("function", [logistic, hyperbolic_tangent])
def test_where_the_exponential_overflows_the_slope_is_zero(function, x):
    with np.errstate(over="ignore"):
        assert s2sad.grad(function)(x) == 0.0
        assert s2sad.jvp(function, (x,), (1.0,))[1] == 0.0
        assert s2sad.grad(s2sad.grad(function))(x) == 0.0
        assert s2sad.jvp(s2sad.grad(function), (x,), (1.0,))[1] == 0.0
        assert not np.any(s2sad.grad(lambda v: np.sum(function(v)))(np.array([x, -x])))


def test_a_numerator_of_the_users_too():
    with np.errstate(over="ignore"):
        assert s2sad.grad(swish)(-800.0) == 0.0
        assert s2sad.grad(swish)(800.0) == 1.0
    for x in (-1.5, 0.8):
        y = 1.0 / (1.0 + math.exp(-x))
        assert s2sad.grad(swish)(x) == pytest.approx(y + x * y * (1.0 - y), rel=1e-14)


def steps(x, w):
    """The logistic function in a loop, of what the loop carries."""
    h = np.zeros(w.shape[0])
    for _ in range(4):
        h = 1.0 / (1.0 + np.exp(-(w @ h + x)))
    return np.sum(h * h)


def test_in_a_loop_the_state_alone_is_kept():
    x, w = np.array([0.3, -0.2]), np.array([[0.5, -1.0], [2.0, 0.1]])
    s2sad.check_grads(steps, (x, w), order=2)
    (kept,) = (line for line in s2sad.grad(steps, (0, 1)).lower(x, w).source.splitlines() if "append" in line)
    assert kept.strip() == "hs.append(h)"


def test_masks_and_stores_around_it():
    def selected(x):
        return np.sum(np.where(x > 0, 1 / (1 + np.exp(-x)), np.exp(x) / (1 + np.exp(x))))

    x = np.array([-800.0, -1.0, 0.5, 800.0])
    with np.errstate(all="ignore"):
        np.testing.assert_allclose(s2sad.grad(selected)(x), [slope_of_logistic(v) for v in x], rtol=1e-13)


def test_trace_of_the_gradient():
    gives(
        gradient,
        """
        f(x: float64[n]):
            v1 = np.exp(x)
            v2 = 1.0 + v1
            v3 = 1.0 / v2
            v4 = np.sum(v3)
            return v4
        """,
        """
        f_grad(x: float64[n]):
            v1 = np.exp(x)
            v2 = 1.0 + v1
            v3 = 1.0 / v2
            v4 = 1.0 - v3
            v5 = v3 * v4
            x_bar = -v5
            return x_bar
        """,
    )


def test_trace_of_the_tangent_and_of_other_numbers():
    gives(
        tangent,
        """
        f(x: float64[n]):
            e = np.exp(x)
            v = 3.0 - e
            y = 2.0 / v
            return y
        """,
        """
        f_jvp(x: float64[n], x_dot: float64[n]):
            doc 'The value of f, and its derivative along tangents of its arguments.'
            e = np.exp(x)
            v = 3.0 - e
            y = 2.0 / v
            v1 = 1.5 * y
            v2 = v1 - 1.0
            v3 = y * x_dot
            y_dot = v3 * v2
            v4 = (y, y_dot)
            return v4
        """,
    )


def test_what_is_no_summand_of_the_divisor_is_multiplied():
    gives(
        gradient,
        """
        f(x: float64[n]):
            e = np.exp(x)
            v = 1.0 + x
            y = 1.0 / v
            z = y * e
            s = np.sum(z)
            return s
        """,
        """
        f_grad(x: float64[n]):
            e = np.exp(x)
            v = 1.0 + x
            y = 1.0 / v
            z = y * e
            v1 = e * y
            v2 = v1 / v
            x_bar = z - v2
            return x_bar
        """,
    )
