"""Minima, fits and curves by SciPy's solvers, as people call them: the condition that they satisfy."""

import numpy as np
import pytest
from scipy import optimize
from scipy.optimize import (
    Bounds,
    LinearConstraint,
    NonlinearConstraint,
    curve_fit,
    least_squares,
    minimize,
    minimize_scalar,
)

import s2sad
from tests.scipy.solved import check, check_examples

A = np.random.default_rng(0).normal(size=(8, 3))
Y = A @ np.array([1.0, 2.0, 3.0]) + 0.1
T = np.linspace(0, 3, 15)
DECAY = 2.5 * np.exp(-1.1 * T) + 0.05 * np.cos(20 * T)
EXACT = {"xtol": 1e-15, "ftol": 1e-15, "gtol": 1e-15}

# Unconstrained


def quadratic(a):
    def value(x):
        return (x[0] - a) ** 2 + (x[1] - a * x[0]) ** 2

    res = minimize(value, [0.0, 0.0], jac=s2sad.grad(value), method="BFGS", tol=1e-12)
    return res.x[0] * res.x[1]


def rosenbrock(x, a, b):
    return (a - x[0]) ** 2 + b * (x[1] - x[0] ** 2) ** 2


def simplex(a):
    options = {"xatol": 1e-13, "fatol": 1e-15, "maxiter": 2000}
    return minimize(rosenbrock, np.array([0.5, 0.5]), args=(a, 100.0), method="Nelder-Mead", options=options).x.sum()


def ridge(a):
    def loss(w):
        r = A @ w - a * Y
        return 0.5 * r @ r + 0.05 * w @ w

    def slope(w):
        return A.T @ (A @ w - a * Y) + 0.1 * w

    w = minimize(loss, np.zeros(3), jac=slope, method="CG", tol=1e-11).x
    return w @ w


def with_its_slope(a):
    def loss(w):
        r = A @ w - Y
        return 0.5 * r @ r + a * w @ w, A.T @ r + 2 * a * w

    sol = minimize(loss, np.zeros(3), jac=True, method="BFGS", options={"gtol": 1e-11})
    return sol.x @ sol.x + sol.fun


def by_newton(a):
    def value(x):
        return np.exp(x[0] * a) - x[0] + x[0] ** 2

    res = minimize(value, [0.1], jac=s2sad.grad(value), hess=s2sad.hessian(value), method="Newton-CG", tol=1e-14)
    return res.x[0] + res.fun


def of_a_number(a):
    return minimize_scalar(lambda x: (x - a) ** 2 + 0.1 * np.cos(3 * x), tol=1e-14).x


def least_value(a):
    r = minimize_scalar(lambda x, c: c * np.cosh(x) - x, args=(a,), method="brent", tol=1e-12)
    return r.fun * a


# Bounds and constraints


def boxed(a):
    def value(x):
        return np.sum((x - a * np.array([1.0, 2.0, -3.0])) ** 2) + 0.1 * np.sum(x) ** 2

    bounds = [(0, None), (0, 1.5), (None, None)]
    res = minimize(value, np.zeros(3), jac=s2sad.grad(value), bounds=bounds, method="L-BFGS-B", tol=1e-15)
    return np.sum(res.x**2) + res.fun


def boxed_by_an_object(a):
    def value(x):
        return np.sum((x - a * np.array([1.0, -2.0])) ** 2) + x[0] * x[1]

    res = minimize(value, [0.5, 0.5], jac=s2sad.grad(value), bounds=Bounds([0, 0], [np.inf, 3.0]), tol=1e-15)
    return res.x[0] ** 2


def on_a_line(a):
    cons = {"type": "eq", "fun": lambda x: x[0] + x[1] - a}
    res = minimize(lambda x: x[0] ** 2 + 2 * x[1] ** 2, [0.5, 0.5], constraints=cons, method="SLSQP", tol=1e-14)
    return res.x[0] * 3 + res.x[1]


def portfolio(a):
    mu = np.array([0.1, 0.2, 0.15])
    risk = np.array([[0.1, 0.02, 0.01], [0.02, 0.2, 0.03], [0.01, 0.03, 0.15]])

    def value(w):
        return 0.5 * a * w @ risk @ w - mu @ w

    res = minimize(
        value,
        np.ones(3) / 3,
        jac=lambda w: a * risk @ w - mu,
        bounds=[(0, 1)] * 3,
        constraints={"type": "eq", "fun": lambda w: np.sum(w) - 1},
        tol=1e-15,
        method="SLSQP",
    )
    return res.x @ np.array([1.0, 2.0, 3.0]) + res.fun


def between_lines(a):
    cons = [
        {"type": "ineq", "fun": lambda x, b: x[0] - 2 * x[1] + 2 * b, "args": (a,)},
        {"type": "ineq", "fun": lambda x: -x[0] - 2 * x[1] + 6},
        {"type": "ineq", "fun": lambda x: -x[0] + 2 * x[1] + 2},
    ]
    res = minimize(
        lambda x: (x[0] - 1) ** 2 + (x[1] - 2.5) ** 2,
        (2, 0),
        jac=lambda x: np.array([2 * (x[0] - 1), 2 * (x[1] - 2.5)]),
        method="SLSQP",
        bounds=((0, None), (0, None)),
        constraints=cons,
        tol=1e-15,
    )
    return res.x[0] * res.x[1] + res.fun


def by_objects(a):
    line = LinearConstraint([[1.0, 2.0]], -np.inf, [1.0])
    plane = LinearConstraint(np.array([[2.0, 1.0]]), 1.0, 1.0)
    curves = NonlinearConstraint(lambda x: [x[0] ** 2 + a * x[1], x[0] ** 2 - x[1]], -np.inf, [1.0, 1.0])

    def value(x):
        return a * 100 * (x[1] - x[0] ** 2) ** 2 + (1 - x[0]) ** 2

    box = Bounds([0, -0.5], [1.0, 2.0])
    res = minimize(
        value,
        [0.5, 0.0],
        jac=s2sad.grad(value),
        constraints=[line, plane, curves],
        bounds=box,
        method="SLSQP",
        tol=1e-16,
    )
    return res.x[0] + 2 * res.x[1] + res.fun


# Least squares and curves


def decay(a):
    def residual(x):
        return x[0] * np.exp(-x[1] * T) - DECAY * a

    res = least_squares(residual, [1.0, 1.0], jac="3-point", **EXACT)
    return res.x[0] + res.x[1] ** 2


def robust(a):
    def residual(x, t, y):
        return x[0] * np.exp(-x[1] * t * a) - y

    res = least_squares(
        residual, np.array([1.0, 1.0]), "3-point", args=(T, DECAY), loss="soft_l1", f_scale=0.1, **EXACT
    )
    return res.x[0] + res.x[1] ** 2


def bounded_residuals(a):
    def residual(x):
        return [10 * (x[1] - x[0] ** 2), a - x[0]]

    res = least_squares(residual, [2.0, 2.0], "3-point", bounds=([-np.inf, 1.5], np.inf), **EXACT)
    return res.x[0] + res.x[1] ** 2 + np.sum(res.fun**2)


def curve(a):
    def model(t, amplitude, k):
        return amplitude * np.exp(-k * t)

    popt, pcov = curve_fit(model, T, DECAY * a, p0=[1.0, 1.0], **EXACT)
    return popt[0] * popt[1]


def gauss(x, amplitude, mean, width):
    return amplitude * np.exp(-0.5 * ((x - mean) / width) ** 2)


def weighted_curve(a):
    y = np.exp(-((T - 1) ** 2)) + 0.1 * np.sin(T)
    (amplitude, mean, width), _ = curve_fit(gauss, T * a, y, [1.0, 1.0, 1.0], sigma=0.1 + 0.1 * T, **EXACT)
    return amplitude + mean * width


def curve_of_a_closure(a):
    def model(t, k):
        return a * np.exp(-k * t)

    return curve_fit(model, T, DECAY, p0=1.0, **EXACT)[0][0]


# SciPy's older functions, and those that look everywhere


def bowl(x, a):
    return (x[0] - a) ** 2 + (x[1] - a * x[0]) ** 2 + 0.1 * x[1]


def older_simplex(a):
    return optimize.fmin(bowl, [1.0, 1.0], args=(a,), disp=False, xtol=1e-13, ftol=1e-15).sum()


def older_bfgs(a):
    slope = s2sad.grad(bowl)
    return optimize.fmin_bfgs(bowl, [1.0, 1.0], fprime=slope, args=(a,), disp=0, gtol=1e-11).sum()


def older_bounded(a):
    return optimize.fminbound(lambda x: np.cosh(x - a) + 0.1 * x, -3, 5, xtol=1e-13)


def older_fit(a):
    t = np.arange(1.0, 5.0)
    return optimize.leastsq(lambda p, y: p[0] * t**0.5 + p[0] ** 2 - y, [1.0], args=(a * t,), xtol=1e-14)[0][0]


def older_in_a_box(a):
    def both(x, b):
        return (x[0] - b) ** 2 + x[1] ** 2 + 1.0, np.array([2 * (x[0] - b), 2 * x[1]])

    x, least, report = optimize.fmin_l_bfgs_b(both, [0.1, 0.1], args=(2 * a,), bounds=[(0, a), (None, None)])
    return x[0] + least if report["warnflag"] == 0 else 0.0


def older_truncated(a):
    return optimize.fmin_tnc(bowl, [1.0, 1.0], fprime=s2sad.grad(bowl), args=(a,), disp=0, ftol=1e-14)[0].sum()


def on_a_grid(a):
    return optimize.brute(lambda x, b: np.cosh(x[0] - b) + x[1] ** 2 * b, ((-4, 4), (-4, 4)), args=(a,), Ns=5)[0]


def hopping(a):
    return optimize.basinhopping(lambda x: (x[0] - a) ** 2, [0.0], niter=3, rng=1).x[0]


def evolution(a):
    res = optimize.differential_evolution(
        lambda x, b: (x[0] - b) ** 2 * (1 + x[1] ** 2) + x[1] ** 2, [(0, 2), (-1, 1)], args=(a,), rng=1, tol=1e-12
    )
    return res.x[0] + res.fun


EXACT_ENOUGH = [
    quadratic,
    simplex,
    ridge,
    with_its_slope,
    by_newton,
    least_value,
    boxed,
    boxed_by_an_object,
    on_a_line,
    portfolio,
    between_lines,
    by_objects,
    bounded_residuals,
    older_simplex,
    older_bfgs,
    older_in_a_box,
]
ROUGH = [
    older_bounded,
    older_truncated,
    older_fit,
    hopping,
    evolution,
    of_a_number,
    decay,
    robust,
    curve,
    weighted_curve,
    curve_of_a_closure,
]


@pytest.mark.parametrize("program", EXACT_ENOUGH, ids=lambda f: f.__name__)
def test_minima(program):
    check(program, 1.3, rtol=1e-5)


@pytest.mark.parametrize("program", ROUGH, ids=lambda f: f.__name__)
def test_minima_that_the_solver_finds_less_exactly(program):
    check(program, 1.3, rtol=3e-4)


@pytest.mark.parametrize("program", [ridge, boxed, on_a_line, curve], ids=lambda f: f.__name__)
def test_examples(program):
    check_examples(program, 1.3)


def test_the_grid_that_a_search_starts_from_moves_nothing():
    np.testing.assert_allclose(s2sad.grad(on_a_grid)(1.3), 1.0, rtol=1e-12)
    np.testing.assert_allclose(s2sad.jvp(on_a_grid, (1.3,), (1.0,))[1], 1.0, rtol=1e-12)

    def a_point_of_the_grid(a):
        return optimize.brute(lambda x: (x[0] - a) ** 2, ((-4, 4),), finish=None)

    with pytest.raises(s2sad.Error, match="without finish"):
        s2sad.grad(a_point_of_the_grid)(1.3)


def test_the_minimum_of_least_squares_is_that_of_the_normal_equations():
    def f(y):
        return least_squares(lambda w: A @ w - y, np.zeros(3), **EXACT).x

    expected = np.linalg.pinv(A)
    np.testing.assert_allclose(s2sad.jacrev(f)(Y), expected, rtol=1e-7)
    np.testing.assert_allclose(s2sad.jacfwd(f)(Y), expected, rtol=1e-7)


def test_a_curve_by_the_errors_of_its_data():
    def f(sigma):
        return curve_fit(lambda t, m: m + 0.0 * t, T, DECAY, p0=1.0, sigma=sigma, **EXACT)[0][0]

    sigma = 0.1 + 0.05 * T
    weights = sigma**-2
    mean = np.sum(weights * DECAY) / np.sum(weights)
    expected = -2 * sigma**-3 * (DECAY - mean) / np.sum(weights)
    np.testing.assert_allclose(s2sad.grad(f)(sigma), expected, rtol=1e-5)


def decaying(t, amplitude, k):
    return amplitude * np.exp(-k * t)


def test_the_errors_of_a_curve():
    options = {
        "p0": [2.5, 1.1],
        "jac": lambda t, p, k: np.stack([np.exp(-k * t), -t * p * np.exp(-k * t)], -1),
        **EXACT,
    }

    def relative(a):
        popt, pcov = curve_fit(decaying, T * a, DECAY, sigma=0.1 + a * T, **options)
        return np.sqrt(np.diag(pcov)) @ np.array([1.0, 2.0]) + pcov[0, 1]

    def absolute(a):
        errors = 0.05 * a * np.eye(15) + 0.02
        popt, pcov, info, message, flag = curve_fit(
            decaying, T, a * DECAY, sigma=errors, absolute_sigma=True, full_output=True, **options
        )
        return pcov[0, 0] + popt[1] * pcov[1, 1]

    def by_leastsq(a):
        x, spread, info, message, flag = optimize.leastsq(
            lambda p: decaying(T, p[0], p[1]) - a * DECAY,
            [2.5, 1.1],
            full_output=True,
            Dfun=lambda p: options["jac"](T, p[0], p[1]),
        )
        return spread[0, 0] + spread[0, 1]

    check(relative, 1.3, rtol=1e-5, second=False)
    check(absolute, 1.3, rtol=1e-5, second=False)
    check(by_leastsq, 1.3, rtol=1e-4, second=False)


def test_a_robust_curve():
    def f(a):
        return curve_fit(decaying, T, a * DECAY, [2.5, 1.1], method="trf", loss="soft_l1", f_scale=0.02, **EXACT)[0][1]

    check(f, 1.3, rtol=1e-4, second=False)

    def errors(a):
        return curve_fit(decaying, T, a * DECAY, [2.5, 1.1], method="trf", loss="soft_l1")[1][0, 0]

    with pytest.raises(s2sad.Error, match=r"scipy\.optimize\.curve_fit"):
        s2sad.grad(errors)(1.0)


def test_what_has_not_converged_has_no_derivative():
    def f(a):
        return minimize(rosenbrock, [-3.0, 2.0], args=(a, 100.0), method="BFGS", options={"maxiter": 2}).x[0]

    with pytest.raises(RuntimeError, match=r"scipy\.optimize\.minimize found no minimum"):
        s2sad.grad(f)(1.0)


def test_what_a_row_does_not_say_is_refused():
    def in_a_box(a):
        options = {"method": "L-BFGS-B", "bounds": [(0, 1)]}
        return optimize.basinhopping(lambda x: (x[0] - a) ** 2, [0.5], niter=2, minimizer_kwargs=options).x[0]

    with pytest.raises(s2sad.Error, match="basinhopping whose minimizer is given more"):
        s2sad.grad(in_a_box)(1.0)

    def by_slopes(a):
        options = {"jac": lambda x: 2 * (x - a)}
        return optimize.basinhopping(lambda x: (x[0] - a) ** 2, [0.5], niter=2, minimizer_kwargs=options).x[0]

    with pytest.raises(s2sad.Error, match="a function as its minimizer_kwargs"):
        s2sad.grad(by_slopes)(1.0)

    def whole(a):
        return optimize.differential_evolution(lambda x: (x[0] - a) ** 2, [(0, 3)], integrality=[True]).x[0]

    with pytest.raises(s2sad.Error, match="differential_evolution with integrality"):
        s2sad.grad(whole)(1.0)

    def inverse(a):
        return minimize(lambda x: (x[0] - a) ** 2, [0.5]).hess_inv[0, 0]

    with pytest.raises(s2sad.Error, match="hess_inv of what a solver gives"):
        s2sad.grad(inverse)(1.0)
