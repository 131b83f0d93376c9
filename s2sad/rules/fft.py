"""Fourier transforms: linear, each its own transpose up to scale and the order of the numbers.

A transform of real numbers gives half of the spectrum; its transpose takes the other half for zero, that of the inverse
counts what stands for two numbers twice. C. Van Loan, Computational Frameworks for the Fast Fourier Transform (1992),
sections 1.1 and 4.4; the convention for complex numbers is JAX's.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

import numpy as np

from s2sad.errors import UnsupportedType
from s2sad.ir.builder import Expr, beside, call, shape_of
from s2sad.ir.definition import define
from s2sad.ir.primitive import Sample, Samples
from s2sad.ir.types import Dim, Type, array, dim_sum, new_dim
from s2sad.rules.families import REAL, array_types, constant, fit, linear, type_in
from s2sad.rules.shaping import axis_in, known_rank, scattered

_COMPLEX = {np.dtype(np.float16): np.complex64, np.dtype(np.float32): np.complex64}


def _spectrum(dtype: Any) -> Any:
    """The complex dtype of the transform of these numbers."""
    if dtype is None or dtype.kind == "c":
        return dtype
    return np.dtype(_COMPLEX.get(dtype, np.complex128))


def _full_type(a: Type, /, axis: int = -1) -> Type:
    (t,) = array_types("np.fft.fft", [a])
    return array(_spectrum(t.dtype), t.shape)


def _plane_type(a: Type, /) -> Type:
    return _full_type(a)


def _same_type(x: Type, /, axes: Any = None) -> Type:
    (t,) = array_types("np.fft.fftshift", [x])
    return array(t.dtype, t.shape)


def _half(n: Dim) -> Dim:
    return n // 2 + 1 if isinstance(n, int) else new_dim("f")


def _real_type(a: Type, /) -> Type:
    (t,) = array_types("np.fft.rfft", [a])
    if t.dtype is not None and t.dtype.kind == "c":
        raise UnsupportedType("np.fft.rfft of complex numbers", "use np.fft.fft")
    return array(_spectrum(t.dtype), None if t.shape is None else (*t.shape[:-1], _half(t.shape[-1])))


def _inverse_real_type(a: Type, /) -> Type:
    (t,) = array_types("np.fft.irfft", [a])
    dtype = None if t.dtype is None else np.zeros(0, _spectrum(t.dtype)).real.dtype
    if t.shape is None:
        return array(dtype, None)
    last = t.shape[-1]
    length: Dim = dim_sum(dim_sum(last, last), -2)
    return array(dtype, (*t.shape[:-1], length))


def _samples(*shapes: tuple[int, ...], real: bool = False, axes: Iterable[Any] = ()) -> Samples:
    def made(rng: np.random.Generator) -> Iterable[Sample]:
        for shape in shapes:
            yield Sample((REAL(rng, shape),))
            if not real:
                yield Sample((REAL(rng, shape) + 1j * REAL(rng, shape),))
        for axis in axes:
            yield Sample((REAL(rng, (3, 4)) + 1j * REAL(rng, (3, 4)),), {"axis": axis})

    return made


def _half_spectra(rng: np.random.Generator) -> Iterable[Sample]:
    """Spectra of real numbers: the first and the last number are real."""
    for shape in [(4,), (2, 5)]:
        yield Sample((np.fft.rfft(REAL(rng, (*shape[:-1], 2 * shape[-1] - 2))),))


def _same(function: Callable[..., Any]) -> Callable[..., Any]:
    return lambda g, x, **static: fit(call(function, g, **static), x)


def _rfft_transpose(g: Any, x: Any) -> Any:
    """The spectrum with zeros for its other half, transformed."""
    last = known_rank(x, "np.fft.rfft") - 1
    whole = scattered(np.zeros_like(x) * 1j, (..., slice(None, shape_of(g)[last])), g)
    return fit(call(np.fft.fft, whole), x)


def _irfft_transpose(g: Any, x: Any) -> Any:
    """The spectrum of the cotangent, conjugated, over n; all but its first and last number counted twice."""
    found = np.conj(call(np.fft.rfft, g)) / shape_of(g)[known_rank(x, "np.fft.irfft") - 1]
    twice = call(np.concatenate, [found[..., :1], 2.0 * found[..., 1:-1], found[..., -1:]], axis=-1)
    return fit(twice, x)


_functions: list[tuple[Callable[..., Any], Callable[..., Type], Samples]] = [
    (np.fft.fft, _full_type, _samples((4,), (5,), (2, 3), axes=(0, 1))),
    (np.fft.ifft, _full_type, _samples((4,), (5,), (2, 3), axes=(0, 1))),
    (np.fft.fft2, _plane_type, _samples((3, 4), (2, 3, 4))),
    (np.fft.ifft2, _plane_type, _samples((3, 4), (2, 3, 4))),
]
for _function, _type, _points in _functions:
    linear(_function, _same(_function), _type, samples=_points)
linear(np.fft.fftshift, _same(np.fft.ifftshift), _same_type, samples=_samples((4,), (5,), (2, 3)))
linear(np.fft.ifftshift, _same(np.fft.fftshift), _same_type, samples=_samples((4,), (5,), (2, 3)))
linear(np.fft.rfft, _rfft_transpose, _real_type, samples=_samples((4,), (5,), (2, 6), real=True))
linear(np.fft.irfft, _irfft_transpose, _inverse_real_type, samples=_half_spectra)


def _frequencies_type(n: Type, /, d: float = 1.0) -> Type:
    (t,) = array_types("np.fft.fftfreq", [n])
    return array(np.dtype(float), None if t.size is None else (t.size,))


constant(np.fft.fftfreq, _frequencies_type, samples=lambda rng: [Sample((6,)), Sample((5,), {"d": 0.1})])


# Lengths, axes and norms


def _scaled(x: Any, count: Any, norm: str | None, back: bool) -> Any:
    """What NumPy's own scale, 1 forward and 1 / n back, is by another name of the norm."""
    if norm in (None, "backward"):
        return x
    if norm not in ("ortho", "forward"):
        raise ValueError(f'norm must be "backward", "ortho" or "forward", not {norm!r}')
    root = count**0.5 if norm == "ortho" else count
    return x * root if back else x / root


def _to_length(x: Any, n: Any, axis: int) -> Any:
    """The first n numbers along an axis, zeros behind them where there are fewer."""
    if n is None:
        return x
    rank = known_rank(x, "a transform")
    k = axis_in(axis, rank)
    m = shape_of(x)[k]
    kept = x[(*[slice(None)] * k, slice(None, n))] if k else x[:n]
    lengths = tuple(call(max, n - m, 0) if j == k else shape_of(x)[j] for j in range(rank))
    return call(np.concatenate, [kept, zeros_like(x, lengths)], axis=k)


def zeros_like(x: Any, shape: Any) -> Any:
    """Zeros of another shape, of the dtype of `x`."""
    dtype = type_in(x).dtype if isinstance(x, Expr) else np.result_type(x)
    return beside(x, np.zeros, shape, **({} if dtype in (None, np.dtype(float)) else {"dtype": dtype}))


def _transform(function: Callable[..., Any], back: bool) -> Callable[..., Any]:
    def expression(a: Any, n: int | None = None, axis: int = -1, norm: str | None = None) -> Any:
        x = _to_length(a, n, axis)
        count = shape_of(x)[axis_in(axis, known_rank(a, "a transform"))]
        return _scaled(call(function, x, axis=axis), count, norm, back)

    return expression


def _at_last(a: Any, axis: int, function: Callable[[Any], Any]) -> Any:
    """A function of the last axis along another one."""
    last = axis == -1 or axis_in(axis, known_rank(a, "a transform")) == known_rank(a, "a transform") - 1
    return function(a) if last else np.moveaxis(function(np.moveaxis(a, axis, -1)), -1, axis)


def _rfft(a: Any, n: int | None = None, axis: int = -1, norm: str | None = None) -> Any:
    def along_last(x: Any) -> Any:
        x = _to_length(x, n, -1)
        return _scaled(call(np.fft.rfft, x), shape_of(x)[known_rank(x, "a transform") - 1], norm, False)

    return _at_last(a, axis, along_last)


def _irfft(a: Any, n: int | None = None, axis: int = -1, norm: str | None = None) -> Any:
    def along_last(x: Any) -> Any:
        if n is None:
            found = call(np.fft.irfft, x)
        elif n % 2 == 0:
            found = call(np.fft.irfft, _to_length(x, n // 2 + 1, -1))
        else:
            half = _to_length(x, n // 2 + 1, -1)
            whole = call(np.concatenate, [_real_first(half), np.conj(half[..., :0:-1])], axis=-1)
            found = np.real(call(np.fft.ifft, whole))
        return _scaled(found, shape_of(found)[known_rank(x, "a transform") - 1], norm, True)

    return _at_last(a, axis, along_last)


def _real_first(half: Any) -> Any:
    """A half spectrum whose first number is taken as real."""
    return call(np.concatenate, [np.real(half[..., :1]) + 0j, half[..., 1:]], axis=-1)


def _over_axes(
    one: Callable[..., Any], last: Callable[..., Any] | None = None, back: bool = False
) -> Callable[..., Any]:
    """A transform along several axes: that of each; the last one may have one of its own, which goes first, or last."""

    def expression(a: Any, s: Any = None, axes: Any = None, norm: str | None = None) -> Any:
        rank = known_rank(a, "a transform")
        lengths = None if s is None else tuple(s)
        count = rank if lengths is None else len(lengths)
        along = tuple(range(rank - count, rank)) if axes is None else tuple(axes)
        steps = [(one, k, n) for k, n in zip(along, lengths or [None] * len(along), strict=True)]
        if last is not None:
            steps[-1] = (last, *steps[-1][1:])
        for function, k, n in steps if back else steps[::-1]:
            a = function(a, n, k, norm)
        return a

    return expression


def _planar(over: Callable[..., Any]) -> Callable[..., Any]:
    def expression(a: Any, s: Any = None, axes: Any = (-2, -1), norm: str | None = None) -> Any:
        return over(a, s, axes, norm)

    return expression


def _complex(*rows: dict[str, Any], shape: tuple[int, ...] = (3, 4)) -> Samples:
    return lambda rng: [Sample((REAL(rng, shape) + 1j * REAL(rng, shape),), row) for row in rows]


def _reals(*rows: dict[str, Any], shape: tuple[int, ...] = (3, 4)) -> Samples:
    return lambda rng: [Sample((REAL(rng, shape),), row) for row in rows]


_LENGTHS = ({"n": 3}, {"n": 6}, {"norm": "ortho"}, {"norm": "forward", "axis": 0}, {"n": 2, "axis": 0, "norm": "ortho"})
_fft, _ifft = _transform(np.fft.fft, False), _transform(np.fft.ifft, True)
_fftn, _ifftn = _over_axes(_fft), _over_axes(_ifft)
_rfftn, _irfftn = _over_axes(_fft, _rfft), _over_axes(_ifft, _irfft, back=True)
define(np.fft.fft, _fft, _complex(*_LENGTHS))
define(np.fft.ifft, _ifft, _complex(*_LENGTHS))
define(np.fft.rfft, _rfft, _reals(*_LENGTHS))
define(np.fft.irfft, _irfft, _complex(*_LENGTHS, {"n": 7}))
_SEVERAL: tuple[dict[str, Any], ...] = (
    {},
    {"axes": (0, 1)},
    {"s": (2, 5), "axes": (0, 1)},
    {"norm": "ortho"},
    {"s": (2, 6), "axes": (1, 0)},
)
define(np.fft.fftn, _fftn, _complex(*_SEVERAL))
define(np.fft.ifftn, _ifftn, _complex(*_SEVERAL))
define(np.fft.rfftn, _rfftn, _reals(*_SEVERAL))
define(np.fft.irfftn, _irfftn, _complex(*_SEVERAL))
define(np.fft.fft2, _planar(_fftn), _complex({"norm": "ortho"}, {"s": (2, 5)}, {"axes": (0, 1)}))
define(np.fft.ifft2, _planar(_ifftn), _complex({"norm": "ortho"}, {"s": (2, 5)}, {"axes": (0, 1)}))
define(np.fft.rfft2, _planar(_rfftn), _reals({}, {"norm": "ortho"}, {"s": (2, 5)}))
define(np.fft.irfft2, _planar(_irfftn), _complex({}, {"norm": "ortho"}, {"s": (2, 5)}))


def _hfft(a: Any, n: int | None = None, axis: int = -1, norm: str | None = None) -> Any:
    turned = {None: "forward", "backward": "forward", "forward": "backward", "ortho": "ortho"}[norm]
    return _irfft(np.conj(a), n, axis, turned)


def _ihfft(a: Any, n: int | None = None, axis: int = -1, norm: str | None = None) -> Any:
    turned = {None: "forward", "backward": "forward", "forward": "backward", "ortho": "ortho"}[norm]
    return np.conj(_rfft(a, n, axis, turned))


define(np.fft.hfft, _hfft, _complex({}, {"n": 5}, {"norm": "ortho"}))
define(np.fft.ihfft, _ihfft, _reals({}, {"n": 5}, {"norm": "ortho"}))
