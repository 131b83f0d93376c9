"""Where numbers belong: in rows that are in order, among others, in bins."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np

from s2sad.errors import UnsupportedType
from s2sad.ir.loop_rule import Array, Loops, Places, Term, looped
from s2sad.ir.types import NONE
from s2sad.ir.values import Apply, Operand, constant
from s2sad.rules.looping.elementwise import number
from s2sad.rules.looping.reductions import COSTLY
from s2sad.rules.looping.shaping import array_of, axes_of, of_number, raveled, same_lengths

Before = Callable[[Operand, Operand], Operand]
"""Whether the first of two numbers comes before the second."""


def order_of(loops: Loops, a: np.dtype[np.generic], b: np.dtype[np.generic], with_equal: bool = False) -> Before:
    """The order in which NumPy sorts: what is no number comes last."""
    if "c" in (a.kind, b.kind):
        raise UnsupportedType("an order of complex numbers")

    def before(x: Operand, y: Operand) -> Operand:
        less = loops.call(np.less_equal if with_equal else np.less, x, y)
        if b.kind != "f":
            return less
        last = loops.call(np.isnan, y)
        if not with_equal and a.kind == "f":
            last = loops.call(np.logical_and, last, loops.call(np.equal, x, x))
        return loops.call(np.logical_or, less, last)

    return before


def place_in(loops: Loops, row: Array, value: Operand, before: Before) -> Operand:
    """How many items of a row that is in order come before a number: by halves."""
    n = row.shape[0]
    steps = loops.call(int, loops.call(np.ceil, loops.call(np.log2, loops.add(n, 1))))

    def half(index: Operand, low: Operand, high: Operand) -> Sequence[Operand]:
        middle = loops.call(np.floor_divide, loops.call(np.add, low, high), 2)
        is_open = loops.call(np.less, low, high)
        item = row.element((loops.call(min, middle, loops.subtract(n, 1)),))
        later = before(item, value)
        lower = loops.call(np.logical_and, is_open, later)
        return [
            loops.select(lower, loops.call(np.add, middle, 1), low),
            loops.select(loops.call(np.logical_and, is_open, loops.call(np.logical_not, later)), middle, high),
        ]

    return loops.loop(steps, half, [constant(0), n], name="step", hint="low")[0]


@looped(np.searchsorted)
def searchsorted(loops: Loops, op: Apply, a: Term, v: Term) -> Term:
    row, values = array_of(a), v if isinstance(v, Array) else of_number(number(v))
    if row.rank != 1:
        raise UnsupportedType("np.searchsorted in what is no row")
    source = loops.cheap(row)
    before = order_of(loops, row.dtype, values.dtype, op.static.get("side", "left") == "right")

    def element(at: Places) -> Operand:
        return loops.cast(place_in(loops, source, values.element(at), before), np.dtype(np.int64))

    made = loops.computed(np.dtype(np.int64), values.shape, element, COSTLY, source, values)
    return made if made.shape else made.element(())


@looped(np.digitize)
def digitize(loops: Loops, op: Apply, x: Term, bins: Term) -> Term:
    """Bins may go down: they are then searched from their end."""
    row, values = loops.cheap(array_of(bins)), x if isinstance(x, Array) else of_number(number(x))
    n, last = row.shape[0], loops.subtract(row.shape[0], 1)
    loops.guard(loops.call(np.greater, n, 0))
    down = loops.call(np.greater, row.element((constant(0),)), row.element((last,)))
    turned = loops.view(row, [n], lambda at: (loops.select(down, loops.subtract(last, at[0]), at[0]),))

    def ordered(at: Places) -> None:
        later = turned.element((loops.add(at[0], 1),))
        loops.guard(loops.call(np.less_equal, turned.element(at), later))

    loops.nest([last], ordered)
    before = order_of(loops, row.dtype, values.dtype, not op.static.get("right", False))

    def element(at: Places) -> Operand:
        place = place_in(loops, turned, values.element(at), before)
        return loops.cast(loops.select(down, loops.subtract(n, place), place), np.dtype(np.int64))

    made = loops.computed(np.dtype(np.int64), values.shape, element, COSTLY, row, values)
    return made if made.shape else made.element(())


@looped(np.isin)
def is_in(loops: Loops, op: Apply, x: Term, others: Term) -> Term:
    values = x if isinstance(x, Array) else of_number(number(x))
    if not isinstance(others, Array):
        raise UnsupportedType("np.isin of what is no array")
    among = loops.cheap(others)
    invert = bool(op.static.get("invert", False))

    def element(at: Places) -> Operand:
        value = values.element(at)

        def step(place: Places, found: Operand) -> Sequence[Operand]:
            return [loops.call(np.logical_or, found, loops.call(np.equal, among.element(place), value))]

        found = loops.fold(among.shape, [constant(np.False_)], step, len(at))[0]
        return loops.call(np.logical_not, found) if invert else found

    made = loops.computed(np.dtype(bool), values.shape, element, COSTLY, values, among)
    return made if made.shape else made.element(())


@looped(np.bincount)
def bincount(loops: Loops, op: Apply, x: Term, weights: Term = None, least: Term = None) -> Term:  # type: ignore[assignment]
    row, dtype = loops.cheap(array_of(x)), op.result.type.dtype
    assert dtype is not None

    def larger(at: Places, most: Operand) -> Sequence[Operand]:
        value = row.element(at)
        loops.guard(loops.call(np.greater_equal, value, 0))
        return [loops.call(max, most, loops.call(int, value))]

    most = loops.fold(row.shape, [constant(-1)], larger, hint="most")[0]
    count = loops.add(most, 1)
    if least is not None and op.operands[2].type != NONE:
        count = loops.call(max, count, number(least))
    weighed = weights if isinstance(weights, Array) else None
    if weighed is not None:
        same_lengths(loops, weighed.shape, row.shape)
    zero = constant(dtype.type(0))
    target = loops.allocate(dtype, (count,), op.result.hint)
    loops.nest(target.shape, lambda at: loops.store(target, at, zero))

    def add(at: Places) -> None:
        place = (row.element(at),)
        more = constant(dtype.type(1)) if weighed is None else loops.cast(weighed.element(at), dtype)
        loops.store(target, place, loops.call(np.add, target.element(place), more))

    loops.nest(row.shape, add)
    return target


@looped(np.nanargmax, np.nanargmin)
def nan_arg(loops: Loops, op: Apply, x: Term) -> Term:
    """Where the largest or least number is; of what is none at all the program is left."""
    x, axis, keep = array_of(x), op.static.get("axis"), bool(op.static.get("keepdims"))
    source = loops.cheap(raveled(loops, x) if axis is None else x)
    (k,) = axes_of(0 if axis is None else axis, source.rank)
    better = np.greater if op.primitive.function is np.nanargmax else np.less
    if x.dtype.kind == "c":
        raise UnsupportedType("the largest of complex numbers")

    def along(at: Places, place: Callable[[Operand], Places]) -> Operand:
        def step(i: Places, best: Operand, where: Operand) -> Sequence[Operand]:
            value = source.element(place(i[0]))
            first = loops.call(np.logical_and, loops.call(np.less, where, 0), loops.call(np.equal, value, value))
            more = loops.call(np.logical_or, first, loops.call(better, value, best))
            return [loops.select(more, value, best), loops.select(more, i[0], where)]

        none: list[Operand] = [
            constant(source.dtype.type(np.nan if source.dtype.kind == "f" else 0)),
            constant(np.int64(-1)),
        ]
        if source.dtype.kind != "f":
            none[0] = source.element(place(constant(0)))
        found = loops.fold([source.shape[k]], none, step, len(at))[1]
        loops.guard(loops.call(np.greater_equal, found, 0))
        return found

    if axis is None:
        found = along((), lambda i: (i,))
        return loops.view(of_number(found), [constant(1)] * x.rank, lambda at: ()) if keep else found
    shape = (*source.shape[:k], *([constant(1)] if keep else []), *source.shape[k + 1 :])

    def element(at: Places) -> Operand:
        behind = at[k + 1 :] if keep else at[k:]
        return along(at, lambda i: (*at[:k], i, *behind))

    made = loops.computed(np.dtype(np.int64), shape, element, COSTLY, source)
    return made if shape else made.element(())
