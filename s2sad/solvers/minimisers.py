"""Minima, through the condition that they satisfy: at df/dx = 0 the implicit function theorem holds of the slope.

A bound that holds a variable, with the slope pointing outwards, fixes it: the others move as if it were a constant.
The least value moves as the function does where its arguments stay (the envelope theorem).
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeAlias

import numpy as np
from scipy import optimize

import s2sad
from s2sad.errors import UnsupportedCall
from s2sad.ir.dims import new_dim
from s2sad.ir.solver import Asked, Part, Parts, holds_only, solver
from s2sad.ir.types import BOOL, FLOAT, INT, ContainerType, Type, array
from s2sad.solvers import roots
from s2sad.solvers.types import COUNT, TEXT, TRUTH, length, one_number, vector

SOURCE = (
    "Nocedal & Wright, Numerical Optimization (2006), chapters 12 and 16; Blondel et al., Efficient and modular "
    "implicit differentiation (2022)"
)
"""The works that its rules are from."""

# What holds a variable


def at(given: Any, *params: Any) -> Any:
    """An argument that may move with the params."""
    return given(*params) if callable(given) else given


def box(bounds: Any, *params: Any) -> Any:
    """The lower and the upper bounds, given as pairs."""
    pairs = at(bounds, *params)
    low = np.array([-np.inf if pair[0] is None else pair[0] for pair in pairs])
    return low, np.array([np.inf if pair[1] is None else pair[1] for pair in pairs])


def ends_of(bounds: Any) -> Any:
    """Bounds as a function of the params."""
    if bounds is None:
        return None
    if isinstance(bounds, optimize.Bounds):
        lb, ub = bounds.lb, bounds.ub
        return lambda *given: (np.asarray(at(lb, *given)), np.asarray(at(ub, *given)))
    return lambda *given: box(bounds, *given)


def pushed(x: Any, slope: Any, steepness: Any, low: Any, high: Any) -> Any:
    """Which variables their lower, and which their upper bounds hold: where a Newton step would go beyond them.

    Interior methods stop short of a bound by their tolerance.
    """
    near = 1e-3 * (1.0 + np.abs(x))
    below = (x - low < near) & (slope > 0.0) & (steepness * np.minimum(x - low, near) <= slope)
    above = (high - x < near) & (slope < 0.0) & (steepness * np.minimum(high - x, near) <= -slope)
    return below | (low == high), above


def box_slopes(held: Any, curvature: Any) -> Any:
    """The matrix of the condition: what is held stays, the slope by the others is zero."""
    return np.where(held[:, np.newaxis], np.eye(held.size), curvature)


# Of a vector


def found(solver: Any, success: Any, slope: Any) -> None:
    """A minimum that is none has no derivative. One that the solver doubts of is one where the slope is flat."""
    if not success and np.max(np.abs(slope)) > 1e-3:
        raise RuntimeError(f"{solver} found no minimum: there is nothing to differentiate")


def slope_moved(f: Any, ans: Any, solver: Any, success: Any, ends: Any, params: Any, params_dot: Any) -> Any:
    """The tangent of a minimum; `ends` gives the bounds, where there are such, as a function of the params."""
    curvature = s2sad.hessian(f)(ans, *params)
    slope, change = s2sad.jvp(lambda *given: s2sad.grad(f)(ans, *given), params, params_dot)
    if ends is None:
        found(solver, success, slope)
        return -np.linalg.solve(curvature, change)
    below, above = pushed(ans, slope, np.abs(np.diag(curvature)), *ends(*params))
    held = below | above
    found(solver, success, np.where(held, 0.0, slope))
    value, (low_dot, high_dot) = s2sad.jvp(ends, params, params_dot)
    moved = np.where(below, low_dot, np.where(above, high_dot, -change))
    return np.linalg.solve(box_slopes(held, curvature), moved)


def slope_pulled(f: Any, ans: Any, solver: Any, success: Any, ends: Any, params: Any, g: Any) -> Any:
    """The cotangents of what a minimum depends on."""
    curvature = s2sad.hessian(f)(ans, *params)
    if ends is None:
        slope, pullback = s2sad.vjp(lambda *given: s2sad.grad(f)(ans, *given), *params)
        found(solver, success, slope)
        return (pullback(-np.linalg.solve(curvature, g)),)
    slope = s2sad.grad(f)(ans, *params)
    below, above = pushed(ans, slope, np.abs(np.diag(curvature)), *ends(*params))
    held = below | above
    found(solver, success, np.where(held, 0.0, slope))

    def condition(*given: Any) -> Any:
        low, high = ends(*given)
        return np.where(below, low, np.where(above, high, -s2sad.grad(f)(ans, *given)))

    value, pullback = s2sad.vjp(condition, *params)
    return (pullback(np.linalg.solve(box_slopes(held, curvature).T, g)),)


def minimum_moved(f: Any, ans: Any, solver: Any, success: Any, bounds: Any, params: Any, params_dot: Any) -> Any:
    """The tangent of a minimum."""
    return slope_moved(f, ans, solver, success, ends_of(bounds), params, params_dot)


def minimum_pulled(f: Any, ans: Any, solver: Any, success: Any, bounds: Any, params: Any, g: Any) -> Any:
    """The cotangents of what a minimum depends on."""
    return slope_pulled(f, ans, solver, success, ends_of(bounds), params, g)


# Of a vector, under constraints


def each(constraints: Any) -> Any:
    """The constraints, one by one."""
    return constraints if isinstance(constraints, (list, tuple)) else (constraints,)


def held_to(constraint: Any, x: Any, *given: Any) -> Any:
    """What a constraint holds."""
    if isinstance(constraint, dict):
        return np.atleast_1d(constraint["fun"](x, *given))
    if isinstance(constraint, optimize.LinearConstraint):
        return np.atleast_1d(np.asarray(at(constraint.A, *given)) @ x)
    return np.atleast_1d(constraint.fun(x, *given))


def gaps(constraints: Any, ans: Any, params: Any, x: Any, *given: Any) -> Any:
    """How far what constraints hold is from the end that is nearer at a minimum."""
    found = []
    for c in each(constraints):
        if isinstance(c, dict):
            found.append(held_to(c, x, *given))
        else:
            here, low, high = held_to(c, ans, *params), at(c.lb, *params), at(c.ub, *params)
            end = np.where(here - low <= high - here, at(c.lb, *given), at(c.ub, *given))
            found.append(held_to(c, x, *given) - end)
    return np.concatenate(found)


def rooms(constraints: Any, x: Any, *given: Any) -> Any:
    """How far the minimum is inside of what constraints allow; equations allow nothing."""
    found = []
    for c in each(constraints):
        here = held_to(c, x, *given)
        if isinstance(c, dict):
            found.append(np.zeros_like(here) if c["type"] == "eq" else here)
        else:
            found.append(np.minimum(here - at(c.lb, *given), at(c.ub, *given) - here))
    return np.concatenate(found)


def forces(inner: Any, tight: Any, slope: Any) -> Any:
    """The multipliers of the constraints that are tight, those of the others are zero."""
    inner = inner * tight[:, np.newaxis]
    return np.linalg.solve(inner @ inner.T + np.diag(1.0 - tight), inner @ slope)


def constrained(solver: Any, success: Any) -> None:
    """A minimum that is none has no derivative."""
    if not success:
        raise RuntimeError(f"{solver} found no minimum: there is nothing to differentiate")


def lagrange(f: Any, ans: Any, ends: Any, constraints: Any, params: Any) -> Any:
    """The conditions of a minimum under constraints: slopes, gaps, which are in force, and the matrix of all.

    A constraint is tight where it is next to its end, or where without it a Newton step would go beyond.
    """

    def held(*given: Any) -> Any:
        return gaps(constraints, ans, params, ans, *given)

    def lagrangian(x: Any, force: Any, *given: Any) -> Any:
        return f(x, *given) - force @ gaps(constraints, ans, params, x, *given)

    normals = s2sad.jacfwd(lambda x: gaps(constraints, ans, params, x, *params))(ans)
    slope, room = s2sad.grad(f)(ans, *params), rooms(constraints, ans, *params)
    free = np.full(ans.shape, 1.0)
    if ends is not None:
        low, high = ends(*params)
        free = np.where(np.minimum(ans - low, high - ans) < 1e-3 * (1.0 + np.abs(ans)), 0.0, 1.0)
    near = np.where(room < 1e-3, 1.0, 0.0)
    force = forces(normals * free, near, slope)
    curvature = s2sad.hessian(lagrangian)(ans, force, *params)
    along = np.sum(normals @ curvature * normals, axis=1) / np.maximum(np.sum(normals**2, axis=1), 1e-100) ** 2
    push = np.where(held(*params) < 0.0, -force, force)
    pushes = (room < 1e-3) & (push > 0.0) & (np.abs(along) * room <= push)
    tight = np.where((room < 1e-6) | pushes, 1.0, 0.0)
    force = forces(normals * free, tight, slope)
    curvature = s2sad.hessian(lagrangian)(ans, force, *params)
    below, above = np.full(ans.shape, False), np.full(ans.shape, False)
    normals = normals * tight[:, np.newaxis]
    inner = normals
    if ends is not None:
        low, high = ends(*params)
        below, above = pushed(ans, slope - force @ normals, np.abs(np.diag(curvature)), low, high)
        curvature = box_slopes(below | above, curvature)
        inner = normals * np.where(below | above, 0.0, 1.0)
    matrix = np.block([[curvature, -inner.T], [normals, np.diag(1.0 - tight)]])
    return lambda *given: s2sad.grad(lagrangian)(ans, force, *given), held, below, above, tight, matrix


def within_moved(
    f: Any, ans: Any, solver: Any, success: Any, bounds: Any, constraints: Any, params: Any, params_dot: Any
) -> Any:
    """The tangent of a minimum under constraints: the Lagrange system of those that are tight."""
    constrained(solver, success)
    ends = ends_of(bounds)
    slope, held, below, above, tight, matrix = lagrange(f, ans, ends, constraints, params)
    value, change = s2sad.jvp(slope, params, params_dot)
    value, drift = s2sad.jvp(held, params, params_dot)
    moved = -change
    if ends is not None:
        value, (low_dot, high_dot) = s2sad.jvp(ends, params, params_dot)
        moved = np.where(below, low_dot, np.where(above, high_dot, moved))
    return np.linalg.solve(matrix, np.concatenate([moved, -tight * drift]))[: ans.size]


def within_pulled(
    f: Any, ans: Any, solver: Any, success: Any, bounds: Any, constraints: Any, params: Any, g: Any
) -> Any:
    """The cotangents of what a minimum under constraints depends on."""
    constrained(solver, success)
    ends = ends_of(bounds)
    slope, held, below, above, tight, matrix = lagrange(f, ans, ends, constraints, params)
    pulled = np.linalg.solve(matrix.T, np.concatenate([g, np.zeros(tight.size)]))

    def conditions(*given: Any) -> Any:
        moved = -slope(*given)
        if ends is not None:
            low, high = ends(*given)
            moved = np.where(below, low, np.where(above, high, moved))
        return moved, -held(*given)

    value, pullback = s2sad.vjp(conditions, *params)
    return (pullback((pulled[: ans.size], tight * pulled[ans.size :])),)


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
BOUND = Part(FLOAT, bound_moved, bound_pulled, reads=("x",), moves=("x",))


def _start(asked: Asked) -> tuple[Type, ...]:
    return (vector(asked.types["x0"]),)


def _with_direction(asked: Asked) -> tuple[Type, ...]:
    return (*_start(asked), *_start(asked))


def _with_forces(asked: Asked) -> tuple[Type, ...]:
    return (*_start(asked), array(np.dtype(float), (new_dim("m"),)))


SHOWN = ("intermediate_result",)
"""What a callback calls its argument that is to be shown a result."""


def _shown(t: Type) -> Type:
    return ContainerType(optimize.OptimizeResult, ("x", "fun"), (t, FLOAT))


def watched(asked: Asked) -> tuple[Type, ...]:
    """What SciPy shows of its work: the place; to who asks for it by its name a result with it; or both."""
    (t,) = _start(asked)
    if asked.names["callback"] == SHOWN:
        return (_shown(t),)
    return (t, _shown(t)) if asked.is_constant("method", "trust-constr") else (t,)


holds_only(optimize.Bounds, optimize.LinearConstraint, optimize.NonlinearConstraint)


def _minimum(asked: Asked, t: Type) -> Part:
    """A minimum, under constraints or without."""
    known = {"solver": asked.name}
    if "constraints" in asked.held:
        return Part(t, within_moved, within_pulled, reads=("success",), known=known)
    if asked.given("constraints") and not (
        asked.types["constraints"].is_container and not asked.types["constraints"].items
    ):
        raise UnsupportedCall(f"{asked.name} under constraints that are not seen", "write these where it is called")
    return Part(t, minimum_moved, minimum_pulled, reads=("success",), known=known)


@solver(
    optimize.minimize,
    functions={
        "fun": _start,
        "jac": _start,
        "hess": _start,
        "hessp": _with_direction,
        "constraints": _start,
        "constraints.hess": _with_forces,
        "callback": watched,
    },
    alone="callback",
    free="x0 method jac hess hessp tol callback options",
    among="bounds constraints",
    first="jac",
)
def _minimize(asked: Asked) -> Parts:
    t = vector(asked.types["x0"])
    minimum = _minimum(asked, t)
    held = bool(asked.held) or asked.given("bounds")
    least = BOUND if held else LEAST
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
    functions={"func": _start, "f": _start, "fprime": _start, "fhess": _start, "callback": watched},
    alone="callback",
    free=OPTIONS,
)
def _fmin(asked: Asked) -> Part:
    if asked.known("full_output") or asked.known("retall"):
        raise UnsupportedCall("scipy.optimize.fmin and its like with full_output or retall", "call minimize")
    return _older(asked)


def least_value_moved(f: Any, part_0: Any, part_0_dot: Any, params: Any, params_dot: Any) -> Any:
    """The tangent of the least value behind the minimum."""
    return bound_moved(f, part_0, part_0_dot, params, params_dot)


def least_value_pulled(f: Any, part_0: Any, params: Any, g: Any) -> Any:
    """The cotangents of the minimum, and of what the least value behind it depends on besides."""
    return bound_pulled(f, part_0, params, g)


@solver(
    optimize.fmin_l_bfgs_b,
    functions={"func": _start, "fprime": _start, "callback": watched},
    alone="callback",
    free="callback x0 approx_grad m factr pgtol epsilon maxfun maxiter maxls",
    among="bounds",
    first="func",
)
def _fmin_l_bfgs_b(asked: Asked) -> Parts:
    least = Part(FLOAT, least_value_moved, least_value_pulled, reads=(0,), moves=(0,))
    slope = Part(vector(asked.types["x0"]), without="it is zero at a minimum")
    report = {"grad": slope, "task": TEXT, "funcalls": COUNT, "nit": COUNT, "warnflag": COUNT}
    return Parts(tuple, {0: _older(asked), 1: least, 2: Parts(dict, report)})


@solver(
    optimize.fmin_tnc,
    functions={"func": _start, "fprime": _start, "callback": watched},
    alone="callback",
    free="callback x0 approx_grad epsilon scale offset messages maxCGit maxfun eta stepmx accuracy fmin ftol xtol pgtol"
    " rescale",
    among="bounds",
    first="func",
)
def _fmin_tnc(asked: Asked) -> Parts:
    return Parts(tuple, {0: _older(asked), 1: COUNT, 2: COUNT})


def _older(asked: Asked) -> Part:
    """The minimum that a function finds which does not say whether it is one."""
    known = {"solver": asked.name, "success": True}
    return Part(vector(asked.types["x0"]), minimum_moved, minimum_pulled, known=known)


def _of_ranges(asked: Asked) -> tuple[Type, ...]:
    return (array(np.dtype(float), (length(asked.types["ranges"]),)),)


@solver(optimize.brute, functions={"func": _of_ranges}, free="ranges Ns full_output disp workers")
def _brute(asked: Asked) -> Part:
    if asked.known("full_output") or "finish" in asked.types:
        raise UnsupportedCall("scipy.optimize.brute with full_output, or without finish", "leave these out")
    (t,) = _of_ranges(asked)
    return Part(t, minimum_moved, minimum_pulled, known={"solver": asked.name, "success": True})


def _hopped(asked: Asked) -> tuple[Type, ...]:
    return (*_start(asked), FLOAT, BOOL)


@solver(
    optimize.basinhopping,
    functions={"func": _start, "callback": _hopped},
    alone="callback",
    free="callback x0 niter T stepsize interval disp seed rng",
    passed=None,
)
def _basinhopping(asked: Asked) -> Parts:
    given = asked.types.get("minimizer_kwargs")
    if asked.given("minimizer_kwargs") and not (given is not None and {*given.keys} <= {"method", "tol", "options"}):
        raise UnsupportedCall(
            "scipy.optimize.basinhopping whose minimizer is given more than method, tol and options",
            "call minimize itself from what it finds",
        )
    return _lowest_of(asked, vector(asked.types["x0"]), LEAST)


def _inside(asked: Asked) -> tuple[Type, ...]:
    held = "bounds_lb" in asked.types
    return (array(np.dtype(float), (length(asked.types["bounds_lb" if held else "bounds"]),)),)


def _converging(asked: Asked) -> tuple[Type, ...]:
    (t,) = _inside(asked)
    return (_shown(t),) if asked.names["callback"] == SHOWN else (t, FLOAT)


def _annealing(asked: Asked) -> tuple[Type, ...]:
    return (*_inside(asked), FLOAT, INT)


Gives: TypeAlias = Callable[[Asked], Part | Parts]


def _search(function: Callable[..., object], callback: Callable[[Asked], tuple[Type, ...]]) -> Callable[[Gives], Gives]:
    """A row of a search within bounds."""
    return solver(
        function,
        functions={"func": _inside, "constraints": _inside, "callback": callback},
        among="bounds constraints",
        alone="callback",
        free="callback strategy maxiter popsize tol mutation recombination seed rng polish init atol n iters workers"
        " updating",
    )


@_search(optimize.differential_evolution, _converging)
@_search(optimize.dual_annealing, _annealing)
@_search(optimize.shgo, _inside)
def _everywhere(asked: Asked) -> Parts:
    for name in ("integrality", "vectorized"):
        if asked.given(name) and asked.known(name) is not False:
            raise UnsupportedCall(f"{asked.name} with {name}", "leave it out")
    (t,) = _inside(asked)
    return _lowest_of(asked, t, BOUND)


def _lowest_of(asked: Asked, t: Type, least: Part) -> Parts:
    parts = {"success": TRUTH, "x": _minimum(asked, t), "fun": least, "message": TEXT, "nit": COUNT, "nfev": COUNT}
    return Parts(optimize.OptimizeResult, parts)


# Of a number


def stays(x: Any, slope: Any, curvature: Any, low: Any, high: Any) -> Any:
    """Whether the lower, and whether the upper end holds a minimum: where a Newton step would go beyond it.

    A search by sections stops short of an end.
    """
    near, steepness = 1e-2 * (high - low), np.abs(curvature)
    below = (x - low <= near) & (slope > 0.0) & (steepness * (x - low) <= slope)
    above = (high - x <= near) & (slope < 0.0) & (steepness * (high - x) <= -slope)
    return below, above


def condition_of(f: Any, ans: Any, bounds: Any, params: Any) -> Any:
    """What is zero at the minimum of a function of a number: its slope, or how far an end is that holds it."""
    if bounds is None:
        return s2sad.grad(f)
    low, high = at(bounds, *params)
    below, above = stays(ans, s2sad.grad(f)(ans, *params), s2sad.grad(s2sad.grad(f))(ans, *params), low, high)

    def condition(x: Any, *given: Any) -> Any:
        low, high = at(bounds, *given)
        if below:
            return x - low
        if above:
            return x - high
        return s2sad.grad(f)(x, *given)

    return condition


def lowest(solver: Any, success: Any) -> None:
    """A minimum that is none has no derivative."""
    if not success:
        raise RuntimeError(f"{solver} found no minimum: there is nothing to differentiate")


def lowest_moved(f: Any, ans: Any, solver: Any, success: Any, bounds: Any, params: Any, params_dot: Any) -> Any:
    """The tangent of the minimum of a function of one number."""
    lowest(solver, success)
    return roots.number_moved(condition_of(f, ans, bounds, params), ans, params, params_dot)


def lowest_pulled(f: Any, ans: Any, solver: Any, success: Any, bounds: Any, params: Any, g: Any) -> Any:
    """The cotangents of what the minimum of a function of one number depends on."""
    lowest(solver, success)
    return roots.number_pulled(condition_of(f, ans, bounds, params), ans, params, g)


def between_moved(f: Any, ans: Any, x1: Any, x2: Any, params: Any, params_dot: Any) -> Any:
    """The tangent of the minimum of a function of one number between two ends."""
    condition = condition_of(f, ans, lambda *given: (at(x1, *given), at(x2, *given)), params)
    return roots.number_moved(condition, ans, params, params_dot)


def between_pulled(f: Any, ans: Any, x1: Any, x2: Any, params: Any, g: Any) -> Any:
    """The cotangents of what the minimum of a function of one number between two ends depends on."""
    condition = condition_of(f, ans, lambda *given: (at(x1, *given), at(x2, *given)), params)
    return roots.number_pulled(condition, ans, params, g)


@solver(optimize.minimize_scalar, functions={"fun": one_number}, free="bracket method tol options", among="bounds")
def _minimize_scalar(asked: Asked) -> Parts:
    parts = {
        "success": TRUTH,
        "x": Part(FLOAT, lowest_moved, lowest_pulled, reads=("success",), known={"solver": asked.name}),
        "fun": BOUND if asked.given("bounds") else LEAST,
        "message": TEXT,
        "nit": COUNT,
        "nfev": COUNT,
    }
    return Parts(optimize.OptimizeResult, parts)


@solver(
    optimize.brent,
    optimize.golden,
    functions={"func": one_number},
    free="brack tol full_output maxiter",
)
def _lowest(asked: Asked) -> Part:
    if asked.known("full_output"):
        raise UnsupportedCall("scipy.optimize.brent and its like with full_output", "call minimize_scalar")
    return Part(FLOAT, lowest_moved, lowest_pulled, known={"solver": asked.name, "success": True})


@solver(optimize.fminbound, functions={"func": one_number}, free="xtol maxfun full_output disp", among="x1 x2")
def _between(asked: Asked) -> Part:
    if asked.known("full_output"):
        raise UnsupportedCall("scipy.optimize.fminbound with full_output", "call minimize_scalar")
    return Part(FLOAT, between_moved, between_pulled)
