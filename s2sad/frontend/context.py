"""What the lowering of one function asks of the compiler around it: callees, captured variables."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from s2sad.errors import Location
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

    `holder` is the dictionary of globals, or the closure's cell.
    """

    holder: Any
    name: str

    @property
    def key(self) -> tuple[int, str]:
        return (id(self.holder), self.name)

    def read(self) -> Any:
        return self.holder[self.name] if isinstance(self.holder, dict) else self.holder.cell_contents


@dataclass(frozen=True, eq=False, slots=True)
class Callee:
    """A compiled callee: how to call it. `passed` are the positions of the operands that it takes."""

    reference: FunctionRef
    passed: tuple[int, ...]
    captured: tuple[Variable, ...]


class Context(Protocol):
    """The compiler, as a lowering sees it."""

    def callee(self, function: Any, operands: Sequence[Operand], location: Location) -> Callee:
        """The function compiled for these operands; raises `CalleeNeedsStatic` for operands it must know."""
        ...

    def captured_type(self, variable: Variable) -> Type:
        """The type of a captured variable."""
        ...

    def guard(self, holder: Any, name: str, value: Any) -> None:
        """Record that the result depends on a static value outside the function."""
        ...


class CalleeNeedsStatic(Exception):
    """The callee must know the operand at `position` (and `path` in it) at compile time."""

    def __init__(self, position: int, path: tuple[object, ...], location: Location) -> None:
        super().__init__(position, path)
        self.position = position
        self.path = path
        self.location = location
