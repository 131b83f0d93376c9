"""A derivative to be made, as data: its kind and options, and what it asks of the parameters."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from s2sad.differentiate.mapping import Axes, example_type
from s2sad.ir.types import ArrayType, ContainerType, StaticType, Type


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
    label: str = ""
    """What the derivative is called, where it is of more than one transformation: `hessian`."""

    @property
    def has_tangents(self) -> bool:
        """Whether the derivative takes a tangent for each of the `argnums` beside the arguments."""
        return self.kind in ("jvp", "pushforward")

    @property
    def asked(self) -> tuple[int, ...]:
        """Where each of the `argnums` stands among them in ascending order: a result by several has their order."""
        ascending = sorted(self.argnums)
        return tuple(ascending.index(k) for k in self.argnums)

    @property
    def dotted(self) -> tuple[int, ...]:
        """The parameters that have a tangent, in the order of their tangents."""
        return tuple(sorted(self.argnums)) if self.has_tangents else ()

    def axes(self, types: Sequence[Type]) -> tuple[Axes, ...]:
        """The axes of parameters of these types."""
        if isinstance(self.in_axes, tuple):
            return (*self.in_axes, *(None,) * (len(types) - len(self.in_axes)))
        numbers = (isinstance(t, ArrayType) and t.is_scalar for t in types)
        return tuple(None if n and k in self.optional else self.in_axes for k, n in enumerate(numbers))

    def inner(self, parameters: Mapping[str, Type]) -> dict[str, Type]:
        """The parameters of the function itself, for those of what is made of it."""
        own = dict(parameters)
        if self.has_tangents:
            return dict(list(own.items())[: len(own) - len(self.argnums)])
        if self.kind == "vmap":
            return {
                n: example_type(t, a, f"in_axes of {n}")
                for (n, t), a in zip(own.items(), self.axes(list(own.values())), strict=True)
            }
        return own


def is_constant(t: Type) -> bool:
    """Whether a parameter of this type is a constant of the compiled function."""
    return isinstance(t, StaticType) or (isinstance(t, ArrayType) and isinstance(t.size, int) and t.kind == "python")


def with_statics(
    t: Type, position: int, statics: Mapping[tuple[int, tuple[object, ...]], object], path: tuple[object, ...] = ()
) -> Type:
    """The type of a parameter with the leaves that must be known replaced by their values."""
    if (position, path) in statics:
        value = statics[(position, path)]
        if type(value) is int:
            return ArrayType(t.dtype, (), "python", value) if isinstance(t, ArrayType) else t
        return StaticType(value)
    if isinstance(t, ContainerType):
        items = tuple(with_statics(i, position, statics, (*path, k)) for k, i in zip(t.keys, t.items, strict=True))
        return ContainerType(t.cls, t.keys, items)
    return t
