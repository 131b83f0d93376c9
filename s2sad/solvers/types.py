"""Types of what solvers give to functions, and of what they give themselves."""

from __future__ import annotations

from typing import Any

import numpy as np

import s2sad
from s2sad.ir.dims import Dim, new_dim
from s2sad.ir.primitives.effects import STRING
from s2sad.ir.solver import Asked, Part
from s2sad.ir.types import BOOL, COMPLEX, FLOAT, INT, ArrayType, ContainerType, OpaqueType, Type, array

TRUTH, COUNT, TEXT = Part(BOOL, constant=True), Part(INT, constant=True), Part(STRING, constant=True)
"""What a solver reports of its work."""


def text_moved(means: Any, moved: Any, params: Any, moved_dot: Any, params_dot: Any) -> Any:
    """The tangent of what a text computes."""
    return s2sad.jvp(means, (*moved, *params), (*moved_dot, *params_dot))[1]


def text_pulled(means: Any, moved: Any, params: Any, g: Any) -> Any:
    """The cotangents of what a text depends on."""
    value, pullback = s2sad.vjp(means, *moved, *params)
    bars = pullback(g)
    return (*bars[: len(moved)], bars[len(moved) :])


def like(t: Type, text: Any) -> Part:
    """A result that is what a text computes, of arguments and `params`: its derivatives are those of the text."""
    return Part(t, text_moved, text_pulled, means=text)


def one_number(asked: Asked) -> tuple[Type, ...]:
    """The argument of a function of one number."""
    return (FLOAT,)


def length(t: Type) -> Dim:
    """How many numbers an array has, or a list of numbers; one, where it is a number."""
    if isinstance(t, ContainerType):
        return len(t.keys)
    if t.shape is None or len(t.shape) > 1:
        return new_dim("n")
    return t.shape[0] if t.shape else 1


def floats(t: Type) -> np.dtype[np.generic]:
    """The dtype of an array of floats made of this."""
    return t.dtype if t.dtype is not None and t.dtype.kind in "fc" else np.dtype(float)


def vector(t: Type) -> ArrayType:
    """What `np.atleast_1d(x).ravel()` is, in floats."""
    return array(np.dtype(float), (length(t),))


def shaped(t: Type) -> ArrayType:
    """What `np.asarray(x, float)` is; a number stays one."""
    if isinstance(t, ContainerType):
        return array(np.dtype(float), (len(t.keys),))
    assert isinstance(t, ArrayType)
    if t.is_scalar or t.shape == ():
        return COMPLEX if t.is_complex else FLOAT
    return array(floats(t), t.shape)


def unknown(what: str) -> Part:
    """What has no derivative, and is of no type that is known."""
    return Part(OpaqueType(what), constant=True)
