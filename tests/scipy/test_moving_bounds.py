"""Bounds and the ends of constraints that move: a minimum that they hold moves with them."""

import numpy as np
import pytest
from scipy import optimize
from scipy.optimize import Bounds, LinearConstraint, NonlinearConstraint, curve_fit, least_squares, minimize

import s2sad
from tests.scipy.solved import check, check_examples

T = np.linspace(0, 4, 20)
DATA = 2.5 * np.exp(-1.3 * T) + 0.5 + 0.05 * np.cos(7 * T)
EXACT = {"xtol": 1e-15, "ftol": 1e-15, "gtol": 1e-15}


def bowl(x):
    return (x[0] - 3.0) ** 2 + x[0] * x[1] + x[1] ** 2


BOWL = {"jac": s2sad.grad(bowl), "tol": 1e-14}


def pairs(a):
    return minimize(bowl, [0.5, 0.0], bounds=[(0, a), (None, None)], **BOWL).x.sum()


def an_array_of_pairs(a):
    bounds = np.array([[-9.0, a * a], [a, 9.0]])
    res = minimize(bowl, [0.5, 2.0], bounds=bounds, **BOWL)
    return res.x[0] * res.x[1] + res.fun


def ends_of_an_object(a):
    box = Bounds([0.0, -0.2 * a], a * np.array([1.0, 10.0]))
    return np.sum(minimize(bowl, [0.5, 0.0], bounds=box, **BOWL).x ** 2)


def one_end_for_all(a):
    return np.sum(minimize(bowl, [0.5, 0.0], bounds=Bounds(-a, a), **BOWL).x ** 2)


def bounds_and_function(a):
    res = minimize(lambda x: a * bowl(x) + x[1] ** 4, [0.1, 0.1], bounds=[(0, a)] * 2, method="Nelder-Mead", tol=1e-14)
    return res.fun + res.x[0]


def a_line(a):
    line = LinearConstraint([[1.0, a]], -np.inf, 1.5 * a)
    return minimize(bowl, [0.5, 0.0], constraints=[line], method="SLSQP", **BOWL).x @ np.array([1.0, 2.0])


def a_curve(a):
    curve = NonlinearConstraint(lambda x: [x[0] ** 2 + x[1] ** 2, x[0]], [0.0, -5.0], [a, 5.0])
    return minimize(bowl, [0.5, 0.0], constraints=curve, method="SLSQP", **BOWL).fun


def a_curve_between_bounds(a):
    curve = NonlinearConstraint(lambda x: x[0] + a * x[1], a, np.inf)
    box = Bounds([-5.0, -5.0], [0.9 * a, 5.0])
    res = minimize(bowl, [0.5, 1.0], constraints=[curve], bounds=box, method="SLSQP", **BOWL)
    return res.x[1] + res.fun


def an_interval(a):
    return optimize.fminbound(lambda x: (x - 4.0) ** 2 * a, 0.0, a * a, xtol=1e-13)


def an_interval_of_a_number(a):
    res = optimize.minimize_scalar(
        lambda x: np.exp(-x / a), bounds=(-3.0, a), method="bounded", options={"xatol": 1e-13}
    )
    return res.x + res.fun


def residuals(a):
    res = least_squares(
        lambda x: np.array([x[0] - 3.0, x[0] + x[1], x[1] - 0.2]), [0.1, 0.1], bounds=([0, -1], [a, 1.0]), **EXACT
    )
    return res.x.sum() + res.cost


def residuals_in_a_box(a):
    box = Bounds([0.0, -0.3 * a], [a, 1.0])
    res = least_squares(lambda x: np.array([x[0] - 3.0, x[0] + x[1], x[1] + 2.0]), [0.1, 0.1], bounds=box, **EXACT)
    return res.x @ np.array([1.0, 2.0])


def a_scale(a):
    def misfit(p):
        return p[0] * np.exp(-p[1] * T) - DATA

    return least_squares(misfit, [1.0, 1.0], "3-point", loss="cauchy", f_scale=0.1 * a, **EXACT).x.sum()


def offset(x, p, q, c):
    return p * np.exp(-q * x) + c


def a_curve_to_data(a):
    return curve_fit(offset, T, DATA, bounds=(0, [3.0, 0.8 * a, 9.0]), **EXACT)[0].sum()


EXACT_ENOUGH = [
    pairs,
    an_array_of_pairs,
    ends_of_an_object,
    one_end_for_all,
    residuals,
    residuals_in_a_box,
]
CONSTRAINED = [a_line, a_curve, a_curve_between_bounds]
ROUGH = [bounds_and_function, an_interval, an_interval_of_a_number, a_scale, a_curve_to_data]


@pytest.mark.parametrize("program", EXACT_ENOUGH, ids=lambda f: f.__name__)
def test_bounds_that_move(program):
    check(program, 1.3, rtol=1e-5, second=program in (pairs, residuals))


@pytest.mark.parametrize("program", CONSTRAINED, ids=lambda f: f.__name__)
def test_ends_of_constraints_that_move(program):
    check(program, 1.3, rtol=1e-5, second=False)


@pytest.mark.parametrize("program", ROUGH, ids=lambda f: f.__name__)
def test_bounds_that_move_where_the_solver_is_less_exact(program):
    check(program, 1.3, rtol=3e-4, second=False)


@pytest.mark.parametrize("program", [pairs], ids=lambda f: f.__name__)
def test_examples(program):
    check_examples(program, 1.3)


def test_a_bound_that_does_not_hold_moves_nothing():
    def f(a, b):
        return minimize(lambda x: np.sum((x - a) ** 2), [0.1], bounds=[(-9.0, b)]).x[0]

    np.testing.assert_allclose(s2sad.grad(f, argnums=(0, 1))(1.0, 2.0), (1.0, 0.0), atol=1e-12)
    np.testing.assert_allclose(s2sad.grad(f, argnums=(0, 1))(3.0, 2.0), (0.0, 1.0), atol=1e-12)


def test_a_variable_between_equal_bounds_moves_with_them():
    def f(b):
        return minimize(bowl, [b, 0.0], bounds=[(b, b), (None, None)], **BOWL).x[1]

    np.testing.assert_allclose(s2sad.grad(f)(0.7), -0.5, rtol=1e-6)


def test_the_way_to_a_bound_that_is_never_reached():
    """Searches by sections, and interior methods, stop a little before the end that holds the minimum."""

    def f(b):
        return optimize.fminbound(lambda x: (x - 3.0) ** 2, 0.0, b)

    assert f(1.3) != 1.3
    assert s2sad.grad(f)(1.3) == 1.0
