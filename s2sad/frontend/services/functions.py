"""What calls, closures, derivatives of closures and functions with rules of their own are for the others."""

from __future__ import annotations

import inspect
import types
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Mapping, Sequence

import gast

from s2sad.frontend.reading.callables import UserFunction
from s2sad.frontend.terms.closure_targets import Around, ClosureTarget, DerivedTarget, Lifted
from s2sad.frontend.terms.frames import Code, Frame
from s2sad.frontend.terms.terms import Closure, Derived, Method, Term
from s2sad.frontend.terms.transformations import Transformation
from s2sad.ir.marks import Operator
from s2sad.ir.user_rules import BlackBox, BoxRule, Custom
from s2sad.ir.values import Operand


class FunctionServices(ABC):
    """Declared here, defined in the part that each is listed under."""

    # closures

    @abstractmethod
    def bind_arguments(
        self,
        name: str,
        signature: inspect.Signature,
        arguments: Sequence[Term],
        keywords: Mapping[str, Term],
        defaults: Mapping[str, Term],
        node: gast.AST,
    ) -> dict[str, Term]:
        """The terms of the parameters, in their order, as Python binds them."""

    @abstractmethod
    def is_value(self, term: Term) -> bool:
        """Whether a term can be passed at run time: no function, no generator in it."""

    @abstractmethod
    def lower_here(self, f: types.FunctionType, bound: dict[str, Term], node: gast.AST) -> Term:
        """The body of a function in the place of its call."""

    @abstractmethod
    def call_closure(self, closure: Closure, arguments: list[Term], keywords: dict[str, Term], node: gast.AST) -> Term:
        """A function or lambda made in the function, in the place of its call."""

    @abstractmethod
    def inner_frame(self, around: Frame, code: Code) -> Frame:
        """A frame for a function or comprehension that sees the names of another one."""

    @abstractmethod
    def closure_target(
        self, closure: Closure, bound: Mapping[str, Term], apart: bool = False
    ) -> tuple[ClosureTarget, list[Term]] | None:
        """A closure as a function of its own, with its arguments; None where it closes over what cannot be passed.

        With `apart` functions and what holds them, closed over or given, are taken apart: their values are passed.
        """

    @abstractmethod
    def closed_over(
        self, closure: Closure, around: Around, given: Iterable[Term] = ()
    ) -> list[tuple[Frame, str, Term]]:
        """The variables that a closure reads around it, by itself and through others; these others are put `around`.

        So do those that it is given.
        """

    @abstractmethod
    def closure_code(self, node: gast.AST) -> Code:
        """What is known of the text of a closure: computed once in a lowering."""

    @abstractmethod
    def enter(self, frame: Frame, bound: dict[str, Term], node: gast.AST) -> Term:
        """Lower the body of a frame; what it returns."""

    # derived_functions

    @abstractmethod
    def derived(
        self,
        f: UserFunction,
        operator: Operator,
        arguments: list[Term],
        keywords: dict[str, Term],
        node: gast.AST,
    ) -> Term:
        """`grad(closure, ...)`: the derivative of a function made inside, to be called."""

    @abstractmethod
    def call_derived(
        self, function: Derived, arguments: list[Term], keywords: dict[str, Term], node: gast.AST, hint: str | None
    ) -> Term:
        """The derivative of a function made inside, compiled with what it holds as further parameters."""

    @abstractmethod
    def derived_target(
        self, function: Derived, arguments: list[Term], keywords: dict[str, Term], node: gast.AST
    ) -> tuple[DerivedTarget, list[Operand]]:
        """The derivative of such a function as a target, with its operands: the arguments, and what it holds."""

    @abstractmethod
    def call_target(self, target: object, operands: list[Operand], node: gast.AST, hint: str | None) -> Term:
        """A derivative of such a function, called."""

    @abstractmethod
    def with_vectors(self, transform: Transformation, arguments: list[Term], node: gast.AST) -> list[Term]:
        """The arguments of `hvp` with its vectors one by one, in the order of the parameters: a tuple has them all."""

    # lifting

    @abstractmethod
    def lifted_or_here(self, lifted: Callable[[], Lifted], here: Callable[[], Term], node: gast.AST) -> Term:
        """The call of a method or closure: of a function of the module, or lowered in its place."""

    @abstractmethod
    def lifted_method(self, f: types.FunctionType, bound: Mapping[str, Term]) -> Lifted:
        """A method as a function of its own, and what it is called with.

        Raises:
            NotTaken: it is given what cannot be taken apart.
        """

    @abstractmethod
    def lifted_closure(self, closure: Closure, bound: Mapping[str, Term]) -> Lifted:
        """A closure as a function of its own, and what it is called with: what it reads around it among it.

        Raises:
            NotTaken: it is given, or reads, what cannot be taken apart.
        """

    # custom_calls

    @abstractmethod
    def call_custom(
        self, f: Custom, arguments: list[Term], keywords: dict[str, Term], node: gast.AST, hint: str | None
    ) -> Term:
        """A function with a derivative of its own: always a function of the module."""

    @abstractmethod
    def call_black_box(
        self, box: BlackBox, arguments: list[Term], keywords: dict[str, Term], node: gast.AST, hint: str | None
    ) -> Term:
        """A function that runs as it is."""

    @abstractmethod
    def maybe_view(self, result: Operand, name: str, arguments: Sequence[Term]) -> Term:
        """What a function gave that may share the memory of its arguments, no telling how."""

    @abstractmethod
    def rule_result(self, target: BoxRule, arguments: list[Term], node: gast.AST) -> Term:
        """What a rule gives, from its parameters as those of one function."""

    @abstractmethod
    def with_adjoint(self, term: Term, hook: Closure, node: gast.AST) -> Term:
        """A value to whose adjoint something is done: a function of it, and of what that reads around it."""

    @abstractmethod
    def stopped(self, term: Term) -> Term:
        """A term without derivative: its numbers behind a barrier, its lists and objects anew."""

    # calls

    @abstractmethod
    def call(
        self, function: Term, arguments: list[Term], keywords: dict[str, Term], node: gast.AST, hint: str | None
    ) -> Term:
        """The call of a term."""

    @abstractmethod
    def call_method(
        self, method: Method, arguments: list[Term], keywords: dict[str, Term], node: gast.AST, hint: str | None
    ) -> Term:
        """The call of a method of an array, list, dict, or of an object."""

    # function_calls

    @abstractmethod
    def call_function(
        self, f: object, arguments: list[Term], keywords: dict[str, Term], node: gast.AST, hint: str | None
    ) -> Term:
        """A function of the user: compiled for these arguments, or lowered here."""

    @abstractmethod
    def call_inline(self, f: object, arguments: list[Term], keywords: dict[str, Term], node: gast.AST) -> Term:
        """A method, or what else is lowered in the place of its call; where it calls itself, it is compiled."""

    @abstractmethod
    def defaults_of(self, f: object, signature: inspect.Signature) -> dict[str, Term]:
        """The default values of a function; those that hold arrays, lists or objects belong to the function."""

    @abstractmethod
    def call_compiled(
        self,
        function: object,
        operands: list[Operand],
        node: gast.AST,
        hint: str | None,
        arguments: Sequence[Term] = (),
    ) -> Term | None:
        """Another function of the program; operands that it must know are asked of this function's parameters."""
