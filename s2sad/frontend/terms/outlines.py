"""What a function is given, taken apart: the values in it become parameters, all else is part of the function.

    self -> #1 -> {length: v1, damping: v2, mode: "linear"}
    the outline of self: an object of the attributes length, damping: parameters, and mode: a constant

A function that is compiled by itself builds its objects anew of an outline and of its own parameters. One that is to
be differentiated takes functions as well: closures, bound methods, derivatives, and the objects that hold them.
"""

from __future__ import annotations

import keyword
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, TypeAlias

import gast

from s2sad.frontend.terms.cells import Cells
from s2sad.frontend.terms.outside import OutsideItems, OutsideList
from s2sad.frontend.terms.terms import (
    Choice,
    Closure,
    Derived,
    Linear,
    Method,
    Partial,
    Record,
    Ref,
    Term,
    is_array,
    known_integer,
    parts,
)
from s2sad.ir.values import Constant, Value, constant

if TYPE_CHECKING:
    from s2sad.frontend.terms.frames import Frame

MAX_LEAVES = 32
"""Of how many values at the most a function takes what it is given apart."""
PLAIN = (bool, int, float, complex, str, type(None))
"""What is equal where it is written alike."""


@dataclass(frozen=True, slots=True)
class Leaf:
    """A value, as the parameter of this name."""

    name: str


@dataclass(frozen=True, slots=True)
class Fixed:
    """What is known at compile time; `key` tells it from others."""

    key: object
    constant: Constant = field(compare=False)


@dataclass(frozen=True, slots=True)
class Items:
    """What a container holds, by its keys; `cls` is that of its term."""

    cls: type
    keys: tuple[object, ...]
    items: tuple[Outline, ...]


@dataclass(frozen=True, slots=True)
class Held:
    """A list, dict or object by its number; `contents` are there where it is met first."""

    number: int
    cls: type
    contents: Items | None


@dataclass(frozen=True, slots=True)
class Made:
    """A closure, which sees the names of the frame of this number, with its defaults."""

    node: gast.AST = field(compare=False)
    text: int
    """The identity of the node."""
    name: str
    frame: int
    defaults: tuple[tuple[str, Outline], ...]


@dataclass(frozen=True, slots=True)
class Composed:
    """A function made of others and of values: a bound method, a derivative. `again` makes one of its items."""

    key: object
    items: tuple[Outline, ...]
    again: Callable[[list[Any]], Term] = field(compare=False)


Outline: TypeAlias = Leaf | Fixed | Items | Held | Made | Composed
COMPOSED = (Partial, Derived, Linear, Choice, Method)


class NotTaken(Exception):
    """Something cannot be taken apart: an iterator, a dict with keys of run time; at times a function made inside."""


class Outlines:
    """Takes terms apart: `names` and `terms` are the parameters and what is passed for them."""

    def __init__(self, cells: Cells, own: Collection[str], number_of: Callable[[Frame], int] | None = None) -> None:
        self.cells = cells
        self.number_of = number_of
        """The number of a frame, where functions are taken apart too; any number of values is taken then."""
        self.own = set(own)
        """The names of the function's own parameters that no value has yet."""
        self.names: list[str] = []
        self.terms: list[Term] = []
        self.numbers: dict[str, int] = {}
        """Of the cells that were met."""

    def of(self, term: Term, name: str, own: bool = False) -> Outline:
        """The outline of what has this name; with `own` it is a parameter of the function itself, or in such a tuple.

        Raises:
            NotTaken: it is no value, nor made of values.
        """
        known = known_integer(term) if isinstance(term, Value) and term.type.kind == "python" else None
        if known is not None:
            term = constant(known)
        # a number that the caller writes as an argument is another one in each call
        if isinstance(term, Constant) and not (own and type(term.value) in (float, complex)):
            return Fixed(_key(term.value), term)
        if isinstance(term, (Value, Constant)) or is_array(term):
            return self.leaf(term, name, own)
        if isinstance(term, Ref):
            return self.held(term, name, own)
        if self.number_of is not None and isinstance(term, Closure):
            defaults = tuple((n, self.of(d, n)) for n, d in term.defaults.items())
            return Made(term.node, id(term.node), term.name, self.number_of(term.frame), defaults)
        if self.number_of is not None and isinstance(term, COMPOSED):
            composed = parts(term)
            assert composed is not None
            key, items, again = composed
            return Composed(key, tuple(self.of(item, name) for item in items), again)
        return self.items(term, name, own)

    def leaf(self, term: Term, name: str, own: bool) -> Leaf:
        """A parameter for a value, by a name that no other one has."""
        if own:
            self.own.discard(name)
        plain = name.lstrip("_")
        stem = plain if plain.isidentifier() and not keyword.iskeyword(plain) else "value"
        found, count = name if own and name.isidentifier() else stem, 1
        while found in self.own or found in self.names:
            count += 1
            found = f"{stem}_{count}"
        self.names.append(found)
        self.terms.append(term)
        if self.number_of is None and len(self.names) > MAX_LEAVES:
            raise NotTaken
        return Leaf(found)

    def held(self, ref: Ref, name: str, own: bool) -> Outline:
        """The outline of a list, dict or object."""
        cell = ref.cell
        self.cells.check_sources(ref, self.cells.env)
        contents = self.cells.env.get(cell)
        if isinstance(contents, (OutsideItems, OutsideList)):
            if not contents.may_be_whole:
                raise NotTaken
            return self.leaf(ref, name, own)
        whole = ref.cls in (list, dict) and self.cells.is_unchanged(ref, self.cells.env)
        if whole or (isinstance(contents, Value) and contents.type.is_sequence):
            return self.leaf(ref, name, own)
        if not isinstance(contents, (list, dict)) or cell in self.cells.factories or cell in self.cells.counting:
            raise NotTaken
        if cell in self.numbers:
            return Held(self.numbers[cell], ref.cls, None)
        number = self.numbers[cell] = len(self.numbers)
        if ref.cls in (list, dict):
            return Held(number, ref.cls, self.items(contents, name, own))
        return Held(number, ref.cls, self.items(contents, name, False, ref.cls))

    def items(self, term: Term, name: str, own: bool, owner: type = object) -> Items:
        """The outline of what a tuple, record, list or dict holds; the dict of an object that is one of `owner`."""
        if isinstance(term, Record):
            cls, owner, own, items = term.cls, term.cls, False, dict[Any, Term](term.items)
        elif isinstance(term, (dict, list, tuple)):
            cls = next(c for c in (dict, list, tuple) if isinstance(term, c))
            items = dict(term) if isinstance(term, dict) else dict(enumerate(term))
        else:
            raise NotTaken
        private = f"_{owner.__name__.lstrip('_')}__"
        names = [k.removeprefix(private) if isinstance(k, str) else name for k in items]
        return Items(cls, tuple(items), tuple(self.of(t, n, own) for t, n in zip(items.values(), names, strict=True)))


def rebuilt(
    outline: Outline, cells: Cells, values: Mapping[str, Term], made: dict[int, Ref], frames: Sequence[Frame]
) -> Term:
    """The term of an outline, with these values for its parameters; `made` are the objects by their numbers."""
    match outline:
        case Leaf(name):
            return values[name]
        case Fixed():
            return outline.constant
        case Held(number, cls, contents):
            if contents is None:
                return made[number]
            ref = made[number] = cells.new(cls, [] if cls is list else {}, made=False)
            cells.env[ref.cell] = rebuilt(contents, cells, values, made, frames)
            return ref
        case Made():
            defaults = {n: rebuilt(d, cells, values, made, frames) for n, d in outline.defaults}
            return Closure(outline.node, outline.name, frames[outline.frame], defaults)
    items = [rebuilt(item, cells, values, made, frames) for item in outline.items]
    if isinstance(outline, Composed):
        return outline.again(items)
    if outline.cls is list or outline.cls is tuple:
        return items if outline.cls is list else tuple(items)
    if outline.cls is dict:
        return dict(zip(outline.keys, items, strict=True))
    return Record(outline.cls, dict(zip(map(str, outline.keys), items, strict=True)))


def _key(value: object) -> object:
    return (type(value), repr(value)) if type(value) in PLAIN else id(value)
