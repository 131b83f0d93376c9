"""What a text is like to read: its lines, the names that are only numbers, the values that it keeps, its helpers."""

from __future__ import annotations

import ast
import dataclasses
import io
import re
import symtable
import tokenize
from collections.abc import Callable, Collection, Iterator
from typing import Any

from benchmarks.bindings import bindings
from benchmarks.readability.program import reached, words

NUMBERED = re.compile(r"v\d")
SILENT = {
    *(tokenize.COMMENT, tokenize.NL, tokenize.NEWLINE, tokenize.INDENT, tokenize.DEDENT),
    *(tokenize.ENCODING, tokenize.ENDMARKER),
}


@dataclasses.dataclass(frozen=True)
class Measures:
    """What is counted in a text."""

    lines: int
    """Lines of code: without blank ones, comments, docstrings and imports."""
    names: int
    """Parameters and variables, counted in each function."""
    numbered: int
    """Of these the ones that are numbers, `v3` or `v3_bar`."""
    kept: int
    """Values that one iteration of each loop of the forward sweep keeps for the reverse sweep."""
    helpers: int
    """Calls of functions that belong to no function of the program."""


def measures(text: str, entry: str, function: Callable[..., Any], args: tuple[Any, ...]) -> Measures:
    """Of the text of a derivative of `function`; `entry` is its name there."""
    names = [name for _, name in local_names(symtable.symtable(text, entry, "exec"))]
    return Measures(
        lines=code_lines(text),
        names=len(names),
        numbered=sum(1 for name in names if NUMBERED.match(name)),
        kept=kept_values(text, entry, function, args),
        helpers=helper_calls(ast.parse(text), reached(function)),
    )


def code_lines(text: str) -> int:
    """The number of lines of code."""
    tokens = tokenize.generate_tokens(io.StringIO(text).readline)
    lines = {k for t in tokens if t.type not in SILENT for k in range(t.start[0], t.end[0] + 1)}
    for node in ast.walk(ast.parse(text)):
        string = isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)
        if string or isinstance(node, ast.Import | ast.ImportFrom):
            lines -= set(range(node.lineno, (node.end_lineno or node.lineno) + 1))
    return len(lines)


def local_names(table: symtable.SymbolTable) -> Iterator[tuple[int, str]]:
    """The names that functions bind, each with its function."""
    for child in table.get_children():
        yield from local_names(child)
    if isinstance(table, symtable.Function):
        yield from ((table.get_id(), name) for name in table.get_locals() if name.isidentifier())


def helper_calls(tree: ast.AST, program: Collection[str]) -> int:
    """How often functions of the text are called whose names come from no function of the program."""
    own = {node.name for node in ast.walk(tree) if isinstance(node, ast.FunctionDef)}
    helpers = {name for name in own if not name.startswith(tuple(program))}
    calls = (node.func for node in ast.walk(tree) if isinstance(node, ast.Call))
    return sum(1 for f in calls if isinstance(f, ast.Name) and f.id in helpers)


def kept_values(text: str, entry: str, function: Callable[..., Any], args: tuple[Any, ...]) -> int:
    """The values that are appended or stored in loops under names that the program does not have, while it runs."""
    tree = ast.parse(text)
    own = {word for part in reached(function).values() for word in words(part)}
    places: dict[int, int] = {}
    filled: dict[int, Any] = {}

    def parts(value: Any) -> int:
        """How many values a record has; what is filled in a loop is counted there."""
        if isinstance(value, tuple):
            return sum(map(parts, value))
        return not isinstance(value, list) and id(value) not in filled

    def count(place: int, container: Any, value: Any) -> Any:
        filled[id(container)] = container
        places[place] = max(places.get(place, 0), parts(value))
        return value

    space: dict[str, Any] = {"count": count}
    exec(compile(ast.fix_missing_locations(Counting(containers(tree) - own).visit(tree)), entry, "exec"), space)
    space[entry](*args)
    return sum(places.values())


def containers(tree: ast.AST) -> set[str]:
    """Lists and new arrays, but for adjoints."""
    found = set()
    for name, value in bindings(tree):
        new = isinstance(value, ast.Call) and re.match(r"np\.(empty|zeros)", ast.unparse(value))
        if new or isinstance(value, ast.List):
            found.add(name)
    return {name for name in found if not re.search(r"_bars?(_\d+)?$", name)}


class Counting(ast.NodeTransformer):
    """Wraps what loops put into these containers in calls of `count`."""

    def __init__(self, names: set[str]) -> None:
        self.names = names
        self.depth = 0

    def visit_For(self, node: ast.For) -> ast.AST:
        self.depth += 1
        self.generic_visit(node)
        self.depth -= 1
        return node

    visit_While = visit_For

    def counted(self, container: ast.expr, value: ast.expr) -> ast.expr:
        filled = ast.Name(ast.unparse(container), ast.Load())
        return ast.Call(ast.Name("count", ast.Load()), [ast.Constant(id(value)), filled, value], [])

    def inside(self, container: ast.expr) -> bool:
        return bool(self.depth) and isinstance(container, ast.Name) and container.id in self.names

    def visit_Call(self, node: ast.Call) -> ast.AST:
        method = node.func
        if isinstance(method, ast.Attribute) and method.attr == "append" and self.inside(method.value):
            node.args = [self.counted(method.value, node.args[0])]
        return node

    def visit_Assign(self, node: ast.Assign) -> ast.AST:
        target = node.targets[0]
        if isinstance(target, ast.Subscript) and self.inside(target.value):
            node.value = self.counted(target.value, node.value)
        return node
