"""Sums of what is computed for all iterations of a loop: over the iterations, and over the axes of each.

np.sum(g[:, i, j]) for all j         ->  np.sum(g[:, i], axis=0)
total += np.sum(g[:, i]) for all i   ->  total += np.sum(g)
row @ v for all rows of a matrix     ->  rows @ v
"""

from __future__ import annotations

import numpy as np

from s2sad.ir.primitive import Algebra
from s2sad.ir.types import same_dtype
from s2sad.ir.values import Apply, Operand
from s2sad.optimize.vectorise.places import Stays
from s2sad.optimize.vectorise.rows import Many, Rows


class Reductions(Rows):
    """The sums and products of vectors in a loop's body, for all iterations at once."""

    def reduction(self, op: Apply) -> None:
        """A sum over axes of what an iteration has."""
        (summed,) = op.operands
        axes = summed_axes(op)
        if summed.type.rank == 1 and self.product_of_vectors(op, summed):
            return
        rows = self.rows_of(summed)
        result = self.sum_over(rows, axes)
        left = sum(k not in axes for k in range(rows.axis))
        stands = (self.wide, self.many)[left in (0, op.result.type.rank) and result.type.rank in (1, 2)]
        stands[op.result] = Many(self.named(result, op.result), left)

    def product_of_vectors(self, op: Apply, summed: Operand) -> bool:
        """Do the sum of a product of a row of each iteration and one that all have as their product, if it is one."""
        made = self.made.get(summed)
        if made is None or made not in self.body or made.primitive.algebra is not Algebra.PRODUCT:
            return False
        x, y = made.operands
        a, b = self.many.get(x), self.many.get(y)
        mine, other = (a, y) if a else (b, x)
        if mine is None or (a and b) or (x.type.shape, y.type.shape) != (summed.type.shape, summed.type.shape):
            return False
        if not summed.type.is_inexact or not same_dtype(x.type.dtype, y.type.dtype):
            return False
        pair = (mine.operand, self.same(other))
        result = self.builder.call(np.matmul, *(pair if mine.axis == 0 else reversed(pair)))
        self.many[op.result] = Many(self.named(result.operand, op.result), 0)
        return True

    def rows_of(self, operand: Operand) -> Many:
        """What stands for an array of each iteration."""
        found = self.many.get(operand) or self.wide.get(operand)
        if found is None:
            raise Stays
        return found

    def sum_over(self, rows: Many, axes: tuple[int, ...], and_iterations: bool = False) -> Operand:
        """The sum over axes of what each iteration has, for each iteration or for all."""
        every = sorted([*(a + (a >= rows.axis) for a in axes), *((rows.axis,) if and_iterations else ())])
        if len(every) == rows.operand.type.rank:
            return self.builder.call(np.sum, rows.operand).operand
        return self.builder.call(np.sum, rows.operand, axis=every[0] if len(every) == 1 else tuple(every)).operand

    def sum_of_outer(self, op: Apply) -> Operand:
        """The sum of outer products: a product of matrices, or one outer product of what is the same in all."""
        x, y = op.operands
        a, b = self.many.get(x), self.many.get(y)
        if a and b:
            return self.builder.call(np.matmul, self.along(a, 1), self.along(b, 0)).operand
        pair = [
            self.same(o) if m is None else self.builder.call(np.sum, m.operand, axis=m.axis).operand
            for o, m in ((x, a), (y, b))
        ]
        return self.builder.call(np.outer, *pair).operand

    def contraction(self, op: Apply) -> None:
        """A product of vectors, one of them the same in all iterations; a matrix that is so, and a row."""
        x, y = op.operands
        a, b = self.many.get(x), self.many.get(y)
        if (a and b) or x.type.rank not in (1, 2) or y.type.rank not in (1, 2) or x.type.rank + y.type.rank > 3:
            raise Stays
        row, mine, other = (x, a, y) if a else (y, b, x)
        if mine is None or row.type.rank != 1:
            raise Stays
        # Where the iterations are the first axis, the row is a row of the matrix, and stands on the left.
        left, fixed = mine.axis == 0, self.builder.expr(self.same(other))
        if other.type.rank == 2 and left is (row is y):
            fixed = fixed.T
        pair = (mine.operand, fixed) if left else (fixed, mine.operand)
        result = self.builder.call(np.matmul, *pair)
        self.many[op.result] = Many(self.named(result.operand, op.result), mine.axis if op.result.type.rank else 0)

    def total(self, summand: Operand) -> tuple[Operand, bool]:
        """The sum of what the iterations have, or its negative."""
        op = self.made.get(summand)
        many = self.many.get(summand) or self.wide.get(summand)
        if summand in self.outers:
            return self.sum_of_outer(self.outers[summand]), False
        if many is None:
            raise Stays
        if op is not None and self.reads[summand] == 1 and op in self.body:
            if op.primitive.algebra is Algebra.NEGATIVE:
                found, negative = self.total(op.operands[0])
                return found, not negative
            if op.primitive.function is np.sum:
                axes = summed_axes(op)
                return self.sum_over(self.rows_of(op.operands[0]), axes, and_iterations=True), False
            if op.primitive.is_additive and self.is_sum_of_products(summand):
                return self.builder.apply(op.primitive, [self.positive(o) for o in op.operands]), False
            factored = self.sum_of_product(op)
            if factored is not None:
                return factored, False
        axis = {} if many.operand.type.rank == 1 else {"axis": many.axis}
        return self.builder.call(np.sum, many.operand, **axis).operand, False

    def positive(self, summand: Operand) -> Operand:
        """The sum of what the iterations have."""
        total, negative = self.total(summand)
        return self.builder.call(np.negative, total).operand if negative else total

    def is_sum_of_products(self, part: Operand) -> bool:
        """Whether nothing but a sum reads a product of what two things of each iteration are, or such products."""
        op = self.made.get(part)
        if op is None or op not in self.body or self.reads[part] != 1:
            return False
        if op.primitive.algebra is Algebra.PRODUCT:
            return all(o in self.many for o in op.operands)
        alike = all(o.type.shape == part.type.shape for o in op.operands)
        return op.primitive.is_additive and alike and all(map(self.is_sum_of_products, op.operands))

    def sum_of_product(self, op: Apply) -> Operand | None:
        """The sum of a product as a product of vectors or matrices, or as one with a factor that all summands have."""
        if not op.primitive.is_multiplicative:
            return None
        x, y = op.operands
        a, b = self.many.get(x), self.many.get(y)
        if op.primitive.algebra is Algebra.PRODUCT and a and b:
            # Of truth values a product of matrices says whether there is one, not how many.
            if x.type.rank == y.type.rank == 1 or not op.result.type.is_inexact:
                return None
            # The iterations are the last axis of the left factor, and the first of the right one.
            turned = a.axis < (x.type.rank or 0) or b.axis > 0
            pair = (b.operand, a.operand) if turned else (a.operand, b.operand)
            return self.builder.call(np.matmul, *pair).operand
        if a and not b:
            return self.builder.apply(op.primitive, (self.positive(x), self.same(y)))
        if b and op.primitive.algebra is Algebra.PRODUCT:
            return self.builder.apply(op.primitive, (self.same(x), self.positive(y)))
        return None


def summed_axes(op: Apply) -> tuple[int, ...]:
    """The axes of an iteration's array that are summed."""
    rank, axis = op.operands[0].type.rank, op.static.get("axis")
    if not rank or op.static.get("keepdims") or not (axis is None or isinstance(axis, (int, tuple))):
        raise Stays
    given = range(rank) if axis is None else (axis,) if isinstance(axis, int) else axis
    return tuple(sorted(a % rank for a in given))
