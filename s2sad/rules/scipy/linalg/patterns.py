"""Matrices made of the numbers of a few vectors: of blocks, of equal diagonals, companions of polynomials.

Each number of a matrix stands for one of a vector, or is 0 or 1: it is picked from these.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from scipy import linalg

from s2sad.ir.builder import beside, call, rank_of, shape_of
from s2sad.ir.definition import define
from s2sad.ir.primitive import Sample
from s2sad.ir.types import Type, array
from s2sad.rules.contributions import type_in
from s2sad.rules.domains import REAL
from s2sad.rules.families import constant
from s2sad.rules.numpy.fft import zeros_like
from s2sad.rules.numpy.shaping import check_rank
from s2sad.rules.numpy.statistics import in_dtype_of


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


def _hankel(c: Any, r: Any = None) -> Any:
    check_rank(c, "scipy.linalg.hankel", 1)
    m = shape_of(c)[0]
    last = zeros_like(c, (m,)) if r is None else r
    values = call(np.concatenate, [c, last[1:]])
    return values[call(np.arange, m)[:, None] + call(np.arange, shape_of(last)[0])]


def _convolution_matrix(a: Any, n: Any, mode: str = "full") -> Any:
    check_rank(a, "scipy.linalg.convolution_matrix", 1)
    m = shape_of(a)[0]
    none = zeros_like(a, (n - 1,))
    padded = call(np.concatenate, [none, a, none])
    rows = call(np.arange, m + n - 1)
    if mode != "full":
        less = beside(a, min, m, n) - 1
        before = less // 2 if mode == "same" else less
        rows = rows[before : m + n - 1 - (less - before if mode == "same" else less)]
    return padded[n - 1 + rows[:, None] - beside(a, np.arange, n)]


def _below_ones(row: Any) -> Any:
    """A matrix with this first row, and ones below the diagonal."""
    n = shape_of(row)[0]
    ones = in_dtype_of(call(np.eye, n - 1, n), row)
    return call(np.concatenate, [row[None], ones])


def _companion(a: Any) -> Any:
    check_rank(a, "scipy.linalg.companion", 1)
    return _below_ones(-a[1:] / a[0])


def fiedler_places(n: int) -> Any:
    """Where the numbers of a Fiedler companion matrix are found, behind a 0 and a 1: coefficient k at k + 1."""
    places = np.zeros((n, n), np.int64)
    places[range(3, n, 2), range(1, n - 2, 2)] = 1
    places[range(2, n, 2), range(1, n - 1, 2)] = np.arange(4, n + 2, 2)
    places[range(0, n - 2, 2), range(2, n, 2)] = 1
    places[range(0, n - 1, 2), range(1, n, 2)] = np.arange(3, n + 2, 2)
    places[0, 0], places[1, 0] = 2, 1
    return places


def _places_type(n: Type, /) -> Type:
    return array(np.dtype(np.int64), None if n.size is None else (n.size, n.size))


constant(fiedler_places, _places_type, name="fiedler_places", helper=True, samples=lambda rng: [Sample((4,))])


def _fiedler_companion(a: Any) -> Any:
    check_rank(a, "scipy.linalg.fiedler_companion", 1)
    nothing, one = np.zeros_like(a[:1]), np.ones_like(a[:1])
    return call(np.concatenate, [nothing, one, -a[1:] / a[0]])[call(fiedler_places, shape_of(a)[0] - 1)]


def _fiedler(a: Any) -> Any:
    check_rank(a, "scipy.linalg.fiedler", 1)
    return np.zeros_like(a) if type_in(a).shape == (0,) else np.abs(a[:, None] - a)


def _leslie(f: Any, s: Any) -> Any:
    for x in (f, s):
        check_rank(x, "scipy.linalg.leslie", 1)
    survivors = call(np.concatenate, [np.diag(s), np.zeros_like(s)[:, None]], axis=1)
    return call(np.concatenate, [f[None], survivors])


def _khatri_rao(a: Any, b: Any) -> Any:
    for x in (a, b):
        check_rank(x, "scipy.linalg.khatri_rao", 2)
    return np.reshape(a[:, None, :] * b, (-1, shape_of(b)[1]))


def _diagsvd(s: Any, M: Any, N: Any) -> Any:
    k = shape_of(s)[0]
    rows = call(np.concatenate, [np.diag(s), zeros_like(s, (k, N - k))], axis=1)
    return call(np.concatenate, [rows, zeros_like(s, (M - k, N))])


define(
    linalg.hankel,
    _hankel,
    lambda rng: [Sample((REAL(rng, (3,)),)), Sample((REAL(rng, (3,)), REAL(rng, (4,))))],
    "r",
)
define(
    linalg.convolution_matrix,
    _convolution_matrix,
    lambda rng: [Sample((REAL(rng, (3,)), 4, mode)) for mode in ("full", "same", "valid")],
    "n",
)
define(linalg.companion, _companion, lambda rng: [Sample((REAL(rng, (4,)),))])
define(
    linalg.fiedler_companion,
    _fiedler_companion,
    lambda rng: [Sample((REAL(rng, (n,)),)) for n in (5, 6)],
)
define(linalg.fiedler, _fiedler, lambda rng: [Sample((np.array([0.5, -1.0, 2.0]),))], of_complex=False)
define(linalg.leslie, _leslie, lambda rng: [Sample((REAL(rng, (3,)), REAL(rng, (2,))))], "s")
define(linalg.khatri_rao, _khatri_rao, lambda rng: [Sample((REAL(rng, (2, 3)), REAL(rng, (4, 3))))], "b")
define(
    linalg.diagsvd,
    _diagsvd,
    lambda rng: [Sample((REAL(rng, (2,)), 2, 3)), Sample((REAL(rng, (2,)), 3, 2))],
    "M N",
)
