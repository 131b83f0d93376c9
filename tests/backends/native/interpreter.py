"""Programs of loops, run by Python: operation by operation."""

from __future__ import annotations

import operator
from collections.abc import Iterable, Sequence
from typing import Any

from s2sad.ir.containers import EXTRACT, MAKE
from s2sad.ir.primitives.effects import RAISE
from s2sad.ir.primitives.memory import Left
from s2sad.ir.values import Apply, Block, For, Function, If, Operand, Operation, Value, While
from tests.rules.evaluate import run, value_of


def interpreted(function: Function, *arguments: Any) -> Any:
    """The result of a function; raises Left, or what Python raises."""
    env = dict(zip(function.parameters, arguments, strict=True))
    _run(function.body.operations, env)
    return value_of(function.result, env)


def _run(operations: Iterable[Operation], env: dict[Value, Any]) -> None:
    for op in operations:
        match op:
            case Apply():
                env[op.result] = _applied(op, [value_of(o, env) for o in op.operands])
            case If():
                block = op.then if value_of(op.predicate, env) else op.orelse
                env.update(zip(op.results, _block(block, (), env), strict=True))
            case For():
                _for(op, env)
            case While():
                _while(op, env)
            case _:
                raise AssertionError(op)


def _applied(op: Apply, values: list[Any]) -> Any:
    if op.primitive is MAKE:
        return tuple(values)
    if op.primitive is EXTRACT:
        return values[0][op.static["key"]]
    if op.primitive is RAISE:
        raise Left
    return run(op, values)


def _block(block: Block, values: Sequence[Any], env: dict[Value, Any]) -> list[Any]:
    env.update(zip(block.parameters, values, strict=True))
    _run(block.operations, env)
    return [value_of(o, env) for o in block.results]


def _carried(operands: Sequence[Operand], env: dict[Value, Any]) -> list[Any]:
    return [value_of(o, env) for o in operands]


def _for(op: For, env: dict[Value, Any]) -> None:
    indices = range(*(operator.index(value_of(o, env)) for o in (op.start, op.stop, op.step)))
    carried = _carried(op.initial, env)
    for i in reversed(indices) if op.reverse else indices:
        given = _block(op.body, (i, *carried), env)
        stop = op.breaks and given.pop()
        carried = given
        if stop:
            break
    env.update(zip(op.results, carried, strict=True))


def _while(op: While, env: dict[Value, Any]) -> None:
    carried = _carried(op.initial, env)
    while _block(op.test, carried, env)[0]:
        given = _block(op.body, carried, env)
        stop = op.breaks and given.pop()
        carried = given
        if stop:
            break
    env.update(zip(op.results, carried, strict=True))
