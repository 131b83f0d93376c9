"""Interpolants: by the place through their own slope, by the values as far as they are linear in them.

de Boor, A Practical Guide to Splines (2001), chapter 4; Fritsch & Butland, A method for constructing local monotone
piecewise cubic interpolants (1984); Akima, A new method of interpolation and smooth curve fitting (1970).
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

import numpy as np
from scipy import interpolate

import s2sad
from s2sad.errors import UnsupportedCall
from s2sad.ir.dims import new_dim
from s2sad.ir.solver import Asked, Part, Parts, method_of_object, public_name, solver
from s2sad.ir.types import Type, array
from s2sad.solvers.types import COUNT, length

# Cubic splines


def without_ends(bc_type: Any, y: Any) -> Any:
    """The conditions at the ends with zeros for their numbers: what is linear in the values alone."""
    if isinstance(bc_type, (tuple, list)) and isinstance(bc_type[0], (tuple, list)):
        none = np.zeros(np.shape(y)[1:])
        return ((bc_type[0][0], none), (bc_type[1][0], none))
    return bc_type


def cubic_moved(
    ans: Any,
    x: Any,
    y: Any,
    axis: Any,
    bc_type: Any,
    extrapolate: Any,
    at_x: Any,
    at_nu: Any,
    y_dot: Any,
    at_x_dot: Any,
) -> Any:
    """The tangent of a value of a spline."""
    moved = np.zeros_like(ans)
    if y_dot is not None:
        moved = interpolate.CubicSpline(x, y_dot, axis, without_ends(bc_type, y_dot), extrapolate)(at_x, at_nu)
    if at_x_dot is not None:
        slope = interpolate.CubicSpline(x, y, axis, bc_type, extrapolate)(at_x, at_nu + 1)
        moved = moved + slope * np.reshape(at_x_dot, np.shape(at_x_dot) + (1,) * (np.ndim(y) - 1))
    return moved


def cubic_pulled(
    ans: Any, x: Any, y: Any, axis: Any, bc_type: Any, extrapolate: Any, at_x: Any, at_nu: Any, g: Any
) -> Any:
    """The cotangents of the values of a spline, and of the place."""
    ones = np.eye(len(x))
    if bc_type == "periodic":
        ones = np.concatenate([ones[:-1], ones[:1]])
    basis = interpolate.CubicSpline(x, ones, 0, without_ends(bc_type, ones), extrapolate)(at_x, at_nu)
    y_bar = np.tensordot(np.reshape(basis, (-1, len(x))).T, np.reshape(g, (-1,) + np.shape(y)[1:]), 1)
    slope = interpolate.CubicSpline(x, y, axis, bc_type, extrapolate)(at_x, at_nu + 1)
    at_bar = np.sum(np.reshape(g * slope, np.shape(at_x) + (-1,)), axis=-1)
    return y_bar, at_bar, ()


def _values_type(asked: Asked, values: str = "y", place: str = "at_x") -> Type:
    y, at = asked.types[values], asked.types[place]
    _of_real(y)
    rest = y.shape[1:] if y.shape else ()
    shape = (length(at),) if at.is_container else at.shape
    return array(np.dtype(float), None if shape is None or rest is None else (*shape, *rest))


def _of_real(values: Type) -> None:
    if not values.is_container and values.dtype is not None and values.dtype.kind == "c":
        raise UnsupportedCall("an interpolant of complex values", "interpolate the real and the imaginary part")


def _first_axis(asked: Asked, name: str, values: str = "y") -> None:
    if asked.known("axis", 0) != 0 and asked.types[values].rank != 1:
        raise UnsupportedCall(f"{name} along another axis than the first", "transpose the values")


@method_of_object(interpolate.CubicSpline, moves="y at_x")
def _cubic(asked: Asked) -> Part:
    _first_axis(asked, "scipy.interpolate.CubicSpline")
    return Part(_values_type(asked), cubic_moved, cubic_pulled)


def integral_moved(
    ans: Any,
    x: Any,
    y: Any,
    axis: Any,
    bc_type: Any,
    extrapolate: Any,
    at_a: Any,
    at_b: Any,
    y_dot: Any,
    at_a_dot: Any,
    at_b_dot: Any,
) -> Any:
    """The tangent of an integral of a spline: that of its values, and what the limits add."""
    spline = interpolate.CubicSpline(x, y, axis, bc_type, extrapolate)
    moved = np.zeros_like(ans)
    if y_dot is not None:
        moved = interpolate.CubicSpline(x, y_dot, axis, without_ends(bc_type, y_dot), extrapolate).integrate(at_a, at_b)
    if at_a_dot is not None:
        moved = moved - spline(at_a) * at_a_dot
    if at_b_dot is not None:
        moved = moved + spline(at_b) * at_b_dot
    return moved


def integral_pulled(
    ans: Any, x: Any, y: Any, axis: Any, bc_type: Any, extrapolate: Any, at_a: Any, at_b: Any, g: Any
) -> Any:
    """The cotangents of the values of a spline, and of the limits of its integral."""
    ones = np.eye(len(x))
    if bc_type == "periodic":
        ones = np.concatenate([ones[:-1], ones[:1]])
    weights = interpolate.CubicSpline(x, ones, 0, without_ends(bc_type, ones), extrapolate).integrate(at_a, at_b)
    spline = interpolate.CubicSpline(x, y, axis, bc_type, extrapolate)
    y_bar = np.reshape(weights, (-1,) + (1,) * (np.ndim(y) - 1)) * g
    return y_bar, -np.sum(spline(at_a) * g), np.sum(spline(at_b) * g), ()


@method_of_object(interpolate.CubicSpline, name="integrate", moves="y at_a at_b")
def _cubic_integral(asked: Asked) -> Part:
    y = asked.types["y"]
    if y.rank not in (1, 2):
        raise UnsupportedCall("scipy.interpolate.CubicSpline.integrate of such values", "integrate each column")
    return Part(array(np.dtype(float), () if y.shape is None else y.shape[1:]), integral_moved, integral_pulled)


# Piecewise, by a formula


def cell_of(x: Any, at: Any) -> Any:
    """The number of the piece in which a place is."""
    return np.clip(np.searchsorted(x, at, side="right") - 1, 0, len(x) - 2)


def hermite(x: Any, y: Any, slopes: Any, at: Any) -> Any:
    """The cubic of each piece, by the values and slopes at its ends."""
    k = cell_of(x, at)
    h = x[k + 1] - x[k]
    t = (at - x[k]) / h
    s = 1.0 - t
    ends = y[k] * (1.0 + 2.0 * t) * s * s + y[k + 1] * (3.0 - 2.0 * t) * t * t
    return ends + h * (slopes[k] * t * s * s - slopes[k + 1] * t * t * s)


def pchip_end(h0: Any, h1: Any, m0: Any, m1: Any) -> Any:
    """The slope at an end, of three points, that keeps the shape."""
    d = ((2.0 * h0 + h1) * m0 - h0 * m1) / (h0 + h1)
    d = np.where(np.sign(d) != np.sign(m0), 0.0 * d, d)
    return np.where((np.sign(m0) != np.sign(m1)) & (np.abs(d) > 3.0 * np.abs(m0)), 3.0 * m0, d)


def pchip_slopes(x: Any, y: Any) -> Any:
    """The slopes of PCHIP: weighted harmonic means of those at both sides, zero where these differ in sign."""
    h = x[1:] - x[:-1]
    m = (y[1:] - y[:-1]) / h
    if len(x) == 2:
        return np.stack([m[0], m[0]])
    flat = (np.sign(m[1:]) != np.sign(m[:-1])) | (m[1:] == 0.0) | (m[:-1] == 0.0)
    w1, w2 = 2.0 * h[1:] + h[:-1], h[1:] + 2.0 * h[:-1]
    left, right = np.where(flat, 1.0, m[:-1]), np.where(flat, 1.0, m[1:])
    inner = np.where(flat, 0.0, (w1 + w2) / (w1 / left + w2 / right))
    first = pchip_end(h[0], h[1], m[0], m[1])
    last = pchip_end(h[-1], h[-2], m[-1], m[-2])
    return np.concatenate([np.stack([first]), inner, np.stack([last])])


def akima_slopes(x: Any, y: Any) -> Any:
    """The slopes of Akima: means of those at both sides, weighted by how much the next ones differ."""
    m = (y[1:] - y[:-1]) / (x[1:] - x[:-1])
    before, behind = 2.0 * m[0] - m[1], 2.0 * m[-1] - m[-2]
    ends = np.stack([2.0 * before - m[0], before])
    m = np.concatenate([ends, m, np.stack([behind, 2.0 * behind - m[-1]])])
    change = np.abs(m[1:] - m[:-1])
    left, right = change[2:], change[:-2]
    total = left + right
    even = total <= 1e-9 * np.max(total)
    share = np.where(even, 0.5, left / np.where(even, 1.0, total))
    return share * m[1:-2] + (1.0 - share) * m[2:-1]


def pchip(x: Any, y: Any, at: Any) -> Any:
    """What PchipInterpolator gives."""
    return hermite(x, y, pchip_slopes(x, y), at)


def akima(x: Any, y: Any, at: Any) -> Any:
    """What Akima1DInterpolator gives."""
    return hermite(x, y, akima_slopes(x, y), at)


def linear(x: Any, y: Any, at: Any) -> Any:
    """What interp1d gives between its points."""
    order = np.argsort(x)
    x, y = x[order], y[order]
    k = cell_of(x, at)
    return y[k] + (at - x[k]) * (y[k + 1] - y[k]) / (x[k + 1] - x[k])


def pchip_moved(ans: Any, x: Any, y: Any, at_x: Any, x_dot: Any, y_dot: Any, at_x_dot: Any) -> Any:
    """The tangent of a value of PCHIP."""
    return s2sad.jvp(pchip, (np.asarray(x), np.asarray(y), at_x), (x_dot, y_dot, at_x_dot))[1]


def pchip_pulled(ans: Any, x: Any, y: Any, at_x: Any, g: Any) -> Any:
    """The cotangents of the points of PCHIP, and of the place."""
    value, pullback = s2sad.vjp(pchip, np.asarray(x), np.asarray(y), at_x)
    return (*pullback(g), ())


def akima_moved(ans: Any, x: Any, y: Any, at_x: Any, x_dot: Any, y_dot: Any, at_x_dot: Any) -> Any:
    """The tangent of a value of Akima's interpolant."""
    return s2sad.jvp(akima, (np.asarray(x), np.asarray(y), at_x), (x_dot, y_dot, at_x_dot))[1]


def akima_pulled(ans: Any, x: Any, y: Any, at_x: Any, g: Any) -> Any:
    """The cotangents of the points of Akima's interpolant, and of the place."""
    value, pullback = s2sad.vjp(akima, np.asarray(x), np.asarray(y), at_x)
    return (*pullback(g), ())


def linear_moved(ans: Any, x: Any, y: Any, at_x: Any, x_dot: Any, y_dot: Any, at_x_dot: Any) -> Any:
    """The tangent of a value between two points; what is constant outside has none."""
    moved = s2sad.jvp(linear, (np.asarray(x), np.asarray(y), at_x), (x_dot, y_dot, at_x_dot))[1]
    return moved


def linear_pulled(ans: Any, x: Any, y: Any, at_x: Any, g: Any) -> Any:
    """The cotangents of two points, and of the place between them."""
    value, pullback = s2sad.vjp(linear, np.asarray(x), np.asarray(y), at_x)
    return (*pullback(g), ())


def _of_vectors(asked: Asked, name: str) -> Type:
    periodic = "periodic" in (asked.known("extrapolate"), asked.known("at_extrapolate"))
    if asked.types["y"].rank not in (None, 1) or asked.known("at_nu", 0) != 0 or periodic:
        raise UnsupportedCall(f"{name} of several columns, or its derivatives", "interpolate each column")
    return _values_type(asked)


@method_of_object(interpolate.PchipInterpolator, moves="x y at_x")
def _pchip(asked: Asked) -> Part:
    return Part(_of_vectors(asked, "scipy.interpolate.PchipInterpolator"), pchip_moved, pchip_pulled)


@method_of_object(interpolate.Akima1DInterpolator, moves="x y at_x")
def _akima(asked: Asked) -> Part:
    if asked.known("method", "akima") != "akima":
        raise UnsupportedCall("scipy.interpolate.Akima1DInterpolator with another method", "use method='akima'")
    return Part(_of_vectors(asked, "scipy.interpolate.Akima1DInterpolator"), akima_moved, akima_pulled)


@method_of_object(interpolate.interp1d, moves="x y at_x")
def _interp1d(asked: Asked) -> Part:
    t = _of_vectors(asked, "scipy.interpolate.interp1d")
    outside = asked.known("fill_value", "extrapolate")
    if asked.known("kind", "linear") != "linear" or asked.given("fill_value") and outside != "extrapolate":
        raise UnsupportedCall(
            "scipy.interpolate.interp1d of another kind, or with values outside", "use CubicSpline, or np.interp"
        )
    return Part(t, linear_moved, linear_pulled)


# Polynomials, and piecewise ones by their coefficients: linear in these


def along(slope: Any, at_dot: Any, columns: Any) -> Any:
    """What a value moves by where its place does; the values may have further axes."""
    return slope * np.reshape(at_dot, np.shape(at_dot) + (1,) * columns)


def transposed(basis: Any, g: Any, y: Any) -> Any:
    """The cotangent of values, of what each of them adds to the results."""
    return np.tensordot(np.reshape(basis, (-1, len(y))).T, np.reshape(g, (-1,) + np.shape(y)[1:]), 1)


def by_place(slope: Any, g: Any, at: Any) -> Any:
    """The cotangent of a place."""
    return np.sum(np.reshape(g * slope, np.shape(at) + (-1,)), axis=-1)


def polynomial_moved(ans: Any, make: Any, xi: Any, yi: Any, at_x: Any, at_der: Any, yi_dot: Any, at_x_dot: Any) -> Any:
    """The tangent of a value of a polynomial, or of its derivative."""
    moved = np.zeros_like(ans)
    if yi_dot is not None:
        moved = make(xi, yi_dot).derivative(at_x, at_der)
    if at_x_dot is not None:
        moved = moved + along(make(xi, yi).derivative(at_x, at_der + 1), at_x_dot, np.ndim(yi) - 1)
    return moved


def polynomial_pulled(ans: Any, make: Any, xi: Any, yi: Any, at_x: Any, at_der: Any, g: Any) -> Any:
    """The cotangents of the values of a polynomial, and of the place."""
    basis = make(xi, np.eye(len(yi))).derivative(at_x, at_der)
    slope = make(xi, yi).derivative(at_x, at_der + 1)
    return transposed(basis, g, yi), by_place(slope, g, at_x), ()


def _polynomial(make: type) -> None:
    known = {"make": make}

    @method_of_object(make, moves="yi at_x")
    def value(asked: Asked) -> Part:
        _first_axis(asked, public_name(make), "yi")
        t = _values_type(asked, "yi")
        return Part(t, polynomial_moved, polynomial_pulled, known={**known, "at_der": 0})

    @method_of_object(make, name="derivative", moves="yi at_x")
    def derivative(asked: Asked) -> Part:
        _first_axis(asked, public_name(make), "yi")
        return Part(_values_type(asked, "yi"), polynomial_moved, polynomial_pulled, known=known)


_polynomial(interpolate.KroghInterpolator)
_polynomial(interpolate.BarycentricInterpolator)


def bspline_moved(
    ans: Any, t: Any, c: Any, k: Any, extrapolate: Any, at_x: Any, at_nu: Any, c_dot: Any, at_x_dot: Any
) -> Any:
    """The tangent of a value of a B-spline."""
    moved = np.zeros_like(ans)
    if c_dot is not None:
        moved = interpolate.BSpline(t, c_dot, k, extrapolate)(at_x, at_nu)
    if at_x_dot is not None:
        moved = moved + along(interpolate.BSpline(t, c, k, extrapolate)(at_x, at_nu + 1), at_x_dot, np.ndim(c) - 1)
    return moved


def bspline_pulled(ans: Any, t: Any, c: Any, k: Any, extrapolate: Any, at_x: Any, at_nu: Any, g: Any) -> Any:
    """The cotangents of the coefficients of a B-spline, and of the place."""
    basis = interpolate.BSpline(t, np.eye(len(c)), k, extrapolate)(at_x, at_nu)
    slope = interpolate.BSpline(t, c, k, extrapolate)(at_x, at_nu + 1)
    return transposed(basis, g, c), by_place(slope, g, at_x), ()


@method_of_object(interpolate.BSpline, moves="c at_x")
def _bspline(asked: Asked) -> Part:
    _first_axis(asked, "scipy.interpolate.BSpline", "c")
    return Part(_values_type(asked, "c"), bspline_moved, bspline_pulled)


def without_numbers(bc_type: Any, y: Any) -> Any:
    """The conditions at the ends with zeros for their numbers."""
    if bc_type is None or isinstance(bc_type, str):
        return bc_type
    none = np.zeros(np.shape(y)[1:])
    left, right = bc_type
    if left is not None and not isinstance(left, str):
        left = [(order, none) for order, value in left]
    if right is not None and not isinstance(right, str):
        right = [(order, none) for order, value in right]
    return left, right


def coefficients_moved(x: Any, k: Any, t: Any, bc_type: Any, y_dot: Any) -> Any:
    """The tangent of the coefficients of a spline through given values."""
    return interpolate.make_interp_spline(x, y_dot, k, t, without_numbers(bc_type, y_dot)).c


def coefficients_pulled(x: Any, y: Any, k: Any, t: Any, bc_type: Any, g: Any) -> Any:
    """The cotangents of the values that a spline goes through."""
    ones = np.eye(len(x))
    if bc_type == "periodic":
        ones = np.concatenate([ones[:-1], ones[:1]])
    return transposed(interpolate.make_interp_spline(x, ones, k, t, without_numbers(bc_type, ones)).c, g, y), ()


def smoothed_moved(x: Any, w: Any, lam: Any, y_dot: Any) -> Any:
    """The tangent of the coefficients of a spline near given values."""
    return interpolate.make_smoothing_spline(x, y_dot, w, lam).c


def smoothed_pulled(x: Any, y: Any, w: Any, lam: Any, g: Any) -> Any:
    """The cotangents of the values that a spline is near to."""
    return transposed(interpolate.make_smoothing_spline(x, np.eye(len(x)), w, lam).c, g, y), ()


def _bspline_of(
    asked: Asked, tangent: Any, adjoint: Any, c: str = "y", known: Mapping[str, Any] = MappingProxyType({})
) -> Parts:
    values = asked.types[c]
    rest = values.shape[1:] if values.shape else ()
    coefficients = Part(array(np.dtype(float), (new_dim("n"), *rest)), tangent, adjoint, known=known)
    knots = Part(array(np.dtype(float), (new_dim("n"),)), constant=True)
    return Parts(interpolate.BSpline, {"t": knots, "c": coefficients, "k": COUNT}, {"extrapolate": _outside(asked)})


def _outside(asked: Asked) -> object:
    """What there is outside the points."""
    given = asked.given("extrapolate")
    if given and "extrapolate" not in asked.static:
        raise UnsupportedCall("an interpolant whose extrapolate is not known at compile time", "write it as a constant")
    if given:
        return asked.static["extrapolate"]
    return "periodic" if asked.known("bc_type") == "periodic" else True


@solver(interpolate.make_interp_spline, functions={}, free="check_finite", moves="y", passed=None)
def _interp_spline(asked: Asked) -> Parts:
    _first_axis(asked, "scipy.interpolate.make_interp_spline")
    return _bspline_of(asked, coefficients_moved, coefficients_pulled, known={} if asked.given("k") else {"k": 3})


@solver(interpolate.make_smoothing_spline, functions={}, moves="y", passed=None)
def _smoothing_spline(asked: Asked) -> Parts:
    _first_axis(asked, "scipy.interpolate.make_smoothing_spline")
    if not asked.given("lam"):
        raise UnsupportedCall(
            "scipy.interpolate.make_smoothing_spline that chooses lam by the values", "give it lam, a number"
        )
    return _bspline_of(asked, smoothed_moved, smoothed_pulled)


def bspline_slope_moved(t: Any, k: Any, extrapolate: Any, at_nu: Any, c_dot: Any) -> Any:
    """The tangent of the coefficients of a derivative."""
    return interpolate.BSpline(t, c_dot, k, extrapolate).derivative(at_nu).c


def bspline_slope_pulled(t: Any, c: Any, k: Any, extrapolate: Any, at_nu: Any, g: Any) -> Any:
    """The cotangents of the coefficients of a B-spline whose derivative was taken."""
    return transposed(interpolate.BSpline(t, np.eye(len(c)), k, extrapolate).derivative(at_nu).c, g, c), ()


@method_of_object(interpolate.BSpline, name="derivative", moves="c")
def _bspline_slope(asked: Asked) -> Parts:
    _first_axis(asked, "scipy.interpolate.BSpline", "c")
    return _bspline_of(asked, bspline_slope_moved, bspline_slope_pulled, "c")


def fitpack_slope(x: Any, y: Any, w: Any, k: Any, at: Any, nu: Any) -> Any:
    """The slope of a derivative of FITPACK's spline through given values."""
    if nu + 1 > k:
        return np.zeros(np.shape(at))
    return interpolate.InterpolatedUnivariateSpline(x, y, w, k=k)(at, nu + 1)


def fitpack_moved(ans: Any, x: Any, y: Any, w: Any, k: Any, at_x: Any, at_nu: Any, y_dot: Any, at_x_dot: Any) -> Any:
    """The tangent of a value of FITPACK's spline."""
    moved = np.zeros_like(ans)
    if y_dot is not None:
        moved = interpolate.InterpolatedUnivariateSpline(x, y_dot, w, k=k)(at_x, at_nu)
    if at_x_dot is not None:
        moved = moved + fitpack_slope(x, y, w, k, at_x, at_nu) * at_x_dot
    return moved


def fitpack_pulled(ans: Any, x: Any, y: Any, w: Any, k: Any, at_x: Any, at_nu: Any, g: Any) -> Any:
    """The cotangents of the values of FITPACK's spline, and of the place."""
    y_bar = []
    for i in range(len(x)):
        one = np.where(np.arange(len(x)) == i, 1.0, 0.0)
        y_bar.append(np.sum(g * interpolate.InterpolatedUnivariateSpline(x, one, w, k=k)(at_x, at_nu)))
    return np.array(y_bar), g * fitpack_slope(x, y, w, k, at_x, at_nu), ()


@method_of_object(interpolate.InterpolatedUnivariateSpline, moves="y at_x")
def _fitpack(asked: Asked) -> Part:
    if any(map(asked.given, ("bbox", "ext", "at_ext"))) or asked.types["at_x"].is_container:
        raise UnsupportedCall(
            "scipy.interpolate.InterpolatedUnivariateSpline with bbox or ext, or at a list", "use CubicSpline"
        )
    return Part(_values_type(asked), fitpack_moved, fitpack_pulled)


def piecewise_moved(
    ans: Any, c: Any, x: Any, extrapolate: Any, at_x: Any, at_nu: Any, c_dot: Any, at_x_dot: Any
) -> Any:
    """The tangent of a value of a piecewise polynomial."""
    moved = np.zeros_like(ans)
    if c_dot is not None:
        moved = interpolate.PPoly(c_dot, x, extrapolate)(at_x, at_nu)
    if at_x_dot is not None:
        moved = moved + along(interpolate.PPoly(c, x, extrapolate)(at_x, at_nu + 1), at_x_dot, np.ndim(c) - 2)
    return moved


def piecewise_pulled(ans: Any, c: Any, x: Any, extrapolate: Any, at_x: Any, at_nu: Any, g: Any) -> Any:
    """The cotangents of the coefficients of a piecewise polynomial, and of the place."""
    shape = np.shape(c)
    count = shape[0] * shape[1]
    ones = np.reshape(np.eye(count), (shape[0], shape[1], count))
    basis = interpolate.PPoly(ones, x, extrapolate)(at_x, at_nu)
    slope = interpolate.PPoly(c, x, extrapolate)(at_x, at_nu + 1)
    c_bar = transposed(basis, g, np.reshape(c, (count,) + shape[2:]))
    return np.reshape(c_bar, shape), by_place(slope, g, at_x), ()


@method_of_object(interpolate.PPoly, moves="c at_x")
def _piecewise(asked: Asked) -> Part:
    c, at = asked.types["c"], asked.types["at_x"]
    if asked.known("axis", 0) != 0 or c.shape is None or at.shape is None:
        raise UnsupportedCall("scipy.interpolate.PPoly of such coefficients or places", "give arrays of a known rank")
    return Part(array(np.dtype(float), (*at.shape, *c.shape[2:])), piecewise_moved, piecewise_pulled)


def cubic_slope_moved(x: Any, axis: Any, bc_type: Any, extrapolate: Any, at_nu: Any, y_dot: Any) -> Any:
    """The tangent of the coefficients of the derivative of a cubic spline."""
    return interpolate.CubicSpline(x, y_dot, axis, without_ends(bc_type, y_dot), extrapolate).derivative(at_nu).c


def cubic_slope_pulled(x: Any, y: Any, axis: Any, bc_type: Any, extrapolate: Any, at_nu: Any, g: Any) -> Any:
    """The cotangents of the values of a cubic spline whose derivative was taken."""
    ones = np.eye(len(x))
    if bc_type == "periodic":
        ones = np.concatenate([ones[:-1], ones[:1]])
    slope = interpolate.CubicSpline(x, ones, 0, without_ends(bc_type, ones), extrapolate).derivative(at_nu)
    return transposed(slope.c, g, y), ()


def cubic_whole_moved(x: Any, axis: Any, bc_type: Any, extrapolate: Any, at_nu: Any, y_dot: Any) -> Any:
    """The tangent of the coefficients of the antiderivative of a cubic spline."""
    return interpolate.CubicSpline(x, y_dot, axis, without_ends(bc_type, y_dot), extrapolate).antiderivative(at_nu).c


def cubic_whole_pulled(x: Any, y: Any, axis: Any, bc_type: Any, extrapolate: Any, at_nu: Any, g: Any) -> Any:
    """The cotangents of the values of a cubic spline whose antiderivative was taken."""
    ones = np.eye(len(x))
    whole = interpolate.CubicSpline(x, ones, 0, without_ends(bc_type, ones), extrapolate).antiderivative(at_nu)
    return transposed(whole.c, g, y), ()


def _piecewise_of(asked: Asked, tangent: Any, adjoint: Any) -> Parts:
    _first_axis(asked, "scipy.interpolate.CubicSpline")
    y = asked.types["y"]
    shape = (new_dim("k"), new_dim("m"), *(y.shape[1:] if y.shape else ()))
    breaks = Part(array(np.dtype(float), (new_dim("n"),)), constant=True)
    coefficients = Part(array(np.dtype(float), shape), tangent, adjoint)
    return Parts(interpolate.PPoly, {"c": coefficients, "x": breaks}, {"extrapolate": _outside(asked)})


@method_of_object(interpolate.CubicSpline, name="derivative", moves="y")
def _cubic_slope(asked: Asked) -> Parts:
    return _piecewise_of(asked, cubic_slope_moved, cubic_slope_pulled)


@method_of_object(interpolate.CubicSpline, name="antiderivative", moves="y")
def _cubic_whole(asked: Asked) -> Parts:
    if _outside(asked) == "periodic":
        raise UnsupportedCall("the antiderivative of a periodic spline", "use integrate")
    return _piecewise_of(asked, cubic_whole_moved, cubic_whole_pulled)


def hermite_moved(
    ans: Any, x: Any, y: Any, dydx: Any, at_x: Any, x_dot: Any, y_dot: Any, dydx_dot: Any, at_x_dot: Any
) -> Any:
    """The tangent of a value of the cubic through values with slopes."""
    given = (np.asarray(x), np.asarray(y), np.asarray(dydx), at_x)
    return s2sad.jvp(hermite, given, (x_dot, y_dot, dydx_dot, at_x_dot))[1]


def hermite_pulled(ans: Any, x: Any, y: Any, dydx: Any, at_x: Any, g: Any) -> Any:
    """The cotangents of points, values and slopes, and of the place."""
    value, pullback = s2sad.vjp(hermite, np.asarray(x), np.asarray(y), np.asarray(dydx), at_x)
    return (*pullback(g), ())


@method_of_object(interpolate.CubicHermiteSpline, moves="x y dydx at_x")
def _hermite(asked: Asked) -> Part:
    return Part(_of_vectors(asked, "scipy.interpolate.CubicHermiteSpline"), hermite_moved, hermite_pulled)


# Of several variables


def inside(points: Any, at: Any) -> Any:
    """Which places are within the grid."""
    within = np.full(np.shape(at)[:-1], True)
    for d in range(len(points)):
        x = np.asarray(points[d])
        up = np.sign(x[-1] - x[0])
        within = within & (up * at[..., d] >= up * x[0]) & (up * at[..., d] <= up * x[-1])
    return within


def multilinear(points: Any, values: Any, at: Any) -> Any:
    """The mean of the values at the corners of the cell, weighted by what is opposite of them."""
    shape = np.shape(values)
    flat = np.reshape(values, -1)
    total = np.zeros(np.shape(at)[:-1])
    for corner in range(2 ** len(points)):
        weight = np.ones(np.shape(at)[:-1])
        place = np.zeros(np.shape(at)[:-1], dtype=np.int64)
        for d in range(len(points)):
            x = np.asarray(points[d])
            up = np.sign(x[-1] - x[0])
            k = cell_of(up * x, up * at[..., d])
            share = (at[..., d] - x[k]) / (x[k + 1] - x[k])
            upper = (corner >> d) & 1
            weight = weight * (share if upper == 1 else 1.0 - share)
            place = place * shape[d] + k + upper
        total = total + weight * flat[place]
    return total


def grid_moved(ans: Any, points: Any, values: Any, fill_value: Any, at_xi: Any, values_dot: Any, at_xi_dot: Any) -> Any:
    """The tangent of a value between the points of a grid; what is filled in outside stays."""

    def look_up(v: Any, a: Any) -> Any:
        return multilinear(points, v, a)

    at = np.asarray(at_xi)
    moved = s2sad.jvp(look_up, (np.asarray(values), at), (values_dot, at_xi_dot))[1]
    if fill_value is not None:
        moved = np.where(inside(points, at), moved, 0.0)
    return np.reshape(moved, np.shape(ans))


def grid_pulled(ans: Any, points: Any, values: Any, fill_value: Any, at_xi: Any, g: Any) -> Any:
    """The cotangents of the values on a grid, and of the place."""

    def look_up(v: Any, a: Any) -> Any:
        return multilinear(points, v, a)

    at = np.asarray(at_xi)
    g = np.reshape(g, np.shape(at)[:-1])
    if fill_value is not None:
        g = np.where(inside(points, at), g, 0.0)
    value, pullback = s2sad.vjp(look_up, np.asarray(values), at)
    return (*pullback(g), ())


def interpn_moved(ans: Any, points: Any, values: Any, xi: Any, fill_value: Any, values_dot: Any, xi_dot: Any) -> Any:
    """The tangent of a value between the points of a grid."""
    return grid_moved(ans, points, values, fill_value, xi, values_dot, xi_dot)


def interpn_pulled(ans: Any, points: Any, values: Any, xi: Any, fill_value: Any, g: Any) -> Any:
    """The cotangents of the values on a grid, and of the place."""
    return grid_pulled(ans, points, values, fill_value, xi, g)


def _grid_type(asked: Asked, name: str, place: str) -> Type:
    points, at, values = asked.types["points"], asked.types[place], asked.types["values"]
    _of_real(values)
    dims = len(points.items) if points.is_container else None
    if dims is None or values.rank != dims or at.is_container and not all(i.rank == 0 for i in at.items):
        raise UnsupportedCall(
            f"{name} of such points, values or places",
            "give a tuple of arrays, an array with an axis for each, and places in one array, np.stack([x, y], -1)",
        )
    methods = asked.known("method", "linear"), asked.known("at_method") or "linear"
    if methods != ("linear", "linear") or asked.given("at_nu"):
        raise UnsupportedCall(f"{name} of another method than linear", "use RectBivariateSpline")
    shape = (1,) if at.is_container or at.rank == 1 else at.shape if at.shape is None else at.shape[:-1]
    return array(np.dtype(float), shape)


@method_of_object(interpolate.RegularGridInterpolator, moves="values at_xi")
def _regular_grid(asked: Asked) -> Part:
    return Part(_grid_type(asked, "scipy.interpolate.RegularGridInterpolator", "at_xi"), grid_moved, grid_pulled)


@solver(interpolate.interpn, functions={}, moves="values xi", passed=None)
def _interpn(asked: Asked) -> Part:
    known = {} if "fill_value" in asked.types else {"fill_value": np.nan}
    return Part(_grid_type(asked, "scipy.interpolate.interpn", "xi"), interpn_moved, interpn_pulled, known=known)


def each_of(x: Any, degree: Any, at: Any, order: Any) -> Any:
    """What each of the values along an axis adds: the surface is a product, and constant along the other axis."""
    across = np.arange(degree + 1.0)
    one = np.ones(degree + 1)
    columns = []
    for k in range(len(x)):
        z = np.where(np.arange(len(x)) == k, 1.0, 0.0)[:, np.newaxis] * one
        columns.append(
            interpolate.RectBivariateSpline(x, across, z, kx=degree, ky=degree).ev(at, np.zeros(np.shape(at)), order, 0)
        )
    return np.stack(columns, -1)


def surface_moved(
    ans: Any,
    x: Any,
    y: Any,
    z: Any,
    kx: Any,
    ky: Any,
    at_xi: Any,
    at_yi: Any,
    at_dx: Any,
    at_dy: Any,
    z_dot: Any,
    at_xi_dot: Any,
    at_yi_dot: Any,
) -> Any:
    """The tangent of a value of a surface, which is constant outside."""
    moved = np.zeros_like(ans)
    if z_dot is not None:
        changed = interpolate.RectBivariateSpline(x, y, z_dot, kx=kx, ky=ky)
        moved = changed.ev(at_xi, at_yi, at_dx, at_dy)
    surface = interpolate.RectBivariateSpline(x, y, z, kx=kx, ky=ky)
    if at_xi_dot is not None and at_dx + 1 >= kx or at_yi_dot is not None and at_dy + 1 >= ky:
        raise ValueError("scipy.interpolate.RectBivariateSpline has no derivative of this order")
    if at_xi_dot is not None:
        slope = surface.ev(at_xi, at_yi, at_dx + 1, at_dy)
        moved = moved + np.where((at_xi >= x[0]) & (at_xi <= x[-1]), slope, 0.0) * at_xi_dot
    if at_yi_dot is not None:
        slope = surface.ev(at_xi, at_yi, at_dx, at_dy + 1)
        moved = moved + np.where((at_yi >= y[0]) & (at_yi <= y[-1]), slope, 0.0) * at_yi_dot
    return moved


def surface_pulled(
    ans: Any,
    x: Any,
    y: Any,
    z: Any,
    kx: Any,
    ky: Any,
    at_xi: Any,
    at_yi: Any,
    at_dx: Any,
    at_dy: Any,
    g: Any,
) -> Any:
    """The cotangents of the values of a surface, and of the place."""
    surface = interpolate.RectBivariateSpline(x, y, z, kx=kx, ky=ky)
    along_x = np.reshape(each_of(x, kx, at_xi, at_dx), (-1, len(x)))
    along_y = np.reshape(each_of(y, ky, at_yi, at_dy), (-1, len(y)))
    z_bar = (along_x * np.reshape(g, (-1, 1))).T @ along_y
    x_bar, y_bar = None, None
    if at_dx + 1 < kx:
        slope = surface.ev(at_xi, at_yi, at_dx + 1, at_dy)
        x_bar = np.where((at_xi >= x[0]) & (at_xi <= x[-1]), g * slope, 0.0)
    if at_dy + 1 < ky:
        slope = surface.ev(at_xi, at_yi, at_dx, at_dy + 1)
        y_bar = np.where((at_yi >= y[0]) & (at_yi <= y[-1]), g * slope, 0.0)
    return z_bar, x_bar, y_bar, ()


@method_of_object(interpolate.RectBivariateSpline, name="ev", moves="z at_xi at_yi")
def _surface(asked: Asked) -> Part:
    x, y = asked.types["at_xi"], asked.types["at_yi"]
    if (
        asked.given("bbox")
        or asked.given("s")
        and ("s" not in asked.static or asked.static["s"] != 0)
        or x.is_container
        or x.shape != y.shape
    ):
        raise UnsupportedCall(
            "scipy.interpolate.RectBivariateSpline with bbox or s, or at places of two shapes",
            "leave bbox out, give s=0, and places of one shape",
        )
    return Part(array(np.dtype(float), x.shape), surface_moved, surface_pulled)


def radial_function(kernel: Any, square: Any) -> Any:
    """A radial function, by the square of the scaled distance."""
    apart = np.where(square > 0.0, square, 1.0)
    if kernel == "linear":
        return np.where(square > 0.0, -np.sqrt(apart), 0.0)
    if kernel == "thin_plate_spline":
        return np.where(square > 0.0, 0.5 * apart * np.log(apart), 0.0)
    if kernel == "cubic":
        return np.where(square > 0.0, apart * np.sqrt(apart), 0.0)
    if kernel == "gaussian":
        return np.exp(-square)
    if kernel == "multiquadric":
        return -np.sqrt(1.0 + square)
    if kernel == "inverse_multiquadric":
        return 1.0 / np.sqrt(1.0 + square)
    return 1.0 / (1.0 + square)


def radial_matrix(at: Any, y: Any, kernel: Any, epsilon: Any) -> Any:
    """The radial function between each place and each point."""
    square = np.sum((at[:, np.newaxis, :] - y[np.newaxis, :, :]) ** 2, axis=-1)
    return radial_function(kernel, epsilon**2 * square)


def trend(at: Any, degree: Any) -> Any:
    """The polynomials up to a degree of at most one."""
    ones = np.ones((at.shape[0], 1))
    return ones if degree == 0 else np.concatenate([ones, at], axis=1)


def radial(y: Any, d: Any, at: Any, smoothing: Any, kernel: Any, epsilon: Any, degree: Any) -> Any:
    """What RBFInterpolator gives: radial functions and polynomials, by one linear system."""
    points = radial_matrix(y, y, kernel, epsilon) + smoothing * np.eye(y.shape[0])
    places = radial_matrix(at, y, kernel, epsilon)
    if degree == -1:
        return places @ np.linalg.solve(points, d)
    p = trend(y, degree)
    count = p.shape[1]
    left = np.concatenate([points, p.T], axis=0)
    right = np.concatenate([p, np.zeros((count, count))], axis=0)
    given = np.concatenate([d, np.zeros((count,) + d.shape[1:])], axis=0)
    solved = np.linalg.solve(np.concatenate([left, right], axis=1), given)
    return np.concatenate([places, trend(at, degree)], axis=1) @ solved


def radial_moved(
    ans: Any,
    y: Any,
    d: Any,
    smoothing: Any,
    kernel: Any,
    epsilon: Any,
    degree: Any,
    at_x: Any,
    y_dot: Any,
    d_dot: Any,
    at_x_dot: Any,
) -> Any:
    """The tangent of a sum of radial functions."""

    def smooth(points: Any, values: Any, places: Any) -> Any:
        return radial(points, values, places, smoothing, kernel, epsilon, degree)

    return s2sad.jvp(smooth, (np.asarray(y), np.asarray(d), at_x), (y_dot, d_dot, at_x_dot))[1]


def radial_pulled(
    ans: Any, y: Any, d: Any, smoothing: Any, kernel: Any, epsilon: Any, degree: Any, at_x: Any, g: Any
) -> Any:
    """The cotangents of points and values of a sum of radial functions, and of the place."""

    def smooth(points: Any, values: Any, places: Any) -> Any:
        return radial(points, values, places, smoothing, kernel, epsilon, degree)

    value, pullback = s2sad.vjp(smooth, np.asarray(y), np.asarray(d), at_x)
    return (*pullback(g), ())


@method_of_object(interpolate.RBFInterpolator, moves="y d at_x")
def _radial(asked: Asked) -> Part:
    d, at = asked.types["d"], asked.types["at_x"]
    _of_real(d)
    kernel = asked.known("kernel", "thin_plate_spline")
    least = {"thin_plate_spline": 1, "cubic": 1, "quintic": 2, "linear": 0, "multiquadric": 0}.get(kernel, -1)
    chosen = all(n in asked.static for n in ("kernel", "degree") if asked.given(n))
    degree = asked.known("degree")
    degree = max(least, 0) if degree is None else degree
    if (
        not chosen
        or asked.given("neighbors")
        or kernel == "quintic"
        or degree > 1
        or at.rank != 2
        or asked.types["y"].rank != 2
    ):
        raise UnsupportedCall(
            "scipy.interpolate.RBFInterpolator with neighbors, of kernel quintic, or a degree beyond 1",
            "use another kernel, and all points",
        )
    known = {"kernel": kernel, "degree": degree, **({} if asked.given("epsilon") else {"epsilon": 1.0})}
    rest = d.shape[1:] if d.shape else ()
    return Part(
        array(np.dtype(float), (at.shape[0] if at.shape else new_dim("n"), *rest)),
        radial_moved,
        radial_pulled,
        known=known,
    )
