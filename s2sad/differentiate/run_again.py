"""What of a primal is done once, where a block of it is run again for the sake of its derivative.

    for i in range(n):                for i in range(n):
        total += x[i] ** 2                total_dot += 2.0 * x[i] * x_dot[i]
        history.append(total)

What is printed, logged, or stored outside the function is left to the first run.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import NoReturn

from s2sad.errors import UnsupportedCall
from s2sad.ir.primitives.handles import STORES
from s2sad.ir.rewrite import map_blocks, reads
from s2sad.ir.values import Apply, Block, Function, Operand, Operation, walk


def without_effects(operations: Sequence[Operation], results: Sequence[Operand]) -> list[Operation]:
    """Operations to be run again, without what is done once.

    Raises:
        UnsupportedCall: they need what was read outside the function, which may be something else by then.
    """
    live, kept = set(results), []
    for op in reversed(operations):
        if isinstance(op, Apply) and op.primitive.once:
            if op.result not in live:
                continue
            refuse(op, "read it in front of the loop or branch, or differentiate in reverse mode")
        new = map_blocks(op, _block) if op.blocks else op
        live.update(reads([new]))
        kept.append(new)
    return kept[::-1]


def _block(block: Block) -> Block:
    return replace(block, operations=tuple(without_effects(block.operations, block.results)))


def check_runs_again(function: Function) -> None:
    """Refuse a function that is computed again in its reverse sweep, and stores something outside."""
    for op in walk(function.body):
        if isinstance(op, Apply) and op.primitive in STORES:
            refuse(op, "do it in front of what is checkpointed, or behind it")


def refuse(op: Apply, instead: str) -> NoReturn:
    """Refuse what can be done once only, in what is run again."""
    what = "an object outside the function is read or changed in what this derivative computes again"
    raise UnsupportedCall(what, instead, op.location)
