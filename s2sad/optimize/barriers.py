"""`stop_gradient(x)`, `adjoint(x)` and results of solvers as `x`: the last thing that is done to a program.

Derivatives of a program without them would not know of them.
"""

from __future__ import annotations

from collections.abc import Callable, Collection
from dataclasses import replace

from s2sad.ir.primitive import Primitive
from s2sad.ir.rewrite import map_blocks, renamed, substitute
from s2sad.ir.user_rules import ADJOINT
from s2sad.ir.values import Block, Function, Operand, Operation, Value, applied_in, walk


def without_stops(function: Function) -> Function:
    """The function with the values themselves in the place of those without derivative, or with another adjoint."""
    return _without(function, lambda p: p.transparent)


def without_adjoints(function: Function) -> Function:
    """A reverse sweep with its forward sweep: what is done to an adjoint was done in it, and not again to its own."""
    return _without(function, lambda p: p.name == ADJOINT)


def _without(function: Function, gone: Callable[[Primitive], bool]) -> Function:
    stops = [op for op in applied_in(walk(function.body)) if gone(op.primitive)]
    if not stops:
        return function
    table: dict[Operand, Operand] = {}
    hints: dict[Value, tuple[str, bool]] = {}
    for op in stops:
        source = op.operands[0]
        # stop_gradient(stop_gradient(x)): the table leads to x itself.
        source = table[op.result] = table.get(source, source)
        if isinstance(source, Value) and op.result.hint and (source.hint is None or source.loose):
            hints[source] = (op.result.hint, op.result.loose)
    body = substitute(_dropped(function.body, set(stops)), table)
    return renamed(replace(function, body=body), hints)


def _dropped(block: Block, gone: Collection[Operation]) -> Block:
    kept = (op for op in block.operations if op not in gone)
    return replace(block, operations=tuple(map_blocks(op, lambda b: _dropped(b, gone)) for op in kept))
