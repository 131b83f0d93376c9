"""Operations that C has no function for, as what they compute in terms of others (`on_numbers` of their rows)."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from s2sad.emit.c.numbers import EXTREMA, c_function, numeric
from s2sad.ir.builder import Builder
from s2sad.ir.primitives.memory import PLAIN, is_of_library
from s2sad.ir.rewrite import map_blocks, substitute
from s2sad.ir.types import ArrayType, promote
from s2sad.ir.values import Apply, Block, Constant, Function, Operand, Operation, Value

DIRECT = {"logical_and", "logical_or", "logical_xor", "logical_not", "isnan", "isinf", "isfinite", "where", *EXTREMA}
"""What C has as operators or by a helper, by their nouns."""


def expanded(function: Function) -> Function:
    """The function with operations that C has."""
    return replace(function, body=_block(function.body))


def _block(block: Block) -> Block:
    operations: list[Operation] = []
    table: dict[Operand, Operand] = {}
    for op in block.operations:
        op = map_blocks(op, _block)
        made = _formula(op) if isinstance(op, Apply) else None
        if made is None:
            operations.append(op)
            continue
        inner, result = made
        operations += inner
        assert isinstance(op, Apply)
        table[op.result] = result
    new = replace(block, operations=tuple(operations))
    return substitute(new, table) if table else new


def _formula(op: Apply) -> tuple[list[Operation], Operand] | None:
    formula = op.primitive.on_numbers
    if formula is None or op.primitive in PLAIN or is_of_library(op) or op.primitive.noun in DIRECT:
        return None
    numbers = numeric(op)
    dtypes = [o.type.dtype for o in numbers if o.type.dtype is not None]
    if c_function(op.primitive.noun, dtypes) is not None:
        return None
    builder = Builder(op.location, op.about)
    given: list[object] = []
    for o in op.operands:
        if isinstance(o.type, ArrayType):
            given.append(builder.expr(_in_common(builder, op, o)))
        else:
            assert isinstance(o, Constant)
            given.append(o.value)
    found = formula(*given, **op.static)
    if found is None:
        return None
    result = builder.operand(found)
    if (
        isinstance(result, Value)
        and op.result.hint
        and builder.operations
        and result is builder.operations[-1].results[0]
    ):
        last = builder.operations[-1]
        assert isinstance(last, Apply)
        result = Value(result.type, op.result.hint, op.result.loose)
        builder.operations[-1] = replace(last, result=result)
    inner = _block(Block((), tuple(builder.operations), (result,)))
    return list(inner.operations), inner.results[0]


def _in_common(builder: Builder, op: Apply, operand: Operand) -> Operand:
    """An operand as a number of the dtype in which the formula is computed."""
    dtype = op.result.type.dtype
    if dtype is not None and dtype.kind == "b":
        dtype = promote(*(o.type for o in numeric(op) if isinstance(o.type, ArrayType)))
    if dtype is None or operand.type.dtype == dtype or isinstance(operand, Constant):
        return operand
    if operand.type.dtype is not None and operand.type.dtype.kind == "c" and dtype.kind != "c":
        return operand
    return builder.operand(builder.call(np.astype, builder.expr(operand), dtype))
