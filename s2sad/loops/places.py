"""Whether an element may be written where it is computed from."""

from __future__ import annotations

from s2sad.ir.dims import new_dim
from s2sad.ir.loop_rule import Array, Loops
from s2sad.ir.primitives.memory import LOAD
from s2sad.ir.types import integer
from s2sad.ir.values import Apply, Value, walk


def reads_its_own_place(loops: Loops, array: Array, home: Array) -> bool:
    """Whether an element of an array is computed of no other element of the memory it is to be written into."""
    places = tuple(Value(integer(new_dim("i", 0)), "i") for _ in home.shape)
    with loops.block() as tried:
        array.element(places)
    loads = [op for op in walk(tried.block((), ())) if isinstance(op, Apply) and op.primitive is LOAD]
    mine = [op for op in loads if loops.roots[op.operands[0]] & home.memory]  # type: ignore[index]
    return all(op.operands[0] is home.handle and op.operands[1:] == places for op in mine)
