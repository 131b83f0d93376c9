"""Several arrays joined into one, and one split into several: concatenate, stack, split, insert, delete, bincount."""

from __future__ import annotations

import functools
import operator
from typing import Any

import numpy as np

from s2sad.errors import UnsupportedType
from s2sad.ir.builder import Expr, call, shape_of
from s2sad.ir.dims import Dim, Shape, dim_product, dim_sum, new_dim
from s2sad.ir.primitive import Effect, Sample
from s2sad.ir.types import NONE, ArrayType, ContainerType, Type
from s2sad.rules.contributions import cast, fit, type_in
from s2sad.rules.domains import REAL
from s2sad.rules.families import linear, rule
from s2sad.rules.numpy.shaping import axis_in, known_rank, scattered, shaped
from s2sad.rules.promotion import array_types

VIEW = Effect.VIEW


def _arrays(t: Type, name: str) -> list[ArrayType]:
    if not isinstance(t, ContainerType) or not t.items:
        raise TypeError(f"{name} needs a list or tuple of arrays whose length is known")
    return array_types(name, list(t.items))


def _joined_dtype(items: list[ArrayType]) -> Any:
    dtypes = [t.dtype for t in items if t.dtype is not None]
    return np.result_type(*dtypes) if len(dtypes) == len(items) else None


def _concatenate_type(arrays: Type, /, axis: int | None = 0) -> Type:
    items = _arrays(arrays, "np.concatenate")
    dtype = _joined_dtype(items)
    shapes = [t.shape for t in items]
    if any(s is None for s in shapes):
        return ArrayType(dtype, None, "any")
    if axis is None:
        return ArrayType(dtype, (_total([dim_product(s or ()) for s in shapes]),), "array")
    rank = len(shapes[0] or ())
    if any(len(s or ()) != rank for s in shapes):
        raise ValueError("all arrays to be joined must have the same number of dimensions")
    k = axis_in(axis, rank)
    columns = list(zip(*(s or () for s in shapes), strict=True))
    dims = [_total(list(c)) if j == k else c[0] for j, c in enumerate(columns)]
    return ArrayType(dtype, tuple(dims), "array")


def _total(dims: list[Dim]) -> Dim:
    result: Dim = 0
    for d in dims:
        result = dim_sum(result, d)
    return result


def _concatenate_tangent(y: Any, xs: Any, dots: Any, axis: int | None = 0) -> Any:
    items = [np.zeros_like(x) if d is None else d for x, d in zip(xs[0], dots[0], strict=True)]
    return call(np.concatenate, items, axis=axis)


def _concatenate_adjoint(g: Any, y: Any, xs: Any, active: Any, axis: int | None = 0) -> Any:
    items = list(xs[0])
    if axis is None:
        lengths = [call(np.size, x) for x in items]
        parts = _slices([None] * len(items), lengths.__getitem__)
        return (tuple(in_dtype(np.reshape(g[part], shape_of(x)), x) for part, x in zip(parts, items, strict=True)),)
    k = axis_in(axis, known_rank(items[0], "np.concatenate"))
    parts = _slices([_length(x, k) for x in items], lambda i: shape_of(items[i])[k])
    pieces = [g[(*[slice(None)] * k, part)] if k else g[part] for part in parts]
    return (tuple(in_dtype(p, x) for p, x in zip(pieces, items, strict=True)),)


def in_dtype(c: Any, x: Any) -> Any:
    """A contribution in the dtype of an operand of its shape."""
    t = type_in(x)
    return cast(c, t) if t.is_numeric else c


def _length(x: Any, axis: int) -> int | None:
    """The length of an operand where it is known at compile time."""
    shape = (x.type if isinstance(x, Expr) else x).shape
    length = None if shape is None else shape[axis]
    return length if isinstance(length, int) else None


def _slices(known: list[int | None], length: Any) -> list[slice]:
    """Where each part lies in the whole, counted from the end where the lengths before it are not known."""

    def total(first: int, last: int) -> int | None:
        some = [n for n in known[first:last] if n is not None]
        return sum(some) if len(some) == last - first else None

    def bound(i: int) -> Any:
        if i in (0, len(known)):
            return None
        before, after = total(0, i), total(i, len(known))
        if before is not None:
            return before
        # From the end where that is known: `g[:-1]` needs no length at run time.
        return -after if after else functools.reduce(operator.add, map(length, range(1, i)), length(0))

    return [slice(bound(i), bound(i + 1)) for i in range(len(known))]


rule(
    np.concatenate,
    _concatenate_type,
    tangent=_concatenate_tangent,
    adjoint=_concatenate_adjoint,
    samples=lambda rng: [
        Sample(([REAL(rng, (2,)), REAL(rng, (3,))],)),
        Sample(((REAL(rng, (2, 3)), REAL(rng, (2, 1))),), {"axis": 1}),
        Sample(([REAL(rng, (2, 2)), REAL(rng, (3,))[:1].reshape(1, 1)],), {"axis": None}),
    ],
)


def _stack_type(arrays: Type, /, axis: int = 0) -> Type:
    items = _arrays(arrays, "np.stack")
    shape = items[0].shape
    if shape is None:
        return ArrayType(_joined_dtype(items), None, "any")
    k = axis_in(axis, len(shape) + 1)
    return ArrayType(_joined_dtype(items), (*shape[:k], len(items), *shape[k:]), "array")


def _stack_tangent(y: Any, xs: Any, dots: Any, axis: int = 0) -> Any:
    return call(
        np.stack, [np.zeros_like(x) if d is None else d for x, d in zip(xs[0], dots[0], strict=True)], axis=axis
    )


def _stack_adjoint(g: Any, y: Any, xs: Any, active: Any, axis: int = 0) -> Any:
    first = next(iter(xs[0]))
    k = axis if axis >= 0 else axis_in(axis, known_rank(first, "np.stack") + 1)
    pieces = [g[(*[slice(None)] * k, i)] if k else g[i] for i in range(len(xs[0]))]
    return (tuple(in_dtype(p, x) for p, x in zip(pieces, xs[0], strict=True)),)


rule(
    np.stack,
    _stack_type,
    tangent=_stack_tangent,
    adjoint=_stack_adjoint,
    samples=lambda rng: [
        Sample(([REAL(rng, (3,)), REAL(rng, (3,))],)),
        Sample(([REAL(rng, (2, 3)), REAL(rng, (2, 3))],), {"axis": 1}),
        Sample(([REAL(rng, (2,)), REAL(rng, (2,))],), {"axis": -1}),
        Sample(([1.0, 2.5],)),
    ],
)


def _as_concatenate(function: Any, axis_of: Any, lift: Any) -> None:
    """hstack, vstack and the like: their operands lifted to a common rank and joined."""

    def type_rule(arrays: Type, /) -> Type:
        items = _arrays(arrays, f"np.{function.__name__}")
        shapes = [None if t.shape is None else lift(t.shape) for t in items]
        if any(s is None for s in shapes):
            return ArrayType(_joined_dtype(items), None, "any")
        lifted = ContainerType(
            list,
            tuple(range(len(items))),
            tuple(ArrayType(t.dtype, s, "array") for t, s in zip(items, shapes, strict=True)),
        )
        return _concatenate_type(lifted, axis=axis_of(len(shapes[0])))  # type: ignore[arg-type]

    def tangent(y: Any, xs: Any, dots: Any) -> Any:
        return call(function, [np.zeros_like(x) if d is None else d for x, d in zip(xs[0], dots[0], strict=True)])

    def adjoint(g: Any, y: Any, xs: Any, active: Any) -> Any:
        parts = []
        start: Any = 0
        for x in xs[0]:
            rank = known_rank(x, f"np.{function.__name__}")
            lifted = lift(tuple(range(rank)))
            k = axis_of(len(lifted))
            own = lifted.index(k) if k < len(lifted) and rank == len(lifted) else None
            length = (
                shape_of(x)[k] if rank == len(lifted) else shape_of(x)[0] if (rank and function is np.hstack) else 1
            )
            stop = start + length
            piece = g[(*[slice(None)] * k, slice(start, stop))] if k else g[start:stop]
            whole = own is not None or rank == len(lifted)
            parts.append(in_dtype(piece if whole else np.reshape(piece, shape_of(x)), x))
            start = stop
        return (tuple(parts),)

    rule(
        function,
        type_rule,
        tangent=tangent,
        adjoint=adjoint,
        samples=lambda rng: [
            Sample(([REAL(rng, (3,)), REAL(rng, (3,))],)),
            Sample(([REAL(rng, (2, 3)), REAL(rng, (2, 3))],)),
        ],
    )


_as_concatenate(np.hstack, lambda rank: 0 if rank == 1 else 1, lambda s: s if s else (1,))
_as_concatenate(np.vstack, lambda rank: 0, lambda s: s if len(s) >= 2 else (1, *(s or (1,))))


def _split_type(ary: Type, /, indices_or_sections: Any, axis: int = 0) -> Type:
    (t,) = array_types("np.split", [ary])
    sections = indices_or_sections
    count = sections if isinstance(sections, int) else len(sections) + 1
    if t.shape is None:
        return ContainerType(list, tuple(range(count)), (shaped(t, None),) * count)
    k = axis_in(axis, len(t.shape))
    n = t.shape[k]
    if isinstance(sections, int):
        length: Dim = n // sections if isinstance(n, int) else new_dim()
        lengths = [length] * sections
    else:
        ends = [0, *sections]
        lengths = [b - a for a, b in zip(ends, ends[1:], strict=False)] + [dim_sum(n, ends[-1], -1)]
    return ContainerType(
        list, tuple(range(count)), tuple(shaped(t, (*t.shape[:k], m, *t.shape[k + 1 :])) for m in lengths)
    )


def _split_tangent(y: Any, xs: Any, dots: Any, indices_or_sections: Any, axis: int = 0) -> Any:
    return tuple(call(np.split, dots[0], indices_or_sections, axis=axis))


def _split_adjoint(g: Any, y: Any, xs: Any, active: Any, indices_or_sections: Any, axis: int = 0) -> Any:
    parts = [np.zeros_like(part) if bar is None else bar for part, bar in zip(y, g, strict=True)]
    return (call(np.concatenate, parts, axis=axis),)


rule(
    np.split,
    _split_type,
    tangent=_split_tangent,
    adjoint=_split_adjoint,
    effect=VIEW,
    samples=lambda rng: [
        Sample((REAL(rng, (6,)), 3)),
        Sample((REAL(rng, (5, 2)), (1, 3))),
        Sample((REAL(rng, (2, 4)), 2), {"axis": 1}),
    ],
)


# Items left out and put in


def _delete_type(arr: Type, obj: Type, /, axis: int | None = None) -> Type:
    (t,) = array_types("np.delete", [arr])
    if t.shape is None:
        return shaped(t, None)
    shape: Shape = (dim_product(t.shape),) if axis is None else t.shape
    k = 0 if axis is None else axis_in(axis, len(shape))
    one = obj.rank == 0
    return shaped(t, (*shape[:k], dim_sum(shape[k], 1, -1) if one else new_dim(), *shape[k + 1 :]))


def _delete_adjoint(g: Any, x: Any, obj: Any, axis: int | None = None) -> Any:
    rank = known_rank(x, "np.delete")
    flat = np.ravel(x) if axis is None and rank != 1 else x
    k = 0 if axis is None else axis_in(axis, rank)
    kept = call(np.delete, call(np.arange, shape_of(flat)[k]), obj)
    summed = scattered(np.zeros_like(flat), (*[slice(None)] * k, kept) if k else kept, g)
    return summed if flat is x else np.reshape(summed, shape_of(x))


linear(
    np.delete,
    _delete_adjoint,
    _delete_type,
    samples=lambda rng: [
        Sample((REAL(rng, (4,)), 1)),
        Sample((REAL(rng, (4,)), -1)),
        Sample((REAL(rng, (4,)), [0, 2])),
        Sample((REAL(rng, (2, 3)), 1), {"axis": 1}),
        Sample((REAL(rng, (3, 2)), slice(0, 2)), {"axis": 0}),
        Sample((REAL(rng, (2, 2)), 3)),
    ],
)


def _insert_type(arr: Type, obj: Type, values: Type, /, axis: int | None = None) -> Type:
    t, v = array_types("np.insert", [arr, values])
    if obj.rank != 0:
        raise UnsupportedType("np.insert at several places", "insert one after the other, or use np.concatenate")
    if t.shape is None or v.shape is None:
        return shaped(t, None)
    if len(t.shape) != 1 or len(v.shape) > 1:
        raise UnsupportedType("np.insert of an array that is no vector", "use np.concatenate")
    return shaped(t, (dim_sum(t.shape[0], v.shape[0] if v.shape else 1),))


def _insert_tangent(y: Any, xs: Any, dots: Any, axis: int | None = None) -> Any:
    x, v = (np.zeros_like(x) if d is None else d for x, d in ((xs[0], dots[0]), (xs[2], dots[2])))
    return np.insert(x, xs[1], v)


def _insert_adjoint(g: Any, y: Any, xs: Any, active: Any, axis: int | None = None) -> tuple[Any, ...]:
    x, place, v = xs
    none, some = call(np.zeros, shape_of(x)[0], dtype=bool), np.ones_like(v, dtype=bool)
    new = call(np.insert, none, place, some)
    inserted = None
    if active[2]:
        inserted = np.sum(g[new]) if known_rank(v, "np.insert") == 0 else g[new]
    return (g[np.logical_not(new)] if active[0] else None, None, inserted)


rule(
    np.insert,
    _insert_type,
    tangent=_insert_tangent,
    adjoint=_insert_adjoint,
    samples=lambda rng: [
        Sample((REAL(rng, (4,)), 1, REAL(rng, ()))),
        Sample((REAL(rng, (4,)), -1, REAL(rng, ()))),
        Sample((REAL(rng, (3,)), 0, REAL(rng, (2,)))),
        Sample((REAL(rng, (3,)), 3, REAL(rng, (2,)))),
    ],
)


# Numbers summed by where they fall


def _bincount_type(x: Type, weights: Type | None = None, minlength: Type | None = None, /) -> Type:
    given = weights not in (None, NONE)
    return ArrayType(np.dtype(np.float64 if given else np.int64), (new_dim(),), "array")


def _bincount_adjoint(g: Any, y: Any, xs: Any, active: Any) -> tuple[Any, ...]:
    weights = fit(g[xs[0]], xs[1]) if len(xs) > 1 and active[1] else None
    return (None, weights, None)[: len(xs)]


rule(
    np.bincount,
    _bincount_type,
    tangent=lambda y, xs, dots: call(np.bincount, xs[0], dots[1], *xs[2:]),
    adjoint=_bincount_adjoint,
    samples=lambda rng: [
        Sample((np.array([0, 2, 2, 1]),)),
        Sample((np.array([0, 2, 2, 1]), REAL(rng, (4,)))),
        Sample((np.array([0, 2, 2, 1]), REAL(rng, (4,)), 5)),
    ],
)
