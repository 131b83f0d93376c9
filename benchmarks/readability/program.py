"""What a function's own program has: the functions and methods that it reaches in its module, and their names."""

from __future__ import annotations

import ast
import inspect
import sys
from collections.abc import Callable, Iterator
from typing import Any


def words(tree: ast.AST) -> Iterator[str]:
    """The names of variables, parameters and attributes."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Name):
            yield node.id
        elif isinstance(node, ast.arg):
            yield node.arg
        elif isinstance(node, ast.Attribute):
            yield node.attr


def reached(function: Callable[..., Any]) -> dict[str, ast.FunctionDef]:
    """The function, and what it calls in its module: functions and methods, by their names."""
    tree = ast.parse(inspect.getsource(sys.modules[function.__module__]))
    defined = {node.name: node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef)}
    found: dict[str, ast.FunctionDef] = {}
    todo = [function.__name__]
    while todo:
        name = todo.pop()
        if name in defined and name not in found:
            found[name] = defined[name]
            todo += words(defined[name])
    return found
