"""The source of a function: from the function object to its syntax tree, with the places in the file.

Takes a function, gives a `Source`: its `gast` tree (without decorators), its text, and for every node the `Location`
in the file as it is.

`definitions` finds it in the file, and `samecode` checks that it is what the function runs.
"""

from __future__ import annotations

import ast
import inspect
import linecache
import sys
import threading
import types
import warnings
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace

import gast

from s2sad.errors import Location, SourceUnavailable, StaleSource, UnsupportedSyntax
from s2sad.frontend.reading.callables import SENT, code_in_file
from s2sad.frontend.reading.cells import lines_of_magics
from s2sad.frontend.reading.definitions import find
from s2sad.frontend.reading.private_names import mangle
from s2sad.frontend.reading.quotes import Quotes
from s2sad.frontend.reading.same_code import Definition


@dataclass(frozen=True, eq=False, slots=True)
class Source:
    """The syntax tree of one function, and where it stands.

    A lambda is a `FunctionDef` named ``lambda_`` that returns its body. ``text`` begins at the ``def`` and keeps the
    indentation of the file; for a lambda it is the expression alone.
    """

    tree: gast.FunctionDef
    text: str = field(repr=False)
    file: str
    line: int
    decorators: tuple[gast.AST, ...] = field(repr=False)
    _lines: Sequence[str] = field(repr=False)
    _first: int = field(repr=False)
    _quotes: Quotes = field(repr=False)

    def location(self, node: gast.AST) -> Location:
        """The place of a node in the file; if it has none of its own, that of its first child, or of the function."""
        while getattr(node, "lineno", None) is None:
            node = next(iter(gast.iter_child_nodes(node)), self.tree)
        statement, target = self._quotes.at(node.lineno, node.col_offset)
        place = _location(node, self.file, self._lines, self._first)
        return replace(place, statement=statement, target=target)


def parse(function: types.FunctionType, generators: bool = False) -> Source:
    """The source of a function, checked to be what the function runs; of a generator where these are asked for.

    >>> parse(lambda x: 2 * x).text
    'lambda x: 2 * x'
    """
    if not isinstance(function, types.FunctionType):
        name = getattr(function, "__qualname__", None) or repr(function)
        kind = type(function).__name__.replace("_", " ")
        raise SourceUnavailable(
            f"{name} is a {kind}, not a Python function: it has no source. Give its derivative as a rule."
        )
    code = code_in_file(function)
    linecache.checkcache(code.co_filename)
    lines = linecache.getlines(code.co_filename, function.__globals__)
    # a name that no file has may be that of a cell's magic
    texts = [lines] if lines else lines_of_magics() if code.co_filename.startswith("<") else ()
    with warnings.catch_warnings(), deep_recursion():
        warnings.simplefilter("ignore")  # the compiler gave its warnings when the file was imported
        for text in texts:
            node = find(code, text, function.__globals__)
            if node is not None:
                return _source(node, code, text, generators)
    if not lines:
        raise _unavailable(function.__qualname__, code.co_filename)
    raise StaleSource(
        f"{code.co_filename}:{code.co_firstlineno}: "
        f"the source found there is not that of {function.__qualname__}: "
        "the file was changed after it was imported (or an import hook rewrites its functions). "
        "Import it anew: restart Python, or importlib.reload its module."
    )


def _unavailable(name: str, file: str) -> SourceUnavailable:
    why = "it was typed at a prompt, or made by exec" if file.startswith("<") else f"{file} cannot be read"
    if file == SENT:
        why = "it came from another process, and the file that it is written in is not here"
    return SourceUnavailable(
        f"the source of {name} cannot be had: {why}. Define it in a file, or give its derivative as a rule."
    )


def _source(node: Definition, code: types.CodeType, lines: list[str], generators: bool) -> Source:
    above = [] if isinstance(node, ast.Lambda) else node.decorator_list
    first, last = min([node.lineno, *(d.lineno for d in above)]), node.end_lineno or node.lineno
    own = tuple(lines[first - 1 : last])
    refused = inspect.CO_COROUTINE | inspect.CO_ASYNC_GENERATOR | (0 if generators else inspect.CO_GENERATOR)
    if code.co_flags & refused:
        what, instead = "a generator", "Return a list or a tuple of the values."
        if not code.co_flags & inspect.CO_GENERATOR:
            what, instead = "an async function", "Write a plain function, and await its arguments before the call."
        place, header = _location(node, code.co_filename, own, first), own[node.lineno - first].rstrip("\n")
        raise UnsupportedSyntax(f"{what} cannot be differentiated", instead, place, header)
    tree = gast.ast_to_gast(node)
    if isinstance(node, ast.Lambda):
        text = _segment(own, first, _location(node, code.co_filename, own, first))
        tree, decorators = _named(tree), ()
    else:
        text = "".join(own[node.lineno - first :])
        decorators = tuple(tree.decorator_list)
        tree.decorator_list = []
    mangle(tree, code)
    quotes = Quotes([node.body] if isinstance(node, ast.Lambda) else node.body, own, first)
    return Source(tree, text, code.co_filename, node.lineno, decorators, own, first, quotes)


def _segment(lines: Sequence[str], first: int, at: Location) -> str:
    parts = list(lines[at.line - first : at.end_line - first + 1])
    parts[-1] = parts[-1][: at.end_column]
    return "".join([parts[0][at.column :], *parts[1:]])


def _named(tree: gast.Lambda) -> gast.FunctionDef:
    returned = gast.copy_location(gast.Return(value=tree.body), tree.body)
    nothing: dict[str, object] = {"decorator_list": [], "returns": None, "type_comment": None, "type_params": []}
    return gast.copy_location(gast.FunctionDef(name="lambda_", args=tree.args, body=[returned], **nothing), tree)


def _location(node: Definition | gast.AST, file: str, lines: Sequence[str], first: int) -> Location:
    """Python counts columns in bytes of UTF-8, an editor in characters."""

    def column(line: int, offset: int) -> int:
        if not 0 <= line - first < len(lines) or lines[line - first].isascii():
            return offset
        return len(lines[line - first].encode()[:offset].decode(errors="replace"))

    end = getattr(node, "end_lineno", None) or node.lineno
    end_offset = getattr(node, "end_col_offset", None)
    end_offset = node.col_offset if end_offset is None else end_offset
    begin = column(node.lineno, node.col_offset)
    return Location(file, node.lineno, begin, end, column(end, end_offset))


# Deep trees

_lock = threading.Lock()
_deep: list[int] = []


@contextmanager
def deep_recursion(limit: int = 10_000) -> Iterator[None]:
    """Room for walks over deep trees: 500 early returns are 500 nested ifs. Several threads may be inside at once."""
    with _lock:
        _deep.append(sys.getrecursionlimit() if not _deep else _deep[0])
        sys.setrecursionlimit(max(limit, sys.getrecursionlimit()))
    try:
        yield
    finally:
        with _lock:
            before = _deep.pop()
            if not _deep:
                sys.setrecursionlimit(before)
