"""Responses of filters, transforms along a spiral, waveforms and windows of scipy.signal by their parameters."""

from __future__ import annotations

import cmath
import math
from collections.abc import Callable, Iterable
from typing import Any

import numpy as np
from scipy import signal
from scipy.signal import windows

from s2sad.errors import UnsupportedType
from s2sad.ir.builder import Expr, beside, call, known_value, shape_of
from s2sad.ir.definition import define
from s2sad.ir.dims import new_dim
from s2sad.ir.primitive import NotByRule, Sample
from s2sad.ir.types import NONE, Type, array
from s2sad.rules.contributions import fit
from s2sad.rules.domains import REAL
from s2sad.rules.families import linear
from s2sad.rules.numpy.shaping import known_rank
from s2sad.rules.numpy.statistics import in_double
from s2sad.rules.promotion import array_types

# Filters and their responses


def _resonance(w0: Any, Q: Any, fs: Any) -> tuple[Any, Any]:
    """The frequency as an angle, and the gain of a resonator of second order: S. J. Orfanidis, Introduction to Signal
    Processing (1996), section 11.3."""
    angle = 2.0 * math.pi * w0 / fs
    return angle, 1.0 / (1.0 + np.tan(0.5 * angle / Q))


def _notch(w0: Any, Q: Any, fs: Any = 2.0) -> tuple[Any, Any]:
    angle, gain = _resonance(w0, Q, fs)
    middle = -2.0 * np.cos(angle) * gain
    return call(np.array, [gain, middle, gain]), call(np.array, [1.0, middle, 2.0 * gain - 1.0])


def _peak(w0: Any, Q: Any, fs: Any = 2.0) -> tuple[Any, Any]:
    angle, gain = _resonance(w0, Q, fs)
    rest = 1.0 - gain
    return call(np.array, [rest, 0.0, -rest]), call(np.array, [1.0, -2.0 * np.cos(angle) * gain, 2.0 * gain - 1.0])


def _analog_response(b: Any, a: Any, worN: Any = 200, plot: Any = None) -> tuple[Any, Any]:
    if plot is not None or known_rank(worN, "scipy.signal.freqs") != 1:
        raise NotByRule("scipy.signal.freqs of a number of frequencies", "give the frequencies")
    s = 1j * worN
    return worN * 1.0, call(np.polyval, b, s) / call(np.polyval, a, s)


def _roots_of_filter(b: Any, a: Any) -> tuple[Any, Any, Any]:
    return call(np.roots, b), call(np.roots, a), b[0] / a[0]


def _firwin(
    numtaps: Any,
    cutoff: Any,
    *,
    window: Any = "hamming",
    pass_zero: Any = True,
    scale: bool = True,
    fs: Any = None,
) -> Any:
    """The ideal filter, cut off by a window: Oppenheim and Schafer, Discrete-Time Signal Processing, section 7.5."""
    edges = np.atleast_1d(cutoff) if not isinstance(cutoff, Expr) else call(np.atleast_1d, cutoff)
    (count,) = shape_of(edges)
    known = count if isinstance(count, int) else known_value(count)
    if not isinstance(known, int):
        raise NotByRule("scipy.signal.firwin with a number of edges that is not known", "a number, or a list")
    if isinstance(pass_zero, str):
        pass_zero = pass_zero in ("lowpass", "bandstop")
    edges = edges * (1.0 if fs is None else 2.0 / fs)
    ends: list[Any] = ([0.0] if pass_zero else []) + [edges[k] for k in range(known)]
    to_nyquist = len(ends) % 2 == 1
    ends += [1.0] if to_nyquist else []
    m = np.arange(numtaps) - 0.5 * (numtaps - 1)
    bands = list(zip(ends[::2], ends[1::2], strict=True))
    taps = sum(right * np.sinc(right * m) - left * np.sinc(left * m) for left, right in bands)
    taps = taps * signal.get_window(window, numtaps, fftbins=False)
    if not scale:
        return taps
    left, right = bands[0]
    centre = left if pass_zero else right if to_nyquist and len(bands) == 1 else 0.5 * (left + right)
    return taps / np.sum(taps * np.cos(math.pi * m * centre))


define(signal.iirnotch, _notch, lambda rng: [Sample((0.3, 20.0)), Sample((60.0, 30.0, 200.0))], "Q fs")
define(signal.iirpeak, _peak, lambda rng: [Sample((0.3, 20.0)), Sample((60.0, 30.0, 200.0))], "Q fs")
define(
    signal.freqs,
    _analog_response,
    lambda rng: [Sample((REAL(rng, (2,)), REAL(rng, (3,)), np.linspace(0.1, 2.0, 5)))],
    "a worN",
    view=True,
    of_complex=False,
)
define(
    signal.tf2zpk,
    _roots_of_filter,
    lambda rng: [Sample((np.array([1.0, 0.5, 2.0]), np.array([1.0, 0.3, 0.9])))],
    "a",
    of_complex=False,
)
define(
    signal.firwin,
    _firwin,
    lambda rng: [
        Sample((9, 0.3)),
        Sample((8, 0.3), {"window": "hann"}),
        Sample((9, [0.2, 0.5]), {"pass_zero": False}),
        Sample((9, 30.0), {"pass_zero": "highpass", "fs": 100.0, "scale": False}),
    ],
    "cutoff fs",
    of_complex=False,
    first_known=True,
)

# Transforms along a spiral


def _spiral_type(x: Type, m: Type = NONE, /, w: Any = None, a: complex = 1.0, *, axis: int = -1) -> Type:
    (t,) = array_types("scipy.signal.czt", [x])
    if t.shape is None or axis not in (-1, len(t.shape) - 1):
        raise UnsupportedType("scipy.signal.czt along another axis than the last", "move the axis")
    count = t.shape[-1] if m == NONE else new_dim("k") if m.size is None else m.size
    return array(np.dtype(complex), (*t.shape[:-1], count))


def _spiral_transpose(g: Any, x: Any, *m: Any, w: Any = None, a: complex = 1.0, axis: int = -1) -> Any:
    n = shape_of(x)[known_rank(x, "scipy.signal.czt") - 1]
    if w is None and m:
        count = known_value(m[0])
        if count is None:
            raise UnsupportedType("scipy.signal.czt of a number of points that is not known", "give w")
        w = cmath.exp(-2j * math.pi / count)
    turned = call(signal.czt, g, n, **({} if w is None else {"w": w}))
    return fit(turned if a == 1.0 else turned * a ** -beside(x, np.arange, n), x)


linear(
    signal.czt,
    _spiral_transpose,
    _spiral_type,
    samples=lambda rng: [
        Sample((REAL(rng, (5,)),)),
        Sample((REAL(rng, (2, 5)), 3)),
        Sample((REAL(rng, (4,)), 6), {"w": cmath.exp(-0.3j), "a": cmath.exp(0.4j)}),
    ],
)


def _zoomed(x: Any, fn: Any, m: Any = None, *, fs: float = 2, endpoint: bool = False, axis: int = -1) -> Any:
    low, high = (0.0, fn) if np.ndim(fn) == 0 else fn
    n = np.shape(x)[axis] if m is None and not isinstance(x, Expr) else m
    if not isinstance(n, int):
        raise NotByRule("scipy.signal.zoom_fft of so many points as the signal has", "give their number")
    step = 2j * math.pi * (high - low) / fs / (n - 1 if endpoint else n)
    start = cmath.exp(2j * math.pi * low / fs)
    return call(signal.czt, x, n, w=cmath.exp(-step), a=start, axis=axis)


define(
    signal.zoom_fft,
    _zoomed,
    lambda rng: [Sample((REAL(rng, (6,)), 0.7, 4)), Sample((REAL(rng, (2, 6)), 0.5, 3))],
)

# Waveforms


def _chirp(
    t: Any,
    f0: Any,
    t1: Any,
    f1: Any,
    method: str = "linear",
    phi: Any = 0,
    vertex_zero: bool = True,
    *,
    complex: bool = False,
) -> Any:
    if method not in ("linear", "lin", "li") or complex:
        raise NotByRule(f"scipy.signal.chirp with method={method!r}, or complex", "the cosine of its phase")
    t = in_double(t)
    return np.cos(2.0 * math.pi * (f0 * t + 0.5 * (f1 - f0) / t1 * t * t) + math.pi / 180.0 * phi)


def _pulse(
    t: Any, fc: Any = 1000, bw: Any = 0.5, bwr: Any = -6, tpr: Any = -60, retquad: bool = False, retenv: bool = False
) -> Any:
    if retquad or retenv:
        raise NotByRule("scipy.signal.gausspulse with retquad or retenv", "the cosine times the envelope")
    t = in_double(t)
    width = (math.pi * fc * bw) ** 2 / (4.0 * np.log(10.0 ** (bwr / 20.0)))
    return np.exp(width * t * t) * np.cos(2.0 * math.pi * fc * t)


define(
    signal.chirp,
    _chirp,
    lambda rng: [Sample((REAL(rng, (4,)), 1.5, 2.0, 4.0)), Sample((REAL(rng, (4,)), 1.5, 2.0, 4.0), {"phi": 30.0})],
    "f0 t1 f1 phi",
    of_complex=False,
)
define(
    signal.gausspulse,
    _pulse,
    lambda rng: [Sample((REAL(rng, (4,)) / 9.0, 1.5)), Sample((REAL(rng, (4,)) / 9.0, 1.5, 0.4))],
    "fc bw bwr",
    of_complex=False,
)

# Windows by what makes them wide


def _places(M: Any, width: Any, sym: bool) -> Any:
    """The places of the numbers of a window, from its middle."""
    last = M - 1 if sym else M
    return beside(width, np.arange, M) - 0.5 * last


def _gaussian(M: Any, std: Any, sym: bool = True) -> Any:
    n = _places(M, std, sym)
    return np.exp(-0.5 * (n / std) ** 2)


def _wide_gaussian(M: Any, p: Any, sig: Any, sym: bool = True) -> Any:
    return np.exp(-0.5 * np.abs(_places(M, sig, sym) / sig) ** (2.0 * p))


def _exponential(M: Any, center: Any = None, tau: Any = 1.0, sym: bool = True) -> Any:
    if center is not None:
        raise NotByRule("scipy.signal.windows.exponential with a centre", "np.exp(-np.abs(n - center) / tau)")
    return np.exp(-np.abs(_places(M, tau, sym)) / tau)


def _hamming(M: Any, alpha: Any, sym: bool = True) -> Any:
    n = _places(M, alpha, sym)
    return alpha + (1.0 - alpha) * np.cos(2.0 * math.pi / (M - 1 if sym else M) * n)


def _kaiser(M: Any, beta: Any, sym: bool = True) -> Any:
    n = _places(M, beta, sym)
    half = 0.5 * (M - 1 if sym else M)
    inside = np.sqrt(np.maximum(1.0 - (n / half) ** 2, 0.0))
    return call(np.i0, beta * inside) / call(np.i0, beta)


def _of_width(*widths: float) -> Callable[[np.random.Generator], Iterable[Sample]]:
    return lambda rng: [Sample((7, *widths)), Sample((6, *widths), {"sym": False})]


for _function, _expression, _widths in (
    (windows.gaussian, _gaussian, (1.5,)),
    (windows.general_gaussian, _wide_gaussian, (1.4, 1.5)),
    (windows.general_hamming, _hamming, (0.7,)),
    (windows.kaiser, _kaiser, (5.0,)),
):
    define(_function, _expression, _of_width(*_widths), "std p sig alpha beta", of_complex=False)
define(
    windows.exponential,
    _exponential,
    lambda rng: [Sample((7,), {"tau": 1.5})],
    "tau",
    of_complex=False,
)
