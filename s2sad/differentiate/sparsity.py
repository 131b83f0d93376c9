"""The pattern of a Jacobian as a program: each operation is followed by the sets of places that its numbers depend on.

    y = np.sin(x) * w                          x_dot                what the numbers of x depend on, and those of y
    z = y[1:] - y[:-1]                         union(x_dot[1:], x_dot[:-1])
    s = np.sum(z)                              union_along(z_dot)

It is forward mode with sets in the place of tangents. What an operation does with tangents its rule says; of that,
what moves elements stays as it is (`ir.sets`), what works number by number is a union, and so on by what the rows say.
A factor may be 0, and what is subtracted from itself counts: a place is in the pattern for all values of the numbers.
Which branch is taken, how often a loop runs and which elements an index takes is as it is for the arguments given.

Griewank & Walther, Evaluating Derivatives (2008), section 7.1.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from s2sad.analysis.deciding import deciding
from s2sad.differentiate.forward import Forward
from s2sad.differentiate.jacobians import Order
from s2sad.differentiate.tangents import as_dots, check_rule, conform
from s2sad.errors import NotDifferentiable, UnsupportedCall, within_rule
from s2sad.ir.broadcasting import broadcast_shapes
from s2sad.ir.builder import Builder
from s2sad.ir.containers import EXTRACT, GETITEM, INDEX_ADD, INDEX_SET, MAKE, is_basic_index
from s2sad.ir.primitive import PRIMITIVES, Primitive, View, required
from s2sad.ir.primitives.index_sets import ADDED_AT, EVERYWHERE, PRODUCT, THROUGH, UNION, UNION_ALONG
from s2sad.ir.primitives.lists import LIST_ADD, LIST_SET
from s2sad.ir.types import SequenceType, Type, is_active_type, leaves
from s2sad.ir.user_rules import BlackBox
from s2sad.ir.values import Apply, Call, Function, Operand, Operation, Value, constant

SetsCallee = Callable[[Call, tuple[bool, ...]], Any]
"""The function that gives (result, sets) of a callee; None where its derivative is given: what it depends on is not."""


def patterns(function: Function, active: Sequence[bool], callee: SetsCallee) -> Function:
    """`f_sets(*parameters, *x_dots) -> (result, sets)`: what the result of a function depends on."""
    return Patterns(function, active, callee).run()


def sparsity(
    function: Function,
    active: Sequence[bool],
    callee: SetsCallee,
    functions: Mapping[str, Function],
    name: str,
    order: Order,
    passed: Sequence[int],
) -> Function:
    """`f_sparsity(*parameters, *x_dots) -> (sets, positions, all)`: with the positions of what decides by its numbers.

    `passed` are those of the first parameters among the arguments of a call; what is from outside has the position -1.
    `all` are the positions where the factors of linear operations decide too; None where these are random.
    """
    inputs = [p for p, a in zip(function.parameters, active, strict=True) if a]
    order.check(function, inputs, True)
    for t in leaves(function.result.type):
        if not is_active_type(t):
            raise NotDifferentiable(f"{function.name}: a Jacobian needs floats in the result, not {t}")
    both = patterns(function, active, callee)

    def positions(factors: bool) -> tuple[int, ...]:
        found = [k for k in deciding(both, functions, (1,), factors) if k < len(function.parameters)]
        return tuple(sorted({passed[k] if k < len(passed) else -1 for k in found}))

    decided_by = positions(False)
    try:
        by_factors = positions(True)
    except UnsupportedCall:
        by_factors = None
    builder = Builder()
    builder.operations += both.body.operations
    given = [builder.operand(p) for p in (decided_by, by_factors)]
    result = builder.tuple([builder.extract(both.result, 1), *given])
    return Function(name, builder.block(both.parameters, [result]), function.doc)


class Patterns(Forward):
    """One function in forward mode, with sets in the place of tangents."""

    def apply(self, op: Apply, builder: Builder) -> None:
        if all(o not in self.dots for o in op.operands):
            return
        dot = self.structural(op, builder) if op.primitive in (MAKE, EXTRACT) else self.by_rule(op, builder)
        if dot is not None:
            self.dots[op.result] = self.named(dot, op.result, builder)

    def call(self, op: Call, builder: Builder) -> None:
        given = tuple(o in self.dots for o in op.operands)
        if any(given) and self.callee(op, given) is None:
            builder.operations.append(op)
            self.dots[op.result] = self.everywhere(op, builder)
        else:
            super().call(op, builder)

    def everywhere(self, op: Apply | Call, builder: Builder) -> Operand:
        """All of a result depends on all that its operands do."""
        dots = [self.dots[o] for o in op.operands if o in self.dots]
        return builder.apply(EVERYWHERE, [op.result, *dots], None, self.hint(op.result))

    def by_rule(self, op: Apply, builder: Builder) -> object:
        """The sets of a result: what its rule does with tangents, done with sets."""
        if isinstance(op.primitive, BlackBox):
            return self.everywhere(op, builder)
        check_rule(op, op.primitive.tangent)
        assert op.primitive.tangent is not None
        inner = builder.child()
        xs = [inner.expr(o) for o in op.operands]
        dots = [as_dots(inner, o, self.dots.get(o)) for o in op.operands]
        with within_rule(op.primitive.name, op.location):
            dot = op.primitive.tangent(inner.expr(op.result), xs, dots, **op.static)
        steps = Steps(builder.child(), {self.dots[o] for o in op.operands if o in self.dots})
        if not all(map(steps.add, inner.operations)):
            return self.everywhere(op, builder)
        builder.operations += steps.builder.operations
        return steps.found(dot, op.result.type, builder)


class Steps:
    """The operations of a rule for tangents as operations on sets; `sets` are the values that are such."""

    def __init__(self, builder: Builder, sets: set[Operand]) -> None:
        self.builder = builder
        self.sets = sets
        self.same: dict[Operand, Operand] = {}
        """By a value of the rule the one that has its sets already."""

    def found(self, dot: object, t: Type, builder: Builder) -> object:
        """What a rule gave, as sets in the dtypes of its result; None where it depends on nothing."""
        if isinstance(dot, tuple):
            items = tuple(self.found(d, item, builder) for d, item in zip(dot, t.items, strict=True))
            return items if any(i is not None for i in items) else None
        if dot is None:
            return None
        operand = self.builder.operand(dot)
        return conform(builder, self.same.get(operand, operand), t) if operand in self.sets else None

    def add(self, op: Operation) -> bool:
        """Append what an operation does; False where that is not known."""
        if not isinstance(op, (Apply, Call)):
            return False
        flags = tuple(o in self.sets for o in op.operands)
        operands = [self.same.get(o, o) for o in op.operands]
        if not any(flags):
            self.builder.operations.append(replace(op, operands=tuple(operands)))
            return True
        if isinstance(op, Call):
            return False
        p, t = op.primitive, op.result.type
        if p.measures or p.blank or p.zeros:
            self.same[op.result] = self.builder.apply(p, operands, op.static)
            return True
        if p.elementwise and not p.constant:
            self.union(op, operands, flags)
        elif _moves(op, flags):
            self.made(op, p, operands, op.static)
        elif _is_part(op):
            # a number depends on the same as each of its parts; sets themselves are real
            self.made(op, required(np.real), operands, {})
        elif p.transparent and flags[0]:
            self.is_same(op.result, operands[0])
        elif p is INDEX_ADD and not flags[1]:
            self.added(op, operands, flags)
        elif p is LIST_ADD and not flags[1] and isinstance(t, SequenceType) and t.item.is_numeric:
            self.put(op, operands, LIST_SET)
        elif not _is_of_floats(t) or PRIMITIVES.get(p.name) is not p:
            return False
        elif p.adds_up and len(operands) == 1 and op.static.keys() <= {"axis", "keepdims"}:
            self.made(op, UNION_ALONG, operands, op.static)
        elif p.contracts and not all(flags) and all(o.type.rank in (1, 2) for o in operands):
            self.made(op, PRODUCT, operands, {"left": flags[0]})
        else:
            numbers = self.numbers(op, flags)
            known = {"numbers": numbers} if numbers else {}
            self.made(op, THROUGH, operands, {"name": p.name, "flags": flags, **known, **op.static})
        return True

    def numbers(self, op: Apply, flags: Sequence[bool]) -> str | None:
        """Which numbers an operation can be called with to see what it depends on: one that is linear.

        Its tangent is then the operation itself, done on tangents.
        """
        given = [o for o, f in zip(op.operands, flags, strict=True) if f]
        if op.primitive.tangent is None or any(o.type.is_container for o in given):
            return None
        inner = self.builder.child()
        dots = [Value(o.type) if f else None for o, f in zip(op.operands, flags, strict=True)]
        xs = [inner.expr(o) for o in op.operands]
        found = op.primitive.tangent(
            inner.expr(op.result), xs, [None if d is None else inner.expr(d) for d in dots], **op.static
        )
        made = inner.maker(inner.operand(found)) if found is not None else None
        moved = tuple(o if d is None else d for o, d in zip(op.operands, dots, strict=True))
        if not isinstance(made, Apply) or (made.primitive, made.operands) != (op.primitive, moved):
            return None
        if made.static != op.static:
            return None
        return "complex" if any(o.type.is_complex for o in given) else "real"

    def made(self, op: Apply, primitive: Primitive, operands: Sequence[Operand], static: Mapping[str, object]) -> None:
        """Append an operation on sets that gives the result of one: in double precision, whatever that has."""
        self.is_same(op.result, self.builder.apply(primitive, operands, static, op.result.hint, op.result.loose))

    def is_same(self, value: Value, sets: Operand) -> None:
        """Let a value have sets that are there already."""
        self.same[value] = sets
        self.sets.add(value)

    def union(self, op: Apply, operands: Sequence[Operand], flags: Sequence[bool]) -> None:
        """What works number by number: at each place of the result what the operands have there."""
        sets = [o for o, f in zip(operands, flags, strict=True) if f]
        shape = op.result.type.shape
        together = broadcast_shapes(*(o.type.shape for o in sets))
        over: list[Operand] = []
        if shape is None or together != shape:
            over = [o for o, f in zip(operands, flags, strict=True) if not f and o.type.is_numeric and o.type.rank != 0]
        if len(sets) == 1 and not over:
            self.is_same(op.result, sets[0])
        else:
            self.made(op, UNION, [*sets, *over], {"over": len(over)} if over else {})

    def added(self, op: Apply, operands: Sequence[Operand], flags: Sequence[bool]) -> None:
        """What is added at an index: a union where each place is there once."""
        if is_basic_index(operands[1].type):
            self.put(op, operands, INDEX_SET)
        else:
            more = operands[2] if flags[2] else constant(0.0)
            self.made(op, ADDED_AT, [operands[0], operands[1], more], {})

    def put(self, op: Apply, operands: Sequence[Operand], store: Primitive) -> None:
        """What is added at one place, as a union that is stored there."""
        target, index, more = operands
        before = self.builder.apply(GETITEM, (target, index))
        self.made(op, store, [target, index, self.builder.apply(UNION, (before, more))], {})


def _moves(op: Apply, flags: Sequence[bool]) -> bool:
    """Whether an operation only moves elements: it does so with sets, which are numbers too."""
    p = op.primitive
    if p in (MAKE, EXTRACT) or p.holds and p is not LIST_ADD:
        return True
    if p is GETITEM or p is INDEX_SET:
        return not flags[1]
    moved = p.layout is not None or p.view is View.ALWAYS
    return moved and not any(flags[1:]) and op.result.type.is_complex == op.operands[0].type.is_complex


def _is_part(op: Apply) -> bool:
    """Whether an operation takes a part of complex numbers, each for itself."""
    a, b = op.result.type, op.operands[0].type
    return op.primitive.view is View.ALWAYS and b.is_complex and not a.is_complex and a.shape == b.shape


def _is_of_floats(t: Type) -> bool:
    if isinstance(t, SequenceType):
        return _is_of_floats(t.item)
    return all(leaf.dtype is not None and leaf.dtype.kind in "fc" for leaf in leaves(t))
