"""What NumPy's functions and methods write into arrays, and which of them give views.

np.copyto(a, b)   a.fill(x)   a.sort()   np.add.at(a, k, x)   np.put(a, k, x)   np.fill_diagonal(a, x)   out=a
"""

from __future__ import annotations

from collections.abc import Callable
from typing import assert_never

import gast
import numpy as np

from s2sad.errors import UnsupportedCall, UnsupportedType
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
    flat = _flat(lowering, lowering.must_be_array(args[0], node))
    places, value = (_in_a_row(lowering, lowering.to_operand(lowering.as_array_term(a))) for a in args[1:3])
    mode = lowering.static(kw.get("mode", args[3] if len(args) > 3 else constant("raise")), node)
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


def _flat(lowering: Lowering, array: Term) -> Term:
    if lowering.array_type(array).rank == 1:
        return array
    return lowering.view(array, Step(required(np.reshape), (constant(-1),)))


@writes(np.put_along_axis)
def _put_along_axis(lowering: Lowering, args: list[Term], kw: dict[str, Term], node: gast.AST) -> Term:
    target, index, value = args[:3]
    axis = lowering.static(kw.get("axis", args[3] if len(args) > 3 else constant(-1)), node)
    rank = lowering.array_type(lowering.must_be_array(target, node)).rank
    if rank != 1:
        lowering.refuse(node, "np.put_along_axis of a matrix", "write a[rows, columns] = values", UnsupportedCall)
    if axis not in (0, -1, None):
        lowering.refuse(node, f"np.put_along_axis of a vector along axis {axis}", "", UnsupportedCall)
    lowering.store_item(target, lowering.to_operand(index), lowering.to_operand(value), node)
    return constant(None)


@writes(np.putmask)
def _putmask(lowering: Lowering, args: list[Term], kw: dict[str, Term], node: gast.AST) -> Term:
    target = args[0]
    mask, value = (lowering.to_operand(a) for a in args[1:3])
    return _assigned(lowering, target, lowering.apply(np.where, [mask, value, lowering.to_operand(target)]), node)


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
    lowering.store_item(target, (k, k), lowering.to_operand(value), node)
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


def write_out(lowering: Lowering, out: Term, result: Term, node: gast.AST) -> Term:
    """`out=` of a function: the result is stored there, and `out` is what the call gives."""
    if isinstance(out, tuple):
        (out,) = out
    target = lowering.must_be_array(out, node)
    value = lowering.to_operand(result)
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
