"""Methods of arrays that are functions of NumPy on their receiver, and `item`, `tolist`, `view`, `flatten`."""

from __future__ import annotations

import types

import numpy as np

from s2sad.frontend.lowering import Lowering
from s2sad.frontend.meanings import MethodCall, method
from s2sad.frontend.terms.terms import Term
from s2sad.ir.containers import GETITEM
from s2sad.ir.definition import has_rule
from s2sad.ir.values import Operand, constant


@method(np.ndarray)
def _function_of_that_name(lowering: Lowering, call: MethodCall) -> Term | None:
    """`x.sum(axis=0)` is `np.sum(x, axis=0)`: whatever has a rule or definition is a method too."""
    function = getattr(np, call.name, None)
    if not isinstance(getattr(np.ndarray, call.name, None), types.MethodDescriptorType) or not has_rule(function):
        return None
    arguments = [call.receiver, *call.arguments]
    return lowering.call(constant(function), arguments, call.keywords, call.node, call.hint)


@method(np.ndarray, "reshape", "transpose")
def _function_of_tuple(lowering: Lowering, call: MethodCall) -> Term:
    """`x.reshape(n, m)` is `np.reshape(x, (n, m))`."""
    arguments = [tuple(call.arguments)] if len(call.arguments) > 1 else call.arguments
    function = constant(getattr(np, call.name))
    return lowering.call(function, [call.receiver, *arguments], call.keywords, call.node, call.hint)


@method(np.ndarray, "resize")
def _resize(lowering: Lowering, call: MethodCall) -> None:
    """It changes the array: `np.resize`, which gives another one, is no such function."""


@method(np.ndarray, "flatten")
def _flatten(lowering: Lowering, call: MethodCall) -> Term:
    arguments = [call.contents, *call.arguments]
    return lowering.call(constant(np.ravel), arguments, call.keywords, call.node, call.hint)


@method(np.ndarray, "compress")
def _compress(lowering: Lowering, call: MethodCall) -> Term | None:
    if not call.arguments:
        return None
    arguments = [call.arguments[0], call.receiver, *call.arguments[1:]]
    return lowering.call(constant(np.compress), arguments, call.keywords, call.node, call.hint)


@method(np.ndarray, "view")
def _view(lowering: Lowering, call: MethodCall) -> Term | None:
    return None if call.arguments or call.keywords else call.receiver


@method(np.ndarray, "tolist")
def _tolist(lowering: Lowering, call: MethodCall) -> Term | None:
    if call.keywords or lowering.array_type(call.contents).rank != 1:
        return None
    return lowering.call(constant(list), [call.contents], {}, lowering.frame.tree, None)


@method(np.ndarray, "item")
def _item(lowering: Lowering, call: MethodCall) -> Term | None:
    return None if call.keywords else _sole_item(lowering, call.contents, call.arguments)


def _sole_item(lowering: Lowering, array: Operand, arguments: list[Term]) -> Operand:
    """`array.item()` of an array of one item, or the item at an index; a number of Python."""
    t = lowering.array_type(array)
    item = array
    if len(arguments) == 1 and t.rank != 1 and not isinstance(lowering.open(arguments[0]), tuple):
        item = lowering.apply(np.ravel, [array])
    if arguments:
        index = arguments[0] if len(arguments) == 1 else tuple(arguments)
        item = lowering.builder.apply(GETITEM, (item, lowering.to_operand(index)))
    elif t.shape:
        if any(d != 1 for d in t.shape):  # NumPy raises where there are more
            item = lowering.apply(np.reshape, [array, lowering.to_operand((constant(1),) * len(t.shape))])
        zeros = tuple(constant(0) for _ in t.shape)
        item = lowering.builder.apply(GETITEM, (item, lowering.to_operand(zeros if len(zeros) > 1 else zeros[0])))
    return lowering.apply(complex if t.dtype is not None and t.dtype.kind == "c" else float, [item])
