"""Products of matrices and vectors: loops, or a library where both are matrices that may be large."""

from __future__ import annotations

import numpy as np

from s2sad.errors import UnsupportedType
from s2sad.ir.loop_rule import Array, Loops, Places, Term, looped
from s2sad.ir.values import Apply, Constant, Operand, constant
from s2sad.rules.looping.reductions import SUM, folded
from s2sad.rules.looping.shaping import array_of

SMALL = 8
"""The longest row that is multiplied in a loop of its own, where a library would be called."""


@looped(np.matmul, np.dot)
def product(loops: Loops, op: Apply, a: Term, b: Term) -> Term:
    if not isinstance(a, Array) or not isinstance(b, Array) or not a.shape or not b.shape:
        raise UnsupportedType("a product of a number and an array", "a * b")
    if (a.rank, b.rank) not in ((1, 1), (2, 1), (1, 2), (2, 2)):
        raise UnsupportedType("a product of arrays of more than two axes")
    dtype = op.result.type.dtype
    assert dtype is not None
    inner, other = a.shape[-1], b.shape[0 if b.rank == 1 else -2]
    if inner is not other and not _is_same(inner, other):
        loops.guard(loops.call(np.equal, inner, other))
    if a.rank == b.rank == 2 and not is_short(inner):
        if is_short(a.shape[0]) and is_short(b.shape[1]):
            return in_places(loops, op, loops.cheap(a), loops.cheap(b), dtype, inner)
        return by_library(loops, op, a, b, dtype)
    return in_loops(loops, op, loops.cheap(a), loops.cheap(b), dtype, inner)


def is_short(n: Operand) -> bool:
    """Whether a length is known, and so small that a library is slower than loops."""
    return isinstance(n, Constant) and isinstance(n.value, int) and n.value <= SMALL


def _is_same(a: Operand, b: Operand) -> bool:
    if isinstance(a, Constant) and isinstance(b, Constant):
        return a.value == b.value
    return a.type.size is not None and a.type.size == b.type.size


def in_loops(loops: Loops, op: Apply, a: Array, b: Array, dtype: np.dtype[np.generic], inner: Operand) -> Term:
    """The products, as an array of one axis more than the result, added up over the axis that both have."""
    shape = [*a.shape[:-1], inner, *b.shape[1:]]
    axis = a.rank - 1

    def element(at: Places) -> Operand:
        left = a.element((*at[:axis], at[axis]))
        return loops.call(np.multiply, left, b.element(at[axis:]))

    products = loops.computed(dtype, shape, element, 1, a, b)
    return folded(loops, SUM, products, [axis], False, dtype, op.result.hint, by_number=is_short(inner))


def in_places(loops: Loops, op: Apply, a: Array, b: Array, dtype: np.dtype[np.generic], inner: Operand) -> Term:
    """A small matrix, to all elements of which each step along the axis that both have adds."""
    zero = constant(dtype.type(0))
    target = loops.allocate(dtype, (a.shape[0], b.shape[1]), op.result.hint)
    loops.nest(target.shape, lambda at: loops.store(target, at, zero))

    def add(at: Places) -> None:
        k, row, column = at
        term = loops.call(np.multiply, a.element((row, k)), b.element((k, column)))
        loops.store(target, (row, column), loops.tally(target.element((row, column)), term))

    loops.nest((inner, *target.shape), add)
    return target


def by_library(loops: Loops, op: Apply, a: Array, b: Array, dtype: np.dtype[np.generic]) -> Array:
    """The product of two matrices, which lie row by row, or column by column."""
    if dtype.kind not in "fc" or a.dtype != dtype or b.dtype != dtype:
        raise UnsupportedType("a product of matrices of integers, or of two dtypes")
    target = loops.allocate(dtype, (a.shape[0], b.shape[1]), op.result.hint)
    turned = tuple(x.handle is None and x.turned is not None for x in (a, b))
    own = [x.turned if t and x.turned is not None else x for x, t in zip((a, b), turned, strict=True)]
    loops.into("matmul", *own, target, turned=turned)
    return target


@looped(np.outer)
def outer(loops: Loops, op: Apply, a: Term, b: Term) -> Term:
    one, two = (_row(loops, array_of(t)) for t in (a, b))
    dtype = op.result.type.dtype
    assert dtype is not None

    def element(at: Places) -> Operand:
        return loops.call(np.multiply, one.element(at[:1]), two.element(at[1:]))

    return loops.computed(dtype, (one.shape[0], two.shape[0]), element, 1, one, two)


def _row(loops: Loops, x: Array) -> Array:
    return loops.cheap(x) if x.rank == 1 else loops.reshaped(x, [loops.product(x.shape)])


@looped(np.trace)
def trace(loops: Loops, op: Apply, x: Term) -> Term:
    x = array_of(x)
    n = loops.call(min, *x.shape) if not _is_same(*x.shape) else x.shape[0]
    dtype = op.result.type.dtype
    assert dtype is not None
    return loops.total([n], constant(dtype.type(0)), lambda at: x.element((at[0], at[0])))


@looped(np.vdot, np.inner)
def inner(loops: Loops, op: Apply, a: Term, b: Term) -> Term:
    one, two = array_of(a), array_of(b)
    dtype = op.result.type.dtype
    if one.rank != 1 or two.rank != 1 or dtype is None or dtype.kind == "c":
        raise UnsupportedType(f"{op.primitive.name} of matrices")
    return in_loops(loops, op, one, two, dtype, one.shape[0])
