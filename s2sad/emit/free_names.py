"""Names for variables that come in the order of their first statements: each the lowest suffix that is free there.

    y for [1, 9], y for [3, 5], y for [6, 8]      ->      y, y_2, y_2

Variables of one name must not overlap. As the first statements only move on, a name whose variable has no holes is
taken until that one ends, and need not be looked at before: a linear scan (Poletto & Sarkar, Linear scan register
allocation, 1999). What has holes may take others into them, and is looked at each time.
"""

from __future__ import annotations

from bisect import insort
from collections import defaultdict
from collections.abc import Collection
from dataclasses import dataclass, field
from heapq import heappop, heappush

Interval = tuple[int, int]


@dataclass(slots=True)
class _Suffixes:
    """The numbers of one base that were met: each is in one of the three."""

    busy: list[tuple[int, int]] = field(default_factory=list)
    """A heap of those without holes that are taken, behind the positions where they end."""
    free: list[int] = field(default_factory=list)
    """A heap of those that have ended."""
    with_holes: list[int] = field(default_factory=list)
    next: int = 1


class FreeNames:
    """The names that are taken, and where."""

    def __init__(self, mark: str = "_") -> None:
        self._mark = mark
        """What stands between a name and the number that tells it from others."""
        self._taken: dict[str, list[list[Interval]]] = {}
        self._suffixes: defaultdict[str, _Suffixes] = defaultdict(_Suffixes)

    def take(self, base: str, ranges: list[Interval], refused: Collection[str]) -> str:
        """The first of `base`, `base_2`, `base_3`, ... that is free in all of the ranges, and not refused.

        `ranges` are sorted, and begin nowhere before those of the last call.
        """
        suffixes, start = self._suffixes[base], ranges[0][0]
        # The scan has moved on: numbers whose variables have ended are free again, the lowest first.
        while suffixes.busy and suffixes.busy[0][0] <= start:
            heappush(suffixes.free, heappop(suffixes.busy)[1])
        # The lowest number that is free, from two sorted sources: those that have ended, or a new one; and those with
        # holes, which may be free just where the ranges lie. A number that was passed over goes back to its heap.
        passed_over: list[int] = []
        holes = 0
        while True:
            number = suffixes.free[0] if suffixes.free else suffixes.next
            in_holes = holes < len(suffixes.with_holes) and suffixes.with_holes[holes] < number
            if in_holes:
                number = suffixes.with_holes[holes]
            elif suffixes.free:
                heappop(suffixes.free)
            else:
                suffixes.next += 1
            name = base if number == 1 else f"{base}{self._mark}{number}"
            others = self._taken.get(name, [])
            if name not in refused and not any(overlap(r, ranges) for r in others):
                break
            if in_holes:
                holes += 1
            elif any(r[-1][1] > start for r in others):
                self._file(suffixes, number, others)
            else:
                passed_over.append(number)
        for other in passed_over:
            heappush(suffixes.free, other)
        self._taken.setdefault(name, []).append(ranges)
        if not in_holes:
            self._file(suffixes, number, self._taken[name])
        return name

    def _file(self, suffixes: _Suffixes, number: int, ranges: list[list[Interval]]) -> None:
        """Say where a number is that is taken from here on."""
        # Without holes it is taken to its end: the scan need not look before. One with holes is looked at each time.
        if all(len(r) == 1 for r in ranges):
            heappush(suffixes.busy, (max(r[0][1] for r in ranges), number))
        else:
            insort(suffixes.with_holes, number)


def overlap(a: list[Interval], b: list[Interval]) -> bool:
    """Whether two sorted lists of intervals have a position in common."""
    i = j = 0
    while i < len(a) and j < len(b):
        if a[i][0] < b[j][1] and b[j][0] < a[i][1]:
            return True
        if a[i][1] <= b[j][1]:
            i += 1
        else:
            j += 1
    return False
