"""Computing again instead of storing: functions whose reverse sweep keeps their arguments alone.

Griewank & Walther, Evaluating Derivatives (2008), chapter 12.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterator, Sequence
from typing import Any, Concatenate, Generic, ParamSpec, Self, TypeVar, overload

from s2sad.compiler.transform import Transform
from s2sad.dispatch.display import NAMES, Displayed, written
from s2sad.dispatch.frames import public
from s2sad.dispatch.pickling import picklable, resolved
from s2sad.dispatch.subject import check_function
from s2sad.frontend.reading.callables import python_function, signature_of
from s2sad.ir.marks import Differentiated, Operator, mark
from s2sad.ir.marks import checkpointed as checkpointed
from s2sad.view.cell import Pattern

P = ParamSpec("P")
Q = ParamSpec("Q")
R = TypeVar("R")
R_co = TypeVar("R_co", covariant=True)


class Checkpoint(Displayed, Generic[P, R_co]):
    """What `checkpoint` gives: the function itself, with a mark that the compiler sees."""

    __name__: str
    __qualname__: str

    def __init__(self, function: Callable[P, R_co]) -> None:
        check_function(function)
        self.target = function
        self.transform = Transform("checkpoint", ())
        functools.update_wrapper(self, python_function(function) or function, NAMES, ())
        self.__signature__ = signature_of(function)

    def __call__(self, /, *args: P.args, **kwargs: P.kwargs) -> R_co:
        return self.target(*args, **kwargs)

    @overload
    def __get__(self, instance: None, owner: type | None = None) -> Self: ...
    @overload
    def __get__(
        self: Checkpoint[Concatenate[Any, Q], R], instance: object, owner: type | None = None
    ) -> Callable[Q, R]: ...
    def __get__(self, instance: object, owner: type | None = None) -> Any:
        return self if instance is None else functools.partial(self, instance)  # type: ignore[arg-type]

    def _title(self) -> str:
        return f"checkpoint of {self.__name__}"

    def _patterns(self) -> Iterator[Pattern]:
        yield written("computed again in a reverse sweep", [python_function(self.target)])

    def _function(self) -> object:
        return self.target

    def __reduce__(self) -> tuple[object, ...]:
        return resolved, (picklable(self),)


@public
def checkpoint(fun: Callable[P, R]) -> Checkpoint[P, R]:
    """The function, computed again in a reverse sweep instead of stored: also as a decorator.

    Calling the result calls `fun`. Where it is called inside a function that is differentiated, the reverse sweep
    keeps only the arguments of the call, and computes what it needs of `fun` when it comes there: less memory, for
    one more evaluation. The derivative is the same. Forward mode ignores the mark.

    `fun` must not change the lists and objects it is given, nor write into their arrays: it returns new ones.

    >>> import numpy as np
    >>> import s2sad
    >>> @s2sad.checkpoint
    ... def step(x):
    ...     return np.sin(x) * x
    >>> def chain(x):
    ...     for _ in range(3):
    ...         x = step(x)
    ...     return x
    >>> print(s2sad.grad(chain)(2.0).round(6))
    0.025985

    Griewank & Walther, Evaluating Derivatives (2008), chapter 12. JAX's function of that name.
    """
    return Checkpoint(fun)


def _transform(names: Sequence[str]) -> list[Transform]:
    """What the mark means inside a function that is differentiated, for a closure."""
    return [Transform("checkpoint", ())]


mark(Checkpoint, Differentiated(checkpoint=True))
mark(checkpoint, Operator(_transform))
