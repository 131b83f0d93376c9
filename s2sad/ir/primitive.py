"""The form of a rule, and the table of all rules.

A `Primitive` is data about a function: its type rule, its tangent and adjoint, its effect, how it is spelled, points to
test it at. What may be differentiated are the positional-only parameters of its type rule (the operands); all others
are static and must be known at compile time. Rules are ordinary NumPy expressions: called with IR expressions they
append operations, called with arrays they compute.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import Enum
from typing import Any, TypeAlias, TypedDict, TypeVar

import numpy as np

from s2sad.errors import UnsupportedType
from s2sad.ir.doubt import result_in_doubt
from s2sad.ir.late import LATE, load_late_for
from s2sad.ir.types import Type

T = TypeVar("T")

Quantity: TypeAlias = Any
"""What a rule computes with: expressions (`ir.builder.Expr`), or the numbers and arrays in their place."""

Static: TypeAlias = Mapping[str, object]
"""What a call gives that is known at compile time, by the names of the parameters."""

Rule: TypeAlias = Callable[..., Quantity]


class NotByRule(UnsupportedType):
    """A call that the rule of its function does not cover: the function may be defined by others for it."""


class Effect(Enum):
    """What a primitive does besides its result."""

    FRESH = "fresh"
    """Nothing: the result is new memory."""
    VIEW = "view"
    """Nothing, but the result may share memory with an operand."""
    IO = "io"
    """It prints, asserts, raises, or stores outside the function: it is neither dropped nor moved."""


class Algebra(Enum):
    """What a primitive is in the algebra of numbers: identities and comments speak of it."""

    SUM = "sum"
    DIFFERENCE = "difference"
    PRODUCT = "product"
    QUOTIENT = "quotient"
    NEGATIVE = "negative"


class Layout(Enum):
    """How an array lies that has the elements of the operand, and no others."""

    AXES = "axes"
    """Its axes are in another order: always a view."""
    ONES = "ones"
    """There are axes of length 1 more or less: always a view, its elements in their order."""
    SHAPE = "shape"
    """Its elements are in their order under another shape: a view where the memory allows it."""


class View(Enum):
    """When a function gives a view of its first operand, an array that may be written into: through it, then."""

    ALWAYS = "always"
    BY_LAYOUT = "by layout"
    """Where the memory of the operand allows it, as it does where it lies row by row: `np.reshape`."""
    BY_TYPE = "by type"
    """Where the operand has the type asked for already: `np.asarray`."""


@dataclass(frozen=True, slots=True)
class Sample:
    """A point at which a rule is tested: `function(*arguments, **keywords)`."""

    arguments: tuple[Quantity, ...]
    keywords: Mapping[str, object] = field(default_factory=dict)


Samples: TypeAlias = "Callable[[np.random.Generator], Iterable[Sample]]"


@dataclass(frozen=True, eq=False, slots=True)
class Primitive:
    """One function of the language of derivatives.

    type_rule(*operand_types, **static) -> Type
    tangent(y, operands, dots, **static) -> y_dot; `dots` has None for an operand without tangent
    adjoint(g, y, operands, active, **static) -> one contribution per operand, None where `active` is False

    Without tangent and adjoint its derivative is zero where `constant`, else unknown (an error). `spelling` is a Python
    expression over the operands `_0, _1, ...`, or a function from their types and the static arguments to one, where it
    is not a call of `name`. `update` is the statement which does the same in the memory of `_0`. The source of a
    `helper` is written into the modules that call it.
    """

    name: str
    function: Callable[..., Quantity]
    type_rule: Callable[..., Type]
    tangent: Rule | None = None
    adjoint: Rule | None = None
    constant: bool = False
    effect: Effect = Effect.FRESH
    elementwise: bool = False
    spelling: str | Callable[..., str | None] | None = None
    update: str | Callable[..., str] | None = None
    helper: bool = False
    samples: Samples | None = None
    of_complex: Primitive | None = None
    """What stands for it where an operand is complex, if that is differentiated in another way."""
    definition: Rule | None = None
    """What it computes in terms of others, where it has no rules of its own (see `ir.definition`)."""
    copies: Callable[..., bool] | None = None
    """From the types of the operands: whether a function that gives views makes new memory of them."""
    fits: Callable[..., bool] | None = None
    """From the types of the operands and the static arguments: whether the shapes fit for sure; else it may raise."""
    half_square: Rule | None = None
    """The tangent of half the square, of what has no derivative where it is 0, and a square that has one; it may give
    None, where it is no such thing."""
    algebra: Algebra | None = None
    layout: Layout | None = None
    view: View | None = None
    flips: bool = False
    """Whether it turns axes around, and does no more: done twice it is undone."""
    row_by_row: bool = False
    """Whether the array that it makes is known to lie row by row: a reshape of it is a view."""
    contracts: bool = False
    """Whether it sums over the last axis of its first operand and the last but one of its second, as `@` does."""
    diagonalised: Callable[..., bool] | None = None
    """Of what gives the eigenvalues and eigenvectors of a symmetric matrix: from the static arguments to whether it
    reads the lower triangle."""
    stores: bool = False
    """Whether it is its first operand with the third one stored, or added, at the index that the second is."""
    holds: bool = False
    """Whether it gives a list that holds the items of its operands, or the operands as items."""
    measures: bool = False
    """Whether it asks its operand for no more than the shape."""
    zeros: bool = False
    """Whether its result is an array of zeros."""
    blank: bool = False
    """Whether it makes an array without reading the elements of any."""
    written: bool = False
    """Whether its result is memory that is about to be written: two calls are not one, which would cost a copy."""
    ends: bool = False
    """Whether for some real numbers it, or its slope, is infinite or no number: it has an end, or a pole."""
    light: bool = False
    """Whether it costs next to nothing for a number: the reverse sweep does it again rather than keep its result."""
    once: bool = False
    """Whether it is an effect of the primal that is not repeated where a block is run again for a derivative."""
    adds_up: bool = False
    """Whether it adds up elements of its first operand: of zeros it gives zeros."""
    compares: bool = False
    """Whether it says which of two numbers is more, or whether they are equal."""
    draws: bool = False
    """Whether it draws random numbers, or makes what does: it is never done again."""
    transparent: bool = False
    """Whether it is its first operand itself, but for the derivative."""
    fold: Callable[..., object] | None = None
    """Python's function that gives the result where all operands are known numbers."""
    source: str | None = None
    """The book or paper that its rules are from; None where they are elementary."""
    theorem: str | None = None
    """What its rules are in words, where they are no expressions of what it is given."""
    called_as: str | None = None
    """What its result is called in a name of the trace, where that is not the last part of its name."""
    statement: Callable[..., str] | None = None
    """For an effect that is no expression: the statement over `_0, _1, ...`, from its static arguments."""
    batched: Rule | None = None
    """How it is computed for many examples at once: a rule as in `ir.batch_rule`."""
    on_numbers: Rule | None = None
    """What it computes of numbers, in terms of others, for machines, which know those alone; None where it does not say
    so for these numbers."""
    signature: inspect.Signature = field(init=False)
    called: inspect.Signature = field(init=False)
    """The signature for users: they may name the operands too."""
    arity: int = field(init=False)
    """The number of operands where there is nothing else; -1 otherwise."""
    leading: tuple[str, ...] = field(init=False)
    """Static parameters that come before `*operands`: the subscripts of einsum."""

    def __post_init__(self) -> None:
        signature = inspect.signature(self.type_rule)
        parameters = signature.parameters.values()
        # most rules take operands alone: `bind` counts them and needs no signature
        simple = all(p.kind is p.POSITIONAL_ONLY and p.default is p.empty for p in parameters)
        object.__setattr__(self, "signature", signature)
        variadic = any(p.kind is p.VAR_POSITIONAL for p in parameters)
        leading = [p.name for p in parameters if p.kind is p.POSITIONAL_OR_KEYWORD and p.default is p.empty]
        object.__setattr__(self, "leading", tuple(leading) if variadic else ())
        named = [p.replace(kind=p.POSITIONAL_OR_KEYWORD) if p.kind is p.POSITIONAL_ONLY else p for p in parameters]
        static = [p.name for p in parameters if p.kind is p.POSITIONAL_OR_KEYWORD]
        if static and not leading:
            named = _by_keyword(named, self.function, static)
        object.__setattr__(self, "called", signature.replace(parameters=named))
        object.__setattr__(self, "arity", len(parameters) if simple else -1)

    @property
    def noun(self) -> str:
        """What its result is, in a word: `exp`, `sum`, `prod`."""
        return self.called_as or self.name.rpartition(".")[2].split()[0]

    @property
    def is_additive(self) -> bool:
        """Whether it is a sum or a difference."""
        return self.algebra is Algebra.SUM or self.algebra is Algebra.DIFFERENCE

    @property
    def is_multiplicative(self) -> bool:
        """Whether it is a product or a quotient."""
        return self.algebra is Algebra.PRODUCT or self.algebra is Algebra.QUOTIENT

    @property
    def keeps_order(self) -> bool:
        """Whether its result has the elements of the operand in their order, under another shape."""
        return self.layout is Layout.SHAPE or self.layout is Layout.ONES

    @property
    def turns_axes(self) -> bool:
        """Whether it only names the axes in another way: a view that costs nothing."""
        return self.layout is Layout.AXES or self.layout is Layout.ONES

    def effect_of(self, types: Sequence[Type]) -> Effect:
        """The effect of a call with operands of these types."""
        copies = self.effect is Effect.VIEW and self.copies is not None and self.copies(*types)
        return Effect.FRESH if copies else self.effect

    def __repr__(self) -> str:
        return self.name

    def result_type(self, types: Sequence[Type], static: Static) -> Type:
        """The type of the result; static parameters that come before `*operands` are passed first."""
        leading, trailing = [static[n] for n in self.leading], self.trailing(static)
        try:
            if any([t.in_doubt for t in types]):
                return result_in_doubt(
                    lambda sure: self.type_rule(*leading, *sure, **trailing), types, self.elementwise
                )
            return self.type_rule(*leading, *types, **trailing)
        except AssertionError as e:  # what the rule takes for granted of its operands
            raise TypeError(f"{self.name} of {', '.join(map(str, types))}") from e

    def run(self, operands: Sequence[object], static: Static) -> Quantity:
        """The function itself, called with numbers."""
        return self.function(*(static[n] for n in self.leading), *operands, **self.trailing(static))

    def trailing(self, static: Static) -> Static:
        return {k: v for k, v in static.items() if k not in self.leading} if self.leading else static

    def bind(self, arguments: Sequence[T], keywords: Mapping[str, T]) -> tuple[list[T], dict[str, T]]:
        """Sort the arguments of a call into operands and static keywords; defaults are left out.

        Raises TypeError as the call itself would.
        """
        if not keywords and len(arguments) == self.arity:
            return list(arguments), {}
        bound = self.called.bind(*arguments, **keywords)
        operands: list[T] = []
        static: dict[str, T] = {}
        for name, parameter in self.signature.parameters.items():
            if parameter.kind is parameter.VAR_POSITIONAL:
                operands.extend(bound.arguments.get(name, ()))
            elif name not in bound.arguments:
                continue
            elif parameter.kind is parameter.POSITIONAL_ONLY:
                operands.append(bound.arguments[name])
            # a default that is written out is left out again: two calls that mean one thing are equal
            elif not _is(bound.arguments[name], parameter.default):
                static[name] = bound.arguments[name]
        return operands, static


class Facts(TypedDict, total=False):
    """What a row of the book of rules says of its function besides the type and the derivative: see `Primitive`."""

    effect: Effect
    elementwise: bool
    spelling: str | Callable[..., str | None] | None
    helper: bool
    samples: Samples | None
    of_complex: Primitive | None
    copies: Callable[..., bool] | None
    fits: Callable[..., bool] | None
    half_square: Rule | None
    algebra: Algebra | None
    called_as: str | None
    layout: Layout | None
    view: View | None
    flips: bool
    row_by_row: bool
    contracts: bool
    diagonalised: Callable[..., bool] | None
    measures: bool
    zeros: bool
    blank: bool
    written: bool
    ends: bool
    light: bool
    adds_up: bool
    compares: bool
    fold: Callable[..., object] | None
    source: str | None
    batched: Rule | None
    on_numbers: Rule | None


def with_places(signature: inspect.Signature, function: Callable[..., object], after: int = 1) -> inspect.Signature:
    """A signature in which parameters that stand at another place in that of the function can be given by name only.

    The first ones are taken to be the function's, whatever they are called.
    """
    if isinstance(function, (np.ufunc, type)):
        return signature
    try:
        known = inspect.signature(function).parameters
    except (TypeError, ValueError):  # built in
        return signature
    if any(p.kind is p.VAR_POSITIONAL for p in known.values()):
        return signature
    own = list(known)
    found: list[inspect.Parameter] = []
    astray = False
    for k, p in enumerate(signature.parameters.values()):
        if p.kind is p.POSITIONAL_OR_KEYWORD and k >= after:
            # from the first that stands elsewhere on: those behind it have moved too
            astray = astray or k >= len(own) or own[k] != p.name
            p = p.replace(kind=p.KEYWORD_ONLY) if astray else p
        found.append(p)
    return signature.replace(parameters=found)


def _by_keyword(
    parameters: list[inspect.Parameter], function: Callable[..., object], static: Collection[str]
) -> list[inspect.Parameter]:
    """The parameters, those by keyword alone that the function itself has elsewhere: a rule need not know them all."""
    try:
        own = list(inspect.signature(function).parameters)
    except (TypeError, ValueError):  # it has no signature
        return parameters
    in_place = [p.name not in static or own[k : k + 1] == [p.name] for k, p in enumerate(parameters)]
    count = in_place.index(False) if False in in_place else len(parameters)
    return [p if k < count else p.replace(kind=p.KEYWORD_ONLY) for k, p in enumerate(parameters)]


def _is(a: object, b: object) -> bool:
    # == only for what is known to give a bool: of an array it gives an array; and True is not 1 here
    return a is b or (type(a) is type(b) and isinstance(a, (int, float, str, tuple)) and a == b)


PRIMITIVES: dict[str, Primitive] = {}
"""All primitives by name."""

_BY_FUNCTION: dict[object, Primitive] = {}


def register(primitive: Primitive, *aliases: Callable[..., object]) -> Primitive:
    """Add a primitive to the table, found by its function and by `aliases`; a form of another one is not found so."""
    if primitive.name in PRIMITIVES:
        raise ValueError(f"there is a rule for {primitive.name} already")
    functions = () if " of " in primitive.name else (primitive.function, *aliases)
    known = [_BY_FUNCTION[f].name for f in functions if f in _BY_FUNCTION]
    if known:
        raise ValueError(f"{primitive.name} has the function of {', '.join(known)}")
    PRIMITIVES[primitive.name] = primitive
    for function in functions:
        _BY_FUNCTION[function] = primitive
    return primitive


RULES_GIVEN = [0]
"""How often rules of the user's were given: what was found for a function before may be another one now."""


def give_rule(primitive: Primitive) -> None:
    """Add a rule of the user's, or put it in the place of the one of its name and of its function."""
    RULES_GIVEN[0] += 1
    if primitive.name not in PRIMITIVES:
        register(primitive)
        return
    PRIMITIVES[primitive.name] = primitive
    _BY_FUNCTION[primitive.function] = primitive


def lookup(function: object) -> Primitive | None:
    """The primitive of a function, None where there is none."""
    try:
        if function not in _BY_FUNCTION and LATE:
            load_late_for(function)
        return _BY_FUNCTION.get(function)
    except TypeError:
        return None


def required(function: object) -> Primitive:
    """The primitive of a function that has one."""
    found = lookup(function)
    assert found is not None, function
    return found


def primitive_name(function: Callable[..., object]) -> str:
    """How a function is called in the emitted text: `np.linalg.solve`, `math.sin`, `abs`, `scipy.special.erf`."""
    # an object that is called, as `scipy.special.sph_harm_y`, has no qualified name
    name = function.__name__ if isinstance(function, np.ufunc) else getattr(function, "__qualname__", function.__name__)
    module = ("numpy" if isinstance(function, np.ufunc) else function.__module__) or "builtins"
    if getattr(np, name, None) is not function and (module.startswith("scipy") or isinstance(function, np.ufunc)):
        public = module.split("._")[0] if module.startswith("scipy") else "scipy.special"
        return f"{public}.{name}"
    if module == "builtins":
        return name
    return f"{'np' + module[5:] if module.split('.')[0] == 'numpy' else module}.{name}"
