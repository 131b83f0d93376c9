"""The sums of contributions to adjoints, and where a reverse sweep finds the primal values that it reads.

A frame is one block of the primal while its adjoint is built: the body of the function, of a loop, or of a branch.
A contribution to a value of an outer frame becomes a carried sum of the reversed loop, or a result of the reversed
branch. A primal value of a loop body that the reverse sweep reads is collected by the forward loop and scanned by the
reversed one, unless it is cheap to compute again; a value of a branch becomes one more result of the branch.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import TypeAlias

from s2sad.analysis.dependence import Dependence
from s2sad.differentiate.reverse.storage import Kept, array_for, index_of, is_counted, may_be_kept
from s2sad.differentiate.tangents import Names, Path, leaf_paths, pick, tangent_type
from s2sad.ir.backend import NUMPY
from s2sad.ir.builder import Builder
from s2sad.ir.containers import (
    EXTRACT,
    GETITEM,
    INDEX_ADD,
    INDEX_SET,
    MAKE,
    MAKE_SLICE,
    SHAPE,
    UNDEFINED,
    is_basic_index,
)
from s2sad.ir.dims import new_dim
from s2sad.ir.primitive import Effect, Layout
from s2sad.ir.primitives.lists import add, zero
from s2sad.ir.primitives.regions import is_region
from s2sad.ir.types import ArrayType, ContainerType, SequenceType, StaticType, Type, array
from s2sad.ir.values import Apply, Block, Call, For, Function, If, Operand, Operation, Value, While, constant

RECENT = 16
"""How far back a contribution is looked for among the operations just appended."""

Key: TypeAlias = tuple[Value, Path]
"""A value, and the path to a leaf in it."""


@dataclass(eq=False)
class Frame:
    """One block of the primal under reversal."""

    block: Block | None
    outer: Frame | None
    op: For | While | If | None = None
    totals: dict[Key, Operand] = field(default_factory=dict)
    reasons: dict[Key, tuple[Operation, ...]] = field(default_factory=dict)
    """The primal operations whose contribution needed no statement: the next one is also about them."""
    touched: dict[Key, Operand] = field(default_factory=dict)
    """Values of outer frames that get contributions here, with what their sum starts from."""
    replaced: dict[Value, Operand] = field(default_factory=dict)
    """Primal values by what stands for them in the reversed loop."""
    scanned: dict[Value, Value] = field(default_factory=dict)
    """Primal values that the reversed loop scans, by its parameter."""
    sources: dict[Value, tuple[Value, bool]] = field(default_factory=dict)
    """The list from which each of them is scanned, and whether from its start."""


def owners(block: Block, table: dict[Value, Block]) -> dict[Value, Block]:
    """The block in which each value is bound."""
    for p in block.parameters:
        table[p] = block
    for op in block.operations:
        for r in op.results:
            table[r] = block
        for inner in op.blocks:
            owners(inner, table)
    return table


class Adjoints:
    """The frames, innermost last, and the operations on the sums in them."""

    def __init__(self, body: Block, names: Names) -> None:
        self.names = names
        self.hints: dict[Value, tuple[str, bool]] = {}
        """Names for values that have none; whether the value may be written into its use."""
        self.owner = owners(body, {})
        self.definition: dict[Value, Operation] = {}
        self.order = {v: k for k, v in enumerate(self.owner)}
        """The values of the primal in the order of its text."""
        self.extracts: dict[Operand, list[Apply]] = {}
        """For each container the operations that take its items."""
        self._define(body)
        self.dependence = Dependence(Function("", body))
        self.places: dict[Value, list[tuple[Apply, Operand, Operand]]] = {}
        """The places of arrays that hold a value: where it was read, or is stored."""
        for op in self.dependence.loops:
            if isinstance(op, Apply):
                self._place(op)
        self.overwritten = {
            op.operands[0] for op in self.dependence.loops if isinstance(op, Apply) and op.primitive.update is not None
        }
        """The arrays that are written into: to keep one takes a copy."""
        self.backend = NUMPY
        """What is to run the program."""
        self.saved: dict[Value, Kept] = {}
        """The numbers of loops that are kept in arrays."""
        self.finals: dict[Value, tuple[Value, Operand] | None] = {}
        self.frame = Frame(body, None)
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
            if isinstance(op, Apply) and op.primitive is EXTRACT:
                self.extracts.setdefault(op.operands[0], []).append(op)
            for inner in op.blocks:
                self._define(inner)

    def _place(self, op: Apply) -> None:
        if op.primitive is GETITEM and isinstance(op.operands[0].type, ArrayType):
            self.places.setdefault(op.result, []).append((op, op.operands[0], op.operands[1]))
        if op.primitive is INDEX_SET:
            held, index, value = op.operands
            fits = GETITEM.result_type([held.type, index.type], {}) == as_item(value.type)
            if fits and isinstance(value, Value) and self.owner.get(op.result) is self.owner.get(value):
                self.places.setdefault(value, []).append((op, held, index))

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

    def owned(self, value: Value, frame: Frame) -> bool:
        owner = self.owner.get(value)
        return owner is None or owner is frame.block

    def contribute(self, builder: Builder, operand: Operand, contribution: Operand, path: Path = ()) -> None:
        """Add a contribution to the adjoint of a value; containers are taken apart into their leaves."""
        if not isinstance(operand, Value):
            return
        inner: Type = operand.type
        for key in path:
            assert isinstance(inner, ContainerType)
            inner = inner[key]
        for rest, _ in leaf_paths(inner):
            key_ = (operand, path + rest)
            leaf = pick(builder, contribution, *rest)
            before = self.current(builder, key_)
            about = builder.about
            silent = self.frame.reasons.pop(key_, ())
            if before is None:
                total = leaf
                if not any(leaf in op.results for op in builder.operations[-RECENT:] if op.about == about):
                    self.frame.reasons[key_] = about
            else:
                builder.about = (*silent, *(op for op in about if op not in silent))
                total = add(builder, before, leaf)
                builder.about = about
            has_name = operand in self.names or operand.hint is not None
            self.frame.totals[key_] = self.name(total, self.part_hint(*key_), loose=True) if has_name else total

    def contribute_at(self, builder: Builder, array: Value, index: Operand, contribution: Operand) -> None:
        """Add a contribution to the adjoint of what a subscript takes of an array."""
        key = (array, ())
        before = self.current(builder, key)
        about = builder.about
        silent = self.frame.reasons.pop(key, ())
        if before is None:
            before = self.zero_at(builder, array)
        builder.about = (*silent, *(op for op in about if op not in silent))
        total = builder.apply(INDEX_ADD, (before, index, contribution))
        builder.about = about
        self.frame.totals[key] = self.name(total, self.hint(array), loose=True)

    def current(self, builder: Builder, key: Key) -> Operand | None:
        """The sum so far; in an inner frame the sum of an outer value is one that this frame updates."""
        return self._current(builder, key, self.frame)

    def _current(self, builder: Builder, key: Key, frame: Frame) -> Operand | None:
        if key in frame.totals:
            return frame.totals[key]
        if self.owned(key[0], frame) or frame.outer is None:
            return None
        if isinstance(frame.op, If):
            start = self._current(builder, key, frame.outer)
        else:
            start = Value(tangent_type(leaf_type(key)), self.part_hint(*key))
            frame.totals[key] = start
        frame.touched[key] = start if start is not None else constant(None)
        return start

    def total(self, builder: Builder, value: Operand) -> Operand | None:
        """The adjoint of a value of this frame, None where it is zero. Containers are put together."""
        if not isinstance(value, Value):
            return None
        if not isinstance(value.type, ContainerType):
            return self.frame.totals.get((value, ()))
        if not any(v is value for v, _ in self.frame.totals):
            return None
        return self._assemble(builder, value, value.type, ())

    def _assemble(self, builder: Builder, value: Value, t: Type, path: Path) -> Operand:
        if not isinstance(t, ContainerType):
            found = self.frame.totals.get((value, path))
            if found is not None:
                return found
            return self.zero_at(builder, value, path)
        items = [self._assemble(builder, value, item, (*path, key)) for key, item in zip(t.keys, t.items, strict=True)]
        return builder.apply(MAKE, items, {"cls": t.cls, "keys": t.keys})

    def zero_at(self, builder: Builder, value: Value, path: Path = ()) -> Operand:
        """The zero adjoint of a leaf; the primal value is read only where its shape is needed."""
        t = leaf_type((value, path))
        if isinstance(t, StaticType) and isinstance(t.value, (str, type(None))):
            return constant(t.value)
        if isinstance(t, ArrayType) and t.is_scalar:
            return constant(0j if t.dtype is not None and t.dtype.kind == "c" else 0.0)
        return zero(builder, pick(builder, self.read(builder, value), *path))

    # primal values

    def read(self, builder: Builder, operand: Operand) -> Operand:
        """The primal value where the reverse sweep is: itself, computed again, or taken from what was stored."""
        if not isinstance(operand, Value):
            return operand
        return self._read(builder, operand, self.frame)

    def _read(self, builder: Builder, value: Value, frame: Frame) -> Operand:
        owner = self.owner.get(value)
        home: Frame | None = frame
        chain = []
        while home is not None and home.block is not owner:
            chain.append(home)
            home = home.outer
        if home is None or home.op is None:
            return value
        if value in home.replaced:
            return home.replaced[value]
        kept = self.kept(builder, value)
        if kept is not None:
            return kept
        if self.cheap(value, home):
            return self.again(builder, value, home)
        if isinstance(home.op, If):
            assert home.outer is not None
            return self._read(builder, self.export(value, home.op, home), home.outer)
        saved = self.saved_for(value, home)
        if saved is not None:
            return self.stored(builder, saved)
        if value not in home.scanned:
            home.sources[value] = self.source_of(value, home)
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

    def place_kept(self, value: Value) -> tuple[Value, Operand] | None:
        """An array behind the loops, and the subscript at which it still holds the value."""
        if value not in self.finals:
            finals = ((self.dependence.final(op, a, index), index) for op, a, index in self.places.get(value, ()))
            self.finals[value] = next(((final, index) for final, index in finals if final is not None), None)
        return self.finals[value]

    def saved_for(self, value: Value, home: Frame) -> Kept | None:
        """The array that keeps a number of a loop body, where the iterations are counted; None where a list does."""
        op = home.op
        if (
            not isinstance(op, For)
            or op.snapshots is not None
            or not is_counted(op)
            or not may_be_kept(value, self.backend, self.dependence)
            or value in op.items
            or self.may_be_unbound(value)
        ):
            return None
        if value not in self.saved:
            nest, outer = [op], home.outer
            assert outer is not None
            while outer.outer is not None and isinstance(outer.op, For) and is_counted(outer.op):
                bounds = [o for loop in nest for o in (loop.start, loop.stop)]
                if any(self._inside(o, outer) or o is outer.op.index for o in bounds if isinstance(o, Value)):
                    break
                if any(self.owner.get(o) is outer.block for o in bounds if isinstance(o, Value)):
                    break
                nest, outer = [outer.op, *nest], outer.outer
            self.saved[value] = array_for(value, nest, plural(kept_name(value)))
            assert outer.block is not None
            self.owner[self.saved[value].array] = outer.block
            self.keeps[self.saved[value].array] = value
        return self.saved[value]

    def may_be_unbound(self, value: Value) -> bool:
        """Whether a branch hands on an array that another way through it does not have."""
        if isinstance(value.type, ArrayType) and value.type.is_scalar:
            return False
        if any(value in exported.values() for exported in self.exports.values()):
            return True
        op = self.definition.get(value)
        if not isinstance(op, If):
            return False
        k = op.results.index(value)
        makers = (self.definition.get(b.results[k]) for b in op.blocks)  # type: ignore[arg-type]
        return any(isinstance(m, Apply) and m.primitive is UNDEFINED for m in makers)

    def stored(self, builder: Builder, saved: Kept) -> Operand:
        """A number that was kept in an array, read where the reverse sweep is."""
        about, builder.about = builder.about, ()
        whole = self.read(builder, saved.array)
        index = index_of(saved.nest, builder, lambda o: self.read(builder, o))
        value = saved.value
        result = builder.apply(GETITEM, (whole, index), None, kept_name(value), True)
        builder.about = about
        return result

    def export(self, value: Value, op: If, home: Frame) -> Value:
        """The result of a branch that is this value wherever the branch was taken; one more where there is none."""
        assert home.block is not None and home.outer is not None and home.outer.block is not None
        if value in home.block.results:
            return op.results[home.block.results.index(value)]
        exported = self.exports.setdefault(op, {}).setdefault(value, Value(value.type, value.hint))
        self.owner[exported] = home.outer.block
        return exported

    def source_of(self, value: Value, home: Frame) -> tuple[Value, bool]:
        """The list that holds a value of a loop body for each iteration, and whether it is taken from its start."""
        op = home.op
        if isinstance(op, For) and value in op.items:
            k = op.items.index(value)
            sequence = op.scanned[k]
            assert isinstance(sequence, Value)
            return sequence, not op.is_ascending(k)
        return self.collect(value, home), False

    def collect(self, value: Value, home: Frame) -> Value:
        """Have the forward loop collect a value of its body; the list."""
        assert home.outer is not None and isinstance(home.op, (For, While))
        n = len(home.op.initial)
        rows = home.op.body.results[n : len(home.op.results)]
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

    def cheap(self, value: Operand, home: Frame, depth: int = 4) -> bool:
        """Whether a value of a loop body is better computed again than stored: index arithmetic, reads by it."""
        if not isinstance(value, Value) or self.owner.get(value) is not home.block:
            return not isinstance(value, Value) or not self._inside(value, home)
        if value in home.replaced or value in home.scanned or value in self.saved:
            return True
        if self.place_kept(value) is not None:
            return True
        op = self.definition.get(value)
        if not isinstance(op, Apply) or op.primitive.effect is Effect.IO or depth == 0:
            return False
        if not is_light(op):
            return False
        return all(self.cheap(o, home, depth - 1) or self.is_viewed(o, op) for o in op.operands)

    def is_viewed(self, array: Operand, op: Apply) -> bool:
        """Whether `op` takes a part of an array that an iteration made, or turns one: the whole is kept instead."""
        if op.operands[0] is not array or not isinstance(array, Value) or array in self.overwritten:
            return False
        if op.primitive.layout is Layout.AXES:
            return True
        if op.primitive is not GETITEM:
            return False
        made = self.definition.get(array)
        if isinstance(made, Call):
            return True
        if not isinstance(made, Apply) or made.primitive.update:
            return False
        return made.effect is Effect.FRESH or (made.primitive is GETITEM and op.result.type == array.type)

    def _inside(self, value: Value, home: Frame) -> bool:
        """Whether a value belongs to a frame inside `home`."""
        owner = self.owner.get(value)
        outer: Frame | None = home
        while outer is not None:
            if outer.block is owner:
                return False
            outer = outer.outer
        return owner is not None

    def again(self, builder: Builder, value: Operand, home: Frame) -> Operand:
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
    kind = t.dtype.kind if isinstance(t, ArrayType) and t.dtype is not None else ""
    return "taken" if kind == "b" else "place" if kind == "i" and t.rank == 0 else "kept"


def plural(name: str) -> str:
    """What a list of values of this name is called: xs of x, and xs_stack of xs, for a loop in a loop."""
    if name == "taken":
        return "decisions"
    return f"{name}_stack" if len(name) > 1 and name.endswith("s") else f"{name}s"


def is_light(op: Apply) -> bool:
    """Whether an operation costs next to nothing: arithmetic of numbers, items, views."""
    primitive = op.primitive
    if primitive in (SHAPE, MAKE_SLICE) or is_region(op.result.type) or primitive.layout is Layout.AXES:
        return True
    if primitive is GETITEM:
        return is_basic_index(op.operands[1].type)
    if primitive in (MAKE, EXTRACT):
        return True
    t = op.result.type
    return isinstance(t, ArrayType) and t.is_scalar and (primitive.light or primitive.constant)


def as_item(t: Type) -> Type:
    """The type of a number as an element of an array has it."""
    return array(t.dtype, ()) if isinstance(t, ArrayType) and t.shape == () else t


def leaf_type(key: tuple[Operand, Path]) -> Type:
    t: Type = key[0].type
    for k in key[1]:
        assert isinstance(t, ContainerType)
        t = t[k]
    return t


def leaves_of(value: Operand) -> Iterator[Key]:
    """The keys of the differentiable leaves of a value."""
    if isinstance(value, Value):
        yield from ((value, path) for path, _ in leaf_paths(value.type))


def undefined(builder: Builder, t: Type) -> Operand:
    """What stands for a value that a branch does not bind: a container whose items may be read for their shapes."""
    if isinstance(t, ContainerType) and t.cls not in (tuple, list):
        return builder.make(t.cls, t.keys, [undefined(builder, item) for item in t.items])
    return builder.apply(UNDEFINED, (), {"type": t})


def item_type(sequence: Operand | None) -> Type:
    """The type of the items of a list."""
    assert sequence is not None and isinstance(sequence.type, SequenceType)
    return sequence.type.item
