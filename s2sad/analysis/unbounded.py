"""Which values may be infinite, or no number: what functions give where they end, and what is computed of that.

    v1 = np.log(x)          -inf at 0, nan below
    v2 = v1 * y             so is what is computed of it
    v3 = np.where(x > 0, v2, 0.0)      a number again

Lattice: sets of values under union; loops are iterated to a fixed point.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import assert_never

import numpy as np

from s2sad.ir.primitive import Algebra, lookup
from s2sad.ir.types import is_active_type
from s2sad.ir.values import Apply, Block, Call, Constant, For, Function, If, Operand, Value, While


def is_unbounded(op: Apply) -> bool:
    """Whether an operation may give what is infinite, or no number, of finite numbers."""
    if op.primitive.algebra is Algebra.QUOTIENT:
        return isinstance(op.operands[1], Value)
    if op.primitive is lookup(np.power):
        exponent = op.operands[1]
        # Only a whole number that is not negative is an exponent for every base.
        return not (isinstance(exponent, Constant) and exponent.value in range(1 << 10))
    # What is defined by others is not looked into.
    return op.primitive.ends or op.primitive.definition is not None


def hands_on(op: Apply) -> bool:
    """Whether what is infinite in an operand may be in the result: not where a constant can stand in its place."""
    chosen = op.primitive is lookup(np.where) and any(isinstance(o, Constant) for o in op.operands[1:])
    return not (chosen or op.primitive.constant or op.primitive.measures) and is_active_type(op.result.type)


def unbounded_values(function: Function, parameters: Iterable[Value]) -> set[Value]:
    """The values of a function that may be infinite, or no number, where these of its parameters may be."""
    found: set[Operand] = set(parameters)
    _visit(function.body, found)
    return {v for v in found if isinstance(v, Value)}


def _visit(block: Block, found: set[Operand]) -> None:
    for op in block.operations:
        match op:
            case Apply():
                if is_unbounded(op) or (hands_on(op) and any(o in found for o in op.operands)):
                    found.add(op.result)
            case Call():
                # A callee is not looked into: what it gives may be anything.
                found.add(op.result)
            case If():
                for inner in op.blocks:
                    _visit(inner, found)
                found.update(r for k, r in enumerate(op.results) if any(b.results[k] in found for b in op.blocks))
            case For() | While():
                _visit_loop(op, found)
            case _:
                assert_never(op)


def _visit_loop(op: For | While, found: set[Operand]) -> None:
    if isinstance(op, For):
        found.update(item for item, scanned in zip(op.items, op.scanned, strict=True) if scanned in found)
    before = -1
    while before != len(found):
        before = len(found)
        rows = zip(op.carried, op.initial, op.body.results, strict=False)
        found.update(p for p, initial, end in rows if initial in found or end in found)
        _visit(op.body, found)
    found.update(r for r, end in zip(op.results, op.body.results, strict=False) if end in found)
    found.update(r for r, p in zip(op.results, op.carried, strict=False) if p in found)
