"""Singular values and vectors.

M. B. Giles, Collected matrix derivative results for forward and reverse mode AD (2008). Z.-Q. Wan & S.-X. Zhang,
Automatic differentiation for complex valued SVD (2019). Of the vectors beyond those of the singular values one alone is
what it is up to its sign: it moves as the null space of the matrix does (G. H. Golub & V. Pereyra, The differentiation
of pseudo-inverses and nonlinear least squares problems whose variables separate, 1973).

What is said of equal eigenvalues and of complex vectors in `factorisations` holds of singular values too.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from s2sad.errors import UnsupportedType
from s2sad.ir.builder import call, shape_of
from s2sad.ir.call_lengths import at_least, equal
from s2sad.ir.dims import Dim, dim_sum
from s2sad.ir.primitive import Sample
from s2sad.ir.primitives.refusals import without_tangent
from s2sad.ir.types import ContainerType, Type, array
from s2sad.rules.contributions import conjugated, type_in
from s2sad.rules.families import rule
from s2sad.rules.literature import GILES, WAN_ZHANG
from s2sad.rules.numpy.contractions import transposed
from s2sad.rules.numpy.factorisations import diagonal_part, gaps_of, is_square, is_tall, is_wide
from s2sad.rules.numpy.linalg import adjointed, class_of, is_complex, matrix, real_dtype, regular
from s2sad.rules.numpy.shaping import _least, known_rank


def _safe_reciprocal(x: Any) -> Any:
    # The inner selection keeps the division away from 0 on the side that is not taken: else its derivative would be
    # nan.
    return np.where(x == 0, 0.0, 1.0 / np.where(x == 0, 1.0, x))


def svd_type(a: Type, /, full_matrices: bool = True, compute_uv: bool = True) -> Type:
    _, dtype, shape = matrix("np.linalg.svd", a)
    if shape is None:
        values, left, right = (array(d, None) for d in (real_dtype(dtype), dtype, dtype))
    else:
        batch, m, n = shape[:-2], shape[-2], shape[-1]
        if full_matrices and compute_uv:
            _ask(m, n)
        k = _least(m, n)
        values = array(real_dtype(dtype), (*batch, k))
        left = array(dtype, (*batch, m, m if full_matrices else k))
        right = array(dtype, (*batch, n if full_matrices else k, n))
    if not compute_uv:
        return values
    return ContainerType(class_of(np.linalg.svd, np.eye(1)), (0, 1, 2), (left, values, right))


FULL = ("the derivative of the vectors of a full svd", "call np.linalg.svd(x, full_matrices=False)")
"""Several beyond those of the singular values are any basis of what is left: they have no derivative."""


def _ask(m: Dim, n: Dim) -> None:
    """Have the call say which vectors are beyond those of the singular values: none, one, or several on which side."""
    if equal(m, n):
        return
    less, more = (n, m) if at_least(m, n) else (m, n)
    if at_least(more, less) and at_least(dim_sum(less, 1), more):
        at_least(more, dim_sum(less, 1))


def _is_one_more(more: Dim, less: Dim) -> bool:
    next_one = dim_sum(less, 1)
    return at_least(more, next_one) and at_least(next_one, more)


def _whole_tangent(y: Any, xs: Any, dots: Any) -> Any:
    """Of all vectors of a matrix that is not square."""
    (u, s, vh), a_dot = y, dots[0]
    tall, wide = is_tall(xs[0]), is_wide(xs[0])
    if not tall and not wide:
        s_dot = svd_tangent(s, xs, dots, compute_uv=False)
        return without_tangent(u, *FULL), s_dot, without_tangent(vh, *FULL)
    if tall and wide:
        return svd_tangent(y, xs, dots, full_matrices=False)
    k = shape_of(s)[known_rank(s, "np.linalg.svd") - 1]
    m, n = type_in(xs[0]).shape[-2:]
    # One vector beyond those moves along them alone: as what is orthogonal to the rows, or columns, of a matrix.
    if tall:
        first, beyond = u[..., :k], u[..., k:]
        u_dot, s_dot, vh_dot = svd_tangent((first, s, vh), xs, dots, full_matrices=False)
        if not _is_one_more(m, n):
            return without_tangent(u, *FULL), s_dot, vh_dot
        column = -((first / np.expand_dims(s, -2)) @ (vh @ (adjointed(a_dot) @ beyond)))
        return call(np.concatenate, [u_dot, column], axis=-1), s_dot, vh_dot
    first, beyond = vh[..., :k, :], vh[..., k:, :]
    u_dot, s_dot, vh_dot = svd_tangent((u, s, first), xs, dots, full_matrices=False)
    if not _is_one_more(n, m):
        return u_dot, s_dot, without_tangent(vh, *FULL)
    row = -((beyond @ adjointed(a_dot) @ u / np.expand_dims(s, -2)) @ first)
    return u_dot, s_dot, call(np.concatenate, [vh_dot, row], axis=-2)


def _whole_adjoint(g: Any, y: Any, xs: Any, active: Any) -> Any:
    """Of all vectors of a matrix that is not square."""
    u, s, vh = y
    if g[0] is None and g[2] is None:
        return svd_adjoint(g[1], s, xs, active, compute_uv=False)
    tall, wide = is_tall(xs[0]), is_wide(xs[0])
    if not tall and not wide:
        raise UnsupportedType(*FULL)
    if tall and wide:
        return svd_adjoint(g, y, xs, active, full_matrices=False)
    k = shape_of(s)[known_rank(s, "np.linalg.svd") - 1]
    m, n = type_in(xs[0]).shape[-2:]
    if tall:
        first, beyond, parts = (u[..., :k], s, vh), u[..., k:], g[0]
        less = None if parts is None else parts[..., :k]
        (a_bar,) = svd_adjoint((less, g[1], g[2]), first, xs, active, full_matrices=False)
        if parts is None:
            return (a_bar,)
        if not _is_one_more(m, n):
            raise UnsupportedType(*FULL)
        row = adjointed(conjugated(parts[..., k:])) @ first[0] / np.expand_dims(s, -2)
        return (a_bar - conjugated(beyond @ (row @ vh)),)
    first, beyond, parts = (u, s, vh[..., :k, :]), vh[..., k:, :], g[2]
    less = None if parts is None else parts[..., :k, :]
    (a_bar,) = svd_adjoint((g[0], g[1], less), first, xs, active, full_matrices=False)
    if parts is None:
        return (a_bar,)
    if not _is_one_more(n, m):
        raise UnsupportedType(*FULL)
    column = first[2] @ adjointed(conjugated(parts[..., k:, :]))
    return (a_bar - conjugated(u / np.expand_dims(s, -2) @ column @ beyond),)


def svd_tangent(y: Any, xs: Any, dots: Any, full_matrices: bool = True, compute_uv: bool = True) -> Any:
    if not compute_uv:
        u, s, vh = np.linalg.svd(xs[0], full_matrices=False)
        return np.sum(conjugated(u) * (dots[0] @ adjointed(vh)), axis=-2)
    if full_matrices and not is_square(xs[0]):
        return _whole_tangent(y, xs, dots)
    u, s, vh = y
    v = adjointed(vh)
    inner = adjointed(u) @ dots[0] @ v
    s_dot = np.sum(conjugated(u) * (dots[0] @ v), axis=-2)
    # dP = U' A_dot V. Giles: U_dot = U (F * (dP S + S dP')) and V_dot = V (F * (S dP + dP' S)), plus what
    # lies outside the columns of a thin U or V. For complex matrices U also turns by the imaginary diagonal of dP.
    f = gaps_of(s * s)
    columns, rows = np.expand_dims(s, -2), np.expand_dims(s, -1)
    turn_u = f * (inner * columns + rows * adjointed(inner))
    turn_v = f * (rows * inner + adjointed(inner) * columns)
    if is_complex(inner):
        turn_u = turn_u + 1j * np.imag(diagonal_part(inner)) * _safe_reciprocal(columns)
    u_dot, v_dot = u @ turn_u, v @ turn_v
    if not is_wide(xs[0]):
        u_dot = u_dot + _outside(u, dots[0] @ (v / columns))
    if not is_tall(xs[0]):
        v_dot = v_dot + _outside(v, adjointed(dots[0]) @ (u / columns))
    return (u_dot, s_dot, adjointed(v_dot))


def _outside(u: Any, x: Any) -> Any:
    """The part of the columns of `x` outside the space of those of `u`."""
    return x - u @ (adjointed(u) @ x)


def svd_adjoint(g: Any, y: Any, xs: Any, active: Any, full_matrices: bool = True, compute_uv: bool = True) -> Any:
    if not compute_uv:
        u, s, vh = np.linalg.svd(xs[0], full_matrices=False)
        return (conjugated((u * np.expand_dims(g, -2)) @ vh),)
    if full_matrices and not is_square(xs[0]):
        return _whole_adjoint(g, y, xs, active)
    u, s, vh = y
    columns, rows = np.expand_dims(s, -2), np.expand_dims(s, -1)
    total = None if g[1] is None else (u * np.expand_dims(g[1], -2)) @ vh
    f = None if g[0] is None and g[2] is None else gaps_of(s * s)
    if g[0] is not None:
        u_bar = conjugated(g[0])
        met = adjointed(u) @ u_bar
        inner = f * met
        turned = (inner + adjointed(inner)) * columns
        if is_complex(met):
            turned = turned + 1j * np.imag(diagonal_part(met)) * _safe_reciprocal(columns)
        part = u @ turned @ vh
        if not is_wide(xs[0]):
            part = part + _outside(u, u_bar / columns) @ vh
        total = part if total is None else total + part
    if g[2] is not None:
        v, v_bar = adjointed(vh), transposed(g[2])
        inner = f * (adjointed(v) @ v_bar)
        part = u @ (rows * (inner + adjointed(inner))) @ vh
        if not is_tall(xs[0]):
            part = part + u @ adjointed(_outside(v, v_bar / columns))
        total = part if total is None else total + part
    return (None if total is None else conjugated(total),)


rule(
    np.linalg.svd,
    svd_type,
    tangent=svd_tangent,
    adjoint=svd_adjoint,
    samples=lambda rng: [
        Sample((regular(rng, 3, 3),)),
        Sample((regular(rng, 2, 3, 3),)),
        Sample((regular(rng, 3, 3),), {"full_matrices": False}),
        Sample((regular(rng, 4, 2),), {"full_matrices": False}),
        Sample((regular(rng, 2, 4),), {"full_matrices": False}),
        Sample((regular(rng, 3, 2),), {"compute_uv": False}),
        Sample((regular(rng, 2, 3, 2),), {"full_matrices": False}),
    ],
    source=f"{GILES}; {WAN_ZHANG}",
)
