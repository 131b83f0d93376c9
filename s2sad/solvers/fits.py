"""Least squares: minima of half the sum of squares of what a function gives, or of a loss of these squares.

The curvature is the whole one, not that of Gauss and Newton: the residuals at the minimum need not be small.

Björck, Numerical Methods for Least Squares Problems (1996), section 9.1; Triggs et al., Bundle adjustment (1999).
"""

from __future__ import annotations

from typing import Any

import numpy as np
from scipy import optimize

import s2sad
from s2sad.errors import UnsupportedCall
from s2sad.ir.solver import Asked, Part, Parts, solver
from s2sad.ir.types import FLOAT, Type, array
from s2sad.solvers import minimisers
from s2sad.solvers.types import COUNT, TEXT, TRUTH, length, unknown, vector


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


def unbound(ans: Any, bounds: Any, slope: Any) -> Any:
    """Which variables no bound holds."""
    at_low, at_high = minimisers.near(ans, np.asarray(bounds[0]), np.asarray(bounds[1]))
    return ~((at_low & (slope > 0.0)) | (at_high & (slope < 0.0)))


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
        return summed(loss, f_scale, np.ravel(f(x, *given)))

    value, change = s2sad.jvp(lambda *given: s2sad.grad(cost)(ans, *given), params, params_dot)
    curvature = s2sad.hessian(cost)(ans, *params)
    if bounds is not None:
        free = unbound(ans, bounds, s2sad.grad(cost)(ans, *params))
        curvature = minimisers.only(free, curvature)
        change = np.where(free, change, 0.0)
    return -np.linalg.solve(curvature, change)


def fit_pulled(f: Any, ans: Any, success: Any, bounds: Any, loss: Any, f_scale: Any, params: Any, g: Any) -> Any:
    """The cotangents of what the least sum of squares depends on."""
    converged(success)

    def cost(x: Any, *given: Any) -> Any:
        return summed(loss, f_scale, np.ravel(f(x, *given)))

    curvature = s2sad.hessian(cost)(ans, *params)
    if bounds is not None:
        free = unbound(ans, bounds, s2sad.grad(cost)(ans, *params))
        curvature = minimisers.only(free, curvature)
        g = np.where(free, g, 0.0)
    value, pullback = s2sad.vjp(lambda *given: s2sad.grad(cost)(ans, *given), *params)
    return (pullback(-np.linalg.solve(curvature, g)),)


def residual_moved(f: Any, x: Any, x_dot: Any, params: Any, params_dot: Any) -> Any:
    """The tangent of the residuals at the minimum."""
    value, change = s2sad.jvp(f, (x, *params), (x_dot, *params_dot))
    return change


def residual_pulled(f: Any, x: Any, params: Any, g: Any) -> Any:
    """The cotangents of the minimum, and of what the residuals depend on besides."""
    value, pullback = s2sad.vjp(f, x, *params)
    x_bar, *rest = pullback(g)
    return x_bar, tuple(rest)


def _start(asked: Asked) -> tuple[Type, ...]:
    return (vector(asked.types["x0"]),)


@solver(
    optimize.least_squares,
    functions={"fun": _start, "jac": _start},
    free="x0 jac method ftol xtol gtol x_scale diff_step tr_solver tr_options jac_sparsity max_nfev verbose loss",
)
def _least_squares(asked: Asked) -> Parts:
    if asked.given("kwargs"):
        raise UnsupportedCall("scipy.optimize.least_squares with kwargs", "pass these arguments by args")
    residual = vector(asked.results["fun"])
    parts = {
        "success": TRUTH,
        "x": Part(vector(asked.types["x0"]), fit_moved, fit_pulled, reads=("success",)),
        "fun": Part(residual, residual_moved, residual_pulled, reads=("x",), moves=("x",)),
        "cost": Part(FLOAT),
        "status": COUNT,
        "message": TEXT,
        "nfev": COUNT,
        "optimality": Part(FLOAT),
    }
    return Parts(optimize.OptimizeResult, parts)


@solver(
    optimize.leastsq,
    functions={"func": _start, "Dfun": _start},
    free="x0 full_output col_deriv ftol xtol gtol maxfev epsfcn factor diag",
)
def _leastsq(asked: Asked) -> Parts:
    fit = Part(vector(asked.types["x0"]), fit_moved, fit_pulled, known={"success": True})
    if not asked.static.get("full_output"):
        return Parts(tuple, {0: fit, 1: COUNT})
    return Parts(tuple, {0: fit, 1: unknown("cov_x"), 2: unknown("infodict"), 3: TEXT, 4: COUNT})


# Curves


def weighted(residual: Any, sigma: Any) -> Any:
    """Half the sum of squares, weighted by the errors of the data, or by their covariance."""
    if sigma is None:
        return 0.5 * np.sum(residual * residual)
    if np.ndim(sigma) == 2:
        return 0.5 * residual @ np.linalg.solve(sigma, residual)
    return 0.5 * np.sum((residual / sigma) ** 2)


def curve_moved(
    f: Any,
    ans: Any,
    places: Any,
    xdata: Any,
    ydata: Any,
    sigma: Any,
    xdata_dot: Any,
    ydata_dot: Any,
    sigma_dot: Any,
    params: Any,
    params_dot: Any,
) -> Any:
    """The tangent of the parameters of a curve."""

    def cost(p: Any, x: Any, y: Any, s: Any, *given: Any) -> Any:
        return weighted(f(x, *[p[k] for k in places], *given) - y, s)

    value, change = s2sad.jvp(
        lambda x, y, s, *given: s2sad.grad(cost)(ans, x, y, s, *given),
        (xdata, ydata, sigma, *params),
        (xdata_dot, ydata_dot, sigma_dot, *params_dot),
    )
    return -np.linalg.solve(s2sad.hessian(cost)(ans, xdata, ydata, sigma, *params), change)


def curve_pulled(f: Any, ans: Any, places: Any, xdata: Any, ydata: Any, sigma: Any, params: Any, g: Any) -> Any:
    """The cotangents of the data of a curve, and of what else it depends on."""

    def cost(p: Any, x: Any, y: Any, s: Any, *given: Any) -> Any:
        return weighted(f(x, *[p[k] for k in places], *given) - y, s)

    multiplier = np.linalg.solve(s2sad.hessian(cost)(ans, xdata, ydata, sigma, *params), g)
    value, pullback = s2sad.vjp(
        lambda x, y, s, *given: s2sad.grad(cost)(ans, x, y, s, *given), xdata, ydata, sigma, *params
    )
    x_bar, y_bar, s_bar, *rest = pullback(-multiplier)
    return x_bar, y_bar, s_bar, tuple(rest)


def _count(asked: Asked) -> int:
    if asked.given("p0"):
        found = length(asked.types["p0"])
        if isinstance(found, int):
            return found
    if asked.counts.get("f", 0) < 2:
        raise UnsupportedCall("scipy.optimize.curve_fit of a function with *args", "pass p0, a list of numbers")
    return asked.counts["f"] - 1


def _point(asked: Asked) -> tuple[Type, ...]:
    x = asked.types["xdata"]
    return (vector(x) if x.is_container else x, *(FLOAT for _ in range(_count(asked))))


@solver(
    optimize.curve_fit,
    functions={"f": _point, "jac": _point},
    free="p0 absolute_sigma check_finite method jac full_output nan_policy xtol ftol gtol maxfev max_nfev epsfcn",
    moves="xdata ydata sigma",
    passed=None,
)
def _curve_fit(asked: Asked) -> Parts:
    count = _count(asked)
    pcov = Part(array(np.dtype(float), (count, count)))
    popt = Part(array(np.dtype(float), (count,)), curve_moved, curve_pulled, known={"places": tuple(range(count))})
    if not asked.static.get("full_output"):
        return Parts(tuple, {0: popt, 1: pcov})
    return Parts(tuple, {0: popt, 1: pcov, 2: unknown("infodict"), 3: TEXT, 4: COUNT})
