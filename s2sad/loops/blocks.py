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
from collections.abc import Callable
from dataclasses import replace

import numpy as np

from s2sad.ir.builder import Builder
from s2sad.ir.loop_rule import BLOCK
from s2sad.ir.primitive import required
from s2sad.ir.primitives.memory import TALLY
from s2sad.ir.rewrite import map_blocks, reads_of
from s2sad.ir.types import integer
from s2sad.ir.values import Apply, Block, Constant, For, Function, Operand, Operation, Value, constant, is_int


def in_blocks(function: Function) -> Function:
    """The function with its long sums in blocks."""
    return replace(function, body=_block(function.body))


def _block(block: Block) -> Block:
    operations = [map_blocks(op, _block) for op in block.operations]
    return replace(block, operations=tuple(_blocked(op) if isinstance(op, For) else op for op in operations))


def _blocked(loop: For) -> Operation:
    sums = [k for k in range(len(loop.initial)) if _is_sum(loop, k)]
    plain = is_int(loop.step, 1) and not loop.reverse and not loop.breaks
    if not sums or not plain or _is_short(loop):
        return loop
    builder = Builder(loop.location, loop.about)
    start = Value(integer(loop.index.type.size), "start", loose=True)
    outer = [Value(p.type, p.hint, p.loose) for p in loop.carried]
    end = _end(builder, start, loop.stop)
    initial = [_zero(p) if k in sums else p for k, p in enumerate(outer)]
    parts = [Value(p.type, "part" if k in sums else p.hint, loose=True) for k, p in enumerate(outer)]
    inner = replace(loop, start=start, stop=end, initial=tuple(initial), results=tuple(parts))
    builder.operations.append(inner)
    results = [
        builder.apply(TALLY, (o, r)) if k in sums else r for k, (o, r) in enumerate(zip(outer, parts, strict=True))
    ]
    body = builder.block((start, *outer), results)
    return replace(loop, step=constant(BLOCK), body=body)


def _end(builder: Builder, start: Value, stop: Operand) -> Operand:
    apply: Callable[..., Operand] = builder.apply
    return apply(required(min), (apply(required(np.add), (start, constant(BLOCK))), stop))


def _is_sum(loop: For, k: int) -> bool:
    """Whether a carried number is nothing but what terms are added to: no iteration reads what there is so far."""
    parameter, result = loop.carried[k], loop.body.results[k]
    read = Counter(reads_of(loop.body))
    if read[parameter] != 1 or read[result] != 1:
        return False
    made = next((op for op in loop.body.operations if result in op.results), None)
    return isinstance(made, Apply) and made.primitive is TALLY and made.operands[0] is parameter


def _is_short(loop: For) -> bool:
    ends = [o.value for o in (loop.start, loop.stop) if isinstance(o, Constant)]
    return len(ends) == 2 and ends[1] - ends[0] <= BLOCK  # type: ignore[operator]


def _zero(total: Value) -> Constant:
    assert total.type.dtype is not None
    return constant(total.type.dtype.type(0))
