"""Signals of scipy.signal at other rates, by filters of finite length: numbers between, or fewer of them.

What a filter gives at every so manieth place, of a signal with zeros between its numbers, has an adjoint of the same
kind: the filter turned round, the rates exchanged. P. P. Vaidyanathan, Multirate Systems and Filter Banks (1993),
section 4.1.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import scipy.signal
from scipy import signal

from s2sad.errors import UnsupportedType
from s2sad.ir.builder import beside, call, rank_of, shape_of
from s2sad.ir.definition import define
from s2sad.ir.dims import Dim, dim_scaled, dim_sum, new_dim
from s2sad.ir.primitive import NotByRule, Sample
from s2sad.ir.types import Type, array
from s2sad.rules.contributions import cast, fit, spread, type_in
from s2sad.rules.domains import REAL
from s2sad.rules.families import constant, rule
from s2sad.rules.numpy.calculus import cut
from s2sad.rules.numpy.contractions import bilinear_tangent
from s2sad.rules.numpy.shaping import axis_in, known_rank
from s2sad.rules.promotion import array_types, quotient_size, result_dtype
from s2sad.rules.scipy.filtering import around, where
from s2sad.rules.scipy.signal import sums_over_places


def _rates_type(
    h: Type, x: Type, /, up: int = 1, down: int = 1, axis: int = -1, mode: str = "constant", cval: float = 0
) -> Type:
    if mode != "constant" or cval:
        raise UnsupportedType(f"scipy.signal.upfirdn with mode={mode!r}", "extend the signal, with np.pad")
    if h.is_container or x.is_container:
        raise NotByRule("scipy.signal.upfirdn of lists")
    s, t = array_types("scipy.signal.upfirdn", [h, x])
    dtype = result_dtype([s, t], "float")
    if t.shape is None or s.shape is None:
        return array(dtype, None)
    k = axis_in(axis, len(t.shape))
    return array(dtype, (*t.shape[:k], _count(t.shape[k], s.shape[0], up, down), *t.shape[k + 1 :]))


def _count(n: Dim, taps: Dim, up: int, down: int) -> Dim:
    steps = quotient_size(dim_sum(dim_scaled(dim_sum(n, -1), up), dim_sum(taps, -1)), down)
    return new_dim("r") if steps is None else dim_sum(steps, 1)


def _rates_adjoint(g: Any, y: Any, xs: Any, active: Any, up: int = 1, down: int = 1, axis: int = -1, **_: Any) -> Any:
    h, x = xs
    rank = known_rank(x, "scipy.signal.upfirdn")
    k = axis_in(axis, rank)
    along, length, taps = where(k, rank), shape_of(x)[k], np.size(h)
    h_bar = x_bar = None
    if active[1]:
        # Zeros in front put the start of the signal at a place that is kept.
        front = -(taps - 1) % up
        kernel = np.flip(h) if up == 1 else call(np.pad, np.flip(h), (front, 0))
        back = call(signal.upfirdn, kernel, g, up=down, down=up, **along)
        start = taps - 1 if up == 1 else (taps - 1 + front) // up
        x_bar = fit(cut(around(cut(back, k, start, None), k, 0, down // up + 1), k, None, length), x)
    if active[0]:
        one = np.ones_like(h[:1])
        given = x if up == 1 else call(signal.upfirdn, one, x, up=up, **along)
        wanted = g if down == 1 else call(signal.upfirdn, one, g, up=down, **along)
        missing = (length - 1) * up + taps - shape_of(wanted)[k]
        h_bar = fit(np.ravel(call(sums_over_places, around(wanted, k, 0, missing), given)), h)
    return h_bar, x_bar


rule(
    signal.upfirdn,
    _rates_type,
    tangent=lambda y, xs, dots, **static: spread(bilinear_tangent(signal.upfirdn)(y, xs, dots, **static), y),
    adjoint=_rates_adjoint,
    samples=lambda rng: (
        [
            Sample((REAL(rng, (4,)), REAL(rng, (6,))), {"up": up, "down": down})
            for up, down in ((1, 1), (2, 3), (3, 1), (1, 4), (5, 2))
        ]
        + [Sample((REAL(rng, (2,)), REAL(rng, (5, 2)), 2, 3), {"axis": 0})]
    ),
)


def _lists(h: Any, x: Any, up: int = 1, down: int = 1, axis: int = -1, mode: str = "constant", cval: float = 0) -> Any:
    return call(signal.upfirdn, h, x, up=up, down=down, axis=axis, mode=mode, cval=cval)


define(signal.upfirdn, _lists, lambda rng: [Sample(([0.5, 1.0], REAL(rng, (5,)), 2))], "x")


# By a filter that is made for it


def low_pass(up: int, down: int, window: Any) -> Any:
    """The filter by which a signal is brought to another rate, with zeros in front that put it in the middle."""
    most = max(up, down)
    h = scipy.signal.firwin(20 * most + 1, 1.0 / most, window=window) * up
    return np.concatenate([np.zeros(down - 10 * most % down), h])


constant(
    low_pass,
    lambda up, /, down, window: array(np.dtype(float), (_taps(int(up.size), down),)),
    name="low_pass",
    helper=True,
    samples=lambda rng: [Sample((2,), {"down": 3, "window": ("kaiser", 5.0)})],
)


def _taps(up: int, down: int) -> int:
    most = max(up, down)
    return 20 * most + 1 + down - 10 * most % down


_LEVELS: dict[str, Any] = {"mean": np.mean, "median": np.median, "minimum": np.min, "maximum": np.max}


def _resample_poly(
    x: Any,
    up: int,
    down: int,
    axis: int = 0,
    window: Any = ("kaiser", 5.0),
    padtype: str = "constant",
    cval: Any = None,
) -> Any:
    common = math.gcd(int(up), int(down))
    up, down = int(up) // common, int(down) // common
    if up == down == 1:
        return np.copy(x)
    k = axis_in(axis, known_rank(x, "scipy.signal.resample_poly"))
    if not isinstance(window, (str, tuple, float)):
        raise UnsupportedType("scipy.signal.resample_poly with a filter of its own", "use scipy.signal.upfirdn")
    h = cast(beside(x, low_pass, up, down=down, window=window), type_in(x))
    return _at_rate(x, h, 10 * max(up, down), up, down, k, padtype, cval)


def _at_rate(
    x: Any, h: Any, half: Any, up: int, down: int, axis: int, padtype: str = "constant", cval: Any = None
) -> Any:
    """A signal at another rate, by a filter whose middle is at so many numbers behind the zeros in front of it."""
    level = None if padtype == "constant" and not cval else cval
    if padtype in _LEVELS:
        level = _LEVELS[padtype](x, axis=axis, keepdims=True)
    elif padtype != "constant":
        raise UnsupportedType(f"scipy.signal.resample_poly with padtype={padtype!r}", "extend the signal, with np.pad")
    n = shape_of(x)[axis]
    count = n if down == 1 else -(-n * up // down)
    count = n * up if down == 1 else count
    found = call(signal.upfirdn, h, x if level is None else x - level, up=up, down=down, **where(axis, rank_of(x)))
    start = (half + down - half % down) // down
    found = cut(around(found, axis, 0, half // down + 1), axis, start, start + count)
    return found if level is None else found + level


define(
    signal.resample_poly,
    _resample_poly,
    lambda rng: [
        Sample((REAL(rng, (5,)), 4, 4)),
        Sample((REAL(rng, (7,)), 3, 2)),
        Sample((REAL(rng, (2, 9)), 2, 6), {"axis": 1, "padtype": "mean"}),
    ],
)


def decimating(q: int, n: int) -> Any:
    """The low-pass filter before a signal keeps one number of `q`, as sections of the second order."""
    return scipy.signal.cheby1(n, 0.05, 0.8 / q, output="sos")


constant(
    decimating,
    lambda q, /, n: array(np.dtype(float), ((n + 1) // 2, 6)),
    name="decimating",
    helper=True,
    samples=lambda rng: [Sample((2,), {"n": 4})],
)


def finite_decimating(q: int, n: int) -> Any:
    """The low-pass filter of finite length before a signal keeps one number of `q`."""
    return scipy.signal.firwin(n + 1, 1.0 / q, window="hamming")


constant(
    finite_decimating,
    lambda q, /, n: array(np.dtype(float), (n + 1,)),
    name="finite_decimating",
    helper=True,
    samples=lambda rng: [Sample((2,), {"n": 4})],
)


def _decimate(x: Any, q: int, n: int | None = None, ftype: str = "iir", axis: int = -1, zero_phase: bool = True) -> Any:
    k = axis_in(axis, known_rank(x, "scipy.signal.decimate"))
    along = where(k, rank_of(x))
    if ftype == "iir":
        sos = cast(beside(x, decimating, q, n=8 if n is None else n), type_in(x))
        found = call(signal.sosfiltfilt if zero_phase else signal.sosfilt, sos, x, **along)
        return found[(*[slice(None)] * k, slice(None, None, q))]
    if ftype != "fir":
        raise UnsupportedType("scipy.signal.decimate with a filter of its own", "use scipy.signal.upfirdn")
    order = 20 * q if n is None else n
    h = cast(beside(x, finite_decimating, q, n=order), type_in(x))
    if not zero_phase:
        count = -(-shape_of(x)[k] // q)
        return cut(call(signal.upfirdn, h, x, down=q, **along), k, None, count)
    half = order // 2
    return _at_rate(x, call(np.pad, h, (q - half % q, 0)), half, 1, q, k)


define(
    signal.decimate,
    _decimate,
    lambda rng: [
        Sample((REAL(rng, (40,)), 3)),
        Sample((REAL(rng, (2, 11)), 3), {"ftype": "fir", "n": 4}),
        Sample((REAL(rng, (11,)), 2), {"ftype": "fir", "zero_phase": False}),
        Sample((REAL(rng, (11, 2)), 2), {"zero_phase": False, "axis": 0, "n": 3}),
    ],
    of_complex=False,
)
