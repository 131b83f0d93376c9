"""Subscripts: `x[1:, k]` is elements of x under other indices; what is stored at one is stored element by element."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from s2sad.errors import UnsupportedType
from s2sad.ir.broadcasting import broadcast_shapes
from s2sad.ir.containers import GETITEM, INDEX_ADD, INDEX_SET, index_items
from s2sad.ir.dims import Dim, dim_sum, may_be_negative, new_dim
from s2sad.ir.loop_rule import Array, Cut, List, Loops, Places, Term, looped, mapped
from s2sad.ir.types import ELLIPSIS, ArrayType, SliceType, StaticType, Type
from s2sad.ir.values import Apply, Constant, Operand, constant, is_int
from s2sad.rules.looping.elementwise import broadcast, broadcast_places, number, once
from s2sad.rules.looping.ragged import renumbered
from s2sad.rules.looping.shaping import array_of, axes_of, of_items, raveled, same_lengths
from s2sad.rules.numpy.indexing import last_stored, put_along


@dataclass(eq=False)
class Item:
    """An item of a subscript."""

    type: Type
    term: Term
    is_safe: bool = False
    """Its indices are in range, and none is counted from the end."""

    @property
    def is_new(self) -> bool:
        """Whether it is a new axis."""
        return isinstance(self.type, StaticType)


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
        return _item_of_tuple(op, x, index)
    if isinstance(x, List):
        return _of_list(loops, op, x, index)
    if not isinstance(x, Array):
        raise UnsupportedType(f"{op.operands[0].type} with a subscript")
    found = subscript(loops, op.operands[0].type, x, op.operands[1].type, index, op.result.type)
    if not found.shape:
        return x.element(found.places(()))
    cost = sum(a.cost for a in found.of)
    return Array(x.dtype, found.shape, lambda at: x.element(found.places(at)), (x, *found.of), x.cost + cost)


def _of_list(loops: Loops, op: Apply, xs: List, index: Term) -> Term:
    """An item of a list, or a slice: the items are where they are."""
    if not isinstance(index, Cut):
        return loops.item(xs, in_range(loops, number(index), xs.length, new_dim()))
    t = op.operands[1].type
    assert isinstance(t, SliceType)
    length, place = cut(loops, xs.length, new_dim(), index, t)
    return List(renumbered(loops, xs.items, length, place), length)


def _item_of_tuple(op: Apply, x: tuple[Term, ...], index: Term) -> Term:
    """An item of a tuple by a number that the run knows."""
    if isinstance(index, Constant) and isinstance(index.value, int):
        return x[index.value]
    raise UnsupportedType("an item of a tuple that only the run knows")


@looped(INDEX_SET, INDEX_ADD)
def store(loops: Loops, op: Apply, x: Array, index: Term, value: Term) -> Term:
    """Write at a subscript, or add there, in the memory of x."""
    items = index_items(op.operands[1].type)
    mask = index[0] if isinstance(index, tuple) and index else index
    if (
        len(items) == 1
        and items[0].is_mask
        and isinstance(mask, Array)
        and not (isinstance(value, Array) and value.shape)
    ):
        return _store_masked(loops, op, x, mask, value)
    t = op.operands[0].type
    index = mapped(index, lambda i: loops.fresh(i) if isinstance(i, Array) and i.memory & x.memory else i)
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


def _store_masked(loops: Loops, op: Apply, x: Array, mask: Array, value: Term) -> Term:
    """Write one number wherever a mask says so."""
    if mask.memory & x.memory:
        mask = loops.fresh(mask)
    term, lead = number(value), len(mask.shape)

    def write(at: Places) -> None:
        def then() -> Sequence[Operand]:
            loops.nest(x.shape[lead:], lambda rest: _write(loops, op, x, (*at, *rest), term))
            return ()

        loops.branch(mask.element(at), then, lambda: ())

    same_lengths(loops, mask.shape, x.shape)
    loops.nest(mask.shape, write)
    return x


def _write(loops: Loops, op: Apply, x: Array, places: Places, term: Operand) -> None:
    loops.store(x, places, _new(loops, op, x, places, term))


def subscript(loops: Loops, t: Type, x: Array, index_type: Type, index: Term, result: Type | None) -> Subscript:
    """What a subscript means for an array."""
    items = _items(loops, t, x, index_type, index)
    dims = t.shape
    assert dims is not None
    together = _Together.of(loops, items)
    shape: list[Operand] = []
    makers: list[Callable[[Places], Operand]] = []
    if together is not None and together.first == 0:
        shape += together.shape
    axis = 0
    for k, item in enumerate(items):
        if together is not None and k == together.first and k:
            together.at = len(shape)
            shape += together.shape
        if item.is_new:
            shape.append(constant(1))
            continue
        if axis >= x.rank:
            raise UnsupportedType("an item of what has fewer axes than were known before")
        n, d = x.shape[axis], dims[axis]
        if isinstance(item.type, SliceType):
            assert isinstance(item.term, Cut)
            length, place = cut(loops, n, d, item.term, item.type)
            makers.append(_along(len(shape), place))
            shape.append(length)
        elif isinstance(item.term, Array) and item.term.shape:
            assert together is not None
            makers.append(_picked(loops, together, item, n, d))
        else:
            makers.append(_fixed(in_range(loops, number(item.term), n, d)))
        axis += 1
    vectors = tuple(i.term for i in items if isinstance(i.term, Array) and i.term.shape)
    return Subscript(_known_lengths(shape, result), lambda at: tuple(m(at) for m in makers), vectors)


def _known_lengths(shape: Sequence[Operand], result: Type | None) -> Places:
    if result is None or result.shape is None or len(result.shape) != len(shape):
        return tuple(shape)
    return tuple(constant(d) if isinstance(d, int) else n for d, n in zip(result.shape, shape, strict=True))


def _items(loops: Loops, t: Type, x: Array, index_type: Type, index: Term) -> list[Item]:
    """The items of a subscript, one for each axis: an ellipsis is as many slices as it stands for, a mask the places
    where it is true."""
    types = list(index_items(index_type))
    terms = list(index) if index_type.cls is tuple and isinstance(index, tuple) else [index]
    items: list[Item] = []
    missing = [Item(SliceType(None, None, None), Cut(None, None, None))] * _missing(t, types)
    axis = 0
    for i, term in zip(types, terms, strict=True):
        if i == ELLIPSIS:
            found, missing = missing, []
        else:
            found = _item(loops, i, term, x.shape[axis:])
        items += found
        axis += sum(not item.is_new for item in found)
    return [*items, *missing]


def _missing(t: Type, types: Sequence[Type]) -> int:
    """How many axes a subscript does not speak of."""
    consumed = sum((i.rank or 0) if _is_mask(i) else not isinstance(i, StaticType) for i in types)
    return (t.rank or 0) - consumed


def _is_mask(t: Type) -> bool:
    return t.is_mask and not t.is_container


def _item(loops: Loops, t: Type, term: Term, lengths: Places) -> list[Item]:
    own, vector = _as_vector(loops, t, term)
    if not own.is_mask:
        return [Item(own, vector)]
    if not isinstance(vector, Array):
        raise UnsupportedType("a truth as an index", "np.where")
    same_lengths(loops, vector.shape, lengths)
    return [Item(place_type(row), row, True) for row in true_places(loops, vector)]


def place_type(row: Array) -> Type:
    """The type of indices in memory."""
    assert row.handle is not None
    return row.handle.type


def true_places(loops: Loops, mask: Array, hint: str | None = None) -> list[Array]:
    """Where the elements of an array are true, or not 0: for each axis the indices, in the order of the elements."""
    source = loops.cheap(mask)
    truth: Callable[[Places], Operand] = source.element
    if mask.dtype != bool:
        truth = lambda at: loops.call(np.not_equal, source.element(at), 0)  # noqa: E731
    one = lambda at: loops.select(truth(at), constant(1), constant(0))  # noqa: E731
    count = loops.total(source.shape, constant(0), one, hint="count")
    places = np.dtype(np.int64)
    rows = [loops.allocate(places, (count,), hint) for _ in source.shape]

    def add(at: Places, k: Operand) -> Sequence[Operand]:
        def then() -> Sequence[Operand]:
            for row, i in zip(rows, at, strict=True):
                loops.store(row, (k,), i)
            return [loops.add(k, 1)]

        return loops.branch(truth(at), then, lambda: [k])

    loops.fold(source.shape, [constant(0)], add, hint="k")
    return rows


@dataclass
class _Together:
    """The arrays of indices of a subscript: broadcast, they are as many axes of the result."""

    first: int
    """Before which item these stand: before all of them where the arrays do not stand side by side."""
    shape: Places
    places: dict[int, Callable[[Places], Places]]
    """By the item: the place in its array, of a place in all of them."""
    at: int = 0
    """How many axes of the result are before them."""

    @staticmethod
    def of(loops: Loops, items: Sequence[Item]) -> _Together | None:
        picked = [k for k, i in enumerate(items) if not i.is_new and not isinstance(i.type, SliceType)]
        vectors = [k for k in picked if isinstance((v := items[k].term), Array) and v.shape]
        if not vectors:
            return None
        types = [items[k].type for k in vectors]
        dims = broadcast_shapes(*(t.shape for t in types))
        if dims is None:
            raise UnsupportedType("arrays of indices whose shapes are not known")
        terms = [once(loops, items[k].term, _ends(dims)) for k in vectors]
        for k, term in zip(vectors, terms, strict=True):
            items[k].term = term
        shape, places = broadcast(loops, ArrayType(np.dtype(np.int64), dims, "array"), types, terms)
        side_by_side = picked == list(range(picked[0], picked[0] + len(picked)))
        table = {id(items[k]): p for k, p in zip(vectors, places, strict=True)}
        return _Together(picked[0] if side_by_side else 0, shape, table)


def _ends(dims: Sequence[Dim]) -> Places:
    """Lengths of which it is known only whether they are 1."""
    return tuple(constant(1 if d == 1 else 2) for d in dims)


def _as_vector(loops: Loops, t: Type, term: Term) -> tuple[Type, Term]:
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


def _picked(loops: Loops, together: _Together, item: Item, n: Operand, dim: Dim) -> Callable[[Places], Operand]:
    term, places = item.term, together.places[id(item)]
    assert isinstance(term, Array)
    row, rank = term, len(together.shape)

    def maker(at: Places) -> Operand:
        place = row.element(places(at[together.at : together.at + rank]))
        return place if item.is_safe else in_range(loops, place, n, dim)

    return maker


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


def cut(loops: Loops, n: Operand, dim: Dim, part: Cut, t: SliceType) -> tuple[Operand, Callable[[Operand], Operand]]:
    """The length of a slice, and where the element of a place in it is."""
    step = 1 if part.step is None else part.step.value if isinstance(part.step, Constant) else None
    if step is None and part.step is not None:
        return _stepped(loops, n, dim, part, part.step)
    if not isinstance(step, int) or step == 0:
        raise UnsupportedType("a slice in steps of 0")
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


def _stepped(
    loops: Loops, n: Operand, dim: Dim, part: Cut, step: Operand
) -> tuple[Operand, Callable[[Operand], Operand]]:
    """The same by a step that the run knows: the program is left where it goes backward."""
    loops.guard(loops.call(np.greater, step, 0))
    start = _end(loops, part.start, n, dim, constant(0))
    stop = _end(loops, part.stop, n, dim, n)
    span = loops.add(loops.subtract(stop, start), loops.subtract(step, 1))
    length = loops.call(max, loops.call(np.floor_divide, span, step), 0)
    return length, lambda i: loops.add(start, loops.multiply(i, step))


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
        return (
            from_end
            if from_end.type.size is not None and not may_be_negative(from_end.type.size)
            else loops.call(max, from_end, 0)
        )
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


@looped(last_stored)
def stored_last(loops: Loops, op: Apply, g: Term, index: Term) -> Term:
    """The elements at a subscript, of each that stands there several times the last one alone."""
    assert isinstance(g, Array)
    source = loops.cheap(g)
    found = subscript(loops, op.operands[0].type, source, op.operands[1].type, index, op.result.type)
    last = loops.allocate(np.dtype(np.int64), source.shape)

    def position(at: Places) -> Operand:
        total: Operand = constant(0)
        for i, n in zip(at, found.shape, strict=True):
            total = loops.add(loops.multiply(total, n), i)
        return total

    loops.nest(found.shape, lambda at: loops.store(last, found.places(at), position(at)))
    zero = constant(g.dtype.type(0))

    def element(at: Places) -> Operand:
        places = found.places(at)
        is_last = loops.call(np.equal, last.element(places), position(at))
        return loops.select(is_last, source.element(places), zero)

    return loops.computed(g.dtype, found.shape, element, 2, source, last, *found.of)


@looped(np.nonzero)
def nonzero(loops: Loops, op: Apply, x: Term) -> Term:
    return tuple(true_places(loops, array_of(x), op.result.hint))


@looped(np.flatnonzero)
def flat_nonzero(loops: Loops, op: Apply, x: Term) -> Term:
    return true_places(loops, raveled(loops, array_of(x)), op.result.hint)[0]


@looped(np.argwhere)
def rows_of_places(loops: Loops, op: Apply, x: Term) -> Term:
    rows = true_places(loops, array_of(x))
    target = loops.allocate(np.dtype(np.int64), (rows[0].shape[0], constant(len(rows))), op.result.hint)

    def write(at: Places) -> None:
        for k, row in enumerate(rows):
            loops.store(target, (*at, constant(k)), row.element(at))

    loops.nest(rows[0].shape, write)
    return target


@looped(np.take_along_axis)
def take_along(loops: Loops, op: Apply, x: Term, indices: Term) -> Term:
    """`x[i, at[i, j]]`: the indices may be broadcast along other axes."""
    x, row = array_of(x), array_of(indices)
    axis = op.static.get("axis", -1)
    if axis is None:
        x, axis = raveled(loops, x), 0
    (k,) = axes_of(axis, x.rank)
    dims = op.operands[0].type.shape
    assert dims is not None and len(dims) == x.rank
    source, chosen = loops.cheap(x), loops.cheap(row)

    def along(j: int, i: Operand) -> Operand:
        # of one row it is taken for all
        return constant(0) if is_int(source.shape[j], 1) and not is_int(chosen.shape[j], 1) else i

    for j in range(x.rank):
        if j != k and not is_int(source.shape[j], 1):
            same_lengths(loops, chosen.shape[j : j + 1], source.shape[j : j + 1])

    def element(at: Places) -> Operand:
        place = in_range(loops, chosen.element(at), source.shape[k], dims[k])
        return source.element(tuple(place if j == k else along(j, i) for j, i in enumerate(at)))

    return loops.computed(x.dtype, row.shape, element, 1, source, chosen)


@looped(put_along)
def put(loops: Loops, op: Apply, g: Term, indices: Term, like: Term) -> Term:
    """Zeros, with elements added at the places where they were taken from."""
    (k,) = axes_of(op.static["axis"], array_of(like).rank)
    dims = op.operands[2].type.shape
    assert dims is not None
    shape, row, source = array_of(like).shape, loops.cheap(array_of(indices)), array_of(g)
    dtype = op.result.type.dtype
    assert dtype is not None
    zero = constant(dtype.type(0))

    def fill(target: Array) -> None:
        loops.nest(target.shape, lambda at: loops.store(target, at, zero))

        def add(at: Places) -> None:
            place = in_range(loops, row.element(at), shape[k], dims[k])
            places = (*at[:k], place, *at[k + 1 :])
            loops.store(target, places, loops.call(np.add, target.element(places), source.element(at)))

        loops.nest(row.shape, add)

    made = Array(dtype, shape, lambda at: zero, (source, row), 99, fill=fill)
    return loops.stored(made, op.result.hint)
