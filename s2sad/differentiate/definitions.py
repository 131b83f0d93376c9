"""Functions that are defined by others (`ir.definition`), written out where something is differentiated by them."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from dataclasses import replace

from s2sad.analysis.activity import active_values
from s2sad.ir.builder import Builder
from s2sad.ir.definition import definition_of_call, is_defined
from s2sad.ir.rewrite import substitute
from s2sad.ir.values import Block, Function, Operand, Operation, applied_in, walk


def written_out(function: Function, active: Sequence[bool], optimize: Callable[[Function], Function]) -> Function:
    """The function with the definitions of what is active in it in the place of the calls."""
    # What a definition is written in may have a definition itself. It ends, as definitions do not call themselves.
    while True:
        inputs = [p for p, a in zip(function.parameters, active, strict=True) if a]
        if not any(op.primitive.definition for op in applied_in(walk(function.body))):
            return function
        varied = active_values(function, inputs)
        if not any(is_defined(op) and varied.intersection(op.results) for op in walk(function.body)):
            return function
        table: dict[Operand, Operand] = {}
        body = _block(function.body, varied, table)
        for value in table:
            # A definition may give what another one gave: each name leads to the last of the chain.
            while table[value] in table:
                table[value] = table[table[value]]
        function = optimize(replace(function, body=substitute(body, table)))


def _block(block: Block, varied: Collection[Operand], table: dict[Operand, Operand]) -> Block:
    builder = Builder()
    for op in block.operations:
        if is_defined(op) and op.result in varied:
            table[op.result] = definition_of_call(op, builder, op.operands)
        elif op.blocks:
            builder.operations.append(_inner(op, varied, table))
        else:
            builder.operations.append(op)
    return replace(block, operations=tuple(builder.operations))


def _inner(op: Operation, varied: Collection[Operand], table: dict[Operand, Operand]) -> Operation:
    found = {id(b): _block(b, varied, table) for b in op.blocks}
    names = [n for n in ("then", "orelse", "body") if hasattr(op, n)]
    return replace(op, **{n: found.get(id(getattr(op, n)), getattr(op, n)) for n in names})
