"""What the comments of emitted code say: the primal statements that an adjoint belongs to."""

from __future__ import annotations

import ast
from functools import cached_property

from s2sad.emit.expressions import fill, fill_statement, parse
from s2sad.emit.plan import Plan
from s2sad.emit.writer import write_statement
from s2sad.ir.containers import EXTRACT, INDEX_ADD, MAKE, MAKE_SLICE
from s2sad.ir.printer import Printer, spell, spelling_of
from s2sad.ir.types import ContainerType
from s2sad.ir.values import Apply, Call, Constant, Operand, Operation, Value, is_call_of

COMMENT_WIDTH = 72


class Comments:
    """The comments of one function."""

    def __init__(self, plan: Plan) -> None:
        self.inlined, self.variables, self.uses, self.primal = plan.inlined, plan.variables, plan.uses, plan.primal
        self.printer = Printer(plan.function)

    @cached_property
    def items_of(self) -> dict[Value, list[str]]:
        """The names of the items of tuples that have none themselves."""
        found: dict[Value, dict[object, str]] = {}
        for op in [*self.primal.values(), *self.uses.block_of]:
            if is_call_of(op, EXTRACT) and isinstance(op.operands[0], Value):
                items = found.setdefault(op.operands[0], {})
                if op.result.hint is not None or op.result in self.variables.names:
                    items.setdefault(op.static["key"], self.trace_name(op.result))
        keys = {
            v: v.type.keys for v in found if isinstance(v.type, ContainerType) and issubclass(v.type.cls, (tuple, list))
        }
        return {v: [found[v].get(k, "_") for k in keys[v]] for v in keys if found[v]}

    def trailing(self, statements: list[ast.stmt], op: Apply | Call, deep: bool = True) -> list[ast.stmt]:
        """The primal statements that an adjoint belongs to, as a trailing comment of the last statement."""
        if not statements:
            return statements
        if is_call_of(op, MAKE):
            return statements
        about: dict[Operation, None] = {}
        self.gather(op, about, deep and len(statements) == 1)
        texts = [t for t in (self.describe(o) for o in reversed(about)) if t]
        text = "; ".join(dict.fromkeys(texts))
        if isinstance(op, Call) and op.about:
            texts.insert(0, self.describe(op.about[-1]))  # of several, the call itself
        if text and len(text) <= COMMENT_WIDTH:
            statements[-1].trailing = text  # type: ignore[attr-defined]
        elif texts and len(texts[0]) <= COMMENT_WIDTH:
            statements[-1].trailing = texts[0]  # type: ignore[attr-defined]
        return statements

    def gather(self, op: Operation, about: dict[Operation, None], deep: bool) -> None:
        about.update(dict.fromkeys(op.about))
        for o in op.operands if deep else op.operands[1:]:
            if o in self.inlined:
                self.gather(self.inlined[o], about, True)

    def describe(self, op: Operation) -> str:
        """A primal operation as a trace line."""
        if isinstance(op, Call):
            left = self.trace_name(op.result)
            call = f"{op.function.name}({', '.join(self.trace_name(o) for o in op.operands)})"
            if left.startswith("("):
                return f"{left[1:-1]} = {call}"
            unnamed = op.result.hint is None and op.result.type.is_container
            return call if unnamed or left == "_" else f"{left} = {call}"
        if not isinstance(op, Apply) or op.primitive in (EXTRACT, MAKE, MAKE_SLICE):
            return ""
        names = [self.trace_name(o) for o in op.operands]
        if op.primitive.holds and isinstance(op.primitive.update, str):
            return write_statement(fill_statement(op.primitive.update, [_item(n) for n in names]))
        if op.primitive.stores:
            return described_store(op.primitive is INDEX_ADD, *names)
        text = spelled(op, names)
        name = self.trace_name(op.result)
        return f"{name} = {text}" if name.isidentifier() else ""

    def trace_name(self, operand: Operand) -> str:
        if isinstance(operand, Constant):
            return self.printer.operand(operand)
        if operand.hint is not None:
            return self.variables.name(operand) if operand in self.variables.ranges else operand.hint
        op = self.uses.definition.get(operand) or self.primal.get(operand)
        if is_call_of(op, EXTRACT) and operand in self.variables.names:
            return self.variables.name(operand)
        if isinstance(op, (Call, Apply)) and operand in self.items_of:
            return f"({', '.join(self.items_of[operand])})"
        if isinstance(op, Apply):
            return spelled(op, [self.trace_name(o) for o in op.operands])
        if operand in self.variables.ranges:
            return self.variables.name(operand)
        t = operand.type
        return "i" if t.dtype is not None and t.dtype.kind == "i" else "_"


def spelled(op: Apply, names: list[str]) -> str:
    """The text of an operation, with parentheses around the operands that need them."""
    spelling = spelling_of(op)
    if spelling is None or op.primitive in (EXTRACT, MAKE, MAKE_SLICE) or not any(" " in n for n in names):
        return spell(op, names)
    try:
        return write_statement(ast.Expr(fill(parse(spelling), [parse(n) for n in names])))
    except SyntaxError:  # a slice is no expression
        return spell(op, names)


def described_store(adds: bool, array: str, index: str, value: str) -> str:
    """`x[i, j] = v` or `x[i, j] += v`, for a comment."""
    if index.startswith("(") and index.endswith(")") and index != "()":
        index = index[1:-1]
    sign = "" if not adds else "-" if value.startswith("-") else "+"
    return f"{array}[{index}] {sign}= {value[1:] if sign == '-' else value}"


def _item(text: str) -> ast.expr:
    """The expression of a text, of a slice too."""
    whole = parse(f"_[{text}]")
    assert isinstance(whole, ast.Subscript)
    return whole.slice
