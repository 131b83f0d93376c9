"""Polynomials through all points: linear in the values, and by the place through their own slope."""

from __future__ import annotations

from typing import Any

import numpy as np
from scipy import interpolate

from s2sad.ir.solver import Asked, Part, made_outside, method_of_object
from s2sad.solvers import interpolated


def polynomial_moved(
    ans: Any,
    itself: Any,
    make: Any,
    xi: Any,
    axis: Any,
    at_x: Any,
    at_der: Any,
    yi_dot: Any,
    at_x_dot: Any,
) -> Any:
    """The tangent of a value of a polynomial, or of its derivative."""
    moved = np.zeros_like(ans)
    if yi_dot is not None:
        changed = make(xi, interpolated.first(yi_dot, axis))
        moved = interpolated.in_place(changed.derivative(at_x, at_der), at_x, axis)
    if at_x_dot is not None:
        moved = moved + interpolated.along(itself.derivative(at_x, at_der + 1), at_x_dot, axis)
    return moved


def polynomial_pulled(ans: Any, itself: Any, make: Any, xi: Any, axis: Any, at_x: Any, at_der: Any, g: Any) -> Any:
    """The cotangents of the values of a polynomial, and of the place."""
    basis = make(xi, np.eye(len(xi))).derivative(at_x, at_der)
    at_bar = interpolated.by_place(itself.derivative(at_x, at_der + 1), g, at_x, axis)
    return (
        interpolated.at_axis(interpolated.transposed(basis, interpolated.in_front(g, at_x, axis), len(xi)), axis),
        at_bar,
        (),
    )


def _polynomial(make: type) -> None:
    def part(asked: Asked, known: dict[str, Any]) -> Part:
        axis = interpolated.axis_of(asked, "yi")
        known = {"make": make, "axis": axis, **known}
        t = interpolated.values_type(asked, axis, "yi")
        return Part(t, polynomial_moved, polynomial_pulled, known=known, solves=True)

    @method_of_object(make, moves="yi at_x")
    def value(asked: Asked) -> Part:
        return part(asked, {"at_der": 0})

    @method_of_object(make, name="derivative", moves="yi at_x")
    def derivative(asked: Asked) -> Part:
        return part(asked, {} if asked.given("at_der") else {"at_der": 1})


def _values(polynomial: Any) -> Any:
    """The values of a polynomial made outside, the points first."""
    return np.reshape(polynomial.yi, (len(polynomial.xi), *polynomial._y_extra_shape))


for _cls in (interpolate.KroghInterpolator, interpolate.BarycentricInterpolator):
    _polynomial(_cls)
    made_outside(_cls, xi="xi", yi=_values)
