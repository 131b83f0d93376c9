"""Linear algebra: solve, inv, det, norms, and the factorisations with their full derivatives.

M. B. Giles, Collected matrix derivative results for forward and reverse mode AD (2008): solve, inv, det, eigh, svd,
cholesky. S. F. Walter & L. Lehmann, Algorithmic differentiation of linear algebra functions (2018): qr. Z.-Q. Wan &
S.-X. Zhang, Automatic differentiation for complex valued SVD (2019). The matrices may have leading batch axes. Where
singular or eigen values coincide, the derivatives of the vectors are not defined; as in JAX the differences in the
denominators are then taken as infinite. The vectors of a complex matrix are defined up to a factor of modulus 1; what
depends on that factor has no derivative, and as in JAX the factors of the right vectors are held.

Cotangents are those of JAX's convention: the conjugates of those of the inner product of complex numbers, in which the
adjoints of the factorisations are written.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from s2sad.errors import UnsupportedType
from s2sad.ir.builder import rank_of
from s2sad.ir.dims import Shape, broadcast_shapes
from s2sad.ir.primitive import NotByRule, Sample
from s2sad.ir.types import ArrayType, ContainerType, Type, array
from s2sad.rules.contributions import conjugated, fit, real_part
from s2sad.rules.domains import REAL
from s2sad.rules.families import rule
from s2sad.rules.numpy.contractions import products_fit, transposed
from s2sad.rules.numpy.reductions import expanded, reduced_shape
from s2sad.rules.numpy.shaping import _least
from s2sad.rules.promotion import array_types, result_dtype
from s2sad.rules.python.arithmetic import sign


def _matrix(name: str, a: Type) -> tuple[ArrayType, Any, Shape | None]:
    """The operand, the dtype of the results, the shape."""
    (t,) = array_types(name, [a])
    if t.shape is not None and len(t.shape) < 2:
        raise ValueError(f"{name} needs a matrix, not an array of {len(t.shape)} dimensions")
    return t, result_dtype([t], "float"), t.shape


def regular(rng: np.random.Generator, *shape: int) -> Any:
    """A well-conditioned matrix, or a batch of them."""
    return REAL(rng, shape) + 3.0 * np.eye(shape[-2], shape[-1])


def positive(rng: np.random.Generator, *shape: int) -> Any:
    """A symmetric positive definite matrix."""
    a = REAL(rng, shape)
    return a @ np.swapaxes(a, -1, -2) + 2.0 * np.eye(shape[-1])


def _positive_samples(rng: np.random.Generator) -> list[Sample]:
    return [Sample((positive(rng, *shape),), symmetric=True) for shape in [(3, 3), (2, 3, 3)]]


def adjointed(x: Any) -> Any:
    """The conjugate transpose: `x.T` for a real matrix."""
    return conjugated(transposed(x))


def _is_complex(x: Any) -> bool:
    return conjugated(x) is not x


def _real_dtype(dtype: Any) -> Any:
    return None if dtype is None else np.zeros(0, dtype).real.dtype


# solve, inv, det


def _solve_type(a: Type, b: Type, /) -> Type:
    t, _, shape = _matrix("np.linalg.solve", a)
    (s,) = array_types("np.linalg.solve", [b])
    dtype = result_dtype([t, s], "float")
    if shape is None or s.shape is None:
        return array(dtype, None)
    if len(s.shape) == 1:
        return array(dtype, (*shape[:-2], *s.shape))
    batch = broadcast_shapes(shape[:-2], s.shape[:-2])
    assert batch is not None
    return array(dtype, (*batch, *s.shape[-2:]))


def _is_vector(b: Any) -> bool:
    """NumPy 2: the right-hand side is a vector only where it has one dimension."""
    rank = rank_of(b)
    if rank is None:
        raise UnsupportedType("the derivative of np.linalg.solve needs the ranks of its operands", "annotate them")
    return rank == 1


def _times(a: Any, y: Any, vector: bool) -> Any:
    """`a @ y`; for many matrices `y` is a vector for each of them where the right-hand side is one."""
    return (a @ y[..., None])[..., 0] if vector and rank_of(a) != 2 else a @ y


def _solved(a: Any, g: Any, vector: bool) -> Any:
    return np.linalg.solve(a, g[..., None])[..., 0] if vector and rank_of(a) != 2 else np.linalg.solve(a, g)


def _solve_tangent(y: Any, xs: Any, dots: Any) -> Any:
    a, b = xs
    right, vector = dots[1], _is_vector(b)
    if dots[0] is not None:
        # A y = b, so A_dot y + A y_dot = b_dot: one more system with the same matrix (Giles).
        moved = _times(dots[0], y, vector)
        right = -moved if right is None else right - moved
        return _solved(a, right, vector)
    return np.linalg.solve(a, right)


def _solve_adjoint(g: Any, y: Any, xs: Any, active: Any) -> tuple[Any, ...]:
    a, b = xs
    vector = _is_vector(b)
    # b_bar = inv(A)' y_bar, A_bar = -b_bar y' (Giles).
    b_bar = _solved(transposed(a), g, vector)
    if not active[0]:
        return (None, fit(b_bar, b))
    if vector:
        outer = np.outer(b_bar, y) if rank_of(a) == 2 else b_bar[..., None] * y[..., None, :]
    else:
        outer = b_bar @ transposed(y)
    return (fit(-outer, a), fit(b_bar, b) if active[1] else None)


rule(
    np.linalg.solve,
    _solve_type,
    tangent=_solve_tangent,
    adjoint=_solve_adjoint,
    fits=products_fit,
    samples=lambda rng: [
        Sample((regular(rng, 3, 3), REAL(rng, (3,)))),
        Sample((regular(rng, 3, 3), REAL(rng, (3, 2)))),
        Sample((regular(rng, 2, 3, 3), REAL(rng, (2, 3, 2)))),
        Sample((regular(rng, 2, 3, 3), REAL(rng, (3, 2)))),
        Sample((regular(rng, 3, 3), REAL(rng, (2, 3, 2)))),
        Sample((regular(rng, 2, 3, 3), REAL(rng, (3,)))),
    ],
)


def _inv_type(a: Type, /) -> Type:
    _, dtype, shape = _matrix("np.linalg.inv", a)
    return array(dtype, shape)


rule(
    np.linalg.inv,
    _inv_type,
    tangent=lambda y, xs, dots: -(y @ dots[0] @ y),
    adjoint=lambda g, y, xs, active: (-(transposed(y) @ g @ transposed(y)),),
    samples=lambda rng: [Sample((regular(rng, 3, 3),)), Sample((regular(rng, 2, 3, 3),))],
)


def _det_type(a: Type, /) -> Type:
    _, dtype, shape = _matrix("np.linalg.det", a)
    return array(dtype, None if shape is None else shape[:-2])


def _inverse_transposed(a: Any) -> Any:
    return transposed(np.linalg.inv(a))


def _lifted(g: Any, a: Any) -> Any:
    """A number for each matrix, in the rank of the matrices."""
    return g if rank_of(a) == 2 else np.expand_dims(g, (-1, -2))


rule(
    np.linalg.det,
    _det_type,
    tangent=lambda y, xs, dots: y * np.sum(_inverse_transposed(xs[0]) * dots[0], axis=(-2, -1)),
    adjoint=lambda g, y, xs, active: (_lifted(g * y, xs[0]) * _inverse_transposed(xs[0]),),
    samples=lambda rng: [Sample((regular(rng, 3, 3),)), Sample((regular(rng, 2, 3, 3),))],
)


def _slogdet_type(a: Type, /) -> Type:
    _, dtype, shape = _matrix("np.linalg.slogdet", a)
    sign, logarithm = (array(d, None if shape is None else shape[:-2]) for d in (dtype, _real_dtype(dtype)))
    return ContainerType(_class_of(np.linalg.slogdet, np.eye(1)), (0, 1), (sign, logarithm))


def _class_of(function: Callable[..., Any], *arguments: Any) -> type:
    return type(function(*arguments))


def _slogdet_tangent(y: Any, xs: Any, dots: Any) -> Any:
    # Jacobi's formula: d log det A = tr(inv(A) dA). Its imaginary part turns the sign, its real part is the
    # logarithm's.
    grown = np.sum(_inverse_transposed(xs[0]) * dots[0], axis=(-2, -1))
    return (y[0] * (1j * np.imag(grown)) if _is_complex(grown) else None, grown)


def _slogdet_adjoint(g: Any, y: Any, xs: Any, active: Any) -> tuple[Any, ...]:
    """The sign of a complex determinant turns by the imaginary part of what its logarithm grows by."""
    total = g[1]
    if g[0] is not None and _is_complex(xs[0]):
        turned = 1j * np.imag(g[0] * y[0])
        total = turned if total is None else total + turned
    return (None if total is None else _lifted(total, xs[0]) * _inverse_transposed(xs[0]),)


rule(
    np.linalg.slogdet,
    _slogdet_type,
    tangent=_slogdet_tangent,
    adjoint=_slogdet_adjoint,
    samples=lambda rng: [
        Sample((regular(rng, 3, 3),)),
        Sample((regular(rng, 2, 3, 3),)),
        Sample((regular(rng, 3, 3) + 1j * REAL(rng, (3, 3)),)),
    ],
)


# norms: at 0 the derivative is nan, as in JAX


def _norm_type(x: Type, /, ord: Any = None, axis: Any = None, keepdims: bool = False) -> Type:
    (t,) = array_types("np.linalg.norm", [x])
    if t.shape is not None and _norm_kind(len(t.shape), ord, axis) is None:
        raise NotByRule(f"np.linalg.norm with ord={ord!r}")
    dtype = result_dtype([t], "float")
    return array(_real_dtype(dtype), reduced_shape(t.shape, axis, keepdims))


def _norm_kind(rank: int | None, ord: Any, axis: Any) -> str | None:
    """Which norm is meant: "2" (also Frobenius) or "1"; None for others."""
    count = rank if axis is None else len(axis) if isinstance(axis, tuple) else 1
    if ord is None or (ord == "fro" and count == 2) or (ord == 2 and count == 1):
        return "2"
    if count == 1 and ord == 1:
        return "1"
    return None


def _norm_slope(y: Any, x: Any, ord: Any, axis: Any, keepdims: bool) -> Any:
    """The slope of the norm in each number; of a complex one its conjugate, as the tangent is the real part."""
    kind = _norm_kind(rank_of(x), ord, axis)
    if kind is None:
        raise UnsupportedType(f"np.linalg.norm with ord={ord!r} of an array of unknown rank", "annotate the argument")
    if kind == "1":
        return sign(np.abs(x), x)
    return conjugated(x) / expanded(y, x, axis, keepdims)


def _norm_tangent(y: Any, xs: Any, dots: Any, ord: Any = None, axis: Any = None, keepdims: bool = False) -> Any:
    keywords = {**({} if axis is None else {"axis": axis}), **({"keepdims": True} if keepdims else {})}
    return np.sum(_norm_slope(y, xs[0], ord, axis, keepdims) * dots[0], **keywords)


def _norm_adjoint(
    g: Any, y: Any, xs: Any, active: Any, ord: Any = None, axis: Any = None, keepdims: bool = False
) -> Any:
    return (expanded(g, xs[0], axis, keepdims) * _norm_slope(y, xs[0], ord, axis, keepdims),)


rule(
    np.linalg.norm,
    _norm_type,
    tangent=_norm_tangent,
    adjoint=_norm_adjoint,
    samples=lambda rng: [
        Sample((REAL(rng, (3,)),)),
        Sample((REAL(rng, (2, 3)),)),
        Sample((REAL(rng, (2, 3)),), {"axis": 1}),
        Sample((REAL(rng, (2, 3)),), {"axis": 0, "keepdims": True}),
        Sample((REAL(rng, (3,)), 1)),
        Sample((REAL(rng, (3,)), 2)),
        Sample((REAL(rng, (2, 3)), "fro")),
    ],
)


# factorisations


def _reciprocal_differences(s: Any) -> Any:
    """F[i, j] = 1 / (s[j] - s[i]), zero where they are equal."""
    difference = np.expand_dims(s, -2) - np.expand_dims(s, -1)
    return _safe_reciprocal(difference)


def _safe_reciprocal(x: Any) -> Any:
    # The inner selection keeps the division away from 0 on the side that is not taken: else its derivative would be
    # nan.
    return np.where(x == 0, 0.0, 1.0 / np.where(x == 0, 1.0, x))


def _diagonal(x: Any) -> Any:
    """The diagonal as a matrix."""
    return np.tril(np.triu(x))


def _cholesky_type(a: Type, /) -> Type:
    _, dtype, shape = _matrix("np.linalg.cholesky", a)
    return array(dtype, shape)


def _half_lower(x: Any) -> Any:
    """The lower triangle with the diagonal halved: Giles's Phi."""
    return np.tril(x) - 0.5 * _diagonal(x)


def _symmetrised(x: Any) -> Any:
    return 0.5 * (x + adjointed(x))


def _cholesky_tangent(y: Any, xs: Any, dots: Any) -> Any:
    # L_dot = L Phi(inv(L) A_dot inv(L)') (Giles); the input is symmetrised, as one triangle stands for
    # both.
    inverse = np.linalg.inv(y)
    return y @ _half_lower(inverse @ _symmetrised(dots[0]) @ adjointed(inverse))


def _cholesky_adjoint(g: Any, y: Any, xs: Any, active: Any) -> Any:
    inverse = np.linalg.inv(y)
    # A_bar = inv(L)' Phi(L' L_bar) inv(L), symmetrised.
    bar = adjointed(inverse) @ _half_lower(adjointed(y) @ conjugated(g)) @ inverse
    return (conjugated(_symmetrised(bar)),)


rule(
    np.linalg.cholesky, _cholesky_type, tangent=_cholesky_tangent, adjoint=_cholesky_adjoint, samples=_positive_samples
)


def _eigh_type(a: Type, /, UPLO: str = "L") -> Type:
    _, dtype, shape = _matrix("np.linalg.eigh", a)
    values, vectors = array(_real_dtype(dtype), None if shape is None else shape[:-1]), array(dtype, shape)
    return ContainerType(_class_of(np.linalg.eigh, np.eye(1)), (0, 1), (values, vectors))


def _eigh_tangent(y: Any, xs: Any, dots: Any, UPLO: str = "L") -> Any:
    w, v = y
    # w_dot = diag(V' A_dot V), V_dot = V (F * V' A_dot V) (Giles).
    inner = adjointed(v) @ _symmetrised(dots[0]) @ v
    return (
        np.sum(conjugated(v) * (_symmetrised(dots[0]) @ v), axis=-2),
        v @ (_reciprocal_differences(w) * inner),
    )


def _eigh_adjoint(g: Any, y: Any, xs: Any, active: Any, UPLO: str = "L") -> Any:
    w, v = y
    total = None
    if g[0] is not None:
        total = (v * np.expand_dims(g[0], -2)) @ adjointed(v)
    if g[1] is not None:
        turned = v @ (_reciprocal_differences(w) * (adjointed(v) @ conjugated(g[1]))) @ adjointed(v)
        total = turned if total is None else total + turned
    return (None if total is None else conjugated(_symmetrised(total)),)


rule(
    np.linalg.eigh,
    _eigh_type,
    tangent=_eigh_tangent,
    adjoint=_eigh_adjoint,
    samples=lambda rng: [
        *_positive_samples(rng),
        Sample((positive(rng, 3, 3),), {"UPLO": "U"}, symmetric=True),
    ],
)


def _svd_type(a: Type, /, full_matrices: bool = True, compute_uv: bool = True) -> Type:
    _, dtype, shape = _matrix("np.linalg.svd", a)
    if shape is None:
        values, left, right = (array(d, None) for d in (_real_dtype(dtype), dtype, dtype))
    else:
        batch, m, n = shape[:-2], shape[-2], shape[-1]
        k = _least(m, n)
        values = array(_real_dtype(dtype), (*batch, k))
        left = array(dtype, (*batch, m, m if full_matrices else k))
        right = array(dtype, (*batch, n if full_matrices else k, n))
    if not compute_uv:
        return values
    return ContainerType(_class_of(np.linalg.svd, np.eye(1)), (0, 1, 2), (left, values, right))


def _thin(xs: Any, y: Any, full_matrices: bool) -> tuple[Any, Any, Any]:
    """U, s, Vh with as many columns as there are singular values."""
    if not full_matrices:
        return tuple(y)
    u, s, vh = np.linalg.svd(xs[0], full_matrices=False)
    return u, s, vh


def _check_full(g: Any, full_matrices: bool, xs: Any) -> None:
    if full_matrices and (g[0] is not None or g[2] is not None):
        raise UnsupportedType(
            "the derivative of the vectors of a full svd", "call np.linalg.svd(x, full_matrices=False)"
        )


def _svd_tangent(y: Any, xs: Any, dots: Any, full_matrices: bool = True, compute_uv: bool = True) -> Any:
    if not compute_uv:
        u, s, vh = np.linalg.svd(xs[0], full_matrices=False)
        return np.sum(conjugated(u) * (dots[0] @ adjointed(vh)), axis=-2)
    u, s, vh = _thin(xs, y, full_matrices)
    v = adjointed(vh)
    inner = adjointed(u) @ dots[0] @ v
    s_dot = np.sum(conjugated(u) * (dots[0] @ v), axis=-2)
    if full_matrices:
        return (np.zeros_like(y[0]), s_dot, np.zeros_like(y[2]))
    # dP = U' A_dot V. Giles: U_dot = U (F * (dP S + S dP')) and V_dot = V (F * (S dP + dP' S)), plus what
    # lies outside the columns of a thin U or V. For complex matrices U also turns by the imaginary diagonal of dP.
    f = _reciprocal_differences(s * s)
    columns, rows = np.expand_dims(s, -2), np.expand_dims(s, -1)
    turn_u = f * (inner * columns + rows * adjointed(inner))
    turn_v = f * (rows * inner + adjointed(inner) * columns)
    if _is_complex(inner):
        turn_u = turn_u + 1j * np.imag(_diagonal(inner)) * _safe_reciprocal(columns)
    u_dot = u @ turn_u + _outside(u, dots[0] @ (v / columns))
    v_dot = v @ turn_v + _outside(v, adjointed(dots[0]) @ (u / columns))
    return (u_dot, s_dot, adjointed(v_dot))


def _outside(u: Any, x: Any) -> Any:
    """The part of the columns of `x` outside the space of those of `u`."""
    return x - u @ (adjointed(u) @ x)


def _svd_adjoint(g: Any, y: Any, xs: Any, active: Any, full_matrices: bool = True, compute_uv: bool = True) -> Any:
    if not compute_uv:
        u, s, vh = np.linalg.svd(xs[0], full_matrices=False)
        return (conjugated((u * np.expand_dims(g, -2)) @ vh),)
    _check_full(g, full_matrices, xs)
    u, s, vh = _thin(xs, y, full_matrices)
    columns, rows = np.expand_dims(s, -2), np.expand_dims(s, -1)
    total = None if g[1] is None else (u * np.expand_dims(g[1], -2)) @ vh
    f = None if g[0] is None and g[2] is None else _reciprocal_differences(s * s)
    if g[0] is not None:
        u_bar = conjugated(g[0])
        met = adjointed(u) @ u_bar
        inner = f * met
        turned = (inner + adjointed(inner)) * columns
        if _is_complex(met):
            turned = turned + 1j * np.imag(_diagonal(met)) * _safe_reciprocal(columns)
        part = u @ turned @ vh + _outside(u, u_bar / columns) @ vh
        total = part if total is None else total + part
    if g[2] is not None:
        v, v_bar = adjointed(vh), transposed(g[2])
        inner = f * (adjointed(v) @ v_bar)
        part = u @ (rows * (inner + adjointed(inner))) @ vh + u @ adjointed(_outside(v, v_bar / columns))
        total = part if total is None else total + part
    return (None if total is None else conjugated(total),)


rule(
    np.linalg.svd,
    _svd_type,
    tangent=_svd_tangent,
    adjoint=_svd_adjoint,
    samples=lambda rng: [
        Sample((regular(rng, 3, 3),), {"full_matrices": False}),
        Sample((regular(rng, 4, 2),), {"full_matrices": False}),
        Sample((regular(rng, 2, 4),), {"full_matrices": False}),
        Sample((regular(rng, 3, 2),), {"compute_uv": False}),
        Sample((regular(rng, 2, 3, 2),), {"full_matrices": False}),
    ],
)


def _qr_type(a: Type, /, mode: str = "reduced") -> Type:
    _, dtype, shape = _matrix("np.linalg.qr", a)
    if mode != "reduced":
        raise UnsupportedType(f"np.linalg.qr with mode {mode!r}", "use the reduced factorisation")
    if shape is None:
        q = r = array(dtype, None)
    else:
        k = _least(shape[-2], shape[-1])
        q, r = array(dtype, (*shape[:-2], shape[-2], k)), array(dtype, (*shape[:-2], k, shape[-1]))
    return ContainerType(_class_of(np.linalg.qr, np.eye(1)), (0, 1), (q, r))


def _qr_tangent(y: Any, xs: Any, dots: Any, mode: str = "reduced") -> Any:
    """The diagonal of `r` is real: LAPACK makes it so."""
    q, r = y
    right = dots[0] @ np.linalg.inv(r)
    inner = adjointed(q) @ right
    lower = np.tril(inner) - _diagonal(inner)
    turn = lower - adjointed(lower)
    if _is_complex(inner):
        turn = turn + 1j * np.imag(_diagonal(inner))
    q_dot = q @ turn + right - q @ inner
    return (q_dot, (inner - turn) @ r)


def _qr_adjoint(g: Any, y: Any, xs: Any, active: Any, mode: str = "reduced") -> Any:
    q, r = y
    q_bar = np.zeros_like(q) if g[0] is None else conjugated(g[0])
    r_bar = np.zeros_like(r) if g[1] is None else conjugated(g[1])
    # Walter & Lehmann (2018): A_bar = (Q_bar + Q copyltu(M)) inv(R)', M = R R_bar' - Q_bar' Q, where copyltu(M) is the
    # lower triangle of M and its mirror image.
    m = r @ adjointed(r_bar) - adjointed(q_bar) @ q
    lower = np.tril(m)
    sym = lower + adjointed(lower) - real_part(_diagonal(m))
    return (conjugated((q_bar + q @ sym) @ adjointed(np.linalg.inv(r))),)


rule(
    np.linalg.qr,
    _qr_type,
    tangent=_qr_tangent,
    adjoint=_qr_adjoint,
    samples=lambda rng: [
        Sample((regular(rng, 3, 3),)),
        Sample((regular(rng, 4, 2),)),
        Sample((regular(rng, 2, 3, 3),)),
    ],
)
