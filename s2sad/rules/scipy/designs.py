"""Recursive filters of scipy.signal by their edge frequencies: Butterworth, Chebyshev, elliptic and Bessel filters.

A prototype with fixed zeros and poles is moved to the frequency and mapped to the unit circle, which is algebra: T. W.
Parks and C. S. Burrus, Digital Filter Design (1987), chapter 7. The coefficients of a polynomial are the discrete
Fourier transform of its values on a circle around its roots.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable
from typing import Any

import numpy as np
from scipy import signal

from s2sad.ir.builder import beside, call, known_value
from s2sad.ir.definition import define
from s2sad.ir.primitive import NotByRule, Sample
from s2sad.ir.types import FLOAT64, Type, array, tuple_type
from s2sad.rules.families import constant
from s2sad.rules.numpy.statistics import in_double

FS = 2.0
"""The sampling rate of frequencies that are parts of Nyquist's."""


def _add_prototype(function: Callable[..., Any], *ripples: str) -> None:
    def type_of(found: Any) -> Type:
        z, p, _ = found
        return tuple_type(array(z.dtype, (len(z),)), array(p.dtype, (len(p),)), FLOAT64)

    rules = (
        lambda *, N: type_of(function(N)),
        lambda *, N, rp: type_of(function(N, rp)),
        lambda *, N, rs: type_of(function(N, rs)),
        lambda *, N, rp, rs: type_of(function(N, rp, rs)),
        lambda *, N, norm: type_of(function(N, norm)),
    )
    names = [(), ("rp",), ("rs",), ("rp", "rs"), ("norm",)]
    constant(function, rules[names.index(ripples)])


_add_prototype(signal.buttap)
_add_prototype(signal.cheb1ap, "rp")
_add_prototype(signal.cheb2ap, "rs")
_add_prototype(signal.ellipap, "rp", "rs")
_add_prototype(signal.besselap, "norm")


def _joined(*parts: tuple[Any, int]) -> Any:
    """Arrays one behind the other, those that have numbers."""
    found = [x for x, count in parts if count]
    return found[0] if len(found) == 1 else call(np.concatenate, found)


def _product(x: Any, roots: Any, count: int) -> Any:
    """The product of the differences of a number and so many roots."""
    return call(np.prod, x - roots) if count else 1.0


def _moved_to(w: Any, btype: str, prototype: Any, m: int, n: int) -> tuple[Any, Any, Any]:
    """The zeros, poles and gain of an analog filter with its edges at `w`, by a prototype with m zeros and n poles."""
    z, p, k = prototype
    if btype == "lowpass":
        return w * z, w * p, k * w ** (n - m)
    turned = np.real(_product(0.0, z, m) / _product(0.0, p, n))
    origin = beside(w, np.zeros, n - m)
    if btype == "highpass":
        return _joined((w / z, m), (origin, n - m)), w / p, k * turned
    half, centre = 0.5 * (w[1] - w[0]), w[0] * w[1]

    def split(roots: Any, count: int) -> list[tuple[Any, int]]:
        if not count:
            return []
        apart = np.sqrt(roots * roots - centre)
        return [(roots + apart, count), (roots - apart, count)]

    if btype == "bandpass":
        return (
            _joined(*split(half * z, m), (origin, n - m)),
            _joined(*split(half * p, n)),
            k * (2.0 * half) ** (n - m),
        )
    notch = 1j * np.sqrt(centre) * beside(w, np.ones, n - m)
    zeros = _joined(*split(half / z, m), (notch, n - m), (-notch, n - m))
    return zeros, _joined(*split(half / p, n)), k * turned


def _on_circle(z: Any, p: Any, k: Any, m: int, n: int) -> tuple[Any, Any, Any]:
    """The digital filter that the bilinear map makes of an analog one, of m zeros and n poles."""
    f = 2.0 * FS
    gain = k * np.real(_product(f, z, m) / _product(f, p, n))
    return _joined(((f + z) / (f - z), m), (-beside(p, np.ones, n - m), n - m)), (f + p) / (f - p), gain


def _coefficients(roots: Any, n: int) -> Any:
    """Those of the polynomial with n roots on the unit circle or in it."""
    numbers = beside(roots, np.arange, n + 1)
    places = 2.0 * np.exp(2j * math.pi / (n + 1) * numbers)
    values = np.prod(places[:, None] - roots, axis=1)
    return np.real(np.fft.fft(values) / ((n + 1) * 2.0**numbers))[::-1]


BANDS = {
    **dict.fromkeys(("low", "lowpass", "lp", "l"), "lowpass"),
    **dict.fromkeys(("high", "highpass", "hp", "h"), "highpass"),
    **dict.fromkeys(("band", "bandpass", "bp", "pass"), "bandpass"),
    **dict.fromkeys(("bandstop", "bs", "stop", "bands", "notch"), "bandstop"),
}


def _design(name: str, ap: Callable[..., Any], ripples: dict[str, Any], N: Any, Wn: Any, kind: tuple[Any, ...]) -> Any:
    btype, analog, output, fs = kind
    order = known_value(N)
    known = {k: v if isinstance(v, str) else known_value(v) for k, v in ripples.items()}
    if not isinstance(order, int) or None in known.values():
        raise NotByRule(f"the derivative of scipy.signal.{name} by its order or ripple", "give numbers")
    if output == "sos" or (output == "ba" and analog):
        instead = "output='zpk'" if analog else "output='ba', or sections from fixed frequencies"
        raise NotByRule(f"the derivative of scipy.signal.{name} with output={output!r}", instead)
    z, p, _ = ap(order, *known.values())
    m, n, band = len(z), len(p), BANDS[btype.lower()]
    w = in_double(Wn)
    if not analog:
        w = 2.0 * FS * np.tan(math.pi / FS * (w if fs is None else 2.0 * w / fs))
    found = _moved_to(w, band, beside(w, ap, N=order, **known), m, n)
    poles = 2 * n if band.startswith("band") else n
    zeros = {"lowpass": m, "bandpass": m + n}.get(band, poles)
    if not analog:
        found, zeros = _on_circle(*found, zeros, poles), poles
    if output == "zpk":
        return found
    return found[2] * _coefficients(found[0], zeros), _coefficients(found[1], poles)


def _butter(N: Any, Wn: Any, btype: str = "low", analog: bool = False, output: str = "ba", fs: Any = None) -> Any:
    return _design("butter", signal.buttap, {}, N, Wn, (btype, analog, output, fs))


def _cheby1(
    N: Any, rp: Any, Wn: Any, btype: str = "low", analog: bool = False, output: str = "ba", fs: Any = None
) -> Any:
    return _design("cheby1", signal.cheb1ap, {"rp": rp}, N, Wn, (btype, analog, output, fs))


def _cheby2(
    N: Any, rs: Any, Wn: Any, btype: str = "low", analog: bool = False, output: str = "ba", fs: Any = None
) -> Any:
    return _design("cheby2", signal.cheb2ap, {"rs": rs}, N, Wn, (btype, analog, output, fs))


def _ellip(
    N: Any, rp: Any, rs: Any, Wn: Any, btype: str = "low", analog: bool = False, output: str = "ba", fs: Any = None
) -> Any:
    return _design("ellip", signal.ellipap, {"rp": rp, "rs": rs}, N, Wn, (btype, analog, output, fs))


def _bessel(
    N: Any,
    Wn: Any,
    btype: str = "low",
    analog: bool = False,
    output: str = "ba",
    norm: str = "phase",
    fs: Any = None,
) -> Any:
    return _design("bessel", signal.besselap, {"norm": norm}, N, Wn, (btype, analog, output, fs))


def _samples(*ripples: float, few: bool = False) -> Callable[[np.random.Generator], Iterable[Sample]]:
    def samples(rng: np.random.Generator) -> Iterable[Sample]:
        yield Sample((3, *ripples, 0.3))
        yield Sample((2, *ripples, np.array([0.2, 0.5])), {"btype": "bandpass"})
        if not few:
            yield Sample((2, *ripples, 30.0), {"btype": "highpass", "fs": 100.0})
            yield Sample((2, *ripples, np.array([0.2, 0.5])), {"btype": "bandstop", "output": "zpk"})
            yield Sample((3, *ripples, 2.5), {"analog": True, "output": "zpk"})

    return samples


define(signal.butter, _butter, _samples(), "Wn fs", of_complex=False, first_known=True)
define(signal.cheby1, _cheby1, _samples(1.0, few=True), "Wn fs", of_complex=False, first_known=True)
define(signal.cheby2, _cheby2, _samples(30.0), "Wn fs", of_complex=False, first_known=True)
define(signal.ellip, _ellip, _samples(1.0, 30.0, few=True), "Wn fs", of_complex=False, first_known=True)
define(signal.bessel, _bessel, _samples(few=True), "Wn fs", of_complex=False, first_known=True)
