"""Roots, by the implicit function theorem: f(x, a) = 0 moves by dx = -(df/dx)^-1 df/da da."""

from __future__ import annotations

from typing import Any

import numpy as np
from scipy import optimize

import s2sad
from s2sad.errors import UnsupportedCall
from s2sad.ir.solver import Asked, Part, Parts, solver
from s2sad.ir.types import FLOAT, Type, array
from s2sad.solvers.types import COUNT, TEXT, TRUTH, one_number, shaped, vector

SOURCE = (
    "Griewank & Walther, Evaluating Derivatives (2008), chapter 15; Blondel et al., Efficient and modular implicit "
    "differentiation (2022)"
)
"""The works that its rules are from."""

# One number


def number_moved(f: Any, ans: Any, params: Any, params_dot: Any) -> Any:
    """The tangent of a root that is a number."""
    value, change = s2sad.jvp(f, (ans, *params), (None, *params_dot))
    return -change / s2sad.grad(f)(ans, *params)


def number_pulled(f: Any, ans: Any, params: Any, g: Any) -> Any:
    """The cotangents of what a root depends on that is a number."""
    value, pullback = s2sad.vjp(lambda *given: f(ans, *given), *params)
    return (pullback(-g / s2sad.grad(f)(ans, *params)),)


NUMBER = Part(FLOAT, number_moved, number_pulled)
REPORT = Parts(
    optimize.RootResults,
    {"root": NUMBER, "converged": TRUTH, "iterations": COUNT, "function_calls": COUNT, "flag": TEXT},
)


@solver(
    optimize.brentq,
    optimize.brenth,
    optimize.bisect,
    optimize.ridder,
    optimize.toms748,
    functions={"f": one_number},
    free="a b k xtol rtol maxiter full_output disp",
)
def _bracketed(asked: Asked) -> Part | Parts:
    return Parts(tuple, {0: NUMBER, 1: REPORT}) if asked.known("full_output") else NUMBER


def certain(converged: Any) -> None:
    """What is no root has no derivative."""
    if not converged:
        raise RuntimeError("scipy.optimize.root_scalar found no root: there is nothing to differentiate")


def certain_moved(f: Any, ans: Any, converged: Any, params: Any, params_dot: Any) -> Any:
    """The tangent of a root that is a number, if it is one."""
    certain(converged)
    return number_moved(f, ans, params, params_dot)


def certain_pulled(f: Any, ans: Any, converged: Any, params: Any, g: Any) -> Any:
    """The cotangents of what a root depends on that is a number, if it is one."""
    certain(converged)
    return number_pulled(f, ans, params, g)


@solver(
    optimize.root_scalar,
    functions={"f": one_number, "fprime": one_number, "fprime2": one_number},
    free="method bracket x0 x1 xtol rtol maxiter options fprime",
    first="fprime",
)
def _root_scalar(asked: Asked) -> Parts:
    root = Part(FLOAT, certain_moved, certain_pulled, reads=("converged",))
    return Parts(optimize.RootResults, {"converged": TRUTH, **REPORT.parts, "root": root})


# Numbers one by one


def numbers_moved(f: Any, ans: Any, params: Any, params_dot: Any) -> Any:
    """The tangent of roots of functions of a number each."""
    value, change = s2sad.jvp(f, (ans, *params), (None, *params_dot))
    value, slope = s2sad.jvp(f, (ans, *params), (np.ones_like(ans), *[None for p in params]))
    return -change / slope


def numbers_pulled(f: Any, ans: Any, params: Any, g: Any) -> Any:
    """The cotangents of what such roots depend on."""
    value, slope = s2sad.jvp(f, (ans, *params), (np.ones_like(ans), *[None for p in params]))
    value, pullback = s2sad.vjp(lambda *given: f(ans, *given), *params)
    return (pullback(-g / slope),)


def _start(asked: Asked) -> tuple[Type, ...]:
    return (shaped(asked.types["x0"]),)


@solver(
    optimize.newton,
    functions={"func": _start, "fprime": _start, "fprime2": _start},
    free="x0 tol maxiter x1 rtol full_output disp",
)
def _newton(asked: Asked) -> Part | Parts:
    t = shaped(asked.types["x0"])
    number, real = t.is_scalar, not t.is_complex
    rules = (number_moved, number_pulled) if number and real else (numbers_moved, numbers_pulled)
    root = Part(t, *rules)
    if not asked.known("full_output"):
        return root
    if number:
        return Parts(tuple, {0: root, 1: Parts(optimize.RootResults, {**REPORT.parts, "root": root})})
    return Parts(tuple, {0: root})


# Numbers together


def vector_moved(f: Any, ans: Any, params: Any, params_dot: Any) -> Any:
    """The tangent of a root."""
    value, change = s2sad.jvp(f, (ans, *params), (None, *params_dot))
    return -np.linalg.solve(s2sad.jacfwd(f)(ans, *params), change)


def vector_pulled(f: Any, ans: Any, params: Any, g: Any) -> Any:
    """The cotangents of what a root depends on."""
    multiplier = np.linalg.solve(s2sad.jacfwd(f)(ans, *params).T, g)
    value, pullback = s2sad.vjp(lambda *given: f(ans, *given), *params)
    return (pullback(-multiplier),)


def nothing_left(t: Type) -> Part:
    """What the function gives at a root: zero whatever it depends on."""
    return Part(t, constant=True)


def _vector(asked: Asked) -> tuple[Type, ...]:
    return (vector(asked.types["x0"]),)


@solver(
    optimize.fsolve,
    functions={"func": _vector, "fprime": _vector},
    free="x0 full_output col_deriv xtol maxfev band epsfcn factor diag",
)
def _fsolve(asked: Asked) -> Part | Parts:
    root = Part(vector(asked.types["x0"]), vector_moved, vector_pulled)
    if not asked.known("full_output"):
        return root
    return Parts(tuple, {0: root, 1: Parts(dict, {"nfev": COUNT, "fvec": nothing_left(root.type)}), 2: COUNT, 3: TEXT})


def shaped_moved(f: Any, ans: Any, params: Any, params_dot: Any) -> Any:
    """The tangent of a root of any shape."""
    value, change = s2sad.jvp(f, (ans, *params), (None, *params_dot))
    slopes = np.reshape(s2sad.jacfwd(f)(ans, *params), (ans.size, ans.size))
    return -np.reshape(np.linalg.solve(slopes, np.ravel(change)), ans.shape)


def shaped_pulled(f: Any, ans: Any, params: Any, g: Any) -> Any:
    """The cotangents of what a root of any shape depends on."""
    slopes = np.reshape(s2sad.jacfwd(f)(ans, *params), (ans.size, ans.size))
    multiplier = np.reshape(np.linalg.solve(slopes.T, np.ravel(g)), ans.shape)
    value, pullback = s2sad.vjp(lambda *given: f(ans, *given), *params)
    return (pullback(-multiplier),)


def _shaped_start(asked: Asked) -> tuple[Type, ...]:
    start = asked.types["xin"]
    return (vector(start) if not start.rank else shaped(start),)


@solver(
    optimize.newton_krylov,
    optimize.broyden1,
    optimize.broyden2,
    optimize.anderson,
    optimize.linearmixing,
    optimize.diagbroyden,
    optimize.excitingmixing,
    functions={"F": _shaped_start, "callback": lambda asked: 2 * _shaped_start(asked)},
    alone="callback",
    free="callback xin",
    passed=None,
)
def _by_iteration(asked: Asked) -> Part:
    (t,) = _shaped_start(asked)
    if asked.given("iter"):
        raise UnsupportedCall(f"{asked.name} with iter, which stops before it finds a root", "give it f_tol")
    return Part(t, shaped_moved, shaped_pulled)


def found_moved(f: Any, ans: Any, success: Any, params: Any, params_dot: Any) -> Any:
    """The tangent of a root, if it is one."""
    if not success:
        raise RuntimeError("scipy.optimize.root found no root: there is nothing to differentiate")
    return shaped_moved(f, ans, params, params_dot)


def found_pulled(f: Any, ans: Any, success: Any, params: Any, g: Any) -> Any:
    """The cotangents of what a root depends on, if it is one."""
    if not success:
        raise RuntimeError("scipy.optimize.root found no root: there is nothing to differentiate")
    return shaped_pulled(f, ans, params, g)


def _root_start(asked: Asked) -> tuple[Type, ...]:
    start = asked.types["x0"]
    flat = asked.known("method", "hybr") in ("hybr", "lm")
    return (vector(start) if flat or not start.rank else shaped(start),)


@solver(
    optimize.root,
    functions={"fun": _root_start, "jac": _root_start, "callback": lambda asked: 2 * _root_start(asked)},
    alone="callback",
    free="x0 method jac tol callback options",
    first="jac",
)
def _root(asked: Asked) -> Parts:
    (t,) = _root_start(asked)
    root = Part(t, found_moved, found_pulled, reads=("success",))
    parts = {
        "success": TRUTH,
        "x": root,
        "message": TEXT,
        "status": COUNT,
        "nfev": COUNT,
        "fun": nothing_left(t),
    }
    return Parts(optimize.OptimizeResult, parts)


# Fixed points


def fixed_moved(f: Any, ans: Any, params: Any, params_dot: Any) -> Any:
    """The tangent of x = f(x, a)."""
    value, change = s2sad.jvp(f, (ans, *params), (None, *params_dot))
    return np.linalg.solve(np.eye(ans.size) - s2sad.jacfwd(f)(ans, *params), change)


def fixed_pulled(f: Any, ans: Any, params: Any, g: Any) -> Any:
    """The cotangents of what x = f(x, a) depends on."""
    multiplier = np.linalg.solve(np.eye(ans.size) - s2sad.jacfwd(f)(ans, *params).T, g)
    value, pullback = s2sad.vjp(lambda *given: f(ans, *given), *params)
    return (pullback(multiplier),)


def fixed_number_moved(f: Any, ans: Any, params: Any, params_dot: Any) -> Any:
    """The tangent of x = f(x, a), a number."""
    value, change = s2sad.jvp(f, (ans, *params), (None, *params_dot))
    return change / (1.0 - s2sad.grad(f)(ans, *params))


def fixed_number_pulled(f: Any, ans: Any, params: Any, g: Any) -> Any:
    """The cotangents of what x = f(x, a) depends on, a number."""
    value, pullback = s2sad.vjp(lambda *given: f(ans, *given), *params)
    return (pullback(g / (1.0 - s2sad.grad(f)(ans, *params))),)


@solver(optimize.fixed_point, functions={"func": _start}, free="x0 xtol maxiter method")
def _fixed_point(asked: Asked) -> Part:
    t = shaped(asked.types["x0"])
    if t.rank == 0:
        return Part(array(t.dtype, ()), fixed_number_moved, fixed_number_pulled)
    if t.rank != 1:
        raise UnsupportedCall("scipy.optimize.fixed_point of a matrix", "pass it as a vector")
    return Part(t, fixed_moved, fixed_pulled)
