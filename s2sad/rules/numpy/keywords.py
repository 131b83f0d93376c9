"""Functions that have rules, with further keywords: `np.sum(x, where=m)` is `np.sum(np.where(m, x, 0.0))`.

A call with the keywords that the rule has goes by the rule.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterable
from typing import Any

import numpy as np

from s2sad.errors import UnsupportedType
from s2sad.ir.builder import beside, call, rank_of, shape_of
from s2sad.ir.definition import define
from s2sad.ir.primitive import Sample
from s2sad.rules.contributions import conjugated, type_in
from s2sad.rules.domains import REAL
from s2sad.rules.numpy.linalg import positive
from s2sad.rules.numpy.reductions import Axis
from s2sad.rules.numpy.shaping import axis_in, known_rank
from s2sad.rules.numpy.statistics import in_dtype_of, keywords

MASK = np.array([[True, False, True, True], [False, True, True, False], [True, True, True, False]])


def _of(*rows: dict[str, Any]) -> Callable[[np.random.Generator], Iterable[Sample]]:
    """A matrix with these keywords."""
    return lambda rng: [Sample((REAL(rng, (3, 4)),), row) for row in rows]


def _typed(a: Any, dtype: Any) -> Any:
    return a if dtype is None else np.astype(a, np.dtype(dtype))


def _only(a: Any, where: Any, otherwise: float) -> Any:
    return a if where is None or where is True else call(np.where, where, a, otherwise)


# Reductions of some of the numbers


def _sum(
    a: Any, axis: Axis = None, dtype: Any = None, *, keepdims: bool = False, initial: Any = None, where: Any = None
) -> Any:
    found = np.sum(_only(_typed(a, dtype), where, 0.0), **keywords(axis=axis, keepdims=keepdims))
    return found if initial is None else found + initial


def _prod(
    a: Any, axis: Axis = None, dtype: Any = None, *, keepdims: bool = False, initial: Any = None, where: Any = None
) -> Any:
    found = np.prod(_only(_typed(a, dtype), where, 1.0), **keywords(axis=axis, keepdims=keepdims))
    return found if initial is None else found * initial


def _extremum(function: Callable[..., Any], pair: Callable[..., Any]) -> Callable[..., Any]:
    def expression(a: Any, axis: Axis = None, *, keepdims: bool = False, initial: Any = None, where: Any = None) -> Any:
        if initial is None and where is None:
            return function(a, **keywords(axis=axis, keepdims=keepdims))
        if initial is None:
            raise UnsupportedType(f"np.{function.__name__} of some numbers without an initial one", "give it")
        found = function(
            a if where is None else call(np.where, where, a, initial), **keywords(axis=axis, keepdims=keepdims)
        )
        return pair(found, initial)

    return expression


def _count(a: Any, axis: Axis, keepdims: bool, where: Any) -> Any:
    return np.sum(call(np.broadcast_to, where, shape_of(a)), **keywords(axis=axis, keepdims=keepdims))


def _mean(a: Any, axis: Axis = None, dtype: Any = None, *, keepdims: bool = False, where: Any = None) -> Any:
    over = keywords(axis=axis, keepdims=keepdims)
    if where is None:
        return np.mean(_typed(a, dtype), **over)
    return np.sum(_only(_typed(a, dtype), where, 0.0), **over) / in_dtype_of(_count(a, axis, keepdims, where), a)


def _var(
    a: Any,
    axis: Axis = None,
    dtype: Any = None,
    ddof: float = 0,
    *,
    keepdims: bool = False,
    where: Any = None,
    mean: Any = None,
    correction: float | None = None,
) -> Any:
    less = ddof if correction is None else correction
    x = _typed(a, dtype)
    if where is None and mean is None:
        return np.var(x, **keywords(axis=axis, keepdims=keepdims), ddof=less)
    where = True if where is None else where
    centre = mean if mean is not None else _mean(x, axis, keepdims=axis is not None, where=where)
    deviation = _only(x - centre, where, 0.0)
    over = keywords(axis=axis, keepdims=keepdims)
    count = np.sum(beside(a, np.broadcast_to, where, shape_of(a)), **over)
    return np.sum(deviation * deviation, **over) / in_dtype_of(count - less if less else count, a)


def _std(a: Any, *arguments: Any, **named: Any) -> Any:
    return np.sqrt(_var(a, *arguments, **named))


_std.__signature__ = inspect.signature(_var)  # type: ignore[attr-defined]

define(
    np.sum,
    _sum,
    _of(
        {"where": MASK}, {"axis": 1, "where": MASK, "initial": 2.0}, {"axis": 0, "dtype": np.float64, "keepdims": True}
    ),
    "where initial",
)
define(
    np.prod, _prod, _of({"where": MASK}, {"axis": 1, "where": MASK, "initial": 2.0}, {"dtype": float}), "where initial"
)
define(
    np.max,
    _extremum(np.max, np.maximum),
    _of({"where": MASK, "initial": -9.0}, {"axis": 1, "initial": 0.1}),
    "where initial",
)
define(
    np.min,
    _extremum(np.min, np.minimum),
    _of({"where": MASK, "initial": 9.0}, {"axis": 1, "initial": 0.1}),
    "where initial",
)
define(
    np.mean, _mean, _of({"where": MASK}, {"axis": 1, "where": MASK, "keepdims": True}, {"dtype": np.float64}), "where"
)
define(
    np.var,
    _var,
    _of({"where": MASK}, {"axis": 1, "where": MASK, "ddof": 1}, {"correction": 1, "axis": 0}),
    "where mean",
    of_complex=False,
)
define(
    np.std,
    _std,
    _of({"where": MASK}, {"axis": 1, "where": MASK, "ddof": 1}, {"correction": 1, "axis": 0}),
    "where mean",
    of_complex=False,
)
define(
    np.amax,
    lambda a, axis=None, *, keepdims=False: np.max(a, **keywords(axis=axis, keepdims=keepdims)),
    _of({}, {"axis": 0}, {"axis": 1, "keepdims": True}),
)
define(
    np.amin,
    lambda a, axis=None, *, keepdims=False: np.min(a, **keywords(axis=axis, keepdims=keepdims)),
    _of({}, {"axis": 0}, {"axis": 1, "keepdims": True}),
)
define(
    np.cumsum,
    lambda a, axis=None, dtype=None: np.cumsum(_typed(a, dtype), axis=axis),
    _of({"axis": 1, "dtype": np.float64}),
)
define(
    np.cumprod,
    lambda a, axis=None, dtype=None: np.cumprod(_typed(a, dtype), axis=axis),
    _of({"axis": 1, "dtype": np.float64}),
)


# Order, bounds


def _sort(a: Any, axis: int | None = -1, kind: str | None = None, *, stable: bool | None = None) -> Any:
    return np.sort(np.ravel(a)) if axis is None else np.sort(a, axis=axis)


def _real_if_close(a: Any, tol: Any = 100) -> Any:
    if conjugated(a) is not a:
        raise UnsupportedType("np.real_if_close of complex numbers, real or complex by their values", "take np.real")
    return call(np.asarray, a)


define(np.real_if_close, _real_if_close, _of({}), view=True)
define(np.sort_complex, lambda a: np.astype(np.sort(a), np.complex128), _of({}))
define(np.sort, _sort, _of({"axis": None}, {"kind": "stable"}, {"axis": 0, "stable": True}))
define(
    np.clip,
    lambda a, a_min=None, a_max=None, *, min=None, max=None: np.clip(
        a, a_min if min is None else min, a_max if max is None else max
    ),
    _of({"min": -1.0}, {"max": 0.9}, {"min": -0.5, "max": 1.1}),
    "a_min a_max min max",
)


# Diagonals


def _diagonal(a: Any, offset: int = 0, axis1: int = 0, axis2: int = 1) -> Any:
    """The diagonal of the matrices along two axes, as the last axis: read off the rows of them as one."""
    rank = known_rank(a, "np.diagonal")
    first, second = axis_in(axis1, rank), axis_in(axis2, rank)
    moved = a if (first, second) == (rank - 2, rank - 1) else np.moveaxis(a, (first, second), (-2, -1))
    m, n = (shape_of(moved)[k] for k in (rank - 2, rank - 1))
    length = call(min, m if offset >= 0 else m + offset, n - offset if offset > 0 else n)
    i = call(np.arange, length)
    rows, columns = (i - offset if offset < 0 else i), (i + offset if offset > 0 else i)
    return moved[..., rows, columns]


def _trace(a: Any, offset: int = 0, axis1: int = 0, axis2: int = 1, dtype: Any = None) -> Any:
    return np.sum(_diagonal(_typed(a, dtype), offset, axis1, axis2), axis=-1)


def _blocks(*rows: dict[str, Any]) -> Callable[[np.random.Generator], Iterable[Sample]]:
    return lambda rng: [Sample((REAL(rng, (2, 3, 4)),), row) for row in rows]


ALONG: tuple[dict[str, Any], ...] = (
    {},
    {"offset": 1},
    {"offset": -1, "axis1": 1, "axis2": 2},
    {"axis1": 2, "axis2": 0},
)
define(np.diagonal, _diagonal, _blocks(*ALONG), view=True)
define(np.trace, _trace, _blocks(*ALONG))
define(
    np.linalg.diagonal,
    lambda x, /, *, offset=0: _diagonal(x, offset, -2, -1),
    _blocks({}, {"offset": 1}),
    view=True,
)
define(
    np.linalg.trace,
    lambda x, /, *, offset=0, dtype=None: _trace(x, offset, -2, -1, dtype),
    _blocks({}, {"offset": -1}),
)


# Triangles


def _of_rows(function: Callable[..., Any]) -> Callable[..., Any]:
    """A triangle of a matrix all rows of which are the vector."""

    def expression(m: Any, k: int = 0) -> Any:
        n = shape_of(m)[0]
        return call(function, np.broadcast_to(m, (n, n)), k) if rank_of(m) == 1 else call(function, m, k)

    return expression


for _triangle in (np.tril, np.triu):
    define(
        _triangle,
        _of_rows(_triangle),
        lambda rng: [Sample((REAL(rng, (3,)), k)) for k in (0, 1, -1)] + [Sample((REAL(rng, (1,)),))],
    )


# Linear algebra


def _in_plane(x: Any) -> bool:
    shape = type_in(x).shape
    return bool(shape) and shape[-1] == 2


def _in_space(x: Any) -> Any:
    """A vector of the plane with a third component, 0."""
    return call(np.concatenate, [x, np.zeros_like(x[..., :1])], axis=-1) if _in_plane(x) else x


def _cross(a: Any, b: Any, axisa: int = -1, axisb: int = -1, axisc: int = -1, axis: int | None = None) -> Any:
    axisa, axisb, axisc = (axisa, axisb, axisc) if axis is None else (axis,) * 3
    x, y = (v if k == -1 else np.moveaxis(v, k, -1) for v, k in ((a, axisa), (b, axisb)))
    if _in_plane(x) and _in_plane(y):
        return x[..., 0] * y[..., 1] - x[..., 1] * y[..., 0]
    found = np.cross(_in_space(x), _in_space(y))
    return found if axisc == -1 else np.moveaxis(found, -1, axisc)


define(
    np.cross,
    _cross,
    lambda rng: [
        Sample((REAL(rng, (3, 4)), REAL(rng, (3, 4))), {"axis": 0}),
        Sample((REAL(rng, (3, 4)), REAL(rng, (4, 3))), {"axisa": 0}),
        Sample((REAL(rng, (4, 2)), REAL(rng, (4, 3)))),
        Sample((REAL(rng, (3,)), REAL(rng, (4, 2)))),
    ],
    "b",
)
define(
    np.linalg.cross,
    lambda x1, x2, /, *, axis=-1: _cross(x1, x2, axis=axis),
    lambda rng: [
        Sample((REAL(rng, (3,)), REAL(rng, (3,)))),
        Sample((REAL(rng, (3, 2)), REAL(rng, (3, 2))), {"axis": 0}),
    ],
    "x2",
)


def _transposed(a: Any) -> Any:
    return conjugated(np.swapaxes(a, -1, -2))


define(
    np.linalg.cholesky,
    lambda a, /, *, upper=False: (
        _transposed(np.linalg.cholesky(_transposed(a) if upper else a)) if upper else np.linalg.cholesky(a)
    ),
    lambda rng: [Sample((positive(rng, 3, 3),), {"upper": True})],
)


def _norm(x: Any, ord: Any = None, axis: Any = None, keepdims: bool = False) -> Any:
    rank = known_rank(x, "np.linalg.norm")
    axes = tuple(range(rank)) if axis is None else axis if isinstance(axis, tuple) else (axis,)
    if len(axes) == 1:
        return _vector_norm(x, ord, axes[0], keepdims)
    if len(axes) == 2:
        return _matrix_norm(x, ord, (axis_in(axes[0], rank), axis_in(axes[1], rank)), keepdims)
    raise UnsupportedType(f"np.linalg.norm with ord={ord!r} of {len(axes)} axes")


def _vector_norm(x: Any, ord: Any, axis: int, keepdims: bool) -> Any:
    over = keywords(axis=axis, keepdims=keepdims)
    if ord in (None, 2):
        return np.linalg.norm(x, **over)
    if ord in (np.inf, -np.inf):
        return (np.max if ord > 0 else np.min)(np.abs(x), **over)
    if ord == 0:
        return np.sum(x != 0, **over) * 1.0
    if ord == 1:
        return np.sum(np.abs(x), **over)
    total = np.sum(np.abs(x) ** ord, **over)
    if ord < 1:
        return total ** (1.0 / ord)
    # At 0, where the norm is least, the derivative is 0: a subgradient.
    return (total + (total == 0)) ** (1.0 / ord) - (total == 0)


def _matrix_norm(x: Any, ord: Any, axes: tuple[int, int], keepdims: bool) -> Any:
    if ord in (None, "fro"):
        return np.linalg.norm(x, axis=axes, **keywords(keepdims=keepdims))
    if ord in (1, -1, np.inf, -np.inf):
        along, across = axes if ord in (1, -1) else axes[::-1]
        sums = np.sum(np.abs(x), axis=along, keepdims=True)
        found = (np.max if ord > 0 else np.min)(sums, axis=across, keepdims=True)
        return found if keepdims else np.squeeze(found, axis=axes)
    if ord not in (2, -2, "nuc"):
        raise UnsupportedType(f"np.linalg.norm of a matrix with ord={ord!r}")
    values = np.linalg.svd(np.moveaxis(x, axes, (-2, -1)), compute_uv=False)
    found = np.sum(values, axis=-1) if ord == "nuc" else values[..., 0 if ord == 2 else -1]
    return np.expand_dims(found, axes) if keepdims else found


define(
    np.linalg.norm,
    _norm,
    lambda rng: [
        *(Sample((REAL(rng, (4,)), p)) for p in (3, 2.5)),
        *(Sample((REAL(rng, (3, 4)), p)) for p in (2, -2, "nuc")),
        Sample((REAL(rng, (3, 4)), 3, 1), {"keepdims": True}),
        Sample((REAL(rng, (2, 3, 4)), "nuc", (1, 2)), {"keepdims": True}),
        Sample((REAL(rng, (2, 3, 4)), 2, (0, 2))),
    ],
)
define(
    np.linalg.vector_norm,
    lambda x, /, *, axis=None, keepdims=False, ord=2: _vector_norm(
        np.ravel(x) if axis is None and rank_of(x) != 1 else x, ord, -1 if axis is None else axis, keepdims
    ),
    _of({}, {"axis": 1, "ord": 3}, {"axis": 0, "keepdims": True, "ord": np.inf}),
)
define(
    np.linalg.matrix_norm,
    lambda x, /, *, keepdims=False, ord="fro": _matrix_norm(
        x, ord, (known_rank(x, "a norm") - 2, known_rank(x, "a norm") - 1), keepdims
    ),
    _blocks({}, {"ord": 1}, {"ord": "nuc", "keepdims": True}, {"ord": -np.inf}),
)


# Others


def _angle(z: Any, deg: bool = False) -> Any:
    return np.angle(z) * (180.0 / np.pi) if deg else np.angle(z)


def _take(a: Any, indices: Any, axis: int | None = None, *, mode: str = "raise") -> Any:
    x, k = (np.ravel(a), 0) if axis is None else (a, axis)
    n = shape_of(x)[axis_in(k, known_rank(x, "np.take"))]
    if mode == "clip":
        indices = call(np.clip, indices, 0, n - 1)
    elif mode == "wrap":
        indices = call(np.remainder, indices, n)
    elif isinstance(indices, list):
        indices = beside(a, np.array, indices)
    return np.take(x, indices, axis=k)


define(np.angle, _angle, lambda rng: [Sample((1j * REAL(rng, (3,)) + REAL(rng, (3,)),), {"deg": True})])
define(
    np.take,
    _take,
    lambda rng: [
        Sample((REAL(rng, (2, 3)), np.array([0, 5, 2]))),
        Sample((REAL(rng, (4,)), np.array([0, 5, -2])), {"mode": "wrap"}),
        Sample((REAL(rng, (2, 3)), np.array([0, 5, 2]), 1), {"mode": "clip"}),
    ],
    "indices",
)
define(
    np.einsum,
    lambda subscripts, *operands, optimize=False: call(np.einsum, subscripts, *operands),
    lambda rng: [Sample(("ij,jk->ik", REAL(rng, (2, 3)), REAL(rng, (3, 2))), {"optimize": True})],
    "operands",
)
define(
    np.searchsorted,
    lambda a, v, side="left", sorter=None: call(np.searchsorted, a if sorter is None else a[sorter], v, side=side),
    lambda rng: [Sample((np.array([2.0, 1.0, 3.0]), 1.5), {"sorter": np.array([1, 0, 2])})],
    "v sorter",
)
