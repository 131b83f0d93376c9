"""Factorisations with orthogonal factors: singular values, QR and RQ, polar factors, bases of what a matrix maps to.

They have the derivatives of those of NumPy. C. S. Kenney & A. J. Laub, Polar decomposition and matrix sign function
condition estimates (1991): the unitary factor W V' of A = W S V' moves by W ((N - N') / (s[i] + s[j])) V' with
N = W' A_dot V, where singular values may be equal. S. F. Walter & L. Lehmann, Algorithmic differentiation of linear
algebra functions (2018): QR, and RQ with its sides exchanged. G. H. Golub & V. Pereyra, The differentiation of
pseudo-inverses and nonlinear least squares problems whose variables separate (1973): a basis of the null space moves by
-pinv(A) A_dot of it, and not in itself.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from scipy import linalg

from s2sad.errors import UnsupportedType
from s2sad.ir.builder import call, shape_of
from s2sad.ir.call_lengths import at_least, equal
from s2sad.ir.definition import define
from s2sad.ir.dims import new_dim
from s2sad.ir.primitive import NotByRule, Sample
from s2sad.ir.primitives.refusals import without_tangent
from s2sad.ir.types import Type, array, tuple_type
from s2sad.rules.contributions import conjugated, type_in
from s2sad.rules.domains import REAL
from s2sad.rules.families import rule
from s2sad.rules.literature import GILES, GOLUB_PEREYRA, KENNEY_LAUB, WALTER_LEHMANN
from s2sad.rules.numpy import factorisations, singular_values
from s2sad.rules.numpy.contractions import transposed
from s2sad.rules.numpy.factorisations import is_square, is_wide, mirrored
from s2sad.rules.numpy.linalg import adjointed, is_complex, matrix, positive, regular
from s2sad.rules.numpy.shaping import _least

# Singular values


def _svd_type(a: Type, /, full_matrices: bool = True, compute_uv: bool = True, *, check_finite: bool = True) -> Type:
    found = singular_values.svd_type(a, full_matrices=full_matrices, compute_uv=compute_uv)
    return tuple_type(*found.items) if compute_uv else found


def _of_svd(function: Callable[..., Any]) -> Callable[..., Any]:
    return lambda *values, full_matrices=True, compute_uv=True, check_finite=True: function(
        *values, full_matrices=full_matrices, compute_uv=compute_uv
    )


rule(
    linalg.svd,
    _svd_type,
    tangent=_of_svd(singular_values.svd_tangent),
    adjoint=_of_svd(singular_values.svd_adjoint),
    samples=lambda rng: [
        Sample((regular(rng, 4, 2),), {"full_matrices": False}),
        Sample((regular(rng, 3, 2),), {"compute_uv": False}),
    ],
    source=GILES,
)
define(
    linalg.svdvals,
    lambda a, overwrite_a=False, check_finite=True: np.linalg.svd(a, compute_uv=False),
    lambda rng: [Sample((REAL(rng, (3, 2)),))],
)

# QR


def _qr_type(
    a: Type,
    /,
    overwrite_a: bool = False,
    lwork: int | None = None,
    mode: str = "full",
    pivoting: bool = False,
    check_finite: bool = True,
) -> Type:
    if mode == "r":
        raise NotByRule("scipy.linalg.qr of which r alone is wanted")
    if mode not in ("full", "economic"):
        raise UnsupportedType(f"scipy.linalg.qr with mode={mode!r}", 'use mode="economic"')
    q, r = factorisations.qr_type(a, mode=MODES[mode]).items
    if not pivoting:
        return tuple_type(q, r)
    return tuple_type(q, r, array(np.dtype(np.int32), None if r.shape is None else r.shape[1:]))


MODES = {"full": "complete", "economic": "reduced"}
"""What NumPy calls them."""


def _qr_tangent(y: Any, xs: Any, dots: Any, mode: str = "full", pivoting: bool = False, **_: Any) -> Any:
    if not pivoting:
        return factorisations.qr_tangent(y, xs, dots, MODES[mode])
    order = y[2]
    moved = factorisations.qr_tangent((y[0], y[1]), [xs[0][:, order]], [dots[0][:, order]], MODES[mode])
    return (*moved, None)


def _qr_adjoint(g: Any, y: Any, xs: Any, active: Any, mode: str = "full", pivoting: bool = False, **_: Any) -> Any:
    if not pivoting:
        return factorisations.qr_adjoint(g, y, xs, active, MODES[mode])
    order = y[2]
    if g[0] is None and g[1] is None:
        return (None,)
    (bar,) = factorisations.qr_adjoint((g[0], g[1]), (y[0], y[1]), [xs[0][:, order]], active, MODES[mode])
    return (bar[:, np.argsort(order)],)


rule(
    linalg.qr,
    _qr_type,
    tangent=_qr_tangent,
    adjoint=_qr_adjoint,
    samples=lambda rng: [
        Sample((regular(rng, 4, 2),), {"mode": "economic"}),
        Sample((regular(rng, 3, 3),)),
        Sample((regular(rng, 3, 3)[:, ::-1].copy(),), {"pivoting": True}),
        Sample((regular(rng, 4, 2) * np.array([1.0, 3.0]),), {"pivoting": True, "mode": "economic"}),
    ],
    source=WALTER_LEHMANN,
)


def _qr(
    a: Any,
    overwrite_a: bool = False,
    lwork: int | None = None,
    mode: str = "full",
    pivoting: bool = False,
    check_finite: bool = True,
) -> Any:
    found = call(linalg.qr, a, **({"pivoting": True} if pivoting else {}))
    return (found[1], found[2]) if pivoting else (found[1],)


define(linalg.qr, _qr, lambda rng: [Sample((regular(rng, 3, 3),), {"mode": "r"})])


# RQ


def _rq_type(
    a: Type,
    /,
    overwrite_a: bool = False,
    lwork: int | None = None,
    mode: str = "full",
    check_finite: bool = True,
) -> Type:
    if mode == "r":
        raise NotByRule("scipy.linalg.rq of which r alone is wanted")
    _, dtype, shape = matrix("scipy.linalg.rq", a)
    if shape is None:
        return tuple_type(array(dtype, None), array(dtype, None))
    m, n = shape
    # What the derivative depends on is said by the call.
    if not equal(m, n):
        at_least(n, m) if mode == "economic" else at_least(m, n)
    k = _least(m, n) if mode == "economic" else n
    return tuple_type(array(dtype, (m, k)), array(dtype, (k, n)))


BROAD = ("the derivative of scipy.linalg.rq of more columns than rows", 'use mode="economic"')


def _is_complete(x: Any, mode: str) -> bool:
    """Whether some rows of q are any basis of what is left."""
    shape = type_in(x).shape
    return mode != "economic" and not (shape is not None and (shape[0] == shape[1] or at_least(shape[0], shape[1])))


def _turn(inner: Any) -> Any:
    """By how much an orthogonal factor turns; the diagonal of the other one stays real."""
    lower = np.tril(inner, -1)
    turn = lower - adjointed(lower)
    return turn + 1j * np.imag(np.tril(np.triu(inner))) if is_complex(inner) else turn


def _last(x: Any, q: Any) -> tuple[Any, Any]:
    """The rows before the last ones, from which the factors are computed, and these."""
    k = shape_of(q)[0]
    return x[:-k], x[-k:]


def _rq_tangent(y: Any, xs: Any, dots: Any, mode: str = "full", **_: Any) -> Any:
    r, q = y
    if _is_complete(xs[0], mode):
        return without_tangent(r, *BROAD), without_tangent(q, *BROAD)
    wide = is_wide(xs[0])
    (r_first, r_last), (first, last) = ((None, r), (None, dots[0])) if wide else (_last(r, q), _last(dots[0], q))
    right = np.linalg.inv(r_last) @ last
    inner = right @ adjointed(q)
    turn = _turn(inner)
    q_dot = turn @ q
    if not is_square(xs[0]):
        q_dot = q_dot + right - inner @ q
    r_dot = r_last @ (inner - turn)
    if not wide:
        r_dot = call(np.concatenate, [(first - r_first @ q_dot) @ adjointed(q), r_dot])
    return r_dot, q_dot


def _rq_adjoint(g: Any, y: Any, xs: Any, active: Any, mode: str = "full", **_: Any) -> Any:
    r, q = y
    if _is_complete(xs[0], mode):
        raise UnsupportedType(*BROAD)
    r_bar = np.zeros_like(r) if g[0] is None else conjugated(g[0])
    q_bar = np.zeros_like(q) if g[1] is None else conjugated(g[1])
    if is_wide(xs[0]):
        return (conjugated(_last_bar(r, r_bar, q, q_bar, is_square(xs[0]))),)
    # The rows before those are A1 = R1 Q, so that R1 = A1 Q'.
    (r_first, r_last), (first_bar, last_bar) = _last(r, q), _last(r_bar, q)
    first = first_bar @ q
    q_bar = q_bar - adjointed(r_first) @ first
    return (conjugated(call(np.concatenate, [first, _last_bar(r_last, last_bar, q, q_bar, False)])),)


def _last_bar(r: Any, r_bar: Any, q: Any, q_bar: Any, square: bool) -> Any:
    straight, aslant = adjointed(r) @ r_bar, q_bar @ adjointed(q)
    turned = aslant - straight
    met = straight + np.tril(turned - adjointed(turned), -1)
    if is_complex(met):
        met = met + 1j * np.imag(np.tril(np.triu(turned)))
    total = met @ q if square else (met - aslant) @ q + q_bar
    return adjointed(np.linalg.inv(r)) @ total


rule(
    linalg.rq,
    _rq_type,
    tangent=_rq_tangent,
    adjoint=_rq_adjoint,
    samples=lambda rng: [
        Sample((regular(rng, 3, 3),)),
        *(Sample((regular(rng, *shape),), {"mode": "economic"}) for shape in [(2, 4), (4, 2)]),
    ],
    source=WALTER_LEHMANN,
)
define(
    linalg.rq,
    lambda a, overwrite_a=False, lwork=None, mode="full", check_finite=True: call(linalg.rq, a)[0],
    lambda rng: [Sample((regular(rng, 3, 3),), {"mode": "r"})],
)


# Polar factors


def _polar_type(a: Type, /, side: str = "right") -> Type:
    _, dtype, shape = matrix("scipy.linalg.polar", a)
    if shape is None:
        return tuple_type(array(dtype, None), array(dtype, None))
    n = shape[1] if side == "right" else shape[0]
    return tuple_type(array(dtype, shape), array(dtype, (n, n)))


def _unitary_along(a: Any, e: Any) -> Any:
    """How the unitary factor of `a` moves along `e`: a symmetric function of `e`."""
    w, s, vh = np.linalg.svd(a, full_matrices=False)
    wh, v = adjointed(w), adjointed(vh)
    inner = wh @ e @ v
    moved = w @ ((inner - adjointed(inner)) / (s[:, None] + s)) @ vh
    if is_square(a):
        return moved
    left, right = e @ v / s, wh @ e / s[:, None]
    return moved + (left - w @ (wh @ left)) @ vh + w @ (right - right @ v @ vh)


def _polar_tangent(y: Any, xs: Any, dots: Any, side: str = "right") -> Any:
    u, a, a_dot = y[0], xs[0], dots[0]
    u_dot = _unitary_along(a, a_dot)
    # P = U' A, or A U'.
    if side == "right":
        return u_dot, adjointed(u_dot) @ a + adjointed(u) @ a_dot
    return u_dot, a_dot @ adjointed(u) + a @ adjointed(u_dot)


def _polar_adjoint(g: Any, y: Any, xs: Any, active: Any, side: str = "right") -> Any:
    u, a = y[0], xs[0]
    u_bar, own = None if g[0] is None else conjugated(g[0]), None
    if g[1] is not None:
        p_bar = conjugated(g[1])
        part = a @ adjointed(p_bar) if side == "right" else adjointed(p_bar) @ a
        u_bar = part if u_bar is None else u_bar + part
        own = u @ p_bar if side == "right" else p_bar @ u
    if u_bar is None:
        return (None,)
    moved = _unitary_along(a, u_bar)
    return (conjugated(moved if own is None else own + moved),)


rule(
    linalg.polar,
    _polar_type,
    tangent=_polar_tangent,
    adjoint=_polar_adjoint,
    samples=lambda rng: (
        [
            Sample((regular(rng, *shape),), {"side": side})
            for shape, side in [((3, 3), "right"), ((4, 2), "right"), ((3, 3), "left"), ((2, 4), "left")]
        ]
        + [Sample((np.eye(2),))]
    ),
    source=KENNEY_LAUB,
)


def _procrustes(A: Any, B: Any, check_finite: bool = True) -> Any:
    met = transposed(conjugated(A)) @ B
    return call(linalg.polar, met)[0], np.sum(np.linalg.svd(met, compute_uv=False))


define(
    linalg.orthogonal_procrustes,
    _procrustes,
    lambda rng: [Sample((REAL(rng, (4, 3)), REAL(rng, (4, 3))))],
    "B",
)


# Bases


def _null_space_type(
    A: Type, /, rcond: float | None = None, *, overwrite_a: bool = False, check_finite: bool = True
) -> Type:
    _, dtype, shape = matrix("scipy.linalg.null_space", A)
    return array(dtype, None if shape is None else (shape[1], new_dim()))


def _null_space_tangent(y: Any, xs: Any, dots: Any, **_: Any) -> Any:
    return -(np.linalg.pinv(xs[0]) @ (dots[0] @ y))


def _null_space_adjoint(g: Any, y: Any, xs: Any, active: Any, **_: Any) -> Any:
    return (-(transposed(np.linalg.pinv(xs[0])) @ g @ transposed(y)),)


rule(
    linalg.null_space,
    _null_space_type,
    tangent=_null_space_tangent,
    adjoint=_null_space_adjoint,
    samples=lambda rng: [Sample((regular(rng, 2, 3),))],
    source=GOLUB_PEREYRA,
)


def _orth(A: Any, rcond: Any = None) -> Any:
    u, s, _ = np.linalg.svd(A, full_matrices=False)
    if rcond is None:
        rcond = np.finfo(np.float64 if s.dtype is None else s.dtype).eps * call(max, shape_of(A)[0], shape_of(A)[1])
    return u[:, : np.count_nonzero(s > np.max(s) * rcond)]


define(linalg.orth, _orth, lambda rng: [Sample((regular(rng, 4, 2),)), Sample((regular(rng, 3, 3),))], view=True)


def _pinvh(
    a: Any,
    atol: Any = None,
    rtol: Any = None,
    lower: bool = True,
    return_rank: bool = False,
    check_finite: bool = True,
) -> Any:
    if return_rank:
        raise UnsupportedType("scipy.linalg.pinvh with return_rank", "leave it out")
    return np.linalg.pinv(mirrored(a, lower))


define(
    linalg.pinvh,
    _pinvh,
    lambda rng: [Sample((positive(rng, 3, 3),), row) for row in ({}, {"lower": False})],
)
