"""The sums of contributions to adjoints.

A contribution to a value of an outer level becomes a carried sum of the reversed loop, or a result of the reversed
branch.
"""

from __future__ import annotations

from s2sad.differentiate.reverse.levels import Key, Level, leaf_type
from s2sad.differentiate.reverse.primals import Primals
from s2sad.differentiate.tangents import Names, Path, in_dtype, in_own_dtype, leaf_paths, pick, tangent_type
from s2sad.ir.builder import Builder
from s2sad.ir.containers import INDEX_ADD, MAKE
from s2sad.ir.primitives.lists import add, zero
from s2sad.ir.types import StaticType, Type
from s2sad.ir.values import Block, If, Operand, Operation, Value, constant


class Adjoints(Primals):
    """The levels, innermost last, and the operations on the sums in them."""

    def __init__(self, body: Block, names: Names, active: set[Value]) -> None:
        super().__init__(body)
        self.names = names
        self.active = active
        self.hints: dict[Value, tuple[str, bool]] = {}
        """Names for values that have none; whether the value may be written into its use."""
        self.unbounded: set[Value] = set()
        """The values of the primal that may be infinite."""

    def reverse_block(self, block: Block, builder: Builder) -> None:
        """Append the reversed operations of a block: what the reversal of a loop or branch asks of the whole."""
        raise NotImplementedError

    def forward_operations(self, block: Block) -> list[Operation]:
        """The primal, with what the reverse sweep needs stored."""
        raise NotImplementedError

    # names

    def hint(self, value: Operand) -> str:
        assert isinstance(value, Value)
        name = self.names.get(value) or value.hint or "v"
        return f"{name.rstrip('_') or name}_bar"

    def part_hint(self, value: Operand, path: Path) -> str:
        """The name of the adjoint of a leaf: after its key where that is a name, `W_bar` for that of `params["W"]`."""
        key = next((k for k in reversed(path) if isinstance(k, str) and k.isidentifier()), None)
        return self.hint(value) if key is None else f"{key}_bar"

    def name(self, operand: Operand, hint: str, loose: bool = False) -> Operand:
        """Give a name to a value that has none yet."""
        if isinstance(operand, Value) and operand.hint is None:
            known = self.hints.get(operand)
            if known is None or (known[1] and not loose):
                self.hints[operand] = (hint, loose)
        return operand

    # sums

    def contribute(self, builder: Builder, operand: Operand, contribution: Operand, path: Path = ()) -> None:
        """Add a contribution to the adjoint of a value; containers are taken apart into their leaves."""
        if not isinstance(operand, Value):
            return
        inner: Type = operand.type
        for key in path:
            inner = inner[key]
        # Sums are kept by leaves, so that what adds to one item of a container makes no zeros for the others.
        for rest, leaf_t in leaf_paths(inner):
            key_ = (operand, path + rest)
            leaf = in_own_dtype(builder, pick(builder, contribution, *rest), leaf_t)
            before = self.current(builder, key_)
            total = leaf if before is None else add(builder, before, leaf)
            has_name = operand in self.names or operand.hint is not None
            self.level.totals[key_] = self.name(total, self.part_hint(*key_), loose=True) if has_name else total

    def contribute_at(self, builder: Builder, array: Value, index: Operand, contribution: Operand) -> None:
        """Add a contribution to the adjoint of what a subscript takes of an array."""
        key = (array, ())
        before = self.current(builder, key)
        if before is None:
            before = self.zero_at(builder, array)
        total = builder.apply(INDEX_ADD, (before, index, contribution))
        self.level.totals[key] = self.name(total, self.hint(array), loose=True)

    def contribute_active(self, builder: Builder, operand: Operand, bar: Operand) -> None:
        if operand in self.active and not self.is_undefined(operand):
            self.contribute(builder, operand, bar)

    def current(self, builder: Builder, key: Key) -> Operand | None:
        """The sum so far; in an inner level the sum of an outer value is one that this level updates."""
        return self.current_in(builder, key, self.level)

    def current_in(self, builder: Builder, key: Key, level: Level) -> Operand | None:
        if key in level.totals:
            return level.totals[key]
        # A value of this level starts from nothing. One of an outer level has a sum there already; what this level adds
        # must be seen outside, so the sum goes through: a branch starts from the sum as it is, a loop carries it.
        if self.owned(key[0], level) or level.outer is None:
            return None
        if isinstance(level.op, If):
            start = self.current_in(builder, key, level.outer)
        else:
            start = Value(tangent_type(leaf_type(key)), self.part_hint(*key))
            level.totals[key] = start
        level.touched[key] = start if start is not None else constant(None)
        return start

    def total(self, builder: Builder, value: Operand) -> Operand | None:
        """The adjoint of a value of this level, None where it is zero. Containers are put together."""
        if not isinstance(value, Value):
            return None
        if not value.type.is_container:
            return self.level.totals.get((value, ()))
        if not any(v is value for v, _ in self.level.totals):
            return None
        return self._assemble(builder, value, value.type, ())

    def part(self, builder: Builder, value: Value, t: Type, path: Path) -> Operand | None:
        """The adjoint of what is at a path in a container, put together where it is one itself; None for zeros."""
        if not t.is_container:
            return self.level.totals.get((value, path))
        touched = any(v is value and p[: len(path)] == path for v, p in self.level.totals)
        return self._assemble(builder, value, t, path) if touched else None

    def total_or_zero(self, builder: Builder, value: Value) -> Operand:
        total = self.total(builder, value)
        return self.zero_at(builder, value) if total is None else total

    def _assemble(self, builder: Builder, value: Value, t: Type, path: Path) -> Operand:
        if not t.is_container:
            found = self.level.totals.get((value, path))
            if found is not None:
                return found
            return self.zero_at(builder, value, path)
        items = [self._assemble(builder, value, item, (*path, key)) for key, item in zip(t.keys, t.items, strict=True)]
        return builder.apply(MAKE, items, {"cls": t.cls, "keys": t.keys})

    def zero_at(self, builder: Builder, value: Value, path: Path = ()) -> Operand:
        """The zero adjoint of a leaf; the primal value is read only where its shape is needed."""
        t = leaf_type((value, path))
        # In the place of what has no derivative stands the thing itself: containers keep their structure.
        if isinstance(t, StaticType) and isinstance(t.value, (str, type(None))):
            return constant(t.value)
        if t.is_scalar:
            nothing = constant(0j if t.is_complex else 0.0)
            # A branch that hands on nothing hands it on in the dtype that the other one gives.
            return in_dtype(builder, nothing, t) if t.kind == "numpy" else nothing
        return zero(builder, pick(builder, self.read(builder, value), *path))
