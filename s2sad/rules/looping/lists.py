"""Lists of run-time length: their items lie side by side."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

import numpy as np

from s2sad.errors import UnsupportedType
from s2sad.ir.dims import new_dim
from s2sad.ir.loop_rule import EMPTY, Array, Cut, List, Loops, Places, Ragged, Term, leaves, looped, mapped
from s2sad.ir.primitives.lists import (
    ADD_ITEMS,
    JOIN_ITEMS,
    LIST_ADD,
    LIST_SET,
    PARTS_LIKE,
    REVERSED_ITEMS,
    SEQUENCE,
    ZERO_ITEMS,
)
from s2sad.ir.types import SliceType
from s2sad.ir.values import Apply, Constant, Operand, Value, constant
from s2sad.rules.looping.elementwise import number
from s2sad.rules.looping.indexing import cut, in_range
from s2sad.rules.looping.ragged import (
    is_ragged,
    items_of,
    list_of,
    one_behind_the_other,
    put_in,
    renumbered,
    starts_of,
    total_of,
    zeros_of,
)
from s2sad.rules.looping.shaping import array_of, of_items, of_list, raveled, same_lengths


def arrays_in(term: Term) -> Iterator[Array]:
    """The arrays of a term."""
    return (leaf for leaf in leaves(term) if isinstance(leaf, Array))


def is_static(term: Term) -> bool:
    """Whether a part of an item is no number, and the same for all items: a string, or None."""
    return isinstance(term, Constant) and term.type.is_static


@looped(SEQUENCE)
def sequence(loops: Loops, op: Apply, *items: Term) -> Term:
    """`[a, b]`."""
    if not items:
        return EMPTY
    columns = zip(*map(leaves, items), strict=True)

    def column(leaf: Term) -> Term:
        parts = next(columns)
        if is_static(leaf):
            return leaf
        return loops.stored(of_items(loops, parts, joined_dtype(parts)), op.result.hint)

    return List(mapped(items[0], column), constant(len(items)), True)


def joined_dtype(parts: Sequence[Term]) -> np.dtype[np.generic]:
    """The dtype of numbers that are side by side."""
    dtypes = [p.dtype if isinstance(p, Array) else number(p).type.dtype for p in parts]
    known = [d for d in dtypes if d is not None]
    if not known or len(known) < len(dtypes):
        raise UnsupportedType("a list of what are no numbers")
    return np.result_type(*known)


@looped(REVERSED_ITEMS)
def reversed_items(loops: Loops, op: Apply, xs: Term) -> Term:
    xs = list_of(xs)
    last = loops.subtract(xs.length, 1)
    return List(renumbered(loops, xs.items, xs.length, lambda k: loops.subtract(last, k)), xs.length)


@looped(ZERO_ITEMS)
def zero_items(loops: Loops, op: Apply, xs: Term) -> Term:
    """A zero for each number of a list."""
    xs = list_of(xs)

    def zero(leaf: Array | Ragged) -> Term:
        if isinstance(leaf, Ragged):
            return zeros_of(leaf)
        return Array(leaf.dtype, (xs.length, *leaf.shape[1:]), lambda at: constant(leaf.dtype.type(0)))

    return List(_numbers(xs.items, zero), xs.length)


def _numbers(items: Term, change: Callable[[Array | Ragged], Term]) -> Term:
    """Items with their numbers changed, and lists in them as long as they are."""
    if isinstance(items, tuple):
        return tuple(_numbers(i, change) for i in items)
    if isinstance(items, List):
        return List(_numbers(items.items, change), items.length)
    if not isinstance(items, Array) and not (isinstance(items, Ragged) and not items.depth):
        raise UnsupportedType("a list of lists of different lengths")
    return change(items)


def _parts(items: Term) -> Iterator[Term]:
    """What `_numbers` changes, one after the other."""
    if isinstance(items, tuple):
        for item in items:
            yield from _parts(item)
    elif isinstance(items, List):
        yield from _parts(items.items)
    else:
        yield items


@looped(ADD_ITEMS)
def add_items(loops: Loops, op: Apply, xs: Term, ys: Term) -> Term:
    xs, ys = list_of(xs), list_of(ys)
    others = _parts(ys.items)

    def total(leaf: Array | Ragged) -> Term:
        other = next(others)
        if isinstance(leaf, Ragged) or isinstance(other, Ragged):
            if not (isinstance(leaf, Ragged) and isinstance(other, Ragged)):
                raise UnsupportedType("a sum of arrays of one shape and of different ones")
            return total_of(loops, xs.length, leaf, other)
        assert isinstance(other, Array)

        def element(at: Places) -> Operand:
            return loops.call(np.add, leaf.element(at), other.element(at))

        return loops.computed(leaf.dtype, leaf.shape, element, 1, leaf, other)

    return List(_numbers(xs.items, total), xs.length)


@looped(JOIN_ITEMS)
def join_items(loops: Loops, op: Apply, xs: Term) -> Term:
    """The arrays of a list one behind the other."""
    xs, dtype = list_of(xs), op.result.type.dtype
    items = xs.items
    if op.static["axis"] or dtype is None or not isinstance(items, (Array, Ragged)):
        raise UnsupportedType("arrays of different lengths joined side by side")
    loops.guard(loops.call(np.greater, xs.length, 0))
    if isinstance(items, Array):
        whole = array_of(of_list(loops, xs))
        count, length, *rest = whole.shape
        return loops.reshaped(whole, [loops.multiply(count, length), *rest])
    rest = [_one_length(n) for n in items.lengths[1:]]
    flat = one_behind_the_other(loops, items_of(loops, xs), xs.length, dtype, len(items.lengths), array_of)
    if not rest:
        return flat.flat
    _, rows = starts_of(loops, xs.length, lambda k: _length_in(items.lengths[0], k))
    return loops.reshaped(array_of(flat.flat), [rows, *rest])


@looped(PARTS_LIKE)
def parts_like(loops: Loops, op: Apply, a: Term, xs: Term) -> Term:
    """The parts of an array that are as long as the items of a list."""
    xs, a = list_of(xs), array_of(a)
    items = xs.items
    if op.static["axis"] or not isinstance(items, (Array, Ragged)):
        raise UnsupportedType("parts of an array side by side")
    flat = loops.fresh(raveled(loops, a))
    if isinstance(items, Array):
        return List(loops.reshaped(flat, [xs.length, *items.shape[1:]]), xs.length)
    starts, size = starts_of(loops, xs.length, lambda k: loops.product([_length_in(n, k) for n in items.lengths]))
    same_lengths(loops, flat.shape, [size])
    return List(Ragged(flat, starts, items.lengths, size), xs.length)


def _one_length(length: Term) -> Operand:
    """The length of all items along an axis."""
    if isinstance(length, Array):
        raise UnsupportedType("arrays joined whose rows differ in length")
    return number(length)


def _length_in(length: Term, k: Operand) -> Operand:
    """That of one item."""
    return length.element((k,)) if isinstance(length, Array) else number(length)


@looped(LIST_SET, LIST_ADD)
def store_item(loops: Loops, op: Apply, xs: List, place: Term, value: Term) -> Term:
    """Write an item, or add to it, in the memory of a list."""
    if isinstance(place, Cut):
        return _store_slice(loops, op, xs, place, list_of(value))
    k = in_range(loops, number(place), xs.length, new_dim())
    if is_ragged(xs.items):
        _put_in_one(loops, op, xs.items, k, value)
        return xs
    sources = list(leaves(value))
    xs = _wide_enough(loops, xs, sources)
    for leaf, source in zip(leaves(xs.items), sources, strict=True):
        if not isinstance(leaf, Array):
            same_lists(loops, leaf, source)
        else:
            _store_one(loops, op, leaf, k, source)
    return xs


def same_lists(loops: Loops, length: Term, other: Term) -> None:
    """Go on only where lists in lists are as long as all of them are."""
    loops.guard(loops.call(np.equal, number(length), number(other)))


def _put_in_one(loops: Loops, op: Apply, items: Term, k: Operand, value: Term) -> None:
    """Write one of several items, some of them arrays of different shapes, or add to it.

    An array of another shape in the place of one is left to Python.
    """
    if isinstance(items, tuple) and isinstance(value, tuple):
        for part, new in zip(items, value, strict=True):
            _put_in_one(loops, op, part, k, new)
        return
    if is_static(items):
        return
    target = items.flat if isinstance(items, Ragged) and not items.depth else items
    if not isinstance(target, Array) or not isinstance(value, (Array, Operand)):
        raise UnsupportedType("a list of lists of different lengths in which one is replaced")
    if joined_dtype((target, value)) != target.dtype:
        raise UnsupportedType(f"an item of another dtype than {target.dtype} in a list")
    if isinstance(items, Ragged):
        new = array_of(value)
        new = loops.fresh(new) if new.memory & target.memory else new
        put_in(loops, items, k, new, op.primitive is LIST_ADD)
    else:
        _store_one(loops, op, target, k, value)


def _store_one(loops: Loops, op: Apply, target: Array, k: Operand, source: Term) -> None:
    """Write a number or an array of an item, or add to it, where all items have arrays of one shape."""
    if isinstance(source, Array):
        _store_array(loops, op, target, k, source)
    else:
        loops.store(target, (k,), _new(loops, op, target, (k,), number(source)))


def _store_slice(loops: Loops, op: Apply, xs: List, index: Cut, items: List) -> Term:
    """As many items as the slice has."""
    t = op.operands[1].type
    assert isinstance(t, SliceType)
    length, place = cut(loops, xs.length, new_dim(), index, t)
    same_lengths(loops, [length], [items.length])
    if is_ragged(xs.items) or is_ragged(items.items):
        if _memory(xs) & _memory(items):
            raise UnsupportedType("a list of arrays of different shapes whose items are moved in it")
        loops.nest((length,), lambda at: _put_in_one(loops, op, xs.items, place(at[0]), loops.item(items, at[0])))
        return xs
    sources = list(leaves(items.items))
    xs = _wide_enough(loops, xs, sources)
    for leaf, source in zip(leaves(xs.items), sources, strict=True):
        if not isinstance(leaf, Array):
            same_lists(loops, leaf, source)
            continue
        target, new = leaf, array_of(source)
        same_lengths(loops, target.shape[1:], new.shape[1:])
        new = loops.fresh(new) if new.memory & target.memory else new
        loops.nest((length, *new.shape[1:]), _row_writer(loops, op, target, new, place))
    return xs


def _memory(xs: List) -> frozenset[Value]:
    """What the items of a list are read from."""
    return frozenset[Value]().union(*(array.memory for array in arrays_in(xs.items)))


def _row_writer(
    loops: Loops, op: Apply, target: Array, new: Array, place: Callable[[Operand], Operand]
) -> Callable[[Places], None]:
    def write(at: Places) -> None:
        there = (place(at[0]), *at[1:])
        loops.store(target, there, _new(loops, op, target, there, new.element(at)))

    return write


def _wide_enough(loops: Loops, xs: List, items: Sequence[Term]) -> List:
    """A list with room for other numbers: one of integers becomes one of floats where a float is stored."""
    sources = iter(items)

    def wide(leaf: Term) -> Term:
        source = next(sources)
        if not isinstance(leaf, Array):
            return leaf
        dtype = joined_dtype((leaf, source))
        if dtype == leaf.dtype:
            return leaf
        return loops.stored(loops.computed(dtype, leaf.shape, lambda at: loops.cast(leaf.element(at), dtype), 0, leaf))

    return List(mapped(xs.items, wide), xs.length)


def _store_array(loops: Loops, op: Apply, target: Array, k: Operand, source: Array) -> None:
    if source.memory & target.memory:
        source = loops.fresh(source)
    part = source
    for n, m in zip(part.shape, target.shape[1:], strict=True):
        if n is not m and not (isinstance(n, Constant) and isinstance(m, Constant) and n.value == m.value):
            loops.guard(loops.call(np.equal, n, m))
    loops.nest(
        part.shape, lambda at: loops.store(target, (k, *at), _new(loops, op, target, (k, *at), part.element(at)))
    )


def _new(loops: Loops, op: Apply, target: Array, at: Places, value: Operand) -> Operand:
    return loops.call(np.add, target.element(at), value) if op.primitive is LIST_ADD else value
