"""Functions that are others put together: they have no loops of their own, the loops are those of what they are.

np.var(x)   is   np.sum((x - np.mean(x)) ** 2) / np.size(x)
"""

from __future__ import annotations

from typing import Any

import numpy as np

from s2sad.errors import UnsupportedType
from s2sad.ir.batch_rule import for_each_example
from s2sad.ir.builder import beside, call, rank_of, shape_of
from s2sad.ir.loop_rule import guard, written
from s2sad.rules.numpy.contractions import parse_subscripts
from s2sad.rules.numpy.reductions import count_of, expanded
from s2sad.rules.numpy.shaping import known_rank


def _is_complex(x: Any) -> bool:
    return getattr(x, "dtype", None) is not None and np.dtype(x.dtype).kind == "c"


def _in_float(x: Any) -> Any:
    """Integers as floats."""
    dtype = getattr(x, "dtype", None)
    return call(np.asarray, x, dtype=float) if dtype is not None and np.dtype(dtype).kind in "biu" else x


# spread


@written(np.var)
def var(a: Any, axis: Any = None, ddof: int = 0, keepdims: bool = False) -> Any:
    x = _in_float(a)
    middle = np.mean(x) if axis is None else np.mean(x, axis=axis, keepdims=True)
    off = x - middle
    count = count_of(x, axis)
    total = np.sum(_squares(off), axis=axis, keepdims=keepdims)
    if not ddof:
        return total / count
    guard(np.greater(count, ddof), total)
    return total / (count - ddof)


@written(np.std)
def std(a: Any, axis: Any = None, ddof: int = 0, keepdims: bool = False) -> Any:
    return np.sqrt(var(a, axis, ddof, keepdims))


@written(np.linalg.norm)
def norm(x: Any, ord: Any = None, axis: Any = None, keepdims: bool = False) -> Any:
    rank = known_rank(x, "np.linalg.norm")
    count = rank if axis is None else len(axis) if isinstance(axis, tuple) else 1
    over: dict[str, Any] = {"axis": axis, "keepdims": keepdims}
    if count == 1 and ord == 1:
        return np.sum(np.abs(_in_float(x)), **over)
    if not (ord is None or (ord == "fro" and count == 2) or (ord == 2 and count == 1)):
        raise UnsupportedType(f"np.linalg.norm with ord={ord!r}")
    return np.sqrt(np.sum(_squares(_in_float(x)), **over))


def _squares(x: Any) -> Any:
    """The squares of the moduli."""
    return np.real(x) * np.real(x) + np.imag(x) * np.imag(x) if _is_complex(x) else x * x


@written("scipy.special.logsumexp")
def logsumexp(a: Any, axis: Any = None, keepdims: bool = False) -> Any:
    largest = np.max(a, axis=axis, keepdims=keepdims)
    # what is infinite is no number behind a difference
    base = np.where(np.isfinite(largest), largest, 0.0)
    return np.log(np.sum(np.exp(a - expanded(base, a, axis, keepdims)), axis=axis, keepdims=keepdims)) + base


def _largest(x: Any, axis: Any) -> Any:
    return np.max(x) if axis is None else np.max(x, axis=axis, keepdims=True)


def _total(x: Any, axis: Any) -> Any:
    return np.sum(x) if axis is None else np.sum(x, axis=axis, keepdims=True)


@written("scipy.special.softmax")
def softmax(x: Any, axis: Any = None) -> Any:
    e = np.exp(x - _largest(x, axis))
    return e / _total(e, axis)


@written("scipy.special.log_softmax")
def log_softmax(x: Any, axis: Any = None) -> Any:
    off = x - _largest(x, axis)
    return off - np.log(_total(np.exp(off), axis))


# axes


@written(np.atleast_3d)
def at_least_3d(a: Any) -> Any:
    rank = known_rank(a, "np.atleast_3d")
    if rank >= 3:
        return a
    return np.expand_dims(a, ((0, 1, 2), (0, 2), (2,))[rank])


@written(np.matrix_transpose)
def matrix_transpose(x: Any) -> Any:
    return np.swapaxes(x, -1, -2)


@written(np.rollaxis)
def rollaxis(a: Any, axis: int, start: int = 0) -> Any:
    rank = known_rank(a, "np.rollaxis")
    order = np.rollaxis(np.empty(range(rank)), axis, start).shape
    return np.transpose(a, order)


@written(np.fliplr)
def fliplr(m: Any) -> Any:
    return np.flip(m, axis=1)


@written(np.flipud)
def flipud(m: Any) -> Any:
    return np.flip(m, axis=0)


@written(np.rot90)
def rot90(m: Any, k: int = 1, axes: Any = (0, 1)) -> Any:
    rank = known_rank(m, "np.rot90")
    a, b = (int(x) % rank for x in axes)
    match k % 4:
        case 0:
            return m
        case 2:
            return np.flip(m, axis=(a, b))
        case 1:
            return np.swapaxes(np.flip(m, axis=b), a, b)
    return np.flip(np.swapaxes(m, a, b), axis=b)


@written(for_each_example)
def each_example(a: Any, count: Any) -> Any:
    return np.broadcast_to(a, (count, *shape_of(a)))


# differences and products


@written(np.diff)
def diff(a: Any, n: int = 1, axis: int = -1) -> Any:
    k = axis % known_rank(a, "np.diff")
    lead = (slice(None),) * k
    for _ in range(n):
        later, earlier = a[(*lead, slice(1, None))], a[(*lead, slice(None, -1))]
        is_truth = a.dtype == bool
        a = np.not_equal(later, earlier) if is_truth else later - earlier
    return a


@written(np.kron)
def kron(a: Any, b: Any) -> Any:
    m, n = known_rank(a, "np.kron"), known_rank(b, "np.kron")
    rank = max(m, n)
    if not m or not n:
        return a * b
    one, two = ((1,) * (rank - r) + tuple(shape_of(x)) for x, r in ((a, m), (b, n)))
    wide = tuple(d for k in range(rank) for d in (one[k], 1))
    narrow = tuple(d for k in range(rank) for d in (1, two[k]))
    products = np.reshape(a, wide) * np.reshape(b, narrow)
    return np.reshape(products, tuple(p * q for p, q in zip(one, two, strict=True)))


@written(np.cross)
def cross(a: Any, b: Any) -> Any:
    def parts(x: Any) -> list[Any]:
        length = x.type.shape[-1]
        if length not in (2, 3):
            raise UnsupportedType("np.cross of vectors whose length is not known")
        return [x[..., k] for k in range(length)]

    x, y = parts(a), parts(b)
    last = x[0] * y[1] - x[1] * y[0]
    if len(x) == len(y) == 2:
        return last
    x3, y3 = (p[2] if len(p) == 3 else None for p in (x, y))
    first = -(x3 * y[1]) if y3 is None else x[1] * y3 if x3 is None else x[1] * y3 - x3 * y[1]
    second = x3 * y[0] if y3 is None else -(x[0] * y3) if x3 is None else x3 * y[0] - x[0] * y3
    return call(np.stack, [first, second, last], axis=-1)


def _pairs(axes: Any, m: int, n: int) -> tuple[list[int], list[int]]:
    if isinstance(axes, (int, np.integer)):
        return list(range(m - int(axes), m)), list(range(int(axes)))
    left, right = ([p] if isinstance(p, (int, np.integer)) else list(p) for p in axes)
    return [int(p) % m for p in left], [int(p) % n for p in right]


@written(np.tensordot)
def tensordot(a: Any, b: Any, axes: Any = 2) -> Any:
    """The axes that are summed over last in the one and first in the other: a product of matrices."""
    m, n = known_rank(a, "np.tensordot"), known_rank(b, "np.tensordot")
    left, right = _pairs(axes, m, n)
    mine, theirs = [k for k in range(m) if k not in left], [k for k in range(n) if k not in right]
    if not left:
        return a[(..., *[None] * len(theirs))] * b if theirs else a * b
    if mine and theirs:
        return _as_matrices(_ordered(a, [*mine, *left]), _ordered(b, [*right, *theirs]), len(left))
    one, two = (_ordered(x, k) for x, k in ((a, [*mine, *left]), (b, [*theirs, *right])))
    return np.sum(one * two, axis=tuple(range(-len(left), 0)))


def _ordered(x: Any, order: list[int]) -> Any:
    return x if order == sorted(order) else np.transpose(x, tuple(order))


def _as_matrices(a: Any, b: Any, count: int) -> Any:
    """A product over the last axes of the one and the first of the other."""
    lead = known_rank(a, "np.tensordot") - count
    rows, columns = tuple(shape_of(a))[:lead], tuple(shape_of(b))[count:]
    inner = tuple(shape_of(a))[lead:]
    one = a if len(rows) == count == 1 else np.reshape(a, (_product(a, rows), _product(a, inner)))
    two = b if len(columns) == count == 1 else np.reshape(b, (_product(a, inner), _product(a, columns)))
    found = one @ two
    return found if len(rows) == len(columns) == 1 else np.reshape(found, (*rows, *columns))


def _product(like: Any, lengths: tuple[Any, ...]) -> Any:
    total: Any = lengths[0]
    for n in lengths[1:]:
        total = total * n
    return total


@written(np.inner)
def inner(a: Any, b: Any) -> Any:
    m, n = known_rank(a, "np.inner"), known_rank(b, "np.inner")
    if not m or not n:
        return a * b
    if m == n == 1:
        return a @ b
    return tensordot(a, b, ((m - 1,), (n - 1,)))


@written(np.dot)
def dot(a: Any, b: Any) -> Any:
    m, n = known_rank(a, "np.dot"), known_rank(b, "np.dot")
    if not m or not n:
        return a * b
    if m <= 2 and n <= 2:
        return a @ b
    return tensordot(a, b, ((m - 1,), (max(n - 2, 0),)))


@written(np.vdot)
def vdot(a: Any, b: Any) -> Any:
    one, two = (x if rank_of(x) == 1 else np.ravel(x) for x in (a, b))
    return (np.conj(one) if _is_complex(one) else one) @ two


@written(np.polyval)
def polyval(p: Any, x: Any) -> Any:
    length = p.type.shape[0] if p.type.rank == 1 else len(p.type.keys) if p.type.is_container else None
    if not isinstance(length, int) or length < 1:
        raise UnsupportedType("a polynomial whose degree is not known")
    y = x * 0 + p[0]
    for k in range(1, length):
        y = y * x + p[k]
    return y


# angles


@written(np.radians, np.deg2rad)
def radians(x: Any) -> Any:
    return _in_float(x) * (np.pi / 180.0)


@written(np.degrees, np.rad2deg)
def degrees(x: Any) -> Any:
    return _in_float(x) * (180.0 / np.pi)


@written(np.unwrap)
def unwrap(p: Any, discont: float | None = None, axis: int = -1, period: float = 2.0 * np.pi) -> Any:
    k = axis % known_rank(p, "np.unwrap")
    lead = (slice(None),) * k
    limit = period / 2 if discont is None else max(discont, period / 2)
    low, high = -period / 2, period / 2
    step = diff(p, axis=k)
    moved = np.mod(step - low, period) + low
    moved = np.where((moved == low) & (step > 0), high, moved)
    jump = np.where(np.abs(step) < limit, 0.0, moved - step)
    first, rest = p[(*lead, slice(None, 1))], p[(*lead, slice(1, None))]
    return call(np.concatenate, [first, rest + np.cumsum(jump, axis=k)], axis=k)


# questions


@written(np.array_equal)
def array_equal(a1: Any, a2: Any, equal_nan: bool = False) -> Any:
    if not _same_shape(a1, a2):
        raise UnsupportedType("arrays whose shapes only the run compares")
    same = np.equal(a1, a2)
    if equal_nan:
        same = same | (np.not_equal(a1, a1) & np.not_equal(a2, a2))
    return call(bool, np.all(same))


@written(np.array_equiv)
def array_equiv(a1: Any, a2: Any) -> Any:
    if not _same_shape(a1, a2):
        raise UnsupportedType("arrays whose shapes only the run compares")
    return call(bool, np.all(np.equal(a1, a2)))


def _same_shape(a: Any, b: Any) -> bool:
    return a.type.shape is not None and a.type.shape == b.type.shape


@written(np.allclose)
def allclose(a: Any, b: Any, rtol: float = 1e-05, atol: float = 1e-08, equal_nan: bool = False) -> Any:
    close = call(np.isclose, a, b, rtol=rtol, atol=atol, equal_nan=equal_nan)
    return call(bool, np.all(close))


@written(np.modf)
def modf(x: Any) -> Any:
    x = _in_float(x)
    whole = np.trunc(x)
    return np.copysign(np.where(np.isinf(x), 0.0, x - whole), x), whole


@written(divmod)
def quotient(x: Any, y: Any) -> Any:
    return np.floor_divide(x, y), np.remainder(x, y)


# shifted


@written(np.fft.fftshift)
def fftshift(x: Any, axes: Any = None) -> Any:
    return _shifted(x, axes, lambda n: n // 2)


@written(np.fft.ifftshift)
def ifftshift(x: Any, axes: Any = None) -> Any:
    return _shifted(x, axes, lambda n: -(n // 2))


def _shifted(x: Any, axes: Any, by: Any) -> Any:
    rank = known_rank(x, "np.fft.fftshift")
    given = range(rank) if axes is None else (axes,) if isinstance(axes, int) else axes
    for k in given:
        x = np.roll(x, by(shape_of(x)[k]), axis=k)
    return x


@written(np.roll)
def roll(a: Any, shift: Any, axis: Any = None) -> Any:
    """Along several axes one after the other, without one over all elements."""
    rank = known_rank(a, "np.roll")
    if axis is None:
        if rank == 1:
            return call(np.roll, a, shift, axis=0)
        return np.reshape(call(np.roll, np.ravel(a), shift, axis=0), shape_of(a))
    if isinstance(axis, int) and not shift.type.is_container:
        raise UnsupportedType("np.roll along one axis is what it is")
    axes = (axis,) if isinstance(axis, int) else tuple(axis)
    shifts = list(shift) if shift.type.is_container else [shift] * len(axes)
    for k, by in zip(axes * (len(shifts) // len(axes)), shifts, strict=True):
        a = call(np.roll, a, by, axis=k)
    return a


@written(np.tile)
def tile(A: Any, reps: Any) -> Any:
    counts = list(reps) if reps.type.is_container else [reps]
    rank = max(known_rank(A, "np.tile"), len(counts))
    counts = [1] * (rank - len(counts)) + counts
    lengths = [1] * (rank - (rank_of(A) or 0)) + list(shape_of(A))
    narrow = tuple(d for n in lengths for d in (1, n))
    wide = tuple(d for r, n in zip(counts, lengths, strict=True) for d in (r, n))
    spread = np.broadcast_to(np.reshape(A, narrow), wide)
    return np.reshape(spread, tuple(r * n for r, n in zip(counts, lengths, strict=True)))


@written(np.linspace)
def linspace(start: Any, stop: Any, num: Any = 50, endpoint: bool = True, dtype: Any = None) -> Any:
    if dtype is not None and np.dtype(dtype).kind != "f":
        raise UnsupportedType("np.linspace of integers")
    like = next(x for x in (start, stop, num) if hasattr(x, "builder"))
    parts = num - 1 if endpoint else num
    step = (stop - start) / beside(like, max, parts, 1)
    numbers = beside(like, np.arange, num)
    found = numbers * step + start
    if endpoint:
        # the last one is the end itself
        found = np.where((numbers == parts) & (parts > 0), stop, found)
    return found if dtype is None else call(np.asarray, found, dtype=dtype)


@written(np.fft.fftfreq)
def fftfreq(n: Any, d: Any = 1.0) -> Any:
    k = call(np.arange, n)
    return np.where(k < (n + 1) // 2, k, k - n) * (1.0 / (n * d))


@written(np.fft.rfftfreq)
def rfftfreq(n: Any, d: Any = 1.0) -> Any:
    return call(np.arange, n // 2 + 1) * (1.0 / (n * d))


@written(np.einsum)
def einsum(subscripts: str, *operands: Any, optimize: Any = False) -> Any:
    """A product of two arrays that is one of matrices, or of a batch of them."""
    terms, result = parse_subscripts(subscripts, [rank_of(x) for x in operands])
    plain = len(terms) == 2 and all(len(set(t)) == len(t) for t in terms)
    if not plain:
        raise UnsupportedType("no product of two arrays")
    (one, two), (a, b) = terms, operands
    batch = [k for k in one if k in two and k in result]
    inner = [k for k in one if k in two and k not in result]
    rows, columns = [k for k in one if k not in two], [k for k in two if k not in one]
    lengths = [(x.type.shape[t.index(k)]) for k in inner + batch for x, t in ((a, one), (b, two))]
    is_short = all(isinstance(n, int) and n <= 8 for n in lengths[: 2 * len(inner)])
    if is_short or not rows or not columns or not {*rows, *columns} <= {*result} or lengths[::2] != lengths[1::2]:
        raise UnsupportedType("no product of matrices")
    if not batch:
        found = tensordot(a, b, ([one.index(k) for k in inner], [two.index(k) for k in inner]))
    elif len(rows) == len(columns) == len(inner) == 1:
        left = _ordered(a, [one.index(k) for k in batch + rows + inner])
        found = left @ _ordered(b, [two.index(k) for k in batch + inner + columns])
    else:
        raise UnsupportedType("a batch of what are no matrices")
    made = batch + rows + columns
    return _ordered(found, [made.index(k) for k in result])
