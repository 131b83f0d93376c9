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
from s2sad.ir.builder import call, shape_of
from s2sad.ir.primitive import Sample, Samples
from s2sad.ir.types import Dim, Type, array, dim_sum, new_dim
from s2sad.rules.families import REAL, array_types, constant, fit, linear
from s2sad.rules.shaping import known_rank, scattered

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
