"""Spectra of scipy.signal by segments, and signals at other rates: Fourier transforms of pieces under a window.

Segments that overlap are read from a signal, and added up in one: each is the adjoint of the other. J. B. Allen and
L. R. Rabiner, A Unified Approach to Short-Time Fourier Analysis and Synthesis, Proceedings of the IEEE 65 (1977).
"""

from __future__ import annotations

import inspect
import math
from collections.abc import Callable, Iterable
from typing import Any

import numpy as np
from scipy import fft, signal

from s2sad.errors import UnsupportedType
from s2sad.ir.builder import Expr, beside, call, known_value, rank_of, shape_of
from s2sad.ir.definition import define
from s2sad.ir.dims import dim_sum, new_dim
from s2sad.ir.primitive import Primitive, Sample, register
from s2sad.ir.types import Type, array
from s2sad.rules.contributions import cast, conjugated, type_in
from s2sad.rules.domains import REAL
from s2sad.rules.families import linear
from s2sad.rules.numpy.creation import length as length_of
from s2sad.rules.numpy.shaping import axis_in, known_rank
from s2sad.rules.numpy.statistics import real as reals
from s2sad.rules.promotion import array_types, quotient_size
from s2sad.rules.scipy.filtering import absent, around, extended

# Segments


def segments(x: Any, size: int, step: int) -> Any:
    """So many numbers along the last axis from every so manieth on: the segments lie along an axis before them."""
    return np.lib.stride_tricks.sliding_window_view(x, size, axis=-1)[..., ::step, :].copy()


def added_up(pieces: Any, step: int, length: int) -> Any:
    """Segments added up where they lie in a signal of this length."""
    found = np.zeros((*pieces.shape[:-2], length), pieces.dtype)
    for k in range(pieces.shape[-2]):
        found[..., k * step : k * step + pieces.shape[-1]] += pieces[..., k, :]
    return found


def _segments_type(x: Type, size: Type, step: Type, /) -> Type:
    t, *_ = array_types("segments", [x, size, step])
    if t.shape is None:
        return array(t.dtype, None)
    m, k = length_of(size, "segments"), length_of(step, "segments")
    steps = quotient_size(dim_sum(t.shape[-1], m, -1), k)
    return array(t.dtype, (*t.shape[:-1], new_dim("s") if steps is None else dim_sum(steps, 1), m))


def _added_type(pieces: Type, step: Type, length: Type, /) -> Type:
    t, *_ = array_types("added_up", [pieces, step, length])
    return array(t.dtype, None if t.shape is None else (*t.shape[:-2], length_of(length, "added_up")))


def _within(g: Any, x: Any, step: Any) -> Any:
    """The segments that `x` has, of a signal that may have more."""
    found = call(segments, g, shape_of(x)[known_rank(x, "segments") - 1], step)
    return found[..., : shape_of(x)[known_rank(x, "segments") - 2], :]


linear(
    segments,
    lambda g, x, size, step: call(added_up, g, step, shape_of(x)[known_rank(x, "segments") - 1]),
    _segments_type,
    helper=True,
    batched=lambda b: call(segments, b.only_first(), *b.xs[1:]),
    samples=lambda rng: [Sample((REAL(rng, (8,)), 4, 2)), Sample((REAL(rng, (2, 9)), 3, 2))],
)
linear(
    added_up,
    lambda g, x, step, length: _within(g, x, step),
    _added_type,
    helper=True,
    batched=lambda b: call(added_up, b.only_first(), *b.xs[1:]),
    samples=lambda rng: [Sample((REAL(rng, (3, 4)), 2, 8)), Sample((REAL(rng, (2, 2, 3)), 2, 9))],
)


# Windows


def _window_of_length(length: Any, window: Any) -> Any:
    return signal.get_window(window, length)


WINDOW = register(
    Primitive(
        "scipy.signal.get_window of a length",
        _window_of_length,
        lambda length, /, window: array(np.dtype(float), (length_of(length, "scipy.signal.get_window"),)),
        constant=True,
        spelling=lambda length, window: f"scipy.signal.get_window({window!r}, _0)",
        samples=lambda rng: [Sample((6,), {"window": ("kaiser", 4.0)})],
    )
)


def _is_named(window: Any) -> bool:
    return isinstance(window, (str, tuple, float, int))


def _window(x: Any, window: Any, size: Any) -> Any:
    """A window by its name, in the precision of the signal; one that is given."""
    if not _is_named(window):
        return window
    if isinstance(x, Expr):
        found: Any = x.builder.expr(x.builder.apply(WINDOW, [x.builder.operand(size)], {"window": window}))
    else:
        found = _window_of_length(size, window)
    return np.astype(found, np.float32) if _is_single(x) else found


def _is_single(x: Any) -> bool:
    dtype = type_in(x).dtype
    return dtype is not None and dtype.name in ("float32", "complex64")


# Spectra


def _is_real(*signals: Any) -> bool:
    return all(conjugated(x) is x for x in signals)


def _least(n: Any, x: Any) -> Any:
    length = shape_of(x)[known_rank(x, "this") - 1]
    return call(min, n, length)


class Pieces:
    """How a signal is cut into segments, and what is done with each."""

    def __init__(self, x: Any, window: Any, nperseg: Any, noverlap: Any, nfft: Any, detrend: Any) -> None:
        if callable(detrend):
            raise UnsupportedType("a spectrum with a function as detrend", "subtract the trends, and pass False")
        if _is_named(window):
            self.size = _least(256 if absent(nperseg) else nperseg, x)
        else:
            self.size = np.size(window)
        self.window = _window(x, window, self.size)
        self.overlap = self.size // 2 if absent(noverlap) else noverlap
        self.step = self.size - self.overlap
        self.nfft = self.size if absent(nfft) else nfft
        self.detrend = detrend

    def spectrum(self, x: Any, real: bool) -> Any:
        """The transforms of the segments of a signal along its last axis."""
        pieces = call(segments, x, self.size, self.step)
        if self.detrend:
            pieces = call(signal.detrend, pieces, type=self.detrend)
        return call(fft.rfft if real else fft.fft, self.window * pieces, self.nfft)

    def scale(self, fs: Any, scaling: str) -> Any:
        if scaling == "density":
            return 1.0 / (fs * np.sum(self.window * self.window))
        if scaling != "spectrum":
            raise ValueError(f"scaling must be 'density' or 'spectrum', not {scaling!r}")
        return 1.0 / np.sum(self.window) ** 2

    def frequencies(self, fs: Any, real: bool) -> Any:
        function = fft.rfftfreq if real else fft.fftfreq
        return beside(self.window, function, self.nfft, 1.0 / fs)

    def doubled(self, power: Any) -> Any:
        """A spectrum that stands for the frequencies below 0 too."""
        k, n = beside(power, np.arange, shape_of(power)[known_rank(power, "a spectrum") - 1]), self.nfft
        return power * _in_precision(np.where((k == 0) | (2 * k == n), 1.0, 2.0), power)


def _in_precision(weights: Any, x: Any) -> Any:
    return np.astype(weights, np.float32) if _is_single(x) else weights


def _last(x: Any, axis: int) -> Any:
    """The axis that is transformed, behind the others."""
    rank = known_rank(x, "a spectrum")
    return x if axis_in(axis, rank) == rank - 1 else np.moveaxis(x, axis, -1)


def _put_back(x: Any, axis: int, more: int) -> Any:
    """The axis of frequencies where the data had theirs, in front of `more` other ones at the end."""
    rank = known_rank(x, "a spectrum")
    place = axis - more if axis < 0 else axis
    return x if axis_in(place, rank) == rank - 1 else np.moveaxis(x, -1, place)


def _filled_up(x: Any, length: Any) -> Any:
    rank = known_rank(x, "scipy.signal.csd")
    return around(x, rank - 1, 0, length - shape_of(x)[rank - 1])


def _csd(
    x: Any,
    y: Any,
    fs: Any = 1.0,
    window: Any = None,
    nperseg: Any = None,
    noverlap: Any = None,
    nfft: Any = None,
    detrend: Any = "constant",
    return_onesided: bool = True,
    scaling: str = "density",
    axis: int = -1,
    average: str = "mean",
) -> Any:
    x, same = _last(x, axis), y is x
    y = x if same else _last(y, axis)
    if any(0 in (type_in(v).shape or ()) for v in (x, y)):  # what SciPy gives then has another shape
        raise UnsupportedType("scipy.signal.csd of nothing", "pass signals that have a length")
    if not same and type_in(x).shape != type_in(y).shape:
        length = call(max, *(shape_of(v)[known_rank(v, "scipy.signal.csd") - 1] for v in (x, y)))
        x, y = _filled_up(x, length), _filled_up(y, length)
    real = return_onesided and _is_real(x, y)
    pieces = Pieces(x, window, nperseg, noverlap, nfft, detrend)
    first = pieces.spectrum(x, real)
    power = _squared(first) if same else np.conj(first) * pieces.spectrum(y, real)
    power = power * pieces.scale(fs, scaling)
    power = _averaged(pieces.doubled(power) if real else power, average)
    return pieces.frequencies(fs, real), _put_back(power, axis, 0)


def _squared(z: Any) -> Any:
    return np.real(z) ** 2 + np.imag(z) ** 2


def _averaged(power: Any, average: str) -> Any:
    if average == "mean":
        return np.mean(power, axis=-2)
    if average != "median":
        raise ValueError(f"average must be 'median' or 'mean', not {average!r}")
    count = shape_of(power)[known_rank(power, "a spectrum") - 2]
    k = 2.0 * beside(power, np.arange, 1.0, (count - 1) // 2 + 1)
    bias = 1.0 + np.sum(1.0 / (k + 1.0) - 1.0 / k)
    if _is_real(power):
        return cast(np.median(power, axis=-2) / bias, type_in(power))
    middle = np.median(np.real(power), axis=-2) + 1j * np.median(np.imag(power), axis=-2)
    return cast(middle / bias, type_in(power))


def _periodogram(
    x: Any,
    fs: Any = 1.0,
    window: Any = "boxcar",
    nfft: Any = None,
    detrend: Any = "constant",
    return_onesided: bool = True,
    scaling: str = "density",
    axis: int = -1,
) -> Any:
    if not absent(nfft):
        x = _last(x, axis)[..., :nfft]
        axis_of_x = -1
    else:
        axis_of_x = axis
    length = shape_of(x)[axis_in(axis_of_x, known_rank(x, "scipy.signal.periodogram"))]
    window = "boxcar" if absent(window) else window
    how = {"nfft": nfft, "detrend": detrend, "return_onesided": return_onesided, "scaling": scaling}
    f, power = _csd(x, x, fs, window, length, 0, axis=axis_of_x, **how)
    return f, power if axis_of_x == axis else _put_back(power, axis, 0)


def _coherence(
    x: Any,
    y: Any,
    fs: Any = 1.0,
    window: Any = None,
    nperseg: Any = None,
    noverlap: Any = None,
    nfft: Any = None,
    detrend: Any = "constant",
    axis: int = -1,
) -> Any:
    how = (fs, window, nperseg, noverlap, nfft, detrend)
    f, own = _csd(x, x, *how, axis=axis)
    _, other = _csd(y, y, *how, axis=axis)
    _, both = _csd(x, y, *how, axis=axis)
    return f, _squared(both) / own / other


def _short_time(
    x: Any,
    pieces: Pieces,
    fs: Any,
    real: bool,
    scaling: str,
    axis: int,
    boundary: str | None,
    padded: bool,
    power: bool,
) -> Any:
    """Frequencies, times and spectra of the segments."""
    rank = known_rank(x, "a spectrum")
    if boundary is not None:
        x = extended(x, pieces.size // 2, boundary, rank - 1)
    if padded:
        x = around(x, rank - 1, 0, (-(shape_of(x)[rank - 1] - pieces.size) % pieces.step) % pieces.size)
    found = pieces.spectrum(x, real)
    scale = pieces.scale(fs, scaling)
    if power:
        found = _squared(found) * scale
        found = pieces.doubled(found) if real else found
    else:
        found = found * np.sqrt(scale)
    steps = beside(x, np.arange, shape_of(found)[known_rank(found, "a spectrum") - 2])
    first = 0.0 if boundary is not None else pieces.size / 2.0
    times = (steps * pieces.step + first) / fs
    return pieces.frequencies(fs, real), times, _put_back(found, axis, 1)


def _stft(
    x: Any,
    fs: Any = 1.0,
    window: Any = None,
    nperseg: Any = 256,
    noverlap: Any = None,
    nfft: Any = None,
    detrend: Any = False,
    return_onesided: bool = True,
    boundary: str | None = "zeros",
    padded: bool = True,
    axis: int = -1,
    scaling: str = "spectrum",
) -> Any:
    x = _last(x, axis)
    pieces = Pieces(x, window, nperseg, noverlap, nfft, detrend)
    kind = "density" if scaling == "psd" else scaling
    real = return_onesided and _is_real(x)
    return _short_time(x, pieces, fs, real, kind, axis, boundary, padded, power=False)


def _spectrogram(
    x: Any,
    fs: Any = 1.0,
    window: Any = None,
    nperseg: Any = None,
    noverlap: Any = None,
    nfft: Any = None,
    detrend: Any = "constant",
    return_onesided: bool = True,
    scaling: str = "density",
    axis: int = -1,
    mode: str = "psd",
) -> Any:
    x = _last(x, axis)
    size = _least(256 if absent(nperseg) else nperseg, x) if _is_named(window) else np.size(window)
    pieces = Pieces(x, window, nperseg, size // 8 if absent(noverlap) else noverlap, nfft, detrend)
    real = return_onesided and _is_real(x)
    f, t, found = _short_time(x, pieces, fs, real, scaling, axis, None, False, power=mode == "psd")
    if mode in ("psd", "complex"):
        return f, t, found
    if mode == "magnitude":
        return f, t, np.abs(found)
    if mode not in ("angle", "phase"):
        raise ValueError(f"unknown mode {mode!r}")
    angle = np.angle(found)
    return f, t, angle if mode == "angle" else np.unwrap(angle, axis=axis - 1 if axis < 0 else axis)


def _istft(
    Zxx: Any,
    fs: Any = 1.0,
    window: Any = None,
    nperseg: Any = None,
    noverlap: Any = None,
    nfft: Any = None,
    input_onesided: bool = True,
    boundary: bool = True,
    time_axis: int = -1,
    freq_axis: int = -2,
    scaling: str = "spectrum",
) -> Any:
    rank = known_rank(Zxx, "scipy.signal.istft")
    time_axis, freq_axis = axis_in(time_axis, rank), axis_in(freq_axis, rank)
    others = [k for k in range(rank) if k not in (time_axis, freq_axis)]
    z = np.transpose(Zxx, (*others, time_axis, freq_axis)) + 0j
    count, rows = shape_of(z)[rank - 1], shape_of(z)[rank - 2]
    whole = 2 * (count - 1) if input_onesided else count
    size = whole if absent(nperseg) else nperseg
    if absent(nfft):
        nfft = whole if absent(nperseg) or not input_onesided else whole + call(int, size == whole + 1)
    step = size - (size // 2 if absent(noverlap) else noverlap)
    pieces = call(fft.irfft if input_onesided else fft.ifft, z, nfft)[..., :size]
    w = _window(z, window, size)
    factor = np.sum(w) if scaling == "spectrum" else np.sqrt(fs * np.sum(w * w))
    length = size + (rows - 1) * step
    found = call(added_up, pieces * factor * w, step, length)
    norm = call(added_up, np.broadcast_to(w * w, (rows, size)), step, length)
    if boundary:
        found, norm = found[..., size // 2 : -(size // 2)], norm[size // 2 : -(size // 2)]
    found = found / np.where(norm > 1e-10, norm, 1.0)
    if rank > 2:
        found = np.moveaxis(found, -1, time_axis - (freq_axis < time_axis))
    return beside(z, np.arange, shape_of(found)[0]) / fs, found


def _named_as(function: Callable[..., Any], expression: Callable[..., Any]) -> Callable[..., Any]:
    """An expression with the default values of the function: windows are called otherwise in other releases."""
    own = inspect.signature(function)

    def named(*arguments: Any, **keywords: Any) -> Any:
        bound = own.bind(*arguments, **keywords)
        bound.apply_defaults()
        return expression(**bound.arguments)

    named.__signature__ = own  # type: ignore[attr-defined]
    return named


_HOW: dict[str, Any] = {"nperseg": 6}


def _one_signal(*rows: dict[str, Any]) -> Callable[[np.random.Generator], Iterable[Sample]]:
    return lambda rng: [Sample((REAL(rng, (17,)),), row) for row in rows]


def _two_signals(*rows: dict[str, Any]) -> Callable[[np.random.Generator], Iterable[Sample]]:
    return lambda rng: [Sample((REAL(rng, (17,)), REAL(rng, (17,))), row) for row in rows]


for _function, _expression, _samples_of in (
    (
        signal.welch,
        lambda x, **how: _csd(x, x, **how),
        _one_signal(_HOW, {**_HOW, "average": "median", "nfft": 7, "detrend": "linear", "scaling": "spectrum"}),
    ),
    (signal.csd, _csd, _two_signals(_HOW, {**_HOW, "noverlap": 2, "return_onesided": False, "detrend": False})),
    (signal.periodogram, _periodogram, _one_signal({}, {"nfft": 20, "window": "hann"}, {"nfft": 9})),
    (signal.coherence, _coherence, _two_signals({"nperseg": 4})),
    (signal.spectrogram, _spectrogram, _one_signal(_HOW, {**_HOW, "mode": "magnitude"}, {**_HOW, "mode": "angle"})),
    (
        signal.stft,
        _stft,
        _one_signal(_HOW, {**_HOW, "boundary": "even", "padded": False, "scaling": "psd"}, {**_HOW, "boundary": None}),
    ),
    (
        signal.istft,
        _istft,
        lambda rng: [
            Sample((REAL(rng, (4, 5)) + 1j * REAL(rng, (4, 5)),)),
            Sample((REAL(rng, (4, 5)) + 1j * REAL(rng, (4, 5)),), {"nperseg": 7, "boundary": False, "noverlap": 3}),
        ],
    ),
):
    define(
        _function,
        _named_as(_function, _expression),
        _samples_of,
        "y fs window nperseg noverlap nfft",
    )


# Signals of other frequencies


def _hilbert(x: Any, N: Any = None, axis: int = -1) -> Any:
    rank = known_rank(x, "scipy.signal.hilbert")
    if not _is_real(x):
        raise ValueError("x must be real.")
    k = axis_in(axis, rank)
    n = shape_of(x)[k] if absent(N) else N
    place = beside(x, np.arange, n)
    weights = np.where(2 * place < n, 2.0, 0.0) + np.where((place == 0) | (2 * place == n), 1.0, 0.0)
    weights = _in_precision(weights - np.where(place == 0, 2.0, 0.0), x)
    along = {} if k == rank - 1 else {"axis": k}
    spectrum = call(fft.fft, x, n, **along)
    return call(fft.ifft, spectrum * weights[(slice(None), *[None] * (rank - 1 - k))], **along)


define(
    signal.hilbert,
    _hilbert,
    lambda rng: [Sample((REAL(rng, (6,)),)), Sample((REAL(rng, (5, 2)), 7), {"axis": 0})],
    "N",
    of_complex=False,
)


def _resample(x: Any, num: int, t: Any = None, axis: int = 0, window: Any = None, domain: str = "time") -> Any:
    if domain != "time" or not absent(t) or not _is_real(x) or callable(window):
        raise UnsupportedType("scipy.signal.resample of complex numbers, in the domain of frequencies, or with t")
    x = _last(x, axis)
    n = shape_of(x)[known_rank(x, "scipy.signal.resample") - 1]
    spectrum = call(fft.rfft, x)
    if window is not None:
        if not _is_named(window):
            raise UnsupportedType("scipy.signal.resample with an array as window", "multiply the spectrum")
        w = call(fft.fftshift, _window(x, window, n))
        count = n // 2 + 1
        folded = call(np.concatenate, [w[:1], 0.5 * (w[1:count] + np.flip(w[n - count + 1 :]))])
        spectrum = spectrum * folded
    least = call(min, num, n)
    spectrum = spectrum[..., : least // 2 + 1]
    # The frequency that the shorter signal has once, where it is even, stands for two of the longer one.
    k = beside(x, np.arange, least // 2 + 1)
    ends = np.where((2 * k == least) & (num < n), 2.0, 1.0) * np.where((2 * k == least) & (num > n), 0.5, 1.0)
    found = call(fft.irfft, spectrum * _in_precision(ends, x), num) * (num / n)
    return _put_back(found, axis, 0)


define(
    signal.resample,
    _resample,
    lambda rng: [
        Sample((REAL(rng, (6,)), 9)),
        Sample((REAL(rng, (6,)), 4)),
        Sample((REAL(rng, (2, 7)), 5), {"axis": 1, "window": "hamming"}),
    ],
    of_complex=False,
)


# Responses of filters


def _angles(like: Any, worN: Any, whole: bool, fs: Any, include_nyquist: bool) -> Any:
    """The frequencies of a response, in radians per sample."""
    if absent(worN) or rank_of(worN) == 0:
        how = {} if include_nyquist and not whole else {"endpoint": False}
        end = 2.0 * math.pi if whole else math.pi
        return beside(like, np.linspace, 0.0, end, 512 if absent(worN) else worN, **how)
    return 2.0 * math.pi * reals(worN) / fs


def _polynomial(coefficients: Any, angles: Any) -> Any:
    """A polynomial of the inverse of z on the unit circle."""
    if rank_of(coefficients) == 0:
        return coefficients
    powers = beside(angles, np.arange, np.size(coefficients))
    return np.matmul(np.exp(1j * (-angles[:, None] * powers)), coefficients)


def _freqz(
    b: Any,
    a: Any = 1,
    worN: Any = 512,
    whole: bool = False,
    plot: Any = None,
    fs: Any = 2.0 * math.pi,
    include_nyquist: bool = False,
) -> Any:
    w = _angles(b, worN, whole, fs, include_nyquist)
    return _per_sample(w, fs), _polynomial(b, w) / _polynomial(a, w)


def _per_sample(w: Any, fs: Any) -> Any:
    return w if known_value(fs) == 2.0 * math.pi else w * (fs / (2.0 * math.pi))


def _freqz_sos(sos: Any, worN: Any = 512, whole: bool = False, fs: Any = 2.0 * math.pi) -> Any:
    w = _angles(sos, worN, whole, fs, False)
    waves = np.exp(1j * (-w[:, None] * beside(w, np.arange, 3)))
    sections = np.matmul(waves, sos[:, :3].T) / np.matmul(waves, sos[:, 3:].T)
    return _per_sample(w, fs), np.prod(sections, axis=1)


define(
    signal.freqz,
    _freqz,
    lambda rng: [
        Sample((REAL(rng, (3,)), np.array([1.3, -0.4, 0.2])), {"worN": 5}),
        Sample((REAL(rng, (3,)), 1, np.array([0.1, 0.4])), {"fs": 2.0}),
        Sample((REAL(rng, (3,)),), {"worN": 4, "whole": True}),
    ],
    "a worN fs",
)
# SciPy has given it another name, and kept the old one
for _function in dict.fromkeys(getattr(signal, n) for n in ("freqz_sos", "sosfreqz") if hasattr(signal, n)):
    define(
        _function,
        _freqz_sos,
        lambda rng: [Sample((np.array([[1, 2, 1, 1, 1, 0], [2, 1, 0, 1, 0, 0]]), np.array([0.1, 0.4])))],
        "worN fs",
    )
