"""Integrals, convolutions and distances of scipy.integrate, scipy.signal and scipy.spatial, one function for each."""

from __future__ import annotations

import importlib
from collections.abc import Callable, Iterable
from functools import partial
from typing import Any

import numpy as np

from s2sad.errors import UnsupportedType
from s2sad.ir.builder import call, shape_of
from s2sad.ir.definition import define
from s2sad.ir.dims import dim_sum
from s2sad.ir.primitive import Sample
from s2sad.ir.types import Type, array, promote
from s2sad.rules.contributions import conjugated, fit
from s2sad.rules.domains import REAL
from s2sad.rules.families import rule
from s2sad.rules.numpy.calculus import along_axis, cut, grid, trapezoid, trapezoid_samples
from s2sad.rules.numpy.contractions import bilinear_tangent
from s2sad.rules.numpy.shaping import known_rank
from s2sad.rules.numpy.statistics import in_double
from s2sad.rules.promotion import array_types

# Integrals


def of_integrate() -> None:
    """The rules of scipy.integrate."""
    integrate = importlib.import_module("scipy.integrate")
    define(integrate.trapezoid, trapezoid, trapezoid_samples, "y x dx")
    define(
        integrate.cumulative_trapezoid,
        _cumulative,
        lambda rng: [
            Sample((REAL(rng, (5,)),)),
            Sample((REAL(rng, (5,)), grid(rng, 5))),
            Sample((REAL(rng, (4, 5)), grid(rng, 4)), {"axis": 0, "initial": 0}),
            Sample((REAL(rng, (4, 5)),), {"dx": 0.5, "initial": 0}),
        ],
        "y x dx",
    )


def _cumulative(y: Any, x: Any = None, dx: Any = 1.0, axis: int = -1, initial: Any = None) -> Any:
    steps = (
        dx if x is None else along_axis(np.diff(x) if known_rank(x, "this") == 1 else np.diff(x, axis=axis), y, axis)
    )
    found = np.cumsum(0.5 * steps * (cut(y, axis, 1, None) + cut(y, axis, None, -1)), axis=axis)
    return found if initial is None else call(np.concatenate, [cut(found, axis, None, 1) * 0.0, found], axis=axis)


# Convolutions of any rank


def of_signal() -> None:
    """The rules of scipy.signal."""
    signal = importlib.import_module("scipy.signal")
    convolve = _full_convolution(signal.convolve)
    rule(
        signal.convolve,
        _convolve_type,
        tangent=bilinear_tangent(signal.convolve),
        adjoint=partial(_convolve_adjoint, signal.convolve),
        samples=lambda rng: [
            Sample((REAL(rng, (5,)), REAL(rng, (3,)))),
            Sample((REAL(rng, (2,)), REAL(rng, (4,)))),
            Sample((REAL(rng, (3, 4)), REAL(rng, (2, 2)))),
        ],
    )

    def correlate(in1: Any, in2: Any, mode: str = "full", method: str = "auto") -> Any:
        return convolve(in1, conjugated(np.flip(in2)), mode)

    def correlate_planes(in1: Any, in2: Any, mode: str) -> Any:
        return _part(call(signal.convolve, in1, conjugated(np.flip(in2))), in1, in2, mode, later=1)

    def fftconvolve(in1: Any, in2: Any, mode: str = "full", axes: Any = None) -> Any:
        if axes is not None:
            raise UnsupportedType("scipy.signal.fftconvolve over some axes", "use np.fft")
        return convolve(in1, in2, mode)

    for function, expression in ((signal.convolve, convolve), (signal.correlate, correlate)):
        define(function, expression, _modes((5,), (3,), (6,), (2,), (3, 4), (2, 2)), "in2")
    define(signal.fftconvolve, fftconvolve, _modes((5,), (3,)), "in2")
    for function, planar in ((signal.convolve2d, convolve), (signal.correlate2d, correlate_planes)):
        define(function, _of_planes(planar), _modes((3, 4), (2, 2), (4, 5), (3, 3)), "in2")


def _convolve_type(in1: Type, in2: Type, /) -> Type:
    s, t = array_types("scipy.signal.convolve", [in1, in2])
    if s.shape is None or t.shape is None:
        return array(promote(s, t), None)
    if len(s.shape) != len(t.shape) or not s.shape:
        raise ValueError("scipy.signal.convolve of arrays of different rank")
    return array(promote(s, t), tuple(dim_sum(dim_sum(m, n), -1) for m, n in zip(s.shape, t.shape, strict=True)))


def _convolve_adjoint(convolve: Callable[..., Any], g: Any, y: Any, xs: Any, active: Any) -> tuple[Any, Any]:
    """What a cotangent of a full convolution gives to each operand."""

    def gathered(other: Any, own: Any) -> Any:
        # The adjoint of a full convolution is a correlation, of which the middle is the operand's.
        whole = call(convolve, g, np.flip(other))
        return fit(whole[_window(own, lambda k: (shape_of(other)[k] - 1, shape_of(own)[k]))], own)

    x, w = xs
    return gathered(w, x) if active[0] else None, gathered(x, w) if active[1] else None


def _full_convolution(convolve: Callable[..., Any]) -> Callable[..., Any]:
    """A convolution by `mode`: a part of the full one, which is the primitive."""

    def expression(in1: Any, in2: Any, mode: str = "full", method: str = "auto") -> Any:
        return _part(call(convolve, in1, in2), in1, in2, mode)

    return expression


def _of_planes(function: Callable[..., Any]) -> Callable[..., Any]:
    """A convolution of matrices, which may say what lies around them."""

    def expression(in1: Any, in2: Any, mode: str = "full", boundary: str = "fill", fillvalue: Any = 0) -> Any:
        if boundary != "fill" or fillvalue != 0:
            raise UnsupportedType("a convolution with another boundary than zeros", "pad the array, with np.pad")
        return function(in1, in2, mode)

    return expression


def _window(x: Any, bounds: Callable[[int], tuple[Any, Any]]) -> Any:
    """A subscript that takes so many items from a start on, along every axis."""
    parts = [bounds(k) for k in range(known_rank(x, "a convolution"))]
    index = tuple(slice(start, start + count) for start, count in parts)
    return index if len(index) > 1 else index[0]


def _part(full: Any, in1: Any, in2: Any, mode: str, later: int = 0) -> Any:
    """The middle of a convolution: as long as the first operand, or where both overlap.

    Where there are two middles it is the first one, or the second one with `later`.
    """
    if mode == "full":
        return full
    if mode == "same":
        return full[_window(in1, lambda k: ((shape_of(in2)[k] - 1 + later) // 2, shape_of(in1)[k]))]
    if mode != "valid":
        raise ValueError(f"mode must be 'full', 'same' or 'valid', not {mode!r}")

    def bounds(k: int) -> tuple[Any, Any]:
        m, n = shape_of(in1)[k], shape_of(in2)[k]
        return call(min, m, n) - 1, call(abs, m - n) + 1

    return full[_window(in1, bounds)]


def _modes(*shapes: tuple[int, ...]) -> Callable[[np.random.Generator], Iterable[Sample]]:
    def samples(rng: np.random.Generator) -> Iterable[Sample]:
        for s, t in zip(shapes[::2], shapes[1::2], strict=True):
            for mode in ("full", "same", "valid"):
                yield Sample((REAL(rng, s), REAL(rng, t)), {"mode": mode})

    return samples


# Distances


def of_spatial() -> None:
    """The rules of scipy.spatial.distance."""
    distance = importlib.import_module("scipy.spatial.distance")
    define(
        distance.cdist,
        _cdist,
        lambda rng: [
            Sample((REAL(rng, (3, 2)), 3.0 + REAL(rng, (4, 2)), metric)) for metric in ("euclidean", *METRICS)
        ],
        "XB",
        name="scipy.spatial.distance.cdist",
    )


METRICS: dict[str, Callable[[Any], Any]] = {
    "sqeuclidean": lambda d: np.sum(d * d, axis=-1),
    "cityblock": lambda d: np.sum(np.abs(d), axis=-1),
    "chebyshev": lambda d: np.max(np.abs(d), axis=-1),
}


def _cdist(XA: Any, XB: Any, metric: str = "euclidean") -> Any:
    between = in_double(XA)[:, None] - in_double(XB)
    if metric == "euclidean":
        return np.linalg.norm(between, axis=-1)
    if metric not in METRICS:
        raise UnsupportedType(f"scipy.spatial.distance.cdist with metric {metric!r}", "write the sums")
    return METRICS[metric](between)
