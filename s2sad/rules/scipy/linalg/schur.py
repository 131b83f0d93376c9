"""The Schur form A = Z T Z', where it is triangular: that of complex matrices, and of real ones with real eigenvalues.

Z moves by Z W with a skew W, and T by T_dot = P + T W - W T, where P = Z' A_dot Z. That T stays triangular says what W
is below its diagonal, X: the equation of Sylvester's `T X - X T = -P`, of which only that part is asked, is solved from
its last row on, from the left (as in D. Kressner, Numerical Methods for General and Structured Eigenvalue Problems
(2005), section 1.2). The factors of modulus 1 of complex columns are held.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from scipy import linalg

from s2sad.errors import UnsupportedType
from s2sad.ir.builder import call
from s2sad.ir.primitive import Sample
from s2sad.ir.types import Type, array, tuple_type
from s2sad.rules.contributions import conjugated, fit
from s2sad.rules.domains import REAL
from s2sad.rules.families import rule
from s2sad.rules.numpy.contractions import transposed
from s2sad.rules.numpy.linalg import adjointed, matrix
from s2sad.rules.promotion import array_types, result_dtype


def below_commutator(t: Any, p: Any) -> Any:
    """The X below the diagonal, for which `t @ X - X @ t` is p below its diagonal; t is triangular."""
    if np.any(np.tril(t, -1)):
        raise ValueError('a real Schur form with blocks of two has no derivative here: pass output="complex"')
    x = np.zeros(p.shape, np.result_type(t, p))
    for i in range(len(t) - 1, 0, -1):
        for j in range(i):
            known = x[i, :j] @ t[:j, j] - t[i, i + 1 :] @ x[i + 1 :, j]
            x[i, j] = (p[i, j] + known) / (t[i, i] - t[j, j])
    return x


def below_commutator_back(t: Any, p: Any) -> Any:
    """The Y below the diagonal, for which `t.T @ Y - Y @ t.T` is p below its diagonal; t is triangular."""
    if np.any(np.tril(t, -1)):
        raise ValueError('a real Schur form with blocks of two has no derivative here: pass output="complex"')
    y = np.zeros(p.shape, np.result_type(t, p))
    for i in range(1, len(t)):
        for j in range(i - 1, -1, -1):
            known = y[i, j + 1 : i] @ t[j, j + 1 : i] - t[j + 1 : i, i] @ y[j + 1 : i, j]
            y[i, j] = (p[i, j] + known) / (t[i, i] - t[j, j])
    return y


def _below_type(t: Type, p: Type, /) -> Type:
    a, b = array_types("below_commutator", [t, p])
    return array(result_dtype([a, b], "float"), b.shape)


def _x(t: Any, p: Any) -> Any:
    return call(below_commutator, t, p)


def _y(t: Any, p: Any) -> Any:
    return call(below_commutator_back, t, p)


def _plus(x: Any, y: Any) -> Any:
    return y if x is None else x + y


def _x_tangent(x: Any, xs: Any, dots: Any) -> Any:
    moved = dots[1]
    if dots[0] is not None:
        t_dot = np.triu(dots[0])
        moved = _plus(moved, x @ t_dot - t_dot @ x)
    return _x(xs[0], moved)


def _x_adjoint(g: Any, x: Any, xs: Any, active: Any) -> Any:
    y = _y(xs[0], g)
    t_bar = np.triu(transposed(x) @ y - y @ transposed(x)) if active[0] else None
    return None if t_bar is None else fit(t_bar, xs[0]), fit(y, xs[1]) if active[1] else None


def _y_tangent(y: Any, xs: Any, dots: Any) -> Any:
    moved = dots[1]
    if dots[0] is not None:
        t_dot = transposed(np.triu(dots[0]))
        moved = _plus(moved, y @ t_dot - t_dot @ y)
    return _y(xs[0], moved)


def _y_adjoint(g: Any, y: Any, xs: Any, active: Any) -> Any:
    x = _x(xs[0], g)
    t_bar = np.triu(transposed(x) @ y - y @ transposed(x)) if active[0] else None
    return None if t_bar is None else fit(t_bar, xs[0]), fit(x, xs[1]) if active[1] else None


def _samples(rng: np.random.Generator) -> list[Sample]:
    t = np.triu(REAL(rng, (3, 3)), 1) + np.diag([1.0, 3.0, 6.0])
    p = REAL(rng, (3, 3))
    return [Sample((t, p)), Sample((t * (1.0 + 0.3j), p - 0.5j))]


rule(below_commutator, _below_type, tangent=_x_tangent, adjoint=_x_adjoint, helper=True, samples=_samples)
rule(below_commutator_back, _below_type, tangent=_y_tangent, adjoint=_y_adjoint, helper=True, samples=_samples)


def _schur_type(
    a: Type,
    /,
    output: str = "real",
    lwork: int | None = None,
    overwrite_a: bool = False,
    sort: None = None,
    check_finite: bool = True,
) -> Type:
    if sort is not None:
        raise UnsupportedType("scipy.linalg.schur with sort", "leave it out")
    _, dtype, shape = matrix("scipy.linalg.schur", a)
    if output in ("complex", "c") and dtype is not None:
        dtype = np.result_type(dtype, np.complex64)
    return tuple_type(array(dtype, shape), array(dtype, shape))


def _schur_tangent(y: Any, xs: Any, dots: Any, **_: Any) -> Any:
    t, z = y
    p = adjointed(z) @ dots[0] @ z
    x = -_x(t, p)
    turn = x - adjointed(x)
    return np.triu(p + t @ turn - turn @ t), z @ turn


def _schur_adjoint(g: Any, y: Any, xs: Any, active: Any, **_: Any) -> Any:
    t, z = y
    inner = turned = None
    if g[0] is not None:
        inner = np.triu(conjugated(g[0]))
        turned = adjointed(t) @ inner - inner @ adjointed(t)
    if g[1] is not None:
        turned = _plus(turned, adjointed(z) @ conjugated(g[1]))
    if turned is None:
        return (None,)
    below = _y(conjugated(t), turned - adjointed(turned))
    inner = -below if inner is None else inner - below
    return (fit(conjugated(z @ inner @ adjointed(z)), xs[0]),)


rule(
    linalg.schur,
    _schur_type,
    tangent=_schur_tangent,
    adjoint=_schur_adjoint,
    samples=lambda rng: [Sample((np.diag([1.0, 3.0, 6.0]) + 0.3 * REAL(rng, (3, 3)),))],
)
