"""`stop_gradient(x)`, `adjoint(x)` and results of solvers as `x`: the last thing that is done to a program.

Derivatives of a program without them would not know of them.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from dataclasses import replace

from s2sad.ir.containers import EXTRACT, MAKE
from s2sad.ir.primitive import Primitive
from s2sad.ir.rewrite import map_blocks, renamed, substitute
from s2sad.ir.user_rules import ADJOINT
from s2sad.ir.values import Apply, Block, Function, Operand, Operation, Value, applied_in, keys_of, walk


def without_stops(function: Function) -> Function:
    """The function with the values themselves in the place of those without derivative, or with another adjoint."""
    return _without(function, lambda p: p.transparent)


def without_adjoints(function: Function) -> Function:
    """A reverse sweep with its forward sweep: what is done to an adjoint was done in it, and not again to its own."""
    return _without(function, lambda p: p.name == ADJOINT)


def _without(function: Function, gone: Callable[[Primitive], bool]) -> Function:
    applied = list(applied_in(walk(function.body)))
    if not any(gone(op.primitive) for op in applied):
        return function
    made: dict[Operand, Apply] = {op.result: op for op in applied if op.primitive is MAKE}
    dropped = set[Operation]()
    table: dict[Operand, Operand] = {}
    hints: dict[Value, tuple[str, bool]] = {}
    for op in applied:
        source = _stands_for(op, gone(op.primitive), table, made)
        if source is None:
            continue
        dropped.add(op)
        table[op.result] = source
        if isinstance(source, Value) and op.result.hint and (source.hint is None or source.loose):
            hints[source] = (op.result.hint, op.result.loose)
    body = substitute(_dropped(function.body, dropped), table)
    return renamed(replace(function, body=body), hints)


def _stands_for(
    op: Apply, is_gone: bool, table: Mapping[Operand, Operand], made: Mapping[Operand, Apply]
) -> Operand | None:
    """What is read in the place of a result that goes, or of an item of a tuple that went through such a one."""
    if not is_gone and (op.primitive is not EXTRACT or op.operands[0] not in table):
        return None
    # stop_gradient(stop_gradient(x)): the table leads to x itself.
    source = table.get(op.operands[0], op.operands[0])
    if is_gone:
        return source
    if source not in made:
        return None
    item = made[source].operands[keys_of(made[source]).index(op.static["key"])]
    return table.get(item, item)


def _dropped(block: Block, gone: Collection[Operation]) -> Block:
    kept = (op for op in block.operations if op not in gone)
    return replace(block, operations=tuple(map_blocks(op, lambda b: _dropped(b, gone)) for op in kept))
