"""What a statement binds: `a, b = np.zeros(n), []` is a start of each of its names."""

from __future__ import annotations

import ast
from collections.abc import Iterator


def bindings(tree: ast.AST) -> Iterator[tuple[str, ast.expr]]:
    """The names that the assignments in a tree bind, each with its value where that is said."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Assign):
            for target in node.targets:
                yield from _bound(target, node.value)


def _bound(target: ast.expr, value: ast.expr) -> Iterator[tuple[str, ast.expr]]:
    match target, value:
        case ast.Name(name), _:
            yield name, value
        case ast.Tuple(targets), ast.Tuple(values) if len(targets) == len(values):
            for t, v in zip(targets, values, strict=True):
                yield from _bound(t, v)
        case ast.Tuple(targets), ast.Call(ast.Name("map"), [function, ast.Tuple(values)]):
            for t, v in zip(targets, values, strict=True):
                yield from _bound(t, ast.Call(function, [v], []))
        case ast.Tuple(targets), ast.Call(ast.Attribute(ast.Name("np"), "empty")):
            for t in targets:  # the rows of an array
                yield from _bound(t, value)
