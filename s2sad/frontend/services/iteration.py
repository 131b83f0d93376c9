"""What loops, iterators and comprehensions are for the other parts of the language."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence

import gast

from s2sad.frontend.terms.cells import Environment
from s2sad.frontend.terms.terms import USED_UP, Applied, Closure, Generated, Generator, Ref, Rest, Term
from s2sad.ir.values import Operand


class IterationServices(ABC):
    """Declared here, defined in the part that each is listed under."""

    # comprehensions

    @abstractmethod
    def own_key(self, name: str) -> str:
        """The variable that an assignment to a name binds."""

    @abstractmethod
    def list_of(self, generator: Generator) -> Term:
        """The items of a generator expression."""

    @abstractmethod
    def folded(self, term: Term, name: str, kind: str, initial: Term | None) -> Term | None:
        """`sum`, `all` or `any` of a generator as a loop; None for what is no generator."""

    @abstractmethod
    def synthetic(self, function: Callable[..., object], bound: dict[str, Term], node: gast.AST) -> Term:
        """The result of a small function that one of Python's own is read as, its parameters bound."""

    @abstractmethod
    def own_closure(self, name: str, function: Callable[..., object], node: gast.AST) -> Closure:
        """A function of s2sad's own as one that is made inside."""

    @abstractmethod
    def tree_of(self, function: Callable[..., object], node: gast.AST) -> gast.FunctionDef:
        """The tree of a function of s2sad's own, as if it stood in the place of the node."""

    # loops

    @abstractmethod
    def carried_names(self, node: gast.For | gast.While) -> list[str]:
        """The variables that an iteration hands to the next, or to what follows the loop, as far as the text tells."""

    @abstractmethod
    def dead_after(self, node: gast.AST) -> Callable[[str], bool]:
        """Whether a variable that a statement assigns is not read behind it."""

    # iterators

    @abstractmethod
    def used_up(self, term: Term, left: Term = USED_UP) -> Term:
        """What is left of an iterator, as something to iterate over; in its cell is what is `left` behind that."""

    @abstractmethod
    def taken(self, term: Term, by: str) -> Term:
        """What is left of an iterator, for something that takes its items one by one: it is read nowhere else then."""

    @abstractmethod
    def next_item(self, ref: Ref, default: Term | None, node: gast.AST) -> Term:
        """`next(iterator, default)`."""

    @abstractmethod
    def is_used_up(self, ref: Ref) -> bool | None:
        """Whether an iterator has no more items; None where that is known at run time only."""

    @abstractmethod
    def is_read_again(self, ref: Ref, node: gast.For) -> bool:
        """Whether somebody may still want what a loop over an iterator leaves of it, in the loop or behind it."""

    @abstractmethod
    def is_unchanged_since(self, iterable: Term, env: Environment) -> bool:
        """Whether the lists and dicts that something runs over hold what they held."""

    @abstractmethod
    def walk_over(self, node: gast.For, iterable: Term) -> None:
        """A loop over something whose items are known, one round after the other."""

    @abstractmethod
    def walk(self, node: gast.For, ref: Ref) -> None:
        """A loop over what is left of an iterator."""

    @abstractmethod
    def walk_at_run_time(self, node: gast.For, ref: Ref) -> None:
        """A loop over an iterator whose position is known at run time: `while` there are items, the next one."""

    # iteration

    @abstractmethod
    def element(self, term: Term, index: Operand, node: gast.AST) -> Term:
        """The item number `index` of an iterable, counted from 0."""

    @abstractmethod
    def length(self, term: Term, node: gast.AST) -> Operand:
        """How many items an iterable has."""

    @abstractmethod
    def unrollable(self, term: Term, node: gast.AST) -> list[Term] | None:
        """The items, where their number is known at compile time and they are no numbers of a range or array."""

    @abstractmethod
    def bounds(self, term: Term, node: gast.AST) -> tuple[Operand, Operand, Operand, bool]:
        """The range of indices of a loop, and whether it runs backward."""

    @abstractmethod
    def item(self, term: Term, index: Operand, node: gast.AST) -> Term:
        """The item of an iterable at an index of its loop."""

    @abstractmethod
    def known_rounds(self, term: Term) -> list[Term] | None:
        """The items of a short range whose bounds are known at compile time."""

    # library.iterables

    @abstractmethod
    def applied(self, term: Applied) -> Term:
        """The items of a `map` or `filter`, with all calls of its function."""

    @abstractmethod
    def items_left(self, contents: Rest) -> Term:
        """What is left of an iterator at a position of run time, as a list."""

    @abstractmethod
    def iterable(self, term: Term) -> Term:
        """What a term is iterated over by: `__iter__` of a user's class."""

    @abstractmethod
    def iterated(self, term: Term) -> Term:
        """The same, where that is an iterator: none of its items is taken."""

    @abstractmethod
    def rows_in_turn(self, iterables: Sequence[Term], node: gast.AST) -> Term:
        """`zip` where one iterator stands in several places: they take its items in turn."""

    @abstractmethod
    def first_of(self, ref: Ref, count: int, node: gast.AST) -> Term:
        """The next items of an iterator, at most so many."""

    @abstractmethod
    def listed(self, term: Term) -> Term:
        """A generator, or another iterable without an array behind it, as a list."""

    @abstractmethod
    def flattened(self, term: Term, node: gast.AST) -> Term:
        """`enumerate` and `zip` of a generator as generators; other terms as they are."""

    @abstractmethod
    def generator_of(self, function: Callable[..., object], bound: dict[str, Term], node: gast.AST) -> Generated:
        """A small generator that one of Python's own is read as, its parameters bound."""

    @abstractmethod
    def mapped(self, function: Term, iterables: list[Term], node: gast.AST) -> Term:
        """`map(function, *iterables)`, as the list of its items."""

    @abstractmethod
    def filtered(self, function: Term, iterable: Term, node: gast.AST) -> Term:
        """`filter(function, iterable)`, as the list of its items."""

    @abstractmethod
    def reduced(self, function: Term, iterable: Term, initial: Term | None, node: gast.AST) -> Term:
        """`functools.reduce(function, iterable, initial)`, as a loop."""

    @abstractmethod
    def accumulated(self, function: Term, iterable: Term, initial: Term | None, node: gast.AST) -> Term:
        """`itertools.accumulate(iterable, function, initial=initial)`, as the list of its items."""
