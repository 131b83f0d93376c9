"""Numbers that are another one with a sign: what reads them takes the sign.

    v5_bar = -v6_bar
    v4_bar = v5_bar * lynx             ->     v4_bar = -v6_bar * lynx
    y_bar = v1_bar + v5_bar * hare            y_bar = v1_bar - v6_bar * hare

For numbers of an adjoint which only sums and products read: each has a negative of its own, which needs no line there.
Exact: it is the same number.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import replace

from s2sad.ir.primitive import Algebra
from s2sad.ir.rewrite import map_blocks, reads_of
from s2sad.ir.values import Apply, Block, Function, Operand, Operation, Value, values_in
from s2sad.optimize.identities.operands import is_unnamed


def spread_signs(function: Function) -> Function:
    """The function without lines for signs."""
    read = Counter(values_in(reads_of(function.body)))
    return replace(function, body=_spread(function.body, read))


def _spread(block: Block, read: Counter[Value]) -> Block:
    readers = Counter(
        v for op in block.operations if isinstance(op, Apply) and _takes_sign(op) for v in values_in(op.operands)
    )
    signs: dict[Operand, Apply] = {}
    operations: list[Operation] = []
    for op in block.operations:
        if isinstance(op, Apply) and _is_sign(op, read) and 0 < readers[op.result] == read[op.result]:
            signs[op.result] = op
            continue
        for k, o in enumerate(op.operands if isinstance(op, Apply) else ()):
            if o in signs:
                minus = Value(o.type)
                operations.append(replace(signs[o], result=minus))
                assert isinstance(op, Apply)
                op = replace(op, operands=(*op.operands[:k], minus, *op.operands[k + 1 :]))
        operations.append(map_blocks(op, lambda inner: _spread(inner, read)))
    return replace(block, operations=tuple(operations))


def _is_sign(op: Apply, read: Counter[Value]) -> bool:
    """Whether an operation of an adjoint does no more than put a sign before a number that is read elsewhere too."""
    if op.primitive.algebra is not Algebra.NEGATIVE or not op.about:
        return False
    x, t = op.operands[0], op.result.type
    return isinstance(x, Value) and read[x] > 1 and t.is_scalar and t.is_inexact and is_unnamed(op.result)


def _takes_sign(op: Apply) -> bool:
    """Whether a minus before an operand needs no line."""
    return bool(op.about) and not op.static and (op.primitive.is_additive or op.primitive.is_multiplicative)
