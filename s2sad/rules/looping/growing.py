"""Lists that become longer or shorter: a new list, into which the items are copied."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace

import numpy as np

from s2sad.errors import UnsupportedType
from s2sad.ir.dims import new_dim
from s2sad.ir.loop_rule import FIRST, Array, List, Loops, Places, Term, is_empty, leaves, looped, mapped
from s2sad.ir.primitives.lists import (
    APPEND,
    CONCATENATE,
    LIST_DELETE,
    LIST_INSERT,
    NESTED_ITEMS,
    REPEAT,
    SUM_REPEATS,
)
from s2sad.ir.primitives.memory import LENGTH
from s2sad.ir.types import SequenceType
from s2sad.ir.values import Apply, Operand, Value, constant, is_same
from s2sad.rules.looping.elementwise import number
from s2sad.rules.looping.indexing import in_range
from s2sad.rules.looping.lists import arrays_in, is_static, joined_dtype
from s2sad.rules.looping.ragged import Body, is_ragged, items_of, list_of, renumbered, side_by_side
from s2sad.rules.looping.shaping import array_of, same_lengths


def joined(loops: Loops, op: Apply, *parts: List) -> List:
    """The items of lists, one list behind the other."""
    parts = tuple(part for part in parts if not is_empty(part)) or parts[:1]
    total: Operand = constant(0)
    for part in parts:
        total = loops.add(total, part.length)
    if any(is_ragged(part.items) for part in parts):
        return _ragged_joined(loops, op, parts, total)
    columns = zip(*(leaves(part.items) for part in parts), strict=True)

    def column(leaf: Term) -> Term:
        return _column(loops, op, total, [p.length for p in parts], next(columns))

    return List(mapped(parts[0].items, column), total)


def _ragged_joined(loops: Loops, op: Apply, parts: Sequence[List], total: Operand) -> List:
    """The same of lists of arrays of different shapes."""
    t = op.result.type
    if not isinstance(t, SequenceType):
        raise UnsupportedType("a dict of lists of different lengths")

    def each(initial: Sequence[Operand], body: Body) -> tuple[Operand, ...]:
        carried = tuple(initial)
        for part in parts:
            carried = items_of(loops, part)(carried, body)
        return carried

    return List(side_by_side(loops, each, total, t.item), total)


def _column(loops: Loops, op: Apply, total: Operand, lengths: Sequence[Operand], parts: Sequence[Term]) -> Term:
    """One number or array of all items."""
    if is_static(parts[0]):
        return parts[0]
    arrays = [array_of(p) for p in parts]
    for other in arrays[1:]:
        same_lengths(loops, arrays[0].shape[1:], other.shape[1:])
    target = loops.allocate(joined_dtype(arrays), (total, *arrays[0].shape[1:]), op.result.hint)
    start: Operand = constant(0)
    for length, part in zip(lengths, arrays, strict=True):
        loops.nest((length, *part.shape[1:]), _writer(loops, target, part, start))
        start = loops.add(start, length)
    return target


def grown(loops: Loops, xs: List, more: List, hint: str | None) -> List:
    """A list with the items of another one behind its own, in its memory where there is room, else in twice as much."""
    end = loops.add(xs.length, more.length)
    sources = iter([*leaves(more.items)])
    return List(mapped(xs.items, lambda leaf: _roomy(loops, xs.length, end, leaf, next(sources), hint)), end)


def _roomy(loops: Loops, length: Operand, end: Operand, leaf: Term, source: Term, hint: str | None) -> Term:
    if is_static(leaf):
        return leaf
    own, new = array_of(leaf), array_of(source)
    assert own.handle is not None
    handle, rows, rest = own.handle, loops.apply(LENGTH, (own.handle,), {"axis": 0}), new.shape[1:]
    new = loops.fresh(new) if new.memory & own.memory else new
    full, is_none = loops.call(np.greater, end, rows), loops.call(np.equal, length, 0)
    for one, two in zip(own.shape[1:], rest, strict=True):
        if not is_same(one, two):
            # rows of a list without items may be of any length
            loops.guard(loops.call(np.logical_or, is_none, loops.call(np.equal, one, two)))
            full = loops.call(np.logical_or, full, is_none)

    def longer() -> Sequence[Operand]:
        room = loops.call(max, loops.call(max, loops.multiply(rows, 2), end), FIRST)
        more = loops.allocate(own.dtype, (room, *rest), hint)
        loops.nest((length, *rest), lambda at: loops.store(more, at, own.element(at)))
        assert more.handle is not None
        made.add(more.handle)
        return [more.handle]

    made: set[Value] = set()
    (given,) = loops.branch(full, longer, lambda: [handle])
    assert isinstance(given, Value)
    target = loops.held(given, (loops.apply(LENGTH, (given,), {"axis": 0}), *rest), own.memory | made)
    added = loops.subtract(end, length)
    loops.nest((added, *rest), lambda at: loops.store(target, (loops.add(length, at[0]), *at[1:]), new.element(at)))
    return replace(target, shape=(end, *rest))


def _writer(loops: Loops, target: Array, part: Array, start: Operand) -> Callable[[Places], None]:
    return lambda at: loops.store(target, (loops.add(start, at[0]), *at[1:]), part.element(at))


def alone(loops: Loops, item: Term) -> List:
    """A list of one item."""

    def one(leaf: Term) -> Term:
        if isinstance(leaf, Array):
            return loops.view(leaf, [constant(1), *leaf.shape], lambda at: at[1:])
        if is_static(leaf):
            return leaf
        value = number(leaf)
        if value.type.dtype is None:
            raise UnsupportedType("a list of what are no numbers")
        return Array(value.type.dtype, (constant(1),), lambda at: value)

    if isinstance(item, List):
        raise UnsupportedType("a list of lists that grows")
    return List(mapped(item, one), constant(1))


def part_of(loops: Loops, xs: List, start: Operand, length: Operand) -> List:
    """The items from one place on."""
    return List(renumbered(loops, xs.items, length, lambda k: loops.add(start, k)), length)


@looped(APPEND)
def append(loops: Loops, op: Apply, xs: Term, x: Term) -> Term:
    return extended(loops, op, list_of(xs), alone(loops, x))


def extended(loops: Loops, op: Apply, xs: List, more: List) -> List:
    """A list with others behind its items: in its memory where a loop does it again and again."""
    ragged = is_ragged(xs.items) or is_ragged(more.items)
    if loops.repeats and not is_empty(xs) and not ragged and _have_dtypes_of(xs, more):
        return grown(loops, xs, more, op.result.hint)
    return joined(loops, op, xs, more)


def _have_dtypes_of(xs: List, more: List) -> bool:
    """Whether the memory of a list can hold the items of another one."""
    pairs = zip(arrays_in(xs.items), arrays_in(more.items), strict=True)
    return all(np.result_type(a.dtype, b.dtype) == a.dtype for a, b in pairs)


@looped(CONCATENATE)
def concatenate(loops: Loops, op: Apply, xs: Term, ys: Term) -> Term:
    return joined(loops, op, list_of(xs), list_of(ys))


@looped(LIST_INSERT)
def insert(loops: Loops, op: Apply, xs: Term, place: Term, x: Term) -> Term:
    xs, k = list_of(xs), number(place)
    from_start = loops.select(loops.call(np.less, k, 0), loops.call(np.add, k, xs.length), k)
    k = loops.call(max, loops.call(min, from_start, xs.length), 0)
    behind = part_of(loops, xs, k, loops.subtract(xs.length, k))
    return joined(loops, op, part_of(loops, xs, constant(0), k), alone(loops, x), behind)


@looped(LIST_DELETE)
def delete(loops: Loops, op: Apply, xs: Term, place: Term) -> Term:
    xs = list_of(xs)
    return without_item(loops, op, xs, in_range(loops, number(place), xs.length, new_dim()))


def without_item(loops: Loops, op: Apply, xs: List, k: Operand) -> List:
    """A list without one of its items."""
    rest = loops.subtract(loops.subtract(xs.length, 1), k)
    return joined(loops, op, part_of(loops, xs, constant(0), k), part_of(loops, xs, loops.add(k, 1), rest))


@looped(REPEAT)
def repeat(loops: Loops, op: Apply, xs: Term, times: Term) -> Term:
    xs = list_of(xs)
    length = loops.multiply(xs.length, loops.call(max, number(times), 0))

    def repeated(leaf: Term) -> Term:
        x = array_of(leaf)
        places: Callable[[Places], Places] = lambda at: (loops.call(np.remainder, at[0], xs.length), *at[1:])  # noqa: E731
        return loops.stored(loops.view(x, [length, *x.shape[1:]], places), op.result.hint)

    return List(mapped(xs.items, repeated), length)


@looped(SUM_REPEATS)
def sum_repeats(loops: Loops, op: Apply, start: Term, xs: Term) -> Term:
    """The sums of every so many items, on top of those of a first list."""
    start, xs = list_of(start), list_of(xs)
    if is_ragged(start.items) or is_ragged(xs.items):
        raise UnsupportedType("a list of arrays of different shapes that is repeated")
    parts = leaves(xs.items)

    def total(leaf: Term) -> Term:
        more, target = array_of(next(parts)), loops.fresh(array_of(leaf), op.result.hint)
        same_lengths(loops, target.shape[1:], more.shape[1:])

        def add(at: Places) -> None:
            place = (loops.call(np.remainder, at[0], start.length), *at[1:])
            loops.store(target, place, loops.call(np.add, target.element(place), more.element(at)))

        loops.nest((xs.length, *more.shape[1:]), add)
        return target

    return List(mapped(start.items, total), start.length)


@looped(NESTED_ITEMS)
def nested(loops: Loops, op: Apply, x: Term) -> Term:
    """The rows of an array as a list, as deep as it says."""
    rows, depth = array_of(x), op.static["depth"]
    assert isinstance(depth, int)
    items: Term = rows
    for k in range(depth - 1, 0, -1):
        items = List(items, rows.shape[k])
    return List(items, rows.shape[0])
