"""The iterations of a watched run: which of a loop are known, so that what its lines made can be told for each.

At most so many of a loop are known, evenly spaced: where there are more of them the stride doubles, so that nobody need
know before how many there will be. The first and the last are always among them. The calls of a function are
iterations too; a loop in a loop is counted through.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from s2sad.view.lines import Line

MOST = 50
"""So many iterations of a loop are known."""
ALL = 6000
"""So many values are kept of one text, roughly: in long loops fewer iterations are known."""
LOOP, CALLS = "loop", "calls"
"""What is gone through more than once."""


class Repeated:
    """A loop, or a function, on its way: which iteration it is in, and which are known."""

    def __init__(self, line: Line, outer: Repeated | None, most: int = MOST) -> None:
        self.line, self.outer, self.most = line, outer, most
        self.kind = LOOP if line.kind == "loop" else CALLS
        self.count = 0
        self.stride = 1
        self.says: dict[int, str] = {}
        """What the loops around count, by the iterations that are known."""
        self.last = ""

    def begin(self, counted: Mapping[str, object]) -> int:
        """Begin an iteration, where loops count this; its number."""
        k, self.count = self.count, self.count + 1
        known = [f"{n} = {v}" for n, v in counted.items() if type(v) is int]
        self.last = f"call {self.count}" if self.kind == CALLS else ", ".join(known)
        if k % self.stride == 0:
            self.says[k] = self.last
            while len(self.says) >= self.most:
                self.stride *= 2
                self.says = {i: said for i, said in self.says.items() if i % self.stride == 0}
        return k

    def end(self) -> None:
        """All iterations are over: the last one is known."""
        if self.count:
            self.says[self.count - 1] = self.last


class Repetitions:
    """What is repeated in the functions of a text, by the numbers of the lines in it."""

    def __init__(self, lines: Sequence[Line]) -> None:
        self.own: dict[int, Repeated] = {}
        """By the lines with the heads."""
        self.around: dict[int, Repeated | None] = {}
        """By each statement the innermost one that it is in."""
        self.first: dict[int, Repeated] = {}
        """By the first statement of a loop: with it an iteration begins."""
        blocks: dict[int, int | None] = {}
        started: set[Repeated] = set()
        for line in lines:
            if not line.begins or not line.kind:
                continue
            blocks[line.number] = line.within
            outer = self._innermost(line.within, blocks)
            self.around[line.number] = outer
            if outer is not None and outer.line.number == line.within and outer not in started:
                started.add(outer)
                self.first[line.number] = outer
            if line.kind in ("loop", "function"):
                self.own[line.number] = Repeated(line, outer)
        inside = sum(1 for r in self.around.values() if r is not None)
        for repeated in self.own.values():
            repeated.most = max(4, min(MOST, ALL // max(1, inside)))

    def _innermost(self, number: int | None, blocks: Mapping[int, int | None]) -> Repeated | None:
        while number is not None and number not in self.own:
            number = blocks.get(number)
        return None if number is None else self.own[number]

    def ended(self) -> list[Repeated]:
        """Those that were gone through more than once."""
        for repeated in self.own.values():
            repeated.end()
        return [r for r in self.own.values() if r.count > 1]
