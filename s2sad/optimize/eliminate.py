"""Dead code: operations without effect whose results nobody reads, and what loops and branches carry for nobody.

v1 = np.sin(x)                ->   y = x * 2.0
y = x * 2.0; return y              return y
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator
from dataclasses import replace

from s2sad.analysis.effects import own_effects
from s2sad.analysis.liveness import needed
from s2sad.ir.containers import EXTRACT
from s2sad.ir.primitives.effects import RAISE
from s2sad.ir.primitives.regions import is_try
from s2sad.ir.rewrite import reduced
from s2sad.ir.values import Effects, Function, Operand, Operation, is_call_of, walk


def eliminate_dead(function: Function) -> Function:
    """Drop what the result of the function does not need."""
    effects = [op for op in walk(function.body) if own_effects(op) is not Effects.NONE]
    found = needed(function, [*effects, *_tried(function), *_raises(function.body.operations)], _along)
    named = {op for op in walk(function.body) if _is_named_item(op, found.values)}
    return replace(function, body=reduced(function.body, found.operations | named, found.values))


def _along(op: Operation) -> Iterator[Operation]:
    """A branch that ends by raising has no other result."""
    for block in op.blocks:
        yield from _raises(block.operations)


def _raises(operations: Iterable[Operation]) -> Iterator[Operation]:
    return (op for op in operations if is_call_of(op, RAISE))


def _tried(function: Function) -> Iterator[Operation]:
    """The operations of blocks whose exceptions are caught: whether they raise one is seen."""
    branches = [op for op in walk(function.body) if is_try(op)]
    for op in branches:
        yield op
        yield from walk(op.then)


def _is_named_item(op: Operation, values: Collection[Operand]) -> bool:
    """An item of a tuple that is there anyhow, which the user gave a name: it costs nothing, and tells the reader."""
    if not is_call_of(op, EXTRACT) or op.operands[0] not in values:
        return False
    return not op.about and op.result.hint is not None and not op.result.loose
