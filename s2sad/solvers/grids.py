"""Interpolants on grids: products of those of one variable.

look_up = RegularGridInterpolator((x, y), values)
z = look_up(places)                                     z moves with values and places
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
from scipy import interpolate

import s2sad
from s2sad.errors import UnsupportedCall
from s2sad.ir.dims import new_dim
from s2sad.ir.solver import Asked, Part, Parts, made_outside, method_of_object, solver
from s2sad.ir.types import ContainerType, Type, array
from s2sad.solvers import interpolated, piecewise, splines
from s2sad.solvers.types import length

SOURCE = "Dierckx, Curve and Surface Fitting with Splines (1993), chapter 2"
"""The works that its rules are from."""

# tables


def inside(points: Any, at: Any) -> Any:
    """Which places are within the grid."""
    within = np.full(np.shape(at)[:-1], True)
    for d in range(len(points)):
        x = np.asarray(points[d])
        up = np.sign(x[-1] - x[0])
        within = within & (up * at[..., d] >= up * x[0]) & (up * at[..., d] <= up * x[-1])
    return within


def behind(a: Any, count: Any) -> Any:
    """An array with further axes behind its own."""
    return np.reshape(a, np.shape(a) + (1,) * count)


def multilinear(points: Any, values: Any, at: Any) -> Any:
    """The mean of the values at the corners of the cell, weighted by what is opposite of them."""
    shape, dims = np.shape(values), len(points)
    flat = np.reshape(values, (-1,) + shape[dims:])
    total = np.zeros(np.shape(at)[:-1] + shape[dims:])
    for corner in range(2**dims):
        weight = np.ones(np.shape(at)[:-1])
        place = np.zeros(np.shape(at)[:-1], dtype=np.int64)
        for d in range(dims):
            x = np.asarray(points[d])
            up = np.sign(x[-1] - x[0])
            k = interpolated.cell_of(up * x, up * at[..., d])
            share = (at[..., d] - x[k]) / (x[k + 1] - x[k])
            upper = (corner >> d) & 1
            weight = weight * (share if upper == 1 else 1.0 - share)
            place = place * shape[d] + k + upper
        total = total + behind(weight, np.ndim(values) - dims) * flat[place]
    return total


def nearest(points: Any, values: Any, at: Any) -> Any:
    """The value at the point that is nearest, the lower one half way."""
    shape, dims = np.shape(values), len(points)
    place = np.zeros(np.shape(at)[:-1], dtype=np.int64)
    for d in range(dims):
        x = np.asarray(points[d])
        up = np.sign(x[-1] - x[0])
        k = interpolated.cell_of(up * x, up * at[..., d])
        share = (at[..., d] - x[k]) / (x[k + 1] - x[k])
        place = place * shape[d] + np.where(share <= 0.5, k, k + 1)
    return np.reshape(values, (-1,) + shape[dims:])[place]


def product(points: Any, values: Any, at: Any, degree: Any) -> Any:
    """The product of splines along the axes: each value times what the splines through ones add."""
    flat = np.reshape(at, (-1, len(points)))
    total = values
    for d in range(len(points)):
        x = np.asarray(points[d])
        order = np.argsort(x)
        weights = interpolate.make_interp_spline(x[order], np.eye(len(x))[order], degree)(flat[:, d])
        if d == 0:
            total = np.tensordot(weights, values, 1)
        else:
            total = np.sum(behind(weights, np.ndim(values) - d - 1) * total, axis=1)
    return np.reshape(total, np.shape(at)[:-1] + np.shape(values)[len(points) :])


def in_turn(points: Any, values: Any, at: Any) -> Any:
    """PCHIP along the last axis, and of what that gives along the one before."""
    flat = np.reshape(at, (-1, len(points)))
    total = values
    for d in range(len(points) - 1, -1, -1):
        x = np.asarray(points[d])
        order = np.argsort(x)
        first = d == len(points) - 1
        total = np.moveaxis(total, d if first else d + 1, 0)[order]
        c = piecewise.pchip(x[order], total)
        cell = interpolated.cell_of(x[order], flat[:, d])
        pieces = c[:, cell] if first else c[:, cell, np.arange(len(cell))]
        t = behind(flat[:, d] - x[order][cell], np.ndim(pieces) - 2)
        total = ((pieces[0] * t + pieces[1]) * t + pieces[2]) * t + pieces[3]
    return np.reshape(total, np.shape(at)[:-1] + np.shape(values)[len(points) :])


def together(at: Any) -> Any:
    """Places in one array, their coordinates along the last axis."""
    if isinstance(at, tuple):
        return np.stack(at, axis=-1)
    at = np.asarray(at)
    return at[np.newaxis] if np.ndim(at) == 1 else at


def table(points: Any, values: Any, at: Any, method: Any, fill_value: Any) -> Any:
    """What RegularGridInterpolator gives."""
    places = together(at)
    if method == "linear":
        found = multilinear(points, values, places)
    elif method == "nearest":
        found = nearest(points, values, places)
    elif method == "pchip":
        found = in_turn(points, values, places)
    elif method == "slinear":
        found = product(points, values, places, 1)
    elif method == "cubic":
        found = product(points, values, places, 3)
    else:
        found = product(points, values, places, 5)
    if fill_value is None:
        return found
    return np.where(behind(inside(points, places), np.ndim(values) - len(points)), found, fill_value)


def grid_moved(
    ans: Any,
    points: Any,
    values: Any,
    table_method: Any,
    fill_value: Any,
    at_xi: Any,
    values_dot: Any,
    at_xi_dot: Any,
) -> Any:
    """The tangent of a value between the points of a grid."""

    def look_up(v: Any, at: Any) -> Any:
        return table(points, v, at, table_method, fill_value)

    return s2sad.jvp(look_up, (np.asarray(values), at_xi), (values_dot, at_xi_dot))[1]


def grid_pulled(ans: Any, points: Any, values: Any, table_method: Any, fill_value: Any, at_xi: Any, g: Any) -> Any:
    """The cotangents of the values on a grid, and of the place."""

    def look_up(v: Any, at: Any) -> Any:
        return table(points, v, at, table_method, fill_value)

    value, pullback = s2sad.vjp(look_up, np.asarray(values), at_xi)
    return (*pullback(g), ())


def interpn_moved(
    ans: Any, points: Any, values: Any, table_method: Any, xi: Any, fill_value: Any, values_dot: Any, xi_dot: Any
) -> Any:
    """The tangent of a value between the points of a grid."""
    return grid_moved(ans, points, values, table_method, fill_value, xi, values_dot, xi_dot)


def interpn_pulled(ans: Any, points: Any, values: Any, table_method: Any, xi: Any, fill_value: Any, g: Any) -> Any:
    """The cotangents of the values on a grid, and of the place."""
    return grid_pulled(ans, points, values, table_method, fill_value, xi, g)


def shape_of_places(name: str, at: Type) -> tuple[Any, ...] | None:
    """The shape of the results at places: those of an array, or of a tuple with an array for each coordinate."""
    if at.is_container and at.cls is tuple:
        shapes = {i.shape for i in at.items}
        if len(shapes) == 1:
            return at.items[0].shape
        raise UnsupportedCall(f"{name} of coordinates of several shapes", "give arrays of one shape")
    if at.is_container and not all(i.rank == 0 for i in at.items):
        raise UnsupportedCall(f"{name} of such places", "give them in one array, np.stack([x, y], -1)")
    if at.is_container or at.rank == 1:
        return (1,)
    return None if at.shape is None else at.shape[:-1]


METHODS = ("linear", "nearest", "slinear", "cubic", "quintic", "pchip")


def _grid(asked: Asked, name: str, place: str, tangent: Any, adjoint: Any) -> Part:
    points, values = asked.types["points"], asked.types["values"]
    interpolated.of_real(values)
    if not points.is_container or (values.rank or 0) < len(points.items):
        raise UnsupportedCall(
            f"{name} of such points or values", "give a tuple of arrays, and an array with an axis for each"
        )
    method = interpolated.static(asked, "at_method", interpolated.static(asked, "method", "linear"))
    if method not in METHODS or asked.given("at_nu"):
        raise UnsupportedCall(f"{name} of method {method}, or with nu", f"use {', '.join(METHODS)}")
    shape, rest = shape_of_places(name, asked.types[place]), values.shape
    known: dict[str, Any] = {"table_method": method}
    if "fill_value" not in asked.types:
        known["fill_value"] = np.nan
    whole = None if shape is None or rest is None else (*shape, *rest[len(points.items) :])
    return Part(array(np.dtype(float), whole), tangent, adjoint, known=known)


made_outside(
    interpolate.RegularGridInterpolator, points="grid", values="values", method="method", fill_value="fill_value"
)


@method_of_object(interpolate.RegularGridInterpolator, moves="values at_xi", tuples="xi")
def _regular_grid(asked: Asked) -> Part:
    return _grid(asked, "scipy.interpolate.RegularGridInterpolator", "at_xi", grid_moved, grid_pulled)


@solver(interpolate.interpn, functions={}, moves="values xi", passed=None, tuples="xi")
def _interpn(asked: Asked) -> Part:
    return _grid(asked, "scipy.interpolate.interpn", "xi", interpn_moved, interpn_pulled)


# surfaces

SURFACES: tuple[type, ...] = (
    interpolate.RectBivariateSpline,
    interpolate.SmoothBivariateSpline,
    interpolate.LSQBivariateSpline,
)
made_outside(
    *SURFACES,
    knots="get_knots()",
    coeffs="get_coeffs()",
    kx=lambda surface: surface.degrees[0],
    ky=lambda surface: surface.degrees[1],
)


def weights(t: Any, degree: Any, at: Any, order: Any) -> Any:
    """What each spline along an axis is at places; outside it stays as it is at the end."""
    count = len(t) - degree - 1
    return interpolate.BSpline(t, np.eye(count), degree)(np.clip(at, t[0], t[-1]), order)


def masses(t: Any, degree: Any, start: Any, end: Any) -> Any:
    """The integral of each spline along an axis; outside it is zero."""
    count = len(t) - degree - 1
    return interpolate.BSpline(t, np.eye(count), degree).integrate(
        np.clip(start, t[0], t[-1]), np.clip(end, t[0], t[-1])
    )


def on_grid(knots: Any, coeffs: Any, kx: Any, ky: Any, x: Any, y: Any, dx: Any, dy: Any) -> Any:
    """The values of a surface on the grid of the places."""
    tx, ty = knots
    c = np.reshape(coeffs, (len(tx) - kx - 1, len(ty) - ky - 1))
    return weights(tx, kx, np.atleast_1d(x), dx) @ c @ weights(ty, ky, np.atleast_1d(y), dy).T


def one_by_one(knots: Any, coeffs: Any, kx: Any, ky: Any, x: Any, y: Any, dx: Any, dy: Any) -> Any:
    """The values of a surface at places."""
    tx, ty = knots
    c = np.reshape(coeffs, (len(tx) - kx - 1, len(ty) - ky - 1))
    return np.sum(weights(tx, kx, x, dx) @ c * weights(ty, ky, y, dy), axis=-1)


def under(knots: Any, coeffs: Any, kx: Any, ky: Any, xa: Any, xb: Any, ya: Any, yb: Any) -> Any:
    """The integral of a surface over a rectangle."""
    tx, ty = knots
    c = np.reshape(coeffs, (len(tx) - kx - 1, len(ty) - ky - 1))
    return masses(tx, kx, xa, xb) @ c @ masses(ty, ky, ya, yb)


def surface_moved(
    formula: Any,
    knots: Any,
    coeffs: Any,
    kx: Any,
    ky: Any,
    at_x: Any,
    at_y: Any,
    at_dx: Any,
    at_dy: Any,
    coeffs_dot: Any,
    at_x_dot: Any,
    at_y_dot: Any,
) -> Any:
    """The tangent of values of a surface."""

    def values(c: Any, x: Any, y: Any) -> Any:
        return formula(knots, c, kx, ky, x, y, at_dx, at_dy)

    return s2sad.jvp(values, (coeffs, np.asarray(at_x), np.asarray(at_y)), (coeffs_dot, at_x_dot, at_y_dot))[1]


def surface_pulled(
    formula: Any,
    knots: Any,
    coeffs: Any,
    kx: Any,
    ky: Any,
    at_x: Any,
    at_y: Any,
    at_dx: Any,
    at_dy: Any,
    g: Any,
) -> Any:
    """The cotangents of the coefficients of a surface, and of the places."""

    def values(c: Any, x: Any, y: Any) -> Any:
        return formula(knots, c, kx, ky, x, y, at_dx, at_dy)

    value, pullback = s2sad.vjp(values, coeffs, np.asarray(at_x), np.asarray(at_y))
    return (*pullback(g), ())


def slopes(itself: Any, knots: Any, x: Any, y: Any, dx: Any, dy: Any) -> Any:
    """The slopes of a surface along both axes, as it says itself; it stays as it is outside."""
    tx, ty = knots
    along_x, along_y = itself.ev(x, y, dx + 1, dy), itself.ev(x, y, dx, dy + 1)
    return np.where(splines.within(x, tx), along_x, 0.0), np.where(splines.within(y, ty), along_y, 0.0)


def ev_moved(
    itself: Any,
    knots: Any,
    coeffs: Any,
    kx: Any,
    ky: Any,
    at_xi: Any,
    at_yi: Any,
    at_dx: Any,
    at_dy: Any,
    smooth: Any,
    coeffs_dot: Any,
    at_xi_dot: Any,
    at_yi_dot: Any,
) -> Any:
    """The tangent of values of a surface."""
    if smooth and coeffs_dot is None and at_xi_dot is not None and at_yi_dot is not None:
        along_x, along_y = slopes(itself, knots, at_xi, at_yi, at_dx, at_dy)
        return along_x * at_xi_dot + along_y * at_yi_dot
    dots = coeffs_dot, at_xi_dot, at_yi_dot
    return surface_moved(one_by_one, knots, coeffs, kx, ky, at_xi, at_yi, at_dx, at_dy, *dots)


def ev_pulled(
    itself: Any,
    knots: Any,
    coeffs: Any,
    kx: Any,
    ky: Any,
    at_xi: Any,
    at_yi: Any,
    at_dx: Any,
    at_dy: Any,
    smooth: Any,
    coeffs_moves: Any,
    g: Any,
) -> Any:
    """The cotangents of the coefficients of a surface, and of the places."""
    if smooth and not coeffs_moves:
        along_x, along_y = slopes(itself, knots, at_xi, at_yi, at_dx, at_dy)
        return np.zeros(len(coeffs)), g * along_x, g * along_y, ()
    return surface_pulled(one_by_one, knots, coeffs, kx, ky, at_xi, at_yi, at_dx, at_dy, g)


def _same_shape(x: Type, y: Type) -> tuple[Any, ...] | None:
    """The shape of places whose coordinates are given by two arrays."""
    if x.is_container or y.is_container:
        raise UnsupportedCall("a surface at lists of numbers", "give arrays")
    if x.shape != y.shape and 0 not in (x.rank, y.rank):
        raise UnsupportedCall("a surface at places of two shapes", "give arrays of one shape")
    return y.shape if x.rank == 0 else x.shape


def _vector(t: Type) -> Any:
    return length(t) if t.rank in (0, 1) or t.is_container else new_dim("n")


@method_of_object(*SURFACES, name="ev", moves="coeffs at_xi at_yi")
def _ev(asked: Asked) -> Part:
    x, y = asked.types["at_xi"], asked.types["at_yi"]
    shape = _same_shape(x, y)
    # FITPACK has the derivatives below the degree
    orders = [interpolated.static(asked, f"at_d{n}", 0) + 1 < interpolated.static(asked, f"k{n}", 3) for n in "xy"]
    smooth = all(orders) and x.shape == y.shape
    return Part(array(np.dtype(float), shape), ev_moved, ev_pulled, known={"smooth": smooth})


@method_of_object(*SURFACES, moves="coeffs at_x at_y")
def _surface(asked: Asked) -> Part:
    x, y = asked.types["at_x"], asked.types["at_y"]
    grid = interpolated.static(asked, "at_grid", True)
    shape = (_vector(x), _vector(y)) if grid else _same_shape(x, y)
    known = {"formula": on_grid if grid else one_by_one}
    return Part(array(np.dtype(float), shape), surface_moved, surface_pulled, known=known)


def under_moved(
    knots: Any,
    coeffs: Any,
    kx: Any,
    ky: Any,
    at_xa: Any,
    at_xb: Any,
    at_ya: Any,
    at_yb: Any,
    coeffs_dot: Any,
    at_xa_dot: Any,
    at_xb_dot: Any,
    at_ya_dot: Any,
    at_yb_dot: Any,
) -> Any:
    """The tangent of the integral of a surface over a rectangle."""

    def volume(c: Any, xa: Any, xb: Any, ya: Any, yb: Any) -> Any:
        return under(knots, c, kx, ky, xa, xb, ya, yb)

    dots = (coeffs_dot, at_xa_dot, at_xb_dot, at_ya_dot, at_yb_dot)
    return s2sad.jvp(volume, (coeffs, at_xa, at_xb, at_ya, at_yb), dots)[1]


def under_pulled(
    knots: Any, coeffs: Any, kx: Any, ky: Any, at_xa: Any, at_xb: Any, at_ya: Any, at_yb: Any, g: Any
) -> Any:
    """The cotangents of the coefficients of a surface, and of the sides of the rectangle."""

    def volume(c: Any, xa: Any, xb: Any, ya: Any, yb: Any) -> Any:
        return under(knots, c, kx, ky, xa, xb, ya, yb)

    value, pullback = s2sad.vjp(volume, coeffs, at_xa, at_xb, at_ya, at_yb)
    return (*pullback(g), ())


@method_of_object(*SURFACES, name="integral", moves="coeffs at_xa at_xb at_ya at_yb")
def _under(asked: Asked) -> Part:
    return Part(array(np.dtype(float), ()), under_moved, under_pulled)


def through_moved(x: Any, y: Any, kx: Any, ky: Any, knots: Any, z_dot: Any) -> Any:
    """The tangent of the coefficients of a surface: those of splines along one axis, of those along the other."""
    tx, ty = knots
    along_x = interpolate.make_interp_spline(x, z_dot, kx, tx).c
    return np.ravel(interpolate.make_interp_spline(y, along_x.T, ky, ty).c.T)


def through_pulled(x: Any, y: Any, kx: Any, ky: Any, knots: Any, g: Any) -> Any:
    """The cotangent of the values of a surface, of that of its coefficients."""
    tx, ty = knots
    along_x = interpolate.make_interp_spline(x, np.eye(len(x)), kx, tx).c
    along_y = interpolate.make_interp_spline(y, np.eye(len(y)), ky, ty).c
    return along_x.T @ np.reshape(g, (len(x), len(y))) @ along_y, ()


def _surface_of(asked: Asked, cls: type, part: Part) -> Parts:
    knot = array(np.dtype(float), (new_dim("k"),)), array(np.dtype(float), (new_dim("l"),))
    knots = replace(interpolated.fixed(ContainerType(tuple, (0, 1), knot)), read="get_knots()")
    degrees = {n: interpolated.static(asked, n, 3) for n in ("kx", "ky")}
    return Parts(cls, {"knots": knots, "coeffs": replace(part, read="get_coeffs()")}, degrees)


COEFFS = array(np.dtype(float), (new_dim("n"),))


@solver(interpolate.RectBivariateSpline, functions={}, free="maxit", moves="z", passed=None)
def _through(asked: Asked) -> Parts:
    degrees = {n: interpolated.static(asked, n, 3) for n in ("kx", "ky")}
    part = Part(COEFFS, through_moved, through_pulled, reads=("knots",), known=degrees, solves=True)
    if asked.given("s") and not asked.is_constant("s", 0):
        part = Part(COEFFS, refused=("a derivative of scipy.interpolate.RectBivariateSpline with s", "give it s=0"))
    return _surface_of(asked, interpolate.RectBivariateSpline, part)


def _near(cls: type) -> None:
    @solver(cls, functions={}, moves="z", passed=None)
    def near(asked: Asked) -> Parts:
        what = f"a derivative of scipy.interpolate.{cls.__name__} by what it is made of"
        return _surface_of(asked, cls, Part(COEFFS, refused=(what, "use RectBivariateSpline on a grid")))


for _cls in SURFACES[1:]:
    _near(_cls)
