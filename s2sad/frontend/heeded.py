"""Which arguments of a call a meaning looked at: one that nobody asked for is refused, never dropped in silence."""

from __future__ import annotations

import inspect
from collections.abc import Iterable, Iterator
from typing import Any, SupportsIndex, overload

from s2sad.frontend.terms.terms import Term


class Arguments(list[Term]):
    """The positional arguments, with the places that were read."""

    def __init__(self, terms: list[Term]) -> None:
        super().__init__(terms)
        self.read: set[int] = set()

    @overload
    def __getitem__(self, index: SupportsIndex) -> Term: ...
    @overload
    def __getitem__(self, index: slice) -> list[Term]: ...
    def __getitem__(self, index: Any) -> Any:
        try:
            places = range(len(self))[index]
        except IndexError:
            raise TypeError("an argument is missing here, or is given by its name") from None
        self.read.update((places,) if isinstance(places, int) else places)
        return super().__getitem__(index)

    def __iter__(self) -> Iterator[Term]:
        self.read.update(range(len(self)))
        return super().__iter__()

    @property
    def unread(self) -> list[int]:
        return [k for k in range(len(self)) if k not in self.read]


class Keywords(dict[str, Term]):
    """The keywords, with those that were read or taken out."""

    def __init__(self, terms: dict[str, Term]) -> None:
        super().__init__(terms)
        self.given = tuple(terms)
        self.read: set[str] = set()

    def __getitem__(self, name: str) -> Term:
        self.read.add(name)
        return super().__getitem__(name)

    def __iter__(self) -> Iterator[str]:
        self.read.update(self.given)
        return super().__iter__()

    def get(self, name: str, default: Any = None) -> Any:
        self.read.add(name)
        return super().get(name, default)

    def pop(self, name: str, *default: Any) -> Any:
        self.read.add(name)
        return super().pop(name, *default)

    def keys(self) -> Any:
        self.read.update(self.given)
        return super().keys()

    def values(self) -> Any:
        self.read.update(self.given)
        return super().values()

    def items(self) -> Any:
        self.read.update(self.given)
        return super().items()

    @property
    def unread(self) -> list[str]:
        return [name for name in self.given if name not in self.read]


def heeded(function: Any, arguments: list[Term], keywords: dict[str, Term]) -> tuple[Arguments, Keywords]:
    """The arguments of a call, to be read; those that must be given stand at their places, though given by name."""
    positional, named = list(arguments), dict(keywords)
    try:
        parameters = list(inspect.signature(function).parameters.values()) if named else []
    except (TypeError, ValueError):  # a builtin that does not say
        parameters = []
    for p in parameters[len(positional) :]:
        if p.kind is not p.POSITIONAL_OR_KEYWORD or p.default is not p.empty or p.name not in named:
            break
        positional.append(named.pop(p.name))
    return Arguments(positional), Keywords(named)


def leave_out(*given: Iterable[object]) -> None:
    """Say that these arguments do not matter to what a call means."""
    for terms in given:
        list(terms)
