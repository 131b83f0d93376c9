"""What the compiler knows of s2sad's own functions and objects where it meets them inside a function.

    mark(grad, Operator(...))           a function: `grad(f)` stands for a derivative of f
    mark(Derivative, Differentiated())  a class: its instances are derivatives

Each has one mark, which is looked up as a primitive is.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any, TypeAlias

from s2sad.errors import ArgumentError, shown


@dataclass(frozen=True)
class Operator:
    """A function that takes a function: `transforms(names of the parameters, ...)` are what it does, in order."""

    transforms: Callable[..., list[Any]]


@dataclass(frozen=True)
class Forward:
    """`jvp`: `transform(active)` is the transformation, `derivative_of(function, transform)` a function's."""

    transform: Callable[[tuple[int, ...]], Any]
    derivative_of: Callable[[Any, Any], Any]


@dataclass(frozen=True)
class AtPoint:
    """`vjp`, `linearize`: a value with a linear function, by `transform(active, count of the primals)`."""

    transform: Callable[[tuple[int, ...], int], Any]
    derivative_of: Callable[[Any, Any], Any]


@dataclass(frozen=True)
class Differentiated:
    """A class of targets with a `target` and a `transform`: derivatives; one that computes again what it may keep."""

    checkpoint: bool = False


@dataclass(frozen=True)
class StandsFor:
    """A class of objects that are read, inside a function, as what `inside` gives of them."""

    inside: Callable[[Any], object]


Mark: TypeAlias = Operator | Forward | AtPoint | Differentiated | StandsFor

_OF_FUNCTIONS: dict[object, Mark] = {}
_OF_CLASSES: dict[object, Mark] = {}


def mark(thing: object, found: Mark) -> None:
    """Mark a function, or the instances of a class; what is marked already raises ValueError."""
    table = _OF_CLASSES if isinstance(thing, type) else _OF_FUNCTIONS
    if thing in table:
        raise ValueError(f"{thing!r} is marked already")
    table[thing] = found


def mark_of(thing: object) -> Mark | None:
    """The mark of a function, or that of the class of an object; None where there is none."""
    # By class first: an object that is marked by its class need not be hashable.
    for cls in type(thing).__mro__:
        if cls in _OF_CLASSES:
            return _OF_CLASSES[cls]
    try:
        return _OF_FUNCTIONS.get(thing)
    except TypeError:  # it cannot be hashed
        return None


def is_derivative(thing: object) -> bool:
    """Whether something is a derivative, or a function with the mark of a checkpoint."""
    return isinstance(mark_of(thing), Differentiated)


def is_checkpoint(thing: object) -> bool:
    """Whether something is a function that is computed again instead of stored."""
    found = mark_of(thing)
    return isinstance(found, Differentiated) and found.checkpoint


def as_inside(thing: Any) -> Any:
    """What an object stands for inside a function; others are what they are."""
    found = mark_of(thing)
    return found.inside(thing) if isinstance(found, StandsFor) else thing


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
        raise ArgumentError(f"snapshots is at least 1, not {shown(snapshots)}")
    return steps
