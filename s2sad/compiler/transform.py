"""A derivative to be made, as data: its kind and options, and what it asks of the parameters; and the table of kinds.

A new operator is a row of `KINDS`, and the function of `api` that users call. Transformations are imported where they
are called: functions are decorated long before the first of them is compiled.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from enum import Enum
from typing import TYPE_CHECKING, Protocol

from s2sad.differentiate.vmap.axes import Axes, example_type
from s2sad.errors import ArgumentError, shown
from s2sad.ir.backend import Backend
from s2sad.ir.types import ArrayType, ContainerType, StaticType, Type
from s2sad.ir.values import Call, Function, FunctionRef

if TYPE_CHECKING:
    from s2sad.differentiate.given_rules import TangentRule
    from s2sad.differentiate.jacobians import Order
    from s2sad.differentiate.reverse.pairs import Masked, Pair
    from s2sad.differentiate.vmap.batched_values import Flag
    from s2sad.differentiate.vmap.batching import BatchedCallee


@dataclass(frozen=True)
class Transform:
    """A derivative to be made: its kind and options. `argnums` are positions of parameters."""

    kind: str
    argnums: tuple[int, ...] = (0,)
    one: bool = True
    value: bool = False
    has_aux: bool = False
    holomorphic: bool = False
    """Complex numbers in and out, and a derivative that is one number: the user's word for it."""
    in_axes: Axes = 0
    out_axes: Axes = 0
    """For `vmap`: the axes of the examples in the parameters (one for all, or a tuple) and in the result."""
    optional: tuple[int, ...] = ()
    """For `vmap`: the parameters that have a default, which is the same for all examples."""
    count: int = 0
    """For a pullback: how many arguments it gives cotangents of, None for those that have none."""
    label: str = ""
    """What the derivative is called, where it is of more than one transformation: `hessian`."""
    names: tuple[str | None, ...] = ()
    """Of a function that takes `*args` or `**kwargs`: the names of the parameters at `argnums`, as far as they have
    some; -1 stands among `argnums` for one that is given by name alone."""

    def __post_init__(self) -> None:
        for flag, what in ((self.has_aux, "has_aux"), (self.holomorphic, "holomorphic")):
            # Any other object would count as True: a string, or an argument that slipped in one place too far.
            if not isinstance(flag, (bool, int)):
                raise ArgumentError(f"{what} is True or False, not {shown(flag)}")

    @property
    def row(self) -> Kind:
        """What its kind says."""
        return KINDS[self.kind]

    @property
    def suffix(self) -> str:
        """What stands behind the name of the function in that of the derivative."""
        if self.label or self.value:
            return self.label or "value_and_grad"
        return self.kind if self.row.suffix is None else self.row.suffix

    @property
    def doc(self) -> str:
        """The docstring of the emitted function, of its `{name}` and `{arguments}`, with `{by}` between them."""
        return DOCS.get(self.suffix) or self.row.doc

    @property
    def asked(self) -> tuple[int, ...]:
        """Where each of the `argnums` stands among them in ascending order: a result by several has their order."""
        ascending = sorted(self.argnums)
        return tuple(ascending.index(k) for k in self.argnums)

    @property
    def places(self) -> list[int | None]:
        """Of a pullback: where the cotangent of each argument stands among those that there are."""
        there = sorted(self.argnums)
        return [there.index(k) if k in there else None for k in range(self.count)]

    @property
    def dotted(self) -> tuple[int, ...]:
        """The parameters that have a tangent, in the order of their tangents."""
        return tuple(sorted(self.argnums)) if self.row.further is Further.TANGENTS else ()

    @property
    def further(self) -> int:
        """How many parameters the derivative has beside those of the function: tangents, or a cotangent."""
        return 1 if self.row.further is Further.COTANGENT else len(self.dotted)

    def further_names(self, names: Sequence[str]) -> list[str]:
        """Names for these, none of which is taken."""
        cotangent = self.row.further is Further.COTANGENT
        free: list[str] = []
        for wanted in ["out_bar"] if cotangent else [f"{names[k]}_dot" for k in self.dotted]:
            name, number = wanted, 1
            # A parameter of the user's may be called `x_dot` already.
            while name in names or name in free:
                number += 1
                name = f"{wanted}_{number}"
            free.append(name)
        return free

    def axes(self, types: Sequence[Type]) -> tuple[Axes, ...]:
        """The axes of parameters of these types."""
        if isinstance(self.in_axes, tuple):
            if len(self.in_axes) > len(types):
                raise ArgumentError(f"vmap: in_axes has {len(self.in_axes)} axes for {len(types)} arguments")
            return (*self.in_axes, *(None,) * (len(types) - len(self.in_axes)))
        # A number with a default is one for all examples: it was most likely left to that default.
        numbers = (t.is_scalar for t in types)
        return tuple(None if n and k in self.optional else self.in_axes for k, n in enumerate(numbers))

    def placed(self, named: Sequence[str], given: Sequence[str], count: int) -> Transform:
        """For the arguments of one call: the first `count` by position, the rest by name, `given` the names of all.

        `named` are those of the parameters that the function has a name for, in their order.

        Raises:
            LookupError: a parameter that is asked for is not among them.
        """

        # positions count on into what has no name in the signature, in the order of the call
        rest = [n for n in given[count:] if n not in named]

        def place(k: int, name: str | None) -> int:
            if 0 <= k < count:
                return k
            beyond = k - max(count, len(named))
            if name is None and 0 <= beyond < len(rest):
                name = rest[beyond]
            if name not in given[count:]:
                raise LookupError(k if name is None else name)
            return given.index(name, count)

        argnums = tuple(map(place, self.argnums, self.names)) if self.names else self.argnums
        places = [k if k < count else named.index(n) if n in named else None for k, n in enumerate(given)]
        axes = self.in_axes
        if isinstance(axes, tuple):
            axes = tuple(None if k is None or k >= len(axes) else axes[k] for k in places)
        optional = tuple(k for k, place in enumerate(places) if place in self.optional)
        return replace(self, argnums=argnums, names=(), in_axes=axes, optional=optional)

    def inner(self, parameters: Mapping[str, Type]) -> dict[str, Type]:
        """The parameters of the function itself, for those of what is made of it."""
        own = dict(parameters)
        if self.further:
            # What a derivative takes beside the arguments of the function stands behind them.
            return dict(list(own.items())[: len(own) - self.further])
        if self.row.examples:
            return {
                n: example_type(t, a, f"in_axes of {n}")
                for (n, t), a in zip(own.items(), self.axes(list(own.values())), strict=True)
            }
        return own


class Further(Enum):
    """What a derivative takes beside the arguments of the function."""

    NOTHING = "nothing"
    TANGENTS = "tangents"
    """A tangent for each of the `argnums`."""
    COTANGENT = "cotangent"
    """A cotangent of the result."""


class Callees(Protocol):
    """What the compiler gives to a transformation: the same of the functions that are called."""

    backend: Backend
    functions: dict[str, Function]

    def pair_of(self, call: Call, active: tuple[bool, ...], masked: Masked) -> Pair: ...
    def tangent_of(self, call: Call, active: tuple[bool, ...]) -> FunctionRef | TangentRule: ...
    def batch_of(self, call: Call, flags: tuple[Flag, ...]) -> tuple[FunctionRef, Flag]: ...
    def sets_of(self, call: Call, active: tuple[bool, ...]) -> FunctionRef | None: ...
    def silent_form(self, reference: FunctionRef) -> FunctionRef: ...


@dataclass(frozen=True)
class Task:
    """A function to be transformed, under the name that the result gets."""

    function: Function
    active: Sequence[bool]
    """Which of its parameters have derivatives."""
    name: str
    transform: Transform
    callees: Callees
    examples: Sequence[tuple[Type, Axes]] = ()
    """For `vmap`: the types of the parameters, with the axes of the examples in them."""
    passed: Sequence[int] = ()
    """The positions of its own parameters among the arguments of a call; behind them are variables from outside."""

    @property
    def vectors(self) -> BatchedCallee | None:
        """Callees for all unit vectors at once, where the backend is quicker that way."""
        return self.callees.batch_of if self.callees.backend.batches else None

    @property
    def order(self) -> Order:
        """How a Jacobian is put together."""
        from s2sad.differentiate.jacobians import Order

        t = self.transform
        return Order(t.one, t.asked, t.has_aux, t.holomorphic)


@dataclass(frozen=True)
class Kind:
    """One kind of derivative."""

    doc: str = ""
    """The docstring of the emitted function, of its `{name}` and `{arguments}`, with `{by}` between them."""
    make: Callable[[Task], Function] | None = None
    """The derivative of a function; None where it is made in another way."""
    suffix: str | None = None
    """What stands behind the name of the function, where it is not the name of the kind."""
    further: Further = Further.NOTHING
    reverse: bool = False
    """It is of reverse mode: the adjoints of what is not asked for are dropped."""
    of_calls: bool = False
    """Where the gradient is that of one call of a function which calls itself, it is made of this call alone."""
    second: str = ""
    """It is two functions, and this is the word for the second one."""
    examples: bool = False
    """Its parameters hold many examples of those of the function."""
    again: bool = False
    """It is the function itself, which reverse mode computes again."""
    compiles: bool = False
    """It is the function itself, as it is: called with what it must not change."""


def _gradient(task: Task) -> Function:
    from s2sad.differentiate.reverse.sweeps import gradient

    t = task.transform
    return gradient(
        task.function,
        task.active,
        task.callees.pair_of,
        task.name,
        t.value,
        t.has_aux,
        None if t.one else t.asked,
        task.callees.backend,
        t.kind == "elementwise_grad",
        t.holomorphic,
    )


def _jvp(task: Task) -> Function:
    from s2sad.differentiate.forward import jvp

    return replace(jvp(task.function, task.active, task.callees.tangent_of), name=task.name)


def _pushforward(task: Task) -> Function:
    from s2sad.differentiate.jacobians import pushforward

    return pushforward(task.function, task.active, task.callees.tangent_of, task.name)


def _pullback(task: Task) -> Function:
    from s2sad.differentiate.reverse.sweeps import pullback

    callees, places = task.callees, task.transform.places
    return pullback(task.function, task.active, places, callees.pair_of, task.name, callees.backend)


def _jacfwd(task: Task) -> Function:
    from s2sad.differentiate.jacobians import jacfwd

    callees = task.callees
    return jacfwd(
        task.function, task.active, callees.tangent_of, callees.silent_form, task.vectors, task.name, task.order
    )


def _jacrev(task: Task) -> Function:
    from s2sad.differentiate.jacobians import jacrev

    callees = task.callees
    return jacrev(task.function, task.active, callees.pair_of, task.vectors, task.name, task.order, callees.backend)


def _sparsity(task: Task) -> Function:
    from s2sad.differentiate.sparsity import sparsity

    callees = task.callees
    return sparsity(task.function, task.active, callees.sets_of, callees.functions, task.name, task.order, task.passed)


def _vmap(task: Task) -> Function:
    from s2sad.differentiate.vmap.vmap import vmap

    types, axes = zip(*task.examples, strict=True) if task.examples else ((), ())
    callees, out_axes = task.callees, task.transform.out_axes
    return vmap(task.function, types, axes, out_axes, callees.batch_of, task.name, callees.backend)


def _itself(task: Task) -> Function:
    return replace(task.function, name=task.name)


KINDS: dict[str, Kind] = {
    "primal": Kind(suffix=""),
    "jit": Kind("{name}, compiled.", _itself, "", compiles=True),
    "checkpoint": Kind(again=True),
    "grad": Kind("The gradient of {name} {by} {arguments}.", _gradient, reverse=True, of_calls=True),
    "elementwise_grad": Kind(
        "The derivative of each number of {name} {by} its own of {arguments}.",
        _gradient,
        reverse=True,
        of_calls=True,
    ),
    "jvp": Kind("{name} and its derivative along tangents of {arguments}.", _jvp, further=Further.TANGENTS),
    "pushforward": Kind(
        "The derivative of {name} along tangents of {arguments}.", _pushforward, "dot", Further.TANGENTS
    ),
    "pullback": Kind(
        "The cotangents of {arguments} for that of the result of {name}.",
        _pullback,
        further=Further.COTANGENT,
        reverse=True,
    ),
    "jacfwd": Kind("The Jacobian of {name} {by} {arguments}, column by column.", _jacfwd),
    "jacrev": Kind("The Jacobian of {name} {by} {arguments}, row by row.", _jacrev, reverse=True),
    "sparsity": Kind(
        "Of each number of {name} the set of numbers of {arguments} that it depends on.",
        _sparsity,
        further=Further.TANGENTS,
    ),
    "vjp": Kind("{name}, and what its pullback needs.", second="reverse"),
    "linear": Kind("{name}, and what its tangent needs.", second="linear"),
    "vmap": Kind("{name} for many examples at once.", _vmap, examples=True),
}
"""The kinds of derivatives, by name."""

DOCS = {
    "value_and_grad": "The value of {name}, and its gradient {by} {arguments}.",
    "hessian": "The Hessian of {name} {by} {arguments}.",
    "hvp": "The Hessian of {name} {by} {arguments}, times a vector.",
}
"""The docstrings of what is made of several kinds, or of one with the value, by its suffix."""


def is_constant(t: Type) -> bool:
    """Whether a parameter of this type is a constant of the compiled function."""
    return t.is_static or (isinstance(t.size, int) and t.kind == "python")


def with_statics(
    t: Type, position: int, statics: Mapping[tuple[int, tuple[object, ...]], object], path: tuple[object, ...] = ()
) -> Type:
    """The type of a parameter with the leaves that must be known replaced by their values."""
    if (position, path) in statics:
        value = statics[(position, path)]
        # By its exact class: True and False are ints to Python, and nothing to compute lengths of.
        if type(value) is int:
            return ArrayType(t.dtype, (), "python", value) if isinstance(t, ArrayType) else t
        return StaticType(value)
    if isinstance(t, ContainerType):
        items = tuple(with_statics(i, position, statics, (*path, k)) for k, i in zip(t.keys, t.items, strict=True))
        return ContainerType(t.cls, t.keys, items)
    return t
