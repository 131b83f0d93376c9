"""Blocks that run under a context manager, or whose exceptions are caught: branches on a predicate of these kinds.

    with np.errstate(all="ignore"):        If(np.errstate(all="ignore"), then, orelse)
        y = np.log(x)                          then: y = np.log(x)        orelse: never taken

    try:                                   If(try_(LinAlgError), then, orelse)
        y = np.linalg.cholesky(a)              then: y = ...              orelse: y = z
    except LinAlgError:
        y = z

All that is said of branches holds of them: what they yield, their tangents, their adjoints. A reversed block stands
under the same manager; that of a `try` goes the way that was taken.
"""

from __future__ import annotations

import contextlib
import warnings
from collections.abc import Callable, Mapping, Sequence
from typing import TypeGuard

import numpy as np

from s2sad.ir.primitive import Effect, Primitive, T, primitive_name, register
from s2sad.ir.types import NONE, StaticType, Type
from s2sad.ir.values import Apply, If, Operation

MANAGER = StaticType("a context manager")
"""The type of what stands behind `with`."""

CATCHER = StaticType("a try")
"""The type of the predicate of a `try`."""


class Keywords(Primitive):
    """A primitive whose static arguments are whatever keywords it is given."""

    def bind(self, arguments: Sequence[T], keywords: Mapping[str, T]) -> tuple[list[T], dict[str, T]]:
        return list(arguments), dict(keywords)


def _keywords(
    function: Callable[..., object], result: Type, effect: Effect = Effect.FRESH, once: bool = False
) -> Primitive:
    def type_rule(*values: Type, **static: object) -> Type:
        return result

    name = primitive_name(function)
    return register(Keywords(name, function, type_rule, constant=True, effect=effect, once=once))


MANAGERS = {
    _keywords(np.errstate, MANAGER),
    _keywords(np.printoptions, MANAGER),
    _keywords(warnings.catch_warnings, MANAGER),
    _keywords(contextlib.nullcontext, MANAGER),
}
"""Managers that may be entered again for the reverse sweep: they hold no resource."""

for _function in (warnings.simplefilter, warnings.filterwarnings):
    _keywords(_function, NONE, Effect.IO)
_keywords(warnings.warn, NONE, Effect.IO, once=True)


def _try_type(*, exceptions: tuple[type, ...]) -> Type:
    return CATCHER


TRY = register(Primitive("try", lambda *, exceptions: True, _try_type, constant=True))


def is_try(op: Operation) -> TypeGuard[If]:
    """Whether an operation is a `try`: a branch that is left in its midst where there is an exception."""
    return isinstance(op, If) and op.predicate.type is CATCHER


def makes_region(op: Operation) -> bool:
    """Whether an operation makes such a predicate."""
    return isinstance(op, Apply) and is_region(op.result.type)


def is_region(t: Type) -> bool:
    """Whether a predicate is no condition: its branch is taken always, or until an exception."""
    return t is MANAGER or t is CATCHER
