"""The user's statements as one line of text each: what a comment of emitted code quotes.

Of a compound statement the line is its header: `for k in range(n):`.
"""

from __future__ import annotations

import ast
from bisect import bisect_right
from collections.abc import Sequence


class Quotes:
    """The statements of the body of one definition, by where they stand: lines and bytes, as a syntax tree has them."""

    __slots__ = ("_ends", "_first", "_lines", "_outer", "_starts", "_statements", "_texts")

    def __init__(self, body: Sequence[ast.stmt | ast.expr], lines: Sequence[str], first: int) -> None:
        self._lines, self._first = lines, first
        self._statements: list[ast.stmt | ast.expr] = []
        self._outer: list[int] = []
        self._collect(body, -1)
        self._starts = [(s.lineno, s.col_offset) for s in self._statements]
        self._ends = [(s.end_lineno or 0, s.end_col_offset or 0) for s in self._statements]
        self._texts: dict[int, tuple[str, str]] = {}

    def _collect(self, body: Sequence[ast.stmt | ast.expr], outer: int) -> None:
        for statement in body:
            number = len(self._statements)
            self._statements.append(statement)
            self._outer.append(outer)
            for inner in _blocks(statement):
                self._collect(inner, number)

    def at(self, line: int, column: int) -> tuple[str, str]:
        """The innermost statement around a place, and the variable that it assigns.

        Nothing where there is none, or where it defines a function.
        """
        place = (line, column)
        number = bisect_right(self._starts, place) - 1
        while number >= 0 and self._ends[number] < place:
            number = self._outer[number]
        if number < 0:
            return "", ""
        if number not in self._texts:
            statement = self._statements[number]
            self._texts[number] = self._text(statement), target_of(statement)
        return self._texts[number]

    def _text(self, statement: ast.stmt | ast.expr) -> str:
        match statement:
            case ast.FunctionDef() | ast.AsyncFunctionDef() | ast.ClassDef():
                return ""
            case ast.For():
                last: ast.AST = statement.iter
            case ast.While() | ast.If():
                last = statement.test
            case ast.With():
                last = statement.items[-1].optional_vars or statement.items[-1].context_expr
            case ast.Match():
                last = statement.subject
            case ast.Try():
                return "try:"
            case _:
                return self._segment(statement, statement)
        return f"{self._segment(statement, last)}:"

    def _segment(self, begin: ast.stmt | ast.expr, end: ast.AST) -> str:
        """The text from the begin of one node to the end of another, its white space and its comments apart."""
        last, column = getattr(end, "end_lineno", 0), getattr(end, "end_col_offset", 0)
        lines = [line.encode() for line in self._lines[begin.lineno - self._first : last - self._first + 1]]
        lines[-1] = lines[-1][:column]
        lines[0] = lines[0][begin.col_offset :]
        text = _joined([line.decode(errors="replace").strip() for line in lines])
        if len(lines) > 1 and "#" in text and begin is end:
            text = ast.unparse(begin)  # a comment between the lines would hide what follows it
        text = " ".join(text.split())
        return text if text.isprintable() else ascii(text)[1:-1]


def target_of(statement: ast.AST) -> str:
    """The one variable that a statement assigns, or stores into; nothing where it is none, or several.

    >>> [target_of(s) for s in ast.parse("a[i] += x; self.b = y; c, d = z; f(x)").body]
    ['a', 'b', '', '']
    """
    match statement:
        case ast.Assign([target]) | ast.AugAssign(target) | ast.AnnAssign(target) | ast.For(target):
            place: ast.AST = target
        case _:
            return ""
    while isinstance(place, (ast.Subscript, ast.Starred)):
        place = place.value
    match place:
        case ast.Name(name) | ast.Attribute(attr=name):
            return name.strip("_")
        case _:
            return ""


def _joined(lines: Sequence[str]) -> str:
    """The lines as one, no space behind a bracket that a line ends with or before one that it begins with."""
    text = ""
    for line in lines:
        space = " " if text and not text.endswith(("(", "[", "{")) and line[:1] not in (")", "]", "}") else ""
        text = f"{text}{space}{line}"
    return text


def _blocks(statement: ast.stmt | ast.expr) -> list[list[ast.stmt]]:
    """The blocks of statements in a statement, in the order of the text."""
    parts = [statement, *getattr(statement, "handlers", ()), *getattr(statement, "cases", ())]
    found = [getattr(part, name, None) for part in parts for name in ("body", "orelse", "finalbody")]
    return sorted((b for b in found if isinstance(b, list) and b), key=lambda b: (b[0].lineno, b[0].col_offset))
