"""The source of a function: from the function object to its syntax tree, with the places in the file.

Takes a function, gives a `Source`: its `gast` tree (without decorators), its text, and for every node the `Location`
in the file as it is.

The block of the function is cut out of its file by indentation, and parsed in place (behind as many newlines), so that
all positions are those of the file; only where that fails (lambdas over several lines) is the whole file parsed, once.
What was found is compiled, inside stand-ins for the classes and functions around it, and must be the very code that
the function runs; else the file was changed since it was imported:

    def outer(k):                         def outer():
        # ...                                 k = None            # a cell, as in the file
        def f(x):            compiled as      def f(x):
            return k * x                          return k * x    # code equal to f.__code__, but for line numbers
"""

from __future__ import annotations
import __future__

import ast
import inspect
import linecache
import sys
import threading
import types
import warnings
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import lru_cache
from itertools import islice
from typing import Any, TypeAlias

import gast

from s2sad.errors import Location, SourceUnavailable, StaleSource, UnsupportedSyntax

Definition: TypeAlias = ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda

_FEATURES = [getattr(__future__, name).compiler_flag for name in __future__.all_feature_names]
_FUTURE = sum(set(_FEATURES)) & ~0xFFF  # the lower bits have other meanings by now
_CONTEXT = inspect.CO_NESTED | inspect.CO_ITERABLE_COROUTINE  # flags given by what is around a function
_BLOCK_TRIES = 20  # lines of strings and brackets may stand further left than the function


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

    def location(self, node: gast.AST) -> Location:
        """The place of a node in the file; if it has none of its own, that of its first child, or of the function."""
        while getattr(node, "lineno", None) is None:
            node = next(iter(gast.iter_child_nodes(node)), self.tree)
        return _location(node, self.file, self._lines, self._first)


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
    code, lines = function.__code__, _file_lines(function)
    with warnings.catch_warnings(), deep_recursion():
        warnings.simplefilter("ignore")  # the compiler gave its warnings when the file was imported
        node = _find(code, lines)
        if node is None:
            raise StaleSource(
                f"{code.co_filename}:{code.co_firstlineno}: "
                f"the source found there is not that of {function.__qualname__}: "
                "the file was changed after it was imported (or an import hook rewrites its functions). "
                "Import it anew: restart Python, or importlib.reload its module."
            )
        return _source(node, code, lines, generators)


def _file_lines(function: types.FunctionType) -> list[str]:
    code = function.__code__
    linecache.checkcache(code.co_filename)
    lines = linecache.getlines(code.co_filename, function.__globals__)
    if lines:
        return lines
    typed = code.co_filename.startswith("<")
    why = "it was typed at a prompt, or made by exec" if typed else f"{code.co_filename} cannot be read"
    raise SourceUnavailable(
        f"the source of {function.__qualname__} cannot be had: {why}. "
        "Define it in a file, or give its derivative as a rule."
    )


def _source(node: Definition, code: types.CodeType, lines: list[str], generators: bool) -> Source:
    first, last = code.co_firstlineno, node.end_lineno or node.lineno
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
    return Source(tree, text, code.co_filename, node.lineno, decorators, own, first)


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
    return Location(file, node.lineno, column(node.lineno, node.col_offset), end, column(end, end_offset))


# Finding the definition


def _find(code: types.CodeType, lines: list[str]) -> Definition | None:
    """The definition in the file whose code is `code`; None where there is none."""
    block = _parse_block(lines, code.co_firstlineno - 1)
    flags = code.co_flags & _FUTURE
    if block is not None:
        matching = [node for node in _candidates(block, code) if _compiles_to(node, code)]
        if matching:
            return _pick(matching, code)
    try:
        tree, codes = _whole_file("".join(lines), flags)
    except (SyntaxError, ValueError):
        return None
    if not any(_same(code, other) for other in codes if other.co_firstlineno == code.co_firstlineno):
        return None
    return _pick(list(_candidates(tree, code)), code)


def _parse_block(lines: list[str], start: int) -> ast.Module | None:
    """The statement that begins at a line, placed as in the file; None where it is not a whole one."""
    if start >= len(lines):
        return None
    indent = _indent(lines[start])
    if indent and start == 0:
        return None
    before = "\n" * (start - 1) + "if 1:\n" if indent else "\n" * start
    for end in islice(_ends(lines, start, indent), _BLOCK_TRIES):
        try:
            return ast.parse(before + "".join(lines[start:end]))
        except (SyntaxError, ValueError):
            continue
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


@lru_cache(maxsize=4)
def _whole_file(text: str, flags: int) -> tuple[ast.Module, tuple[types.CodeType, ...]]:
    tree = ast.parse(text)
    return tree, tuple(_codes(compile(tree, "", "exec", flags, dont_inherit=True)))


def _candidates(tree: ast.Module, code: types.CodeType) -> Iterator[Definition]:
    """The definitions that have the name and the first line of the code."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Lambda):
            if code.co_name == "<lambda>" and node.lineno == code.co_firstlineno:
                yield node
        elif isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and node.name == code.co_name:
            decorators = [decorator.lineno for decorator in node.decorator_list]
            if min([node.lineno, *decorators]) == code.co_firstlineno:
                yield node


def _pick(nodes: Sequence[Definition], code: types.CodeType) -> Definition | None:
    """Of several lambdas on a line, the smallest that contains all positions of the code."""
    positions = [
        (line, column, end_line, end_column)
        for line, end_line, column, end_column in code.co_positions()
        if None not in (line, end_line, column, end_column) and (line, column) != (end_line, end_column)
    ]

    def span(node: Definition) -> tuple[int, int]:
        lines = (node.end_lineno or 0) - node.lineno
        return lines, (node.end_col_offset or 0) - node.col_offset

    def contains(node: Definition) -> bool:
        if not isinstance(node, ast.Lambda):
            return True
        body = node.body
        begin, end = (body.lineno, body.col_offset), (body.end_lineno, body.end_col_offset)
        return all(begin <= (at[0], at[1]) and (at[2], at[3]) <= end for at in positions)

    return min(filter(contains, nodes), key=span, default=None)


# Comparing code


def _compiles_to(node: Definition, code: types.CodeType) -> bool:
    """Does the definition, compiled where it stands, give the code?"""
    try:
        module = compile(_in_context(node, code), "", "exec", code.co_flags & _FUTURE, dont_inherit=True)
    except (SyntaxError, ValueError):
        return False
    return any(_same(code, other) for other in _codes(module))


def _in_context(node: Definition, code: types.CodeType) -> ast.Module:
    """The definition inside stand-ins for what is around it: for private names, classes; for free names, functions."""
    at: dict[str, Any] = {"lineno": 1, "col_offset": 0, "end_lineno": 1, "end_col_offset": 0}
    statement: ast.stmt = ast.Expr(node, **at) if isinstance(node, ast.Lambda) else node
    none = ast.Constant(None, **at)
    cells = [name for name in code.co_freevars if name != "__class__"]  # that one comes with a class
    free = [ast.Assign([ast.Name(name, ast.Store(), **at)], none, **at) for name in cells]
    around = code.co_qualname.split(".")[:-1]
    while around:
        name = around.pop()
        if name != "<locals>":
            kind: Callable[..., ast.stmt] = ast.ClassDef
            fields: dict[str, object] = {"bases": [], "keywords": []}
            body = [statement]
        else:
            name, kind, body, free = around.pop(), ast.FunctionDef, [*free, statement], []
            arguments = ast.arguments(posonlyargs=[], args=[], kwonlyargs=[], kw_defaults=[], defaults=[])
            fields = {"args": arguments}
        if sys.version_info >= (3, 12):
            fields["type_params"] = []
        statement = kind(name=name, body=body, decorator_list=[], **fields, **at)
    return ast.Module([statement], [])


def _codes(code: types.CodeType) -> Iterator[types.CodeType]:
    """A code object, and all that are nested in it."""
    yield code
    for constant in code.co_consts:
        if isinstance(constant, types.CodeType):
            yield from _codes(constant)


def _same(own: types.CodeType, other: types.CodeType) -> bool:
    """Are the two equal but for where they stand?"""
    if own.co_name != other.co_name or own.co_varnames[: own.co_argcount] != other.co_varnames[: other.co_argcount]:
        return False
    if _rewritten(own):
        return set(other.co_names) <= set(own.co_names)
    return _content(own) == _content(other)


def _content(code: types.CodeType) -> tuple[object, ...]:
    arguments = code.co_argcount, code.co_posonlyargcount, code.co_kwonlyargcount, code.co_flags & ~_CONTEXT
    names = code.co_name, code.co_names, code.co_varnames, code.co_freevars, code.co_cellvars
    return arguments, names, code.co_code, code.co_exceptiontable, _constant(code.co_consts)


def _constant(value: object) -> object:
    """A key by which constants are the same only if they are of one type, with the same sign of zero."""
    if isinstance(value, types.CodeType):
        return _content(value)
    if isinstance(value, tuple):
        return tuple(map(_constant, value))
    if isinstance(value, frozenset):
        return frozenset(map(_constant, value))
    return type(value), repr(value) if isinstance(value, float | complex) else value


def _rewritten(code: types.CodeType) -> bool:
    """Did pytest put its own code in place of an assert?"""
    return any(name.startswith("@py") for other in _codes(code) for name in _names(other))


def _names(code: types.CodeType) -> Iterable[str]:
    return code.co_names + code.co_varnames


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
