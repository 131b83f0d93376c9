"""Forward mode: each operation is followed by its tangent, `v_dot`, in the same program.

    v1 = np.sin(x)                 v1 = np.sin(x)
                                   v1_dot = np.cos(x) * x_dot
Loops carry the tangents of what they carry. A value without tangent (None) does not depend on the inputs.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import assert_never

from s2sad.analysis.activity import active_values
from s2sad.differentiate.given_rules import TangentRule, given_dot
from s2sad.differentiate.tangents import (
    as_dots,
    check_rule,
    conform,
    pick,
    tangent_type,
)
from s2sad.errors import within_rule
from s2sad.ir.builder import Builder, Primal
from s2sad.ir.containers import EXTRACT, MAKE, UNDEFINED
from s2sad.ir.primitives.lists import zero
from s2sad.ir.rewrite import renamed
from s2sad.ir.trace_names import is_firm
from s2sad.ir.types import ContainerType
from s2sad.ir.values import (
    Apply,
    Block,
    Call,
    For,
    Function,
    FunctionRef,
    If,
    Operand,
    Operation,
    Value,
    While,
    is_call_of,
    makers,
    walk,
)

TangentCallee = Callable[[Call, tuple[bool, ...]], "FunctionRef | TangentRule"]
"""The function that gives (result, result_dot) of a callee, for operands of which some have tangents."""


def jvp(function: Function, active: Sequence[bool], callee: TangentCallee) -> Function:
    """`f_jvp(*parameters, *x_dots) -> (result, result_dot)`; `active` says which parameters have a tangent."""
    return Forward(function, active, callee).run()


class Forward:
    """One function in forward mode. `dots` maps a value to its tangent."""

    def __init__(self, function: Function, active: Sequence[bool], callee: TangentCallee) -> None:
        self.function = function
        self.callee = callee
        self.inputs = [p for p, a in zip(function.parameters, active, strict=True) if a]
        self.active = active_values(function, self.inputs)
        self.dots: dict[Operand, Operand] = {}
        self.hints: dict[Value, tuple[str, bool]] = {}

    def run(self) -> Function:
        builder = Builder()
        builder.primal = Primal(makers(walk(self.function.body)), {}, lambda builder, value: value)
        seeds = [Value(tangent_type(p.type), f"{p.hint}_dot") for p in self.inputs]
        self.dots.update(zip(self.inputs, seeds, strict=True))
        self.block(self.function.body, builder)
        result = self.function.result
        dot = conform(builder, self.dot(result, builder), result.type)
        pair = builder.tuple([result, dot])
        body = builder.block([*self.function.parameters, *seeds], [pair])
        doc = f"The value of {self.function.name}, and its derivative along tangents of its arguments."
        return renamed(Function(f"{self.function.name}_jvp", body, doc), self.hints)

    def dot(self, operand: Operand, builder: Builder) -> Operand:
        """The tangent, zeros where there is none."""
        # No tangent and a tangent of zero are one thing; zeros are made only where something has to stand.
        known = self.dots.get(operand)
        return zero(builder, operand) if known is None else known

    def hint(self, value: Value) -> str:
        name = value.hint or "v"
        return f"{name.rstrip('_') or name}_dot"

    def block(self, block: Block, builder: Builder) -> None:
        for op in block.operations:
            builder.location, builder.about = op.location, ()
            self.operation(op, builder)

    def operation(self, op: Operation, builder: Builder) -> None:
        if not any(r in self.active for r in op.results) and not op.blocks:
            builder.operations.append(op)
            return
        match op:
            case Apply():
                builder.operations.append(op)
                self.apply(op, builder)
            case Call():
                self.call(op, builder)
            case If():
                self.branch(op, builder)
            case For() | While():
                self.loop(op, builder)
            case _:
                assert_never(op)

    def apply(self, op: Apply, builder: Builder) -> None:
        # None of its operands moves: the result has no tangent, which is cheaper than one of zeros and means the same.
        if all(o not in self.dots for o in op.operands):
            return
        check_rule(op, op.primitive.tangent)
        xs = [builder.expr(o) for o in op.operands]
        dots = [as_dots(builder, o, self.dots.get(o)) for o in op.operands]
        if op.primitive in (MAKE, EXTRACT):
            dot = self.structural(op, builder)
        else:
            assert op.primitive.tangent is not None
            with within_rule(op.primitive.name, op.location):
                dot = op.primitive.tangent(builder.expr(op.result), xs, dots, **op.static)
        if dot is not None:
            self.dots[op.result] = moved = self.named(dot, op.result, builder)
            if op.primitive.half_square is not None:
                builder.roots.setdefault(moved, (op, tuple(map(self.dots.get, op.operands))))

    def structural(self, op: Apply, builder: Builder) -> Operand | None:
        if op.primitive is EXTRACT:
            dot = self.dots.get(op.operands[0])
            return None if dot is None else pick(builder, dot, op.static["key"])
        items = [self.dot(o, builder) for o in op.operands]
        return builder.apply(op.primitive, items, op.static)

    def named(self, dot: object, value: Value, builder: Builder) -> Operand:
        if isinstance(value.type, ContainerType) and isinstance(dot, tuple):
            items = [
                zero(builder, builder.extract(value, k)) if d is None else builder.operand(d)
                for k, d in zip(value.type.keys, dot, strict=True)
            ]
            return builder.make(value.type.cls, value.type.keys, items)
        operand = builder.operand(dot)
        if value.type.is_container and value.hint is None:
            return operand
        if isinstance(operand, Value) and operand.hint is None:
            # As in the trace, numbers have a line each; an array that is read once stands where it is read.
            self.hints.setdefault(operand, (self.hint(value), not is_firm(value) and not value.type.is_scalar))
        return operand

    def call(self, op: Call, builder: Builder) -> None:
        given = tuple(o in self.dots for o in op.operands)
        if not any(given):
            builder.operations.append(op)
            return
        reference = self.callee(op, given)
        if isinstance(reference, TangentRule):
            operands = reference.arguments(builder, op.operands, lambda o: self.dot(o, builder))
            pair = builder.call_function(reference.function, operands)
            builder.operations.append(_extract_as(builder, pair, 0, op.result))
            self.dots[op.result] = self.named(given_dot(builder, pair, op.result), op.result, builder)
            return
        operands = [*op.operands, *(self.dots[o] for o, a in zip(op.operands, given, strict=True) if a)]
        pair = builder.call_function(reference, operands)
        builder.operations.append(_extract_as(builder, pair, 0, op.result))
        self.dots[op.result] = builder.extract(pair, 1, self.hint(op.result))

    def branch(self, op: If, builder: Builder) -> None:
        outer = dict(self.dots)
        kept = [k for k, r in enumerate(op.results) if r in self.active]
        blocks = []
        for block in op.blocks:
            inner = builder.child()
            # Each branch sees the tangents from outside, and not those of the other branch.
            self.dots = dict(outer)
            self.block(block, inner)
            dots = [self.branch_dot(block.results[k], op.results[k], inner) for k in kept]
            blocks.append(inner.block((), [*block.results, *dots]))
        # What a branch found of its own values is not bound behind it.
        self.dots = outer
        new = [Value(tangent_type(op.results[k].type), self.hint(op.results[k])) for k in kept]
        builder.operations.append(If(op.predicate, blocks[0], blocks[1], (*op.results, *new), op.location))
        self.dots.update(zip((op.results[k] for k in kept), new, strict=True))

    def branch_dot(self, operand: Operand, result: Value, builder: Builder) -> Operand:
        """The tangent of what a branch yields; undefined where the branch does not bind it."""
        if operand not in self.dots and _is_undefined(operand, builder):
            return builder.apply(UNDEFINED, (), {"type": operand.type})
        return self.dot(operand, builder)

    def loop(self, op: For | While, builder: Builder) -> None:
        n = len(op.initial)
        # What is carried has a tangent for all iterations or for none: the activity analysis has found the fixed point.
        kept = [k for k in range(n) if op.carried[k] in self.active or op.results[k] in self.active]
        collected = [k for k in range(n, len(op.results)) if op.results[k] in self.active]
        outer = dict(self.dots)
        starts = [self.initial_dot(op.initial[k], builder) for k in kept]
        parameters = [Value(tangent_type(op.carried[k].type), self.hint(op.carried[k])) for k in kept]
        self.dots.update(zip((op.carried[k] for k in kept), parameters, strict=True))
        scanned, items = self.scanned_dots(op)
        inner = builder.child()
        self.block(op.body, inner)
        rows = op.body.results
        carried_dots = [self.dot(rows[k], inner) for k in kept]
        collected_dots = [self.dot(rows[k], inner) for k in collected]
        # The rows of a body are (*carried, *collected, stop?), and the tangents go to the end of each part.
        stop = rows[len(rows) - 1 :] if op.breaks else ()
        yields = [*rows[:n], *carried_dots, *rows[n : len(rows) - len(stop)], *collected_dots, *stop]
        self.dots = outer
        dots = [Value(tangent_type(op.results[k].type), self.hint(op.results[k])) for k in (*kept, *collected)]
        results = (*op.results[:n], *dots[: len(kept)], *op.results[n:], *dots[len(kept) :])
        initial = (*op.initial, *starts)
        own = op.body.parameters
        if isinstance(op, For):
            body = inner.block([*own[: 1 + n], *parameters, *own[1 + n :], *items], yields)
            ascending = tuple(op.is_ascending(k) for k in range(len(op.scanned)))
            ascending += tuple(op.is_ascending(k) for k, s in enumerate(op.scanned) if s in outer)
            new: Operation = For(
                op.start,
                op.stop,
                op.step,
                initial,
                (*op.scanned, *scanned),
                body,
                results,
                op.reverse,
                op.breaks,
                op.location,
                op.about,
                ascending,
                op.snapshots,
            )
        else:
            test = self.test_block(op, parameters, builder)
            new = While(initial, test, inner.block([*own, *parameters], yields), results, op.breaks, op.location)
        builder.operations.append(new)
        self.dots.update(zip((op.results[k] for k in (*kept, *collected)), dots, strict=True))

    def test_block(self, op: While, parameters: Sequence[Value], builder: Builder) -> Block:
        """The test sees the tangents too, and does not need them."""
        copies = [Value(p.type, p.hint) for p in parameters]
        return Block((*op.test.parameters, *copies), op.test.operations, op.test.results)

    def initial_dot(self, operand: Operand, builder: Builder) -> Operand:
        return self.branch_dot(operand, operand, builder) if isinstance(operand, Value) else self.dot(operand, builder)

    def scanned_dots(self, op: For | While) -> tuple[list[Operand], list[Value]]:
        if isinstance(op, While):
            return [], []
        sequences, items = [], []
        for sequence, item in zip(op.scanned, op.items, strict=True):
            if sequence in self.dots:
                sequences.append(self.dots[sequence])
                items.append(Value(tangent_type(item.type), self.hint(item)))
                self.dots[item] = items[-1]
        return sequences, items


def _is_undefined(operand: Operand, builder: Builder) -> bool:
    return any(is_call_of(op, UNDEFINED) and op.result is operand for op in builder.operations)


def _extract_as(builder: Builder, container: Value, key: object, result: Value) -> Apply:
    return Apply(EXTRACT, (container,), result, {"key": key}, builder.location)
