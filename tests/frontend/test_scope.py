"""Names bound, read and live; liveness also against a brute-force walk of the paths of random functions."""

from __future__ import annotations

import ast
import textwrap

import gast
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from s2sad.frontend.reading.desugar import desugar
from s2sad.frontend.reading.scope import LiveSets, assigned, liveness, read


def body(text: str) -> list[gast.AST]:
    return gast.ast_to_gast(ast.parse(textwrap.dedent(text))).body


def function(text: str) -> gast.FunctionDef:
    return body("def f(a, b, n, xs):\n" + textwrap.indent(textwrap.dedent(text).strip("\n"), "    "))[0]


@pytest.mark.parametrize(
    ("text", "bound", "loaded"),
    [
        ("x = y", "x", "y"),
        ("x = y = z", "x y", "z"),
        ("a, (b, *c) = d", "a b c", "d"),
        ("x += y", "x", "x y"),
        ("x[i] = y", "", "x i y"),
        ("x[i] += y", "", "x i y"),
        ("x.t = y", "", "x y"),
        ("x: int = y", "x", "y"),
        ("x: int", "", ""),
        ("for i, j in xs:\n    k = i\nelse:\n    m = k", "i j k m", "xs i k"),
        ("while x:\n    x = y", "x", "x y"),
        ("if x:\n    y = 1\nelse:\n    z = y", "y z", "x y"),
        ("with a as b, c(b) as d:\n    e = d", "b d e", "a c b d"),
        ("x = (y := z) + y", "y x", "z y"),
        ("x = [i * k for i in xs if i > m]", "x", "k xs m"),
        ("x = {i: (last := j) for i in xs for j in i}", "last x", "xs"),
        ("x = sum(i for i in i)", "x", "sum i"),
        ("x = lambda y, z=w: y + k", "x", "w k"),
        ("def g(y, z=w):\n    u = y + k\n    return u + g(u)", "g", "w k g"),
        ("def g():\n    nonlocal c\n    c = 1", "g", "c"),
        ("class C(B):\n    x = y", "C", "B y"),
        ("del x, y[0]", "x", "y"),
        ("import a.b, c as d\nfrom e import f", "a d f", ""),
        ("return x", "", "x"),
        ("assert x, y\nprint(z)", "", "x y print z"),
        ("f'{x} {y:{w}}'", "", "x y w"),
        ("match x:\n    case [a, *b] if c: d = a", "a b d", "x c a"),
        ("match x:\n    case {'k': 1, **r}: pass\n    case C(t=2) as e: pass", "r e", "x C"),
        ("try:\n    x = 1\nexcept E as e:\n    y = e", "x e y", "E e"),
    ],
)
def test_assigned_and_read(text: str, bound: str, loaded: str) -> None:
    assert assigned(body(text)) == tuple(bound.split())
    assert read(body(text)) == set(loaded.split())


def structured(tree: gast.FunctionDef) -> list[LiveSets]:
    """In the order of the source."""
    sets = liveness(tree)
    nodes = [node for node in gast.walk(tree) if isinstance(node, gast.If | gast.For | gast.While | gast.With)]
    return [sets[id(node)] for node in sorted(nodes, key=lambda node: (node.lineno, node.col_offset))]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("if a:\n    x = 1\nelse:\n    x = 2\nreturn x", ["x"]),
        ("if a:\n    x = 1\nelse:\n    x = 2\nx = b\nreturn x", ["b"]),
        ("if a:\n    b = 1\nb += 1\nreturn n", ["b n"]),
        ("if a:\n    b = 1\ndel b\nreturn n", ["n"]),
        ("x = 1.0\nfor i in range(n):\n    y = x * i\n    x = y + x\nreturn y", ["y / range x y"]),
        ("for i in xs:\n    a = b\nreturn a", ["a / a b"]),
        ("for i in xs:\n    t = i * b\n    a = a + t\nreturn a", ["a / a b"]),
        ("while a < n:\n    a = a + b\nreturn 0", [" / a n b"]),
        ("while (k := a) < n:\n    a = a + k\nreturn k", ["k / a n"]),
        ("while True:\n    x = a\n    a = a + 1\n    if x > n:\n        break\nreturn x", ["x / a n", "a n"]),
        ("for i in xs:\n    if i > n:\n        x = i\n        break\n    x = b\nreturn x", ["x / n b x", "n b"]),
        ("x = n > 0 and (b := 1)\nif a:\n    x = b\nreturn x, b", ["x b"]),
        (
            "for i in xs:\n    for j in xs:\n        a = a * b\n    b = n\nreturn a",
            ["a / a b n xs", "a n xs / a b n xs"],
        ),
        ("with a as t:\n    x = t\nreturn x", ["x"]),
        ("if a:\n    k = 1\ng = lambda y: y * k\nreturn g(b)", ["k b"]),
        ("def g(y):\n    return y * k\nif a:\n    k = 1\nelse:\n    k = 2\nreturn g(b)", ["g b k"]),
        ("def h():\n    return k\ndef g():\n    return h()\nif a:\n    k = 1\nreturn g()", ["g h k"]),
        ("for i in xs:\n    t = i\n    a = a + step(lambda v: v * t)(b)\nreturn a", ["a / a b step"]),
        ("if a:\n    raise b\nreturn n", ["n"]),
    ],
)
def test_liveness(text: str, expected: list[str]) -> None:
    found = structured(function(text))
    wanted = [line.partition("/") for line in expected]
    assert [set(sets.after) for sets in found] == [set(after.split()) for after, _, _ in wanted]
    for sets, (_, slash, head) in zip(found, wanted, strict=True):
        assert sets.head - {"range"} == set(head.split()) - {"range"} or not slash


def test_unknown_statements_bind_nothing_for_sure() -> None:
    (sets,) = structured(function("if a:\n    x = 1\ntry:\n    x = b\nexcept E:\n    pass\nreturn x"))
    assert sets.after == {"x", "b", "E"}


# Against the definition: a name is live where some path reads it before it is bound.

NAMES = ["a", "b", "n", "xs"]


@st.composite
def blocks(draw: st.DrawFn, depth: int, in_loop: bool) -> list[str]:
    lines: list[str] = []
    name = st.sampled_from(NAMES)
    for _ in range(draw(st.integers(1, 3))):
        kind = draw(st.sampled_from(["=", "=", "+=", "return", "jump", "if", "if", "for", "while"]))
        if kind in ("=", "+="):
            lines.append(f"{draw(name)} {kind} {draw(name)}")
        elif kind == "return" or kind == "jump" and not in_loop:
            lines.append(f"return {draw(name)}")
        elif kind == "jump":
            lines.append(draw(st.sampled_from(["break", "continue"])))
        elif depth:
            head = {"if": "if {}:", "for": "for {} in {}:", "while": "while {}:"}[kind]
            inner = [draw(blocks(depth - 1, in_loop or kind != "if")) for _ in range(1 + (kind == "if"))]
            lines += [head.format(draw(name), draw(name)), *("    " + line for line in inner[0])]
            if kind == "if":
                lines += ["else:", *("    " + line for line in inner[1])]
    return lines or ["pass"]


class _Graph:
    """The control-flow graph of a desugared function: per point what it reads and binds, and where it leads."""

    def __init__(self, tree: gast.FunctionDef) -> None:
        self.points: list[tuple[frozenset[str], frozenset[str], list[int]]] = []
        self.after: dict[int, int] = {}
        self.heads: dict[int, int] = {}
        end = self.point((), (), [])
        self.block(tree.body, end, end, end)

    def point(self, reads: object, binds: object, to: list[int]) -> int:
        self.points.append((frozenset(reads), frozenset(binds), to))  # type: ignore[call-overload]
        return len(self.points) - 1

    def block(self, statements: list[gast.AST], to: int, at_break: int, at_continue: int) -> int:
        for node in reversed(statements):
            if isinstance(node, gast.If):
                self.after[id(node)] = to
                branches = [self.block(part, to, at_break, at_continue) for part in (node.body, node.orelse)]
                to = self.point(read([node.test]), (), branches)
            elif isinstance(node, gast.While):
                self.after[id(node)] = to
                forever = isinstance(node.test, gast.Constant)
                head = self.heads[id(node)] = self.point(read([node.test]), (), [] if forever else [to])
                self.points[head][2].append(self.block(node.body, head, to, head))
                to = head
            elif isinstance(node, gast.For):
                self.after[id(node)] = to
                head = self.heads[id(node)] = self.point((), (), [to])
                target = self.point((), assigned([node.target]), [self.block(node.body, head, to, head)])
                self.points[head][2].append(target)
                to = self.point(read([node.iter]), (), [head])
            elif isinstance(node, gast.Break | gast.Continue):
                to = at_break if isinstance(node, gast.Break) else at_continue
            else:
                to = self.point(read([node]), assigned([node]), [] if isinstance(node, gast.Return) else [to])
        return to

    def live(self, start: int, name: str) -> bool:
        seen, work = set(), [start]
        while work:
            at = work.pop()
            if at in seen:
                continue
            seen.add(at)
            reads, binds, to = self.points[at]
            if name in reads:
                return True
            work += to if name not in binds else []
        return False


@given(blocks(3, False))
@settings(max_examples=200, deadline=None, suppress_health_check=list(HealthCheck))
def test_live_is_what_some_path_reads(lines: list[str]) -> None:
    tree = desugar(function("\n".join(lines)))
    graph, sets = _Graph(tree), liveness(tree)
    names = NAMES + ["returned_", "result_"]
    for key, start in graph.after.items():
        assert sets[key].after & set(names) == {name for name in names if graph.live(start, name)}
    for key, start in graph.heads.items():
        assert sets[key].head & set(names) == {name for name in names if graph.live(start, name)}


def test_ten_thousand_lines() -> None:
    tree = desugar(function("\n".join(f"x{i} = a * {i}" for i in range(10_000)) + "\nif a: return 1\nreturn x1"))
    assert len(liveness(tree)) == 1


def test_many_early_returns() -> None:
    tree = desugar(function("\n".join(f"if a == {i}: return {i}\nb = b + {i}" for i in range(500)) + "\nreturn b"))
    assert len(liveness(tree)) == 500


def test_ten_nested_loops() -> None:
    text = "".join("    " * i + f"for i{i} in xs:\n" for i in range(10)) + "    " * 10 + "a = a * b\nreturn a"
    assert all({"a", "b", "xs"} - {"xs"} <= sets.head for sets in structured(function(text)))
