"""Equations for matrices: Sylvester's, Lyapunov's, Riccati's.

T.-C. Kao & G. Hennequin, Automatic differentiation of Sylvester, Lyapunov, and algebraic Riccati equations (2020). The
derivative of a solution solves a linear equation of the same kind, its adjoint the one with the matrices transposed; of
an equation of Riccati's that is one of Lyapunov's, with the matrix of the closed loop.

Cotangents are the conjugates of those in the inner product, as in the rules of the factorisations. SciPy takes the
symmetric matrices of an equation of Riccati's as they are, and refuses others: their adjoints are symmetric.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from scipy import linalg

from s2sad.errors import UnsupportedType
from s2sad.ir.builder import call
from s2sad.ir.primitive import Sample
from s2sad.ir.types import Type, array
from s2sad.rules.contributions import cast, conjugated, fit, type_in
from s2sad.rules.domains import REAL
from s2sad.rules.families import rule
from s2sad.rules.literature import KAO_HENNEQUIN
from s2sad.rules.numpy.contractions import transposed
from s2sad.rules.numpy.linalg import adjointed, positive
from s2sad.rules.promotion import array_types, result_dtype


def _plus(x: Any, y: Any) -> Any:
    return y if x is None else x + y


def _minus(x: Any, y: Any) -> Any:
    return -y if x is None else x - y


def _equation_type(name: str, *types: Type, double: bool = False) -> Type:
    """The solution has the shape of the last operand."""
    given = array_types(name, types)
    dtype = result_dtype(given, "float")
    return array(np.result_type(dtype, np.float64) if double and dtype is not None else dtype, given[-1].shape)


# Sylvester's


def _sylvester_type(a: Type, b: Type, q: Type, /) -> Type:
    return _equation_type("scipy.linalg.solve_sylvester", a, b, q)


def _sylvester_tangent(y: Any, xs: Any, dots: Any) -> Any:
    right = dots[2]
    for moved in (None if dots[0] is None else dots[0] @ y, None if dots[1] is None else y @ dots[1]):
        if moved is not None:
            right = -moved if right is None else right - moved
    return call(linalg.solve_sylvester, xs[0], xs[1], right)


def _sylvester_adjoint(g: Any, y: Any, xs: Any, active: Any) -> Any:
    # A Y + Y B = Q, whose adjoint is A' Q_bar + Q_bar B' = Y_bar.
    q_bar = call(linalg.solve_sylvester, transposed(xs[0]), transposed(xs[1]), g)
    return (
        fit(-(q_bar @ transposed(y)), xs[0]) if active[0] else None,
        fit(-(transposed(y) @ q_bar), xs[1]) if active[1] else None,
        fit(q_bar, xs[2]) if active[2] else None,
    )


rule(
    linalg.solve_sylvester,
    _sylvester_type,
    tangent=_sylvester_tangent,
    adjoint=_sylvester_adjoint,
    samples=lambda rng: [Sample((positive(rng, 3, 3), positive(rng, 2, 2), REAL(rng, (3, 2))))],
    source=KAO_HENNEQUIN,
)


# Lyapunov's


def _continuous_type(a: Type, q: Type, /) -> Type:
    return _equation_type("scipy.linalg.solve_continuous_lyapunov", a, q)


def _continuous_tangent(y: Any, xs: Any, dots: Any) -> Any:
    # A Y + Y A' = Q, so A Y_dot + Y_dot A' = Q_dot - A_dot Y - Y A_dot'.
    right = dots[1]
    if dots[0] is not None:
        right = _minus(right, dots[0] @ y) - y @ adjointed(dots[0])
    return call(linalg.solve_continuous_lyapunov, xs[0], right)


def _continuous_adjoint(g: Any, y: Any, xs: Any, active: Any) -> Any:
    bar = call(linalg.solve_continuous_lyapunov, adjointed(xs[0]), conjugated(g))
    a_bar = -(bar @ adjointed(y) + adjointed(bar) @ y) if active[0] else None
    return (
        None if a_bar is None else fit(conjugated(a_bar), xs[0]),
        fit(conjugated(bar), xs[1]) if active[1] else None,
    )


rule(
    linalg.solve_continuous_lyapunov,
    _continuous_type,
    tangent=_continuous_tangent,
    adjoint=_continuous_adjoint,
    aliases=[linalg.solve_lyapunov] if linalg.solve_lyapunov is not linalg.solve_continuous_lyapunov else [],
    samples=lambda rng: [Sample((positive(rng, 3, 3), REAL(rng, (3, 3))))],
    source=KAO_HENNEQUIN,
)


def _discrete_type(a: Type, q: Type, /, method: str | None = None) -> Type:
    return _equation_type("scipy.linalg.solve_discrete_lyapunov", a, q, double=True)


def _discrete_tangent(y: Any, xs: Any, dots: Any, **method: Any) -> Any:
    # A Y A' - Y + Q = 0.
    a, right = xs[0], dots[1]
    if dots[0] is not None:
        right = _plus(right, dots[0] @ y @ adjointed(a)) + a @ y @ adjointed(dots[0])
    return call(linalg.solve_discrete_lyapunov, a, right, **method)


def _discrete_adjoint(g: Any, y: Any, xs: Any, active: Any, **method: Any) -> Any:
    a = xs[0]
    bar = call(linalg.solve_discrete_lyapunov, adjointed(a), conjugated(g), **method)
    a_bar = bar @ a @ adjointed(y) + adjointed(bar) @ a @ y if active[0] else None
    return (
        None if a_bar is None else fit(conjugated(a_bar), a),
        fit(conjugated(bar), xs[1]) if active[1] else None,
    )


rule(
    linalg.solve_discrete_lyapunov,
    _discrete_type,
    tangent=_discrete_tangent,
    adjoint=_discrete_adjoint,
    samples=lambda rng: [
        Sample((0.1 * positive(rng, 3, 3), REAL(rng, (3, 3))), row) for row in ({}, {"method": "bilinear"})
    ],
    source=KAO_HENNEQUIN,
)


# Riccati's


def _riccati_type(name: str) -> Callable[..., Type]:
    def type_rule(a: Type, b: Type, q: Type, r: Type, e: Any = None, s: Any = None, /, balanced: bool = True) -> Type:
        if any(x is not None and x.is_numeric for x in (e, s)):
            raise UnsupportedType(f"{name} with e or s", "write the equation without: with inv(e) @ a, a - b inv(r) s'")
        solution = _equation_type(name, r, b, a, q, double=True)
        return array(solution.dtype, q.shape)

    return type_rule


def _symmetric(x: Any) -> Any:
    return 0.5 * (x + adjointed(x))


def _continuous_loop(y: Any, xs: Any) -> tuple[Any, Any]:
    """The gain of the solution, K = inv(R) B' Y, and the matrix of the closed loop, A - B K."""
    a, b, _, r = xs
    gain = np.linalg.solve(r, adjointed(b) @ y)
    return gain, a - b @ gain


def _discrete_loop(y: Any, xs: Any) -> tuple[Any, Any]:
    """The gain of the solution, K = inv(R + B' Y B) B' Y A, and the matrix of the closed loop, A - B K."""
    a, b, _, r = xs
    weighed = adjointed(b) @ y
    gain = np.linalg.solve(r + weighed @ b, weighed @ a)
    return gain, a - b @ gain


def _right(beside: Any, gain: Any, dots: Any) -> Any:
    """How much the equation moves where the solution does not; `beside` is Y, or Y times the closed loop."""
    a_dot, b_dot, q_dot, r_dot = dots
    loop = a_dot
    if b_dot is not None:
        loop = _minus(loop, b_dot @ gain)
    total = None
    if loop is not None:
        total = adjointed(beside) @ loop
        total = total + adjointed(total)
    if q_dot is not None:
        total = _plus(total, q_dot)
    if r_dot is not None:
        total = _plus(total, adjointed(gain) @ r_dot @ gain)
    return total


def _riccati_bars(bar: Any, beside: Any, gain: Any, active: Any, xs: Any) -> Any:
    """The contributions, of the symmetric adjoint of the equation."""
    a_bar = 2.0 * (beside @ bar)
    parts: tuple[Callable[[], Any], ...] = (
        lambda: a_bar,
        lambda: -(a_bar @ adjointed(gain)),
        lambda: bar,
        lambda: gain @ bar @ adjointed(gain),
    )
    return tuple(
        cast(conjugated(part()), type_in(x)) if moves else None
        for part, moves, x in zip(parts, active, xs, strict=True)
    )


def _continuous_are_tangent(y: Any, xs: Any, dots: Any, **_: Any) -> Any:
    gain, loop = _continuous_loop(y, xs)
    return call(linalg.solve_continuous_lyapunov, adjointed(loop), -_right(y, gain, dots))


def _continuous_are_adjoint(g: Any, y: Any, xs: Any, active: Any, **_: Any) -> Any:
    gain, loop = _continuous_loop(y, xs)
    bar = call(linalg.solve_continuous_lyapunov, loop, -_symmetric(conjugated(g)))
    return _riccati_bars(bar, y, gain, active, xs)


def _discrete_are_tangent(y: Any, xs: Any, dots: Any, **_: Any) -> Any:
    gain, loop = _discrete_loop(y, xs)
    return call(linalg.solve_discrete_lyapunov, adjointed(loop), _right(y @ loop, gain, dots))


def _discrete_are_adjoint(g: Any, y: Any, xs: Any, active: Any, **_: Any) -> Any:
    gain, loop = _discrete_loop(y, xs)
    bar = call(linalg.solve_discrete_lyapunov, loop, _symmetric(conjugated(g)))
    return _riccati_bars(bar, y @ loop, gain, active, xs)


def _riccati_samples(rng: np.random.Generator) -> list[Sample]:
    return [Sample((REAL(rng, (3, 3)), REAL(rng, (3, 2)), positive(rng, 3, 3), positive(rng, 2, 2)))]


rule(
    linalg.solve_continuous_are,
    _riccati_type("scipy.linalg.solve_continuous_are"),
    tangent=_continuous_are_tangent,
    adjoint=_continuous_are_adjoint,
    samples=_riccati_samples,
    source=KAO_HENNEQUIN,
)
rule(
    linalg.solve_discrete_are,
    _riccati_type("scipy.linalg.solve_discrete_are"),
    tangent=_discrete_are_tangent,
    adjoint=_discrete_are_adjoint,
    samples=_riccati_samples,
    source=KAO_HENNEQUIN,
)
