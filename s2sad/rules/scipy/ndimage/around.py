"""What lies around an image: the modes of scipy.ndimage by those of np.pad, and the way back from it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from s2sad.errors import UnsupportedType
from s2sad.ir.builder import call
from s2sad.ir.dims import dim_sum
from s2sad.ir.primitive import Sample
from s2sad.ir.types import ArrayType, Type, array
from s2sad.rules.domains import REAL
from s2sad.rules.families import rule
from s2sad.rules.numpy.creation import length as length_of
from s2sad.rules.numpy.shaping import widths_by_axis
from s2sad.rules.promotion import array_types

PADDED = {
    "reflect": "symmetric",
    "grid-mirror": "symmetric",
    "mirror": "reflect",
    "nearest": "edge",
    "wrap": "wrap",
    "grid-wrap": "wrap",
    "constant": "constant",
    "grid-constant": "constant",
}
"""How np.pad calls the modes of filters."""


def padding(mode: str) -> str:
    """The mode of np.pad for one of a filter."""
    if mode not in PADDED:
        raise ValueError(f"mode must be one of {', '.join(PADDED)}, not {mode!r}")
    return PADDED[mode]


def for_each(value: Any, count: int) -> list[Any]:
    """An argument that may be given for all axes, or for each."""
    items = list(value) if isinstance(value, (tuple, list)) else [value] * count
    if len(items) != count:
        raise ValueError(f"{len(items)} values for {count} axes")
    return items


def image(name: str, x: Type, output: Any = None) -> ArrayType:
    """The type of what a filter gives: of the dtype of the image, or of the one that is asked for."""
    (t,) = array_types(f"scipy.ndimage.{name}", [x])
    if output is None:
        return array_like(t, t.dtype)
    try:
        return array_like(t, np.dtype(output))
    except TypeError:
        raise UnsupportedType(f"scipy.ndimage.{name} into an array", "take its result, without `output`") from None


def array_like(t: ArrayType, dtype: Any) -> ArrayType:
    return ArrayType(dtype, t.shape, "any" if t.shape is None else "array")


def folded(g: Any, widths: Any, mode: Any) -> Any:
    """The adjoint of `np.pad(x, widths, mode)`: what was padded is added to what it is a copy of."""
    for axis, (before, behind) in enumerate(widths):
        rows = np.moveaxis(g, axis, 0)
        count = len(rows) - before - behind
        source = np.pad(np.arange(count), (before, behind), mode=mode)
        inner = rows[before : before + count].copy()
        for k in (*range(before), *range(before + count, len(rows))):
            inner[source[k]] += rows[k]
        g = np.moveaxis(inner, 0, axis)
    return g


def _folded_type(g: Type, widths: Type, /, mode: str) -> Type:
    (t,) = array_types("folded", [g])
    if t.shape is None:
        return array(t.dtype, None)
    pairs = [[length_of(w, "folded") for w in pair] for pair in widths_by_axis(widths, len(t.shape))]
    inner = [dim_sum(n, dim_sum(a, b), -1) for n, (a, b) in zip(t.shape, pairs, strict=True)]
    return array(t.dtype, tuple(inner))


rule(
    folded,
    _folded_type,
    tangent=lambda y, xs, dots, mode: None if dots[0] is None else call(folded, dots[0], xs[1], mode=mode),
    adjoint=lambda g, y, xs, active, mode: (call(np.pad, g, xs[1], mode=mode) if active[0] else None, None),
    helper=True,
    samples=lambda rng: [
        Sample((REAL(rng, (6, 4)), ((2, 1), (0, 1)), mode)) for mode in ("symmetric", "reflect", "edge", "wrap")
    ],
)


def unextended(g: Any, widths: Sequence[tuple[Any, Any]], mode: str) -> Any:
    """The adjoint of an image that was extended by so many numbers along each axis."""
    return call(folded, g, tuple(widths), mode=padding(mode))
