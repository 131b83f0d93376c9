"""What variables, objects and data outside the function are for the other parts of the language."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from typing import Any, NoReturn

import gast

from s2sad.frontend.dependencies import Variable
from s2sad.frontend.terms.terms import Outside, Record, Term
from s2sad.ir.values import Operand


class OutsideServices(ABC):
    """Declared here, defined in the part that each is listed under."""

    # outside_names

    @abstractmethod
    def is_outer(self, name: str) -> bool:
        """Whether an assignment to a name binds a variable outside the function."""

    @abstractmethod
    def outer_variable(self, name: str, node: gast.AST) -> Variable:
        """The variable of the module, or of a function around it that has returned, which a name means."""

    @abstractmethod
    def check_declared(self, node: gast.Global | gast.Nonlocal) -> None:
        """Refuse names outside that are bound otherwise than by assignments."""

    @abstractmethod
    def read_bound(self, variable: Variable, value: object) -> Term:
        """A variable outside that the function binds: read when the program runs."""

    @abstractmethod
    def set_outer(self, variable: Variable, term: Term, node: gast.AST) -> None:
        """An assignment to a variable outside."""

    @abstractmethod
    def augment_outer(self, variable: Variable, node: gast.AugAssign) -> None:
        """An augmented assignment to a variable outside."""

    @abstractmethod
    def attribute_outside(self, base: Term, name: str, node: gast.AST) -> Variable | None:
        """An attribute of an object, class, module or function outside, to be bound."""

    # outside_stores

    @abstractmethod
    def outside_object(self, term: Term) -> Outside | None:
        """An object outside that a store is made into; None for an object of the function."""

    @abstractmethod
    def as_handle(self, variable: Variable, value: object) -> Outside:
        """A variable outside that holds an object which takes values."""

    @abstractmethod
    def item_outside(self, outside: Outside, index: Term, node: gast.AST) -> Term:
        """`outside[index]`: an integer, or what is stored into in its turn."""

    @abstractmethod
    def count_outside(self, outside: Outside) -> Operand:
        """`len(outside)`."""

    @abstractmethod
    def holds_outside(self, outside: Outside, item: Term, negated: bool) -> Operand:
        """`item in outside`."""

    @abstractmethod
    def set_outside(self, outside: Outside, index: Term, term: Term, node: gast.AST) -> None:
        """`outside[index] = term`."""

    @abstractmethod
    def augment_item(self, outside: Outside, index: Term, node: gast.AugAssign) -> None:
        """`outside[index] += value`."""

    @abstractmethod
    def delete_outside(self, outside: Outside, index: Term, node: gast.AST) -> None:
        """`del outside[index]`."""

    @abstractmethod
    def call_outside(
        self, outside: Outside, name: str, arguments: list[Term], keywords: dict[str, Term], node: gast.AST
    ) -> Term:
        """`outside.name(...)`: what it gives can be stored into, and not be read."""

    @abstractmethod
    def extended(self, outside: Outside, node: gast.AugAssign) -> None:
        """`outside += items` of a list."""

    # held_data

    @abstractmethod
    def held_data(self, term: Term) -> Any:
        """What an object of a library outside the function is read along; None for all else."""

    @abstractmethod
    def attribute_of_held(self, base: Any, name: str, node: gast.AST) -> Term:
        """An attribute of such an object."""

    @abstractmethod
    def item_of_held(self, base: Any, index: Term, node: gast.AST) -> Term:
        """An item of it."""

    @abstractmethod
    def method_of_held(
        self, base: Any, name: str, arguments: Sequence[Term], keywords: Mapping[str, Term], node: gast.AST
    ) -> Term:
        """The call of its method."""

    @abstractmethod
    def items_of_held(self, base: Any, node: gast.AST) -> Term:
        """What it gives one by one."""

    @abstractmethod
    def labelled_call(
        self, f: Any, arguments: list[Term], keywords: dict[str, Term], node: gast.AST, hint: str | None
    ) -> Term | None:
        """A function or operator of labelled numbers among others; None where there are none."""

    @abstractmethod
    def numbers_in(self, term: Term, node: gast.AST) -> Term:
        """The array of a labelled term; other terms as they are."""

    @abstractmethod
    def is_labelled(self, term: Term) -> bool:
        """Whether a term is held by a library, or was computed with such."""

    @abstractmethod
    def labelled_in_place(self, term: Term, result: Term, node: gast.AST) -> Term:
        """The target of an augmented assignment of labelled numbers, which changes them under all their names."""

    @abstractmethod
    def attribute_of_labelled(self, record: Record, name: str, node: gast.AST) -> Term:
        """An attribute of what was computed with labelled numbers."""

    @abstractmethod
    def method_of_labelled(
        self,
        record: Record,
        name: str,
        arguments: list[Term],
        keywords: dict[str, Term],
        node: gast.AST,
        hint: str | None,
    ) -> Term:
        """A method of it."""

    @abstractmethod
    def refuse_labelled(self, record: Term, what: str, node: gast.AST) -> NoReturn:
        """Refuse what means another thing for what is labelled than for an array."""
