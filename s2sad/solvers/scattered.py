"""Interpolants of scattered points: in the triangles between them, by the nearest, or as sums of radial functions."""

from __future__ import annotations

from typing import Any

import numpy as np
from scipy import interpolate

import s2sad
from s2sad.errors import UnsupportedCall
from s2sad.ir.dims import new_dim
from s2sad.ir.solver import Asked, Part, made_outside, method_of_object
from s2sad.ir.types import array
from s2sad.solvers import grids, interpolated, scattered_points

SOURCE = "Wendland, Scattered Data Approximation (2004), chapters 6 and 8"
"""The works that its rules are from."""

# triangles


def in_triangle(itself: Any, points: Any, values: Any, fill_value: Any, at: Any) -> Any:
    """The mean of the values at the corners, weighted by the barycentric coordinates of the place."""
    places = grids.together(at)
    given = grids.together(points)
    flat = np.reshape(places, (-1, np.shape(places)[-1]))
    corners, found = scattered_points.corners_of(itself, flat)
    vertices = given[corners]
    edges = np.swapaxes(vertices[:, 1:] - vertices[:, :1], 1, 2)
    shares = np.linalg.solve(edges, (flat - vertices[:, 0])[..., np.newaxis])[..., 0]
    weights = np.concatenate([1.0 - np.sum(shares, axis=1, keepdims=True), shares], axis=1)
    rest = np.ndim(values) - 1
    total = np.sum(grids.behind(weights, rest) * values[corners], axis=1)
    total = np.where(grids.behind(found, rest), total, fill_value)
    return np.reshape(total, np.shape(places)[:-1] + np.shape(values)[1:])


def nearest(itself: Any, values: Any, at: Any) -> Any:
    """The value of the point that is nearest."""
    places = grids.together(at)
    flat = np.reshape(places, (-1, np.shape(places)[-1]))
    found = values[scattered_points.nearest_of(itself, flat)]
    return np.reshape(found, np.shape(places)[:-1] + np.shape(values)[1:])


def triangle_moved(
    ans: Any,
    itself: Any,
    points: Any,
    values: Any,
    fill_value: Any,
    at_args: Any,
    points_dot: Any,
    values_dot: Any,
    at_args_dot: Any,
) -> Any:
    """The tangent of a value between scattered points."""

    def look_up(p: Any, v: Any, at: Any) -> Any:
        return in_triangle(itself, p, v, fill_value, at)

    moved = s2sad.jvp(look_up, (points, np.asarray(values), at_args), (points_dot, values_dot, at_args_dot))[1]
    return np.reshape(moved, np.shape(ans))


def triangle_pulled(ans: Any, itself: Any, points: Any, values: Any, fill_value: Any, at_args: Any, g: Any) -> Any:
    """The cotangents of scattered points and their values, and of the places."""

    def look_up(p: Any, v: Any, at: Any) -> Any:
        return in_triangle(itself, p, v, fill_value, at)

    value, pullback = s2sad.vjp(look_up, points, np.asarray(values), at_args)
    return (*pullback(np.reshape(g, np.shape(value))), ())


def nearest_moved(ans: Any, itself: Any, y: Any, at_args: Any, y_dot: Any) -> Any:
    """The tangent of the value of the nearest point."""
    if y_dot is None:
        return np.zeros_like(ans)
    return np.reshape(nearest(itself, y_dot, at_args), np.shape(ans))


def nearest_pulled(ans: Any, itself: Any, y: Any, at_args: Any, g: Any) -> Any:
    """The cotangent of the values of the nearest points."""

    def look_up(v: Any) -> Any:
        return nearest(itself, v, at_args)

    value, pullback = s2sad.vjp(look_up, np.asarray(y))
    still = [np.zeros(np.shape(c)) for c in at_args] if isinstance(at_args, tuple) else np.zeros(np.shape(at_args))
    return (*pullback(np.reshape(g, np.shape(value))), still, ())


def _scattered(asked: Asked, name: str, values: str, tangent: Any, adjoint: Any, known: dict[str, Any]) -> Part:
    y = asked.types[values]
    interpolated.of_real(y)
    shape = grids.shape_of_places(name, asked.types["at_args"])
    rest = () if y.is_container else y.shape
    if rest is not None:
        rest = (0, *interpolated.static(asked, "columns", rest[1:]))
    whole = None if shape is None or rest is None else (*shape, *rest[1:])
    return Part(array(np.dtype(float), whole), tangent, adjoint, known=known)


made_outside(
    interpolate.LinearNDInterpolator,
    points="points",
    values="values",
    columns="values_shape",
    fill_value="fill_value",
    rescale=lambda table: table.scale is not None,
)


@method_of_object(interpolate.LinearNDInterpolator, moves="points values at_args", tuples="args points")
def _triangle(asked: Asked) -> Part:
    known = {} if "fill_value" in asked.types else {"fill_value": np.nan}
    if "columns" in asked.types and asked.known("rescale"):
        raise UnsupportedCall("a table with rescale that was made outside", "make it inside")
    return _scattered(asked, "scipy.interpolate.LinearNDInterpolator", "values", triangle_moved, triangle_pulled, known)


made_outside(interpolate.NearestNDInterpolator, y="values", columns="values_shape")


@method_of_object(interpolate.NearestNDInterpolator, moves="y at_args", tuples="args")
def _nearest(asked: Asked) -> Part:
    return _scattered(asked, "scipy.interpolate.NearestNDInterpolator", "y", nearest_moved, nearest_pulled, {})


# radial functions


def radial_function(kernel: Any, square: Any) -> Any:
    """A radial function, by the square of the scaled distance."""
    apart = np.where(square > 0.0, square, 1.0)
    if kernel == "linear":
        return np.where(square > 0.0, -np.sqrt(apart), 0.0)
    if kernel == "thin_plate_spline":
        return np.where(square > 0.0, 0.5 * apart * np.log(apart), 0.0)
    if kernel == "cubic":
        return np.where(square > 0.0, apart * np.sqrt(apart), 0.0)
    if kernel == "quintic":
        return np.where(square > 0.0, -(apart**2) * np.sqrt(apart), 0.0)
    if kernel == "gaussian":
        return np.exp(-square)
    if kernel == "multiquadric":
        return -np.sqrt(1.0 + square)
    if kernel == "inverse_multiquadric":
        return 1.0 / np.sqrt(1.0 + square)
    return 1.0 / (1.0 + square)


def radial_matrix(at: Any, y: Any, kernel: Any, epsilon: Any) -> Any:
    """The radial function between each place and each point."""
    square = np.sum((at[..., :, np.newaxis, :] - y[..., np.newaxis, :, :]) ** 2, axis=-1)
    return radial_function(kernel, epsilon**2 * square)


def trend(at: Any, degree: Any) -> Any:
    """The polynomials up to a degree of at most two."""
    ones = np.ones(np.shape(at)[:-1] + (1,))
    if degree == 0:
        return ones
    if degree == 1:
        return np.concatenate([ones, at], axis=-1)
    dims = np.shape(at)[-1]
    i, j = np.nonzero(np.triu(np.ones((dims, dims))))
    return np.concatenate([ones, at, at[..., i] * at[..., j]], axis=-1)


def radial(y: Any, d: Any, at: Any, smoothing: Any, kernel: Any, epsilon: Any, degree: Any) -> Any:
    """What RBFInterpolator gives: radial functions and polynomials, by one linear system."""
    points = radial_matrix(y, y, kernel, epsilon) + smoothing * np.eye(np.shape(y)[-2])
    places = radial_matrix(at, y, kernel, epsilon)
    if degree == -1:
        return places @ np.linalg.solve(points, d)
    p = trend(y, degree)
    count = np.shape(p)[-1]
    left = np.concatenate([points, np.swapaxes(p, -1, -2)], axis=-2)
    right = np.concatenate([p, np.zeros(np.shape(p)[:-2] + (count, count))], axis=-2)
    given = np.concatenate([d, np.zeros(np.shape(d)[:-2] + (count, np.shape(d)[-1]))], axis=-2)
    solved = np.linalg.solve(np.concatenate([left, right], axis=-1), given)
    return np.concatenate([places, trend(at, degree)], axis=-1) @ solved


def near(y: Any, d: Any, at: Any, smoothing: Any, kernel: Any, epsilon: Any, degree: Any, neighbors: Any) -> Any:
    """The same of all points, or of those that are nearest to each place."""
    columns = np.reshape(d, (len(d), -1))
    smoothing = np.asarray(smoothing)
    if neighbors is None:
        return radial(y, columns, at, smoothing, kernel, epsilon, degree)
    found = scattered_points.neighbors_of(y, at, neighbors)
    if np.ndim(smoothing) == 1:
        smoothing = smoothing[found][:, np.newaxis]
    places = at[:, np.newaxis]
    return radial(y[found], columns[found], places, smoothing, kernel, epsilon, degree)[:, 0]


def radial_moved(
    ans: Any,
    y: Any,
    d: Any,
    smoothing: Any,
    kernel: Any,
    epsilon: Any,
    degree: Any,
    neighbors: Any,
    at_x: Any,
    y_dot: Any,
    d_dot: Any,
    smoothing_dot: Any,
    epsilon_dot: Any,
    at_x_dot: Any,
) -> Any:
    """The tangent of a sum of radial functions."""

    def smooth(points: Any, values: Any, s: Any, e: Any, places: Any) -> Any:
        return near(points, values, places, s, kernel, e, degree, neighbors)

    dots = (y_dot, d_dot, smoothing_dot, epsilon_dot, at_x_dot)
    moved = s2sad.jvp(smooth, (np.asarray(y), np.asarray(d), smoothing, epsilon, at_x), dots)[1]
    return np.reshape(moved, np.shape(ans))


def radial_pulled(
    ans: Any,
    y: Any,
    d: Any,
    smoothing: Any,
    kernel: Any,
    epsilon: Any,
    degree: Any,
    neighbors: Any,
    at_x: Any,
    g: Any,
) -> Any:
    """The cotangents of points and values of a sum of radial functions, of its numbers, and of the place."""

    def smooth(points: Any, values: Any, s: Any, e: Any, places: Any) -> Any:
        return near(points, values, places, s, kernel, e, degree, neighbors)

    value, pullback = s2sad.vjp(smooth, np.asarray(y), np.asarray(d), smoothing, epsilon, at_x)
    return (*pullback(np.reshape(g, np.shape(value))), ())


LEAST = {"thin_plate_spline": 1, "cubic": 1, "quintic": 2, "linear": 0, "multiquadric": 0}
"""The degree that the polynomials have at least, by kernels."""


def _degree_of(kernel: str, degree: int | None) -> int:
    """The degree of the polynomials of a kernel, where none is asked for."""
    return max(LEAST.get(kernel, -1), 0) if degree is None else degree


@method_of_object(interpolate.RBFInterpolator, moves="y d smoothing epsilon at_x")
def _radial(asked: Asked) -> Part:
    y, d, at = asked.types["y"], asked.types["d"], asked.types["at_x"]
    interpolated.of_real(d)
    kernel = interpolated.static(asked, "kernel", "thin_plate_spline")
    neighbors = interpolated.static(asked, "neighbors", None)
    degree = _degree_of(kernel, interpolated.static(asked, "degree", None))
    if at.rank != 2 or y.rank != 2:
        raise UnsupportedCall("scipy.interpolate.RBFInterpolator of such points", "give arrays of two axes")
    if degree > 2:
        raise UnsupportedCall("scipy.interpolate.RBFInterpolator of a degree beyond 2", "give a lower degree")
    known = {"kernel": kernel, "degree": degree, "neighbors": neighbors}
    if not asked.given("epsilon"):
        known["epsilon"] = 1.0
    rest = interpolated.static(asked, "columns", () if d.is_container or not d.shape else d.shape[1:])
    t = array(np.dtype(float), (at.shape[0] if at.shape else new_dim("n"), *rest))
    return Part(t, radial_moved, radial_pulled, known=known)


made_outside(
    interpolate.RBFInterpolator,
    y="y",
    d="d",
    columns="d_shape",
    neighbors="neighbors",
    smoothing="smoothing",
    kernel="kernel",
    epsilon="epsilon",
    degree=lambda smooth: int(np.max(np.sum(smooth.powers, axis=1), initial=-1)),
)
