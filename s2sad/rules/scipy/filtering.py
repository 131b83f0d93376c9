"""Digital filters of scipy.signal: recursive ones, those without phase, and what fits polynomials to a signal.

A recursive filter solves a triangular Toeplitz system, A y = B x: its adjoint is the same filter backward in time, and
that by a coefficient a correlation with what this gives. A. V. Oppenheim and R. W. Schafer, Discrete-Time Signal
Processing (2010), sections 6.3 and 6.4. What a filter starts from for a signal that was constant before is said by its
gain: it is the signal less that constant which starts from rest.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import scipy.signal
from scipy import ndimage, signal

from s2sad.errors import UnsupportedType
from s2sad.ir.batch_rule import Batched, NoBatchRule
from s2sad.ir.builder import Expr, beside, call, rank_of, shape_of
from s2sad.ir.call_lengths import equal
from s2sad.ir.definition import define, definition_of
from s2sad.ir.primitive import NotByRule, Sample
from s2sad.ir.types import ArrayType, StaticType, Type, array
from s2sad.rules.batching import transform
from s2sad.rules.contributions import fit, spread
from s2sad.rules.domains import REAL
from s2sad.rules.families import constant, linear, rule
from s2sad.rules.numpy.calculus import cut
from s2sad.rules.numpy.fft import zeros_like
from s2sad.rules.numpy.shaping import axis_in, known_rank
from s2sad.rules.promotion import array_types, result_dtype
from s2sad.rules.scipy.ndimage.filters import Along, transposed
from s2sad.rules.scipy.signal import sums_over_places

MOST_SECTIONS = 64
"""How many sections a filter may have whose derivative by these is asked for."""


def where(axis: int, rank: int | None) -> dict[str, int]:
    """An axis, where it is not the last one."""
    return {} if axis == -1 or axis + 1 == rank else {"axis": axis}


def backward(x: Any, axis: int) -> Any:
    """A signal backward in time."""
    return np.flip(x) if rank_of(x) == 1 else np.flip(x, axis=axis)


def around(x: Any, axis: int, before: Any, behind: Any) -> Any:
    """A signal with so many zeros before and behind it."""
    rank = known_rank(x, "a filter of scipy.signal")
    k = axis_in(axis, rank)
    return call(
        np.pad, x, (before, behind) if rank == 1 else tuple((before, behind) if j == k else (0, 0) for j in range(rank))
    )


def lagged(x: Any, w: Any, like: Any, axis: int) -> Any:
    """The sums of w[n] x[n - k], for each k of a vector of coefficients."""
    found = call(sums_over_places, around(x, axis, beside(like, np.size, like) - 1, 0), w)
    return np.reshape(np.flip(found), shape_of(like))


# Recursive filters


def _lfilter_type(b: Type, a: Type, x: Type, /, axis: int = -1) -> Type:
    if b.is_container or a.is_container or x.is_container:
        raise NotByRule("scipy.signal.lfilter of lists")
    types = array_types("scipy.signal.lfilter", [b, a, x])
    return array(_in_arrays(types), types[2].shape)


def _in_arrays(types: Sequence[ArrayType]) -> np.dtype[Any] | None:
    """The dtype of a filter: numbers count as arrays of one number."""
    if any(t.dtype is None for t in types):
        return None
    found = np.result_type(*(t.dtype for t in types if t.dtype is not None))
    return found if found.kind in "fc" else np.dtype(float)


def _by_numerator(a: Any, g: Any, axis: int) -> Any:
    """The adjoint of the numerator's output: the denominator backward in time."""
    if rank_of(a) == 0:
        return g / a
    one = np.ones_like(a[:1])
    return backward(call(signal.lfilter, one, a, backward(g, axis), **where(axis, rank_of(g))), axis)


def _lfilter_tangent(y: Any, xs: Any, dots: Any, axis: int = -1) -> Any:
    b, a, x = xs
    along = where(axis, rank_of(x))
    terms = [] if dots[2] is None else [call(signal.lfilter, b, a, dots[2], **along)]
    terms += [] if dots[0] is None else [call(signal.lfilter, dots[0], a, x, **along)]
    terms += [] if dots[1] is None else [-call(signal.lfilter, dots[1], a, y, **along)]
    return spread(sum(terms[1:], terms[0]), y)


def _lfilter_adjoint(g: Any, y: Any, xs: Any, active: Any, axis: int = -1) -> Any:
    b, a, x = xs
    w = _by_numerator(a, g, axis) if active[0] or active[1] else None
    along = where(axis, rank_of(x))
    return (
        fit(lagged(x, w, b, axis), b) if active[0] else None,
        fit(-lagged(y, w, a, axis), a) if active[1] else None,
        fit(backward(call(signal.lfilter, b, a, backward(g, axis), **along), axis), x) if active[2] else None,
    )


def of_many_signals(b: Batched) -> Any:
    """A filter of many signals at once, which is the last operand; with coefficients of their own they are many."""
    if any(b.flags[:-1]):
        raise NoBatchRule(b.primitive.name)
    axis = b.static.get("axis", -1)
    return call(b.primitive.function, *b.xs, axis=axis + 1 if axis >= 0 else axis)


_DENOMINATOR = np.array([1.3, -0.4, 0.2])

rule(
    signal.lfilter,
    _lfilter_type,
    tangent=_lfilter_tangent,
    adjoint=_lfilter_adjoint,
    batched=of_many_signals,
    samples=lambda rng: [
        Sample((REAL(rng, (2,)), _DENOMINATOR, REAL(rng, (6,)))),
        Sample((REAL(rng, (4,)), _DENOMINATOR, REAL(rng, (2, 5)))),
        Sample((REAL(rng, (3,)), np.array([0.8]), REAL(rng, (5, 2))), {"axis": 0}),
        Sample((REAL(rng, (3,)), 1.3, REAL(rng, (5,)))),
    ],
)


def absent(x: Any) -> bool:
    """Whether an argument is None."""
    return x is None or (isinstance(x, Expr) and isinstance(x.type, StaticType))


def _vector(x: Any) -> Any:
    """Coefficients, of which there may be one alone."""
    return np.reshape(x, (1,)) if rank_of(x) == 0 else x


def _lfilter(b: Any, a: Any, x: Any, axis: int = -1, zi: Any = None) -> Any:
    if absent(zi):
        return call(signal.lfilter, b, a, x, axis=axis)
    b, a = _vector(b), _vector(a)
    axis = axis_in(axis, known_rank(x, "scipy.signal.lfilter"))
    first = a[0]
    b, a, one = b / first, a / first, np.ones_like(a[:1])
    length, states = shape_of(x)[axis], shape_of(zi)[axis]
    # The state is added to what the numerator gives; behind the end of the signal it is the state that is left.
    along = where(axis, rank_of(x))
    whole = call(signal.lfilter, b, one, around(x, axis, 0, states), **along) + around(zi, axis, 0, length)
    y = call(signal.lfilter, one, a, cut(whole, axis, None, length), **along)
    rest = call(signal.lfilter, a, one, around(y, axis, 0, states), **along)
    return y, cut(whole - rest, axis, length, None)


define(
    signal.lfilter,
    _lfilter,
    lambda rng: [
        Sample((REAL(rng, (3,)), _DENOMINATOR, REAL(rng, (6,))), {"zi": REAL(rng, (2,))}),
        Sample(([0.5, 1.0], [1.0, -0.5], REAL(rng, (6,)))),
        Sample((REAL(rng, (2,)), _DENOMINATOR, REAL(rng, (2, 5))), {"zi": REAL(rng, (2, 2))}),
    ],
    "a x zi",
)


def _zi(b: Any, a: Any) -> Any:
    b, a = _vector(b), _vector(a)
    first, n = a[0], call(max, np.size(a), np.size(b))
    b, a = (call(np.concatenate, [v / first, zeros_like(v, n - np.size(v))]) for v in (b, a))
    # The system that the state solves has one column that is full: the rest are sums.
    response = b[1:] - a[1:] * b[0]
    sums = call(np.concatenate, [np.zeros_like(b[:1]), np.cumsum(response)[:-1]])
    return np.cumsum(a)[:-1] * (np.sum(response) / np.sum(a)) - sums


define(
    signal.lfilter_zi,
    _zi,
    lambda rng: [
        Sample((REAL(rng, (3,)), _DENOMINATOR)),
        Sample((REAL(rng, (2,)), np.array([1.3, -0.4, 0.2, 0.1]))),
    ],
    "a",
)


# Filters of zero phase


def extended(x: Any, count: Any, kind: str | None, axis: int) -> Any:
    """A signal with so many numbers more on each side: turned round its ends, mirrored, or its last ones again."""
    if kind is None:
        return x
    if kind == "zeros":
        return around(x, axis, count, count)
    if kind in ("constant", "even"):
        widths: list[Any] = [(0, 0)] * known_rank(x, "a filter of scipy.signal")
        widths[axis] = (count, count)
        return call(np.pad, x, tuple(widths), mode="edge" if kind == "constant" else "reflect")
    if kind != "odd":
        raise ValueError(f"the extension must be 'even', 'odd', 'constant' or None, not {kind!r}")
    first, last = cut(x, axis, None, 1), cut(x, axis, -1, None)
    before = 2 * first - backward(cut(x, axis, 1, count + 1), axis)
    behind = 2 * last - backward(cut(x, axis, -1 - count, -1), axis)
    return call(np.concatenate, [before, x, behind], axis=axis)


def _settled(run: Callable[[Any], Any], gain: Any, x: Any, axis: int) -> Any:
    """A filter of a signal that was, before, as it is at first."""
    first = cut(x, axis, None, 1)
    return run(x - first) + gain * first


def _to_and_fro(run: Callable[[Any], Any], gain: Any, x: Any, axis: int, padtype: str | None, edge: Any) -> Any:
    if padtype is None or (isinstance(edge, int) and edge == 0):
        padtype, edge = None, 0
    once = _settled(run, gain, extended(x, edge, padtype, axis), axis)
    twice = backward(_settled(run, gain, backward(once, axis), axis), axis)
    return twice if padtype is None else cut(twice, axis, edge, -edge)


def _filtfilt(
    b: Any,
    a: Any,
    x: Any,
    axis: int = -1,
    padtype: str | None = "odd",
    padlen: Any = None,
    method: str = "pad",
    irlen: Any = None,
) -> Any:
    if method != "pad":
        raise UnsupportedType(f"scipy.signal.filtfilt with method={method!r}", "use method='pad'")
    axis = axis_in(axis, known_rank(x, "scipy.signal.filtfilt"))
    edge = 3 * call(max, np.size(a), np.size(b)) if absent(padlen) else padlen
    along = where(axis, rank_of(x))
    gain = np.sum(b) / np.sum(a)
    return _to_and_fro(lambda u: call(signal.lfilter, b, a, u, **along), gain, x, axis, padtype, edge)


define(
    signal.filtfilt,
    _filtfilt,
    lambda rng: [
        Sample((REAL(rng, (2,)), _DENOMINATOR, REAL(rng, (9, 2)), 0), {"padtype": "even", "padlen": 4}),
        Sample((REAL(rng, (2,)), _DENOMINATOR, REAL(rng, (12,)))),
        Sample((REAL(rng, (2,)), _DENOMINATOR, REAL(rng, (9,))), {"padtype": "constant", "padlen": 2}),
        Sample((REAL(rng, (2,)), 1.3, REAL(rng, (9,))), {"padtype": None}),
    ],
    "a x padlen",
)


# Filters of sections of the second order


_SECTIONS = np.array([[1, 2, 1, 1, 1, 0], [2, 1, 0, 1, 0, 0]])


def _sosfilt_type(sos: Type, x: Type, /, axis: int = -1) -> Type:
    if sos.is_container or x.is_container:
        raise NotByRule("scipy.signal.sosfilt of lists")
    types = array_types("scipy.signal.sosfilt", [sos, x])
    _count(types[0])
    return array(_in_arrays(types), types[1].shape)


def _count(sos: Type) -> int | None:
    """How many sections there are, by the type or by the call."""
    rows = sos.shape[0] if sos.shape else None
    return None if rows is None else next((n for n in range(1, MOST_SECTIONS) if equal(rows, n)), None)


def _sections(sos: Any) -> list[tuple[Any, Any]]:
    """The coefficients of the sections, where it is known how many there are."""
    count = _count(sos.type) if isinstance(sos, Expr) else len(sos)
    if count is None:
        raise UnsupportedType(
            "the derivative of a filter by its sections, whose number is not known",
            "call scipy.signal.lfilter for each",
        )
    return [(sos[k, :3], sos[k, 3:]) for k in range(count)]


def _without_first(v: Any) -> Any:
    """What moves of a denominator: its first number is 1 in any case."""
    return call(np.concatenate, [np.zeros_like(v[:1]), v[1:]])


def _sosfilt_tangent(y: Any, xs: Any, dots: Any, axis: int = -1) -> Any:
    sos, x = xs
    along = where(axis, rank_of(x))
    if dots[0] is None:
        return spread(call(signal.sosfilt, sos, dots[1], **along), y)
    moved = dots[1]
    for (b, a), (b_dot, a_dot) in zip(_sections(sos), _halves(dots[0], sos), strict=True):
        out = call(signal.lfilter, b, a, x, **along)
        slope = call(signal.lfilter, b_dot, a, x, **along)
        slope = slope - call(signal.lfilter, _without_first(a_dot), a, out, **along)
        moved = slope if moved is None else slope + call(signal.lfilter, b, a, moved, **along)
        x = out
    return spread(moved, y)


def _halves(dot: Any, sos: Any) -> list[tuple[Any, Any]]:
    return [(dot[k, :3], dot[k, 3:]) for k in range(len(_sections(sos)))]


def _sosfilt_adjoint(g: Any, y: Any, xs: Any, active: Any, axis: int = -1) -> Any:
    sos, x = xs
    along = where(axis, rank_of(x))
    x_bar = None
    if active[1]:
        # The sections may stand in any order.
        x_bar = fit(backward(call(signal.sosfilt, sos, backward(g, axis), **along), axis), x)
    if not active[0]:
        return None, x_bar
    sections, outputs = _sections(sos), [x]
    for b, a in sections:
        outputs.append(call(signal.lfilter, b, a, outputs[-1], **along))
    rows: list[Any] = []
    for k in reversed(range(len(sections))):
        b, a = sections[k]
        w = _by_numerator(a, g, axis)
        by_a = _without_first(-lagged(outputs[k + 1], w, a, axis))
        rows.insert(0, call(np.concatenate, [lagged(outputs[k], w, b, axis), by_a]))
        if k:
            g = backward(call(signal.lfilter, b, a, backward(g, axis), **along), axis)
    return fit(call(np.stack, rows), sos), x_bar


rule(
    signal.sosfilt,
    _sosfilt_type,
    tangent=_sosfilt_tangent,
    adjoint=_sosfilt_adjoint,
    batched=of_many_signals,
    samples=lambda rng: [Sample((_SECTIONS, REAL(rng, (6,)))), Sample((_SECTIONS, REAL(rng, (5, 2))), {"axis": 0})],
)


def _sosfilt(sos: Any, x: Any, axis: int = -1, zi: Any = None) -> Any:
    if absent(zi):
        return call(signal.sosfilt, sos, x, axis=axis)
    axis = axis_in(axis, known_rank(x, "scipy.signal.sosfilt"))
    states = []
    for k, (b, a) in enumerate(_sections(sos)):
        x, state = _lfilter(b, a, x, axis, zi[k])
        states.append(state)
    return x, call(np.stack, states)


def _sosfilt_zi(sos: Any) -> Any:
    rows, gain = [], None
    for b, a in _sections(sos):
        rows.append(_zi(b, a) if gain is None else gain * _zi(b, a))
        gain = np.sum(b) / np.sum(a) if gain is None else gain * (np.sum(b) / np.sum(a))
    return call(np.stack, rows)


def _sosfiltfilt(sos: Any, x: Any, axis: int = -1, padtype: str | None = "odd", padlen: Any = None) -> Any:
    axis = axis_in(axis, known_rank(x, "scipy.signal.sosfiltfilt"))
    edge = padlen
    if absent(padlen):
        none = [call(np.count_nonzero, sos[:, k] == 0) for k in (2, 5)]
        edge = 3 * (2 * shape_of(sos)[0] + 1 - call(min, none[0], none[1]))
    gain = np.prod(np.sum(sos[:, :3], axis=1) / np.sum(sos[:, 3:], axis=1))
    along = where(axis, rank_of(x))
    return _to_and_fro(lambda u: call(signal.sosfilt, sos, u, **along), gain, x, axis, padtype, edge)


define(
    signal.sosfilt,
    _sosfilt,
    lambda rng: [Sample((_SECTIONS, REAL(rng, (6,)))), Sample((_SECTIONS, REAL(rng, (6,))), {"zi": REAL(rng, (2, 2))})],
    "x zi",
)
define(signal.sosfilt_zi, _sosfilt_zi, lambda rng: [Sample((_SECTIONS,))])
define(
    signal.sosfiltfilt,
    _sosfiltfilt,
    lambda rng: [
        Sample((_SECTIONS, REAL(rng, (14,)))),
        Sample((_SECTIONS, REAL(rng, (9, 2))), {"axis": 0, "padlen": 3}),
    ],
    "x padlen",
)


# Trends and polynomials


def _detrend_type(
    data: Type, /, axis: int = -1, type: str = "linear", bp: Any = 0, overwrite_data: bool = False
) -> Type:
    if overwrite_data:
        raise UnsupportedType("scipy.signal.detrend with overwrite_data", "leave it out")
    (t,) = array_types("scipy.signal.detrend", [data])
    return array(result_dtype([t], "float"), t.shape)


linear(
    signal.detrend,
    # A projection on what is orthogonal to the trends.
    lambda g, data, **static: fit(call(signal.detrend, g, **static), data),
    _detrend_type,
    batched=transform,
    samples=lambda rng: [
        Sample((REAL(rng, (6,)),)),
        Sample((REAL(rng, (5, 2)),), {"axis": 0, "type": "constant"}),
        Sample((REAL(rng, (8,)),), {"bp": 3}),
    ],
)


def smoothing_rows(length: int, order: int, deriv: int, delta: float) -> Any:
    """The weights by which the polynomial through a window is read at each of its places."""
    rows = [scipy.signal.savgol_coeffs(length, order, deriv, delta, k, "dot") for k in range(length)]
    return np.array(rows)


SMOOTHING = constant(
    smoothing_rows,
    lambda length, /, order, deriv, delta: array(np.dtype(float), (int(length.size), int(length.size))),
    name="smoothing_rows",
    helper=True,
    samples=lambda rng: [Sample((5,), {"order": 2, "deriv": 0, "delta": 1.0})],
)


def _smoothing_type(
    x: Type,
    /,
    window_length: int,
    polyorder: int,
    deriv: int = 0,
    delta: float = 1.0,
    axis: int = -1,
    mode: str = "interp",
    cval: float = 0.0,
) -> Type:
    (t,) = array_types("scipy.signal.savgol_filter", [x])
    dtype = t.dtype if t.dtype is None or t.dtype == np.float32 else np.dtype(float)
    if t.is_complex or (mode == "interp" and window_length % 2 == 0):
        raise UnsupportedType("scipy.signal.savgol_filter of complex numbers, or an even window", "use an odd window")
    return array(dtype, t.shape)


def _smoothing_tangent(y: Any, xs: Any, dots: Any, cval: float = 0.0, **static: Any) -> Any:
    return spread(call(signal.savgol_filter, dots[0], **static), y)


def _by_rows(g: Any, rows: Any, axis: int) -> Any:
    """The product with a matrix along an axis."""
    if rank_of(g) == 1:
        return np.matmul(g, rows)
    return np.moveaxis(call(np.tensordot, g, rows, axes=(axis, 0)), -1, axis)


def _smoothing_adjoint(
    g: Any,
    y: Any,
    xs: Any,
    active: Any,
    window_length: int,
    polyorder: int,
    deriv: int = 0,
    delta: float = 1.0,
    axis: int = -1,
    mode: str = "interp",
    cval: float = 0.0,
) -> Any:
    x = xs[0]
    rank = known_rank(x, "scipy.signal.savgol_filter")
    k, half = axis_in(axis, rank), window_length // 2
    rows = beside(g, smoothing_rows, window_length, order=polyorder, deriv=deriv, delta=float(delta))
    along = where(k, rank)

    def turned(g: Any, mode: str) -> Any:
        return call(ndimage.convolve1d, g, rows[half], mode=mode, **along)

    if mode != "interp":
        return (fit(transposed(g, Along(turned, half, half), k, mode), x),)
    found = turned(around(cut(g, k, half, -half), k, half, half), "constant")
    rest = shape_of(x)[k] - window_length
    # The polynomial at an end is read at each of its places.
    first, last = _by_rows(cut(g, k, None, half), rows[:half], k), _by_rows(cut(g, k, -half, None), rows[half + 1 :], k)
    found = found + around(first, k, 0, rest) + around(last, k, rest, 0)
    return (fit(found, x),)


rule(
    signal.savgol_filter,
    _smoothing_type,
    tangent=_smoothing_tangent,
    adjoint=_smoothing_adjoint,
    batched=transform,
    samples=lambda rng: [
        Sample((REAL(rng, (8,)), 5, 2)),
        Sample((REAL(rng, (7, 2)), 3, 1), {"axis": 0, "deriv": 1, "delta": 0.5}),
        Sample((REAL(rng, (8,)), 5, 2), {"mode": "mirror"}),
        Sample((REAL(rng, (8,)), 3, 1), {"mode": "constant", "cval": 1.0}),
    ],
)


# Filters that choose


def _median(volume: Any, kernel_size: Any = None) -> Any:
    rank = known_rank(volume, "scipy.signal.medfilt")
    if rank == 0:  # SciPy makes a vector of it
        raise UnsupportedType("scipy.signal.medfilt of a number", "pass an array with an axis")
    sizes = (3,) * rank if kernel_size is None else (kernel_size,) * rank if np.ndim(kernel_size) == 0 else kernel_size
    return call(ndimage.rank_filter, volume, math.prod(sizes) // 2, size=tuple(sizes), mode="constant")


def _median_of_plane(input: Any, kernel_size: Any = 3) -> Any:
    return _median(input, kernel_size)


define(
    signal.medfilt,
    _median,
    lambda rng: [Sample((REAL(rng, (7,)),)), Sample((REAL(rng, (3, 4)), (3, 1)))],
    of_complex=False,
)
define(signal.medfilt2d, _median_of_plane, lambda rng: [Sample((REAL(rng, (3, 4)),))], of_complex=False)


def _of_rank(a: Any, domain: Any, rank: int) -> Any:
    by_footprint = definition_of(ndimage.rank_filter)
    assert by_footprint is not None
    return by_footprint.expression(a, rank, footprint=domain != 0, mode="constant")


define(
    signal.order_filter,
    _of_rank,
    lambda rng: [Sample((REAL(rng, (4, 5)), np.array([[0, 1, 0], [1, 1, 1], [0, 1, 1]]), 2))],
    "domain",
    of_complex=False,
)


def _wiener(im: Any, mysize: Any = None, noise: Any = None) -> Any:
    rank = known_rank(im, "scipy.signal.wiener")
    sizes = (3,) * rank if mysize is None else (mysize,) * rank if np.ndim(mysize) == 0 else tuple(mysize)
    window = beside(im, np.ones, sizes)
    count = float(math.prod(sizes))
    mean = call(signal.correlate, im, window, "same") / count
    variance = call(signal.correlate, im * im, window, "same") / count - mean * mean
    if absent(noise):
        noise = np.mean(variance)
    return np.where(variance < noise, mean, (im - mean) * (1.0 - noise / variance) + mean)


define(
    signal.wiener,
    _wiener,
    lambda rng: [Sample((REAL(rng, (7,)),)), Sample((REAL(rng, (4, 5)), (3, 3), 0.3))],
    "noise",
    of_complex=False,
)


# Inverse filters


def _deconvolve(signal_: Any, divisor: Any) -> Any:
    if not (known_rank(signal_, "deconvolve") == known_rank(divisor, "deconvolve") == 1):
        raise UnsupportedType("scipy.signal.deconvolve of numbers", "pass vectors")
    n = shape_of(signal_)[0]
    count, place = n - shape_of(divisor)[0] + 1, beside(signal_, np.arange, n)
    quotient = call(signal.lfilter, signal_, divisor, 1.0 * (place == 0)) * (place < count)
    product = call(signal.lfilter, divisor, np.ones_like(divisor[:1]), quotient)
    return quotient[:count], signal_ - product


define(
    signal.deconvolve,
    _deconvolve,
    lambda rng: [Sample((REAL(rng, (7,)), _DENOMINATOR))],
    "divisor",
)
