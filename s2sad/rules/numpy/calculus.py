"""Differences, integrals and interpolation of sampled functions, convolutions, polynomials."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable
from typing import Any

import numpy as np

from s2sad.errors import UnsupportedType
from s2sad.ir.builder import Expr, beside, call, rank_of, shape_of
from s2sad.ir.definition import define
from s2sad.ir.dims import Dim, Size, dim_sum, may_be_negative
from s2sad.ir.primitive import NotByRule, Sample
from s2sad.ir.types import ArrayType, Type, array, promote
from s2sad.rules.contributions import conjugated, fit, spread, type_in
from s2sad.rules.domains import POSITIVE, REAL
from s2sad.rules.families import rule
from s2sad.rules.numpy.contractions import bilinear_tangent
from s2sad.rules.numpy.shaping import axis_in, check_rank, known_rank
from s2sad.rules.numpy.statistics import in_double, real
from s2sad.rules.promotion import array_types


def cut(x: Any, axis: int, start: int | None, stop: int | None) -> Any:
    """`x[start:stop]` along an axis."""
    k = axis_in(axis, known_rank(x, "a difference"))
    return x[(*[slice(None)] * k, slice(start, stop))] if k else x[start:stop]


def along_axis(v: Any, x: Any, axis: int) -> Any:
    """A vector as an array that broadcasts along one axis of `x`; other arrays as they are."""
    rank = known_rank(x, "this")
    k = axis_in(axis, rank)
    return v if rank_of(v) != 1 or k == rank - 1 else v[(..., *[None] * (rank - 1 - k))]


def grid(rng: np.random.Generator, n: int) -> Any:
    """Numbers that increase."""
    return np.cumsum(POSITIVE(rng, (n,)))


# Differences


def _diff(a: Any, n: int = 1, axis: int = -1, prepend: Any = None, append: Any = None) -> Any:
    parts = [p if p is None or p is a else _end(p, a, axis) for p in (prepend, a, append)]
    joined = [p for p in parts if p is not None]
    return np.diff(call(np.concatenate, joined, axis=axis) if len(joined) > 1 else a, n=n, axis=axis)


def _end(p: Any, a: Any, axis: int) -> Any:
    """What stands before or behind an array: a number for each line along the axis, or an array."""
    if rank_of(p) != 0:
        return p
    k = axis_in(axis, known_rank(a, "np.diff"))
    return call(np.full, tuple(1 if j == k else shape_of(a)[j] for j in range(rank_of(a) or 0)), p)


def _diff_samples(rng: np.random.Generator) -> Iterable[Sample]:
    yield Sample((REAL(rng, (4,)),), {"prepend": 0.5})
    yield Sample((REAL(rng, (4,)),), {"prepend": REAL(rng, (2,)), "append": 1.5})
    yield Sample((REAL(rng, (3, 4)),), {"append": 1.5, "axis": 0})
    yield Sample((REAL(rng, (3, 4)), 2), {"prepend": REAL(rng, (3, 1))})


define(np.diff, _diff, _diff_samples, "a prepend append")


def _ediff1d(ary: Any, to_end: Any = None, to_begin: Any = None) -> Any:
    inner = np.diff(np.ravel(ary))
    parts = [p if p is None or p is inner else np.ravel(p) for p in (to_begin, inner, to_end)]
    joined = [p for p in parts if p is not None]
    return call(np.concatenate, joined) if len(joined) > 1 else inner


define(
    np.ediff1d,
    _ediff1d,
    lambda rng: [
        Sample((REAL(rng, (4,)),)),
        Sample((REAL(rng, (2, 3)),)),
        Sample((REAL(rng, (4,)),), {"to_begin": REAL(rng, (1,)), "to_end": REAL(rng, (2,))}),
    ],
    "ary to_end to_begin",
)


def _gradient(f: Any, *varargs: Any, axis: Any = None, edge_order: int = 1) -> Any:
    rank = known_rank(f, "np.gradient")
    axes = range(rank) if axis is None else axis if isinstance(axis, tuple) else (axis,)
    steps = [1.0] * len(axes) if not varargs else list(varargs) * (len(axes) if len(varargs) == 1 else 1)
    if edge_order not in (1, 2) or len(steps) != len(axes):
        raise UnsupportedType(f"np.gradient with {len(steps)} steps for {len(axes)} axes, edge_order={edge_order}")
    found = [_slope(f, h, k, edge_order) for k, h in zip(axes, steps, strict=True)]
    return found[0] if len(found) == 1 else tuple(found)


def _slope(f: Any, h: Any, axis: int, order: int) -> Any:
    """The derivative along one axis by differences, central ones but at the ends: equal steps, or coordinates."""
    h = real(h)
    at = [cut(f, axis, k, (k + 1) or None) for k in (0, 1, 2, -3, -2, -1)]
    if rank_of(h) == 0:
        inner = (cut(f, axis, 2, None) - cut(f, axis, None, -2)) / (2.0 * h)
        if order == 1:
            ends = ((at[1] - at[0]) / h, (at[5] - at[4]) / h)
        else:
            ends = (
                (2.0 * at[1] - 1.5 * at[0] - 0.5 * at[2]) / h,
                (1.5 * at[5] - 2.0 * at[4] + 0.5 * at[3]) / h,
            )
    else:
        d = along_axis(np.diff(h), f, axis)
        left, right = cut(d, _own(d, f, axis), None, -1), cut(d, _own(d, f, axis), 1, None)
        middle, before, behind = cut(f, axis, 1, -1), cut(f, axis, None, -2), cut(f, axis, 2, None)
        # Second order on unequal steps; the weights of the two one-sided slopes are the steps on the other side.
        inner = (left / right * (behind - middle) + right / left * (middle - before)) / (left + right)
        first, second = (cut(d, _own(d, f, axis), k, k + 1) for k in (0, 1))
        last, last_but_one = cut(d, _own(d, f, axis), -1, None), cut(d, _own(d, f, axis), -2, -1)
        ends = ((at[1] - at[0]) / first, (at[5] - at[4]) / last)
        if order == 2:
            ends = (
                _one_sided(at[0], at[1], at[2], first, second),
                -_one_sided(at[5], at[4], at[3], last, last_but_one),
            )
    return call(np.concatenate, [ends[0], inner, ends[1]], axis=axis)


def _own(d: Any, f: Any, axis: int) -> int:
    """The axis of `d`, which broadcasts against the last ones of `f`."""
    return axis_in(axis, known_rank(f, "np.gradient")) - (known_rank(f, "np.gradient") - known_rank(d, "np.gradient"))


def _one_sided(f: Any, g: Any, h: Any, near: Any, far: Any) -> Any:
    """The derivative at the first of three points from which the others are `near` and `near + far` away."""
    whole = near + far
    return (g - f) * (whole / (near * far)) - (h - f) * (near / (far * whole))


def _gradient_samples(rng: np.random.Generator) -> Iterable[Sample]:
    for order in (1, 2):
        yield Sample((REAL(rng, (5,)),), {"edge_order": order})
        yield Sample((REAL(rng, (5,)), 0.5), {"edge_order": order})
        yield Sample((REAL(rng, (5,)), grid(rng, 5)), {"edge_order": order})
        yield Sample((REAL(rng, (4, 5)), grid(rng, 4), 0.3), {"edge_order": order})
        yield Sample((REAL(rng, (4, 5)), grid(rng, 4)), {"edge_order": order, "axis": 0})
    yield Sample((REAL(rng, (3, 4)),))


define(np.gradient, _gradient, _gradient_samples, "f varargs")


def _unwrap_type(p: Type, /, discont: float | None = None, axis: int = -1, *, period: float = 2.0 * math.pi) -> Type:
    (t,) = array_types("np.unwrap", [p])
    return ArrayType(t.dtype, t.shape, "any" if t.shape is None else "array")


rule(
    np.unwrap,
    _unwrap_type,
    tangent=lambda y, xs, dots, **static: None if dots[0] is None else spread(dots[0], y),
    adjoint=lambda g, y, xs, active, **static: (fit(g, xs[0]),),
    samples=lambda rng: [Sample((3.0 * REAL(rng, (5,)),)), Sample((3.0 * REAL(rng, (3, 4)),), {"axis": 0})],
)

# Integrals


def trapezoid(y: Any, x: Any = None, dx: Any = 1.0, axis: int = -1) -> Any:
    """The trapezoidal rule, as NumPy and SciPy have it."""
    x = None if x is None else real(x)
    steps = dx if x is None else along_axis(np.diff(x) if rank_of(x) == 1 else np.diff(x, axis=axis), y, axis)
    return 0.5 * np.sum(steps * (cut(y, axis, 1, None) + cut(y, axis, None, -1)), axis=axis)


def trapezoid_samples(rng: np.random.Generator) -> Iterable[Sample]:
    yield Sample((REAL(rng, (5,)),))
    yield Sample((REAL(rng, (5,)), grid(rng, 5)))
    yield Sample((REAL(rng, (5,)),), {"dx": 0.5})
    yield Sample((REAL(rng, (4, 5)), grid(rng, 4)), {"axis": 0})
    yield Sample((REAL(rng, (4, 5)), REAL(rng, (4, 5))), {"axis": 0})
    yield Sample((REAL(rng, (4, 5)),), {"axis": 1, "dx": 2.0})


define(np.trapezoid, trapezoid, trapezoid_samples, "y x dx")

# Interpolation


def _interp(x: Any, xp: Any, fp: Any, left: Any = None, right: Any = None, period: float | None = None) -> Any:
    if period is not None:
        raise UnsupportedType("np.interp with a period", "take x % period, and add the first point behind the last")
    x, xp, fp = in_double(x), in_double(xp), in_double(fp)
    # The interval of each point is constant between knots; within it the function is linear in x, and in both values.
    place = np.clip(call(np.searchsorted, xp, x, side="right") - 1, 0, shape_of(xp)[0] - 2)
    start, value = xp[place], fp[place]
    inner = value + (fp[place + 1] - value) / (xp[place + 1] - start) * (x - start)
    below, above = fp[0] if left is None else left, fp[-1] if right is None else right
    found = np.where(x < xp[0], below, np.where(x > xp[-1], above, inner))
    return found if rank_of(x) != 0 else found[()]


def _interp_samples(rng: np.random.Generator) -> Iterable[Sample]:
    for x in (1.3, np.array([0.4, 2.2, 1.9, 3.3]), np.array([[0.4, 2.2], [-1.0, 9.0]])):
        yield Sample((x, np.array([0.1, 1.1, 2.0, 3.6]), REAL(rng, (4,))))
    yield Sample((np.array([-0.4, 1.2, 7.0]), grid(rng, 4), REAL(rng, (4,))), {"left": -1.0, "right": 2.5})


define(np.interp, _interp, _interp_samples, "x xp fp left right")

# Convolutions


def _full_length(a: Dim, v: Dim) -> Dim:
    return dim_sum(dim_sum(a, v), -1)


def _convolve_type(a: Type, v: Type, /) -> Type:
    s, t = array_types("np.convolve", [a, v])
    if s.shape is None or t.shape is None:
        return array(promote(s, t), None)
    if len(s.shape) > 1 or len(t.shape) > 1:
        raise ValueError("np.convolve of arrays that are no vectors")
    first, second = (u.shape[0] if u.shape else 1 for u in (s, t))
    return array(promote(s, t), (_full_length(first, second),))


def _valid(g: Any, v: Any) -> Any:
    """What a cotangent of a full convolution gives to the operand beside `v`."""
    return call(np.correlate, g, conjugated(v))


rule(
    np.convolve,
    _convolve_type,
    tangent=bilinear_tangent(np.convolve),
    adjoint=lambda g, y, xs, active: (
        fit(_valid(g, xs[1]), xs[0]) if active[0] else None,
        fit(_valid(g, xs[0]), xs[1]) if active[1] else None,
    ),
    samples=lambda rng: [
        Sample((REAL(rng, (5,)), REAL(rng, (3,)))),
        Sample((REAL(rng, (2,)), REAL(rng, (4,)))),
        Sample((REAL(rng, (3,)), REAL(rng, (3,)))),
    ],
)


def _convolve(a: Any, v: Any, mode: str = "full") -> Any:
    return part_of(np.convolve(a, v), shape_of(a)[0], shape_of(v)[0], mode)


def part_of(full: Any, m: Any, n: Any, mode: str) -> Any:
    """The middle of a convolution of vectors of these lengths: where they overlap, or as much as the longer one."""
    if mode == "full":
        return full
    longer, shorter = call(max, m, n), call(min, m, n)
    if mode == "same":
        start = (shorter - 1) // 2
        return full[start : start + longer]
    if mode == "valid":
        return full[shorter - 1 : longer]
    raise ValueError(f"mode must be 'full', 'same' or 'valid', not {mode!r}")


def _modes(rng: np.random.Generator) -> Iterable[Sample]:
    for mode in ("full", "same", "valid"):
        for m, n in ((5, 3), (5, 2), (3, 5), (2, 5), (4, 4), (6, 4), (4, 6)):
            yield Sample((REAL(rng, (m,)), REAL(rng, (n,))), {"mode": mode})
    yield Sample((REAL(rng, (5,)), REAL(rng, (3,)), "same"))


define(np.convolve, _convolve, _modes, "a v")


def _correlate_type(a: Type, v: Type, /) -> Type:
    s, t = array_types("np.correlate", [a, v])
    if not s.shape or not t.shape or len(s.shape) > 1 or len(t.shape) > 1 or not _is_longer(s.shape[0], t.shape[0]):
        raise NotByRule("the derivative of np.correlate of a vector that may be shorter than the other")
    return array(promote(s, t), (dim_sum(dim_sum(s.shape[0], t.shape[0], -1), 1),))


def _is_longer(m: Dim, n: Dim) -> bool:
    """Whether a vector is known to be as long as another, as what a full convolution gives is."""
    difference = dim_sum(m, n, -1)
    if isinstance(m, Size) and isinstance(n, Size) and n.terms <= m.terms:
        return not may_be_negative(dim_sum(difference, 1))
    return not may_be_negative(difference)


def _correlate_adjoint(g: Any, y: Any, xs: Any, active: Any) -> Any:
    a, v = xs
    return (
        fit(np.convolve(g, conjugated(v)), a) if active[0] else None,
        fit(conjugated(call(np.correlate, a, conjugated(g))), v) if active[1] else None,
    )


rule(
    np.correlate,
    _correlate_type,
    tangent=bilinear_tangent(np.correlate),
    adjoint=_correlate_adjoint,
    samples=lambda rng: [Sample((REAL(rng, (5,)), REAL(rng, (3,)))), Sample((REAL(rng, (4,)), REAL(rng, (4,))))],
)


def _correlate(a: Any, v: Any, mode: str = "valid") -> Any:
    m, n = shape_of(a)[0], shape_of(v)[0]
    full = np.convolve(a, conjugated(v[::-1]))
    if mode != "same":
        return part_of(full, m, n, mode)
    start = (call(min, m, n) - call(int, m >= n)) // 2  # NumPy exchanges the operands, and turns the result round
    return full[start : start + call(max, m, n)]


define(np.correlate, _correlate, _modes, "a v")

# Polynomials: coefficients from the highest power to the constant


def _vander(x: Any, N: Any = None, increasing: bool = False) -> Any:
    n = shape_of(x)[0] if N is None else N
    return x[:, None] ** (beside(x, np.arange, n) if increasing else beside(x, np.arange, n - 1, -1, -1))


define(
    np.vander,
    _vander,
    lambda rng: [
        Sample((REAL(rng, (3,)),)),
        Sample((REAL(rng, (3,)), 4)),
        Sample((REAL(rng, (3,)), 2), {"increasing": True}),
    ],
    "x N",
)


def _polyval_type(p: Type, x: Type, /) -> Type:
    s, t = array_types("np.polyval", [p, x])
    if s.dtype is None or t.dtype is None:
        return array(None, t.shape)
    return array(np.result_type(s.dtype, t.dtype), t.shape)


def _slope_of_polynomial(p: Any, x: Any) -> Any:
    return call(np.polyval, call(np.polyder, p), x)


def _polyval_tangent(y: Any, xs: Any, dots: Any) -> Any:
    p, x = xs
    terms = [call(np.polyval, dots[0], x)] if dots[0] is not None else []
    terms += [_slope_of_polynomial(p, x) * dots[1]] if dots[1] is not None else []
    return spread(terms[0] if len(terms) == 1 else terms[0] + terms[1], y)


def _polyval_adjoint(g: Any, y: Any, xs: Any, active: Any) -> Any:
    p, x = xs
    p_bar = None
    if active[0]:
        powers = call(np.arange, shape_of(p)[0])[::-1]
        if known_rank(x, "np.polyval") == 0:
            p_bar = fit(g * x**powers, p)
        else:
            p_bar = fit(np.reshape(g, (-1,)) @ np.reshape(x, (-1,))[:, None] ** powers, p)
    return p_bar, fit(g * _slope_of_polynomial(p, x), x) if active[1] else None


rule(
    np.polyval,
    _polyval_type,
    tangent=_polyval_tangent,
    adjoint=_polyval_adjoint,
    samples=lambda rng: [
        Sample((REAL(rng, (4,)), 1.5)),
        Sample((REAL(rng, (4,)), REAL(rng, ())[()])),
        Sample((REAL(rng, (4,)), REAL(rng, (3,)))),
        Sample((REAL(rng, (3,)), REAL(rng, (2, 2)))),
    ],
)


define(
    np.polyval,
    lambda p, x: np.polyval(p, x),
    lambda rng: [Sample(([1.5, 0.5, 2.0], REAL(rng, (3,)))), Sample((REAL(rng, (3,)), REAL(rng, (2,))))],
    "x",
)


def _polyder(p: Any, m: int = 1) -> Any:
    for _ in range(m):
        p = p[:-1] * call(np.arange, shape_of(p)[0] - 1, 0, -1)
    return p


def _polyint(p: Any, m: int = 1, k: Any = None) -> Any:
    check_rank(p, "np.polyint", 1)
    for j in range(m):
        last = np.zeros_like(p[:1]) if k is None else p[:1] * 0.0 + (k if rank_of(k) == 0 else k[j])
        p = call(np.concatenate, [p / call(np.arange, shape_of(p)[0], 0, -1), last])
    return p


def _dtype_of(a: Any) -> dict[str, Any]:
    dtype = type_in(a).dtype if isinstance(a, Expr) else np.result_type(a)
    return {} if dtype in (None, np.dtype(float)) else {"dtype": dtype}


def _combined(function: Callable[[Any, Any], Any]) -> Callable[..., Any]:
    """The sum or difference of polynomials; the shorter one gets zeros in front."""

    def expression(a1: Any, a2: Any) -> Any:
        m, n = shape_of(a1)[0], shape_of(a2)[0]
        length = call(max, m, n)
        first, second = (
            call(np.concatenate, [call(np.zeros, length - k, **_dtype_of(a)), a]) for a, k in ((a1, m), (a2, n))
        )
        return function(first, second)

    return expression


def _pairs(rng: np.random.Generator) -> Iterable[Sample]:
    for m, n in ((4, 2), (2, 4), (3, 3)):
        yield Sample((REAL(rng, (m,)), REAL(rng, (n,))))


define(np.polyder, _polyder, lambda rng: [Sample((REAL(rng, (4,)),)), Sample((REAL(rng, (4,)), 2))], view=True)
define(
    np.polyint,
    _polyint,
    lambda rng: [
        Sample((REAL(rng, (4,)),)),
        Sample((REAL(rng, (4,)), 2)),
        Sample((REAL(rng, (4,)),), {"k": 1.5}),
    ],
    "p k",
)
define(np.polyadd, _combined(lambda a, b: a + b), _pairs, "a1 a2")
define(np.polysub, _combined(lambda a, b: a - b), _pairs, "a1 a2")
define(np.polymul, lambda a1, a2: np.convolve(a1, a2), _pairs, "a1 a2")


def _polyfit(x: Any, y: Any, deg: int, rcond: Any = None, full: bool = False, w: Any = None, cov: Any = False) -> Any:
    if full or cov:
        raise UnsupportedType("np.polyfit with full or cov", "leave them out")
    left = call(np.vander, x + 0.0, deg + 1)
    right = y + 0.0
    if w is not None:
        left, right = left * w[:, None], right * (w if rank_of(y) == 1 else w[:, None])
    # Columns of length 1, as NumPy's own polyfit has them: powers of x differ by orders of magnitude.
    scale = np.sqrt(np.sum(left * left, axis=0))
    found = call(np.linalg.pinv, left / scale) @ right
    return found / (scale if rank_of(y) == 1 else scale[:, None])


define(
    np.polyfit,
    _polyfit,
    lambda rng: [
        Sample((grid(rng, 5), REAL(rng, (5,)), 1)),
        Sample((grid(rng, 6), REAL(rng, (6,)), 2), {"w": POSITIVE(rng, (6,))}),
        Sample((grid(rng, 5), REAL(rng, (5, 2)), 2)),
    ],
    "x y w",
)
