"""What can be called, and the Python function that it leads to."""

from __future__ import annotations

import functools
import inspect
import types
from dataclasses import dataclass
from typing import Any

from s2sad.ir.marks import is_checkpoint
from s2sad.ir.user_rules import BoxRule, Custom


@dataclass(frozen=True)
class Spread:
    """A function that takes `*args` or `**kwargs`, for so many arguments and these keywords.

    `names` are those of the arguments, the first `count` by position.
    """

    function: Any
    names: tuple[str, ...]
    count: int

    @property
    def __name__(self) -> str:
        return str(getattr(self.function, "__name__", "function"))

    @property
    def __signature__(self) -> inspect.Signature:
        P = inspect.Parameter
        kinds = [P.POSITIONAL_OR_KEYWORD] * self.count + [P.KEYWORD_ONLY] * (len(self.names) - self.count)
        return inspect.Signature([P(n, kind) for n, kind in zip(self.names, kinds, strict=True)])

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        return self.function(*args, **kwargs)


def python_function(target: Any) -> types.FunctionType | None:
    """The Python function that a callable leads to: that of a method, of a `partial`, of an object's `__call__`."""
    while not isinstance(target, types.FunctionType):
        if isinstance(target, Spread):
            target = target.function
        elif is_checkpoint(target):
            target = target.target
        elif isinstance(target, functools.partial):
            target = target.func
        elif isinstance(target, types.MethodType):
            target = target.__func__
        elif isinstance(target, functools._lru_cache_wrapper):
            target = target.__wrapped__
        elif isinstance(target, Custom):
            target = target.fun
        elif isinstance(target, BoxRule):
            target = target.function
        elif isinstance(target, type):
            return None
        else:
            target = inspect.getattr_static(type(target), "__call__", None)
            if not isinstance(target, types.FunctionType):
                return None
    return target
