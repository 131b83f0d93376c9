"""Items: `x[k]` of arrays, lists, tuples and dicts, read, assigned and deleted."""

from __future__ import annotations

from typing import Any

import gast
import numpy as np

from s2sad.errors import UnsupportedCall, UnsupportedType
from s2sad.frontend.context import NeedsStatic
from s2sad.frontend.lowering import Lowering
from s2sad.frontend.meanings import MethodCall, method_of, subscript_of
from s2sad.frontend.terms.outside import OutsideList
from s2sad.frontend.terms.terms import (
    Closure,
    Known,
    Partial,
    Range,
    Record,
    Ref,
    Slice,
    Term,
    describe,
    is_array,
    is_sequence,
    is_slice,
    is_static,
    known_integer,
    known_place,
    static_value,
)
from s2sad.ir.containers import GETITEM
from s2sad.ir.primitives.effects import RAISE
from s2sad.ir.primitives.lists import LIST_SET, SEQUENCE, item_type
from s2sad.ir.types import BOTTOM, INT, ArrayType, SequenceType, SliceType
from s2sad.ir.values import Constant, Operand, Value, constant


class Subscripts(Lowering):
    """Lowers items between brackets."""

    def _eval_Subscript(self, node: gast.Subscript, hint: str | None) -> Term:
        base = self.eval(node.value)
        if isinstance(base, Value) and base.type == BOTTOM:
            return base
        index_term = self.index(node.slice)
        found = self.call_special(base, "__getitem__", [index_term], node)
        return self.item_at(base, index_term, node, hint) if found is None else found

    def item_at(self, base: Term, index_term: Term, node: gast.Subscript, hint: str | None) -> Term:
        """`base[index]`."""
        if is_array(base):
            view = self.subscript(base, index_term)
            if view is not None:
                return view
        meaning = subscript_of(base.value) if isinstance(base, Constant) else None
        if meaning is not None:
            return meaning(self, index_term, node)
        whole, base = base, self.open(base)
        if isinstance(base, (Value, Constant)) and isinstance(base.type, ArrayType):
            return self.builder.apply(GETITEM, (base, self.to_operand(index_term)), None, hint)
        if isinstance(base, (Value, Constant)) and isinstance(base.type, SequenceType):
            place = self.to_operand(index_term)
            item = self.builder.apply(GETITEM, (base, place), None, hint)
            if isinstance(place.type, SliceType):
                return self.new(list, item)
            adopted = self.adopt(item, "which is in a list of run-time length")
            if isinstance(adopted, Ref) and isinstance(whole, Ref):
                self.inside[adopted.cell] = (whole, place)
            return adopted
        if isinstance(base, Record) and issubclass(base.cls, tuple):
            base = tuple(base.items.values())
        if isinstance(base, Range):
            base = [constant(k) for k in self.static(base, node)]
        if isinstance(base, list) and not is_slice(index_term) and known_place(index_term, 0) is None:
            return self.item_of_known(base, index_term, node, hint)
        if isinstance(base, (tuple, list)):
            index = self.static(index_term, getattr(node, "slice", node))
            if isinstance(base, OutsideList) and isinstance(index, int) and base.has(index):
                read: Term = base[index]
                return read
            if isinstance(index, int) and not -len(base) <= index < len(base):
                self.refuse(node, f"index {index} of {len(base)} items", "", UnsupportedType)
            items = base[index]
            return self.new(list, items) if isinstance(items, list) and isinstance(index, slice) else items
        if isinstance(base, dict) and isinstance(index_term, Known):
            return self.item_of_dict(base, index_term, list(base), node)
        if isinstance(base, dict):
            key = self.static(index_term, getattr(node, "slice", node))
            if key not in base and isinstance(whole, Ref) and whole.cell in self.factories:
                made = self.call(self.factories[whole.cell], [], {}, node, None)
                self.change(whole, {**base, key: made}, node)
                return made
            if key not in base:
                self.refuse(node, f"the dict has no key {key!r}")
            found: Term = base[key]
            return found
        if is_static(base):
            return constant(static_value(base)[self.static(index_term, node.slice)])
        self.refuse(node, "this cannot be indexed", "", UnsupportedType)

    def item_of_dict(self, base: dict[Any, Term], key: Known, keys: list[Any], node: gast.AST) -> Term:
        """The item of a dict at one of several strings."""
        if not keys:
            return self.builder.apply(RAISE, [self.to_operand(key)], {"exception": KeyError})
        same = self.apply(np.equal, [key.index, constant(self.number_of(keys[0]))])
        return self.choose(same, lambda: base[keys[0]], lambda: self.item_of_dict(base, key, keys[1:], node), node)

    def row(self, array: Term, index: Operand) -> Term:
        """One row of an array that lives in a cell, or one element of a vector."""
        view = self.subscript(array, index)
        return self.builder.apply(GETITEM, (self.to_operand(array), index)) if view is None else view

    def item_of_known(self, items: list[Term], index: Term, node: gast.Subscript, hint: str | None) -> Term:
        """The item of a list of known length at an index of run time: the items must be of one type."""
        if isinstance(index, Value) and index in self.parameter_paths and index.type == INT:
            raise NeedsStatic(*self.parameter_paths[index], self.at(node))
        operands = [self.to_operand(t) for t in items if not isinstance(t, (Ref, Closure, Partial))]
        if len(operands) < len(items) or item_type(*(o.type for o in operands)) is None:
            self.static(index, getattr(node, "slice", node))
        sequence = self.builder.apply(SEQUENCE, operands)
        return self.builder.apply(GETITEM, (sequence, self.to_operand(index)), None, hint)

    def index(self, node: gast.AST) -> Term:
        if isinstance(node, gast.Slice):
            parts = [constant(None) if p is None else self.operand(p) for p in (node.lower, node.upper, node.step)]
            made = self.builder.operand(slice(*parts))
            self.slices[made] = Slice(*parts)
            return made
        if isinstance(node, gast.Tuple):
            return tuple(self.index(e) for e in node.elts)
        term = self.eval(node)
        if not isinstance(term, Range):
            return term
        plain = (known_integer(term.start), known_integer(term.step)) == (0, 1)
        return self.apply(np.arange, [term.stop] if plain else [term.start, term.stop, term.step])

    def position(self, index: Term, length: int, node: gast.AST) -> int:
        """A position in a list whose length is known."""
        k = known_place(index, length)
        if k is None:
            k = int(self.static(index, node))
        if not 0 <= k < length:
            self.refuse(node, f"list index out of range: {k} of {length} items", "", UnsupportedType)
        return k

    # assignment and deletion

    def set_item(self, base: Term, index: Term, term: Term, node: gast.AST) -> None:
        """`base[index] = term`."""
        contents = self.open(base)
        if isinstance(contents, (Value, Constant)) and isinstance(contents.type, ArrayType):
            self.store_item(self.must_be_array(base, node), index, self.to_operand(term), node)
        elif isinstance(contents, dict):
            self.change(self.changeable(base, node), {**contents, self.static(index, node): term}, node)
        elif isinstance(contents, list) and is_slice(index):
            items = list(contents)
            more = self.open(self.listed(term))
            items[self.static(index, node)] = more if isinstance(more, (list, tuple)) else self.sequence(more, node)
            self.change(self.changeable(base, node), items, node)
        elif isinstance(contents, list) and known_place(index, len(contents)) is not None:
            k = self.position(index, len(contents), node)
            self.change(self.changeable(base, node), [*contents[:k], term, *contents[k + 1 :]], node)
        elif isinstance(contents, list) or is_sequence(contents):
            name = self.shown(base.cell) if isinstance(base, Ref) else None
            sequence = self.sequence_value(contents, name=name) if isinstance(contents, list) else contents
            ref = self.changeable(base, node)
            operands: list[Any] = [sequence, self.to_operand(index), self.item_value(term)]
            self.change(ref, self.builder.apply(LIST_SET, operands, None, self.shown(ref.cell)), node)
        else:
            self.refuse(node, f"an item of {describe(base)} is assigned", "", UnsupportedType)

    def delete_item(self, base: Term, index: Term, node: gast.AST) -> None:
        """`del base[index]`: what `pop` does, but for its result."""
        contents = self.open(base)
        if isinstance(contents, list) and is_slice(index):
            items = list(contents)
            del items[self.static(index, node)]
            self.change(self.changeable(base, node), items, node)
        elif isinstance(contents, (dict, list)) or is_sequence(contents):
            popped = method_of(dict if isinstance(contents, dict) else list, "pop")
            assert popped is not None
            popped(self, MethodCall(base, contents, [index], {}, node, None))
        else:
            self.refuse(node, f"an item of {describe(base)} is deleted", "", UnsupportedCall)
