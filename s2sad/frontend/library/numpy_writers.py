"""What NumPy's functions and methods write into arrays, and which of them give views.

np.copyto(a, b)   a.fill(x)   a.sort()   np.add.at(a, k, x)   np.put(a, k, x)   np.fill_diagonal(a, x)   out=a
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import assert_never

import gast
import numpy as np

from s2sad.errors import UnsupportedCall, UnsupportedType
from s2sad.frontend.library import in_python
from s2sad.frontend.lowering import Lowering
from s2sad.frontend.meanings import Meaning, MethodCall, meaning, method
from s2sad.frontend.terms.overlaps import refuse_crossing
from s2sad.frontend.terms.terms import Ref, Step, Term, is_array
from s2sad.ir.containers import GETITEM, INDEX_ADD
from s2sad.ir.primitive import Primitive, View, required
from s2sad.ir.values import Operand, constant

WHOLE = constant(Ellipsis)


def view_of(lowering: Lowering, primitive: Primitive, operands: list[Term], static: dict[str, object]) -> Term | None:
    """What a function gives that makes a view of its first argument, an array that lives in a cell."""
    base, rest = operands[0], operands[1:]
    if not is_array(base) or any(is_array(o) or isinstance(o, Ref) for o in rest):
        return None
    t = lowering.array_type(base)
    function, kind = primitive.function, primitive.view
    if function is np.diag and t.rank != 2:
        return None
    if function is np.astype and static.get("copy", True):
        return None
    if function is np.asarray and not static:
        return base
    if function is np.matrix_transpose:
        primitive, rest, static = required(np.swapaxes), [], {"axis1": -1, "axis2": -2}
    step = Step(primitive, tuple(rest), tuple(static.items()))
    match kind:
        case View.ALWAYS:
            return lowering.view(base, step)
        case View.BY_LAYOUT:
            return lowering.view(base, step, sure=lowering.is_contiguous(base))
        case View.BY_TYPE:
            return lowering.view(base, step, sure=False)
        case None:
            return None
        case _:
            assert_never(kind)


def writes(*functions: object) -> Callable[[Meaning], Meaning]:
    """Give functions that write into their first argument their meaning: arrays live in cells where one is called."""

    def register(handler: Meaning) -> Meaning:
        def within_memory(lowering: Lowering, args: list[Term], kw: dict[str, Term], node: gast.AST) -> Term | None:
            lowering.need_memory()
            return handler(lowering, args, kw, node)

        return meaning(*functions)(within_memory)

    return register


def _writing_method(name: str, handler: Meaning) -> None:
    """A method that writes into its array."""

    @method(np.ndarray, name)
    def called(lowering: Lowering, call: MethodCall) -> Term | None:
        lowering.need_memory()
        return handler(lowering, [call.receiver, *call.arguments], call.keywords, call.node)


def _assigned(lowering: Lowering, target: Term, value: Term, node: gast.AST) -> Term:
    """`target[...] = value`."""
    array = lowering.must_be_array(target, node)
    refuse_crossing(lowering, array, WHOLE, value, node)
    lowering.store_item(array, WHOLE, lowering.to_operand(value), node)
    return constant(None)


@writes(np.copyto)
def _copyto(lowering: Lowering, args: list[Term], kw: dict[str, Term], node: gast.AST) -> Term:
    target, value = args[:2]
    where = kw.pop("where", args[3] if len(args) > 3 else None)
    kw.pop("casting", None)
    if where is not None:
        operands = [lowering.to_operand(o) for o in (where, value, target)]
        value = lowering.apply(np.where, operands)
    return _assigned(lowering, target, value, node)


def _fill(lowering: Lowering, args: list[Term], kw: dict[str, Term], node: gast.AST) -> Term:
    return _assigned(lowering, args[0], args[1], node)


def _ordered(function: Callable[..., object]) -> Meaning:
    def handler(lowering: Lowering, args: list[Term], kw: dict[str, Term], node: gast.AST) -> Term:
        target = lowering.must_be_array(args[0], node)
        kw.pop("kind", None)
        made = lowering.call(constant(function), [lowering.to_operand(target), *args[1:]], kw, node, None)
        lowering.store(target, lowering.to_operand(made), node)
        return constant(None)

    return handler


@writes(np.put)
def _put(lowering: Lowering, args: list[Term], kw: dict[str, Term], node: gast.AST) -> Term:
    """`np.put(a, places, values)`: in the elements in a row; the values begin anew where they are too few."""
    mode = lowering.static(kw.pop("mode", args[3] if len(args) > 3 else constant("raise")), node)
    target, *given = _bound(lowering, args[:3], kw, ("a", "ind", "v"), node)
    flat = _flat(lowering, lowering.must_be_array(target, node))
    places, value = (_in_a_row(lowering, lowering.to_operand(lowering.as_array_term(t))) for t in given)
    if mode != "raise":
        size = lowering.apply(np.size, [lowering.to_operand(flat)])
        if mode == "wrap":
            places = lowering.apply(np.remainder, [places, size])
        else:
            last = lowering.apply(np.subtract, [size, constant(1)])
            places = lowering.apply(np.clip, [places, constant(0), last])
    if places.type.shape == (0,):
        return constant(None)
    if places.type.rank == 0 and value.type.rank == 1:
        value = lowering.builder.apply(GETITEM, (value, constant(0)))
    elif value.type.shape not in ((), (1,), places.type.shape):
        count = lowering.apply(np.arange, [lowering.apply(np.size, [places])])
        taken = lowering.apply(np.remainder, [count, lowering.apply(np.size, [value])])
        value = lowering.builder.apply(GETITEM, (value, taken))
    lowering.store_item(flat, places, value, node)
    return constant(None)


def _in_a_row(lowering: Lowering, array: Operand) -> Operand:
    """The elements of an array one after the other; a number as it is."""
    return array if array.type.rank in (0, 1) else lowering.apply(np.ravel, [array])


def _are_alike(place: Operand, value: Operand) -> bool:
    """Whether there is one value for all places, or one for each."""
    if value.type.rank == 0 or value.type.is_scalar:
        return True
    return value.type.shape is not None and value.type.shape == place.type.shape


def _bound(
    lowering: Lowering, args: list[Term], kw: dict[str, Term], names: Sequence[str], node: gast.AST
) -> list[Term]:
    """The arguments of these names; no others are known."""
    given = {**dict(zip(names, args, strict=False)), **kw}
    if len(args) > len(names) or given.keys() - set(names) or set(names) - given.keys():
        lowering.refuse(node, "arguments that are not known here", f"give {', '.join(names)} alone", UnsupportedCall)
    return [given[n] for n in names]


@writes(np.place)
def _place(lowering: Lowering, args: list[Term], kw: dict[str, Term], node: gast.AST) -> Term:
    target, mask, value = _bound(lowering, args, kw, ("arr", "mask", "vals"), node)
    array = lowering.must_be_array(target, node)
    values = lowering.apply(np.ravel, [lowering.to_operand(lowering.as_array_term(value))])
    return lowering.synthetic(in_python.place_, {"a": array, "mask": _as_mask(lowering, mask), "values": values}, node)


def _as_mask(lowering: Lowering, mask: Term) -> Operand:
    operand = lowering.to_operand(lowering.as_array_term(mask))
    return operand if operand.type.is_mask else lowering.apply(np.not_equal, [operand, constant(0)])


def _nan_to_num(lowering: Lowering, args: list[Term], kw: dict[str, Term], node: gast.AST) -> Term | None:
    """With `copy=False` it writes into its argument, and gives that."""
    copied = kw.get("copy", args[1] if len(args) > 1 else constant(True))
    if lowering.static(copied, node):
        return None
    rest = {k: v for k, v in kw.items() if k != "copy"}
    lowering.need_memory()
    made = lowering.call(constant(np.nan_to_num), [args[0], constant(True), *args[2:]], rest, node, None)
    return write_out(lowering, args[0], made, node)


meaning(np.nan_to_num, before_rule=True)(_nan_to_num)


def _flat(lowering: Lowering, array: Term) -> Term:
    if lowering.array_type(array).rank == 1:
        return array
    return lowering.view(array, Step(required(np.reshape), (constant(-1),)))


@writes(np.put_along_axis)
def _put_along_axis(lowering: Lowering, args: list[Term], kw: dict[str, Term], node: gast.AST) -> Term:
    target, index, value, along = _bound(lowering, args, kw, ("arr", "indices", "values", "axis"), node)
    axis, array = lowering.static(along, node), lowering.must_be_array(target, node)
    rank = lowering.array_type(array).rank
    if rank is None:
        lowering.refuse(node, "np.put_along_axis of an array of unknown rank", "annotate it", UnsupportedType)
    if axis is None:
        array, axis, rank = _flat(lowering, array), 0, 1
    places, values = (lowering.to_operand(lowering.as_array_term(t)) for t in (index, value))
    shape = lowering.sequence(lowering.attribute(lowering.to_operand(array), "shape", node), node)
    lines: list[Operand] = []
    for k in range(rank):
        if k == axis % rank:
            lines.append(places)
            continue
        line = lowering.apply(np.arange, [lowering.to_operand(shape[k])])
        lines.append(lowering.apply(np.reshape, [line, constant(tuple(-1 if i == k else 1 for i in range(rank)))]))
    lowering.store_item(array, tuple(lines) if rank > 1 else lines[0], values, node)
    return constant(None)


@writes(np.putmask)
def _putmask(lowering: Lowering, args: list[Term], kw: dict[str, Term], node: gast.AST) -> Term:
    """The values lie beside the elements of the array: they are repeated where there are fewer."""
    target, mask, value = _bound(lowering, args, kw, ("a", "mask", "values"), node)
    array = lowering.to_operand(lowering.must_be_array(target, node))
    values = lowering.to_operand(lowering.as_array_term(value))
    if not _are_alike(array, values):
        values = lowering.apply(np.ravel, [values])
        values = lowering.to_operand(lowering.synthetic(in_python.repeated_, {"values": values, "a": array}, node))
    chosen = lowering.apply(np.where, [_as_mask(lowering, mask), values, array])
    return _assigned(lowering, target, chosen, node)


@writes(np.fill_diagonal)
def _fill_diagonal(lowering: Lowering, args: list[Term], kw: dict[str, Term], node: gast.AST) -> Term:
    target, value = args[:2]
    t = lowering.array_type(lowering.must_be_array(target, node))
    if kw or len(args) > 2 or t.rank != 2:
        lowering.refuse(
            node, "np.fill_diagonal with wrap, or of no matrix", "write a[k, k] = x in a loop", UnsupportedCall
        )
    shape = lowering.sequence(lowering.attribute(lowering.to_operand(target), "shape", node), node)
    known = t.shape is not None and t.shape[0] == t.shape[1]
    count = lowering.to_operand(shape[0]) if known else lowering.apply(min, [lowering.to_operand(s) for s in shape])
    k = lowering.apply(np.arange, [count])
    values = lowering.to_operand(lowering.as_array_term(value))
    if not _are_alike(k, values):
        values = lowering.apply(np.ravel, [values])
        values = lowering.to_operand(lowering.synthetic(in_python.repeated_, {"values": values, "a": k}, node))
    lowering.store_item(target, (k, k), values, node)
    return constant(None)


def _added_at(sign: int) -> Meaning:
    def handler(lowering: Lowering, args: list[Term], kw: dict[str, Term], node: gast.AST) -> Term:
        target, index, value = args[0], args[1], lowering.to_operand(args[2])
        if sign < 0:
            value = lowering.apply(np.negative, [value])
        lowering.store_item(lowering.must_be_array(target, node), index, value, node, INDEX_ADD)
        return constant(None)

    return handler


def _refused_at(name: str) -> Meaning:
    def handler(lowering: Lowering, args: list[Term], kw: dict[str, Term], node: gast.AST) -> Term:
        lowering.refuse(node, f"np.{name}.at", "write a loop, or use np.add.at", UnsupportedCall)

    return handler


writes(np.add.at)(_added_at(1))
writes(np.subtract.at)(_added_at(-1))
for _name in ("multiply", "divide", "maximum", "minimum", "power"):
    writes(getattr(np, _name).at)(_refused_at(_name))


def write_out(lowering: Lowering, out: Term, result: Term, node: gast.AST, only: Term | None = None) -> Term:
    """`out=` of a function: the result is stored there, `only` where a mask says so, and the call gives `out`."""
    if isinstance(out, tuple):
        (out,) = out
    target = lowering.must_be_array(lowering.adopt(out), node)
    value = lowering.to_operand(result)
    if only is not None:
        value = lowering.to_operand(lowering.apply_to(np.where, [only, value, target], node))
    t, own = lowering.array_type(target), value.type
    if not own.is_numeric:
        return target  # it is refused already
    if own.dtype is not None and t.dtype is not None and not np.can_cast(own.dtype, t.dtype, "same_kind"):
        lowering.refuse(node, f"{own.dtype} cannot be stored in an array of {t.dtype}", "", UnsupportedType)
    lowering.store(target, value, node)
    return target


for _name, _handler in {
    "fill": _fill,
    "put": _put,
    "sort": _ordered(np.sort),
    "partition": _ordered(np.partition),
}.items():
    _writing_method(_name, _handler)
