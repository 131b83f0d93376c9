"""Linear algebra of scipy.linalg, read once that has been imported.

Factorisations have the derivatives of those of NumPy. N. J. Higham, Functions of Matrices (2008), section 3.2, for the
exponential: its derivative is a block of the exponential of a block matrix.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from scipy import linalg

from s2sad.ir.builder import call, rank_of, shape_of
from s2sad.ir.definition import define
from s2sad.ir.primitive import Sample
from s2sad.rules.domains import REAL
from s2sad.rules.numpy.fft import zeros_like
from s2sad.rules.numpy.shaping import check_rank

TURNED: dict[Any, bool] = {0: False, "N": False, 1: True, "T": True}
"""The values of `trans`: whether the matrix is transposed."""


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
