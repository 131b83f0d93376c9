"""Linear algebra of scipy.linalg, read once that has been imported.

Factorisations have the derivatives of those of NumPy. N. J. Higham, Functions of Matrices (2008), section 3.2, for the
exponential: its derivative is a block of the exponential of a block matrix.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np
from scipy import linalg

from s2sad.errors import UnsupportedType
from s2sad.ir.builder import Expr, call
from s2sad.ir.definition import define
from s2sad.ir.primitive import Sample
from s2sad.ir.types import Type, array
from s2sad.rules.contributions import fit
from s2sad.rules.domains import REAL
from s2sad.rules.families import rule
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
