"""Solvers of the user's: the implicit function theorem, with the linear system left to a function of the user's."""

from __future__ import annotations

from typing import Any

import s2sad
from s2sad.ir.solver import Asked, Part, solver
from s2sad.ir.types import FLOAT, Type
from s2sad.solvers.types import shaped


def root_moved(f: Any, ans: Any, tangent_solve: Any, params: Any, params_dot: Any) -> Any:
    """The tangent of a root."""
    value, change = s2sad.jvp(f, (ans, *params), (None, *params_dot))
    return -tangent_solve(lambda v: s2sad.jvp(lambda x: f(x, *params), (ans,), (v,))[1], change)


def root_pulled(f: Any, ans: Any, tangent_solve: Any, params: Any, g: Any) -> Any:
    """The cotangents of what a root depends on: the tangent system, transposed."""
    solved, transposed = s2sad.vjp(
        lambda y: tangent_solve(lambda v: s2sad.jvp(lambda x: f(x, *params), (ans,), (v,))[1], y), g
    )
    (multiplier,) = transposed(g)
    value, pullback = s2sad.vjp(lambda *given: f(ans, *given), *params)
    return (pullback(-multiplier),)


def _start(asked: Asked) -> tuple[Type, ...]:
    return (shaped(asked.types["initial_guess"]),)


@solver(
    s2sad.custom_root,
    functions={"f": _start},
    free="initial_guess",
    runs="solve f initial_guess",
    called="solve tangent_solve",
)
def _custom_root(asked: Asked) -> Part:
    return Part(FLOAT, root_moved, root_pulled)


def linear_moved(f: Any, ans: Any, solve: Any, b_dot: Any, params: Any, params_dot: Any) -> Any:
    """The tangent of the solution of a linear system."""
    right = 0.0 * ans
    if b_dot is not None:
        right = right + b_dot
    if len(params) > 0:
        right = right - s2sad.jvp(lambda *given: f(ans, *given), params, params_dot)[1]
    return solve(lambda v: f(v, *params), right)


def linear_pulled(f: Any, ans: Any, solve: Any, transpose_solve: Any, symmetric: Any, params: Any, g: Any) -> Any:
    """The cotangents of a linear system: of the right-hand side, and of what the function depends on."""
    if symmetric:
        multiplier = solve(lambda v: f(v, *params), g)
    elif transpose_solve is None:
        raise TypeError("custom_linear_solve in reverse mode needs transpose_solve, or symmetric=True")
    else:
        multiplier = transpose_solve(lambda v: s2sad.vjp(lambda x: f(x, *params), ans)[1](v)[0], g)
    if len(params) == 0:
        return multiplier, ()
    value, pullback = s2sad.vjp(lambda *given: f(ans, *given), *params)
    return multiplier, pullback(-multiplier)


def _right_side(asked: Asked) -> tuple[Type, ...]:
    return (shaped(asked.types["b"]),)


@solver(
    s2sad.custom_linear_solve,
    functions={"matvec": _right_side},
    free="symmetric",
    moves="b",
    runs="solve matvec b",
    called="solve transpose_solve",
)
def _custom_linear_solve(asked: Asked) -> Part:
    return Part(FLOAT, linear_moved, linear_pulled)
