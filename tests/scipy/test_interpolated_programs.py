"""Programs with interpolants as people write them: every kind, by all that they move with."""

from dataclasses import dataclass

import numpy as np
import pytest
from scipy.integrate import quad, solve_ivp
from scipy.interpolate import (
    Akima1DInterpolator,
    BSpline,
    CubicSpline,
    InterpolatedUnivariateSpline,
    LinearNDInterpolator,
    LSQUnivariateSpline,
    NearestNDInterpolator,
    PchipInterpolator,
    PPoly,
    RBFInterpolator,
    RectBivariateSpline,
    RegularGridInterpolator,
    UnivariateSpline,
    griddata,
    interp1d,
    interpn,
    krogh_interpolate,
    make_interp_spline,
    make_lsq_spline,
    pchip_interpolate,
    splantider,
    splder,
    splev,
    splint,
    splprep,
    splrep,
)
from scipy.optimize import brentq
from scipy.sparse.linalg import spsolve

from tests.scipy.solved import check

X = np.array([0.0, 0.7, 1.5, 2.2, 3.0, 3.6])
Y = np.array([0.0, 1.0, 0.3, 0.8, 2.0, 0.0])
T = np.array([0.2, 0.9, 1.6, 2.9])
U = np.array([0.0, 0.5, 1.2, 2.0, 2.4, 3.0])
Z = np.sin(X[:, None] + 0.3 * U**2)
PLACES = np.array([[0.3, 0.2], [1.1, 0.7], [2.5, 1.9]])
KNOTS = np.array([0.0, 0.0, 0.0, 0.0, 1.5, 3.0, 3.0, 3.0, 3.0])
C = np.array([0.3, 1.0, 2.0, 1.0, 2.0])
MANY = np.linspace(0.0, 3.0, 9)
WAVE = np.sin(MANY)
RNG = np.random.default_rng(0)
POINTS, VALUES = RNG.uniform(size=(14, 2)), RNG.normal(size=14)
AMONG = np.array([[0.4, 0.5], [0.55, 0.4], [0.5, 0.6]])
CURVES = [CubicSpline(X, Y), CubicSpline(X, Y**2)]
POTENTIAL = RectBivariateSpline(X, U, Z)
SMOOTHED = RectBivariateSpline(X, U, Z, s=0.01)
FITTED = UnivariateSpline(MANY, WAVE, s=0.001)
MAP = RegularGridInterpolator((X, U), Z, bounds_error=False, fill_value=None)
CUBIC_MAP = RegularGridInterpolator((X, U), np.stack([Z, Z**2], 2), method="cubic", solver=spsolve)
TRIANGLES = LinearNDInterpolator(POINTS, np.stack([VALUES, VALUES**2], 1))
NEAREST = NearestNDInterpolator(POINTS, VALUES)
RADIAL = RBFInterpolator(POINTS, VALUES, neighbors=6, kernel="cubic")
ORBIT, _ = splprep([np.cos(np.linspace(0, 6, 9)), np.sin(np.linspace(0, 6, 9))], s=0)


# tables


def steps(a):
    t = 0.9 * a * T
    kinds = ("previous", "next", "nearest", "nearest-up", "zero")
    return sum([np.sum(interp1d(X, a * Y, kind=kind)(t) ** 2) for kind in kinds])


def kinds_of_splines(a):
    t = 0.9 * a * T
    return np.sum(interp1d(X, a * Y, kind="quadratic")(t) * interp1d(X, a * Y, kind="cubic")(t)) + np.sum(
        interp1d(X, a * Y, kind="slinear")(t) * interp1d(X, Y, kind=4)(t)
    )


def held_at_the_ends(a):
    y = a * Y + a
    table = interp1d(X, y, fill_value=(y[0], y[-1]), bounds_error=False)
    return np.sum(table(1.2 * a * T) ** 2) + table(-a) * table(5.0)


def filled_with(a):
    return np.sum(interp1d(X, a * Y, kind="cubic", fill_value=a, bounds_error=False)(2.0 * T) ** 2)


def rows_of_a_table(a):
    return np.sum(interp1d(X * a, np.stack([Y, a * Y]))(T) ** 2) + np.sum(
        interp1d(X, np.stack([Y, a * Y], 1), axis=0, kind="quadratic", fill_value="extrapolate")(1.2 * a * T)
    )


def calibration(a):
    signal, concentration = np.array([0.1, 0.4, 0.9, 1.6]) * a, np.array([0.0, 1.0, 2.0, 3.0])
    curve = interp1d(signal, concentration, bounds_error=False, fill_value="extrapolate")
    return curve(0.7) + np.sum(curve([0.05, 2.5]))


# splines


def yield_curve(a):
    rates = []
    for years in (1.0, 2.0, 3.0, 5.0):
        rates.append(0.02 * a + 0.001 * years)
    curve = CubicSpline([1.0, 2.0, 3.0, 5.0], rates, bc_type="natural")
    times = np.arange(1, 6)
    discount = np.exp(-curve(times) * times)
    return 0.04 * np.sum(discount) + discount[-1]


def trajectory(a):
    t = np.linspace(0.0, 2.0, 5)
    path = CubicSpline(t, np.stack([np.sin(t * a), np.cos(t), t**2]), axis=1, bc_type="clamped")
    fine = np.linspace(0.0, 2.0, 21)
    return 0.1 * np.sum(path(fine, 2) ** 2) + np.max(np.linalg.norm(path.derivative()(fine), axis=0))


def by_points(a):
    return np.sum(CubicSpline(X * a, Y * a**2)(T) ** 2) + CubicSpline(X * a, Y, bc_type="clamped").integrate(0.1, 2.0)


def by_points_with_ends(a):
    spline = CubicSpline(X * a, np.stack([Y, Y * a]), axis=1, bc_type=((1, [0.3, 0.2]), (2, [0.4, 0.1])))
    return spline(0.4) @ np.array([1.0, 2.0]) + CubicSpline(X**a, Y, bc_type="periodic").c[1, 2]


def of_pieces(a):
    spline = CubicSpline(X, a * Y)
    return np.sum(spline.c**2) + spline.x[1] * a + spline.antiderivative(2)(a) * spline.integrate(-0.2, 3.5 * a)


def around_the_period(a):
    spline = CubicSpline([0.0, 1.0, 2.0, 3.0], [0.0, a, a**2, 0.0], bc_type="periodic")
    return spline(4.3 * a) * spline.integrate(-0.4, a + 4.0) + spline(-1.2, 1)


def where_it_crosses(a):
    return CubicSpline(X, Y - 0.5 * a).roots()[0] * PchipInterpolator(X, X**2 + X * a).solve(1.3 * a)[0]


def shapes_kept(a):
    curve = PchipInterpolator(X, np.stack([Y, a * Y]), axis=1)
    modified = Akima1DInterpolator(X, Y + a * X**2, method="makima")
    return np.sum(curve(0.7 * a * T) ** 2) + np.sum(modified.derivative()(0.7 * a * T)) + curve.integrate(0.2, a)[1]


def by_breaks(a):
    curve = PPoly(np.array([[1.0, a], [3.0, 0.5], [-0.2, 1.0]]), np.array([0.0, a, 2.5]))
    return curve(0.3) * curve.integrate(-0.3, 2.9) + curve.roots(extrapolate=False)[0]


def basis_splines(a):
    spline = BSpline(KNOTS, C * a**2, 3)
    return spline(a) * spline.derivative(2)(0.4 * a) + spline.antiderivative()(a) + spline.integrate(a, 2.1)


def least_squares(a):
    spline = make_lsq_spline(MANY, np.stack([np.cos(a * MANY), a * MANY], 1), KNOTS, k=3, w=MANY + 1.0)
    return np.sum(spline(a) * spline(0.3))


def fitpack_through_values(a):
    spline = UnivariateSpline(MANY, a * WAVE**2, s=0)
    return spline(a) * spline(0.3 * a, 1) + spline.integral(0.1 * a, a) + np.sum(spline.get_coeffs() ** 2)


def fitpack_near_values(a):
    spline = LSQUnivariateSpline(MANY, a * WAVE**2, [1.0, 2.0], w=MANY + 1.0, k=4)
    return spline.derivative()(a) * spline.derivative(n=2)(0.3 * a) + spline.antiderivative()(a)


def fitpack_outside(a):
    zeros = InterpolatedUnivariateSpline(MANY, a * WAVE, ext=1)
    held = InterpolatedUnivariateSpline(MANY, a * WAVE, ext="const")
    roots = UnivariateSpline(MANY, WAVE - 0.3 * a, s=0).roots()
    return np.sum(zeros(a * T) ** 2) + np.sum(held(a * T) ** 2) + zeros(3.3 * a, ext=0) + np.sum(roots**2)


def fitpack_tuples(a):
    tck = splrep(MANY, a * WAVE, s=0, k=4)
    return splev(a, splder(tck)) * splev(a, splantider(tck, 1)) + splint(0.2, a, tck) + splev(3.4 * a, tck, ext=3)


def at_once(a):
    between = griddata(X, a * Y, 0.3 * a) + np.sum(griddata(X, a * Y, T, method="cubic"))
    return between + pchip_interpolate(X, a * Y, 0.3 * a) + krogh_interpolate(X, a * Y, 0.3, der=1)


def of_nested_lists(a):
    curve = CubicSpline([0, 1, 2, 3], [[a, 1.0], [2.0, a], [3.0, 4.0], [a * a, 0.0]])
    return np.sum(curve(0.4 * a)) + RegularGridInterpolator(([0, 1], [0, 1]), [[a, 2], [3, a]])([[0.2 * a, 0.4]])[0]


def chosen(a):
    spline = make_interp_spline(X, a * Y) if a > 1.0 else make_interp_spline(X, a * Y**2)
    return spline(0.5 * a) + spline.derivative()(0.3)


def smoothed_again(a):
    spline = CubicSpline(X, a * Y)
    for _ in range(3):
        spline = CubicSpline(X, spline(0.9 * X))
    return spline(0.5)


# made outside


def drawn_from(a):
    return sum([curve(a) for curve in CURVES]) + CURVES[0].derivative()(0.3 * a) + CURVES[1].integrate(0.1, a)


def fitted_before(a):
    return FITTED(a) * FITTED.derivative()(a) + FITTED.integral(0.2, a) + FITTED.roots()[0] * a


def in_a_potential(a):
    def motion(t, state):
        x, y, p, q = state
        return [p, q, -a * POTENTIAL.ev(x, y, dx=1), -POTENTIAL.ev(x, y, dy=1)]

    return solve_ivp(motion, (0.0, 1.0), [0.5 * a, 0.5, 0.1, 0.1], rtol=1e-9, atol=1e-10).y[0, -1]


def surfaces(a):
    grid = SMOOTHED([a, 2.0 * a], [0.3, 0.4 * a, 1.0])
    return np.sum(grid) + POTENTIAL(a, 0.3, grid=False) + POTENTIAL.integral(0.1, a, 0.2, 2.0 * a)


def along_a_map(a):
    place, total = np.array([0.3, 0.2]), 0.0
    for _ in range(5):
        total += a * MAP(place)[0]
        place = place + 0.1 * a * np.array([1.0, 0.5])
    return total + MAP((a, 0.3)) + np.sum(CUBIC_MAP(0.9 * a * PLACES) ** 2)


def among_points(a):
    inside = np.sum(TRIANGLES(0.7 * a * AMONG) ** 2) + TRIANGLES(0.4 * a, 0.5)[1]
    return inside + a * NEAREST(0.4 * a, 0.5)


def on_an_orbit(a):
    x, y = splev(0.3 * a, ORBIT)
    return x * y


@dataclass
class Foil:
    alpha: np.ndarray
    lift: np.ndarray

    def __post_init__(self):
        self.curve = CubicSpline(self.alpha, self.lift)

    def at(self, t):
        return self.curve(t)


FOIL = Foil(X, Y)


def of_a_class(a):
    return FOIL.at(a) * Foil(X, a * Y).at(0.4 * a)


def in_integrands(a):
    table = interp1d(X, a * Y, kind="quadratic")
    return quad(table, 0.1, 2.0)[0] + quad(lambda x: CURVES[0](x) * np.exp(-a * x), 0.0, 2.0)[0]


def in_residuals(a):
    spline = CubicSpline(X[:5], a * np.cumsum(Y[:5]))
    return brentq(lambda t: CURVES[0](t) - 0.5 * a, 0.0, 0.7, xtol=1e-14) + brentq(spline, -0.4, 3.0, xtol=1e-14)


# of several variables


def methods_of_grids(a):
    places = 0.7 * a * PLACES
    near = RegularGridInterpolator((X, U), a * Z, method="nearest")(places)
    line = RegularGridInterpolator((X[::-1], U), a * Z, method="slinear")(places)
    return np.sum(near * line) + np.sum(
        RegularGridInterpolator((X, U), a * Z, method="quintic", solver=spsolve)(places)
    )


def monotone_on_a_grid(a):
    return np.sum(RegularGridInterpolator((X, U), a * Z, method="pchip")(0.7 * a * PLACES) ** 2)


def at_coordinates(a):
    return np.sum(interpn((X, U), a * Z, (X[:3] * a, U[:3]))) + interpn((X, U), a * Z, (a, 0.4), method="nearest")


def surface_through_values(a):
    surface = RectBivariateSpline(X, U, a * Z**2, kx=4, ky=1)
    return np.sum(surface(0.7 * a * X, U) ** 2) + surface.ev(a, 0.4 * a, dx=1) * surface.integral(0.0, a, 0.3, 1.0)


def resampled(a):
    gx, gy = np.mgrid[0.3:0.7:5j, 0.3:0.7:4j]
    nearest = griddata(POINTS, a * VALUES, AMONG, method="nearest")
    return np.sum(griddata(POINTS, a * VALUES**2, (gx, gy), fill_value=0.0) ** 2) + nearest[1] ** 2


def by_moving_points(a):
    return np.sum(LinearNDInterpolator(POINTS * a, VALUES**2)(AMONG) ** 2)


def radial(a):
    near = RBFInterpolator(POINTS, a * VALUES, neighbors=7, smoothing=0.1)(0.7 * a * AMONG)
    wide = RBFInterpolator(POINTS, VALUES, kernel="gaussian", epsilon=2.0 * a, smoothing=0.01 * a)(AMONG)
    return np.sum(near**2) + np.sum(wide**2)


def radial_of_degree_two(a):
    return np.sum(RBFInterpolator(POINTS * a, VALUES, kernel="quintic")(AMONG) ** 2)


def by_neighbors_outside(a):
    return np.sum(RADIAL(0.8 * a * AMONG))


PROGRAMS = [f for n, f in list(globals().items()) if callable(f) and getattr(f, "__module__", "") == __name__]


@pytest.mark.parametrize("program", [f for f in PROGRAMS if f is not Foil], ids=lambda f: f.__name__)
def test_programs(program):
    check(program, 1.3)
