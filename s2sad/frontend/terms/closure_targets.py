"""Closures as functions of their own: what they read around them, and their derivatives, as targets of the compiler."""

from __future__ import annotations

import types
from collections.abc import Collection
from dataclasses import dataclass

from s2sad.frontend.terms.frames import Code, Frame
from s2sad.frontend.terms.outlines import Outline
from s2sad.frontend.terms.terms import Closure, Derived, Linear, Term
from s2sad.frontend.terms.transformations import Derivable, Transformation
from s2sad.ir.marks import Differentiated, mark


class Around:
    """The variables that a closure reads, by itself and through the closures that it calls: each in its own frame.

    Compiled by itself, a closure finds them in frames that stand for these: `frames[k]` has the number -1 - k.
    """

    def __init__(self, frame: Frame) -> None:
        self.frames: list[Frame] = []
        self.read: set[str] = set()
        self.values: dict[str, tuple[int, str]] = {}
        """By the names of the parameters that hold them."""
        self.functions: dict[tuple[int, str], tuple[Closure, int]] = {}
        self.linear: dict[tuple[int, str], Linear] = {}
        """The pullbacks and pushforwards among the values: a tuple of their operands is passed for each."""
        self.given: list[tuple[int | None, str, Outline]] = []
        """What is taken apart, as a `LiftedTarget` has it."""
        self.leaves: tuple[str, ...] = ()
        """The parameters that hold the values in that."""
        self.index(frame)

    def index(self, frame: Frame) -> int:
        """The number of a frame, and of those around it in the text."""
        if frame not in self.frames:
            self.frames.append(frame)
            if frame.parent is not None:
                self.index(frame.parent)
        return self.frames.index(frame)

    def has(self, frame: Frame, name: str) -> bool:
        place = (self.index(frame), name)
        return place in self.functions or place in self.values.values()

    def add_function(self, frame: Frame, name: str, closure: Closure) -> None:
        self.functions[self.index(frame), name] = closure, self.index(closure.frame)

    def add_value(self, frame: Frame, name: str, taken: Collection[str]) -> tuple[int, str]:
        parameter, count = name, 1
        while parameter in taken or parameter in self.values:
            count += 1
            parameter = f"{name}_{count}"
        place = self.values[parameter] = self.index(frame), name
        return place

    def mirrors(self) -> list[Frame]:
        """The frames that stand for those of the caller."""
        made: dict[Frame, Frame] = {}

        def mirror(f: Frame) -> Frame:
            if f not in made:
                parent = None if f.parent is None else mirror(f.parent)
                number, local = -1 - self.frames.index(f), f.local & self.read
                made[f] = Frame(f.source, f.function, f.tree, number, parent, local, {}, reads=f.reads)
            return made[f]

        return list(map(mirror, self.frames))

    def identity(self) -> object:
        functions = tuple((*place, id(c.node), k) for place, (c, k) in self.functions.items())
        linear = tuple((*place, t.target, t.count, t.kept) for place, t in self.linear.items())
        return tuple(self.values.items()), functions, linear, tuple(self.given)


@dataclass(frozen=True, eq=False)
class ClosureTarget:
    """A closure to be compiled by itself: `names` are its parameters, and then the variables that it closes over."""

    closure: Closure
    code: Code
    names: tuple[str, ...]
    around: Around

    @property
    def __name__(self) -> str:
        return self.closure.name

    def identity(self) -> object:
        return id(self.closure.node), self.names, self.around.identity()

    def __eq__(self, other: object) -> bool:
        return isinstance(other, ClosureTarget) and self.identity() == other.identity()

    def __hash__(self) -> int:
        return hash(self.identity())


@dataclass(frozen=True, eq=False)
class LiftedTarget:
    """A method or closure to be compiled by itself, apart from the objects and variables that it reads.

    `names` are its parameters: the values in what it is given. `given` are the outlines of its own parameters, and of
    the variables that a closure reads around it: by the number of the frame, None for its own, and the name there.
    """

    target: types.FunctionType | ClosureTarget
    name: str
    names: tuple[str, ...]
    given: tuple[tuple[int | None, str, Outline], ...]

    @property
    def __name__(self) -> str:
        return self.name

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, LiftedTarget):
            return False
        return (self.target, self.names, self.given) == (other.target, other.names, other.given)

    def __hash__(self) -> int:
        return hash((self.target, self.names, self.given))


@dataclass(frozen=True, eq=False)
class Lifted:
    """A method or closure as a function of its own, with what it is called with."""

    target: LiftedTarget
    terms: list[Term]
    given: list[Term]
    """Its arguments, as they are without it."""
    variables: dict[str, Term]
    """What a closure reads around it, by the keys of the variables."""


def base_function(function: Term) -> Term:
    """The function at the bottom of a derivative of a derivative."""
    return base_function(function.function) if isinstance(function, Derived) else function


def transforms(function: Term) -> list[Transformation]:
    """The transformations of a function, the innermost first."""
    return [*transforms(function.function), function.transform] if isinstance(function, Derived) else []


@dataclass(frozen=True)
class DerivedTarget:
    """The derivative of a function made inside, as a target of the compiler."""

    target: Derivable
    transform: Transformation

    @property
    def __name__(self) -> str:
        return f"{self.target.__name__}_{self.transform.label or self.transform.kind}"


mark(DerivedTarget, Differentiated())
