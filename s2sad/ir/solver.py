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
    g                       (adjoint) the cotangent of the result; of several together a tuple, None for zeros
    a, b, ...               further arguments of the solver; None where they are not given
                            of those in `among` what moves is a function: bounds(*params)
    the names of `makes`    what a text of the row makes of all these
    a_dot, b_dot, ...       (tangent) the tangents of those in `moves`; None where they have none
    means                   a text that computes the result: means(*moved, *params)
    moved                   those in `moves` that move
    moved_dot               (tangent) the tangents of these
    a_moves, b_moves, ...   (adjoint) whether their cotangents are asked for

A tangent gives the tangent of the result; an adjoint a tuple: the cotangents of the `moves`, and last a tuple of those
of the `params`.
"""

from __future__ import annotations

import inspect
import types
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, TypeAlias

from s2sad.errors import UnsupportedCall
from s2sad.ir.late import load_late_for
from s2sad.ir.primitive import Primitive, register
from s2sad.ir.types import Type
from s2sad.ir.user_rules import home_of
from s2sad.ir.values import Apply, Call, Operation, given_functions

Rule: TypeAlias = Callable[..., Any]


@dataclass(frozen=True)
class Asked:
    """What a call of a solver gives: by the names of the parameters the types, and the constants among the arguments.

    `results` are the types of what its functions give; there are none yet where their own arguments are asked for.
    """

    types: Mapping[str, Type]
    static: Mapping[str, Any]
    names: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    """What its functions call the arguments that they take by position, as far as that is known."""
    held: frozenset[str] = frozenset()
    """Which arguments hold functions."""
    results: Mapping[str, Type] = field(default_factory=dict)
    name: str = "a solver"
    attributes: Mapping[str, Mapping[str, object]] = field(default_factory=dict)
    """Of functions of which there may be several those attributes that the solver heeds."""

    def given(self, name: str) -> bool:
        """Whether there is such an argument, and it is not None."""
        return name in self.types and not (name in self.static and self.static[name] is None)

    def known(self, name: str, default: Any = None) -> Any:
        """An argument that decides what is given, which must be known; the default where there is none.

        A container, which is none of the constants that decide, is its type.
        """
        if name not in self.static and name in self.types:
            if self.types[name].is_container:
                return self.types[name]
            raise UnsupportedCall(f"{name} of {self.name}, which is known at run time only", "pass a constant")
        return self.static.get(name, default)

    def is_constant(self, name: str, value: object) -> bool:
        """Whether an argument is known to be this."""
        return name in self.static and bool(self.static[name] == value)


@dataclass(frozen=True, eq=False, slots=True)
class CallOfRule(Primitive):
    """The call of a function of the module with some of the operands, which has rules of its own."""

    passed: tuple[int, ...] = ()


def as_call(op: Operation) -> Operation:
    """Such a call as one like all others: nothing more is differentiated."""
    if not (isinstance(op, Apply) and isinstance(op.primitive, CallOfRule)):
        return op
    (function,) = given_functions(op)
    return Call(function, tuple(op.operands[k] for k in op.primitive.passed), op.result, op.location, op.about)


@dataclass(frozen=True, eq=False)
class Part:
    """A thing that a solver gives: of which type, and its derivative.

    Without rules it has none where `constant`; else a derivative that is asked for is refused.
    """

    type: Type
    tangent: Rule | None = None
    adjoint: Rule | None = None
    constant: bool = False
    without: str = ""
    """Why it has no derivative, where that is refused."""
    reads: tuple[Any, ...] = ()
    """Of an object of several parts those before it that its rules ask for by name: whether it has converged.

    Those of a tuple are called `part_0`, ...
    """
    moves: tuple[Any, ...] = ()
    """Those of them with which it moves: their cotangents come before all others."""
    known: Mapping[str, Any] = field(default_factory=dict)
    """What its rules know at compile time, by the names of their parameters."""
    only: tuple[str, ...] | None = None
    """All that it moves with, "params" among it, where that is not all that the call moves with."""
    apart: bool = False
    """Whether its rules read nothing of what the call moves with and it does not."""
    refused: tuple[str, str] = ("", "")
    """Why it has no derivative, and what to do instead."""
    read: str = ""
    """How it is read of its object, where that is not by its name: `get_coeffs()`."""
    solves: bool | Callable[[Sequence[Type]], bool] = False
    """Whether its adjoint solves by itself, with what cannot be differentiated; it is linear in the cotangent, the
    transpose of the tangent, and has the derivatives that follow from this. It may depend on the types of `params`."""
    several: bool = False
    """Whether it is a tuple of several things: its adjoint takes None for a cotangent that is zero."""
    means: Callable[..., Any] | None = None
    """A rule that gives the result itself, where its derivatives are those of this text (`solvers.types.like`)."""
    called: Callable[[Type], Part] | None = None
    """Of a function of one argument: what it gives, from the type of that; it is `at` for the rules of this."""


def theorem_of(rule: Rule) -> str | None:
    """The theorem that a rule follows: the first line of the docstring of its module."""
    return (inspect.getdoc(inspect.getmodule(rule)) or "").partition("\n")[0] or None


def source_of(rule: Rule) -> str | None:
    """The works that it is from, which its module names."""
    return getattr(inspect.getmodule(rule), "SOURCE", None)


def part_name(key: object) -> str:
    """What the rules call a part that they read, by its name or its number in a tuple."""
    return f"part_{key}" if isinstance(key, int) else str(key)


@dataclass(frozen=True, eq=False)
class Parts:
    """An object or a tuple of several such things, by their names or numbers."""

    cls: type
    parts: Mapping[Any, Part | Parts]
    known: Mapping[str, Any] = field(default_factory=dict)
    """What is known of an object at compile time, by the names of its attributes."""
    joint: Part | None = None
    """Several parts together, as one that is a tuple of them."""
    joined: tuple[tuple[Any, ...], ...] = ()
    """Where these are: for each the names or numbers that lead to it."""


@dataclass(frozen=True, eq=False)
class Solver:
    """A row of the book of solvers.

    `functions` says for a parameter that is a function of which types its own arguments are; those in `passed` come
    behind them. Of functions within containers `constraints.hess` says those of this name. The result moves with what
    the functions depend on, and with the arguments in `moves`; of those in `free` it does not depend: where to start,
    how exact to be.
    """

    function: Callable[..., object]
    name: str
    gives: Callable[[Asked], Part | Parts]
    functions: Mapping[str, Callable[[Asked], tuple[Type, ...]]]
    free: frozenset[str]
    moves: tuple[str, ...] = ()
    passed: str | None = "args"
    among: frozenset[str] = frozenset()
    """Arguments whose numbers are among the `params`, or that hold such: where an end of a bound is."""
    without: str = ""
    """Why nothing that it gives has a derivative."""
    first: str = ""
    """An argument that is True where the function gives a tuple whose first item is meant; or the function itself."""
    runs: tuple[str, ...] = ()
    """Of a solver of the user's: which of its arguments is called, and with which, for the result.

    The type of that is `ans` among what is asked."""
    called: tuple[str, ...] = ()
    """Its arguments that are functions which the rules call as they are: they take functions themselves."""
    pairs: frozenset[str] = frozenset()
    """Arguments that are two numbers, in a tuple, list or array."""
    dropped: frozenset[str] = frozenset()
    """Arguments that change nothing but the speed, and are left out."""
    several: frozenset[str] = frozenset()
    """Functions of which there may be a list, with what is passed behind them too; its rules take a tuple of them."""
    alone: frozenset[str] = frozenset()
    """Functions that it gives nothing but their own arguments."""
    tuples: frozenset[str] = frozenset()
    """Arguments of which a tuple of numbers is no array."""
    heeded: tuple[str, ...] = ()
    """Attributes of functions that it heeds, where there may be several."""
    by_name: frozenset[str] = frozenset()
    """Arguments that are classes of the library's, or the names of these."""
    named: str = ""
    """The argument whose items are passed to the functions by their names."""
    instead: str = ""
    """Of one that is refused: what to call instead."""
    makes: Mapping[str, Rule] = field(default_factory=dict)
    """What its rules ask for by further names: each is a text, which asks as they do."""

    def is_one_of_several(self, name: str) -> bool:
        """Whether a function stands in a list of them."""
        return name.rpartition("_")[0] in self.several

    def is_bound(self, name: str) -> bool:
        """Whether a function is given with the values bound to it, which the solver does not pass."""
        return (
            self.passed is None
            or name in self.alone
            or (name not in self.functions and not self.is_one_of_several(name))
        )

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
    among: str = "",
    without: str = "",
    first: str = "",
    runs: str = "",
    called: str = "",
    pairs: str = "",
    dropped: str = "",
    several: str = "",
    alone: str = "",
    tuples: str = "",
    heeded: str = "",
    by_name: str = "",
    named: str = "",
    makes: Mapping[str, Rule] | None = None,
) -> Callable[[Callable[[Asked], Part | Parts]], Callable[[Asked], Part | Parts]]:
    """Add a row: what is decorated says what a call gives."""

    def register(gives: Callable[[Asked], Part | Parts]) -> Callable[[Asked], Part | Parts]:
        for function in found:
            _SOLVERS[function] = Solver(
                function,
                public_name(function),
                gives,
                functions,
                frozenset(free.split()),
                tuple(moves.split()),
                passed,
                frozenset(among.split()),
                without,
                first,
                runs=tuple(runs.split()),
                called=tuple(called.split()),
                pairs=frozenset(pairs.split()),
                dropped=frozenset(dropped.split()),
                several=frozenset(several.split()),
                alone=frozenset(alone.split()),
                tuples=frozenset(tuples.split()),
                heeded=tuple(heeded.split()),
                by_name=frozenset(by_name.split()),
                named=named,
                makes=makes or {},
            )
        return gives

    return register


def refused(*found: Callable[..., object], instead: str) -> None:
    """Add rows of what has no derivative: with what to call instead."""
    for function in found:
        nothing = Solver(function, public_name(function), lambda asked: Parts(tuple, {}), {}, frozenset())
        _SOLVERS[function] = replace(nothing, instead=instead)


@dataclass(frozen=True, eq=False)
class Method:
    """What a method of an object gives.

    The rules know the object as `itself`, what it was made of, and the arguments of the call as `at_x`.
    """

    gives: Callable[[Asked], Part | Parts]
    moves: tuple[str, ...]
    tuples: frozenset[str] = frozenset()
    """Arguments of which a tuple of numbers is no array."""


_OBJECTS: dict[type, dict[str, Method]] = {}


def method_of_object(
    *classes: type, name: str = "__call__", moves: str, tuples: str = ""
) -> Callable[[Callable[[Asked], Part | Parts]], Callable[[Asked], Part | Parts]]:
    """Add a row: a method of objects of the library, which are what they were made of."""

    def register(gives: Callable[[Asked], Part | Parts]) -> Callable[[Asked], Part | Parts]:
        for cls in classes:
            _OBJECTS.setdefault(cls, {})[name] = Method(gives, tuple(moves.split()), frozenset(tuples.split()))
        return gives

    return register


def methods_of(cls: Any) -> Mapping[str, Method] | None:
    """The methods of the objects of a class, by their names; None where it has no rows."""
    if not isinstance(cls, type):
        return None
    if cls not in _OBJECTS:
        load_late_for(cls)
    return _OBJECTS.get(cls)


Attributes: TypeAlias = Mapping[str, "str | Callable[[Any], object]"]
_OUTSIDE: dict[type, Attributes] = {}


def made_outside(*classes: type, **attributes: str | Callable[[Any], object]) -> None:
    """Have objects of these classes that are made outside the function known by what they were made of.

    This is an attribute, a method without arguments (`get_knots()`), or what a function finds, which is constant.
    """
    _OUTSIDE.update(dict.fromkeys(classes, attributes))


def attributes_of(cls: type) -> Attributes | None:
    """The attributes of objects of a class that are made outside, by what was given; None where it is not known."""
    return None if methods_of(cls) is None else _OUTSIDE.get(cls)


def is_rule_text(f: object) -> bool:
    """Whether something is a function that rules of solvers call, and that is read in its place."""
    return isinstance(f, types.FunctionType) and (f.__module__ or "").startswith("s2sad.solvers.")


_HOLDERS: dict[type, inspect.Signature | None] = {}


def holds_only(*classes: type, like: Callable[..., object] | None = None) -> None:
    """Have objects of these classes known as what they are made of: they hold it for a solver, and do no more.

    They are made with the arguments of `like`, and of those hold what is given, where the class does not say so.
    """
    _HOLDERS.update(dict.fromkeys(classes, None if like is None else inspect.signature(like)))


def holder_signature(cls: type) -> inspect.Signature | None:
    """How such an object is made, where its class does not say it."""
    return _HOLDERS.get(cls)


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


# functions that solvers give


def evaluated(function: Any, at: Any, like: Any) -> Any:
    """What a function gives that a solver gave; it is of the type of `like`, and has no derivative here."""
    return function(at)


register(Primitive("evaluated", evaluated, lambda f, at, like, /: like, constant=True, spelling="_0(_1)"))

CALLED = register(
    Primitive(
        "called",
        lambda f, at, type: f(at),
        lambda f, at, /, type: type,
        constant=True,
        spelling=lambda *_, type: "_0(_1)",
    )
)
"""The call of such a function, of whose results the type is known."""
