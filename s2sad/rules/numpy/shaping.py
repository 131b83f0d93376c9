"""Arrays in other shapes: reshape, transpose, repeat, flip, pad, diagonals and triangles."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np

from s2sad.errors import UnsupportedType
from s2sad.ir.batch_rule import Batched, for_each_example
from s2sad.ir.builder import Expr, call, known_value, rank_of, shape_of
from s2sad.ir.containers import INDEX_ADD
from s2sad.ir.dims import Dim, Shape, Size, derived_dim, dim_product, dim_sum, new_dim
from s2sad.ir.primitive import Effect, Layout, NotByRule, Sample, View
from s2sad.ir.types import ArrayType, ContainerType, SequenceType, Type, integer, surely_fits
from s2sad.rules.contributions import fit
from s2sad.rules.domains import REAL
from s2sad.rules.families import constant, linear, of_array, rule
from s2sad.rules.numpy.creation import length as length_of
from s2sad.rules.numpy.creation import shape_operand
from s2sad.rules.promotion import array_types

VIEW = Effect.VIEW


def shaped(t: ArrayType, shape: Shape | None) -> ArrayType:
    """An array of the dtype of `t` in another shape."""
    return ArrayType(t.dtype, shape, "any" if shape is None else "array")


def axis_in(axis: int, rank: int) -> int:
    """The axis counted from the first."""
    if not -rank <= axis < rank:
        raise ValueError(f"axis {axis} is out of bounds for an array of dimension {rank}")
    return axis % rank


def check_rank(x: Any, what: str, *ranks: int) -> None:
    """Refuse an array of a rank for which a definition does not hold."""
    rank = rank_of(x)
    if rank is not None and rank not in ranks:
        raise UnsupportedType(f"{what} of an array of {rank} axes", "write it for each part")


def known_rank(x: Any, what: str) -> int:
    """The rank of an operand whose derivative depends on it."""
    rank = rank_of(x)
    if rank is None:
        raise UnsupportedType(f"the derivative of {what} needs the rank of its operand", "annotate the argument")
    return rank


# One array in another shape


def quotient(total: Shape, parts: list[Dim]) -> Dim:
    """What -1 stands for in a reshape, where the symbols cancel."""
    rest = list(total)
    for p in parts:
        # Equal symbols cancel; what is left is the quotient, if all other factors are numbers.
        if p in rest:
            rest.remove(p)
        elif p != 1:
            sizes = [r for r in [*rest, *parts] if isinstance(r, int)]
            if len(sizes) == len(rest) + len(parts):
                return int(np.prod(total)) // max(1, int(np.prod(parts)))  # type: ignore[arg-type]
            return new_dim()
    return dim_product(rest)


def _reshape_type(a: Type, shape: Type, /) -> Type:
    (t,) = array_types("np.reshape", [a])
    items = list(shape.items) if isinstance(shape, ContainerType) else [shape]
    if shape.is_sequence or not all(i.is_numeric for i in items):
        return shaped(t, None)
    sizes = [i.size for i in items]
    known: list[Dim] = [new_dim() if s is None else s for s in sizes if s != -1]
    if -1 in sizes:
        free = new_dim() if t.shape is None else quotient(t.shape, known)
        known.insert(sizes.index(-1), free)
    return shaped(t, tuple(known))


linear(
    np.reshape,
    lambda g, x, shape: np.sum(g) if rank_of(x) == 0 else np.reshape(g, shape_of(x)),
    _reshape_type,
    effect=VIEW,
    view=View.BY_LAYOUT,
    layout=Layout.SHAPE,
    spelling=of_array("_0.reshape(_1)", "np.reshape(_0, _1)"),
    samples=lambda rng: [
        Sample((REAL(rng, (2, 3)), (3, 2))),
        Sample((REAL(rng, (2, 3)), -1)),
        Sample((REAL(rng, (4, 3)), (2, -1, 3))),
        Sample((REAL(rng, (1,)), ())),
    ],
)


def _ravel_type(a: Type, /) -> Type:
    (t,) = array_types("np.ravel", [a])
    return shaped(t, (new_dim() if t.shape is None else dim_product(t.shape),))


linear(
    np.ravel,
    lambda g, x: np.reshape(g, shape_of(x)),
    _ravel_type,
    effect=VIEW,
    view=View.BY_LAYOUT,
    layout=Layout.SHAPE,
    samples=lambda rng: [Sample((REAL(rng, s),)) for s in [(2, 3), (4,), ()]],
)


def _transpose_type(a: Type, /, axes: tuple[int, ...] | None = None) -> Type:
    (t,) = array_types("np.transpose", [a])
    if t.shape is None:
        return shaped(t, None)
    order = range(len(t.shape))[::-1] if axes is None else [axis_in(k, len(t.shape)) for k in axes]
    return shaped(t, tuple(t.shape[k] for k in order))


linear(
    np.transpose,
    lambda g, x, axes=None: np.transpose(g) if axes is None else np.transpose(g, tuple(map(int, np.argsort(axes)))),
    _transpose_type,
    effect=VIEW,
    view=View.ALWAYS,
    layout=Layout.AXES,
    spelling=of_array("_0.T", "np.transpose(_0)"),
    samples=lambda rng: [
        Sample((REAL(rng, (2, 3)),)),
        Sample((REAL(rng, (4,)),)),
        Sample((REAL(rng, (2, 3, 4)),), {"axes": (1, 2, 0)}),
    ],
)


def _swapaxes_type(a: Type, /, axis1: int, axis2: int) -> Type:
    (t,) = array_types("np.swapaxes", [a])
    if t.shape is None:
        return shaped(t, None)
    order = list(range(len(t.shape)))
    order[axis1], order[axis2] = order[axis2], order[axis1]
    return shaped(t, tuple(t.shape[k] for k in order))


linear(
    np.swapaxes,
    lambda g, x, axis1, axis2: np.swapaxes(g, axis1, axis2),
    _swapaxes_type,
    effect=VIEW,
    view=View.ALWAYS,
    layout=Layout.AXES,
    batched=lambda b: np.swapaxes(b.xs[0], *(b.axis(b.static[n]) for n in ("axis1", "axis2"))),
    samples=lambda rng: [Sample((REAL(rng, (2, 3, 4)), 0, -1)), Sample((REAL(rng, (2, 3)), 0, 1))],
)


def _moveaxis_type(a: Type, /, source: Any, destination: Any) -> Type:
    (t,) = array_types("np.moveaxis", [a])
    if t.shape is None:
        return shaped(t, None)
    # NumPy does it for us on an array whose lengths number its axes: 1, 2, 3, ...
    order = np.moveaxis(np.empty(range(1, len(t.shape) + 1)), source, destination).shape
    return shaped(t, tuple(t.shape[k - 1] for k in order))


linear(
    np.moveaxis,
    lambda g, x, source, destination: np.moveaxis(g, destination, source),
    _moveaxis_type,
    effect=VIEW,
    view=View.ALWAYS,
    layout=Layout.AXES,
    samples=lambda rng: [Sample((REAL(rng, (2, 3, 4)), 0, -1)), Sample((REAL(rng, (2, 3, 4)), (0, 1), (2, 0)))],
)


def _squeeze_type(a: Type, /, axis: Any = None) -> Type:
    (t,) = array_types("np.squeeze", [a])
    if t.shape is None:
        return shaped(t, None)
    if axis is None:
        return shaped(t, tuple(n for n in t.shape if n != 1))
    axes = [axis_in(k, len(t.shape)) for k in (axis if isinstance(axis, tuple) else (axis,))]
    return shaped(t, tuple(n for k, n in enumerate(t.shape) if k not in axes))


linear(
    np.squeeze,
    lambda g, x, axis=None: np.reshape(g, shape_of(x)),
    _squeeze_type,
    effect=VIEW,
    view=View.ALWAYS,
    layout=Layout.ONES,
    samples=lambda rng: [Sample((REAL(rng, (2, 1, 3)),), {"axis": 1}), Sample((REAL(rng, (1, 3)),))],
)


def _expand_dims_type(a: Type, /, axis: Any) -> Type:
    (t,) = array_types("np.expand_dims", [a])
    if t.shape is None:
        return shaped(t, None)
    axes = axis if isinstance(axis, tuple) else (axis,)
    rank = len(t.shape) + len(axes)
    new = [axis_in(k, rank) for k in axes]
    rest = iter(t.shape)
    return shaped(t, tuple(1 if k in new else next(rest) for k in range(rank)))


def _expand_dims_spelling(a: Type, axis: Any) -> str | None:
    """`x[:, None]`: an index is shorter, and takes a tenth of the time."""
    if a.kind != "array" or a.shape is None:
        return None
    axes = axis if isinstance(axis, tuple) else (axis,)
    rank = len(a.shape) + len(axes)
    new = [axis_in(k, rank) for k in axes]
    if new == [rank - 1] and rank > 2:
        return "_0[..., None]"
    return f"_0[{', '.join('None' if k in new else ':' for k in range(max(new) + 1))}]"


linear(
    np.expand_dims,
    lambda g, x, axis: np.squeeze(g, axis=axis),
    _expand_dims_type,
    effect=VIEW,
    view=View.ALWAYS,
    layout=Layout.ONES,
    spelling=_expand_dims_spelling,
    samples=lambda rng: [Sample((REAL(rng, (2, 3)), 1)), Sample((REAL(rng, (3,)), (0, -1)))],
)


def _broadcast_to_type(a: Type, shape: Type, /) -> Type:
    (t,) = array_types("np.broadcast_to", [a])
    return shaped(t, shape_operand(shape, "np.broadcast_to"))


linear(
    np.broadcast_to,
    lambda g, x, shape: fit(g, x),
    _broadcast_to_type,
    fits=lambda x, shape: surely_fits(x, _broadcast_to_type(x, shape).shape),
    effect=VIEW,
    view=View.ALWAYS,
    samples=lambda rng: [
        Sample((REAL(rng, (3,)), (2, 3))),
        Sample((REAL(rng, (2, 1)), (2, 3))),
        Sample((1.5, (2, 2))),
        Sample((REAL(rng, (2, 3)), (2, 3))),
    ],
)


def _for_each_type(a: Type, count: Type, /) -> Type:
    (t,) = array_types("for_each_example", [a])
    return shaped(t, None if t.shape is None else (length_of(count, "for_each_example"), *t.shape))


rule(
    for_each_example,
    _for_each_type,
    tangent=lambda y, xs, dots: None if dots[0] is None else call(for_each_example, dots[0], xs[1]),
    adjoint=lambda g, y, xs, active: (np.sum(g, axis=0) if active[0] else None, None),
    name="for each example",
    spelling="np.broadcast_to(_0, (_1, *_0.shape))",
    effect=VIEW,
    view=View.ALWAYS,
    samples=lambda rng: [Sample((REAL(rng, (2, 3)), 4)), Sample((REAL(rng, (0, 3)), 2))],
)

for _function, _rank in ((np.atleast_1d, 1), (np.atleast_2d, 2)):

    def _atleast_type(a: Type, /, *, _rank: int = _rank) -> Type:
        (t,) = array_types("np.atleast", [a])
        if t.shape is None:
            return shaped(t, None)
        return shaped(t, (1,) * max(0, _rank - len(t.shape)) + t.shape)

    linear(
        _function,
        lambda g, x, _rank=0: np.reshape(g, shape_of(x)),
        _atleast_type,
        effect=VIEW,
        view=View.ALWAYS,
        samples=lambda rng: [Sample((REAL(rng, s),)) for s in [(), (3,), (2, 3)]],
    )


# Repeated, turned round, moved


def _flip_type(m: Type, /, axis: Any = None) -> Type:
    (t,) = array_types("np.flip", [m])
    return shaped(t, t.shape)


linear(
    np.flip,
    lambda g, x, axis=None: np.flip(g) if axis is None else np.flip(g, axis=axis),
    _flip_type,
    effect=VIEW,
    view=View.ALWAYS,
    flips=True,
    samples=lambda rng: [
        Sample((REAL(rng, (2, 3)),)),
        Sample((REAL(rng, (2, 3)),), {"axis": 1}),
        Sample((REAL(rng, (4,)), 0)),
    ],
)


def _roll_type(a: Type, shift: Type, /, axis: Any = None) -> Type:
    (t,) = array_types("np.roll", [a])
    return shaped(t, t.shape)


def _roll_adjoint(g: Any, x: Any, shift: Any, axis: Any = None) -> Any:
    several = isinstance(shift, (tuple, list)) or (isinstance(shift, Expr) and isinstance(shift.type, ContainerType))
    back = tuple(-s for s in shift) if several else -shift
    return np.roll(g, back) if axis is None else call(np.roll, g, back, axis=axis)


linear(
    np.roll,
    _roll_adjoint,
    _roll_type,
    samples=lambda rng: [
        Sample((REAL(rng, (4,)), 1)),
        Sample((REAL(rng, (2, 3)), -1), {"axis": 1}),
        Sample((REAL(rng, (2, 3)), 2)),
        Sample((REAL(rng, (2, 3)), (1, -1)), {"axis": (0, 1)}),
    ],
)


def _repeat_type(a: Type, repeats: Type, /, axis: int | None = None) -> Type:
    (t,) = array_types("np.repeat", [a])
    if t.shape is None:
        return shaped(t, None)
    k = 0 if axis is None else axis_in(axis, len(t.shape))
    shape = (dim_product(t.shape),) if axis is None else t.shape
    return shaped(t, (*shape[:k], _repeated_length(shape[k], repeats), *shape[k + 1 :]))


def _repeated_length(length: Dim, repeats: Type) -> Dim:
    """How long an axis is when each item stands there so often, or as often as its own count says."""
    if isinstance(repeats, ContainerType):
        counts = [item.size for item in repeats.items]
        return sum(c for c in counts if isinstance(c, int)) if all(isinstance(c, int) for c in counts) else new_dim()
    known = repeats.rank == 0
    return dim_product((length, length_of(repeats, "np.repeat"))) if known else new_dim()


def _repeat_adjoint(g: Any, x: Any, repeats: Any, axis: int | None = None) -> Any:
    rank = known_rank(x, "np.repeat")
    lengths = [shape_of(x)[j] for j in range(rank)]
    k = 0 if axis is None else axis_in(axis, rank)
    if _one_number(repeats):
        if axis is None:
            size = -1 if known_value(repeats) else np.size(x)
            return np.reshape(np.sum(np.reshape(g, (size, repeats)), axis=1), shape_of(x))
        return np.sum(np.reshape(g, (*lengths[: k + 1], repeats, *lengths[k + 1 :])), axis=k + 1)
    flat = np.ravel(x) if axis is None and rank != 1 else x
    # Counts that differ: each item of the result is traced back to its source, and added there.
    source = call(np.repeat, call(np.arange, shape_of(flat)[k]), repeats)
    summed = scattered(np.zeros_like(flat), (*[slice(None)] * k, source) if k else source, g)
    return summed if flat is x else np.reshape(summed, shape_of(x))


def _one_number(x: Any) -> bool:
    """Whether an operand is a number, and no array or list of them."""
    if isinstance(x, Expr):
        if isinstance(x.type, ContainerType):
            return False
        return known_rank(x, "what is repeated so often") == 0
    return np.ndim(x) == 0


linear(
    np.repeat,
    _repeat_adjoint,
    _repeat_type,
    samples=lambda rng: [
        Sample((REAL(rng, (3,)), 2)),
        Sample((REAL(rng, (2, 3)), 2), {"axis": 0}),
        Sample((REAL(rng, (2, 3)), 3), {"axis": 1}),
        Sample((REAL(rng, (2, 3)), 2)),
        Sample((REAL(rng, (3,)), [2, 0, 1])),
        Sample((REAL(rng, (2, 3)), np.array([2, 0, 1])), {"axis": 1}),
        Sample((REAL(rng, (2, 2)), np.array([2, 0, 1, 3]))),
    ],
)


def _tile_type(A: Type, reps: Type, /) -> Type:
    (t,) = array_types("np.tile", [A])
    counts = shape_operand(reps, "np.tile")
    if t.shape is None or counts is None:
        return shaped(t, None)
    rank = max(len(counts), len(t.shape))
    counts = (1,) * (rank - len(counts)) + counts
    shape = (1,) * (rank - len(t.shape)) + t.shape
    return shaped(t, tuple(dim_product(pair) for pair in zip(shape, counts, strict=True)))


def _tile_adjoint(g: Any, x: Any, reps: Any) -> Any:
    rank = known_rank(x, "np.tile")
    counts = (reps,) if _one_number(reps) else tuple(reps)
    size = max(len(counts), rank)
    folded: list[Any] = []
    copies: list[int] = []
    # Each axis is folded into copies and what was copied, and the copies are summed.
    for k, count in enumerate((*(1,) * (size - len(counts)), *counts)):
        is_new = k < size - rank
        if is_new or known_value(count) != 1:
            copies.append(len(folded))
            folded.append(count)
        if not is_new:
            folded.append(shape_of(x)[k - size + rank])
    if len(folded) > size:
        g = np.reshape(g, tuple(folded))
    return np.sum(g, axis=tuple(copies) if len(copies) > 1 else copies[0]) if copies else g


linear(
    np.tile,
    _tile_adjoint,
    _tile_type,
    samples=lambda rng: [
        Sample((REAL(rng, (3,)), 2)),
        Sample((REAL(rng, (2, 3)), (2, 1))),
        Sample((REAL(rng, (2,)), (3, 2))),
        Sample((REAL(rng, (3,)), (2, 1))),
        Sample((REAL(rng, (2, 3)), (2, 1, 3))),
        Sample((REAL(rng, (2, 3)), (1, 1))),
        Sample((REAL(rng, (2, 3)), (1, 1, 1))),
    ],
)


PADDINGS = ("constant", "edge", "reflect", "symmetric", "wrap")


def widths_by_axis(pad_width: Any, rank: int) -> list[tuple[Any, Any]]:
    """How many items go before and behind, for each axis: as numbers, or as their types."""
    items = _items(pad_width)
    if items is None:
        return [(pad_width, pad_width)] * rank
    inner = [_items(item) for item in items]
    pairs = [items] if None in inner else inner
    doubled = [(*p, *p) if len(p) == 1 else tuple(p) for p in pairs if p is not None]
    if {len(p) for p in doubled} != {2} or len(doubled) not in (1, rank):
        raise ValueError(f"np.pad of an array of {rank} axes by {len(doubled)} widths")
    return doubled * (rank if len(doubled) == 1 else 1)


def _items(x: Any) -> list[Any] | None:
    """The items of a tuple or list, or of its type; None for a number."""
    if isinstance(x, ContainerType):
        return list(x.items)
    t = x.type if isinstance(x, Expr) else x
    if isinstance(t, ArrayType) and t.rank != 0:
        raise UnsupportedType("np.pad by an array of widths", "pass a tuple of integers")
    if isinstance(x, (tuple, list)) or isinstance(t, ContainerType):
        return list(x)
    return x.tolist() if isinstance(x, np.ndarray) and x.ndim else None


def _pad_type(array: Type, pad_width: Type, /, mode: str = "constant", *, constant_values: Any = 0) -> Type:
    (t,) = array_types("np.pad", [array])
    if mode not in PADDINGS:
        raise UnsupportedType(f"np.pad with mode {mode!r}", f"the modes are {', '.join(PADDINGS)}")
    if t.shape is None:
        return shaped(t, None)
    widths = [[length_of(w, "np.pad") for w in pair] for pair in widths_by_axis(pad_width, len(t.shape))]
    return shaped(t, tuple(dim_sum(n, dim_sum(a, b)) for n, (a, b) in zip(t.shape, widths, strict=True)))


def _pad_tangent(y: Any, xs: Any, dots: Any, mode: str = "constant", constant_values: Any = 0) -> Any:
    keywords = {} if mode == "constant" else {"mode": mode}
    return call(np.pad, dots[0], xs[1], **keywords)


def _pad_adjoint(g: Any, y: Any, xs: Any, active: Any, mode: str = "constant", constant_values: Any = 0) -> Any:
    x = xs[0]
    widths = widths_by_axis(xs[1], known_rank(x, "np.pad"))
    if mode == "constant":
        cut = tuple(_inside(a, b, shape_of(x)[k]) for k, (a, b) in enumerate(widths))
        return (g[cut if len(cut) > 1 else cut[0]] if cut else g, None)
    for k, width in enumerate(widths):
        if tuple(map(known_value, width)) != (0, 0):
            g = _gathered_back(g, x, k, width, mode)
    return (g, None)


def _inside(before: Any, behind: Any, length: Any) -> slice:
    """Where the array is in what was padded along one axis."""
    a, b = known_value(before), known_value(behind)
    if b is not None:
        return slice(None if a == 0 else before, -behind if b else None)
    return slice(None, length) if a == 0 else slice(before, before + length)


def _gathered_back(g: Any, x: Any, axis: int, width: tuple[Any, Any], mode: str) -> Any:
    """Each padded number added to the one that it is a copy of, along one axis."""
    rank = known_rank(x, "np.pad")
    length = shape_of(x)[axis]
    source = call(np.pad, call(np.arange, length), width, mode=mode)
    lengths = tuple(length if k == axis else shape_of(g)[k] for k in range(rank))
    zeros = call(np.zeros, lengths, dtype=g.dtype) if isinstance(g, Expr) else np.zeros(lengths, g.dtype)
    return scattered(zeros, (*[slice(None)] * axis, source) if axis else source, g)


def _pad_samples(rng: np.random.Generator) -> Iterable[Sample]:
    yield Sample((REAL(rng, (3,)), (1, 2)))
    yield Sample((REAL(rng, (2, 3)), ((0, 1), (2, 0))))
    yield Sample((REAL(rng, (2, 3)), ((1,), (2,))))
    yield Sample((REAL(rng, (2, 3)), (1, 2)))
    yield Sample((REAL(rng, (2,)), 1))
    yield Sample((REAL(rng, (3,)), (1, 2)), {"constant_values": 4.0})
    for mode in PADDINGS[1:]:
        yield Sample((REAL(rng, (4,)), (1, 2)), {"mode": mode})
        yield Sample((REAL(rng, (3, 4)), ((2, 0), (1, 1))), {"mode": mode})


def _pad_of_many(b: Batched) -> Any:
    widths = [tuple(pair) for pair in widths_by_axis(b.xs[1], b.rank())]
    return call(np.pad, b.only_first(), ((0, 0), *widths), **b.static)


rule(np.pad, _pad_type, tangent=_pad_tangent, adjoint=_pad_adjoint, batched=_pad_of_many, samples=_pad_samples)


# Diagonals and triangles


def _least(a: Dim, b: Dim) -> Dim:
    if a == b:
        return a
    return min(a, b) if isinstance(a, int) and isinstance(b, int) else derived_dim("min", frozenset((a, b)))


def _diag_type(v: Type, /, k: int = 0) -> Type:
    (t,) = array_types("np.diag", [v])
    if t.shape is None:
        return shaped(t, None)
    if len(t.shape) == 1:
        n = dim_sum(t.shape[0], abs(k))
        return shaped(t, (n, n))
    return shaped(t, (_least(*t.shape) if not k else new_dim(),))


def _diag_adjoint(g: Any, x: Any, k: int = 0) -> Any:
    rank = known_rank(x, "np.diag")
    if rank == 1:
        return np.diag(g, k) if k else np.diag(g)
    return put_on_diagonal(g, x, k)


def put_on_diagonal(g: Any, x: Any, k: int) -> Any:
    """Zeros of the shape of `x` with `g` on its k-th diagonal."""
    i = np.arange(np.shape(g)[0]) if not hasattr(g, "builder") else call(np.arange, shape_of(g)[0])
    rows, columns = (i - k if k < 0 else i), (i + k if k > 0 else i)
    return scattered(np.zeros_like(x), (rows, columns), g)


def scattered(zeros: Any, index: Any, g: Any) -> Any:
    """Zeros with `g` added at an index."""
    if isinstance(zeros, Expr):
        return zeros.builder.expr(zeros.builder.apply(INDEX_ADD, [zeros.builder.operand(o) for o in (zeros, index, g)]))
    np.add.at(zeros, index, g)
    return zeros


linear(
    np.diag,
    _diag_adjoint,
    _diag_type,
    effect=VIEW,
    view=View.ALWAYS,
    samples=lambda rng: [
        Sample((REAL(rng, (3,)),)),
        Sample((REAL(rng, (2,)), 1)),
        Sample((REAL(rng, (3, 3)),)),
        Sample((REAL(rng, (2, 3)), 1)),
        Sample((REAL(rng, (3, 2)), -1)),
    ],
)


def _diagonal_type(a: Type, /, offset: int = 0) -> Type:
    (t,) = array_types("np.diagonal", [a])
    if t.shape is not None and len(t.shape) != 2:
        raise NotByRule("np.diagonal of an array that is no matrix")
    return shaped(t, None if t.shape is None else (_least(*t.shape) if not offset else new_dim(),))


linear(
    np.diagonal,
    lambda g, x, offset=0: put_on_diagonal(g, x, offset),
    _diagonal_type,
    effect=VIEW,
    view=View.ALWAYS,
    samples=lambda rng: [Sample((REAL(rng, (3, 3)),)), Sample((REAL(rng, (2, 3)),), {"offset": 1})],
)


def _triangle_type(m: Type, /, k: int = 0) -> Type:
    (t,) = array_types("np.tril", [m])
    if t.rank == 1:
        raise NotByRule("np.tril of a vector")
    return shaped(t, t.shape)


for _triangle in (np.tril, np.triu):
    linear(
        _triangle,
        lambda g, x, k=0, _f=_triangle: _f(g, k) if k else _f(g),
        _triangle_type,
        samples=lambda rng: [
            Sample((REAL(rng, (3, 3)),)),
            Sample((REAL(rng, (2, 3)), 1)),
            Sample((REAL(rng, (2, 3, 3)), -1)),
        ],
    )


# How long


def _len_type(x: Type, /) -> Type:
    if isinstance(x, ArrayType):
        return integer(x.shape[0] if x.shape else None)
    if isinstance(x, SequenceType):
        return integer(x.length if isinstance(x.length, (int, Size)) else None)
    return integer(len(x.items) if isinstance(x, ContainerType) else None)


def _range_type(start: Type, stop: Type, step: Type, /) -> Type:
    return SequenceType(integer(), new_dim("k"))


constant(len, _len_type, measures=True, light=True, samples=lambda rng: [Sample((REAL(rng, (3, 2)),))])
constant(range, _range_type, spelling="list(range(_0, _1, _2))")
