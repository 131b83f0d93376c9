"""Products of matrices and vectors: loops, or a library where both are matrices that may be large."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

import numpy as np

from s2sad.errors import UnsupportedType
from s2sad.ir.loop_rule import Array, Loops, Places, Term, looped
from s2sad.ir.types import ArrayType, Type
from s2sad.ir.values import Apply, Constant, Operand, constant, is_int
from s2sad.rules.looping.elementwise import broadcast, number
from s2sad.rules.looping.reductions import COSTLY, SUM, folded
from s2sad.rules.looping.shaping import array_of, of_number, permuted, same_lengths
from s2sad.rules.numpy.contractions import parse_subscripts

SMALL = 8
"""The longest row that is multiplied in a loop of its own, where a library would be called."""


@looped(np.matmul)
def product(loops: Loops, op: Apply, a: Term, b: Term) -> Term:
    if not isinstance(a, Array) or not isinstance(b, Array) or not a.shape or not b.shape:
        raise UnsupportedType("a product of a number and an array", "a * b")
    dtype = op.result.type.dtype
    assert dtype is not None
    inner, other = a.shape[-1], b.shape[0 if b.rank == 1 else -2]
    same_lengths(loops, [inner], [other])
    if a.rank > 2 or b.rank > 2:
        return in_batches(loops, op, a, b, dtype, inner)
    if a.rank == b.rank == 2 and not is_short(inner):
        rows, columns = is_short(a.shape[0]), is_short(b.shape[1])
        # what is computed as it is read is not stored for a library
        along = is_turned(a) and a.turned is not None and not is_stored(a.turned)
        if (rows and columns) or (along and columns) or (rows and not is_stored(b) and not is_turned(b)):
            return in_places(loops, op, loops.cheap(a), loops.cheap(b), dtype, inner)
        return by_library(loops, op, a, b, dtype)
    if a.rank == 2 and b.rank == 1 and not is_short(inner) and is_turned(a):
        return in_rows(loops, op, a, loops.cheap(b), dtype)
    if a.rank == b.rank == 2 and is_turned(b) and not is_short(a.shape[0]) and not is_short(b.shape[1]):
        # the loop along its rows runs once for each row of the other matrix
        b = loops.fresh(b)
    return in_loops(loops, op, loops.cheap(a), loops.cheap(b), dtype, inner)


def is_short(n: Operand) -> bool:
    """Whether a length is known, and so small that a library is slower than loops."""
    return isinstance(n, Constant) and isinstance(n.value, int) and n.value <= SMALL


def is_stored(x: Array) -> bool:
    """Whether a matrix lies row by row."""
    return x.handle is not None


def is_turned(x: Array) -> bool:
    """Whether a matrix is the transpose of another one, and does not lie row by row itself."""
    return x.turned is not None and not is_stored(x)


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


def in_rows(loops: Loops, op: Apply, a: Array, b: Array, dtype: np.dtype[np.generic]) -> Term:
    """The product of a matrix that lies column by column, to all of which each of them adds."""
    columns = a.turned
    assert columns is not None

    def element(at: Places) -> Operand:
        return loops.call(np.multiply, columns.element(at), b.element(at[:1]))

    products = loops.computed(dtype, columns.shape, element, 1, columns, b)
    return folded(loops, SUM, products, [0], False, dtype, op.result.hint)


def in_places(loops: Loops, op: Apply, a: Array, b: Array, dtype: np.dtype[np.generic], inner: Operand) -> Array:
    """A matrix of few rows or columns, to all elements of which each step along the axis that both have adds.

    The longer axis lies along the rows of the memory; the loop over the other one, which is written out, is inside.
    """
    few, both = is_short(a.shape[0]), is_short(a.shape[0]) and is_short(b.shape[1])
    lengths = (a.shape[0], b.shape[1]) if few else (b.shape[1], a.shape[0])
    zero = constant(dtype.type(0))
    target = loops.allocate(dtype, lengths, op.result.hint)
    loops.nest(lengths, lambda at: loops.store(target, at, zero))

    def add(at: Places) -> None:
        k, place = at[0], at[1:] if both else at[:0:-1]
        row, column = place if few else place[::-1]
        term = loops.call(np.multiply, a.element((row, k)), b.element((k, column)))
        loops.store(target, place, loops.tally(target.element(place), term))

    loops.nest((inner, *(lengths if both else lengths[::-1])), add)
    return target if few else permuted(loops, target, (1, 0))


def in_batches(loops: Loops, op: Apply, a: Array, b: Array, dtype: np.dtype[np.generic], inner: Operand) -> Term:
    """The products of the matrices that stand in the last two axes: the axes before them are broadcast."""
    types = [_batch_type(o.type) for o in op.operands]
    own = a.rank > 1, b.rank > 1
    dims = op.result.type.shape
    assert dims is not None
    lead = len(dims) - sum(own)
    outer = [_batch(x) for x in (a, b)]
    batch, places = broadcast(loops, ArrayType(dtype, dims[:lead], "array"), types, outer)
    shape = (*batch, *a.shape[:-1][-1:], *(b.shape[-1:] if own[1] else ()))
    if all(own) and not is_short(inner) and a.dtype == b.dtype == dtype and dtype.kind in "fc":
        return one_by_one(loops, op, (a, b), places, shape)
    left, right = loops.cheap(a), loops.cheap(b)

    def element(at: Places) -> Operand:
        rows, columns = places[0](at[:lead]), places[1](at[:lead])
        row = (*rows, at[lead]) if own[0] else ()
        column = at[-1:] if own[1] else ()

        def term(k: Places) -> Operand:
            other = (*columns, k[0], *column) if own[1] else k
            return loops.call(np.multiply, left.element((*row, k[0])), right.element(other))

        return loops.total([inner], constant(dtype.type(0)), term, len(at), op.result.hint)

    return loops.computed(dtype, shape, element, COSTLY, left, right)


def one_by_one(
    loops: Loops, op: Apply, factors: tuple[Array, Array], places: Sequence[Callable[[Places], Places]], shape: Places
) -> Array:
    """The products of a batch, each of two matrices that a library multiplies."""
    target = loops.allocate(factors[0].dtype, shape, op.result.hint)
    own = [loops.allocate(x.dtype, x.shape[-2:]) for x in factors]
    product = loops.allocate(target.dtype, shape[-2:])

    def one(at: Places) -> None:
        for x, place, matrix in zip(factors, places, own, strict=True):
            loops.nest(matrix.shape, _matrix_writer(loops, x, place(at), matrix))
        loops.into("dot", *own, product)
        loops.nest(product.shape, lambda k: loops.store(target, (*at, *k), product.element(k)))

    loops.nest(shape[:-2], one)
    return target


def _matrix_writer(loops: Loops, x: Array, lead: Places, matrix: Array) -> Callable[[Places], None]:
    return lambda at: loops.store(matrix, at, x.element((*lead, *at)))


def _batch(x: Array) -> Array:
    return Array(x.dtype, x.shape[:-2], lambda at: constant(0))


def _batch_type(t: Type) -> Type:
    shape = t.shape
    assert shape is not None
    return ArrayType(t.dtype, shape[:-2], "array")


@looped(np.einsum)
def einsum(loops: Loops, op: Apply, *terms: Term) -> Term:
    """A loop for each label: those of the result around those that are summed over."""
    arrays = [t if isinstance(t, Array) else of_number(number(t)) for t in terms]
    subscripts, dtype = op.static["subscripts"], op.result.type.dtype
    assert isinstance(subscripts, str) and dtype is not None
    labels, result = parse_subscripts(subscripts, [a.rank for a in arrays])
    lengths = _label_lengths(loops, labels, arrays)
    inner = [label for label in lengths if label not in result]
    sources = [loops.cheap(a) for a in arrays]

    def product_at(table: Mapping[str, Operand]) -> Operand:
        factors: list[Operand] = []
        for names, x in zip(labels, sources, strict=True):
            at = (constant(0) if is_int(n, 1) else table[k] for k, n in zip(names, x.shape, strict=True))
            factors.append(loops.cast(x.element(tuple(at)), dtype))
        total = factors[0]
        for factor in factors[1:]:
            total = loops.call(np.multiply, total, factor)
        return total

    def element(at: Places) -> Operand:
        outer = dict(zip(result, at, strict=True))
        if not inner:
            return product_at(outer)
        zero, over = constant(dtype.type(0)), [lengths[k] for k in inner]
        return loops.total(
            over, zero, lambda k: product_at(outer | dict(zip(inner, k, strict=True))), len(at), op.result.hint
        )

    cost = COSTLY if inner else len(sources)
    made = loops.computed(dtype, [lengths[k] for k in result], element, cost, *sources)
    return made if result else made.element(())


def _label_lengths(loops: Loops, labels: Sequence[str], arrays: Sequence[Array]) -> dict[str, Operand]:
    """How long the axes of each label are: those that have one are equally long, or of length 1."""
    lengths: dict[str, Operand] = {}
    for names, x in zip(labels, arrays, strict=True):
        for label, n in zip(names, x.shape, strict=True):
            known = lengths.get(label)
            if known is None or is_int(known, 1):
                lengths[label] = n
            elif not is_int(n, 1):
                same_lengths(loops, [known], [n])
    return lengths


def by_library(loops: Loops, op: Apply, a: Array, b: Array, dtype: np.dtype[np.generic]) -> Array:
    """The product of two matrices, which lie row by row, or column by column."""
    if dtype.kind not in "fc" or a.dtype != dtype or b.dtype != dtype:
        raise UnsupportedType("a product of matrices of integers, or of two dtypes")
    target = loops.allocate(dtype, (a.shape[0], b.shape[1]), op.result.hint)
    turned = (is_turned(a), is_turned(b))
    own = [x.turned if t and x.turned is not None else x for x, t in zip((a, b), turned, strict=True)]
    loops.into("dot", *own, target, turned=turned)
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
