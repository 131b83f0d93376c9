"""What the lowering of one function asks of the compiler around it: callees, captured variables."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from s2sad.errors import Location
from s2sad.frontend.dependencies import Reads, Variable
from s2sad.ir.primitive import Primitive
from s2sad.ir.solver import Part
from s2sad.ir.types import Type
from s2sad.ir.user_rules import BlackBox
from s2sad.ir.values import FunctionRef, Operand


class NeedsStatic(Exception):
    """A parameter of the function must be known at compile time; `parameter` is its index, `path` the keys into it."""

    def __init__(self, parameter: int, path: tuple[object, ...], location: Location) -> None:
        super().__init__(parameter, path)
        self.parameter = parameter
        self.path = path
        self.location = location


@dataclass(frozen=True, eq=False, slots=True)
class Callee:
    """A compiled callee: how to call it. `passed` are the positions of the operands that it takes."""

    reference: FunctionRef
    passed: tuple[int, ...]
    captured: tuple[Variable, ...]
    aliases: bool = False
    """Its result may share memory with an argument."""
    gives: bool = False
    """Its result may be, or hold, a list or object that it is given."""
    back: WrittenArrays | None = None
    """Where it hands back the arrays that it writes into: which these are."""


@dataclass(frozen=True, slots=True)
class WrittenArrays:
    """What a function that calls itself gives beside its value: the arrays of its parameters, as it leaves them.

    Its result is `(value, *arrays)`; without the value where that is None or one of these arrays, and the array itself
    where it is the only item.
    """

    written: tuple[int, ...]
    """The positions of the parameters that hold the arrays."""
    value: bool = True
    """Whether the value is an item of the result."""
    given: int | None = None
    """The position of the parameter that is returned."""

    @property
    def alone(self) -> bool:
        """Whether the result is no tuple."""
        return len(self.written) == 1 and not self.value


class Hook(Protocol):
    """A function of an adjoint and of further operands, by the names of its parameters."""

    @property
    def names(self) -> tuple[str, ...]: ...


class Context(Protocol):
    """The compiler, as a lowering sees it."""

    reads: Reads
    """What is read outside the function."""

    @property
    def repeats(self) -> bool:
        """Whether what is lowered is a rule of a solver, or what a rule calls: a solver has run these functions."""
        ...

    def callee(self, function: object, operands: Sequence[Operand], location: Location) -> Callee | None:
        """The function compiled for these operands; raises `CalleeNeedsStatic` for operands it must know.

        None where it must be lowered in the place of the call: it changes what it is given, or gives a function.
        """
        ...

    def bound(
        self, box: BlackBox, operands: Sequence[Operand], static: Mapping[str, object], variables: Sequence[Variable]
    ) -> Primitive:
        """A black box as the primitive of one call; `variables` are further operands, which its rules read."""
        ...

    def hooked(self, target: Hook) -> Primitive:
        """An identity whose adjoint is a function of the adjoint and of its further operands."""
        ...

    def solving(self, call: Any, references: Mapping[str, FunctionRef], result: Type) -> Primitive:
        """The call of a solver, without derivative."""
        ...

    def solution(self, call: Any, part: Part, key: object) -> Primitive:
        """A result of a solver, or the part of it under a key, with its derivative."""
        ...

    def parameter_names(self, target: object) -> Sequence[str]:
        """The names of the parameters of a function or closure."""
        ...

    def in_order(
        self,
        reference: FunctionRef,
        order: Sequence[int],
        given: Sequence[Operand],
        attributes: Mapping[str, object],
    ) -> FunctionRef:
        """A function that takes all that is given, of which the one referred to takes those in `order`."""
        ...

    def captured_type(self, variable: Variable) -> Type:
        """The type of a captured variable."""
        ...

    def rule_variables(self, rules: object) -> Sequence[Variable]:
        """The variables that the rules of a function read."""
        ...


class CalleeNeedsStatic(Exception):
    """The callee must know the operand at `position` (and `path` in it) at compile time."""

    def __init__(self, position: int, path: tuple[object, ...], location: Location) -> None:
        super().__init__(position, path)
        self.position = position
        self.path = path
        self.location = location
