"""Sums, means, products, extrema and what goes with them, over all axes or some."""

from __future__ import annotations

import operator
from collections.abc import Callable, Iterable
from typing import Any

import numpy as np

from s2sad.errors import UnsupportedType
from s2sad.ir.builder import call, rank_of, shape_of
from s2sad.ir.dims import Dim, Shape, derived_dim, dim_product, dim_sum, is_known, may_be_negative
from s2sad.ir.doubt import DTYPES
from s2sad.ir.primitive import NotByRule, Sample, Samples
from s2sad.ir.types import ArrayType, Type, array, integer
from s2sad.rules.contributions import cast, conjugated, type_in
from s2sad.rules.domains import REAL
from s2sad.rules.families import constant, linear, rule
from s2sad.rules.promotion import array_types, result_dtype
from s2sad.rules.roots import with_square

Axis = int | tuple[int, ...] | None


def axes_of(axis: Axis, rank: int) -> tuple[int, ...]:
    """The axes as non-negative numbers, in order."""
    given = range(rank) if axis is None else (axis,) if isinstance(axis, (int, np.integer)) else axis
    for a in given:
        if not -rank <= operator.index(a) < rank:
            raise ValueError(f"axis {a} is out of bounds for an array of dimension {rank}")
    return tuple(sorted({operator.index(a) % rank for a in given}))


def _reduced_axes(axis: Axis, rank: int) -> tuple[int, ...]:
    """The axes of a reduction; a number may be reduced along a first axis that it has not."""
    return () if rank == 0 and axis in (0, -1) else axes_of(axis, rank)


def reduced_shape(shape: Shape | None, axis: Axis, keepdims: bool) -> Shape | None:
    """The shape that is left."""
    if shape is None:
        return () if axis is None and not keepdims else None
    axes = _reduced_axes(axis, len(shape))
    if keepdims:
        return tuple(1 if k in axes else n for k, n in enumerate(shape))
    return tuple(n for k, n in enumerate(shape) if k not in axes)


def expanded(g: Any, x: Any, axis: Axis, keepdims: bool) -> Any:
    """The cotangent of a reduction with the reduced axes put back, each of length 1."""
    rank = rank_of(x)
    if keepdims or axis is None or rank == 0:
        return g
    if rank is None:
        return np.expand_dims(g, axis)
    axes = axes_of(axis, rank)
    return g if axes == tuple(range(len(axes))) else np.expand_dims(g, axes[0] if len(axes) == 1 else axes)


def spread_back(g: Any, x: Any, axis: Axis, keepdims: bool) -> Any:
    """The cotangent of a sum, repeated over what was summed: in its dtype, as an array of a Python number is not."""
    t, single = type_in(x), expanded(g, x, axis, keepdims)
    if t.dtype is not None and t.dtype.kind in "fc" and t.dtype not in DTYPES.values():
        single = call(t.dtype.type, single) if type_in(single).kind == "python" else single
    return single if t.is_scalar else np.broadcast_to(single, shape_of(x))


def count_of(x: Any, axis: Axis) -> Any:
    """How many numbers go into one of the result."""
    if axis is None:
        return call(np.size, x)
    rank = rank_of(x)
    axes = _reduced_axes(axis, rank) if rank is not None else (axis,) if isinstance(axis, (int, np.integer)) else axis
    product: Any = None
    for a in axes:
        n = shape_of(x)[a]
        product = n if product is None else product * n
    return 1 if product is None else product


def _reduction_type(name: str, integers: str = "keep") -> Callable[..., Type]:
    def type_rule(a: Type, /, axis: Axis = None, keepdims: bool = False) -> Type:
        (t,) = array_types(name, [a])
        dtype = t.dtype
        if dtype is not None and dtype.kind in "biu" and integers != "keep":
            dtype = np.dtype(np.float64) if integers == "float" else np.result_type(dtype, np.int64)
        return array(dtype, reduced_shape(t.shape, axis, keepdims))

    return type_rule


def reduction_samples(rng: np.random.Generator, empty: bool = True) -> Iterable[Sample]:
    """Axes of every kind, with and without keepdims."""
    yield Sample((1.5,))
    yield Sample((REAL(rng, (4,)),))
    for keywords in ({}, {"axis": 0}, {"axis": 1}, {"axis": -1}, {"axis": (0, 2)}, {"axis": (1, -1)}):
        for keepdims in (False, True):
            yield Sample((REAL(rng, (2, 3, 2)),), {**keywords, "keepdims": keepdims} if keepdims else keywords)
    if empty:
        yield Sample((np.zeros((0, 3)),), {"axis": 1})


def _nonempty(rng: np.random.Generator) -> Iterable[Sample]:
    return reduction_samples(rng, empty=False)


linear(
    np.sum,
    lambda g, x, axis=None, keepdims=False: spread_back(g, x, axis, keepdims),
    _reduction_type("np.sum", "int"),
    samples=reduction_samples,
    light=True,
    adds_up=True,
)


def _mean_adjoint(g: Any, x: Any, axis: Axis = None, keepdims: bool = False) -> Any:
    return spread_back(g / count_of(x, axis), x, axis, keepdims)


linear(np.mean, _mean_adjoint, _reduction_type("np.mean", "float"), samples=_nonempty, light=True)


# Extrema: ties share the gradient equally, as in JAX


def _shared(y: Any, x: Any, axis: Axis, keepdims: bool) -> tuple[Any, Any]:
    """A mask of the elements that are extrema, and how many share each."""
    # A subgradient: where several elements are the extremum, any convex combination of them would do.
    hits = x == expanded(y, x, axis, keepdims)
    count = np.count_nonzero(hits, **_given(axis, keepdims))
    t = type_in(x)
    return hits, count if t.dtype == np.float64 else cast(count, t)


def _extremum_tangent(y: Any, xs: Any, dots: Any, axis: Axis = None, keepdims: bool = False) -> Any:
    hits, count = _shared(y, xs[0], axis, keepdims)
    return np.sum(hits * dots[0], **_given(axis, keepdims)) / count


def _extremum_adjoint(g: Any, y: Any, xs: Any, active: Any, axis: Axis = None, keepdims: bool = False) -> Any:
    hits, count = _shared(y, xs[0], axis, keepdims)
    return (hits * expanded(g / count, xs[0], axis, keepdims),)


def _given(axis: Axis, keepdims: bool) -> dict[str, Any]:
    return {**({} if axis is None else {"axis": axis}), **({"keepdims": True} if keepdims else {})}


for _function in (np.max, np.min):
    rule(
        _function,
        _reduction_type(f"np.{_function.__name__}"),
        tangent=_extremum_tangent,
        adjoint=_extremum_adjoint,
        samples=_nonempty,
    )


# Variance and standard deviation


def _var_type(a: Type, /, axis: Axis = None, ddof: int = 0, keepdims: bool = False) -> Type:
    (t,) = array_types("np.var", [a])
    return _reduction_type("np.var", "float")(
        ArrayType(result_dtype([t], "real"), t.shape, t.kind), axis=axis, keepdims=keepdims
    )


def _deviation(x: Any, axis: Axis) -> Any:
    """The deviation from the mean; the variance of complex numbers is the mean of its squared modulus."""
    return conjugated(x - (np.mean(x) if axis is None else np.mean(x, axis=axis, keepdims=True)))


def _over(x: Any, axis: Axis, ddof: int) -> Any:
    n = count_of(x, axis)
    return n - ddof if ddof else n


def _var_tangent(y: Any, xs: Any, dots: Any, axis: Axis = None, ddof: int = 0, keepdims: bool = False) -> Any:
    return np.sum(2.0 * _deviation(xs[0], axis) * dots[0], **_given(axis, keepdims)) / _over(xs[0], axis, ddof)


def _var_adjoint(g: Any, y: Any, xs: Any, active: Any, axis: Axis = None, ddof: int = 0, keepdims: bool = False) -> Any:
    scaled = 2.0 * g / _over(xs[0], axis, ddof)
    return (expanded(scaled, xs[0], axis, keepdims) * _deviation(xs[0], axis),)


def nonzero(y: Any) -> Any:
    """What is divided by: where it is 0, at a minimum, the quotient is 0 as its numerator is."""
    return y + (y == 0)


def _half_var_tangent(y: Any, xs: Any, dots: Any, axis: Axis = None, ddof: int = 0, keepdims: bool = False) -> Any:
    return np.sum(_deviation(xs[0], axis) * dots[0], **_given(axis, keepdims)) / _over(xs[0], axis, ddof)


def _half_var_adjoint(
    g: Any, y: Any, xs: Any, active: Any, axis: Axis = None, ddof: int = 0, keepdims: bool = False
) -> Any:
    return (expanded(g / _over(xs[0], axis, ddof), xs[0], axis, keepdims) * _deviation(xs[0], axis),)


def _std_tangent(y: Any, xs: Any, dots: Any, axis: Axis = None, ddof: int = 0, keepdims: bool = False) -> Any:
    total = np.sum(_deviation(xs[0], axis) * dots[0], **_given(axis, keepdims))
    return total / (_over(xs[0], axis, ddof) * nonzero(y))


def _std_adjoint(g: Any, y: Any, xs: Any, active: Any, axis: Axis = None, ddof: int = 0, keepdims: bool = False) -> Any:
    scaled = g / (_over(xs[0], axis, ddof) * nonzero(y))
    return (expanded(scaled, xs[0], axis, keepdims) * _deviation(xs[0], axis),)


def _spread_samples(rng: np.random.Generator) -> Iterable[Sample]:
    for s in reduction_samples(rng, empty=False):
        if np.ndim(s.arguments[0]):
            yield s
            yield Sample(s.arguments, {**s.keywords, "ddof": 1})


rule(np.var, _var_type, tangent=_var_tangent, adjoint=_var_adjoint, samples=_spread_samples)
rule(
    np.std,
    _var_type,
    tangent=_std_tangent,
    adjoint=with_square(_std_adjoint, _half_var_adjoint),
    half_square=_half_var_tangent,
    samples=_spread_samples,
)


# Products: the derivative by a factor is the product of the others, also where one factor is zero


def product_of_others(x: Any, axis: Axis) -> Any:
    """For each number, the product of the other numbers along the axis or axes (None: of all)."""
    moved, flat = _last(x, axis)
    ones = np.ones_like(flat[..., :1])
    # Products of what stands before each factor and behind it: no division, so that factors may be 0.
    before = np.cumprod(np.concatenate([ones, flat[..., :-1]], axis=-1), axis=-1)
    after = np.cumprod(np.concatenate([ones, flat[..., :0:-1]], axis=-1), axis=-1)[..., ::-1]
    others = before * after
    if axis is None:
        return np.reshape(others, shape_of(x))
    if isinstance(axis, tuple):
        others = np.reshape(others, shape_of(moved))
        return np.moveaxis(others, tuple(range(-len(axis), 0)), axis)
    return np.moveaxis(others, -1, axis)


def _last(x: Any, axis: Axis) -> tuple[Any, Any]:
    """The array with the axes of a product at its end, and with these as one."""
    if axis is None:
        flat = np.reshape(x, (-1,))
        return flat, flat
    if not isinstance(axis, tuple):
        moved = np.moveaxis(x, axis, -1)
        return moved, moved
    moved = np.moveaxis(x, axis, tuple(range(-len(axis), 0)))
    rank = rank_of(x)
    if rank is None:
        raise UnsupportedType("the derivative of np.prod over several axes needs the rank of its operand")
    lengths = [shape_of(moved)[k] for k in range(rank - len(axis))]
    return moved, np.reshape(moved, (*lengths, -1))


def _prod_tangent(y: Any, xs: Any, dots: Any, axis: Axis = None, keepdims: bool = False) -> Any:
    return np.sum(product_of_others(xs[0], axis) * dots[0], **_given(axis, keepdims))


def _prod_adjoint(g: Any, y: Any, xs: Any, active: Any, axis: Axis = None, keepdims: bool = False) -> Any:
    return (expanded(g, xs[0], axis, keepdims) * product_of_others(xs[0], axis),)


def _prod_samples(rng: np.random.Generator) -> Iterable[Sample]:
    for s in reduction_samples(rng, empty=False):
        if np.ndim(s.arguments[0]):
            yield s
    yield Sample((np.array([1.5, 0.0, -2.0]),))


rule(
    np.prod,
    _reduction_type("np.prod", "int"),
    tangent=_prod_tangent,
    adjoint=_prod_adjoint,
    samples=_prod_samples,
)


# Cumulative


def _cumulative_type(a: Type, /, axis: int | None = None) -> Type:
    (t,) = array_types("np.cumsum", [a])
    dtype = np.result_type(t.dtype, np.int64) if t.dtype is not None and t.dtype.kind in "biu" else t.dtype
    if axis is None:
        shape: Shape | None = None if t.shape is None else (dim_product(t.shape),)
        return ArrayType(dtype, shape, "any" if shape is None else "array")
    return ArrayType(dtype, t.shape, "any" if t.shape is None else "array")


def _cumsum_adjoint(g: Any, x: Any, axis: int | None = None) -> Any:
    if rank_of(x) == 0:
        return np.sum(g)
    if axis is None and rank_of(x) != 1:
        return np.reshape(np.cumsum(g[::-1])[::-1], shape_of(x))
    k = axis or 0
    return np.flip(np.cumsum(np.flip(g, k), axis=k), k)


def _cumulative_samples(rng: np.random.Generator) -> Iterable[Sample]:
    yield Sample((REAL(rng, (4,)),))
    yield Sample((REAL(rng, (2, 3)),))
    yield Sample((REAL(rng, (2, 3)),), {"axis": 0})
    yield Sample((REAL(rng, (2, 3)),), {"axis": -1})


linear(np.cumsum, _cumsum_adjoint, _cumulative_type, samples=_cumulative_samples)


def recurrence(a: Any, g: Any) -> Any:
    """s with s[k] = a[k] * s[k - 1] + g[k] along the last axis, by doubling."""
    s, p, step = np.array(g, dtype=np.result_type(a, g)), np.array(a), 1
    while step < s.shape[-1]:
        s[..., step:] = s[..., step:] + p[..., step:] * s[..., :-step]
        p[..., step:] = p[..., step:] * p[..., :-step]
        step *= 2
    return s


def _recurrence_type(a: Type, g: Type, /) -> Type:
    s, t = array_types("recurrence", [a, g])
    return array(result_dtype([s, t], None), t.shape)


def _behind(x: Any, first: Any) -> Any:
    """The numbers one place later along the last axis, `first` in front: 0 or 1."""
    return np.concatenate([(np.ones_like if first else np.zeros_like)(x[..., :1]), x[..., :-1]], axis=-1)


def _recurrence_tangent(y: Any, xs: Any, dots: Any) -> Any:
    moved = None if dots[0] is None else dots[0] * _behind(y, 0)
    given = dots[1] if moved is None else moved if dots[1] is None else moved + dots[1]
    return call(recurrence, xs[0], given)


def _recurrence_adjoint(g: Any, y: Any, xs: Any, active: Any) -> tuple[Any, ...]:
    total = _from_the_end(xs[0], g)
    return (total * _behind(y, 0) if active[0] else None, total if active[1] else None)


def _from_the_end(a: Any, g: Any) -> Any:
    """s with s[k] = a[k + 1] * s[k + 1] + g[k]."""
    return call(recurrence, _behind(a[..., ::-1], 1), g[..., ::-1])[..., ::-1]


rule(
    recurrence,
    _recurrence_type,
    tangent=_recurrence_tangent,
    adjoint=_recurrence_adjoint,
    helper=True,
    samples=lambda rng: [Sample((REAL(rng, shape), REAL(rng, shape))) for shape in [(5,), (2, 4), (1,), (0,)]],
)


def _along_last(x: Any, like: Any, axis: int | None) -> Any:
    if axis is None:
        return x if rank_of(like) == 1 else np.reshape(x, (-1,))
    rank = rank_of(like)
    return x if axis == -1 or (rank is not None and axis == rank - 1) else np.moveaxis(x, axis, -1)


def _cumprod_tangent(y: Any, xs: Any, dots: Any, axis: int | None = None) -> Any:
    if rank_of(xs[0]) == 0:
        return np.reshape(dots[0], (1,))
    x, x_dot = (_along_last(v, xs[0], axis) for v in (xs[0], dots[0]))
    # y[k] = y[k - 1] x[k]: no division, so that factors may be 0
    found = call(recurrence, x, _behind(_of_last(y, xs[0], axis), 1) * x_dot)
    return _back_from_last(found, xs[0], axis)


def _of_last(y: Any, x: Any, axis: int | None) -> Any:
    return y if axis is None else _along_last(y, x, axis)


def _back_from_last(found: Any, x: Any, axis: int | None) -> Any:
    return found if axis is None or _along_last(found, x, axis) is found else np.moveaxis(found, -1, axis)


def _cumprod_adjoint(g: Any, y: Any, xs: Any, active: Any, axis: int | None = None) -> Any:
    if rank_of(xs[0]) == 0:
        return (np.sum(g),)
    # y[k] = x[0] ... x[k]: x[j] has the adjoint x[0] ... x[j - 1] (g[j] + x[j + 1] (g[j + 1] + ...))
    x = _along_last(xs[0], xs[0], axis)
    tail = _from_the_end(x, _of_last(g, xs[0], axis)) * _behind(_of_last(y, xs[0], axis), 1)
    if axis is None:
        return (tail if rank_of(xs[0]) == 1 else np.reshape(tail, shape_of(xs[0])),)
    return (_back_from_last(tail, xs[0], axis),)


rule(np.cumprod, _cumulative_type, tangent=_cumprod_tangent, adjoint=_cumprod_adjoint, samples=_cumulative_samples)


# Differences


def _diff_type(a: Type, /, n: int = 1, axis: int = -1) -> Type:
    (t,) = array_types("np.diff", [a])
    if t.shape is None:
        return ArrayType(t.dtype, None, "any")
    (k,) = axes_of(axis, len(t.shape))
    length: Dim = dim_sum(t.shape[k], n, -1)
    # Of fewer than n numbers there are no differences, where the sum says less than none.
    if may_be_negative(length):
        length = 0 if is_known(length) else derived_dim("diff", t.shape[k], n)
    return ArrayType(t.dtype, (*t.shape[:k], length, *t.shape[k + 1 :]), "array")


def _diff_adjoint(g: Any, x: Any, n: int = 1, axis: int = -1) -> Any:
    rank = rank_of(x)
    if rank is None:
        raise UnsupportedType("the derivative of np.diff needs the rank of its operand", "annotate it")
    (k,) = axes_of(axis, rank)
    # x_bar[j] = g[j - 1] - g[j], with zeros at both ends: minus a difference, n times.
    padded = np.pad(g, n if rank == 1 else tuple((n, n) if j == k else (0, 0) for j in range(rank)))
    again = {} if n == 1 else {"n": n}
    differences = np.diff(padded, **again) if k == rank - 1 else np.diff(padded, axis=k, **again)
    shape = type_in(x).shape
    # n or fewer numbers get more adjoints from the padding than they are.
    if shape is None or may_be_negative(dim_sum(shape[k], n, -1)):
        differences = differences[(*[slice(None)] * k, slice(shape_of(x)[k]))]
    return -differences if n % 2 else differences


linear(
    np.diff,
    _diff_adjoint,
    _diff_type,
    samples=lambda rng: [
        Sample((REAL(rng, (4,)),)),
        Sample((REAL(rng, (3, 4)),), {"axis": 0}),
        Sample((REAL(rng, (5,)),), {"n": 2}),
    ],
)


# Constants


def _predicate_type(a: Type, /, axis: Axis = None, keepdims: bool = False) -> Type:
    (t,) = array_types("np.all", [a])
    return array(np.dtype(bool), reduced_shape(t.shape, axis, keepdims))


def _arg_type(a: Type, /, axis: int | None = None, keepdims: bool = False) -> Type:
    (t,) = array_types("np.argmax", [a])
    return array(np.dtype(np.int64), reduced_shape(t.shape, axis, keepdims))


def _argsort_type(a: Type, /, axis: int | None = -1, kind: str | None = None, *, stable: bool | None = None) -> Type:
    (t,) = array_types("np.argsort", [a])
    shape = t.shape if axis is not None or t.shape is None else (dim_product(t.shape),)
    return ArrayType(np.dtype(np.int64), shape, "any" if shape is None else "array")


_singles: Samples = reduction_samples
constant(np.all, _predicate_type, samples=_singles)
constant(np.any, _predicate_type, samples=_singles)
constant(np.count_nonzero, _arg_type, samples=lambda rng: [Sample((REAL(rng, (2, 3)),))])
constant(
    np.argmax, _arg_type, samples=lambda rng: [Sample((REAL(rng, (2, 3)),)), Sample((REAL(rng, (2, 3)),), {"axis": 1})]
)
constant(
    np.argmin, _arg_type, samples=lambda rng: [Sample((REAL(rng, (2, 3)),)), Sample((REAL(rng, (2, 3)),), {"axis": 1})]
)
constant(np.argsort, _argsort_type, samples=lambda rng: [Sample((REAL(rng, (4,)),))])


def _sort_type(a: Type, /, axis: int = -1) -> Type:
    (t,) = array_types("np.sort", [a])
    if axis is None:
        raise NotByRule("np.sort of all numbers")
    return ArrayType(t.dtype, t.shape, "any" if t.shape is None else "array")


def _sort_tangent(y: Any, xs: Any, dots: Any, axis: int = -1) -> Any:
    return call(np.take_along_axis, dots[0], call(np.argsort, xs[0], axis=axis), axis=axis)


def _sort_adjoint(g: Any, y: Any, xs: Any, active: Any, axis: int = -1) -> Any:
    # The inverse of a permutation is the order of the order.
    order = call(np.argsort, xs[0], axis=axis)
    return (call(np.take_along_axis, g, call(np.argsort, order, axis=axis), axis=axis),)


rule(
    np.sort,
    _sort_type,
    tangent=_sort_tangent,
    adjoint=_sort_adjoint,
    samples=lambda rng: [Sample((REAL(rng, (5,)),)), Sample((REAL(rng, (3, 2)),), {"axis": 0})],
)


def _size_type(a: Type, /) -> Type:
    (t,) = array_types("np.size", [a])
    return integer(None if t.shape is None else dim_product(t.shape))


def _ndim_type(a: Type, /) -> Type:
    (t,) = array_types("np.ndim", [a])
    return integer(t.rank)


def _size_spelling(a: Type) -> str:
    return "_0.size" if a.kind == "array" else "np.size(_0)"


constant(
    np.size, _size_type, spelling=_size_spelling, measures=True, samples=lambda rng: [Sample((REAL(rng, (2, 3)),))]
)
constant(np.ndim, _ndim_type, samples=lambda rng: [Sample((REAL(rng, (2, 3)),))])
