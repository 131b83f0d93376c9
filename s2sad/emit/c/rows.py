"""Lines of C that know the operation that they are of, and what a reader of them is told: places and names."""

from __future__ import annotations

import ast
from collections.abc import Iterable, Iterator, Sequence

from s2sad.emit.c.values import Values
from s2sad.emit.statements import stamped
from s2sad.emit.writer import Line
from s2sad.ir.primitives.memory import INTO, STORE
from s2sad.ir.values import Apply, For, If, Operand, Operation, Value


class Row(str):
    """A line, with the operation that it is of; `head`: it is that of a loop or a branch, not what this hands on."""

    __slots__ = ("head", "of", "said")

    of: Operation | None
    head: bool
    said: Sequence[Operand]
    """What it hands over, where it is of no operation."""

    def __new__(cls, text: str, of: Operation | None = None, head: bool = False, said: Sequence[Operand] = ()) -> Row:
        made = super().__new__(cls, text)
        made.of, made.head, made.said = of, head, said
        return made

    def like(self, text: str) -> Row:
        """Another text of the same operation."""
        return Row(text, self.of, self.head, self.said)


def again(line: str, text: str) -> str:
    """Another text in the place of a line."""
    return line.like(text) if isinstance(line, Row) else text


def of(op: Operation, lines: Iterable[str]) -> Iterator[str]:
    """Lines, those that are of no other operation as such of this one."""
    return (line if isinstance(line, Row) else Row(line, op) for line in lines)


def lines_of(rows: Sequence[Sequence[str]], writer: Values) -> list[Line]:
    """The lines of a function as those of texts in Python are: with a statement that has the names of the operation.

    Each row is of as many lines as it is broken into.
    """
    stand_ins = _StandIns(writer)
    made = [(stand_ins.statement(row[0]), row) for row in rows]
    given = [ast.arg(p) for p in stand_ins.names_of(writer.function.parameters)]
    body: list[ast.stmt] = [s for s, _ in made if s is not None]
    definition = ast.FunctionDef(writer.function.name, ast.arguments([], given, None, [], [], None, []), body, [])
    definition.plan = writer  # type: ignore[attr-defined]
    return [Line(text, None, s, definition) for s, row in made for text in row]


class _StandIns:
    """Statements of Python that make and read the names which lines of C do."""

    def __init__(self, writer: Values) -> None:
        self.inlined = writer.inlined
        self.names = writer.named

    def statement(self, row: str) -> ast.stmt | None:
        """That of a line; None where it is of no operation."""
        if not isinstance(row, Row) or (row.of is None and not row.said):
            return None
        op = row.of
        read: Sequence[Operand] = row.said if op is None else op.operands if row.head or isinstance(op, Apply) else ()
        if isinstance(op, Apply) and op.primitive is STORE:
            read = read[1:]
        names = ast.Tuple([ast.Name(n, ast.Load()) for n in dict.fromkeys(self.said(read))], ast.Load())
        made = [] if op is None else [ast.Name(n, ast.Store()) for n in self.names_of(_made(op))]
        s: ast.stmt = ast.Assign([ast.Tuple(list(made), ast.Store())], names)
        if row.head and isinstance(op, For):
            s = ast.For(made[0], names, [], [])
        elif row.head:
            s = ast.If(names, [], []) if isinstance(op, If) else ast.While(names, [], [])
        return stamped(s, op, read)

    def names_of(self, values: Iterable[Operand]) -> list[str]:
        """Those of the variables and arrays that values are."""
        return [self.names[v] for v in values if isinstance(v, Value) and v in self.names]

    def said(self, operands: Sequence[Operand]) -> Iterator[str]:
        """The names that stand on a line that says these, with what is written into it."""
        stack = list(operands)
        while stack:
            o = stack.pop(0)
            if isinstance(o, Value) and o in self.inlined:
                stack = [*self.inlined[o].operands, *stack]
            else:
                yield from self.names_of([o])


def _made(op: Operation) -> Sequence[Operand]:
    """What an operation gives values: variables, and arrays that it writes into."""
    match op:
        case For():
            return [op.index]
        case Apply() if op.primitive is STORE:
            return op.operands[:1]
        case Apply() if op.primitive is INTO:
            return op.operands[2:]
        case Apply():
            return op.results
    return ()
