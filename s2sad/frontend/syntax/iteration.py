"""What a loop runs over: how many items there are, which are known, and the item at an index."""

from __future__ import annotations

import enum

import gast
import numpy as np

from s2sad.errors import UnsupportedType
from s2sad.frontend.lowering import Lowering
from s2sad.frontend.syntax.carried import least_of
from s2sad.frontend.terms.terms import (
    Enumerate,
    Generator,
    Method,
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
from s2sad.ir.dims import dim_sum, may_be_negative
from s2sad.ir.primitives.effects import RAISE
from s2sad.ir.values import Constant, If, Operand, Value, constant, is_operand

MAX_UNROLLED = 64
"""The longest loop over a range that is unrolled where its body needs the index at compile time."""


class Iteration(Lowering):
    """Knows the items of what is iterated over."""

    def known_rounds(self, term: Term) -> list[Term] | None:
        """The items of a short range whose bounds are known at compile time."""
        if isinstance(term, Range) and all(known_integer(o) is not None for o in (term.start, term.stop, term.step)):
            found = range(*(known_integer(o) for o in (term.start, term.stop, term.step)))  # type: ignore[arg-type]
            return [constant(k) for k in found] if len(found) <= MAX_UNROLLED else None
        if isinstance(term, Reversed):
            inner = self.known_rounds(term.iterable)
            return None if inner is None else inner[::-1]
        if isinstance(term, Enumerate):
            inner = self.known_rounds(term.iterable)
            return inner and [(self.apply(np.add, [term.start, constant(k)]), item) for k, item in enumerate(inner)]
        return None

    def unrollable(self, term: Term, node: gast.AST) -> list[Term] | None:
        """The items, where their number is known at compile time and they are no numbers of a range or array."""
        if isinstance(term, Zip):
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
            return [tuple(row) for row in zip(*filled, strict=False)]
        if isinstance(term, Enumerate):
            inner = self.unrollable(term.iterable, node)
            if inner is None:
                return None
            return [(self.apply(np.add, [term.start, constant(k)]), item) for k, item in enumerate(inner)]
        if isinstance(term, Reversed):
            inner = self.unrollable(term.iterable, node)
            return inner and inner[::-1]
        if isinstance(term, Generator):
            return self.unrollable(self.listed(term), node)
        if isinstance(term, Method) and term.name in ("items", "keys", "values"):
            self.refuse(node, f"the method {term.name} is iterated over", f"call it: .{term.name}()")
        opened = self.open(term)
        if isinstance(opened, dict):
            return [constant(k) for k in opened]
        if isinstance(opened, Record) and issubclass(opened.cls, tuple):
            return list(opened.items.values())
        if isinstance(opened, Constant) and isinstance(opened.value, (str, bytes, enum.EnumMeta)):
            return [constant(v) for v in opened.value]
        if isinstance(opened, Constant) and isinstance(opened.value, (frozenset, set)):
            return [constant(v) for v in sorted(opened.value)]
        return list(opened) if isinstance(opened, (tuple, list)) else None

    def first_items(self, term: Term, length: int, node: gast.AST) -> list[Term]:
        return [self.item(term, constant(k), node) for k in range(length)]

    def bounds(self, term: Term, node: gast.AST) -> tuple[Operand, Operand, Operand, bool]:
        """The range of indices of a loop, and whether it runs backward."""
        if isinstance(term, Range):
            return term.start, term.stop, term.step, False
        if isinstance(term, Enumerate):
            return self.bounds_from_zero(term.iterable, node)
        if isinstance(term, Reversed):
            start, stop, step, reverse = self.bounds(term.iterable, node)
            return start, stop, step, not reverse
        if isinstance(term, Zip):
            lengths = [self.length(t, node) for t in term.iterables]
            shortest = lengths[0]
            if term.strict:
                self.check_lengths(lengths, node)
                return constant(0), shortest, constant(1), False
            for n in lengths[1:]:
                if not _same_length(shortest, n):
                    shortest = self.apply(min, [shortest, n])
            return constant(0), shortest, constant(1), False
        return constant(0), self.length(term, node), constant(1), False

    def check_lengths(self, lengths: list[Operand], node: gast.AST) -> None:
        """Raise what `zip(strict=True)` raises where lengths differ."""
        for k, n in enumerate(lengths[1:], 2):
            if not _same_length(lengths[0], n):
                wrong = self.apply(np.not_equal, [lengths[0], n])
                otherwise, nothing = self.builder.child(), self.builder.child()
                message = constant(f"zip() argument {k} has another length than argument 1")
                otherwise.apply(RAISE, [message], {"exception": ValueError})
                blocks = otherwise.block((), ()), nothing.block((), ())
                self.builder.operations.append(If(wrong, *blocks, (), self.at(node)))

    def bounds_from_zero(self, term: Term, node: gast.AST) -> tuple[Operand, Operand, Operand, bool]:
        return constant(0), self.length(term, node), constant(1), False

    def length(self, term: Term, node: gast.AST) -> Operand:
        """How many items an iterable has."""
        if isinstance(term, Range):
            if is_constant(term.start, 0) and is_constant(term.step, 1):
                return term.stop
            return self.apply(len, [self.apply(range, [term.start, term.stop, term.step])])
        if isinstance(term, (Enumerate, Reversed)):
            return self.length(term.iterable, node)
        if isinstance(term, Zip):
            return self.bounds(term, node)[1]
        term = self.open(term)
        if isinstance(term, Value) and term.type.is_sequence:
            return self.apply(len, [term])
        if is_number(term):
            if term.type.is_scalar or term.type.shape == ():
                self.refuse(node, "iteration over a scalar", "", UnsupportedType)
            return self.apply(len, [term])
        self.refuse(node, "this cannot be iterated over", "", UnsupportedType)

    def item(self, term: Term, index: Operand, node: gast.AST) -> Term:
        """The item of an iterable at an index of its loop."""
        if isinstance(term, Range):
            if self.bounds(term, node)[0] is term.start and isinstance(node, gast.For) and isinstance(index, Value):
                return index
            return self.apply(np.add, [term.start, self.apply(np.multiply, [index, term.step])])
        if isinstance(term, Enumerate):
            k = index if is_constant(term.start, 0) else self.apply(np.add, [term.start, index])
            return (k, self.element(term.iterable, index, node))
        if isinstance(term, Zip):
            return tuple(self.element(t, index, node) for t in term.iterables)
        if isinstance(term, Reversed):
            return self.item(term.iterable, index, node)
        return self.element(term, index, node)

    def element(self, term: Term, index: Operand, node: gast.AST) -> Term:
        """The item number `index` of an iterable, counted from 0."""
        if isinstance(term, Range):
            offset = index if is_constant(term.step, 1) else self.apply(np.multiply, [index, term.step])
            return offset if is_constant(term.start, 0) else self.apply(np.add, [term.start, offset])
        if isinstance(term, Reversed):
            last = self.apply(np.subtract, [self.length(term.iterable, node), constant(1)])
            return self.element(term.iterable, self.apply(np.subtract, [last, index]), node)
        if isinstance(term, (Enumerate, Zip)):
            return self.item(term, index, node)
        if is_array(term):
            return self.row(term, index)
        opened = self.open(term)
        if isinstance(opened, (tuple, list)) and known_integer(index) is not None:
            return opened[known_integer(index)]  # type: ignore[index,no-any-return]
        if not is_operand(opened):
            opened = self.to_operand(opened)
        item = self.builder.apply(GETITEM, (opened, index))
        return self.adopt(item, "which is in a list of run-time length")


def is_upward(start: Operand, stop: Operand, step: Operand) -> bool:
    """Whether the index of a loop is known never to be negative."""
    by = known_integer(step)
    if by is None:
        return False
    if by > 0:
        return least_of(start.type) >= 0
    size = stop.type.size
    return size is not None and not may_be_negative(dim_sum(size, 1))


def _same_length(a: Operand, b: Operand) -> bool:
    sizes = [o.type.size for o in (a, b)]
    return a is b or (sizes[0] is not None and sizes[0] == sizes[1])


def is_constant(operand: Operand, value: int) -> bool:
    return isinstance(operand, Constant) and operand.value == value and operand.text is None
