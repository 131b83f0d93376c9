"""Functions of NumPy that stand for others: `np.add.outer`, `np.add.reduce`, `np.mgrid[...]`.

np.subtract.outer(x, y)       x[:, None] - y
np.maximum.reduce(x)          np.max(x, axis=0)
np.maximum.accumulate(x)      a loop over the rows, as all that have no name of their own
np.mgrid[0:n, 0:m]            np.indices((n, m))
np.ogrid[0:n, 0:m]            (np.arange(0, n)[:, None], np.arange(0, m))
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import gast
import numpy as np

from s2sad.errors import UnsupportedCall, UnsupportedType
from s2sad.frontend.library import in_python
from s2sad.frontend.lowering import Lowering
from s2sad.frontend.meanings import Meaning, meaning, subscript
from s2sad.frontend.terms.arrays import is_integer
from s2sad.frontend.terms.terms import Slice, Term, is_array, is_none, known_integer
from s2sad.ir.containers import GETITEM
from s2sad.ir.primitive import required
from s2sad.ir.values import Constant, Operand, Value, constant

REDUCTIONS: dict[np.ufunc, tuple[Callable[..., object], Callable[..., object] | None]] = {
    np.add: (np.sum, np.cumsum),
    np.multiply: (np.prod, np.cumprod),
    np.maximum: (np.max, None),
    np.minimum: (np.min, None),
    np.logical_and: (np.all, None),
    np.logical_or: (np.any, None),
}
"""What `reduce` and `accumulate` of a ufunc are called otherwise."""


def _refuse_more(
    lowering: Lowering, name: str, allowed: int, args: list[Term], kw: dict[str, Term], node: gast.AST
) -> None:
    if kw or len(args) > allowed:
        lowering.refuse(
            node, f"{name} with these arguments", "leave out dtype, out, initial and where", UnsupportedCall
        )


def _new_axes(lowering: Lowering, x: Operand, before: int, after: int) -> Operand:
    """`x[None, :, None]`: an array with further axes of length 1."""
    t = x.type
    rank = t.rank
    if not before and not after:
        return x
    if not rank:
        return lowering.apply(np.full, [lowering.to_operand((constant(1),) * (before + after)), x])
    index = (*[None] * before, *[slice(None)] * rank, *[None] * after)
    return lowering.builder.apply(GETITEM, (x, lowering.builder.operand(index)))


def _outer(function: np.ufunc) -> Meaning:
    def handler(lowering: Lowering, args: list[Term], kw: dict[str, Term], node: gast.AST) -> Term:
        name = f"np.{function.__name__}.outer"
        _refuse_more(lowering, name, 2, args, kw, node)
        x, y = (lowering.to_operand(lowering.as_array_term(a)) for a in args)
        ranks = [t.rank for t in (x.type, y.type)]
        if None in ranks:
            lowering.refuse(node, f"{name} of arrays whose ranks are not known", "annotate them", UnsupportedType)
        if ranks[0] and ranks[1]:
            x = _new_axes(lowering, x, 0, ranks[1])
        return lowering.apply(function, [x, y])

    return handler


def _reduce(function: np.ufunc) -> Meaning:
    def handler(lowering: Lowering, args: list[Term], kw: dict[str, Term], node: gast.AST) -> Term:
        found = {**dict(zip(("array", "axis"), args, strict=False)), **kw}
        more = {k: v for k, v in found.items() if k not in ("array", "axis", "keepdims")}
        _refuse_more(lowering, f"np.{function.__name__}.reduce", 2, args, more, node)
        keywords = {"axis": found.get("axis", constant(0))}
        if "keepdims" in found:
            keywords["keepdims"] = found["keepdims"]
        return lowering.call(
            constant(REDUCTIONS[function][0]), [lowering.as_array_term(found["array"])], keywords, node, None
        )

    return handler


def _accumulate(function: np.ufunc, meant: Callable[..., object]) -> Meaning:
    def handler(lowering: Lowering, args: list[Term], kw: dict[str, Term], node: gast.AST) -> Term:
        found = {**dict(zip(("array", "axis"), args, strict=False)), **kw}
        more = {k: v for k, v in found.items() if k not in ("array", "axis")}
        _refuse_more(lowering, f"np.{function.__name__}.accumulate", 2, args, more, node)
        axis = found.get("axis", constant(0))
        return lowering.call(constant(meant), [lowering.as_array_term(found["array"])], {"axis": axis}, node, None)

    return handler


def _in_dtype_of(lowering: Lowering, function: np.ufunc, x: Operand, node: gast.AST) -> Operand:
    """An array in the dtype of what a function gives of two elements; sums of small integers are of large ones."""
    dtype = x.type.dtype
    if dtype is None:
        lowering.refuse(node, f"a method of np.{function.__name__} of an array of unknown dtype", "give its dtype")
    if function in (np.add, np.multiply) and dtype.kind in "bi":
        given: np.dtype[Any] = np.result_type(dtype, np.int64)
    else:
        given = function(np.ones((), dtype), np.ones((), dtype)).dtype
    if given.kind == "b" and dtype.kind != "b":
        lowering.refuse(node, f"a method of np.{function.__name__}, which compares", "write a loop", UnsupportedType)
    return x if given == dtype else lowering.apply(np.astype, [x, constant(given)])


def _by_rows(function: np.ufunc, method: str, text: Callable[..., object]) -> Meaning:
    """`reduce`, `accumulate` and `reduceat` of a function that has no other name for it: row by row."""
    names = ("array", "indices", "axis") if method == "reduceat" else ("array", "axis")

    def handler(lowering: Lowering, args: list[Term], kw: dict[str, Term], node: gast.AST) -> Term:
        found = {**dict(zip(names, args, strict=False)), **kw}
        more = {k: v for k, v in found.items() if k not in (*names, *(("keepdims",) if method == "reduce" else ()))}
        _refuse_more(lowering, f"np.{function.__name__}.{method}", len(names), args, more, node)
        x = _in_dtype_of(lowering, function, lowering.to_operand(lowering.as_array_term(found["array"])), node)
        axis = lowering.static(found.get("axis", constant(0)), node)
        if axis is None:
            x, axis = lowering.apply(np.ravel, [x]), 0
        first = lowering.apply_to(np.moveaxis, [x, constant(axis), constant(0)], node) if axis else x
        bound = {"f": constant(function), "x": first}
        if method == "reduceat":
            bound["starts"] = lowering.as_array_term(found["indices"])
        y = lowering.synthetic(text, bound, node)
        if method != "reduce":
            return lowering.call(constant(np.moveaxis), [y, constant(0), constant(axis)], {}, node, None) if axis else y
        kept = "keepdims" in found and lowering.static(found["keepdims"], node)
        return lowering.call(constant(np.expand_dims), [y, constant(axis)], {}, node, None) if kept else y

    return handler


def _split(function: Callable[..., object], axis_of: Callable[[int], int] | None = None) -> Meaning:
    """`np.split` and its like: as slices where the primitive cannot do it."""

    def handler(lowering: Lowering, args: list[Term], kw: dict[str, Term], node: gast.AST) -> Term:
        found = {**dict(zip(("ary", "indices_or_sections", "axis"), args, strict=False)), **kw}
        x, places = lowering.as_array_term(found["ary"]), lowering.open(found["indices_or_sections"])
        x = found["ary"] if is_array(found["ary"]) else x
        rank = lowering.array_type(x).rank
        if rank is None:
            lowering.refuse(node, f"np.{function.__name__} of an array of unknown rank", "annotate it", UnsupportedType)
        axis = axis_of(rank) if axis_of else lowering.static(found.get("axis", constant(0)), node) % rank
        if isinstance(places, (tuple, list)):
            ends = [lowering.to_operand(p) for p in places]
        elif function is np.array_split:
            ends = _ends(lowering, lowering.to_operand(x), axis, lowering.static(places, node), node)
        else:
            whole, keywords = (
                lowering.to_operand(x),
                {"indices_or_sections": lowering.static(places, node), "axis": axis},
            )
            return lowering.adopt(lowering.builder.apply(required(np.split), [whole], keywords))
        none = constant(None)
        bounds = zip((none, *ends), (*ends, none), strict=True)
        return lowering.new(
            list, [lowering.part(x, (*[Slice(none, none, none)] * axis, Slice(a, b, none))) for a, b in bounds]
        )

    return handler


meaning(np.split, before_rule=True)(_split(np.split))
meaning(np.array_split)(_split(np.array_split))
meaning(np.hsplit)(_split(np.hsplit, lambda rank: 1 if rank > 1 else 0))
meaning(np.vsplit)(_split(np.vsplit, lambda rank: 0))


def _ends(lowering: Lowering, x: Operand, axis: int, count: int, node: gast.AST) -> list[Operand]:
    """Where the parts end when the first ones are longer by one."""
    shape = lowering.sequence(lowering.attribute(x, "shape", node), node)
    each, rest = (
        lowering.apply(f, [lowering.to_operand(shape[axis]), constant(count)]) for f in (np.floor_divide, np.remainder)
    )
    places = []
    for k in range(1, count):
        longer = lowering.apply(min, [constant(k), rest])
        places.append(lowering.apply(np.add, [lowering.apply(np.multiply, [constant(k), each]), longer]))
    return places


@meaning(np.linalg.norm, before_rule=True)
def _norm(lowering: Lowering, args: list[Term], kw: dict[str, Term], node: gast.AST) -> Term:
    """The norms that are a greatest or least number: those of order inf and -inf, and of matrices 1 and -1."""
    found = {**dict(zip(("x", "ord", "axis", "keepdims"), args, strict=False)), **kw}
    order, axis = (lowering.static(found[k], node) if k in found else None for k in ("ord", "axis"))
    x = lowering.to_operand(lowering.as_array_term(found["x"]))
    rank = x.type.rank
    axes = axis if isinstance(axis, tuple) else tuple(range(rank or 0)) if axis is None else (axis,)
    if order not in (np.inf, -np.inf, *((1, -1) if len(axes) == 2 else ())) or "keepdims" in found or not rank:
        return lowering.call_primitive(required(np.linalg.norm), [found.pop("x")], found, node, None)
    sizes = lowering.apply(np.abs, [x])
    last, first = (int(k) % rank for k in (axes[-1], axes[0]))
    if len(axes) == 2:
        summed, last = (last, first) if order in (np.inf, -np.inf) else (first, last)
        sizes = lowering.builder.apply(required(np.sum), [sizes], {"axis": summed})
        last -= int(summed < last)
    return lowering.builder.apply(
        required(np.min if order in (-np.inf, -1) else np.max), [sizes], {"axis": last} if rank > 1 else {}
    )


def _grid(lowering: Lowering, index: Term, node: gast.AST, dense: bool) -> Term:
    """`np.mgrid[start:stop:step, ...]`, and `np.ogrid`, which is not dense."""
    items = lowering.index_items(index, None)
    if not all(isinstance(i, Slice) for i in items):
        lowering.refuse(node, "a grid of what are no slices", "write np.meshgrid", UnsupportedType)
    counts = [count for i in items if (count := _count(i)) is not None]
    if dense and len(counts) == len(items) > 1:
        return lowering.call(constant(np.indices), [tuple(counts)], {}, node, None)
    axes = [_points(lowering, i, node) for i in items]
    if not isinstance(index, tuple) and len(axes) == 1:
        return axes[0]
    if dense:
        grids = lowering.call(constant(np.meshgrid), list(axes), {"indexing": constant("ij")}, node, None)
        return lowering.call(constant(np.stack), [grids], {}, node, None)
    last = len(axes) - 1
    kinds = {t.dtype.kind for t in (x.type for x in axes) if t.dtype is not None}
    if len(kinds) > 1:
        axes = [lowering.builder.apply(required(np.asarray), [x], {"dtype": float}) for x in axes]
    return tuple(_new_axes(lowering, x, k, last - k) for k, x in enumerate(axes))


@subscript(np.mgrid)
def _dense_grid(lowering: Lowering, index: Term, node: gast.AST) -> Term:
    return _grid(lowering, index, node, dense=True)


@subscript(np.ogrid)
def _open_grid(lowering: Lowering, index: Term, node: gast.AST) -> Term:
    return _grid(lowering, index, node, dense=False)


@subscript(np.r_)
def _rows(lowering: Lowering, index: Term, node: gast.AST) -> Term:
    return _joined(lowering, index, node, columns=False)


@subscript(np.c_)
def _columns(lowering: Lowering, index: Term, node: gast.AST) -> Term:
    return _joined(lowering, index, node, columns=True)


def _joined(lowering: Lowering, index: Term, node: gast.AST, columns: bool) -> Operand:
    """`np.r_[a, b:c, x]`, the items one behind the other, and `np.c_[a, b]`, as columns."""
    name = f"np.{'c' if columns else 'r'}_"
    pieces = []
    for item in index if isinstance(index, tuple) else (index,):
        (opened,) = lowering.index_items(item, None)
        piece = _points(lowering, opened, node) if isinstance(opened, Slice) else lowering.to_operand(opened)
        if piece.type.is_container:
            piece = lowering.apply(np.array, [piece])
        rank = piece.type.rank
        if rank is None:
            lowering.refuse(node, f"{name} of this", "write np.concatenate or np.column_stack", UnsupportedType)
        rows = 2 if columns else 1
        pieces.append(_new_axes(lowering, piece, rows - 1 if rank == 0 else 0, 1 if rank < rows else 0))
    axis = {"axis": -1} if columns else {}
    return lowering.builder.apply(required(np.concatenate), [lowering.to_operand(tuple(pieces))], axis)


def _count(item: Term) -> Operand | None:
    """How many points there are, counted from 0 by 1; None where it is otherwise."""
    assert isinstance(item, Slice)
    by_one = is_none(item.step) or known_integer(item.step) == 1
    from_zero = is_none(item.start) or known_integer(item.start) == 0
    return item.stop if by_one and from_zero and is_integer(item.stop) else None


def _points(lowering: Lowering, item: Term, node: gast.AST) -> Operand:
    assert isinstance(item, Slice)
    start = constant(0) if is_none(item.start) else item.start
    if isinstance(item.step, Constant) and isinstance(item.step.value, complex):
        return lowering.apply(np.linspace, [start, item.stop, constant(int(abs(item.step.value)))])
    if isinstance(item.step, Value) and item.step.type.is_numeric and item.step.type.dtype == complex:
        lowering.refuse(node, "a number of points known at run time only", "write np.linspace", UnsupportedType)
    return lowering.apply(np.arange, [start, item.stop, *([] if is_none(item.step) else [item.step])])


_UFUNCS = {f for f in vars(np).values() if isinstance(f, np.ufunc) and f.nin == 2 and f.nout == 1}

for _function in _UFUNCS:
    if _function.signature is not None:
        continue
    meaning(_function.outer)(_outer(_function))
    _whole, _running = REDUCTIONS.get(_function, (None, None))
    meaning(_function.reduce)(_reduce(_function) if _whole else _by_rows(_function, "reduce", in_python.folded_))
    meaning(_function.accumulate)(
        _accumulate(_function, _running) if _running else _by_rows(_function, "accumulate", in_python.running_)
    )
    meaning(_function.reduceat)(_by_rows(_function, "reduceat", in_python.folded_parts_))
