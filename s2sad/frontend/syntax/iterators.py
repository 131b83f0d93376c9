"""Iterators: objects that are used up, by whoever takes their items; and loops as walks over them.

    it = iter(xs)                it -> Ref(#1), #1 -> Rest(xs, 0)
    first = next(it)             #1 -> Rest(xs, 1)
    for x in it: ...             takes what is left: #1 -> ()

An iterator knows an iterable and how many of its items are used up. What is walked is the object: each step looks at
what it holds by then, so that a list that changes under a loop gives what it gives in Python. An iterator is counted
where that is read; a loop over what nobody else can see is a loop of the trace.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import gast
import numpy as np

from s2sad.errors import Location, UnsupportedCall, UnsupportedType
from s2sad.frontend.lowering import Lowering
from s2sad.frontend.reading import scope
from s2sad.frontend.syntax.rounds import Loop, Rounds
from s2sad.frontend.terms.cells import STOP, Environment
from s2sad.frontend.terms.terms import (
    ITERATOR,
    USED_UP,
    Applied,
    Generator,
    Keyed,
    Once,
    Ref,
    Rest,
    Reversed,
    Taken,
    Term,
    is_iterator,
    known_integer,
    parts,
)
from s2sad.ir.primitives.effects import raise_unless
from s2sad.ir.values import Block, Constant, Operand, Value, While, constant

MAX_GROWN = 256
"""How many rounds are written out of a loop over a list that its body lets grow."""

CHANGES_SIZE = "a dict changes its size, or a list that is iterated over backward, in the loop over it"


@dataclass(frozen=True, slots=True)
class Seen:
    """The items of an iterable, and what the cells behind it held when they were looked at."""

    items: list[Term] | None
    held: list[Term | None]


class Iterators(Lowering):
    """Lowers what takes items of iterators."""

    def used_up(self, term: Term, left: Term = USED_UP) -> Term:
        """What is left of an iterator, as something to iterate over; in its cell is what is `left` behind that."""
        match term:
            case Once():
                return self.used_up(term.iterable, left)
            case Applied():
                return self.applied(term)
        if not is_iterator(term):
            return term
        contents = self.left_in(term, self.builder.location)
        # before anything is evaluated: what is evaluated may come by the iterator again
        self.env[term.cell] = left
        if not isinstance(contents, Rest) or known_integer(contents.position) == 0:
            return contents.iterable if isinstance(contents, Rest) else self.used_up(contents)
        seen, position = self.look(contents.iterable), known_integer(contents.position)
        if seen.items is not None and position is not None:
            return tuple(seen.items[position:])
        return self.items_left(contents)

    def taken(self, term: Term, by: str) -> Term:
        """What is left of an iterator, for something that takes its items one by one: it is read nowhere else then."""
        return self.used_up(term, Taken(by))

    def left_in(self, ref: Ref, at: Location) -> Term:
        """What the cell of an iterator holds."""
        contents = self.env[ref.cell]
        if isinstance(contents, Taken):
            raise UnsupportedType(
                f"an iterator is read that {contents.by} has begun to use up", "make a list of its items first", at
            )
        return contents

    def look(self, iterable: Term, before: Seen | None = None) -> Seen:
        """The items of an iterable, where their number is known; those of `before` if nothing changed since."""
        held = [self.env.get(ref.cell) for ref in _walked(iterable)]
        if before is not None and all(a is b for a, b in zip(held, before.held, strict=True)):
            return before
        return Seen(self.unrollable(iterable, self.frame.tree), held)

    def next_item(self, ref: Ref, default: Term | None, node: gast.AST) -> Term:
        """`next(iterator, default)`."""
        contents = self.left_in(ref, self.at(node))
        if isinstance(contents, Generator):
            return self.next_of_generator(contents, default, node)
        if isinstance(contents, Applied) and contents.by == "map":
            ends = [self.is_used_up(t) for t in contents.iterables if is_iterator(t)]
            if default is not None and None in ends:
                self.refuse(node, "next() with a default of a map over a number of items that is not known", "")
            if any(ends):
                return self.nothing_left(default, node)
            arguments = [self.next_item(t, None, node) for t in contents.iterables if is_iterator(t)]
            return self.call(contents.function, arguments, {}, node, None)
        if not isinstance(contents, Rest) and contents != USED_UP:
            self.refuse(
                node, "next() of a generator or filter", "iterate over it once, or return a list", UnsupportedCall
            )
        if not isinstance(contents, Rest):
            return self.nothing_left(default, node)
        items, position = self.look(contents.iterable).items, known_integer(contents.position)
        if items is not None and position is not None:
            if position >= len(items):
                self.env[ref.cell] = USED_UP
                return self.nothing_left(default, node)
            self.env[ref.cell] = Rest(contents.iterable, constant(position + 1))
            return items[position]
        more = self.apply(np.less, [contents.position, self.length(contents.iterable, node)])
        if default is not None:
            return self.choose(more, lambda: self.step_on(ref, contents, node), lambda: default, node)
        raise_unless(self.builder, more, StopIteration)
        return self.step_on(ref, contents, node)

    def nothing_left(self, default: Term | None, node: gast.AST) -> Term:
        if default is None:
            self.refuse(node, "next() of an iterator that is used up", "give a default", UnsupportedCall)
        return default

    def step_on(self, ref: Ref, rest: Rest, node: gast.AST) -> Term:
        """The next item of an iterator at a position of run time."""
        item = self.element(rest.iterable, rest.position, node)
        self.env[ref.cell] = Rest(rest.iterable, self.apply(np.add, [rest.position, constant(1)]))
        return item

    def next_of_generator(self, generator: Generator, default: Term | None, node: gast.AST) -> Term:
        """The next item of a generator expression that gives one for each item of its iterable."""
        loops = generator.node.generators
        if len(loops) > 1 or loops[0].ifs or not is_iterator(generator.first):
            self.refuse(node, "next() of this generator expression", "make a list of it first", UnsupportedCall)
        at_end = self.is_used_up(generator.first)
        if at_end is None and default is not None:
            self.refuse(node, "next() with a default of this generator expression", "make a list of it first")
        if at_end:
            return self.nothing_left(default, node)
        item = self.next_item(generator.first, None, node)
        one = Generator(generator.node, generator.frame, (item,))
        return self.sequence(self.list_of(one), node)[0]

    def is_used_up(self, ref: Ref) -> bool | None:
        """Whether an iterator has no more items; None where that is known at run time only."""
        contents = self.env[ref.cell]
        if not isinstance(contents, Rest):
            return contents == USED_UP or None
        items, position = self.look(contents.iterable).items, known_integer(contents.position)
        return None if items is None or position is None else position >= len(items)

    # loops

    def is_read_again(self, ref: Ref, node: gast.For) -> bool:
        """Whether somebody may still want what a loop over an iterator leaves of it, in the loop or behind it."""
        contents = self.env[ref.cell]
        if not isinstance(contents, Rest):
            return False
        if known_integer(contents.position) != 0 and self.look(contents.iterable).items is None:
            return True
        # by names alone: who holds it in a list, an object or another frame may read it at any time
        holders = [key for key, term in self.env.items() if _holds(term, ref)]
        names = {self.frame.key(n): n for n in self.frame.local}
        read = scope.read(node.body) | (self.frame.live[id(node)].after if scope.breaks(node) else frozenset())
        return any(key not in names or names[key] in read or names[key] in self.frame.captured for key in holders)

    def is_unchanged_since(self, iterable: Term, env: Environment) -> bool:
        """Whether the lists and dicts that something runs over hold what they held."""
        return all(self.env.get(ref.cell) is env.get(ref.cell) for ref in _walked(iterable))

    def walk_over(self, node: gast.For, iterable: Term) -> None:
        """A loop over something whose items are known, one round after the other."""
        ref = self.new(ITERATOR, Rest(iterable, constant(0)))
        self.walk(node, ref)
        self.env.pop(ref.cell, None)

    def walk(self, node: gast.For, ref: Ref) -> None:
        """A loop over what is left of an iterator."""
        stop, around = self.env.get(STOP), self.carried_now
        self.carried_now = around | set(self.carried_names(node))
        self.rounds(node, ref)
        self.carried_now = around
        self.env.pop(STOP, None)
        if stop is not None:
            self.env[STOP] = stop

    def rounds(self, node: gast.For, ref: Ref, seen: Seen | None = None, first: int | None = None) -> None:
        """One round after the other; where a round may leave the loop, the others stand in a branch."""
        while isinstance(rest := self.left_in(ref, self.at(node)), Rest):
            k = known_integer(rest.position)
            seen = None if k is None else self.look(rest.iterable, seen)
            if k is None or seen is None or seen.items is None:
                self.walk_at_run_time(node, ref)
                return
            # of an iterator that branches around share, the end on one of them is no end on the other
            if k >= len(seen.items):
                if first is None:
                    self.env[ref.cell] = USED_UP
                return
            first = len(seen.items) if first is None else first
            if k >= first + MAX_GROWN:
                self.refuse(node, "a loop over a list that its body lets grow", "loop while there are items")
            # Python moves on before the body runs, so that the body sees the iterator one further
            sizes = self.sizes(rest.iterable)
            self.env[ref.cell] = Rest(rest.iterable, constant(k + 1))
            self.env[STOP] = constant(False)
            self.bind(node.target, seen.items[k])
            self.block(node.body)
            stop = self.env[STOP]
            if isinstance(stop, Constant) and stop.value:
                return
            self.check_sizes(rest.iterable, sizes, node)
            if isinstance(stop, Value):
                if not self.is_used_up(ref):
                    # the stop of this round is known at run time only: the rounds behind it are the other branch, and
                    # so on inwards
                    sides = self.both([lambda: None, lambda s=seen, f=first: self.rounds(node, ref, s, f)])  # type: ignore[misc]
                    self.join_sides(node, stop, sides, self.dead_after(node))
                return

    def sizes(self, iterable: Term) -> list[object]:
        """What may not change while it is iterated over: the keys of dicts, the length of what runs backward."""
        cells = [self.env.get(ref.cell) for ref in _walked(iterable)]
        backward = isinstance(iterable, Reversed)
        return [
            tuple(c) if isinstance(c, dict) else len(c) if backward and isinstance(c, list) else None for c in cells
        ]

    def check_sizes(self, iterable: Term, before: list[object], node: gast.AST) -> None:
        if self.sizes(iterable) != before:
            self.refuse(node, CHANGES_SIZE, "iterate over a list of it: list(...)", UnsupportedType)

    def walk_at_run_time(self, node: gast.For, ref: Ref) -> None:
        """A loop over an iterator whose position is known at run time: `while` there are items, the next one."""
        tests: list[Block] = []
        self.labels.setdefault(ref.cell, "position")

        def build(initial: list[Operand], block: Block, results: list[Value], breaks: bool) -> While:
            return While(tuple(initial), tests[-1], block, tuple(results), breaks, self.at(node))

        def rest_now() -> Rest:
            rest = self.left_in(ref, self.at(node))
            assert isinstance(rest, Rest)
            return rest

        def body(_: object) -> None:
            before = len(self.builder.operations)
            item = self.step_on(ref, rest_now(), node)
            self.bind(node.target, item, len(self.builder.operations) - before - 1)
            self.block(node.body)

        def test(parameters: list[Value], env: Environment) -> None:
            outer, outer_env = self.builder, self.env
            self.builder, self.env = outer.child(), env
            rest = rest_now()
            more = self.apply(np.less, [rest.position, self.length(rest.iterable, node)])
            tests.append(self.builder.block(parameters, [more]))
            self.builder, self.env = outer, outer_env

        walked, env = _walked(rest_now().iterable), dict(self.env)
        # the position is carried with what the cell holds, as any other object that an iteration changes
        Rounds(self, Loop(node, self.carried_names(node), build, body, test=test)).run()
        if any(isinstance(self.env[r.cell], Keyed) and self.env[r.cell] is not env[r.cell] for r in walked):
            self.refuse(node, CHANGES_SIZE, "iterate over a list of it: list(...)", UnsupportedType)


def _walked(term: Term) -> list[Ref]:
    """The lists and dicts that a term runs over."""
    if isinstance(term, Ref):
        return [term] if term.cls in (list, dict) else []
    found = parts(term)
    items: Sequence[Term] = () if found is None or isinstance(term, (tuple, list)) else found[1]
    return [ref for item in items for ref in _walked(item)]


def _holds(term: Term, ref: Ref) -> bool:
    """Whether a term is an iterator, or holds it."""
    if isinstance(term, Ref):
        return term.cell == ref.cell
    found = parts(term)
    return found is not None and any(_holds(item, ref) for item in found[1])
