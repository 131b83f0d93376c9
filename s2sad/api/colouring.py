"""Which columns or rows of a sparse matrix are found together: takes a pattern, gives groups.

Columns that meet in no row are found by one sweep along the sum of their unit vectors: Curtis, Powell and Reid, On the
estimation of sparse Jacobian matrices (1974). Of a symmetric matrix it is enough if of each two numbers `H[i, j]` and
`H[j, i]` one stands alone, a star colouring: Gebremedhin, Manne and Pothen, What color is your Jacobian? (2005),
sections 3 and 4. Acyclic colourings take fewer sweeps, but give numbers as differences of others, in which errors of
rounding add up: here each is read off. Few rows that are full would make all columns meet: they are found by a sweep
each.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeAlias

import numpy as np

from s2sad.ir.probing import columns_apart

if TYPE_CHECKING:
    from numpy.typing import NDArray

Integers: TypeAlias = "NDArray[np.int64]"
Pattern: TypeAlias = Any
"""A sparse matrix of SciPy's, of which the stored places count."""


@dataclass(frozen=True)
class Groups:
    """Columns or rows in groups: `of[k]` is the group of number k, -1 for one that is in none."""

    of: Integers
    count: int

    @staticmethod
    def none(size: int) -> Groups:
        return Groups(np.full(size, -1, dtype=np.int64), 0)

    def alone(self, rows: Integers, columns: Integers, of_rows: Integers, of_columns: Integers) -> NDArray[np.bool]:
        """Which of some numbers are in a group and the only ones of it in their rows, among those at all places."""
        known = np.sort(rows * (self.count + 1) + self.of[columns])
        keys = of_rows * (self.count + 1) + self.of[of_columns]
        counts = np.searchsorted(known, keys, "right") - np.searchsorted(known, keys)
        alone: NDArray[np.bool] = (self.of[of_columns] >= 0) & (counts == 1)
        return alone

    def seeds(self, first: int, last: int) -> NDArray[np.float64]:
        """The sums of the unit vectors of some groups, as rows."""
        rows = np.zeros((last - first, len(self.of)))
        members = np.flatnonzero((self.of >= first) & (self.of < last))
        rows[self.of[members] - first, members] = 1.0
        return rows


def full_ones(counts: Integers) -> int:
    """How many of the fullest rows are to be found alone, so that with the groups of the rest there are fewest."""
    falling = np.sort(counts)[::-1]
    # a group for each number of the fullest row is the least that is needed
    return int(np.argmin(np.arange(len(falling) + 1) + np.append(falling, 0)))


def by_columns(pattern: Pattern) -> tuple[Groups, Groups]:
    """Groups of columns for forward sweeps, and of the few full rows, which are left to reverse ones."""
    rows = pattern.tocsr()
    counts = np.diff(rows.indptr)
    many = full_ones(counts)
    apart = np.argsort(-counts, kind="stable")[:many]
    full = np.zeros(rows.shape[0], dtype=np.bool)
    full[apart] = True
    columns = grouped(rows[~full])
    if not many:
        return columns, Groups.none(rows.shape[0])
    own = grouped(rows[full].T.tocsr())
    of = np.full(rows.shape[0], -1, dtype=np.int64)
    of[full] = own.of
    return columns, Groups(of, own.count)


def grouped(pattern: Pattern) -> Groups:
    """Groups of columns that meet in no row; columns of zeros are in none."""
    from scipy.sparse import csc_array

    columns = csc_array(pattern)
    there = np.flatnonzero(np.diff(columns.indptr))
    columns = columns[:, there]
    least = int(np.max(np.diff(columns.tocsr().indptr), initial=0))
    best: Any = None
    # in their order, which is best for bands; the fullest first, which often is for others
    for order in (np.arange(len(there)), np.argsort(-np.diff(columns.indptr), kind="stable")):
        if len(there) and (best is None or best.max() + 1 > least):
            found = columns_apart(columns, order)
            best = found if best is None or found.max() < best.max() else best
    of = np.full(pattern.shape[1], -1, dtype=np.int64)
    if best is not None:
        of[there] = best
    return Groups(of, int(of.max(initial=-1)) + 1)


def stars(pattern: Pattern) -> Groups:
    """Groups of the columns of a symmetric matrix, such that of `H[i, j]` and `H[j, i]` one is alone in its group."""
    rows = pattern.tocsr()
    counts = np.diff(rows.indptr)
    many = full_ones(counts)
    order = np.argsort(-counts, kind="stable")
    of = np.full(len(counts), -1, dtype=np.int64)
    # with a group of its own for each full one, no path of two groups leads through it
    of[order[:many]] = np.arange(many)
    rest = np.sort(order[many:])
    rest = rest[counts[rest] > 0]
    inner = rows[rest][:, rest]
    alike = grouped(inner)
    colours = _star_colours(inner, alike.count)
    if colours is None:
        # each column has a number on the diagonal or another one, so that all are in a group
        colours = np.where(alike.of < 0, 0, alike.of)
    of[rest] = colours + many
    return Groups(of, int(of.max(initial=-1)) + 1)


def _star_colours(pattern: Pattern, most: int) -> Integers | None:
    """The first colour for each vertex with which no path of four has two; None where that takes `most` or more."""
    ends, others = pattern.indptr.tolist(), pattern.indices.tolist()
    near = [[w for w in others[ends[v] : ends[v + 1]] if w != v] for v in range(len(ends) - 1)]
    colours = [-1] * len(near)
    for v, neighbours in enumerate(near):
        forbidden: set[int] = set()
        met: set[int] = set()
        twice: set[int] = set()
        for w in neighbours:
            (twice if colours[w] in met else met).add(colours[w])
        for w in neighbours:
            c = colours[w]
            forbidden.add(c)
            for x in near[w]:
                own = colours[x]
                if own < 0 or own in forbidden or x == v:
                    continue
                # v - w - x: bad where w is not coloured yet, or where a path goes on with its colour at either end
                if c < 0 or c in twice or any(y != w and colours[y] == c for y in near[x]):
                    forbidden.add(own)
        colour = 0
        while colour in forbidden:
            colour += 1
        if colour >= most:
            return None
        colours[v] = colour
    return np.array(colours, dtype=np.int64)
