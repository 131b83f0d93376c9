"""Of what order in the lengths an array is: so grows what it takes where all lengths grow."""

from __future__ import annotations

from collections import Counter
from functools import reduce
from operator import add
from typing import TypeAlias

from s2sad.ir.dims import DERIVATIONS, Dim, Symbol, derivation, is_known
from s2sad.ir.types import SequenceType, Type

Order: TypeAlias = tuple[int, int]
"""How many lengths are multiplied, and how often one of them: an array of pairs has (2, 2), one of n points (2, 1)."""

NUMBER: Order = (0, 0)


def order(t: Type) -> Order:
    """The order of a value of a type; of a container that of its greatest item."""
    return max(map(_of_powers, _powers(t)), default=NUMBER)


def _of_powers(powers: Counter[Symbol]) -> Order:
    return powers.total(), max(powers.values(), default=0)


def _powers(t: Type) -> list[Counter[Symbol]]:
    """For each leaf of a type how often which length stands in the number of its elements."""
    if isinstance(t, SequenceType):
        return [powers + _length(t.length) for powers in _powers(t.item)]
    if t.is_container:
        return [powers for item in t.items for powers in _powers(item)]
    if t.shape is None:
        return [Counter({Symbol("rank"): 1})]
    return [reduce(add, map(_length, t.shape), Counter[Symbol]())]


def _length(d: Dim) -> Counter[Symbol]:
    """The product of symbols that a length is, but for a factor; of a sum the longest."""
    if is_known(d):
        return Counter()
    return max((_symbol(s) for s, _ in d.terms), key=_of_powers)


def _symbol(s: Symbol) -> Counter[Symbol]:
    kind, parts = derivation(s)
    if kind == "*":
        return reduce(add, map(_length, parts), Counter[Symbol]())
    # A part of a length, or what is left of it, may be as long as that.
    return _length(parts[0]) if kind in DERIVATIONS else Counter({s: 1})
