"""Least squares: minima of half the sum of squares of what a function gives, or of a loss of these squares.

The curvature is the whole one, not that of Gauss and Newton: the residuals at the minimum need not be small.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from scipy import optimize

import s2sad
from s2sad.errors import UnsupportedCall
from s2sad.ir.dims import new_dim
from s2sad.ir.solver import Asked, Part, Parts, solver
from s2sad.ir.types import FLOAT, Type, array
from s2sad.solvers import minimisers
from s2sad.solvers.types import COUNT, TEXT, TRUTH, length, vector

SOURCE = (
    "Björck, Numerical Methods for Least Squares Problems (1996), section 9.1; Triggs et al., Bundle adjustment (1999)"
)
"""The works that its rules are from."""


def summed(loss: Any, f_scale: Any, residual: Any) -> Any:
    """Half the sum of the losses of residuals, as SciPy defines them."""
    if loss is None or loss == "linear":
        return 0.5 * np.sum(residual * residual)
    scale = 1.0 if f_scale is None else f_scale
    z = (residual / scale) ** 2
    if loss == "soft_l1":
        return scale**2 * np.sum(np.sqrt(1.0 + z) - 1.0)
    if loss == "huber":
        return 0.5 * scale**2 * np.sum(np.where(z <= 1.0, z, 2.0 * np.sqrt(np.where(z <= 1.0, 1.0, z)) - 1.0))
    if loss == "cauchy":
        return 0.5 * scale**2 * np.sum(np.log1p(z))
    return 0.5 * scale**2 * np.sum(np.arctan(z))


def ends_of(bounds: Any) -> Any:
    """The bounds of a fit, where there are such, as a function of the params."""
    if bounds is None:
        return None
    if isinstance(bounds, optimize.Bounds):
        return minimisers.ends_of(bounds)
    return lambda *given: two(bounds, *given)


def two(bounds: Any, *given: Any) -> Any:
    """The lower and the upper bounds, given as two."""
    low, high = minimisers.at(bounds, *given)
    return np.asarray(low), np.asarray(high)


def converged(success: Any) -> None:
    """A fit that is none has no derivative."""
    if not success:
        raise RuntimeError("scipy.optimize.least_squares has not converged: there is nothing to differentiate")


def fit_moved(
    f: Any, ans: Any, success: Any, bounds: Any, loss: Any, f_scale: Any, params: Any, params_dot: Any
) -> Any:
    """The tangent of the arguments with the least sum of squares."""
    converged(success)

    def cost(x: Any, *given: Any) -> Any:
        return summed(loss, minimisers.at(f_scale, *given), np.ravel(f(x, *given)))

    return minimisers.slope_moved(cost, ans, "", True, ends_of(bounds), params, params_dot)


def fit_pulled(f: Any, ans: Any, success: Any, bounds: Any, loss: Any, f_scale: Any, params: Any, g: Any) -> Any:
    """The cotangents of what the least sum of squares depends on."""
    converged(success)

    def cost(x: Any, *given: Any) -> Any:
        return summed(loss, minimisers.at(f_scale, *given), np.ravel(f(x, *given)))

    return minimisers.slope_pulled(cost, ans, "", True, ends_of(bounds), params, g)


def residual_moved(f: Any, x: Any, x_dot: Any, params: Any, params_dot: Any) -> Any:
    """The tangent of the residuals at the minimum."""
    value, change = s2sad.jvp(f, (x, *params), (x_dot, *params_dot))
    return change


def residual_pulled(f: Any, x: Any, params: Any, g: Any) -> Any:
    """The cotangents of the minimum, and of what the residuals depend on besides."""
    value, pullback = s2sad.vjp(f, x, *params)
    x_bar, *rest = pullback(g)
    return x_bar, tuple(rest)


def cost_moved(f: Any, x: Any, x_dot: Any, loss: Any, f_scale: Any, params: Any, params_dot: Any) -> Any:
    """The tangent of half the sum of squares."""

    def cost(x: Any, *given: Any) -> Any:
        return summed(loss, minimisers.at(f_scale, *given), np.ravel(f(x, *given)))

    return minimisers.bound_moved(cost, x, x_dot, params, params_dot)


def cost_pulled(f: Any, x: Any, loss: Any, f_scale: Any, params: Any, g: Any) -> Any:
    """The cotangents of the minimum, and of what half the sum of squares depends on besides."""

    def cost(x: Any, *given: Any) -> Any:
        return summed(loss, minimisers.at(f_scale, *given), np.ravel(f(x, *given)))

    return minimisers.bound_pulled(cost, x, params, g)


def inverse_curvature(f: Any, x: Any, *given: Any) -> Any:
    """The inverse of the curvature of Gauss and Newton: the covariance, but for the scale of the errors."""
    slopes = s2sad.jacfwd(lambda p: np.ravel(f(p, *given)))(x)
    return np.linalg.inv(slopes.T @ slopes)


def spread_moved(f: Any, part_0: Any, part_0_dot: Any, params: Any, params_dot: Any) -> Any:
    """The tangent of that matrix."""
    value, change = s2sad.jvp(
        lambda x, *given: inverse_curvature(f, x, *given), (part_0, *params), (part_0_dot, *params_dot)
    )
    return change


def spread_pulled(f: Any, part_0: Any, params: Any, g: Any) -> Any:
    """The cotangents of the minimum, and of what that matrix depends on besides."""
    value, pullback = s2sad.vjp(lambda x, *given: inverse_curvature(f, x, *given), part_0, *params)
    x_bar, *rest = pullback(g)
    return x_bar, tuple(rest)


def _report() -> Parts:
    """What MINPACK says of its work."""
    residuals = Part(array(np.dtype(float), (new_dim("m"),)), without="compute it of what is found")
    return Parts(dict, {"nfev": COUNT, "fvec": residuals})


def _start(asked: Asked) -> tuple[Type, ...]:
    return (vector(asked.types["x0"]),)


@solver(
    optimize.least_squares,
    functions={"fun": _start, "jac": _start, "callback": minimisers.watched},
    alone="callback",
    free="callback x0 jac method ftol xtol gtol x_scale diff_step tr_solver tr_options jac_sparsity max_nfev verbose"
    " loss",
    among="bounds f_scale",
    named="kwargs",
)
def _least_squares(asked: Asked) -> Parts:
    residual = vector(asked.results["fun"])
    parts = {
        "success": TRUTH,
        "x": Part(vector(asked.types["x0"]), fit_moved, fit_pulled, reads=("success",)),
        "fun": Part(residual, residual_moved, residual_pulled, reads=("x",), moves=("x",)),
        "cost": Part(FLOAT, cost_moved, cost_pulled, reads=("x",), moves=("x",)),
        "status": COUNT,
        "message": TEXT,
        "nfev": COUNT,
        "optimality": Part(FLOAT, without="it is zero at a minimum"),
    }
    return Parts(optimize.OptimizeResult, parts)


@solver(
    optimize.leastsq,
    functions={"func": _start, "Dfun": _start},
    free="x0 full_output col_deriv ftol xtol gtol maxfev epsfcn factor diag",
)
def _leastsq(asked: Asked) -> Parts:
    fit = Part(vector(asked.types["x0"]), fit_moved, fit_pulled, known={"success": True})
    if not asked.known("full_output"):
        return Parts(tuple, {0: fit, 1: COUNT})
    count = length(asked.types["x0"])
    spread = Part(array(np.dtype(float), (count, count)), spread_moved, spread_pulled, reads=(0,), moves=(0,))
    return Parts(tuple, {0: fit, 1: spread, 2: _report(), 3: TEXT, 4: COUNT})


# Curves


def weighted(residual: Any, sigma: Any) -> Any:
    """Residuals by the errors of the data, or by a root of their covariance."""
    if sigma is None:
        return residual
    if np.ndim(sigma) == 2:
        return np.linalg.solve(np.linalg.cholesky(sigma), residual)
    return residual / sigma


def curve_problem(f: Any, places: Any, bounds: Any, loss: Any, f_scale: Any) -> Any:
    """What a curve makes least, by its parameters, the data and what else it depends on; and the ends of these."""

    def cost(p: Any, x: Any, y: Any, s: Any, *given: Any) -> Any:
        residual = weighted(f(x, *[p[k] for k in places], *given) - y, s)
        return summed(loss, minimisers.at(f_scale, *given), residual)

    inner = ends_of(bounds)
    return cost, None if inner is None else lambda x, y, s, *given: inner(*given)


def curve_moved(
    f: Any,
    ans: Any,
    places: Any,
    xdata: Any,
    ydata: Any,
    sigma: Any,
    bounds: Any,
    loss: Any,
    f_scale: Any,
    xdata_dot: Any,
    ydata_dot: Any,
    sigma_dot: Any,
    params: Any,
    params_dot: Any,
) -> Any:
    """The tangent of the parameters of a curve."""
    cost, ends = curve_problem(f, places, bounds, loss, f_scale)
    data, data_dot = (xdata, ydata, sigma, *params), (xdata_dot, ydata_dot, sigma_dot, *params_dot)
    return minimisers.slope_moved(cost, ans, "", True, ends, data, data_dot)


def curve_pulled(
    f: Any,
    ans: Any,
    places: Any,
    xdata: Any,
    ydata: Any,
    sigma: Any,
    bounds: Any,
    loss: Any,
    f_scale: Any,
    params: Any,
    g: Any,
) -> Any:
    """The cotangents of the data of a curve, and of what else it depends on."""
    cost, ends = curve_problem(f, places, bounds, loss, f_scale)
    ((x_bar, y_bar, s_bar, *rest),) = minimisers.slope_pulled(
        cost, ans, "", True, ends, (xdata, ydata, sigma, *params), g
    )
    return x_bar, y_bar, s_bar, tuple(rest)


def covariance(f: Any, absolute_sigma: Any, places: Any, p: Any, x: Any, y: Any, s: Any, *given: Any) -> Any:
    """The covariance of the parameters of a curve, by the slopes of the residuals."""

    def residual(p: Any) -> Any:
        return weighted(f(x, *[p[k] for k in places], *given) - y, s)

    spread = inverse_curvature(residual, p)
    if absolute_sigma:
        return spread
    errors = residual(p)
    return spread * (errors @ errors / (errors.size - p.size))


def covariance_moved(
    f: Any,
    part_0: Any,
    places: Any,
    absolute_sigma: Any,
    xdata: Any,
    ydata: Any,
    sigma: Any,
    part_0_dot: Any,
    xdata_dot: Any,
    ydata_dot: Any,
    sigma_dot: Any,
    params: Any,
    params_dot: Any,
) -> Any:
    """The tangent of the covariance of the parameters of a curve."""
    value, change = s2sad.jvp(
        lambda *given: covariance(f, absolute_sigma, places, *given),
        (part_0, xdata, ydata, sigma, *params),
        (part_0_dot, xdata_dot, ydata_dot, sigma_dot, *params_dot),
    )
    return change


def covariance_pulled(
    f: Any,
    part_0: Any,
    places: Any,
    absolute_sigma: Any,
    xdata: Any,
    ydata: Any,
    sigma: Any,
    params: Any,
    g: Any,
) -> Any:
    """The cotangents of the parameters, of the data, and of what else their covariance depends on."""
    value, pullback = s2sad.vjp(
        lambda *given: covariance(f, absolute_sigma, places, *given), part_0, xdata, ydata, sigma, *params
    )
    p_bar, x_bar, y_bar, s_bar, *rest = pullback(g)
    return p_bar, x_bar, y_bar, s_bar, tuple(rest)


def _count(asked: Asked) -> int:
    if asked.given("p0"):
        found = length(asked.types["p0"])
        if isinstance(found, int):
            return found
    count = len(asked.names.get("f", ()))
    if count < 2:
        raise UnsupportedCall("scipy.optimize.curve_fit of a function with *args", "pass p0, a list of numbers")
    return count - 1


def _point(asked: Asked) -> tuple[Type, ...]:
    x = asked.types["xdata"]
    return (vector(x) if x.is_container else x, *(FLOAT for _ in range(_count(asked))))


@solver(
    optimize.curve_fit,
    functions={"f": _point, "jac": _point},
    free="p0 absolute_sigma check_finite method jac full_output nan_policy xtol ftol gtol maxfev max_nfev epsfcn loss",
    moves="xdata ydata sigma",
    among="bounds f_scale",
    passed=None,
)
def _curve_fit(asked: Asked) -> Parts:
    count = _count(asked)
    if asked.known("nan_policy") not in (None, "raise"):
        raise UnsupportedCall("scipy.optimize.curve_fit that leaves out data", "leave out these before")
    known = {"places": tuple(range(count))}
    t = array(np.dtype(float), (count, count))
    pcov = Part(t, covariance_moved, covariance_pulled, reads=(0,), moves=(0,), known=known)
    if asked.known("loss", "linear") != "linear":
        pcov = Part(t, without="a loss scales the slopes")
    popt = Part(array(np.dtype(float), (count,)), curve_moved, curve_pulled, known=known)
    if not asked.known("full_output"):
        return Parts(tuple, {0: popt, 1: pcov})
    return Parts(tuple, {0: popt, 1: pcov, 2: _report(), 3: TEXT, 4: COUNT})
