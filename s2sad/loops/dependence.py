"""Whether the iterations of a loop wait for each other: what one of them writes, another one reads or writes.

    a[k, i] and a[k, i]         one element of each iteration
    a[k, i] and a[k + 1, i]     other rows
    a[k, i] and a[k, n + i]     other parts of a row, where there are no more than n iterations

(Tests of single subscripts: Goff, Kennedy & Tseng, Practical dependence testing, 1991.)
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

from s2sad.ir.dims import Dim, Size, Symbol, as_symbol, dim_sum, may_be_negative
from s2sad.ir.rewrite import reads
from s2sad.ir.types import symbols
from s2sad.ir.values import Constant, For, Operand, bound_in, is_int
from s2sad.loops.memory import Access, Memory


def are_independent(loop: For, memory: Memory) -> bool:
    """Whether each element that a loop writes is one of a single iteration."""
    touched = memory.touched(loop)
    accesses = [*touched.loads, *touched.stores]
    test = _Test.of(loop)
    return all(
        test.are_apart(store, other) for store in touched.stores for other in accesses if store.roots & other.roots
    )


@dataclass(frozen=True)
class _Test:
    """What is known of the indices in a loop."""

    loop: For
    index: Symbol | None
    fixed: Collection[Symbol]
    """What is the same number in all iterations."""
    count: Dim | None
    """How many iterations there are at most."""

    @staticmethod
    def of(loop: For) -> _Test:
        inside = set(bound_in(loop.body))
        known = {s for o in reads([loop]) if o not in inside for s in symbols(o.type) if not s.varies}
        index = as_symbol(loop.index.type.size)
        start, stop = _size(loop.start), _size(loop.stop)
        count = None if start is None or stop is None or not is_int(loop.step, 1) else dim_sum(stop, start, -1)
        return _Test(loop, index, known - {index}, count)

    def are_apart(self, one: Access, two: Access) -> bool:
        if one.handle is not two.handle or one.places is None or two.places is None:
            return False
        return any(map(self._differ, one.places, two.places))

    def _differ(self, p: Operand, q: Operand) -> bool:
        """Whether these indices are not equal, but for those of one iteration."""
        if p is q is self.loop.index:
            return True
        a, b = self._split(p), self._split(q)
        if a is None or b is None or a[0] != b[0] or a[0] not in (0, 1):
            return False
        difference = dim_sum(a[1], b[1], -1)
        if a[0] == 0:
            return isinstance(difference, int) and difference != 0
        return difference == 0 or (
            self.count is not None
            and any(not may_be_negative(dim_sum(d, self.count, -1)) for d in (difference, dim_sum(0, difference, -1)))
        )

    def _split(self, place: Operand) -> tuple[int, Dim] | None:
        """How often the index of the loop is in an index, and what else is; None where that changes."""
        size = _size(place)
        if isinstance(size, Size):
            factor = next((c for s, c in size.terms if s is self.index), 0)
            rest = Size(frozenset((s, c) for s, c in size.terms if s is not self.index), size.offset)
            if not all(s in self.fixed for s, _ in rest.terms):
                return None
            return factor, rest if rest.terms else rest.offset
        return None if size is None else (0, size)


def _size(o: Operand) -> Dim | None:
    return o.value if isinstance(o, Constant) and type(o.value) is int else o.type.size
