"""Integrals and convolutions of scipy.integrate and scipy.signal, one function for each."""

from __future__ import annotations

import importlib
from collections.abc import Callable, Iterable
from functools import partial
from typing import Any

import numpy as np
import scipy

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
    for theme in ("filtering", "rates", "spectra", "designs", "responses"):
        importlib.import_module(f"s2sad.rules.scipy.{theme}")
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

    def by_spectra(in1: Any, in2: Any, mode: str = "full", axes: Any = None) -> Any:
        return convolve(in1, in2, mode) if axes is None else _along_axes(in1, in2, mode, axes)

    for function, expression in ((signal.convolve, convolve), (signal.correlate, correlate)):
        define(function, expression, _modes((5,), (3,), (6,), (2,), (3, 4), (2, 2)), "in2")
    for function in (signal.fftconvolve, signal.oaconvolve):
        define(function, by_spectra, _modes_along_axes, "in2")
    for function, planar in ((signal.convolve2d, convolve), (signal.correlate2d, correlate_planes)):
        define(function, _of_planes(planar, function is signal.correlate2d), _modes_of_planes, "in2")


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


def _modes_along_axes(rng: np.random.Generator) -> Iterable[Sample]:
    yield from _modes((5,), (3,))(rng)
    for mode in ("full", "same", "valid"):
        yield Sample((REAL(rng, (2, 5)), REAL(rng, (1, 3)), mode), {"axes": 1})


def _modes_of_planes(rng: np.random.Generator) -> Iterable[Sample]:
    yield from _modes((3, 4), (2, 2), (4, 5), (3, 3))(rng)
    for mode in ("full", "same"):
        for boundary in ({"boundary": "wrap"}, {"boundary": "symm"}, {"fillvalue": 1.5}):
            yield Sample((REAL(rng, (3, 4)), REAL(rng, (2, 3)), mode), boundary)


# Sums over the places of a window


def sums_over_places(x: Any, w: Any) -> Any:
    """The sums of `w` times `x` at all places where the smaller `w` lies in it, none of them conjugated."""
    counts = tuple(m - n + 1 for m, n in zip(x.shape, w.shape, strict=True))
    if np.prod(counts) > 100:
        return scipy.signal.correlate(x, np.conj(w), mode="valid")
    found = np.empty(counts, np.result_type(x, w))
    for place in np.ndindex(*counts):
        part = x[tuple(slice(k, k + n) for k, n in zip(place, w.shape, strict=True))]
        found[place] = np.sum(part * w)
    return found


def _sums_type(x: Type, w: Type, /) -> Type:
    s, t = array_types("scipy.signal.correlate", [x, w])
    if s.shape is None or t.shape is None:
        return array(promote(s, t), None)
    return array(promote(s, t), tuple(dim_sum(dim_sum(m, n, -1), 1) for m, n in zip(s.shape, t.shape, strict=True)))


def _sums_of_vectors(x: Type, w: Type) -> str | None:
    if x.rank != 1 or x.is_complex or w.is_complex:
        return None
    return "np.correlate(_0, _1)"  # at few places, each sum is cheap


def _sums_adjoint(g: Any, y: Any, xs: Any, active: Any) -> Any:
    x, w = xs
    convolve = importlib.import_module("scipy.signal").convolve
    return (
        fit(call(convolve, g, w), x) if active[0] else None,
        fit(call(sums_over_places, x, g), w) if active[1] else None,
    )


rule(
    sums_over_places,
    _sums_type,
    tangent=bilinear_tangent(sums_over_places),
    adjoint=_sums_adjoint,
    helper=True,
    spelling=_sums_of_vectors,
    samples=lambda rng: [
        Sample((REAL(rng, (5,)), REAL(rng, (3,)))),
        Sample((REAL(rng, (3, 4)), REAL(rng, (2, 4)))),
    ],
)


def _full_convolution(convolve: Callable[..., Any]) -> Callable[..., Any]:
    """A convolution by `mode`: a part of the full one, which is the primitive."""

    def expression(in1: Any, in2: Any, mode: str = "full", method: str = "auto") -> Any:
        return _part(call(convolve, in1, in2), in1, in2, mode)

    return expression


def _of_planes(function: Callable[..., Any], turned: bool) -> Callable[..., Any]:
    """A convolution of matrices, or a correlation, which may say what lies around them."""

    def expression(in1: Any, in2: Any, mode: str = "full", boundary: str = "fill", fillvalue: Any = 0) -> Any:
        if boundary in ("fill", "pad") and fillvalue == 0:
            return function(in1, in2, mode)
        kind = {"fill": "constant", "pad": "constant", "wrap": "wrap", "circular": "wrap"}.get(boundary, "symmetric")
        if mode == "valid":
            return function(in1, in2, mode)  # which reads nothing from outside
        widths = tuple((shape_of(in2)[k] - 1, shape_of(in2)[k] - 1) for k in range(2))
        manner = {"constant_values": fillvalue} if kind == "constant" else {"mode": kind}
        weights = conjugated(in2) if turned else np.flip(in2)
        return _part(call(sums_over_places, call(np.pad, in1, widths, **manner), weights), in1, in2, mode, int(turned))

    return expression


def _along_axes(in1: Any, in2: Any, mode: str, axes: Any) -> Any:
    """A convolution along some axes: along the others the arrays are broadcast."""
    fft = importlib.import_module("scipy.fft")
    rank = known_rank(in1, "scipy.signal.fftconvolve")
    along = sorted({k % rank for k in (axes if isinstance(axes, (tuple, list)) else (axes,))})
    lengths = tuple(shape_of(in1)[k] + shape_of(in2)[k] - 1 for k in along)
    real = conjugated(in1) is in1 and conjugated(in2) is in2
    there, back = (fft.rfftn, fft.irfftn) if real else (fft.fftn, fft.ifftn)
    spectrum = call(there, in1, lengths, axes=tuple(along)) * call(there, in2, lengths, axes=tuple(along))
    full = call(back, spectrum, lengths, axes=tuple(along))
    if mode == "full":
        return full
    starts = {k: (shape_of(in2)[k] - 1) // 2 for k in along}
    counts = {k: shape_of(in1)[k] for k in along}
    if mode == "valid":
        starts = {k: call(min, shape_of(in1)[k], shape_of(in2)[k]) - 1 for k in along}
        counts = {k: call(abs, shape_of(in1)[k] - shape_of(in2)[k]) + 1 for k in along}
    return full[tuple(slice(starts[k], starts[k] + counts[k]) if k in starts else slice(None) for k in range(rank))]


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
