"""Neighbouring statements that Python says in one.

x = xs[-1]; del xs[-1]                              x = xs.pop()
v = np.exp(a); kept[i] = v                          kept[i] = v = np.exp(a)
v2 = y[-1]; w = v2                                  w = y[-1]
x += a; x -= b                                      x += a - b
v_bar = x_bar[i]; x_bar[i] = 0.0                    v_bar, x_bar[i] = x_bar[i], 0.0
v2 = f_reverse(x); return y, v2                     return y, f_reverse(x)
if len(y) != 2: raise ValueError; a = y[0]; b = y[1]    a, b = y
"""

from __future__ import annotations

import ast
import copy
from collections.abc import Callable
from functools import cache
from typing import Any

from s2sad.emit.starts import gathered
from s2sad.emit.statements import fill_call, names_in, take_place
from s2sad.emit.unpacking import unpacked
from s2sad.emit.writer import INDENT, WIDTH, write_statement
from s2sad.ir.python_trees import walk
from s2sad.ir.trace_names import is_of_trace

LENGTH = 80
"""How long a line may be that stores a value and binds its name."""


def joined(statements: list[ast.stmt], unpacks: bool) -> list[ast.stmt]:
    """The statements of a function, shorter; arrays are unpacked where the backend `unpacks` them.

    What is bound to be read `once` needs no name where that is a store.
    """

    @cache
    def spare() -> bool:
        """Whether `_` may be bound: nobody reads it, and no compiler wants one type for it."""
        named = (n for n in walk(*statements) if isinstance(n, ast.Name) and n.id == "_")
        return unpacks and not any(isinstance(n.ctx, ast.Load) for n in named)

    return _in_block(statements, unpacks, spare, WIDTH - len(INDENT))


def _in_block(statements: list[ast.stmt], unpacks: bool, spare: Callable[[], bool], room: int) -> list[ast.stmt]:
    """The statements of a block and those within them, where a new one is no longer than there is `room`.

    `_` may be bound where it is `spare`.
    """
    for s in statements:
        for part in (s, *getattr(s, "handlers", ())):
            for inner in ("body", "orelse"):
                if block := getattr(part, inner, None):
                    setattr(part, inner, _in_block(block, unpacks, spare, room - len(INDENT)))
    return gathered(unpacked(_neighbours(statements, unpacks, room), room, spare), room, maps=unpacks)


def _neighbours(statements: list[ast.stmt], unpacks: bool, room: int) -> list[ast.stmt]:
    result: list[ast.stmt] = []
    for s in statements:
        one = _popped(result, s) or _stored(result, s) or _cleared(result, s, room)
        one = one or _added(result, s, room) or _returned(result, s, room) or _renamed(result, s)
        if one is not None:
            take_place(one, result.pop(), s)
        result.append(one or s)
        count = _unpacked(result) if unpacks else 0
        if count:
            check, *items = result[-count - 1 :]
            names = ast.Tuple([item.targets[0] for item in items if isinstance(item, ast.Assign)], ast.Store())
            whole = ast.Assign([names], items[0].value.value)  # type: ignore[attr-defined]
            take_place(whole, check, *items)
            result[-count - 1 :] = [whole]
    return result


def _popped(before: list[ast.stmt], s: ast.stmt) -> ast.stmt | None:
    last = before[-1] if before else None
    match last, s:
        case ast.Assign(targets, ast.Subscript(ast.Name(name), index) as taken), ast.Delete([deleted]):
            if ast.unparse(deleted) == ast.unparse(taken):
                return ast.Assign(targets, fill_call(name, [] if ast.unparse(index) == "-1" else [index]))
    return None


def _stored(before: list[ast.stmt], s: ast.stmt) -> ast.stmt | None:
    last = before[-1] if before else None
    match last, s:
        case ast.Assign([ast.Name(name) as first], value), ast.Assign([ast.Subscript() as place], ast.Name(read)):
            # The place is written first: it may not be said by the name.
            if name == read and all(n.id != name for n in ast.walk(place) if isinstance(n, ast.Name)):
                one = ast.Assign([place] if getattr(last, "once", False) else [place, first], value)
                return one if len(write_statement(one)) <= LENGTH else None
    return None


def _renamed(before: list[ast.stmt], s: ast.stmt) -> ast.stmt | None:
    """`w = y[-1]` for `v2 = y[-1]; w = v2`, where nobody else reads `v2`."""
    last: Any = before[-1] if before else None
    match last, s:
        case ast.Assign([ast.Name(name)]), ast.Assign([ast.Name() as target], ast.Name(read)):
            if name == read and getattr(last, "once", False):
                one = copy.copy(last)  # what is known of the value, too
                one.targets, one.once = [target], False  # type: ignore[attr-defined]
                return one
    return None


def _cleared(before: list[ast.stmt], s: ast.stmt, room: int) -> ast.stmt | None:
    """`v_bar, x_bar[i] = x_bar[i], 0.0` for `v_bar = x_bar[i]; x_bar[i] = 0.0`: what is taken leaves nothing behind."""
    last = before[-1] if before else None
    match last, s:
        case ast.Assign([ast.Name(name) as taken], value), ast.Assign(
            [ast.Subscript() as place], ast.Constant(0.0) as zero
        ):
            read = value.func.value if _is_copy(value) else value  # type: ignore[attr-defined]
            if name in names_in(place) or not isinstance(read, ast.Subscript) or not _is_same(read, place):
                return None
            one = ast.Assign([ast.Tuple([taken, place], ast.Store())], ast.Tuple([value, zero], ast.Load()))
            return one if len(write_statement(one)) <= room else None
    return None


def _is_copy(value: ast.expr) -> bool:
    match value:
        case ast.Call(ast.Attribute(ast.expr(), "copy"), [], []):
            return True
    return False


def _is_same(a: ast.expr, b: ast.expr) -> bool:
    """Whether two expressions have one text."""
    return ast.unparse(a) == ast.unparse(b)


def _returned(before: list[ast.stmt], s: ast.stmt, room: int) -> ast.stmt | None:
    """`return y, f_reverse(x)` for `v2 = f_reverse(x); return y, v2`: a number is no name that says something."""
    last = before[-1] if before else None
    match last, s:
        case ast.Assign([ast.Name(name)], ast.Call() as made), ast.Return(value) if value is not None:
            items = value.elts if isinstance(value, ast.Tuple) else [value]
            place = next((k for k, item in enumerate(items) if isinstance(item, ast.Name) and item.id == name), None)
            if place is None or not getattr(last, "once", False) or not is_of_trace(name):
                return None
            items = [*items[:place], made, *items[place + 1 :]]
            one = ast.Return(ast.Tuple(items, ast.Load()) if isinstance(value, ast.Tuple) else made)
            return one if len(write_statement(one)) <= room else None
    return None


def _added(before: list[ast.stmt], s: ast.stmt, room: int) -> ast.stmt | None:
    """`x += a - b` for `x += a; x -= b`: the sums of an adjoint may be taken in any order."""
    last = before[-1] if before else None
    match last, s:
        case ast.AugAssign(ast.Name(name) as target, first, a), ast.AugAssign(ast.Name(again), second, b):
            if name != again or name in names_in(b) or not (getattr(last, "regroups", 0) and getattr(s, "regroups", 0)):
                return None
            if isinstance(first, ast.Sub) and isinstance(second, ast.Add):
                first, a, second, b = second, b, first, a
            one = ast.AugAssign(target, first, ast.BinOp(a, ast.Add() if type(first) is type(second) else ast.Sub(), b))
            one.regroups = True  # type: ignore[attr-defined]
            return one if len(write_statement(one)) <= room else None
    return None


def _unpacked(before: list[ast.stmt]) -> int:
    """How many of the last statements take the items of one array, in front of which its length is checked."""
    last = _item(before[-1])
    count = last[2] + 1 if last else 0
    if last is None or len(before) <= count:
        return 0
    check, *taken = before[-count - 1 :]
    items = [_item(s) for s in taken]
    names = {item[0] for item in items if item}
    whole = last[1]
    if [item and item[1:] for item in items] != [(whole, k) for k in range(count)]:
        return 0
    return count if len(names) == count and whole not in names and _asks(check, whole, count) else 0


def _item(s: ast.stmt) -> tuple[str, str, int] | None:
    """The names of an item and of its array, and its number, for `a = y[k]`."""
    match s:
        case ast.Assign([ast.Name(target)], ast.Subscript(ast.Name(name), ast.Constant(int(k)))):
            return target, name, k
    return None


def _asks(s: ast.stmt, name: str, count: int) -> bool:
    """Whether a statement raises ValueError unless an array has so many items."""
    match s:
        case ast.If(
            ast.Compare(ast.Call(ast.Name("len"), [ast.Name(asked)]), [ast.NotEq()], [ast.Constant(int(k))]),
            [ast.Raise(ast.Call(ast.Name("ValueError")))],
            [],
        ):
            return asked == name and k == count
    return False
