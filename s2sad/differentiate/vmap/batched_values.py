"""What stands for each value of a function under batching, and which of its parts are there for each example."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TypeAlias

import numpy as np

from s2sad.differentiate.tangents import in_dtype
from s2sad.ir.batch_rule import NoBatchRule, for_each_example
from s2sad.ir.builder import Builder
from s2sad.ir.containers import EXTRACT, SHAPE, UNDEFINED
from s2sad.ir.dims import Dim, new_dim
from s2sad.ir.primitive import required
from s2sad.ir.types import ArrayType, ContainerType, OpaqueType, SequenceType, Type, array, integer
from s2sad.ir.values import Apply, Call, For, If, Operand, Operation, Value, constant, is_call_of

Flag: TypeAlias = "bool | tuple[Flag, ...]"
"""Whether a value is there for each example; of a container, a tuple for its items where they differ."""


def any_of(flag: Flag) -> bool:
    """Whether anything in a value is there for each example."""
    return any(map(any_of, flag)) if isinstance(flag, tuple) else flag


def flags_of_items(flag: Flag, t: ContainerType) -> tuple[Flag, ...]:
    """The flags of the items of a container: its own, where they do not differ."""
    return flag if isinstance(flag, tuple) else (flag,) * len(t.items)


def joined(flags: Sequence[Flag]) -> Flag:
    """The flag of a container by those of its items."""
    # One flag where all items have the axis, so that the container may be handed on whole.
    if all(f is True for f in flags) and flags:
        return True
    return tuple(flags) if any(map(any_of, flags)) else False


def batched_type(t: Type, size: Dim, flag: Flag = True) -> Type:
    """The type of many values of a type."""
    match t:
        case ContainerType():
            items = (batched_type(i, size, f) for i, f in zip(t.items, flags_of_items(flag, t), strict=True))
            return ContainerType(t.cls, t.keys, tuple(items))
        case _ if not any_of(flag):
            return t
        case SequenceType():
            return SequenceType(batched_type(t.item, size), t.length)
        case ArrayType():
            # All axes move by one behind the new one: of an unknown rank nobody can say where they are.
            if t.shape is None:
                raise NoBatchRule("an array of unknown rank")
            return array(t.dtype, (size, *t.shape))
        case OpaqueType():
            raise NoBatchRule("what a function that calls itself keeps")
    return t


class BatchedValues:
    """`table` has what stands for a value, `flags` whether it has the new axis."""

    def __init__(self, size: Dim, count: Operand) -> None:
        self.size = size
        self.count = count
        self.table: dict[Operand, Operand] = {}
        self.flags: dict[Operand, Flag] = {}
        self.names: Mapping[Value, tuple[str, bool]] = {}
        """Names of values that have none themselves."""
        self.zeros: set[Operand] = set()
        """Arrays of zeros that are the same for all examples."""
        self.unbound: set[Operand] = set()
        """What a branch leaves unbound."""
        self.vague: set[Operand] = set()
        """What calls and branches give: where a branch leaves an array unbound, an empty one is in its place."""

    def get(self, operand: Operand) -> Operand:
        return self.table.get(operand, operand)

    def flag(self, operand: Operand) -> Flag:
        return self.flags.get(operand, False)

    def many(self, operand: Operand) -> bool:
        return any_of(self.flag(operand))

    def set(self, value: Value, new: Operand, flag: Flag = True) -> None:
        """Put a batched operand in the place of a value."""
        self.table[value] = new
        self.flags[value] = flag

    def fresh(self, value: Value) -> Value:
        """A batched value in the place of one, under its name."""
        new = Value(batched_type(value.type, self.size), *self.name(value))
        self.set(value, new)
        return new

    def name(self, value: Value) -> tuple[str | None, bool]:
        return self.names.get(value, (value.hint, value.loose))

    def whole(self, operand: Operand, builder: Builder) -> Operand:
        """An operand with the new axis: repeated for each example where it is the same for all."""
        return self.filled(self.get(operand), self.flag(operand), builder)

    def widened(self, operand: Operand, t: Type, builder: Builder) -> Operand:
        """An operand with the new axis, where a loop or branch joins it with others to a type."""
        # What is joined is written into: an integer that becomes a float is an array of floats from the start.
        own = operand.type.dtype
        if own is None or t.dtype is None or own.kind == t.dtype.kind:
            return self.whole(operand, builder)
        if self.many(operand):
            return in_dtype(builder, self.whole(operand, builder), t)
        return self.filled(in_dtype(builder, self.get(operand), t), False, builder)

    def filled(self, operand: Operand, flag: Flag, builder: Builder) -> Operand:
        if flag is True:
            return operand
        t = operand.type
        # What no branch has bound is read by nobody: it needs the right type and any value.
        if operand in self.unbound and t.is_scalar:
            return builder.apply(required(np.zeros), (self.count,))
        if operand in self.unbound:
            return builder.apply(UNDEFINED, (), {"type": batched_type(t, self.size)})
        match t:
            case ContainerType():
                items = [self.item(builder, operand, k) for k in t.keys]
                flags = flags_of_items(flag, t)
                whole = [self.filled(item, f, builder) for item, f in zip(items, flags, strict=True)]
                return builder.make(t.cls, t.keys, whole)
            case SequenceType():
                return for_each(builder, operand, lambda item, inner: self.filled(item, False, inner))
            case OpaqueType():
                raise NoBatchRule("what a function that calls itself keeps")
            case ArrayType():
                return self.repeated(operand, builder)
        return operand

    def repeated(self, operand: Operand, builder: Builder) -> Operand:
        """A number or array once for each example."""
        t = operand.type
        # Its type may tell of another shape than the array has: that is asked at run time.
        if operand in self.vague and not t.is_scalar:
            return builder.apply(required(for_each_example), (operand, self.count))
        shape = [] if t.is_scalar else [builder.extract(self.shape(operand, builder), k) for k in range(rank_of(t))]
        dims = builder.tuple([self.count, *shape])
        if operand in self.zeros:
            static = {} if t.dtype in (None, np.dtype(float)) else {"dtype": t.dtype}
            return builder.apply(required(np.zeros), (dims,), static)
        return builder.apply(required(np.broadcast_to), (operand, dims))

    def item(
        self, builder: Builder, container: Operand, key: object, hint: str | None = None, loose: bool = False
    ) -> Operand:
        """An item of a container, as vague as that."""
        item = named(builder, builder.extract(container, key), hint, loose)
        if container in self.vague:
            self.vague.add(item)
        return item

    @staticmethod
    def shape(operand: Operand, builder: Builder) -> Operand:
        return builder.apply(SHAPE, (operand,))

    def note(self, op: Operation) -> None:
        """Remember what an operation is that is the same for all examples."""
        if isinstance(op, Apply) and op.primitive.zeros:
            self.zeros.add(op.result)
        if is_call_of(op, UNDEFINED):
            self.unbound.add(op.result)
        if isinstance(op, Call) or (is_call_of(op, EXTRACT) and op.operands[0] in self.vague):
            self.vague.add(op.result)
        if isinstance(op, If) and leaves_unbound(op):
            self.vague.update(op.results)


def leaves_unbound(op: Operation) -> bool:
    """Whether a branch in an operation hands on an array that it does not have."""
    for block in op.blocks:
        # A number may be unbound without harm: a zero stands for it.
        unbound = {o.result for o in block.operations if is_call_of(o, UNDEFINED) and not o.result.type.is_scalar}
        if unbound.intersection(block.results) or any(map(leaves_unbound, block.operations)):
            return True
    return False


def for_each(
    builder: Builder, items: Operand, function: Callable[[Operand, Builder], Operand], hint: str | None = None
) -> Operand:
    """A list of what a function makes of each item of a list."""
    assert isinstance(items.type, SequenceType)
    index, item, inner = Value(integer(new_dim("i"))), Value(items.type.item), builder.child()
    made = function(item, inner)
    result = Value(SequenceType(made.type, items.type.length), hint)
    body = inner.block([index, item], [made])
    trips = constant(0), builder.call(len, items).operand, constant(1)
    builder.operations.append(For(*trips, (), (items,), body, (result,), location=builder.location, ascending=(True,)))
    return result


def rank_of(t: Type) -> int:
    if t.rank is None:
        raise NoBatchRule("an array of unknown rank")
    return t.rank


def named(builder: Builder, operand: Operand, hint: str | None, loose: bool) -> Operand:
    """The operand with the name of what it stands for: that of the operation just appended."""
    # Only what was made just now may be named: an operand from elsewhere has other readers under its own name.
    if hint is None or operand.hint is not None:
        return operand
    new = Value(operand.type, hint, loose)
    return new if builder.rename(operand, new) else operand
