"""Sums in blocks: their error is that of NumPy's pairwise sums, and each block runs as fast as the machine adds.

    for i in range(n): s += x[i]    ->    for start in range(0, n, 1024):
                                              part = 0.0
                                              for i in range(start, min(start + 1024, n)): part += x[i]
                                              s += part

(Higham, The accuracy of floating point summation, 1993; blocks of 1024: Castaldo et al., Reducing floating point error
in dot product using the superblock family of algorithms, 2008.)
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import replace

import numpy as np

from s2sad.ir.builder import Builder
from s2sad.ir.loop_rule import BLOCK
from s2sad.ir.primitive import required
from s2sad.ir.primitives.memory import TALLY
from s2sad.ir.rewrite import map_blocks, reads_of
from s2sad.ir.types import integer
from s2sad.ir.values import (
    Apply,
    Block,
    Constant,
    For,
    Function,
    Operand,
    Operation,
    Value,
    constant,
    is_int,
    makers,
    walk,
)

ADD, MIN = required(np.add), required(min)


def in_blocks(function: Function) -> Function:
    """The function with its long sums in blocks."""
    made = makers(walk(function.body))

    def changed(block: Block) -> Block:
        operations = [map_blocks(op, changed) for op in block.operations]
        return replace(block, operations=tuple(_blocked(op, made) if isinstance(op, For) else op for op in operations))

    return replace(function, body=changed(function.body))


def _blocked(loop: For, made: Mapping[Operand, Apply]) -> Operation:
    sums = [k for k in range(len(loop.initial)) if is_sum(loop, k)]
    plain = is_int(loop.step, 1) and not loop.reverse and not loop.breaks
    if not sums or not plain or is_short(loop) or _is_one_block(loop, made):
        return loop
    builder = Builder(loop.location, loop.about)
    start = Value(integer(loop.index.type.size), "start", loose=True)
    outer = [Value(p.type, p.hint, p.loose) for p in loop.carried]
    end = end_of(builder, start, loop.stop, constant(BLOCK))
    initial = [zero(p) if k in sums else p for k, p in enumerate(outer)]
    parts = [Value(p.type, "part" if k in sums else p.hint, loose=True) for k, p in enumerate(outer)]
    inner = replace(loop, start=start, stop=end, initial=tuple(initial), results=tuple(parts))
    builder.operations.append(inner)
    results = [
        builder.apply(TALLY, (o, r)) if k in sums else r for k, (o, r) in enumerate(zip(outer, parts, strict=True))
    ]
    body = builder.block((start, *outer), results)
    return replace(loop, step=constant(BLOCK), body=body)


def end_of(builder: Builder, start: Value, stop: Operand, step: Operand) -> Operand:
    apply: Callable[..., Operand] = builder.apply
    return apply(MIN, (apply(ADD, (start, step)), stop))


def is_sum(loop: For, k: int) -> bool:
    """Whether a carried number is nothing but what terms are added to: no iteration reads what there is so far."""
    parameter, result = loop.carried[k], loop.body.results[k]
    read = Counter(reads_of(loop.body))
    if read[parameter] != 1 or read[result] != 1:
        return False
    made = next((op for op in loop.body.operations if result in op.results), None)
    return isinstance(made, Apply) and made.primitive is TALLY and made.operands[0] is parameter


def is_short(loop: For) -> bool:
    ends = [o.value for o in (loop.start, loop.stop) if isinstance(o, Constant)]
    return len(ends) == 2 and ends[1] - ends[0] <= BLOCK  # type: ignore[operator]


def _is_one_block(loop: For, made: Mapping[Operand, Apply]) -> bool:
    """Whether a loop ends a block behind its start, at most."""
    end = made.get(loop.stop)
    bound = made.get(end.operands[0]) if end is not None and end.primitive is MIN else None
    return (
        bound is not None
        and bound.primitive is ADD
        and bound.operands[0] is loop.start
        and is_int(bound.operands[1], BLOCK)
    )


def zero(total: Value) -> Constant:
    assert total.type.dtype is not None
    return constant(total.type.dtype.type(0))
