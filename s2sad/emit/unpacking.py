"""Parts of one whole that are named one after the other: the whole is unpacked.

W = layers[0][0]
b = layers[0][1]              W, b = layers[0]
c = kernels.shape[0]          c, k, _ = kernels.shape
k = kernels.shape[1]          n, m = len(x), len(y)          where the user wrote it so
n = len(x)
m = len(y)

A statement that takes a part knows how many parts the whole has, and that whole in its own: `lengths`.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Callable, Collection, Sequence
from functools import lru_cache
from typing import NamedTuple

from s2sad.emit.statements import names_in, take_place
from s2sad.emit.writer import write_statement
from s2sad.ir.python_trees import walk

FEW = 2
"""How many parts must be read for each that is not, so that the whole is unpacked all the same."""


def unpacked(statements: Sequence[ast.stmt], room: int, spare: Callable[[], bool]) -> list[ast.stmt]:
    """The statements of a block, shorter; none of those that are new is longer than `room`.

    `_` stands for parts that nobody reads where it is `spare`.
    """
    result = _taken_apart(statements, room, spare)
    # A whole that was unpacked may be a part itself: `(W1, b1), (W2, b2) = params`.
    while len(result) < len(statements):
        statements, result = result, _taken_apart(result, room, spare)
    return _as_written(result, room)


class Part(NamedTuple):
    """A statement that binds a part of a whole: `b = layers[0][1]`."""

    statement: ast.stmt
    target: ast.expr
    whole: ast.expr
    number: int
    of: tuple[str, int]
    """The text of the whole, and the number of its parts."""


def _taken_apart(statements: Sequence[ast.stmt], room: int, spare: Callable[[], bool]) -> list[ast.stmt]:
    result: list[ast.stmt] = []
    run: list[Part] = []
    for s in statements:
        part = _part(s)
        if run and (part is None or part.of != run[0].of):
            result += _together(run, room, spare)
            run = []
        if part is None:
            result.append(s)
        else:
            run.append(part)
    return [*result, *_together(run, room, spare)]


def _part(s: ast.stmt) -> Part | None:
    match s:
        case ast.Assign([ast.Name() | ast.Tuple() as target], ast.Subscript(whole, ast.Constant(k))):
            lengths = getattr(s, "lengths", ()) or _lengths_written(s, target, k)
            if lengths and type(k) is int:
                return Part(s, target, whole, k, (ast.unparse(whole), lengths[0]))
    return None


def _lengths_written(s: ast.stmt, target: ast.expr, k: object) -> tuple[int, ...]:
    """The number of parts of what the user unpacks, where it is known to have that many: it was unpacked before."""
    at = getattr(s, "at", None)
    if at is None or not at.again or not isinstance(target, ast.Name):
        return ()
    match _parsed(at.statement):
        case ast.Assign([ast.Tuple(names)], value) if not isinstance(value, ast.Tuple):
            plain = [n.id for n in names if isinstance(n, ast.Name)]
            if type(k) is int and plain[k : k + 1] == [_own_name(target.id, plain)] and len(plain) == len(names):
                return (len(names),)
    return ()


def _together(run: Sequence[Part], room: int, spare: Callable[[], bool]) -> list[ast.stmt]:
    """The statements that take parts of one whole, as one where they take all, or all but few."""
    apart = [part.statement for part in run]
    if len(run) < 2:
        return apart
    count, whole = run[0].of[1], run[0].whole
    targets = {part.number: part.target for part in run}
    bound = [n.id for t in targets.values() for n in walk(t) if isinstance(n, ast.Name) and n.id != "_"]
    unread = count - sum(not isinstance(t, ast.Name) or t.id != "_" for t in targets.values())
    # The parts are taken at once: no name is bound twice, nor is it one that the whole is said with.
    distinct = len(targets) == len(run) and len(set(bound)) == len(bound) and names_in(whole).isdisjoint(bound)
    if not distinct or unread * FEW > count - unread or (len(targets) < count and not spare()):
        return apart
    targets_and_rest = [targets.get(k) or ast.Name("_", ast.Store()) for k in range(count)]
    one = ast.Assign([ast.Tuple(targets_and_rest, ast.Store())], whole)
    one.lengths = getattr(run[0].statement, "lengths", ())[1:]  # type: ignore[attr-defined]
    take_place(one, *apart)
    return [one] if len(write_statement(one)) <= room else apart


def _as_written(statements: Sequence[ast.stmt], room: int) -> list[ast.stmt]:
    """The statements; those of one assignment `a, b = x, y` of the user's are one again where they are neighbours."""
    result: list[ast.stmt] = []
    for s in statements:
        result.append(s)
        targets = _targets_written(s.at.statement) if hasattr(s, "at") else ()
        run = result[-len(targets) :] if targets else []
        if len(run) == len(targets) > 1 and (one := _one_assignment(run, targets, room)):
            result[-len(run) :] = [one]
    return result


def _targets_written(statement: str) -> tuple[str, ...]:
    """The names that `a, b = x, y` binds; none of a statement that is not written so."""
    match _parsed(statement):
        case ast.Assign([ast.Tuple(targets)], ast.Tuple(values)) if len(targets) == len(values):
            return tuple(t.id for t in targets if isinstance(t, ast.Name))
    return ()


@lru_cache(maxsize=1024)
def _parsed(statement: str) -> ast.stmt | None:
    """A statement that binds several names; None of any other."""
    if "," not in statement.partition("=")[0]:
        return None
    try:
        return ast.parse(statement).body[0]
    except SyntaxError:  # it is quoted in part
        return None


_NUMBER_BEHIND = re.compile(r"_\d+$")


def _own_name(name: str, names: Collection[str]) -> str:
    """The one of the user's names that a name is, with a number behind it or without."""
    return name if name in names else _NUMBER_BEHIND.sub("", name)


def _one_assignment(run: Sequence[ast.stmt], targets: Sequence[str], room: int) -> ast.stmt | None:
    """`a, b = x, y` for one statement each, where none of them reads what another one binds."""
    names: list[ast.expr] = []
    values: list[ast.expr] = []
    for s, target in zip(run, targets, strict=True):
        match s:
            case ast.Assign([ast.Name(name) as bound], value) if target == _own_name(name, (target,)):
                names.append(bound)
                values.append(value)
    own = names_in(*names)
    if len({_line(s) for s in run}) > 1 or len(own) < len(run) or not own.isdisjoint(names_in(*values)):
        return None
    one = ast.Assign([ast.Tuple(names, ast.Store())], ast.Tuple(values, ast.Load()))
    take_place(one, *run)
    return one if len(write_statement(one)) <= room else None


def _line(s: ast.stmt) -> object:
    """The line of the user's source that a statement comes from."""
    at = getattr(s, "at", None)
    return at and (at.file, at.line)
