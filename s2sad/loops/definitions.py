"""What a function of many operations is defined as, in the place of its calls (`ir.definition`).

    np.ptp(x)   ->   np.max(x) - np.min(x)

One that has a loop rule of its own stays, as does one whose definition is not known for the types of a call, or calls a
library itself.
"""

from __future__ import annotations

from dataclasses import replace

from s2sad.errors import Unsupported, UnsupportedType
from s2sad.ir.builder import Builder
from s2sad.ir.definition import expression_of_call
from s2sad.ir.loop_rule import loop_rule, written_rule
from s2sad.ir.primitive import Quantity
from s2sad.ir.primitives.memory import PLAIN
from s2sad.ir.rewrite import map_blocks, substitute
from s2sad.ir.types import Type, leaves
from s2sad.ir.values import Apply, Block, Function, Operand, Operation


def with_definitions(function: Function) -> Function:
    """The function with definitions in the place of calls."""
    table: dict[Operand, Operand] = {}
    body = _block(function.body, table)
    return replace(function, body=substitute(body, _resolved(table)))


def _resolved(table: dict[Operand, Operand]) -> dict[Operand, Operand]:
    """The table with each name led to the last of its chain: a definition may give what another one gave."""
    for value in table:
        while table[value] in table:
            table[value] = table[table[value]]
    return table


def _block(block: Block, table: dict[Operand, Operand]) -> Block:
    builder = Builder()
    for op in block.operations:
        found = _written(op, builder) if isinstance(op, Apply) else None
        if found is None:
            builder.operations.append(map_blocks(op, lambda b: _block(b, table)))
        else:
            table[op.results[0]] = found
    return replace(block, operations=tuple(builder.operations))


def _is_like(t: Type, wanted: Type) -> bool:
    """Whether the numbers of two types have one dtype."""
    pairs = zip(leaves(t), leaves(wanted), strict=True)
    return all(a.dtype == b.dtype for a, b in pairs)


def _has_loops(op: Operation) -> bool:
    """Whether a program of loops says an operation without a library."""
    return not isinstance(op, Apply) or op.primitive in PLAIN or loop_rule(op) is not None


def _written(op: Apply, builder: Builder) -> Operand | None:
    """What a call gives by what it is written as, in the terms of others if these are written in others too."""
    expression = written_rule(op)
    if expression is None:
        return None
    inner = Builder()

    def checked(*operands: Quantity, **static: object) -> Quantity:
        found = expression(*operands, **static)
        if not _is_like(inner.operand(found).type, op.result.type):
            raise UnsupportedType(f"{op.primitive.name} with another dtype")
        return found

    try:
        result = expression_of_call(op, inner, op.operands, checked)
    except (Unsupported, TypeError):
        return None
    table: dict[Operand, Operand] = {}
    block = _block(inner.block((), (result,)), table)
    made = substitute(block, _resolved(table))
    if op.primitive.definition is not None and not all(map(_has_loops, made.operations)):
        return None
    builder.operations += made.operations
    return made.results[0]
