"""Values in short: what a page or a message says of a number, an array or a container of these."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

from s2sad.ir.objects import object_items

PARTS = 3
"""So many parts of a container are told."""


def summary(value: Any) -> dict[str, Any] | None:
    """A value as `{"text", "shape", "bad"}`; None for what holds no numbers."""
    parts = list(parts_of(value))
    if not parts:
        return None
    shape = list(np.shape(value)) if isinstance(value, (np.ndarray, np.generic)) else []
    return {"text": _text(parts), "shape": shape, "bad": bad_in([leaf for _, leaf in parts])}


def _text(parts: list[tuple[str, Any]]) -> str:
    """A list of plain numbers is told as an array is; of other containers the parts are."""
    leaves = [leaf for _, leaf in parts]
    if not any(name for name, _ in parts) and (len(parts) == 1 or all(np.ndim(leaf) == 0 for leaf in leaves)):
        return text_of(leaves)
    told = [f"{name}: {text_of([leaf])}" if name else text_of([leaf]) for name, leaf in parts[:PARTS]]
    return "; ".join([*told, *(["\u2026"] if len(parts) > PARTS else [])])


def numbers_in(value: Any) -> Iterator[Any]:
    """The numbers and arrays in a value."""
    return (leaf for _, leaf in parts_of(value))


def parts_of(value: Any, name: str = "") -> Iterator[tuple[str, Any]]:
    """The numbers and arrays in a value, with the names that lead to them."""
    if isinstance(value, (bool, int, float, complex, np.generic)) or type(value) is np.ndarray:
        if np.asarray(value).dtype.kind in "biufc":
            yield name, value
    elif isinstance(value, (tuple, list)):
        fields = getattr(value, "_fields", None) or [""] * len(value)
        for own, item in zip(fields, value, strict=True):
            yield from parts_of(item, _within(name, own))
    else:
        items = value if isinstance(value, dict) else object_items(value)
        for own, item in () if items is None else items.items():
            yield from parts_of(item, _within(name, str(own)))


def _within(name: str, own: str) -> str:
    return f"{name}.{own}" if name and own else name or own


def text_of(leaves: list[Any]) -> str:
    """One number as it is; of more the least, the mean and the greatest, and how many are not finite."""
    if len(leaves) == 1 and np.size(leaves[0]) == 1:
        return format_number(np.asarray(leaves[0]).reshape(())[()])
    flat = np.concatenate([np.ravel(x) for x in leaves])
    if not flat.size:
        return "empty"
    finite = flat[np.isfinite(flat)] if flat.dtype.kind in "fc" else flat
    rest = _not_finite(flat) if finite.size < flat.size else ""
    if not finite.size:
        return rest
    if finite.dtype.kind == "c":
        finite = np.abs(finite)
    finite = finite.astype(float) if finite.dtype.kind in "bf" else finite
    with np.errstate(all="ignore"):
        parts = zip(("min", "mean", "max"), (finite.min(), finite.mean(), finite.max()), strict=True)
        return ", ".join([*(f"{word} {format_number(x)}" for word, x in parts), *([rest] if rest else [])])


def _not_finite(flat: np.ndarray[Any, Any]) -> str:
    """How many numbers are nan, and how many are not finite."""
    nans = int(np.isnan(flat).sum())
    infs = int(np.isinf(flat).sum())
    if flat.size in (nans, infs):
        return "all nan" if nans else "all inf"
    if nans and infs:
        return f"{nans} nan and {infs} inf of {flat.size}"
    return f"{nans} of {flat.size} nan" if nans else f"{infs} of {flat.size} inf"


def format_number(x: Any) -> str:
    """A number with as many digits as a reader can use."""
    if isinstance(x, (bool, np.bool_)):
        return str(bool(x))
    return str(x) if isinstance(x, (int, np.integer)) else f"{x + 0.0:.6g}"  # no minus of zero


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
