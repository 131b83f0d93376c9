"""A function of containers as one of their leaves: `f(p)` of a dict with "w" and "b" becomes `f(p_w, p_b)`."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import TypeGuard

from s2sad.ir.builder import Builder
from s2sad.ir.containers import EXTRACT
from s2sad.ir.primitives.packing import packed, unpacked
from s2sad.ir.rewrite import substitute
from s2sad.ir.types import ArrayType, ContainerType, HandleType, StaticType, Type
from s2sad.ir.values import Apply, Constant, Function, Operand, Operation, Value, is_call_of


def flattened(function: Function, start: int = 0) -> Function:
    """The function with the leaves of its parameters as parameters, and the leaves of its result as its result.

    The parameters before `start` are left as they are.
    """
    flat = with_leaves(function, start)
    if _is_flat(flat.result.type):
        return flat
    builder = Builder()
    return _with_result(flat, builder, _flat(builder, flat.result))


def flattened_sweeps(first: Function, second: Function) -> tuple[Function, Function]:
    """The same of two sweeps `first(*parameters) -> (result, residuals)` and `second(residuals, *more)`.

    The residuals are one tuple still, of their leaves, and of what lists among them are packed as.
    """
    builder, residual = Builder(), second.parameters[0]
    # The second function takes the residuals apart under names: its leaves keep them.
    own_hints = {op.static["key"]: op.result.hint for op in second.body.operations if _is_item(op, residual)}
    kept: list[Operand] = []
    names: list[str] = []
    for key in residual.type.keys:
        leaves = packed(builder, builder.extract(builder.extract(first.result, 1), key))
        kept += leaves
        names += [own_hints.get(key) or "kept"] * len(leaves)
    residuals = builder.tuple(kept)
    both = builder.tuple((_flat(builder, builder.extract(first.result, 0)), residuals))
    forward = with_leaves(_with_result(first, builder, both))
    before = Builder()
    own = Value(residuals.type, residual.hint or "residuals", unsure=residual.unsure)
    # The body reads one value still, put together again from the leaves: what it does not read of it is dead code.
    whole = unpacked(before, residual.type, iter([before.extract(own, k, name) for k, name in enumerate(names)]))
    body = substitute(second.body, {residual: whole})
    operations = (*before.operations, *body.operations)
    body = replace(body, parameters=(own, *second.parameters[1:]), operations=operations)
    return forward, flattened(replace(second, body=body), 1)


def _is_item(op: Operation, container: Value) -> TypeGuard[Apply]:
    return is_call_of(op, EXTRACT) and op.operands[0] is container


def with_leaves(function: Function, start: int = 0) -> Function:
    """The function with the leaves of its parameters, but for the first ones, as parameters."""
    builder = Builder()
    parameters = list(function.parameters[:start])
    made: dict[Operand, Operand] = {
        p: _parameter(builder, p.type, p.hint or "p", parameters, p.unsure) for p in function.parameters[start:]
    }
    if all(p is q for p, q in made.items()):
        return function
    body = substitute(function.body, made)
    return replace(
        function,
        body=replace(body, parameters=tuple(parameters), operations=(*builder.operations, *body.operations)),
    )


def with_leaves_of_result(function: Function) -> Function:
    """The function with a tuple of the leaves of its result, where that is a container."""
    if not function.result.type.is_container:
        return function
    builder = Builder()
    return _with_result(function, builder, builder.tuple(_leaves(builder, function.result)))


def _with_result(function: Function, builder: Builder, result: Operand) -> Function:
    operations = (*function.body.operations, *builder.operations)
    return replace(function, body=replace(function.body, operations=operations, results=(result,)))


def _is_flat(t: Type) -> bool:
    return not isinstance(t, ContainerType) or (t.cls is tuple and all(isinstance(i, ArrayType) for i in t.items))


def _parameter(builder: Builder, t: Type, name: str, parameters: list[Value], unsure: bool = False) -> Operand:
    # A static value is part of the key of what is compiled: no argument need bring it.
    if isinstance(t, StaticType) and not isinstance(t, HandleType):
        return Constant(t.value, t)
    if not isinstance(t, ContainerType):
        parameters.append(Value(t, name, unsure=unsure))
        return parameters[-1]
    names = (re.sub(r"\W+", "_", f"{name}_{k}") for k in t.keys)
    items = [_parameter(builder, i, n, parameters, unsure) for n, i in zip(names, t.items, strict=True)]
    return builder.make(t.cls, t.keys, items)


def _flat(builder: Builder, operand: Operand) -> Operand:
    """The only leaf of a value, or a tuple of its leaves."""
    leaves = _leaves(builder, operand)
    return builder.one_or_tuple(leaves)


def _leaves(builder: Builder, operand: Operand) -> list[Operand]:
    t = operand.type
    if not isinstance(t, ContainerType):
        return [operand]
    return [leaf for key in t.keys for leaf in _leaves(builder, builder.extract(operand, key))]
