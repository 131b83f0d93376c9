"""What a derivative returns is memory of its own: no view of an argument, no array twice.

return g, g                    ->  return g, np.array(g)
return np.broadcast_to(1.0, s) ->  return np.full(s, 1.0)
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

import numpy as np

from s2sad.analysis.aliasing import EMPTY, find_roots
from s2sad.ir.builder import Builder
from s2sad.ir.containers import MAKE
from s2sad.ir.primitive import lookup, required
from s2sad.ir.types import same_dtype
from s2sad.ir.values import (
    Apply,
    Block,
    Function,
    If,
    Operand,
    Operation,
    Value,
    is_call_of,
    is_loop,
    is_update,
    makers,
    walk,
)


def own_results(function: Function, residuals: bool = False) -> Function:
    """Copy the arrays in the result that share memory with a parameter or with each other.

    With `residuals` the result is a pair whose second item goes to the reverse sweep alone: it is left as it is.
    """
    function = own_carried(replace(function, body=_fill_branches(function.body, _returned(function))))
    roots = find_roots(function)
    made = makers(function.body.operations)
    builder = Builder()
    taken = set(function.parameters) - set(function.taken)
    read_only = {r for r, op in made.items() if op.primitive is lookup(np.broadcast_to)}

    def own(operand: Operand) -> Operand:
        if not isinstance(operand, Value):
            return operand
        op = made.get(operand)
        if operand.type.is_container and op is not None and op.primitive is MAKE:
            items = [own(o) for o in op.operands]
            if items == list(op.operands):
                return operand
            return builder.apply(MAKE, items, op.static, operand.hint)
        if not operand.type.is_array:
            return operand
        memory = roots.get(operand, EMPTY)
        if op is not None and op.primitive is lookup(np.broadcast_to):
            return _filled(builder, op)
        if op is not None and op.primitive is lookup(np.diag) and operand.type.rank == 1:
            return builder.apply(required(np.array), (operand,))  # NumPy gives a view that cannot be written
        # Each item of the result gets memory of its own: a parameter's is the caller's, and two items that are one
        # array would both change where the caller writes into one of them. `taken` grows, so the first of them may keep
        # it.
        if memory & (taken | read_only):
            return builder.apply(required(np.array), (operand,))
        taken.update(memory)
        return operand

    result = function.result
    pair = made.get(result)
    if residuals and pair is not None:
        taken |= roots.get(pair.operands[1], EMPTY)
        first = own(pair.operands[0])
        if first is not pair.operands[0]:
            result = builder.apply(MAKE, (first, pair.operands[1]), pair.static, pair.result.hint)
    else:
        result = own(result)
    if result is function.result:
        return function
    body = function.body
    return replace(function, body=replace(body, operations=(*body.operations, *builder.operations), results=(result,)))


def own_carried(function: Function) -> Function:
    """Let a loop that writes into an array of the caller's, and hands it to the result, begin with a copy of it."""
    updates = [op for op in walk(function.body) if is_update(op)]
    roots = find_roots(function, [op.result for op in updates])
    given = EMPTY.union(*(roots.get(p, EMPTY) for p in function.parameters if p not in function.taken))
    returned = _returned(function)
    operations: list[Operation] = []
    for op in function.body.operations:
        if is_loop(op):
            builder = Builder(op.location, op.about)
            inside = [inner for inner in walk(op.body) if is_update(inner)]
            written = EMPTY.union(*(roots.get(inner.operands[0], EMPTY) for inner in inside))
            initial = list(op.initial)
            for k, start in enumerate(op.initial):
                writes = roots.get(op.results[k], EMPTY) & written
                # Copied once before the loop, and not where it is returned: then the loop writes into its own memory in
                # each iteration.
                mine = start.type.is_numeric and op.results[k] in returned
                if mine and writes and roots.get(start, EMPTY) & given:
                    initial[k] = builder.apply(required(np.copy), (start,), None, op.carried[k].hint)
            op = replace(op, initial=tuple(initial))
            operations += builder.operations
        operations.append(op)
    return replace(function, body=replace(function.body, operations=tuple(operations)))


def _returned(function: Function) -> set[Operand]:
    """The result of a function, and the items of the containers in it."""
    made = {op.result: op for op in function.body.operations if is_call_of(op, MAKE)}
    found: set[Operand] = set()
    work = [function.result]
    while work:
        operand = work.pop()
        found.add(operand)
        if operand in made:
            work += made[operand].operands
    return found


def _fill_branches(block: Block, wanted: set[Operand]) -> Block:
    """The block with arrays of its own where a branch or loop yields a view that cannot be written."""
    if not any(op.blocks and wanted.intersection(op.results) for op in block.operations):
        return block
    made = makers(block.operations)
    operations: list[Operation] = []
    for op in block.operations:
        if isinstance(op, If) and wanted.intersection(op.results):
            kept = [k for k, r in enumerate(op.results) if r in wanted]
            op = replace(op, then=_fill_results(op.then, kept), orelse=_fill_results(op.orelse, kept))
        elif is_loop(op) and wanted.intersection(op.results):
            builder = Builder(op.location, op.about)
            kept = [k for k, r in enumerate(op.results[: len(op.initial)]) if r in wanted]
            op = replace(op, initial=_fill_operands(builder, op.initial, kept, made))
            operations += builder.operations
        operations.append(op)
    return replace(block, operations=tuple(operations))


def _fill_results(block: Block, kept: Sequence[int]) -> Block:
    """A branch whose results of these numbers are arrays that can be written."""
    block = _fill_branches(block, {block.results[k] for k in kept})
    made = makers(block.operations)
    builder = Builder()
    results = _fill_operands(builder, block.results, kept, made)
    return replace(block, operations=(*block.operations, *builder.operations), results=results)


def _fill_operands(
    builder: Builder, operands: Sequence[Operand], kept: Sequence[int], made: Mapping[Operand, Apply]
) -> tuple[Operand, ...]:
    new = list(operands)
    for k in kept:
        source = operands[k]
        op = made.get(source)
        if op is not None and op.primitive is lookup(np.broadcast_to):
            new[k] = _filled(builder, op)
    return tuple(new)


def _filled(builder: Builder, op: Apply) -> Operand:
    """`np.full(shape, x)` for a number, a copy of the broadcast array otherwise."""
    source = op.operands[0]
    builder.about = op.about
    t = op.result.type
    if source.type.is_numeric and source.type.shape == () and t.is_numeric and same_dtype(t.dtype, source.type.dtype):
        filled = builder.apply(required(np.full), (op.operands[1], source), None, op.result.hint)
    else:
        filled = builder.apply(required(np.array), (op.result,))
    builder.about = ()
    return filled
