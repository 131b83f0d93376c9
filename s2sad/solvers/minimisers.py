"""Minima, through the condition that they satisfy: at df/dx = 0 the implicit function theorem holds of the slope.

A bound that holds a variable, with the slope pointing outwards, fixes it: the others move as if it were a constant.
The least value moves as the function does where its arguments stay (the envelope theorem).

Nocedal & Wright, Numerical Optimization (2006), chapters 12 and 16; Blondel et al., Efficient and modular implicit
differentiation (2022).
"""

from __future__ import annotations

from typing import Any

import numpy as np
from scipy import optimize

import s2sad
from s2sad.errors import UnsupportedCall
from s2sad.ir.solver import Asked, Part, Parts, holds_only, solver
from s2sad.ir.types import FLOAT, Type, array
from s2sad.solvers.types import COUNT, TEXT, TRUTH, length, one_number, vector

# Of a vector


def found(success: Any, slope: Any, free: Any) -> None:
    """A minimum that is none has no derivative. One that the solver doubts of is one where the slope is flat."""
    if not success and np.max(np.where(free, np.abs(slope), 0.0)) > 1e-3:
        raise RuntimeError("scipy.optimize.minimize found no minimum: there is nothing to differentiate")


def box(bounds: Any) -> Any:
    """The lower and the upper bounds."""
    if isinstance(bounds, optimize.Bounds):
        return np.asarray(bounds.lb), np.asarray(bounds.ub)
    low = np.array([-np.inf if pair[0] is None else pair[0] for pair in bounds])
    return low, np.array([np.inf if pair[1] is None else pair[1] for pair in bounds])


def at_ends(x: Any, bounds: Any) -> Any:
    """Which variables are at their lower, and which at their upper bounds."""
    return near(x, *box(bounds))


def near(x: Any, low: Any, high: Any) -> Any:
    """Which variables are at the lower, and which at the upper of these bounds."""
    return x - low <= 1e-6 * (1.0 + np.abs(x)), high - x <= 1e-6 * (1.0 + np.abs(x))


def unbound(x: Any, bounds: Any, slope: Any) -> Any:
    """Which variables no bound holds."""
    if bounds is None:
        return np.full(x.shape, True)
    at_low, at_high = at_ends(x, bounds)
    return ~((at_low & (slope > 0.0)) | (at_high & (slope < 0.0)))


def only(free: Any, curvature: Any) -> Any:
    """The curvature of the free variables; the others stay where they are."""
    return np.where(free & free[:, np.newaxis], curvature, np.diag(np.where(free, 0.0, 1.0)))


def minimum_moved(f: Any, ans: Any, success: Any, bounds: Any, params: Any, params_dot: Any) -> Any:
    """The tangent of a minimum."""
    slope = s2sad.grad(f)(ans, *params)
    free = unbound(ans, bounds, slope)
    found(success, slope, free)
    value, change = s2sad.jvp(lambda *given: s2sad.grad(f)(ans, *given), params, params_dot)
    curvature = s2sad.hessian(f)(ans, *params)
    if bounds is None:
        return -np.linalg.solve(curvature, change)
    return -np.linalg.solve(only(free, curvature), np.where(free, change, 0.0))


def minimum_pulled(f: Any, ans: Any, success: Any, bounds: Any, params: Any, g: Any) -> Any:
    """The cotangents of what a minimum depends on."""
    slope = s2sad.grad(f)(ans, *params)
    free = unbound(ans, bounds, slope)
    found(success, slope, free)
    curvature = s2sad.hessian(f)(ans, *params)
    if bounds is not None:
        curvature, g = only(free, curvature), np.where(free, g, 0.0)
    value, pullback = s2sad.vjp(lambda *given: s2sad.grad(f)(ans, *given), *params)
    return (pullback(-np.linalg.solve(curvature, g)),)


# Of a vector, under constraints


def held_to(constraints: Any, x: Any, *given: Any) -> Any:
    """What constraints hold, one behind the other."""
    several = constraints if isinstance(constraints, (list, tuple)) else (constraints,)
    values = []
    for c in several:
        if isinstance(c, dict):
            values.append(np.atleast_1d(c["fun"](x, *given)))
        elif isinstance(c, optimize.LinearConstraint):
            values.append(np.atleast_1d(c.A @ x))
        else:
            values.append(np.atleast_1d(c.fun(x, *given)))
    return np.concatenate(values)


def tight_at(constraints: Any, x: Any, *given: Any) -> Any:
    """Which constraints hold the minimum, as ones: those that are at an end."""
    several = constraints if isinstance(constraints, (list, tuple)) else (constraints,)
    gaps = []
    for c in several:
        here = held_to(c, x, *given)
        if isinstance(c, dict):
            gaps.append(np.zeros_like(here) if c["type"] == "eq" else here)
        else:
            gaps.append(np.minimum(here - c.lb, c.ub - here))
    return np.where(np.concatenate(gaps) < 1e-6, 1.0, 0.0)


def constrained(success: Any) -> None:
    """A minimum that is none has no derivative."""
    if not success:
        raise RuntimeError("scipy.optimize.minimize found no minimum: there is nothing to differentiate")


def within_moved(f: Any, ans: Any, success: Any, bounds: Any, constraints: Any, params: Any, params_dot: Any) -> Any:
    """The tangent of a minimum under constraints: the Lagrange system of those that are tight."""
    constrained(success)
    free = np.full(ans.shape, True)
    if bounds is not None:
        at_low, at_high = at_ends(ans, bounds)
        free = ~(at_low | at_high)

    def held(x: Any, *given: Any) -> Any:
        return held_to(constraints, x, *given)

    tight = tight_at(constraints, ans, *params)
    normals = s2sad.jacfwd(held)(ans, *params) * tight[:, np.newaxis] * np.where(free, 1.0, 0.0)
    loose = np.diag(1.0 - tight)
    force = np.linalg.solve(normals @ normals.T + loose, normals @ s2sad.grad(f)(ans, *params))

    def lagrangian(x: Any, multipliers: Any, *given: Any) -> Any:
        return f(x, *given) - multipliers @ held(x, *given)

    value, change = s2sad.jvp(lambda *given: s2sad.grad(lagrangian)(ans, force, *given), params, params_dot)
    value, drift = s2sad.jvp(lambda *given: held(ans, *given), params, params_dot)
    whole = np.block([[only(free, s2sad.hessian(lagrangian)(ans, force, *params)), -normals.T], [normals, loose]])
    return -np.linalg.solve(whole, np.concatenate([np.where(free, change, 0.0), tight * drift]))[: ans.size]


def within_pulled(f: Any, ans: Any, success: Any, bounds: Any, constraints: Any, params: Any, g: Any) -> Any:
    """The cotangents of what a minimum under constraints depends on."""
    constrained(success)
    free = np.full(ans.shape, True)
    if bounds is not None:
        at_low, at_high = at_ends(ans, bounds)
        free = ~(at_low | at_high)

    def held(x: Any, *given: Any) -> Any:
        return held_to(constraints, x, *given)

    tight = tight_at(constraints, ans, *params)
    normals = s2sad.jacfwd(held)(ans, *params) * tight[:, np.newaxis] * np.where(free, 1.0, 0.0)
    loose = np.diag(1.0 - tight)
    force = np.linalg.solve(normals @ normals.T + loose, normals @ s2sad.grad(f)(ans, *params))

    def lagrangian(x: Any, multipliers: Any, *given: Any) -> Any:
        return f(x, *given) - multipliers @ held(x, *given)

    whole = np.block([[only(free, s2sad.hessian(lagrangian)(ans, force, *params)), -normals.T], [normals, loose]])
    pulled = -np.linalg.solve(whole.T, np.concatenate([np.where(free, g, 0.0), np.zeros(tight.size)]))
    value, pullback = s2sad.vjp(lambda *given: (s2sad.grad(lagrangian)(ans, force, *given), held(ans, *given)), *params)
    return (pullback((np.where(free, pulled[: ans.size], 0.0), tight * pulled[ans.size :])),)


# The least value


def least_moved(f: Any, x: Any, params: Any, params_dot: Any) -> Any:
    """The tangent of the least value: the arguments stay where they are."""
    value, change = s2sad.jvp(f, (x, *params), (None, *params_dot))
    return change


def least_pulled(f: Any, x: Any, params: Any, g: Any) -> Any:
    """The cotangents of what the least value depends on."""
    value, pullback = s2sad.vjp(lambda *given: f(x, *given), *params)
    return (pullback(g),)


def bound_moved(f: Any, x: Any, x_dot: Any, params: Any, params_dot: Any) -> Any:
    """The tangent of the least value where the slope is not zero: it moves with its arguments too."""
    value, change = s2sad.jvp(f, (x, *params), (x_dot, *params_dot))
    return change


def bound_pulled(f: Any, x: Any, params: Any, g: Any) -> Any:
    """The cotangents of the minimum, and of what the least value depends on besides."""
    value, pullback = s2sad.vjp(f, x, *params)
    x_bar, *rest = pullback(g)
    return x_bar, tuple(rest)


LEAST = Part(FLOAT, least_moved, least_pulled, reads=("x",))


def _start(asked: Asked) -> tuple[Type, ...]:
    return (vector(asked.types["x0"]),)


holds_only(optimize.Bounds, optimize.LinearConstraint, optimize.NonlinearConstraint)


@solver(
    optimize.minimize,
    functions={"fun": _start, "jac": _start, "hess": _start, "constraints": _start, "bounds": _start},
    free="x0 method jac hess tol callback options",
    first="jac",
)
def _minimize(asked: Asked) -> Parts:
    t = vector(asked.types["x0"])
    minimum = Part(t, minimum_moved, minimum_pulled, reads=("success",))
    if "constraints" in asked.held:
        minimum = Part(t, within_moved, within_pulled, reads=("success",))
    held = bool(asked.held) or asked.given("bounds")
    least = Part(FLOAT, bound_moved, bound_pulled, reads=("x",), moves=("x",)) if held else LEAST
    parts = {
        "success": TRUTH,
        "x": minimum,
        "fun": least,
        "message": TEXT,
        "status": COUNT,
        "nit": COUNT,
        "nfev": COUNT,
        "njev": COUNT,
    }
    return Parts(optimize.OptimizeResult, parts)


OPTIONS = "x0 tol gtol ftol xtol norm epsilon maxiter maxfun full_output disp retall callback initial_simplex direc"
OPTIONS += " c1 c2 workers fprime fhess avextol hess_inv0 xrtol"


@solver(
    optimize.fmin,
    optimize.fmin_powell,
    optimize.fmin_cg,
    optimize.fmin_bfgs,
    optimize.fmin_ncg,
    functions={"func": _start, "f": _start, "fprime": _start, "fhess": _start},
    free=OPTIONS,
)
def _fmin(asked: Asked) -> Part:
    if asked.static.get("full_output") or asked.static.get("retall"):
        raise UnsupportedCall("scipy.optimize.fmin and its like with full_output or retall", "call minimize")
    return Part(vector(asked.types["x0"]), minimum_moved, minimum_pulled, known={"success": True})


@solver(
    optimize.basinhopping, functions={"func": _start}, free="x0 niter T stepsize interval disp seed rng", passed=None
)
def _basinhopping(asked: Asked) -> Parts:
    return _lowest_of(vector(asked.types["x0"]))


@solver(
    optimize.differential_evolution,
    optimize.dual_annealing,
    optimize.shgo,
    functions={"func": lambda asked: (array(np.dtype(float), (length(asked.types["bounds"]),)),)},
    free="strategy maxiter popsize tol mutation recombination seed rng polish init atol n iters workers updating",
)
def _everywhere(asked: Asked) -> Parts:
    return _lowest_of(array(np.dtype(float), (length(asked.types["bounds"]),)))


def _lowest_of(t: Type) -> Parts:
    minimum = Part(t, minimum_moved, minimum_pulled, reads=("success",))
    parts = {"success": TRUTH, "x": minimum, "fun": LEAST, "message": TEXT, "nit": COUNT, "nfev": COUNT}
    return Parts(optimize.OptimizeResult, parts)


# Of a number


def lowest_moved(f: Any, ans: Any, success: Any, bounds: Any, params: Any, params_dot: Any) -> Any:
    """The tangent of the minimum of a function of one number."""
    if not success:
        raise RuntimeError("scipy.optimize.minimize_scalar found no minimum: there is nothing to differentiate")
    value, change = s2sad.jvp(lambda *given: s2sad.grad(f)(ans, *given), params, params_dot)
    return -change / s2sad.grad(s2sad.grad(f))(ans, *params)


def lowest_pulled(f: Any, ans: Any, success: Any, bounds: Any, params: Any, g: Any) -> Any:
    """The cotangents of what the minimum of a function of one number depends on."""
    if not success:
        raise RuntimeError("scipy.optimize.minimize_scalar found no minimum: there is nothing to differentiate")
    value, pullback = s2sad.vjp(lambda *given: s2sad.grad(f)(ans, *given), *params)
    return (pullback(-g / s2sad.grad(s2sad.grad(f))(ans, *params)),)


@solver(optimize.minimize_scalar, functions={"fun": one_number}, free="bracket method tol options")
def _minimize_scalar(asked: Asked) -> Parts:
    parts = {
        "success": TRUTH,
        "x": Part(FLOAT, lowest_moved, lowest_pulled, reads=("success",)),
        "fun": LEAST,
        "message": TEXT,
        "nit": COUNT,
        "nfev": COUNT,
    }
    return Parts(optimize.OptimizeResult, parts)


@solver(
    optimize.brent,
    optimize.golden,
    optimize.fminbound,
    functions={"func": one_number},
    free="x1 x2 brack tol xtol full_output maxiter maxfun disp",
)
def _lowest(asked: Asked) -> Part:
    if asked.static.get("full_output"):
        raise UnsupportedCall("scipy.optimize.brent and its like with full_output", "call minimize_scalar")
    return Part(FLOAT, lowest_moved, lowest_pulled, known={"success": True})
