"""Dicts whose keys are known at run time only: a table of the places of keys, and the list of what they lead to.

d[k] = x           if k in places: items[places[k]] = x
                   else: places[k] = len(items); items.append(x)
d[k] += x          items[places[k]] += x
d[k].append(x)     items[places[k]].append(x)
for k in d         for k in list(places)

The items are a list of run time like any other one, with its adjoint; the table is nothing but numbers. A key is a
number; one of several strings or objects by its number; or a tuple of such. Its form says which:

    number     named     (number, named)

A dict is a dict of terms as long as its keys are known. At the first one that is not, the function is lowered again,
and the dict is made as a table from the start (`RunTimeKey`).
"""

from __future__ import annotations

import operator
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from typing import NoReturn

import gast

from s2sad.errors import Location, UnsupportedType
from s2sad.frontend.lowering import Lowering
from s2sad.frontend.terms.cells import NotStatic, Side
from s2sad.frontend.terms.keyed_cells import RunTimeKey, Spot
from s2sad.frontend.terms.terms import (
    NAMED,
    NUMBER,
    Form,
    Items,
    Keyed,
    Known,
    Method,
    OfTable,
    Ref,
    Term,
    Zip,
    describe,
    flatten,
    is_number,
    is_plain_form,
    is_plain_object,
)
from s2sad.ir.containers import GETITEM
from s2sad.ir.primitives.tables import (
    TABLE,
    TABLE_COPY,
    TABLE_HOLDS,
    TABLE_KEYS,
    TABLE_PLACE,
    TABLE_SET,
    TABLE_WITHOUT,
)
from s2sad.ir.types import BOTTOM
from s2sad.ir.values import Constant, Operand, Value, constant


class KeysNeeded(Exception):
    """Some dicts must be made for keys of run time: where, and of which form their keys are."""

    def __init__(self, births: Mapping[Location, Form]) -> None:
        super().__init__()
        self.births = births


class Tables(Lowering):
    """Lowers dicts at keys that are known at run time only."""

    # making them

    def made_dict(self, items: Items, node: gast.AST, factory: Term | None = None, counts: bool = False) -> Ref:
        """A new dict; one of run time, where the function was seen to give it keys that are not known."""
        made, birth = self.new(dict, items), self.at(node)
        if birth in self.keyed:
            self.env[made.cell] = self.as_table(items, self.keyed[birth], factory, counts, node)
            return made
        self.births[made.cell] = birth
        if factory is not None:
            self.factories[made.cell] = factory
        if counts:
            self.counting.add(made.cell)
        return made

    def as_table(self, items: Items, form: Form, factory: Term | None, counts: bool, node: gast.AST) -> Keyed:
        """What the cell of a dict holds whose keys are known at run time only, with those that it begins with."""
        table = self.builder.apply(TABLE, ())
        for place, key in enumerate(items):
            known = tuple(map(constant, key)) if isinstance(key, tuple) else constant(key)
            table = self.builder.apply(TABLE_SET, (table, self.key_in(form, known, node), constant(place)))
        try:
            held = self.sequence_value(list(items.values()))
        except UnsupportedType:
            what = "a dict of functions, dicts, objects or several kinds of items gets keys known at run time only"
            self.refuse(node, what, "keep numbers, arrays or lists in it", UnsupportedType)
        return Keyed(table, self.new(list, held), form, factory, counts)

    def needs_table(self, whole: Term, key: Term, node: gast.AST) -> NoReturn:
        """Ask for a dict to be made for keys of run time, or refuse it where it is not made in the function."""
        if any(o.type == BOTTOM for o in flatten(self.given(key))[0]):
            raise NotStatic("a key comes out of an empty dict", "", self.at(node))
        form = self.form_of(key, node)
        what, instead = "a key that is known at run time only", "copy the dict in the function first: d = dict(d)"
        error = RunTimeKey(f"{describe(whole)} gets {what}", instead, self.at(node))
        birth = self.births.get(whole.cell) if isinstance(whole, Ref) else None
        error.births = {} if birth is None else {birth: form}
        raise error

    def check_growth(self, key: str, first: Term, second: Term, node: gast.AST) -> None:
        """Ask for a dict to be made as a table that has other keys behind a branch or an iteration."""
        if not isinstance(first, dict) or not isinstance(second, dict) or key not in self.births:
            return
        keys = [constant(k) for k in (*first, *second) if isinstance(k, (str, int))]
        if keys:
            self.needs_table(Ref(key, dict), keys[0], node)

    def copied_table(self, keyed: Keyed) -> Ref:
        """Another dict of the same keys and items."""
        table = self.builder.apply(TABLE_COPY, (keyed.table,))
        return self.new(dict, replace(keyed, table=table, items=self.new(list, self.open(keyed.items))))

    # keys

    def form_of(self, key: Term, node: gast.AST) -> Form:
        """What a key is: a number, one of several strings or objects, or a tuple of such."""
        key = self.opened(self.given(key))
        if is_plain_object(key):
            return NAMED
        if isinstance(key, tuple):
            return tuple(self.form_of(k, node) for k in key)
        if is_number(key) and key.type.is_scalar and (key.type.is_integer or key.type.is_mask):
            return NUMBER
        what = "a float is" if is_number(key) and key.type.is_inexact else f"{describe(key)} is"
        self.refuse(
            node,
            f"{what} a key of a dict that is known at run time only",
            "take an integer, a string or a tuple of these: int(key)",
            UnsupportedType,
        )

    def key_in(self, form: Form, key: Term, node: gast.AST) -> Operand:
        """A key as the table has it; one that comes out of an empty dict is not known yet."""
        nothing = [o for o in flatten(self.given(key))[0] if o.type == BOTTOM]
        if nothing:
            return nothing[0]
        if self.form_of(key, node) != form:
            what = f"a dict has keys of several kinds that are known at run time only, {describe(key)} is another one"
            self.refuse(node, what, "take one dict for each kind", UnsupportedType)
        return self.coded(self.given(key))

    def coded(self, key: Term) -> Operand:
        if isinstance(key, tuple):
            return self.builder.operand(tuple(map(self.coded, key)))
        if isinstance(key, Known):
            return key.index
        assert isinstance(key, (Value, Constant))
        return constant(self.number_of(key.value)) if is_plain_object(key) else key  # type: ignore[union-attr]

    def decoded(self, form: Form, key: Operand) -> Term:
        """A key of the table as the program has it."""
        if isinstance(form, tuple) and key.type == BOTTOM:
            return tuple(self.decoded(f, key) for f in form)
        if isinstance(form, tuple):
            return tuple(self.decoded(f, self.builder.extract(key, k)) for k, f in enumerate(form))
        return Known(key) if form == NAMED else key

    # what is known of a key: where its item is, or whether there is one

    def key_spot(self, keyed: Keyed, key: Term) -> Spot:
        operands = flatten(self.given(key))[0]
        return keyed.table, tuple((type(o.value), o.value) if isinstance(o, Constant) else o for o in operands)

    def found(self, keyed: Keyed, key: Term) -> Operand | None:
        """The place of a key, where it was looked up before."""
        place, block = self.found_places.get(self.key_spot(keyed, key), (None, None))
        return place if block is not None and self.is_known_here(block) else None

    def is_present(self, spot: Spot) -> bool:
        """Whether a dict is known to have a key: it was looked up, stored or asked for before."""
        known = [self.found_places[spot][1]] if spot in self.found_places else []
        known += self.present.get(spot, [])
        return self.supposed.get(spot) is True or any(map(self.is_known_here, known))

    def note_merged(self, truth: Operand, first: Side, second: Side, cell: str) -> None:
        """What both branches have in a dict, it has behind them."""
        merged, *sides = (env.get(cell) for env in (self.env, first.env, second.env))
        if not isinstance(merged, Keyed):
            return
        both: list[set[tuple[object, ...]]] = []
        outer = self.builder
        for k, (side, keyed) in enumerate(zip((first, second), sides, strict=True)):
            assert isinstance(keyed, Keyed)
            asked = [self.asked[truth][0]] if truth in self.asked else []
            spots = [s for s in (*self.found_places, *self.present, *asked) if s[0] is keyed.table]
            self.builder = side.builder
            with self.supposing(truth, k == 0):
                both.append({key for table, key in spots if self.is_present((table, key))})
        self.builder = outer
        for key in both[0] & both[1]:
            self.present.setdefault((merged.table, key), []).append(outer)

    @contextmanager
    def supposing(self, truth: Operand | None, holds: bool) -> Iterator[None]:
        """Lower something where an answer to `key in d` is known."""
        asked = None if truth is None else self.asked.get(truth)
        if asked is None:
            yield
            return
        spot, positive = asked
        before, self.supposed = self.supposed, {**self.supposed, spot: positive is holds}
        yield
        self.supposed = before

    def has_key(self, ref: Ref, key: Term, node: gast.AST, negated: bool = False) -> Operand:
        """`key in d`."""
        keyed = self.table_in(ref)
        spot = self.key_spot(keyed, key)
        known = self.is_present(spot) or self.supposed.get(spot)
        if known is not None:
            return constant(known is not negated)
        there = self.builder.apply(TABLE_HOLDS, (keyed.table, self.key_in(keyed.form, key, node)))
        answer = self.apply(operator.not_, [there]) if negated else there
        for truth, positive in ((there, True), (answer, not negated)):
            self.asked[truth] = (spot, positive)
        return answer

    def table_in(self, ref: Ref) -> Keyed:
        keyed = self.open(ref)
        assert isinstance(keyed, Keyed)
        return keyed

    def place_of(self, ref: Ref, key: Term, node: gast.AST) -> Operand:
        """The place of an item; the program raises where there is none."""
        keyed = self.table_in(ref)
        place = self.found(keyed, key)
        if place is None:
            if not is_plain_form(keyed.form) and keyed.factory is None:
                # the table has numbers for strings: the error that it raises would name one of those
                self.choose(self.has_key(ref, key, node), lambda: constant(None), lambda: self.no_item(key, node), node)
            code = self.key_in(keyed.form, key, node)
            place = self.builder.apply(TABLE_PLACE, (keyed.table, code), None, "place", True)
            self.found_places[self.key_spot(keyed, key)] = (place, self.builder)
        return place

    def no_item(self, key: Term, node: gast.AST) -> Operand:
        """What a run does that asks for an item which the dict does not have."""
        key = self.given(key)
        return self.no_key(Known(self.coded(key)) if is_plain_object(key) else key)

    # items

    def item_of_table(self, ref: Ref, key: Term, node: gast.AST) -> Term:
        """`d[key]`; a defaultdict makes what it does not have, a Counter has 0 there."""
        factory = self.table_in(ref).factory
        if self.table_in(ref).counts:
            return self.item_or(ref, key, lambda: constant(0), node)
        if factory is not None:
            self.ensure(ref, key, lambda: self.call(factory, [], {}, node, None), node)
        return self.there(ref, key, node)

    def there(self, ref: Ref, key: Term, node: gast.AST) -> Term:
        """The item of a key that the dict has."""
        return self.item_at(self.table_in(ref).items, self.place_of(ref, key, node), node, None)

    def item_or(self, ref: Ref, key: Term, default: Callable[[], Term], node: gast.AST) -> Term:
        """`d.get(key, default)`."""
        return self.choose(self.has_key(ref, key, node), lambda: self.there(ref, key, node), default, node)

    def ensure(self, ref: Ref, key: Term, made: Callable[[], Term], node: gast.AST) -> None:
        """Give a dict an item where it does not have the key."""
        missing = self.has_key(ref, key, node, negated=True)
        self.choose(missing, lambda: self.create(ref, key, made(), node), lambda: constant(None), node)

    def create(self, ref: Ref, key: Term, term: Term, node: gast.AST) -> Operand:
        """`d[key] = term` of a key that the dict does not have."""
        keyed = self.table_in(ref)
        place = self.apply(len, [self.to_operand(keyed.items)])
        code = self.key_in(keyed.form, key, node)
        table = self.builder.apply(TABLE_SET, (keyed.table, code, place), None, self.shown(ref.cell))
        self.call_method(Method(keyed.items, "append"), [term], {}, node, None)
        self.change(ref, replace(keyed, table=table), node)
        self.found_places[self.key_spot(self.table_in(ref), key)] = (place, self.builder)
        return constant(None)

    def set_of_table(self, ref: Ref, key: Term, term: Term, node: gast.AST) -> None:
        """`d[key] = term`."""

        def replaced() -> Term:
            self.set_item(self.table_in(ref).items, self.place_of(ref, key, node), term, node)
            return constant(None)

        term = self.adopt(term)
        self.choose(self.has_key(ref, key, node), replaced, lambda: self.create(ref, key, term, node), node)

    def pop_of_table(self, ref: Ref, key: Term, node: gast.AST) -> Term:
        """`d.pop(key)`: the items behind it move up in the list, and so do their places."""
        keyed, place = self.table_in(ref), self.place_of(ref, key, node)
        code = self.key_in(keyed.form, key, node)
        item = self.call_method(Method(keyed.items, "pop"), [place], {}, node, None)
        table = self.builder.apply(TABLE_WITHOUT, (keyed.table, code), None, self.shown(ref.cell))
        self.change(ref, replace(keyed, table=table), node)
        return item

    def clear_table(self, ref: Ref, node: gast.AST) -> None:
        """`d.clear()`."""
        keyed = self.table_in(ref)
        self.call_method(Method(keyed.items, "clear"), [], {}, node, None)
        self.change(ref, replace(keyed, table=self.builder.apply(TABLE, (), None, self.shown(ref.cell))), node)

    # walks

    def of_table(self, ref: Ref, keyed: Keyed, kind: str) -> Term:
        """What a view of such a dict shows: its keys, its items, or both."""
        items = OfTable(ref, keyed.table, keyed.items, None)
        if kind == "values":
            return items
        keys = OfTable(ref, keyed.table, self.builder.apply(TABLE_KEYS, (keyed.table,), None, "keys", True), keyed.form)
        return keys if kind == "keys" else Zip((keys, items), alike=True)

    def element_of_table(self, view: OfTable, index: Operand, node: gast.AST) -> Term:
        """The key or item number `index`; where the item of a key is, is known then."""
        if view.form is None:
            return self.element(view.listed, index, node)
        key = self.decoded(view.form, self.builder.apply(GETITEM, (self.to_operand(view.listed), index)))
        keyed = self.table_in(view.receiver)
        self.found_places[self.key_spot(replace(keyed, table=view.table), key)] = (index, self.builder)
        return key
