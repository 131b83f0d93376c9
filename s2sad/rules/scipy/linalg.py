"""Linear algebra of scipy.linalg, read once that has been imported.

Factorisations have the derivatives of those of NumPy. N. J. Higham, Functions of Matrices (2008), section 3.2, for the
exponential: its derivative is a block of the exponential of a block matrix.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

import numpy as np
from scipy import linalg

from s2sad.errors import UnsupportedType
from s2sad.ir.builder import Expr, call, rank_of, shape_of
from s2sad.ir.definition import define
from s2sad.ir.primitive import NotByRule, Sample
from s2sad.ir.types import Type, array, tuple_type
from s2sad.rules.contributions import fit, spread
from s2sad.rules.domains import REAL
from s2sad.rules.families import rule
from s2sad.rules.numpy import factorisations
from s2sad.rules.numpy import linalg as of_numpy
from s2sad.rules.numpy.contractions import transposed
from s2sad.rules.numpy.fft import zeros_like
from s2sad.rules.numpy.linalg import positive, regular
from s2sad.rules.numpy.shaping import check_rank, known_rank
from s2sad.rules.numpy.statistics import in_double, real
from s2sad.rules.promotion import array_types, result_dtype

TURNED: dict[Any, bool] = {0: False, "N": False, 1: True, "T": True}
"""The values of `trans`: whether the matrix is transposed."""


# Triangular systems


def _triangular_type(
    a: Type,
    b: Type,
    /,
    trans: Any = 0,
    lower: bool = False,
    unit_diagonal: bool = False,
    *,
    overwrite_b: bool = False,
    check_finite: bool = True,
) -> Type:
    s, t = array_types("scipy.linalg.solve_triangular", [a, b])
    if trans not in TURNED:
        raise UnsupportedType(f"scipy.linalg.solve_triangular with trans={trans!r}", "pass 0 or 1")
    if overwrite_b:
        raise UnsupportedType("scipy.linalg.solve_triangular with overwrite_b", "leave it out")
    if s.shape is not None and len(s.shape) != 2:
        raise UnsupportedType("scipy.linalg.solve_triangular of many matrices", "use np.linalg.solve")
    return array(result_dtype([s, t], "float"), t.shape)


def _of_triangle(x: Any, lower: bool, unit: bool) -> Any:
    """The triangle that is read."""
    return np.tril(x, -1 if unit else 0) if lower else np.triu(x, 1 if unit else 0)


def _turned(trans: Any, lower: bool, unit_diagonal: bool, back: bool = False) -> dict[str, Any]:
    # The adjoint solves with the transposed matrix, whose triangle is the same memory read the other way.
    turn = TURNED[trans] != back
    return {k: v for k, v in (("trans", int(turn)), ("lower", lower), ("unit_diagonal", unit_diagonal)) if v}


def _triangular_tangent(
    y: Any, xs: Any, dots: Any, trans: Any = 0, lower: bool = False, unit_diagonal: bool = False, **_: Any
) -> Any:
    right = dots[1]
    if dots[0] is not None:
        moved = _of_triangle(dots[0], lower, unit_diagonal)
        moved = (transposed(moved) if TURNED[trans] else moved) @ y
        right = -moved if right is None else right - moved
    return call(linalg.solve_triangular, xs[0], right, **_turned(trans, lower, unit_diagonal))


def _triangular_adjoint(
    g: Any, y: Any, xs: Any, active: Any, trans: Any = 0, lower: bool = False, unit_diagonal: bool = False, **_: Any
) -> Any:
    a, b = xs
    b_bar = call(linalg.solve_triangular, a, g, **_turned(trans, lower, unit_diagonal, back=True))
    if not active[0]:
        return None, fit(b_bar, b)
    first, second = (y, b_bar) if TURNED[trans] else (b_bar, y)
    outer = np.outer(first, second) if known_rank(b, "solve_triangular") == 1 else first @ transposed(second)
    return fit(-_of_triangle(outer, lower, unit_diagonal), a), fit(b_bar, b) if active[1] else None


def _triangular_samples(rng: np.random.Generator) -> Iterable[Sample]:
    for row in ({}, {"lower": True}, {"trans": 1}, {"trans": "T", "lower": True}, {"unit_diagonal": True}):
        yield Sample((regular(rng, 3, 3), REAL(rng, (3,))), row)
        yield Sample((regular(rng, 3, 3), REAL(rng, (3, 2))), row)


rule(
    linalg.solve_triangular,
    _triangular_type,
    tangent=_triangular_tangent,
    adjoint=_triangular_adjoint,
    samples=_triangular_samples,
)


# Systems, inverses, Cholesky factors


def _solve(
    a: Any,
    b: Any,
    lower: bool = False,
    overwrite_a: bool = False,
    overwrite_b: bool = False,
    check_finite: bool = True,
    assume_a: Any = None,
    transposed: bool = False,
) -> Any:
    if assume_a not in (None, "gen", "sym", "pos", "general", "symmetric", "positive definite"):
        raise UnsupportedType(f"scipy.linalg.solve with assume_a={assume_a!r}", "leave it out")
    if assume_a not in (None, "gen", "general"):
        a = real(a)
        # LAPACK reads one triangle: the derivative by the other one is 0.
        a = np.tril(a) + np.tril(a, -1).T if lower else np.triu(a) + np.triu(a, 1).T
    return np.linalg.solve(np.swapaxes(a, -1, -2) if transposed else a, b)


def _cholesky(a: Any, lower: bool = False, overwrite_a: bool = False, check_finite: bool = True) -> Any:
    turned = of_numpy.adjointed
    return np.linalg.cholesky(a) if lower else turned(np.linalg.cholesky(turned(a)))


def _cho_factor(a: Any, lower: bool = False, overwrite_a: bool = False, check_finite: bool = True) -> Any:
    # The other triangle holds what was in `a`, as in LAPACK: SciPy says not to read it.
    found = _cholesky(a, lower)
    return (found + np.triu(a, 1), True) if lower else (found + np.tril(a, -1), False)


def _cho_solve(c_and_lower: Any, b: Any, overwrite_b: bool = False, check_finite: bool = True) -> Any:
    c, lower = c_and_lower
    if isinstance(lower, Expr) and lower.known is None:
        c, lower = call(np.where, lower, np.tril(c), np.triu(c).T), True
    lower = bool(lower.known if isinstance(lower, Expr) else lower)
    if lower:
        return call(linalg.solve_triangular, c, call(linalg.solve_triangular, c, b, lower=True), trans=1, lower=True)
    return call(linalg.solve_triangular, c, call(linalg.solve_triangular, c, b, trans=1))


def _norm(a: Any, ord: Any = None, axis: Any = None, keepdims: bool = False, check_finite: bool = True) -> Any:
    """Whole vectors and matrices are given to BLAS and LAPACK, which answer in double precision."""
    given = {1: (None, 2), 2: (None, "fro", np.inf, 1)}.get(known_rank(a, "scipy.linalg.norm"), ())
    whole = axis is None and not keepdims and ord in given
    return np.linalg.norm(in_double(a) if whole else a, ord, axis, keepdims)


define(
    linalg.solve,
    _solve,
    lambda rng: [
        Sample((regular(rng, 3, 3), REAL(rng, (3,)))),
        Sample((regular(rng, 3, 3), REAL(rng, (3, 2))), {"transposed": True}),
        Sample((positive(rng, 3, 3), REAL(rng, (3,))), {"assume_a": "pos"}),
        Sample((np.tril(positive(rng, 3, 3)), REAL(rng, (3,))), {"assume_a": "pos", "lower": True}),
    ],
    "b",
)
define(
    linalg.inv,
    lambda a, overwrite_a=False, check_finite=True: np.linalg.inv(a),
    lambda rng: [Sample((regular(rng, 3, 3),))],
)
define(
    linalg.det,
    lambda a, overwrite_a=False, check_finite=True: np.linalg.det(in_double(a)),
    lambda rng: [Sample((regular(rng, 3, 3),))],
)
define(
    linalg.pinv,
    lambda a, *, atol=None, rtol=None, return_rank=False, check_finite=True: np.linalg.pinv(a),
    lambda rng: [Sample((REAL(rng, (4, 2)),))],
)
define(
    linalg.norm,
    _norm,
    lambda rng: [Sample((REAL(rng, (4,)),)), Sample((REAL(rng, (3, 4)), 2)), Sample((REAL(rng, (3, 4)), 1, 1))],
)
define(
    linalg.cholesky,
    _cholesky,
    lambda rng: [Sample((positive(rng, 3, 3),), row) for row in ({}, {"lower": True})],
)
define(
    linalg.cho_factor,
    _cho_factor,
    lambda rng: [Sample((positive(rng, 3, 3),), row) for row in ({}, {"lower": True})],
    of_complex=False,
)
define(
    linalg.cho_solve,
    _cho_solve,
    lambda rng: [
        Sample(((regular(rng, 3, 3), lower), REAL(rng, shape))) for lower in (True, False) for shape in [(3,), (3, 2)]
    ],
    "b",
    of_complex=False,
    lists="c_and_lower",
)


# Factorisations


def _eigh_type(
    a: Type,
    /,
    b: None = None,
    *,
    lower: bool = True,
    eigvals_only: bool = False,
    overwrite_a: bool = False,
    check_finite: bool = True,
) -> Type:
    if b is not None or eigvals_only:
        raise NotByRule("scipy.linalg.eigh of two matrices, or without vectors")
    values, vectors = factorisations.eigh_type(a).items
    return tuple_type(values, vectors)


def _eigh(
    a: Any,
    b: Any = None,
    *,
    lower: bool = True,
    eigvals_only: bool = False,
    overwrite_a: bool = False,
    overwrite_b: bool = False,
    check_finite: bool = True,
) -> Any:
    if b is not None or not eigvals_only:
        raise UnsupportedType("scipy.linalg.eigh of two matrices", "factorise the second one, with np.linalg.cholesky")
    return call(linalg.eigh, a, **({} if lower else {"lower": False}))[0]


def _eigvalsh(
    a: Any,
    b: Any = None,
    *,
    lower: bool = True,
    overwrite_a: bool = False,
    overwrite_b: bool = False,
    check_finite: bool = True,
) -> Any:
    return _eigh(a, b, lower=lower, eigvals_only=True)


def _svd_type(a: Type, /, full_matrices: bool = True, compute_uv: bool = True, *, check_finite: bool = True) -> Type:
    found = factorisations.svd_type(a, full_matrices=full_matrices, compute_uv=compute_uv)
    return tuple_type(*found.items) if compute_uv else found


def _qr_type(a: Type, /, *, mode: str = "full", check_finite: bool = True) -> Type:
    if mode != "economic":
        raise UnsupportedType(f"scipy.linalg.qr with mode={mode!r}", 'use mode="economic"')
    q, r = factorisations.qr_type(a).items
    return tuple_type(q, r)


rule(
    linalg.eigh,
    _eigh_type,
    tangent=lambda y, xs, dots, lower=True, **_: factorisations.eigh_tangent(y, xs, dots, "L" if lower else "U"),
    adjoint=lambda g, y, xs, active, lower=True, **_: factorisations.eigh_adjoint(
        g, y, xs, active, "L" if lower else "U"
    ),
    diagonalised=lambda lower=True, **_: lower,
    samples=lambda rng: [
        Sample((np.diag([1.0, 3.0, 6.0]) + 0.1 * positive(rng, 3, 3),), row) for row in ({}, {"lower": False})
    ],
)
define(
    linalg.eigh,
    _eigh,
    lambda rng: [Sample((positive(rng, 3, 3),), {"eigvals_only": True})],
)
define(linalg.eigvalsh, _eigvalsh, lambda rng: [Sample((positive(rng, 3, 3),))])


def _of_svd(function: Callable[..., Any]) -> Callable[..., Any]:
    return lambda *values, full_matrices=True, compute_uv=True, check_finite=True: function(
        *values, full_matrices=full_matrices, compute_uv=compute_uv
    )


rule(
    linalg.svd,
    _svd_type,
    tangent=_of_svd(factorisations.svd_tangent),
    adjoint=_of_svd(factorisations.svd_adjoint),
    samples=lambda rng: [
        Sample((regular(rng, 4, 2),), {"full_matrices": False}),
        Sample((regular(rng, 3, 2),), {"compute_uv": False}),
    ],
)
define(
    linalg.svdvals,
    lambda a, overwrite_a=False, check_finite=True: np.linalg.svd(a, compute_uv=False),
    lambda rng: [Sample((REAL(rng, (3, 2)),))],
)
rule(
    linalg.qr,
    _qr_type,
    tangent=lambda y, xs, dots, **static: factorisations.qr_tangent(y, xs, dots),
    adjoint=lambda g, y, xs, active, **static: factorisations.qr_adjoint(g, y, xs, active),
    samples=lambda rng: [Sample((regular(rng, 4, 2),), {"mode": "economic"})],
)


# The exponential of a matrix


def _square_type(name: str) -> Callable[..., Type]:
    def type_rule(A: Type, /) -> Type:
        _, dtype, shape = of_numpy.matrix(name, A)
        return array(dtype, shape)

    return type_rule


def _joined(rows: list[list[Any]]) -> Any:
    return call(np.concatenate, [call(np.concatenate, row, axis=-1) for row in rows], axis=-2)


def _corner(x: Any, a: Any) -> Any:
    """The block at the upper right."""
    n = shape_of(a)[known_rank(a, "scipy.linalg.expm") - 1]
    return x[..., :n, -n:]


def frechet(a: Any, e: Any) -> Any:
    """The derivative of the exponential at `a` along `e`."""
    if known_rank(a, "scipy.linalg.expm") == 2:
        return call(linalg.expm_frechet, a, e, compute_expm=False)
    # exp([[A, E], [0, A]]) has the derivative of exp at A along E at its upper right. Higham (2008), section 3.2.
    return _corner(call(linalg.expm, _joined([[a, e], [np.zeros_like(a), a]])), a)


def second(a: Any, e: Any, d: Any) -> Any:
    """The derivative of the exponential at `a` along `e` and `d`."""
    # The same once more, of the block matrix itself: the second derivative stands in the corner.
    zero = np.zeros_like(a)
    return _corner(
        call(linalg.expm, _joined([[a, e, d, zero], [zero, a, zero, d], [zero, zero, a, e], [zero, zero, zero, a]])), a
    )


rule(
    linalg.expm,
    _square_type("scipy.linalg.expm"),
    tangent=lambda y, xs, dots: spread(frechet(xs[0], dots[0]), y),
    adjoint=lambda g, y, xs, active: (fit(frechet(transposed(xs[0]), g), xs[0]),),
    samples=lambda rng: [Sample((REAL(rng, (3, 3)),)), Sample((REAL(rng, (2, 2, 2)),))],
)


def _frechet_type(A: Type, E: Type, /, *, compute_expm: bool = True) -> Type:
    if compute_expm:
        raise UnsupportedType("scipy.linalg.expm_frechet with the exponential", "pass compute_expm=False")
    _, dtype, shape = of_numpy.matrix("scipy.linalg.expm_frechet", A)
    return array(None if dtype is None else np.result_type(dtype, np.float64), shape)


def _frechet_tangent(y: Any, xs: Any, dots: Any, compute_expm: bool = True) -> Any:
    parts = [] if dots[1] is None else [frechet(xs[0], dots[1])]
    parts += [] if dots[0] is None else [second(xs[0], xs[1], dots[0])]
    return spread(parts[0] if len(parts) == 1 else parts[0] + parts[1], y)


rule(
    linalg.expm_frechet,
    _frechet_type,
    tangent=_frechet_tangent,
    adjoint=lambda g, y, xs, active, compute_expm=True: (
        fit(second(transposed(xs[0]), transposed(xs[1]), g), xs[0]) if active[0] else None,
        fit(frechet(transposed(xs[0]), g), xs[1]) if active[1] else None,
    ),
    samples=lambda rng: [Sample((REAL(rng, (3, 3)), REAL(rng, (3, 3))), {"compute_expm": False})],
)


# Sylvester's equation


def _sylvester_type(a: Type, b: Type, q: Type, /) -> Type:
    s, t, u = array_types("scipy.linalg.solve_sylvester", [a, b, q])
    return array(result_dtype([s, t, u], "float"), u.shape)


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
)


# Matrices of a pattern


def _block_diag(*arrs: Any) -> Any:
    for a in arrs:
        check_rank(a, "scipy.linalg.block_diag", 0, 1, 2)
    blocks = [a if rank_of(a) == 2 else np.reshape(a, (1, -1)) for a in arrs]
    widths = [shape_of(b)[1] for b in blocks]
    rows = []
    for k, block in enumerate(blocks):
        height = shape_of(block)[0]
        row = [zeros_like(block, (height, sum(w[1:], w[0]))) for w in (widths[:k], widths[k + 1 :]) if w]
        row.insert(1 if k else 0, block)
        rows.append(call(np.concatenate, row, axis=1) if len(row) > 1 else block)
    return call(np.concatenate, rows) if len(rows) > 1 else rows[0]


def _toeplitz(c: Any, r: Any = None) -> Any:
    for x in (c, r):
        if x is not None:
            check_rank(x, "scipy.linalg.toeplitz", 1)
    first = np.conj(c) if r is None else r
    m, n = shape_of(c)[0], shape_of(first)[0]
    values = call(np.concatenate, [c[::-1], first[1:]])
    return values[m - 1 + (call(np.arange, n) - call(np.arange, m)[:, None])]


def _circulant(c: Any) -> Any:
    check_rank(c, "scipy.linalg.circulant", 1)
    i = call(np.arange, shape_of(c)[0])
    return c[(i[:, None] - i) % shape_of(c)[0]]


define(
    linalg.block_diag,
    _block_diag,
    lambda rng: [
        Sample((REAL(rng, (2, 2)), REAL(rng, (1, 3)), REAL(rng, (2,)))),
        Sample((REAL(rng, (2, 2)), REAL(rng, (3, 1)))),
    ],
    "arrs",
)
define(
    linalg.toeplitz,
    _toeplitz,
    lambda rng: [Sample((REAL(rng, (3,)),)), Sample((REAL(rng, (3,)), REAL(rng, (4,))))],
    "r",
)
define(linalg.circulant, _circulant, lambda rng: [Sample((REAL(rng, (4,)),))])
