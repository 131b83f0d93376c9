"""Where the examples are: an axis for each leaf of an argument, given as users give it, and the type of one example."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from s2sad.errors import ArgumentError
from s2sad.ir.types import ArrayType, ContainerType, Type, array

Axis = int | None
Axes = Any
"""The axis of the examples, None where a value is the same for all; for a container a tuple or ByKey for its items."""


@dataclass(frozen=True)
class ByKey:
    """The axes of the items of a dict, as pairs of the key and its axes."""

    pairs: tuple[tuple[object, object], ...]

    def __repr__(self) -> str:
        return f"{{{', '.join(f'{k!r}: {axes!r}' for k, axes in self.pairs)}}}"


def axes_of(axes: Axes, t: Type, what: str) -> list[Axis]:
    """The axis of each leaf of a type."""
    if isinstance(t, ContainerType):
        return [
            a for inner, item in zip(_inner(axes, t, what), t.items, strict=True) for a in axes_of(inner, item, what)
        ]
    if isinstance(axes, (tuple, ByKey)):
        raise ArgumentError(f"{what}: {axes} has not the structure of {t}")
    return [axes]


def _inner(axes: Axes, t: ContainerType, what: str) -> Sequence[Axes]:
    """The axes of the items of a container."""
    if isinstance(axes, ByKey):
        found = dict(axes.pairs)
        if set(found) != set(t.keys):
            raise ArgumentError(f"{what}: the keys {set(found)} are not those of {t}")
        return [found[k] for k in t.keys]
    if not isinstance(axes, tuple):
        return [axes] * len(t.items)
    if len(axes) != len(t.items):
        raise ArgumentError(f"{what}: {axes} has not the structure of {t}")
    return axes


def example_type(t: Type, axes: Axes, what: str) -> Type:
    """The type that one example has of an argument."""
    if isinstance(t, ContainerType):
        inner = _inner(axes, t, what)
        return ContainerType(t.cls, t.keys, tuple(map(example_type, t.items, inner, [what] * len(inner))))
    if isinstance(axes, (tuple, ByKey)):
        raise ArgumentError(f"{what}: {axes} has not the structure of {t}")
    if axes is None or not isinstance(t, ArrayType):
        return t
    shape = None if t.is_scalar else t.shape
    if shape is None or not -len(shape) <= axes < len(shape):
        raise ArgumentError(f"{what}: there is no axis {axes} of {t}; None is for what is the same for all examples")
    k = axes % len(shape)
    return array(t.dtype, shape[:k] + shape[k + 1 :])
