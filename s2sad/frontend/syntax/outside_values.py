"""Values that are stored outside the function, and integers that are read there: what names and objects share.

An array is stored as a copy, an argument as it is. What is stored must not be changed behind the store, as the object
outside would have to see that.
"""

from __future__ import annotations

import types
from collections.abc import MutableMapping, MutableSequence, MutableSet
from dataclasses import replace
from typing import NoReturn

import gast
import numpy as np

from s2sad.errors import UnsupportedType
from s2sad.frontend.lowering import Lowering
from s2sad.frontend.terms.cells import AfterStore, OfOutside, OneOfTwo, SettledByCaller, map_operands
from s2sad.frontend.terms.terms import (
    Outside,
    Term,
    describe,
)
from s2sad.ir.containers import GETITEM
from s2sad.ir.primitive import Primitive
from s2sad.ir.primitives.handles import FLAG, ITEM, NUMBER, STORE, WHOLE
from s2sad.ir.types import ArrayType, ContainerType, SequenceType, Type
from s2sad.ir.values import Constant, Operand, constant

CONTAINERS = (MutableSequence, MutableSet, MutableMapping)
TAKERS = (*CONTAINERS, np.ndarray)
"""What is stored into outside the function."""
NUMBERS = (int, float, complex, np.number)
NOT_ADDED = (np.ndarray, *CONTAINERS)
"""What an augmented assignment changes in place."""
ONLY_READ = frozenset({*dir(tuple), *dir(frozenset), *dir(types.MappingProxyType)})
"""The methods of containers that do not change them."""
SIGNS: dict[type[gast.AST], str] = {
    gast.Add: "+",
    gast.Sub: "-",
    gast.Mult: "*",
    gast.Div: "/",
    gast.FloorDiv: "//",
    gast.Mod: "%",
    gast.Pow: "**",
    gast.BitOr: "|",
    gast.BitAnd: "&",
    gast.BitXor: "^",
}
"""The augmented assignments that can be made outside."""
Key = tuple[int, object]
"""What tells places outside apart: what holds one, by identity, and the name or key; None for one of run time."""
Spot = tuple[list[Operand], dict[str, object]]
"""A place outside: the handle with the key of an item, or with the name of an attribute."""


class OutsideValues(Lowering):
    """Appends what is done outside the function."""

    def handle_of(self, holder: object) -> Operand:
        """An object outside as a parameter.

        Raises:
            SettledByCaller: only an argument, known at compile time, is known to lead to it.
        """
        if not self.is_reached(holder):
            what = f"something is stored in {describe(constant(holder))}, which no variable outside leads to"
            # A bound method leads to its object, as a variable does.
            method = f"differentiate its method, as in s2sad.grad(f.__call__); or {OfOutside.instead}"
            instead = method if callable(holder) else OfOutside.instead
            raise SettledByCaller(what, instead, self.builder.location)
        return self.captured_value(replace(self.places[id(holder)][0], handed=True))

    def is_reached(self, value: object) -> bool:
        """Whether a variable outside led to an object."""
        return id(value) in self.places

    # what is done

    def done(
        self,
        primitive: Primitive,
        operands: list[Operand],
        static: dict[str, object] | None = None,
        hint: str | None = None,
    ) -> Operand:
        """Append what is done to an object outside, or read of it: a call of the function is no operation then."""
        self.stores = True
        return self.builder.apply(primitive, operands, static, hint)

    def number_there(
        self, operands: list[Operand], static: dict[str, object], found: object, hint: str | None = None
    ) -> Operand | None:
        """The number or truth value at a place outside, where something of its kind was found; None for others."""
        if type(found) in (int, bool):
            return self.integer(operands, static, type(found) is bool, hint)
        if type(found) is float:
            return self.done(NUMBER, operands, static, hint)
        if isinstance(found, np.floating):
            return self.done(NUMBER, operands, {**static, "dtype": found.dtype}, hint)
        return None

    def integer(
        self, operands: list[Operand], static: dict[str, object], flag: bool, hint: str | None = None
    ) -> Operand:
        """The integer at a place outside, or the truth value there."""
        if flag:
            return self.builder.apply(FLAG, [self.done(ITEM, operands, static)], None, hint)
        return self.done(WHOLE, operands, static, hint)

    # what is stored

    def sign_of(self, node: gast.AugAssign) -> str:
        """The operator of an augmented assignment."""
        sign = SIGNS.get(type(node.op))
        return self.refuse_in_place(node) if sign is None else sign

    def refuse_in_place(self, node: gast.AST) -> NoReturn:
        self.refuse(
            node,
            "an object outside the function is changed by an augmented assignment",
            "numbers can be added up outside the function; append to a list",
            UnsupportedType,
        )

    def note_put(self, key: Key, value: Operand, node: gast.AST) -> None:
        """Note where an array is put: it may be one of the function's."""
        if holds_arrays(value.type):
            self.put_outside.add(key)
            self.check_apart(key, self.added_outside, node)

    def note_added(self, key: Key, node: gast.AST) -> None:
        """Note where something is added to, in place: to an array of the function's it is not."""
        self.added_outside.add(key)
        self.check_apart(key, self.put_outside, node)

    def check_apart(self, key: Key, others: set[Key], node: gast.AST) -> None:
        if any(other[0] == key[0] and (other[1] == key[1] or None in (other[1], key[1])) for other in others):
            self.refuse_in_place(node)

    def item_kept(self, outside: Outside, key: Operand, term: Term, node: gast.AST) -> Operand:
        """What is stored as an item of an object outside: an array there takes the numbers alone."""
        if isinstance(outside.found, np.ndarray):
            return self.to_operand(term)
        value = self.stored_value(term, node)
        self.note_put((id(outside.found), known_key(key)), value, node)
        return value

    def keep(self, operands: list[Operand], static: dict[str, object], term: Term, node: gast.AST) -> Operand:
        """Store a value at a place outside."""
        value = self.stored_value(term, node)
        self.done(STORE, [*operands, value], static)
        return value

    def stored_value(self, term: Term, node: gast.AST) -> Operand:
        """A term as an object outside has it: what belongs to the function is copied, and not changed any more."""
        for cell in self.perhaps_one({ref.cell for ref in self.reachable(term)}):
            if not isinstance(self.frozen.get(cell), OfOutside):
                self.frozen[cell] = AfterStore("after it was stored outside the function")
        whole = self.to_operand(term)
        if self.is_given(whole):
            self.keeps_arrays |= holds_arrays(whole.type)
            return whole
        return self.to_operand(map_operands(self.value_form(term), lambda o: self.copy_of(o, node)))

    def perhaps_one(self, cells: set[str]) -> set[str]:
        """The cells of objects that may be one of those in these cells, by a branch of run time; these among them."""
        pairs = {(cell, c) for cell, either in self.one_of.items() for c in either.cells if c is not None}
        pairs |= {(cell, c) for cell, why in self.frozen.items() if isinstance(why, OneOfTwo) for c in why.sources}
        found, before = set(cells), 0
        while before < len(found):
            before = len(found)
            found |= {c for pair in pairs if found.intersection(pair) for c in pair}
        return found

    def copy_of(self, operand: Operand, node: gast.AST) -> Operand:
        """A value that nothing else changes."""
        t = operand.type
        if not holds_arrays(t) and not t.is_sequence:
            return operand
        self.keeps_arrays = True
        if self.is_given(operand):
            return operand
        if isinstance(t, ArrayType) and t.kind == "array":
            return self.apply(np.copy, [operand])
        if isinstance(t, SequenceType) and not holds_arrays(t.item):
            return self.builder.apply(GETITEM, (operand, self.builder.operand(slice(None))))
        if t.is_container:
            return self.to_operand(map_operands(self.opened(operand), lambda o: self.copy_of(o, node)))
        self.refuse(node, f"{t} is stored outside the function", "store numbers and arrays", UnsupportedType)


def known_key(key: Operand) -> object:
    """A key known at compile time; None for others."""
    return key.value if isinstance(key, Constant) else None


def holds_arrays(t: Type) -> bool:
    """Whether a value is an array, or has one in it."""
    match t:
        case ArrayType():
            return not t.is_scalar or t.kind == "array"
        case SequenceType():
            return holds_arrays(t.item)
    return isinstance(t, ContainerType) and any(map(holds_arrays, t.items))
