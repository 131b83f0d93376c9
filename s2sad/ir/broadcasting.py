"""Shapes broadcast together, where neither what is known nor the call that compiles says it of length 1 and others."""

from __future__ import annotations

from s2sad.ir.call_lengths import differ, equal
from s2sad.ir.dims import Dim, Shape, derived_dim, may_be_one


def broadcast_dims(a: Dim, b: Dim) -> Dim:
    """The length of two dimensions broadcast together; a fresh one where that is not known."""
    if a == b or b == 1:
        return a
    if a == 1:
        return b
    for one, other in ((a, b), (b, a)):
        # two lengths that are not 1 are equal, or NumPy raises: of these nothing need be asked
        if may_be_one(one) and (equal(one, other) or equal(one, 1)):
            return other
    # a length that is not 1 is that of the result, or NumPy raises
    if not may_be_one(a) and not may_be_one(b):
        return a
    # Where the call says that NumPy raises, what is compiled is for such calls alone.
    differ(a, b)
    if not may_be_one(a):
        return a
    if not may_be_one(b):
        return b
    # the same for the same two, in either order: `x + y` and `y + x` have one shape
    return derived_dim("b", frozenset((a, b)))


def broadcast_shapes(*shapes: Shape | None) -> Shape | None:
    """The shape of operands broadcast together; None where a rank is unknown."""
    if not shapes or any(s is None for s in shapes):
        return None if shapes else ()
    result: Shape = ()
    # Aligned at the last axis, as NumPy does; the leading axes of the longer one stay.
    for shape in shapes:
        assert shape is not None
        long, short = (result, shape) if len(result) >= len(shape) else (shape, result)
        lead = len(long) - len(short)
        result = long[:lead] + tuple(map(broadcast_dims, long[lead:], short))
    return result
