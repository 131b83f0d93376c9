"""Computing again instead of storing: functions whose reverse sweep keeps their arguments alone.

Griewank & Walther, Evaluating Derivatives (2008), chapter 12.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterable, Sequence
from typing import Any, ParamSpec, TypeVar

import gast

from s2sad.compiler.transform import Transform
from s2sad.dispatch.derivative import signature_of
from s2sad.dispatch.pickling import picklable, resolved
from s2sad.dispatch.subject import check_function
from s2sad.errors import ArgumentError
from s2sad.frontend.lowering import Lowering
from s2sad.frontend.meanings import meaning
from s2sad.frontend.reading.callables import python_function
from s2sad.frontend.terms.terms import Checkpointed, Range, Term
from s2sad.ir.marks import Differentiated, Operator, mark

P = ParamSpec("P")
R = TypeVar("R")


class Checkpoint:
    """What `checkpoint` gives: the function itself, with a mark that the compiler sees."""

    __name__: str
    __qualname__: str

    def __init__(self, function: Callable[..., Any]) -> None:
        check_function(function)
        self.target = function
        self.transform = Transform("checkpoint", ())
        functools.update_wrapper(self, python_function(function) or function, updated=())
        self.__signature__ = signature_of(function)

    def __call__(self, /, *args: Any, **kwargs: Any) -> Any:
        return self.target(*args, **kwargs)

    def __get__(self, instance: object, owner: type | None = None) -> Any:
        return self if instance is None else functools.partial(self, instance)

    def __repr__(self) -> str:
        return f"<checkpoint of {self.__name__}{self.__signature__}>"

    def __reduce__(self) -> tuple[Any, ...]:
        return resolved, (picklable(self),)


def checkpoint(fun: Callable[P, R]) -> Callable[P, R]:
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


def checkpointed(steps: Iterable[int], *, snapshots: int) -> Iterable[int]:
    """The steps of a loop, marked: the reverse sweep stores what the loop carries at most `snapshots` times.

    In plain Python, `for t in checkpointed(range(n), snapshots=s)` is `for t in range(n)`. A derivative in reverse
    mode does the steps between the snapshots again, as often as the binomial schedule has it: for `n` steps at most r
    times each, with n <= (s + r)! / (s! r!). The schedule comes from the package `checkpoint_schedules`
    (`pip install s2sad[checkpoint]`), which the emitted module imports. Forward mode ignores the mark.

    Args:
        steps: a range; its length need not be known beforehand.
        snapshots: at least 1; known at compile time.

    >>> for t in checkpointed(range(3), snapshots=1):
    ...     print(t)
    0
    1
    2

    Griewank & Walther, Algorithm 799: revolve (2000); Evaluating Derivatives (2008), section 12.3.
    """
    if not isinstance(snapshots, int) or snapshots < 1:
        raise ArgumentError(f"snapshots is at least 1, not {snapshots!r}")
    return steps


@meaning(checkpointed)
def _marked(lowering: Lowering, args: list[Term], kw: dict[str, Term], node: gast.AST) -> Term:
    """The range of a marked loop in a function that is differentiated."""
    most = lowering.static(kw["snapshots"], node) if "snapshots" in kw else None
    if not isinstance(most, int) or most < 1:
        lowering.refuse(node, "checkpointed without a number of snapshots", "checkpointed(range(n), snapshots=10)")
    if len(args) != 1 or not isinstance(args[0], Range):
        lowering.refuse(node, "checkpointed of something that is no range", "loop over range(len(xs)), and read xs[t]")
    return Checkpointed(args[0], most)
