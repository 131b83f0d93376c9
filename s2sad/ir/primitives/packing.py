"""Lists as arrays: what two compiled functions hand each other through Python, where lists of arrays cannot go.

[2.0, 3.0]            array([2.0, 3.0])
[a, b, c]             their elements one after the other in one array, and their shapes
[[a, b], [], [c]]     [a, b, c] as above, and the lengths of the lists
[(2.0, a), (3.0, b)]  [2.0, 3.0] and [a, b] as above
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from inspect import signature
from typing import TypeAlias

import numpy as np
from numpy.typing import DTypeLike, NDArray

from s2sad.ir.builder import Builder
from s2sad.ir.dims import is_known, new_dim
from s2sad.ir.primitive import Primitive, register
from s2sad.ir.types import ArrayType, ContainerType, SequenceType, Type, array, integer, tuple_type
from s2sad.ir.values import Apply, For, Operand, Value, constant

Array: TypeAlias = NDArray[np.generic]
Integers: TypeAlias = NDArray[np.int64]


def packed_arrays(xs: Sequence[Array], rank: int, dtype: DTypeLike) -> tuple[Array, Integers]:
    """The elements of the arrays of a list in one array, and the shapes of the arrays."""
    shapes = np.empty((len(xs), rank), np.int64)
    size = 0
    for k in range(len(xs)):
        for axis in range(rank):
            shapes[k, axis] = xs[k].shape[axis]
        size += xs[k].size
    elements = np.empty(size, dtype)
    start = 0
    for x in xs:
        elements[start : start + x.size] = x.ravel()
        start += x.size
    return elements, shapes


def unpacked_1(elements: Array, shapes: Integers) -> list[Array]:
    """A list of vectors from their elements and shapes."""
    xs = []
    start = 0
    for k in range(len(shapes)):
        size = shapes[k, 0]
        xs.append(elements[start : start + size])
        start += size
    return xs


def unpacked_2(elements: Array, shapes: Integers) -> list[Array]:
    """A list of matrices from their elements and shapes."""
    xs = []
    start = 0
    for k in range(len(shapes)):
        n, m = shapes[k]
        xs.append(elements[start : start + n * m].reshape((n, m)))
        start += n * m
    return xs


def unpacked_3(elements: Array, shapes: Integers) -> list[Array]:
    """A list of arrays of rank 3 from their elements and shapes."""
    xs = []
    start = 0
    for k in range(len(shapes)):
        n, m, p = shapes[k]
        xs.append(elements[start : start + n * m * p].reshape((n, m, p)))
        start += n * m * p
    return xs


def numbers(a: Array) -> list[np.generic]:
    """The numbers of a vector in a list."""
    return list(a)


def chained(xs: Sequence[Sequence[object]]) -> tuple[list[object], Integers]:
    """The items of the lists in a list, and the lengths of these."""
    items = [item for inner in xs for item in inner]
    return items, np.array([len(inner) for inner in xs])


def split_list(items: Sequence[object], lengths: Integers) -> list[Sequence[object]]:
    """Lists of these lengths from their items."""
    xs = []
    start = 0
    for n in lengths:
        xs.append(items[start : start + n])
        start += n
    return xs


def _packed_type(xs: Type, /) -> Type:
    assert isinstance(xs, SequenceType) and isinstance(xs.item, ArrayType) and xs.item.rank is not None
    shapes = array(np.dtype(np.int64), (xs.length, xs.item.rank))
    return tuple_type(array(xs.item.dtype, (new_dim("k"),)), shapes)


def _packed_spelling(xs: Type) -> str:
    assert isinstance(xs, SequenceType) and isinstance(xs.item, ArrayType)
    return f"packed_arrays(_0, {xs.item.rank}, np.{xs.item.dtype})"


def _unpacked_type(elements: Type, shapes: Type, /) -> Type:
    assert isinstance(elements, ArrayType) and isinstance(shapes, ArrayType) and shapes.shape is not None
    length, rank = shapes.shape
    assert is_known(rank)
    return SequenceType(array(elements.dtype, tuple(new_dim("k") for _ in range(rank))), length)


def _numbers_type(a: Type, /) -> Type:
    assert isinstance(a, ArrayType) and a.shape is not None
    return SequenceType(array(a.dtype, ()), a.shape[0])


def _chained_type(xs: Type, /) -> Type:
    assert isinstance(xs, SequenceType) and isinstance(xs.item, SequenceType)
    return tuple_type(SequenceType(xs.item.item, new_dim("k")), array(np.dtype(np.int64), (xs.length,)))


def _split_type(items: Type, lengths: Type, /) -> Type:
    assert lengths.is_numeric and lengths.shape is not None
    return SequenceType(items, lengths.shape[0])


def _helper(
    function: Callable[..., object], type_rule: Callable[..., Type], spelling: Callable[..., str] | None = None
) -> Primitive:
    text = spelling or f"{function.__name__}({', '.join(f'_{k}' for k in range(len(signature(type_rule).parameters)))})"
    return register(Primitive(function.__name__, function, type_rule, constant=True, helper=True, spelling=text))


PACKED_ARRAYS = _helper(packed_arrays, _packed_type, _packed_spelling)
UNPACKED = {k + 1: _helper(f, _unpacked_type) for k, f in enumerate((unpacked_1, unpacked_2, unpacked_3))}
"""By the rank of the arrays."""
CHAINED = _helper(chained, _chained_type)
SPLIT_LIST = _helper(split_list, _split_type)
NUMBERS = register(Primitive("numbers", numbers, _numbers_type, constant=True, spelling="list(_0)"))


def packed(builder: Builder, operand: Operand) -> list[Operand]:
    """A value as numbers and arrays: itself, or what a list of them is made of."""
    t = operand.type
    if isinstance(t, ContainerType):
        return [leaf for key in t.keys for leaf in packed(builder, builder.extract(operand, key))]
    if not isinstance(t, SequenceType):
        return [operand]
    # Case by case the same as in `unpacked`, and in one order: it takes from `rest` what this one gives.
    item = t.item
    if item.rank == 0:
        return [builder.call(np.array, operand).operand]
    if item.rank in UNPACKED and item.dtype is not None:
        made = builder.apply(PACKED_ARRAYS, (operand,))
        return [builder.extract(made, 0), builder.extract(made, 1)]
    # One level of nesting less each time: the items of all lists in one, and how many each had.
    if item.is_sequence:
        made = builder.apply(CHAINED, (operand,))
        return [*packed(builder, builder.extract(made, 0)), builder.extract(made, 1)]
    if isinstance(item, ContainerType) and item.items:
        return [leaf for column in _columns(builder, operand, item) for leaf in packed(builder, column)]
    return [operand]


def unpacked(builder: Builder, t: Type, rest: Iterator[Operand]) -> Operand:
    """A value of a type from what it was packed as."""
    if isinstance(t, ContainerType):
        return builder.make(t.cls, t.keys, [unpacked(builder, i, rest) for i in t.items])
    if not isinstance(t, SequenceType):
        return next(rest)
    item = t.item
    if item.rank == 0:
        return _typed(builder, NUMBERS, [next(rest)], t)
    if isinstance(item, ArrayType) and item.rank in UNPACKED and item.dtype is not None:
        return _typed(builder, UNPACKED[item.rank], [next(rest), next(rest)], t)
    if isinstance(item, SequenceType):
        items = unpacked(builder, SequenceType(item.item, new_dim("k")), rest)
        return _typed(builder, SPLIT_LIST, [items, next(rest)], t)
    if isinstance(item, ContainerType) and item.items:
        return _rows(builder, t, [unpacked(builder, SequenceType(i, t.length), rest) for i in item.items])
    return next(rest)


def _typed(builder: Builder, primitive: Primitive, operands: Sequence[Operand], t: Type) -> Value:
    """The result of a primitive, of which more is known than its type rule finds."""
    # What was packed as arrays had lengths and names of lengths, which the arrays do not tell.
    result = Value(t)
    builder.operations.append(Apply(primitive, tuple(operands), result, {}))
    return result


def _columns(builder: Builder, rows: Operand, t: ContainerType) -> list[Value]:
    """Lists of the items of the containers in a list."""
    inner, row = builder.child(), Value(t)
    assert isinstance(rows.type, SequenceType)
    results = tuple(Value(SequenceType(i, rows.type.length)) for i in t.items)
    items = [inner.extract(row, key) for key in t.keys]
    _scan(builder, inner, [rows], [row], items, results)
    return list(results)


def _rows(builder: Builder, t: SequenceType, columns: Sequence[Operand]) -> Value:
    """A list of containers from lists of their items."""
    assert isinstance(t.item, ContainerType)
    inner, items = builder.child(), [Value(i) for i in t.item.items]
    result = Value(t)
    _scan(builder, inner, columns, items, [inner.make(t.item.cls, t.item.keys, items)], (result,))
    return result


def _scan(
    builder: Builder,
    inner: Builder,
    lists: Sequence[Operand],
    items: Sequence[Value],
    collected: Sequence[Operand],
    results: tuple[Value, ...],
) -> None:
    """Append a loop over lists from their starts, and what it collects."""
    # All lists are as long: they are the columns of one.
    trips = constant(0), builder.call(len, lists[0]).operand, constant(1)
    body = inner.block([Value(integer(new_dim("i"))), *items], collected)
    ascending = (True,) * len(lists)
    builder.operations.append(For(*trips, (), tuple(lists), body, results, ascending=ascending))
