"""The structure of the package, in figures: python -m tests.structure

circle          the modules of the largest circle of imports, those under TYPE_CHECKING counted (1: there is none)
top             modules directly in s2sad/; rows: layers of the top contract
literals        names like "np.sin" as text outside rules/
native          how often that word stands outside backends/
isinstance      per 1,000 lines; comments: per 1,000 lines; Any: per 1,000 lines outside rules/
long classes    of 300 lines and more; long functions: of more than 50 lines
"""

import ast
import io
import re
import tokenize
import tomllib
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path

ROOT = Path(__file__).parents[1]
PACKAGE = ROOT / "s2sad"


@dataclass(frozen=True)
class Module:
    """One file of the package."""

    path: Path
    text: str = field(repr=False)

    @property
    def name(self):
        parts = self.path.relative_to(ROOT).with_suffix("").parts
        return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)

    @property
    def folder(self):
        return self.path.relative_to(PACKAGE).parts[0]

    @property
    def lines(self):
        return self.text.count("\n")

    @cached_property
    def nodes(self):
        return [*ast.walk(ast.parse(self.text))]

    def imports(self, names):
        """The modules of the package that this one imports, wherever the import stands."""
        for node in self.nodes:
            if isinstance(node, ast.ImportFrom) and node.level == 0 and node.module:
                for alias in node.names:
                    inner = f"{node.module}.{alias.name}"
                    yield inner if inner in names else node.module
            elif isinstance(node, ast.Import):
                yield from (alias.name for alias in node.names)

    def sizes(self, *kinds):
        """How many lines each class or function takes."""
        return {n: n.end_lineno - n.lineno + 1 for n in self.nodes if isinstance(n, kinds)}


def modules():
    return [Module(p, p.read_text(encoding="utf-8")) for p in sorted(PACKAGE.rglob("*.py"))]


def graph(found):
    """By the name of a module the names of those that it imports."""
    names = {m.name for m in found}
    return {m.name: {n for n in m.imports(names) if n in names and n != m.name} for m in found}


def circles(edges):
    """The sets of modules that import one another, directly or through others: Tarjan's components of two and more."""
    index, low, stack, components = {}, {}, [], []

    def visit(v):
        index[v] = low[v] = len(index)
        stack.append(v)
        for w in edges[v]:
            if w not in index:
                visit(w)
            if w in stack:
                low[v] = min(low[v], low[w])
        if low[v] == index[v]:
            components.append(set(stack[stack.index(v) :]))
            del stack[stack.index(v) :]

    for v in edges:
        if v not in index:
            visit(v)
    return [c for c in components if len(c) > 1]


def comments(text):
    return sum(t.type == tokenize.COMMENT for t in tokenize.generate_tokens(io.StringIO(text).readline))


def figures():
    """The figures by their names."""
    found = modules()
    lines = sum(m.lines for m in found)
    outside = [m for m in found if m.folder != "rules"]
    texts = (n.value for m in outside for n in m.nodes if isinstance(n, ast.Constant) and isinstance(n.value, str))
    functions = (ast.FunctionDef, ast.AsyncFunctionDef)
    settings = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["tool"]["importlinter"]

    def per_thousand(count, of):
        return round(1000 * count / of, 1)

    def words(pattern, of):
        return sum(len(re.findall(pattern, m.text)) for m in of)

    return {
        "circle": max(map(len, circles(graph(found))), default=1),
        "top": sum(m.path.parent == PACKAGE for m in found),
        "rows": len(settings["contracts"][0]["layers"]),
        "literals": sum(bool(re.fullmatch(r"np\.[\w.]+", t)) for t in texts),
        "native": words(r"\bnative\b", [m for m in found if m.folder != "backends"]),
        "isinstance": per_thousand(words(r"\bisinstance\(", found), lines),
        "Any": per_thousand(words(r"\bAny\b", outside), sum(m.lines for m in outside)),
        "comments": per_thousand(sum(comments(m.text) for m in found), lines),
        "long classes": sum(size > 300 for m in found for size in m.sizes(ast.ClassDef).values()),
        "long functions": sum(size > 50 for m in found for size in m.sizes(*functions).values()),
        "lines": lines,
    }


if __name__ == "__main__":
    print(", ".join(f"{name} {figure}" for name, figure in figures().items()))
    for circle in circles(graph(modules())):
        print("circle:", ", ".join(sorted(circle)))
