"""What is compiled: functions, closures, functions with rules, derivatives of these; their names and parameters."""

from __future__ import annotations

import functools
import inspect
import types
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import numpy as np

from s2sad.frontend.reading.callables import python_function
from s2sad.frontend.terms.closure_targets import ClosureTarget, DerivedTarget
from s2sad.ir.fingerprint import fingerprint
from s2sad.ir.marks import is_derivative
from s2sad.ir.types import StaticType, Type, leaves
from s2sad.ir.user_rules import Custom, PlainFunctionOf

Target = Any
"""A Python function, or a derivative object with `transform` and `target`."""


@dataclass(frozen=True)
class WritesArguments:
    """A function that calls itself and writes into its parameters, in the form that hands back these arrays."""

    target: Target


def parameter_names(target: Target) -> list[str]:
    """The names of the parameters of a function, or of a closure and what it closes over."""
    if isinstance(target, DerivedTarget):
        names = parameter_names(target.target)
        return [*names, *target.transform.further_names(names)]
    if isinstance(target, WritesArguments):
        return parameter_names(target.target)
    if isinstance(target, ClosureTarget):
        return list(target.names)
    if isinstance(target, PlainFunctionOf):
        return parameter_names(target.custom)
    target = target.fun if isinstance(target, Custom) else target
    return list(inspect.signature(target, follow_wrapped=False).parameters)


def name_of(target: Target) -> str:
    """The name of a function in emitted text."""
    if isinstance(target, WritesArguments):
        return name_of(target.target)
    if isinstance(target, (ClosureTarget, DerivedTarget)):
        return target.__name__ if target.__name__.isidentifier() else "function"
    function = python_function(target) if not is_derivative(target) else None
    name = str(getattr(target, "__name__", None) or getattr(function, "__name__", "f"))
    if name == "__call__":
        name = type(target).__name__.lower()
    return name if name.isidentifier() else "function"


def identities(parameters: Iterable[Type]) -> str:
    """What tells functions of one name apart, where they are given to another one."""
    statics = [s.value for t in parameters for s in leaves(t) if isinstance(s, StaticType)]
    found = [id(v) for v in statics if callable(v) or fingerprint(v) is None]
    return f" {found}" if found else ""


def signature_of(target: Any, follow: bool = False) -> inspect.Signature:
    """The signature by which a function is called: that of a decorator's wrapper; with `follow` of what it wraps."""
    if isinstance(target, np.ufunc):
        names = ["x"] if target.nin == 1 else [f"x{k + 1}" for k in range(target.nin)]
        return inspect.Signature([inspect.Parameter(n, inspect.Parameter.POSITIONAL_OR_KEYWORD) for n in names])
    if isinstance(target, types.FunctionType):
        if follow or target.__defaults__ or target.__kwdefaults__ or target.__annotations__ or target.__dict__:
            return inspect.signature(target, follow_wrapped=follow)
        return _bare_signature(target.__code__)
    try:
        return inspect.signature(target)
    except ValueError:  # a function in C may have none
        P = inspect.Parameter
        return inspect.Signature([P("args", P.VAR_POSITIONAL), P("kwargs", P.VAR_KEYWORD)])


@functools.lru_cache(maxsize=1024)
def _bare_signature(code: types.CodeType) -> inspect.Signature:
    """The signature of functions of a code that have no defaults and no annotations."""
    cells = tuple(types.CellType() for _ in code.co_freevars)
    return inspect.signature(types.FunctionType(code, {}, closure=cells or None))


def positional_names(target: Any, count: int) -> list[str]:
    """Names for the first arguments of a function that takes `*args`: those of the function that it wraps, if any."""
    for signature in (signature_of(target), signature_of(target, follow=True)):
        kinds = (inspect.Parameter.POSITIONAL_ONLY, inspect.Parameter.POSITIONAL_OR_KEYWORD)
        names = [p.name for p in signature.parameters.values() if p.kind in kinds]
        if len(names) >= count:
            return names[:count]
    rest = next((p.name for p in signature_of(target).parameters.values() if p.kind is p.VAR_POSITIONAL), "args")
    return [*names, *(f"{rest}_{k}" for k in range(len(names), count))]


def may_write_arguments(target: Target) -> bool:
    """Whether there is a form of a function that hands back what it writes into: derivatives have none."""
    return not isinstance(target, (WritesArguments, Custom, PlainFunctionOf)) and not is_derivative(target)
