"""Arrays put together, taken apart and turned by functions that are short for others: append, column_stack, rot90."""

from __future__ import annotations

import functools
import operator
from collections.abc import Callable, Iterable
from typing import Any

import numpy as np

from s2sad.errors import UnsupportedType
from s2sad.ir.builder import Expr, beside, call, rank_of, shape_of
from s2sad.ir.definition import define
from s2sad.ir.primitive import Sample
from s2sad.ir.types import ArrayType, SequenceType
from s2sad.rules.families import POSITIVE, REAL
from s2sad.rules.shaping import axis_in, known_rank
from s2sad.rules.statistics import keywords


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


def _append(arr: Any, values: Any, axis: int | None = None) -> Any:
    return joined([np.ravel(arr), np.ravel(values)]) if axis is None else joined([arr, values], axis)


def _column_stack(tup: Any) -> Any:
    return joined([x if rank_of(x) == 2 else np.reshape(x, (-1, 1)) for x in items_of(tup, "np.column_stack")], 1)


def _dstack(tup: Any) -> Any:
    return joined([_atleast_3d(x) for x in items_of(tup, "np.dstack")], 2)


def _atleast_3d(x: Any) -> Any:
    rank = known_rank(x, "np.atleast_3d")
    if rank > 1:
        return x if rank > 2 else x[:, :, None]
    return np.reshape(x, (1, -1, 1))


def _block(arrays: Any) -> Any:
    depth, rank = _depth(arrays), max(map(known_rank, _leaves(arrays), ["np.block"] * len(_leaves(arrays))))
    rank = max(rank, depth)

    def join(x: Any, level: int) -> Any:
        if not _is_list(x):
            own = known_rank(x, "np.block")
            return x if own == rank else np.reshape(x, (*[1] * (rank - own), *(shape_of(x)[k] for k in range(own))))
        parts = [join(item, level + 1) for item in x]
        return parts[0] if len(parts) == 1 else joined(parts, rank - depth + level)

    return join(arrays, 0)


def _is_list(x: Any) -> bool:
    return isinstance(x, list) or (isinstance(x, Expr) and not isinstance(x.type, ArrayType))


def _depth(x: Any) -> int:
    return 1 + _depth(next(iter(x))) if _is_list(x) else 0


def _leaves(x: Any) -> list[Any]:
    return [leaf for item in x for leaf in _leaves(item)] if _is_list(x) else [x]


def _pairs(*shapes: tuple[tuple[int, ...], ...]) -> Callable[[np.random.Generator], Iterable[Sample]]:
    return lambda rng: [Sample(([REAL(rng, s) for s in row],)) for row in shapes]


define(
    np.append,
    _append,
    lambda rng: [
        Sample((REAL(rng, (3,)), REAL(rng, (2,)))),
        Sample((REAL(rng, (3,)), 1.5)),
        Sample((REAL(rng, (2, 2)), REAL(rng, (3,)))),
        Sample((REAL(rng, (2, 2)), REAL(rng, (2, 1)), 1)),
        Sample((REAL(rng, (2, 2)), REAL(rng, (1, 2))), {"axis": 0}),
    ],
    "values",
)
define(np.column_stack, _column_stack, _pairs(((3,), (3,)), ((3, 2), (3,)), ((2, 1), (2, 2))))
define(np.dstack, _dstack, _pairs(((3,), (3,)), ((3, 2), (3, 2)), ((2, 2, 1), (2, 2))))
define(np.atleast_3d, _atleast_3d, lambda rng: [Sample((REAL(rng, s),)) for s in [(3,), (2, 3), (2, 3, 4)]], view=True)
define(
    np.block,
    _block,
    lambda rng: [
        Sample(([[REAL(rng, (2, 2)), REAL(rng, (2, 1))], [REAL(rng, (1, 2)), REAL(rng, (1, 1))]],)),
        Sample(([REAL(rng, (2,)), REAL(rng, (3,))],)),
        Sample(([[REAL(rng, (2,))], [REAL(rng, (2,))]],)),
    ],
)


def _insert(arr: Any, obj: Any, values: Any, axis: int | None = None) -> Any:
    if not isinstance(obj, (int, np.integer)):
        raise UnsupportedType("np.insert at several places", "use np.concatenate")
    x, k = (np.ravel(arr), 0) if axis is None else (arr, axis_in(axis, known_rank(arr, "np.insert")))
    if rank_of(values) == rank_of(x):
        new = values
    elif rank_of(values) == 0:
        new = np.broadcast_to(values, tuple(1 if j == k else shape_of(x)[j] for j in range(rank_of(x) or 0)))
    elif rank_of(x) == 2:
        new = np.expand_dims(values, k)
    else:
        raise UnsupportedType("np.insert of an array of this rank", "use np.concatenate")
    if obj == 0:
        return joined([new, x], k)
    return joined([at(x, k, slice(None, obj)), new, at(x, k, slice(obj, None))], k)


def _delete(arr: Any, obj: Any, axis: int | None = None) -> Any:
    if not isinstance(obj, (int, np.integer, slice)):
        raise UnsupportedType("np.delete of several places", "index the array with a mask, or with what is kept")
    x, k = (np.ravel(arr), 0) if axis is None else (arr, axis_in(axis, known_rank(arr, "np.delete")))
    if isinstance(obj, slice):
        if obj.step not in (None, 1):
            raise UnsupportedType("np.delete of a slice with a step", "index the array with what is kept")
        obj = slice(obj.start or 0, obj.stop)
        parts = [slice(None, obj.start) if obj.start else None, None if obj.stop is None else slice(obj.stop, None)]
    else:
        parts = [slice(None, obj) if obj else None, None if obj == -1 else slice(obj + 1, None)]
    kept = [at(x, k, p) for p in parts if p is not None]
    return kept[0] if len(kept) == 1 else joined(kept, k)


define(
    np.insert,
    _insert,
    lambda rng: [
        Sample((REAL(rng, (4,)), 2, 1.5)),
        Sample((REAL(rng, (4,)), 0, REAL(rng, (2,)))),
        Sample((REAL(rng, (4,)), -1, 0.5)),
        Sample((REAL(rng, (2, 3)), 1, REAL(rng, (2,))), {"axis": 1}),
        Sample((REAL(rng, (2, 3)), 1, 2.5), {"axis": 0}),
    ],
    "values",
)
define(
    np.delete,
    _delete,
    lambda rng: [
        Sample((REAL(rng, (4,)), 2)),
        Sample((REAL(rng, (4,)), 0)),
        Sample((REAL(rng, (4,)), -1)),
        Sample((REAL(rng, (2, 3)), 1, 1)),
        Sample((REAL(rng, (5,)), slice(1, 3))),
    ],
)

# Taken apart


def _array_split(ary: Any, indices_or_sections: Any, axis: int = 0) -> Any:
    if not isinstance(indices_or_sections, (int, np.integer)):
        ends = [None, *(int(i) for i in indices_or_sections), None]
        return [at(ary, axis, slice(a, b)) for a, b in zip(ends, ends[1:], strict=False)]
    count = int(indices_or_sections)
    length = shape_of(ary)[axis_in(axis, known_rank(ary, "np.array_split"))]
    each, more = length // count, length % count
    starts = [k * each + call(min, k, more) for k in range(1, count)]
    ends = [None, *starts, None]
    return [at(ary, axis, slice(a, b)) for a, b in zip(ends, ends[1:], strict=False)]


def _along(axis: int) -> Callable[[Any, Any], Any]:
    def split(ary: Any, indices_or_sections: Any) -> Any:
        one = axis == 1 and known_rank(ary, "np.hsplit") == 1
        given = indices_or_sections
        sections = given if isinstance(given, (int, tuple)) else tuple(int(i) for i in given)
        return list(np.split(ary, sections, axis=0 if one else axis))

    return split


define(
    np.array_split,
    _array_split,
    lambda rng: [
        Sample((REAL(rng, (7,)), 3)),
        Sample((REAL(rng, (2, 5)), 2), {"axis": 1}),
        Sample((REAL(rng, (5,)), [1, 3])),
    ],
    view=True,
)
define(
    np.vsplit, _along(0), lambda rng: [Sample((REAL(rng, (4, 3)), 2)), Sample((REAL(rng, (4, 3)), (1, 3)))], view=True
)
define(np.hsplit, _along(1), lambda rng: [Sample((REAL(rng, (4,)), 2)), Sample((REAL(rng, (3, 4)), [1, 3]))], view=True)
define(np.dsplit, _along(2), lambda rng: [Sample((REAL(rng, (2, 2, 4)), 2))], view=True)

# Turned


def _rot90(m: Any, k: int = 1, axes: Any = (0, 1)) -> Any:
    rank, turns = known_rank(m, "np.rot90"), k % 4
    first, second = (axis_in(a, rank) for a in axes)
    if turns == 0:
        return m[:]
    if turns == 2:
        return np.flip(m, (first, second))
    turned = np.flip(m, second) if turns == 1 else m
    turned = np.swapaxes(turned, first, second)
    return turned if turns == 1 else np.flip(turned, second)


def _rollaxis(a: Any, axis: int, start: int = 0) -> Any:
    rank = known_rank(a, "np.rollaxis")
    k, to = axis_in(axis, rank), start + rank if start < 0 else start
    return np.moveaxis(a, k, to - 1 if k < to else to)


def _last_two(x: Any) -> Any:
    return np.swapaxes(x, -1, -2)


def _matrices(rng: np.random.Generator) -> Iterable[Sample]:
    return [Sample((REAL(rng, s),)) for s in [(2, 3), (2, 3, 4)]]


define(np.fliplr, lambda m: m[:, ::-1], _matrices, view=True)
define(np.flipud, lambda m: m[::-1], _matrices, view=True)
define(np.matrix_transpose, _last_two, _matrices, view=True)
define(np.linalg.matrix_transpose, _last_two, _matrices, view=True)
define(
    np.rot90,
    _rot90,
    lambda rng: [
        *(Sample((REAL(rng, (2, 3)), k)) for k in (-1, 0, 1, 2, 3)),
        Sample((REAL(rng, (2, 3, 2)),), {"axes": (1, 2)}),
    ],
    view=True,
)
define(
    np.rollaxis,
    _rollaxis,
    lambda rng: [Sample((REAL(rng, (2, 3, 4)), k, s)) for k, s in ((2, 0), (0, 3), (1, 2), (-1, -2), (0, 0))],
    view=True,
)
define(
    np.diagflat,
    lambda v, k=0: np.diag(np.ravel(v), k),
    lambda rng: [Sample((REAL(rng, (3,)),)), Sample((REAL(rng, (2, 2)), 1))],
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


def _select(condlist: Any, choicelist: Any, default: Any = 0) -> Any:
    found = default
    for condition, choice in reversed(
        list(zip(items_of(condlist, "np.select"), items_of(choicelist, "np.select"), strict=True))
    ):
        found = call(np.where, condition, choice, found)
    return found


def _choose(a: Any, choices: Any, mode: str = "raise") -> Any:
    rows = items_of(choices, "np.choose")
    index = np.clip(a, 0, len(rows) - 1) if mode == "clip" else a % len(rows) if mode == "wrap" else a
    found = rows[-1]
    for k in range(len(rows) - 2, -1, -1):
        found = call(np.where, index == k, rows[k], found)
    return found


define(
    np.select,
    _select,
    lambda rng: [
        Sample(
            ([np.array([True, False, False]), np.array([True, True, False])], [REAL(rng, (3,)), REAL(rng, (3,))], 1.5)
        ),
        Sample(([np.array([True, False, False])], [REAL(rng, (2, 3))])),
    ],
    "choicelist default",
)
define(
    np.choose,
    _choose,
    lambda rng: [Sample((np.array([0, 2, 1, 0]), [REAL(rng, (4,)), REAL(rng, (4,)), REAL(rng, (4,))]))],
    "choices",
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
    lambda x1, x2, /: x1 * 2.0**x2,
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
