"""NumPy's functions that are given functions, conditions, or many arrays: as the loops and stores that they stand for.

np.vectorize(f)(x)                   np.array([f(v) for v in np.ravel(x)]).reshape(np.shape(x))
np.piecewise(x, [a, b], [f, g])      y = np.zeros_like(x); y[a] = f(x[a]); y[b] = g(x[b])
np.select([a, b], [x, y], z)         np.where(a, x, np.where(b, y, z))
np.ndindex(n, m)                     zip(*np.indices((n, m)).reshape(2, -1))
"""

from __future__ import annotations

import functools

import gast
import numpy as np

from s2sad.errors import UnsupportedCall, UnsupportedType
from s2sad.frontend.library import in_python
from s2sad.frontend.lowering import Lowering
from s2sad.frontend.meanings import meaning
from s2sad.frontend.terms.terms import Closure, Partial, Range, Term, Zip, is_array, is_none, known_integer
from s2sad.ir.containers import GETITEM, INDEX_SET
from s2sad.ir.primitive import primitive_name, required
from s2sad.ir.primitives.effects import raise_where
from s2sad.ir.types import BOTTOM, NONE, ContainerType, SequenceType, Type
from s2sad.ir.values import Constant, Operand, constant


def _array(lowering: Lowering, term: Term) -> Operand:
    return lowering.to_operand(lowering.as_array_term(term))


def _rank(lowering: Lowering, x: Operand, name: str, node: gast.AST) -> int:
    rank = x.type.rank
    if rank is None:
        lowering.refuse(node, f"{name} of an array whose rank is not known", "annotate it", UnsupportedType)
    return rank


@meaning(np.vectorize)
def _vectorized(lowering: Lowering, args: list[Term], kw: dict[str, Term], node: gast.AST) -> Term:
    """`np.vectorize(f)`: a function that is called for each number."""
    found = {**dict(zip(("pyfunc", "otypes"), args, strict=False)), **kw}
    if found.keys() - {"pyfunc", "otypes", "doc", "cache"}:
        lowering.refuse(
            node, "np.vectorize with a signature, or with arguments left out", "write a loop", UnsupportedCall
        )
    otypes = None if is_none(found.get("otypes")) else lowering.static(found["otypes"], node)
    if otypes is not None and len(otypes) != 1:
        lowering.refuse(node, "np.vectorize with several results", "write a loop", UnsupportedCall)
    dtype = None if otypes is None else np.dtype(otypes[0])
    return Partial(constant(each), (constant(dtype), found["pyfunc"]), {})


def each(*arrays: object) -> object:
    """What `np.vectorize(f)` is taken for, its dtype and f being the first arguments."""
    raise NotImplementedError


@meaning(each)
def _each(lowering: Lowering, args: list[Term], kw: dict[str, Term], node: gast.AST) -> Term:
    dtype, *rest = args
    found = _for_each(lowering, rest, kw, node)
    return found if is_none(dtype) else lowering.call(constant(np.astype), [found, dtype], {}, node, None)


def _for_each(lowering: Lowering, args: list[Term], kw: dict[str, Term], node: gast.AST) -> Term:
    function, *given = args
    if kw or not given:
        lowering.refuse(node, "a vectorized function with keywords", "pass them by position", UnsupportedCall)
    arrays = [_array(lowering, a) for a in given]
    ranks = [_rank(lowering, x, "a vectorized function", node) for x in arrays]
    if not any(ranks):
        return lowering.call(function, list(arrays), {}, node, None)
    whole = arrays[0]
    for x in arrays[1:]:
        whole = lowering.apply(np.add, [whole, x])
    shape = lowering.apply(np.shape, [whole])
    alike = all(x.type == arrays[0].type for x in arrays)
    rows = [lowering.apply(np.ravel, [x if alike else lowering.apply(np.broadcast_to, [x, shape])]) for x in arrays]
    items = lowering.mapped(function, list(rows), node)
    return lowering.apply(np.reshape, [lowering.apply(np.array, [lowering.to_operand(items)]), shape])


@meaning(np.apply_along_axis)
def _along_axis(lowering: Lowering, args: list[Term], kw: dict[str, Term], node: gast.AST) -> Term:
    """`np.apply_along_axis(f, axis, x)` of a matrix: f of its rows or columns."""
    if kw or len(args) < 3:
        lowering.refuse(node, "np.apply_along_axis with keywords", "write a loop", UnsupportedCall)
    function, axis, x = args[0], lowering.static(args[1], node), _array(lowering, args[2])
    rank = _rank(lowering, x, primitive_name(np.apply_along_axis), node)
    # The function is given views: what it writes is written into the array.
    given = args[2] if is_array(args[2]) else x
    if rank == 1:
        return lowering.call(function, [given, *args[3:]], {}, node, None)
    if rank != 2:
        lowering.refuse(node, f"np.apply_along_axis of an array of {rank} axes", "write a loop", UnsupportedType)
    rows = given if axis % 2 else lowering.apply_to(np.transpose, [given], node)
    applied = Partial(constant(_given_last), (function, tuple(args[3:])), {}) if len(args) > 3 else function
    items = lowering.to_operand(lowering.mapped(applied, [rows], node))
    if gives_nothing(items.type):
        return constant(None)
    found = lowering.apply(np.array, [items])
    many = found.type.rank == 2
    return lowering.apply(np.transpose, [found]) if many and not axis % 2 else found


def gives_nothing(t: Type) -> bool:
    """Whether a list is one of None: of what a function gave that is called for its effect."""
    if isinstance(t, SequenceType):
        return t.item in (BOTTOM, NONE)
    return isinstance(t, ContainerType) and bool(t.items) and all(i == NONE for i in t.items)


def _given_last(*args: object) -> object:
    raise NotImplementedError


@meaning(_given_last)
def _call_given_last(lowering: Lowering, args: list[Term], kw: dict[str, Term], node: gast.AST) -> Term:
    function, more, row = args
    assert isinstance(more, tuple)
    return lowering.call(function, [row, *more], {}, node, None)


@meaning(np.piecewise)
def _piecewise(lowering: Lowering, args: list[Term], kw: dict[str, Term], node: gast.AST) -> Term:
    """Each function at the numbers where its condition holds; the last one, where there is one more, at the others."""
    x, more = _array(lowering, args[0]), args[3:]
    conditions = [_array(lowering, c) for c in lowering.sequence(args[1], node)]
    functions = lowering.sequence(args[2], node)
    if kw or len(functions) not in (len(conditions), len(conditions) + 1):
        lowering.refuse(node, "np.piecewise of so many functions", "give one for each condition", UnsupportedCall)
    if len(functions) > len(conditions):
        seen = conditions[0]
        for c in conditions[1:]:
            seen = lowering.apply(np.logical_or, [seen, c])
        conditions.append(lowering.apply(np.logical_not, [seen]))
    result = lowering.apply(np.zeros_like, [x])
    for condition, function in zip(conditions, functions, strict=True):
        value: Term = function
        if isinstance(function, (Closure, Partial)) or (isinstance(function, Constant) and callable(function.value)):
            value = lowering.call(function, [lowering.builder.apply(GETITEM, (x, condition)), *more], {}, node, None)
        result = lowering.builder.apply(INDEX_SET, (result, condition, lowering.to_operand(value)))
    return result


@meaning(np.select)
def _select(lowering: Lowering, args: list[Term], kw: dict[str, Term], node: gast.AST) -> Term:
    found = {**dict(zip(("condlist", "choicelist", "default"), args, strict=False)), **kw}
    pairs = zip(lowering.sequence(found["condlist"], node), lowering.sequence(found["choicelist"], node), strict=True)
    result = lowering.to_operand(lowering.as_array_term(found.get("default", constant(0))))
    for condition, choice in reversed(list(pairs)):
        result = lowering.apply(np.where, [_array(lowering, condition), _array(lowering, choice), result])
    return result


@meaning(np.where, before_rule=True)
def _where(lowering: Lowering, args: list[Term], kw: dict[str, Term], node: gast.AST) -> Term:
    """`np.where(condition)` gives the indices."""
    if len(args) == 1 and not kw:
        return lowering.call(constant(np.nonzero), args, {}, node, None)
    return lowering.call_primitive(required(np.where), args, kw, node, None)


@meaning(np.size, before_rule=True)
def _size(lowering: Lowering, args: list[Term], kw: dict[str, Term], node: gast.AST) -> Term | None:
    """`np.size(x, axis)`: the length along an axis."""
    axis: Term = kw.get("axis", args[1] if len(args) > 1 else constant(None))
    if is_none(axis):
        return lowering.call_primitive(required(np.size), args[:1], {}, node, None)
    shape = lowering.sequence(lowering.attribute(_array(lowering, args[0]), "shape", node), node)
    known = lowering.static(axis, node)
    sizes = [shape[k] for k in (known if isinstance(known, tuple) else (known,))]
    return functools.reduce(lambda a, b: lowering.apply(np.multiply, list(map(lowering.to_operand, (a, b)))), sizes)


@meaning(np.fromiter)
def _fromiter(lowering: Lowering, args: list[Term], kw: dict[str, Term], node: gast.AST) -> Term:
    found = {**dict(zip(("iter", "dtype", "count"), args, strict=False)), **kw}
    items = lowering.to_operand(lowering.listed(lowering.iterable(found["iter"])))
    count = lowering.to_operand(found["count"]) if "count" in found else constant(-1)
    if not lowering.is_counter(count):  # -1, the default, means all of them
        count = constant(lowering.static(count, node))
    if known_integer(count) != -1:
        few = lowering.apply(np.less, [lowering.apply(len, [items]), count])
        if isinstance(few, Constant) and few.value:
            lowering.refuse(node, "np.fromiter of fewer items than it counts", "leave out the count", UnsupportedType)
        if not isinstance(few, Constant):
            raise_where(lowering.builder, few, ValueError, "iterator too short")
        part = lowering.builder.operand(slice(constant(0), count, constant(None)))
        items = lowering.builder.apply(GETITEM, (items, part))
    return lowering.builder.apply(
        required(np.array), [items], {"dtype": np.dtype(lowering.static(found["dtype"], node))}
    )


@meaning(np.block)
def _block(lowering: Lowering, args: list[Term], kw: dict[str, Term], node: gast.AST) -> Term:
    """Rows of blocks, one below the other; a list of blocks beside each other."""
    rows = lowering.sequence(args[0], node)
    nested = [isinstance(lowering.open(row), (list, tuple)) for row in rows]
    if not any(nested):
        return _beside(lowering, rows, 1, node)
    if not all(nested):
        lowering.refuse(node, "np.block of lists and arrays", "write each row as a list", UnsupportedType)
    made = [_beside(lowering, lowering.sequence(row, node), 2, node) for row in rows]
    return lowering.builder.apply(required(np.concatenate), [lowering.to_operand(tuple(made))], {})


def _beside(lowering: Lowering, blocks: list[Term], least: int, node: gast.AST) -> Operand:
    """Blocks beside each other, of two axes at least in a row of several rows."""
    widened = []
    for block in blocks:
        x = _array(lowering, block)
        rank = _rank(lowering, x, primitive_name(np.block), node)
        if rank == 0:
            x = lowering.apply(np.full, [lowering.to_operand((constant(1),) * least), x])
        elif rank < least:
            x = lowering.apply(np.atleast_2d, [x])
        widened.append(x)
    return lowering.builder.apply(required(np.concatenate), [lowering.to_operand(tuple(widened))], {"axis": -1})


@meaning(np.diagflat)
def _on_diagonal(lowering: Lowering, args: list[Term], kw: dict[str, Term], node: gast.AST) -> Term:
    """`np.diagflat`."""
    found = {**dict(zip(("v", "k"), args, strict=False)), **kw}
    x = _array(lowering, found.pop("v"))
    flat = x if _rank(lowering, x, primitive_name(np.diagflat), node) == 1 else lowering.apply(np.ravel, [x])
    return lowering.call(constant(np.diag), [flat], found, node, None)


@meaning(np.column_stack)
def _columns(lowering: Lowering, args: list[Term], kw: dict[str, Term], node: gast.AST) -> Term:
    """`np.column_stack`: vectors as columns, matrices as they are; the rows of an array are such vectors."""
    if lowering.is_rows(args[0]):
        rows = lowering.to_operand(args[0])
        rank = _rank(lowering, rows, primitive_name(np.column_stack), node)
        if rank == 1:
            return lowering.apply(np.expand_dims, [rows, constant(0)])
        if rank == 2:
            return lowering.apply(np.transpose, [rows])
        return lowering.apply_to(np.hstack, [args[0]], node)
    columns = []
    for item in lowering.sequence(args[0], node):
        x = _array(lowering, item)
        if _rank(lowering, x, primitive_name(np.column_stack), node) < 2:
            x = lowering.apply(np.transpose, [lowering.apply(np.atleast_2d, [x])])
        columns.append(x)
    return lowering.builder.apply(required(np.concatenate), [lowering.to_operand(tuple(columns))], {"axis": 1})


@meaning(np.ndindex)
def _indices(lowering: Lowering, args: list[Term], kw: dict[str, Term], node: gast.AST) -> Term:
    """`np.ndindex(n, m)`: all indices, the last one the fastest."""
    lengths = lowering.sequence(args[0], node) if isinstance(lowering.open(args[0]), (tuple, list)) else args
    if len(lengths) == 1:
        return Zip((Range(constant(0), lowering.to_operand(lengths[0]), constant(1)),))
    shape = lowering.to_operand(tuple(lowering.to_operand(n) for n in lengths))
    rows = lowering.apply(
        np.reshape, [lowering.apply(np.indices, [shape]), lowering.to_operand((constant(len(lengths)), constant(-1)))]
    )
    return Zip(tuple(lowering.builder.apply(GETITEM, (rows, constant(k))) for k in range(len(lengths))))


@meaning(np.ndenumerate)
def _enumerated(lowering: Lowering, args: list[Term], kw: dict[str, Term], node: gast.AST) -> Term:
    """`np.ndenumerate(x)`: the indices, and the numbers."""
    x = _array(lowering, args[0])
    _rank(lowering, x, primitive_name(np.ndenumerate), node)
    places = _indices(lowering, lowering.sequence(lowering.attribute(x, "shape", node), node), {}, node)
    return Zip((places, lowering.apply(np.ravel, [x])))


@meaning(np.append)
def _append(lowering: Lowering, args: list[Term], kw: dict[str, Term], node: gast.AST) -> Term:
    found = {**dict(zip(("arr", "values", "axis"), args, strict=False)), **kw}
    pair = [_array(lowering, found[k]) for k in ("arr", "values")]
    if is_none(found.get("axis")):
        pair = [
            lowering.apply(np.ravel, [x]) if _rank(lowering, x, primitive_name(np.append), node) != 1 else x
            for x in pair
        ]
    axis = {} if is_none(found.get("axis")) else {"axis": lowering.static(found["axis"], node)}
    return lowering.builder.apply(required(np.concatenate), [lowering.to_operand(tuple(pair))], axis)


@meaning(np.bincount, before_rule=True)
def _bincount(lowering: Lowering, args: list[Term], kw: dict[str, Term], node: gast.AST) -> Term:
    found = {**dict(zip(("x", "weights", "minlength"), args, strict=False)), **kw}
    operands = [_array(lowering, found["x"])]
    if len(found) > 1:
        weights = found.get("weights")
        operands.append(constant(None) if weights is None or is_none(weights) else _array(lowering, weights))
    if "minlength" in found:
        operands.append(lowering.to_operand(found["minlength"]))
    return lowering.apply(np.bincount, operands)


@meaning(np.apply_over_axes)
def _apply_over_axes(lowering: Lowering, args: list[Term], kw: dict[str, Term], node: gast.AST) -> Term:
    """The function along one axis after the other, each kept with length 1."""
    found = {**dict(zip(("func", "a", "axes"), args, strict=False)), **kw}
    whole = _array(lowering, found["a"])
    rank = _rank(lowering, whole, primitive_name(np.apply_over_axes), node)
    axes = lowering.static(found["axes"], node)
    for axis in (axes,) if isinstance(axes, int) else tuple(axes):
        k = axis % rank
        term = lowering.call(found["func"], [whole, constant(k)], {}, node, None)
        whole = _array(lowering, term)
        if whole.type.rank == rank - 1:
            whole = lowering.to_operand(lowering.builder.apply(required(np.expand_dims), [whole], {"axis": k}))
    return whole


@meaning(np.row_stack)
def _row_stack(lowering: Lowering, args: list[Term], kw: dict[str, Term], node: gast.AST) -> Term:
    return lowering.call(constant(np.vstack), args, kw, node, None)


@meaning(np.unstack)
def _unstack(lowering: Lowering, args: list[Term], kw: dict[str, Term], node: gast.AST) -> Term:
    """The rows along an axis, as the list of them."""
    whole = _array(lowering, args[0] if args else kw["x"])
    axis = lowering.static(kw["axis"], node) if "axis" in kw else 0
    if axis != 0:
        moved = lowering.builder.apply(required(np.moveaxis), [whole], {"source": axis, "destination": 0})
        whole = lowering.to_operand(moved)
    return lowering.synthetic(in_python.items_, {"xs": whole}, node)
