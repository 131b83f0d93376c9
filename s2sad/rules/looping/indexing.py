"""Subscripts: `x[1:, k]` is elements of x under other indices; what is stored at one is stored element by element."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from s2sad.errors import UnsupportedType
from s2sad.ir.containers import GETITEM, INDEX_ADD, INDEX_SET, index_items
from s2sad.ir.dims import Dim, dim_sum, may_be_negative, new_dim
from s2sad.ir.loop_rule import Array, Cut, List, Loops, Places, Term, looped
from s2sad.ir.types import ELLIPSIS, ArrayType, SliceType, StaticType, Type
from s2sad.ir.values import Apply, Constant, Operand, constant, is_int
from s2sad.rules.looping.elementwise import broadcast_places, number
from s2sad.rules.looping.shaping import of_items

Item = tuple[Type, Term]


@dataclass
class Subscript:
    """What `x[index]` is: its lengths, and where in x each of its elements is."""

    shape: Places
    places: Callable[[Places], Places]
    of: tuple[Array, ...]
    """The arrays of indices that it reads."""


@looped(GETITEM)
def getitem(loops: Loops, op: Apply, x: Term, index: Term) -> Term:
    if isinstance(x, tuple):
        return _item(loops, op, x, index)
    if isinstance(x, List) and not isinstance(index, Cut):
        return loops.item(x, in_range(loops, number(index), x.length, new_dim()))
    if not isinstance(x, Array):
        raise UnsupportedType(f"{op.operands[0].type} with a subscript")
    found = subscript(loops, op.operands[0].type, x, op.operands[1].type, index, op.result.type)
    if not found.shape:
        return x.element(found.places(()))
    cost = sum(a.cost for a in found.of)
    return Array(x.dtype, found.shape, lambda at: x.element(found.places(at)), (x, *found.of), x.cost + cost)


def _item(loops: Loops, op: Apply, x: tuple[Term, ...], index: Term) -> Term:
    """An item of a tuple by a number that the run knows."""
    if isinstance(index, Constant) and isinstance(index.value, int):
        return x[index.value]
    raise UnsupportedType("an item of a tuple that only the run knows")


@looped(INDEX_SET, INDEX_ADD)
def store(loops: Loops, op: Apply, x: Array, index: Term, value: Term) -> Term:
    """Write at a subscript, or add there, in the memory of x."""
    items = index_items(op.operands[1].type)
    if len(items) == 1 and items[0].is_mask:
        return _store_masked(loops, op, x, index if not isinstance(index, tuple) else index[0], value)
    t = op.operands[0].type
    found = subscript(loops, t, x, op.operands[1].type, index, None)
    if isinstance(value, Array) and value.memory & x.memory:
        value = loops.stored(value)
        if value.memory & x.memory:
            value = loops.fresh(value)
    source = _value_places(loops, op, value, found.shape)

    def write(at: Places) -> None:
        places, term = found.places(at), source(at)
        loops.store(x, places, _new(loops, op, x, places, term))

    loops.nest(found.shape, write)
    return x


def _new(loops: Loops, op: Apply, x: Array, places: Places, term: Operand) -> Operand:
    return loops.call(np.add, x.element(places), term) if op.primitive is INDEX_ADD else term


def _value_places(loops: Loops, op: Apply, value: Term, shape: Places) -> Callable[[Places], Operand]:
    """What is stored, by the place in the subscript's shape."""
    if not isinstance(value, Array):
        term = number(value)
        return lambda at: term
    t = op.operands[2].type
    extra = len(value.shape) - len(shape)
    if extra > 0:
        if not all(is_int(n, 1) for n in value.shape[:extra]):
            raise UnsupportedType("more axes than where they are stored")
        return lambda at: value.element((*[constant(0)] * extra, *at))
    dims: list[Dim] = [_dim(n) for n in shape]
    places = broadcast_places(loops, t, value, dims, shape)
    return lambda at: value.element(places(at))


def _dim(n: Operand) -> Dim:
    size = n.type.size
    return size if size is not None else -1


def _store_masked(loops: Loops, op: Apply, x: Array, mask: Term, value: Term) -> Term:
    """Write one number wherever a mask says so."""
    if not isinstance(mask, Array) or (isinstance(value, Array) and value.shape):
        raise UnsupportedType("an array stored at a mask", "np.where")
    if mask.memory & x.memory:
        mask = loops.fresh(mask)
    term, lead = number(value), len(mask.shape)

    def write(at: Places) -> None:
        def then() -> Sequence[Operand]:
            loops.nest(x.shape[lead:], lambda rest: _write(loops, op, x, (*at, *rest), term))
            return ()

        loops.branch(mask.element(at), then, lambda: ())

    _same_lengths(loops, mask.shape, x.shape)
    loops.nest(mask.shape, write)
    return x


def _write(loops: Loops, op: Apply, x: Array, places: Places, term: Operand) -> None:
    loops.store(x, places, _new(loops, op, x, places, term))


def _same_lengths(loops: Loops, one: Places, two: Places) -> None:
    for a, b in zip(one, two, strict=False):
        if a is not b:
            loops.guard(loops.call(np.equal, a, b))


def subscript(loops: Loops, t: Type, x: Array, index_type: Type, index: Term, result: Type | None) -> Subscript:
    """What a subscript means for an array."""
    items = _items(loops, t, index_type, index)
    if any(i.is_mask for i, _ in items):
        raise UnsupportedType("a mask as an index", "np.where")
    dims = t.shape
    assert dims is not None
    shape: list[Operand] = []
    vectors = [term for i, term in items if isinstance(term, Array) and term.shape]
    if len(vectors) > 1 or (vectors and any(i.is_scalar for i, _ in items)):
        return _paired(loops, t, x, items)
    makers: list[Callable[[Places], Operand]] = []
    axis = 0
    for item, term in items:
        if isinstance(item, StaticType):
            shape.append(constant(1))
            continue
        n = x.shape[axis]
        if isinstance(item, SliceType):
            assert isinstance(term, Cut)
            length, place = cut(loops, n, dims[axis], term, item)
            makers.append(_along(len(shape), place))
            shape.append(length)
        elif isinstance(term, Array) and term.shape:
            makers.append(_gathered(loops, len(shape), term, n, dims[axis]))
            shape += term.shape
        else:
            fixed = in_range(loops, number(term), n, dims[axis])
            makers.append(_fixed(fixed))
        axis += 1
    lengths = _known_lengths(shape, result)
    return Subscript(lengths, lambda at: tuple(m(at) for m in makers), tuple(vectors))


def _known_lengths(shape: Sequence[Operand], result: Type | None) -> Places:
    if result is None or result.shape is None or len(result.shape) != len(shape):
        return tuple(shape)
    return tuple(constant(d) if isinstance(d, int) else n for d, n in zip(result.shape, shape, strict=True))


def _items(loops: Loops, t: Type, index_type: Type, index: Term) -> list[Item]:
    """The items of a subscript with their types, one for each axis: an ellipsis is as many slices as it stands for."""
    types = list(index_items(index_type))
    terms = list(index) if index_type.cls is tuple and isinstance(index, tuple) else [index]
    items = [_as_vector(loops, i, term) for i, term in zip(types, terms, strict=True)]
    consumed = sum(not isinstance(i, StaticType) for i in types)
    whole: Item = (SliceType(None, None, None), Cut(None, None, None))
    missing = [whole] * ((t.rank or 0) - consumed)
    k = next((k for k, i in enumerate(types) if i == ELLIPSIS), None)
    if k is None:
        return [*items, *missing]
    return [*items[:k], *missing, *items[k + 1 :]]


def _as_vector(loops: Loops, t: Type, term: Term) -> Item:
    """A list of indices as an array."""
    if not isinstance(term, tuple) or isinstance(t, StaticType):
        return t, term
    dtype = np.dtype(bool if t.items and t.items[0].is_mask else np.int64)
    made = loops.stored(of_items(loops, term, dtype))
    return ArrayType(dtype, tuple(map(_dim, made.shape)), "array"), made


def _along(axis: int, place: Callable[[Operand], Operand]) -> Callable[[Places], Operand]:
    return lambda at: place(at[axis])


def _fixed(place: Operand) -> Callable[[Places], Operand]:
    return lambda at: place


def _gathered(loops: Loops, first: int, indices: Array, n: Operand, dim: Dim) -> Callable[[Places], Operand]:
    rank = len(indices.shape)
    return lambda at: in_range(loops, indices.element(at[first : first + rank]), n, dim)


def _paired(loops: Loops, t: Type, x: Array, items: Sequence[Item]) -> Subscript:
    """Arrays of indices side by side, in front or alone: `x[i, j]` takes pairs."""
    dims = t.shape
    assert dims is not None
    if any(isinstance(i, StaticType) for i, _ in items):
        raise UnsupportedType("new axes beside arrays of indices")
    kinds = ["cut" if isinstance(i, SliceType) else "place" for i, _ in items]
    first = kinds.index("place")
    count = kinds.count("place")
    if kinds[first : first + count] != ["place"] * count:
        raise UnsupportedType("arrays of indices that do not stand side by side")
    vectors = [(i, term) for i, term in items if isinstance(term, Array) and term.shape]
    ranks = {len(v.shape) for _, v in vectors}
    if len(ranks) > 1:
        raise UnsupportedType("arrays of indices of different ranks")
    together = vectors[0][1].shape
    sizes = [_dim(n) for n in together]
    shape: list[Operand] = []
    makers: list[Callable[[Places], Operand]] = []
    for axis, (item, term) in enumerate(items):
        if axis == first:
            shape += together
        n, d = x.shape[axis], dims[axis]
        if isinstance(term, Cut):
            assert isinstance(item, SliceType)
            length, place = cut(loops, n, d, term, item)
            makers.append(_along(len(shape), place))
            shape.append(length)
        elif isinstance(term, Array) and term.shape:
            places = broadcast_places(loops, item, term, sizes, together)
            makers.append(_picked(loops, first, len(together), term, places, n, d))
        else:
            makers.append(_fixed(in_range(loops, number(term), n, d)))
    return Subscript(tuple(shape), lambda at: tuple(m(at) for m in makers), tuple(v for _, v in vectors))


def _picked(
    loops: Loops, first: int, rank: int, term: Array, places: Callable[[Places], Places], n: Operand, dim: Dim
) -> Callable[[Places], Operand]:
    return lambda at: in_range(loops, term.element(places(at[first : first + rank])), n, dim)


def in_range(loops: Loops, place: Operand, length: Operand, dim: Dim) -> Operand:
    """An index counted from the start, and in range: the program is left where it is not."""
    if isinstance(place, Constant) and isinstance(place.value, (int, np.integer)):
        k = int(place.value)
        if isinstance(length, Constant):
            assert isinstance(length.value, int)
            if not -length.value <= k < length.value:
                loops.guard(constant(False))
                return constant(0)
            return constant(k % length.value)
        place = constant(k) if k >= 0 else loops.add(length, k)
        loops.guard(loops.call(np.greater, length, k) if k >= 0 else loops.call(np.greater_equal, length, -k))
        return place
    size = place.type.size
    if size is None or may_be_negative(size):
        below = loops.call(np.less, place, 0)
        place = loops.select(below, loops.call(np.add, place, length), place)
        loops.guard(loops.call(np.greater_equal, place, 0))
        loops.guard(loops.call(np.less, place, length))
    elif not is_below(size, dim):
        loops.guard(loops.call(np.less, place, length))
    return place


def is_below(size: Dim, dim: Dim) -> bool:
    """Whether an index is known to be below a length."""
    if not may_be_negative(dim_sum(dim_sum(dim, size, -1), 1, -1)):
        return True
    if isinstance(size, int) or len(size.terms) != 1:
        return False
    ((symbol, c),) = size.terms
    if c != 1 or symbol.most is None:
        return False
    return not may_be_negative(dim_sum(dim_sum(dim, dim_sum(symbol.most, size.offset), -1), 1, -1))


def cut(
    loops: Loops, n: Operand, dim: Dim, part: Cut, t: SliceType
) -> tuple[Operand, Callable[[Operand], Operand]]:
    """The length of a slice, and where the element of a place in it is."""
    step = 1 if part.step is None else part.step.value if isinstance(part.step, Constant) else None
    if not isinstance(step, int) or step == 0:
        raise UnsupportedType("a slice whose step only the run knows")
    if step > 0:
        start = _end(loops, part.start, n, dim, constant(0))
        stop = _end(loops, part.stop, n, dim, n)
        length = _count(loops, start, stop, step)
    else:
        last = loops.subtract(n, 1)
        start = last if part.start is None else _low_end(loops, part.start, n)
        stop = constant(-1) if part.stop is None else _low_end(loops, part.stop, n)
        length = _count(loops, stop, start, -step)
    return length, lambda i: loops.add(start, loops.multiply(i, step)) if step > 0 else _back(loops, start, i, -step)


def _back(loops: Loops, start: Operand, i: Operand, step: int) -> Operand:
    return loops.subtract(start, loops.multiply(i, step))


def _end(loops: Loops, end: Operand | None, n: Operand, dim: Dim, default: Operand) -> Operand:
    """An end of a slice of positive step, counted from the start and clipped."""
    if end is None:
        return default
    size = end.type.size
    if size is not None and not may_be_negative(size):
        return end if not may_be_negative(dim_sum(dim, size, -1)) else loops.call(min, end, n)
    if isinstance(end, Constant):
        from_end = loops.add(n, end)
        return from_end if from_end.type.size is not None and not may_be_negative(from_end.type.size) else loops.call(max, from_end, 0)
    wrapped = loops.select(loops.call(np.less, end, 0), loops.call(np.add, end, n), end)
    return loops.call(max, loops.call(min, wrapped, n), 0)


def _low_end(loops: Loops, end: Operand, n: Operand) -> Operand:
    """An end of a slice of negative step: from -1 to the last place."""
    wrapped = loops.select(loops.call(np.less, end, 0), loops.call(np.add, end, n), end)
    return loops.call(max, loops.call(min, wrapped, loops.subtract(n, 1)), -1)


def _count(loops: Loops, start: Operand, stop: Operand, step: int) -> Operand:
    length = loops.subtract(stop, start)
    if step != 1:
        length = loops.call(np.floor_divide, loops.add(length, step - 1), step)
    if isinstance(length, Constant):
        assert isinstance(length.value, int)
        return constant(max(length.value, 0))
    size = length.type.size
    return length if size is not None and not may_be_negative(size) else loops.call(max, length, 0)
