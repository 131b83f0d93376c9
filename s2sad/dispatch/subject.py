"""What a derivative is of: a `Subject` answers once what is asked of a function."""

from __future__ import annotations

import functools
import inspect
import types
from collections.abc import Mapping, Sequence
from functools import cached_property
from typing import Any

import numpy as np

from s2sad.compiler.transform import Transform
from s2sad.errors import NOWHERE, ArgumentError, Location, SourceUnavailable, did_you_mean, shown
from s2sad.frontend.reading.callables import Spread, callable_name, positional_names, python_function, signature_of
from s2sad.ir.definition import definition_of, has_rule
from s2sad.ir.primitive import lookup
from s2sad.ir.user_rules import BlackBox


class Derived:
    """A derivative, as its own derivatives see it."""

    target: Any
    __signature__: inspect.Signature

    @property
    def is_variadic(self) -> bool:
        """Whether it is compiled for just the arguments of a call."""
        raise NotImplementedError

    def spread(self, args: Sequence[object], kwargs: Mapping[str, object]) -> Derived:
        """This derivative, or that for so many arguments where the function takes `*args`."""
        raise NotImplementedError


class Subject:
    """A function that a derivative is taken of. Each answer is found once, where it is asked for."""

    def __init__(self, target: object) -> None:
        self.target: Any = target

    @staticmethod
    def of(target: object) -> Subject:
        """A function as a subject, which it may be already.

        Raises:
            ArgumentError: it is not callable.
            SourceUnavailable: it is built in, or an object with `__call__`.
        """
        if isinstance(target, Subject):
            return target
        check_function(target)
        return Subject(target)

    @cached_property
    def function(self) -> Any:
        """The Python function that it is, or that it calls."""
        return python_function(self.target)

    @cached_property
    def name(self) -> str:
        """Its name in emitted text."""
        return callable_name(self.target)

    @property
    def location(self) -> Location:
        """Where the function begins."""
        if isinstance(self.target, Derived):
            return Subject(self.target.target).location
        code = getattr(self.function, "__code__", None)
        if code is None:
            return NOWHERE
        return Location(code.co_filename, code.co_firstlineno, 0, code.co_firstlineno, 0)

    @cached_property
    def signature(self) -> inspect.Signature:
        """The signature by which it is called."""
        return self.target.__signature__ if isinstance(self.target, Derived) else signature_of(self.target)

    @cached_property
    def is_variadic(self) -> bool:
        """Whether it takes `*args` or `**kwargs`; what a library has takes the arguments that a rule knows."""
        target = self.target
        if isinstance(target, Derived):
            return target.is_variadic
        rule = lookup(target)
        # functions of NumPy take more than their rules know: what is compiled is for the arguments of a call
        if rule is not None and not isinstance(rule, BlackBox) and not isinstance(target, np.ufunc):
            return True
        if rule is None and definition_of(target) is not None:
            return True
        # from the flags of the code: a signature is dear, and this is asked of each new lambda
        if type(target) is types.FunctionType and not hasattr(target, "__signature__"):
            return bool(target.__code__.co_flags & (inspect.CO_VARARGS | inspect.CO_VARKEYWORDS))
        return any(p.kind in (p.VAR_POSITIONAL, p.VAR_KEYWORD) for p in self.signature.parameters.values())

    @property
    def parameters(self) -> list[str]:
        """The names of the parameters that can be chosen; of a function that takes `*args` those of what it wraps.

        Those that are given by name alone come last: where there are `*args`, they have no position.
        """
        if not self.is_variadic:
            return list(self.signature.parameters)
        return [p.name for p in self._wrapped() if p.kind in (p.POSITIONAL_ONLY, p.POSITIONAL_OR_KEYWORD)]

    @property
    def keywords(self) -> list[str]:
        """Of a function that takes `*args` or `**kwargs`: the names of the parameters that are given by name alone."""
        return [p.name for p in self._wrapped() if p.kind is p.KEYWORD_ONLY] if self.is_variadic else []

    @property
    def takes_any_name(self) -> bool:
        """Whether it takes `**kwargs`, and so parameters of any name."""
        return self.is_variadic and any(p.kind is p.VAR_KEYWORD for p in self._wrapped())

    @property
    def takes_any_number(self) -> bool:
        """Whether it takes `*args`, and so any number of them."""
        return self.is_variadic and any(p.kind is p.VAR_POSITIONAL for p in self._wrapped())

    def _wrapped(self) -> list[inspect.Parameter]:
        if isinstance(self.target, Derived):
            return Subject(self.target.target)._wrapped()
        return list(signature_of(self.target, follow=True).parameters.values())

    def stamp(self) -> tuple[object, ...]:
        """What its signature comes from: another one where code or defaults were replaced."""
        if isinstance(self.target, Derived):
            return (self.target.__signature__,)
        f = self.function
        if f is None:
            return ()
        return (f.__code__, f.__defaults__, *(f.__kwdefaults__ or {}).values())

    def signature_for(self, transform: Transform | None) -> inspect.Signature:
        """The signature of a derivative: a tangent takes further arguments `x_dot`, a pullback `out_bar`."""
        if transform is None or not transform.further or self.is_variadic:
            return self.signature
        anywhere = inspect.Parameter.POSITIONAL_OR_KEYWORD
        own = [p.replace(kind=anywhere, default=p.empty) for p in self.signature.parameters.values()]
        further = transform.further_names([p.name for p in own])
        return self.signature.replace(parameters=[*own, *(inspect.Parameter(n, anywhere) for n in further)])

    def spread(self, args: Sequence[object], kwargs: Mapping[str, object]) -> Any:
        """The function, or one of just these arguments where it takes `*args` or `**kwargs`."""
        if isinstance(self.target, Derived):
            return self.target.spread(args, kwargs)
        if not self.is_variadic:
            return self.target
        names = positional_names(self.target, len(args))
        return Spread(self.target, (*names, *kwargs), len(args))


def bound_arguments(
    signature: inspect.Signature, args: Sequence[object], kwargs: Mapping[str, object], name: str
) -> dict[str, object]:
    """The arguments of a call of what has this name, by the parameters of its signature, defaults put in.

    Raises:
        ArgumentError: there are others.
    """
    try:
        bound = signature.bind(*args, **kwargs)
    except TypeError as e:
        wrong = [k for k in kwargs if k not in signature.parameters]
        guess = did_you_mean(wrong[0], [n for n in signature.parameters if n not in kwargs]) if wrong else ""
        called = f"{name}{signature.replace(return_annotation=signature.empty)}"
        raise ArgumentError(f"{called}: {e}{guess}") from None
    bound.apply_defaults()
    return bound.arguments


def check_function(target: object) -> None:
    """Refuse what is no function with source text.

    Raises:
        ArgumentError: it is not callable.
        SourceUnavailable: it is built in, or an object with `__call__`.
    """
    if not callable(target):
        raise ArgumentError(f"a function is needed, not {shown(target)}: grad(f)(x), not grad(f(x))")
    # what wraps a function is a function; the innermost must have source text
    called: object = target
    while isinstance(called, (functools.partial, Spread)):
        called = called.func if isinstance(called, functools.partial) else called.function
    if isinstance(called, Derived) or has_rule(called) or python_function(called) is not None:
        return
    name = getattr(target, "__name__", type(target).__name__)
    raise SourceUnavailable(f"{name} is no Python function with source text; write one that calls it")
