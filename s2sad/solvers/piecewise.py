"""Piecewise polynomials, and the interpolants that are such: by their coefficients, linear in these, and by the place.

spline = CubicSpline(x, y)      the coefficients spline.c move with y
z = spline(t)                   z moves with these and t
"""

from __future__ import annotations

from typing import Any

import numpy as np
from scipy import interpolate

import s2sad
from s2sad.errors import UnsupportedCall
from s2sad.ir.dims import new_dim
from s2sad.ir.solver import Asked, Part, Parts, made_outside, method_of_object, solver
from s2sad.ir.types import Type, array
from s2sad.solvers import interpolated
from s2sad.solvers.types import length

SOURCE = (
    "de Boor, A Practical Guide to Splines (2001), chapter 4; Fritsch & Butland, A method for constructing local "
    "monotone piecewise cubic interpolants (1984); Akima, A new method of interpolation and smooth curve fitting "
    "(1970)"
)
"""The works that its rules are from."""

PIECEWISE: tuple[type, ...] = (
    interpolate.PPoly,
    interpolate.CubicSpline,
    interpolate.PchipInterpolator,
    interpolate.Akima1DInterpolator,
    interpolate.CubicHermiteSpline,
)
made_outside(*PIECEWISE, c="c", x="x", extrapolate="extrapolate", axis="axis")

# values


def here(x: Any, at: Any, outside: Any) -> Any:
    """A place among the points: a periodic function is moved into its period."""
    return x[0] + (at - x[0]) % (x[-1] - x[0]) if outside == "periodic" else np.asarray(at)


def factors(count: Any, nu: Any) -> Any:
    """What the derivative of each power, the highest first, is multiplied by."""
    powers = np.arange(count - 1.0, -1.0, -1.0)
    found = np.ones(count)
    for i in range(nu):
        found = found * (powers - i)
    return found


def piecewise_moved(
    ans: Any,
    itself: Any,
    c: Any,
    x: Any,
    outside: Any,
    axis: Any,
    at_x: Any,
    at_nu: Any,
    at_extrapolate: Any,
    c_dot: Any,
    x_dot: Any,
    at_x_dot: Any,
) -> Any:
    """The tangent of a value of a piecewise polynomial."""
    moved = np.zeros_like(ans)
    if c_dot is not None:
        moved = interpolated.in_place(interpolate.PPoly(c_dot, x, outside)(at_x, at_nu), at_x, axis)
    if at_x_dot is not None:
        moved = moved + interpolated.along(interpolated.valued(itself, at_x, at_nu + 1, at_extrapolate), at_x_dot, axis)
    if x_dot is not None:
        if outside == "periodic":
            raise ValueError("the period moves")
        moved = moved - interpolated.along(
            interpolated.valued(itself, at_x, at_nu + 1, at_extrapolate), x_dot[interpolated.cell_of(x, at_x)], axis
        )
    return moved


def to_coefficients(c: Any, x: Any, outside: Any, axis: Any, at_x: Any, at_nu: Any, g: Any) -> Any:
    """The cotangent of the coefficients: each place adds to those of its piece, times the power of its distance."""
    at = here(x, at_x, outside)
    cell = interpolated.cell_of(x, at)
    count = len(c)
    powers = np.arange(count - 1.0, -1.0, -1.0)
    if at_nu == 0:
        basis = (at - x[cell])[..., np.newaxis] ** powers
    else:
        basis = factors(count, at_nu) * (at - x[cell])[..., np.newaxis] ** np.maximum(powers - at_nu, 0.0)
    g_front = interpolated.in_front(g, at_x, axis)
    by_power = np.reshape(basis, np.shape(basis) + (1,) * (np.ndim(c) - 2)) * np.expand_dims(g_front, np.ndim(at_x))
    return np.swapaxes(interpolated.in_cells(by_power, cell, len(x) - 1), 0, 1)


def piecewise_pulled(
    ans: Any,
    itself: Any,
    c: Any,
    x: Any,
    outside: Any,
    axis: Any,
    at_x: Any,
    at_nu: Any,
    at_extrapolate: Any,
    c_moves: Any,
    g: Any,
) -> Any:
    """The cotangents of the coefficients of a piecewise polynomial, of its points and of the place."""
    c_bar = to_coefficients(c, x, outside, axis, at_x, at_nu, g) if c_moves else np.zeros(np.shape(c))
    at_bar = interpolated.by_place(interpolated.valued(itself, at_x, at_nu + 1, at_extrapolate), g, at_x, axis)
    x_bar = None if outside == "periodic" else interpolated.in_cells(-at_bar, interpolated.cell_of(x, at_x), len(x))
    return c_bar, x_bar, at_bar, ()


@method_of_object(*PIECEWISE, moves="c x at_x")
def _value(asked: Asked) -> Part:
    axis = _axis(asked)
    if interpolated.static(asked, "at_nu", 0) < 0:
        raise UnsupportedCall("a piecewise polynomial with a negative nu", "call its antiderivative")
    known = {"outside": _outside(asked), "axis": axis}
    return Part(
        interpolated.values_type(asked, axis, "c", count=2), piecewise_moved, piecewise_pulled, known=known, solves=True
    )


def _axis(asked: Asked) -> int:
    """The axis at which the places are in the result."""
    interpolated.of_real(asked.types["c"])
    axis: int = interpolated.static(asked, "axis", 0)
    if asked.types["c"].shape is None:
        raise UnsupportedCall(
            "scipy.interpolate.PPoly of coefficients of an unknown rank", "give an array of known rank"
        )
    return axis


def _outside(asked: Asked) -> object:
    """What there is outside the points."""
    return interpolated.static(asked, "at_extrapolate", interpolated.static(asked, "extrapolate", True))


# objects that it gives


def points_moved(x_dot: Any) -> Any:
    """The tangent of the points."""
    return x_dot


def points_pulled(g: Any) -> Any:
    """The cotangent of the points."""
    return (g,)


def _points(asked: Asked) -> Part:
    """The points, which move with what is given for them."""
    t = array(np.dtype(float), (length(asked.types["x"]),))
    return Part(t, points_moved, points_pulled, only=("x",), apart=True)


def _piecewise_of(coefficients: Part, x: Part, outside: object, axis: int) -> Parts:
    return Parts(interpolate.PPoly, {"c": coefficients, "x": x}, {"extrapolate": outside, "axis": axis})


def _order(asked: Asked, name: str) -> int:
    order: int = interpolated.static(asked, "at_nu", 1)
    if order < 0:
        raise UnsupportedCall(f"a negative order of {name}", "call the inverse")
    return order


def slope_moved(x: Any, at_nu: Any, c_dot: Any) -> Any:
    """The tangent of the coefficients of a derivative."""
    return interpolate.PPoly(c_dot, x).derivative(at_nu).c


def slope_pulled(c: Any, at_nu: Any, g: Any) -> Any:
    """The cotangent of the coefficients whose derivative was taken."""
    count = len(c)
    kept = count - at_nu
    if kept < 1:
        return np.zeros(np.shape(c)), ()
    scaled = np.reshape(factors(count, at_nu)[:kept], (kept,) + (1,) * (np.ndim(c) - 1)) * g
    return np.concatenate([scaled, np.zeros((at_nu,) + np.shape(c)[1:])]), ()


@method_of_object(*PIECEWISE, name="derivative", moves="c x")
def _slope(asked: Asked) -> Parts:
    c, axis, order = asked.types["c"].shape, _axis(asked), _order(asked, "derivative")
    assert c is not None
    count = max(c[0] - order, 1) if isinstance(c[0], int) else new_dim("k")
    t, only = array(np.dtype(float), (count, *c[1:])), ("c", "params")
    part = Part(t, slope_moved, slope_pulled, only=only, solves=True)
    return _piecewise_of(part, _points(asked), _outside(asked), axis)


def whole_moved(x: Any, at_nu: Any, c_dot: Any) -> Any:
    """The tangent of the coefficients of an antiderivative."""
    return interpolate.PPoly(c_dot, x).antiderivative(at_nu).c


def whole_pulled(c: Any, x: Any, at_nu: Any, g: Any) -> Any:
    """The cotangent of the coefficients whose antiderivative was taken: one order after the other.

    Each piece begins with what all before it add.
    """
    for _ in range(at_nu):
        count = len(g) - 1
        h = np.reshape(x[1:] - x[:-1], (1, -1) + (1,) * (np.ndim(c) - 2))
        order = np.reshape(np.arange(count, 0.0, -1.0), (count, 1) + (1,) * (np.ndim(c) - 2))
        behind = np.sum(g[-1], axis=0) - np.cumsum(g[-1], axis=0)
        g = (g[:-1] + behind * h**order) / order
    return g, ()


@method_of_object(*PIECEWISE, name="antiderivative", moves="c")
def _whole(asked: Asked) -> Parts:
    c, axis, order, outside = asked.types["c"].shape, _axis(asked), _order(asked, "antiderivative"), _outside(asked)
    assert c is not None
    if outside == "periodic":
        raise UnsupportedCall("the antiderivative of a periodic spline", "use integrate")
    count = c[0] + order if isinstance(c[0], int) else new_dim("k")
    part = Part(array(np.dtype(float), (count, *c[1:])), whole_moved, whole_pulled, solves=True)
    x = interpolated.fixed(array(np.dtype(float), asked.types["x"].shape))
    return _piecewise_of(part, x, outside, axis)


# integrals


def powers_to(c: Any, x: Any, to: Any) -> Any:
    """The integrals of all powers of all pieces from the first point to a place; the last pieces go on outside."""
    left = np.concatenate([np.array([-np.inf]), x[1:-1]])
    right = np.concatenate([x[1:-1], np.array([np.inf])])
    order = np.arange(len(c), 0.0, -1.0)[:, np.newaxis]
    end = np.clip(to, left, right) - x[:-1]
    return end**order / order


def weights_to(c: Any, x: Any, to: Any, outside: Any) -> Any:
    """What the coefficients are multiplied by in the integral from the first point to a place."""
    if outside != "periodic":
        return powers_to(c, x, to)
    period = x[-1] - x[0]
    rounds = np.floor((to - x[0]) / period)
    return rounds * powers_to(c, x, x[-1]) + powers_to(c, x, to - rounds * period)


def weights(c: Any, x: Any, a: Any, b: Any, outside: Any) -> Any:
    """What the coefficients are multiplied by in an integral."""
    return weights_to(c, x, b, outside) - weights_to(c, x, a, outside)


def integral_moved(
    ans: Any,
    itself: Any,
    c: Any,
    x: Any,
    outside: Any,
    at_a: Any,
    at_b: Any,
    at_extrapolate: Any,
    c_dot: Any,
    x_dot: Any,
    at_a_dot: Any,
    at_b_dot: Any,
) -> Any:
    """The tangent of an integral: that of its coefficients and points, and what the limits add."""

    def mass(points: Any) -> Any:
        return np.tensordot(weights(c, points, at_a, at_b, outside), c, 2)

    moved = np.zeros_like(ans)
    if c_dot is not None:
        moved = interpolate.PPoly(c_dot, x, outside).integrate(at_a, at_b)
    if x_dot is not None:
        if outside == "periodic":
            raise ValueError("the period moves")
        moved = moved + s2sad.jvp(mass, (x,), (x_dot,))[1]
    if at_a_dot is not None:
        moved = moved - interpolated.valued(itself, at_a, 0, at_extrapolate) * at_a_dot
    if at_b_dot is not None:
        moved = moved + interpolated.valued(itself, at_b, 0, at_extrapolate) * at_b_dot
    return moved


def integral_pulled(
    ans: Any,
    itself: Any,
    c: Any,
    x: Any,
    outside: Any,
    at_a: Any,
    at_b: Any,
    at_extrapolate: Any,
    x_moves: Any,
    g: Any,
) -> Any:
    """The cotangents of the coefficients and points, and of the limits."""

    def mass(points: Any) -> Any:
        return np.tensordot(weights(c, points, at_a, at_b, outside), c, 2)

    shares = weights(c, x, at_a, at_b, outside)
    c_bar = np.reshape(shares, np.shape(shares) + (1,) * (np.ndim(c) - 2)) * g
    x_bar = None
    if x_moves and outside != "periodic":
        value, pullback = s2sad.vjp(mass, x)
        x_bar = pullback(g)[0]
    a_bar = -np.sum(interpolated.valued(itself, at_a, 0, at_extrapolate) * g)
    b_bar = np.sum(interpolated.valued(itself, at_b, 0, at_extrapolate) * g)
    return c_bar, x_bar, a_bar, b_bar, ()


@method_of_object(*PIECEWISE, name="integrate", moves="c x at_a at_b")
def _integral(asked: Asked) -> Part:
    _axis(asked)
    rest = asked.types["c"].shape
    t = array(np.dtype(float), None if rest is None else rest[2:])
    return Part(t, integral_moved, integral_pulled, known={"outside": _outside(asked)}, solves=True)


# roots


def crossing(itself: Any, ans: Any, level: Any) -> Any:
    """The slope at each root; none where the function jumps over the level: there the root is a break, which stays."""
    slope = itself(ans, 1)
    jump = np.abs(itself(ans) - level) > 1e-6 * (1.0 + np.abs(level))
    return np.where(jump, np.inf, slope)


def solved_moved(ans: Any, itself: Any, x: Any, at_y: Any, c_dot: Any, x_dot: Any, at_y_dot: Any) -> Any:
    """The tangent of the places where a level is reached: the implicit function theorem.

    Where the break before it moves, a place moves along.
    """
    risen = np.zeros_like(ans)
    if c_dot is not None:
        risen = risen - interpolate.PPoly(c_dot, x)(ans)
    if at_y_dot is not None:
        risen = risen + at_y_dot
    moved = risen / crossing(itself, ans, at_y)
    return moved if x_dot is None else moved + x_dot[interpolated.cell_of(x, ans)]


def solved_pulled(ans: Any, itself: Any, c: Any, x: Any, at_y: Any, g: Any) -> Any:
    """The cotangents of the coefficients, the breaks and the level, of that of the places where it is reached."""
    w = g / crossing(itself, ans, at_y)
    x_bar = interpolated.in_cells(g, interpolated.cell_of(x, ans), len(x))
    return to_coefficients(c, x, True, 0, ans, 0, -w), x_bar, np.sum(w), ()


def roots_moved(ans: Any, itself: Any, x: Any, c_dot: Any, x_dot: Any) -> Any:
    """The tangent of the roots."""
    return solved_moved(ans, itself, x, 0.0, c_dot, x_dot, None)


def roots_pulled(ans: Any, itself: Any, c: Any, x: Any, g: Any) -> Any:
    """The cotangents of the coefficients and the breaks, of that of the roots."""
    c_bar, x_bar, level_bar, none = solved_pulled(ans, itself, c, x, 0.0, g)
    return c_bar, x_bar, none


def _places(asked: Asked) -> Type:
    if asked.types["c"].rank != 2 or _outside(asked) == "periodic":
        raise UnsupportedCall("the roots of several columns, or of a periodic function", "solve for one, by brentq")
    return array(np.dtype(float), (new_dim("n"),))


@method_of_object(*PIECEWISE, name="roots", moves="c x")
def _roots(asked: Asked) -> Part:
    return Part(_places(asked), roots_moved, roots_pulled, solves=True)


@method_of_object(*PIECEWISE, name="solve", moves="c x at_y")
def _solved(asked: Asked) -> Part:
    known = {} if asked.given("at_y") else {"at_y": 0.0}
    return Part(_places(asked), solved_moved, solved_pulled, known=known, solves=True)


# coefficients


def without_ends(bc_type: Any, y: Any, axis: Any) -> Any:
    """The conditions at the ends with zeros for their numbers: what is linear in the values alone."""
    if isinstance(bc_type, (tuple, list)):
        none = np.zeros(np.shape(y)[:axis] + np.shape(y)[axis + 1 :])
        left, right = bc_type
        return (
            left if isinstance(left, str) else (left[0], none),
            right if isinstance(right, str) else (right[0], none),
        )
    return bc_type


def end_row(h: Any, m: Any, end: Any, second: Any) -> Any:
    """The equation for the slope at an end: what all slopes are multiplied by, and what that is equal to.

    `h` and `m` are the lengths and slopes of the pieces from there on, `second` the sign of a second derivative.
    """
    ones = np.eye(len(h) + 1)
    if end == "not-a-knot":
        if len(h) < 3:
            raise ValueError("scipy.interpolate.CubicSpline by x has no derivative for less than four points")
        both = h[0] + h[1]
        return h[1] * ones[0] + both * ones[1], ((h[0] + 2.0 * both) * h[1] * m[0] + h[0] ** 2 * m[1]) / both
    if end == "clamped":
        return ones[0], np.zeros_like(m[0])
    if end == "natural":
        return 2.0 * ones[0] + ones[1], 3.0 * m[0]
    order, value = end[0], np.asarray(end[1])
    if order == 1:
        return ones[0], np.zeros_like(m[0]) + value
    return 2.0 * ones[0] + ones[1], 3.0 * m[0] - 0.5 * second * value * h[0]


def cubic_slopes(x: Any, y: Any, bc_type: Any) -> Any:
    """The slopes of a cubic spline, of which the second derivatives of both sides agree at each point."""
    h = x[1:] - x[:-1]
    wide = np.reshape(h, (-1,) + (1,) * (np.ndim(y) - 1))
    m = (y[1:] - y[:-1]) / wide
    if bc_type == "periodic":
        ones = np.eye(len(h))
        before, ones_before, ones_behind = np.roll(h, 1), np.roll(ones, 1, axis=0), np.roll(ones, -1, axis=0)
        a = h[:, np.newaxis] * ones_before + 2.0 * (before + h)[:, np.newaxis] * ones
        a = a + before[:, np.newaxis] * ones_behind
        b = 3.0 * (wide * np.roll(m, 1, axis=0) + np.roll(wide, 1, axis=0) * m)
    else:
        ones = np.eye(len(x))
        left, right = (bc_type, bc_type) if isinstance(bc_type, str) else bc_type
        first, from_first = end_row(h, m, left, 1.0)
        last, from_last = end_row(h[::-1], m[::-1], right, -1.0)
        inner = h[1:, np.newaxis] * ones[:-2] + 2.0 * (h[1:] + h[:-1])[:, np.newaxis] * ones[1:-1]
        inner = inner + h[:-1, np.newaxis] * ones[2:]
        a = np.concatenate([first[np.newaxis], inner, last[np.newaxis, ::-1]])
        between = 3.0 * (wide[1:] * m[:-1] + wide[:-1] * m[1:])
        b = np.concatenate([np.stack([from_first]), between, np.stack([from_last])])
    slopes = np.reshape(np.linalg.solve(a, np.reshape(b, (len(b), -1))), np.shape(b))
    return np.concatenate([slopes, slopes[:1]]) if bc_type == "periodic" else slopes


def cubic_moved(x: Any, y: Any, axis: Any, bc_type: Any, x_dot: Any, y_dot: Any) -> Any:
    """The tangent of the coefficients of a cubic spline; where its points stay these are linear in the values."""
    if x_dot is None:
        return interpolate.CubicSpline(x, y_dot, axis, without_ends(bc_type, y_dot, axis)).c

    def coefficients(points: Any, values: Any) -> Any:
        return by_slopes(points, values, cubic_slopes(points, values, bc_type))

    return formula_moved(x, y, axis, coefficients, x_dot, y_dot)


def cubic_pulled(x: Any, y: Any, axis: Any, bc_type: Any, x_moves: Any, g: Any) -> Any:
    """The cotangents of the points and the values of a cubic spline."""
    ones = np.eye(len(x))
    if bc_type == "periodic":
        ones = np.concatenate([ones[:-1], ones[:1]])
    basis = interpolate.CubicSpline(x, ones, 0, without_ends(bc_type, ones, 0)).c
    y_bar = np.tensordot(basis, g, ((0, 1), (0, 1)))
    y_bar = interpolated.at_axis(y_bar, axis)
    if not x_moves:
        return np.zeros(len(x)), y_bar, ()
    values = interpolated.first(np.asarray(y), axis)

    def coefficients(points: Any) -> Any:
        return by_slopes(points, values, cubic_slopes(points, values, bc_type))

    value, pullback = s2sad.vjp(coefficients, np.asarray(x))
    return pullback(g)[0], y_bar, ()


def _coefficients_type(asked: Asked, axis: int) -> Type:
    y, x = asked.types["y"], asked.types["x"]
    interpolated.of_real(y)
    if not y.is_container and y.shape is None:
        raise UnsupportedCall("an interpolant of values of an unknown rank", "give an array of a known rank")
    pieces = length(x)
    rest = () if y.is_container or y.shape is None else (*y.shape[:axis], *y.shape[axis + 1 :])
    return array(np.dtype(float), (4, pieces - 1 if isinstance(pieces, int) else new_dim("m"), *rest))


def _beyond(asked: Asked) -> object:
    """What there is outside the points, of a spline with conditions at the ends."""
    return interpolated.static(asked, "extrapolate", "periodic" if asked.known("bc_type") == "periodic" else True)


@solver(interpolate.CubicSpline, functions={}, moves="x y", passed=None)
def _cubic(asked: Asked) -> Parts:
    axis, outside = interpolated.axis_of(asked), _beyond(asked)
    c = Part(_coefficients_type(asked, axis), cubic_moved, cubic_pulled, known={"axis": axis}, solves=True)
    return _of_points(interpolate.CubicSpline, asked, c, axis, outside)


# by a formula


def by_slopes(x: Any, y: Any, slopes: Any) -> Any:
    """The coefficients of the cubic of each piece, by the values and slopes at its ends."""
    h = np.reshape(x[1:] - x[:-1], (-1,) + (1,) * (np.ndim(y) - 1))
    m = (y[1:] - y[:-1]) / h
    bend = (slopes[:-1] + slopes[1:] - 2.0 * m) / h
    return np.stack([bend / h, (m - slopes[:-1]) / h - bend, slopes[:-1], y[:-1]])


def pchip_end(h0: Any, h1: Any, m0: Any, m1: Any) -> Any:
    """The slope at an end, of three points, that keeps the shape."""
    d = ((2.0 * h0 + h1) * m0 - h0 * m1) / (h0 + h1)
    d = np.where(np.sign(d) != np.sign(m0), 0.0 * d, d)
    return np.where((np.sign(m0) != np.sign(m1)) & (np.abs(d) > 3.0 * np.abs(m0)), 3.0 * m0, d)


def pchip_slopes(x: Any, y: Any) -> Any:
    """The slopes of PCHIP: weighted harmonic means of those at both sides, zero where these differ in sign."""
    h = np.reshape(x[1:] - x[:-1], (-1,) + (1,) * (np.ndim(y) - 1))
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


def akima_slopes(x: Any, y: Any, method: Any) -> Any:
    """The slopes of Akima: means of those at both sides, weighted by how much the next ones differ.

    The modified ones weigh with their sizes too.
    """
    m = (y[1:] - y[:-1]) / np.reshape(x[1:] - x[:-1], (-1,) + (1,) * (np.ndim(y) - 1))
    before, behind = 2.0 * m[0] - m[1], 2.0 * m[-1] - m[-2]
    ends = np.stack([2.0 * before - m[0], before])
    m = np.concatenate([ends, m, np.stack([behind, 2.0 * behind - m[-1]])])
    change = np.abs(m[1:] - m[:-1])
    if method == "makima":
        change = change + 0.5 * np.abs(m[1:] + m[:-1])
    left, right = change[2:], change[:-2]
    total = left + right
    even = total <= 1e-9 * np.max(total)
    share = np.where(even, 0.5, left / np.where(even, 1.0, total))
    return share * m[1:-2] + (1.0 - share) * m[2:-1]


def pchip(x: Any, y: Any) -> Any:
    """The coefficients of PchipInterpolator."""
    return by_slopes(x, y, pchip_slopes(x, y))


def formula_moved(x: Any, y: Any, axis: Any, formula: Any, x_dot: Any, y_dot: Any) -> Any:
    """The tangent of coefficients that a formula gives."""
    y_dot = None if y_dot is None else interpolated.first(y_dot, axis)
    return s2sad.jvp(formula, (np.asarray(x), interpolated.first(np.asarray(y), axis)), (x_dot, y_dot))[1]


def formula_pulled(x: Any, y: Any, axis: Any, formula: Any, x_moves: Any, g: Any) -> Any:
    """The cotangents of the points and values, of that of coefficients that a formula gives."""
    points, values = np.asarray(x), interpolated.first(np.asarray(y), axis)

    def of_values(v: Any) -> Any:
        return formula(points, v)

    if x_moves:
        value, pullback = s2sad.vjp(formula, points, values)
        x_bar, y_bar = pullback(g)
    else:
        value, pullback = s2sad.vjp(of_values, values)
        x_bar, y_bar = np.zeros(len(points)), pullback(g)[0]
    return x_bar, interpolated.at_axis(y_bar, axis), ()


def akima_moved(x: Any, y: Any, axis: Any, method: Any, x_dot: Any, y_dot: Any) -> Any:
    """The tangent of the coefficients of Akima's interpolant."""

    def coefficients(points: Any, values: Any) -> Any:
        return by_slopes(points, values, akima_slopes(points, values, method))

    return formula_moved(x, y, axis, coefficients, x_dot, y_dot)


def akima_pulled(x: Any, y: Any, axis: Any, method: Any, x_moves: Any, g: Any) -> Any:
    """The cotangents of the points and values of Akima's interpolant."""

    def coefficients(points: Any, values: Any) -> Any:
        return by_slopes(points, values, akima_slopes(points, values, method))

    return formula_pulled(x, y, axis, coefficients, x_moves, g)


def hermite_moved(x: Any, y: Any, dydx: Any, axis: Any, x_dot: Any, y_dot: Any, dydx_dot: Any) -> Any:
    """The tangent of the coefficients of the cubic through values with slopes."""
    values, slopes = interpolated.first(np.asarray(y), axis), interpolated.first(np.asarray(dydx), axis)
    y_dot = None if y_dot is None else interpolated.first(y_dot, axis)
    dydx_dot = None if dydx_dot is None else interpolated.first(dydx_dot, axis)
    return s2sad.jvp(by_slopes, (np.asarray(x), values, slopes), (x_dot, y_dot, dydx_dot))[1]


def hermite_pulled(x: Any, y: Any, dydx: Any, axis: Any, g: Any) -> Any:
    """The cotangents of points, values and slopes."""
    values, slopes = interpolated.first(np.asarray(y), axis), interpolated.first(np.asarray(dydx), axis)
    value, pullback = s2sad.vjp(by_slopes, np.asarray(x), values, slopes)
    x_bar, y_bar, dydx_bar = pullback(g)
    return x_bar, interpolated.at_axis(y_bar, axis), interpolated.at_axis(dydx_bar, axis), ()


def _of_points(cls: type, asked: Asked, c: Part, axis: int, outside: object) -> Parts:
    return Parts(cls, {"c": c, "x": _points(asked)}, {"extrapolate": outside, "axis": axis})


@solver(interpolate.PchipInterpolator, functions={}, moves="x y", passed=None)
def _pchip(asked: Asked) -> Parts:
    axis = interpolated.axis_of(asked)
    known = {"axis": axis, "formula": pchip}
    c = Part(_coefficients_type(asked, axis), formula_moved, formula_pulled, known=known)
    return _of_points(interpolate.PchipInterpolator, asked, c, axis, _beyond(asked))


@solver(interpolate.Akima1DInterpolator, functions={}, moves="x y", passed=None)
def _akima(asked: Asked) -> Parts:
    axis = interpolated.axis_of(asked)
    known = {"axis": axis, "method": interpolated.static(asked, "method", "akima")}
    c = Part(_coefficients_type(asked, axis), akima_moved, akima_pulled, known=known)
    return _of_points(interpolate.Akima1DInterpolator, asked, c, axis, interpolated.static(asked, "extrapolate", False))


@solver(interpolate.CubicHermiteSpline, functions={}, moves="x y dydx", passed=None)
def _hermite(asked: Asked) -> Parts:
    axis = interpolated.axis_of(asked)
    c = Part(_coefficients_type(asked, axis), hermite_moved, hermite_pulled, known={"axis": axis})
    return _of_points(interpolate.CubicHermiteSpline, asked, c, axis, _beyond(asked))
