"""Eigenvalues and eigenvectors of symmetric matrices of few diagonals, kept as these.

M. B. Giles, Collected matrix derivative results for forward and reverse mode AD (2008), section 3.1: the adjoint of the
matrix is V (diag(w_bar) + F * V' V_bar) V', of which the diagonals alone are computed. Where some of the eigenvectors
are asked for, these move along all of them, which the derivative computes.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from scipy import linalg

from s2sad.errors import UnsupportedType
from s2sad.ir.builder import call
from s2sad.ir.definition import define
from s2sad.ir.primitive import Sample
from s2sad.ir.types import Type, array, tuple_type
from s2sad.rules.contributions import conjugated, fit, type_in
from s2sad.rules.domains import REAL
from s2sad.rules.families import rule
from s2sad.rules.literature import GILES
from s2sad.rules.numpy.factorisations import reciprocal_gaps
from s2sad.rules.numpy.linalg import adjointed, real_dtype
from s2sad.rules.promotion import array_types, result_dtype
from s2sad.rules.scipy.linalg.bands import bands_of_product, times_symmetric
from s2sad.rules.scipy.linalg.eigenvalues import columns, count_of


def _moves(y: Any, among: Any, everything: Callable[[], Any]) -> tuple[Any, Any]:
    """1 / (w[j] - w[i]) for all w[i], and those w[j] that were asked for, and all vectors."""
    w, u = everything() if type_in(among).is_container else y
    return columns(call(reciprocal_gaps, w), among), u


def _tangent(y: Any, moved: Any, among: Any, everything: Callable[[], Any]) -> Any:
    gaps, u = _moves(y, among, everything)
    return np.sum(conjugated(y[1]) * moved, axis=0), u @ (gaps * (adjointed(u) @ moved))


def _half_adjoint(g: Any, y: Any, among: Any, everything: Callable[[], Any]) -> Any:
    """What times V' is the adjoint of the matrix; None where that is 0."""
    w, v = y
    total = None if g[0] is None else v * g[0]
    if g[1] is not None:
        gaps, u = _moves(y, among, everything)
        part = u @ (gaps * (adjointed(u) @ conjugated(g[1])))
        total = part if total is None else total + part
    return total


def _selected(select: str, select_range: Any, name: str) -> Any:
    """The numbers of the first and the last eigenvalue; None for all."""
    if select in ("a", "all", 0):
        return None
    if select not in ("i", "index", 2):
        raise UnsupportedType(f"{name} with select={select!r}", 'use select="i"')
    return select_range


# Tridiagonal ones


def tridiagonal_eigh(d: Any, e: Any, among: Any) -> Any:
    """The eigenvalues and eigenvectors, from a first number to a last one where these are given."""
    return linalg.eigh_tridiagonal(d, e, select="a" if among is None else "i", select_range=among)


def _tridiagonal_type(d: Type, e: Type, among: Type, /) -> Type:
    s, t = array_types("scipy.linalg.eigh_tridiagonal", [d, e])
    dtype = result_dtype([s, t], "float")
    if s.shape is None:
        return tuple_type(array(dtype, None), array(dtype, None))
    count = count_of(among, s.shape[0])
    return tuple_type(array(dtype, (count,)), array(dtype, (s.shape[0], count)))


def _tridiagonal_tangent(y: Any, xs: Any, dots: Any) -> Any:
    d, e, among = xs
    v = y[1]
    moved = None if dots[0] is None else dots[0][:, None] * v
    if dots[1] is not None:
        none = np.zeros_like(v[:1])
        above = call(np.concatenate, [dots[1][:, None] * v[1:], none])
        below = call(np.concatenate, [none, dots[1][:, None] * v[:-1]])
        moved = above + below if moved is None else moved + above + below
    return _tangent(y, moved, among, lambda: call(tridiagonal_eigh, d, e, None))


def _tridiagonal_adjoint(g: Any, y: Any, xs: Any, active: Any) -> Any:
    d, e, among = xs
    v = y[1]
    half = _half_adjoint(g, y, among, lambda: call(tridiagonal_eigh, d, e, None))
    if half is None:
        return None, None, None
    return (
        fit(np.sum(half * v, axis=1), d) if active[0] else None,
        fit(np.sum(half[1:] * v[:-1] + half[:-1] * v[1:], axis=1), e) if active[1] else None,
        None,
    )


def _tridiagonal_spelling(d: Type, e: Type, among: Type, /) -> str:
    chosen = ', select="i", select_range=_2' if among.is_container else ""
    return f"scipy.linalg.eigh_tridiagonal(_0, _1{chosen})"


def _tridiagonal(rng: np.random.Generator) -> tuple[Any, Any]:
    return np.array([1.0, 3.0, 6.0, 8.0]), REAL(rng, (3,))


rule(
    tridiagonal_eigh,
    _tridiagonal_type,
    tangent=_tridiagonal_tangent,
    adjoint=_tridiagonal_adjoint,
    name="scipy.linalg.eigh_tridiagonal (of some)",
    spelling=_tridiagonal_spelling,
    source=GILES,
    samples=lambda rng: [Sample((*_tridiagonal(rng), among)) for among in (None, (1, 2))],
)


def _eigh_tridiagonal(
    d: Any,
    e: Any,
    eigvals_only: bool = False,
    select: str = "a",
    select_range: Any = None,
    check_finite: bool = True,
    tol: float = 0.0,
    lapack_driver: str = "auto",
) -> Any:
    found = call(tridiagonal_eigh, d, e, _selected(select, select_range, "scipy.linalg.eigh_tridiagonal"))
    return found[0] if eigvals_only else found


def _eigvalsh_tridiagonal(
    d: Any,
    e: Any,
    select: str = "a",
    select_range: Any = None,
    check_finite: bool = True,
    tol: float = 0.0,
    lapack_driver: str = "auto",
) -> Any:
    return _eigh_tridiagonal(d, e, True, select, select_range)


def _samples(rng: np.random.Generator) -> list[Sample]:
    return [Sample(_tridiagonal(rng)), Sample(_tridiagonal(rng), {"select": "i", "select_range": (0, 1)})]


define(linalg.eigh_tridiagonal, _eigh_tridiagonal, _samples, "e select_range", lists="select_range")
define(linalg.eigvalsh_tridiagonal, _eigvalsh_tridiagonal, _samples, "e select_range", lists="select_range")


# Of more diagonals


def banded_eigh(a_band: Any, among: Any, lower: bool = False) -> Any:
    """The eigenvalues and eigenvectors, from a first number to a last one where these are given."""
    return linalg.eig_banded(a_band, lower=lower, select="a" if among is None else "i", select_range=among)


def _banded_type(a_band: Type, among: Type, /, lower: bool = False) -> Type:
    (t,) = array_types("scipy.linalg.eig_banded", [a_band])
    dtype = result_dtype([t], "float")
    if t.shape is None:
        return tuple_type(array(real_dtype(dtype), None), array(dtype, None))
    count = count_of(among, t.shape[1])
    return tuple_type(array(real_dtype(dtype), (count,)), array(dtype, (t.shape[1], count)))


def _banded_tangent(y: Any, xs: Any, dots: Any, **lower: bool) -> Any:
    a_band, among = xs
    moved = times_symmetric(dots[0], y[1], lower.get("lower", False))
    return _tangent(y, moved, among, lambda: call(banded_eigh, a_band, None, **lower))


def _banded_adjoint(g: Any, y: Any, xs: Any, active: Any, **lower: bool) -> Any:
    a_band, among = xs
    half = _half_adjoint(g, y, among, lambda: call(banded_eigh, a_band, None, **lower))
    if half is None:
        return None, None
    return fit(conjugated(bands_of_product(half, y[1], a_band, lower.get("lower", False))), a_band), None


def _banded_spelling(a_band: Type, among: Type, /, lower: bool = False) -> str:
    chosen = ', select="i", select_range=_1' if among.is_container else ""
    return f"scipy.linalg.eig_banded(_0{', lower=True' if lower else ''}{chosen})"


def _banded(rng: np.random.Generator, lower: bool = False) -> Any:
    rows = [np.array([1.0, 3.0, 6.0, 8.0]), 0.5 * REAL(rng, (4,)), 0.3 * REAL(rng, (4,))]
    return np.stack(rows if lower else rows[::-1])


rule(
    banded_eigh,
    _banded_type,
    tangent=_banded_tangent,
    adjoint=_banded_adjoint,
    name="scipy.linalg.eig_banded (of some)",
    spelling=_banded_spelling,
    source=GILES,
    samples=lambda rng: [
        Sample((_banded(rng), None)),
        Sample((_banded(rng, lower=True), None), {"lower": True}),
        Sample((_banded(rng), (1, 2))),
    ],
)


def _eig_banded(
    a_band: Any,
    lower: bool = False,
    eigvals_only: bool = False,
    overwrite_a_band: bool = False,
    select: str = "a",
    select_range: Any = None,
    max_ev: int = 0,
    check_finite: bool = True,
) -> Any:
    among = _selected(select, select_range, "scipy.linalg.eig_banded")
    found = call(banded_eigh, a_band, among, **({"lower": True} if lower else {}))
    return found[0] if eigvals_only else found


def _eigvals_banded(
    a_band: Any,
    lower: bool = False,
    overwrite_a_band: bool = False,
    select: str = "a",
    select_range: Any = None,
    check_finite: bool = True,
) -> Any:
    return _eig_banded(a_band, lower, True, select=select, select_range=select_range)


def _banded_samples(rng: np.random.Generator) -> list[Sample]:
    return [
        Sample((_banded(rng, lower=True),), {"lower": True}),
        Sample((_banded(rng),), {"select": "i", "select_range": (0, 1)}),
    ]


define(linalg.eig_banded, _eig_banded, _banded_samples, "select_range", lists="select_range")
define(linalg.eigvals_banded, _eigvals_banded, _banded_samples, "select_range", lists="select_range")
