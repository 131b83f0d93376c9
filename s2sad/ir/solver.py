"""Solvers: functions of a library that are given functions, and what is known of their results. One row for each.

    x = brentq(residual, 0.0, 4.0)        a root of residual(x, a), whatever the bracket
    x_bar -> a_bar                        a rule: Python text over NumPy and the operators of s2sad

The call stays as the user wrote it. Its result has the derivative that a theorem gives: a rule is a function that is
compiled as the user's are, and may differentiate, and solve, itself. It takes what it asks for by the names of its
parameters:

    ans                     the result, or that part of it
    f                       the first function of the row: f(x, *params)
    jac, ...                the other functions, under the solver's names
    params                  the values that they depend on, and which are differentiated by
    params_dot              (tangent) the tangents of these
    g                       (adjoint) the cotangent of the result
    a, b, ...               further arguments of the solver; None where they are not given
    a_dot, b_dot, ...       (tangent) the tangents of those in `moves`; None where they have none

A tangent gives the tangent of the result; an adjoint a tuple: the cotangents of the `moves`, and then a tuple of those
of `params`.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, TypeAlias

from s2sad.ir.late import load_late_for
from s2sad.ir.types import Type
from s2sad.ir.user_rules import home_of

Rule: TypeAlias = Callable[..., Any]


@dataclass(frozen=True)
class Asked:
    """What a call of a solver gives: by the names of the parameters the types, and the constants among the arguments.

    `results` are the types of what its functions give; there are none yet where their own arguments are asked for.
    """

    types: Mapping[str, Type]
    static: Mapping[str, Any]
    counts: Mapping[str, int] = field(default_factory=dict)
    """How many arguments its functions take by position, as far as that is known."""
    held: frozenset[str] = frozenset()
    """Which arguments hold functions."""
    results: Mapping[str, Type] = field(default_factory=dict)

    def given(self, name: str) -> bool:
        """Whether there is such an argument, and it is not None."""
        return name in self.types and not (name in self.static and self.static[name] is None)


@dataclass(frozen=True, eq=False)
class Part:
    """A thing that a solver gives: of which type, and its derivative.

    Without rules it has none where `constant`; else a derivative that is asked for is refused.
    """

    type: Type
    tangent: Rule | None = None
    adjoint: Rule | None = None
    constant: bool = False
    reads: tuple[Any, ...] = ()
    """Of an object of several parts those before it that its rules ask for by name: whether it has converged."""
    moves: tuple[Any, ...] = ()
    """Those of them with which it moves: their cotangents come before all others."""
    known: Mapping[str, Any] = field(default_factory=dict)
    """What its rules know at compile time, by the names of their parameters."""


@dataclass(frozen=True, eq=False)
class Parts:
    """An object or a tuple of several such things, by their names or numbers."""

    cls: type
    parts: Mapping[Any, Part | Parts]


@dataclass(frozen=True, eq=False)
class Solver:
    """A row of the book of solvers.

    `functions` says for a parameter that is a function of which types its own arguments are; those in `passed` come
    behind them. The result moves with what the functions depend on, and with the arguments in `moves`; of those in
    `free` it does not depend: where to start, how exact to be.
    """

    function: Callable[..., object]
    name: str
    gives: Callable[[Asked], Part | Parts]
    functions: Mapping[str, Callable[[Asked], tuple[Type, ...]]]
    free: frozenset[str]
    moves: tuple[str, ...] = ()
    passed: str | None = "args"
    first: str = ""
    """An argument that is True where the functions give a tuple, and the first item is meant."""
    runs: tuple[str, ...] = ()
    """Of a solver of the user's: which of its arguments is called, and with which, for the result."""
    called: tuple[str, ...] = ()
    """Its arguments that are functions which the rules call as they are: they take functions themselves."""

    @property
    def main(self) -> str:
        """The function that it solves with: the first of its parameters that are functions."""
        return next(n for n in inspect.signature(self.function).parameters if n in self.functions)


_SOLVERS: dict[Callable[..., object], Solver] = {}


def solver(
    *found: Callable[..., object],
    functions: Mapping[str, Callable[[Asked], tuple[Type, ...]]],
    free: str = "",
    moves: str = "",
    passed: str | None = "args",
    first: str = "",
    runs: str = "",
    called: str = "",
) -> Callable[[Callable[[Asked], Part | Parts]], Callable[[Asked], Part | Parts]]:
    """Add a row: what is decorated says what a call gives."""

    def register(gives: Callable[[Asked], Part | Parts]) -> Callable[[Asked], Part | Parts]:
        for function in found:
            name = public_name(function)
            _SOLVERS[function] = Solver(
                function,
                name,
                gives,
                functions,
                frozenset(free.split()),
                tuple(moves.split()),
                passed,
                first,
                tuple(runs.split()),
                tuple(called.split()),
            )
        return gives

    return register


@dataclass(frozen=True, eq=False)
class Method:
    """What a method of an object gives; the rules know the arguments of the object, and those of the call as `at_x`."""

    gives: Callable[[Asked], Part | Parts]
    moves: tuple[str, ...]


_OBJECTS: dict[type, dict[str, Method]] = {}


def method_of_object(
    *classes: type, name: str = "__call__", moves: str
) -> Callable[[Callable[[Asked], Part | Parts]], Callable[[Asked], Part | Parts]]:
    """Add a row: a method of objects of the library, which are what they were made of."""

    def register(gives: Callable[[Asked], Part | Parts]) -> Callable[[Asked], Part | Parts]:
        for cls in classes:
            _OBJECTS.setdefault(cls, {})[name] = Method(gives, tuple(moves.split()))
        return gives

    return register


def methods_of(cls: Any) -> Mapping[str, Method] | None:
    """The methods of the objects of a class, by their names; None where it has no rows."""
    if not isinstance(cls, type):
        return None
    if cls not in _OBJECTS:
        load_late_for(cls)
    return _OBJECTS.get(cls)


_HOLDERS: set[type] = set()


def holds_only(*classes: type) -> None:
    """Have objects of these classes known as what they are made of: they hold it for a solver, and do no more."""
    _HOLDERS.update(classes)


def is_holder(thing: object) -> bool:
    """Whether something is such a class."""
    return isinstance(thing, type) and thing in _HOLDERS


def solver_of(function: Any) -> Solver | None:
    """The row of a function, None where it has none."""
    try:
        if function not in _SOLVERS:
            load_late_for(function)
        return _SOLVERS.get(function)
    except TypeError:  # it cannot be hashed
        return None


def solvers() -> list[Solver]:
    """All rows that have been read."""
    return list(_SOLVERS.values())


def public_name(function: Callable[..., object]) -> str:
    """The name of a function of SciPy where users find it: `scipy.optimize.brentq`."""
    return home_of(function)[1]
