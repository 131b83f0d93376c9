"""Items of lists that are arrays of different shapes: one behind the other in one piece of memory."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np

from s2sad.errors import UnsupportedType
from s2sad.ir.loop_rule import Array, List, Loops, Places, Ragged, Term
from s2sad.ir.types import ArrayType, ContainerType, SequenceType, StaticType, Type
from s2sad.ir.values import Constant, Operand, constant
from s2sad.rules.looping.elementwise import number
from s2sad.rules.looping.shaping import array_of, same_lengths

INTEGER = np.dtype(np.int64)

Body = Callable[..., Sequence[Operand]]
Each = Callable[[Sequence[Operand], Body], tuple[Operand, ...]]
"""Carries numbers over items: from what they begin with, and what takes an item and them, to what they are then."""


def is_ragged(term: Term) -> bool:
    """Whether some of the items of a list are arrays of different shapes."""
    if isinstance(term, tuple):
        return any(map(is_ragged, term))
    return isinstance(term, Ragged) or (isinstance(term, List) and is_ragged(term.items))


def renumbered(loops: Loops, items: Term, count: Operand, place: Callable[[Operand], Operand]) -> Term:
    """So many of the items, by which one each is: they are where they were."""

    def part(term: Term) -> Term:
        if isinstance(term, tuple):
            return tuple(map(part, term))
        if isinstance(term, List):
            return List(part(term.items), part(term.length))
        if isinstance(term, Ragged):
            starts, lengths = part(term.starts), tuple(map(part, term.lengths))
            if not term.depth:
                return Ragged(term.flat, starts, lengths, term.size)
            return Ragged(part(term.flat), starts, lengths, part(term.size), term.depth)
        if not isinstance(term, Array):
            return term
        return loops.view(term, [count, *term.shape[1:]], lambda at: (place(at[0]), *at[1:]))

    return part(items)


def items_of(loops: Loops, xs: List) -> Each:
    """The items of a list."""
    return lambda initial, body: loops.loop(
        xs.length, lambda k, *carried: body(loops.item(xs, k), *carried), initial, name="k"
    )


def side_by_side(
    loops: Loops, each: Each, count: Operand, t: Type, of: Callable[[Term], Term] = lambda item: item
) -> Term:
    """So many items side by side, or a part `of` them of this type; arrays one behind the other."""
    if isinstance(t, ContainerType):
        return tuple(side_by_side(loops, each, count, i, _part(of, k)) for k, i in enumerate(t.items))
    if isinstance(t, StaticType):
        return Constant(t.value, t)
    if isinstance(t, SequenceType):
        return _lists_side_by_side(loops, each, count, t, of)
    if not isinstance(t, ArrayType) or t.dtype is None or t.rank is None:
        raise UnsupportedType("a list of what are no numbers")
    if t.rank == 0:
        made = loops.allocate(t.dtype, (count,))

        def put(item: Term, k: Operand) -> Sequence[Operand]:
            loops.store(made, (k,), number(of(item)))
            return [loops.add(k, 1)]

        each([constant(0)], put)
        return made
    return one_behind_the_other(loops, each, count, t.dtype, t.rank, lambda item: array_of(of(item)))


def _lists_side_by_side(loops: Loops, each: Each, count: Operand, t: SequenceType, of: Callable[[Term], Term]) -> List:
    """So many lists: their items side by side, and how long each of them is."""
    lengths = loops.allocate(INTEGER, (count,))

    def measure(item: Term, k: Operand) -> Sequence[Operand]:
        loops.store(lengths, (k,), list_of(of(item)).length)
        return [loops.add(k, 1)]

    each([constant(0)], measure)
    starts, size = starts_of(loops, count, lambda k: lengths.element((k,)))

    def every(initial: Sequence[Operand], body: Body) -> tuple[Operand, ...]:
        return each(initial, lambda item, *carried: items_of(loops, list_of(of(item)))(carried, body))

    return List(split(loops, side_by_side(loops, every, size, t.item), starts, lengths, size), lengths)


def list_of(term: Term) -> List:
    """The list of run-time length that an operand is."""
    if not isinstance(term, List):
        raise UnsupportedType("what is no list of run-time length in the place of one")
    return term


def _part(of: Callable[[Term], Term], k: int) -> Callable[[Term], Term]:
    def part(item: Term) -> Term:
        whole = of(item)
        assert isinstance(whole, tuple)
        return whole[k]

    return part


def one_behind_the_other(
    loops: Loops, each: Each, count: Operand, dtype: np.dtype[np.generic], rank: int, of: Callable[[Term], Array]
) -> Ragged:
    """So many arrays one behind the other."""
    starts, *lengths = (loops.allocate(INTEGER, (count,)) for _ in range(1 + rank))

    def measure(item: Term, k: Operand, start: Operand) -> Sequence[Operand]:
        shape = of(item).shape
        for target, n in zip((starts, *lengths), (start, *shape), strict=True):
            loops.store(target, (k,), n)
        return [loops.add(k, 1), loops.add(start, loops.product(shape))]

    _, size = each([constant(0), constant(0)], measure)
    flat = loops.allocate(dtype, (size,))

    def copy(item: Term, start: Operand) -> Sequence[Operand]:
        x = of(item)
        loops.nest(x.shape, lambda at: loops.store(flat, (loops.add(start, _place(loops, x, at)),), x.element(at)))
        return [loops.add(start, loops.product(x.shape))]

    each([constant(0)], copy)
    return Ragged(flat, starts, tuple(lengths), size)


def _place(loops: Loops, x: Array, at: Places) -> Operand:
    """Where an element is, row by row."""
    found: Operand = constant(0)
    for i, n in zip(at, x.shape, strict=True):
        found = loops.add(loops.multiply(found, n), i)
    return found


def zeros_of(term: Ragged) -> Ragged:
    """A zero for each of the numbers."""
    flat = array_of(term.flat)
    zero = constant(flat.dtype.type(0))
    return Ragged(Array(flat.dtype, flat.shape, lambda at: zero), term.starts, term.lengths, term.size)


def total_of(loops: Loops, count: Operand, one: Ragged, other: Ragged) -> Ragged:
    """The sums of so many arrays and others of their shapes."""
    first, second = List(one, count), List(other, count)
    dtype = np.result_type(array_of(one.flat).dtype, array_of(other.flat).dtype)

    def each(initial: Sequence[Operand], body: Body) -> tuple[Operand, ...]:
        return loops.loop(count, lambda k, *carried: body(total(k), *carried), initial, name="k")

    def total(k: Operand) -> Array:
        x, y = array_of(loops.item(first, k)), array_of(loops.item(second, k))
        same_lengths(loops, x.shape, y.shape)
        return loops.computed(dtype, x.shape, lambda at: loops.call(np.add, x.element(at), y.element(at)), 1, x, y)

    return one_behind_the_other(loops, each, count, dtype, len(one.lengths), array_of)


def put_in(loops: Loops, target: Ragged, k: Operand, value: Array, adds: bool) -> None:
    """Write an array in the place of one of its shape, or add it to that."""
    old, flat = array_of(loops.item(List(target, constant(0)), k)), array_of(target.flat)
    same_lengths(loops, old.shape, value.shape)
    start = number(loops.item(List(target.starts, constant(0)), k))

    def write(at: Places) -> None:
        there = (loops.add(start, _place(loops, old, at)),)
        x = value.element(at)
        loops.store(flat, there, loops.call(np.add, flat.element(there), x) if adds else x)

    loops.nest(value.shape, write)


def split(loops: Loops, items: Term, starts: Array, lengths: Array, size: Operand) -> Term:
    """What lists have of their items, of what all items are: where the part of each begins, and how long it is."""
    if isinstance(items, tuple):
        return tuple(split(loops, part, starts, lengths, size) for part in items)
    if isinstance(items, Array):
        rest = items.shape[1:]
        width = loops.product(rest)
        flat = loops.reshaped(items, (loops.multiply(items.shape[0], width),)) if rest else items
        wide = lambda at: loops.multiply(starts.element(at), width)  # noqa: E731
        first = loops.computed(INTEGER, starts.shape, wide, 1, starts) if rest else starts
        return Ragged(flat, first, (lengths, *rest), loops.multiply(size, width))
    if isinstance(items, Ragged) and not items.depth:
        # all parts read one memory: each has its places in it
        flat = array_of(items.flat)
        whole = loops.view(flat, (lengths.shape[0], *flat.shape), lambda at: at[1:])
        begins, *sizes = (split(loops, part, starts, lengths, size) for part in (items.starts, *items.lengths))
        return Ragged(whole, begins, tuple(sizes), items.size, 1)
    if isinstance(items, List):
        inner = split(loops, items.items, starts, lengths, size)
        return List(inner, split(loops, items.length, starts, lengths, size))
    return items


def starts_of(loops: Loops, count: Operand, size: Callable[[Operand], Operand]) -> tuple[Array, Operand]:
    """Where each of so many things begins that lie one behind the other, and where the last one ends."""
    starts = loops.allocate(INTEGER, (count,))

    def step(k: Operand, start: Operand) -> Sequence[Operand]:
        loops.store(starts, (k,), start)
        return [loops.add(start, size(k))]

    (end,) = loops.loop(count, step, [constant(0)], name="k", hint="start")
    return starts, end
