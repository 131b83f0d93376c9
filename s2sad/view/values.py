"""Values in short: what a page or a message says of a number, an array or a container of these."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

from s2sad.ir.objects import object_items


def summary(value: Any) -> dict[str, Any] | None:
    """A value as `{"text", "shape", "bad"}`; None for what holds no numbers."""
    leaves = list(numbers_in(value))
    if not leaves:
        return None
    shape = list(np.shape(value)) if isinstance(value, (np.ndarray, np.generic)) else []
    return {"text": text_of(leaves), "shape": shape, "bad": bad_in(leaves)}


def numbers_in(value: Any) -> Iterator[Any]:
    """The numbers and arrays in a value."""
    if isinstance(value, (bool, int, float, complex, np.generic)) or type(value) is np.ndarray:
        if np.asarray(value).dtype.kind in "biufc":
            yield value
    elif isinstance(value, (tuple, list)):
        for item in value:
            yield from numbers_in(item)
    else:
        items = value if isinstance(value, dict) else object_items(value)
        for item in () if items is None else items.values():
            yield from numbers_in(item)


def text_of(leaves: list[Any]) -> str:
    """One number as it is, of more the least, the mean and the greatest."""
    if len(leaves) == 1 and np.size(leaves[0]) == 1:
        return format_number(np.asarray(leaves[0]).reshape(())[()])
    flat = np.concatenate([np.ravel(x) for x in leaves])
    if not flat.size:
        return "empty"
    if flat.dtype.kind == "c":
        flat = np.abs(flat)
    flat = flat.astype(float) if flat.dtype.kind in "bf" else flat
    with np.errstate(all="ignore"):
        parts = zip(("min", "mean", "max"), (flat.min(), flat.mean(), flat.max()), strict=True)
        return ", ".join(f"{word} {format_number(x)}" for word, x in parts)


def format_number(x: Any) -> str:
    """A number with as many digits as a reader can use."""
    if isinstance(x, (bool, np.bool_)):
        return str(bool(x))
    return str(x) if isinstance(x, (int, np.integer)) else f"{x:.6g}"


def bad_in(leaves: list[Any]) -> str | None:
    """`nan` or `inf` where one of the numbers is; nan goes first."""
    found = None
    for x in leaves:
        a = np.asarray(x)
        if a.dtype.kind not in "fc" or np.isfinite(a).all():
            continue
        if np.isnan(a).any():
            return "nan"
        found = "inf"
    return found
