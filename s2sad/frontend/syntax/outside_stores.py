"""What is stored in lists, dicts and the like outside the function: histories, counters, tables of what was computed.

    history.append(y); seen[k] = y; counts["calls"] += 1; log["loss"].append(y)

What is stored are values: no derivative flows there. The first store into an object lets the function be lowered again,
with that object as a handle (`NeedsHandle`): of what it holds nothing is known then but integers, which are read when
the program runs.
"""

from __future__ import annotations

import operator
from dataclasses import replace

import gast
import numpy as np

from s2sad.errors import UnsupportedCall, UnsupportedType
from s2sad.frontend.dependencies import MISSING, NeedsHandle, Variable
from s2sad.frontend.syntax.outside_values import (
    CONTAINERS,
    NOT_ADDED,
    NUMBERS,
    TAKERS,
    OutsideValues,
    known_key,
)
from s2sad.frontend.terms.cells import OfOutside
from s2sad.frontend.terms.terms import (
    Outside,
    Range,
    Ref,
    Term,
    is_iterator,
    is_new_iterator,
    is_number,
    is_static_object,
)
from s2sad.ir.primitives.handles import CALL, COUNT, DELETE, HOLDS, ITEM, STORE
from s2sad.ir.values import Operand, constant


class OutsideStores(OutsideValues):
    """Lowers stores into objects outside the function."""

    def outside_object(self, term: Term) -> Outside | None:
        """An object outside that a store is made into; None for an object of the function.

        Raises:
            NeedsHandle: it was not known to take values.
        """
        if isinstance(term, Outside):
            return term
        found: object = None
        if isinstance(term, Ref):
            why = self.frozen.get(term.cell)
            found = why.item if isinstance(why, OfOutside) else None
        elif is_static_object(term) and self.is_reached(term.value):
            found = term.value
        if isinstance(found, TAKERS):
            raise NeedsHandle(found)
        return None

    def as_handle(self, variable: Variable, value: object) -> Outside:
        """A variable outside that holds an object which takes values."""
        return Outside(self.captured_value(replace(variable, handed=True)), variable.shown, value)

    def item_outside(self, outside: Outside, index: Term, node: gast.AST) -> Term:
        """`outside[index]`: a number, or what is stored into in its turn."""
        key = self.to_operand(index)
        found = self.item_found(outside.found, key)
        number = self.number_there([outside.handle, key], {}, found)
        if number is not None:
            return number
        name = f"{outside.name}[{'...' if known_key(key) is None else repr(known_key(key))}]"
        return Outside(self.done(ITEM, [outside.handle, key]), name, found)

    def item_found(self, container: object, key: Operand) -> object:
        """What is at a key while compiling, of a class that it must keep; None where nothing is known of it."""
        name = known_key(key)
        if not isinstance(container, (dict, list)) or not isinstance(name, (str, int)):
            return None
        # `get` makes nothing where a defaultdict has no such key
        items: dict[object, object] = dict(enumerate(container)) if isinstance(container, list) else container
        place = name + len(items) if isinstance(container, list) and isinstance(name, int) and name < 0 else name
        found = dict.get(items, place, MISSING)
        if found is MISSING:
            made = getattr(container, "default_factory", None)
            return made() if isinstance(made, type) and issubclass(made, CONTAINERS) else None
        self.reads.variable(Variable(container, name, handed=True))
        return found

    def count_outside(self, outside: Outside) -> Operand:
        """`len(outside)`."""
        return self.done(COUNT, [outside.handle])

    def holds_outside(self, outside: Outside, item: Term, negated: bool) -> Operand:
        """`item in outside`."""
        there = self.done(HOLDS, [outside.handle, self.to_operand(item)])
        return self.apply(operator.not_, [there]) if negated else there

    def set_outside(self, outside: Outside, index: Term, term: Term, node: gast.AST) -> None:
        """`outside[index] = term`."""
        self.check_container(outside, node)
        key = self.to_operand(index)
        self.done(STORE, [outside.handle, key, self.item_kept(outside, key, term, node)])

    def augment_item(self, outside: Outside, index: Term, node: gast.AugAssign) -> None:
        """`outside[index] += value`: a number takes the place of the one before, whatever array may be there."""
        self.check_container(outside, node)
        key = self.to_operand(index)
        found = self.item_found(outside.found, key)
        if isinstance(found, list) and isinstance(node.op, gast.Add):
            item = self.item_outside(outside, index, node)
            assert isinstance(item, Outside)
            self.call_outside(item, "extend", [self.eval(node.value)], {}, node)
            return
        value = self.eval(node.value)
        if isinstance(outside.found, np.ndarray):
            self.done(STORE, [outside.handle, key, self.to_operand(value)], {"sign": self.sign_of(node)})
            return
        if not is_number(value) or isinstance(found, NOT_ADDED):
            self.refuse_in_place(node)
        self.note_added((id(outside.found), known_key(key)), node)
        anew = {} if isinstance(found, NUMBERS) else {"anew": True}
        self.keep([outside.handle, key], {"sign": self.sign_of(node), **anew}, value, node)

    def delete_outside(self, outside: Outside, index: Term, node: gast.AST) -> None:
        """`del outside[index]`."""
        self.check_container(outside, node)
        self.done(DELETE, [outside.handle, self.to_operand(index)])

    def call_outside(
        self, outside: Outside, name: str, arguments: list[Term], keywords: dict[str, Term], node: gast.AST
    ) -> Term:
        """`outside.name(...)`: what it gives can be stored into, and not be read."""
        known = outside.found is not None
        if (known and not self.takes(outside)) or (not known and hasattr(np.ndarray, name)):
            self.refuse(
                node,
                f"the method {name} of what is in {outside.name}",
                "keep it in a variable of its own outside the function",
                UnsupportedCall,
            )
        terms = [self.walked(a, node) for a in arguments]
        values = [self.item_kept(outside, constant(None), a, node) for a in (*terms, *keywords.values())]
        static = {"names": tuple(keywords)} if keywords else {}
        made = self.done(CALL, [outside.handle, *values], {"method": name, **static})
        return Outside(made, f"{outside.name}.{name}(...)")

    def walked(self, term: Term, node: gast.AST) -> Term:
        """An argument that an object outside walks over: what an iterator or range of the function has, as a list."""
        if isinstance(term, Range):
            return self.sequence(term, node)
        return self.listed(term) if is_iterator(term) or is_new_iterator(term) else term

    def extended(self, outside: Outside, node: gast.AugAssign) -> None:
        """`outside += items` of a list, or what is added to the numbers of an array."""
        if not self.reads.settled.takes_values(outside.found):
            raise NeedsHandle(outside.found)
        if isinstance(outside.found, np.ndarray):
            self.augment_item(outside, constant(Ellipsis), node)
            return
        self.call_outside(outside, "extend", [self.eval(node.value)], {}, node)

    def takes(self, outside: Outside) -> bool:
        """Whether something outside takes values; an array where it is a parameter: it shares memory with no other."""
        if isinstance(outside.found, np.ndarray):
            return self.is_given(outside.handle)
        variable, _ = self.places.get(id(outside.found), (None, None))
        # what is stored in a namespace is read as an attribute
        return isinstance(outside.found, CONTAINERS) and (variable is None or variable.name != "__dict__")

    def check_container(self, outside: Outside, node: gast.AST) -> None:
        """Refuse a store into what is not known to be a container: an array in it may be one of the function's."""
        if not self.takes(outside):
            self.refuse(
                node,
                f"a store into what is in {outside.name}",
                "keep it in a variable of its own outside the function",
                UnsupportedType,
            )
