"""What an entry asks of the lengths of its arguments: that they are as the types say, and what its program rests on.

x: float64[n1, n2], y: float64[n2]     len(y) == x.shape[1], and no other two are equal
n2 == 3                                a fact that was noted while the program was made
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from s2sad.backends.native.assembly import Assembly
from s2sad.errors import UnsupportedType
from s2sad.ir.dims import Dim, Fact, Size, Symbol, as_symbol, derivation

RELATIONS = {"==": "eq", "!=": "ne", ">=": "sge"}


class Lengths:
    """The lengths of the arguments of an entry, as they are taken."""

    def __init__(self, asm: Assembly, slow: str, facts: Sequence[Fact] | None) -> None:
        self.asm, self.slow = asm, slow
        self.facts = facts
        """None for the second sweep of a pair: its lengths follow from those of the first one."""
        self.met: list[tuple[Dim, str]] = []
        self.known: dict[Dim, str] = {}

    def check(self) -> None:
        """Require all of them to be as they must."""
        for d, n in self.met:
            if d in self.known:
                self._require("eq", n, self.known[d])
            elif isinstance(d, int):
                self._require("eq", n, str(d))
            else:
                self._first(d, n)
        for d, n in list(self.known.items()):
            computed = None if as_symbol(d) is not None else self._value(d)
            if computed is not None:
                self._require("eq", n, computed)
        for fact in self.facts or ():
            found = self._value(fact.dim)
            if found is None:
                raise UnsupportedType(f"a program for certain lengths ({fact.dim}) in native code")
            self._require(RELATIONS[fact.relation], found, "0")

    def _first(self, d: Dim, n: str) -> None:
        """Note a length that was not met before: a symbol of its own stands for another one than all others do."""
        symbol = as_symbol(d)
        if symbol is not None and symbol.least > 0:
            self._require("sge", n, str(symbol.least))
        if self.facts is not None and symbol is not None:
            for other, o in self.known.items():
                if as_symbol(other) is not None:
                    self._require("ne", n, o)
        self.known[d] = n

    def _require(self, relation: str, a: str, b: str) -> None:
        self.asm.require(self.asm.set(f"icmp {relation} i64 {a}, {b}"), self.slow)

    # what lengths come to

    def _value(self, d: Dim) -> str | None:
        """A length in terms of those that were met; None where not all of its symbols are."""
        if isinstance(d, int):
            return str(d)
        total = str(d.offset)
        for symbol, c in sorted(d.terms, key=lambda t: t[0].name):
            n = self._of_symbol(symbol)
            if n is None:
                return None
            total = self.asm.set(f"add i64 {total}, {self.asm.set(f'mul i64 {n}, {c}')}")
        return total

    def _of_symbol(self, symbol: Symbol) -> str | None:
        found = self.known.get(Size(frozenset({(symbol, 1)})))
        kind, parts = derivation(symbol)
        if found is not None or kind not in DERIVED:
            return found
        given = [None if p is None else self._value(p) for p in parts]
        if any(n is None and p is not None for n, p in zip(given, parts, strict=True)):
            return None
        made: str | None = DERIVED[kind](self, *given)
        return made

    def _choice(self, condition: str, a: str, b: str) -> str:
        return self.asm.set(f"select i1 {self.asm.set(f'icmp {condition}')}, i64 {a}, i64 {b}")

    def _floor(self, a: str, b: str) -> str:
        """`a // b`, where `b` is not 0."""
        asm = self.asm
        self._require("ne", b, "0")
        quotient, rest = asm.set(f"sdiv i64 {a}, {b}"), asm.set(f"srem i64 {a}, {b}")
        apart = asm.set(f"and i1 {asm.set(f'icmp ne i64 {rest}, 0')}, {self._signs_differ(rest, b)}")
        return asm.set(f"add i64 {quotient}, {asm.set(f'sext i1 {apart} to i64')}")

    def _signs_differ(self, a: str, b: str) -> str:
        return self.asm.set(f"icmp slt i64 {self.asm.set(f'xor i64 {a}, {b}')}, 0")

    def _product(self, a: str, b: str) -> str:
        return self.asm.set(f"mul i64 {a}, {b}")

    def _remainder(self, a: str, b: str) -> str:
        return self.asm.set(f"sub i64 {a}, {self._product(self._floor(a, b), b)}")

    def _sliced(self, length: str, start: str | None, stop: str | None, step: str | None) -> str | None:
        """`len(range(length)[start:stop:step])`, of a step that is known."""
        by = 1 if step is None else int(step) if step.lstrip("-").isdigit() else 0
        if by == 0:
            return None
        low, high = ("0", length) if by > 0 else ("-1", self.asm.set(f"sub i64 {length}, 1"))
        first, last = (low, high) if by > 0 else (high, low)
        ends = [
            default if end is None else self._placed(end, length, low, high)
            for end, default in ((start, first), (stop, last))
        ]
        far = self.asm.set(f"sub i64 {ends[by > 0]}, {ends[by < 0]}")
        count = self.asm.set(f"add i64 {far}, {abs(by) - 1}")
        return self._choice(f"sgt i64 {far}, 0", self.asm.set(f"sdiv i64 {count}, {abs(by)}"), "0")

    def _placed(self, end: str, length: str, low: str, high: str) -> str:
        """Where an end of a slice is: counted from the end if negative, and clipped."""
        end = self._choice(f"slt i64 {end}, 0", self.asm.set(f"add i64 {end}, {length}"), end)
        end = self._choice(f"slt i64 {end}, {low}", low, end)
        return self._choice(f"sgt i64 {end}, {high}", high, end)


DERIVED: dict[str, Callable[..., Any]] = {
    "s": Lengths._sliced,
    "//": Lengths._floor,
    "%": Lengths._remainder,
    "*": Lengths._product,
}
"""What is derived of lengths, as `ir.dims.DERIVATIONS` has it."""
