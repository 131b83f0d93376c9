"""Calls written out: a program of loops is one function, but for those that call themselves."""

from __future__ import annotations

from collections.abc import Mapping

from s2sad.errors import UnsupportedCall
from s2sad.ir.rewrite import copied, map_blocks, substitute
from s2sad.ir.values import Block, Call, Function, Operand, Operation, called_in


def without_calls(functions: Mapping[str, Function], entry: str) -> Function:
    """The entry with the functions that it calls in the places of their calls.

    Raises:
        UnsupportedCall: one of them calls itself.
    """
    made: dict[str, Function] = {}
    _make(entry, functions, made, ())
    return made[entry]


def _make(name: str, functions: Mapping[str, Function], made: dict[str, Function], around: tuple[str, ...]) -> None:
    if name in made:
        return
    if name in around:
        raise UnsupportedCall(f"{name} calls itself", "write a loop")
    function = functions[name]
    for callee in sorted(called_in(function.body)):
        _make(callee, functions, made, (*around, name))
    table: dict[Operand, Operand] = {}
    body = _written_out(function.body, made, table)
    for value in table:
        while table[value] in table:
            table[value] = table[table[value]]
    made[name] = Function(name, substitute(body, table), function.doc, function.takes)


def _written_out(block: Block, made: Mapping[str, Function], table: dict[Operand, Operand]) -> Block:
    operations: list[Operation] = []
    for op in block.operations:
        if not isinstance(op, Call):
            operations.append(map_blocks(op, lambda b: _written_out(b, made, table)))
            continue
        callee = made[op.function.name]
        fresh = copied(callee.body) | dict(zip(callee.parameters, op.operands, strict=True))
        body = substitute(Block((), callee.body.operations, callee.body.results), fresh)
        operations += body.operations
        table[op.result] = body.results[0]
    return Block(block.parameters, tuple(operations), block.results)
