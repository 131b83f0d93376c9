"""Arrays of which a function reads each element by a number: how many there are is asked of the call that compiles.

    hare, lynx = y[0], y[1]         y: float64[n1]     n1 == 2, where the call says so

The adjoint of such an array is a display of the adjoints of these; of one that is longer it is stored into zeros.
"""

from __future__ import annotations

from s2sad.ir.call_lengths import equal
from s2sad.ir.containers import GETITEM
from s2sad.ir.values import Constant, Function, Operand, applied_in, walk


def settle_items(function: Function) -> None:
    """Have the call note the lengths of vectors of which all elements are read by their numbers."""
    read: dict[Operand, set[int]] = {}
    for op in applied_in(walk(function.body)):
        index = op.operands[1] if op.primitive is GETITEM else None
        if isinstance(index, Constant) and type(index.value) is int and op.operands[0].type.rank == 1:
            read.setdefault(op.operands[0], set()).add(index.value)
    for array, places in read.items():
        (length,) = array.type.shape or (None,)
        # A single element says nothing: that of a longer array is read as well.
        several = len(places) > 1 and places == set(range(len(places)))
        if length is not None and several and array.type.is_inexact:
            equal(length, len(places))
