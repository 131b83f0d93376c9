"""Items: `x[k]` of arrays, lists, tuples and dicts, read, assigned and deleted."""

from __future__ import annotations

import gast
import numpy as np

from s2sad.errors import UnsupportedCall, UnsupportedType, did_you_mean
from s2sad.frontend.context import NeedsStatic
from s2sad.frontend.lowering import Lowering
from s2sad.frontend.meanings import MethodCall, method_of, subscript_of
from s2sad.frontend.reading.callables import UserValue
from s2sad.frontend.terms.arrays import NONE
from s2sad.frontend.terms.cells import NotStatic, OneOfTwo
from s2sad.frontend.terms.outside import OutsideItems, OutsideList
from s2sad.frontend.terms.overlaps import refuse_crossing
from s2sad.frontend.terms.terms import (
    Closure,
    Items,
    Keyed,
    Outside,
    Partial,
    Range,
    Record,
    Ref,
    Slice,
    Term,
    as_index,
    as_number,
    describe,
    is_array,
    is_none,
    is_number,
    is_sequence,
    is_slice,
    is_static,
    known_integer,
    known_place,
    static_value,
)
from s2sad.ir.containers import GETITEM
from s2sad.ir.primitives.lists import LIST_SET, SEQUENCE, item_type
from s2sad.ir.types import BOTTOM, INT, SliceType
from s2sad.ir.values import Constant, Operand, Value, constant, is_operand


class Subscripts(Lowering):
    """Lowers items between brackets."""

    def _eval_Subscript(self, node: gast.Subscript, hint: str | None) -> Term:
        base = self.eval(node.value)
        if isinstance(base, Value) and base.type == BOTTOM:
            return base
        return self.subscripted(base, self.index(node.slice), node, hint)

    def subscripted(self, base: Term, index_term: Term, node: gast.Subscript, hint: str | None) -> Term:
        """`base[index]`, as the class of the base says."""
        if isinstance(base, Outside):
            return self.item_outside(base, index_term, node)
        held = self.held_data(base)
        if held is not None:
            return self.item_of_held(held, index_term, node)
        if self.is_labelled(base):
            self.refuse_labelled(base, "an item", node)
        index_term = self.numbers_in(index_term, node)
        found = self.sparse_item(base, index_term, node, hint)
        if found is None:
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
        contents = self.open(base)
        if isinstance(contents, Record) and issubclass(contents.cls, tuple):
            contents = tuple(contents.items.values())
        if isinstance(contents, Record) and issubclass(contents.cls, dict):
            contents = dict(contents.items)
        if isinstance(contents, Range):
            contents = [constant(k) for k in self.static(contents, node)]
        if isinstance(contents, list) or is_sequence(contents):
            self.check_place(index_term, node)
        if isinstance(contents, (tuple, list)):
            return self.item_of_list(contents, index_term, node, hint)
        if isinstance(contents, Keyed):
            assert isinstance(base, Ref)
            return self.item_of_table(base, index_term, node)
        if isinstance(contents, dict):
            return self.item_of_dict(base, contents, index_term, node)
        if is_sequence(contents):
            return self.item_of_sequence(base, self.to_operand(contents), index_term, hint)
        if is_number(contents):
            if contents.type.kind == "python":
                self.fails(node, "a number is indexed", TypeError("a number is not subscriptable"))
            place = self.to_operand(as_index(index_term))
            return self.builder.apply(GETITEM, (self.to_operand(contents), place), None, hint)
        if is_static(contents):
            return constant(static_value(contents)[self.static(index_term, node.slice)])
        instead = "take an attribute of it" if isinstance(contents, Record) else ""
        self.refuse(node, f"an item of {describe(base)}", instead, UnsupportedType)

    def check_place(self, index: Term, node: gast.Subscript) -> None:
        """Refuse what is no place in a list, as Python does."""
        known = index.value if isinstance(index, Constant) else index
        if isinstance(known, (tuple, str, float)):
            what = f"list indices must be integers or slices, not {type(known).__name__}"
            self.fails(node, what, TypeError(what), "write x[i][j] for lists in a list, or make an array of it")

    def item_of_sequence(self, whole: Term, sequence: Operand, index: Term, hint: str | None) -> Term:
        """An item or a part of a list of run-time length; what is changed in an item is changed in the list."""
        place = self.to_operand(index)
        item = self.builder.apply(GETITEM, (sequence, place), None, hint)
        if isinstance(place.type, SliceType):
            return self.new(list, item)
        adopted = self.adopt(item, "which is in a list of run-time length")
        if isinstance(adopted, Ref) and isinstance(whole, Ref):
            self.inside[adopted.cell] = (whole, place)
        return adopted

    def item_of_list(
        self, items: list[Term] | tuple[Term, ...], index_term: Term, node: gast.Subscript, hint: str | None
    ) -> Term:
        """An item or a part of a list or tuple of known length."""
        if isinstance(items, list) and not is_slice(index_term) and known_place(index_term, 0) is None:
            return self.item_at_run_time(items, index_term, node, hint)
        index = self.static(index_term, getattr(node, "slice", node))
        if isinstance(items, OutsideList) and isinstance(index, int) and items.has(index):
            read: Term = items[index]
            return read
        if isinstance(index, int) and not -len(items) <= index < len(items):
            error = IndexError(f"{type(items).__name__} index out of range")
            self.fails(node, f"index {index} of {len(items)} items", error)
        item: Term = items[index]
        return self.new(list, item) if isinstance(item, list) and isinstance(index, slice) else item

    def item_of_dict(self, whole: Term, items: Items, index: Term, node: gast.Subscript) -> Term:
        """The item of a dict; a defaultdict makes what it does not have."""
        factory = self.factories.get(whole.cell) if isinstance(whole, Ref) else None
        if factory is None and self.is_key_of_run_time(items, index):
            return self.item_by_key(items, index, node)
        key = self.known_key(whole, index, node)
        if key not in items and factory is not None:
            assert isinstance(whole, Ref)
            default = self.call(factory, [], {}, node, None)
            if whole.cell not in self.counting:
                self.change(whole, {**items, key: default}, node)
            return default
        if key not in items:
            if isinstance(items, OutsideItems) and hasattr(items.outside, "__missing__"):
                self.outside_object(whole)
            guess = did_you_mean(key, (k for k in items if isinstance(k, str))) if isinstance(key, str) else ""
            self.fails(node, f"the dict has no key {key!r}{guess}", KeyError(key))
        return items[key]

    def known_key(self, whole: Term, key: Term, node: gast.AST) -> UserValue:
        """A key that is known; where it is not, the dict is to be made for that."""
        try:
            return self.static(key, getattr(node, "slice", node))
        except NotStatic:
            self.needs_table(whole, key, node)

    def row(self, array: Term, index: Operand) -> Term:
        """One row of an array that lives in a cell, or one element of a vector."""
        view = self.subscript(array, index)
        return self.builder.apply(GETITEM, (self.to_operand(array), index)) if view is None else view

    def item_at_run_time(self, items: list[Term], index: Term, node: gast.Subscript, hint: str | None) -> Term:
        """The item of a list of known length at an index of run time: the items must be of one type."""
        if isinstance(index, Value) and index in self.parameter_paths and index.type == INT:
            # the index is an argument: the function is compiled for its value instead
            raise NeedsStatic(*self.parameter_paths[index], self.at(node))
        row = self.row_at_run_time(items, index)
        if row is not None:
            return row
        operands = [self.to_operand(t) for t in items if not isinstance(t, (Ref, Closure, Partial))]
        if len(operands) < len(items) or item_type(*(o.type for o in operands)) is None:
            self.static(index, getattr(node, "slice", node))
        sequence = self.builder.apply(SEQUENCE, operands)
        return self.builder.apply(GETITEM, (sequence, self.to_operand(index)), None, hint)

    def row_at_run_time(self, items: list[Term], index: Term) -> Term | None:
        """One of several lists of numbers, to be read; None for other items."""
        refs = [t for t in items if isinstance(t, Ref) and t.cls is list]
        rows = [self.open(r) for r in refs]
        if len(refs) < len(items) or not all(is_sequence(r) or all(map(is_number, r)) for r in rows):  # type: ignore[arg-type]
            return None
        operands = [self.sequence_value(r) for r in rows]
        if item_type(*(o.type for o in operands)) is None:
            return None
        since = self.cells
        found = self.builder.apply(GETITEM, (self.builder.apply(SEQUENCE, operands), self.to_operand(index)))
        why = OneOfTwo("which is one of several lists, at an index of run time", frozenset(r.cell for r in refs))
        adopted = self.adopt(found, why)
        self.watch_sources(since)
        return adopted

    def index(self, node: gast.AST) -> Term:
        if isinstance(node, gast.Slice):
            parts = [
                constant(None) if p is None else as_number(self.operand(p)) for p in (node.lower, node.upper, node.step)
            ]
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
        self.refuse_written(base, node)
        outside = self.outside_object(base)
        if outside is not None:
            self.set_outside(outside, index, term, node)
            return
        contents = self.open(base)
        if is_operand(contents) and contents.type == BOTTOM:
            return
        if is_number(contents):
            array = self.must_be_array(base, node)
            refuse_crossing(self, array, index, term, node)
            self.store_item(array, index, self.to_operand(term), node)
        elif isinstance(contents, Keyed):
            self.set_of_table(self.changeable(base, node), index, term, node)
        elif isinstance(contents, dict) and self.is_key_of_run_time(contents, index):
            if self.may_be_new(base, contents, index):
                self.needs_table(base, index, node)
            self.set_by_key(base, contents, index, term, node)
        elif isinstance(contents, dict):
            self.change(self.changeable(base, node), {**contents, self.known_key(base, index, node): term}, node)
        elif isinstance(contents, list) and is_slice(index):
            items = list(contents)
            more = self.open(self.listed(term))
            items[self.static(index, node)] = more if isinstance(more, (list, tuple)) else self.sequence(more, node)
            self.change(self.changeable(base, node), items, node)
        elif isinstance(contents, list) and known_place(index, len(contents)) is not None:
            k = self.position(index, len(contents), node)
            self.change(self.changeable(base, node), [*contents[:k], term, *contents[k + 1 :]], node)
        elif (isinstance(contents, list) or is_sequence(contents)) and self.is_part(index):
            self.replace_items(self.changeable(base, node), contents, index, term, node)
        elif isinstance(contents, list) or is_sequence(contents):
            name = self.shown(base.cell) if isinstance(base, Ref) else None
            sequence = self.sequence_value(contents, name=name) if isinstance(contents, list) else contents
            ref = self.changeable(base, node)
            operands = [sequence, self.to_operand(index), self.item_value(term)]
            self.change(ref, self.builder.apply(LIST_SET, operands, None, self.shown(ref.cell)), node)
        else:
            instead = "make a list of it: list(...)" if isinstance(contents, tuple) else ""
            self.refuse(node, f"an item of {describe(base)} is assigned", instead, UnsupportedType)

    def is_part(self, index: Term) -> bool:
        """Whether an index takes items in a row; those of a slice with another step are as many as they were."""
        part = self.index_item(index)
        return isinstance(part, Slice) and (is_none(part.step) or known_integer(part.step) == 1)

    def replace_items(self, ref: Ref, contents: Term, index: Term, items: Term, node: gast.AST) -> None:
        """`xs[i:j] = items` of a list whose length, or the bounds, are known at run time: of any number of items."""
        part = self.index_item(index)
        assert isinstance(part, Slice)
        more = self.open(self.listed(items))
        more = self.apply(list, [more]) if is_number(more) else list(more) if isinstance(more, tuple) else more
        whole = self.sequence_value(contents, name=self.shown(ref.cell))
        first, last = part.start, self.end_of(part, whole)
        head: Term = [] if is_none(first) else self.builder.apply(GETITEM, (whole, self.slice_of(NONE, first)))
        tail: Term = [] if is_none(last) else self.builder.apply(GETITEM, (whole, self.slice_of(last, NONE)))
        self.change(ref, self.joined(self.joined(head, more), tail), node)

    def end_of(self, part: Slice, whole: Operand) -> Operand:
        """Where what a slice takes ends: nowhere in front of where it begins."""
        first, last = part.start, part.stop
        known = [0 if is_none(part.start) else known_integer(first), known_integer(last)]
        if is_none(first) or is_none(last):
            return last
        if None not in known and (known[0] < 0) == (known[1] < 0):  # type: ignore[operator]
            return constant(max(known))  # type: ignore[type-var]
        count = self.apply(len, [whole])
        placed = [self.placed(place, count) for place in (first, last)]
        return self.apply(max, placed)

    def place_in(self, whole: Operand, place: Operand) -> Operand:
        """Where `insert` puts an item: no further than the end, nor in front of the start."""
        if known_integer(place) == 0:
            return place
        count = self.apply(len, [whole])
        return self.apply(min, [self.placed(place, count), count])

    def placed(self, place: Operand, count: Operand) -> Operand:
        """A bound of a slice, counted from the start."""
        known = known_integer(place)
        if self.is_counter(place):
            return place
        behind = self.apply(max, [self.apply(np.add, [place, count]), constant(0)])
        if known is not None:
            return behind
        return self.apply(np.where, [self.apply(np.less, [place, constant(0)]), behind, place])

    def slice_of(self, start: Operand, stop: Operand) -> Operand:
        return self.builder.operand(slice(start, stop, None))

    def delete_item(self, base: Term, index: Term, node: gast.AST) -> None:
        """`del base[index]`: what `pop` does, but for its result."""
        outside = self.outside_object(base)
        if outside is not None:
            self.delete_outside(outside, index, node)
            return
        contents = self.open(base)
        if isinstance(contents, list) and is_slice(index):
            items = list(contents)
            del items[self.static(index, node)]
            self.change(self.changeable(base, node), items, node)
        elif (isinstance(contents, list) or is_sequence(contents)) and is_operand(index) and self.is_part(index):
            self.replace_items(self.changeable(base, node), contents, index, [], node)
        elif is_sequence(contents) and isinstance(self.index_item(index), Slice):
            self.refuse(node, "every so many items of a list are deleted", "make a list of the others", UnsupportedCall)
        elif isinstance(contents, (Keyed, dict, list)) or is_sequence(contents):
            popped = method_of(dict if isinstance(contents, (Keyed, dict)) else list, "pop")
            assert popped is not None
            popped(self, MethodCall("pop", base, contents, [index], {}, node, None))
        else:
            self.refuse(node, f"an item of {describe(base)} is deleted", "", UnsupportedCall)
