"""Diagonals, triangles, repetitions: elements of an array at other places, and zeros."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from s2sad.errors import UnsupportedType
from s2sad.ir.loop_rule import Array, Loops, Places, Term, looped
from s2sad.ir.values import Apply, Constant, Operand, constant
from s2sad.rules.looping.elementwise import number
from s2sad.rules.looping.shaping import array_of, axes_of


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
    axis = op.static.get("axis")
    if axis is None and x.rank > 1:
        raise UnsupportedType("a roll over all elements")
    (k,) = axes_of(0 if axis is None else axis, x.rank)
    by, n = number(shift), x.shape[k]

    def places(at: Places) -> Places:
        moved = loops.call(np.remainder, loops.subtract(at[k], by), n)
        return (*at[:k], moved, *at[k + 1 :])

    return loops.view(x, x.shape, places)


@looped(np.take)
def take(loops: Loops, op: Apply, x: Term, indices: Term) -> Term:
    from s2sad.rules.looping.indexing import in_range

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
    x, n = array_of(x), times
    axis = op.static.get("axis")
    if isinstance(n, Array) or (axis is None and x.rank > 1):
        raise UnsupportedType("a repetition that differs from place to place")
    count = number(n)
    (k,) = axes_of(0 if axis is None else axis, x.rank)
    if not (isinstance(count, Constant) and count.value):
        loops.guard(loops.call(np.greater, count, 0))
    shape = (*x.shape[:k], loops.multiply(x.shape[k], count), *x.shape[k + 1 :])
    return loops.view(loops.cheap(x), _shape(op, shape), lambda at: (*at[:k], loops.call(np.floor_divide, at[k], count), *at[k + 1 :]))
