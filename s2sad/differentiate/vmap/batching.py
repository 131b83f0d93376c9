"""Batching: a function of one example as a function of many, along a new first axis.

    y = a @ x + b                 ys = xs @ a.T + b
    z = np.sum(y * y)             zs = np.sum(ys * ys, axis=1)

Each operation on what is batched follows the rule of its family (`rules/batching.py`). One that has no rule, and a
branch or loop that goes another way for each example, stands in a loop over the examples; all else is as it was. So
reverse mode of a batched function, and a batched function of derivatives, are what the other transformations make of
it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import replace
from functools import partial
from typing import assert_never

import numpy as np

from s2sad.analysis.effects import effects_of
from s2sad.differentiate.vmap.batched_values import (
    BatchedValues,
    Flag,
    any_of,
    batched_type,
    flags_of_items,
    for_each,
    joined,
    leaves_unbound,
    named,
)
from s2sad.differentiate.vmap.no_examples import for_no_example
from s2sad.errors import UnsupportedCall
from s2sad.ir.batch_rule import Batched, NoBatchRule, batch_rule
from s2sad.ir.builder import Builder
from s2sad.ir.containers import EXTRACT, GETITEM, MAKE, UNDEFINED
from s2sad.ir.definition import definition_of_call
from s2sad.ir.dims import Dim, new_dim
from s2sad.ir.primitive import Effect
from s2sad.ir.primitives.regions import is_try
from s2sad.ir.rewrite import copied, reads, substitute_operation
from s2sad.ir.types import (
    NONE,
    ArrayType,
    ContainerType,
    SequenceType,
    StaticType,
    Type,
    integer,
    leaves,
    symbols,
)
from s2sad.ir.values import (
    Apply,
    Block,
    Call,
    Effects,
    For,
    Function,
    FunctionRef,
    If,
    Operand,
    Operation,
    Value,
    While,
    constant,
    values_in,
)

BatchedCallee = Callable[[Call, tuple[Flag, ...]], tuple[FunctionRef, Flag]]
"""The function that computes a call for many examples, and the flag of its result."""


class Batch(BatchedValues):
    """One function under batching: its operations, each by its rule or in a loop over the examples."""

    def __init__(self, size: Dim, count: Operand, callee: BatchedCallee) -> None:
        super().__init__(size, count)
        self.callee = callee
        self.looped = False
        """Whether an operation stands in a loop over the examples."""

    # operations

    def run(self, function: Function, builder: Builder) -> None:
        """Append the body of a function whose parameters have been set."""
        self.block(function.body, builder)
        builder.about = ()

    def block(self, block: Block, builder: Builder) -> None:
        for op in block.operations:
            builder.location, builder.about = op.location, op.about
            self.operation(op, builder)

    def operation(self, op: Operation, builder: Builder) -> None:
        read = dict.fromkeys(reads([op]))
        if not any(map(self.many, read)):
            table = {o: self.table[o] for o in read if o in self.table}
            builder.operations.append(substitute_operation(op, table) if table else op)
            self.note(op)
            return
        # A rule may give up half-way. What it appended and noted is undone, and the operation stands in a loop.
        mark, flags, table = len(builder.operations), dict(self.flags), dict(self.table)
        try:
            match op:
                case Apply():
                    self.apply(op, builder)
                case Call():
                    self.call(op, builder)
                case If():
                    self.branch(op, builder)
                case For() | While():
                    self.loop(op, builder)
                case _:
                    assert_never(op)
        except NoBatchRule:
            if effects_of(Block((), (op,), ())) is Effects.DRAWS:
                what = "random numbers that are drawn anew for each example of vmap"
                raise UnsupportedCall(what, "draw standard numbers, and shift and scale them", op.location) from None
            del builder.operations[mark:]
            self.flags, self.table = flags, table
            self.one_by_one(op, builder)

    def apply(self, op: Apply, builder: Builder) -> None:
        if op.primitive is MAKE:
            made = builder.apply(MAKE, [self.get(o) for o in op.operands], op.static, *self.name(op.result))
            self.set(op.result, made, joined([self.flag(o) for o in op.operands]))
            return
        if op.primitive is EXTRACT:
            self.extract(op, builder)
            return
        if op.primitive.effect is Effect.IO or op.primitive.holds or op.primitive is UNDEFINED:
            raise NoBatchRule(op.primitive.name)
        if op.primitive.definition is not None:
            self.written_out(op, builder)
            return
        rule = batch_rule(op.primitive)
        if rule is None:
            raise NoBatchRule(op.primitive.name)
        flags = tuple(map(self.many, op.operands))
        operands = [
            builder.expr(self.whole(o, builder) if f else self.get(o)) for o, f in zip(op.operands, flags, strict=True)
        ]
        types, count = tuple(o.type for o in op.operands), builder.expr(self.count)
        repeat = partial(self.filled, flag=False, builder=builder)
        given = Batched(op.primitive, tuple(operands), flags, types, op.static, count, repeat)
        result = builder.operand(rule(given))
        if given.same_for_all:
            self.table[op.result] = result
            return
        # The last check of a rule: one example has lost or gained an axis where the rule does not know of the case.
        if not same_rank(result.type, batched_type(op.result.type, self.size)):
            raise NoBatchRule(op.primitive.name)
        self.set(op.result, named(builder, result, *self.name(op.result)))

    def written_out(self, op: Apply, builder: Builder) -> None:
        """A call that has a definition, by the operations that it stands for."""
        inner = builder.child()
        result = definition_of_call(op, inner, op.operands)
        for made in inner.operations:
            self.operation(made, builder)
        self.table[op.result], self.flags[op.result] = self.get(result), self.flag(result)

    def extract(self, op: Apply, builder: Builder) -> None:
        container, key = op.operands[0], op.static["key"]
        flag = self.flag(container)
        assert isinstance(container.type, ContainerType)
        item = self.item(builder, self.get(container), key, *self.name(op.result))
        self.set(op.result, item, flags_of_items(flag, container.type)[container.type.keys.index(key)])

    def call(self, op: Call, builder: Builder) -> None:
        reference, flag = self.callee(op, tuple(map(self.flag, op.operands)))
        made = replace(reference, result=batched_type(op.result.type, self.size, flag))
        hint, _ = self.name(op.result)
        result = builder.call_function(made, list(map(self.get, op.operands)), hint)
        self.vague.add(result)
        self.set(op.result, result, flag)

    def branch(self, op: If, builder: Builder) -> None:
        if self.many(op.predicate) or is_try(op):
            raise NoBatchRule("if")  # it may go another way for each example
        inners = []
        for block in op.blocks:
            inner = builder.child()
            self.block(block, inner)
            inners.append(inner)
        # The predicate is the same for all examples, so all take one branch. A result has the axis in both branches or
        # in neither: where one of them gives the same for all, it is repeated.
        many = [any(self.many(b.results[k]) for b in op.blocks) for k in range(len(op.results))]
        blocks = [
            inner.block((), self.widened_all(b.results, op.results, many, inner))
            for inner, b in zip(inners, op.blocks, strict=True)
        ]
        results = tuple(self.fresh(r) if m else r for r, m in zip(op.results, many, strict=True))
        made = replace(op, predicate=self.get(op.predicate), then=blocks[0], orelse=blocks[1], results=results)
        builder.operations.append(made)

    def loop(self, op: For | While, builder: Builder) -> None:
        """A loop that runs alike for all examples; what it carries is batched where one iteration makes it so."""
        bounds = (op.start, op.stop, op.step) if isinstance(op, For) else ()
        if any(map(self.many, bounds)):
            raise NoBatchRule("for")
        n, rows = len(op.initial), op.body.results
        # The least fixed point of the flags: one iteration may make batched what the loop began with as the same for
        # all. Flags only turn from False to True, so that there are at most as many rounds as carried values. What a
        # round appended is dropped with its builder.
        carried = list(map(self.many, op.initial))
        flags, table = dict(self.flags), dict(self.table)
        while True:
            inner, parameters, test = builder.child(), self.parameters(op, carried), None
            if isinstance(op, While):
                test = self.test(op, builder.child(), carried)
            self.block(op.body, inner)
            found = [c or self.many(o) for c, o in zip(carried, rows, strict=False)]
            if found == carried:
                break
            carried = found
            self.flags, self.table = dict(flags), dict(table)
        cut = len(rows) - op.breaks
        if any(map(self.many, rows[cut:])):
            raise NoBatchRule("break")
        collected = list(map(self.many, rows[n:cut]))
        kept = self.widened_all(rows[:n], op.carried, carried, inner)
        kept += [self.whole(o, inner) if m else self.get(o) for o, m in zip(rows[n:], collected, strict=False)]
        body = inner.block(parameters, [*kept, *map(self.get, rows[cut:])])
        initial = tuple(self.widened_all(op.initial, op.carried, carried, builder))
        results = tuple(self.fresh(r) if m else r for r, m in zip(op.results, [*carried, *collected], strict=True))
        if isinstance(op, For):
            start, stop, step = map(self.get, bounds)
            scanned = tuple(self.whole(s, builder) if self.many(s) else self.get(s) for s in op.scanned)
            made: For | While = replace(
                op, start=start, stop=stop, step=step, initial=initial, scanned=scanned, body=body, results=results
            )
        else:
            assert test is not None
            made = replace(op, initial=initial, test=test, body=body, results=results)
        builder.operations.append(made)

    def widened_all(
        self, operands: Sequence[Operand], values: Sequence[Value], many: Sequence[bool], builder: Builder
    ) -> list[Operand]:
        """What stands for operands where values of a loop or branch take them, those with the new axis."""
        rows = zip(operands, values, many, strict=True)
        return [self.widened(o, v.type, builder) if m else self.get(o) for o, v, m in rows]

    def parameters(self, op: For | While, carried: Sequence[bool]) -> list[Value]:
        values = [self.fresh(p) if c else p for p, c in zip(op.carried, carried, strict=True)]
        if not isinstance(op, For):
            return values
        items = [self.fresh(i) if self.many(s) else i for i, s in zip(op.items, op.scanned, strict=True)]
        return [op.index, *values, *items]

    def test(self, op: While, inner: Builder, carried: Sequence[bool]) -> Block:
        values = [self.fresh(p) if c else p for p, c in zip(op.test.parameters, carried, strict=True)]
        self.block(op.test, inner)
        if self.many(op.test.results[0]):
            raise NoBatchRule("while")
        return inner.block(values, [self.get(op.test.results[0])])

    # without a rule

    def arrays(self, operands: Iterable[Operand]) -> list[Operand]:
        """What stands for operands, in the order of their names."""
        return [self.get(o) for o in sorted(operands, key=lambda o: o.hint or "")]

    def one_by_one(self, op: Operation, builder: Builder) -> None:
        """An operation in a loop over the examples, its results stacked."""
        self.looped = True
        kept = [r for r in op.results if r.type != NONE]
        read = dict.fromkeys(reads([op]))
        known = set().union(*(symbols(o.type) for o in read))
        if not all(has_ranks(r.type) and symbols(r.type) <= known for r in kept):
            raise NoBatchRule("a list, or an array whose shape may differ between the examples")
        # To stack what may be unbound would read it.
        if leaves_unbound(op):
            raise NoBatchRule("a branch that leaves an array unbound")
        # A loop of no iterations tells no shape: the results are empty arrays of the shape that the types tell.
        if self.size == 0:
            for r in kept:
                self.set(r, for_no_example(builder, r.type, self.arrays(read)))
            return
        index = Value(integer(new_dim("i")), None)
        inner = builder.child()
        table: dict[Operand, Operand] = {o: self.table[o] for o in read if o in self.table}
        # By name, so that the text is the same in every process; and each example is taken once, in front.
        for v in sorted(filter(self.many, values_in(read)), key=lambda v: v.hint or ""):
            table[v] = example(self.get(v), self.flag(v), index, inner, v.hint)
        table |= copied(Block((), (op,), ()))
        inner.operations.append(substitute_operation(op, table))
        self.stacked(inner, index, [(r, table[r]) for r in kept], builder)

    def stacked(self, inner: Builder, index: Value, results: Sequence[tuple[Value, Operand]], builder: Builder) -> None:
        """The results of a loop over the examples in arrays."""
        found = [leaf for _, made in results for leaf in leaves_in(inner, made)]
        lists = [Value(SequenceType(o.type, self.size)) for o in found]
        trips = constant(0), self.count, constant(1)
        body = inner.block([index], found)
        builder.operations.append(For(*trips, (), (), body, tuple(lists), location=inner.location, about=inner.about))
        rest = iter([builder.call(np.array, v).operand for v in lists])
        for r, _ in results:
            self.set(r, named(builder, rebuilt(builder, r.type, rest), *self.name(r)))


def example(operand: Operand, flag: Flag, index: Value, builder: Builder, hint: str | None) -> Operand:
    """What one example has of a batched operand."""
    t = operand.type
    if not any_of(flag):
        return operand
    match t:
        case ContainerType():
            pairs = zip(t.keys, flags_of_items(flag, t), strict=True)
            items = [example(builder.extract(operand, k), f, index, builder, None) for k, f in pairs]
            return builder.make(t.cls, t.keys, items, hint)
        case SequenceType():
            return for_each(builder, operand, lambda item, inner: example(item, True, index, inner, None), hint)
        case ArrayType():
            return builder.apply(GETITEM, (operand, index), None, hint)
        case StaticType():
            return operand
    raise NoBatchRule(f"{t}")


def same_rank(a: Type, b: Type) -> bool:
    """Whether a batched result is what it should be: containers alike, arrays of one rank."""
    match a, b:
        case ContainerType(), ContainerType():
            return a.keys == b.keys and all(map(same_rank, a.items, b.items))
        case _:
            return type(a) is type(b) and a.rank == b.rank


def is_stackable(t: Type) -> bool:
    """Whether values of a type can be items of an array, if they have one shape."""
    return all(leaf.is_numeric for leaf in leaves(t))


def has_ranks(t: Type) -> bool:
    """Whether the ranks of all arrays are known."""
    return all(leaf.shape is not None for leaf in leaves(t))


def leaves_in(builder: Builder, operand: Operand) -> list[Operand]:
    """The arrays in a container."""
    t = operand.type
    if t.is_container:
        return [leaf for k in t.keys for leaf in leaves_in(builder, builder.extract(operand, k))]
    return [operand]


def rebuilt(builder: Builder, t: Type, leaves: Iterator[Operand]) -> Operand:
    """A container of a type with these arrays in it."""
    if isinstance(t, ContainerType):
        return builder.make(t.cls, t.keys, [rebuilt(builder, i, leaves) for i in t.items])
    return next(leaves)


def counted(builder: Builder, operand: Operand, flag: Flag) -> Operand | None:
    """The number of examples, from an array that holds all; None where an operand has none."""
    t = operand.type
    if isinstance(t, ContainerType) and any_of(flag):
        pairs = zip(t.keys, flags_of_items(flag, t), strict=True)
        found = (counted(builder, builder.extract(operand, k), f) for k, f in pairs)
        return next((c for c in found if c is not None), None)
    return builder.call(len, operand).operand if isinstance(t, ArrayType) and flag is True else None


def batched(
    function: Function, flags: Sequence[Flag], callee: BatchedCallee, name: str, uniform: Callable[[], bool]
) -> tuple[Function, Flag]:
    """`f_batch(*parameters)`: a function for many examples, where the flagged parameters are there for each.

    The flag of its result; where it has to be `uniform`, True.
    """
    size, builder = new_dim("n"), Builder()
    parameters = [Value(batched_type(p.type, size, f), p.hint) for p, f in zip(function.parameters, flags, strict=True)]
    found = (counted(builder, p, f) for p, f in zip(parameters, flags, strict=True))
    count = next((c for c in found if c is not None), None)
    if count is None:
        raise NoBatchRule(f"a call of {function.name} by lists alone")
    batch = Batch(size, count, callee)
    for p, new, f in zip(function.parameters, parameters, flags, strict=True):
        batch.set(p, new, f)
    batch.run(function, builder)
    flag = True if uniform() else batch.flag(function.result)
    result = batch.whole(function.result, builder) if flag is True else batch.get(function.result)
    return Function(name, builder.block(parameters, [result]), function.doc), flag
