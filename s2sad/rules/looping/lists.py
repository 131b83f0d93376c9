"""Lists of run-time length: their items lie side by side."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import numpy as np

from s2sad.errors import UnsupportedType
from s2sad.ir.dims import new_dim
from s2sad.ir.loop_rule import Array, List, Loops, Places, Term, leaves, looped, mapped
from s2sad.ir.primitives.lists import ADD_ITEMS, LIST_ADD, LIST_SET, REVERSED_ITEMS, SEQUENCE, ZERO_ITEMS
from s2sad.ir.values import Apply, Constant, Operand, constant
from s2sad.rules.looping.elementwise import number
from s2sad.rules.looping.indexing import in_range
from s2sad.rules.looping.shaping import of_items


def arrays_in(term: Term) -> Iterator[Array]:
    """The arrays of a term."""
    return (leaf for leaf in leaves(term) if isinstance(leaf, Array))


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
        if not isinstance(leaf, Array):
            return leaf
        return loops.view(leaf, leaf.shape, lambda at: (loops.subtract(last, at[0]), *at[1:]))

    return List(mapped(xs.items, turned), xs.length)


@looped(ZERO_ITEMS)
def zero_items(loops: Loops, op: Apply, xs: Term) -> Term:
    """A zero for each number of a list."""
    xs = list_of(xs)

    def zero(leaf: Array) -> Array:
        return Array(leaf.dtype, (xs.length, *leaf.shape[1:]), lambda at: constant(leaf.dtype.type(0)))

    return List(_numbers(xs.items, zero), xs.length)


def _numbers(items: Term, change: Callable[[Array], Array]) -> Term:
    """Items with their numbers changed, and lists in them as long as they are."""
    if isinstance(items, tuple):
        return tuple(_numbers(i, change) for i in items)
    if isinstance(items, List):
        return List(_numbers(items.items, change), items.length)
    if not isinstance(items, Array):
        raise UnsupportedType("a list of lists of different lengths")
    return change(items)


@looped(ADD_ITEMS)
def add_items(loops: Loops, op: Apply, xs: Term, ys: Term) -> Term:
    xs, ys = list_of(xs), list_of(ys)
    others = arrays_in(ys.items)

    def total(leaf: Array) -> Array:
        other = next(others)

        def element(at: Places) -> Operand:
            return loops.call(np.add, leaf.element(at), other.element(at))

        return loops.computed(leaf.dtype, leaf.shape, element, 1, leaf, other)

    return List(_numbers(xs.items, total), xs.length)


@looped(LIST_SET, LIST_ADD)
def store_item(loops: Loops, op: Apply, xs: List, place: Term, value: Term) -> Term:
    """Write an item, or add to it, in the memory of a list."""
    k = in_range(loops, number(place), xs.length, new_dim())
    sources = list(leaves(value))
    for leaf, source in zip(leaves(xs.items), sources, strict=True):
        if not isinstance(leaf, Array):
            # a list in the list: all are equally long
            loops.guard(loops.call(np.equal, number(leaf), number(source)))
        elif isinstance(source, Array):
            _store_array(loops, op, leaf, k, source)
        else:
            loops.store(leaf, (k,), _new(loops, op, leaf, (k,), number(source)))
    return xs


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
