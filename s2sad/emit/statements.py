"""Small pieces of syntax: copies, placeholders, signs; what a statement speaks of and what it changes."""

from __future__ import annotations

import ast
from collections.abc import Sequence
from typing import TypeAlias

from s2sad.emit.expressions import parse
from s2sad.ir.python_trees import walk
from s2sad.ir.types import Type
from s2sad.ir.values import Constant, Operand, Operation

Part: TypeAlias = tuple[Operation | None, tuple[Operand, ...]]
"""An operation that a statement is of, or what a block hands on, and the operands that the statement says."""


def copied(value: ast.expr, t: Type) -> ast.expr:
    """A copy of an array, list or table."""
    if t.kind == "array":
        return ast.Call(ast.Attribute(value, "copy", ast.Load()), [], [])
    name = "list" if t.is_sequence else "dict" if t.is_table else "np.array"
    return ast.Call(parse(name), [value], [])


def subtracted(s: ast.stmt) -> ast.stmt:
    """`x -= y` for `x += -y`, and the other way round; the minus may be that of the first factor of a product."""
    match s:
        case ast.AugAssign(target, (ast.Add() | ast.Sub()) as operator, value):
            positive = _without_minus(value)
            if positive is not None:
                return ast.AugAssign(target, ast.Sub() if isinstance(operator, ast.Add) else ast.Add(), positive)
    return s


def _without_minus(value: ast.expr) -> ast.expr | None:
    match value:
        case ast.UnaryOp(ast.USub(), operand):
            return operand
        case ast.BinOp(left, (ast.Mult() | ast.Div()) as operator, right):
            first = _without_minus(left)
            return None if first is None else ast.BinOp(first, operator, right)
    return None


def signed(value: ast.expr) -> ast.expr:
    """`-x * y` for `-(x * y)`, `a - x` for `a + -x`, no minus of a minus; `a not in b` for `not a in b`."""
    match value:
        case ast.BinOp(left, (ast.Add() | ast.Sub()) as operator, right):
            positive = _without_minus(right)
            if positive is not None:
                return ast.BinOp(left, ast.Sub() if isinstance(operator, ast.Add) else ast.Add(), positive)
        case ast.UnaryOp(ast.USub(), ast.UnaryOp(ast.USub(), operand)):
            return operand
        # The sign of a product is that of either factor, exactly so in floating point; of a sum it is not one part's.
        case ast.UnaryOp(ast.USub(), ast.BinOp(left, (ast.Mult() | ast.Div()) as operator, right)):
            return ast.BinOp(signed(ast.UnaryOp(ast.USub(), left)), operator, right)
        case ast.UnaryOp(ast.Not(), ast.Compare() as compared):
            return negated(compared)
    return value


def negated(test: ast.expr) -> ast.expr:
    """The opposite of a condition: `n != 0` for `not n == 0`. That of `x < y` is not `x >= y`: there is NaN."""
    match test:
        case ast.UnaryOp(ast.Not(), operand):
            return operand
        case ast.Compare(left, [operator], comparators) if type(operator) in _OPPOSITE:
            return ast.Compare(left, [_OPPOSITE[type(operator)]()], comparators)
    return ast.UnaryOp(ast.Not(), test)


_OPPOSITES = ((ast.Eq, ast.NotEq), (ast.In, ast.NotIn), (ast.Is, ast.IsNot))
_OPPOSITE: dict[type[ast.cmpop], type[ast.cmpop]] = {a: b for p in _OPPOSITES for a, b in (p, p[::-1])}


def fill_call(name: str, arguments: list[ast.expr]) -> ast.expr:
    """`name.pop(arguments)`."""
    return ast.Call(ast.Attribute(ast.Name(name, ast.Load()), "pop", ast.Load()), arguments, [])


def placeholder(t: Type) -> Constant:
    """What stands for a value of a branch that was not taken: a number, an empty list, None."""
    return Constant(None, t, placeholder_text(t))


_DTYPES = {"bool": "bool_"}


def placeholder_text(t: Type) -> str:
    if t.is_numeric:
        lengths = ", ".join("0" for _ in t.shape or ())
        name = "float64" if t.dtype is None else t.dtype.name
        dtype = "" if name == "float64" else f", dtype=np.{_DTYPES.get(name, name)}"
        return "0.0" if t.is_scalar else f"np.empty({lengths if t.rank == 1 else f'({lengths})'}{dtype})"
    if t.is_sequence:
        return "[]"
    if t.is_table:
        return "{}"
    if t.cls in (tuple, list):
        items = ", ".join(map(placeholder_text, t.items))
        return f"[{items}]" if t.cls is list else f"({items},)"
    return "None"


def call(name: str, arguments: Sequence[ast.expr]) -> ast.expr:
    return ast.Call(ast.Name(name, ast.Load()), list(arguments), [])


def plus(value: ast.expr, number: int) -> ast.expr:
    """`value + number`, computed where it is a number, or a number is added already."""
    known = _known(value)
    if known is not None:
        return integer(known + number)
    match value:
        # `n - 1 + 1` is `n`: the numbers are added now, as often as they stand one behind the other.
        case ast.BinOp(left, (ast.Add() | ast.Sub()) as operator, right) if (by := _known(right)) is not None:
            total = (by if type(operator) is ast.Add else -by) + number
            return left if total == 0 else plus(left, total)
    if number == 0:
        return value
    return ast.BinOp(value, ast.Add() if number > 0 else ast.Sub(), ast.Constant(abs(number)))


def _known(value: ast.expr) -> int | None:
    match value:
        case ast.Constant(int(number)) if type(number) is int:
            return number
        case ast.UnaryOp(ast.USub(), operand):
            inner = _known(operand)
            return None if inner is None else -inner
    return None


def integer(value: int) -> ast.expr:
    """An integer literal, a negative one with its sign."""
    return ast.Constant(value) if value >= 0 else ast.UnaryOp(ast.USub(), ast.Constant(-value))


def counted_down(start: ast.expr, stop: ast.expr, step: ast.expr) -> ast.expr:
    """`range(start, stop, step)` from its end, as a range: by one the ends change places, and each moves by one."""
    by = _known(step)
    if by == 1 or by == -1:
        ends = [plus(stop, -by), plus(start, -by)]
        return call("range", ends if by < 0 else [*ends, integer(-1)])
    # by longer steps the last item need not be the one before `stop`
    count = call("len", [call("range", [start, stop, step])])
    last = ast.BinOp(start, ast.Add(), ast.BinOp(plus(count, -1), ast.Mult(), step))
    back = ast.UnaryOp(ast.USub(), step) if by is None else integer(-by)
    return call("range", [last, ast.BinOp(start, ast.Sub(), step) if by is None else plus(start, -by), back])


def names_in(*trees: ast.AST) -> set[str]:
    """The names that statements or expressions speak of."""
    return {n.id for n in walk(*trees) if isinstance(n, ast.Name)}


def changed_by(s: ast.stmt) -> set[str]:
    """The names whose values may be others behind a statement: bound, written into, given to a function or method."""
    changed: set[str] = set()
    for node in walk(s):
        match node:
            case ast.Assign(targets):
                changed |= names_in(*targets)
            case ast.AugAssign(target) | ast.For(target):
                changed |= names_in(target)
            case ast.Delete():
                changed |= names_in(node)
            case ast.Call(ast.Name(), arguments):
                changed |= names_in(*arguments)
            case ast.Call(ast.Attribute(receiver)):
                changed |= names_in(receiver)
    return changed


def is_compound(s: ast.stmt) -> bool:
    """Whether a statement has statements in it."""
    return hasattr(s, "body")


def stamped(s: ast.stmt, op: Operation | None, read: Sequence[Operand]) -> ast.stmt:
    """A statement with the operation that it is of, if it has no other one, and the operands that it says."""
    if not hasattr(s, "parts"):
        s.parts = ((op, tuple(read)),)  # type: ignore[attr-defined]
    return s


def parts_of(s: ast.stmt | None) -> Sequence[Part]:
    """The operations that a statement is of."""
    return getattr(s, "parts", ())


def take_place(new: ast.stmt, *old: ast.stmt) -> None:
    """Let a statement come from where others do: it is at the place of the first, and of the operations of all."""
    if hasattr(old[0], "at"):
        new.at = old[0].at  # type: ignore[attr-defined]
    new.parts = tuple(p for s in old for p in parts_of(s))  # type: ignore[attr-defined]
