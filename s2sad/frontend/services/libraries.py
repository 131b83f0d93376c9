"""What primitives, solvers and sparse matrices are for the other parts of the language."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from typing import Any

import gast

from s2sad.frontend.terms.solver_targets import SolverCall, SolverRule
from s2sad.frontend.terms.terms import Closure, Record, SolverFunction, Term
from s2sad.ir.definition import Definition
from s2sad.ir.primitive import Primitive
from s2sad.ir.solver import Part, Parts
from s2sad.ir.values import Operand


class LibraryServices(ABC):
    """Declared here, defined in the part that each is listed under."""

    # library.primitives

    @abstractmethod
    def call_primitive(
        self, primitive: Primitive, arguments: list[Term], keywords: dict[str, Term], node: gast.AST, hint: str | None
    ) -> Term:
        """A function with a rule."""

    @abstractmethod
    def call_defined(
        self, definition: Definition, arguments: list[Term], keywords: dict[str, Term], node: gast.AST, hint: str | None
    ) -> Term:
        """A function that is defined by others."""

    @abstractmethod
    def is_rows(self, term: Term) -> bool:
        """Whether a term is an array."""

    @abstractmethod
    def as_array_term(self, term: Term) -> Term:
        """A list of numbers as an array; other terms as they are."""

    @abstractmethod
    def as_array(self, term: Term) -> Operand:
        """A number, array or list of numbers as an operand that is an array."""

    @abstractmethod
    def apply_to(self, function: object, arguments: list[Term], node: gast.AST) -> Term:
        """The result of a primitive of operands made of terms."""

    @abstractmethod
    def as_argument(self, term: Term) -> Term:
        """An iterable as the list that a function makes of it; an object that says what array it is."""

    # solver_calls

    @abstractmethod
    def call_solver(
        self, f: object, arguments: list[Term], keywords: dict[str, Term], node: gast.AST, hint: str | None
    ) -> Term | None:
        """The call of a function that has a row among the solvers."""

    @abstractmethod
    def call_given(
        self, function: SolverFunction, arguments: list[Term], keywords: dict[str, Term], node: gast.AST
    ) -> Term:
        """The call of a function that a solver gave."""

    @abstractmethod
    def expanded(self, term: Term, given: Sequence[Term], node: gast.AST) -> Closure:
        """`lambda x, y: f(x, y)` for a function that is called so: a method, a partial, one that takes `*args`."""

    @abstractmethod
    def parts_of(
        self,
        call: SolverCall,
        found: Part | Parts,
        whole: Operand,
        operands: Sequence[Operand],
        hint: str | None,
        key: object = None,
    ) -> Term:
        """What a solver gave, with its derivative."""

    @abstractmethod
    def numbers_in_array(self, operand: Operand, hint: str | None = None) -> Operand:
        """A list of numbers as the array that a function makes of it, as one thing to be differentiated by."""

    @abstractmethod
    def library_object(self, term: Term) -> Record | None:
        """The object of a library with rows for its methods that a term is, if it is such a one."""

    @abstractmethod
    def attribute_of_library(self, record: Record, name: str) -> Term | None:
        """An attribute of an object of a library, or a method; None where one made outside has it by itself."""

    @abstractmethod
    def make_object(self, cls: Any, arguments: list[Term], keywords: dict[str, Term], node: gast.AST) -> Term:
        """An object of a library with rows for its methods: what it was made of, and the object itself."""

    @abstractmethod
    def call_of_object(
        self,
        record: Record,
        name: str,
        arguments: list[Term],
        keywords: dict[str, Term],
        node: gast.AST,
        hint: str | None,
    ) -> Term:
        """A method of such an object."""

    # sparse_matrices

    @abstractmethod
    def sparse_term(self, operand: Operand) -> Term:
        """A sparse matrix from outside as a term; other operands as they are."""

    @abstractmethod
    def is_sparse(self, term: Term) -> bool:
        """Whether a term is a sparse matrix, or what solves with one."""

    @abstractmethod
    def call_sparse(
        self, f: Any, arguments: list[Term], keywords: dict[str, Term], node: gast.AST, hint: str | None
    ) -> Term | None:
        """The call of a function that has a row in the book of sparse matrices; None for others."""

    @abstractmethod
    def method_of_sparse(
        self,
        receiver: Term,
        name: str,
        arguments: list[Term],
        keywords: dict[str, Term],
        node: gast.AST,
        hint: str | None = None,
    ) -> Term:
        """The call of a method of a matrix, or of what solves with it."""

    @abstractmethod
    def sparse_binary(self, node: gast.BinOp, left: Term, right: Term, hint: str | None) -> Term | None:
        """An operator with a sparse matrix on one side or both; None for others."""

    @abstractmethod
    def sparse_unary(self, node: gast.UnaryOp, term: Term, hint: str | None) -> Term | None:
        """A sign before a sparse matrix; None for other terms."""

    @abstractmethod
    def sparse_attribute(self, base: Term, name: str, node: gast.AST) -> Term | None:
        """An attribute of a sparse matrix; None for other terms."""

    @abstractmethod
    def sparse_item(self, base: Term, index: Term, node: gast.AST, hint: str | None) -> Term | None:
        """`A[i, j]`; None for other terms."""

    @abstractmethod
    def refuse_written(self, base: Term, node: gast.AST) -> None:
        """Refuse to write into a sparse matrix."""

    @abstractmethod
    def solver_rule(self, target: SolverRule) -> Term:
        """What a rule gives, its parameters bound in the environment."""
