"""The rule of an operation as a person writes it: its row of the book of rules, applied to the names x, y and y_bar.

    np.exp          x_bar += y_bar * y                              y_dot = x_dot * y
    np.multiply     a_bar += y_bar * b; b_bar += y_bar * a          y_dot = a_dot * b + b_dot * a

A rule is an expression over values: it is called on values of the types that the operation has, and what it appends is
written as one expression.
"""

from __future__ import annotations

import ast
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from s2sad.differentiate.tangents import as_dots, tangent_type
from s2sad.emit.expressions import constant_expression, expression, fill_statement
from s2sad.emit.writer import write_expression, write_statement
from s2sad.ir.builder import Builder
from s2sad.ir.containers import EXTRACT, GETITEM, INDEX_ADD, INDEX_SET, MAKE
from s2sad.ir.printer import spelling_of
from s2sad.ir.types import is_active_type
from s2sad.ir.values import Apply, Call, Constant, For, If, Operand, Operation, Value, While, makers

LONGEST = 200
"""The longest formula that is shown, in characters."""


def rule_of(op: Operation, mode: str) -> dict[str, str | None]:
    """The name and the formula of the rule by which an operation is differentiated, in a mode."""
    name, formula = _named(op, mode)
    source = op.primitive.source if isinstance(op, Apply) else None
    return {"name": name, "formula": formula, "mode": mode, "source": source}


def _named(op: Operation, mode: str) -> tuple[str, str | None]:
    reverse = mode == "reverse"
    match op:
        case Apply():
            row = _Applied(op)
            try:
                return row.name, op.primitive.theorem or (_adjoint(row) if reverse else _tangent(row))
            except Exception:  # a rule may refuse values of which it knows nothing but the type
                return row.name, None
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

    @property
    def name(self) -> str:
        """The name of the function; of what is none how it is written: `a[b]`."""
        primitive = self.op.primitive
        if "." in primitive.name:
            return primitive.name
        if primitive.update is not None:
            text = (
                primitive.update(*(o.type for o in self.operands)) if callable(primitive.update) else primitive.update
            )
            return write_statement(fill_statement(text, [self.read(o) for o in self.operands]))
        if primitive is MAKE or primitive is EXTRACT:
            return "a container"
        spelled = spelling_of(self.op)
        return primitive.name if spelled is None else write_expression(expression(self.applied, self.read))

    @property
    def applied(self) -> Apply:
        """The operation, of the names."""
        return replace(self.op, operands=tuple(self.operands))

    def read(self, o: Operand) -> ast.expr:
        """An operand as an expression, with all that was appended for it."""
        if isinstance(o, Constant):
            return constant_expression(o)
        made = makers(self.builder.operations)
        return expression(made[o], self.read) if o in made else ast.Name(o.hint or "_", ast.Load())

    def text(self, operand: object) -> str:
        """What was appended for an operand, as one expression."""
        return write_expression(self.read(self.builder.operand(operand)))

    def place(self, name: str) -> str:
        """The element of an array, or a part of it, that the operation reads or writes."""
        index = self.read(self.operands[1])
        return write_expression(ast.Subscript(ast.Name(name, ast.Load()), index, ast.Load()))


def _adjoint(row: _Applied) -> str | None:
    op = row.op
    if op.primitive is EXTRACT:
        return f"x_bar[{op.static['key']!r}] += y_bar"
    if op.primitive is MAKE:
        return "; ".join(f"{v.hint}_bar += y_bar[{k}]" for k, v in enumerate(row.operands) if isinstance(v, Value))
    if op.primitive is GETITEM:
        return f"{row.place(f'{row.operands[0].hint}_bar')} += y_bar"
    if op.primitive is INDEX_SET or op.primitive is INDEX_ADD:
        # an array and its adjoint are memory: that of the result is that of the operand
        array, _, value = row.operands
        place = row.place(f"{array.hint}_bar")
        taken = f"{value.hint}_bar += {place}; " if isinstance(value, Value) and is_active_type(value.type) else ""
        return taken + (f"{place} = 0.0" if op.primitive is INDEX_SET else "") or None
    if op.primitive.adjoint is None:
        return "the derivative is 0" if op.primitive.constant else None
    active = tuple(isinstance(o, Value) and is_active_type(o.type) for o in row.operands)
    g = row.builder.expr(Value(tangent_type(op.result.type), "y_bar"))
    given = op.primitive.adjoint(g, row.builder.expr(row.y), row.xs, active, **op.static)
    pairs = zip(row.operands, given, active, strict=True)
    found = [f"{o.hint}_bar += {row.text(c)}" for o, c, a in pairs if a and c is not None]
    return _short("; ".join(found))


def _tangent(row: _Applied) -> str | None:
    op = row.op
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
