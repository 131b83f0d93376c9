"""A derivative to be made, as data: its kind and options, and what it asks of the parameters."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from s2sad.differentiate.vmap.vmap import Axes, example_type
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
    count: int = 0
    """For a pullback: how many arguments it gives cotangents of, None for those that have none."""
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
    def places(self) -> list[int | None]:
        """Of a pullback: where the cotangent of each argument stands among those that there are."""
        there = sorted(self.argnums)
        return [there.index(k) if k in there else None for k in range(self.count)]

    @property
    def dotted(self) -> tuple[int, ...]:
        """The parameters that have a tangent, in the order of their tangents."""
        return tuple(sorted(self.argnums)) if self.has_tangents else ()

    @property
    def further(self) -> int:
        """How many parameters the derivative has beside those of the function: tangents, or a cotangent."""
        return 1 if self.kind == "pullback" else len(self.dotted)

    def further_names(self, names: Sequence[str]) -> list[str]:
        """Names for these, none of which is taken."""
        found: list[str] = []
        for wanted in ["out_bar"] if self.kind == "pullback" else [f"{names[k]}_dot" for k in self.dotted]:
            name, number = wanted, 1
            while name in names or name in found:
                number += 1
                name = f"{wanted}_{number}"
            found.append(name)
        return found

    def axes(self, types: Sequence[Type]) -> tuple[Axes, ...]:
        """The axes of parameters of these types."""
        if isinstance(self.in_axes, tuple):
            return (*self.in_axes, *(None,) * (len(types) - len(self.in_axes)))
        numbers = (isinstance(t, ArrayType) and t.is_scalar for t in types)
        return tuple(None if n and k in self.optional else self.in_axes for k, n in enumerate(numbers))

    def inner(self, parameters: Mapping[str, Type]) -> dict[str, Type]:
        """The parameters of the function itself, for those of what is made of it."""
        own = dict(parameters)
        if self.further:
            return dict(list(own.items())[: len(own) - self.further])
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
