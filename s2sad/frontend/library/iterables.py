"""What is iterated over, as a list or a generator: `map`, `zip` of a generator, `functools.reduce`, `itertools`."""

from __future__ import annotations

import enum
from collections.abc import Callable, Sequence

import gast

from s2sad.errors import UnsupportedType
from s2sad.frontend.library import in_python
from s2sad.frontend.lowering import Lowering
from s2sad.frontend.terms.terms import (
    ITERATOR,
    Applied,
    Enumerate,
    Generated,
    Generator,
    Keyed,
    OfDict,
    Once,
    Range,
    Ref,
    Rest,
    Reversed,
    Term,
    Zip,
    is_iterator,
)
from s2sad.ir.values import Constant, constant

_REST = constant(slice(1, None, None))


class Iterables(Lowering):
    """Lowers what Python makes of iterables."""

    def iterable(self, term: Term) -> Term:
        """What a term is iterated over by: `__iter__` of a user's class."""
        return self.used_up(self.iterated(term))

    def iterated(self, term: Term) -> Term:
        """The same, where that is an iterator: none of its items is taken."""
        view = OfDict(term, "keys") if isinstance(term, Ref) and term.cls is dict else term
        if isinstance(view, OfDict) and isinstance(self.env[view.receiver.cell], Keyed):
            return self.of_dict(view)
        held = self.held_data(term)
        if held is not None:
            return self.items_of_held(held, self.frame.tree)
        found = self.call_special(term, "__iter__", [], self.frame.tree)
        return term if found is None else self.iterated(found)

    def rows_in_turn(self, iterables: Sequence[Term], node: gast.AST) -> Term:
        """`zip` where one iterator stands in several places: they take its items in turn."""
        ends = [t if is_iterator(t) else self.adopt(Once(t)) for t in iterables]
        rows: list[Term] = []
        while True:
            row: list[Term] = []
            for ref in ends:
                assert is_iterator(ref)
                at_end = self.is_used_up(ref)
                if at_end is None:
                    what = "zip of one iterator in several places, of a number of items that is not known"
                    self.refuse(node, what, "take slices: xs[::2], xs[1::2]", UnsupportedType)
                if at_end:
                    return Once(tuple(rows))
                row.append(self.next_item(ref, None, node))
            rows.append(tuple(row))

    def applied(self, term: Applied) -> Term:
        """The items of a `map` or `filter`, with all calls of its function."""
        if term.by == "map":
            return self.mapped(term.function, [self.iterable(t) for t in term.iterables], self.frame.tree)
        return self.filtered(term.function, self.iterable(term.iterables[0]), self.frame.tree)

    def items_left(self, contents: Rest) -> Term:
        """What is left of an iterator at a position of run time, as a list."""
        return self.synthetic(in_python.items_, {"xs": self.new(ITERATOR, contents)}, self.frame.tree)

    def first_of(self, ref: Ref, count: int, node: gast.AST) -> Term:
        """The next items of an iterator, at most so many."""
        items: list[Term] = []
        while len(items) < count and not self.is_used_up(ref):
            items.append(self.next_item(ref, None, node))
        return tuple(items)

    def listed(self, term: Term) -> Term:
        """A generator, or another iterable without an array behind it, as a list."""
        term = self.used_up(term)
        if isinstance(term, Generator):
            return self.list_of(term)
        term = self.flattened(term, self.frame.tree)
        if isinstance(term, Generated):
            return self.synthetic(in_python.generated_, {"xs": term}, self.frame.tree)
        if isinstance(term, (Range, Zip, Enumerate, Reversed)):
            items = self.unrollable(term, self.frame.tree)
            if items is not None:
                return items
            if isinstance(term, Range):
                return self.apply(range, [term.start, term.stop, term.step])
            return self.synthetic(in_python.items_, {"xs": term}, self.frame.tree)
        if isinstance(term, Constant) and isinstance(term.value, enum.EnumMeta):
            return list(map(constant, term.value))
        return term

    def flattened(self, term: Term, node: gast.AST) -> Term:
        """`enumerate` and `zip` of a generator as generators; other terms as they are."""
        if isinstance(term, Enumerate) and isinstance(self.flattened(term.iterable, node), Generated):
            bound = {"items": self.flattened(term.iterable, node), "k": term.start}
            return self.generator_of(in_python.enumerate_, bound, node)
        if not isinstance(term, Zip):
            return term
        terms = [self.flattened(t, node) for t in term.iterables]
        generators = [k for k, t in enumerate(terms) if isinstance(t, Generated)]
        if not generators:
            return term
        if len(generators) > 1 or term.strict:
            self.refuse(node, "zip of several generators, or strict", "make lists of them", UnsupportedType)
        at = generators[0]
        rows = self.listed(Zip((*terms[:at], *terms[at + 1 :])))
        return self.generator_of(in_python.zip_, {"items": terms[at], "rows": rows, "at": constant(at)}, node)

    def generator_of(self, function: Callable[..., object], bound: dict[str, Term], node: gast.AST) -> Generated:
        """A small generator that one of Python's own is read as, its parameters bound."""
        return Generated(self.tree_of(function, node), self.frame.source, None, None, bound)

    def mapped(self, function: Term, iterables: list[Term], node: gast.AST) -> Term:
        """`map(function, *iterables)`, as the list of its items."""
        if len(iterables) == 1:
            return self.synthetic(in_python.map_, {"f": function, "xs": iterables[0]}, node)
        return self.synthetic(in_python.map_rows_, {"f": function, "rows": Zip(tuple(iterables))}, node)

    def filtered(self, function: Term, iterable: Term, node: gast.AST) -> Term:
        """`filter(function, iterable)`, as the list of its items."""
        if isinstance(function, Constant) and function.value is None:
            return self.synthetic(in_python.filter_true_, {"xs": iterable}, node)
        return self.synthetic(in_python.filter_, {"f": function, "xs": iterable}, node)

    def reduced(self, function: Term, iterable: Term, initial: Term | None, node: gast.AST) -> Term:
        """`functools.reduce(function, iterable, initial)`, as a loop."""
        if initial is None:
            initial, iterable = self.first_and_rest(iterable, node)
        return self.synthetic(in_python.reduce_, {"f": function, "xs": iterable, "result": initial}, node)

    def accumulated(self, function: Term, iterable: Term, initial: Term | None, node: gast.AST) -> Term:
        """`itertools.accumulate(iterable, function, initial=initial)`, as the list of its items."""
        if initial is None:
            initial, iterable = self.first_and_rest(iterable, node)
        return self.synthetic(in_python.accumulate_, {"f": function, "xs": iterable, "result": initial}, node)

    def first_and_rest(self, iterable: Term, node: gast.AST) -> tuple[Term, Term]:
        """The first item of an iterable, and the others."""
        items = self.listed(iterable)
        opened = self.open(items)
        first = self.item_at(items, constant(0), node, None)
        rest = opened[1:] if isinstance(opened, (list, tuple)) else self.item_at(items, _REST, node, None)
        return first, tuple(rest) if isinstance(rest, list) else rest
