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

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from typing import Any, assert_never

import numpy as np

from s2sad.analysis.activity import active_values
from s2sad.differentiate.given_rules import Plan, given_bars
from s2sad.differentiate.reverse.adjoints import Adjoints, Frame, Key, item_type, leaf_type, leaves_of, undefined
from s2sad.differentiate.reverse.pairs import Pair, PairOf
from s2sad.differentiate.reverse.primals import LazyExpr
from s2sad.differentiate.reverse.storage import allocated
from s2sad.differentiate.tangents import (
    Names,
    Path,
    check_rule,
    conform,
    in_dtype,
    leaf_paths,
    pick,
    tangent_type,
)
from s2sad.errors import located
from s2sad.ir.backend import NUMPY, Backend
from s2sad.ir.builder import Builder, Expr
from s2sad.ir.containers import EXTRACT, GETITEM, MAKE, UNDEFINED, index_items, is_flip, unwidened
from s2sad.ir.dims import new_dim
from s2sad.ir.primitive import lookup, required
from s2sad.ir.primitives.lists import REVERSED_ITEMS, zero
from s2sad.ir.primitives.regions import is_try
from s2sad.ir.types import BOOL, INT, ArrayType, ContainerType, SequenceType, integer
from s2sad.ir.values import (
    Apply,
    Block,
    Call,
    Constant,
    For,
    Function,
    If,
    Operand,
    Operation,
    Value,
    While,
    constant,
    is_int,
)


class Reverse(Adjoints):
    """One function in reverse mode."""

    def __init__(
        self, function: Function, active: Sequence[bool], pair_of: PairOf, names: Names, backend: Backend = NUMPY
    ) -> None:
        super().__init__(function.body, names)
        self.backend = backend
        self.function = function
        self.pair_of = pair_of
        self.inputs = [p for p, a in zip(function.parameters, active, strict=True) if a]
        self.active = active_values(function, self.inputs)
        self.pairs: dict[Call, tuple[Pair, Value | None]] = {}
        self.gradients: dict[Call, list[Value]] = {}
        """What a call of a function with a local gradient gives beside its result."""
        self.completed: dict[If, Value] = {}
        """For each `try`, the further result that says whether its block came to its end."""

    def restart(self) -> None:
        """Forget the adjoints of a sweep, for another one; what the forward sweep keeps serves both."""
        self.frame = Frame(self.function.body, None)

    def accumulate(self, numbers: Sequence[int]) -> list[Value]:
        """Let the adjoints of inputs begin with sums that are given; these, as parameters."""
        inputs = [self.inputs[k] for k in numbers]
        sums = [Value(tangent_type(p.type), f"{p.hint}_bar") for p in inputs]
        self.frame.totals.update(((p, ()), s) for p, s in zip(inputs, sums, strict=True))
        return sums

    def sweep(self, seed: Operand, builder: Builder, path: Path = ()) -> list[Operand]:
        """Append the reverse sweep for the cotangent of the result, or of an item of it; the adjoints of the inputs."""
        self.contribute(builder, self.function.result, seed, path)
        self.reverse_block(self.function.body, builder)
        bars = []
        for p in self.inputs:
            bar = self.total(builder, p)
            bar = conform(builder, zero(builder, p) if bar is None else bar, p.type)
            bars.append(self.name(bar, f"{p.hint}_bar"))
        return bars

    def trace_names(self) -> dict[Value, tuple[str, bool]]:
        """The names that give a step of the active trace a line of its own in the forward sweep.

        An array that the reverse sweep does not read may stand in an expression instead, so that its memory is free.
        """
        named = [v for v in self.active if isinstance(v, Value) and v in self.names]
        return {v: (self.names[v], False) for v in named if isinstance(v.type, ArrayType) and v.type.rank in (0, None)}

    def forward_operations(self, block: Block) -> list[Operation]:
        """The primal, with what the reverse sweep needs stored."""
        return [new for op in block.operations for new in self.forward_operation(op)]

    # the reverse sweep

    def reverse_block(self, block: Block, builder: Builder) -> None:
        for op in reversed(block.operations):
            if not any(r in self.active for r in op.results):
                continue
            builder.location, builder.about = op.location, (op, *self.spelled_within(op), *self.items_of(op))
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

    def spelled_within(self, op: Operation) -> Iterator[Apply]:
        """The operations of unnamed operands that a comment spells out: lists, slices, index tuples."""
        for o in op.operands if isinstance(op, (Apply, Call)) else ():
            made = self.definition.get(o) if isinstance(o, Value) and o not in self.names else None
            if isinstance(made, Apply):
                yield made
                yield from self.spelled_within(made)

    def items_of(self, op: Operation) -> list[Apply]:
        """The operations that take what a call returns apart: a comment names its items."""
        return self.extracts.get(op.result, []) if isinstance(op, Call) else []

    def bar(self, value: Value, builder: Builder) -> Operand | None:
        """The complete adjoint of a value, with its name if it has one."""
        total = self.total(builder, value)
        if value not in self.names:
            return total
        return None if total is None else self.name(total, self.hint(value))

    def reverse_apply(self, op: Apply, builder: Builder) -> None:
        y = op.result
        if op.primitive is EXTRACT:
            container, key = op.operands[0], op.static["key"]
            for _, path in list(leaves_of(y)):
                bar = self.frame.totals.get((y, path))
                if bar is not None and container in self.active:
                    self.contribute(builder, container, bar, (key, *path))
            return
        if op.primitive is MAKE:
            for operand, key in zip(op.operands, op.static["keys"], strict=True):  # type: ignore[call-overload]
                for _, path in list(leaves_of(operand)):
                    bar = self.frame.totals.get((y, (key, *path)))
                    if bar is not None and operand in self.active:
                        self.contribute(builder, operand, bar, path)
            return
        g = self.cotangent(y, builder)
        if g is None:
            return
        if op.primitive is GETITEM and isinstance(op.operands[0].type, ArrayType):
            array, index = op.operands
            if array in self.active:
                assert isinstance(array, Value) and isinstance(array.type, ArrayType)
                if array.type.is_scalar:
                    self.contribute(builder, array, builder.call(np.sum, g).operand)
                    return
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
            return
        check_rule(op, op.primitive.adjoint)
        assert op.primitive.adjoint is not None
        active = tuple(o in self.active for o in op.operands)
        xs = [self.primal(builder, o) for o in op.operands]
        with located(op.location):
            contributions = op.primitive.adjoint(g, self.primal(builder, y), xs, active, **op.static)
        merged: dict[Operand, Any] = {}
        for operand, c, a in zip(op.operands, contributions, active, strict=True):
            if a and c is not None:
                twice = operand in merged and not isinstance(c, (tuple, list))
                merged[operand] = merged[operand] + c if twice else c
        for operand, c in merged.items():
            self.contribute_rule(builder, operand, c)

    def primal(self, builder: Builder, operand: Operand) -> Expr:
        """A primal operand for a rule, looked up only when the rule reads it."""
        if not isinstance(operand, Value):
            return builder.expr(operand)
        container = self.definition.get(operand)
        if not isinstance(container, Apply) or container.primitive is not MAKE:
            return LazyExpr(builder, operand, self.read, None)
        items = dict(zip(container.static["keys"], container.operands, strict=True))  # type: ignore[call-overload]
        return LazyExpr(builder, operand, self.read, lambda key: self.primal(builder, items[key]))

    def cotangent(self, y: Value, builder: Builder) -> Any:
        """The adjoint of a result for its rule: an expression; for a container a tuple with None for zeros."""
        if not isinstance(y.type, ContainerType):
            bar = self.bar(y, builder)
            return None if bar is None else builder.expr(bar)
        parts = [self.frame.totals.get((y, (key,))) for key in y.type.keys]
        if all(p is None for p in parts):
            return None
        return tuple(None if p is None else builder.expr(p) for p in parts)

    def contribute_rule(self, builder: Builder, operand: Operand, c: Any) -> None:
        if isinstance(operand.type, ContainerType) and isinstance(c, (tuple, list)):
            for key, item in zip(operand.type.keys, c, strict=True):
                if item is not None:
                    self.contribute(builder, operand, builder.operand(item), (key,))
        else:
            self.contribute(builder, operand, builder.operand(c))

    def reverse_call(self, op: Call, builder: Builder) -> None:
        bar = self.total(builder, op.result)
        if bar is None:
            return
        bar = self.name(in_dtype(builder, bar, op.result.type), self.hint(op.result))
        given = tuple(o in self.active for o in op.operands)
        if op not in self.pairs:
            pair = self.pair_of(op, given)
            residuals = None if pair.residuals is None else Value(pair.residuals, f"{op.function.name}_residuals")
            self.pairs[op] = (pair, residuals)
            if residuals is not None:
                self.owner[residuals], self.order[residuals] = self.owner[op.result], self.order[op.result]
        pair, residuals = self.pairs[op]
        wanted = [o for o, a in zip(op.operands, given, strict=True) if a]
        if pair.local:
            self.scale_gradients(op, pair, wanted, bar, builder)
            return
        if pair.plan is not None:
            bars: Operand = builder.call_function(pair.reverse, self.planned(pair.plan, op, residuals, bar, builder))
            for operand, key in zip(wanted, pair.plan.keys, strict=True):
                for path, leaf in given_bars(builder, bars, key, operand, lambda o: self.read(builder, o)):
                    self.contribute(builder, operand, self.name(leaf, self.hint(operand), loose=True), path)
            return
        operands = [bar] if residuals is None else [self.read(builder, residuals), bar]
        if pair.again:
            operands = [*(self.read(builder, o) for o in op.operands), bar]
        sums = self.sums_of([wanted[k] for k in pair.accumulates], builder)
        bars = builder.call_function(pair.reverse, [*operands, *(s for _, s in sums)])
        updated = {k: value for k, (value, _) in zip(pair.accumulates, sums, strict=True) if value is not None}
        parts = [builder.extract(bars, k) if len(wanted) > 1 else bars for k in range(len(wanted))]
        for k, value in updated.items():  # before what is added to the sums: a value may stand twice in the call
            self.frame.totals[(value, ())] = self.name(parts[k], self.hint(value))
        for k, operand in enumerate(wanted):
            if k not in updated:
                self.contribute(builder, operand, self.name(parts[k], self.hint(operand), loose=True))

    def sums_of(self, operands: Sequence[Operand], builder: Builder) -> list[tuple[Value | None, Operand]]:
        """The sums that a callee adds to, with the values they belong to; zeros for a value that stands there twice."""
        found: list[tuple[Value | None, Operand]] = []
        for operand in operands:
            assert isinstance(operand, Value)
            before = None
            own = None if any(v is operand for v, _ in found) else operand
            if own is not None:
                before = self.current(builder, (own, ()))
                builder.about = (*self.frame.reasons.pop((own, ()), ()), *builder.about)
            found.append((own, self.zero_at(builder, operand) if before is None else before))
        return found

    def scale_gradients(self, op: Call, pair: Pair, wanted: list[Operand], bar: Operand, builder: Builder) -> None:
        """The adjoints of the operands of a call that gave its own gradient: multiples of it."""
        if op not in self.gradients:
            assert isinstance(pair.forward.result, ContainerType)
            names = [f"{self.hint(o).removesuffix('_bar')}_grad" for o in wanted]
            types = pair.forward.result.items[1:]
            self.gradients[op] = [Value(t, name) for t, name in zip(types, names, strict=True)]
            for made in self.gradients[op]:
                self.owner[made], self.order[made] = self.owner[op.result], self.order[op.result]
        one = isinstance(bar, Constant) and bar.value == 1.0
        for operand, gradient in zip(wanted, self.gradients[op], strict=True):
            whole = self.read(builder, gradient)
            for path, leaf in leaf_paths(operand.type):
                g = pick(builder, whole, *path)
                scaled = g if one else in_dtype(builder, builder.call(np.multiply, bar, g).operand, leaf)
                self.contribute(builder, operand, self.name(scaled, self.hint(operand), loose=True), path)

    def planned(self, plan: Plan, op: Call, residuals: Value | None, bar: Operand, builder: Builder) -> list[Operand]:
        """The arguments of a reverse sweep that the user gave."""

        def kept() -> Operand:
            assert residuals is not None
            return self.read(builder, residuals)

        return plan.reverse_arguments(lambda k: self.read(builder, op.operands[k]), kept, bar)

    def reverse_if(self, op: If, builder: Builder) -> None:
        bars = [self.total(builder, r) if r in self.active else None for r in op.results]
        if all(b is None for b in bars):
            return
        bars = [
            b if b is None else self.name(in_dtype(builder, b, r.type), self.hint(r))
            for r, b in zip(op.results, bars, strict=True)
        ]
        frames = []
        for block in op.blocks:
            inner = builder.child()
            self.frame = Frame(block, self.frame, op)
            for operand, bar in zip(block.results, bars, strict=True):
                if bar is not None and operand in self.active and not self.is_undefined(operand):
                    self.contribute(inner, operand, bar)
            self.reverse_block(block, inner)
            frames.append((self.frame, inner))
            assert self.frame.outer is not None
            self.frame = self.frame.outer
        keys = dict.fromkeys(key for frame, _ in frames for key in frame.touched)
        rows = [[self.branch_total(key, frame, inner) for key in keys] for frame, inner in frames]
        results = [Value(tangent_type(leaf_type(key)), self.hint(key[0])) for key in keys]
        blocks = [inner.block((), row) for (_, inner), row in zip(frames, rows, strict=True)]
        predicate = self.read(builder, self.way_taken(op))
        builder.operations.append(If(predicate, blocks[0], blocks[1], tuple(results), op.location, (op,)))
        self.frame.totals.update(zip(keys, results, strict=True))

    def way_taken(self, op: If) -> Operand:
        """The predicate of the reversed branch; of a `try`, whether its block came to its end."""
        if not isinstance(op.predicate, Value) or not is_try(self.definition.get(op.predicate)):
            return op.predicate
        if op not in self.completed:
            flag = self.completed[op] = Value(BOOL, "completed")
            assert self.frame.block is not None
            self.owner[flag], self.order[flag] = self.frame.block, self.order[op.predicate]
        return self.completed[op]

    def branch_total(self, key: Key, frame: Frame, inner: Builder) -> Operand:
        """The sum that a branch leaves: updated, or as it was, or zero."""
        if key in frame.totals:
            return frame.totals[key]
        assert frame.outer is not None
        before = self._current(inner, key, frame.outer)
        return self.zero_at(inner, *key) if before is None else before

    def is_undefined(self, operand: Operand) -> bool:
        op = self.definition.get(operand) if isinstance(operand, Value) else None
        return isinstance(op, Apply) and op.primitive is UNDEFINED

    def reverse_loop(self, op: For | While, builder: Builder) -> None:
        n = len(op.initial)
        carried = [k for k in range(n) if op.carried[k] in self.active or op.results[k] in self.active]
        starts = [self.total_or_zero(builder, op.results[k]) for k in carried]
        lists = {
            k: self.total(builder, op.results[k]) for k in range(n, len(op.results)) if op.results[k] in self.active
        }
        inner = builder.child()
        frame = self.frame = Frame(op.body, self.frame, op)
        index = Value(op.index.type, op.index.hint) if isinstance(op, For) else Value(integer(new_dim("i")))
        if isinstance(op, For) and not op.breaks:
            frame.replaced[op.index] = index
        hints = [self.hint(op.carried[k]) for k in carried]
        parameters = [Value(tangent_type(op.carried[k].type), h) for k, h in zip(carried, hints, strict=True)]
        item_bars = {k: Value(tangent_type(item_type(lists[k])), None) for k, bar in lists.items() if bar is not None}
        for k, p in zip(carried, parameters, strict=True):
            self.contribute_active(inner, op.body.results[k], p)
        for k, p in item_bars.items():
            self.contribute_active(inner, op.body.results[k], p)
        self.reverse_block(op.body, inner)
        yields = [self.name(self.total_or_zero(inner, op.carried[k]), self.hint(op.carried[k])) for k in carried]
        collected = self.collected_items(op, inner)
        assert frame.outer is not None
        self.frame = frame.outer
        self.finish_loop(
            op,
            builder,
            inner,
            frame,
            index,
            carried,
            starts,
            parameters,
            yields,
            [(lists[k], p) for k, p in item_bars.items()],
            collected,
        )

    def finish_loop(
        self,
        op: For | While,
        builder: Builder,
        inner: Builder,
        frame: Frame,
        index: Value,
        carried: list[int],
        starts: list[Operand],
        parameters: list[Value],
        yields: list[Operand],
        item_bars: list[tuple[Any, Value]],
        collected: list[tuple[Operand, Operand]],
    ) -> None:
        """Append the reversed loop, and hand its results to the frame around it."""
        keys = list(frame.touched)
        sums = [v for v in (frame.touched[k] for k in keys) if isinstance(v, Value)]
        initial = [self.outer_start(builder, key) for key in keys]
        finals = [frame.totals[k] for k in keys]
        kept = self.sorted(frame.scanned)
        sources = [frame.sources[v] for v in kept]
        items = [frame.scanned[v] for v in kept]
        trips, reverse = self.trips(op, frame, builder)
        results = [Value(p.type, p.hint) for p in (*parameters, *sums)]
        lists = [Value(SequenceType(o.type, new_dim("k")), None) for _, o in collected]
        body = inner.block(
            [index, *parameters, *sums, *items, *(p for _, p in item_bars)],
            [*yields, *finals, *(o for _, o in collected)],
        )
        scans = [self.read(builder, s) for s, _ in sources]
        ascending = (*(a for _, a in sources), *(False for _ in item_bars))
        builder.operations.append(
            For(
                *trips,
                (*starts, *initial),
                (*scans, *(s for s, _ in item_bars)),
                body,
                (*results, *lists),
                reverse,
                False,
                op.location,
                (op,),
                ascending,
            )
        )
        m = len(parameters)
        for key, r in zip(keys, results[m:], strict=True):
            self.frame.totals[key] = r
        for k, r in zip(carried, results[:m], strict=True):
            self.contribute_active(builder, op.initial[k], r)
        for (sequence, _), r in zip(collected, lists, strict=True):
            k = op.scanned.index(sequence) if isinstance(op, For) else 0
            if isinstance(op, For) and op.is_ascending(k):
                self.contribute_active(builder, sequence, builder.apply(REVERSED_ITEMS, (r,)))
            else:
                self.contribute_active(builder, sequence, r)

    def contribute_active(self, builder: Builder, operand: Operand, bar: Operand) -> None:
        if operand in self.active and not self.is_undefined(operand):
            self.contribute(builder, operand, bar)

    def total_or_zero(self, builder: Builder, value: Value) -> Operand:
        total = self.total(builder, value)
        return self.zero_at(builder, value) if total is None else total

    def outer_start(self, builder: Builder, key: Key) -> Operand:
        before = self.current(builder, key)
        return self.zero_at(builder, *key) if before is None else before

    def collected_items(self, op: For | While, inner: Builder) -> list[tuple[Operand, Operand]]:
        """The adjoints of the items that a loop scanned, to be collected into the adjoints of its sequences."""
        if not isinstance(op, For):
            return []
        pairs = zip(op.scanned, op.items, strict=True)
        return [(s, self.total_or_zero(inner, item)) for s, item in pairs if item in self.active]

    def trips(self, op: For | While, frame: Frame, builder: Builder) -> tuple[tuple[Operand, Operand, Operand], bool]:
        """The range of the reversed loop, and whether it runs backward."""
        if isinstance(op, For) and not op.breaks:
            start, step = self.read(builder, op.start), self.read(builder, op.step)
            return (start, self.length_again(op, builder), step), not op.reverse
        return (constant(0), self.read(builder, self.count(op, frame)), constant(1)), False

    def length_again(self, op: For, builder: Builder) -> Operand:
        """The end of a loop's range; where that is the length of an array, that of what is in its variable later."""
        made = self.definition.get(op.stop) if isinstance(op.stop, Value) and op.stop.hint is None else None
        array = made.operands[0] if isinstance(made, Apply) and made.primitive is lookup(len) else None
        if not isinstance(array, Value) or self.owner.get(array) is not self.frame.block:
            return self.read(builder, op.stop)
        later = self.latest(array)
        if later is array:
            return self.read(builder, op.stop)
        return builder.call(len, self.read(builder, later)).operand

    def latest(self, array: Value) -> Value:
        """The array behind the last loop or store of its block that writes into it."""
        block = self.owner.get(array)
        for op in block.operations if block is not None else ():
            pairs: Iterable[tuple[Operand, Value]] = ()
            if isinstance(op, (For, While)):
                pairs = zip(op.initial, op.results, strict=False)
            elif isinstance(op, Apply) and op.primitive.update is not None:
                pairs = [(op.operands[0], op.result)]
            array = next((r for o, r in pairs if o is array and r.type == array.type), array)
        return array

    def count(self, op: For | While, frame: Frame) -> Value:
        """How many iterations a loop had: what it counts itself, or a number that the forward sweep counts."""
        for start, p, end, result in zip(op.initial, op.carried, op.body.results, op.results, strict=False):
            made = self.definition.get(end) if isinstance(end, Value) and self.owner.get(end) is op.body else None
            added = isinstance(made, Apply) and made.primitive is lookup(np.add) and made.operands[0] is p
            if isinstance(made, Apply) and added and is_int(start, 0) and is_int(made.operands[1], 1):
                return result
        if op not in self.counts:
            self.counts[op] = Value(INT, "count", True)
            assert frame.outer is not None and frame.outer.block is not None
            self.owner[self.counts[op]] = frame.outer.block
            self.order[self.counts[op]] = self.order[op.body.parameters[0]] if op.body.parameters else 0
        return self.counts[op]

    # the forward sweep

    def forward_operation(self, op: Operation) -> list[Operation]:
        match op:
            case Apply():
                return [op]
            case Call():
                return self.forward_call(op)
            case If():
                exported = self.exports.get(op, {})
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

    def forward_loop(self, op: For | While) -> list[Operation]:
        """A loop that collects lists, and carries arrays, of what the reverse sweep needs."""
        lists = self.collects.get(op, {})
        collects = {v: lists[v] for v in self.sorted(lists)}
        arrays = [self.saved[v] for v in self.sorted(self.saved) if op in self.saved[v].nest]
        before = Builder(op.location)
        initial: list[Operand] = []
        parameters: list[Value] = []
        if isinstance(op, For):
            parameters = [kept.enter(op) for kept in arrays]
            initial = [kept.initial(op) or allocated(kept, before, self.dependence) for kept in arrays]
        operations = self.forward_operations(op.body)
        yields: list[Operand] = [kept.yielded(op, operations, op.location) for kept in arrays if isinstance(op, For)]
        finals = [kept.final(op) for kept in arrays if isinstance(op, For)]
        if op in self.counts:
            counter = Builder(op.location)
            parameters = [*parameters, Value(INT, "count")]
            initial.append(constant(0))
            yields.append(counter.apply(required(np.add), (parameters[-1], constant(1)), None, "count"))
            operations[:0] = counter.operations
            finals.append(self.counts[op])
        n, rows, own = len(op.initial), op.body.results, op.body.parameters
        cut = len(rows) - op.breaks
        first = n + isinstance(op, For)
        body = Block(
            (*own[:first], *parameters, *own[first:]),
            tuple(operations),
            (*rows[:n], *yields, *rows[n:cut], *collects, *rows[cut:]),
        )
        results = (*op.results[:n], *finals, *op.results[n:], *collects.values())
        new = replace(op, initial=(*op.initial, *initial), body=body, results=results)
        if isinstance(new, While) and parameters:
            seen = [Value(p.type, p.hint) for p in parameters]
            new = replace(new, test=replace(new.test, parameters=(*new.test.parameters, *seen)))
        return [*before.operations, new]

    def forward_call(self, op: Call) -> list[Operation]:
        if op not in self.pairs:
            return [op]
        pair, residuals = self.pairs[op]
        if pair.local:
            return self.forward_local(op, pair)
        if residuals is None and pair.plan is None:
            return [replace(op, function=pair.forward)]
        builder = Builder(op.location)
        operands = op.operands if pair.plan is None else [op.operands[k] for k in pair.plan.forward]
        both = builder.call_function(pair.forward, operands)
        builder.operations.append(Apply(EXTRACT, (both,), op.result, {"key": 0}, op.location))
        if residuals is not None:
            builder.operations.append(Apply(EXTRACT, (both,), residuals, {"key": 1}, op.location))
        return builder.operations

    def forward_local(self, op: Call, pair: Pair) -> list[Operation]:
        """The call of a function that gives its gradient with its value."""
        builder = Builder(op.location)
        both = builder.call_function(pair.forward, op.operands)
        for k, r in enumerate((op.result, *self.gradients[op])):
            builder.operations.append(Apply(EXTRACT, (both,), r, {"key": k}, op.location))
        return builder.operations
