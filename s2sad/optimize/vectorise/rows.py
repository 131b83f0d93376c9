"""Values of all iterations of a loop in one array, and what is computed with them.

A number of an iteration becomes an array of one axis; a row becomes one of two, in which the iterations are the first
axis or the last, as they lie in the array that is read. What does not depend on the iteration is computed once.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np

from s2sad.analysis.dependence import Affine, affine
from s2sad.ir.builder import Builder
from s2sad.ir.primitive import Algebra
from s2sad.ir.rewrite import reads_of
from s2sad.ir.types import FLOAT64, same_dtype
from s2sad.ir.values import Apply, For, Operand, Operation, Value, applied_in
from s2sad.optimize.vectorise.places import Places, Stays, is_turned


@dataclass(frozen=True)
class Many:
    """A number or row of each iteration, in one array: the iterations are its first axis, or its last."""

    operand: Operand
    axis: int


class Rows:
    """What stands for the values of a loop's body, outside of the loop."""

    def __init__(self, loop: For, places: Places, made: Mapping[Operand, Apply]) -> None:
        self.loop, self.places, self.made = loop, places, made
        self.body: set[Operation] = set(loop.body.operations)
        self.reads = Counter(reads_of(loop.body))
        self.builder = Builder(loop.location, loop.about)
        self.table: dict[Operand, Operand] = {}
        """What stands for values that are the same in all iterations, and for what the loop carries."""
        self.many: dict[Operand, Many] = {}
        """What stands for the values of the iterations."""
        self.outers: dict[Operand, Apply] = {}
        """Outer products of the rows of the iterations, of which only the sum is a matrix."""
        self.wide: dict[Operand, Many] = {}
        """What stands for arrays of more than one axis that the iterations have: only sums of them are taken."""
        self.counting: set[Operand] = {loop.index}
        """Integers and subscripts that depend on the index."""

    def scanned(self, item: Value, rows_of_lists: bool) -> Operand:
        """What the loop takes from an array, or from a list: an array of that, which for rows is a copy."""
        found, t = self.loop.scanned[self.loop.items.index(item)], item.type
        if found.type.shape:
            if affine(found.type.shape[0]) != self.places.high or self.places.low != Affine({}):
                raise Stays
        # an array of no items is one of float64, and has no other axes
        elif (t.kind == "numpy" and same_dtype(t.dtype, FLOAT64.dtype)) or (
            rows_of_lists and t.rank == 1 and t.kind == "array" and self.places.is_never_empty
        ):
            found = self.builder.call(np.array, found).operand
        else:
            raise Stays
        return self.builder.expr(found)[::-1].operand if is_turned(self.loop, item) else found

    def same(self, operand: Operand) -> Operand:
        """What stands for an operand that is the same in all iterations."""
        if self.depends(operand):
            raise Stays
        return self.table.get(operand, operand)

    def depends(self, operand: Operand) -> bool:
        """Whether an operand is another one in each iteration."""
        return any(operand in known for known in (self.many, self.counting, self.outers, self.wide))

    def named(self, found: Operand, old: Value) -> Operand:
        """A result that nobody has read yet, with the name of what it stands for."""
        if not isinstance(found, Value) or old.hint is None:
            return found
        new = Value(found.type, old.hint, True)
        for k, op in reversed([*enumerate(self.builder.operations)]):
            if isinstance(op, Apply) and op.result is found:
                self.builder.operations[k] = replace(op, result=new)
                return new
        return found

    def numbers(self, integer: Operand) -> Operand:
        """An integer that depends on the index, of all iterations."""
        if integer not in self.many:
            op = self.made.get(integer)
            if integer is self.loop.index:
                found = self.named(self.places.count(self.builder), self.loop.index)
            elif op is not None and op in self.body and _is_exact(op):
                depends = self.counting.union(self.many)
                operands = [self.numbers(o) if o in depends else self.same(o) for o in op.operands]
                found = self.builder.apply(op.primitive, operands)
            else:
                raise Stays
            self.many[integer] = Many(found, 0)
        return self.many[integer].operand

    def elementwise(self, op: Apply) -> None:
        rank = op.result.type.rank
        rows = [self.many[o].axis for o in op.operands if o in self.many and o.type.rank]
        axis = rows[0] if rows else 0
        if rank is None:
            raise Stays
        operands = [self.fitted(o, rank, axis) for o in op.operands]
        result = self.builder.apply(op.primitive, operands, op.static, op.result.hint, op.result.loose)
        # An integer of Python's takes the type of what it meets, an array of integers has its own.
        if not same_dtype(result.type.dtype, op.result.type.dtype):
            raise Stays
        self.many[op.result] = Many(result, axis)

    def outer(self, op: Apply) -> bool:
        """Do a product of a number of each iteration and a row that all of them have, if it is one."""
        x, y = op.operands if op.primitive.algebra is Algebra.PRODUCT else (None, None)
        number, row = (x, y) if x in self.many else (y, x)
        if number not in self.many or row is None or row in self.many or number.type.rank or row.type.rank != 1:
            return False
        found = self.builder.call(np.outer, self.many[number].operand, self.same(row)).operand
        self.many[op.result] = Many(self.named(found, op.result), 0)
        return True

    def fitted(self, operand: Operand, rank: int, axis: int) -> Operand:
        """An operand as it is broadcast against rows of a rank, of which the iterations are an axis."""
        if operand in self.counting and operand.type.is_scalar:
            self.numbers(operand)
        own, many = operand.type.rank, self.many.get(operand)
        if own is None or own > 1 or rank > 1:
            raise Stays
        if many is None:
            same = self.same(operand)
            return same if not own or axis == 0 else self.builder.expr(same)[:, None].operand
        if own < rank:
            return many.operand if axis else self.builder.expr(many.operand)[:, None].operand
        return self.along(many, axis)

    def along(self, many: Many, axis: int) -> Operand:
        """Rows with the iterations as this axis, the first or the last."""
        if many.axis == axis or many.operand.type.rank == 1:
            return many.operand
        made = next((o for o in applied_in(reversed(self.builder.operations)) if o.result is many.operand), None)
        if made is not None and made.primitive.function is np.outer:
            return self.builder.call(np.outer, *reversed(made.operands)).operand
        return self.builder.expr(many.operand).T.operand


def _is_exact(op: Apply) -> bool:
    """Whether an operation on integers gives in an array of them what Python gives."""
    return op.primitive.algebra not in (None, Algebra.QUOTIENT)
