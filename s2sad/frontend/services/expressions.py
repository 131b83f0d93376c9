"""What expressions, operators, subscripts and comparisons are for the other parts of the language."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager

import gast

from s2sad.frontend.dependencies import Variable
from s2sad.frontend.reading.callables import UserValue
from s2sad.frontend.terms.terms import Ref, Term
from s2sad.ir.values import Operand, Value


class ExpressionServices(ABC):
    """Declared here, defined in the part that each is listed under."""

    # expressions

    @abstractmethod
    def locating(self, node: gast.AST) -> AbstractContextManager[None]:
        """Give what is built the node's location; errors of type rules become errors at the node."""

    @abstractmethod
    def raising(self, node: gast.AST) -> AbstractContextManager[None]:
        """Give what may be raised the node's location."""

    @abstractmethod
    def static(self, term: Term, node: gast.AST) -> UserValue:
        """The value of a term that must be known at compile time; asks for a parameter to become static."""

    @abstractmethod
    def eval(self, node: gast.AST, hint: str | None = None) -> Term:
        """The term of an expression; `hint` is the name it is about to be bound to."""

    @abstractmethod
    def operand(self, node: gast.AST, hint: str | None = None) -> Operand:
        """The value of an expression, as an operand."""

    @abstractmethod
    def apply(self, function: Callable[..., object], operands: list[Operand], hint: str | None = None) -> Operand:
        """The result of a primitive; `hint` is the name it is about to be bound to."""

    @abstractmethod
    def captured_term(self, variable: Variable, value: object) -> Term:
        """What a variable outside the function means: a constant, a further parameter, or a container of these."""

    @abstractmethod
    def captured_value(self, variable: Variable) -> Value:
        """A variable outside the function, as a parameter of it."""

    @abstractmethod
    def reachable(self, term: Term) -> list[Ref]:
        """The references in a term, and in what they refer to."""

    @abstractmethod
    def items_of(self, nodes: list[gast.AST]) -> list[Term]:
        """The terms of several expressions; those behind a star are opened."""

    @abstractmethod
    def in_this_call(self, number: Operand) -> int | None:
        """An integer that is known, or that the call that compiles says, which is noted."""

    @abstractmethod
    def sequence(self, term: Term, node: gast.AST) -> list[Term]:
        """The items of a term whose length is known at compile time."""

    # operators

    @abstractmethod
    def binary(self, node: gast.BinOp, left: Term, right: Term, hint: str | None) -> Term:
        """`left op right`."""

    @abstractmethod
    def joined(self, a: object, b: object) -> Term:
        """Two lists in one."""

    @abstractmethod
    def computed(self, operand: Operand) -> int | float | None:
        """The number that was computed from constants alone: -np.inf."""

    @abstractmethod
    def computed_from(self, operand: Operand) -> Iterator[Value]:
        """The integers that an integer was computed from by Python's arithmetic: `n` of `2 * n + 1`."""

    # subscripts

    @abstractmethod
    def place_in(self, whole: Operand, place: Operand) -> Operand:
        """Where `insert` puts an item: no further than the end, nor in front of the start."""

    @abstractmethod
    def item_at(self, base: Term, index_term: Term, node: gast.Subscript, hint: str | None) -> Term:
        """`base[index]`."""

    @abstractmethod
    def known_key(self, whole: Term, key: Term, node: gast.AST) -> UserValue:
        """A key that is known; where it is not, the dict is to be made for that."""

    @abstractmethod
    def row(self, array: Term, index: Operand) -> Term:
        """One row of an array that lives in a cell, or one element of a vector."""

    @abstractmethod
    def index(self, node: gast.AST) -> Term:
        """The term of an index between brackets."""

    @abstractmethod
    def position(self, index: Term, length: int, node: gast.AST) -> int:
        """A position in a list whose length is known."""

    @abstractmethod
    def set_item(self, base: Term, index: Term, term: Term, node: gast.AST) -> None:
        """`base[index] = term`."""

    @abstractmethod
    def subscripted(self, base: Term, index_term: Term, node: gast.Subscript, hint: str | None) -> Term:
        """`base[index]`, as the class of the base says."""

    @abstractmethod
    def delete_item(self, base: Term, index: Term, node: gast.AST) -> None:
        """`del base[index]`."""

    # comparisons

    @abstractmethod
    def compare(self, node: gast.AST, op: gast.AST, left: Term, right: Term) -> Term:
        """`left op right`, for one comparison."""

    # identity

    @abstractmethod
    def identical(self, node: gast.AST, left: Term, right: Term) -> bool:
        """Whether two terms are one object."""

    @abstractmethod
    def is_given(self, term: Term) -> bool:
        """Whether a term is an argument, or stands outside the function, and so was there before."""

    @abstractmethod
    def ask_object(self, term: Term, node: gast.AST) -> None:
        """Ask for an object of a user's class among the arguments to be known at compile time."""

    @abstractmethod
    def equal_objects(self, node: gast.AST, left: Term, right: Term) -> Term | None:
        """`left == right` where no class of the two has an `__eq__` with a text; None for what are no such objects."""

    @abstractmethod
    def equality(self, term: Term) -> str | None:
        """How a class of the user's compares that has no `__eq__` of its own: by identity, or by its fields."""
