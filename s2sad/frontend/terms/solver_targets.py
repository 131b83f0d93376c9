"""Calls of solvers, and the rules of their results as targets of the compiler."""

from __future__ import annotations

import inspect
import types
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from keyword import iskeyword
from typing import Any

from s2sad.frontend.terms.terms import Term
from s2sad.ir.solver import Part, Solver, part_name, public_name, theorem_of
from s2sad.ir.types import Type
from s2sad.ir.values import Constant, Operand

ITSELF = "itself"
"""The name of an object of a library among what it was made of."""


class Own(int):
    """The number of an argument that the solver gives to a function."""


class Passed(int):
    """The number of a value that a call passes to its functions."""


@dataclass(frozen=True, eq=False)
class GivenFunction:
    """A function that a solver is given: a target of the compiler, and what it is called with.

    `places` say for each parameter of the target what it is: an argument that the solver gives it, one of the values
    of the call, or a constant.
    """

    target: Any
    name: str
    places: tuple[Own | Passed | Constant, ...]
    count: int
    """How many arguments the solver gives it."""


@dataclass(frozen=True)
class Named:
    """A function or an operand of a call, where it stands in a list, dict or object that is an argument."""

    name: str


@dataclass(frozen=True)
class Holding:
    """A list, tuple, dict or object of the library that holds functions; `keys` are its keys or its parameters.

    One function where there may be several is of the class of None.
    """

    cls: type
    keys: tuple[Any, ...]
    items: tuple[Named | Holding, ...]

    def names(self) -> Iterator[str]:
        """The names of all that it holds."""
        for item in self.items:
            if isinstance(item, Holding):
                yield from item.names()
            else:
                yield item.name

    def text(self, texts: Mapping[str, str]) -> str:
        """How it is written, with these texts for what has a name."""
        items = [i.text(texts) if isinstance(i, Holding) else texts[i.name] for i in self.items]
        if self.cls is dict:
            return f"{{{', '.join(f'{k!r}: {i}' for k, i in zip(self.keys, items, strict=True))}}}"
        if self.cls is type(None):
            return items[0]
        if self.cls is list:
            return f"[{', '.join(items)}]"
        if self.cls is tuple:
            return f"({', '.join(items)}{',' if len(items) == 1 else ''})"
        named = [f"{k}={i}" for k, i in zip(self.keys, items, strict=True)]
        return f"{public_name(self.cls)}({', '.join(named)})"


@dataclass(frozen=True, eq=False)
class SolverCall:
    """A call of a solver: its functions and arguments by the names of the solver's parameters.

    The operands of its results are the result itself, the arguments that `names` are of, and the `values` that its
    functions depend on.
    """

    row: Solver
    functions: Mapping[str, GivenFunction]
    names: tuple[str, ...]
    static: Mapping[str, Constant]
    values: tuple[str, ...]
    """Names for the values."""
    results: Mapping[str, Type]
    """The types of what the functions give."""
    holding: Mapping[str, Holding]
    """The arguments that hold functions, by the names of the parameters."""
    outside: Mapping[tuple[int, str | int], int]
    """Which of the values are variables from outside, by the keys of these."""
    closures: Mapping[str, tuple[Term, Mapping[str, Operand | Passed]]] = field(default_factory=dict)
    """The functions that the rules call as they are, and what they read around them."""
    defaults: Mapping[str, object] = field(default_factory=dict)
    """What the arguments are that are not given, where that is not None."""
    owner: type | None = None
    """Of a method the class of its object, which the rules know as `itself`."""
    written: frozenset[str] = frozenset()
    """The arguments that the user gives by name."""

    @property
    def among(self) -> tuple[str, ...]:
        """The operands that are among the params of the rules, besides the values."""
        inner = {n for p, found in self.holding.items() if p in self.row.among for n in found.names()}
        return tuple(n for n in self.names if n in self.row.among or n in inner)

    def moves_of(self, part: Part) -> tuple[str, ...]:
        """What a result moves with."""
        return (*map(part_name, part.moves), *self.row.moves, "params") if part.only is None else part.only

    def moved_by(self, part: Part) -> Iterator[bool]:
        """Whether a part of the result moves with each of the operands, as far as that is known of the solver."""
        moves = self.moves_of(part)
        yield from (name in moves or name not in self.row.moves for name in self.names)
        yield from ("params" in moves for _ in self.values)

    @property
    def label(self) -> str:
        """What the functions of its rules are called after: the solver, and the first function that it is given."""
        solver = self.row.name.rpartition(".")[2]
        return "_".join([solver, *[f.name for f in self.functions.values() if not iskeyword(f.name)][:1]])


@dataclass(frozen=True)
class SolverRule:
    """A rule of a result of a call: `moving` says which of its operands have a tangent, or are asked for.

    Of a result of several parts together `given` says which of them have a cotangent: `g` is the tuple of these.
    """

    call: SolverCall
    part: Part
    moving: tuple[bool, ...]
    reverse: bool
    given: tuple[bool, ...] = ()

    @property
    def rule(self) -> types.FunctionType:
        """Its text."""
        found = self.part.adjoint if self.reverse else self.part.tangent
        assert isinstance(found, types.FunctionType)
        return found

    def is_unread(self, name: str) -> bool:
        """Whether no rule of the result asks for something."""
        rules = [self.part.tangent, self.part.adjoint, *self.call.row.makes.values()]
        return not any(name in inspect.signature(rule).parameters for rule in rules if rule is not None)

    @property
    def doc(self) -> str:
        """What it gives, and the theorem: the first lines of its docstring, and of that of the module."""
        given = (inspect.getdoc(self.rule) or "").partition("\n")[0]
        lines = [text for text in (given, theorem_of(self.rule)) if text]
        return "\n\n    ".join([*lines[:1], *(f"{line}\n    " for line in lines[1:])])

    @property
    def __name__(self) -> str:
        return f"{self.call.label}_{'vjp' if self.reverse else 'jvp'}"

    @property
    def names(self) -> tuple[str, ...]:
        """The names of its parameters: the result, its cotangent or the tangents, and the operands."""
        if self.reverse:
            return ("ans", *self.operands, "g")
        moving = (f"{n}_dot" for n, m in zip(self.operands, self.moving, strict=True) if m)
        return ("ans", *self.operands, *moving)

    @property
    def operands(self) -> tuple[str, ...]:
        """The names of the operands: of what is read of other parts, the arguments and the values."""
        return (*map(part_name, self.part.reads), *self.call.names, *self.call.values)

    @property
    def moved(self) -> tuple[str, ...]:
        """The names of the arguments that move."""
        moving = dict(zip(self.operands, self.moving, strict=True))
        return tuple(n for n in self.call.names if moving[n])
