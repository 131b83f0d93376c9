"""Factorisations with their full derivatives: Cholesky, eigenvalues, QR.

M. B. Giles, Collected matrix derivative results for forward and reverse mode AD (2008): eigh, cholesky. S. F. Walter
& L. Lehmann, Algorithmic differentiation of linear algebra functions (2018): qr. The matrices may have leading batch
axes.

Of a symmetric matrix one triangle is read, and the derivative is that of what is computed: by that triangle, whose
elements stand for those of the other one too; by the other one it is 0. Where singular or eigen values coincide, up to
rounding, the derivatives of the vectors are not defined; as in JAX the differences in the denominators are then taken
as infinite; products that are functions of the matrix have rules of their own (`matrix_functions`). The vectors of a
complex matrix are defined up to a factor of modulus 1; what depends on that factor has no derivative, and as in JAX the
factors of the right vectors are held.

Cotangents are those of JAX's convention: the conjugates of those of the inner product of complex numbers, in which the
adjoints of the factorisations are written.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from s2sad.errors import UnsupportedType
from s2sad.ir.builder import call, shape_of
from s2sad.ir.call_lengths import at_least, equal
from s2sad.ir.definition import define
from s2sad.ir.primitive import NotByRule, Sample
from s2sad.ir.primitives.refusals import without_tangent
from s2sad.ir.types import ArrayType, ContainerType, Type, array
from s2sad.rules.contributions import conjugated, real_part, type_in
from s2sad.rules.families import rule
from s2sad.rules.literature import GILES, WALTER_LEHMANN
from s2sad.rules.numpy.linalg import (
    adjointed,
    class_of,
    is_complex,
    matrix,
    positive,
    positive_samples,
    real_dtype,
    regular,
)
from s2sad.rules.numpy.shaping import _least, known_rank


def reciprocal_gaps(w: Any) -> Any:
    """1 / (w[j] - w[i]) at i and j; 0 where they are equal up to rounding."""
    gaps = np.expand_dims(w, -2) - np.expand_dims(w, -1)
    size = np.expand_dims(np.maximum(np.abs(w[..., :1]), np.abs(w[..., -1:])), -1)
    equal = np.abs(gaps) <= 4.0 * gaps.shape[-1] * np.finfo(gaps.dtype).eps * size
    return np.where(equal, 0.0, 1.0 / np.where(equal, 1.0, gaps)).astype(gaps.dtype)


def _gaps_type(w: Type, /) -> Type:
    assert isinstance(w, ArrayType)
    return array(w.dtype, None if w.shape is None else (*w.shape, w.shape[-1]))


def _gaps_adjoint(g: Any, y: Any, xs: Any, active: Any) -> tuple[Any, ...]:
    moved = g * y * y
    return (np.sum(moved, axis=-1) - np.sum(moved, axis=-2),)


rule(
    reciprocal_gaps,
    _gaps_type,
    tangent=lambda y, xs, dots: y * y * (np.expand_dims(dots[0], -1) - np.expand_dims(dots[0], -2)),
    adjoint=_gaps_adjoint,
    helper=True,
    samples=lambda rng: [
        Sample((np.array([0.5, 1.5, 2.0]),)),
        Sample((np.array([[0.5, 1.5], [-2.0, 2.0]]),)),
    ],
)


def gaps_of(w: Any) -> Any:
    return call(reciprocal_gaps, w)


def diagonal_part(x: Any) -> Any:
    """The diagonal as a matrix."""
    return np.tril(np.triu(x))


# Shapes


def is_square(x: Any) -> bool:
    shape = type_in(x).shape
    return shape is not None and shape[-2] == shape[-1]


def is_tall(x: Any) -> bool:
    """Whether a matrix is known to have no more columns than rows."""
    shape = type_in(x).shape
    return shape is not None and at_least(shape[-2], shape[-1])


def is_wide(x: Any) -> bool:
    """Whether a matrix is known to have no more rows than columns."""
    shape = type_in(x).shape
    return shape is not None and at_least(shape[-1], shape[-2])


# One triangle


def _half(x: Any, lower: bool = True) -> Any:
    """A triangle with the diagonal halved: Giles's Phi."""
    return (np.tril(x) if lower else np.triu(x)) - 0.5 * diagonal_part(x)


def mirrored(x: Any, lower: bool = True) -> Any:
    """The symmetric matrix of which one triangle is that of `x`."""
    half = _half(x, lower)
    return half + adjointed(half)


def folded(x: Any, lower: bool = True) -> Any:
    """The adjoint of the triangle that is read: its elements stand for those of the other one too."""
    return _half(x + adjointed(x), lower)


# Cholesky


def _cholesky_type(a: Type, /) -> Type:
    _, dtype, shape = matrix("np.linalg.cholesky", a)
    return array(dtype, shape)


def _cholesky_tangent(y: Any, xs: Any, dots: Any) -> Any:
    # L_dot = L Phi(inv(L) A_dot inv(L)') (Giles).
    inverse = np.linalg.inv(y)
    return y @ _half(inverse @ mirrored(dots[0]) @ adjointed(inverse))


def _cholesky_adjoint(g: Any, y: Any, xs: Any, active: Any) -> Any:
    inverse = np.linalg.inv(y)
    # A_bar = inv(L)' Phi(L' L_bar) inv(L), symmetrised, and so folded: half of it stands for each triangle.
    bar = adjointed(inverse) @ _half(adjointed(y) @ conjugated(g)) @ inverse
    return (conjugated(folded(bar)),)


rule(
    np.linalg.cholesky,
    _cholesky_type,
    tangent=_cholesky_tangent,
    adjoint=_cholesky_adjoint,
    samples=positive_samples,
    source=GILES,
)


# Eigenvalues


def eigh_type(a: Type, /, UPLO: str = "L") -> Type:
    _, dtype, shape = matrix("np.linalg.eigh", a)
    values, vectors = array(real_dtype(dtype), None if shape is None else shape[:-1]), array(dtype, shape)
    return ContainerType(class_of(np.linalg.eigh, np.eye(1)), (0, 1), (values, vectors))


def eigh_tangent(y: Any, xs: Any, dots: Any, UPLO: str = "L") -> Any:
    w, v = y
    a_dot = mirrored(dots[0], is_lower(UPLO))
    # w_dot = diag(V' A_dot V), V_dot = V (F * V' A_dot V) (Giles).
    return (
        np.sum(conjugated(v) * (a_dot @ v), axis=-2),
        v @ (gaps_of(w) * (adjointed(v) @ a_dot @ v)),
    )


def is_lower(UPLO: str = "L") -> bool:
    return UPLO.upper() == "L"


def eigh_adjoint(g: Any, y: Any, xs: Any, active: Any, UPLO: str = "L") -> Any:
    w, v = y
    total = None
    if g[0] is not None:
        total = (v * np.expand_dims(g[0], -2)) @ adjointed(v)
    if g[1] is not None:
        turned = v @ (gaps_of(w) * (adjointed(v) @ conjugated(g[1]))) @ adjointed(v)
        total = turned if total is None else total + turned
    return (None if total is None else conjugated(folded(total, is_lower(UPLO))),)


rule(
    np.linalg.eigh,
    eigh_type,
    tangent=eigh_tangent,
    adjoint=eigh_adjoint,
    diagonalised=is_lower,
    samples=lambda rng: [*positive_samples(rng), *(Sample((positive(rng, 3, 3),), {"UPLO": u}) for u in "Uul")],
    source=GILES,
)


# QR


def qr_type(a: Type, /, mode: str = "reduced") -> Type:
    _, dtype, shape = matrix("np.linalg.qr", a)
    if mode == "r":
        raise NotByRule("np.linalg.qr of which r alone is wanted")
    if mode not in ("reduced", "complete"):
        raise UnsupportedType(f"np.linalg.qr with mode {mode!r}", "use the reduced factorisation")
    if shape is None:
        q = r = array(dtype, None)
    else:
        m, n = shape[-2:]
        if mode == "complete" and not equal(m, n):
            at_least(n, m)  # then there is nothing to complete, and the call says so
        k = m if mode == "complete" else _least(m, n)
        q, r = array(dtype, (*shape[:-2], m, k)), array(dtype, (*shape[:-2], k, n))
    return ContainerType(class_of(np.linalg.qr, np.eye(1)), (0, 1), (q, r))


def _square(a: Any, r: Any) -> tuple[Any, Any]:
    """The columns of `a` and `r` that the factorisation is made of: all but those beyond the number of rows."""
    if is_tall(a):
        return a, r
    k = _rows(r)
    return a[..., :k], r[..., :k]


COMPLETE = ("the derivative of the complete q of a matrix that is not square", "use the reduced factorisation")
"""Its columns beyond those of the reduced one are any basis of what is left: they have no derivative."""


def qr_tangent(y: Any, xs: Any, dots: Any, mode: str = "reduced") -> Any:
    """The diagonal of `r` is real: LAPACK makes it so."""
    if mode == "complete" and not is_wide(xs[0]):
        reduced = np.linalg.qr(xs[0])
        _, r_dot = qr_tangent(reduced, xs, dots)
        below = np.zeros_like(y[1][..., _rows(reduced[1]) :, :])
        return without_tangent(y[0], *COMPLETE), call(np.concatenate, [r_dot, below], axis=-2)
    q, r = y
    a_dot, square = _square(dots[0], r)
    right = a_dot @ np.linalg.inv(square)
    inner = adjointed(q) @ right
    lower = np.tril(inner) - diagonal_part(inner)
    turn = lower - adjointed(lower)
    if is_complex(inner):
        turn = turn + 1j * np.imag(diagonal_part(inner))
    q_dot = q @ turn + right - q @ inner
    if is_tall(xs[0]):
        return (q_dot, (inner - turn) @ r)
    return (q_dot, adjointed(q) @ (dots[0] - q_dot @ r))


def _rows(r: Any) -> Any:
    return shape_of(r)[known_rank(r, "np.linalg.qr") - 2]


def qr_adjoint(g: Any, y: Any, xs: Any, active: Any, mode: str = "reduced") -> Any:
    if mode == "complete" and not is_wide(xs[0]):
        if g[0] is not None:
            raise UnsupportedType(*COMPLETE)
        reduced = np.linalg.qr(xs[0])
        return qr_adjoint((None, g[1][..., : _rows(reduced[1]), :]), reduced, xs, active)
    q, r = y
    q_bar = np.zeros_like(q) if g[0] is None else conjugated(g[0])
    r_bar = np.zeros_like(r) if g[1] is None else conjugated(g[1])
    # Walter & Lehmann (2018): A_bar = (Q_bar + Q copyltu(M)) inv(R)', M = R R_bar' - Q_bar' Q, where copyltu(M) is the
    # lower triangle of M and its mirror image.
    if is_tall(xs[0]):
        m = r @ adjointed(r_bar) - adjointed(q_bar) @ q
        return (conjugated((q_bar + q @ _copied(m)) @ adjointed(np.linalg.inv(r))),)
    # Of a wide matrix A = (A1, A2) the columns A1 = Q R1 are factorised, and R2 = Q' A2: so A2_bar = Q R2_bar, and
    # Q_bar has A2 R2_bar' more.
    k = _rows(r)
    square, rest, rest_bar = r[..., :k], r[..., k:], r_bar[..., k:]
    q_bar = q_bar + q @ (rest @ adjointed(rest_bar))
    m = square @ adjointed(r_bar[..., :k]) - adjointed(q_bar) @ q
    left = (q_bar + q @ _copied(m)) @ adjointed(np.linalg.inv(square))
    return (conjugated(call(np.concatenate, [left, q @ rest_bar], axis=-1)),)


def _triangle_of_qr(a: Any, mode: str = "reduced") -> Any:
    found = np.linalg.qr(a)
    return found[1] if mode == "r" else found


def _copied(m: Any) -> Any:
    lower = np.tril(m)
    return lower + adjointed(lower) - real_part(diagonal_part(m))


rule(
    np.linalg.qr,
    qr_type,
    tangent=qr_tangent,
    adjoint=qr_adjoint,
    samples=lambda rng: [
        *(Sample((regular(rng, *shape),)) for shape in [(3, 3), (4, 2), (2, 3, 3), (2, 4), (2, 2, 3), (1, 3)]),
        Sample((regular(rng, 2, 3) + 1j * regular(rng, 2, 3),)),
        Sample((regular(rng, 3, 3), "complete")),
    ],
    source=WALTER_LEHMANN,
)
define(np.linalg.qr, _triangle_of_qr, lambda rng: [Sample((regular(rng, *s), "r")) for s in [(3, 3), (4, 2), (2, 4)]])
