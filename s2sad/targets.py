"""What is compiled: functions, closures, functions with rules, derivatives of these; their names and parameters."""

from __future__ import annotations

import inspect
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from s2sad.frontend.closures import ClosureTarget, DerivedTarget
from s2sad.frontend.dependencies import python_function
from s2sad.ir.custom import Custom, Ruled
from s2sad.ir.types import StaticType, Type, leaves

Target = Any
"""A Python function, or a derivative object with `transform` and `target`."""


@dataclass(frozen=True)
class HandingBack:
    """A function that calls itself and writes into its parameters, in the form that hands back these arrays."""

    target: Target


def parameter_names(target: Target) -> list[str]:
    """The names of the parameters of a function, or of a closure and what it closes over."""
    if isinstance(target, DerivedTarget):
        names = parameter_names(target.target)
        return [*names, *(f"{names[k]}_dot" for k in target.transform.argnums if target.transform.has_tangents)]
    if isinstance(target, HandingBack):
        return parameter_names(target.target)
    if isinstance(target, ClosureTarget):
        return list(target.names)
    target = target.custom.fun if isinstance(target, Ruled) else target.fun if isinstance(target, Custom) else target
    return list(inspect.signature(target, follow_wrapped=False).parameters)


def name_of(target: Target) -> str:
    """The name of a function in emitted text."""
    if isinstance(target, HandingBack):
        return name_of(target.target)
    if isinstance(target, (ClosureTarget, DerivedTarget)):
        return target.__name__ if target.__name__.isidentifier() else "function"
    function = python_function(target) if not getattr(target, "__s2sad_derivative__", False) else None
    name = str(getattr(target, "__name__", None) or getattr(function, "__name__", "f"))
    if name == "__call__":
        name = type(target).__name__.lower()
    return name if name.isidentifier() else "function"


def identities(parameters: Iterable[Type]) -> str:
    """What tells functions of one name apart, where they are given to another one."""
    found = [id(s.value) for t in parameters for s in leaves(t) if isinstance(s, StaticType) and callable(s.value)]
    return f" {found}" if found else ""


def may_hand_back(target: Target) -> bool:
    """Whether there is a form of a function that hands back what it writes into: derivatives have none."""
    return not isinstance(target, (HandingBack, Custom, Ruled)) and not hasattr(target, "__s2sad_derivative__")
