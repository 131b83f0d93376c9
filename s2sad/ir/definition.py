"""Functions that are defined by others: `np.ptp(x)` is `np.max(x) - np.min(x)`.

A call of such a function is one operation, and stays as the user wrote it where nothing is differentiated by it. Where
something is, or where it is computed for many examples, its definition stands in its place; so its derivatives, in both
modes and of any order, are those of its parts.

A definition has the signature of its function, default values included. Like a rule it is an expression of NumPy:
called with expressions it appends operations, called with numbers it computes, so that it can be compared with the
function.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TypeGuard, TypeVar

from s2sad.errors import UnsupportedType, located
from s2sad.ir.builder import Builder, defined
from s2sad.ir.late import LATE, load_late_for
from s2sad.ir.primitive import Effect, Primitive, Quantity, Rule, Samples, lookup, primitive_name, with_places
from s2sad.ir.printer import constant_text
from s2sad.ir.types import ArrayType, Type, leaves
from s2sad.ir.values import Apply, Operand, Operation, Value

T = TypeVar("T")

UNKNOWN = ArrayType(None, None, "any")


@dataclass(frozen=True, eq=False)
class Definition:
    """A function as an expression of others. `operands` are the parameters that may be known at run time only."""

    name: str
    function: Callable[..., object]
    expression: Rule
    operands: frozenset[str]
    samples: Samples
    effect: Effect = Effect.FRESH
    of_complex: bool = True
    """Whether it holds for complex numbers too."""
    lists: frozenset[str] = frozenset()
    """The operands that may be lists; a list of numbers for another one is an array."""
    signature: inspect.Signature = field(init=False)
    calls: dict[object, Primitive] = field(init=False, default_factory=dict)

    def __post_init__(self) -> None:
        object.__setattr__(self, "signature", with_places(inspect.signature(self.expression), self.function))

    def by_name(self, arguments: Sequence[T]) -> dict[str, T]:
        """The arguments that are at a place of the function, but have none in the definition, by their names."""
        kinds = [p.kind for p in self.signature.parameters.values()]
        count = sum(k is not inspect.Parameter.KEYWORD_ONLY for k in kinds)
        if inspect.Parameter.VAR_POSITIONAL in kinds or len(arguments) <= count:
            return {}
        own = list(inspect.signature(self.function).parameters)
        return dict(zip(own[count : len(arguments)], arguments[count:], strict=False))

    def meant(self, keywords: Mapping[str, object]) -> dict[str, object]:
        """The keywords without those that the definition does not know, and that have the value they have anyway."""
        unknown = keywords.keys() - self.signature.parameters.keys()
        if not unknown:
            return dict(keywords)
        try:
            own = inspect.signature(self.function).parameters
        except (TypeError, ValueError):  # built in
            return dict(keywords)
        return {k: v for k, v in keywords.items() if k not in unknown or k not in own or v is not own[k].default}

    def takes_operand(
        self, arguments: Sequence[object], keywords: Mapping[str, object]
    ) -> tuple[list[str | None], dict[str, str | None]]:
        """The operands by name that arguments of a call are, None for others; raises TypeError as the call would."""
        self.signature.bind(*arguments, **keywords)
        names: list[str] = []
        for p in self.signature.parameters.values():
            if p.kind is p.VAR_POSITIONAL:
                names += [p.name] * (len(arguments) - len(names))
            elif p.kind is not p.KEYWORD_ONLY:
                names.append(p.name)
        return [n if n in self.operands else None for n, _ in zip(names, arguments, strict=False)], {
            k: k if k in self.operands else None for k in keywords
        }

    def call(self, arguments: Sequence[object], keywords: Mapping[str, object]) -> tuple[Primitive, list[Operand]]:
        """A call as a primitive of its own: its operands are the `Given` ones, all else is part of it."""
        operands: list[Operand] = []

        def slot(x: object) -> object:
            if not isinstance(x, Given):
                return x
            operands.append(x.operand)
            return Slot(len(operands) - 1)

        positional = tuple(map(slot, arguments))
        named = {k: slot(v) for k, v in keywords.items()}
        texts = [_text(v) for v in positional] + [f"{k}={_text(v)}" for k, v in named.items()]
        spelling = f"{self.name}({', '.join(texts)})"
        # One primitive for each form of a call: passes tell primitives apart by identity.
        if spelling not in self.calls:
            self.calls[spelling] = self.primitive(spelling, positional, named)
        return self.calls[spelling], operands

    def primitive(self, spelling: str, arguments: tuple[object, ...], keywords: Mapping[str, object]) -> Primitive:
        def filled(function: Rule, xs: Sequence[object]) -> Quantity:
            def value(v: object) -> object:
                return xs[v.position] if isinstance(v, Slot) else v

            return function(*map(value, arguments), **{k: value(v) for k, v in keywords.items()})

        def type_rule(*types: Type) -> Type:
            found = [leaf for t in types for leaf in leaves(t)]
            if not self.of_complex and any(t.is_complex for t in found):
                raise UnsupportedType(f"{self.name} of complex numbers", "write it for the real and imaginary parts")
            builder = Builder()
            try:
                return builder.operand(filled(self.expression, [builder.expr(Value(t)) for t in types])).type
            except UnsupportedType:
                # Of an array without a known shape a rule may refuse what is well defined at run time.
                if any(leaf.is_numeric and leaf.shape is None for leaf in found):
                    return UNKNOWN
                raise

        return Primitive(
            self.name,
            lambda *xs: filled(self.function, xs),
            type_rule,
            effect=self.effect,
            spelling=spelling,
            definition=lambda *xs: filled(self.expression, xs),
        )


@dataclass(frozen=True)
class Given:
    """An argument of a call that is an operand."""

    operand: Operand


@dataclass(frozen=True)
class Slot:
    """The place of an operand in a call."""

    position: int


def _text(v: object) -> str:
    return f"_{v.position}" if isinstance(v, Slot) else constant_text(v)


DEFINITIONS: dict[str, Definition] = {}
"""All definitions by name."""

_BY_FUNCTION: dict[object, Definition] = {}


def define(
    function: Callable[..., object],
    expression: Callable[..., object],
    samples: Samples,
    operands: str | Collection[str] = (),
    view: bool = False,
    name: str | None = None,
    lists: str = "",
    of_complex: bool = True,
    first_known: bool = False,
) -> Definition:
    """Add a definition to the table. The first parameter is an operand, and those that `operands` names.

    With `first_known` the first one is none: it must be known.

    With `view` what the function gives may share memory with an operand. `lists` are operands that may be lists.
    Without `of_complex` it is of real numbers only.
    """
    first = () if first_known else tuple(inspect.signature(expression).parameters)[:1]
    found = Definition(
        name or primitive_name(function),
        function,
        expression,
        frozenset((*first, *(operands.split() if isinstance(operands, str) else operands))),
        samples,
        Effect.VIEW if view else Effect.FRESH,
        of_complex,
        frozenset(lists.split()),
    )
    if found.name in DEFINITIONS:
        raise ValueError(f"there is a definition of {found.name} already")
    DEFINITIONS[found.name] = _BY_FUNCTION[function] = found
    return found


def definition_of(function: object) -> Definition | None:
    """The definition of a function, None where there is none."""
    try:
        # Some definitions are entered when a function of their library is first met: importing it is dear.
        if function not in _BY_FUNCTION and LATE:
            load_late_for(function)
        return _BY_FUNCTION.get(function)
    except TypeError:
        return None


def has_rule(function: object) -> bool:
    """Whether there is a rule for a function, or a definition."""
    return lookup(function) is not None or definition_of(function) is not None


def is_defined(op: Operation) -> TypeGuard[Apply]:
    """Whether an operation is a call that has a definition."""
    return isinstance(op, Apply) and op.primitive.definition is not None


def definition_of_call(op: Apply, builder: Builder, operands: Sequence[Operand]) -> Operand:
    """Append what a call is defined as; the result has the type of that of the call."""
    assert op.primitive.definition is not None
    return expression_of_call(op, builder, operands, op.primitive.definition)


def expression_of_call(op: Apply, builder: Builder, operands: Sequence[Operand], expression: Rule) -> Operand:
    """Append an expression of the operands of a call; the result has the type of that of the call."""
    builder.location, builder.about = op.location, op.about
    before = len(builder.operations)
    primitive = op.primitive
    with located(op.location):
        first = [op.static[n] for n in primitive.leading]
        result = builder.operand(expression(*first, *map(builder.expr, operands), **primitive.trailing(op.static)))
    named = Value(op.result.type, op.result.hint, op.result.loose)
    return named if len(builder.operations) > before and builder.rename(result, named) else result


def _within_a_rule(function: Callable[..., object]) -> Rule | None:
    found = definition_of(function)
    return None if found is None else found.expression


defined.append(_within_a_rule)
