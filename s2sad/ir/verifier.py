"""What every stage may rely on: each value is bound once and before it is read, blocks fit their operations.

`verify(function)` raises InternalError with the operations around the fault. It runs after every stage under test.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import assert_never

from s2sad.errors import InternalError
from s2sad.ir.dims import is_known
from s2sad.ir.types import BOTTOM, Type
from s2sad.ir.values import Apply, Block, Call, Constant, For, Function, If, Operand, Operation, Value, While


def verify(function: Function) -> Function:
    """The function itself, if it is well formed."""
    bound: set[Value] = set()
    _block(function.body, bound, bound, function)
    if len(function.body.results) != 1:
        raise InternalError(f"{function.name} has {len(function.body.results)} results")
    return function


def _block(block: Block, visible: set[Value], ever: set[Value], function: Function) -> None:
    # A copy: what a block binds is not seen behind it.
    visible = set(visible)
    for p in block.parameters:
        _bind(p, visible, ever, function)
    for op in block.operations:
        for o in op.operands:
            _read(o, visible, function, op)
        # The operands first and the results last: no block of an operation may read what the operation gives.
        _shape(op, function)
        for inner in op.blocks:
            _block(inner, visible, ever, function)
        for r in op.results:
            _bind(r, visible, ever, function)
    for o in block.results:
        _read(o, visible, function, block)


def _bind(value: Value, visible: set[Value], ever: set[Value], function: Function) -> None:
    if value in ever and value in visible:
        raise InternalError(f"{function.name}: {value} is bound twice")
    ever.add(value)
    visible.add(value)


def _read(operand: Operand, visible: set[Value], function: Function, at: object) -> None:
    if isinstance(operand, Value) and operand not in visible:
        raise InternalError(f"{function.name}: {operand} is read before it is bound, in {at}")


def _shape(op: Operation, function: Function) -> None:
    """The numbers of parameters, results and yields, and the types that primitives compute."""
    match op:
        case Apply():
            _check_type(op, function)
        case Call():
            pass
        case If():
            for block in op.blocks:
                _count(block.results, len(op.results), op, function)
        case For():
            _count(op.body.parameters, 1 + len(op.initial) + len(op.scanned), op, function)
            _count(op.body.results, len(op.results) + op.breaks, op, function)
        case While():
            _count(op.test.parameters, len(op.initial), op, function)
            _count(op.body.parameters, len(op.initial), op, function)
            _count(op.body.results, len(op.results) + op.breaks, op, function)
        case _:
            assert_never(op)


def _count(items: Sequence[object], expected: int, op: Operation, function: Function) -> None:
    if len(items) != expected:
        raise InternalError(
            f"{function.name}: {len(items)} instead of {expected} in {type(op).__name__} at {op.location}"
        )


def _check_type(op: Apply, function: Function) -> None:
    types = [o.type for o in op.operands]
    # What never returns has no type to agree with.
    if BOTTOM in types or op.result.type == BOTTOM:
        return
    if any(isinstance(o, Constant) and o.type.is_static and o.value is None for o in op.operands):
        return  # the zero adjoint of what has none
    computed = op.primitive.result_type(types, op.static)
    if not _agree(computed, op.result.type):
        raise InternalError(
            f"{function.name}: {op.primitive.name} of {types} gives {computed}, not {op.result.type} ({op.location})"
        )


def _agree(a: Type, b: Type) -> bool:
    """The same kind of type; for arrays the same dtype, rank and lengths, where both are known."""
    if a.is_numeric and b.is_numeric:
        dtype = a.dtype is None or b.dtype is None or a.dtype == b.dtype
        if a.shape is None or b.shape is None:
            return dtype
        # Symbols are no contradiction: one pass may know a length that another one has a name for.
        lengths = zip(a.shape, b.shape, strict=False)
        known = all(m == n for m, n in lengths if is_known(m) and is_known(n))
        return dtype and len(a.shape) == len(b.shape) and known
    return type(a) is type(b)
