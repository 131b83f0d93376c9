"""Lists as arrays, and arrays as lists again: what two sweeps hand each other (see `ir.primitives.packing`)."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from s2sad.ir.loop_rule import Array, List, Loops, Places, Ragged, Term, looped
from s2sad.ir.primitives.packing import CHAINED, NUMBERS, PACKED_ARRAYS, SPLIT_LIST, UNPACKED
from s2sad.ir.types import SequenceType
from s2sad.ir.values import Apply, Operand, constant
from s2sad.rules.looping.elementwise import number
from s2sad.rules.looping.ragged import INTEGER, Body, items_of, list_of, side_by_side, split, starts_of
from s2sad.rules.looping.shaping import array_of


@looped(NUMBERS)
def numbers(loops: Loops, op: Apply, a: Term) -> Term:
    a = array_of(a)
    return List(a, a.shape[0])


@looped(PACKED_ARRAYS)
def packed_arrays(loops: Loops, op: Apply, xs: Term) -> Term:
    xs, t = list_of(xs), op.operands[0].type
    assert isinstance(t, SequenceType)
    found = side_by_side(loops, items_of(loops, xs), xs.length, t.item)
    assert isinstance(found, Ragged)
    shapes = loops.allocate(INTEGER, (xs.length, constant(len(found.lengths))))
    for axis, n in enumerate(map(array_of, found.lengths)):
        loops.nest((xs.length,), _row_writer(loops, shapes, n, axis))
    return array_of(found.flat), shapes


def _row_writer(loops: Loops, shapes: Array, lengths: Array, axis: int) -> Callable[[Places], None]:
    return lambda at: loops.store(shapes, (*at, constant(axis)), lengths.element(at))


@looped(CHAINED)
def chained(loops: Loops, op: Apply, xs: Term) -> Term:
    xs, t = list_of(xs), op.operands[0].type
    assert isinstance(t, SequenceType) and isinstance(t.item, SequenceType)
    lengths = loops.allocate(INTEGER, (xs.length,))
    loops.nest((xs.length,), lambda at: loops.store(lengths, at, number(list_of(loops.item(xs, at[0])).length)))
    count = loops.total((xs.length,), constant(0), lengths.element)

    def each(initial: Sequence[Operand], body: Body) -> tuple[Operand, ...]:
        return items_of(loops, xs)(initial, lambda inner, *carried: items_of(loops, list_of(inner))(carried, body))

    return List(side_by_side(loops, each, count, t.item.item), count), lengths


@looped(*UNPACKED.values())
def unpacked(loops: Loops, op: Apply, elements: Term, shapes: Term) -> Term:
    flat, shapes, t = array_of(elements), array_of(shapes), op.result.type
    assert isinstance(t, SequenceType) and t.item.rank is not None
    count, lengths = shapes.shape[0], [_along(loops, shapes, axis) for axis in range(t.item.rank)]
    starts, size = starts_of(loops, count, lambda k: loops.product([n.element((k,)) for n in lengths]))
    return List(Ragged(flat, starts, tuple(lengths), size), count)


def _along(loops: Loops, shapes: Array, axis: int) -> Array:
    return loops.view(shapes, shapes.shape[:1], lambda at: (at[0], constant(axis)))


@looped(SPLIT_LIST)
def split_list(loops: Loops, op: Apply, items: Term, lengths: Term) -> Term:
    xs, lengths = list_of(items), array_of(lengths)
    count = lengths.shape[0]
    starts, size = starts_of(loops, count, lambda k: lengths.element((k,)))
    return List(List(split(loops, xs.items, starts, lengths, size), lengths), count)
