"""Which methods and closures are lowered in the place of more than one call, so that their text is written repeatedly.

A lowering notes each. Where it is worth a function of the module, the function around is lowered once more with these
lifted out of it (lambda lifting: Johnsson, 1985).
"""

from __future__ import annotations

from collections.abc import Collection, Hashable, Sequence

from s2sad.ir.values import Block, Operation, Value, bound_in, walk

SHORT = 5
"""So many operations are no more than a call: they are written where they are used, however often."""
WORTH = 12
"""So many operations are not written again where a function is worth its own text."""


class Repeats:
    """What one lowering puts in the place of calls; `lifted` are to be functions of their own."""

    def __init__(self, lifted: Collection[Hashable] = ()) -> None:
        self.lifted = frozenset(lifted)
        self.noted: list[tuple[Hashable, frozenset[Value], int]] = []
        self.recursive: set[object] = set()
        """The methods that call themselves: all but the first call are of a function of the module."""
        self.worth_lifting: frozenset[Hashable] = frozenset()
        """Those whose text stands in the function more than once, and is longer than that of a function and calls."""

    def note(self, key: Hashable, operations: Sequence[Operation]) -> None:
        """Note what the text of a method or closure has become."""
        body = Block((), tuple(operations), ())
        count = sum(1 for _ in walk(body))
        if count > SHORT:
            self.noted.append((key, frozenset(v for op in operations for v in op.results), count))

    def settle(self, body: Block) -> None:
        """Compare what was noted with what has become the body of the function."""
        there = set(bound_in(body))
        saved: dict[Hashable, int] = {}
        for key, values, count in self.noted:
            # the rounds of a loop whose types were not settled yet are gone
            if not values.isdisjoint(there):
                saved[key] = saved[key] + count if key in saved else 0
        self.worth_lifting = frozenset(key for key, count in saved.items() if count >= WORTH)
