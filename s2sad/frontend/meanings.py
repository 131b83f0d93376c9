"""What the functions, methods, subscripts and keywords mean that the library knows: one table, one look-up.

    @meaning(itertools.accumulate)      itertools.accumulate(xs, f)
    @meaning_in("tqdm")                 tqdm.tqdm(xs), and its other classes
    @method(list, "append")             xs.append(x)
    @method(np.ndarray)                 x.sum(), and every other method of arrays
    @subscript(np.mgrid)                np.mgrid[0:n, 0:m]
    @keyword("order")                   np.ravel(x, order="F"), of any function with a rule

A meaning takes the lowering and the terms of the call, and gives the term of its result, or None where it has nothing
to say of this call. A function has one meaning, or a definition; where it has a rule as well, its meaning says so: it
is asked first, and leaves to the rule what is a value of run time.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Generic, TypeAlias, TypeVar

import gast

from s2sad.frontend.lowering import Lowering
from s2sad.frontend.terms.terms import Term
from s2sad.ir.definition import has_rule
from s2sad.ir.late import LATE, load_late_for
from s2sad.ir.primitive import Primitive


@dataclass(frozen=True, slots=True)
class MethodCall:
    """A call of a method. `contents` is what the receiver holds: a list or dict of terms, an operand, a Record."""

    name: str
    receiver: Term
    contents: Any
    arguments: list[Term]
    keywords: dict[str, Term]
    node: gast.AST
    hint: str | None


@dataclass(frozen=True, slots=True)
class Rewritten:
    """A call without one of its keywords: the arguments instead, and what is done to the result."""

    arguments: list[Term]
    after: Callable[[Term], Term] | None = None


Meaning: TypeAlias = Callable[[Lowering, list[Term], dict[str, Term], gast.AST], "Term | None"]
MeaningOfMethod: TypeAlias = Callable[[Lowering, MethodCall], "Term | None"]
MeaningOfSubscript: TypeAlias = Callable[[Lowering, Term, gast.AST], Term]
MeaningOfKeyword: TypeAlias = Callable[[Lowering, Primitive, list[Term], dict[str, Term], gast.AST], "Rewritten | None"]


M = TypeVar("M")
Function = TypeVar("Function", bound=Meaning)
OfMethod = TypeVar("OfMethod", bound=MeaningOfMethod)
OfSubscript = TypeVar("OfSubscript", bound=MeaningOfSubscript)
OfKeyword = TypeVar("OfKeyword", bound=MeaningOfKeyword)


class _Table(Generic[M]):
    """Meanings by what they are of.

    Keys are compared by equality, as `np.add.at` is another object whenever it is read; what equals a key without
    being of its class is an object of the user's that says so of itself, and has no meaning.
    """

    def __init__(self) -> None:
        self.entries: dict[object, tuple[object, M]] = {}

    def add(self, key: object, rule: M) -> None:
        if key in self.entries:
            raise ValueError(f"{key!r} has a meaning already")
        self.entries[key] = (key, rule)

    def find(self, key: object) -> M | None:
        try:
            known = self.entries.get(key)
        except TypeError:  # it cannot be hashed
            return None
        return known[1] if known is not None and type(known[0]) is type(key) else None


_FUNCTIONS: _Table[Meaning] = _Table()
_METHODS: _Table[MeaningOfMethod] = _Table()
_SUBSCRIPTS: _Table[MeaningOfSubscript] = _Table()
_KEYWORDS: _Table[MeaningOfKeyword] = _Table()
_PURE: _Table[object] = _Table()
_PACKAGES: _Table[Meaning] = _Table()


def meaning(*functions: object, before_rule: bool = False) -> Callable[[Function], Function]:
    """Give functions their meaning. With `before_rule` they have a rule too, which holds where the meaning is None.

    Raises ValueError where one of them has a meaning, or a rule or definition without that it is said.
    """

    def register(rule: Function) -> Function:
        for function in functions:
            if has_rule(function) is not before_rule:
                raise ValueError(f"{function!r} has {'no' if before_rule else 'a'} rule or definition")
            _FUNCTIONS.add(function, rule)
        return rule

    return register


def meaning_in(package: str) -> Callable[[Function], Function]:
    """Give the classes of a package their meaning, as they are called: of one that is not imported here."""

    def register(rule: Function) -> Function:
        _PACKAGES.add(package, rule)
        return rule

    return register


def method(cls: type, *names: str) -> Callable[[OfMethod], OfMethod]:
    """Give methods of a class their meaning; without names, all that have none of their own.

    Those of a tuple are those of a list.
    """

    def register(rule: OfMethod) -> OfMethod:
        for name in names or (None,):
            _METHODS.add((cls, name), rule)
        return rule

    return register


def subscript(*objects: object) -> Callable[[OfSubscript], OfSubscript]:
    """Give what `object[index]` means for an object that is no container."""

    def register(rule: OfSubscript) -> OfSubscript:
        for one in objects:
            _SUBSCRIPTS.add(one, rule)
        return rule

    return register


def keyword(*names: str) -> Callable[[OfKeyword], OfKeyword]:
    """Give what an argument means that the rule of a function does not know; keywords are asked in this order."""

    def register(rule: OfKeyword) -> OfKeyword:
        for name in names:
            _KEYWORDS.add(name, rule)
        return rule

    return register


def pure(*functions: object) -> None:
    """Let functions without effect be called at compile time, where all their arguments are known."""
    for function in functions:
        _PURE.add(function, function)


def meaning_of(function: object) -> Meaning | None:
    """The meaning of a function, None where it has none."""
    found = _FUNCTIONS.find(function)
    if found is None and LATE:
        load_late_for(function)
        found = _FUNCTIONS.find(function)
    if found is None and isinstance(function, type):
        return _PACKAGES.find(function.__module__.partition(".")[0])
    return found


def method_of(cls: type, name: str) -> MeaningOfMethod | None:
    """The meaning of a method, None where it has none."""
    return _METHODS.find((cls, name)) or _METHODS.find((cls, None))


def subscript_of(thing: object) -> MeaningOfSubscript | None:
    """What an index of an object means, None where the object has no such meaning."""
    return _SUBSCRIPTS.find(thing)


def keywords_known() -> list[tuple[str, MeaningOfKeyword]]:
    """The keywords that have a meaning for every function, in the order in which they are asked."""
    return [(str(name), rule) for name, rule in _KEYWORDS.entries.values()]


def is_pure(function: object) -> bool:
    """Whether a function may be called at compile time."""
    return _PURE.find(function) is not None
