"""Primal values that a reverse sweep reads: themselves, computed again, or taken from what the forward sweep kept.

A value of a loop body that the reverse sweep reads is collected by the forward loop and scanned by the reversed one,
unless it is cheap to compute again; a value of a branch becomes one more result of the branch.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable

from s2sad.analysis.dependence import Dependence
from s2sad.differentiate.reverse.levels import Level, owners
from s2sad.differentiate.reverse.storage import Kept, array_for, index_of, is_counted, may_be_kept
from s2sad.ir.backend import NUMPY
from s2sad.ir.builder import Builder, Expr
from s2sad.ir.containers import EXTRACT, GETITEM, INDEX_SET, MAKE, MAKE_SLICE, SHAPE, UNDEFINED, is_basic_index
from s2sad.ir.dims import new_dim
from s2sad.ir.primitive import Effect
from s2sad.ir.primitives.regions import is_region
from s2sad.ir.types import SequenceType, Type, array
from s2sad.ir.values import (
    Apply,
    Block,
    Call,
    For,
    Function,
    If,
    Operand,
    Operation,
    Value,
    is_call_of,
    is_loop,
    is_update,
)


class LazyExpr(Expr):
    """An expression for a primal value that is read only when an operation is built on it.

    `read` appends what the value is read from; `item` gives the items of a container that is made of other values.
    """

    __slots__ = ("_item", "_operand", "_primal", "_read")

    def __init__(
        self,
        builder: Builder,
        primal: Value,
        read: Callable[[Builder, Value], Operand],
        item: Callable[[object], Expr] | None,
    ) -> None:
        self.builder = builder
        self._primal = primal
        self._read = read
        self._item = item
        self._operand: Operand | None = None

    @property
    def operand(self) -> Operand:  # type: ignore[override]
        if self._operand is None:
            self._operand = self._read(self.builder, self._primal)
        return self._operand

    @property
    def origin(self) -> Operand:
        return self._primal

    @property
    def type(self) -> Type:
        return self._primal.type

    @property
    def known(self) -> int | float | None:
        return None

    def __getitem__(self, index: object) -> Expr:
        return super().__getitem__(index) if self._item is None else self._item(index)


class Primals:
    """Where the values of a function are found in its reverse sweep; what that asks for, the forward sweep keeps."""

    def __init__(self, body: Block) -> None:
        self.owner = owners(body, {})
        self.definition: dict[Operand, Operation] = {}
        self.order = {v: k for k, v in enumerate(self.owner)}
        """The values of the primal in the order of its text."""
        self._define(body)
        self.dependence = Dependence(Function("", body))
        self.places: dict[Operand, list[tuple[Apply, Operand, Operand]]] = {}
        """The places of arrays that hold a value: where it was read, or is stored."""
        for op in self.dependence.loops:
            if isinstance(op, Apply):
                self._place(op)
        self.overwritten = {op.operands[0] for op in self.dependence.loops if is_update(op)}
        """The arrays that are written into: to keep one takes a copy."""
        self.backend = NUMPY
        """What is to run the program."""
        self.changing: set[Value] | None = None
        """Of a function that is called in each iteration of a long loop, the parameters that change."""
        # Where each value of a loop is to be had is decided once and remembered below: the forward sweep is built
        # behind the reverse sweep, and must store just what that read.
        self.saved: dict[Value, Kept] = {}
        """The numbers of loops that are kept in arrays."""
        self.finals: dict[Operand, tuple[Value, Operand] | None] = {}
        self.stands_for: dict[Operand, Value] = {}
        """The primal values for which others stand where the reverse sweep is."""
        self.level = Level(body, None)
        self.collects: dict[Operation, dict[Value, Value]] = {}
        """For each loop, the values that it must collect, with the lists."""
        self.counts: dict[Operation, Value] = {}
        """For each loop whose iterations must be counted, their number."""
        self.keeps: dict[Value, Value] = {}
        """The value of a loop body that a list or array keeps."""
        self.exports: dict[Operation, dict[Value, Value]] = {}
        """For each branch, the values that it must export, with its further results."""

    def sorted(self, values: Iterable[Value]) -> list[Value]:
        """Values in the order of the primal's text; behind them what keeps such values, in their order."""

        def place(v: Value) -> tuple[int, int]:
            depth = 0
            while v in self.keeps:
                v, depth = self.keeps[v], depth + 1
            return depth, self.order.get(v, len(self.order))

        return sorted(values, key=place)

    def _define(self, block: Block) -> None:
        for op in block.operations:
            self.definition.update((r, op) for r in op.results)
            for inner in op.blocks:
                self._define(inner)

    def _place(self, op: Apply) -> None:
        if op.primitive is GETITEM and op.operands[0].type.is_numeric:
            self.places.setdefault(op.result, []).append((op, op.operands[0], op.operands[1]))
        if op.primitive is INDEX_SET:
            held, index, value = op.operands
            fits = GETITEM.result_type([held.type, index.type], {}) == as_item(value.type)
            if fits and self.owner.get(op.result) is self.owner.get(value):
                self.places.setdefault(value, []).append((op, held, index))

    # where the reverse sweep is

    def owned(self, value: Value, level: Level) -> bool:
        owner = self.owner.get(value)
        return owner is None or owner is level.block

    def is_undefined(self, operand: Operand) -> bool:
        return is_call_of(self.definition.get(operand), UNDEFINED)

    def read(self, builder: Builder, operand: Operand) -> Operand:
        """The primal value where the reverse sweep is: itself, computed again, or taken from what was stored."""
        if not isinstance(operand, Value):
            return operand
        found = self._read(builder, operand, self.level)
        self.stands_for[found] = operand
        return found

    def _read(self, builder: Builder, value: Value, level: Level) -> Operand:
        owner = self.owner.get(value)
        home: Level | None = level
        # From the level of the reverse sweep outward to the one whose block binds the value. A value of no block at
        # all, or of the function's own, is in scope: the two sweeps of a function are one body until they are split.
        chain = []
        while home is not None and home.block is not owner:
            chain.append(home)
            home = home.outer
        if home is None or home.op is None:
            return value
        if value in home.replaced:
            return home.replaced[value]
        kept = self.kept(builder, value)
        # In the order of cost: what the program's own arrays still hold is free, cheap arithmetic is done again, and
        # only what is left takes memory. A branch hands its value out and is asked again one level further out.
        if kept is not None:
            return kept
        if self.cheap(value, home):
            return self.again(builder, value, home)
        if isinstance(home.op, If):
            assert home.outer is not None
            return self._read(builder, self.export(value, home.op, home), home.outer)
        # Whether it is kept, and how, is settled when all is known that the reversed loop reads.
        if value not in home.scanned:
            home.scanned[value] = Value(value.type, kept_name(value))
        return home.scanned[value]

    def kept(self, builder: Builder, value: Value) -> Operand | None:
        """What a loop read of an array, or stored in it, from the array itself if it is still there after it."""
        found = self.place_kept(value)
        if found is None:
            return None
        final, index = found
        about, builder.about = builder.about, ()
        whole = self.read(builder, final)
        result = builder.apply(GETITEM, (whole, self.read(builder, index)), None, value.hint, value.loose)
        builder.about = about
        return result

    def place_kept(self, value: Operand) -> tuple[Value, Operand] | None:
        """An array behind the loops, and the subscript at which it still holds the value."""
        if value not in self.finals:
            finals = ((self.dependence.final(op, a, index), index) for op, a, index in self.places.get(value, ()))
            self.finals[value] = next(((final, index) for final, index in finals if final is not None), None)
        return self.finals[value]

    def may_be_saved(self, value: Value, home: Level) -> bool:
        """Whether an array can keep a number of a loop body: where the iterations are counted."""
        op = home.op
        return (
            isinstance(op, For)
            # A marked loop keeps its states as lists, which snapshots may replace; what may be unbound has no number to
            # store.
            and op.snapshots is None
            and is_counted(op)
            and may_be_kept(value, self.backend, self.dependence)
            and value not in op.items
            and not self.may_be_unbound(value)
        )

    def saved_for(self, value: Value, home: Level) -> Kept:
        """The array that keeps a number of a loop body."""
        op = home.op
        assert isinstance(op, For)
        if value not in self.saved:
            nest, outer = [op], home.outer
            assert outer is not None
            while outer.outer is not None and isinstance(outer.op, For) and is_counted(outer.op):
                # One more loop outward as long as the lengths of those inside are known before it: `for j in range(i)`
                # inside `for i` has another length each time, and then the array is allocated in the body of the outer
                # loop.
                bounds = [o for loop in nest for o in (loop.start, loop.stop)]
                if any(self.is_inside(o, outer) or o is outer.op.index for o in bounds):
                    break
                if any(self.owner.get(o) is outer.block for o in bounds):
                    break
                nest, outer = [outer.op, *nest], outer.outer
            self.saved[value] = array_for(value, nest, plural(kept_name(value)))
            assert outer.block is not None
            self.owner[self.saved[value].array] = outer.block
            self.keeps[self.saved[value].array] = value
        return self.saved[value]

    def may_be_unbound(self, value: Value) -> bool:
        """Whether a branch hands on an array that another way through it does not have."""
        if value.type.is_scalar:
            return False
        if any(value in exported.values() for exported in self.exports.values()):
            return True
        op = self.definition.get(value)
        if not isinstance(op, If):
            return False
        k = op.results.index(value)
        return any(self.is_undefined(b.results[k]) for b in op.blocks)

    def stored(self, builder: Builder, saved: Kept) -> Operand:
        """A number that was kept in an array, read where the reverse sweep is."""
        about, builder.about = builder.about, ()
        whole = self.read(builder, saved.array)
        index = index_of(saved.nest, builder, lambda o: self.read(builder, o))
        value = saved.value
        result = builder.apply(GETITEM, (whole, index), None, kept_name(value), True)
        builder.about = about
        return result

    def export(self, value: Value, op: If, home: Level) -> Value:
        """The result of a branch that is this value wherever the branch was taken; one more where there is none."""
        assert home.block is not None and home.outer is not None and home.outer.block is not None
        # A branch that gives the value anyhow needs no further result: where the branch was not taken nobody reads
        # this.
        if value in home.block.results:
            return op.results[home.block.results.index(value)]
        exported = self.exports.setdefault(op, {}).setdefault(value, Value(value.type, value.hint))
        self.owner[exported] = home.outer.block
        return exported

    def source_of(self, value: Value, home: Level) -> tuple[Value, bool]:
        """The list that holds a value of a loop body for each iteration, and whether it is taken from its start."""
        op = home.op
        if isinstance(op, For) and value in op.items:
            k = op.items.index(value)
            sequence = op.scanned[k]
            assert isinstance(sequence, Value)
            return sequence, not op.is_ascending(k)
        return self.collect(value, home), False

    def collect(self, value: Value, home: Level) -> Value:
        """Have the forward loop collect a value of its body; the list."""
        assert home.outer is not None and is_loop(home.op)
        n = len(home.op.initial)
        rows = home.op.body.results[n : len(home.op.results)]
        # The loop may collect the value for the user already: that list serves both.
        if value in rows:
            return home.op.results[n + rows.index(value)]
        collects = self.collects.setdefault(home.op, {})
        if value not in collects:
            name = kept_name(value)
            sequence = Value(SequenceType(value.type, new_dim("k")), plural(name))
            collects[value] = sequence
            self.keeps[sequence] = value
            assert home.outer.block is not None
            self.owner[sequence] = home.outer.block
        return collects[value]

    # computed again

    def cheap(self, value: Operand, home: Level, depth: int = 4) -> bool:
        """Whether a value of a loop body is better computed again than stored: index arithmetic, reads by it."""
        if self.owner.get(value) is not home.block:
            return not self.is_inside(value, home) and not self.takes_a_copy(value, home)
        if value in home.replaced or value in home.scanned or value in self.saved:
            return True
        if self.place_kept(value) is not None:
            return True
        op = self.definition.get(value)
        # `depth` bounds the work: index arithmetic is shallow, and a long chain is better stored than done again.
        if not isinstance(op, Apply) or op.primitive.effect is Effect.IO or depth == 0:
            return False
        if not is_light(op):
            return False
        return all(self.cheap(o, home, depth - 1) or self.is_viewed(o, op) for o in op.operands)

    def takes_a_copy(self, value: Operand, home: Level) -> bool:
        """Whether a branch reads an array of its loop that is written into: better to keep what it read."""
        level = home
        while isinstance(level.op, If) and level.outer is not None:
            level = level.outer
        own = self.owner.get(value) is level.block and level is not home and level.op is not None
        free = value in level.replaced or value in level.scanned
        return own and value in self.overwritten and not free and self.place_kept(value) is None

    def is_viewed(self, array: Operand, op: Apply) -> bool:
        """Whether `op` takes a part of an array that an iteration made, or turns one: the whole is kept instead."""
        if op.operands[0] is not array or not isinstance(array, Value) or array in self.overwritten:
            return False
        if op.primitive.turns_axes:
            return True
        if op.primitive is not GETITEM:
            return False
        made = self.definition.get(array)
        if isinstance(made, Call):
            return True
        if not isinstance(made, Apply) or made.primitive.update:
            return False
        # A view of what an iteration made: the whole is stored once, and all its parts are taken of it again. Of what
        # may be a view itself the whole might be much larger than the part.
        return made.effect is Effect.FRESH or (made.primitive is GETITEM and op.result.type == array.type)

    def is_inside(self, value: Operand, home: Level) -> bool:
        """Whether a value belongs to a level inside `home`."""
        owner = self.owner.get(value)
        outer: Level | None = home
        while outer is not None:
            if outer.block is owner:
                return False
            outer = outer.outer
        return owner is not None

    def again(self, builder: Builder, value: Operand, home: Level) -> Operand:
        """Compute a cheap value once more."""
        if not isinstance(value, Value) or self.owner.get(value) is not home.block:
            return self.read(builder, value)
        known = home.replaced.get(value) or home.scanned.get(value)
        if known is None and value in self.saved:
            known = self.stored(builder, self.saved[value])
        if known is None:
            known = self.kept(builder, value)
        if known is not None:
            return known
        op = self.definition[value]
        assert isinstance(op, Apply)
        operands = [self.again(builder, o, home) if self.cheap(o, home) else self.read(builder, o) for o in op.operands]
        about, builder.about = builder.about, ()
        result = builder.apply(op.primitive, operands, op.static, value.hint, value.loose)
        builder.about = about
        return result


def kept_name(value: Value) -> str:
    """What a value that is kept is called in the reverse sweep: an unnamed integer is an index."""
    if value.hint is not None:
        return value.hint
    t = value.type
    kind = t.dtype.kind if t.dtype is not None else ""
    return "taken" if kind == "b" else "place" if kind == "i" and t.rank == 0 else "kept"


def plural(name: str) -> str:
    """What a list of values of this name is called: xs of x, and xs_stack of xs, for a loop in a loop."""
    if name == "taken":
        return "decisions"
    return f"{name}_stack" if len(name) > 1 and name.endswith("s") else f"{name}s"


def is_light(op: Apply) -> bool:
    """Whether an operation costs next to nothing: arithmetic of numbers, items, views."""
    primitive = op.primitive
    if primitive in (SHAPE, MAKE_SLICE) or is_region(op.result.type) or primitive.turns_axes:
        return True
    if primitive is GETITEM:
        return is_basic_index(op.operands[1].type)
    if primitive in (MAKE, EXTRACT):
        return True
    if primitive.light and not primitive.measures and any(o.type.is_array for o in op.operands):
        return False
    return op.result.type.is_scalar and (primitive.light or primitive.constant)


def as_item(t: Type) -> Type:
    """The type of a number as an element of an array has it."""
    return array(t.dtype, ()) if t.rank == 0 else t
