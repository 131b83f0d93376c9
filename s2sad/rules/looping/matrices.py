"""Small matrices: what a library does for large ones, as expressions of their elements.

np.linalg.det(a)   is   a[0, 0] * a[1, 1] - a[0, 1] * a[1, 0]        of two rows
"""

from __future__ import annotations

from typing import Any

import numpy as np

from s2sad.errors import UnsupportedType
from s2sad.ir.builder import call, rank_of, shape_of
from s2sad.ir.loop_rule import guard, written
from s2sad.rules.numpy.factorisations import reciprocal_gaps
from s2sad.rules.numpy.linalg import cofactors
from s2sad.rules.numpy.matrix_functions import distinct_gaps

LARGEST = 3
"""The most rows of a matrix that is written out."""


def _elements(a: Any) -> list[list[Any]]:
    """The elements of a small matrix, or of many of them."""
    shape = a.type.shape
    n = shape[-1] if shape else None
    if not isinstance(n, int) or not 1 <= n <= LARGEST or shape[-2] != n or np.dtype(a.dtype).kind not in "fc":
        raise UnsupportedType("a matrix that is not known to be small")
    lead = (...,) if len(shape) > 2 else ()
    return [[a[(*lead, i, j)] for j in range(n)] for i in range(n)]


def _without(rows: list[list[Any]], i: int, j: int) -> list[list[Any]]:
    return [[x for m, x in enumerate(row) if m != j] for k, row in enumerate(rows) if k != i]


def _determinant(rows: list[list[Any]]) -> Any:
    """By the first row."""
    if len(rows) == 1:
        return rows[0][0]
    total = rows[0][0] * _determinant(_without(rows, 0, 0))
    for j in range(1, len(rows)):
        term = rows[0][j] * _determinant(_without(rows, 0, j))
        total = total - term if j % 2 else total + term
    return total


@written(np.linalg.det)
def det(a: Any) -> Any:
    return _determinant(_elements(a))


def _minors(rows: list[list[Any]]) -> list[list[Any]]:
    """The determinants of what is left without a row and a column, with their signs."""
    n = range(len(rows))
    if len(rows) == 1:
        return [[rows[0][0] * 0.0 + 1.0]]
    found = [[_determinant(_without(rows, i, j)) for j in n] for i in n]
    return [[-found[i][j] if (i + j) % 2 else found[i][j] for j in n] for i in n]


def _matrix(rows: list[list[Any]]) -> Any:
    return call(np.stack, [call(np.stack, row, axis=-1) for row in rows], axis=-2)


@written(cofactors)
def cofactors_of(a: Any) -> Any:
    rows = _minors(_elements(a))
    return _matrix([[np.conj(x) if np.dtype(a.dtype).kind == "c" else x for x in row] for row in rows])


@written(np.linalg.inv)
def inv(a: Any) -> Any:
    """What has no inverse is left to the library, which says so."""
    rows = _elements(a)
    size = _determinant(rows)
    guard(np.all(np.not_equal(size, 0.0) & np.isfinite(size)), size)
    minors = _minors(rows)
    n = range(len(rows))
    return _matrix([[minors[j][i] / size for j in n] for i in n])


@written(reciprocal_gaps)
def reciprocals_of_gaps(w: Any) -> Any:
    gaps = np.expand_dims(w, -2) - np.expand_dims(w, -1)
    size = np.expand_dims(np.maximum(np.abs(w[(..., slice(None, 1))]), np.abs(w[(..., slice(-1, None))])), -1)
    rounding = 4.0 * float(np.finfo(w.dtype).eps) * shape_of(w)[(rank_of(w) or 1) - 1]
    return _reciprocals(gaps, np.abs(gaps) <= rounding * size)


@written(distinct_gaps)
def reciprocals_of_distinct_gaps(w: Any, g: Any, slope: Any) -> Any:
    gaps = np.expand_dims(w, -2) - np.expand_dims(w, -1)
    rises = np.expand_dims(g, -2) - np.expand_dims(g, -1)
    means = 0.5 * (np.expand_dims(slope, -2) + np.expand_dims(slope, -1))
    sizes = 4.0 * float(np.finfo(w.dtype).eps) * (np.abs(g) + np.abs(w * slope))
    noise = np.expand_dims(sizes, -2) + np.expand_dims(sizes, -1)
    return _reciprocals(gaps, np.equal(gaps, 0.0) | (np.abs(means * gaps - rises) <= noise))


def _reciprocals(gaps: Any, near: Any) -> Any:
    return np.where(near, 0.0, 1.0 / np.where(near, 1.0, gaps))
