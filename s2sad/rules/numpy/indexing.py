"""Items picked by index arrays. `x[index]` itself is in `ir.structure`."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np

from s2sad.errors import UnsupportedType
from s2sad.ir.builder import call, rank_of
from s2sad.ir.containers import INDEX_ADD, STORED, has_only_masks, indexed_shape, is_basic_index
from s2sad.ir.dims import new_dim
from s2sad.ir.primitive import NotByRule, Sample
from s2sad.ir.types import ArrayType, ContainerType, SliceType, Type, array, tuple_type, type_of
from s2sad.rules.domains import REAL
from s2sad.rules.families import constant, linear, rule
from s2sad.rules.promotion import array_types

WHOLE = SliceType(None, None, None)


def _take_type(a: Type, indices: Type, /, axis: int | None = None) -> Type:
    (t,) = array_types("np.take", [a])
    if t.shape is None:
        return array(t.dtype, None)
    if axis is None and len(t.shape) != 1:
        raise NotByRule("np.take without axis of an array that is no vector")
    k = (axis or 0) % len(t.shape)
    items = (*(WHOLE,) * k, indices)
    return array(t.dtype, indexed_shape(t.shape, ContainerType(tuple, tuple(range(len(items))), items)))


def _take_adjoint(g: Any, x: Any, indices: Any, axis: int | None = None) -> Any:
    rank = rank_of(x)
    if rank is None:
        raise UnsupportedType("the derivative of np.take needs the rank of its operand", "annotate the argument")
    k = (axis or 0) % rank
    index = (*(slice(None),) * k, indices) if k else indices
    return _take_adjoint_at(g, x, index)


linear(
    np.take,
    _take_adjoint,
    _take_type,
    samples=lambda rng: [
        Sample((REAL(rng, (4,)), np.array([0, 2, 2]))),
        Sample((REAL(rng, (3, 4)), np.array([1, 1, 3]), 1)),
        Sample((REAL(rng, (3, 4)), 2), {"axis": 0}),
    ],
)


def _along_type(arr: Type, indices: Type, /, axis: int | None = -1) -> Type:
    t, i = array_types("np.take_along_axis", [arr, indices])
    return ArrayType(t.dtype, i.shape, "any" if i.shape is None else "array")


def put_along(g: Any, indices: Any, x: Any, axis: Any) -> Any:
    """Zeros of the shape of `x` with `g` added at the indices along an axis."""
    result = np.zeros_like(x)
    index = list(np.ix_(*map(range, np.shape(indices))))
    index[axis] = indices
    np.add.at(result, tuple(index), g)
    return result


def _put_along_type(g: Type, indices: Type, x: Type, /, axis: int) -> Type:
    (t,) = array_types("put_along", [x])
    return ArrayType(t.dtype, t.shape, "any" if t.shape is None else "array")


rule(
    put_along,
    _put_along_type,
    tangent=lambda y, xs, dots, axis: None if dots[0] is None else call(put_along, dots[0], xs[1], xs[2], axis=axis),
    adjoint=lambda g, y, xs, active, axis: (np.take_along_axis(g, xs[1], axis=axis) if active[0] else None, None, None),
    samples=lambda rng: [Sample((REAL(rng, (2, 3)), np.array([[0, 1, 1], [1, 0, 1]]), REAL(rng, (2, 3)), 0))],
    helper=True,
)
linear(
    np.take_along_axis,
    lambda g, x, indices, axis=-1: call(put_along, g, indices, x, axis=axis),
    _along_type,
    samples=lambda rng: [
        Sample((REAL(rng, (2, 3)), np.array([[0, 2, 2], [1, 0, 1]])), {"axis": 1}),
        Sample((REAL(rng, (4,)), np.array([3, 0])), {"axis": 0}),
    ],
)


def last_stored(g: Any, index: Any) -> Any:
    """The adjoint of what was stored at an index: where several values went to one element, the last one has it all."""
    # Numbers are stored the way the values were: what is found at an element is the number of the one that came last.
    order = np.zeros(np.shape(g), dtype=np.int64)
    count = np.size(order[index])
    number = np.arange(count).reshape(np.shape(order[index]))
    order[index] = number
    return np.where(order[index] == number, g[index], 0.0)


def _stored_type(g: Type, index: Type, /) -> Type:
    (t,) = array_types("last_stored", [g])
    return array(t.dtype, indexed_shape(t.shape, index))


def _stored(g: Any, index: Any) -> Any:
    """What the adjoint `g` of an array holds at an index that was stored into."""
    t = index.type if hasattr(index, "type") else type_of(index)
    # Slices, integers and masks meet each element once at most; index arrays may meet one several times.
    return g[index] if is_basic_index(t) or has_only_masks(t) else call(last_stored, g, index)


def _scattered(g: Any, xs: Any) -> Any:
    kept = call(last_stored, np.ones_like(xs[0]), xs[1])
    return _take_adjoint_at(g * kept, xs[0], xs[1])


def _take_adjoint_at(g: Any, x: Any, index: Any) -> Any:
    zeros = np.zeros_like(x)
    if hasattr(zeros, "builder"):
        builder = zeros.builder
        return builder.expr(builder.apply(INDEX_ADD, [builder.operand(o) for o in (zeros, index, g)]))
    np.add.at(zeros, index, g)
    return zeros


STORED.append(_stored)
rule(
    last_stored,
    _stored_type,
    tangent=lambda y, xs, dots: None if dots[0] is None else call(last_stored, dots[0], xs[1]),
    adjoint=lambda g, y, xs, active: (_scattered(g, xs) if active[0] else None, None),
    samples=lambda rng: [
        Sample((REAL(rng, (3,)), np.array([0, 2, 0]))),
        Sample((REAL(rng, (3, 2)), np.array([[1, 1], [0, 2]]))),
    ],
    helper=True,
)


def _search_type(a: Type, v: Type, /, side: str = "left") -> Type:
    _, t = array_types("np.searchsorted", [a, v])
    return array(np.dtype(np.int64), t.shape)


constant(np.searchsorted, _search_type, samples=lambda rng: [Sample((np.array([1.0, 2.0]), 1.5))])


def _places_type(a: Type, /) -> Type:
    (t,) = array_types("np.nonzero", [a])
    if t.shape is None:
        raise UnsupportedType("np.nonzero of an array whose rank is not known", "annotate the argument")
    found = array(np.dtype(np.int64), (new_dim(),))
    return tuple_type(*(found for _ in t.shape))


def _flat_places_type(a: Type, /) -> Type:
    return array(np.dtype(np.int64), (new_dim(),))


def _rows_of_places_type(a: Type, /) -> Type:
    (t,) = array_types("np.argwhere", [a])
    return array(np.dtype(np.int64), None if t.shape is None else (new_dim(), len(t.shape)))


def _place_samples(rng: np.random.Generator) -> Iterable[Sample]:
    yield Sample((np.array([1.0, 0.0, 2.0]),))
    yield Sample((np.array([[True, False], [False, True]]),))


constant(np.nonzero, _places_type, samples=_place_samples)
constant(np.flatnonzero, _flat_places_type, samples=_place_samples)
constant(np.argwhere, _rows_of_places_type, samples=_place_samples)
