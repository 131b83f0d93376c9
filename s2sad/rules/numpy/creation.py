"""New arrays: `zeros`, `full`, `arange`, `linspace`, `eye`, and arrays of given numbers (`array`, `asarray`, `copy`).

Lengths are operands, as they may be known at run time only; the dtype is static. Constant but for the values that are
given: the fill value, the ends of `linspace`, the items of `array`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

import numpy as np

from s2sad.ir.builder import Expr, call
from s2sad.ir.dims import Dim, Shape, dim_sum, new_dim
from s2sad.ir.primitive import Effect, Sample, View
from s2sad.ir.primitives.lists import nested, rows
from s2sad.ir.types import (
    BOTTOM,
    FLOAT,
    NONE,
    ArrayType,
    ContainerType,
    SequenceType,
    StaticType,
    Type,
    array,
    tuple_type,
)
from s2sad.ir.values import Operand
from s2sad.ir.values import constant as known
from s2sad.rules.contributions import cast, fit, spread, type_in
from s2sad.rules.domains import REAL
from s2sad.rules.families import constant, linear, rule
from s2sad.rules.promotion import array_types, result_dtype


def made(dtype: np.dtype[Any] | None, shape: Shape | None) -> ArrayType:
    """The type of a new array: never a NumPy scalar."""
    return ArrayType(dtype, shape, "array")


def length(t: Type, name: str) -> Dim:
    """The symbolic value of an integer operand that is a length."""
    if not isinstance(t, ArrayType) or t.shape or (t.dtype is not None and t.dtype.kind not in "iu"):
        raise TypeError(f"{name} of {t}: a length must be an integer")
    if isinstance(t.size, int) and t.size < 0:
        raise ValueError(f"{name}: negative dimensions are not allowed")
    return new_dim() if t.size is None else t.size


def shape_operand(t: Type, name: str) -> Shape | None:
    """The shape that an operand gives: an integer, or a tuple or list of integers; None where its rank is not known."""
    if isinstance(t, ContainerType):
        return tuple(length(item, name) for item in t.items)
    if t.shape and len(t.shape) == 1:
        rank = t.shape[0]
        return tuple(new_dim() for _ in range(rank)) if isinstance(rank, int) else None
    if t.is_sequence or (t.is_numeric and t.shape is None):
        return None
    return (length(t, name),)


def strong(*types: ArrayType) -> np.dtype[Any] | None:
    """The dtype of an array of such numbers: Python's count as float64 or int64."""
    dtypes = [t.dtype for t in types if t.dtype is not None]
    return np.result_type(*dtypes) if len(dtypes) == len(types) else None


# of constants


def _filled(function: Callable[..., Any], zeros: bool = False, blank: bool = False) -> None:
    def type_rule(shape: Type, /, dtype: Any = float) -> Type:
        return made(np.dtype(dtype), shape_operand(shape, f"np.{function.__name__}"))

    constant(
        function,
        type_rule,
        samples=lambda rng: [Sample((3,)), Sample(((2, 3),)), Sample(((),)), Sample(([0, 2],), {"dtype": np.float32})],
        zeros=zeros,
        blank=blank,
        row_by_row=True,
        written=True,
    )


def _like_type(a: Type, /, dtype: Any = None) -> Type:
    (t,) = array_types("np.zeros_like", [a])
    return made(t.dtype if dtype is None else np.dtype(dtype), t.shape)


def _like_samples(rng: np.random.Generator) -> Iterable[Sample]:
    for shape in [(), (3,), (2, 0)]:
        yield Sample((REAL(rng, shape),))
    yield Sample((1.5,))
    yield Sample((REAL(rng, (3,)),), {"dtype": np.dtype(int)})


_filled(np.zeros, zeros=True, blank=True)
_filled(np.ones)
_filled(np.empty, blank=True)
constant(np.zeros_like, _like_type, samples=_like_samples, zeros=True, blank=True, written=True, measures=True)
constant(np.ones_like, _like_type, samples=_like_samples, measures=True)
constant(np.empty_like, _like_type, samples=_like_samples, blank=True, written=True)


def _eye_type(N: Type, M: Type | None = None, /, k: int = 0, dtype: Any = float) -> Type:
    rows = length(N, "np.eye")
    return made(np.dtype(dtype), (rows, rows if M in (None, NONE) else length(M, "np.eye")))


def _identity_type(n: Type, /, dtype: Any = float) -> Type:
    return _eye_type(n, dtype=dtype)


constant(
    np.eye,
    _eye_type,
    row_by_row=True,
    samples=lambda rng: [Sample((3,)), Sample((2, 3), {"k": 1}), Sample((2, None), {"dtype": int})],
)
constant(
    np.identity,
    _identity_type,
    row_by_row=True,
    samples=lambda rng: [Sample((3,)), Sample((2,), {"dtype": np.float32})],
)


def _indices_type(dimensions: Type, /, dtype: Any = int) -> Type:
    shape = shape_operand(dimensions, "np.indices")
    return made(np.dtype(dtype), None if shape is None else (len(shape), *shape))


constant(np.indices, _indices_type, samples=lambda rng: [Sample(((2, 3),)), Sample(((4,),), {"dtype": float})])

# of a value


def _full_type(shape: Type, fill_value: Type, /, dtype: Any = None) -> Type:
    (t,) = array_types("np.full", [fill_value])
    return made(strong(t) if dtype is None else np.dtype(dtype), shape_operand(shape, "np.full"))


def _full_tangent(y: Any, xs: Any, dots: Any, **static: Any) -> Any:
    return None if dots[1] is None else spread(call(np.full, xs[0], dots[1], **static), y)


def _full_like_type(a: Type, fill_value: Type, /, dtype: Any = None) -> Type:
    array_types("np.full_like", [fill_value])
    return _like_type(a, dtype)


def _full_like_tangent(y: Any, xs: Any, dots: Any, **static: Any) -> Any:
    return None if dots[1] is None else call(np.full_like, y, dots[1])


def _fill_adjoint(g: Any, y: Any, xs: Any, active: Any, **static: Any) -> tuple[Any, ...]:
    return None, fit(g, xs[1]) if active[1] else None


def _full_samples(rng: np.random.Generator) -> Iterable[Sample]:
    for shape in [3, (2, 3), (), (0,), [2, 3]]:
        yield Sample((shape, 1.5))
    yield Sample(((2, 3), np.float32(1.5)))
    yield Sample(((2, 3), REAL(rng, (3,))))
    yield Sample(((2, 3), REAL(rng, (2, 1))))
    yield Sample((2, 1.5), {"dtype": np.float32})
    yield Sample((2, 3))


def _full_like_samples(rng: np.random.Generator) -> Iterable[Sample]:
    for shape in [(), (3,), (2, 3)]:
        yield Sample((np.ones(shape), 1.5))
    yield Sample((np.ones((2, 3)), REAL(rng, (3,))))
    yield Sample((np.ones(2, int), 1.5), {"dtype": float})


rule(np.full, _full_type, row_by_row=True, tangent=_full_tangent, adjoint=_fill_adjoint, samples=_full_samples)
rule(np.full_like, _full_like_type, tangent=_full_like_tangent, adjoint=_fill_adjoint, samples=_full_like_samples)

# of equal steps


def _arange_length(bounds: list[ArrayType]) -> Dim:
    start, stop = (None, bounds[0]) if len(bounds) == 1 else bounds[:2]
    sizes = [0 if start is None else start.size, stop.size, bounds[2].size if len(bounds) == 3 else 1]
    if all(isinstance(s, int) for s in sizes):
        return len(range(*sizes))  # type: ignore[arg-type]
    # The length is `last - first` only for steps of 1; a division would have to be rounded up.
    first, last, step = sizes
    return new_dim() if first is None or last is None or step != 1 else dim_sum(last, first, -1)


def _arange_type(start: Type, stop: Type | None = None, step: Type | None = None, /, dtype: Any = None) -> Type:
    bounds = array_types("np.arange", [t for t in (start, stop, step) if t is not None])
    if any(t.shape for t in bounds):
        raise TypeError("np.arange of arrays")
    return made(strong(*bounds) if dtype is None else np.dtype(dtype), (_arange_length(bounds),))


def _arange_tangent(y: Any, xs: Any, dots: Any, **static: Any) -> Any:
    start, step = (dots[0] if len(xs) > 1 else None), (dots[2] if len(xs) > 2 else None)
    if step is None:
        return None if start is None else spread(start, y)
    moved = step * call(np.arange, np.size(y))
    return spread(moved if start is None else start + moved, y)


def _arange_adjoint(g: Any, y: Any, xs: Any, active: Any, **static: Any) -> tuple[Any, ...]:
    if len(xs) == 1:
        return (None,)
    # The number of items is a step function of the bounds: the derivative by the end is 0.
    start = fit(np.sum(g), xs[0]) if active[0] else None
    if len(xs) == 2:
        return start, None
    return start, None, fit(np.sum(g * call(np.arange, np.size(g))), xs[2]) if active[2] else None


def _arange_samples(rng: np.random.Generator) -> Iterable[Sample]:
    for whole in [(3,), (1, 4), (4, 1, -1), (0, 7, 2), (3, 1)]:
        yield Sample(whole)
    for bounds in [(2.6,), (0.3, 3.1), (0.3, 2.0, 0.5), (1.5, 2, np.float64(0.3))]:
        yield Sample(bounds)
    yield Sample((3,), {"dtype": np.float32})


rule(
    np.arange, _arange_type, row_by_row=True, tangent=_arange_tangent, adjoint=_arange_adjoint, samples=_arange_samples
)


def _linspace_type(
    start: Type, stop: Type, num: Type | None = None, /, endpoint: bool = True, dtype: Any = None
) -> Type:
    ends = array_types("np.linspace", [start, stop])
    if any(t.shape for t in ends):
        raise TypeError("np.linspace between arrays")
    found = result_dtype([*ends, FLOAT], None)
    return made(found if dtype is None else np.dtype(dtype), (50 if num is None else length(num, "np.linspace"),))


def _linspace_tangent(y: Any, xs: Any, dots: Any, **static: Any) -> Any:
    if dots[0] is None and dots[1] is None:
        return None
    return spread(call(np.linspace, *(0.0 if d is None else d for d in dots[:2]), *xs[2:], **static), y)


def _linspace_adjoint(g: Any, y: Any, xs: Any, active: Any, dtype: Any = None, **static: Any) -> tuple[Any, ...]:
    start, stop, *num = xs
    return (
        # The weights of the two ends in each item are linspaces themselves, so that `endpoint` and `num` hold for them
        # too.
        fit(np.sum(g * call(np.linspace, 1.0, 0.0, *num, **static)), start) if active[0] else None,
        fit(np.sum(g * call(np.linspace, 0.0, 1.0, *num, **static)), stop) if active[1] else None,
        *(None for _ in num),
    )


def _linspace_samples(rng: np.random.Generator) -> Iterable[Sample]:
    for n in (0, 1, 2, 5):
        yield Sample((0.5, 2.0, n))
        yield Sample((0.5, np.float64(-1.0), n), {"endpoint": False})
    yield Sample((0.5, 1))
    yield Sample((0, 1, 3))


rule(
    np.linspace,
    _linspace_type,
    row_by_row=True,
    tangent=_linspace_tangent,
    adjoint=_linspace_adjoint,
    samples=_linspace_samples,
)


def _meshgrid_type(*xs: Type, indexing: str = "xy") -> Type:
    arrays = array_types("np.meshgrid", xs)
    lengths = [t.shape[0] if t.shape else new_dim() for t in arrays]
    if any(t.rank not in (None, 1) for t in arrays):
        raise TypeError("np.meshgrid of operands that are no vectors")
    if indexing == "xy" and len(lengths) > 1:
        lengths[:2] = lengths[1], lengths[0]
    return tuple_type(*(made(t.dtype, tuple(lengths)) for t in arrays))


def _meshgrid_tangent(y: Any, xs: Any, dots: Any, **static: Any) -> Any:
    spreads = [x if d is None else d for x, d in zip(xs, dots, strict=True)]
    grids = call(np.meshgrid, *spreads, **static)
    return tuple(None if d is None else grids[k] for k, d in enumerate(dots))


def _meshgrid_adjoint(g: Any, y: Any, xs: Any, active: Any, indexing: str = "xy") -> tuple[Any, ...]:
    n = len(xs)
    # With "xy" the first two axes are exchanged: x runs along the columns.
    places = [1, 0, *range(2, n)] if indexing == "xy" and n > 1 else list(range(n))
    others = [tuple(axis for axis in range(n) if axis != place) for place in places]
    return tuple(
        np.sum(bar, axis=axes[0] if len(axes) == 1 else axes) if a and bar is not None else None
        for bar, axes, a in zip(g, others, active, strict=True)
    )


rule(
    np.meshgrid,
    _meshgrid_type,
    tangent=_meshgrid_tangent,
    adjoint=_meshgrid_adjoint,
    samples=lambda rng: [
        Sample((REAL(rng, (3,)),)),
        Sample((REAL(rng, (3,)), REAL(rng, (2,)))),
        Sample((REAL(rng, (3,)), REAL(rng, (2,)), REAL(rng, (4,))), {"indexing": "ij"}),
    ],
)

# of numbers


def array_of(t: Type) -> tuple[np.dtype[Any] | None, Shape | None]:
    """The dtype and the shape of `np.array(items)`: items of one shape, in lists and tuples of one length."""
    if isinstance(t, ArrayType):
        return t.dtype, t.shape
    if t == BOTTOM:
        return np.dtype(float), ()  # no items, or none yet
    if isinstance(t, SequenceType):
        dtype, shape = array_of(t.item)
        return dtype, None if shape is None else (t.length, *shape)
    if not isinstance(t, ContainerType) or t.cls is dict:
        raise TypeError(f"an array of {t}")
    if not t.items:
        return np.dtype(float), (0,)
    items = [array_of(item) for item in t.items]
    dtypes = [dtype for dtype, _ in items if dtype is not None]
    dtype = np.result_type(*dtypes) if len(dtypes) == len(items) else None
    shapes = [shape for _, shape in items if shape is not None]
    if len(shapes) < len(items):
        return dtype, None
    if any(len(s) != len(shapes[0]) for s in shapes):
        raise ValueError(f"an array of items of several ranks: {t}")
    return dtype, (len(items), *(_common(ds) for ds in zip(*shapes, strict=True)))


def _common(lengths: tuple[Dim, ...]) -> Dim:
    """The length that all items have."""
    known = {d for d in lengths if isinstance(d, int)}
    if len(known) > 1:
        raise ValueError(f"an array of items of several lengths: {', '.join(map(str, sorted(known)))}")
    return known.pop() if known else lengths[0]


def _array_type(object: Type, /, dtype: Any = None, *, copy: bool | None = True) -> Type:
    found, shape = array_of(object)
    return made(found if dtype is None else np.dtype(dtype), shape)


def _as_array_type(a: Type, /, dtype: Any = None) -> Type:
    return _array_type(a, dtype)


def _item_bars(g: Any, t: Type, path: tuple[int, ...] = ()) -> Any:
    """The cotangents of the items: `g[i, j]`, None for integers."""
    if isinstance(t, ContainerType):
        return tuple(_item_bars(g, item, (*path, k)) for k, item in enumerate(t.items))
    if not t.is_inexact:
        return None
    return cast(g[path if len(path) > 1 else path[0]], t)


def _items_made(row: Expr, t: Type) -> Operand:
    """The cotangent of an item of a list, a tuple or list itself, of a row of that of the array; 0 for integers."""
    if isinstance(t, ContainerType):
        items = [_items_made(row[k], item) for k, item in enumerate(t.items)]
        return row.builder.make(t.cls, t.keys, items)
    return cast(row, t).operand if t.is_inexact else known(0)


def _array_adjoint(g: Any, y: Any, xs: Any, active: Any, **static: Any) -> tuple[Any, ...]:
    t = type_in(xs[0])
    if not active[0]:
        return (None,)
    if isinstance(t, SequenceType):
        depth, item = 1, t.item
        while isinstance(item, SequenceType):
            depth, item = depth + 1, item.item
        if isinstance(item, ContainerType):
            return (rows(g, t, _items_made),)
        return (call(list, g) if depth == 1 else nested(g, depth),)
    return (_item_bars(g, t) if isinstance(t, ContainerType) else fit(g, xs[0]),)


def _item_dots(x: Any, dots: Any) -> Any:
    """The tangents of the items, with zeros where there are none."""
    t = type_in(x)
    if isinstance(t, ContainerType):
        return [_item_dots(x[k], None if dots is None else dots[k]) for k in t.keys]
    if dots is not None and not isinstance(type_in(dots), StaticType):
        return dots
    return 0.0 if t.shape == () else np.zeros_like(x)


def _array_tangent(y: Any, xs: Any, dots: Any, **static: Any) -> Any:
    return None if dots[0] is None else spread(call(np.array, _item_dots(xs[0], dots[0])), y)


def _array_samples(rng: np.random.Generator) -> Iterable[Sample]:
    yield Sample((REAL(rng, (2, 3)),))
    yield Sample((REAL(rng, ()),))
    yield Sample((1.5,))
    yield Sample(([],))
    yield Sample(([1.5, 2, np.float64(0.5)],))
    yield Sample(([[1.5, 2.5], (0.5, 1)],))
    yield Sample(([REAL(rng, (3,)), np.arange(3)],))
    yield Sample(([1.5, 2.5],), {"dtype": np.dtype(np.float32)})
    yield Sample((REAL(rng, (3,)),), {"dtype": complex})


rule(np.array, _array_type, tangent=_array_tangent, adjoint=_array_adjoint, samples=_array_samples, written=True)
rule(
    np.asarray,
    _as_array_type,
    tangent=_array_tangent,
    adjoint=_array_adjoint,
    samples=_array_samples,
    effect=Effect.VIEW,
    view=View.BY_TYPE,
    aliases=[np.asanyarray],
)


def _copy_type(a: Type, /) -> Type:
    (t,) = array_types("np.copy", [a])
    return made(t.dtype, t.shape)


linear(
    np.copy,
    lambda g, x: fit(g, x),
    _copy_type,
    spelling=lambda a: "_0.copy()" if a.kind == "array" else "np.copy(_0)",
    written=True,
    samples=lambda rng: [Sample((REAL(rng, shape),)) for shape in [(), (3,), (2, 3)]] + [Sample((1.5,))],
)


def _list_type(a: Type, /) -> Type:
    if not isinstance(a, ArrayType) or a.shape == ():
        raise TypeError(f"the list of {a}")
    item = None if a.shape is None else a.shape[1:]
    return SequenceType(array(a.dtype, item), a.shape[0] if a.shape else new_dim())


linear(
    list,
    lambda g, x: call(np.array, g),
    _list_type,
    effect=Effect.VIEW,
    samples=lambda rng: [Sample((REAL(rng, s),)) for s in [(3,), (2, 3)]],
)
