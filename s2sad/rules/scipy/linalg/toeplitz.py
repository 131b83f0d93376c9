"""Systems and products whose matrix has equal numbers along each diagonal, never written out.

The adjoint of a number is the sum along its diagonal of the outer product that is the adjoint of the matrix: a
correlation of two vectors. Products are those of the circulant matrix that the matrix is a part of, by its transform
(G. H. Golub & C. F. Van Loan, Matrix Computations, section 4.8).
"""

from __future__ import annotations

from typing import Any

import numpy as np
from scipy import linalg

from s2sad.errors import UnsupportedType
from s2sad.ir.builder import call, shape_of
from s2sad.ir.definition import define
from s2sad.ir.primitive import Sample
from s2sad.ir.types import ContainerType, Type, array
from s2sad.rules.contributions import conjugated, fit, type_in
from s2sad.rules.domains import REAL
from s2sad.rules.families import rule
from s2sad.rules.numpy.shaping import check_rank, known_rank
from s2sad.rules.promotion import array_types, result_dtype
from s2sad.rules.scipy.linalg.bands import bands


def _solve_type(c_or_cr: Type, b: Type, /, check_finite: bool = True) -> Type:
    pair = isinstance(c_or_cr, ContainerType)
    *given, t = array_types("scipy.linalg.solve_toeplitz", [*(c_or_cr.items if pair else [c_or_cr]), b])
    if not pair and c_or_cr.is_complex:
        raise UnsupportedType("scipy.linalg.solve_toeplitz of one complex column", "give the first row too")
    dtype = result_dtype([*given, t], "float")
    return array(None if dtype is None else np.result_type(dtype, np.float64), t.shape)


def _is_pair(x: Any) -> bool:
    return isinstance(type_in(x), ContainerType)


def _turned(given: Any) -> Any:
    """What the transposed matrix is made of."""
    if not _is_pair(given):
        return given
    c, r = given
    return call(np.concatenate, [c[:1], r[1:]]), c


def _sums(x: Any, y: Any) -> Any:
    """The sums of `x[j + k] y[j]` over j, for each k."""
    n = shape_of(x)[0]
    if known_rank(x, "scipy.linalg.solve_toeplitz") == 1:
        return call(np.correlate, x, conjugated(y), "full")[n - 1 :]
    return np.sum(call(bands, x, n - 1, 0) * y, axis=(1, 2))


def _solve_tangent(y: Any, xs: Any, dots: Any, **_: Any) -> Any:
    right, made = dots[1], dots[0]
    if _is_pair(xs[0]) and made is not None:
        made = tuple(np.zeros_like(x) if d is None else d for x, d in zip(xs[0], made, strict=True))
    if made is not None:
        moved = call(linalg.matmul_toeplitz, made, y)
        right = -moved if right is None else right - moved
    return call(linalg.solve_toeplitz, xs[0], right)


def _solve_adjoint(g: Any, y: Any, xs: Any, active: Any, **_: Any) -> Any:
    given, b = xs
    b_bar = call(linalg.solve_toeplitz, _turned(given), g)
    made = None
    if active[0]:
        below, above = -_sums(b_bar, y), -_sums(y, b_bar)
        # The first number of the row is not read: it is that of the column.
        above = call(np.concatenate, [np.zeros_like(above[:1]), above[1:]])
        made = (fit(below, given[0]), fit(above, given[1])) if _is_pair(given) else fit(below + above, given)
    return made, fit(b_bar, b) if active[1] else None


def _column(rng: np.random.Generator) -> Any:
    return REAL(rng, (4,)) + np.array([6.0, 0.0, 0.0, 0.0])


rule(
    linalg.solve_toeplitz,
    _solve_type,
    tangent=_solve_tangent,
    adjoint=_solve_adjoint,
    samples=lambda rng: [
        Sample((_column(rng), REAL(rng, (4,)))),
        Sample((_column(rng), REAL(rng, (4, 2)))),
        Sample(((_column(rng), REAL(rng, (4,))), REAL(rng, (4,)))),
        Sample(((_column(rng), REAL(rng, (4,))), REAL(rng, (4, 2)))),
    ],
)


def _is_complex(*xs: Any) -> bool:
    return any(conjugated(x) is not x for x in xs)


def _in_double(x: Any) -> Any:
    dtype = type_in(x).dtype
    wide = None if dtype is None else np.result_type(dtype, np.float64)
    return x if wide == dtype else call(np.astype, x, wide)


def _matmul(c_or_cr: Any, x: Any, check_finite: bool = False, workers: Any = None) -> Any:
    # SciPy takes a tuple for a column and a row, and a list for a column of numbers.
    c = call(np.array, c_or_cr) if type_in(c_or_cr).cls is list else c_or_cr
    c, r = c if _is_pair(c) else (c, conjugated(c))
    for part in (c, r):
        check_rank(part, "scipy.linalg.matmul_toeplitz", 1)
    check_rank(x, "scipy.linalg.matmul_toeplitz", 1, 2)
    c, r, x = map(_in_double, (c, r, x))
    m, n = shape_of(c)[0], shape_of(r)[0]
    to, back = (np.fft.fft, np.fft.ifft) if _is_complex(c, r, x) else (np.fft.rfft, np.fft.irfft)
    whole = to(call(np.concatenate, [c, r[1:][::-1]]))
    if known_rank(x, "scipy.linalg.matmul_toeplitz") == 2:
        return back(whole[:, None] * call(to, x, n=m + n - 1, axis=0), n=m + n - 1, axis=0)[:m]
    return call(back, whole * call(to, x, n=m + n - 1), n=m + n - 1)[:m]


define(
    linalg.matmul_toeplitz,
    _matmul,
    lambda rng: [
        Sample((REAL(rng, (3,)), REAL(rng, (3,)))),
        Sample(((REAL(rng, (3,)), REAL(rng, (4,))), REAL(rng, (4,)))),
        Sample(((REAL(rng, (4,)), REAL(rng, (2,))), REAL(rng, (2, 2)))),
    ],
    "x",
    lists="c_or_cr",
)


def _solve_circulant(
    c: Any, b: Any, singular: str = "raise", tol: Any = None, caxis: int = -1, baxis: int = 0, outaxis: int = 0
) -> Any:
    if (caxis, baxis, outaxis) != (-1, 0, 0) or singular != "raise":
        raise UnsupportedType("scipy.linalg.solve_circulant with axes or singular=", "move the axes before and behind")
    check_rank(c, "scipy.linalg.solve_circulant", 1)
    check_rank(b, "scipy.linalg.solve_circulant", 1, 2)
    spectrum = np.fft.fft(c)
    if known_rank(b, "scipy.linalg.solve_circulant") == 2:
        x = np.fft.ifft(np.fft.fft(b, axis=0) / spectrum[:, None], axis=0)
    else:
        x = np.fft.ifft(np.fft.fft(b) / spectrum)
    return x if _is_complex(c, b) else np.real(x)


define(
    linalg.solve_circulant,
    _solve_circulant,
    lambda rng: [Sample((_column(rng), REAL(rng, shape))) for shape in [(4,), (4, 2)]],
    "b",
)
