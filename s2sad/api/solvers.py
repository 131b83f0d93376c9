"""Solvers of your own: functions whose derivative is that of the equation that they solve. JAX's names and meanings."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any


def custom_root(
    f: Callable[..., Any],
    initial_guess: Any,
    solve: Callable[..., Any],
    tangent_solve: Callable[..., Any],
    has_aux: bool = False,
) -> Any:
    """A root of `f`, found by `solve`, whose derivative is that of the equation f(x) = 0.

    Args:
        f: a function of a number or array, or of a tuple, list or dict of these, that gives one of the same shape; it
            may read what is differentiated by.
        initial_guess: where to start; the root does not move with it.
        solve: `solve(f, initial_guess)` gives the root; it is not differentiated.
        tangent_solve: `tangent_solve(g, y)` gives the x with g(x) = y, for a linear function g. For numbers that is
            `lambda g, y: y / g(1.0)`, for vectors `lambda g, y: np.linalg.solve(s2sad.jacfwd(g)(y), y)`.
        has_aux: whether `solve` gives a pair: the root, and something else, which has no derivative.

    Returns:
        What `solve` gives.

    Raises:
        UnsupportedCall: a function is given that does more than compute.

    >>> import s2sad
    >>> def cube_root(a):
    ...     step = lambda f, x: x - f(x) / s2sad.grad(f)(x)
    ...     return s2sad.custom_root(lambda x: x**3 - a, 2.0, step, lambda g, y: y / g(1.0))
    >>> round(cube_root(8.0), 6), round(s2sad.grad(cube_root)(8.0), 6)
    (2.0, 0.083333)

    Griewank & Walther (2008), chapter 15.
    """
    return solve(f, initial_guess)


def custom_linear_solve(
    matvec: Callable[..., Any],
    b: Any,
    solve: Callable[..., Any],
    transpose_solve: Callable[..., Any] | None = None,
    symmetric: bool = False,
    has_aux: bool = False,
) -> Any:
    """The x with matvec(x) = b, found by `solve`, whose derivative is that of this equation.

    Args:
        matvec: a linear function of a vector, which may be a tuple, list or dict of arrays; it may read what is
            differentiated by.
        b: the right-hand side.
        solve: `solve(matvec, b)` gives x; it is not differentiated.
        transpose_solve: `transpose_solve(vecmat, b)` solves with the transposed function: reverse mode calls it.
        symmetric: whether `matvec` is its own transpose: `solve` then serves both modes.
        has_aux: whether the two give pairs: the x, and something else, which has no derivative.

    Returns:
        What `solve` gives.

    Raises:
        UnsupportedCall: a function is given that does more than compute.

    >>> import numpy as np
    >>> import s2sad
    >>> def solution(a):
    ...     A = np.array([[2.0, a], [a, 3.0]])
    ...     solve = lambda matvec, b: np.linalg.solve(s2sad.jacfwd(matvec)(b), b)
    ...     return s2sad.custom_linear_solve(lambda x: A @ x, np.ones(2), solve, symmetric=True)[0]
    >>> round(float(s2sad.grad(solution)(1.0)), 6)
    -0.04
    """
    return solve(matvec, b)
