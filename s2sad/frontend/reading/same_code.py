"""Whether a definition in a file is what a function runs: it is compiled, and must give the very code of the function.

It is compiled inside stand-ins for the classes and functions around it:

    def outer(k):                         def outer():
        # ...                                 k = None            # a cell, as in the file
        def f(x):            compiled as      def f(x):
            return k * x                          return k * x    # code equal to f.__code__, but for line numbers

The code of a method call depends on whether the file imports the name before the dot (``np.sin(x)``), so these names
are imported in the stand-in as well. Where pytest has put its own code in place of the asserts, so does its rewriter
here.
"""

from __future__ import annotations
import __future__

import ast
import inspect
import sys
import types
from collections.abc import Callable, Iterable, Iterator
from functools import lru_cache
from typing import Any, TypeAlias

Definition: TypeAlias = ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda

_FEATURES = [getattr(__future__, name).compiler_flag for name in __future__.all_feature_names]
FUTURE = sum(set(_FEATURES)) & ~0xFFF  # the lower bits have other meanings by now
_CONTEXT = inspect.CO_NESTED | inspect.CO_ITERABLE_COROUTINE  # flags given by what is around a function
_PASS_HOOK = "_call_assertion_pass"  # pytest's code then depends on its configuration, and holds the lines of the file


def compiles_to(node: Definition, code: types.CodeType, imported: Iterable[str]) -> bool:
    """Does the definition, compiled where it stands in a file that imports these names, give the code?"""
    try:
        return any(same(code, other) for other in codes_of(_in_context(node, code, imported), code))
    except (SyntaxError, ValueError):
        return False


def _in_context(node: Definition, code: types.CodeType, imported: Iterable[str]) -> ast.Module:
    """The definition inside stand-ins for what is around it: for private names, classes; for free names, functions."""
    at: dict[str, Any] = {"lineno": 1, "col_offset": 0, "end_lineno": 1, "end_col_offset": 0}
    # positions are left out of the comparison, so that one place serves all nodes
    statement: ast.stmt = ast.Expr(node, **at) if isinstance(node, ast.Lambda) else node
    none = ast.Constant(None, **at)
    cells = [name for name in code.co_freevars if name != "__class__"]  # that one comes with a class
    # a free name must be bound in a function around, or it would be compiled as a global
    free = [ast.Assign([ast.Name(name, ast.Store(), **at)], none, **at) for name in cells]
    around = code.co_qualname.split(".")[:-1]
    # from the inside to the outside: each name in the qualified name is a class, or a function where `<locals>`
    # follows it
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
    imports = [ast.Import([ast.alias(name, None, **at)], **at) for name in imported]
    return ast.Module([*imports, statement], [])


def codes_of(tree: ast.Module, code: types.CodeType) -> Iterator[types.CodeType]:
    """All code that a tree gives where it is compiled as `code` was.

    Raises:
        SyntaxError, ValueError: it cannot be compiled.
    """
    rewriter = _rewriter(code)
    # pytest rewrites a tree in place, and the tree of the file is shared
    if rewriter is not None:
        tree = _copied(tree)
        rewriter(tree)
    return _nested(compile(tree, "", "exec", code.co_flags & FUTURE, dont_inherit=True))


def _nested(code: types.CodeType) -> Iterator[types.CodeType]:
    """A code object, and all that are in it."""
    yield code
    for constant in code.co_consts:
        if isinstance(constant, types.CodeType):
            yield from _nested(constant)


def same(own: types.CodeType, other: types.CodeType) -> bool:
    """Are the two equal but for where they stand?"""
    if own.co_name != other.co_name or own.co_varnames[: own.co_argcount] != other.co_varnames[: other.co_argcount]:
        return False
    # what pytest put in cannot be made again here: the names alone are compared, which the asserts only add to
    if is_rewritten(own) and _rewriter(own) is None:
        return _arguments(own) == _arguments(other) and set(_names(other)) <= set(_names(own))
    return _content(own) == _content(other)


def _content(code: types.CodeType) -> tuple[object, ...]:
    names = code.co_name, code.co_names, code.co_varnames, code.co_freevars, code.co_cellvars
    return _arguments(code), names, code.co_code, code.co_exceptiontable, _constant(code.co_consts)


def _arguments(code: types.CodeType) -> tuple[int, ...]:
    return code.co_argcount, code.co_posonlyargcount, code.co_kwonlyargcount, code.co_flags & ~_CONTEXT


def _constant(value: object) -> object:
    """A key by which constants are the same only if they are of one type, with the same sign of zero."""
    if isinstance(value, types.CodeType):
        return _content(value)
    if isinstance(value, tuple):
        return tuple(map(_constant, value))
    if isinstance(value, frozenset):
        return frozenset(map(_constant, value))
    # 0.0 == -0.0 and nan != nan: the text tells them apart, and finds nan again
    return type(value), repr(value) if isinstance(value, float | complex) else value


# Code of pytest


def is_rewritten(code: types.CodeType) -> bool:
    """Did pytest put its own code in place of an assert?"""
    return any(name.startswith("@py") for other in _nested(code) for name in _names(other))


def _names(code: types.CodeType) -> tuple[str, ...]:
    return code.co_names + code.co_varnames + code.co_freevars + code.co_cellvars


def _rewriter(code: types.CodeType) -> Callable[[ast.Module], object] | None:
    """What rewrites the asserts of a tree as pytest did in the code; None where nothing does."""
    if not is_rewritten(code) or any(_PASS_HOOK in other.co_names for other in _nested(code)):
        return None
    return _rewriter_of_pytest()


@lru_cache(maxsize=1)
def _rewriter_of_pytest() -> Callable[[ast.Module], object] | None:
    """None where pytest has another one than this was written for: it is not a public function."""
    module = sys.modules.get("_pytest.assertion.rewrite")
    tree = ast.parse("assert x")

    def rewrite(tree: ast.Module) -> object:
        return module.rewrite_asserts(tree, b"", "")  # type: ignore[union-attr]

    try:
        rewrite(tree)
        given = compile(tree, "", "exec", dont_inherit=True)
    except Exception:
        return None
    return rewrite if is_rewritten(given) else None


def _copied(value: object) -> Any:
    if isinstance(value, list):
        return [_copied(item) for item in value]
    if isinstance(value, ast.AST):
        return type(value)(**{name: _copied(item) for name, item in vars(value).items()})
    return value
