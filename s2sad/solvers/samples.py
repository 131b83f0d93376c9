"""Integrals of what is sampled: rules of parabolas and of Romberg, as text."""

from __future__ import annotations

from typing import Any

import numpy as np
from scipy import integrate

from s2sad.errors import UnsupportedCall
from s2sad.ir.dims import Dim, dim_sum
from s2sad.ir.solver import Asked, Part, solver
from s2sad.ir.types import COMPLEX, FLOAT, ArrayType, Type, array
from s2sad.solvers.types import floats, like

SOURCE = (
    "Cartwright, Simpson's rule cumulative integration with MS Excel and irregularly-spaced data (2017); Stoer & "
    "Bulirsch, Introduction to Numerical Analysis (2002), section 3.4"
)
"""The works that its rules are from."""


def steps_of(y: Any, x: Any, dx: Any, axis: Any) -> Any:
    """The steps between samples, the last axis of which is that along which is integrated."""
    if x is None:
        return np.moveaxis(dx * np.ones_like(np.real(y)), axis, -1)[..., 1:]
    return np.diff(x if np.ndim(x) == 1 else np.moveaxis(x, axis, -1))


def weights(h: Any) -> Any:
    """What Simpson's rule multiplies samples by that are these steps apart: a parabola through the ends of two steps
    each; where one is left over, that through the last three samples."""
    n = h.shape[-1] + 1
    w = np.zeros((*h.shape[:-1], n))
    if n == 2:
        w[..., :] = 0.5 * h
    else:
        m = n - 1 + n % 2
        left, right = h[..., : m - 1 : 2], h[..., 1 : m - 1 : 2]
        both = left + right
        w[..., : m - 2 : 2] = both / 6.0 * (2.0 - right / left)
        w[..., 1 : m - 1 : 2] = both**3 / (6.0 * left * right)
        w[..., 2:m:2] += both / 6.0 * (2.0 - left / right)
        if n % 2 == 0:
            before, last = h[..., -2], h[..., -1]
            w[..., -3] -= last**3 / (6.0 * before * (before + last))
            w[..., -2] += last * (last + 3.0 * before) / (6.0 * before)
            w[..., -1] = last * (2.0 * last + 3.0 * before) / (6.0 * (before + last))
    return w


def simpson(y: Any, x: Any, dx: Any, axis: Any) -> Any:
    """What `simpson` computes."""
    h = np.full(y.shape[axis] - 1, dx) if x is None else steps_of(y, x, dx, axis)
    return np.sum(np.moveaxis(y, axis, -1) * weights(h), axis=-1)


def first_steps(y: Any, h: Any) -> Any:
    """The integrals over all steps but the last, each of the parabola through its ends and the next sample."""
    left, right = h[..., :-1], h[..., 1:]
    share, ratio = left / (left + right), left / right
    first = (3.0 - share) * y[..., :-2]
    return left / 6.0 * (first + (3.0 + share * ratio + share) * y[..., 1:-1] - share * ratio * y[..., 2:])


def cumulative_simpson(y: Any, x: Any, dx: Any, axis: Any, initial: Any) -> Any:
    """What `cumulative_simpson` computes."""
    h = steps_of(y, x, dx, axis)
    y = np.moveaxis(y, axis, -1)
    h = h * np.ones_like(np.real(y))[..., 1:]
    if y.shape[-1] < 3:
        found = np.cumsum(0.5 * h * (y[..., 1:] + y[..., :-1]), axis=-1)
    else:
        steps = np.zeros_like(y)[..., 1:]
        steps[..., :-1:2] = first_steps(y, h)[..., ::2]
        behind = first_steps(y[..., ::-1], h[..., ::-1])[..., ::-1]
        steps[..., 1::2] = behind[..., ::2]
        steps[..., -1] = behind[..., -1]
        found = np.cumsum(steps, axis=-1)
    if initial is not None:
        start = np.zeros_like(y)[..., :1] + (initial if np.ndim(initial) == 0 else np.moveaxis(initial, axis, -1))
        found = np.concatenate((start, found + start), axis=-1)
    return np.moveaxis(found, -1, axis)


def romb(y: Any, dx: Any, axis: Any) -> Any:
    """What `romb` computes: trapezoids with steps h, as a polynomial in h^2 extrapolated to 0."""
    y = np.moveaxis(y, axis, -1)
    halvings = round(np.log2(y.shape[-1] - 1))
    total = np.zeros_like(y[..., 0])
    for k in range(halvings + 1):
        weight = 2.0 ** (halvings - k)
        for j in range(halvings + 1):
            if j != k:
                weight = weight / (1.0 - 4.0 ** (j - k))
        taken = y[..., :: 2 ** (halvings - k)]
        inner = np.sum(taken, axis=-1) - 0.5 * (taken[..., 0] + taken[..., -1])
        total = total + weight * inner
    return dx * total


def _place(asked: Asked) -> tuple[ArrayType, int]:
    """The type of the samples, and the axis along which is integrated."""
    y, axis = asked.types["y"], asked.known("axis", -1)
    if not isinstance(y, ArrayType) or y.shape is None:
        raise UnsupportedCall("an integral of samples whose number of axes is not known", "annotate the argument")
    if axis is None or not -len(y.shape) <= axis < len(y.shape):
        raise UnsupportedCall(f"an integral along axis {axis} of samples with {len(y.shape)} axes", "")
    return y, axis % len(y.shape)


def _summed(asked: Asked) -> Type:
    """What is left without that axis."""
    y, axis = _place(asked)
    if len(y.shape or ()) == 1:
        return COMPLEX if y.is_complex else FLOAT
    return array(floats(y), tuple(n for k, n in enumerate(y.shape or ()) if k != axis))


@solver(integrate.simpson, functions={}, free="axis", moves="y x dx", passed=None)
def _simpson(asked: Asked) -> Part:
    return like(_summed(asked), simpson)


@solver(integrate.romb, functions={}, free="axis show", moves="y dx", passed=None)
def _romb(asked: Asked) -> Part:
    return like(_summed(asked), romb)


@solver(integrate.cumulative_simpson, functions={}, free="axis", moves="y x dx initial", passed=None)
def _cumulative_simpson(asked: Asked) -> Part:
    y, axis = _place(asked)
    shape: list[Dim] = list(y.shape or ())
    if not asked.given("initial"):
        shape[axis] = dim_sum(shape[axis], -1)
    return like(array(floats(y), tuple(shape)), cumulative_simpson)
