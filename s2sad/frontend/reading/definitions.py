"""Finding the definition of a function in its file, from its code and the lines of the file.

The block that begins at the first line of the function is cut out by indentation and parsed by itself, so that the
rest of the file costs nothing. Where that fails (a lambda amid a table, say), the whole file is parsed and indexed:
once for its content, however many of its lambdas are looked up.

    FS = {                               line 2, '<lambda>': [lambda x: x]
        "f": lambda x: x,                line 3, '<lambda>': [lambda x: -x, lambda x: x * x]
        "g": lambda x: -x, "h": lambda x: x * x,
    }

What is found counts only if it compiles to the code of the function (`samecode`); of lambdas on one line it is the
one in whose body the positions of the code lie.
"""

from __future__ import annotations

import ast
import threading
import types
from bisect import bisect_right
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import cached_property
from itertools import islice
from typing import TypeAlias

from s2sad.frontend.reading.same_code import FUTURE, Definition, codes_of, compiles_to, is_rewritten, same
from s2sad.ir.python_trees import children, walk

Position: TypeAlias = tuple[int, int]
Key: TypeAlias = tuple[int, str]

_BLOCK_TRIES = 20  # lines of strings and brackets may stand further left than the function
_LAMBDA_ROOM = 3_000  # characters; the statement of a lambda may be much longer than the lambda
_FILES_KEPT = 8


def find(code: types.CodeType, lines: list[str], outside: Mapping[str, object]) -> Definition | None:
    """The definition in the file whose code is `code`; None where there is none.

    `outside` are the globals of the function: they tell which names the file is likely to import.
    """
    file = _known(code.co_filename, lines)
    found = None if file is None else file.find(code)
    if found is not None:
        return found
    block = _parse_block(lines, code.co_firstlineno - 1, _LAMBDA_ROOM if code.co_name == "<lambda>" else None)
    if block is not None:
        found = Definitions(block).find(code, lambda node: _is_likely(node, code, outside))
        if found is not None:
            return found
    if file is None:
        file = _remember(code.co_filename, lines)
        found = file.find(code)
    return found or file.find_by_all_code(code) or file.find_elsewhere(code)


def _is_likely(node: Definition, code: types.CodeType, outside: Mapping[str, object]) -> bool:
    """Does a definition give the code, for one of the likely sets of names that its file imports?"""
    called = _called(node)
    likely = frozenset(name for name in called if _is_foreign(outside.get(name), outside))
    guesses = dict.fromkeys([likely, called - set(code.co_varnames), frozenset()])
    return any(compiles_to(node, code, imported) for imported in guesses)


def _called(node: Definition) -> frozenset[str]:
    """The names whose methods are called."""
    calls = (n.func.value for n in walk(node) if isinstance(n, ast.Call) and isinstance(n.func, ast.Attribute))
    return frozenset(value.id for value in calls if isinstance(value, ast.Name))


def _is_foreign(value: object, outside: Mapping[str, object]) -> bool:
    made = isinstance(value, type | types.FunctionType | types.BuiltinFunctionType)
    return isinstance(value, types.ModuleType) or (made and value.__module__ != outside.get("__name__"))


# The block of a definition


def _parse_block(lines: list[str], start: int, room: int | None) -> ast.Module | None:
    """The statement that begins at a line, placed as in the file; None where it is not a whole one.

    With `room` no more characters than these are looked at.
    """
    if start >= len(lines):
        return None
    indent = _indent(lines[start])
    if indent and start == 0:
        return None
    before = "if 1:\n" if indent else ""
    for end in islice(_ends(lines, start, indent), _BLOCK_TRIES):
        text = "".join(lines[start:end])
        if room is not None:
            room -= len(text)
            if room < 0:
                return None
        try:
            tree = ast.parse(before + text)
        except (SyntaxError, ValueError):
            continue
        return ast.increment_lineno(tree, start - bool(indent))
    return None


def _indent(line: str) -> int:
    blank = line[: len(line) - len(line.lstrip())].rpartition("\f")[2]
    return len(blank.expandtabs())


def _ends(lines: list[str], start: int, indent: int) -> Iterator[int]:
    """Where the block that begins at `start` may end: before each line that stands no further right."""
    for number in range(start + 1, len(lines)):
        text = lines[number].strip()
        if text and not text.startswith("#") and _indent(lines[number]) <= indent:
            yield number
    yield len(lines)


# All definitions of a tree


class Definitions:
    """The functions and lambdas of a tree, by the lines on which they begin."""

    def __init__(self, tree: ast.AST) -> None:
        self._functions: dict[Key, list[Definition]] = {}
        self._lambdas: dict[int, list[ast.Lambda]] = {}
        """In the order in which their bodies begin."""
        self._around: dict[ast.Lambda, ast.Lambda] = {}
        """For a lambda, the one in whose body it stands."""
        work: list[tuple[ast.AST, ast.Lambda | None]] = [(tree, None)]
        while work:
            node, around = work.pop()
            if isinstance(node, ast.Lambda):
                self._add_lambda(node, around)
                work += [(node.args, around), (node.body, node)]
                continue
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
                first = min([node.lineno, *(decorator.lineno for decorator in node.decorator_list)])
                self._functions.setdefault((first, node.name), []).append(node)
            work += [(child, around) for child in children(node)]
        for lambdas in self._lambdas.values():
            lambdas.sort(key=_begin)

    def _add_lambda(self, node: ast.Lambda, around: ast.Lambda | None) -> None:
        self._lambdas.setdefault(node.lineno, []).append(node)
        if around is not None:
            self._around[node] = around

    def find(self, code: types.CodeType, accepts: Callable[[Definition], bool]) -> Definition | None:
        """The first that stands where the code does, and is accepted."""
        return next(filter(accepts, self._candidates(code)), None)

    def named(self, name: str) -> Iterator[Definition]:
        """All functions of a name."""
        return (node for (_, own), nodes in self._functions.items() if own == name for node in nodes)

    def _candidates(self, code: types.CodeType) -> Iterator[Definition]:
        """Those that have the name and the place of the code; of lambdas in one another, the inner ones first."""
        line = code.co_firstlineno
        if code.co_name != "<lambda>":
            yield from self._functions.get((line, code.co_name), ())
            return
        lambdas, (first, last) = self._lambdas.get(line, []), _extent(code)
        if first is None or last is None:  # Python runs without positions
            yield from sorted(lambdas, key=_span)
            return
        before = bisect_right(lambdas, first, key=_begin)
        node = lambdas[before - 1] if before else None
        while node is not None:
            if node.lineno == line and _begin(node) <= first and last <= _end(node):
                yield node
            node = self._around.get(node)


def _begin(node: ast.Lambda) -> Position:
    return node.body.lineno, node.body.col_offset


def _end(node: ast.Lambda) -> Position:
    return node.body.end_lineno or 0, node.body.end_col_offset or 0


def _span(node: ast.Lambda) -> Position:
    return (node.end_lineno or 0) - node.lineno, (node.end_col_offset or 0) - node.col_offset


def _extent(code: types.CodeType) -> tuple[Position | None, Position | None]:
    """Where the text that the code was made of begins and ends."""
    begins: list[Position] = []
    ends: list[Position] = []
    for line, end_line, column, end_column in code.co_positions():
        if line is None or end_line is None or column is None or end_column is None:
            continue
        if (line, column) != (end_line, end_column):
            begins.append((line, column))
            ends.append((end_line, end_column))
    return min(begins, default=None), max(ends, default=None)


# The whole file


class _File:
    """The text of a file as a whole; what is known of it is found out once, when it is asked for."""

    def __init__(self, lines: Sequence[str]) -> None:
        self.lines = lines
        self._codes: dict[tuple[int, bool], dict[Key, list[types.CodeType]]] = {}

    @cached_property
    def tree(self) -> ast.Module:
        """Empty where the file has a syntax error."""
        try:
            return ast.parse("".join(self.lines))
        except (SyntaxError, ValueError):
            return ast.Module([], [])

    @cached_property
    def definitions(self) -> Definitions:
        return Definitions(self.tree)

    @cached_property
    def imported(self) -> frozenset[str]:
        return frozenset(_imported(self.tree))

    def find(self, code: types.CodeType) -> Definition | None:
        return self.definitions.find(code, lambda node: compiles_to(node, code, _called(node) & self.imported))

    def find_by_all_code(self, code: types.CodeType) -> Definition | None:
        """The definition, where only the file as a whole compiles to its code, not the definition by itself."""
        key = code.co_firstlineno, code.co_name
        found = any(same(code, other) for other in self._all_code(code).get(key, ()))
        return self.definitions.find(code, lambda node: True) if found else None

    def find_elsewhere(self, code: types.CodeType) -> Definition | None:
        """A function that gives the code where it does not say so: IPython reloads functions one by one, as texts."""
        accepted = (n for n in self.definitions.named(code.co_name) if compiles_to(n, code, _called(n) & self.imported))
        return next(accepted, None)

    def _all_code(self, code: types.CodeType) -> dict[Key, list[types.CodeType]]:
        manner = code.co_flags & FUTURE, is_rewritten(code)
        if manner not in self._codes:
            found: dict[Key, list[types.CodeType]] = {}
            try:
                for one in codes_of(self.tree, code):
                    found.setdefault((one.co_firstlineno, one.co_name), []).append(one)
            except (SyntaxError, ValueError):
                pass
            self._codes[manner] = found
        return self._codes[manner]


def _imported(tree: ast.Module) -> Iterator[str]:
    """The names that a file imports, but for those that are imported in a function or class."""
    work: list[ast.AST] = [tree]
    while work:
        node = work.pop()
        if isinstance(node, ast.Import | ast.ImportFrom):
            for alias in node.names:
                yield alias.asname or alias.name.partition(".")[0]
        elif not isinstance(node, ast.expr | ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            work += children(node)


_files: dict[str, _File] = {}  # by name; the one asked for last is last
_lock = threading.Lock()


def _known(name: str, lines: list[str]) -> _File | None:
    """What is known of a file as it is now: `linecache` keeps its lines until it is changed."""
    with _lock:
        file = _files.get(name)
        if file is None or not (file.lines is lines or file.lines == lines):
            return None
        file.lines = lines
        _files[name] = _files.pop(name)
        return file


def _remember(name: str, lines: list[str]) -> _File:
    file = _File(lines)
    with _lock:
        _files.pop(name, None)
        _files[name] = file
        while len(_files) > _FILES_KEPT:
            del _files[next(iter(_files))]
    return file
