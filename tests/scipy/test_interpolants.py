"""Interpolants of SciPy, as people call them: by the place, the values, and the points where that is smooth."""

import numpy as np
import pytest
from scipy import interpolate
from scipy.interpolate import Akima1DInterpolator, CubicSpline, PchipInterpolator, interp1d
from scipy.optimize import brentq

import s2sad
from s2sad.solvers.interpolants import akima, pchip
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
    at = rng.uniform(x[0], x[-1], size=50)
    np.testing.assert_allclose(pchip(x, y, at), PchipInterpolator(x, y)(at), rtol=1e-11, atol=1e-13)
    np.testing.assert_allclose(akima(x, y, at), Akima1DInterpolator(x, y)(at), rtol=1e-11, atol=1e-13)


def test_the_adjoint_is_the_transpose():
    rng = np.random.default_rng(0)
    g, v = rng.normal(size=4), rng.normal(size=5)

    def f(y):
        return CubicSpline(X, y)(T)

    forward = s2sad.jvp(f, (Y,), (v,))[1]
    np.testing.assert_allclose(g @ forward, s2sad.vjp(f, Y)[1](g)[0] @ v, rtol=1e-12)


def test_what_has_no_row_is_refused():
    with pytest.raises(s2sad.Error, match=r"a derivative of scipy\.interpolate\.CubicSpline by x"):
        s2sad.grad(lambda a: CubicSpline(X * a, Y)(0.5))(1.0)
    with pytest.raises(s2sad.Error, match=r"CubicSpline\.solve has no row"):
        s2sad.grad(lambda a: CubicSpline(X, a * Y).solve(0.5)[0])(1.0)
    with pytest.raises(s2sad.Error, match="interp1d of another kind"):
        s2sad.grad(lambda a: interp1d(X, Y * a, kind="cubic")(0.5))(1.0)
    with pytest.raises(s2sad.Error, match="no derivative rule for scipy"):
        s2sad.grad(lambda a: interpolate.UnivariateSpline(X, a * Y)(0.5))(1.0)
