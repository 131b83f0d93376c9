"""Linear models and programs: they are given no functions, but what their results satisfy is a theorem as well.

The least squares of a linear model are a minimum, with bounds. A linear program ends in a vertex, which moves with the
constraints that meet there. A monotone fit is made of means.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from scipy import optimize

import s2sad
from s2sad.errors import UnsupportedCall
from s2sad.ir.dims import Dim, new_dim
from s2sad.ir.solver import Asked, Part, Parts, solver
from s2sad.ir.types import FLOAT, SequenceType, Type, array
from s2sad.solvers import fits, minimisers
from s2sad.solvers.types import COUNT, TEXT, TRUTH, length, vector

SOURCE = (
    "Björck, Numerical Methods for Least Squares Problems (1996), chapter 5; Bertsimas & Tsitsiklis, Introduction "
    "to Linear Optimization (1997), section 5.1; Best & Chakravarti, Active set algorithms for isotonic regression "
    "(1990)"
)
"""The works that its rules are from."""

# Least squares


def misfit(A: Any, b: Any, x: Any, *given: Any) -> Any:
    """What a linear model leaves over."""
    return np.asarray(minimisers.at(A, *given)) @ x - np.asarray(minimisers.at(b, *given))


def determined(x: Any, matrix: Any, ends: Any, *given: Any) -> None:
    """A model has a derivative where the columns of what no bound holds do not depend on each other."""
    inside = np.full(x.size, True)
    if ends is not None:
        low, high = ends(*given)
        inside = (x > low) & (x < high)
    if np.linalg.matrix_rank(matrix * np.where(inside, 1.0, 0.0)) < np.sum(inside):
        raise np.linalg.LinAlgError(
            "a linear model whose columns depend on each other: there is nothing to differentiate"
        )


def model_moved(ans: Any, A: Any, b: Any, ends: Any, params: Any, params_dot: Any) -> Any:
    """The tangent of the least squares of a linear model between bounds."""
    determined(ans, np.asarray(minimisers.at(A, *params)), ends, *params)

    def cost(x: Any, *given: Any) -> Any:
        rest = misfit(A, b, x, *given)
        return 0.5 * np.sum(rest * rest)

    return minimisers.slope_moved(cost, ans, "", True, ends, params, params_dot)


def model_pulled(ans: Any, A: Any, b: Any, ends: Any, params: Any, g: Any) -> Any:
    """The cotangents of what the least squares of a linear model depend on."""
    determined(ans, np.asarray(minimisers.at(A, *params)), ends, *params)

    def cost(x: Any, *given: Any) -> Any:
        rest = misfit(A, b, x, *given)
        return 0.5 * np.sum(rest * rest)

    return minimisers.slope_pulled(cost, ans, "", True, ends, params, g)


def bounded_moved(ans: Any, A: Any, b: Any, bounds: Any, params: Any, params_dot: Any) -> Any:
    """The tangent of what `lsq_linear` finds."""
    return model_moved(ans, A, b, fits.ends_of(bounds), params, params_dot)


def bounded_pulled(ans: Any, A: Any, b: Any, bounds: Any, params: Any, g: Any) -> Any:
    """The cotangents of what `lsq_linear` depends on."""
    return model_pulled(ans, A, b, fits.ends_of(bounds), params, g)


def rest_moved(A: Any, b: Any, x: Any, x_dot: Any, params: Any, params_dot: Any) -> Any:
    """The tangent of the residuals."""
    return minimisers.bound_moved(lambda x, *given: misfit(A, b, x, *given), x, x_dot, params, params_dot)


def rest_pulled(A: Any, b: Any, x: Any, params: Any, g: Any) -> Any:
    """The cotangents of the model's parameters, and of what the residuals depend on besides."""
    return minimisers.bound_pulled(lambda x, *given: misfit(A, b, x, *given), x, params, g)


def half_moved(A: Any, b: Any, x: Any, x_dot: Any, params: Any, params_dot: Any) -> Any:
    """The tangent of half the sum of squares."""
    return minimisers.bound_moved(
        lambda x, *given: 0.5 * np.sum(misfit(A, b, x, *given) ** 2), x, x_dot, params, params_dot
    )


def half_pulled(A: Any, b: Any, x: Any, params: Any, g: Any) -> Any:
    """The cotangents of the model's parameters, and of what half the sum of squares depends on besides."""
    return minimisers.bound_pulled(lambda x, *given: 0.5 * np.sum(misfit(A, b, x, *given) ** 2), x, params, g)


def shape_of(t: Type, name: str) -> tuple[Dim, Dim]:
    """The rows and columns of a matrix, which may be a list of lists."""
    if t.is_container:
        return length(t), length(t.items[0])
    if isinstance(t, SequenceType):
        return t.length, length(t.item)
    if not t.is_numeric:
        raise UnsupportedCall(f"{name} of a matrix that is no array", "pass an array: A.toarray()")
    return t.shape if t.shape is not None and len(t.shape) == 2 else (new_dim("m"), new_dim("n"))


@solver(
    optimize.lsq_linear,
    functions={},
    free="method tol lsq_solver lsmr_tol max_iter verbose lsmr_maxiter",
    among="A b bounds",
    passed=None,
)
def _lsq_linear(asked: Asked) -> Parts:
    rows, columns = shape_of(asked.types["A"], "scipy.optimize.lsq_linear")
    parts = {
        "success": TRUTH,
        "x": Part(array(np.dtype(float), (columns,)), bounded_moved, bounded_pulled),
        "fun": Part(array(np.dtype(float), (rows,)), rest_moved, rest_pulled, reads=("x",), moves=("x",)),
        "cost": Part(FLOAT, half_moved, half_pulled, reads=("x",), moves=("x",)),
        "active_mask": Part(array(np.dtype(int), (columns,)), constant=True),
        "optimality": Part(FLOAT, without="it is zero at a minimum"),
        "status": COUNT,
        "message": TEXT,
        "nit": COUNT,
    }
    return Parts(optimize.OptimizeResult, parts)


def positive_moved(ans: Any, A: Any, b: Any, params: Any, params_dot: Any) -> Any:
    """The tangent of what `nnls` finds."""
    return model_moved(ans, A, b, lambda *given: (np.zeros(ans.size), np.full(ans.size, np.inf)), params, params_dot)


def positive_pulled(ans: Any, A: Any, b: Any, params: Any, g: Any) -> Any:
    """The cotangents of what `nnls` depends on."""
    return model_pulled(ans, A, b, lambda *given: (np.zeros(ans.size), np.full(ans.size, np.inf)), params, g)


def norm_moved(A: Any, b: Any, part_0: Any, part_0_dot: Any, params: Any, params_dot: Any) -> Any:
    """The tangent of the norm of the residuals."""
    return minimisers.bound_moved(
        lambda x, *given: np.linalg.norm(misfit(A, b, x, *given)), part_0, part_0_dot, params, params_dot
    )


def norm_pulled(A: Any, b: Any, part_0: Any, params: Any, g: Any) -> Any:
    """The cotangents of the model's parameters, and of what the norm of the residuals depends on besides."""
    return minimisers.bound_pulled(lambda x, *given: np.linalg.norm(misfit(A, b, x, *given)), part_0, params, g)


@solver(optimize.nnls, functions={}, free="maxiter atol", among="A b", passed=None)
def _nnls(asked: Asked) -> Parts:
    rows, columns = shape_of(asked.types["A"], "scipy.optimize.nnls")
    fit = Part(array(np.dtype(float), (columns,)), positive_moved, positive_pulled)
    return Parts(tuple, {0: fit, 1: Part(FLOAT, norm_moved, norm_pulled, reads=(0,), moves=(0,))})


# Linear programs


def between(bounds: Any, x: Any, *given: Any) -> Any:
    """The lower and the upper bounds of the variables of a program: of one pair, or of a pair for each."""
    if bounds is None:
        return np.zeros(x.size), np.full(x.size, np.inf)
    pairs = minimisers.at(bounds, *given)
    if isinstance(pairs[0], (list, tuple, np.ndarray)):
        low, high = minimisers.box(pairs)
    else:
        low, high = minimisers.box([pairs])
    return low + np.zeros(x.size), high + np.zeros(x.size)


def room(A_ub: Any, b_ub: Any, A_eq: Any, b_eq: Any, bounds: Any, x: Any, *given: Any) -> Any:
    """What the equations of a program leave over, and how far its inequalities and bounds are."""
    low, high = between(bounds, x, *given)
    found = [x - low, high - x]
    if A_eq is not None:
        found.append(np.asarray(minimisers.at(b_eq, *given)) - np.asarray(minimisers.at(A_eq, *given)) @ x)
    if A_ub is not None:
        found.append(np.asarray(minimisers.at(b_ub, *given)) - np.asarray(minimisers.at(A_ub, *given)) @ x)
    return np.concatenate(found)


def vertex(success: Any, c: Any, A_ub: Any, b_ub: Any, A_eq: Any, b_eq: Any, bounds: Any, x: Any, *given: Any) -> Any:
    """Which constraints meet in the solution, and their normals: as many as there are variables."""
    if not success:
        raise RuntimeError("scipy.optimize.linprog found no minimum: there is nothing to differentiate")
    normals, equal = [np.eye(x.size), -np.eye(x.size)], [np.full(2 * x.size, False)]
    if A_eq is not None:
        normals.append(-np.asarray(minimisers.at(A_eq, *given)))
        equal.append(np.full(len(normals[-1]), True))
    if A_ub is not None:
        normals.append(-np.asarray(minimisers.at(A_ub, *given)))
        equal.append(np.full(len(normals[-1]), False))
    gaps, always = room(A_ub, b_ub, A_eq, b_eq, bounds, x, *given), np.concatenate(equal)
    rows = np.flatnonzero(always | (gaps <= 1e-8 * (1.0 + np.max(np.abs(x)))))
    if rows.size != x.size:
        raise RuntimeError("scipy.optimize.linprog found no vertex that as many constraints hold as it has variables")
    meeting = np.concatenate(normals)[rows]
    forces = np.linalg.solve(meeting.T, np.asarray(minimisers.at(c, *given)))
    if np.min(np.where(always[rows], np.inf, forces)) < 1e-10 * np.max(np.abs(forces)):
        raise RuntimeError("scipy.optimize.linprog found one minimum of several: there is nothing to differentiate")
    return rows, meeting


def vertex_moved(
    ans: Any,
    success: Any,
    c: Any,
    A_ub: Any,
    b_ub: Any,
    A_eq: Any,
    b_eq: Any,
    bounds: Any,
    params: Any,
    params_dot: Any,
) -> Any:
    """The tangent of the solution of a linear program."""
    rows, meeting = vertex(success, c, A_ub, b_ub, A_eq, b_eq, bounds, ans, *params)
    value, change = s2sad.jvp(
        lambda *given: room(A_ub, b_ub, A_eq, b_eq, bounds, ans, *given)[rows], params, params_dot
    )
    return -np.linalg.solve(meeting, change)


def vertex_pulled(
    ans: Any, success: Any, c: Any, A_ub: Any, b_ub: Any, A_eq: Any, b_eq: Any, bounds: Any, params: Any, g: Any
) -> Any:
    """The cotangents of the constraints of a linear program."""
    rows, meeting = vertex(success, c, A_ub, b_ub, A_eq, b_eq, bounds, ans, *params)
    value, pullback = s2sad.vjp(lambda *given: room(A_ub, b_ub, A_eq, b_eq, bounds, ans, *given)[rows], *params)
    return (pullback(-np.linalg.solve(meeting.T, g)),)


def price_moved(c: Any, x: Any, x_dot: Any, params: Any, params_dot: Any) -> Any:
    """The tangent of the least value of a linear program."""
    return minimisers.bound_moved(
        lambda x, *given: np.asarray(minimisers.at(c, *given)) @ x, x, x_dot, params, params_dot
    )


def price_pulled(c: Any, x: Any, params: Any, g: Any) -> Any:
    """The cotangents of the solution, and of the prices."""
    return minimisers.bound_pulled(lambda x, *given: np.asarray(minimisers.at(c, *given)) @ x, x, params, g)


def slack_moved(A_ub: Any, b_ub: Any, x: Any, x_dot: Any, params: Any, params_dot: Any) -> Any:
    """The tangent of what the inequalities leave over."""
    return minimisers.bound_moved(lambda x, *given: -misfit(A_ub, b_ub, x, *given), x, x_dot, params, params_dot)


def slack_pulled(A_ub: Any, b_ub: Any, x: Any, params: Any, g: Any) -> Any:
    """The cotangents of the solution, and of the inequalities."""
    return minimisers.bound_pulled(lambda x, *given: -misfit(A_ub, b_ub, x, *given), x, params, g)


@solver(
    optimize.linprog,
    functions={},
    free="method callback options x0",
    among="c A_ub b_ub A_eq b_eq bounds",
    passed=None,
)
def _linprog(asked: Asked) -> Parts:
    if asked.given("integrality"):
        raise UnsupportedCall(f"scipy.optimize.linprog with integrality: {WHOLE}", "leave it out")
    for name in ("A_ub", "A_eq"):
        if asked.given(name):
            shape_of(asked.types[name], "scipy.optimize.linprog")
    parts = {
        "success": TRUTH,
        "x": Part(vector(asked.types["c"]), vertex_moved, vertex_pulled, reads=("success",)),
        "fun": Part(FLOAT, price_moved, price_pulled, reads=("x",), moves=("x",)),
        "status": COUNT,
        "message": TEXT,
        "nit": COUNT,
    }
    if asked.given("A_ub"):
        slack = array(np.dtype(float), (length(asked.types["b_ub"]),))
        parts["slack"] = Part(slack, slack_moved, slack_pulled, reads=("x",), moves=("x",))
    return Parts(optimize.OptimizeResult, parts)


WHOLE = "whole numbers do not move, they jump"


@solver(
    optimize.milp, functions={}, free="integrality options", among="c bounds constraints", passed=None, without=WHOLE
)
def _milp(asked: Asked) -> Parts:
    parts = {
        "success": TRUTH,
        "x": Part(vector(asked.types["c"]), without=WHOLE),
        "fun": Part(FLOAT, without=WHOLE),
        "status": COUNT,
        "message": TEXT,
    }
    return Parts(optimize.OptimizeResult, parts)


# Monotone fits


def sums(y: Any, blocks: Any) -> Any:
    """The sums of blocks."""
    return np.diff(np.concatenate([np.zeros(1), np.cumsum(y)])[blocks])


def means(y: Any, weights: Any, blocks: Any) -> Any:
    """The weighted means of blocks, each for all of its values."""
    counts = np.diff(blocks)
    if weights is None:
        return np.repeat(sums(y, blocks) / counts, counts)
    return np.repeat(sums(y * weights, blocks) / sums(weights, blocks), counts)


def monotone_moved(blocks: Any, y: Any, weights: Any, y_dot: Any, weights_dot: Any) -> Any:
    """The tangent of a monotone fit."""
    value, change = s2sad.jvp(lambda y, w: means(y, w, blocks), (y, weights), (y_dot, weights_dot))
    return change


def monotone_pulled(blocks: Any, y: Any, weights: Any, g: Any) -> Any:
    """The cotangents of the values of a monotone fit, and of their weights."""
    value, pullback = s2sad.vjp(lambda y, w: means(y, w, blocks), y, weights)
    y_bar, weights_bar = pullback(g)
    return y_bar, weights_bar, ()


@solver(optimize.isotonic_regression, functions={}, free="increasing", moves="y weights", passed=None)
def _isotonic(asked: Asked) -> Parts:
    parts = {
        "blocks": Part(array(np.dtype(np.intp), (new_dim("k"),)), constant=True),
        "x": Part(vector(asked.types["y"]), monotone_moved, monotone_pulled, reads=("blocks",)),
        "weights": Part(vector(asked.types["y"]), without="the blocks have them"),
    }
    return Parts(optimize.OptimizeResult, parts)
