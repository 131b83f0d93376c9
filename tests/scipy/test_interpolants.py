"""Interpolants of SciPy, as people call them: by the place, the values, and the points where that is smooth."""

import re
import sys

import numpy as np
import pytest
from scipy import interpolate
from scipy.interpolate import Akima1DInterpolator, CubicSpline, PchipInterpolator, interp1d
from scipy.optimize import brentq

import s2sad
from s2sad.solvers.piecewise import akima_slopes, by_slopes, pchip
from tests.scipy.solved import check, check_examples

X = np.array([0.0, 0.7, 1.5, 2.2, 3.0])
Y = np.array([0.0, 1.0, 0.3, 0.8, 2.0])
T = np.array([0.2, 0.9, 1.6, 2.9])


def by_values(a):
    return np.sum(CubicSpline(X, a * Y**2)(T) ** 2)


def natural(a):
    return np.sum(CubicSpline(X, Y, bc_type="natural")(a * T * 0.7))


def clamped(a):
    spline = CubicSpline(X, Y * a, bc_type=((1, 0.5), (2, 0.0)))
    return spline(0.5 * a) + spline(1.1, 1) * a


def periodic(a):
    spline = CubicSpline([0.0, 1.0, 2.0, 3.0], [0.0, a, a**2, 0.0], bc_type="periodic")
    return spline(1.3) * spline(0.4)


def of_two_columns(a):
    return np.sum(CubicSpline(X, np.stack([Y, a * Y], 1))(T) ** 2)


def crossing(a):
    spline = CubicSpline(X, X**2 + a * X)
    return brentq(lambda t: spline(t) - 3.0, 0.0, 3.0, xtol=1e-14)


def work(a):
    force = CubicSpline(X, a * Y)
    return force.integrate(0.2, a) * a


def work_of_two(a):
    forces = CubicSpline(X, np.stack([a * Y, Y**2], 1))
    return np.sum(forces.integrate(0.2, a) ** 2)


def monotone(a):
    return np.sum(PchipInterpolator(X, np.cumsum(Y) * a)(T * a * 0.7) ** 2)


def monotone_by_points(a):
    return np.sum(PchipInterpolator(X * a, Y)(T) ** 2)


def akima_curve(a):
    return np.sum(Akima1DInterpolator(X, Y + a * X**2)(T * a * 0.7))


def broken_line(a):
    return np.sum(interp1d(X, Y * a)(T * a * 0.7)) + interp1d(X * a, Y, fill_value="extrapolate")(4.4)


def in_a_function(table, t):
    return table(t) ** 2


def passed_on(a):
    return in_a_function(CubicSpline(X, a * Y), 0.4) + in_a_function(PchipInterpolator(X, a * Y), a)


PROGRAMS = [
    by_values,
    natural,
    clamped,
    periodic,
    of_two_columns,
    crossing,
    work,
    work_of_two,
    monotone,
    monotone_by_points,
    akima_curve,
    broken_line,
    passed_on,
]


@pytest.mark.parametrize("program", PROGRAMS, ids=lambda f: f.__name__)
def test_interpolants(program):
    check(program, 1.3)


@pytest.mark.parametrize("program", [natural, monotone], ids=lambda f: f.__name__)
def test_examples(program):
    check_examples(program, 1.3)


@pytest.mark.parametrize("seed", range(4))
def test_the_formulas_are_those_of_scipy(seed):
    rng = np.random.default_rng(seed)
    x, y = np.sort(rng.uniform(size=9)), rng.normal(size=9)
    if seed == 3:
        y[4:] = y[4]
    np.testing.assert_allclose(pchip(x, y), PchipInterpolator(x, y).c, rtol=1e-9, atol=1e-11)
    for method in ("akima", "makima"):
        found = by_slopes(x, y, akima_slopes(x, y, method))
        np.testing.assert_allclose(found, Akima1DInterpolator(x, y, method=method).c, rtol=1e-9, atol=1e-11)


def test_the_adjoint_is_the_transpose():
    rng = np.random.default_rng(0)
    g, v = rng.normal(size=4), rng.normal(size=5)

    def f(y):
        return CubicSpline(X, y)(T)

    forward = s2sad.jvp(f, (Y,), (v,))[1]
    np.testing.assert_allclose(g @ forward, s2sad.vjp(f, Y)[1](g)[0] @ v, rtol=1e-12)


def of_a_list(a):
    curves = []
    for k in range(3):
        curves.append(CubicSpline(X, k * a * Y))
    return sum(curve(0.4) for curve in curves)


OUTSIDE = CubicSpline(X, Y)


def of_one_outside(a):
    return OUTSIDE(a) * OUTSIDE(0.3 * a, 1)


def test_one_made_outside_is_asked_itself():
    check(of_one_outside, 1.3)
    check_examples(of_one_outside, 1.3)
    text = s2sad.grad(of_one_outside).lower(1.3).source
    assert "import scipy" not in text
    code = re.sub("#.*", "", text)
    assert (code.count(", 1)"), code.count(", 2)")) == (2, 1)


def test_another_object_under_the_name_is_another_function(monkeypatch):
    gradient = s2sad.grad(of_one_outside)
    before = gradient(0.4)
    monkeypatch.setattr(sys.modules[__name__], "OUTSIDE", CubicSpline(X, 2.0 * Y))
    np.testing.assert_allclose(gradient(0.4), 4.0 * before, rtol=1e-14)


def test_an_object_may_be_an_argument():
    for curve in (OUTSIDE, CubicSpline(X, Y**2), PchipInterpolator(X, Y)):
        found = s2sad.grad(in_a_function, argnums=1)(curve, 0.4)
        np.testing.assert_allclose(found, 2.0 * curve(0.4) * curve(0.4, 1), rtol=1e-14)


def test_a_cubic_spline_moves_with_its_points():
    """A spline through the values of a cubic polynomial is that polynomial, wherever its points are."""

    def exact(x):
        return CubicSpline(x, x**3 - 2.0 * x**2)(1.1)

    np.testing.assert_allclose(s2sad.grad(exact)(X), np.zeros(5), atol=1e-12)
    moved = s2sad.jvp(lambda x: CubicSpline(x, Y)(T), (X,), (X,))[1]
    np.testing.assert_allclose(moved, -T * CubicSpline(X, Y)(T, 1), rtol=1e-10)


def test_three_points_have_no_derivative_by_these():
    with pytest.raises(ValueError, match="no derivative for less than four points"):
        s2sad.grad(lambda a: CubicSpline(a * X[:3], Y[:3])(0.5))(1.0)


def test_what_has_no_row_is_refused():
    with pytest.raises(s2sad.Error, match=r"a derivative of scipy\.interpolate\.CubicSpline by bc_type"):
        s2sad.grad(lambda a: CubicSpline(X, Y, bc_type=((1, a), (1, 0.0)))(0.5))(1.0)
    with pytest.raises(s2sad.Error, match=r"CubicSpline\.extend has no row"):
        s2sad.grad(lambda a: CubicSpline(X, a * Y).extend(X[:0], X[:0]))(1.0)
    with pytest.raises(s2sad.Error, match=r"a derivative of scipy\.interpolate\.interp1d by x"):
        s2sad.grad(lambda a: interp1d(X * a, Y, kind="cubic")(0.5))(1.0)
    with pytest.raises(s2sad.Error, match="one of several objects of scipy.interpolate.CubicSpline"):
        s2sad.grad(of_a_list)(1.0)
    with pytest.raises(s2sad.Error, match="UnivariateSpline, which chooses its knots"):
        s2sad.grad(lambda a: interpolate.UnivariateSpline(X, a * Y)(0.5))(1.0)
