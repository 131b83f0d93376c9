"""What an identity works with: what is known of the operations so far, and the means to put others in their place."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace

from s2sad.ir.builder import Builder
from s2sad.ir.primitive import Primitive, required
from s2sad.ir.types import ArrayType
from s2sad.ir.values import Apply, Operand, Operation, Value, applied_in, values_in
from s2sad.optimize.identities.operands import is_unnamed, operand_key


class Rewriter:
    """`made` maps new values to their operations, `seen` expressions to values."""

    def __init__(self, results: Sequence[Operand], reads: Counter[Value]) -> None:
        self.results = results
        self.reads = reads
        """How often each value is read, but for the operation that the rules look at."""
        self.table: dict[Operand, Operand] = {}
        """From old operands to new ones."""
        self.made: dict[Value, Apply] = {}
        self.returned: set[Value] = set()
        """What calls return."""
        self.seen: dict[object, Operand] = {}
        self.operations: list[Operation] = []

    def apply(self, op: Apply) -> None:
        """Append an operation, or find what stands for its result."""
        raise NotImplementedError

    def get(self, operand: Operand) -> Operand:
        return self.table.get(operand, operand)

    def definition(self, operand: Operand, primitive: Primitive | None) -> Apply | None:
        """The operation that makes an operand, where it is a call of this primitive."""
        op = self.made.get(operand) if isinstance(operand, Value) else None
        return op if op is not None and op.primitive is primitive else None

    def only_read(self, operand: Operand, primitive: Primitive | None, depth: int = 0) -> Apply | None:
        """The operation that makes an operand without a name of the user's, where nothing else reads that.

        The operand is one of the operation that the rule looks at, or with depth 1 of one of its operands.
        """
        if not isinstance(operand, Value) or self.reads[operand] > depth:
            return None
        # A tangent has a name that the user never wrote: it may be taken in as an unnamed value is.
        if not is_unnamed(operand) and not (operand.hint or "").endswith("_dot"):
            return None
        return self.definition(operand, primitive)

    def known(self, primitive: Primitive, operands: Sequence[Operand]) -> Operand | None:
        """The result of a call without static parameters, where it is there already."""
        return self.seen.get((primitive, tuple(map(operand_key, operands)), ()))

    def build(self, op: Apply, function: Callable[..., object] | Primitive, *operands: Operand) -> Operand:
        """A replacement for `op`: another operation with its name, location and comment."""
        primitive = function if isinstance(function, Primitive) else required(function)
        builder = Builder(op.location, self.reasons(op, operands))
        result = builder.apply(primitive, operands, None, op.result.hint, op.result.loose)
        for new in applied_in(builder.operations):
            # An adjoint takes the dtype of its replacement; the type of a primal value is promised to its readers.
            if result.type != op.result.type:
                result = _in_dtype_of(op.result, result) if op.about else op.result
                new = replace(new, result=result)
            self.add(new)
        return self.get(result)

    def add(self, op: Apply) -> None:
        """An operation that the function did not have before."""
        self.count(op.operands, 1)
        self.apply(op)

    def count(self, operands: Sequence[Operand], change: int) -> None:
        """Say that an operation reads its operands, or with -1 that it does so no more."""
        reads = self.reads
        for o in operands:
            if isinstance(o, Value):
                reads[o] += change

    def builder(self, op: Apply, about: Sequence[Operation] = ()) -> Builder:
        """A builder of what belongs to an operation, and to others."""
        return Builder(op.location, tuple(dict.fromkeys((*op.about, *about))) if op.about else ())

    def compute(
        self,
        builder: Builder,
        primitive: Primitive,
        operands: Sequence[Operand],
        static: Mapping[str, object] | None = None,
    ) -> Operand:
        """An operation that a replacement needs beside its own."""
        result = builder.apply(primitive, operands, static)
        for new in applied_in(builder.operations):
            self.add(new)
        return self.get(result)

    def reasons(self, op: Apply, operands: Sequence[Operand]) -> tuple[Operation, ...]:
        """What a replacement is about: the operation, and the unnamed ones that it takes in."""
        absorbed = [self.made[o] for o in values_in(op.operands) if o in self.made and is_unnamed(o)]
        # What the replacement still reads keeps its own line and comment; what it takes in would lose it.
        gone = [a for a in absorbed if a.result not in operands]
        return tuple(dict.fromkeys([*op.about, *(r for a in gone for r in a.about)])) if op.about else ()


def _in_dtype_of(value: Value, found: Operand) -> Value:
    """The result of an operation that another one replaces: with its shape, which may be known better, and its name."""
    t, new = value.type, found.type
    if not isinstance(t, ArrayType) or not isinstance(new, ArrayType) or new.dtype in (None, t.dtype):
        return value
    return Value(replace(t, dtype=new.dtype), value.hint, value.loose)
