"""Tables along a line, that are looked up in the way that is asked for: interp1d, by all that it is made of."""

from __future__ import annotations

from typing import Any

import numpy as np
from scipy import interpolate

import s2sad
from s2sad.ir.solver import Asked, Part, made_outside, method_of_object
from s2sad.solvers import interpolated


def nearest(x: Any, y: Any, at: Any, up: Any) -> Any:
    """The value at the point that is nearest; half way, that above where `up`."""
    middle = 0.5 * (x[1:] + x[:-1])
    return y[np.searchsorted(middle, at, side="right" if up else "left")]


def between(x: Any, y: Any, at: Any, kind: Any, degree: Any) -> Any:
    """What interp1d gives, the points in order."""
    if kind == "nearest" or kind == "nearest-up":
        return nearest(x, y, at, kind == "nearest-up")
    if kind == "previous":
        return y[np.maximum(np.searchsorted(x, at, side="right") - 1, 0)]
    if kind == "next":
        return y[np.minimum(np.searchsorted(x, at, side="left"), len(x) - 1)]
    if kind == "linear":
        k = interpolated.cell_of(x, at)
        share = (at - x[k]) / (x[k + 1] - x[k])
        return y[k] + np.reshape(share, np.shape(share) + (1,) * (np.ndim(y) - 1)) * (y[k + 1] - y[k])
    return interpolate.make_interp_spline(x, y, degree)(at)


def looked_up(x: Any, y: Any, at: Any, below: Any, above: Any, kind: Any, degree: Any, axis: Any, filled: Any) -> Any:
    """What interp1d gives."""
    order = np.argsort(x, kind="stable")
    x = x[order]
    found = between(x, interpolated.first(y, axis)[order], at, kind, degree)
    if filled == "filled":
        place = np.reshape(at, np.shape(at) + (1,) * (np.ndim(y) - 1))
        found = np.where(place < x[0], below, np.where(place > x[-1], above, found))
    return interpolated.in_place(found, at, axis)


def ends(fill_value: Any) -> Any:
    """The values below and above the points."""
    if isinstance(fill_value, tuple):
        return fill_value
    return fill_value, fill_value


def table_moved(
    ans: Any,
    x: Any,
    y: Any,
    fill_value: Any,
    kind: Any,
    degree: Any,
    axis: Any,
    filled: Any,
    at_x: Any,
    x_dot: Any,
    y_dot: Any,
    fill_value_dot: Any,
    at_x_dot: Any,
) -> Any:
    """The tangent of a value of a table."""

    def look_up(points: Any, values: Any, place: Any, low: Any, high: Any) -> Any:
        return looked_up(points, values, place, low, high, kind, degree, axis, filled)

    if kind == "spline" and x_dot is not None:
        raise ValueError("the points of a spline move")
    below, above = ends(fill_value)
    below_dot, above_dot = ends(fill_value_dot)
    given = (np.asarray(x), np.asarray(y), np.asarray(at_x), below, above)
    return s2sad.jvp(look_up, given, (x_dot, y_dot, at_x_dot, below_dot, above_dot))[1]


def table_pulled(
    ans: Any,
    x: Any,
    y: Any,
    fill_value: Any,
    kind: Any,
    degree: Any,
    axis: Any,
    filled: Any,
    at_x: Any,
    x_moves: Any,
    g: Any,
) -> Any:
    """The cotangents of the points and values of a table, of what is outside, and of the place."""
    points = np.asarray(x)
    below, above = ends(fill_value)

    def look_up(given: Any, values: Any, place: Any, low: Any, high: Any) -> Any:
        return looked_up(given, values, place, low, high, kind, degree, axis, filled)

    def of_values(values: Any, place: Any, low: Any, high: Any) -> Any:
        return looked_up(points, values, place, low, high, kind, degree, axis, filled)

    if x_moves and kind != "spline":
        value, pullback = s2sad.vjp(look_up, points, np.asarray(y), np.asarray(at_x), below, above)
        x_bar, y_bar, at_bar, below_bar, above_bar = pullback(g)
    else:
        value, pullback = s2sad.vjp(of_values, np.asarray(y), np.asarray(at_x), below, above)
        y_bar, at_bar, below_bar, above_bar = pullback(g)
        x_bar = None
    fill_bar = (below_bar, above_bar) if isinstance(fill_value, tuple) else below_bar + above_bar
    return x_bar, y_bar, fill_bar, at_bar, ()


DEGREES = {"zero": 0, "slinear": 1, "quadratic": 2, "cubic": 3}


@method_of_object(interpolate.interp1d, moves="x y fill_value at_x", tuples="fill_value")
def _table(asked: Asked) -> Part:
    axis = interpolated.axis_of(asked, default=-1)
    kind = interpolated.static(asked, "kind", "linear")
    degree = DEGREES.get(kind, kind)
    extrapolates = asked.is_constant("fill_value", "extrapolate")
    filled = asked.given("fill_value") and not extrapolates
    known: dict[str, Any] = {
        "kind": "spline" if isinstance(degree, int) else kind,
        "degree": degree,
        "axis": axis,
        # a word, which is known in the closures of the rules
        "filled": "filled" if filled else "goes on",
    }
    if not filled:
        known["fill_value"] = np.nan
    return Part(interpolated.values_type(asked, axis), table_moved, table_pulled, known=known)


def _kind_of(table: Any) -> object:
    """The kind of a table that was made outside: a spline keeps its degree alone."""
    return table._spline.k if table._kind == "spline" else table._kind


made_outside(
    interpolate.interp1d,
    x="x",
    y="y",
    kind=_kind_of,
    axis="axis",
    fill_value="fill_value",
)
