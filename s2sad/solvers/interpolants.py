"""Interpolants: by the place through their own slope, by the values as far as they are linear in them.

de Boor, A Practical Guide to Splines (2001), chapter 4; Fritsch & Butland, A method for constructing local monotone
piecewise cubic interpolants (1984); Akima, A new method of interpolation and smooth curve fitting (1970).
"""

from __future__ import annotations

from typing import Any

import numpy as np
from scipy import interpolate

import s2sad
from s2sad.errors import UnsupportedCall
from s2sad.ir.solver import Asked, Part, method_of_object
from s2sad.ir.types import Type, array
from s2sad.solvers.types import length

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
    rest = y.shape[1:] if y.shape else ()
    shape = (length(at),) if at.is_container else at.shape
    return array(np.dtype(float), None if shape is None or rest is None else (*shape, *rest))


def _first_axis(asked: Asked, name: str) -> None:
    if asked.static.get("axis", 0) != 0 and asked.types["y"].rank != 1:
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
    if asked.types["y"].rank not in (None, 1) or asked.static.get("at_nu", 0) != 0:
        raise UnsupportedCall(f"{name} of several columns, or its derivatives", "interpolate each column")
    return _values_type(asked)


@method_of_object(interpolate.PchipInterpolator, moves="x y at_x")
def _pchip(asked: Asked) -> Part:
    return Part(_of_vectors(asked, "scipy.interpolate.PchipInterpolator"), pchip_moved, pchip_pulled)


@method_of_object(interpolate.Akima1DInterpolator, moves="x y at_x")
def _akima(asked: Asked) -> Part:
    if asked.static.get("method", "akima") != "akima":
        raise UnsupportedCall("scipy.interpolate.Akima1DInterpolator with another method", "use method='akima'")
    return Part(_of_vectors(asked, "scipy.interpolate.Akima1DInterpolator"), akima_moved, akima_pulled)


@method_of_object(interpolate.interp1d, moves="x y at_x")
def _interp1d(asked: Asked) -> Part:
    t = _of_vectors(asked, "scipy.interpolate.interp1d")
    outside = asked.static.get("fill_value", "extrapolate")
    if asked.static.get("kind", "linear") != "linear" or asked.given("fill_value") and outside != "extrapolate":
        raise UnsupportedCall(
            "scipy.interpolate.interp1d of another kind, or with values outside", "use CubicSpline, or np.interp"
        )
    return Part(t, linear_moved, linear_pulled)
