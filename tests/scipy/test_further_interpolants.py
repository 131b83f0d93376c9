"""More interpolants of SciPy: polynomials, B-splines, and those of several variables."""

import warnings

import numpy as np
import pytest
from scipy.interpolate import (
    BarycentricInterpolator,
    BSpline,
    CloughTocher2DInterpolator,
    CubicHermiteSpline,
    CubicSpline,
    InterpolatedUnivariateSpline,
    KroghInterpolator,
    PPoly,
    RBFInterpolator,
    RectBivariateSpline,
    RegularGridInterpolator,
    interp1d,
    interpn,
    make_interp_spline,
    make_smoothing_spline,
)
from scipy.optimize import brentq

import s2sad
from s2sad.solvers.scattered import radial as radial_formula
from tests.scipy.solved import check, check_examples

X = np.array([0.0, 0.7, 1.5, 2.2, 3.0])
Y = np.array([0.0, 1.0, 0.3, 0.8, 2.0])
T = np.array([0.2, 0.9, 1.6, 2.9])
U = np.array([0.0, 0.5, 1.2, 2.0])
Z = np.sin(X[:, None] + 0.3 * U**2)
PLACES = np.array([[0.3, 0.2], [1.1, 0.7], [2.5, 1.9]])
KNOTS = np.array([0.0, 0.0, 0.0, 0.0, 1.5, 3.0, 3.0, 3.0, 3.0])


def krogh(a):
    return np.sum(KroghInterpolator(X, a * Y**2)(T * a * 0.7) ** 2)


def krogh_with_slopes(a):
    curve = KroghInterpolator([0.0, 0.0, 1.0], [a, a**2, 1.0])
    return curve(0.3 * a) * curve.derivative(0.4 * a) + curve.derivative(0.2, 2)


def barycentric(a):
    curve = BarycentricInterpolator(X, np.stack([Y, a * Y], 1))
    return np.sum(curve(a * T * 0.7) ** 2) + np.sum(curve.derivative(0.3 * a))


def bspline(a):
    curve = BSpline(KNOTS, np.array([0.3, a, a**2, 1.0, 2.0]), 3)
    return np.sum(curve(T * a * 0.7) ** 2) + curve(0.4 * a, 1)


def bspline_of_two_columns(a):
    return np.sum(BSpline(KNOTS, np.stack([Y, a * Y], 1), 3)(a) ** 3)


def with_slopes(a):
    return np.sum(CubicHermiteSpline(X * a, Y, Y * a)(T) ** 2) + CubicHermiteSpline(X, Y * a, Y)(a * 0.9)


def table(a):
    look_up = RegularGridInterpolator((X, U), a * Z)
    return np.sum(look_up(PLACES * a * 0.7) ** 2)


def table_of_three(a):
    look_up = RegularGridInterpolator((X, U, U), Z[:, :, None] * np.cos(a * U))
    return look_up(np.array([0.3 * a, 0.6, a]))[0]


def filled(a):
    look_up = RegularGridInterpolator((X, U), a * Z, bounds_error=False, fill_value=2.0)
    beyond = RegularGridInterpolator((X, U), a * Z, bounds_error=False, fill_value=None)
    places = np.array([[0.3, a], [-0.2, a]])
    return np.sum(look_up(places) ** 2) + np.sum(beyond(places))


def downwards(a):
    look_up = RegularGridInterpolator((X[::-1], U), a * Z, bounds_error=False, fill_value=0.5)
    return np.sum(look_up(PLACES * a * 0.7) ** 2) + look_up([3.1 * a, a])[0]


def unsorted_line(a):
    return interp1d(X[::-1], a * Y)(0.3 * a) + interp1d([2.0, 0.0, a], [a, 1.0, 3.0])(0.4)


def interpn_table(a):
    return np.sum(interpn((X, U), a * Z, PLACES * a * 0.7) ** 2)


def surface(a):
    z = RectBivariateSpline(X, U, a * Z**2, kx=4)
    return np.sum(z.ev(PLACES[:, 0] * a * 0.7, PLACES[:, 1]) ** 2) + z.ev(0.4 * a, 0.9 * a, dx=1)


def contour(a):
    z = RectBivariateSpline(X, U, Z * a, ky=1)
    return brentq(lambda t: z.ev(t, 0.9) - 0.6, 0.0, 1.0, xtol=1e-14)


def radial(a):
    return np.sum(
        RBFInterpolator(PLACES, np.array([a, a**2, 1.0]), degree=0, kernel="gaussian", epsilon=1.0)(PLACES + 0.2) ** 2
    )


def thin_plate(a):
    points = np.array([[0.0, 0.0], [1.0, 0.0], [0.0, 1.0], [1.0, 1.2], [0.4, 0.3]])
    return np.sum(RBFInterpolator(points, np.stack([a * Y, Y**2 + a], 1))(PLACES) ** 2)


def through_values(a):
    curve = make_interp_spline(X, a * Y**2)
    return np.sum(curve(T * a * 0.7) ** 2) + curve(0.4 * a, 1)


def with_ends(a):
    curve = make_interp_spline(X, np.stack([Y, a * Y], 1), bc_type=([(2, [0.0, 0.1])], [(1, [0.5, 1.0])]))
    return np.sum(curve(a) ** 2)


def around(a):
    curve = make_interp_spline(X, np.array([0.0, a, a**2, 1.0, 0.0]), bc_type="periodic")
    return curve(3.4 * a) * curve(0.5)


def slope_of_bspline(a):
    speed = make_interp_spline(X, a * Y, k=4).derivative()
    return brentq(lambda t: speed(t) - 0.3, 0.1, 0.8, xtol=1e-14) + speed(0.6 * a)


def of_fitpack(a):
    curve = InterpolatedUnivariateSpline(X, a * Y**2, k=2)
    return np.sum(curve(T * a * 0.7) ** 2) + curve(0.4 * a, 1) * curve(0.3 * a, nu=2)


def smooth(a):
    x = np.linspace(0.0, 3.0, 8)
    return np.sum(make_smoothing_spline(x, np.sin(a * x), lam=0.1)(T * a * 0.7) ** 2)


def pieces(a):
    curve = PPoly(np.array([[1.0, a], [a**2, 0.5], [0.2, a]]), np.array([0.0, 1.0, 2.5]))
    return curve(0.5 * a) * curve(1.2 * a, 1)


def speed_of_cubic(a):
    speed = CubicSpline(X, a * Y).derivative()
    return speed(0.3 * a) * speed(1.1) + np.sum(CubicSpline(X, np.stack([Y, a * Y], 1)).derivative(2)(0.3 * a) ** 2)


def area_of_cubic(a):
    area = CubicSpline(X, a * Y, bc_type="natural").antiderivative()
    return area(a) ** 2 - area(0.3)


def radial_by_points(a):
    points = np.array([[0.0, 0.0], [1.0, a], [0.0, 1.0], [a, 1.2], [0.4, 0.3]])
    return np.sum(RBFInterpolator(points, Y, smoothing=0.1, kernel="cubic")(PLACES * a) ** 2)


PROGRAMS = [
    radial_by_points,
    through_values,
    with_ends,
    around,
    slope_of_bspline,
    smooth,
    of_fitpack,
    pieces,
    speed_of_cubic,
    area_of_cubic,
    krogh,
    krogh_with_slopes,
    barycentric,
    bspline,
    bspline_of_two_columns,
    with_slopes,
    table,
    table_of_three,
    downwards,
    unsorted_line,
    filled,
    interpn_table,
    surface,
    contour,
    radial,
    thin_plate,
]


@pytest.mark.parametrize("program", PROGRAMS, ids=lambda f: f.__name__)
def test_interpolants(program):
    check(program, 1.3)


@pytest.mark.parametrize("program", [barycentric, table, through_values, speed_of_cubic], ids=lambda f: f.__name__)
def test_examples(program):
    check_examples(program, 1.3)


def test_the_text_calls_what_was_made():
    text = s2sad.grad(through_values).lower(1.3).source
    assert text.count("= scipy.interpolate.make_interp_spline(X, ") == 1
    assert "curve_c = curve.c" in text


def test_what_is_not_known_is_refused():
    with pytest.raises(s2sad.Error, match="that chooses lam by the values"):
        s2sad.grad(lambda a: make_smoothing_spline(X, a * Y)(0.5))(1.0)
    with pytest.raises(s2sad.Error, match=r"a derivative of scipy\.interpolate\.BSpline by t"):
        s2sad.grad(lambda a: make_interp_spline(a * X, Y)(0.5))(1.0)
    with pytest.raises(s2sad.Error, match="RegularGridInterpolator of method linear, or with nu"):
        s2sad.grad(lambda a: RegularGridInterpolator((X, U), a * Z)(PLACES, nu=[1, 0])[0])(1.0)
    for s in (0.1, None):
        with pytest.raises(s2sad.Error, match="RectBivariateSpline with s"):
            s2sad.grad(lambda a, s=s: RectBivariateSpline(X, U, a * Z, s=0.1 if s is None else s).ev(0.5, 0.5))(1.0)
    with pytest.raises(s2sad.Error, match="of a degree beyond 2"):
        s2sad.grad(lambda a: RBFInterpolator(PLACES, a * Y[:3], degree=3)(PLACES)[0])(1.0)
    with pytest.raises(s2sad.Error, match="no derivative rule for scipy"):
        s2sad.grad(lambda a: CloughTocher2DInterpolator(PLACES, a * Y[:3])(PLACES)[0])(1.0)


@pytest.mark.parametrize(
    "kernel",
    [
        "linear",
        "thin_plate_spline",
        "cubic",
        "quintic",
        "multiquadric",
        "inverse_multiquadric",
        "inverse_quadratic",
        "gaussian",
    ],
)
def test_the_radial_functions_are_those_of_scipy(kernel):
    rng = np.random.default_rng(0)
    points, values, at = rng.normal(size=(12, 2)), rng.normal(size=(12, 2)), rng.normal(size=(20, 2))
    for degree in (-1, 0, 1, 2):
        found = radial_formula(points, values, at, 0.1, kernel, 0.8, degree)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", UserWarning)  # a degree below the least one
            expected = RBFInterpolator(points, values, None, 0.1, kernel, 0.8, degree)(at)
        np.testing.assert_allclose(found, expected, rtol=1e-8, atol=1e-10)
