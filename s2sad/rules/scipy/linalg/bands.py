"""Matrices of few diagonals, kept as these: `ab[u + i - j, j]` is `a[i, j]`, with u diagonals above the main one.

The adjoint of a product of the matrix, or of its inverse, is an outer product of which the diagonals alone are
computed: `bands(x)[r, j]` is x at the row that `ab[r, j]` stands for, 0 where there is none. So no matrix is written
out, but for the factor of `cholesky_banded`.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from scipy import linalg

from s2sad.ir.batch_rule import Batched
from s2sad.ir.builder import Expr, call, shape_of
from s2sad.ir.definition import define
from s2sad.ir.dims import Dim, dim_sum, new_dim
from s2sad.ir.primitive import Sample
from s2sad.ir.types import ArrayType, Type, array
from s2sad.rules.contributions import conjugated, fit
from s2sad.rules.domains import REAL
from s2sad.rules.families import linear, rule
from s2sad.rules.numpy.linalg import adjointed
from s2sad.rules.numpy.shaping import known_rank
from s2sad.rules.promotion import array_types, result_dtype


def bands(x: Any, lower: int, upper: int) -> Any:
    """x[i] at the place of a[i, j] in the diagonal form of a matrix, 0 at places that it does not use."""
    padded = np.pad(x, [(upper, lower), *[(0, 0)] * (x.ndim - 1)])
    return padded[np.arange(lower + upper + 1)[:, None] + np.arange(len(x))]


def from_bands(c: Any, lower: int, upper: int) -> Any:
    """The sums over the rows of a matrix in diagonal form."""
    n = c.shape[1]
    padded = np.zeros((n + lower + upper, *c.shape[2:]), c.dtype)
    for row in range(lower + upper + 1):
        padded[row : row + n] += c[row]
    return padded[upper : upper + n]


def turned_bands(ab: Any, lower: int, upper: int) -> Any:
    """The diagonal form of the transposed matrix."""
    rows, n = np.arange(lower + upper + 1)[:, None], ab.shape[1]
    return ab[lower + upper - rows, (np.arange(n) + rows - lower) % n]


def written_out(ab: Any, lower: int, upper: int) -> Any:
    """The matrix of a diagonal form."""
    n = ab.shape[-1]
    row = upper + np.arange(n)[:, None] - np.arange(n)
    inside = (row >= 0) & (row <= lower + upper)
    return np.where(inside, ab[..., np.where(inside, row, 0), np.arange(n)], 0.0).astype(ab.dtype)


def in_bands(a: Any, lower: int, upper: int) -> Any:
    """The diagonal form of a matrix."""
    n = a.shape[-1]
    row = np.arange(lower + upper + 1)[:, None] + np.arange(n) - upper
    inside = (row >= 0) & (row < n)
    return np.where(inside, a[..., np.where(inside, row, 0), np.arange(n)], 0.0).astype(a.dtype)


def unused(ab: Any, lower: int, upper: int) -> Any:
    """The numbers at the places that a matrix in diagonal form does not use, 0 at others."""
    row = np.arange(lower + upper + 1)[:, None] + np.arange(ab.shape[-1]) - upper
    return np.where((row < 0) | (row >= ab.shape[-1]), ab, 0.0).astype(ab.dtype)


def half_diagonal(ab: Any, row: int) -> Any:
    """A diagonal form with half the main diagonal, which is this row."""
    ab = ab.copy()
    ab[row] *= 0.5
    return ab


def _count(lower: Type, upper: Type) -> Dim:
    if lower.size is None or upper.size is None:
        return new_dim()
    return dim_sum(dim_sum(lower.size, upper.size), 1)


def _typed(x: Type, shape: Callable[..., tuple[Dim, ...]]) -> Type:
    assert isinstance(x, ArrayType)
    return array(x.dtype, None if x.shape is None else shape(*x.shape))


def _of_first(b: Batched) -> Any:
    return call(b.primitive.function, b.only_first(), *b.xs[1:])


linear(
    bands,
    lambda g, x, lower, upper: call(from_bands, g, lower, upper),
    lambda x, lower, upper, /: _typed(x, lambda *s: (_count(lower, upper), *s)),
    helper=True,
    samples=lambda rng: [Sample((REAL(rng, s), 1, 2)) for s in [(5,), (4, 2)]],
)
linear(
    from_bands,
    lambda g, c, lower, upper: call(bands, g, lower, upper),
    lambda c, lower, upper, /: _typed(c, lambda k, *s: s),
    helper=True,
    samples=lambda rng: [Sample((REAL(rng, s), 1, 2)) for s in [(4, 5), (4, 4, 2)]],
)
linear(
    turned_bands,
    lambda g, ab, lower, upper: call(turned_bands, g, upper, lower),
    lambda ab, lower, upper, /: _typed(ab, lambda *s: s),
    helper=True,
    samples=lambda rng: [Sample((REAL(rng, (4, 5)), 1, 2))],
)
linear(
    written_out,
    lambda g, ab, lower, upper: call(in_bands, g, lower, upper),
    lambda ab, lower, upper, /: _typed(ab, lambda *s: (*s[:-2], s[-1], s[-1])),
    helper=True,
    batched=_of_first,
    samples=lambda rng: [Sample((REAL(rng, (4, 5)), 1, 2))],
)
linear(
    in_bands,
    lambda g, a, lower, upper: call(written_out, g, lower, upper),
    lambda a, lower, upper, /: _typed(a, lambda *s: (*s[:-2], _count(lower, upper), s[-1])),
    helper=True,
    batched=_of_first,
    samples=lambda rng: [Sample((REAL(rng, (5, 5)), 1, 2))],
)
linear(
    unused,
    lambda g, ab, lower, upper: call(unused, g, lower, upper),
    lambda ab, lower, upper, /: _typed(ab, lambda *s: s),
    helper=True,
    batched=_of_first,
    samples=lambda rng: [Sample((REAL(rng, (4, 5)), 1, 2))],
)
linear(
    half_diagonal,
    lambda g, ab, row: call(half_diagonal, g, row),
    lambda ab, row, /: _typed(ab, lambda *s: s),
    helper=True,
    samples=lambda rng: [Sample((REAL(rng, (3, 5)), row)) for row in (0, -1)],
)


def _beside(ab: Any, x: Any) -> Any:
    """A diagonal form, as it meets one vector or many."""
    return ab if known_rank(x, "scipy.linalg.solve_banded") == 1 else ab[:, :, None]


def _summed(c: Any, x: Any) -> Any:
    """What is for each of many vectors is added up."""
    return c if known_rank(x, "scipy.linalg.solve_banded") == 1 else np.sum(c, axis=2)


# Systems


def _solve_type(
    l_and_u: Type,
    ab: Type,
    b: Type,
    /,
    overwrite_ab: bool = False,
    overwrite_b: bool = False,
    check_finite: bool = True,
) -> Type:
    s, t = array_types("scipy.linalg.solve_banded", [ab, b])
    return array(result_dtype([s, t], "float"), t.shape)


def _solve_tangent(y: Any, xs: Any, dots: Any, **_: Any) -> Any:
    (lower, upper), ab, _b = xs
    right = dots[2]
    if dots[1] is not None:
        moved = call(from_bands, _beside(dots[1], y) * y, lower, upper)
        right = -moved if right is None else right - moved
    return call(linalg.solve_banded, (lower, upper), ab, right)


def _solve_adjoint(g: Any, y: Any, xs: Any, active: Any, **_: Any) -> Any:
    (lower, upper), ab, b = xs
    b_bar = call(linalg.solve_banded, (upper, lower), call(turned_bands, ab, lower, upper), g)
    ab_bar = None
    if active[1]:
        ab_bar = fit(-_summed(call(bands, b_bar, lower, upper) * y, y), ab)
    return None, ab_bar, fit(b_bar, b) if active[2] else None


def _banded(rng: np.random.Generator, lower: int, upper: int, n: int = 5) -> Any:
    ab = REAL(rng, (lower + upper + 1, n))
    ab[upper] += 6.0
    return ab


rule(
    linalg.solve_banded,
    _solve_type,
    tangent=_solve_tangent,
    adjoint=_solve_adjoint,
    samples=lambda rng: [
        Sample((given, _banded(rng, *given), REAL(rng, shape)))
        for given, shape in [((1, 2), (5,)), ((2, 0), (5, 2)), ((1, 1), (5,))]
    ],
)


# Symmetric matrices, of which one half of the diagonals is given


def _given(ab: Any, lower: bool) -> tuple[Any, Any, int]:
    """How many diagonals are below the main one and above it, and where that is."""
    count = shape_of(ab)[0] - 1
    return (count, 0, 0) if lower else (0, count, -1)


def times_symmetric(ab: Any, x: Any, lower: bool) -> Any:
    """The product of a symmetric matrix."""
    below, above, row = _given(ab, lower)
    half = _beside(call(half_diagonal, ab, row), x)
    return call(from_bands, half * x, below, above) + np.sum(conjugated(half) * call(bands, x, below, above), axis=0)


def bands_of_product(x: Any, y: Any, ab: Any, lower: bool) -> Any:
    """The adjoint of the given diagonals of a symmetric matrix, of which x y' is the adjoint."""
    below, above, row = _given(ab, lower)
    both = call(bands, x, below, above) * conjugated(y) + call(bands, y, below, above) * conjugated(x)
    return call(half_diagonal, _summed(both, x), row)


def _solveh_type(
    ab: Type,
    b: Type,
    /,
    overwrite_ab: bool = False,
    overwrite_b: bool = False,
    lower: bool = False,
    check_finite: bool = True,
) -> Type:
    s, t = array_types("scipy.linalg.solveh_banded", [ab, b])
    return array(result_dtype([s, t], "float"), t.shape)


def _solveh_tangent(y: Any, xs: Any, dots: Any, lower: bool = False, **_: Any) -> Any:
    right = dots[1]
    if dots[0] is not None:
        moved = times_symmetric(dots[0], y, lower)
        right = -moved if right is None else right - moved
    return call(linalg.solveh_banded, xs[0], right, **_lower(lower))


def _lower(lower: bool) -> dict[str, bool]:
    return {"lower": True} if lower else {}


def _solveh_adjoint(g: Any, y: Any, xs: Any, active: Any, lower: bool = False, **_: Any) -> Any:
    ab, b = xs
    b_bar = call(linalg.solveh_banded, ab, conjugated(g), **_lower(lower))
    ab_bar = fit(conjugated(-bands_of_product(b_bar, y, ab, lower)), ab) if active[0] else None
    return ab_bar, fit(conjugated(b_bar), b) if active[1] else None


def _symmetric_samples(rng: np.random.Generator) -> list[tuple[Any, bool]]:
    return [(_banded(rng, 0, 2), False), (_banded(rng, 2, 0), True), (_banded(rng, 1, 0), True)]


rule(
    linalg.solveh_banded,
    _solveh_type,
    tangent=_solveh_tangent,
    adjoint=_solveh_adjoint,
    samples=lambda rng: [
        Sample((ab, REAL(rng, shape)), _lower(lower))
        for (ab, lower), shape in zip(_symmetric_samples(rng), [(5,), (5, 2), (5,)], strict=True)
    ],
)


# Cholesky factors


def _cholesky_banded(ab: Any, overwrite_ab: bool = False, lower: bool = False, check_finite: bool = True) -> Any:
    below, above, _ = _given(ab, lower)
    full = call(written_out, ab, below, above)
    factor = np.linalg.cholesky(full if lower else adjointed(full))
    found = call(in_bands, factor if lower else adjointed(factor), below, above)
    return found + call(unused, ab, below, above)  # LAPACK leaves them as they are


def _cho_solve_banded(cb_and_lower: Any, b: Any, overwrite_b: bool = False, check_finite: bool = True) -> Any:
    cb, lower = cb_and_lower
    count = shape_of(cb)[0] - 1
    known = lower.known if isinstance(lower, Expr) else lower
    if known is None:  # which of both it is, is known at run time only
        cb, known = call(np.where, lower, cb, conjugated(call(turned_bands, cb, 0, count))), True
    turned = conjugated(call(turned_bands, cb, count, 0) if known else call(turned_bands, cb, 0, count))
    first, last = (cb, turned) if known else (turned, cb)
    return call(linalg.solve_banded, (0, count), last, call(linalg.solve_banded, (count, 0), first, b))


define(
    linalg.cholesky_banded,
    _cholesky_banded,
    lambda rng: [Sample((ab,), _lower(lower)) for ab, lower in _symmetric_samples(rng)],
)
define(
    linalg.cho_solve_banded,
    _cho_solve_banded,
    lambda rng: [Sample(((ab, lower), REAL(rng, (5,)))) for ab, lower in _symmetric_samples(rng)],
    "b",
    lists="cb_and_lower",
)
