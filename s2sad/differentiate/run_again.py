"""What of a primal is done once, where a block of it is run again for the sake of its derivative.

    for i in range(n):                for i in range(n):
        total += x[i] ** 2                total_dot += 2.0 * x[i] * x_dot[i]
        history.append(total)

What is printed, logged, or stored outside the function is left to the first run. A function that is called and prints
has a silent form, which is called in the run behind that.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import NoReturn, TypeAlias

from s2sad.analysis.effects import own_effects
from s2sad.errors import UnsupportedCall
from s2sad.ir.primitives.handles import STORES
from s2sad.ir.rewrite import map_blocks, reads
from s2sad.ir.values import (
    Apply,
    Block,
    Call,
    Effects,
    Function,
    FunctionRef,
    Operand,
    Operation,
    given_functions,
    walk,
)

SilentForm: TypeAlias = Callable[[FunctionRef], FunctionRef]
"""From a function that prints or logs to one that gives the same, and does not."""


def without_effects(operations: Sequence[Operation], results: Sequence[Operand], silent: SilentForm) -> list[Operation]:
    """Operations to be run again, without what is done once.

    Raises:
        UnsupportedCall: they need what was read outside the function, which may be something else by then.
    """
    live, kept = set(results), []
    for op in reversed(operations):
        if isinstance(op, Apply) and op.primitive.draws:
            refuse_draws(op)
        if isinstance(op, Apply) and op.primitive.once:
            if op.result not in live:
                continue
            refuse(op, "read it in front of the loop or branch, or differentiate in reverse mode")
        if isinstance(op, Call):
            if op.function.effects is Effects.DRAWS:
                refuse_draws(op)
            new: Operation = replace(op, function=called_again(op.function, silent))
        elif isinstance(op, Apply) and (given := given_functions(op)):
            new = replace(op, static={**op.static, "functions": tuple(called_again(f, silent) for f in given)})
        else:
            new = map_blocks(op, lambda block: without_effects_in(block, silent)) if op.blocks else op
        live.update(reads([new]))
        kept.append(new)
    return kept[::-1]


def without_effects_in(block: Block, silent: SilentForm) -> Block:
    """A block to be run again, without what is done once."""
    return replace(block, operations=tuple(without_effects(block.operations, block.results, silent)))


def called_again(function: FunctionRef, silent: SilentForm) -> FunctionRef:
    """What is called in the run behind the first one, in which nothing was raised."""
    called = silent(function) if function.effects is Effects.ONCE else function
    return replace(called, effects=Effects.NONE)


def check_runs_again(function: Function) -> None:
    """Refuse a function that is computed again in its reverse sweep, and stores something outside."""
    for op in walk(function.body):
        if isinstance(op, Apply) and op.primitive in STORES:
            refuse(op, "do it in front of what is checkpointed, or behind it")
        if own_effects(op) is Effects.DRAWS:
            refuse_draws(op)


def refuse_draws(op: Operation) -> NoReturn:
    """Refuse to draw random numbers again: they would be others."""
    what = "random numbers are drawn in what this derivative computes again"
    raise UnsupportedCall(what, "draw them in front of it, and pass them", op.location)


def refuse(op: Apply, instead: str) -> NoReturn:
    """Refuse what can be done once only, in what is run again."""
    what = "an object outside the function is read or changed in what this derivative computes again"
    raise UnsupportedCall(what, instead, op.location)
