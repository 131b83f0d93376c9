"""The primitives that the compiler itself speaks of: containers, indices, shapes, and what is not there.

make, extract       build a tuple, list, dict, NamedTuple or dataclass; take one item
make_slice          a slice whose parts are values
getitem             `x[index]` of an array, or of a list of run-time length
index_add           `x` with `g` added at `index`: the adjoint of getitem, in place where `x` is not needed any more
index_set           `x` with `g` stored at `index`
shape               `x.shape`
undefined           the value of a name in a branch that does not bind it
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from s2sad.ir.broadcasting import broadcast_shapes
from s2sad.ir.dims import Dim, Shape, Size, derived_dim, dim_sum, is_known, least_value, may_be_negative, new_dim
from s2sad.ir.primitive import Effect, Primitive, Quantity, Rule, primitive_name, register
from s2sad.ir.trees import together
from s2sad.ir.types import (
    ELLIPSIS,
    INT,
    NONE,
    ArrayType,
    ContainerType,
    SequenceType,
    SliceType,
    StaticType,
    Type,
    array,
    integer,
    join,
    one_item,
    surely_fits,
    tuple_type,
)


def _make_type(*items: Type, cls: type, keys: tuple[object, ...]) -> Type:
    return ContainerType(cls, keys, items)


def _make(*items: Quantity, cls: type, keys: tuple[object, ...]) -> object:
    return together(cls, keys, items)


def _extract_type(container: Type, /, key: object) -> Type:
    return container[key]


def _extract(container: Quantity, /, key: Quantity) -> Quantity:
    return container[key] if isinstance(container, (tuple, list, dict)) else getattr(container, key)


def _make_slice_type(start: Type, stop: Type, step: Type, /) -> Type:
    parts = [p if isinstance(p, ArrayType) else None for p in (start, stop, step)]
    return SliceType(*parts)


def _shape_type(x: Type, /) -> Type:
    assert x.is_numeric
    if x.shape is None:
        return SequenceType(INT, new_dim("rank"))
    return tuple_type(*map(integer, x.shape))


def _shape_spelling(x: Type) -> str:
    return "_0.shape" if x.kind == "array" else "np.shape(_0)"


def _undefined_type(*, type: Type) -> Type:
    return type


# Indexing


def slice_length(length: Dim, s: SliceType) -> Dim:
    """The length of `x[s]`: two slices cut alike have one length, linear in that of x where the parts are known."""
    step = 1 if s.step is None else s.step.size
    given = [p.size for p in (s.start, s.stop) if p is not None]
    if is_known(length) and is_known(step) and all(isinstance(d, int) for d in given) and step:
        first, last = (None if p is None else p.size for p in (s.start, s.stop))
        return len(range(*slice(first, last, step).indices(length)))
    # Turned around whole: as long as it was, whatever that is.
    if step == -1 and s.start is None and s.stop is None:
        return length
    found = _linear_length(length, s) if step == 1 else None
    if found is not None:
        return found
    parts = (s.start, s.stop, s.step)
    # A part of which nothing is known gives a length of its own each time; from known parts the same length is derived
    # again, so that two slices cut alike fit each other.
    if any(p is not None and p.size is None for p in parts):
        return new_dim("s")
    return derived_dim("s", length, *(None if p is None else p.size for p in parts))


def _linear_length(length: Dim, s: SliceType) -> Dim | None:
    """The length of a slice of step 1, as both ends are clipped alike; None where they may not be."""
    start = 0 if s.start is None else s.start.size
    stop = length if s.stop is None else s.stop.size
    if stop is None or start is None:
        return None
    if isinstance(start, Size):
        # nothing is clipped where 0 <= start <= stop <= length, for all that the symbols may be
        ends = (start, dim_sum(stop, start, -1), dim_sum(length, stop, -1))
        return None if any(map(may_be_negative, ends)) else ends[1]
    if is_known(stop) and stop < 0:
        stop = dim_sum(length, stop)
    if start < 0:
        return -start if stop == length and -start <= least_value(length) else None
    # x[a:b] with a, b >= 0 given as numbers may be clipped by a shorter x; x[a:] and x[a:-b] are n - a - b or empty
    if is_known(stop):
        return max(0, stop - start) if stop <= least_value(length) else None
    if stop != length and s.stop is not None and not _is_below(stop, length):
        return None
    return dim_sum(stop, start, -1)


def _is_below(stop: Dim, length: Dim) -> bool:
    """Whether `stop` is `length` less a constant, or not below 0 and never behind the end."""
    difference = dim_sum(length, stop, -1)
    if is_known(difference):
        return difference >= 0
    return not may_be_negative(difference) and not may_be_negative(stop)


def index_items(index: Type) -> tuple[Type, ...]:
    """The items of an index: those of a tuple, or the index itself."""
    return index.items if index.cls is tuple else (index,)


def _consumes(item: Type) -> int:
    if item.is_mask:
        return item.rank or 0
    return 0 if item.is_static else 1


def is_basic_index(index: Type) -> bool:
    """Integers, slices, None and Ellipsis only: a view, every element once."""
    return all(isinstance(i, (SliceType, StaticType)) or (i.is_scalar and i.is_integer) for i in index_items(index))


def has_vector(index: Type) -> bool:
    """Whether a subscript has an array or list of indices, or a mask: what it takes is a copy."""
    items = index_items(index)
    return any(bool(i.rank) if i.is_numeric else is_list(i) for i in items)


def is_list(t: Type) -> bool:
    return t.cls is list


def is_flip(index: Type) -> bool:
    """Whether an index takes every element of an array, some axes from their ends: `x[::-1]`, its own inverse."""
    return all(
        i == ELLIPSIS
        or (isinstance(i, SliceType) and i.start is i.stop is None and (i.step is None or i.step.size in (1, -1)))
        for i in index_items(index)
    )


def unwidened(index: Type, rank: int) -> tuple[object, ...] | int | None:
    """The subscript that takes `x` from `x[index]` of this rank, if that only adds axes: `[:, 0]` for `[:, None]`."""
    items = list(index_items(index))
    whole = slice(None)
    places: list[object] = []
    for i in items:
        if i == ELLIPSIS:
            places += [whole] * (rank - len(items) + 1)
        elif i == NONE:
            places.append(0)
        elif isinstance(i, SliceType) and i.start is i.stop is i.step is None:
            places.append(whole)
        else:
            return None
    while places and places[-1] == whole:
        places.pop()
    return 0 if places == [0] else tuple(places) if 0 in places else None


def indexed_shape(shape: Shape | None, index: Type) -> Shape | None:
    """The shape of `x[index]`; raises IndexError for too many indices."""
    if shape is None:
        return None
    items = list(index_items(index))
    ellipsis = [k for k, i in enumerate(items) if i == ELLIPSIS]
    missing = len(shape) - sum(map(_consumes, items))
    if missing < 0:
        raise IndexError(f"too many indices: the array has {len(shape)} dimensions")
    # an Ellipsis stands for as many slices as are missing; without one they are behind
    whole = [SliceType(None, None, None)] * missing
    k = ellipsis[0] if ellipsis else len(items)
    items[k : k + len(ellipsis)] = whole
    return _indexed(shape, items)


def _indexed(shape: Shape, items: list[Type]) -> Shape | None:
    result: list[Dim] = []
    advanced: list[Shape | None] = []
    places: list[int] = []
    axis = 0
    for position, item in enumerate(items):
        if isinstance(item, SliceType):
            result.append(slice_length(shape[axis], item))
        elif item.is_static:
            result.append(1)
        # A single integer takes its axis away and gives none.
        elif item.is_scalar and item.is_integer and not _mixed(items):
            pass
        else:
            picked = _picked(item)
            if picked is None:
                return None
            advanced.append(picked)
            places.append(position)
            # Where the first index array stands its axes go in, if all stand side by side.
            if len(places) == 1:
                at = len(result)
        axis += _consumes(item)
    if advanced:
        together = broadcast_shapes(*advanced)
        if together is None:
            return None
        # NumPy's rule: the axes of index arrays that do not stand together come first
        if places != list(range(places[0], places[0] + len(places))):
            at = 0
        result[at:at] = together
    return tuple(result)


def _mixed(items: list[Type]) -> bool:
    """Whether integers count as index arrays, because there is an index array beside them."""
    return any(not isinstance(i, (SliceType, StaticType)) and not i.is_scalar for i in items)


def _picked(item: Type) -> Shape | None:
    """The shape an index array contributes."""
    if isinstance(item, ContainerType):
        inner = [_picked(i) for i in item.items]
        return (len(inner), *inner[0]) if inner and inner[0] is not None else None
    if not isinstance(item, ArrayType):
        return None
    if item.is_mask:
        return (new_dim("k"),)
    return item.shape


def _getitem_type(x: Type, index: Type, /) -> Type:
    if isinstance(x, SequenceType):
        return SequenceType(x.item, slice_length(x.length, index)) if isinstance(index, SliceType) else one_item(x.item)
    if isinstance(x, ContainerType):
        joined: Type | None = x.items[0]
        for item in x.items[1:]:
            joined = joined and join(joined, item)
        assert joined is not None
        return joined
    assert x.is_numeric
    shape = indexed_shape(x.shape, index)
    return array(x.dtype, shape)


def _index_add_type(x: Type, index: Type, g: Type, /) -> Type:
    assert x.is_numeric
    return ArrayType(x.dtype, x.shape, "any" if x.shape is None else "array")


def _store_fits(x: Type, index: Type, value: Type) -> bool:
    return surely_fits(value, indexed_shape(x.shape, index))


def _index_add(x: Quantity, index: Quantity, g: Quantity, /) -> Quantity:
    result = np.array(x)
    np.add.at(result, index, g)
    return result


def _index_set(x: Quantity, index: Quantity, g: Quantity, /) -> Quantity:
    result = np.array(x)
    result[index] = g
    return result


def _index_add_update(x: Type, index: Type, g: Type) -> str:
    if is_basic_index(index) or has_only_masks(index):
        return "_0[_1] += _2"
    return "np.add.at(_0, _1, _2)"


def has_only_masks(index: Type) -> bool:
    """Slices and boolean masks only: every element once."""
    return all(isinstance(i, (SliceType, StaticType)) or i.is_mask for i in index_items(index))


def _getitem(x: Quantity, index: Quantity, /) -> Quantity:
    return x[index]


def _index_add_adjoint(
    g: Quantity, y: Quantity, xs: Sequence[Quantity], active: Sequence[bool]
) -> tuple[Quantity, ...]:
    return (g if active[0] else None, None, FIT[0](g[xs[1]], xs[2]) if active[2] else None)


def _index_set_adjoint(
    g: Quantity, y: Quantity, xs: Sequence[Quantity], active: Sequence[bool]
) -> tuple[Quantity, ...]:
    """What was stored takes the adjoint of its place, which is cleared: nothing came from the old contents."""
    x, index, value = xs
    stored = FIT[0](STORED[0](g, index), value) if active[2] else None
    return (_call(_index_set, g, index, 0.0) if active[0] else None, None, stored)


def _getitem_adjoint(g: Quantity, y: Quantity, xs: Sequence[Quantity], active: Sequence[bool]) -> tuple[Quantity, ...]:
    x, index = xs
    if isinstance(getattr(x, "type", None), SequenceType):
        return (ITEM_ADJOINT[0](g, x, index), None)
    return (_call(_index_add, np.zeros_like(x), index, g) if active[0] else None, None)


def _getitem_tangent(y: Quantity, xs: Sequence[Quantity], dots: Sequence[Quantity]) -> Quantity:
    return dots[0][xs[1]]


def _update_tangent(function: Rule) -> Rule:
    def tangent(y: Quantity, xs: Sequence[Quantity], dots: Sequence[Quantity]) -> Quantity:
        x_dot = np.zeros_like(xs[0]) if dots[0] is None else dots[0]
        if dots[2] is None and function is _index_add:
            return x_dot
        return _call(function, x_dot, xs[1], 0.0 if dots[2] is None else dots[2])

    return tangent


FIT: list[Rule] = []
"""The part of an adjoint that belongs to an operand which was broadcast: put here by `rules/contributions.py`."""
STORED: list[Rule] = []
"""The adjoint of what was stored at an index: put here by `rules/numpy/indexing.py`."""
ITEM_ADJOINT: list[Rule] = []
"""What `xs[k]` of a list of run-time length adds to the adjoint of the list: put here by `primitives/lists.py`."""


def _call(function: Rule, x: Quantity, *arguments: object) -> Quantity:
    return x.builder.call(function, x, *arguments) if hasattr(x, "builder") else function(x, *arguments)


MAKE = register(Primitive("make", _make, _make_type, effect=Effect.VIEW))
EXTRACT = register(Primitive("extract", _extract, _extract_type, effect=Effect.VIEW, called_as="item"))
MAKE_SLICE = register(Primitive("slice", slice, _make_slice_type, constant=True))
GETITEM = register(
    Primitive(
        "getitem",
        _getitem,
        _getitem_type,
        _getitem_tangent,
        _getitem_adjoint,
        effect=Effect.VIEW,
        copies=lambda x, index: x.is_numeric and has_vector(index),
        spelling="_0[_1]",
        called_as="part",
    )
)
INDEX_ADD = register(
    Primitive(
        "index_add",
        _index_add,
        _index_add_type,
        _update_tangent(_index_add),
        _index_add_adjoint,
        update=_index_add_update,
        stores=True,
        fits=_store_fits,
    )
)
INDEX_SET = register(
    Primitive(
        "index_set",
        _index_set,
        _index_add_type,
        _update_tangent(_index_set),
        _index_set_adjoint,
        update="_0[_1] = _2",
        stores=True,
        fits=_store_fits,
    )
)
SHAPE = register(
    Primitive(primitive_name(np.shape), np.shape, _shape_type, constant=True, spelling=_shape_spelling, measures=True)
)
UNDEFINED = register(Primitive("undefined", lambda *, type: None, _undefined_type, constant=True))
