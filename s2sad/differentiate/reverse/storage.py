"""Arrays for the numbers that a loop keeps for its reverse sweep, allocated before it.

    kept = np.empty((n, m))              v = kept[i, j]
    for i in range(n):
        for j in range(m):
            v = np.exp(x[i, j])
            kept[i, j] = v

The array is carried through the loops of the nest; outermost is the first one before which all lengths are known.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from math import prod

import numpy as np

from s2sad.analysis.dependence import Dependence, affine, is_positive
from s2sad.errors import Location
from s2sad.ir.backend import Backend
from s2sad.ir.builder import Builder
from s2sad.ir.containers import INDEX_SET
from s2sad.ir.dims import Dim, dim_sum, is_known, new_dim
from s2sad.ir.lengths import measure
from s2sad.ir.primitive import required
from s2sad.ir.types import FLOAT64, ArrayType, same_dtype
from s2sad.ir.values import Constant, For, Operand, Operation, Value, constant, is_call_of

OBJECT = 16
"""What an array costs in memory besides its elements, in elements."""


@dataclass(eq=False)
class Kept:
    """The array for one value: `nest` are the loops that it is carried through, from the outermost."""

    value: Value
    array: Value
    nest: tuple[For, ...]
    parameters: dict[For, Value] = field(default_factory=dict)
    results: dict[For, Value] = field(default_factory=dict)

    def enter(self, loop: For) -> Value:
        """The array inside a loop of the nest, as an iteration begins."""
        return self.parameters.setdefault(loop, Value(self.array.type, self.array.hint))

    def initial(self, loop: For) -> Value | None:
        """The array before a loop of the nest; None before the outermost."""
        k = self.nest.index(loop)
        return self.enter(self.nest[k - 1]) if k else None

    def final(self, loop: For) -> Value:
        """The array behind a loop of the nest."""
        if loop is self.nest[0]:
            return self.array
        return self.results.setdefault(loop, Value(self.array.type, self.array.hint))

    def yielded(self, loop: For, operations: list[Operation], location: Location) -> Operand:
        """The array as an iteration ends: as the inner loop leaves it, or with the value stored as soon as it is there.

        The store is put into `operations`, those of the body.
        """
        k = self.nest.index(loop) + 1
        if k < len(self.nest):
            return self.final(self.nest[k])
        builder = Builder(location)
        index = index_of(self.nest, builder, lambda o: o)
        stored = builder.apply(INDEX_SET, (self.enter(loop), index, self.value), None, self.array.hint)
        # Behind the operation that makes the value: what is stored may be overwritten later in the same iteration.
        # Where no operation makes it (a parameter of the body) the store comes first.
        at = next((n + 1 for n, op in enumerate(operations) if self.value in op.results), 0)
        operations[at:at] = builder.operations
        return stored


def is_counted(op: Operation | None) -> bool:
    """Whether the iterations of a loop can be counted beforehand, one by one."""
    step = op.step if isinstance(op, For) and not op.breaks else None
    return step is not None and step.type.size == 1


def may_be_kept(value: Value, backend: Backend, dependence: Dependence) -> bool:
    """Whether a value goes to an array: a number, or an array whose shape is known before the loops.

    Where lists are quick, Python's own numbers are faster in a list, and arrays too, as they need not be copied.
    """
    t = value.type
    if t.dtype is None or t.dtype.kind not in "biufc":
        return False
    # An array is kept as rows of a larger one, which needs its lengths before the loop. A list keeps it as it is; that
    # takes no copy, but more memory where the array has few elements.
    if t.kind == "array" and t.shape:
        few = all(map(is_known, t.shape)) and prod(d for d in t.shape if is_known(d)) <= OBJECT
        return few if backend.lists else all(measure(d, dependence.parameters) is not None for d in t.shape)
    # What may be Python's keeps its own precision in a list.
    if t.kind == "either":
        return not backend.lists or same_dtype(t.dtype, FLOAT64.dtype)
    return t.kind == "numpy" or (t.kind == "any" and t.shape == ()) or (not backend.lists and t.kind == "python")


def array_for(value: Value, nest: Sequence[For], name: str) -> Kept:
    """The array for a value of the innermost loop of a nest."""
    shape = (*map(_trips, nest), *(value.type.shape or ()))
    return Kept(value, Value(ArrayType(value.type.dtype, shape, "array"), name), tuple(nest))


def _trips(loop: For) -> Dim:
    sizes = [o.type.size for o in (loop.start, loop.stop)]
    if sizes[0] is None or sizes[1] is None:
        return new_dim("k")
    trips = dim_sum(sizes[1], sizes[0], -1)
    return max(0, trips) if is_known(trips) else trips


def index_of(nest: Sequence[For], builder: Builder, read: Callable[[Operand], Operand]) -> Operand:
    """The subscript of the present iteration; `read` gives the operands where they are needed."""
    places = []
    for loop in nest:
        index, start = read(loop.index), read(loop.start)
        # The array has one place for each iteration, from 0; the index of the loop begins at its start.
        zero = start.type.size == 0
        places.append(index if zero else builder.call(np.subtract, index, start).operand)
    return places[0] if len(places) == 1 else builder.operand(tuple(places))


def allocated(kept: Kept, builder: Builder, dependence: Dependence) -> Operand:
    """The empty array, as long as the loops are; its length is clipped where it might be negative."""
    lengths = []
    around = dependence.loops[kept.nest[0]]
    for loop in kept.nest:
        count = trip_count(loop, builder, dependence)
        size = affine(count.type.size)
        # `range(n)` of a negative n has no iterations, `np.empty(n)` raises: the length is `max(n, 0)` where the bounds
        # of the loops around do not show that it is positive.
        if size is None or not is_positive(size, dependence.bounds(around)):
            count = builder.call(max, count, constant(0)).operand
        lengths.append(count)
    value = kept.value.type
    measured = (measure(d, dependence.parameters) for d in value.shape or ())
    lengths += [read(builder) for read in measured if read is not None]
    t = kept.array.type
    assert t.dtype is not None
    static = {} if t.dtype == np.float64 else {"dtype": t.dtype}
    shape = lengths[0] if len(lengths) == 1 else builder.operand(tuple(lengths))
    return builder.apply(required(np.empty), (shape,), static, kept.array.hint)


def trip_count(loop: For, builder: Builder, dependence: Dependence) -> Operand:
    """`stop - start`; `n` for `range(1, n + 1)`."""
    start, stop = loop.start, loop.stop
    first = start.type.size
    made = dependence.definition.get(stop)
    if first == 0:
        return stop
    if is_call_of(made, required(np.add)) and isinstance(start, Constant):
        for one, two in (made.operands, made.operands[::-1]):
            if isinstance(two, Constant) and two.value == start.value:
                return one
    return builder.call(np.subtract, stop, start).operand
