"""B-splines, and the splines of FITPACK, which are such: linear in their coefficients, and these in the values.

spline = make_interp_spline(x, y)       the coefficients spline.c move with y
z = spline(t)                           z moves with these and t
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from types import MappingProxyType
from typing import Any

import numpy as np
from scipy import interpolate

from s2sad.errors import UnsupportedCall
from s2sad.ir.dims import new_dim
from s2sad.ir.solver import Asked, Part, Parts, made_outside, method_of_object, solver
from s2sad.ir.types import array
from s2sad.solvers import interpolated
from s2sad.solvers.types import COUNT

SOURCE = (
    "de Boor, A Practical Guide to Splines (2001), chapters 9 to 14; Dierckx, Curve and Surface Fitting with "
    "Splines (1993)"
)
"""The works that its rules are from."""

made_outside(interpolate.BSpline, t="t", c="c", k="k", extrapolate="extrapolate", axis="axis")

# values


def bspline_moved(
    ans: Any,
    itself: Any,
    t: Any,
    k: Any,
    outside: Any,
    at_x: Any,
    at_nu: Any,
    at_extrapolate: Any,
    c_dot: Any,
    at_x_dot: Any,
) -> Any:
    """The tangent of a value of a B-spline."""
    moved = np.zeros_like(ans)
    if c_dot is not None:
        moved = interpolate.BSpline(t, c_dot, k, outside)(at_x, at_nu)
    if at_x_dot is not None:
        moved = moved + interpolated.along(interpolated.valued(itself, at_x, at_nu + 1, at_extrapolate), at_x_dot, 0)
    return moved


def bspline_pulled(
    ans: Any, itself: Any, t: Any, c: Any, k: Any, outside: Any, at_x: Any, at_nu: Any, at_extrapolate: Any, g: Any
) -> Any:
    """The cotangents of the coefficients of a B-spline, and of the place."""
    basis = interpolate.BSpline(t, np.eye(len(c)), k, outside)(at_x, at_nu)
    return (
        interpolated.transposed(basis, g, len(c)),
        interpolated.by_place(interpolated.valued(itself, at_x, at_nu + 1, at_extrapolate), g, at_x, 0),
        (),
    )


def _first_axis(asked: Asked, name: str, values: str) -> None:
    if interpolated.axis_of(asked, values) != 0:
        raise UnsupportedCall(f"{name} along another axis than the first", "transpose the values")


def _outside(asked: Asked) -> object:
    """What there is outside the points."""
    return interpolated.static(asked, "at_extrapolate", interpolated.static(asked, "extrapolate", True))


@method_of_object(interpolate.BSpline, moves="c at_x")
def _bspline(asked: Asked) -> Part:
    _first_axis(asked, "scipy.interpolate.BSpline", "c")
    t = interpolated.values_type(asked, 0, "c")
    return Part(t, bspline_moved, bspline_pulled, known={"outside": _outside(asked)}, solves=True)


def at_limit(itself: Any, t: Any, k: Any, outside: Any, at: Any) -> Any:
    """The value of a spline at a limit of its integral: zero outside, where it does not go on."""
    if outside is False:
        return np.where((at >= t[k]) & (at <= t[-k - 1]), itself(at, 0, True), 0.0)
    return itself(at, 0, outside)


def integral_moved(
    ans: Any,
    itself: Any,
    t: Any,
    k: Any,
    outside: Any,
    at_a: Any,
    at_b: Any,
    c_dot: Any,
    at_a_dot: Any,
    at_b_dot: Any,
) -> Any:
    """The tangent of an integral of a B-spline."""
    moved = np.zeros_like(ans)
    if c_dot is not None:
        moved = interpolate.BSpline(t, c_dot, k).integrate(at_a, at_b, outside)
    if at_a_dot is not None:
        moved = moved - at_limit(itself, t, k, outside, at_a) * at_a_dot
    if at_b_dot is not None:
        moved = moved + at_limit(itself, t, k, outside, at_b) * at_b_dot
    return moved


def integral_pulled(ans: Any, itself: Any, t: Any, c: Any, k: Any, outside: Any, at_a: Any, at_b: Any, g: Any) -> Any:
    """The cotangents of the coefficients of a B-spline, and of the limits of its integral."""
    weights = interpolate.BSpline(t, np.eye(len(c)), k).integrate(at_a, at_b, outside)
    c_bar = np.reshape(weights, (-1,) + (1,) * (np.ndim(c) - 1)) * g
    at_start, at_end = at_limit(itself, t, k, outside, at_a), at_limit(itself, t, k, outside, at_b)
    return c_bar, -np.sum(at_start * g), np.sum(at_end * g), ()


@method_of_object(interpolate.BSpline, name="integrate", moves="c at_a at_b")
def _integral(asked: Asked) -> Part:
    _first_axis(asked, "scipy.interpolate.BSpline", "c")
    outside = _outside(asked)
    c = asked.types["c"].shape
    t = array(np.dtype(float), None if c is None else c[1:])
    return Part(t, integral_moved, integral_pulled, known={"outside": outside}, solves=True)


# splines that a spline gives


def _bspline_of(
    asked: Asked, tangent: Any, adjoint: Any, c: str = "y", known: Mapping[str, Any] = MappingProxyType({})
) -> Parts:
    values = asked.types[c]
    interpolated.of_real(values)
    rest = values.shape[1:] if not values.is_container and values.shape else ()
    coefficients = Part(array(np.dtype(float), (new_dim("n"), *rest)), tangent, adjoint, known=known, solves=True)
    knots = interpolated.fixed(array(np.dtype(float), (new_dim("n"),)))
    default = "periodic" if asked.known("bc_type") == "periodic" else True
    outside = interpolated.static(asked, "extrapolate", default)
    return Parts(interpolate.BSpline, {"t": knots, "c": coefficients, "k": COUNT}, {"extrapolate": outside})


def slope_moved(t: Any, k: Any, at_nu: Any, c_dot: Any) -> Any:
    """The tangent of the coefficients of a derivative."""
    return interpolate.BSpline(t, c_dot, k).derivative(at_nu).c


def slope_pulled(t: Any, c: Any, k: Any, at_nu: Any, g: Any) -> Any:
    """The cotangents of the coefficients of a B-spline whose derivative was taken."""
    basis = interpolate.BSpline(t, np.eye(len(c)), k).derivative(at_nu).c
    return interpolated.transposed(basis, g, len(c)), ()


def whole_moved(t: Any, k: Any, at_nu: Any, c_dot: Any) -> Any:
    """The tangent of the coefficients of an antiderivative."""
    return interpolate.BSpline(t, c_dot, k).antiderivative(at_nu).c


def whole_pulled(t: Any, c: Any, k: Any, at_nu: Any, g: Any) -> Any:
    """The cotangents of the coefficients of a B-spline whose antiderivative was taken."""
    basis = interpolate.BSpline(t, np.eye(len(c)), k).antiderivative(at_nu).c
    return interpolated.transposed(basis, g, len(c)), ()


@method_of_object(interpolate.BSpline, name="derivative", moves="c")
def _slope(asked: Asked) -> Parts:
    _first_axis(asked, "scipy.interpolate.BSpline", "c")
    return _bspline_of(asked, slope_moved, slope_pulled, "c")


@method_of_object(interpolate.BSpline, name="antiderivative", moves="c")
def _whole(asked: Asked) -> Parts:
    _first_axis(asked, "scipy.interpolate.BSpline", "c")
    if _outside(asked) == "periodic":
        raise UnsupportedCall("the antiderivative of a periodic spline", "use integrate")
    return _bspline_of(asked, whole_moved, whole_pulled, "c")


# through values, and near them


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


def through_moved(x: Any, k: Any, t: Any, bc_type: Any, y_dot: Any) -> Any:
    """The tangent of the coefficients of a spline through given values."""
    return interpolate.make_interp_spline(x, y_dot, k, t, without_numbers(bc_type, y_dot)).c


def through_pulled(x: Any, k: Any, t: Any, bc_type: Any, g: Any) -> Any:
    """The cotangents of the values that a spline goes through."""
    ones = np.eye(len(x))
    if bc_type == "periodic":
        ones = np.concatenate([ones[:-1], ones[:1]])
    basis = interpolate.make_interp_spline(x, ones, k, t, without_numbers(bc_type, ones)).c
    return interpolated.transposed(basis, g, len(x)), ()


@solver(interpolate.make_interp_spline, functions={}, free="check_finite", moves="y", passed=None)
def _through(asked: Asked) -> Parts:
    _first_axis(asked, "scipy.interpolate.make_interp_spline", "y")
    return _bspline_of(asked, through_moved, through_pulled, known={} if asked.given("k") else {"k": 3})


def smoothed_moved(x: Any, w: Any, lam: Any, y_dot: Any) -> Any:
    """The tangent of the coefficients of a spline near given values."""
    return interpolate.make_smoothing_spline(x, y_dot, w, lam).c


def smoothed_pulled(x: Any, w: Any, lam: Any, g: Any) -> Any:
    """The cotangents of the values that a spline is near to."""
    return interpolated.transposed(interpolate.make_smoothing_spline(x, np.eye(len(x)), w, lam).c, g, len(x)), ()


@solver(interpolate.make_smoothing_spline, functions={}, moves="y", passed=None)
def _smoothed(asked: Asked) -> Parts:
    _first_axis(asked, "scipy.interpolate.make_smoothing_spline", "y")
    if not asked.given("lam"):
        raise UnsupportedCall(
            "scipy.interpolate.make_smoothing_spline that chooses lam by the values", "give it lam, a number"
        )
    return _bspline_of(asked, smoothed_moved, smoothed_pulled)


def nearest_moved(x: Any, t: Any, k: Any, w: Any, y_dot: Any) -> Any:
    """The tangent of the coefficients of the spline of least squares."""
    return interpolate.make_lsq_spline(x, y_dot, t, k, w).c


def nearest_pulled(x: Any, t: Any, k: Any, w: Any, g: Any) -> Any:
    """The cotangents of the values that a spline of least squares is near to."""
    return interpolated.transposed(interpolate.make_lsq_spline(x, np.eye(len(x)), t, k, w).c, g, len(x)), ()


@solver(interpolate.make_lsq_spline, functions={}, free="check_finite", moves="y", passed=None)
def _nearest(asked: Asked) -> Parts:
    _first_axis(asked, "scipy.interpolate.make_lsq_spline", "y")
    return _bspline_of(asked, nearest_moved, nearest_pulled, known={} if asked.given("k") else {"k": 3})


# FITPACK's


def tuple_moved(x: Any, w: Any, xb: Any, xe: Any, k: Any, y_dot: Any) -> Any:
    """The tangent of the coefficients of a spline as a tuple, which goes through the values."""
    return interpolate.splrep(x, y_dot, w, xb, xe, k, 0, 0)[1]


def tuple_pulled(x: Any, w: Any, xb: Any, xe: Any, k: Any, g: Any) -> Any:
    """The cotangents of the values that a spline goes through."""
    t = interpolate.splrep(x, np.zeros(len(x)), w, xb, xe, k, 0, 0)[0]
    return interpolated.transposed(interpolate.make_lsq_spline(x, np.eye(len(x)), t, k).c, g[: len(x)], len(x)), ()


@solver(interpolate.splrep, functions={}, free="quiet", moves="y", passed=None)
def _tuple(asked: Asked) -> Parts:
    if any(asked.given(n) and not asked.is_constant(n, 0) for n in ("task", "t", "per", "full_output")):
        raise UnsupportedCall("scipy.interpolate.splrep with task, t, per or full_output", "use make_lsq_spline")
    t = array(np.dtype(float), (new_dim("n"),))
    smooth = asked.given("s") and not asked.is_constant("s", 0) or asked.given("w") and not asked.given("s")
    part = Part(t, refused=("a derivative of scipy.interpolate.splrep, which chooses its knots", "give it s=0"))
    if not smooth:
        part = Part(t, tuple_moved, tuple_pulled, known={"k": interpolated.static(asked, "k", 3)}, solves=True)
    return Parts(tuple, {0: interpolated.fixed(t), 1: part, 2: COUNT})


@solver(interpolate.splprep, functions={}, free="quiet", passed=None)
def _curve(asked: Asked) -> Parts:
    columns = asked.types["x"]
    if not columns.is_container or asked.given("full_output"):
        raise UnsupportedCall("scipy.interpolate.splprep of an array, or with full_output", "give a list of arrays")
    what = "a derivative of scipy.interpolate.splprep, which measures the curve"
    refused = (what, "use make_interp_spline with a parameter of your own")
    t, u = array(np.dtype(float), (new_dim("n"),)), array(np.dtype(float), (new_dim("m"),))
    curve = Parts(list, {k: Part(t, refused=refused) for k in range(len(columns.items))})
    tck = Parts(list, {0: Part(t, refused=refused), 1: curve, 2: COUNT})
    return Parts(tuple, {0: tck, 1: Part(u, refused=refused)})


UNIVARIATE: tuple[type, ...] = (
    interpolate.UnivariateSpline,
    interpolate.InterpolatedUnivariateSpline,
    interpolate.LSQUnivariateSpline,
)
made_outside(
    *UNIVARIATE,
    knots="get_knots()",
    coeffs="get_coeffs()",
    k=lambda spline: spline._eval_args[2],
    ext="ext",
)


def all_knots(knots: Any, k: Any) -> Any:
    """The knots, those at the ends as often as the spline needs them."""
    return np.concatenate([np.full(k, knots[0]), knots, np.full(k, knots[-1])])


def within(place: Any, knots: Any) -> Any:
    """Which places are not outside the knots."""
    return (place >= knots[0]) & (place <= knots[-1])


def univariate(coeffs: Any, knots: Any, k: Any, ext: Any, at_x: Any, at_nu: Any) -> Any:
    """A value of FITPACK's spline: outside its knots it goes on, is zero, or stays."""
    spline = interpolate.BSpline(all_knots(knots, k), coeffs, k)
    if ext == 1:
        return np.where(within(at_x, knots), spline(at_x, at_nu), 0.0)
    if ext == 3:
        return spline(np.clip(at_x, knots[0], knots[-1]), at_nu)
    return spline(at_x, at_nu)


def univariate_slope(itself: Any, knots: Any, k: Any, ext: Any, at_x: Any, at_nu: Any) -> Any:
    """The slope of a value."""
    if at_nu + 1 > k:
        return np.zeros(np.shape(at_x))
    slope = itself(at_x, at_nu + 1, ext)
    return np.where(within(at_x, knots), slope, 0.0) if ext == 3 else slope


def univariate_moved(
    ans: Any,
    itself: Any,
    coeffs: Any,
    knots: Any,
    k: Any,
    ext: Any,
    at_x: Any,
    at_nu: Any,
    coeffs_dot: Any,
    at_x_dot: Any,
) -> Any:
    """The tangent of a value of FITPACK's spline."""
    moved = np.zeros_like(ans)
    if coeffs_dot is not None:
        moved = univariate(coeffs_dot, knots, k, ext, at_x, at_nu)
    if at_x_dot is not None:
        moved = moved + univariate_slope(itself, knots, k, ext, at_x, at_nu) * at_x_dot
    return moved


def univariate_pulled(
    ans: Any, itself: Any, coeffs: Any, knots: Any, k: Any, ext: Any, at_x: Any, at_nu: Any, g: Any
) -> Any:
    """The cotangents of the coefficients of FITPACK's spline, and of the place."""
    at = np.asarray(at_x)
    if ext == 1:
        g = np.where(within(at, knots), g, 0.0)
    if ext == 3:
        at = np.clip(at, knots[0], knots[-1])
    basis = interpolate.BSpline(all_knots(knots, k), np.eye(len(coeffs)), k)(at, at_nu)
    at_bar = g * univariate_slope(itself, knots, k, ext, at_x, at_nu)
    return interpolated.transposed(basis, g, len(coeffs)), at_bar, ()


def _ext(asked: Asked) -> object:
    """What there is outside the knots, by its number."""
    given = interpolated.static(asked, "at_ext", interpolated.static(asked, "ext", 0))
    return {"extrapolate": 0, "zeros": 1, "raise": 2, "const": 3}.get(given, given)


@method_of_object(*UNIVARIATE, moves="coeffs at_x")
def _univariate(asked: Asked) -> Part:
    known = {"ext": _ext(asked)}
    interpolated.static(asked, "at_nu", 0)
    t = interpolated.values_type(asked, 0, "coeffs")
    return Part(t, univariate_moved, univariate_pulled, known=known, solves=True)


def coeffs_moved(coeffs_dot: Any) -> Any:
    """The tangent of the coefficients."""
    return coeffs_dot


def coeffs_pulled(g: Any) -> Any:
    """The cotangent of the coefficients."""
    return g, ()


@method_of_object(*UNIVARIATE, name="get_coeffs", moves="coeffs")
def _coeffs(asked: Asked) -> Part:
    return Part(asked.types["coeffs"], coeffs_moved, coeffs_pulled)


@method_of_object(*UNIVARIATE, name="get_knots", moves="coeffs")
def _knots(asked: Asked) -> Part:
    return interpolated.fixed(asked.types["knots"])


def definite_moved(
    ans: Any,
    itself: Any,
    knots: Any,
    k: Any,
    at_a: Any,
    at_b: Any,
    coeffs_dot: Any,
    at_a_dot: Any,
    at_b_dot: Any,
) -> Any:
    """The tangent of an integral of FITPACK's spline, which is zero outside its knots."""
    moved = np.zeros_like(ans)
    if coeffs_dot is not None:
        moved = interpolate.BSpline(all_knots(knots, k), coeffs_dot, k).integrate(at_a, at_b, False)
    if at_a_dot is not None:
        moved = moved - itself(at_a, 0, 1) * at_a_dot
    if at_b_dot is not None:
        moved = moved + itself(at_b, 0, 1) * at_b_dot
    return moved


def definite_pulled(ans: Any, itself: Any, coeffs: Any, knots: Any, k: Any, at_a: Any, at_b: Any, g: Any) -> Any:
    """The cotangents of the coefficients of FITPACK's spline, and of the limits of its integral."""
    weights = interpolate.BSpline(all_knots(knots, k), np.eye(len(coeffs)), k).integrate(at_a, at_b, False)
    return weights * g, -itself(at_a, 0, 1) * g, itself(at_b, 0, 1) * g, ()


@method_of_object(*UNIVARIATE, name="integral", moves="coeffs at_a at_b")
def _definite(asked: Asked) -> Part:
    return Part(array(np.dtype(float), ()), definite_moved, definite_pulled, solves=True)


def root_slopes(itself: Any, ans: Any) -> Any:
    """The slope at each root."""
    return itself(ans, 1, 0)


def roots_moved(ans: Any, itself: Any, knots: Any, k: Any, coeffs_dot: Any) -> Any:
    """The tangent of the roots: the implicit function theorem."""
    return -interpolate.BSpline(all_knots(knots, k), coeffs_dot, k)(ans) / root_slopes(itself, ans)


def roots_pulled(ans: Any, itself: Any, coeffs: Any, knots: Any, k: Any, g: Any) -> Any:
    """The cotangent of the coefficients, of that of the roots."""
    basis = interpolate.BSpline(all_knots(knots, k), np.eye(len(coeffs)), k)(ans)
    return interpolated.transposed(basis, -g / root_slopes(itself, ans), len(coeffs)), ()


@method_of_object(*UNIVARIATE, name="roots", moves="coeffs")
def _roots(asked: Asked) -> Part:
    return Part(array(np.dtype(float), (new_dim("n"),)), roots_moved, roots_pulled, solves=True)


def fitted_moved(x: Any, w: Any, k: Any, knots: Any, y_dot: Any) -> Any:
    """The tangent of the coefficients of a spline with given knots."""
    return interpolate.make_lsq_spline(x, y_dot, all_knots(knots, k), k, w).c


def fitted_pulled(x: Any, w: Any, k: Any, knots: Any, g: Any) -> Any:
    """The cotangents of the values that a spline with given knots is near to, or goes through."""
    return interpolated.transposed(
        interpolate.make_lsq_spline(x, np.eye(len(x)), all_knots(knots, k), k, w).c, g, len(x)
    ), ()


CHOOSES = (
    "a derivative of scipy.interpolate.UnivariateSpline, which chooses its knots, by the values",
    "give it s=0, or use LSQUnivariateSpline, or make_smoothing_spline with lam",
)


def _univariate_of(cls: type) -> None:
    @solver(cls, functions={}, free="check_finite", moves="y", passed=None)
    def made(asked: Asked) -> Parts:
        k = interpolated.static(asked, "k", 3)
        moves = cls is not interpolate.UnivariateSpline or interpolated.static(asked, "s", None) == 0
        coeffs, knots = array(np.dtype(float), (new_dim("n"),)), array(np.dtype(float), (new_dim("m"),))
        part = Part(coeffs, refused=CHOOSES)
        if moves:
            part = Part(coeffs, fitted_moved, fitted_pulled, reads=("knots",), known={"k": k}, solves=True)
        fixed = interpolated.fixed(knots)
        both = {"knots": replace(fixed, read="get_knots()"), "coeffs": replace(part, read="get_coeffs()")}
        return Parts(cls, both, {"k": k, "ext": interpolated.static(asked, "ext", 0)})


for _cls in UNIVARIATE:
    _univariate_of(_cls)


def steeper_moved(knots: Any, k: Any, at_n: Any, coeffs_dot: Any) -> Any:
    """The tangent of the coefficients of a derivative of FITPACK's spline."""
    slope = interpolate.BSpline(all_knots(knots, k), coeffs_dot, k).derivative(at_n)
    return slope.c[: len(knots) + k - at_n - 1]


def steeper_pulled(coeffs: Any, knots: Any, k: Any, at_n: Any, g: Any) -> Any:
    """The cotangent of the coefficients of FITPACK's spline whose derivative was taken."""
    slope = interpolate.BSpline(all_knots(knots, k), np.eye(len(coeffs)), k).derivative(at_n)
    return interpolated.transposed(slope.c[: len(knots) + k - at_n - 1], g, len(coeffs)), ()


def summed_moved(knots: Any, k: Any, at_n: Any, coeffs_dot: Any) -> Any:
    """The tangent of the coefficients of an antiderivative of FITPACK's spline."""
    whole = interpolate.BSpline(all_knots(knots, k), coeffs_dot, k).antiderivative(at_n)
    return whole.c[: len(knots) + k + at_n - 1]


def summed_pulled(coeffs: Any, knots: Any, k: Any, at_n: Any, g: Any) -> Any:
    """The cotangent of the coefficients of FITPACK's spline whose antiderivative was taken."""
    whole = interpolate.BSpline(all_knots(knots, k), np.eye(len(coeffs)), k).antiderivative(at_n)
    return interpolated.transposed(whole.c[: len(knots) + k + at_n - 1], g, len(coeffs)), ()


def _further(asked: Asked, tangent: Any, adjoint: Any, sign: int) -> Parts:
    k, order = interpolated.static(asked, "k", 3), interpolated.static(asked, "at_n", 1)
    coeffs = Part(array(np.dtype(float), (new_dim("n"),)), tangent, adjoint, read="get_coeffs()", solves=True)
    knots = Part(asked.types["knots"], constant=True, read="get_knots()")
    known = {"k": k + sign * order, "ext": interpolated.static(asked, "ext", 0)}
    return Parts(interpolate.UnivariateSpline, {"knots": knots, "coeffs": coeffs}, known)


@method_of_object(*UNIVARIATE, name="derivative", moves="coeffs")
def _steeper(asked: Asked) -> Parts:
    return _further(asked, steeper_moved, steeper_pulled, -1)


@method_of_object(*UNIVARIATE, name="antiderivative", moves="coeffs")
def _summed(asked: Asked) -> Parts:
    return _further(asked, summed_moved, summed_pulled, 1)
