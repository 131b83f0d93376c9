"""What is added where an array of zeros has not been written into is stored.

    x_bar = index_add(zeros, i, g)       ->  x_bar = index_set(zeros, i, g)

It needs no sum, where the index takes every element once, and what was stored before stands in other places: in the
same block, or in what ran of the loops around it.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from s2sad.analysis.dependence import Access, Dependence
from s2sad.ir.containers import INDEX_ADD, INDEX_SET, is_basic_index
from s2sad.ir.rewrite import map_blocks
from s2sad.ir.values import Apply, Block, Function, Operand, Operation, Value, is_call_of, walk
from s2sad.optimize.identities.operands import is_zeros


def share_zeros(function: Function) -> Function:
    """`index_add(zeros, i, g)` for a basic index stores: the first contribution needs no sum."""
    zeros = {r for op in walk(function.body) if is_zeros(op) for r in op.results}
    if not any(is_call_of(op, INDEX_ADD) for op in walk(function.body)) or not zeros:
        return function
    return replace(function, body=FirstStores(zeros, function).block(function.body))


@dataclass
class FirstStores:
    """The arrays of zeros of a function, and where places of it are compared."""

    zeros: set[Value]
    function: Function
    dependence: Dependence | None = None

    def block(self, block: Block) -> Block:
        operations: list[Operation] = []
        stored: dict[Operand, tuple[Apply, ...]] = {}
        for op in block.operations:
            if isinstance(op, Apply) and op.primitive in (INDEX_ADD, INDEX_SET):
                array, index, _ = op.operands
                before = () if array in self.zeros else stored.get(array)
                # A basic index meets no element twice, so that 0 + g is stored as g: exact but for the sign of a zero.
                # An index of integer arrays may meet one several times, and the contributions are to be summed.
                if before is not None and is_basic_index(index.type):
                    stored[op.result] = (*before, op)
                    if all(self.apart(op, other) for other in before):
                        op = replace(op, primitive=INDEX_SET)
                elif op.primitive is INDEX_ADD and op.about and is_basic_index(index.type) and self.is_first(op):
                    op = replace(op, primitive=INDEX_SET)
            operations.append(map_blocks(op, self.block))
        return replace(block, operations=tuple(operations))

    def compared(self) -> Dependence:
        """The stores of the function; known when the first two are compared."""
        if self.dependence is None:
            self.dependence = Dependence(self.function)
        return self.dependence

    def is_first(self, op: Apply) -> bool:
        """Whether a place of an array that begins as zeros, outside all loops, was not stored in before."""
        array = op.operands[0]
        dependence = self.compared()
        if not isinstance(array, Value) or not array.type.is_numeric:
            return False
        memory = dependence.find(array)
        if memory in dependence.whole or any(v not in self.zeros for v in dependence.beginnings(memory)):
            return False
        for other in dependence.stores[memory]:
            place = self.place(other)
            if place is None or dependence.may_meet(place, other, op):
                return False
        return True

    def apart(self, op: Apply, other: Apply) -> bool:
        """Whether two operations of one block store in places that have no element in common."""
        one, two = self.place(op), self.place(other)
        return one is not None and two is not None and self.compared().apart(one, two, None)

    def place(self, op: Apply) -> Access | None:
        """Where an operation stores; None where it is not known to be one place."""
        return self.compared().place(op) if op.primitive in (INDEX_ADD, INDEX_SET) else None
