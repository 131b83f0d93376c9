"""What statements, conditions and the merging of branches are for the other parts of the language."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence

import gast

from s2sad.frontend.terms.cells import Environment, Side
from s2sad.frontend.terms.terms import Term
from s2sad.ir.builder import Builder
from s2sad.ir.types import Type
from s2sad.ir.values import Operand


class BranchServices(ABC):
    """Declared here, defined in the part that each is listed under."""

    # statements

    @abstractmethod
    def body(self, tree: gast.FunctionDef) -> Term:
        """The statements of a body; what they return."""

    @abstractmethod
    def block(self, statements: Sequence[gast.AST]) -> Term | None:
        """Lower statements in order; the term that they return, None where they fall through."""

    @abstractmethod
    def bind(self, target: gast.AST, term: Term, taken: int = 0) -> None:
        """Bind a name, or the names of a tuple target; the last `taken` operations made the term for it alone."""

    # conditions

    @abstractmethod
    def tested(self, node: gast.AST) -> Term:
        """A condition: of `and` and `or` of objects only the truth is asked for."""

    @abstractmethod
    def truth(self, term: Term, node: gast.AST) -> bool | Operand:
        """The truth of a term: a bool where it is known at compile time."""

    @abstractmethod
    def assuming(self, test: gast.AST, holds: bool, lowered: Callable[[], Term | None]) -> Callable[[], Term | None]:
        """Lower something where `name is None` is known to hold, or not to: there is no doubt about the name then."""

    @abstractmethod
    def choose(
        self,
        test: Term,
        then: Callable[[], Term | None],
        orelse: Callable[[], Term | None],
        node: gast.AST,
        hint: str | None = None,
    ) -> Term:
        """A value by a condition; only one side is evaluated."""

    @abstractmethod
    def both(self, lowered: Sequence[Callable[[], Term | None]], truth: Operand | None = None) -> list[Side]:
        """What two branches leave, each lowered on a copy of the environment; the first one where a `truth` holds."""

    # merging

    @abstractmethod
    def join_sides(
        self,
        node: gast.AST,
        truth: Operand,
        sides: Sequence[Side],
        dead: Callable[[str], bool] = lambda key: False,
        hint: str | None = None,
    ) -> Term | None:
        """Merge what two branches bind or return into the results of an If; `dead` keys are not read any more."""

    @abstractmethod
    def adopt_at(self, key: str, term: Term, frozen: str | None) -> Term:
        """A term for a key of the environment: what a cell holds stays a plain container."""

    @abstractmethod
    def frozen_by_merge(
        self,
        t1: Term,
        env1: Environment,
        t2: Term,
        env2: Environment,
        node: gast.AST,
        dead: Callable[[str], bool] = lambda key: False,
        own: int = 1,
    ) -> str | None:
        """Why the objects that are merged may not be changed: another name still sees one of them."""

    @abstractmethod
    def undefined(self, builder: Builder, like: Term, bottom: Type | None = None) -> Term:
        """A term of the structure of `like` whose leaves hold nothing."""

    # with_and_try

    @abstractmethod
    def dead_behind(self, node: gast.AST, sides: Sequence[Side]) -> Callable[[str], bool]:
        """Whether a variable is not read behind a branch; where both sides return, none of the frame's own is."""
