"""Which numbers of the result of a linear function depend on which numbers of its argument, found by calling it.

    reached(lambda x: np.convolve(x, w), 100_000)         pairs of a number of the result and one of the argument

The argument is cut into blocks, and each block into smaller ones, down to its numbers. Blocks that have no number of
the result in common, by what was found of those that they are parts of, are told apart in one call: a band takes a few
calls for each cut. Numbers that are drawn at random cancel nowhere.

Griewank & Mitev, Detecting Jacobian sparsity patterns by Bayesian probing (2002), for numbers in the place of symbols;
Curtis, Powell & Reid (1974) for columns that are found together.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, TypeAlias

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

Integers: TypeAlias = "NDArray[np.int64]"

CUT = 4
"""Into how many parts a block is cut."""
FEW_BLOCKS = 16
"""The most blocks of the first cut. Where more than half of them reach each number on average, nothing is gained."""


def columns_apart(matrix: Any, order: Integers) -> Integers:
    """Groups of the columns of a sparse matrix that meet in no row: each column, in this order, is in the first it can.

    SciPy's own, compiled; it has no public name for it, and libraries of graphs take a hundred times as long.
    """
    from scipy.optimize._numdiff import group_columns

    found: Integers = np.asarray(group_columns(matrix, order), dtype=np.int64)
    return found


def reached(linear: Callable[[Any], Any], size: int, most: int) -> tuple[Integers, Integers] | None:
    """The pairs (of the result, of the argument) of a linear function of vectors; None where they are many."""
    # sums of these are exact, so that what is added and taken away again leaves nothing over
    numbers = np.random.default_rng(0).integers(1, 2**52 // size, size).astype(float)
    width = 1
    while width * FEW_BLOCKS < size:
        width *= CUT
    count = -(-size // width)
    groups, owners = np.arange(count), None
    while True:
        of = groups[np.arange(size) // width]
        results, blocks = [], []
        for g in range(groups.max(initial=-1) + 1):
            found = linear(np.where(of == g, numbers, 0.0))
            at = np.flatnonzero(found)
            results.append(at)
            blocks.append(np.full(len(at), g) if owners is None else owners(g, len(found))[at])
        rows, columns = np.concatenate(results), np.concatenate(blocks)
        # a number that no block of the group should reach: it is not linear
        if np.any(columns < 0) or len(rows) > most:
            return None
        if width == 1:
            return rows, columns
        if 2 * len(rows) > count * len(found):
            return None
        width //= CUT
        count = -(-size // width)
        groups, owners = _cut(rows, columns, count, len(found))


def _cut(rows: Integers, columns: Integers, count: int, size: int) -> tuple[Integers, Callable[[int, int], Integers]]:
    """The groups of the parts of blocks, and for a group the block that may reach each number of the result."""
    from scipy.sparse import csc_array

    parts = (CUT * columns[:, None] + np.arange(CUT)).ravel()
    rows = np.repeat(rows, CUT)
    rows, parts = rows[parts < count], parts[parts < count]
    reach = csc_array((np.ones(len(rows), dtype=np.bool), (rows, parts)), shape=(size, count))
    groups = np.full(count, -1, dtype=np.int64)
    there = np.flatnonzero(np.diff(reach.indptr))
    if len(there):
        groups[there] = columns_apart(reach[:, there], np.arange(len(there)))
    order = np.argsort(groups[parts], kind="stable")
    rows, parts = rows[order], parts[order]
    ends = np.searchsorted(groups[parts], np.arange(groups.max(initial=-1) + 2))

    def owners(group: int, size: int) -> Integers:
        found = np.full(size, -1, dtype=np.int64)
        own = slice(ends[group], ends[group + 1])
        found[rows[own]] = parts[own]
        return found

    return groups, owners
