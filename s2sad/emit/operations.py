"""Operations as statements, and operands as expressions: what has no blocks of its own.

Sums and updates are written in place where the plan says that the memory is the function's own.
"""

from __future__ import annotations

import ast
from collections.abc import Collection, Iterator, Sequence

from s2sad.emit.expressions import constant_expression, expression, fill_statement
from s2sad.emit.paragraphs import quote_of
from s2sad.emit.plan import Begin, Moves, Plan, Step
from s2sad.emit.spelling import Spelling
from s2sad.emit.statements import call, copied, signed, stamped, subtracted
from s2sad.ir.containers import UNDEFINED
from s2sad.ir.primitive import Algebra, Effect
from s2sad.ir.python_trees import walk
from s2sad.ir.values import Apply, Call, Constant, Operand, Operation, Value

AUGMENTED: dict[object, type[ast.operator]] = {
    "_0 + _1": ast.Add,
    "_0 - _1": ast.Sub,
    "_0 * _1": ast.Mult,
    "_0 / _1": ast.Div,
}
"""The operators of augmented assignments, by the spelling of the operation."""


class OperationWriter:
    """The statements of the operations of one function."""

    def __init__(self, plan: Plan, spelling: Spelling) -> None:
        self.plan = plan
        self.spelling = spelling
        self.unpacked = plan.unpacked

    # expressions

    def expression(self, op: Apply) -> ast.expr:
        """The expression of an operation."""
        whole = self.plan.whole_of(op)
        if whole is not None:
            return call("list", [self.read(whole)])
        made = self.spelling.expression(op, self.read)
        return signed(made) if self.takes_sign(op) else made

    def takes_sign(self, op: Apply) -> bool:
        """Whether a minus before an operation's operand may stand before its first factor: not before truth values."""
        first = op.operands[0] if op.primitive.algebra is Algebra.NEGATIVE else None
        while first in self.plan.inlined and self.plan.inlined[first].primitive.is_multiplicative:
            first = self.plan.inlined[first].operands[0]
        return first is None or (first.type.dtype is not None and first.type.dtype.kind != "b")

    def read(self, operand: Operand) -> ast.expr:
        """The expression that stands for an operand."""
        if isinstance(operand, Constant):
            return constant_expression(self.spelling.constant(operand))
        op = self.plan.inlined.get(operand)
        if op is not None:
            return self.expression(op)
        if self.plan.is_undefined(operand):
            return constant_expression(self.spelling.placeholder(operand.type))
        return ast.Name(self.plan.variables.name(operand), ast.Load())

    def store(self, value: Value) -> ast.Name:
        return ast.Name(self.plan.variables.name(value), ast.Store())

    # statements

    def apply(self, op: Apply) -> list[ast.stmt]:
        if op.primitive is UNDEFINED:
            return []
        if op.primitive.effect is Effect.IO:
            return [self.effect(op)]
        if op.primitive.update is not None:
            return self.update(op)
        if self.unpacked.by(op):
            return []
        if op.result in self.unpacked.items:
            return [self.unpack(op.result, self.expression(op))]
        steps = self.plan.in_place(op)
        if steps is not None:
            return self.augmented(op, steps)
        bound = ast.Assign([self.store(op.result)], self.expression(op))
        bound.once = len(self.plan.uses.readers.get(op.result, ())) == 1  # type: ignore[attr-defined]
        if op.primitive.blank:
            bound.starts = starts_for(op)  # type: ignore[attr-defined]
            bound.unfilled = not op.primitive.zeros and _says_lengths(op, bound.value)  # type: ignore[attr-defined]
        bound.lengths = self.plan.lengths_of(op)  # type: ignore[attr-defined]
        return [bound]

    def assign_call(self, op: Call) -> list[ast.stmt]:
        copies = self.plan.copied_arguments(op)
        operands = enumerate(op.operands)
        arguments = [copied(self.read(o), o.type) if k in copies else self.read(o) for k, o in operands]
        call = ast.Call(ast.Name(op.function.name, ast.Load()), arguments, [])
        if op.result in self.unpacked.items:
            return [self.unpack(op.result, call)]
        if op.result not in self.plan.uses.readers:
            return [ast.Expr(call)]
        bound = ast.Assign([self.store(op.result)], call)
        bound.once = len(self.plan.uses.readers[op.result]) == 1  # type: ignore[attr-defined]
        return [bound]

    def unpack(self, container: Value, value: ast.expr) -> ast.stmt:
        """A tuple assignment to the items that are read."""
        return ast.Assign([self.targets(container)], value)

    def targets(self, container: Value) -> ast.expr:
        items = self.unpacked.items.get(container)
        if items is None:
            return self.store(container)
        targets = [self.targets(items[k]) if k in items else ast.Name("_", ast.Store()) for k in container.type.keys]
        return ast.Tuple(targets, ast.Store())

    def effect(self, op: Apply) -> ast.stmt:
        """The statement of what has an effect; its result has a name where it is read: a clock's."""
        if op.primitive.name == "assert":
            test, *message = [self.read(o) for o in op.operands]
            return ast.Assert(test, message[0] if message else None)
        if op.primitive.statement is not None:
            return fill_statement(op.primitive.statement(**op.static), [self.read(o) for o in op.operands])
        if op.primitive.name == "raise" and not op.static:
            return ast.Raise(None, None)
        if op.primitive.name == "raise":
            return ast.Raise(expression(op, self.read), None)
        if op.result in self.plan.uses.readers:
            return ast.Assign([self.store(op.result)], expression(op, self.read))
        return ast.Expr(expression(op, self.read))

    def update(self, op: Apply) -> list[ast.stmt]:
        """`x[index] += g` in the memory of `x`, or in a copy where that is still needed."""
        base = op.operands[0]
        update = self.plan.update(op)
        statements: list[ast.stmt] = []
        if update.begin is not Begin.THERE:
            start = self.read(base)
            start = copied(start, base.type) if update.begin is Begin.COPY else start
            statements.append(ast.Assign([self.store(op.result)], start))
        text = op.primitive.update
        if callable(text):
            text = text(*(o.type for o in op.operands))
        assert text is not None
        # it meets no element twice
        text = "_0[_1] += _2" if update.once else text
        target = ast.Name(self.plan.variables.name(op.result), ast.Load())
        values = [self.read(o) for o in op.operands[1:]]
        # The value overlaps with what it is stored into: it is read as a whole before anything is written.
        if update.copied is not None:
            value, t = op.operands[2], op.operands[2].type
            own = update.copied is value
            values[1] = copied(values[1], t) if own else ast.UnaryOp(ast.USub(), copied(self.read(update.copied), t))
        statements.append(subtracted(fill_statement(text, [target, *values])))
        return statements

    def augmented(self, op: Apply, steps: Sequence[Step]) -> list[ast.stmt]:
        """`x += y` for each step of a sum or product in the memory of its first operand."""
        statements: list[ast.stmt] = []
        for step in steps:
            value = self.read(step.operand)
            value = copied(value, step.operand.type) if step.copied else value
            operator = AUGMENTED[step.op.primitive.spelling]()
            added = subtracted(ast.AugAssign(self.store(op.result), operator, value))
            statements.append(stamped(added, step.op, [step.operand]))
            statements[-1].quote = quote_of(step.op)  # type: ignore[attr-defined]
            statements[-1].regroups = self.plan.regroups(step)  # type: ignore[attr-defined]
        return statements

    def assignments(self, op: Operation, pairs: Moves, copies: Collection[Value] = ()) -> Iterator[ast.stmt]:
        """What an operation hands on put into variables, `copies` as copies: at once where one overwrites another."""
        targets = [self.plan.variables.name(t) for t, _ in pairs]
        values = [copied(self.read(s), t.type) if t in copies else self.read(s) for t, s in pairs]
        # One after the other is right unless a value reads a variable that was assigned before it: then a tuple
        # assignment evaluates all values first.
        clash = any(
            isinstance(n, ast.Name) and n.id in targets[:k] for k, value in enumerate(values) for n in walk(value)
        )
        if clash:
            stores: list[ast.expr] = [self.store(t) for t, _ in pairs]
            one = ast.Assign([ast.Tuple(stores, ast.Store())], ast.Tuple(values, ast.Load()))
            yield stamped(one, op, [s for _, s in pairs])
            return
        for (t, s), value in zip(pairs, values, strict=True):
            yield stamped(ast.Assign([self.store(t)], value), op, [s])


def _says_lengths(op: Apply, made: ast.expr) -> bool:
    """Whether an array is made by its lengths as they stand in the text, not by a shape that has a name."""
    match made:
        case ast.Call(args=[ast.Tuple(), *_]):
            return True
        case _:
            return bool(op.result.type.rank) and op.operands[0].type.is_scalar


def starts_for(op: Operation) -> object:
    """What an array, a list or a number is the start of: of an adjoint, or of what one place of the source fills."""
    return "adjoint" if op.about else op.location
