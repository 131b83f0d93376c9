"""Functions of a module that are the same, written once: forms of one function that differ in nothing that is written.

def rhs(t, y, a): ...                def rhs(t, y, a): ...
def rhs_2(s, z, a): ...        ->
def rhs_3(t, y, a):                  rhs is called in the place of rhs_2 and of rhs_3
    return rhs_2(t, y, a)

They are the same where their texts are so, but for the names that they bind: what a function does depends on no more.
"""

from __future__ import annotations

import ast
from collections.abc import Collection, Iterator, Mapping, Sequence

from s2sad.emit.writer import Comment
from s2sad.ir.python_trees import walk


def written_once(definitions: Sequence[ast.FunctionDef], kept: Collection[str]) -> list[ast.FunctionDef]:
    """The definitions without those in whose place others are called, as these are then.

    Each stands behind those of what it calls. The functions that are `kept` are more than their texts.
    """
    table: dict[str, str] = {}
    known: dict[str, str] = {}
    seen: set[str] = set()
    for d in definitions:
        if d.name in kept:
            continue
        inner = _passed_on(d)
        seen.add(d.name)
        same = inner if inner in seen else known.setdefault("".join(_Said(d, table).text(d)), d.name)
        if same != d.name:
            table[d.name] = table.get(same, same)
    left = [d for d in definitions if d.name not in table]
    # of several names of one function the one without a number
    best = {d.name: d.name for d in left}
    best |= {same: n for n, same in table.items() if same.startswith(f"{n}_")}
    table = {n: best[same] for n, same in table.items()} | {n: b for n, b in best.items() if n not in kept}
    for d in left:
        d.name = table.get(d.name, d.name)
    for n in walk(*left):
        if isinstance(n, ast.Name):
            n.id = table.get(n.id, n.id)
    return left


def _passed_on(d: ast.FunctionDef) -> str | None:
    """The function that one does nothing but call, with its own arguments as they are."""
    match _statements(d):
        case [ast.Return(ast.Call(ast.Name(name), arguments, []))] if name != d.name:
            passed = [a.id if isinstance(a, ast.Name) else None for a in arguments]
            return name if passed == [a.arg for a in d.args.args] else None
    return None


def _statements(d: ast.FunctionDef) -> list[ast.stmt]:
    """What a function does: without the docstring, and what the comments say."""
    body = d.body[1:] if ast.get_docstring(d) else d.body
    return [s for s in body if not isinstance(s, Comment)]


class _Said:
    """What a definition says, with numbers for the names that it binds, and names in the place of others."""

    def __init__(self, d: ast.FunctionDef, table: Mapping[str, str]) -> None:
        self.table = table
        stored = [n.id for n in walk(d) if isinstance(n, ast.Name) and isinstance(n.ctx, ast.Store)]
        self.bound = {d.name, *stored, *(n.arg for n in walk(d) if isinstance(n, ast.arg))}
        self.numbers: dict[str, int] = {}

    def name(self, name: str) -> str:
        if name in self.bound:
            return f"_{self.numbers.setdefault(name, len(self.numbers))}"
        return self.table.get(name, name)

    def text(self, node: object) -> Iterator[str]:
        match node:
            case Comment():
                return
            case ast.FunctionDef():
                parts: list[object] = [node.args, *_statements(node)]
            case ast.Name(id=name) | ast.arg(arg=name):
                parts = [self.name(name)]
            case ast.AST():
                parts = [value for _, value in ast.iter_fields(node)]
            case list():
                parts = list(node)
            case _:
                yield repr(node)
                return
        yield f"{type(node).__name__}("
        for part in parts:
            yield from self.text(part)
            yield ","
        yield ")"
