"""Calls in reverse mode: the forward sweep of the callee in their place, its reverse sweep where they are reversed.

    y = f(x)      y, f_residuals = f_forward(x)      x_bar = f_reverse(x, f_residuals, y_bar)

There are callees without residuals, and such as give their gradient with the value: see `pairs`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import assert_never

import numpy as np

from s2sad.analysis.masked import is_masked
from s2sad.differentiate.given_rules import given_bars
from s2sad.differentiate.reverse.adjoints import Adjoints
from s2sad.differentiate.reverse.pairs import GivenSweeps, LocalGradient, Pair, PairOf, Sweeps
from s2sad.differentiate.tangents import Names, in_dtype, leaf_paths, pick
from s2sad.ir.builder import Builder
from s2sad.ir.containers import EXTRACT
from s2sad.ir.trace_names import is_firm
from s2sad.ir.values import Apply, Block, Call, Constant, Operand, Operation, Value


class Calls(Adjoints):
    """The calls of a function in reverse mode."""

    def __init__(self, body: Block, names: Names, active: set[Value], pair_of: PairOf) -> None:
        super().__init__(body, names, active)
        self.pair_of = pair_of
        self.pairs: dict[Call, tuple[Pair, Value | None]] = {}
        """The sweeps of the callees of calls that have been reversed, and the residuals of each."""
        self.gradients: dict[Call, list[Value]] = {}
        """What a call of a function with a local gradient gives beside its result."""

    def reverse_call(self, op: Call, builder: Builder) -> None:
        bar = self.total(builder, op.result)
        if bar is None:
            return
        bar = self.name(in_dtype(builder, bar, op.result.type), self.hint(op.result), not is_firm(op.result))
        pair, residuals = self.pair_with_residuals(op, is_masked(builder, bar))
        wanted = [o for o in op.operands if o in self.active]
        match pair:
            case LocalGradient():
                self.scale_gradients(op, pair, wanted, bar, builder)
            case GivenSweeps():
                self.reverse_given(op, pair, residuals, wanted, bar, builder)
            case Sweeps():
                operands = [self.read(builder, (*op.operands, op.result)[k]) for k in pair.places]
                if residuals is not None:
                    operands.append(self.read(builder, residuals))
                # The sums are read before the call and replaced behind it: the callee adds to them in their memory.
                sums = self.sums_of([wanted[k] for k in pair.accumulates], builder)
                bars = builder.call_function(pair.reverse, [*operands, bar, *(s for _, s in sums)])
                updated = {k: v for k, (v, _) in zip(pair.accumulates, sums, strict=True) if v is not None}
                self.contribute_bars(bars, wanted, updated, builder, pair.masked)
            case _:
                assert_never(pair)

    def pair_with_residuals(self, op: Call, masked: bool) -> tuple[Pair, Value | None]:
        """The sweeps of the callee, and the value that holds their residuals if there are any: made once for a call."""
        if op not in self.pairs:
            cut = tuple(o in self.unbounded for o in op.operands) if masked else None
            pair, residuals = self.pair_of(op, tuple(o in self.active for o in op.operands), cut), None
            if isinstance(pair, (Sweeps, GivenSweeps)) and pair.residuals is not None:
                residuals = Value(pair.residuals, f"{op.function.name}_residuals")
                self.stand_beside(op.result, residuals)
            self.pairs[op] = (pair, residuals)
        return self.pairs[op]

    def stand_beside(self, result: Value, further: Value) -> None:
        """Have a further result of the forward sweep be bound where a result of the primal is."""
        self.owner[further], self.order[further] = self.owner[result], self.order[result]

    def reverse_given(
        self,
        op: Call,
        pair: GivenSweeps,
        residuals: Value | None,
        wanted: Sequence[Operand],
        bar: Operand,
        builder: Builder,
    ) -> None:
        """Call a reverse sweep that the user gave; what it gives is brought to the types of the operands."""

        def kept() -> Operand:
            assert residuals is not None
            return self.read(builder, residuals)

        arguments = pair.plan.reverse_arguments(lambda k: self.read(builder, op.operands[k]), kept, bar)
        bars = builder.call_function(pair.reverse, arguments)
        for operand, key in zip(wanted, pair.plan.keys, strict=True):
            for path, leaf in given_bars(builder, bars, key, operand, lambda o: self.read(builder, o)):
                self.contribute(builder, operand, self.name(leaf, self.hint(operand), loose=True), path)

    def contribute_bars(
        self,
        bars: Operand,
        wanted: Sequence[Operand],
        updated: Mapping[int, Value],
        builder: Builder,
        masked: Sequence[bool] = (),
    ) -> None:
        """The adjoints that a reverse sweep gives, to the operands; those which it updated are the sums themselves."""
        parts = [builder.extract(bars, k) if len(wanted) > 1 else bars for k in range(len(wanted))]
        builder.masked.update(part for part, m in zip(parts, masked, strict=False) if m)
        for k, value in updated.items():  # before what is added to the sums: a value may stand twice in the call
            self.level.totals[(value, ())] = self.name(parts[k], self.hint(value))
        for k, operand in enumerate(wanted):
            if k not in updated:
                self.contribute(builder, operand, self.name(parts[k], self.hint(operand), loose=True))

    def sums_of(self, operands: Sequence[Operand], builder: Builder) -> list[tuple[Value | None, Operand]]:
        """The sums that a callee adds to, with the values they belong to; zeros for a value that stands there twice."""
        found: list[tuple[Value | None, Operand]] = []
        for operand in operands:
            assert isinstance(operand, Value)
            before = None
            # f(x, x): the memory of one sum cannot be given away twice. The second place gets zeros, and is added as
            # usual.
            own = None if any(v is operand for v, _ in found) else operand
            if own is not None:
                before = self.current(builder, (own, ()))
            found.append((own, self.zero_at(builder, operand) if before is None else before))
        return found

    def scale_gradients(
        self, op: Call, pair: LocalGradient, wanted: Sequence[Operand], bar: Operand, builder: Builder
    ) -> None:
        """The adjoints of the operands of a call that gave its own gradient: multiples of it."""
        if op not in self.gradients:
            names = [f"{self.hint(o).removesuffix('_bar')}_grad" for o in wanted]
            types = pair.forward.result.items[1:]
            self.gradients[op] = [Value(t, name) for t, name in zip(types, names, strict=True)]
            for gradient in self.gradients[op]:
                self.stand_beside(op.result, gradient)
        # A value times the constant 1 is that value, in its bits.
        one = isinstance(bar, Constant) and bar.value == 1.0
        for operand, gradient in zip(wanted, self.gradients[op], strict=True):
            whole = self.read(builder, gradient)
            for path, leaf in leaf_paths(operand.type):
                g = pick(builder, whole, *path)
                scaled = g if one else in_dtype(builder, builder.call(np.multiply, bar, g).operand, leaf)
                self.contribute(builder, operand, self.name(scaled, self.hint(operand), loose=True), path)

    # the forward sweep

    def forward_call(self, op: Call) -> list[Operation]:
        """The call of the forward sweep of the callee, taken apart into the result and what is kept."""
        if op not in self.pairs:
            return [op]
        pair, residuals = self.pairs[op]
        match pair:
            case LocalGradient():
                return self.forward_local(op, pair)
            case GivenSweeps():
                operands = [op.operands[k] for k in pair.plan.forward]
            case Sweeps():
                if residuals is None:
                    return [replace(op, function=pair.forward)]
                operands = list(op.operands)
            case _:
                assert_never(pair)
        builder = Builder(op.location)
        both = builder.call_function(pair.forward, operands)
        builder.operations.append(Apply(EXTRACT, (both,), op.result, {"key": 0}, op.location))
        if residuals is not None:
            builder.operations.append(Apply(EXTRACT, (both,), residuals, {"key": 1}, op.location))
        return builder.operations

    def forward_local(self, op: Call, pair: LocalGradient) -> list[Operation]:
        """The call of a function that gives its gradient with its value."""
        builder = Builder(op.location)
        both = builder.call_function(pair.forward, op.operands)
        for k, r in enumerate((op.result, *self.gradients[op])):
            builder.operations.append(Apply(EXTRACT, (both,), r, {"key": k}, op.location))
        return builder.operations
