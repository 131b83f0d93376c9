"""Batching rules: the functions of NumPy for many examples at once, the examples along a first axis.

    np.sum(x, axis=0)  ->  np.sum(xs, axis=1)          A @ x  ->  xs @ A.T          x[i]  ->  xs[:, i]

A rule gives the result with the new axis, or raises NoBatchRule: then the operation stands in a loop.
"""

from __future__ import annotations

import functools
import math
import operator
from collections.abc import Callable
from typing import Any

import numpy as np

from s2sad.ir.batch_rule import Batched, Elementwise, NoBatchRule, axis_of_many, batched
from s2sad.ir.builder import call, known_value, shape_of
from s2sad.ir.containers import GETITEM, INDEX_ADD, INDEX_SET, index_items, is_basic_index
from s2sad.ir.types import ArrayType, ContainerType, SequenceType
from s2sad.ir.values import Constant


def _lengths(x: Any, first: int) -> list[Any]:
    """The lengths of the axes of an expression from one on."""
    return [shape_of(x)[k] for k in range(first, x.ndim)]


def _widened(x: Any, own: int, rank: int) -> Any:
    """Many arrays of rank `own` with axes of length 1 behind the first: they broadcast as those of `rank` do."""
    return x[(slice(None), *[None] * (rank - own))] if own < rank else x


def _flat(x: Any) -> Any:
    """The numbers of each example in a row."""
    return np.reshape(x, (shape_of(x)[0], *_known(x, [-1])))


def _known(x: Any, dims: list[Any]) -> list[Any]:
    """The lengths of a shape for each example; of no examples -1 says nothing, and is a product of the others."""
    free = [k for k, d in enumerate(dims) if known_value(d) == -1]
    if not free or not x.type.shape or x.type.shape[0] != 0:
        return dims
    (k,) = free
    total, others = _product_of(_lengths(x, 1)), [*dims[:k], *dims[k + 1 :]]
    return [*dims[:k], total // _product_of(others) if others else total, *dims[k + 1 :]]


def _product_of(lengths: list[Any]) -> Any:
    return functools.reduce(operator.mul, lengths) if lengths else 1


# Number by number

_OF_MATH: dict[Callable[..., Any], np.ufunc] = {
    **{getattr(math, n): getattr(np, n) for n in ("exp", "exp2", "expm1", "log", "log2", "log10", "log1p", "sqrt")},
    **{getattr(math, n): getattr(np, n) for n in ("cbrt", "sin", "cos", "tan", "sinh", "cosh", "tanh", "degrees")},
    **{getattr(math, n): getattr(np, n) for n in ("radians", "fabs", "copysign", "fmod")},
    **{getattr(math, f"a{n}"): getattr(np, f"arc{n}") for n in ("sin", "cos", "tan", "sinh", "cosh", "tanh")},
    math.atan2: np.arctan2,
    math.pow: np.power,
}
_OF_NUMBERS = {float, complex, math.erf, math.erfc, math.remainder}
"""Functions that NumPy does not have."""


@batched(Elementwise)
def _elementwise(b: Batched) -> Any:
    function = b.primitive.function
    if function in _OF_NUMBERS or (function is math.log and len(b.xs) > 1):
        raise NoBatchRule(b.primitive.name)
    rank = max(b.rank(k) for k in range(len(b.xs)))
    xs = [_widened(x, b.rank(k), rank) if flag else x for k, (x, flag) in enumerate(zip(b.xs, b.flags, strict=True))]
    if function in (abs, np.absolute):
        return np.abs(xs[0])
    return call(_OF_MATH.get(function, function), *xs, **b.static)


@batched(float)
def _float(b: Batched) -> Any:
    t = b.types[0]
    if t.dtype != np.float64:
        raise NoBatchRule("float")
    return b.xs[0]


@batched(np.astype)
def _astype(b: Batched) -> Any:
    return call(b.primitive.function, b.only_first(), b.xs[1], **b.static)


@batched(max, min)
def _extreme(b: Batched) -> Any:
    if any(b.rank(k) for k in range(len(b.xs))) or len(b.xs) < 2:
        raise NoBatchRule(b.primitive.name)
    function = np.maximum if b.primitive.function is max else np.minimum
    result = b.xs[0]
    for x in b.xs[1:]:
        result = call(function, result, x)
    return result


@batched(np.real, np.imag, np.conjugate, np.deg2rad, np.rad2deg, np.radians, np.degrees, np.copy)
def _alike(b: Batched) -> Any:
    return call(b.primitive.function, b.xs[0], **b.static)


@batched(np.zeros_like, np.ones_like, np.empty_like, np.tril, np.triu, np.linalg.inv, np.linalg.det)
def _alike_of_arrays(b: Batched) -> Any:
    if not b.rank():
        raise NoBatchRule(b.primitive.name)
    return call(b.primitive.function, b.xs[0], **b.static)


@batched(np.linalg.cholesky, np.linalg.slogdet, np.linalg.eigh, np.linalg.svd, np.linalg.qr, np.linalg.pinv)
def _of_matrices(b: Batched) -> Any:
    return call(b.primitive.function, b.xs[0], **b.static)


@batched(np.linalg.solve)
def _solve(b: Batched) -> Any:
    a, x = b.xs
    if b.rank(0) != 2 or b.rank(1) not in (1, 2):
        return _no(b)
    # One right-hand side for many matrices and many for one matrix: NumPy 2 takes what has one dimension for a vector,
    # and all else for matrices.
    if b.rank(1) == 2:
        return np.linalg.solve(a, x)
    if not b.flags[0]:
        return np.linalg.solve(a, x.T).T
    return np.linalg.solve(a, x[:, :, None])[:, :, 0] if b.flags[1] else np.linalg.solve(a, x)


# Reductions


@batched(np.sum, np.mean, np.max, np.min, np.prod, np.var, np.std, np.all, np.any, np.count_nonzero)
def _reduction(b: Batched) -> Any:
    rank, static = b.rank(), dict(b.static)
    axis = static.pop("axis", None)
    if not rank:
        raise NoBatchRule(b.primitive.name)
    every = tuple(range(1, rank + 1)) if rank > 1 else 1
    return call(b.primitive.function, b.xs[0], axis=every if axis is None else b.axis(axis), **static)


@batched(np.argmax, np.argmin, np.argsort, np.sort, np.cumsum, np.cumprod, np.diff)
def _along(b: Batched) -> Any:
    rank, static = b.rank(), dict(b.static)
    if not rank:
        raise NoBatchRule(b.primitive.name)
    last = b.primitive.function in (np.argsort, np.sort, np.diff)
    axis = static.pop("axis", -1 if last else None)
    x = b.xs[0]
    if axis is None:
        if static.get("keepdims"):
            raise NoBatchRule(b.primitive.name)
        return call(b.primitive.function, x if rank == 1 else _flat(x), axis=1, **static)
    return call(b.primitive.function, x, axis=b.axis(axis), **static)


@batched(np.split)
def _split(b: Batched) -> Any:
    static = dict(b.static)
    return call(np.split, b.xs[0], static["indices_or_sections"], axis=b.axis(static.get("axis", 0)))


@batched(np.linalg.norm)
def _norm(b: Batched) -> Any:
    rank, static = b.rank(), dict(b.static)
    axis = static.pop("axis", None)
    if axis is None:
        if rank not in (1, 2):
            return _no(b)
        return np.linalg.norm(b.xs[0], axis=1 if rank == 1 else (1, 2), **static)
    return np.linalg.norm(b.xs[0], axis=b.axis(axis), **static)


def _no(b: Batched) -> Any:
    raise NoBatchRule(b.primitive.name)


# Contractions


@batched(np.matmul, np.dot)
def _product(b: Batched) -> Any:
    (x, y), (first, second), (m, n) = b.xs, b.flags, (b.rank(0), b.rank(1))
    if not m or not n:
        return _elementwise_product(b)
    if m > 2 or n > 2:
        return np.matmul(x, y) if b.primitive.function is np.matmul and m == n else _no(b)
    if first and second:
        if (m, n) == (1, 1):
            return np.sum(x * y, axis=1)
        if (m, n) == (2, 1):
            return np.matmul(x, y[:, :, None])[:, :, 0]
        if (m, n) == (1, 2):
            return np.matmul(x[:, None], y)[:, 0]
        return np.matmul(x, y)
    if first:
        return np.matmul(x, y)
    return np.matmul(x, y) if n == 2 and m == 2 else _from_right(x, y, m, n)


def _from_right(x: Any, y: Any, m: int, n: int) -> Any:
    """`x @ y` for one x and many y."""
    if n == 1:
        return np.matmul(y, x if m == 1 else x.T)
    return np.matmul(x, y)


def _elementwise_product(b: Batched) -> Any:
    (x, y), (m, n) = b.xs, (b.rank(0), b.rank(1))
    rank = max(m, n)
    scaled = [_widened(v, r, rank) if f else v for v, f, r in zip((x, y), b.flags, (m, n), strict=True)]
    return scaled[0] * scaled[1]


@batched(np.outer)
def _outer(b: Batched) -> Any:
    if b.rank(0) != 1 or b.rank(1) != 1:
        return _no(b)
    (x, y), (first, second) = b.xs, b.flags
    return (x[:, :, None] if first else x[:, None]) * (y[:, None] if second else y)


@batched(np.inner, np.vdot)
def _inner(b: Batched) -> Any:
    if b.rank(0) != 1 or b.rank(1) != 1 or any(t.dtype is None or t.dtype.kind == "c" for t in b.types):
        return _no(b)
    x, y = b.xs
    return np.sum(x * y, axis=1) if all(b.flags) else np.matmul(x, y) if b.flags[0] else np.matmul(y, x)


@batched(np.einsum)
def _einsum(b: Batched) -> Any:
    subscripts = b.static["subscripts"].replace(" ", "")
    if "->" not in subscripts or "." in subscripts:
        return _no(b)
    letter = next(c for c in "nmkpqzbN" if c not in subscripts)
    terms, result = subscripts.split("->")
    marked = [letter + t if f else t for t, f in zip(terms.split(","), b.flags, strict=True)]
    manner = {k: v for k, v in b.static.items() if k == "optimize"}
    return call(np.einsum, f"{','.join(marked)}->{letter}{result}", *b.xs, **manner)


@batched(np.trace)
def _trace(b: Batched) -> Any:
    return np.einsum("nii->n", b.xs[0]) if _is_square(b) else _no(b)


def _is_square(b: Batched) -> bool:
    t = b.types[0]
    return t.rank == 2 and t.shape is not None and t.shape[0] == t.shape[1]


# Shapes


@batched(np.shape)
def _shape(b: Batched) -> Any:
    b.same_for_all = True
    return tuple(_lengths(b.xs[0], 1))


@batched(len)
def _len(b: Batched) -> Any:
    if not b.types[0].is_numeric:
        return _no(b)
    b.same_for_all = True
    return shape_of(b.xs[0])[1]


@batched(np.size)
def _size(b: Batched) -> Any:
    b.same_for_all = True
    total: Any = 1
    for n in _lengths(b.xs[0], 1):
        total = n if isinstance(total, int) else total * n
    return total


def _dims(b: Batched, k: int) -> list[Any]:
    """The lengths that an operand with a shape says, the same for all examples."""
    t, shape = b.types[k], b.xs[k]
    if b.flags[k]:
        raise NoBatchRule(b.primitive.name)
    return [shape[key] for key in t.keys] if isinstance(t, ContainerType) else [shape]


@batched(np.reshape)
def _reshape(b: Batched) -> Any:
    x = b.only_first()
    return np.reshape(x, (b.count, *_known(x, _dims(b, 1))))


@batched(np.broadcast_to)
def _broadcast_to(b: Batched) -> Any:
    x, dims = b.only_first(), _dims(b, 1)
    return np.broadcast_to(_widened(x, b.rank(), len(dims)), (b.count, *dims))


@batched(np.full)
def _full(b: Batched) -> Any:
    if b.flags[0] or b.rank(1):
        return _no(b)
    dims = _dims(b, 0)
    return np.copy(np.broadcast_to(_widened(b.xs[1], 0, len(dims)), (b.count, *dims)))


@batched(np.ravel)
def _ravel(b: Batched) -> Any:
    return b.xs[0] if b.rank() == 1 else np.reshape(b.xs[0], (b.count, *_known(b.xs[0], [-1])))


@batched(np.transpose)
def _transpose(b: Batched) -> Any:
    rank = b.rank()
    axes = b.static.get("axes")
    order = range(rank - 1, -1, -1) if axes is None else [a % rank for a in axes]
    return np.transpose(b.xs[0], (0, *(a + 1 for a in order))) if rank > 1 else b.xs[0]


@batched(np.moveaxis)
def _moveaxis(b: Batched) -> Any:
    return np.moveaxis(b.xs[0], *(b.axis(b.static[n]) for n in ("source", "destination")))


@batched(np.fliplr, np.flipud, np.matrix_transpose)
def _turned(b: Batched) -> Any:
    x = b.only_first()
    if b.primitive.function is np.matrix_transpose:
        return np.swapaxes(x, -1, -2)
    return np.flip(x, 2 if b.primitive.function is np.fliplr else 1)


@batched(np.rot90)
def _rot90(b: Batched) -> Any:
    axes = tuple(b.axis(a) for a in b.static.get("axes", (0, 1)))
    return call(np.rot90, b.only_first(), b.static.get("k", 1), axes=axes)


@batched(np.expand_dims)
def _expand_dims(b: Batched) -> Any:
    return np.expand_dims(b.xs[0], b.axis(b.static["axis"]))


@batched(np.squeeze)
def _squeeze(b: Batched) -> Any:
    axis = b.static.get("axis")
    if axis is None:
        t = b.types[0]
        shape = t.shape if t.shape is not None else (None,)
        if not all(isinstance(d, int) for d in shape):
            return _no(b)
        axis = tuple(k for k, d in enumerate(shape) if d == 1)
        return np.squeeze(b.xs[0], axis=b.axis(axis)) if axis else b.xs[0]
    return np.squeeze(b.xs[0], axis=b.axis(axis))


@batched(np.flip)
def _flip(b: Batched) -> Any:
    axis = b.static.get("axis")
    return np.flip(b.xs[0], axis=tuple(range(1, b.rank() + 1)) if axis is None else b.axis(axis))


@batched(np.diagonal, np.diag)
def _diagonal(b: Batched) -> Any:
    if not _is_square(b) or any(b.static.values()):
        return _no(b)
    return np.einsum("nii->ni", b.xs[0])


@batched(np.concatenate, np.stack)
def _concatenate(b: Batched) -> Any:
    t = b.types[0]
    if not isinstance(t, ContainerType) or t.items[0].rank is None:
        return _no(b)
    axis = b.static.get("axis", 0)
    return call(b.primitive.function, [b.xs[0][k] for k in t.keys], axis=axis_of_many(axis))


@batched(np.array, np.asarray)
def _array(b: Batched) -> Any:
    if b.static:
        return _no(b)
    return _stacked(b.xs[0], b.types[0], b.count)


def _stacked(x: Any, t: Any, count: Any) -> Any:
    """What `np.array` gives for each example, from the items for all of them."""
    if isinstance(t, ArrayType):
        return np.copy(x)
    if isinstance(t, SequenceType):
        if not t.item.is_numeric:
            return _none()
        items = call(np.array, x)
        return np.reshape(items, (call(len, x), count)).T if t.item.shape == () else np.moveaxis(items, 0, 1)
    if not isinstance(t, ContainerType) or not t.items:
        return _none()
    pairs = zip(t.keys, t.items, strict=True)
    items = [_stacked(x[k], i, count) if isinstance(i, ContainerType) else x[k] for k, i in pairs]
    return call(np.stack, items, axis=1)


def _none() -> Any:
    raise NoBatchRule("np.array")


# Subscripts


def _index(b: Batched) -> tuple[Any, ...]:
    """A subscript of one example, for all of them; index arrays may not be parted by slices."""
    t, index = b.types[1], b.xs[1]
    if b.flags[1]:
        raise NoBatchRule("getitem")
    items = list(index_items(t))
    if not is_basic_index(t):
        places = [k for k, i in enumerate(items) if i.is_numeric or i.is_container]
        # Index arrays parted by slices move the axis of what they pick to the front: there the examples are.
        if places != list(range(places[0], places[-1] + 1)):
            raise NoBatchRule("getitem")
        if any(i.is_mask for i in items):
            raise NoBatchRule("getitem")
    if t.cls is not tuple:
        return (slice(None), index)
    if isinstance(index.operand, Constant):
        return (slice(None), *index.operand.value)  # type: ignore[misc]
    return (slice(None), *(index[k] for k in t.keys))


@batched(GETITEM)
def _getitem(b: Batched) -> Any:
    if not b.types[0].is_numeric:
        return _of_list(b)
    t = b.types[1]
    if b.flags[1] and not b.flags[0] and t.is_integer:
        return b.xs[0][b.xs[1]]
    if b.flags[1] and _is_integers(t):
        # An index of its own for each example is a pair of index arrays: the number of the example beside it.
        return b.xs[0][_each(b), b.xs[1]]
    return b.xs[0][_index(b)]


def _each(b: Batched) -> Any:
    """The numbers of the examples, beside an index that each of them has for itself."""
    each = call(np.arange, b.count)
    return each[(slice(None), *[None] * b.rank(1))] if b.rank(1) else each


def _of_list(b: Batched) -> Any:
    if b.flags[1]:
        raise NoBatchRule("getitem")
    return b.xs[0][b.xs[1]]


@batched(INDEX_ADD, INDEX_SET)
def _scatter(b: Batched) -> Any:
    base = b.whole(0)
    builder = base.builder
    if b.flags[1]:
        index: Any = (_each(b), b.xs[1]) if _is_integers(b.types[1]) else _no(b)
    else:
        index = _index(b)
    value = b.xs[2]
    place = GETITEM.result_type([b.types[0], b.types[1]], {})
    if b.flags[2]:
        rank = place.rank
        if rank is None:
            return _no(b)
        value = _widened(value, b.rank(2), rank)
    operands = [base.operand, builder.operand(index), value.operand]
    return builder.expr(builder.apply(b.primitive, operands))


def _is_integers(t: Any) -> bool:
    return t.rank is not None and t.is_integer


@batched(np.take_along_axis)
def _take_along(b: Batched) -> Any:
    return np.take_along_axis(b.whole(0), b.whole(1), axis=b.axis(b.static.get("axis", -1)))


# Transforms


@batched(np.fft.fft, np.fft.ifft, np.fft.rfft, np.fft.irfft)
def transform(b: Batched) -> Any:
    """A function along one axis, the last one where none is given."""
    along = {**b.static, "axis": b.axis(b.static.get("axis", -1))}
    return call(b.primitive.function, b.only_first(), *b.xs[1:], **along)


@batched(*(getattr(np.fft, f"{kind}fft{suffix}") for kind in ("", "i", "r", "ir") for suffix in ("2", "n")))
def transform_of_many_axes(b: Batched) -> Any:
    """A transform along several axes: all, the last two of a plane, or as many as there are lengths."""
    axes = b.static.get("axes")
    if axes is None:
        s = b.types[1] if len(b.xs) > 1 else None
        given = len(s.keys) if isinstance(s, ContainerType) else b.rank()
        axes = tuple(range(-(2 if b.primitive.name.endswith("2") else given), 0))
    return call(b.primitive.function, b.only_first(), *b.xs[1:], **{**b.static, "axes": b.axis(axes)})


@batched(np.fft.fftshift, np.fft.ifftshift)
def shifted(b: Batched) -> Any:
    """A shift along several axes, all where none is given."""
    axes = b.static.get("axes")
    return call(b.primitive.function, b.xs[0], axes=b.axis(tuple(range(b.rank())) if axes is None else axes))
