"""What interpolants share: of which type their values are, and how these move with the places and the values."""

from __future__ import annotations

from typing import Any

import numpy as np

from s2sad.errors import UnsupportedCall
from s2sad.ir.solver import Asked, Part
from s2sad.ir.types import Type, array
from s2sad.solvers.types import length

# For rules


def in_front(g: Any, at: Any, axis: Any) -> Any:
    """The axes of the place in front of all others: they begin at `axis`."""
    if axis == 0 or np.ndim(at) == 0:
        return g
    return np.moveaxis(g, axis, 0) if np.ndim(at) == 1 else np.moveaxis(g, (axis, axis + 1), (0, 1))


def in_place(value: Any, at: Any, axis: Any) -> Any:
    """The axes of the place, which are in front, where they begin at `axis`."""
    if axis == 0 or np.ndim(at) == 0:
        return value
    return np.moveaxis(value, 0, axis) if np.ndim(at) == 1 else np.moveaxis(value, (0, 1), (axis, axis + 1))


def along(slope: Any, at_dot: Any, axis: Any) -> Any:
    """What a value moves by where its place does; the axes of the place begin at `axis`."""
    if np.ndim(slope) == np.ndim(at_dot):
        return slope * at_dot
    return slope * np.reshape(at_dot, np.shape(at_dot) + (1,) * (np.ndim(slope) - axis - np.ndim(at_dot)))


def by_place(slope: Any, g: Any, at: Any, axis: Any) -> Any:
    """The cotangent of a place."""
    if np.ndim(slope) == np.ndim(at):
        return g * slope
    return np.sum(np.reshape(in_front(g * slope, at, axis), np.shape(at) + (-1,)), axis=-1)


def transposed(basis: Any, g: Any, count: Any) -> Any:
    """The cotangents of `count` values, of what each adds to the results: along the last axis of `basis`."""
    flat = np.reshape(basis, (-1, count))
    behind = np.shape(g)[np.ndim(basis) - 1 :]
    return np.reshape(flat.T @ np.reshape(g, (np.shape(flat)[0], -1)), (count,) + behind)


def first(values: Any, axis: Any) -> Any:
    """The axis of the points in front."""
    return values if axis == 0 else np.moveaxis(values, axis, 0)


def at_axis(values: Any, axis: Any) -> Any:
    """The axis of the points, which is in front, in its place."""
    return values if axis == 0 else np.moveaxis(values, 0, axis)


def in_cells(parts: Any, cell: Any, count: Any) -> Any:
    """The sum of what falls into each of `count` cells."""
    total = np.zeros((count,) + np.shape(parts)[np.ndim(cell) :])
    np.add.at(total, cell, parts)
    return total


def valued(itself: Any, at: Any, nu: Any, at_extrapolate: Any) -> Any:
    """The derivative of an order, as the call asks for it."""
    return itself(at, nu) if at_extrapolate is None else itself(at, nu, at_extrapolate)


def cell_of(x: Any, at: Any) -> Any:
    """The number of the piece in which a place is."""
    return np.clip(np.searchsorted(x, at, side="right") - 1, 0, len(x) - 2)


# For rows


def of_real(values: Type) -> None:
    """Refuse complex values."""
    if not values.is_container and values.dtype is not None and values.dtype.kind == "c":
        raise UnsupportedCall("an interpolant of complex values", "interpolate the real and the imaginary part")


def axis_of(asked: Asked, values: str = "y", default: int = 0) -> int:
    """The axis along which values are given."""
    axis, rank = asked.known("axis", default), asked.types[values].rank
    if "axis" in asked.types and "axis" not in asked.static or not isinstance(axis, int):
        raise UnsupportedCall("an interpolant along an axis that is not known at compile time", "write a number")
    if rank is None and axis != 0:
        raise UnsupportedCall("an interpolant along an axis of values of unknown rank", "interpolate along axis 0")
    return axis % rank if rank else axis


def values_type(asked: Asked, axis: int, values: str = "y", place: str = "at_x", count: int = 1) -> Type:
    """The type of values at places; along `count` axes from `axis` on the given ones are interpolated."""
    y, at = asked.types[values], asked.types[place]
    of_real(y)
    if y.is_container:
        y = array(np.dtype(float), (length(y),))
    shape = (length(at),) if at.is_container else at.shape
    if shape is None or y.shape is None:
        return array(np.dtype(float), None)
    if count == 2:  # the orders and the pieces come first
        return array(np.dtype(float), (*y.shape[2:][:axis], *shape, *y.shape[2:][axis:]))
    return array(np.dtype(float), (*y.shape[:axis], *shape, *y.shape[axis + 1 :]))


def static(asked: Asked, name: str, default: object) -> Any:
    """An argument that has to be known at compile time."""
    if asked.given(name) and name not in asked.static:
        shown = name.removeprefix("at_")
        raise UnsupportedCall(f"an interpolant whose {shown} is not known at compile time", "write it as a constant")
    found = asked.known(name)
    return default if found is None else found


def unmoved(g: Any = None) -> Any:
    """The rule of what does not move: all that it could move with is refused."""
    return ()


def fixed(t: Type) -> Part:
    """What an object has that moves with none of what it moves with; by what it is made of it is refused."""
    return Part(t, unmoved, unmoved, only=(), apart=True)
