"""Lists of run-time length: their items lie side by side."""

from __future__ import annotations

import numpy as np

from s2sad.errors import UnsupportedType
from s2sad.ir.dims import new_dim
from s2sad.ir.loop_rule import Array, List, Loops, Places, Term, leaves, looped, mapped
from s2sad.ir.primitives.lists import ADD_ITEMS, LIST_ADD, LIST_SET, REVERSED_ITEMS, SEQUENCE, ZERO_ITEMS
from s2sad.ir.values import Apply, Operand, constant
from s2sad.rules.looping.elementwise import number
from s2sad.rules.looping.indexing import in_range
from s2sad.rules.looping.shaping import of_items


def list_of(term: Term) -> List:
    """The list that an operand is."""
    if not isinstance(term, List):
        raise UnsupportedType("what is no list of run-time length in the place of one")
    return term


@looped(SEQUENCE)
def sequence(loops: Loops, op: Apply, *items: Term) -> Term:
    """`[a, b]`."""
    if not items:
        raise UnsupportedType("an empty list", "make an array")
    columns = zip(*map(leaves, items), strict=True)

    def column(leaf: Term) -> Term:
        parts = next(columns)
        dtype = leaf.dtype if isinstance(leaf, Array) else number(leaf).type.dtype
        if dtype is None:
            raise UnsupportedType("a list of what are no numbers")
        return loops.stored(of_items(loops, parts, dtype), op.result.hint)

    return List(mapped(items[0], column), constant(len(items)))


@looped(REVERSED_ITEMS)
def reversed_items(loops: Loops, op: Apply, xs: Term) -> Term:
    xs = list_of(xs)
    last = loops.subtract(xs.length, 1)

    def turned(leaf: Term) -> Term:
        assert isinstance(leaf, Array)
        return loops.view(leaf, leaf.shape, lambda at: (loops.subtract(last, at[0]), *at[1:]))

    return List(mapped(xs.items, turned), xs.length)


@looped(ZERO_ITEMS)
def zero_items(loops: Loops, op: Apply, xs: Term) -> Term:
    """A zero for each number of a list."""
    xs = list_of(xs)

    def zero(leaf: Term) -> Term:
        assert isinstance(leaf, Array)
        return Array(leaf.dtype, (xs.length, *leaf.shape[1:]), lambda at: constant(leaf.dtype.type(0)))

    return List(mapped(xs.items, zero), xs.length)


@looped(ADD_ITEMS)
def add_items(loops: Loops, op: Apply, xs: Term, ys: Term) -> Term:
    xs, ys = list_of(xs), list_of(ys)
    others = leaves(ys.items)

    def total(leaf: Term) -> Term:
        other = next(others)
        assert isinstance(leaf, Array) and isinstance(other, Array)

        def element(at: Places) -> Operand:
            return loops.call(np.add, leaf.element(at), other.element(at))

        return loops.computed(leaf.dtype, leaf.shape, element, 1, leaf, other)

    return List(mapped(xs.items, total), xs.length)


@looped(LIST_SET, LIST_ADD)
def store_item(loops: Loops, op: Apply, xs: List, place: Term, value: Term) -> Term:
    """Write an item, or add to it, in the memory of a list."""
    k = in_range(loops, number(place), xs.length, new_dim())
    sources = list(leaves(value))
    for leaf, source in zip(leaves(xs.items), sources, strict=True):
        assert isinstance(leaf, Array)
        if isinstance(source, Array):
            _store_array(loops, op, leaf, k, source)
        else:
            loops.store(leaf, (k,), _new(loops, op, leaf, (k,), number(source)))
    return xs


def _store_array(loops: Loops, op: Apply, target: Array, k: Operand, source: Array) -> None:
    if source.memory & target.memory:
        source = loops.fresh(source)
    part = source
    loops.nest(
        part.shape, lambda at: loops.store(target, (k, *at), _new(loops, op, target, (k, *at), part.element(at)))
    )


def _new(loops: Loops, op: Apply, target: Array, at: Places, value: Operand) -> Operand:
    return loops.call(np.add, target.element(at), value) if op.primitive is LIST_ADD else value
