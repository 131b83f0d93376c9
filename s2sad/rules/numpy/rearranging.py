"""Arrays put together, taken apart and turned by functions that are short for others: column_stack, rot90, choose."""

from __future__ import annotations

import functools
import operator
from collections.abc import Callable, Iterable
from typing import Any

import numpy as np

from s2sad.errors import UnsupportedType
from s2sad.ir.builder import Expr, beside, call, shape_of
from s2sad.ir.definition import define
from s2sad.ir.primitive import Effect, NotByRule, Sample, View
from s2sad.ir.types import ArrayType, SequenceType, Type
from s2sad.rules.contributions import type_in
from s2sad.rules.domains import POSITIVE, REAL
from s2sad.rules.families import linear
from s2sad.rules.numpy.shaping import axis_in, known_rank, shaped
from s2sad.rules.numpy.statistics import in_dtype_of, keywords
from s2sad.rules.promotion import array_types


def items_of(arrays: Any, what: str) -> list[Any]:
    """The arrays of a list or tuple."""
    if isinstance(arrays, Expr) and isinstance(arrays.type, (ArrayType, SequenceType)):
        raise UnsupportedType(
            f"{what} of arrays whose number is not known", "use a list, or np.stack and np.concatenate"
        )
    return list(arrays)


def joined(parts: list[Any], axis: int = 0) -> Any:
    return call(np.concatenate, parts, axis=axis) if axis else call(np.concatenate, parts)


def at(x: Any, axis: int, key: Any) -> Any:
    """`x[key]` along an axis."""
    k = axis_in(axis, known_rank(x, "an item"))
    return x[(*[slice(None)] * k, key)] if k else x[key]


# Put together


def _dstack(tup: Any) -> Any:
    return joined([_atleast_3d(x) for x in items_of(tup, "np.dstack")], 2)


def _atleast_3d(x: Any) -> Any:
    rank = known_rank(x, "np.atleast_3d")
    if rank > 1:
        return x if rank > 2 else x[:, :, None]
    return np.reshape(x, (1, -1, 1))


def _pairs(*shapes: tuple[tuple[int, ...], ...]) -> Callable[[np.random.Generator], Iterable[Sample]]:
    return lambda rng: [Sample(([REAL(rng, s) for s in row],)) for row in shapes]


define(np.dstack, _dstack, _pairs(((3,), (3,)), ((3, 2), (3, 2)), ((2, 2, 1), (2, 2))), lists="tup")
define(
    np.dsplit,
    lambda ary, indices_or_sections: list(np.split(ary, indices_or_sections, axis=2)),
    lambda rng: [Sample((REAL(rng, (2, 2, 4)), 2))],
    view=True,
)

# Turned


def _rot90_type(m: Type, /, k: int = 1, axes: Any = (0, 1)) -> Type:
    (t,) = array_types("np.rot90", [m])
    if t.shape is None or k % 2 == 0:
        return shaped(t, t.shape)
    shape, (i, j) = list(t.shape), (axis_in(a, len(t.shape)) for a in axes)
    shape[i], shape[j] = shape[j], shape[i]
    return shaped(t, tuple(shape))


def _place_of(a: Any, axis: int, start: int) -> tuple[int, int]:
    """Which axis is moved, and where to."""
    rank = known_rank(a, "np.rollaxis")
    k, to = axis_in(axis, rank), start + rank if start < 0 else start
    return k, to - 1 if k < to else to


def _rollaxis_type(a: Type, /, axis: int, start: int = 0) -> Type:
    (t,) = array_types("np.rollaxis", [a])
    if t.shape is None:
        return shaped(t, None)
    k, to = axis_in(axis, len(t.shape)), start + len(t.shape) if start < 0 else start
    order = [j for j in range(len(t.shape)) if j != k]
    order.insert(to - 1 if k < to else to, k)
    return shaped(t, tuple(t.shape[j] for j in order))


def _rollaxis_transpose(g: Any, x: Any, axis: int, start: int = 0) -> Any:
    k, to = _place_of(x, axis, start)
    return np.moveaxis(g, to, k)


def _same_type(m: Type, /) -> Type:
    (t,) = array_types("np.fliplr", [m])
    return shaped(t, t.shape)


def _turned_type(x: Type, /) -> Type:
    (t,) = array_types("np.matrix_transpose", [x])
    return shaped(t, None if t.shape is None else (*t.shape[:-2], t.shape[-1], t.shape[-2]))


def _atleast_3d_type(a: Type, /) -> Type:
    (t,) = array_types("np.atleast_3d", [a])
    if t.shape is None or len(t.shape) > 2:
        return shaped(t, t.shape)
    return shaped(t, (*t.shape, 1) if len(t.shape) == 2 else (1, *(t.shape or (1,)), 1))


def _last_two(x: Any) -> Any:
    return np.swapaxes(x, -1, -2)


def _matrices(rng: np.random.Generator) -> Iterable[Sample]:
    return [Sample((REAL(rng, s),)) for s in [(2, 3), (2, 3, 4)]]


linear(
    np.fliplr,
    lambda g, x: np.fliplr(g),
    _same_type,
    effect=Effect.VIEW,
    view=View.ALWAYS,
    flips=True,
    samples=_matrices,
)
linear(
    np.flipud,
    lambda g, x: np.flipud(g),
    _same_type,
    effect=Effect.VIEW,
    view=View.ALWAYS,
    flips=True,
    samples=_matrices,
)
linear(
    np.matrix_transpose,
    lambda g, x: _last_two(g),
    _turned_type,
    effect=Effect.VIEW,
    view=View.ALWAYS,
    samples=_matrices,
)
define(np.linalg.matrix_transpose, _last_two, _matrices, view=True)
linear(
    np.rot90,
    lambda g, x, k=1, axes=(0, 1): call(np.rot90, g, -k, **({} if axes == (0, 1) else {"axes": axes})),
    _rot90_type,
    effect=Effect.VIEW,
    view=View.ALWAYS,
    samples=lambda rng: [
        *(Sample((REAL(rng, (2, 3)), k)) for k in (-1, 0, 1, 2, 3)),
        Sample((REAL(rng, (2, 3, 2)),), {"axes": (1, 2)}),
    ],
)
linear(
    np.rollaxis,
    _rollaxis_transpose,
    _rollaxis_type,
    effect=Effect.VIEW,
    view=View.ALWAYS,
    samples=lambda rng: [
        Sample((REAL(rng, (2, 3, 4)), k), {"start": s} if s else {})
        for k, s in ((2, 0), (0, 3), (1, 2), (-1, -2), (0, 0))
    ],
)
linear(
    np.atleast_3d,
    lambda g, x: np.reshape(g, shape_of(x)),
    _atleast_3d_type,
    effect=Effect.VIEW,
    view=View.ALWAYS,
    samples=lambda rng: [Sample((REAL(rng, s),)) for s in [(3,), (2, 3), (2, 3, 4)]],
)


def _broadcast_arrays(*args: Any) -> Any:
    whole = shape_of(functools.reduce(operator.add, args))
    return tuple(np.broadcast_to(a, whole) for a in args)


define(
    np.broadcast_arrays,
    _broadcast_arrays,
    lambda rng: [Sample((REAL(rng, (3,)), REAL(rng, (2, 1)))), Sample((REAL(rng, (2, 2)), 1.5))],
    view=True,
)

# Chosen


def _choose(a: Any, choices: Any, mode: str = "raise") -> Any:
    if isinstance(type_in(choices), ArrayType):
        index = np.broadcast_to(a, tuple(shape_of(choices)[k] for k in range(1, known_rank(choices, "np.choose"))))
        return np.take_along_axis(choices, index[None], axis=0)[0]
    rows = items_of(choices, "np.choose")
    index = np.clip(a, 0, len(rows) - 1) if mode == "clip" else a % len(rows) if mode == "wrap" else a
    found = rows[-1]
    for k in range(len(rows) - 2, -1, -1):
        found = call(np.where, index == k, rows[k], found)
    return found


define(
    np.choose,
    _choose,
    lambda rng: [
        Sample((np.array([0, 2, 1, 0]), REAL(rng, (3, 4)))),
        Sample((np.array([0, 2, 1, 0]), [REAL(rng, (4,)), REAL(rng, (4,)), REAL(rng, (4,))])),
    ],
    "choices",
    lists="choices",
)


def _compress(condition: Any, a: Any, axis: int | None = None) -> Any:
    x, k = (np.ravel(a), 0) if axis is None else (a, axis)
    return at(x, k, call(np.flatnonzero, condition))


def _extract(condition: Any, arr: Any) -> Any:
    return np.ravel(arr)[call(np.flatnonzero, condition)]


MASK = np.array([True, False, True])
define(
    np.compress,
    _compress,
    lambda rng: [
        Sample((MASK, REAL(rng, (3,)))),
        Sample((MASK, REAL(rng, (2, 3)), 1)),
        Sample((MASK, REAL(rng, (2, 3)))),
    ],
    "a",
)
define(
    np.extract,
    _extract,
    lambda rng: [Sample((MASK, REAL(rng, (3,)))), Sample((np.stack([MASK, ~MASK]), REAL(rng, (2, 3))))],
    "arr",
)


def _resize(a: Any, new_shape: Any) -> Any:
    shape = new_shape if isinstance(new_shape, tuple) else (new_shape,)
    count = functools.reduce(operator.mul, shape, 1)
    return np.reshape(np.ravel(a)[beside(a, np.arange, count) % call(np.size, a)], shape)


define(
    np.resize,
    _resize,
    lambda rng: [Sample((REAL(rng, (3,)), (2, 4))), Sample((REAL(rng, (2, 3)), 4)), Sample((REAL(rng, (2,)), (3,)))],
)

# Grids


def _logspace(start: Any, stop: Any, num: int = 50, endpoint: bool = True, base: Any = 10.0) -> Any:
    return base ** call(np.linspace, start, stop, num, **({} if endpoint else {"endpoint": False}))


def _geomspace(start: Any, stop: Any, num: int = 50, endpoint: bool = True) -> Any:
    return start * (stop / start) ** beside(
        start, np.linspace, 0.0, 1.0, num, **({} if endpoint else {"endpoint": False})
    )


define(
    np.logspace,
    _logspace,
    lambda rng: [
        Sample((0.5, 1.5, 4)),
        Sample((0.5, 1.5, 4), {"endpoint": False}),
        Sample((0.5, 1.5, 4), {"base": 2.5}),
    ],
    "start stop base",
)
define(
    np.geomspace,
    _geomspace,
    lambda rng: [Sample((0.5, 1.5, 4)), Sample((0.5, 1.5, 4), {"endpoint": False})],
    "start stop",
)

# Sums under way


def _cumulative(function: Callable[..., Any], first: Callable[..., Any]) -> Callable[..., Any]:
    def expression(x: Any, /, *, axis: int | None = None, include_initial: bool = False) -> Any:
        k = 0 if axis is None else axis
        found = function(x, axis=k)
        return joined([first(at(found, k, slice(None, 1))), found], k) if include_initial else found

    return expression


def _steps(rng: np.random.Generator) -> Iterable[Sample]:
    yield Sample((REAL(rng, (4,)),))
    yield Sample((REAL(rng, (2, 3)),), {"axis": 1})
    yield Sample((REAL(rng, (2, 3)),), {"axis": 0, "include_initial": True})


define(np.cumulative_sum, _cumulative(np.cumsum, np.zeros_like), _steps)
define(np.cumulative_prod, _cumulative(np.cumprod, np.ones_like), _steps)

# Windows


def _sliding_window_view(x: Any, window_shape: Any, axis: Any = None, *, subok: bool = False) -> Any:
    """The windows along each axis in turn: the places of their items, and those as a last axis."""
    rank = known_rank(x, "sliding_window_view")
    of_several = isinstance(window_shape, (tuple, list)) or (
        isinstance(window_shape, Expr) and window_shape.type.is_container
    )
    sizes = list(window_shape) if of_several else [window_shape]
    axes = range(rank) if axis is None else axis if isinstance(axis, (tuple, list)) else [axis]
    if len(sizes) != len(axes):
        raise NotByRule("sliding_window_view of another number of windows than axes")
    found = x
    for k, size in zip((axis_in(a, rank) for a in axes), sizes, strict=True):
        places = call(np.arange, shape_of(found)[k] - size + 1)[:, None] + call(np.arange, size)
        found = np.moveaxis(at(found, k, places), k + 1, -1)
    return found


def _sliding(rng: np.random.Generator) -> Iterable[Sample]:
    yield Sample((REAL(rng, (5,)), 3))
    yield Sample((REAL(rng, (4, 5)), (2, 3)))
    yield Sample((REAL(rng, (4, 3, 2)), 2), {"axis": 1})
    yield Sample((REAL(rng, (4, 3)), (2, 2)), {"axis": (0, 0)})


define(
    np.lib.stride_tricks.sliding_window_view,
    _sliding_window_view,
    _sliding,
    "window_shape",
    view=True,
    lists="window_shape",
    name="np.lib.stride_tricks.sliding_window_view",
)

# Products


def _vecdot(x1: Any, x2: Any, /, *, axis: int = -1) -> Any:
    return np.sum(np.conj(x1) * x2, axis=axis)


def _vectors(rng: np.random.Generator) -> Iterable[Sample]:
    return [Sample((REAL(rng, s), REAL(rng, t))) for s, t in [((3,), (3,)), ((2, 3), (2, 3)), ((2, 3), (3,))]]


define(np.vecdot, _vecdot, _vectors, "x2")
define(np.linalg.vecdot, _vecdot, _vectors, "x2")
define(
    np.matvec,
    lambda x1, x2, /: (x1 @ x2[..., None])[..., 0],
    lambda rng: [Sample((REAL(rng, s), REAL(rng, t))) for s, t in [((2, 3), (3,)), ((2, 2, 3), (3,))]],
    "x2",
)
define(
    np.vecmat,
    lambda x1, x2, /: (np.conj(x1)[..., None, :] @ x2)[..., 0, :],
    lambda rng: [Sample((REAL(rng, s), REAL(rng, t))) for s, t in [((2,), (2, 3)), ((4, 2), (4, 2, 3))]],
    "x2",
)
define(
    np.ldexp,
    lambda x1, x2, /: x1 * in_dtype_of(2.0**x2, x1),
    lambda rng: [Sample((REAL(rng, (3,)), 2)), Sample((REAL(rng, (3,)), np.array([1, -1, 0])))],
    "x2",
)


def _extremum(function: Callable[..., Any], worst: float) -> Callable[..., Any]:
    def expression(a: Any, axis: Any = None, keepdims: bool = False) -> Any:
        return function(np.where(np.isnan(a), worst, a), **keywords(axis=axis, keepdims=keepdims))

    return expression


def _gaps(rng: np.random.Generator) -> Iterable[Sample]:
    for row in ({}, {"axis": 1}, {"axis": 0, "keepdims": True}):
        x = POSITIVE(rng, (3, 4))
        x[0, 1] = x[2, 2] = np.nan
        yield Sample((x,), row)


define(np.nanmax, _extremum(np.max, -np.inf), _gaps)
define(np.nanmin, _extremum(np.min, np.inf), _gaps)
