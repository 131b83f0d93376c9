"""Dimensions: integers, or linear expressions over symbols (`n - 2`), so that two slices cut alike have one length.

What is not linear is derived: the same symbol for the same parts. An unknown is always sound: it costs a run-time
helper and nothing else.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeAlias

if TYPE_CHECKING:
    from typing_extensions import TypeIs


class Symbol:
    """An unknown integer, not below `least` (a length is not below 0). Two are equal only when they are one object.

    One that `varies`, in the type of the items of a list, is another integer for each item.
    """

    __slots__ = ("least", "name", "varies")

    def __init__(self, name: str = "n", least: int = 0, varies: bool = False) -> None:
        self.name = name
        self.least = least
        self.varies = varies

    def __repr__(self) -> str:
        return self.name


@dataclass(frozen=True, slots=True)
class Size:
    """`sum(coefficient * symbol) + offset`, with at least one symbol."""

    terms: frozenset[tuple[Symbol, int]]
    offset: int = 0

    def __repr__(self) -> str:
        parts = [str(s) if c == 1 else f"{c}*{s}" for s, c in sorted(self.terms, key=lambda t: t[0].name)]
        if self.offset:
            parts.append(str(self.offset))
        return "+".join(parts).replace("+-", "-")


Dim: TypeAlias = int | Size
Shape: TypeAlias = tuple[Dim, ...]


def new_dim(name: str = "n", least: int = 0, varies: bool = False) -> Size:
    """A fresh dimension, equal to no other."""
    return Size(frozenset({(Symbol(name, least, varies), 1)}))


_DERIVED: dict[tuple[object, ...], Dim] = {}
_ORIGIN: dict[Symbol, tuple[object, ...]] = {}
_MANY = 1 << 14


def derived_dim(kind: str, *parts: object, least: int = 0) -> Dim:
    """An integer that depends on nothing but these: the same one for the same parts."""
    key = (kind, *parts)
    found = _DERIVED.get(key)
    if found is None:
        # forgetting costs precision only: what is derived again from the same parts is another symbol
        if len(_DERIVED) > _MANY:
            _DERIVED.clear()
            _ORIGIN.clear()
        made = new_dim(kind, least)
        ((symbol, _),) = made.terms
        _DERIVED[key], _ORIGIN[symbol] = made, key
        found = made
    return found


def derivation(symbol: Symbol) -> tuple[str, tuple[Any, ...]]:
    """What a symbol was derived from: the kind, and the parts; an empty kind for one that stands for itself."""
    kind, *parts = _ORIGIN.get(symbol, ("",))
    return str(kind), tuple(parts)


def broadcast_parts(d: Dim) -> Collection[Dim]:
    """The lengths of which one is known only to be broadcast."""
    symbol = as_symbol(d)
    kind, *parts = _ORIGIN.get(symbol, ("",)) if symbol is not None else ("",)
    return parts[0] if kind == "b" else ()  # type: ignore[return-value]


def is_known(d: object) -> TypeIs[int]:
    """Whether a length or an index is a number that is known at compile time, not one with symbols in it."""
    return isinstance(d, int)


def as_symbol(d: Dim | None) -> Symbol | None:
    """The symbol that an integer is, if it is one."""
    if not isinstance(d, Size) or d.offset or len(d.terms) != 1:
        return None
    ((symbol, c),) = d.terms
    return symbol if c == 1 else None


def equate(dims: Mapping[Symbol, Dim]) -> None:
    """Have what is derived anew from the same parts be the dimension that it is found to equal."""
    for symbol, dim in dims.items():
        key = _ORIGIN.get(symbol)
        if key is not None:
            _DERIVED[key] = dim


ANY_SIGN = -(1 << 63)
"""The `least` of an integer that may be negative."""


def may_be_negative(d: Dim | None) -> bool:
    """Whether an integer may be below 0; one of which nothing is known may be."""
    if d is None or isinstance(d, int):
        return d is None or d < 0
    # A linear expression is least where each symbol is; what is subtracted has no bound.
    return any(c < 0 for _, c in d.terms) or d.offset + sum(c * s.least for s, c in d.terms) < 0


def renewed(s: Symbol) -> Size:
    """A fresh dimension of the kind of a symbol."""
    return new_dim(s.name, s.least, s.varies)


def least_value(d: Dim) -> int:
    """A lower bound of a dimension."""
    if isinstance(d, int):
        return d
    # a symbol has no upper bound, so that what is subtracted may be anything; a length is never negative
    if any(c < 0 for _, c in d.terms):
        return 0
    return max(0, d.offset + sum(c * s.least for s, c in d.terms))


def dim_sum(a: Dim, b: Dim, sign: int = 1) -> Dim:
    """`a + sign * b`."""
    terms = dict(a.terms) if isinstance(a, Size) else {}
    if isinstance(b, Size):
        for symbol, c in b.terms:
            terms[symbol] = terms.get(symbol, 0) + sign * c
    offset = (a.offset if isinstance(a, Size) else a) + sign * (b.offset if isinstance(b, Size) else b)
    # symbols that cancel leave the sum: `n - n` is 0, whatever n is
    kept = frozenset((s, c) for s, c in terms.items() if c)
    return Size(kept, offset) if kept else offset


def dim_scaled(a: Dim, factor: int) -> Dim:
    """`a * factor`."""
    if isinstance(a, int):
        return a * factor
    return Size(frozenset((s, c * factor) for s, c in a.terms), a.offset * factor) if factor else 0


def dim_product(dims: Iterable[Dim]) -> Dim:
    """The product, a fresh dimension where it is not linear."""
    result: Dim = 1
    for d in dims:
        if isinstance(d, int):
            result = dim_scaled(result, d)
        elif isinstance(result, int):
            result = dim_scaled(d, result)
        # Not linear: the product has no form that could be compared, and sound is only a length of its own.
        else:
            return new_dim("m")
    return result


def may_be_one(d: Dim) -> bool:
    """Whether the dimension may be 1 at run time (so that it may be broadcast)."""
    return d == 1 if isinstance(d, int) else least_value(d) < 2


def broadcast_dims(a: Dim, b: Dim) -> Dim:
    """The length of two dimensions broadcast together; a fresh one where that is not known."""
    if a == b or b == 1:
        return a
    if a == 1:
        return b
    # a length that is not 1 is that of the result, or NumPy raises
    if not may_be_one(a):
        return a
    if not may_be_one(b):
        return b
    # the same for the same two, in either order: `x + y` and `y + x` have one shape
    return derived_dim("b", frozenset((a, b)))


def broadcast_shapes(*shapes: Shape | None) -> Shape | None:
    """The shape of operands broadcast together; None where a rank is unknown."""
    if not shapes or any(s is None for s in shapes):
        return None if shapes else ()
    result: Shape = ()
    # Aligned at the last axis, as NumPy does; the leading axes of the longer one stay.
    for shape in shapes:
        assert shape is not None
        long, short = (result, shape) if len(result) >= len(shape) else (shape, result)
        lead = len(long) - len(short)
        result = long[:lead] + tuple(map(broadcast_dims, long[lead:], short))
    return result


def substitute_dim(d: Dim, dims: Mapping[Symbol, Dim]) -> Dim:
    if isinstance(d, int) or not any(s in dims for s, _ in d.terms):
        return d
    result: Dim = d.offset
    for symbol, c in d.terms:
        result = dim_sum(result, dim_scaled(dims.get(symbol, Size(frozenset({(symbol, 1)}))), c))
    return result
