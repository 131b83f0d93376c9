"""What attributes, and the objects of classes with a text, are for the other parts of the language."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable

import gast

from s2sad.frontend.terms.terms import Choice, Term


class ObjectServices(ABC):
    """Declared here, defined in the part that each is listed under."""

    # attributes

    @abstractmethod
    def attribute(self, base: Term, name: str, node: gast.AST) -> Term:
        """`base.name`."""

    @abstractmethod
    def set_named(self, base: Term, name: str, term: Term, node: gast.AST) -> None:
        """`setattr(base, name, term)`."""

    @abstractmethod
    def delete_named(self, base: Term, name: str, node: gast.AST) -> None:
        """`delattr(base, name)`."""

    # objects

    @abstractmethod
    def binary_objects(self, node: gast.AST, op: gast.AST, left: Term, right: Term) -> Term | None:
        """An operator that a user's class defines, reflected ones too; None where neither class does."""

    @abstractmethod
    def call_special(self, term: Term, name: str, arguments: list[Term], node: gast.AST) -> Term | None:
        """The result of a special method; None where the class has none, or it says NotImplemented."""

    @abstractmethod
    def compare_objects(self, node: gast.AST, op: gast.AST, left: Term, right: Term) -> Term | None:
        """A comparison that a user's class defines; None where neither class does."""

    @abstractmethod
    def truth_of_object(self, term: Term, node: gast.AST) -> Term:
        """What `bool` gives of an object."""

    @abstractmethod
    def instantiate(self, cls: type, arguments: list[Term], keywords: dict[str, Term], node: gast.AST) -> Term:
        """`cls(*arguments, **keywords)` for a class of the user."""

    @abstractmethod
    def special(self, term: Term, name: str) -> Callable[..., object] | None:
        """A special method of the user's class of a term; None where there is none."""

    @abstractmethod
    def call_choice(
        self, choice: Choice, arguments: list[Term], keywords: dict[str, Term], node: gast.AST, hint: str | None
    ) -> Term:
        """The call of one of two functions, by a predicate."""
