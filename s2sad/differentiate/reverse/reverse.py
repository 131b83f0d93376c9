"""Reverse mode: a forward sweep, then the operations from last to first, each giving contributions to its operands.

    v1 = np.sin(x)                 v1 = np.sin(x)
    y = v1 * x                     y = v1 * x
                                   v1_bar = y_bar * x              # y = v1 * x
                                   x_bar = y_bar * v1 + v1_bar * np.cos(x)

A loop is reversed as a loop, a branch as a branch on the same predicate. The reverse sweep is built first; what it
reads of the primal decides what the forward sweep stores. Adjoints are values like any other: their updates are pure,
and the emitter writes them in place where nothing else sees the memory.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import replace
from typing import assert_never

import numpy as np

from s2sad.analysis.activity import active_values
from s2sad.analysis.mask_values import is_mask_value
from s2sad.analysis.masked import mark_masked
from s2sad.analysis.unbounded import unbounded_values
from s2sad.differentiate.matrix_functions import subject
from s2sad.differentiate.reverse.calls import Calls
from s2sad.differentiate.reverse.cancellation import Cancellation, may_be_invariant
from s2sad.differentiate.reverse.levels import Key, Level, leaf_type, leaves_of, undefined
from s2sad.differentiate.reverse.loops import Loops
from s2sad.differentiate.reverse.pairs import Masked, PairOf
from s2sad.differentiate.reverse.primals import LazyExpr
from s2sad.differentiate.tangents import Differential, Names, Path, check_rule, conform, in_dtype, tangent_type
from s2sad.errors import within_rule
from s2sad.ir.backend import NUMPY, Backend
from s2sad.ir.builder import Builder, Expr, Primal
from s2sad.ir.containers import EXTRACT, GETITEM, MAKE, index_items, is_flip, unwidened
from s2sad.ir.primitive import Quantity
from s2sad.ir.primitives.lists import zero
from s2sad.ir.primitives.regions import is_try
from s2sad.ir.trace_names import is_firm
from s2sad.ir.types import BOOL
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
    While,
    constant,
    is_call_of,
    keys_of,
    values_in,
)


class Reverse(Calls, Loops):
    """One function in reverse mode."""

    def __init__(
        self,
        function: Function,
        active: Sequence[bool],
        pair_of: PairOf,
        names: Names,
        backend: Backend = NUMPY,
        masked: Masked = None,
        changing: Collection[int] | None = None,
    ) -> None:
        self.inputs = [p for p, a in zip(function.parameters, active, strict=True) if a]
        super().__init__(function.body, names, active_values(function, self.inputs), pair_of)
        self.backend = backend
        self.function = function
        self.changing = None if changing is None else {function.parameters[k] for k in changing}
        self.cancellation = Cancellation(self.definition, self.stands_for)
        self.masked = masked is not None
        """Whether the cotangent of the result is 0 in parts by a mask."""
        endless = zip(function.parameters, masked or (), strict=False)
        self.unbounded = unbounded_values(function, [p for p, u in endless if u])
        self.completed: dict[If, Value] = {}
        """For each `try`, the further result that says whether its block came to its end."""

    def restart(self) -> None:
        """Forget the adjoints of a sweep, for another one; what the forward sweep keeps serves both."""
        self.level = Level(self.function.body, None)

    def accumulate(self, numbers: Sequence[int]) -> list[Value]:
        """Let the adjoints of inputs begin with sums that are given; these, as parameters."""
        inputs = [self.inputs[k] for k in numbers]
        sums = [Value(tangent_type(p.type), f"{p.hint}_bar", unsure=p.unsure) for p in inputs]
        self.level.totals.update(((p, ()), s) for p, s in zip(inputs, sums, strict=True))
        return sums

    def sweep(self, seed: Operand, builder: Builder, path: Path = ()) -> list[Operand]:
        """Append the reverse sweep for the cotangent of the result, or of an item of it; the adjoints of the inputs."""
        # All contributions to a value come from operations behind it. So where the sweep, going backward, comes to the
        # operation that makes a value, the adjoint of that is complete: the invariant of reverse mode.
        builder.primal = Primal(self.definition, self.stands_for, self.read_for_rule)
        if self.masked:
            builder.masked.add(seed)
        self.contribute(builder, self.function.result, seed, path)
        self.reverse_block(self.function.body, builder)
        bars = []
        for p in self.inputs:
            bar = self.total(builder, p)
            # What the result does not depend on has no sum; its derivative is zero, in the shape of the primal.
            bar = conform(builder, zero(builder, p) if bar is None else bar, p.type)
            bars.append(self.name(bar, f"{p.hint}_bar"))
        return bars

    def trace_names(self) -> dict[Value, tuple[str, bool]]:
        """The numbers of the active trace, for those of its values that are given a line."""
        named = [v for v in values_in(self.active) if v in self.names]
        return {v: (self.names[v], not is_firm(v)) for v in named if v.type.is_numeric and not v.type.rank}

    def forward_operations(self, block: Block) -> list[Operation]:
        """The primal, with what the reverse sweep needs stored."""
        return [new for op in block.operations for new in self.forward_operation(op)]

    # the reverse sweep

    def reverse_block(self, block: Block, builder: Builder) -> None:
        for op in reversed(block.operations):
            if not any(r in self.active for r in op.results):
                continue
            builder.location, builder.about = op.location, (subject(op, self.definition),)
            match op:
                case Apply():
                    self.reverse_apply(op, builder)
                case Call():
                    self.reverse_call(op, builder)
                case If():
                    self.reverse_if(op, builder)
                case For() | While():
                    self.reverse_loop(op, builder)
                case _:
                    assert_never(op)

    def bar(self, value: Value, builder: Builder) -> Operand | None:
        """The complete adjoint of a value, with its name if it has one."""
        total = self.total(builder, value)
        if value not in self.names:
            return total
        return None if total is None else self.name(total, self.hint(value), loose=not is_firm(value))

    def reverse_apply(self, op: Apply, builder: Builder) -> None:
        if op.primitive is EXTRACT:
            self.reverse_extract(op, builder)
            return
        if op.primitive is MAKE:
            self.reverse_make(op, builder)
            return
        g = self.cotangent(op.result, builder)
        bar = self.level.totals.get((op.result, ()))
        if g is None or (may_be_invariant(op) and self.cancellation.vanishes(bar, builder)):
            return
        if op.primitive is GETITEM and op.operands[0].type.is_numeric:
            self.reverse_getitem(op, g, builder)
        else:
            self.reverse_by_rule(op, g, builder)

    def reverse_extract(self, op: Apply, builder: Builder) -> None:
        """The adjoint of an item goes to its place in that of the container."""
        container, key = op.operands[0], op.static["key"]
        for _, path in list(leaves_of(op.result)):
            bar = self.level.totals.get((op.result, path))
            if bar is not None and container in self.active:
                self.contribute(builder, container, bar, (key, *path))

    def reverse_make(self, op: Apply, builder: Builder) -> None:
        """Each item takes its part of the adjoint of the container."""
        for operand, key in zip(op.operands, keys_of(op), strict=True):
            for _, path in list(leaves_of(operand)):
                bar = self.level.totals.get((op.result, (key, *path)))
                if bar is not None and operand in self.active:
                    self.contribute(builder, operand, bar, path)

    def reverse_getitem(self, op: Apply, g: Differential, builder: Builder) -> None:
        """The adjoint of `x[index]` is added at the index; where that takes all of `x`, it is that of `x`."""
        array, index = op.operands
        if array not in self.active:
            return
        assert isinstance(array, Value) and isinstance(g, Expr)
        if array.type.is_scalar:
            self.contribute(builder, array, builder.call(np.sum, g).operand)
            return
        # The adjoint of a read is a store of zeros and g at the index, added: a scatter. It is less where the index is
        # a bijection: no index at all, axes added or turned around.
        place = self.primal(builder, index).operand
        whole = None if g.type.rank is None else unwidened(index.type, g.type.rank)
        if not tuple(index_items(index.type)):
            self.contribute(builder, array, g.operand)
        elif whole is not None:
            self.contribute(builder, array, builder.apply(GETITEM, (g.operand, builder.operand(whole))))
        elif is_flip(index.type):
            self.contribute(builder, array, builder.apply(GETITEM, (g.operand, place)))
        else:
            self.contribute_at(builder, array, place, g.operand)

    def reverse_by_rule(self, op: Apply, g: Differential, builder: Builder) -> None:
        """The contributions that the rule of a primitive gives; an operand that stands there twice gets their sum."""
        check_rule(op, op.primitive.adjoint)
        assert op.primitive.adjoint is not None
        active = tuple(o in self.active for o in op.operands)
        xs = [self.primal(builder, o) for o in op.operands]
        with within_rule(op.primitive.name, op.location):
            contributions = op.primitive.adjoint(g, self.primal(builder, op.result), xs, active, **op.static)
        # `x * x` has two contributions to one value. They are summed in front of the sum so far, so that an update in
        # place is done once.
        # Those to a list or tuple are added one after the other: `+` joins them.
        merged: dict[Operand, Quantity] = {}
        for operand, c, a in zip(op.operands, contributions, active, strict=True):
            if not a or c is None:
                continue
            if operand not in merged:
                merged[operand] = c
            elif operand.type.is_numeric:
                merged[operand] = merged[operand] + c
            else:
                self.contribute_rule(builder, operand, c)
        for operand, c in merged.items():
            self.contribute_rule(builder, operand, c)

    def primal(self, builder: Builder, operand: Operand) -> Expr:
        """A primal operand for a rule, looked up only when the rule reads it."""
        if not isinstance(operand, Value):
            return builder.expr(operand)
        container = self.definition.get(operand)
        if not is_call_of(container, MAKE):
            return LazyExpr(builder, operand, self.read_for_rule, None)
        items = dict(zip(keys_of(container), container.operands, strict=True))
        return LazyExpr(builder, operand, self.read_for_rule, lambda key: self.primal(builder, items[key]))

    def read_for_rule(self, builder: Builder, value: Value) -> Operand:
        """A primal value as the rule finds it, noted where it may be infinite, or is a mask."""
        found = self.read(builder, value)
        if is_mask_value(self.definition.get, value):
            builder.masking.add(found)
        if value in self.unbounded:
            builder.unbounded.add(found)
        return found

    def cotangent(self, y: Value, builder: Builder) -> Differential:
        """The adjoint of a result for its rule: an expression; for a container a tuple with None for zeros."""
        if not y.type.is_container:
            bar = self.bar(y, builder)
            return None if bar is None else builder.expr(bar)
        items = zip(y.type.keys, y.type.items, strict=True)
        parts = [self.part(builder, y, t, (key,)) for key, t in items]
        if all(p is None for p in parts):
            return None
        return tuple(None if p is None else builder.expr(p) for p in parts)

    def contribute_rule(self, builder: Builder, operand: Operand, c: object) -> None:
        if operand.type.is_container and isinstance(c, (tuple, list)):
            for key, item in zip(operand.type.keys, c, strict=True):
                if item is not None:
                    self.contribute(builder, operand, builder.operand(item), (key,))
        else:
            self.contribute(builder, operand, builder.operand(c))

    def reverse_if(self, op: If, builder: Builder) -> None:
        bars = [self.total(builder, r) if r in self.active else None for r in op.results]
        if all(b is None for b in bars):
            return
        bars = [
            b if b is None else self.name(in_dtype(builder, b, r.type), self.hint(r))
            for r, b in zip(op.results, bars, strict=True)
        ]
        # The branch that was taken is the one to reverse, and the predicate is a value of the primal like any other.
        # Both branches must hand on the same sums: what one of them does not touch, it hands on as it was, or as zeros.
        levels = []
        for block in op.blocks:
            inner = builder.child()
            self.level = Level(block, self.level, op)
            for operand, bar in zip(block.results, bars, strict=True):
                if bar is not None and operand in self.active and not self.is_undefined(operand):
                    self.contribute(inner, operand, bar)
            self.reverse_block(block, inner)
            levels.append((self.level, inner))
            assert self.level.outer is not None
            self.level = self.level.outer
        # A dict, not a set: the order of the results is that of the text, and the same in every process.
        keys = dict.fromkeys(key for level, _ in levels for key in level.touched)
        rows = [[self.branch_total(key, level, inner) for key in keys] for level, inner in levels]
        results = [Value(tangent_type(leaf_type(key)), self.hint(key[0])) for key in keys]
        blocks = [inner.block((), row) for (_, inner), row in zip(levels, rows, strict=True)]
        predicate = self.read(builder, self.way_taken(op))
        builder.operations.append(If(predicate, blocks[0], blocks[1], tuple(results), op.location, (op,)))
        for (_, inner), row in zip(levels, rows, strict=True):
            mark_masked(builder, ((inner, bar, r) for bar, r in zip(row, results, strict=True)))
        self.level.totals.update(zip(keys, results, strict=True))

    def way_taken(self, op: If) -> Operand:
        """The predicate of the reversed branch; of a `try`, whether its block came to its end."""
        if not is_try(op):
            return op.predicate
        # The predicate of a `try` is no value that can be read again. Whether the block came to its end is a flag, True
        # as a further result of the block and False of the handler.
        if op not in self.completed:
            flag = self.completed[op] = Value(BOOL, "completed")
            assert self.level.block is not None
            self.owner[flag], self.order[flag] = self.level.block, self.order[op.predicate]
        return self.completed[op]

    def branch_total(self, key: Key, level: Level, inner: Builder) -> Operand:
        """The sum that a branch leaves: updated, or as it was, or zero."""
        if key in level.totals:
            return level.totals[key]
        assert level.outer is not None
        before = self.current_in(inner, key, level.outer)
        return self.zero_at(inner, *key) if before is None else before

    # the forward sweep

    def forward_operation(self, op: Operation) -> list[Operation]:
        match op:
            case Apply():
                return [op]
            case Call():
                return self.forward_call(op)
            case If():
                exported = self.exports.get(op, {})
                # A value of one branch that the reverse sweep reads becomes a result of the branch; the other one gives
                # something undefined for it, which the reversed branch, on the same predicate, never reads.
                then, orelse = (self.export_block(block, list(exported)) for block in op.blocks)
                results = (*op.results, *exported.values())
                if op in self.completed:
                    then = replace(then, results=(*then.results, constant(True)))
                    orelse = replace(orelse, results=(*orelse.results, constant(False)))
                    results = (*results, self.completed[op])
                return [replace(op, then=then, orelse=orelse, results=results)]
            case For() | While():
                return self.forward_loop(op)
            case _:
                assert_never(op)

    def export_block(self, block: Block, exported: list[Value]) -> Block:
        operations = self.forward_operations(block)
        builder = Builder()
        extra = [v if self.owner.get(v) is block else undefined(builder, v.type) for v in exported]
        return Block(block.parameters, (*operations, *builder.operations), (*block.results, *extra))
