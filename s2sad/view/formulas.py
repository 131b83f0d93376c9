"""The rule of an operation as a person writes it: its row of the book of rules, applied to the names x, y and y_bar.

    np.exp          x_bar += y_bar * y                              y_dot = x_dot * y
    np.multiply     a_bar += y_bar * b; b_bar += y_bar * a          y_dot = a_dot * b + b_dot * a

A rule is an expression over values: it is called on values of the types that the operation has, and what it appends is
written as one expression.
"""

from __future__ import annotations

import ast
from collections.abc import Sequence
from typing import Any

from s2sad.differentiate.tangents import as_dots, tangent_type
from s2sad.emit.expressions import constant_expression, expression
from s2sad.emit.writer import write_expression
from s2sad.ir.builder import Builder
from s2sad.ir.containers import EXTRACT, GETITEM, MAKE
from s2sad.ir.types import is_active_type
from s2sad.ir.values import Apply, Call, Constant, For, If, Operand, Operation, Value, While, makers

LONGEST = 200
"""The longest formula that is shown, in characters."""


def rule_of(op: Operation, mode: str) -> dict[str, str | None]:
    """The name and the formula of the rule by which an operation is differentiated, in a mode."""
    name, formula = _named(op, mode)
    return {"name": name, "formula": formula, "mode": mode, "source": None}


def _named(op: Operation, mode: str) -> tuple[str, str | None]:
    reverse = mode == "reverse"
    match op:
        case Apply():
            try:
                return op.primitive.name, (_adjoint(op) if reverse else _tangent(op))
            except Exception:  # a rule may refuse values of which it knows nothing but the type
                return op.primitive.name, None
        case Call():
            name = op.function.name
            return name, "the adjoint of its own statements" if reverse else "the tangents of its own statements"
        case For() | While():
            return "loop", "the iterations from the last to the first" if reverse else "the iterations in their order"
        case If():
            return "branch", "the branch that was taken"


def _names(count: int) -> list[str]:
    return ["x"] if count == 1 else list("abc"[:count]) if count <= 3 else [f"x{k}" for k in range(1, count + 1)]


class _Applied:
    """A row on its way: values of the operands and the result, by the names of the formula."""

    def __init__(self, op: Apply) -> None:
        self.op = op
        self.builder = Builder()
        values = [o for o in dict.fromkeys(op.operands) if isinstance(o, Value)]
        names = dict(zip(values, _names(len(values)), strict=True))
        self.named: dict[Operand, Value] = {v: Value(v.type, n) for v, n in names.items()}
        self.operands = [self.named.get(o, o) for o in op.operands]
        self.xs = [self.builder.expr(o) for o in self.operands]
        self.y = Value(op.result.type, "y")

    def text(self, operand: object) -> str:
        """What was appended for an operand, as one expression."""
        made = makers(self.builder.operations)

        def read(o: Operand) -> ast.expr:
            if isinstance(o, Constant):
                return constant_expression(o)
            return expression(made[o], read) if o in made else ast.Name(o.hint or "_", ast.Load())

        return write_expression(read(self.builder.operand(operand)))


def _adjoint(op: Apply) -> str | None:
    row = _Applied(op)
    if op.primitive is EXTRACT:
        return f"x_bar[{op.static['key']!r}] += y_bar"
    if op.primitive is MAKE:
        return "; ".join(f"{v.hint}_bar += y_bar[{k}]" for k, v in enumerate(row.operands) if isinstance(v, Value))
    if op.primitive is GETITEM:
        return f"{row.operands[0].hint}_bar[{row.text(row.operands[1])}] += y_bar"
    if op.primitive.adjoint is None:
        return "the derivative is 0" if op.primitive.constant else None
    active = tuple(isinstance(o, Value) and is_active_type(o.type) for o in row.operands)
    g = row.builder.expr(Value(tangent_type(op.result.type), "y_bar"))
    given = op.primitive.adjoint(g, row.builder.expr(row.y), row.xs, active, **op.static)
    pairs = zip(row.operands, given, active, strict=True)
    found = [f"{o.hint}_bar += {row.text(c)}" for o, c, a in pairs if a and c is not None]
    return _short("; ".join(found))


def _tangent(op: Apply) -> str | None:
    row = _Applied(op)
    dotted = [isinstance(o, Value) and is_active_type(o.type) for o in row.operands]
    dots = [
        Value(tangent_type(o.type), f"{o.hint}_dot") if d else None for o, d in zip(row.operands, dotted, strict=True)
    ]
    if op.primitive in (EXTRACT, MAKE, GETITEM):
        own: Sequence[Any] = [d or o for o, d in zip(row.operands, dots, strict=True)]
        return f"y_dot = {row.text(row.builder.apply(op.primitive, own, op.static))}"
    if op.primitive.tangent is None:
        return "the derivative is 0" if op.primitive.constant else None
    differentials = [as_dots(row.builder, o, d) for o, d in zip(row.operands, dots, strict=True)]
    given = op.primitive.tangent(row.builder.expr(row.y), row.xs, differentials, **op.static)
    return None if given is None else _short(f"y_dot = {row.text(given)}")


def _short(text: str) -> str | None:
    return text if 0 < len(text) <= LONGEST else None
