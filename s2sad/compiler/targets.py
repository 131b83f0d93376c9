"""What is compiled: functions, closures, functions with rules, derivatives of these; their names and parameters."""

from __future__ import annotations

import inspect
import keyword
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from s2sad.frontend.reading.callables import callable_name
from s2sad.frontend.terms.closure_targets import ClosureTarget, DerivedTarget, LiftedTarget
from s2sad.frontend.terms.solver_targets import SolverRule
from s2sad.ir.fingerprint import fingerprint
from s2sad.ir.marks import is_derivative
from s2sad.ir.solver import is_rule_text
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
    match target:
        case DerivedTarget():
            names = parameter_names(target.target)
            return [*names, *target.transform.further_names(names)]
        case WritesArguments():
            return parameter_names(target.target)
        case ClosureTarget() | LiftedTarget() | SolverRule():
            return list(target.names)
        case PlainFunctionOf():
            return parameter_names(target.custom)
        case Custom():
            return parameter_names(target.fun)
    return list(inspect.signature(target, follow_wrapped=False).parameters)


def name_of(target: Target) -> str:
    """The name of a function in emitted text."""
    match target:
        case WritesArguments():
            return name_of(target.target)
        case DerivedTarget():
            return f"{name_of(target.target)}_{target.transform.label or target.transform.kind}"
        case ClosureTarget() | LiftedTarget() | SolverRule():
            name = target.__name__
            return name if name.isidentifier() and not keyword.iskeyword(name) else "function"
    return callable_name(target)


def is_written(target: Target) -> bool:
    """Whether the user wrote a function: it is no derivative, no rule of a solver, and no function in one."""
    match target:
        case LiftedTarget() | WritesArguments():
            return is_written(target.target)
        case ClosureTarget():
            return bool(target.closure.frame.source.text)
    return not (isinstance(target, SolverRule) or is_derivative(target) or is_rule_text(target))


def identities(parameters: Iterable[Type]) -> str:
    """What tells functions of one name apart, where they are given to another one."""
    statics = [s.value for t in parameters for s in leaves(t) if isinstance(s, StaticType)]
    found = [id(v) for v in statics if callable(v) or fingerprint(v) is None]
    return f" {found}" if found else ""


def may_write_arguments(target: Target) -> bool:
    """Whether there is a form of a function that hands back what it writes into: derivatives have none."""
    return not isinstance(target, (WritesArguments, Custom, PlainFunctionOf)) and not is_derivative(target)
