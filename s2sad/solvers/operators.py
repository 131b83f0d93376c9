"""Iterations that solve with a linear operator, a function: the tangent system, and the transposed one.

x, info = cg(LinearOperator((n, n), matvec=f), b)        f(x) = b
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from scipy.sparse import linalg

import s2sad
from s2sad.errors import UnsupportedCall
from s2sad.ir.solver import Asked, Parts, holds_only, solver
from s2sad.ir.solver import Part as Result
from s2sad.ir.types import Type
from s2sad.solvers.types import COUNT, vector


def solution(found: Any) -> Any:
    """What an iteration found, if it did."""
    x, info = found
    if info != 0:
        raise RuntimeError("an iteration did not converge for the derivative of the solution of a linear operator")
    return x


def iterated_moved(
    solve: Any, ans: Any, A: Any, rtol: Any, maxiter: Any, b_dot: Any, params: Any, params_dot: Any
) -> Any:
    """The tangent of the solution."""
    f = A.matvec
    right = 0.0 * ans
    if b_dot is not None:
        right = right + b_dot
    if len(params) > 0:
        right = right - s2sad.jvp(lambda *given: f(ans, *given), params, params_dot)[1]
    operator = linalg.LinearOperator(A.shape, matvec=lambda v: f(v, *params))
    return solution(solve(operator, right, rtol=rtol, maxiter=maxiter))


def iterated_pulled(solve: Any, symmetric: Any, ans: Any, A: Any, rtol: Any, maxiter: Any, params: Any, g: Any) -> Any:
    """The cotangents of the right-hand side, and of what the operator depends on."""
    f = A.matvec
    if symmetric:
        turned = linalg.LinearOperator(A.shape, matvec=lambda v: f(v, *params))
    else:
        turned = linalg.LinearOperator(A.shape, matvec=lambda v: s2sad.vjp(lambda x: f(x, *params), ans)[1](v)[0])
    multiplier = solution(solve(turned, g, rtol=rtol, maxiter=maxiter))
    if len(params) == 0:
        return multiplier, ()
    value, pullback = s2sad.vjp(lambda *given: f(ans, *given), *params)
    return multiplier, pullback(-multiplier)


def _made(shape: Any, matvec: Any, rmatvec: Any = None, matmat: Any = None, dtype: Any = None) -> None:
    """How a linear operator is made."""


holds_only(linalg.LinearOperator, like=_made)


def _argument(asked: Asked) -> tuple[Type, ...]:
    return (vector(asked.types["b"]),)


def _iteration(function: Callable[..., Any], symmetric: bool) -> None:
    @solver(
        function,
        functions={"A": _argument},
        free="x0 rtol atol maxiter restart callback_type",
        moves="b",
        passed=None,
    )
    def gives(asked: Asked) -> Parts:
        if asked.given("M") or asked.given("M1") or asked.given("M2") or asked.types["b"].rank != 1:
            raise UnsupportedCall(
                "an iteration with a linear operator and M, or several right-hand sides", "leave M out"
            )
        known = {"solve": function, "symmetric": symmetric}
        x = Result(vector(asked.types["b"]), iterated_moved, iterated_pulled, known=known)
        return Parts(tuple, {0: x, 1: COUNT})


for _name in ("cg", "minres"):
    _iteration(getattr(linalg, _name), True)
for _name in ("gmres", "bicgstab", "cgs", "lgmres"):
    _iteration(getattr(linalg, _name), False)
