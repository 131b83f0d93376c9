"""Dicts at keys of run time while a function is lowered: what is known of them, and what can be done with them."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager
from typing import NoReturn, TypeAlias

import gast

from s2sad.errors import Location
from s2sad.frontend.terms.arrays import ArrayCells
from s2sad.frontend.terms.cells import Environment, NotStatic, Side
from s2sad.frontend.terms.terms import Form, Items, Keyed, OfTable, Ref, Term, is_plain_form
from s2sad.ir.builder import Builder
from s2sad.ir.values import Operand

Spot: TypeAlias = tuple[Operand, tuple[object, ...]]
"""A table, and the operands of a key."""


class RunTimeKey(NotStatic):
    """A dict gets a key that is known at run time only: it may be made another way, where it is made at `births`."""

    births: Mapping[Location, Form] = {}


class KeyedCells(ArrayCells):
    """Dicts at keys of run time: as branches over the keys that they have, or as a table (`syntax/tables.py`)."""

    def __init__(self, builder: Builder) -> None:
        super().__init__(builder)
        self.births: dict[str, Location] = {}
        """Where each dict of the function was made."""
        self.keyed: Mapping[Location, Form] = {}
        """Where dicts are made whose keys are known at run time only, and the forms of these."""
        self.read_by_key: tuple[int, Term, Builder] | None = None
        """The dict of terms, and the key, of the item that was read last at a key of run time, and in which block."""
        self.found_places: dict[Spot, tuple[Operand, Builder]] = {}
        """The places of keys in such dicts that were looked up, with the blocks in which these are known."""
        self.present: dict[Spot, list[Builder]] = {}
        """The keys that such dicts are known to have, with the blocks in which they do."""
        self.asked: dict[Operand, tuple[Spot, bool]] = {}
        """The answers to `key in d`: what was asked, and whether they say yes."""
        self.supposed: dict[Spot, bool] = {}
        """What is known of them in the branch that is lowered."""

    def is_known_here(self, block: Builder) -> bool:
        """Whether what was appended to a block comes before what is appended now: it is this block, or one around."""
        builder: Builder | None = self.builder
        while builder is not None and builder is not block:
            builder = builder.outer
        return builder is not None

    def check_keyed(self, *sides: tuple[Term, Environment]) -> None:
        """Ask for both of two dicts that are merged to be made for keys of run time, where one of them is."""
        held = [(term, env.get(term.cell)) for term, env in sides if isinstance(term, Ref)]
        forms = [contents.form for _, contents in held if isinstance(contents, Keyed)]
        others = [term for term, contents in held if isinstance(contents, dict) and term.cls is dict]
        if forms and others:
            what, instead = "a dict may be one whose keys are known at run time only", "copy it first: d = dict(d)"
            error = RunTimeKey(what, instead, self.builder.location)
            error.births = {self.births[o.cell]: forms[0] for o in others if o.cell in self.births}
            raise error

    def opened_view(self, term: Term) -> Term:
        """The list that a view of a dict shows, where its keys are numbers and known at run time only."""
        return self.open(term.listed) if isinstance(term, OfTable) and is_plain_form(term.form) else term

    # keyed_items

    @abstractmethod
    def is_key_of_run_time(self, items: Items, key: Term) -> bool:
        """Whether a key is known at run time only, and the dict has several items that it may be of."""

    @abstractmethod
    def may_be_new(self, whole: Term, items: Items, key: Term) -> bool:
        """Whether a key may be none of those that a dict has."""

    @abstractmethod
    def item_by_key(self, items: Items, key: Term, node: gast.AST, default: Term | None = None) -> Term:
        """`items[key]`; `items.get(key, default)` where a default is given."""

    @abstractmethod
    def no_key(self, key: Term, *what: str) -> Operand:
        """What a run does that asks for an item which the dict does not have."""

    @abstractmethod
    def holds_key(self, items: Items, key: Term) -> Operand:
        """`key in items`."""

    @abstractmethod
    def set_by_key(self, base: Term, items: Items, key: Term, term: Term, node: gast.AST) -> None:
        """`base[key] = term`."""

    @abstractmethod
    def attribute_by_key(self, base: Term, key: Term, name: str, node: gast.AST) -> Term | None:
        """`base[key].name` of a dict of lists or objects, to be called; None where there is no doubt which it is."""

    # tables

    @abstractmethod
    def made_dict(self, items: Items, node: gast.AST, factory: Term | None = None, counts: bool = False) -> Ref:
        """A new dict; one of run time, where the function was seen to give it keys that are not known."""

    @abstractmethod
    def needs_table(self, whole: Term, key: Term, node: gast.AST) -> NoReturn:
        """Ask for a dict to be made for keys of run time, or refuse it where it is not made in the function."""

    @abstractmethod
    def check_growth(self, key: str, first: Term, second: Term, node: gast.AST) -> None:
        """Ask for a dict to be made as a table that has other keys behind a branch or an iteration."""

    @abstractmethod
    def copied_table(self, keyed: Keyed) -> Ref:
        """Another dict of the same keys and items."""

    @abstractmethod
    def supposing(self, truth: Operand | None, holds: bool) -> AbstractContextManager[None]:
        """Lower something where an answer to `key in d` is known."""

    @abstractmethod
    def note_merged(self, truth: Operand, first: Side, second: Side, cell: str) -> None:
        """What both branches have in a dict, it has behind them."""

    @abstractmethod
    def has_key(self, ref: Ref, key: Term, node: gast.AST, negated: bool = False) -> Operand:
        """`key in d`."""

    @abstractmethod
    def item_of_table(self, ref: Ref, key: Term, node: gast.AST) -> Term:
        """`d[key]`; a defaultdict makes what it does not have, a Counter has 0 there."""

    @abstractmethod
    def there(self, ref: Ref, key: Term, node: gast.AST) -> Term:
        """The item of a key that the dict has."""

    @abstractmethod
    def item_or(self, ref: Ref, key: Term, default: Callable[[], Term], node: gast.AST) -> Term:
        """`d.get(key, default)`."""

    @abstractmethod
    def ensure(self, ref: Ref, key: Term, made: Callable[[], Term], node: gast.AST) -> None:
        """Give a dict an item where it does not have the key."""

    @abstractmethod
    def set_of_table(self, ref: Ref, key: Term, term: Term, node: gast.AST) -> None:
        """`d[key] = term`."""

    @abstractmethod
    def pop_of_table(self, ref: Ref, key: Term, node: gast.AST) -> Term:
        """`d.pop(key)`: the items behind it move up in the list, and so do their places."""

    @abstractmethod
    def clear_table(self, ref: Ref, node: gast.AST) -> None:
        """`d.clear()`."""

    @abstractmethod
    def element_of_table(self, view: OfTable, index: Operand, node: gast.AST) -> Term:
        """The key or item number `index`; where the item of a key is, is known then."""
