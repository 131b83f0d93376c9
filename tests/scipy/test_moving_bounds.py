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


# What holds a minimum, wherever it is made


BOX = Bounds([0, -0.5], [1.0, 2.0])
HOLDS = [{"type": "ineq", "fun": lambda x: 1.2 - x[0] - x[1]}]
LINE = LinearConstraint([[1, 1]], -np.inf, 1.2)
DISC = NonlinearConstraint(lambda x: x[0] ** 2 + 4.0 * x[1] ** 2, -np.inf, 1.0)


def pulled(x, a):
    return (x[0] - a) ** 2 + (x[1] - 2 * a) ** 2 + 0.1 * x[0] * x[1]


STEEP = {"jac": s2sad.grad(pulled), "tol": 1e-13, "method": "SLSQP"}


class Task:
    def __init__(self, a):
        self.a = a
        self.box = Bounds([0.0, 0.0], [1.0, 1.5])
        self.lines = [LinearConstraint(np.array([[1.0, 1.0]]), -np.inf, 1.2)]

    def cost(self, x):
        return pulled(x, self.a)

    def run(self):
        return minimize(self.cost, [0.1, 0.1], bounds=self.box, constraints=self.lines, method="SLSQP", tol=1e-14).x


def by_a_box_outside(a):
    return minimize(pulled, [0.1, 0.1], args=(a,), bounds=BOX, tol=1e-14).x.sum() * a


def by_dicts_outside(a):
    return minimize(pulled, [0.1, 0.1], args=(a,), constraints=HOLDS, **STEEP).x @ np.array([1.0, 2.0])


def by_a_line_outside(a):
    return minimize(pulled, [0.1, 0.1], args=(a,), constraints=LINE, **STEEP).x @ np.array([1.0, 2.0])


def by_a_disc_outside(a):
    return minimize(pulled, [0.1, 0.1], args=(a,), constraints=DISC, **STEEP).x @ np.array([1.0, 2.0])


def by_an_object_of_the_user(a):
    return Task(a).run() @ np.array([1.0, 2.0])


def a_portfolio_as_people_write_it(a):
    risk = np.array([[0.1, 0.02, 0.01], [0.02, 0.2, 0.03], [0.01, 0.03, 0.15]])
    returns = np.array([0.1, 0.2, 0.15])
    n = len(returns)

    def volatility(w):
        return np.sqrt(np.dot(w.T, np.dot(risk, w)))

    cons = (
        {"type": "eq", "fun": lambda x: np.sum(x) - 1},
        {"type": "ineq", "fun": lambda x: returns.dot(x) - 0.12 * a},
    )
    bnds = tuple((0, 1) for _ in range(n))
    res = minimize(volatility, n * [1.0 / n], method="SLSQP", bounds=bnds, constraints=cons, options={"ftol": 1e-14})
    return res["fun"]


OUTSIDE = [
    a_portfolio_as_people_write_it,
    by_a_box_outside,
    by_dicts_outside,
    by_a_line_outside,
    by_a_disc_outside,
    by_an_object_of_the_user,
]


@pytest.mark.parametrize("program", OUTSIDE, ids=lambda f: f.__name__)
def test_what_is_made_outside_holds_as_well(program):
    check(program, 1.3, rtol=1e-4, second=False)


def test_interior_methods_stop_short_of_what_holds():
    def by_barriers(a):
        line = LinearConstraint([[1.0, 1.0]], -np.inf, a)
        far = lambda x: (x[0] - 4.0) ** 2 + (x[1] - 1.0) ** 2  # noqa: E731
        box = [(0, 9), (0, 0.5)]
        return minimize(
            far,
            [0.5, 0.0],
            method="trust-constr",
            jac=s2sad.grad(far),
            hess=s2sad.hessian(far),
            constraints=line,
            bounds=box,
        ).x[0]

    def by_evolution(a):
        wall = NonlinearConstraint(lambda x: x[0] ** 3 + x[0], -np.inf, a**3 + a)
        return optimize.differential_evolution(lambda x: (x[0] - 4.0) ** 2, [(-5, 5)], constraints=wall, rng=3).x[0]

    for program in (by_barriers, by_evolution):
        assert abs(program(1.3) - 1.3) > 1e-6
        np.testing.assert_allclose(s2sad.grad(program)(1.3), 1.0, rtol=1e-3)


def test_what_is_known_at_run_time_only_is_refused():
    def with_a_list(a):
        held = []
        if a > 1:
            held.append(LINE)
        return minimize(pulled, [0.1, 0.1], args=(a,), constraints=held, method="SLSQP").x[0]

    with pytest.raises(s2sad.Error, match="constraints that are not seen"):
        s2sad.grad(with_a_list)(1.3)

    def with_bounds_or_none(a):
        bounds = [(0.0, 1.0)] * 2 if a > 1 else None
        return minimize(pulled, [0.1, 0.1], args=(a,), bounds=bounds).x[0]

    with pytest.raises(s2sad.Error, match="bounds of scipy.optimize.minimize, of which it is known at run time only"):
        s2sad.grad(with_bounds_or_none)(1.3)


def test_constraints_may_be_arguments():
    def f(a, constraints):
        return minimize(pulled, [0.1, 0.1], args=(a,), constraints=constraints, method="SLSQP", tol=1e-14).x[0]

    np.testing.assert_allclose(s2sad.grad(f)(1.3, LINE), -10.0 / 19.0, rtol=1e-9)
    np.testing.assert_allclose(s2sad.grad(f)(1.3, HOLDS[0]), -10.0 / 19.0, rtol=1e-9)
