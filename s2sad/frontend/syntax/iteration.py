"""What a loop runs over: how many items there are, which are known, and the item at an index."""

from __future__ import annotations

import enum

import gast
import numpy as np

from s2sad.errors import UnsupportedType
from s2sad.frontend.lowering import Lowering
from s2sad.frontend.terms.terms import (
    Enumerate,
    Generator,
    Method,
    OfDict,
    OfTable,
    Once,
    Range,
    Record,
    Reversed,
    Term,
    Zip,
    is_array,
    is_number,
    known_integer,
)
from s2sad.ir.containers import GETITEM
from s2sad.ir.dims import ANY_SIGN, Dim, dim_sum, least_value, may_be_negative
from s2sad.ir.primitives.effects import raise_where
from s2sad.ir.values import Constant, Operand, Value, constant, is_operand

MAX_UNROLLED = 64
"""The longest loop over a range that is unrolled where its body needs the index at compile time."""


class Iteration(Lowering):
    """Knows the items of what is iterated over."""

    def known_rounds(self, term: Term) -> list[Term] | None:
        """The items of a short range whose bounds are known at compile time."""
        match term:
            case Range():
                start, stop, step = (known_integer(o) for o in (term.start, term.stop, term.step))
                if start is None or stop is None or step is None:
                    return None
                indices = range(start, stop, step)
                return [constant(k) for k in indices] if len(indices) <= MAX_UNROLLED else None
            case Reversed():
                inner = self.known_rounds(term.iterable)
                return None if inner is None else inner[::-1]
            case Enumerate():
                inner = self.known_rounds(term.iterable)
                return inner and self.counted(term, inner)
        return None

    def counted(self, term: Enumerate, items: list[Term]) -> list[Term]:
        """The items of an `enumerate` whose iterable has these items."""
        return [(self.apply(np.add, [term.start, constant(k)]), item) for k, item in enumerate(items)]

    def unrollable(self, term: Term, node: gast.AST) -> list[Term] | None:
        """The items, where their number is known at compile time and they are no numbers of a range or array."""
        match term:
            case Zip():
                return self.unrollable_rows(term, node)
            case Enumerate():
                inner = self.unrollable(term.iterable, node)
                return None if inner is None else self.counted(term, inner)
            case Reversed():
                inner = self.unrollable(term.iterable, node)
                return inner and inner[::-1]
            case Once():
                return self.unrollable(term.iterable, node)
            case Generator():
                return self.unrollable(self.listed(term), node)
            case Method(name="items" | "keys" | "values"):
                self.refuse(node, f"the method {term.name} is iterated over", f"call it: .{term.name}()")
        match self.open(term):
            case dict() as opened:
                return [constant(k) for k in opened]
            case Record() as opened if issubclass(opened.cls, tuple):
                return list(opened.items.values())
            case Constant(value=str() | bytes() | enum.EnumMeta() as value):
                return [constant(v) for v in value]
            case Constant(value=frozenset() | set() as value):
                # the order of a set may differ from process to process, and the emitted code must not
                return [constant(v) for v in sorted(value)]
            case tuple() | list() as opened:
                return list(opened)
        return None

    def unrollable_rows(self, term: Zip, node: gast.AST) -> list[Term] | None:
        """The items of a `zip`: one iterable whose length is known is enough, the others give as many items as it."""
        rows = [self.unrollable(t, node) for t in term.iterables]
        known = [len(r) for r in rows if r is not None]
        if not known:
            return None
        if term.strict and (len(set(known)) > 1 or len(known) < len(rows)):
            self.refuse(node, "zip(strict=True) of lists of several lengths", "", UnsupportedType)
        length = min(known)
        filled = [
            self.first_items(t, length, node) if r is None else r for r, t in zip(rows, term.iterables, strict=True)
        ]
        return [term.row(row) for row in zip(*filled, strict=False)]

    def first_items(self, term: Term, length: int, node: gast.AST) -> list[Term]:
        return [self.item(term, constant(k), node) for k in range(length)]

    def bounds(self, term: Term, node: gast.AST) -> tuple[Operand, Operand, Operand, bool]:
        """The range of indices of a loop, and whether it runs backward."""
        match term:
            case Range():
                return term.start, term.stop, term.step, False
            case Enumerate():
                return self.bounds_from_zero(term.iterable, node)
            case Reversed():
                start, stop, step, reverse = self.bounds(term.iterable, node)
                return start, stop, step, not reverse
            case Zip():
                return constant(0), self.length_of_rows(term, node), constant(1), False
        return constant(0), self.length(term, node), constant(1), False

    def length_of_rows(self, term: Zip, node: gast.AST) -> Operand:
        """The length of a `zip`: that of the shortest, or of any of them where it is strict."""
        if term.alike:
            return self.length(term.iterables[0], node)
        lengths = [self.length(t, node) for t in term.iterables]
        shortest = lengths[0]
        if term.strict:
            self.check_lengths(lengths, node)
            return shortest
        for n in lengths[1:]:
            if not _same_length(shortest, n):
                shortest = self.apply(min, [shortest, n])
        return shortest

    def check_lengths(self, lengths: list[Operand], node: gast.AST) -> None:
        """Raise what `zip(strict=True)` raises where lengths differ."""
        for k, n in enumerate(lengths[1:], 2):
            if not _same_length(lengths[0], n):
                wrong = self.apply(np.not_equal, [lengths[0], n])
                raise_where(self.builder, wrong, ValueError, f"zip() argument {k} has another length than argument 1")

    def bounds_from_zero(self, term: Term, node: gast.AST) -> tuple[Operand, Operand, Operand, bool]:
        return constant(0), self.length(term, node), constant(1), False

    def length(self, term: Term, node: gast.AST) -> Operand:
        """How many items an iterable has."""
        match term:
            case Range():
                if is_constant(term.start, 0) and is_constant(term.step, 1):
                    return term.stop
                return self.apply(len, [self.apply(range, [term.start, term.stop, term.step])])
            case Enumerate() | Reversed():
                return self.length(term.iterable, node)
            case Zip():
                return self.length_of_rows(term, node)
            case OfTable():
                return self.length(term.listed, node)
            case OfDict():
                return self.length(self.of_dict(term), node)
        term = self.open(term)
        if is_number(term) and (term.type.is_scalar or term.type.shape == ()):
            self.fails(node, "iteration over a scalar", TypeError("a number is not iterable"))
        if is_number(term) or (isinstance(term, Value) and term.type.is_sequence):
            return self.apply(len, [term])
        if isinstance(term, (tuple, list, dict)):
            return constant(len(term))
        self.refuse(node, "this cannot be iterated over", "", UnsupportedType)

    def item(self, term: Term, index: Operand, node: gast.AST) -> Term:
        """The item of an iterable at an index of its loop."""
        match term:
            case Range():
                # a `for` statement over a range counts with its own index; whatever else does so counts from 0
                if self.bounds(term, node)[0] is term.start and isinstance(node, gast.For) and isinstance(index, Value):
                    return index
                return self.apply(np.add, [term.start, self.apply(np.multiply, [index, term.step])])
            case Enumerate():
                k = index if is_constant(term.start, 0) else self.apply(np.add, [term.start, index])
                return (k, self.element(term.iterable, index, node))
            case Zip():
                return term.row([self.element(t, index, node) for t in term.iterables])
            case Reversed():
                return self.item(term.iterable, index, node)
        return self.element(term, index, node)

    def element(self, term: Term, index: Operand, node: gast.AST) -> Term:
        """The item number `index` of an iterable, counted from 0."""
        match term:
            case Range():
                offset = index if is_constant(term.step, 1) else self.apply(np.multiply, [index, term.step])
                return offset if is_constant(term.start, 0) else self.apply(np.add, [term.start, offset])
            case Reversed():
                last = self.apply(np.subtract, [self.length(term.iterable, node), constant(1)])
                return self.element(term.iterable, self.apply(np.subtract, [last, index]), node)
            case Enumerate() | Zip():
                return self.item(term, index, node)
            case OfTable():
                return self.element_of_table(term, index, node)
        if is_array(term):
            return self.row(term, index)
        opened = self.open(term)
        if isinstance(opened, (tuple, list)) and known_integer(index) is not None:
            return opened[known_integer(index)]  # type: ignore[index]
        if isinstance(opened, (tuple, list)):  # an index of run time: its items are those of one type
            opened = self.sequence_value([*opened])
        if not is_operand(opened):
            opened = self.to_operand(opened)
        item = self.builder.apply(GETITEM, (opened, index))
        return self.adopt(item, "which is in a list of run-time length")


def least_index(start: Operand, stop: Operand, step: Operand) -> int:
    """What the index of a loop is at least."""
    by = known_integer(step)
    if by is None or by == 0:
        return ANY_SIGN
    size = start.type.size if by > 0 else None if stop.type.size is None else dim_sum(stop.type.size, 1)
    return ANY_SIGN if size is None or may_be_negative(size) else least_value(size)


def last_index(start: Operand, stop: Operand, step: Operand) -> Dim | None:
    """What the index of a loop is at most; None where that is not known."""
    by = known_integer(step)
    if by is None or by == 0:
        return None
    if by < 0:
        return start.type.size
    return None if stop.type.size is None else dim_sum(stop.type.size, 1, -1)


def _same_length(a: Operand, b: Operand) -> bool:
    sizes = [o.type.size for o in (a, b)]
    return a is b or (sizes[0] is not None and sizes[0] == sizes[1])


def is_constant(operand: Operand, value: int) -> bool:
    return isinstance(operand, Constant) and operand.value == value and operand.text is None
