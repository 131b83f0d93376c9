"""Reductions: what is carried over the places of some axes.

Over the last axes a number is carried for each element of the result, in a loop of its own; over others all elements of
the result are carried at once, in memory, so that the innermost loop runs along the rows.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from s2sad.errors import UnsupportedType
from s2sad.ir.loop_rule import Array, Loops, Places, Term, looped
from s2sad.ir.values import Apply, Constant, Operand, constant
from s2sad.rules.looping.elementwise import number
from s2sad.rules.looping.shaping import array_of, axes_of, of_list, of_number, raveled

COSTLY = 99


@dataclass(frozen=True)
class Fold:
    """What is carried: what it begins with, and how an element is added."""

    first: Callable[[np.dtype[np.generic]], Operand]
    add: Callable[[Loops, Operand, Operand], Operand]
    is_sum: bool = False
    nonempty: bool = False


def _limit(sign: int) -> Callable[[np.dtype[np.generic]], Operand]:
    """What every number is above, or below."""

    def first(dtype: np.dtype[np.generic]) -> Operand:
        if dtype.kind == "f":
            return constant(dtype.type(sign * np.inf))
        if dtype.kind == "b":
            return constant(np.bool_(sign > 0))
        if dtype.kind not in "iu":
            raise UnsupportedType("the largest of complex numbers")
        info = np.iinfo(dtype.type)  # type: ignore[type-var]
        return constant(dtype.type(info.max if sign > 0 else info.min))

    return first


def _calling(function: Callable[..., object]) -> Callable[[Loops, Operand, Operand], Operand]:
    return lambda loops, a, b: loops.call(function, a, b)


SUM = Fold(lambda t: constant(t.type(0)), lambda loops, a, b: loops.tally(a, b), True)
PRODUCT = Fold(lambda t: constant(t.type(1)), _calling(np.multiply))
LARGEST = Fold(_limit(-1), _calling(np.maximum), nonempty=True)
LEAST = Fold(_limit(1), _calling(np.minimum), nonempty=True)
ANY = Fold(lambda t: constant(np.False_), _calling(np.logical_or))
ALL = Fold(lambda t: constant(np.True_), _calling(np.logical_and))

FOLDS: dict[object, Fold] = {
    np.sum: SUM, np.prod: PRODUCT, np.max: LARGEST, np.min: LEAST, np.any: ANY, np.all: ALL, np.count_nonzero: SUM,
}  # fmt: skip


@looped(np.sum, np.prod, np.max, np.min, np.any, np.all, np.count_nonzero)
def reduction(loops: Loops, op: Apply, x: Term) -> Term:
    dtype = op.result.type.dtype
    assert dtype is not None
    fold, x = FOLDS[op.primitive.function], of_list(loops, x)
    if not isinstance(x, Array):
        return loops.cast(number(x), dtype)
    if fold in (ANY, ALL) or op.primitive.function is np.count_nonzero:
        x = _truth(loops, x)
    return folded(
        loops, fold, x, axes_of(op.static.get("axis"), x.rank), bool(op.static.get("keepdims")), dtype, op.result.hint
    )


def _truth(loops: Loops, x: Array) -> Array:
    if x.dtype == bool:
        return x
    return loops.computed(np.dtype(bool), x.shape, lambda at: loops.call(np.not_equal, x.element(at), 0), 1, x)


def not_zero(loops: Loops, length: Operand) -> None:
    """Go on only where a length is not 0."""
    if not (isinstance(length, Constant) and length.value):
        loops.guard(loops.call(np.greater, length, 0))


@looped(np.mean)
def mean(loops: Loops, op: Apply, x: Term) -> Term:
    dtype = op.result.type.dtype
    assert dtype is not None
    x = of_list(loops, x)
    if not isinstance(x, Array):
        return loops.cast(number(x), dtype)
    axes = axes_of(op.static.get("axis"), x.rank)
    count = loops.product([x.shape[k] for k in axes])
    not_zero(loops, count)
    total = summed(loops, x, axes, bool(op.static.get("keepdims")), dtype, None)
    if not isinstance(total, Array):
        return loops.call(np.divide, number(total), count)
    sums = total
    return loops.computed(dtype, sums.shape, lambda at: loops.call(np.divide, sums.element(at), count), 4, sums)


def summed(
    loops: Loops, x: Array, axes: Sequence[int], keep: bool, dtype: np.dtype[np.generic] | None, hint: str | None
) -> Term:
    """A sum over some axes."""
    return folded(loops, SUM, x, axes, keep, dtype or x.dtype, hint)


def folded(
    loops: Loops,
    fold: Fold,
    x: Array,
    axes: Sequence[int],
    keep: bool,
    dtype: np.dtype[np.generic],
    hint: str | None,
    by_number: bool = False,
) -> Term:
    """What is carried over some axes, for each place of the others: `by_number`, each number for itself."""
    others = [k for k in range(x.rank) if k not in axes]
    if fold.nonempty:
        for k in axes:
            not_zero(loops, x.shape[k])
    first = fold.first(dtype)
    terms = _converted(loops, x, dtype)
    if not others and not keep:
        return _number(loops, fold, [x.shape[k] for k in axes], first, terms.element, hint=hint)
    axes = sorted(axes)
    lengths = [x.shape[k] for k in axes]
    shape = [constant(1) if k in axes else x.shape[k] for k in range(x.rank) if keep or k not in axes]

    def at_places(at: Places, inner: Places) -> Places:
        outer = iter([at[k] for k in others] if keep else at)
        within = iter(inner)
        return tuple(next(within) if k in axes else next(outer) for k in range(x.rank))

    def element(at: Places) -> Operand:
        return _number(loops, fold, lengths, first, lambda inner: terms.element(at_places(at, inner)), len(at), hint)

    made = loops.computed(dtype, shape, element, COSTLY, terms)
    if by_number or not others or axes == list(range(x.rank - len(axes), x.rank)):
        return made if others else loops.stored(made, hint)
    made.fill = lambda target: _in_rows(loops, fold, terms, target, axes, first, keep)
    return loops.stored(made, hint)


def _converted(loops: Loops, x: Array, dtype: np.dtype[np.generic]) -> Array:
    if x.dtype == dtype:
        return x
    return loops.computed(dtype, x.shape, lambda at: loops.cast(x.element(at), dtype), 0, x)


def _number(
    loops: Loops,
    fold: Fold,
    lengths: Sequence[Operand],
    first: Operand,
    term: Callable[[Places], Operand],
    depth: int = 0,
    hint: str | None = None,
) -> Operand:
    if fold.is_sum:
        return loops.total(lengths, first, term, depth, hint)
    return loops.fold(lengths, [first], lambda at, s: [fold.add(loops, s, term(at))], depth, hint)[0]


def _in_rows(
    loops: Loops, fold: Fold, x: Array, target: Array, axes: Sequence[int], first: Operand, keep: bool
) -> None:
    """All elements of the result at once."""
    loops.nest(target.shape, lambda at: loops.store(target, at, first))

    def add(at: Places) -> None:
        place = tuple(constant(0) if k in axes else i for k, i in enumerate(at) if keep or k not in axes)
        loops.store(target, place, fold.add(loops, target.element(place), x.element(at)))

    loops.nest(x.shape, add)


@looped(np.argmax, np.argmin)
def arg(loops: Loops, op: Apply, x: Term) -> Term:
    """Where the largest or least element is: the first one, or the first that is no number."""
    x = array_of(x)
    if x.dtype.kind == "c":
        raise UnsupportedType("the largest of complex numbers")
    axis, keep = op.static.get("axis"), bool(op.static.get("keepdims"))
    source = loops.cheap(raveled(loops, x) if axis is None else x)
    (k,) = axes_of(0 if axis is None else axis, source.rank)
    not_zero(loops, source.shape[k])
    if axis is None:
        place = _first_of_all(loops, op, source, lambda i: (i,), 0, 0)
        return loops.view(of_number(place), [constant(1)] * x.rank, lambda at: ()) if keep else place
    gone = (constant(1),) if keep else ()
    shape = (*source.shape[:k], *gone, *source.shape[k + 1 :])

    def element(at: Places) -> Operand:
        behind = at[k + 1 :] if keep else at[k:]
        return _first_of_all(loops, op, source, lambda i: (*at[:k], i, *behind), k, len(at))

    made = loops.computed(np.dtype(np.int64), shape, element, COSTLY, source)
    return made if shape else made.element(())


def _first_of_all(
    loops: Loops, op: Apply, x: Array, place: Callable[[Operand], Places], axis: int, depth: int
) -> Operand:
    """The place along an axis at which a row is largest, or least."""
    better = np.greater if op.primitive.function is np.argmax else np.less

    def step(at: Places, best: Operand, where: Operand) -> Sequence[Operand]:
        value = x.element(place(at[0]))
        more = loops.call(better, value, best)
        if x.dtype.kind == "f":
            is_number = loops.call(np.equal, best, best)
            nan = loops.call(np.logical_and, loops.call(np.isnan, value), is_number)
            more = loops.call(np.logical_or, loops.call(np.logical_and, more, is_number), nan)
        return [loops.select(more, value, best), loops.select(more, at[0], where)]

    first = [x.element(place(constant(0))), constant(np.int64(0))]
    return loops.fold([x.shape[axis]], first, step, depth)[1]
