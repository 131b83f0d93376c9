"""Dimensions: integers, or linear expressions over symbols (`n - 2`), so that two slices cut alike have one length.

What is not linear is derived: the same symbol for the same parts. An unknown is always sound: it costs a run-time
helper and nothing else.
"""

from __future__ import annotations

import operator
from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, TypeAlias

if TYPE_CHECKING:
    from typing_extensions import TypeIs


class Symbol:
    """An unknown integer, not below `least` (a length is not below 0). Two are equal only when they are one object.

    It is not above `most`, if there is one: the index of a loop is below the end of the range. One that `varies`, in
    the type of the items of a list, is another integer for each item. `value` is what it is in the call that compiles,
    which may be used where `call` notes it.
    """

    __slots__ = ("call", "least", "most", "name", "origin", "value", "varies")

    def __init__(self, name: str = "n", least: int = 0, varies: bool = False, most: Dim | None = None) -> None:
        self.name = name
        self.least = least
        self.most = most
        self.varies = varies
        self.origin: tuple[object, ...] = ("",)
        """What it was derived from: the kind, and the parts; the kind is empty where it stands for itself."""
        self.value: int | None = None
        self.call: CallLengths | None = None

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


def new_dim(name: str = "n", least: int = 0, varies: bool = False, most: Dim | None = None) -> Size:
    """A fresh dimension, equal to no other."""
    return Size(frozenset({(Symbol(name, least, varies, most), 1)}))


@dataclass(eq=False)
class CallLengths:
    """The lengths of the call that compiles, and the facts of them that what is compiled rests on."""

    facts: dict[Fact, None] = field(default_factory=dict)
    resolved: dict[Symbol, Dim] = field(default_factory=dict)
    """Lengths of slices, by where they were clipped."""
    is_open: bool = False
    """They are asked while the function that is called is lowered, and not by what is made of it, which calls share."""
    is_final: bool = False
    """Nothing more may be noted: the facts were handed on to the caller, or the call leads to others of its kind."""


def value_of(d: Dim | None) -> int | None:
    """What an integer is in the call that compiles; None where the call does not say, or is not to be asked."""
    if d is None or isinstance(d, int):
        return d
    total = d.offset
    for s, c in d.terms:
        if s.value is None or s.call is None or not s.call.is_open or s.call.is_final:
            return None
        total += c * s.value
    return total


def told_by(s: Symbol, value: int, call: CallLengths) -> None:
    """Have the call say what a symbol is."""
    s.value, s.call = value, call


def _slice_length(length: int, start: int | None, stop: int | None, step: int | None) -> int:
    return len(range(length)[start:stop:step])


DERIVATIONS: dict[str, tuple[Callable[..., int], str]] = {
    "s": (_slice_length, "len(range({})[{}:{}:{}])"),
    "//": (operator.floordiv, "{}//{}"),
    "%": (operator.mod, "{}%{}"),
    "*": (operator.mul, "{}*{}"),
}
"""By kind: what is derived of integers that are known, and as Python."""

_DERIVED: dict[tuple[object, ...], Dim] = {}
_MANY = 1 << 14


def derived_dim(kind: str, *parts: object, least: int = 0) -> Dim:
    """An integer that depends on nothing but these: the same one for the same parts."""
    key = (kind, *parts)
    found = _DERIVED.get(key)
    if found is None:
        # forgetting costs precision only: what is derived again from the same parts is another symbol
        if len(_DERIVED) > _MANY:
            _DERIVED.clear()
        made = new_dim(kind, least)
        ((symbol, _),) = made.terms
        _DERIVED[key], symbol.origin = made, key
        _derive_value(symbol, kind, parts)
        found = made
    return found


def _derive_value(symbol: Symbol, kind: str, parts: Iterable[Any]) -> None:
    """What is derived of lengths that the call says is said by it too."""
    if kind not in DERIVATIONS:
        return
    calls = [s.call for d in parts if isinstance(d, Size) for s, _ in d.terms]
    values = [value_of(d) for d in parts]
    if not calls or calls[0] is None or any(c is not calls[0] for c in calls):
        return
    if any(v is None and d is not None for v, d in zip(values, parts, strict=True)):
        return
    try:
        told_by(symbol, DERIVATIONS[kind][0](*values), calls[0])
    except (ValueError, ZeroDivisionError):  # it raises where the program runs, if it does
        return


def derivation(symbol: Symbol) -> tuple[str, tuple[Any, ...]]:
    """What a symbol was derived from: the kind, and the parts; an empty kind for one that stands for itself."""
    kind, *parts = symbol.origin
    return str(kind), tuple(parts)


def broadcast_parts(d: Dim) -> Collection[Dim]:
    """The lengths of which one is known only to be broadcast."""
    symbol = as_symbol(d)
    kind, *parts = ("",) if symbol is None else symbol.origin
    return parts[0] if kind == "b" else ()  # type: ignore[return-value]


def roots(s: Symbol) -> set[Symbol]:
    """The symbols that a symbol is derived from; itself where it is not, or not by what is known of integers."""
    kind, parts = derivation(s)
    if kind not in DERIVATIONS:
        return {s}
    return {r for d in parts if isinstance(d, Size) for inner, _ in d.terms for r in roots(inner)}


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
        if symbol.origin != ("",):
            _DERIVED[symbol.origin] = dim


ANY_SIGN = -(1 << 63)
"""The `least` of an integer that may be negative."""


def may_be_negative(d: Dim | None) -> bool:
    """Whether an integer may be below 0; one of which nothing is known may be."""
    if d is None or isinstance(d, int):
        return d is None or d < 0
    for s, c in d.terms:
        # a loop that never runs has no last index
        if c < 0 and s.most is not None and not (is_known(s.most) and s.most < s.least):
            return may_be_negative(substitute_dim(d, {s: s.most}))
        kind, parts = derivation(s)
        if c < 0 and kind == "//" and is_known(parts[1]) and parts[1] > 0:
            # what is subtracted of a quotient is at most that of the numbers divided, `a - 5 * (b // 5) >= a - b`
            rest = dim_sum(d, Size(frozenset({(s, c)})), -1)
            return may_be_negative(dim_sum(dim_scaled(rest, parts[1]), dim_scaled(parts[0], c)))
    # A linear expression is least where each symbol is; what is subtracted has no bound but those.
    return any(c < 0 for _, c in d.terms) or d.offset + sum(c * s.least for s, c in d.terms) < 0


def renewed(s: Symbol, most: Dim | None = None) -> Size:
    """A fresh dimension of the kind of a symbol; `most` is what that of the symbol is for it."""
    return new_dim(s.name, s.least, s.varies, most)


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


def substitute_dim(d: Dim, dims: Mapping[Symbol, Dim]) -> Dim:
    if isinstance(d, int) or not any(s in dims for s, _ in d.terms):
        return d
    result: Dim = d.offset
    for symbol, c in d.terms:
        result = dim_sum(result, dim_scaled(dims.get(symbol, Size(frozenset({(symbol, 1)}))), c))
    return result


def put_derived(d: Dim, dims: Mapping[Symbol, Dim]) -> Dim:
    """A length with symbols replaced, in what it is derived from too."""
    if isinstance(d, int):
        return d
    table = dict(dims)
    for s, _ in d.terms:
        kind, parts = derivation(s)
        if kind in DERIVATIONS and s not in dims:
            table[s] = derived_dim(kind, *(p if p is None else put_derived(p, dims) for p in parts), least=s.least)
    return substitute_dim(d, table)


RELATIONS: dict[str, Callable[[int, int], bool]] = {"==": operator.eq, ">=": operator.ge, "!=": operator.ne}
"""What is asked of lengths, by how Python writes it."""


@dataclass(frozen=True, slots=True)
class Fact:
    """`dim == 0`, or what another of the `RELATIONS` says of it and 0."""

    dim: Dim
    relation: str

    @property
    def is_true(self) -> bool:
        """Whether it is true of the call that compiles; of what the call does not say it is not."""
        value = value_of(self.dim)
        return value is not None and RELATIONS[self.relation](value, 0)

    def put(self, dims: Mapping[Symbol, Dim]) -> Fact:
        """The same of what symbols stand for."""
        return Fact(put_derived(self.dim, dims), self.relation)
