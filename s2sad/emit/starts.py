"""What adjoints and buffers start with, on one line.

a_bar = np.zeros_like(a)
s_bar = 0.0                         a_bar, b_bar = np.zeros_like(a), np.zeros_like(b)
b_bar = np.zeros_like(b)      ->    s_bar = t_bar = 0.0
t_bar = 0.0

They come to where the first of them stands, if what lies between neither speaks of them nor changes what they are made
of; over no loop or branch, before which they would hold memory that is not used yet, nor away from what fills them.
"""

from __future__ import annotations

import ast
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import zip_longest
from typing import TypeAlias

from s2sad.emit.statements import call, changed_by, is_compound, names_in, take_place
from s2sad.emit.writer import Comment, write_expression


@dataclass(frozen=True, eq=False)
class Start:
    """One of them, with the parts of its text."""

    statement: ast.Assign
    target: str
    value: str
    function: str
    """What is called with the one argument; empty where the value is no such call."""
    argument: str


Length: TypeAlias = Callable[[Sequence[Start]], int]
"""How long the text of a line is that some starts stand on."""


class Starts:
    """Starts of one kind, which may stand together, and what was met behind the first of them."""

    def __init__(self, kind: object, first: ast.Assign) -> None:
        self.kind = kind
        self.is_number = isinstance(first.value, ast.Constant)
        self.members = [_start(first)]
        self.named: set[str] = set()
        """The names that the statements between speak of."""
        self.changed: set[str] = set()
        """Those of what they bind or change."""

    def pass_by(self, s: ast.stmt) -> None:
        """Take note of a statement between."""
        self.named |= names_in(s)
        self.changed |= changed_by(s)

    def takes(self, s: ast.Assign) -> bool:
        """Whether a start may be moved to these."""
        bound, read = names_in(*s.targets), names_in(*getattr(s.value, "args", ()))
        own = {m.target for m in self.members}
        return bound.isdisjoint(self.named | own) and read.isdisjoint(self.changed | own)

    def lines(self, room: int, maps: bool) -> list[ast.stmt]:
        """As few statements as there may be, none longer than `room`; `map` where that makes them fewer."""
        alike, members = self.alike(room) if maps else ([], self.members)
        if not members:
            return alike
        lines = balanced(members, room, self.length)
        if maps and len(lines) > 1 and members[0].function and len({m.function for m in members}) == 1:
            shorter = balanced(members, room, mapped_length)
            lines = shorter if len(shorter) < len(lines) else lines
        return [*alike, *(self.together(line, self.length(line) > room) for line in lines)]

    def alike(self, room: int) -> tuple[list[ast.stmt], list[Start]]:
        """`a, b = np.empty((2, n))` of those that are to be filled and have one shape; the other ones."""
        groups: dict[str, list[Start]] = {}
        for m in self.members:
            if getattr(m.statement, "unfilled", False):
                groups.setdefault(m.value, []).append(m)
        of_one_shape = [g for g in groups.values() if len(g) > 1]
        rest = [m for m in self.members if not any(m in g for g in of_one_shape)]
        lines = [line for g in of_one_shape for line in balanced(g, room, rows_length)]
        return [_rows(line) if len(line) > 1 else line[0].statement for line in lines], rest

    def length(self, line: Sequence[Start]) -> int:
        """How long the text of a line is: between two starts stand two commas, or an equals sign."""
        if self.is_number:
            return sum(len(m.target) + len(" = ") for m in line) + len(line[0].value)
        return sum(len(m.target) + len(m.value) + 2 * len(", ") for m in line) - 1

    def together(self, line: Sequence[Start], maps: bool) -> ast.stmt:
        """`a, b = np.zeros_like(x), np.zeros_like(y)`; `a = b = 0.0` of a number, which nothing changes."""
        first = line[0].statement
        if len(line) == 1:
            return first
        targets = [m.statement.targets[0] for m in line]
        values: ast.expr = ast.Tuple([m.statement.value for m in line], ast.Load())
        if maps:
            made = [m.statement.value for m in line if isinstance(m.statement.value, ast.Call)]
            values = call("map", [made[0].func, ast.Tuple([c.args[0] for c in made], ast.Load())])
        one = ast.Assign([ast.Tuple(targets, ast.Store())], values)
        if self.is_number:
            one = ast.Assign(targets, first.value)
        take_place(one, *(m.statement for m in line))
        return one


def rows_length(line: Sequence[Start]) -> int:
    """How long `a, b = np.empty((2, n))` is."""
    return sum(len(m.target) + len(", ") for m in line) + len(line[0].value) + len("= (2, )")


def _rows(members: Sequence[Start]) -> ast.stmt:
    """Arrays of one shape as the rows of one array."""
    first = members[0].statement
    assert isinstance(first.value, ast.Call)
    shape = first.value.args[0]
    lengths = shape.elts if isinstance(shape, ast.Tuple) else [shape]
    shapes = ast.Tuple([ast.Constant(len(members)), *lengths], ast.Load())
    targets = ast.Tuple([m.statement.targets[0] for m in members], ast.Store())
    one = ast.Assign([targets], ast.Call(first.value.func, [shapes, *first.value.args[1:]], first.value.keywords))
    take_place(one, *(m.statement for m in members))
    return one


def mapped_length(line: Sequence[Start]) -> int:
    """How long `a, b = map(np.zeros_like, (x, y))` is."""
    parts = sum(len(m.target) + len(m.argument) + 2 * len(", ") for m in line)
    return parts + len(line[0].function) + len(" = map(, ())") - 2 * len(", ")


def balanced(members: Sequence[Start], room: int, length: Length) -> list[list[Start]]:
    """As few lines as there may be, none longer than `room`, and these about as long as each other."""
    lines = filled(members, room, length)
    longest = max(map(length, lines))
    for less in range(longest - 1, longest // 2, -1):
        shorter = filled(members, less, length)
        if len(shorter) > len(lines):
            break
        lines = shorter
    return lines


def filled(members: Sequence[Start], room: int, length: Length) -> list[list[Start]]:
    """One line after the other, each with as many starts as there is room for."""
    lines: list[list[Start]] = [[]]
    for m in members:
        if lines[-1] and length([*lines[-1], m]) > room:
            lines.append([])
        lines[-1].append(m)
    return lines


def gathered(statements: Sequence[ast.stmt], room: int, maps: bool) -> list[ast.stmt]:
    """The statements of one block with its starts on as few lines as there may be, none longer than `room`.

    `map` may be written where `maps` says so, and empty lists may be in one tuple: a compiler finds no type for that.
    """
    found: list[ast.stmt | Starts] = []
    near: list[Starts] = []
    left: set[ast.stmt] = set()
    for s, following in zip_longest(statements, statements[1:]):
        kind = _kind(s, maps)
        if is_compound(s):
            near = []
        if kind is None or not isinstance(s, ast.Assign):
            for n in near:
                n.pass_by(s)
            found.append(s)
            continue
        home = next((n for n in near if n.kind == kind and n.takes(s)), None)
        behind = found[-1] if found else None
        if home is not None and (home is behind or not _fills(following, s)):
            home.members.append(_start(s))
            left.update([behind] if isinstance(behind, Comment) else [])
            continue
        for n in near:
            n.pass_by(s)
        near = [*(n for n in near if n.kind != kind), Starts(kind, s)]
        found.append(near[-1])
    lines = [line for f in found for line in (f.lines(room, maps) if isinstance(f, Starts) else [f])]
    return list(_without_empty(lines, left))


def _start(s: ast.Assign) -> Start:
    function = argument = ""
    match s.value:
        case ast.Call(called, [read], []):
            function, argument = write_expression(called), write_expression(read)
    return Start(s, write_expression(s.targets[0]), write_expression(s.value), function, argument)


def _kind(s: ast.stmt, lists: bool) -> object:
    """What starts may stand together with a statement, None if it is no start; where no `lists` may, these are none."""
    kind = getattr(s, "starts", None)
    match s:
        case ast.Assign(_, ast.List()) if not lists:
            return None
        case ast.Assign([ast.Name()], ast.Constant(value)) if kind is not None:
            return kind, type(value), repr(value)
        case ast.Assign([ast.Name()]) if kind is not None:
            return kind
    return None


def _fills(s: ast.stmt | None, start: ast.Assign) -> bool:
    """Whether a statement stores into what was started in front of it."""
    match s, start.targets:
        case ast.Assign([ast.Subscript(ast.Name(filled))]), [ast.Name(started)]:
            return filled == started
    return False


def _without_empty(statements: Sequence[ast.stmt], left: set[ast.stmt]) -> Iterator[ast.stmt]:
    """The statements without the comments under which nothing is left."""
    for s, following in zip_longest(statements, statements[1:]):
        if s not in left or not (following is None or isinstance(following, Comment)):
            yield s
