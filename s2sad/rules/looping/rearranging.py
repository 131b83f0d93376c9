"""Diagonals, triangles, repetitions: elements of an array at other places, and zeros."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from s2sad.errors import UnsupportedType
from s2sad.ir.dims import new_dim
from s2sad.ir.loop_rule import Array, Cut, Loops, Places, Term, looped
from s2sad.ir.types import ArrayType
from s2sad.ir.values import Apply, Constant, Operand, constant, is_int
from s2sad.rules.looping.elementwise import number
from s2sad.rules.looping.indexing import in_range, subscript, true_places
from s2sad.rules.looping.shaping import array_of, axes_of, of_items, of_number, raveled, same_lengths
from s2sad.rules.numpy.reductions import recurrence


def _offset(op: Apply, name: str) -> int:
    k = op.static.get(name, 0)
    if not isinstance(k, int):
        raise UnsupportedType("a diagonal that only the run knows")
    return k


def _shape(op: Apply, lengths: Places) -> Places:
    dims = op.result.type.shape
    assert dims is not None
    return tuple(constant(d) if isinstance(d, int) else n for d, n in zip(dims, lengths, strict=True))


def diagonal_of(loops: Loops, op: Apply, x: Array, k: int) -> Array:
    """The diagonal of a matrix, or of the last axes of others."""
    down, right = max(-k, 0), max(k, 0)
    rows, columns = loops.subtract(x.shape[0], down), loops.subtract(x.shape[1], right)
    length = rows if x.shape[0] is x.shape[1] and not k else loops.call(max, loops.call(min, rows, columns), 0)
    places: Callable[[Places], Places] = lambda at: (loops.add(at[0], down), loops.add(at[0], right))  # noqa: E731
    return loops.view(x, _shape(op, (length,)), places)


@looped(np.diagonal)
def diagonal(loops: Loops, op: Apply, x: Term) -> Term:
    x = array_of(x)
    if x.rank != 2:
        raise UnsupportedType("a diagonal of more than two axes")
    return diagonal_of(loops, op, x, _offset(op, "offset"))


@looped(np.diag)
def diag(loops: Loops, op: Apply, x: Term) -> Term:
    x, k = array_of(x), _offset(op, "k")
    if x.rank == 2:
        return diagonal_of(loops, op, x, k)
    row = loops.cheap(x)
    n = loops.add(row.shape[0], abs(k))
    zero = constant(row.dtype.type(0))

    def element(at: Places) -> Operand:
        on = loops.call(np.equal, at[1], loops.add(at[0], k))
        place = loops.select(on, at[0] if k >= 0 else at[1], constant(0))
        return loops.select(on, row.element((place,)), zero)

    loops.guard(loops.call(np.greater, row.shape[0], 0))
    return loops.computed(row.dtype, _shape(op, (n, n)), element, 2, row)


@looped(np.tril, np.triu)
def triangle(loops: Loops, op: Apply, x: Term) -> Term:
    x, k = array_of(x), _offset(op, "k")
    zero = constant(x.dtype.type(0))
    compare = np.less_equal if op.primitive.function is np.tril else np.greater_equal

    def element(at: Places) -> Operand:
        inside = loops.call(compare, at[-1], loops.add(at[-2], k))
        return loops.select(inside, x.element(at), zero)

    return loops.computed(x.dtype, x.shape, element, 2, x)


@looped(np.roll)
def roll(loops: Loops, op: Apply, x: Term, shift: Term) -> Term:
    x = array_of(x)
    (k,) = axes_of(op.static["axis"], x.rank)
    by, n = number(shift), x.shape[k]

    def places(at: Places) -> Places:
        moved = loops.call(np.remainder, loops.subtract(at[k], by), n)
        return (*at[:k], moved, *at[k + 1 :])

    return loops.view(x, x.shape, places)


@looped(np.take)
def take(loops: Loops, op: Apply, x: Term, indices: Term) -> Term:
    x = array_of(x)
    axis = op.static.get("axis")
    if axis is None and x.rank > 1:
        x = loops.reshaped(x, [loops.product(x.shape)])
    (k,) = axes_of(0 if axis is None else axis, x.rank)
    dims = op.operands[0].type.shape
    assert dims is not None
    source, dim = x, dims[k]
    if not isinstance(indices, Array):
        place = in_range(loops, number(indices), x.shape[k], dim)
        shape = (*x.shape[:k], *x.shape[k + 1 :])
        made = loops.view(x, shape, lambda at: (*at[:k], place, *at[k:]))
        return made if shape else made.element(())
    chosen = loops.cheap(indices)
    rank = chosen.rank

    def element(at: Places) -> Operand:
        place = in_range(loops, chosen.element(at[k : k + rank]), source.shape[k], dim)
        return source.element((*at[:k], place, *at[k + rank :]))

    return loops.computed(x.dtype, (*x.shape[:k], *chosen.shape, *x.shape[k + 1 :]), element, 1, x, chosen)


@looped(np.cumsum, np.cumprod)
def cumulative(loops: Loops, op: Apply, x: Term) -> Term:
    x = array_of(x)
    axis, dtype = op.static.get("axis"), op.result.type.dtype
    assert dtype is not None
    if axis is None and x.rank > 1:
        x = loops.reshaped(x, [loops.product(x.shape)])
    (k,) = axes_of(0 if axis is None else axis, x.rank)
    source, is_sum = x, op.primitive.function is np.cumsum
    first = constant(dtype.type(0 if is_sum else 1))

    def fill(target: Array) -> None:
        def row(outer: Places) -> None:
            def step(at: Places, total: Operand) -> list[Operand]:
                place = (*outer[:k], at[0], *outer[k:])
                term = loops.cast(source.element(place), dtype)
                new = loops.call(np.add if is_sum else np.multiply, total, term)
                loops.store(target, place, new)
                return [new]

            loops.fold([source.shape[k]], [first], step, len(outer), op.result.hint)

        loops.nest([*source.shape[:k], *source.shape[k + 1 :]], row)

    made = Array(dtype, x.shape, lambda at: first, (x,), 99, fill=fill)
    return loops.stored(made, op.result.hint)


@looped(np.repeat)
def repeat(loops: Loops, op: Apply, x: Term, times: Term) -> Term:
    x, axis = array_of(x), op.static.get("axis")
    if axis is None:
        x, axis = raveled(loops, x), 0
    (k,) = axes_of(axis, x.rank)
    if isinstance(times, tuple):
        times = loops.stored(of_items(loops, times, np.dtype(np.int64)))
    if isinstance(times, Array) and times.shape:
        places = _repeated(loops, times, x.shape[k])
        source, shape = loops.cheap(x), (*x.shape[:k], places.shape[0], *x.shape[k + 1 :])
        chosen: Callable[[Places], Places] = lambda at: (*at[:k], places.element((at[k],)), *at[k + 1 :])  # noqa: E731
        return loops.computed(x.dtype, shape, lambda at: source.element(chosen(at)), 1, source, places)
    count = number(times)
    if not (isinstance(count, Constant) and count.value):
        loops.guard(loops.call(np.greater, count, 0))
    shape = (*x.shape[:k], loops.multiply(x.shape[k], count), *x.shape[k + 1 :])
    return loops.view(
        loops.cheap(x), _shape(op, shape), lambda at: (*at[:k], loops.call(np.floor_divide, at[k], count), *at[k + 1 :])
    )


def _repeated(loops: Loops, times: Array, length: Operand) -> Array:
    """For each item of the result, of which one it is a repetition."""
    counts = loops.cheap(times)
    if is_int(counts.shape[0], 1):
        counts = loops.view(counts, [length], lambda at: (constant(0),))
    same_lengths(loops, counts.shape, [length])

    def of(at: Places) -> Operand:
        count = counts.element(at)
        loops.guard(loops.call(np.greater_equal, count, 0))
        return count

    total = loops.total([length], constant(0), of)
    places = loops.allocate(np.dtype(np.int64), (total,))

    def put(at: Places, start: Operand) -> list[Operand]:
        count = counts.element(at)
        loops.nest([count], lambda i: loops.store(places, (loops.add(start, i[0]),), at[0]))
        return [loops.add(start, count)]

    loops.fold([length], [constant(0)], put, hint="start")
    return places


@looped(recurrence)
def recurrence_of(loops: Loops, op: Apply, a: Term, g: Term) -> Term:
    """s with s[k] = a[k] * s[k - 1] + g[k] along the last axis."""
    factors, given = array_of(a), array_of(g)
    dtype = op.result.type.dtype
    assert dtype is not None
    same_lengths(loops, factors.shape, given.shape)
    zero = constant(dtype.type(0))

    def fill(target: Array) -> None:
        def row(outer: Places) -> None:
            def step(at: Places, last: Operand) -> list[Operand]:
                place = (*outer, *at)
                moved = loops.call(np.multiply, factors.element(place), last)
                new = loops.cast(loops.call(np.add, given.element(place), moved), dtype)
                # the first one has nothing before it, whatever its factor is
                first = loops.cast(given.element(place), dtype)
                new = loops.select(loops.call(np.equal, at[0], 0), first, new)
                loops.store(target, place, new)
                return [new]

            loops.fold(target.shape[-1:], [zero], step, len(outer), op.result.hint)

        loops.nest(target.shape[:-1], row)

    made = Array(dtype, given.shape, lambda at: zero, (factors, given), 99, fill=fill)
    return loops.stored(made, op.result.hint)


@looped(np.meshgrid)
def meshgrid(loops: Loops, op: Apply, *xs: Term) -> Term:
    rows = [x if isinstance(x, Array) else of_number(number(x)) for x in xs]
    lines = [loops.cheap(x) if x.shape else loops.view(x, [constant(1)], lambda at: ()) for x in rows]
    order = list(range(len(lines)))
    if op.static.get("indexing", "xy") == "xy" and len(lines) > 1:
        order[:2] = [1, 0]
    shape = [lines[k].shape[0] for k in order]

    def grid(k: int, line: Array) -> Array:
        return loops.view(line, shape, lambda at: (at[order.index(k)],))

    return tuple(grid(k, line) for k, line in enumerate(lines))


@looped(np.indices)
def indices(loops: Loops, op: Apply, dimensions: Term) -> Term:
    lengths = [number(n) for n in (dimensions if isinstance(dimensions, tuple) else (dimensions,))]
    dtype = op.result.type.dtype
    assert dtype is not None

    def element(at: Places) -> Operand:
        found = at[-1]
        for k in range(len(lengths) - 2, -1, -1):
            found = loops.select(loops.call(np.equal, at[0], k), at[k + 1], found)
        return loops.cast(found, dtype)

    return Array(dtype, _shape(op, (constant(len(lengths)), *lengths)), element, cost=2)


@looped(np.insert)
def insert(loops: Loops, op: Apply, x: Term, place: Term, values: Term) -> Term:
    """A vector with a number, or others, before one place."""
    row = array_of(x)
    count: Operand = constant(1)
    new = loops.cheap(values) if isinstance(values, Array) and values.shape else number(values)
    if isinstance(new, Array):
        count = new.shape[0]
    dims = op.operands[0].type.shape
    assert dims is not None and row.rank == 1
    where = _between(loops, number(place), row.shape[0])
    before, behind = row, loops.subtract(row.shape[0], where)

    def fill(target: Array) -> None:
        loops.nest([where], lambda at: loops.store(target, at, before.element(at)))

        def put(at: Places) -> None:
            value = new.element(at) if isinstance(new, Array) else new
            loops.store(target, (loops.add(where, at[0]),), value)

        loops.nest([count], put)
        moved = loops.add(where, count)

        def rest(at: Places) -> None:
            loops.store(target, (loops.add(moved, at[0]),), before.element((loops.add(where, at[0]),)))

        loops.nest([behind], rest)

    of = (row, new) if isinstance(new, Array) else (row,)
    shape = _shape(op, (loops.add(row.shape[0], count),))
    made = Array(row.dtype, shape, row.element, of, 99, fill=fill)
    return loops.stored(made, op.result.hint)


def _between(loops: Loops, place: Operand, length: Operand) -> Operand:
    """A place between items, counted from the start: from 0 to the length."""
    below = loops.call(np.less, place, 0)
    where = loops.select(below, loops.add(place, length), place)
    loops.guard(loops.call(np.greater_equal, where, 0))
    loops.guard(loops.call(np.less_equal, where, length))
    return where


@looped(np.delete)
def delete(loops: Loops, op: Apply, x: Term, place: Term) -> Term:
    """An array without one item along an axis."""
    x, axis = array_of(x), op.static.get("axis")
    if axis is None:
        x, axis = raveled(loops, x), 0
    (k,) = axes_of(axis, x.rank)
    if isinstance(place, Array) and place.shape or isinstance(place, (tuple, Cut)):
        return _without(loops, op, x, k, place)
    gone = in_range(loops, number(place), x.shape[k], new_dim())

    def places(at: Places) -> Places:
        later = loops.call(np.greater_equal, at[k], gone)
        return (*at[:k], loops.select(later, loops.add(at[k], 1), at[k]), *at[k + 1 :])

    shape = (*x.shape[:k], loops.subtract(x.shape[k], 1), *x.shape[k + 1 :])
    return loops.view(loops.cheap(x), _shape(op, shape), places)


def _without(loops: Loops, op: Apply, x: Array, k: int, place: Term) -> Array:
    """An array without several items along an axis."""
    kept = loops.allocate(np.dtype(bool), (x.shape[k],))
    loops.nest(kept.shape, lambda at: loops.store(kept, at, constant(np.True_)))
    t = ArrayType(np.dtype(bool), (kept.handle.type.shape or ())[:1], "array") if kept.handle else op.result.type
    found = subscript(loops, t, kept, op.operands[1].type, place, None)
    loops.nest(found.shape, lambda at: loops.store(kept, found.places(at), constant(np.False_)))
    (rows,) = true_places(loops, kept)
    shape = (*x.shape[:k], rows.shape[0], *x.shape[k + 1 :])
    source = loops.cheap(x)

    def element(at: Places) -> Operand:
        return source.element((*at[:k], rows.element((at[k],)), *at[k + 1 :]))

    return loops.computed(x.dtype, shape, element, 1, source, rows)


@looped(np.pad)
def pad(loops: Loops, op: Apply, x: Term, widths: Term) -> Term:
    source, mode = loops.cheap(array_of(x)), op.static.get("mode", "constant")
    value = op.static.get("constant_values", 0)
    pairs = _widths(widths, source.rank)
    ends = [(number(a), number(b)) for a, b in pairs]
    if not isinstance(value, (int, float, complex, np.generic)):
        raise UnsupportedType("np.pad with several numbers")
    for n, (a, b) in zip(source.shape, ends, strict=True):
        loops.guard(loops.call(np.greater_equal, loops.call(min, a, b), 0))
        if mode != "constant":
            loops.guard(loops.call(np.greater, n, 0))
    lengths = [loops.add(loops.add(n, a), b) for n, (a, b) in zip(source.shape, ends, strict=True)]
    around = constant(source.dtype.type(value))

    def element(at: Places) -> Operand:
        inside: Operand = constant(True)
        places = []
        for i, n, (a, _) in zip(at, source.shape, ends, strict=True):
            place = loops.subtract(i, a) if not is_int(a, 0) else i
            if mode == "constant":
                fits = loops.call(np.logical_and, loops.call(np.greater_equal, place, 0), loops.call(np.less, place, n))
                inside = fits if isinstance(inside, Constant) else loops.call(np.logical_and, inside, fits)
                place = loops.call(max, loops.call(min, place, loops.subtract(n, 1)), 0)
            else:
                place = _padded(loops, str(mode), place, n)
            places.append(place)
        if mode != "constant":
            return source.element(tuple(places))
        return _where(loops, inside, lambda: source.element(tuple(places)), around)

    return loops.computed(source.dtype, _shape(op, tuple(lengths)), element, 6, source)


def _where(loops: Loops, holds: Operand, element: Callable[[], Operand], otherwise: Operand) -> Operand:
    """An element that is not read where it is not there."""
    return loops.branch(holds, lambda: [element()], lambda: [otherwise])[0]


def _padded(loops: Loops, mode: str, place: Operand, n: Operand) -> Operand:
    """Which item a place before or behind the array is a copy of."""
    last = loops.subtract(n, 1)
    if mode == "edge":
        return loops.call(max, loops.call(min, place, last), 0)
    if mode == "wrap":
        return loops.call(np.remainder, place, n)
    # there and back again
    period = loops.multiply(n, 2) if mode == "symmetric" else loops.call(max, loops.multiply(last, 2), 1)
    around = loops.call(np.remainder, place, period)
    turned = loops.subtract(loops.subtract(period, around), 1 if mode == "symmetric" else 0)
    return loops.select(loops.call(np.less, around, n), around, turned)


def _widths(term: Term, rank: int) -> list[tuple[Term, Term]]:
    """How many items go before and behind, for each axis."""
    items = term if isinstance(term, tuple) else None
    if items is None:
        return [(term, term)] * rank
    pairs = [p for p in items if isinstance(p, tuple)] if isinstance(items[0], tuple) else [items]
    doubled = [(p[0], p[-1]) for p in pairs]
    return doubled * (rank if len(doubled) == 1 else 1)
