"""The solvers of SciPy with their derivatives filled in: every method, unknowns in trees, fewer calls than without."""

from dataclasses import dataclass

import numpy as np
import pytest
import scipy.optimize

from s2sad.errors import ArgumentError
from s2sad.interop import scipy as with_derivatives
from s2sad.interop.scipy import least_squares, minimize, nonlinear_constraint, root, solve_ivp

T = np.linspace(0.0, 2.0, 30)
Y = 2.0 * np.exp(-1.5 * T) + 0.5


def rosenbrock(x):
    return np.sum(100.0 * (x[1:] - x[:-1] ** 2) ** 2 + (1.0 - x[:-1]) ** 2)


METHODS = ["BFGS", "L-BFGS-B", "CG", "TNC", "SLSQP", "Newton-CG", "trust-ncg", "trust-krylov", "trust-exact", "dogleg"]


@pytest.mark.parametrize("method", [None, "trust-constr", *METHODS])
def test_minimize_by_every_method(method):
    found = minimize(rosenbrock, np.full(4, 1.2), method=method, tol=1e-8)
    assert found.success
    np.testing.assert_allclose(found.x, 1.0, atol=2e-4)


def test_fewer_calls_than_by_differences():
    start = np.full(20, 1.2)
    assert minimize(rosenbrock, start).nfev < scipy.optimize.minimize(rosenbrock, start).nfev / 10


@dataclass
class Decay:
    scale: float
    rates: np.ndarray


def residuals(p, t, y):
    return p["scale"] * np.exp(-p["rates"][0] * t) + p["rates"][1] - y


def misfit(p, t, y):
    return np.sum((p.scale * np.exp(-p.rates[0] * t) + p.rates[1] - y) ** 2)


@pytest.mark.parametrize("options", [{}, {"matrix_free": True, "tr_solver": "lsmr"}, {"method": "lm"}])
def test_least_squares_of_a_tree(options):
    found = least_squares(residuals, {"scale": 1.0, "rates": np.array([1.0, 0.0])}, args=(T, Y), **options)
    assert found.x["scale"] == pytest.approx(2.0)
    np.testing.assert_allclose(found.x["rates"], [1.5, 0.5])


@pytest.mark.parametrize("method", ["BFGS", "trust-exact", "Newton-CG"])
def test_minimize_by_an_object(method):
    found = minimize(misfit, Decay(1.8, np.array([1.2, 0.3])), (T, Y), method, tol=1e-9)
    assert isinstance(found.x, Decay) and found.x.scale == pytest.approx(2.0, abs=1e-4)
    np.testing.assert_allclose(found.x.rates, [1.5, 0.5], atol=1e-4)


def test_constraints_of_several_rows():
    def rows(x):
        return np.array([x @ x, x[0] * x[1]])

    both = nonlinear_constraint(rows, [1.0, 0.0], [1.0, np.inf])
    x, v = np.array([0.6, 0.8]), np.array([2.0, -3.0])
    assert both.jac(x).tolist() == [[1.2, 1.6], [0.8, 0.6]]
    assert both.hess(x, v).tolist() == [[4.0, -3.0], [-3.0, 4.0]]
    found = minimize(lambda x: x[0] - x[1], np.array([0.6, 0.8]), method="trust-constr", constraints=both)
    np.testing.assert_allclose(found.x, [0.0, 1.0], atol=1e-3)


def test_roots_curves_and_stiff_equations():
    assert root(lambda x, a: x**2 - a, [1.0, 1.0], (np.array([2.0, 3.0]),)).x == pytest.approx([2**0.5, 3**0.5])
    found, _ = with_derivatives.curve_fit(lambda t, a, b, c: a * np.exp(-b * t) + c, T, Y, (1.0, 1.0, 0.0))
    assert found == pytest.approx([2.0, 1.5, 0.5])

    def oscillator(t, y, mu):
        return np.array([y[1], mu * (1.0 - y[0] ** 2) * y[1] - y[0]])

    options = {"method": "Radau", "args": (100.0,)}
    ours = solve_ivp(oscillator, (0.0, 50.0), [2.0, 0.0], **options)
    theirs = scipy.integrate.solve_ivp(oscillator, (0.0, 50.0), [2.0, 0.0], **options)
    assert ours.y[:, -1] == pytest.approx(theirs.y[:, -1], rel=1e-3)
    assert solve_ivp(oscillator, (0.0, 1.0), [2.0, 0.0], "RK45", args=(1.0,)).success


def test_nothing_to_minimize():
    with pytest.raises(ArgumentError, match="no numbers to make a vector of"):
        minimize(rosenbrock, {})


def test_arguments_as_scipy_takes_them():
    for start in ([2, 1], (2.0, 1.0)):
        found = minimize(rosenbrock, start, bounds=[(0.0, 0.5), (None, None)])
        np.testing.assert_allclose(found.x, [0.5, 0.25], rtol=1e-4)
    model = lambda p, t, y=0.0: p[0] * np.exp(p[1] * t) - y  # noqa: E731
    given = {"args": (T,), "kwargs": {"y": 2.0 * np.exp(-T)}}
    np.testing.assert_allclose(least_squares(model, [1.0, 0.0], **given).x, [2.0, -1.0])
    found, _ = with_derivatives.curve_fit(lambda t, a, b: a * np.exp(-b * t), T, 2.0 * np.exp(-T))
    np.testing.assert_allclose(found, [2.0, 1.0])
