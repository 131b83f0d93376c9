"""An array of zeros of which each element is stored once is a display of these.

    y_bar = np.zeros_like(y)             y: float64[2]
    y_bar[1] = lynx_bar
    y_bar[0] = hare_bar           ->     y_bar = np.array([hare_bar, lynx_bar])

For numbers of the dtype of the array, at constant places, where nothing reads it in between; exact.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import replace

import numpy as np

from s2sad.ir.builder import Builder
from s2sad.ir.containers import INDEX_SET
from s2sad.ir.dims import is_known
from s2sad.ir.rewrite import map_blocks, reads_of
from s2sad.ir.values import Apply, Block, Constant, Function, Operand, Operation, Value, is_call_of, makers, values_in
from s2sad.optimize.identities.operands import is_zeros


def display_stores(function: Function) -> Function:
    """The function with displays in the place of zeros that are stored over."""
    read = Counter(values_in(reads_of(function.body)))
    return replace(function, body=_displayed(function.body, read))


def _displayed(block: Block, read: Mapping[Value, int]) -> Block:
    made = makers(block.operations)
    operations: list[Operation] = []
    for op in block.operations:
        display = _display(op, made, read) if is_call_of(op, INDEX_SET) else None
        operations += display or [map_blocks(op, lambda inner: _displayed(inner, read))]
    return replace(block, operations=tuple(operations))


def _display(last: Apply, made: Mapping[Operand, Apply], read: Mapping[Value, int]) -> list[Operation] | None:
    """The operations that make what a store makes of zeros, if it is the last of those that fill it."""
    shape = last.result.type.shape
    if shape is None or len(shape) != 1 or not is_known(shape[0]):
        return None
    length = shape[0]
    items: dict[int, Operand] = {}
    stores = []
    op: Operation | None = last
    while is_call_of(op, INDEX_SET):
        array, index, value = op.operands
        place = index.value if isinstance(index, Constant) else None
        if type(place) is not int or value.type.rank != 0 or (op is not last and read[op.result] > 1):
            return None
        place += length if place < 0 else 0
        if place in items or not 0 <= place < length:
            return None
        items[place] = value
        stores.append(op)
        op = made.get(array)
    if op is None or not is_zeros(op) or len(items) != length or read[op.results[0]] > 1:
        return None
    about = tuple(dict.fromkeys(a for s in reversed(stores) for a in s.about))
    builder = Builder(last.location, about)
    array = builder.call(np.array, [builder.expr(items[k]) for k in range(length)]).operand
    if array.type != last.result.type or not builder.rename(array, last.result):
        return None
    return builder.operations
