"""A function of containers as one of their leaves: `f(p)` of a dict with "w" and "b" becomes `f(p_w, p_b)`."""

from __future__ import annotations

from dataclasses import replace

from s2sad.ir.builder import Builder
from s2sad.ir.rewrite import substitute
from s2sad.ir.types import ArrayType, ContainerType, StaticType, Type
from s2sad.ir.values import Constant, Function, Operand, Value


def flattened(function: Function) -> Function:
    """The function with the leaves of its parameters as parameters, and the leaves of its result as its result."""
    builder = Builder()
    parameters: list[Value] = []
    made: dict[Operand, Operand] = {
        p: _parameter(builder, p.type, p.hint or "p", parameters) for p in function.parameters
    }
    if all(p is q for p, q in made.items()) and _is_flat(function.result.type):
        return function
    body = substitute(function.body, made)
    after = Builder()
    leaves: list[Operand] = []
    _leaves(after, body.results[0], leaves)
    result = leaves[0] if len(leaves) == 1 else after.make(tuple, tuple(range(len(leaves))), leaves)
    operations = (*builder.operations, *body.operations, *after.operations)
    return replace(function, body=replace(body, parameters=tuple(parameters), operations=operations, results=(result,)))


def _is_flat(t: Type) -> bool:
    return not isinstance(t, ContainerType) or (t.cls is tuple and all(isinstance(i, ArrayType) for i in t.items))


def _parameter(builder: Builder, t: Type, name: str, parameters: list[Value]) -> Operand:
    if isinstance(t, StaticType):
        return Constant(t.value, t)
    if not isinstance(t, ContainerType):
        parameters.append(Value(t, name))
        return parameters[-1]
    items = [_parameter(builder, i, f"{name}_{k}", parameters) for k, i in zip(t.keys, t.items, strict=True)]
    return builder.make(t.cls, t.keys, items)


def _leaves(builder: Builder, operand: Operand, found: list[Operand]) -> None:
    t = operand.type
    if not isinstance(t, ContainerType) or (isinstance(operand, Constant) and not t.items):
        found.append(operand)
        return
    for key in t.keys:
        _leaves(builder, builder.extract(operand, key), found)
