"""Dead code: operations without effect whose results nobody reads, and what loops and branches carry for nobody.

v1 = np.sin(x)                ->   y = x * 2.0
y = x * 2.0; return y              return y
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import assert_never

from s2sad.analysis.effects import own_effects
from s2sad.ir.containers import EXTRACT
from s2sad.ir.primitives.effects import RAISE
from s2sad.ir.primitives.regions import is_try
from s2sad.ir.values import (
    Apply,
    Block,
    Call,
    Effects,
    For,
    Function,
    If,
    Operand,
    Operation,
    Value,
    While,
    is_call_of,
    walk,
)


def eliminate_dead(function: Function) -> Function:
    """Drop what the result of the function does not need."""
    live: set[Operand] = set()
    effects: set[Operation] = set()
    _find_effects(function.body, effects)
    # Two passes: what has an effect is known first, as a loop that holds a print stays though nobody reads its results.
    effects.update(_tried(function))
    return replace(function, body=_block(function.body, function.body.results, live, effects))


def _tried(function: Function) -> Iterator[Operation]:
    """The operations of blocks whose exceptions are caught: whether they raise one is seen."""
    branches = [op for op in walk(function.body) if is_try(op)]
    for op in branches:
        yield op
        yield from walk(op.then)


def _find_effects(block: Block, effects: set[Operation]) -> bool:
    """Collect what has an effect, and what holds such an operation; whether there is one in the block."""
    before = len(effects)
    for op in block.operations:
        # A list, not a generator: all blocks are to be looked through, also behind one that has an effect.
        within = any([_find_effects(inner, effects) for inner in op.blocks])
        if within or own_effects(op) is not Effects.NONE:
            effects.add(op)
    return len(effects) > before


def _block(block: Block, results: tuple[Operand, ...], live: set[Operand], effects: set[Operation]) -> Block:
    """The block with only what `results` and effects need; `live` gets all that it reads."""
    live.update(results)
    kept: dict[Operation, Operation] = {}
    # Backward, so that all readers of a result have said what they need before the operation is asked.
    for op in reversed(block.operations):
        # a branch that ends by raising has no other result
        if op in effects or any(r in live for r in op.results) or is_call_of(op, RAISE):
            kept[op] = _operation(op, live, effects)
    operations = [kept.get(op, op) for op in block.operations if op in kept or _is_named_item(op, live)]
    return Block(block.parameters, tuple(operations), results)


def _is_named_item(op: Operation, live: set[Operand]) -> bool:
    """An item of a tuple that is there anyhow, which the user gave a name: it costs nothing, and tells the reader."""
    if not is_call_of(op, EXTRACT) or op.operands[0] not in live:
        return False
    return not op.about and op.result.hint is not None and not op.result.loose


def _operation(op: Operation, live: set[Operand], effects: set[Operation]) -> Operation:
    match op:
        case Apply() | Call():
            live.update(op.operands)
            return op
        case If():
            return _branch(op, live, effects)
        case For() | While():
            return _loop(op, live, effects)
        case _:
            assert_never(op)


def _branch(op: If, live: set[Operand], effects: set[Operation]) -> If:
    kept = [k for k, r in enumerate(op.results) if r in live]
    blocks = [_block(b, tuple(b.results[k] for k in kept), live, effects) for b in op.blocks]
    # Read whatever is left of the results: the branch is there still.
    live.add(op.predicate)
    return replace(op, then=blocks[0], orelse=blocks[1], results=tuple(op.results[k] for k in kept))


def _loop(op: For | While, live: set[Operand], effects: set[Operation]) -> For | While:
    n = len(op.initial)
    rows = op.body.results
    stop = rows[len(rows) - 1 :] if op.breaks else ()
    wanted = {k for k, r in enumerate(op.results) if r in live}
    # The least fixed point of what is wanted: a carried value that the body reads is wanted of the iteration before.
    # It only grows, so that there are at most as many rounds as carried values, and one more.
    while True:
        inside: set[Operand] = set()
        if isinstance(op, While):
            test = _block(op.test, op.test.results, inside, effects)
            # The test and the body each have parameters of their own for one carried value: the body's speak for both.
            renamed = dict(zip(op.test.parameters, op.carried, strict=True))
            inside = {renamed.get(v, v) if isinstance(v, Value) else v for v in inside}
        body = _block(op.body, (*(rows[k] for k in sorted(wanted)), *stop), inside, effects)
        more = {k for k, p in enumerate(op.carried) if p in inside}
        if more <= wanted:
            break
        wanted |= more
    kept = sorted(wanted)
    carried = [k for k in kept if k < n]
    results = tuple(op.results[k] for k in kept)
    initial = tuple(op.initial[k] for k in carried)
    live.update(inside)
    live.update(initial)
    if isinstance(op, While):
        parameters = tuple(op.carried[k] for k in carried)
        test = replace(test, parameters=tuple(op.test.parameters[k] for k in carried))
        return replace(op, initial=initial, test=test, body=replace(body, parameters=parameters), results=results)
    scans = [k for k, i in enumerate(op.items) if i in inside]
    parameters = (op.index, *(op.carried[k] for k in carried), *(op.items[k] for k in scans))
    scanned = tuple(op.scanned[k] for k in scans)
    live.update((op.start, op.stop, op.step, *scanned))
    ascending = tuple(op.is_ascending(k) for k in scans)
    body = replace(body, parameters=parameters)
    return replace(op, initial=initial, scanned=scanned, results=results, body=body, ascending=ascending)
