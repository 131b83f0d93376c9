"""Types as the reader of a function writes them: lengths by variables, or by the arguments that have them.

x: float64[n1]      x[1:] is float64[len(x) - 1]; float64[n - 1] where the user's text has n = len(x)
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from s2sad.ir.dims import Dim, Size, Symbol, as_symbol, derivation, dim_sum, is_known
from s2sad.ir.trace_names import as_text, is_of_trace
from s2sad.ir.types import ArrayType, ContainerType, SequenceType, StaticType, Type, is_namedtuple

UNKNOWN = "?"
"""A length that is known only when the program runs."""
LONGEST = 90
"""The longest type that is shown, in characters."""


class Lengths:
    """What the lengths in one function are called."""

    def __init__(self) -> None:
        self.variables: dict[Dim, str] = {}
        """The user's names of integers."""
        self.of_arguments: dict[Symbol, str] = {}

    def give(self, name: str, t: Type) -> None:
        """An argument is called so."""
        for text, d in _lengths_in(name, t):
            symbol = as_symbol(d)
            if symbol is not None:
                self.of_arguments.setdefault(symbol, text)
        self.call(name, t)

    def call(self, name: str, t: Type) -> None:
        """A variable is called so."""
        if isinstance(t, ArrayType) and t.is_scalar and isinstance(t.size, Size) and not is_of_trace(name):
            self.variables.setdefault(t.size, as_text(name))

    def text(self, t: Type) -> str | None:
        """A type; None where there is nothing to say of it."""
        if isinstance(t, StaticType):
            return None
        text = self._text(t)
        return text if len(text) <= LONGEST else f"{text[: LONGEST - 1]}\u2026"

    def _text(self, t: Type) -> str:
        match t:
            case ArrayType() if t.is_scalar:
                return str(t) if t.size is None or is_known(t.size) else str(t).partition("=")[0]
            case ArrayType() if t.shape is not None:
                return f"{str(t).partition('[')[0]}[{', '.join(map(self.length, t.shape))}]"
            case ContainerType():
                own = [self._text(i) for i in t.items]
                named = t.cls not in (tuple, list)
                pairs = zip(_keys(t), own, strict=True)
                return f"{t.cls.__name__}[{', '.join([f'{k}: {x}' for k, x in pairs] if named else own)}]"
            case SequenceType():
                return f"list[{self._text(t.item)}]"
        return str(t)

    def length(self, d: Dim) -> str:
        """A length, as Python."""
        if isinstance(d, int):
            return str(d)
        if d in self.variables:
            return self.variables[d]
        if as_symbol(d) not in self.of_arguments:
            for known, name in self.variables.items():
                more = dim_sum(d, known, -1)
                if is_known(more):
                    return _sum([(name, 1)], more)
        return _sum([(self.symbol(s), c) for s, c in d.terms], d.offset)

    def symbol(self, s: Symbol) -> str:
        """A symbol: an argument's length, or what is derived of such."""
        if s in self.of_arguments:
            return self.of_arguments[s]
        kind, parts = derivation(s)
        return _DERIVED[kind](*map(self._part, parts)) if kind in _DERIVED else UNKNOWN

    def _part(self, part: Any) -> Any:
        if isinstance(part, frozenset):
            return sorted(map(self.length, part))
        return "" if part is None else self.length(part)


def _slice(length: str, start: str, stop: str, step: str) -> str:
    part = f"[{start}:{stop}{f':{step}' if step else ''}]"
    whole = length.startswith("len(") and length.endswith(")") and length.count("(") == 1
    return f"{length[:-1]}{part})" if whole else f"len(range({length}){part})"


_DERIVED: Mapping[str, Any] = {
    "s": _slice,
    "//": lambda a, b: f"{_factor(a)} // {_factor(b)}",
    "%": lambda a, b: f"{_factor(a)} % {_factor(b)}",
    "*": lambda a, b: f"{_factor(a)} * {_factor(b)}",
    "min": lambda own: f"min({', '.join(own)})",
    # of two lengths that are broadcast one is 1, or they are the same
    "b": lambda own: f"max({', '.join(own)})",
}
"""By kinds of derived lengths how they are written."""


def _factor(text: str) -> str:
    return f"({text})" if " " in text else text


def _sum(terms: list[tuple[str, int]], offset: int) -> str:
    """A linear expression; what is added first, then what is subtracted."""
    if any(UNKNOWN in text for text, _ in terms):
        return UNKNOWN
    text = ""
    for name, c in sorted(terms, key=lambda pair: (pair[1] < 0, pair[0])):
        factor = name if abs(c) == 1 else f"{abs(c)} * {_factor(name)}"
        text += (f" {'-' if c < 0 else '+'} " if text else "-" * (c < 0)) + factor
    return text + (f" {'-' if offset < 0 else '+'} {abs(offset)}" if offset else "")


def _lengths_in(name: str, t: Type) -> Iterator[tuple[str, Dim]]:
    """How the lengths in an argument are written."""
    match t:
        case ArrayType():
            for k, d in enumerate(t.shape or ()):
                yield f"len({name})" if not k else f"{name}.shape[{k}]", d
        case ContainerType():
            plain = t.cls in (tuple, list, dict)
            for key, item in zip(_keys(t), t.items, strict=True):
                yield from _lengths_in(f"{name}[{key!r}]" if plain else f"{name}.{key}", item)


def _keys(t: ContainerType) -> tuple[object, ...]:
    """The keys of a container, the names of fields where it has such."""
    return t.cls._fields if is_namedtuple(t.cls) else t.keys  # type: ignore[attr-defined]
