"""What the lowering of one function asks of the compiler around it: callees, captured variables."""

from __future__ import annotations

import types
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from s2sad.errors import Location
from s2sad.ir.custom import BlackBox
from s2sad.ir.primitive import Primitive
from s2sad.ir.types import Type
from s2sad.ir.values import FunctionRef, Operand


class NeedsStatic(Exception):
    """A parameter of the function must be known at compile time; `parameter` is its index, `path` the keys into it."""

    def __init__(self, parameter: int, path: tuple[object, ...], location: Location) -> None:
        super().__init__(parameter, path)
        self.parameter = parameter
        self.path = path
        self.location = location


@dataclass(frozen=True, eq=False, slots=True)
class Variable:
    """A variable outside the function that holds arrays: read anew at each call, passed as a further argument.

    `holder` is the dictionary of globals, a tuple, the closure's cell, or an object with an attribute of the name.
    """

    holder: Any
    name: str | int
    label: str | None = None
    """The name of the parameter that it becomes, where that is not its own."""

    @property
    def key(self) -> tuple[int, str | int]:
        return (id(self.holder), self.name)

    @property
    def shown(self) -> str:
        return (self.label or str(self.name)).strip("_")

    def read(self) -> Any:
        if isinstance(self.holder, types.CellType):
            return self.holder.cell_contents
        if isinstance(self.holder, (dict, tuple)):
            return self.holder[self.name]  # type: ignore[index]
        return getattr(self.holder, str(self.name))


@dataclass(frozen=True, eq=False, slots=True)
class Callee:
    """A compiled callee: how to call it. `passed` are the positions of the operands that it takes."""

    reference: FunctionRef
    passed: tuple[int, ...]
    captured: tuple[Variable, ...]
    aliases: bool = False
    """Its result may share memory with an argument."""
    back: Back | None = None
    """Where it hands back the arrays that it writes into: which these are."""


@dataclass(frozen=True, slots=True)
class Back:
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


class Context(Protocol):
    """The compiler, as a lowering sees it."""

    def callee(self, function: Any, operands: Sequence[Operand], location: Location) -> Callee | None:
        """The function compiled for these operands; raises `CalleeNeedsStatic` for operands it must know.

        None where it must be lowered in the place of the call: it changes what it is given, or gives a function.
        """
        ...

    def bound(
        self, box: BlackBox, operands: Sequence[Operand], static: Mapping[str, object], variables: Sequence[Variable]
    ) -> Primitive:
        """A black box as the primitive of one call; `variables` are further operands, which its rules read."""
        ...

    def hooked(self, target: Any) -> Primitive:
        """An identity whose adjoint is a function of the adjoint and of its further operands."""
        ...

    def captured_type(self, variable: Variable) -> Type:
        """The type of a captured variable."""
        ...

    def guard(self, holder: Any, name: str | int, value: Any) -> None:
        """Record that the result depends on a static value outside the function."""
        ...


class CalleeNeedsStatic(Exception):
    """The callee must know the operand at `position` (and `path` in it) at compile time."""

    def __init__(self, position: int, path: tuple[object, ...], location: Location) -> None:
        super().__init__(position, path)
        self.position = position
        self.path = path
        self.location = location
