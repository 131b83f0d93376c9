"""Linear systems of scipy.linalg: triangular ones, those of matrices known to be of a kind, Cholesky factors; norms.

M. B. Giles, Collected matrix derivative results for forward and reverse mode AD (2008). G. H. Golub & V. Pereyra, The
differentiation of pseudo-inverses and nonlinear least squares problems whose variables separate (1973): least squares.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np
from scipy import linalg

from s2sad.errors import UnsupportedType
from s2sad.ir.builder import Expr, call, rank_of
from s2sad.ir.definition import define
from s2sad.ir.primitive import Sample
from s2sad.ir.types import Type, array
from s2sad.rules.contributions import conjugated, fit
from s2sad.rules.domains import REAL
from s2sad.rules.families import rule
from s2sad.rules.literature import GILES, GOLUB_PEREYRA
from s2sad.rules.numpy import factorisations
from s2sad.rules.numpy import linalg as of_numpy
from s2sad.rules.numpy.contractions import transposed
from s2sad.rules.numpy.linalg import positive, regular
from s2sad.rules.numpy.shaping import known_rank
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
    source=GILES,
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
    kind = KINDS.get(assume_a)
    if kind is None:
        raise UnsupportedType(f"scipy.linalg.solve with assume_a={assume_a!r}", "leave it out")
    a = _read(a, kind, lower)
    if transposed:
        a = np.swapaxes(a, -1, -2)
    triangular = kind in ("upper", "lower") and rank_of(a) == 2
    if triangular:
        return call(linalg.solve_triangular, a, b, **({"lower": True} if (kind == "lower") != transposed else {}))
    return np.linalg.solve(a, b)


KINDS: dict[str | None, str] = {
    **dict.fromkeys((None, "gen", "general", "banded"), "any"),
    **dict.fromkeys(("sym", "symmetric"), "symmetric"),
    **dict.fromkeys(("her", "hermitian", "pos", "positive definite"), "hermitian"),
    **{"upper triangular": "upper", "lower triangular": "lower", "tridiagonal": "tridiagonal", "diagonal": "diagonal"},
}
"""What a matrix may be said to be, and which part of it is read then."""


def _read(a: Any, kind: str, lower: bool) -> Any:
    """The matrix by the part of it that LAPACK reads: the derivative by what is left is 0."""
    match kind:
        case "hermitian":
            return factorisations.mirrored(a, lower)
        case "symmetric":
            a = real(a)
            return np.tril(a) + np.tril(a, -1).T if lower else np.triu(a) + np.triu(a, 1).T
        case "upper":
            return np.triu(a)
        case "lower":
            return np.tril(a)
        case "tridiagonal":
            return np.triu(np.tril(a, 1), -1)
        case "diagonal":
            return np.tril(np.triu(a))
    return a


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
        *(Sample((regular(rng, 3, 3), REAL(rng, (3,))), {"assume_a": k}) for k in ("sym", "her", "diagonal")),
        *(Sample((regular(rng, 3, 3), REAL(rng, (3, 2))), {"assume_a": f"{k} triangular"}) for k in ("upper", "lower")),
        Sample((regular(rng, 4, 4), REAL(rng, (4,))), {"assume_a": "tridiagonal"}),
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


# Least squares


def least_squares(a: Any, b: Any) -> Any:
    """The solution alone."""
    return linalg.lstsq(a, b)[0]


def _lstsq_type(a: Type, b: Type, /) -> Type:
    s, t = array_types("scipy.linalg.lstsq", [a, b])
    dtype = result_dtype([s, t], "float")
    return array(dtype, None if s.shape is None or t.shape is None else (s.shape[1], *t.shape[1:]))


def _lstsq_tangent(y: Any, xs: Any, dots: Any) -> Any:
    a, b = xs
    inverse = np.linalg.pinv(a)
    turned = of_numpy.adjointed(inverse)
    y_dot = None if dots[1] is None else inverse @ dots[1]
    if dots[0] is not None:
        a_dot = of_numpy.adjointed(dots[0])
        beside = a_dot @ (turned @ y)
        moved = inverse @ (turned @ (a_dot @ (b - a @ y)) - dots[0] @ y - a @ beside) + beside
        y_dot = moved if y_dot is None else y_dot + moved
    return y_dot


def _outer(x: Any, y: Any) -> Any:
    """The outer product of two vectors, or the sum of those of the columns."""
    return np.outer(x, conjugated(y)) if known_rank(x, "scipy.linalg.lstsq") == 1 else x @ of_numpy.adjointed(y)


def _lstsq_adjoint(g: Any, y: Any, xs: Any, active: Any) -> Any:
    a, b = xs
    bar, inverse = conjugated(g), np.linalg.pinv(a)
    turned = of_numpy.adjointed(inverse)
    b_bar = turned @ bar
    a_bar = None
    if active[0]:
        a_bar = _outer(b - a @ y, inverse @ b_bar) - _outer(b_bar, y) + _outer(turned @ y, bar - inverse @ (a @ bar))
        a_bar = fit(conjugated(a_bar), a)
    return a_bar, fit(conjugated(b_bar), b) if active[1] else None


rule(
    least_squares,
    _lstsq_type,
    tangent=_lstsq_tangent,
    adjoint=_lstsq_adjoint,
    name="scipy.linalg.lstsq (solution)",
    spelling="scipy.linalg.lstsq(_0, _1)[0]",
    source=GOLUB_PEREYRA,
    samples=lambda rng: [
        Sample((REAL(rng, shape), REAL(rng, right)))
        for shape, right in [((4, 2), (4,)), ((4, 2), (4, 3)), ((2, 4), (2,)), ((3, 3), (3,))]
    ],
)


def _lstsq(
    a: Any,
    b: Any,
    cond: Any = None,
    overwrite_a: bool = False,
    overwrite_b: bool = False,
    check_finite: bool = True,
    lapack_driver: Any = None,
) -> Any:
    if cond is not None:
        raise UnsupportedType("scipy.linalg.lstsq with cond", "leave it out")
    x = call(least_squares, a, b)
    left = np.sum(np.abs(b - a @ x) ** 2, axis=0)
    return x, left, call(np.linalg.matrix_rank, a), np.linalg.svd(a, compute_uv=False)


define(
    linalg.lstsq,
    _lstsq,
    lambda rng: [Sample((REAL(rng, (4, 2)), REAL(rng, shape))) for shape in [(4,), (4, 3)]],
    "b",
)
