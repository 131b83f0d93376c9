"""A function at a pattern of arguments, seen flat: arrays in, arrays out, and the same of its derivatives.

    f({"w": w, "power": 2}, x)      Call: operands w, x; results, the arrays in what f gives
    .pushforward([0, 1])            Call: operands w, x, w_dot, x_dot
    .pullback([0, 1])               Call: operands w, x, out_bar
    .batched([True, False])         Call: operands with examples along their first axis

Each derivative of a call is a call, of the derivative that s2sad makes; so there are all orders, in every mix.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from s2sad.api.gradients import derivative_of
from s2sad.api.operators import vmap
from s2sad.compiler.transform import Transform
from s2sad.dispatch.derivative import Derivative
from s2sad.dispatch.subject import Subject
from s2sad.dispatch.typed import BackendName
from s2sad.errors import ArgumentError, UnsupportedType
from s2sad.frontend.reading.callables import callable_name
from s2sad.interop.trees import Slot, as_given, counted_from, slots, taken_apart
from s2sad.ir.signature import Signature
from s2sad.ir.trees import is_inexact, is_number, mapped, together
from s2sad.ir.types import ArrayType, ContainerType, StaticType, Type, substitute


@dataclass(frozen=True, eq=False)
class Call:
    """A function, with the trees of its arguments and of its result: a `Slot` stands for each array."""

    function: Callable[..., Any]
    args: tuple[object, ...]
    backend: BackendName | None = None
    result: object = None
    """None as long as it is not known: a call that has run knows it."""
    derived: bool = False
    """Whether it is a derivative: its results are the inexact ones alone."""

    @property
    def count(self) -> int:
        """How many operands there are."""
        return len(slots(self.args))

    @property
    def results(self) -> list[Slot]:
        """The slots of its result."""
        return slots(self.result)

    def known_by(self, other: Call) -> Call:
        """The call that knows of its result what another one knows."""
        return replace(self, result=other.result)

    def run(self, arrays: Sequence[Any]) -> tuple[list[Any], Call]:
        """The arrays in the result for these operands, and the call that knows the tree of it."""
        # what is no derivative may write into its arguments, which are the library's
        own = arrays if isinstance(self.function, Derivative) else [np.array(a) for a in arrays]
        result = self.function(*as_given(self.args, own))
        tree, found = taken_apart(result, is_inexact if self.derived else is_number, is_inexact)
        return [np.asarray(a) for a in found], replace(self, result=tree)

    def typed(self, arrays: Sequence[Any], unknown: int | None = None) -> tuple[Call, list[np.ndarray] | None]:
        """The call that knows the tree of its result, and arrays like those in it, by their types; None for others.

        `unknown` stands for lengths that the types do not say.
        """
        signature = Signature()
        primal = derivative_of(self.function, Transform("primal")).primal(as_given(self.args, arrays), {}, signature)
        try:
            result = of_type(substitute(primal.result.type, signature.back()), unknown)
        except UnsupportedType:
            return self, None
        tree, found = taken_apart(result, is_number, is_inexact)
        return replace(self, result=tree), list(map(np.asarray, found))

    def moved(self, wanted: Collection[int]) -> list[int]:
        """The operands that derivatives are taken by where these are wanted: all in the same arguments."""
        return [s.number for k in self._active(wanted) for s in slots(self.args[k]) if s.inexact]

    def pushforward(self, wanted: Collection[int]) -> Call:
        """Its derivative along tangents of `moved(wanted)`, which come behind the operands."""
        active = self._active(wanted)
        tangents = counted_from(tuple(self.args[k] for k in active), self.count)
        derivative = derivative_of(self.function, Transform("pushforward", active), self.backend)
        return Call(derivative, (*self.args, *tangents), self.backend, counted_from(self.result, 0), True)

    def pullback(self, wanted: Collection[int]) -> Call:
        """The cotangents of `moved(wanted)` for those of the inexact results, which come behind the operands."""
        active, n = self._active(wanted), len(self.args)
        cotangent = counted_from(self.result, self.count)
        derivative = derivative_of(self.function, Transform("pullback", active, count=n), self.backend)
        result = counted_from(tuple(a if k in active else None for k, a in enumerate(self.args)), 0)
        return Call(derivative, (*self.args, cotangent), self.backend, result, True)

    def batched(self, flags: Sequence[bool]) -> Call:
        """The function of many examples, along the first axis of the flagged operands and of all results."""
        axes = tuple(_axes(a, flags) for a in self.args)
        return replace(self, function=vmap(self.function, in_axes=axes, backend=self.backend))

    def _active(self, wanted: Collection[int]) -> tuple[int, ...]:
        """The arguments that hold operands among these."""
        return tuple(k for k, a in enumerate(self.args) if any(s.number in wanted for s in slots(a)))


def call_of(
    function: Callable[..., Any],
    args: Sequence[object],
    kwargs: dict[str, object],
    is_array: Callable[[Any], bool],
    holds_floats: Callable[[Any], bool],
    backend: BackendName | None,
) -> tuple[Call, list[Any]]:
    """The call of a function with these arguments, and the arrays in them.

    Raises:
        ArgumentError: the arguments do not fit the function.
    """
    tree, arrays = taken_apart(by_position(function, args, kwargs), is_array, holds_floats)
    return Call(function, tree, backend), arrays


def by_position(function: Callable[..., Any], args: Sequence[object], kwargs: dict[str, object]) -> tuple[object, ...]:
    """The arguments of a call by position, defaults put in.

    Raises:
        ArgumentError: they do not fit the function, or it takes `*args` or `**kwargs` and some are given by name.
    """
    subject = Subject.of(function)
    if subject.is_variadic:
        if kwargs:
            raise ArgumentError(f"{callable_name(function)} takes *args or **kwargs: give its arguments by position")
        return tuple(args)
    try:
        bound = subject.signature.bind(*args, **kwargs)
    except TypeError as e:
        raise ArgumentError(f"{callable_name(function)}: {e}") from None
    bound.apply_defaults()
    return tuple(bound.arguments.values())


def of_type(t: Type, unknown: int | None = None) -> object:
    """Something of a type, whose arrays have the shapes and dtypes that it says, and no room.

    `unknown` stands for the lengths that it does not say.

    Raises:
        UnsupportedType: it does not say all of them.
    """
    match t:
        case StaticType():
            return t.value
        case ContainerType():
            return together(t.cls, t.keys, [of_type(item, unknown) for item in t.items])
        case ArrayType() if t.dtype is not None and not t.doubtful:
            lengths = [d if isinstance(d, int) else unknown for d in t.shape or ()]
            shape = tuple(d for d in lengths if d is not None)
            if t.kind == "python":
                return t.dtype.type(0).item()
            if len(shape) == t.rank:
                return np.broadcast_to(np.zeros((), t.dtype), shape)
    raise UnsupportedType(f"{t} does not say its shape")


def _axes(tree: Any, flags: Sequence[bool]) -> Any:
    """The axes of the examples in an argument: one for all of it where there are none in it."""
    if not any(flags[s.number] for s in slots(tree)):
        return None
    return mapped(lambda leaf: 0 if isinstance(leaf, Slot) and flags[leaf.number] else None, tree)
