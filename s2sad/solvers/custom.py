"""Solvers of the user's: the implicit function theorem, with the linear system left to a function of the user's.

What is solved for may be a number, an array, or a tuple, list or dict of these.
"""

from __future__ import annotations

from typing import Any

import s2sad
from s2sad.ir.solver import Asked, Part, Parts, solver
from s2sad.ir.types import Type


def negative(x: Any) -> Any:
    """A vector, which may be a container of arrays, times minus one."""
    if isinstance(x, dict):
        return {k: negative(item) for k, item in x.items()}
    if isinstance(x, tuple):
        return tuple([negative(item) for item in x])
    if isinstance(x, list):
        return [negative(item) for item in x]
    return -x


def less(x: Any, y: Any) -> Any:
    """The difference of two vectors, which may be containers of arrays."""
    if isinstance(x, dict):
        return {k: less(item, y[k]) for k, item in x.items()}
    if isinstance(x, tuple):
        return tuple([less(a, b) for a, b in zip(x, y, strict=True)])
    if isinstance(x, list):
        return [less(a, b) for a, b in zip(x, y, strict=True)]
    return x - y


def root_moved(f: Any, ans: Any, tangent_solve: Any, params: Any, params_dot: Any) -> Any:
    """The tangent of a root."""
    value, change = s2sad.jvp(lambda *given: f(ans, *given), params, params_dot)
    return negative(tangent_solve(lambda v: s2sad.jvp(lambda x: f(x, *params), (ans,), (v,))[1], change))


def root_pulled(f: Any, ans: Any, tangent_solve: Any, params: Any, g: Any) -> Any:
    """The cotangents of what a root depends on: the tangent system, transposed."""
    solved, transposed = s2sad.vjp(
        lambda y: tangent_solve(lambda v: s2sad.jvp(lambda x: f(x, *params), (ans,), (v,))[1], y), g
    )
    (multiplier,) = transposed(g)
    value, pullback = s2sad.vjp(lambda *given: f(ans, *given), *params)
    return (pullback(negative(multiplier)),)


def _solution(asked: Asked) -> tuple[Type, ...]:
    t = asked.types["ans"]
    return (t.items[0] if asked.known("has_aux") else t,)


def _found(asked: Asked, solution: Part) -> Part | Parts:
    """The solution, and what the solver says besides."""
    if not asked.known("has_aux"):
        return solution
    return Parts(tuple, {0: solution, 1: Part(asked.types["ans"].items[1], constant=True)})


@solver(
    s2sad.custom_root,
    functions={"f": _solution},
    free="initial_guess has_aux",
    runs="solve f initial_guess",
    called="solve tangent_solve",
)
def _custom_root(asked: Asked) -> Part | Parts:
    return _found(asked, Part(_solution(asked)[0], root_moved, root_pulled))


def linear_moved(f: Any, ans: Any, solve: Any, has_aux: Any, b_dot: Any, params: Any, params_dot: Any) -> Any:
    """The tangent of the solution of a linear system."""
    if len(params) == 0:
        right = b_dot
    else:
        value, change = s2sad.jvp(lambda *given: f(ans, *given), params, params_dot)
        right = negative(change) if b_dot is None else less(b_dot, change)
    solved = solve(lambda v: f(v, *params), right)
    return solved[0] if has_aux else solved


def linear_pulled(
    f: Any, ans: Any, solve: Any, transpose_solve: Any, symmetric: Any, has_aux: Any, params: Any, g: Any
) -> Any:
    """The cotangents of a linear system: of the right-hand side, and of what the function depends on."""
    if symmetric:
        solved = solve(lambda v: f(v, *params), g)
    elif transpose_solve is None:
        raise TypeError("custom_linear_solve in reverse mode needs transpose_solve, or symmetric=True")
    else:
        solved = transpose_solve(lambda v: s2sad.vjp(lambda x: f(x, *params), ans)[1](v)[0], g)
    multiplier = solved[0] if has_aux else solved
    if len(params) == 0:
        return multiplier, ()
    value, pullback = s2sad.vjp(lambda *given: f(ans, *given), *params)
    return multiplier, pullback(negative(multiplier))


@solver(
    s2sad.custom_linear_solve,
    functions={"matvec": _solution},
    free="symmetric has_aux",
    moves="b",
    runs="solve matvec b",
    called="solve transpose_solve",
)
def _custom_linear_solve(asked: Asked) -> Part | Parts:
    return _found(asked, Part(_solution(asked)[0], linear_moved, linear_pulled))
