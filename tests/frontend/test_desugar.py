"""A desugared function computes the same as the original, and jumps only where a branch ends."""

from __future__ import annotations

import ast
import textwrap
import time
from collections.abc import Iterator

import gast
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from s2sad.frontend.reading.desugar import desugar
from s2sad.frontend.reading.source import deep_recursion

# Every function takes `a`, `b`, `c` and `log`, a list that it may write to.
CASES = {
    "no_return": "log.append(a)",
    "docstring_only": "'''text'''",
    "pass_only": "pass",
    "bare_return": "if a: return\nlog.append(1)",
    "early_return": "if a: return 1\nreturn 2",
    "early_return_then_nothing": "if a: return 1\nlog.append(2)",
    "else_returns": "if a: x = 1\nelse: return 2\nreturn x",
    "both_return_and_dead_code": "if a: return 1\nelse: return 2\nlog.append(3)\nreturn 3",
    "dead_after_return": "return a\nlog.append(1)",
    "elif_chain": "if a: return 1\nelif b: x = 2\nelif c: return 3\nelse: return 4\nreturn x",
    "two_early_returns": "if a: return 1\nlog.append(0)\nif b: return 2\nlog.append(1)\nreturn 3",
    "two_ways_on_short_rest": "x = 0\nif a:\n    if b: return 1\n    x = 2\nreturn x",
    "two_ways_on": "x = 0\nif a:\n    if b: return 1\n    x = 2\nlog.append(x)\nreturn x + 1",
    "two_ways_on_twice": """
        x = 0
        if a:
            if b: return 1
            x = 2
        log.append(x)
        if b:
            if c: return 5
            x += 3
        log.append(x)
        return x
    """,
    "flag_in_flag": """
        x = 0
        if a:
            if b:
                if c: return 1
                x += 1
            log.append(x)
            x += 10
        log.append(x)
        return x + 1
    """,
    "names_taken": """
        returned_ = result_ = 1
        if a:
            if b: return 1
            returned_ = 2
        log.append(b)
        return returned_ + result_
    """,
    "continue_first": "for i in range(5):\n    if i == a: continue\n    log.append(i)",
    "continue_last": "for i in range(5):\n    log.append(i)\n    if i == a: continue",
    "continue_alone": "for i in range(5): continue\nreturn i",
    "continue_two_ways_on": """
        for i in range(6):
            if i > a:
                if i == b: continue
                log.append('in')
            log.append(i)
    """,
    "continue_in_while": """
        i = 0
        while i < 6:
            i += 1
            if i == a: continue
            if i == b: continue
            log.append(i)
        return i
    """,
    "break_first": "for i in range(5):\n    if i == a: break\n    log.append(i)\nreturn i",
    "break_last": "for i in range(5):\n    log.append(i)\n    if i == a: break\nreturn i",
    "break_in_else": """
        for i in range(5):
            if i < a: log.append(i)
            else:
                log.append(-i)
                break
            log.append(10)
    """,
    "break_two_ways_on": """
        for i in range(6):
            if i >= a:
                if i == b: break
                if i == c: continue
                log.append('in')
            log.append(i)
        return i
    """,
    "dead_after_break": "for i in range(3):\n    break\n    log.append(i)\nreturn i",
    "return_in_for": """
        for i in range(5):
            if i == a: return i * 10
            log.append(i)
        return -1
    """,
    "return_none_in_for": "for i in range(5):\n    if i == a: return\n    log.append(i)\nreturn -1",
    "return_in_nested_loops": """
        for i in range(4):
            for j in range(4):
                if i * j == a: return (i, j)
                if j == b: break
                if j == c: continue
                log.append((i, j))
            log.append(i)
            if i == b: return i
        return 'end'
    """,
    "return_in_three_loops": """
        for i in range(3):
            for j in range(3):
                for k in range(3):
                    if i + j + k == a * 2: return (i, j, k)
                    log.append(k)
                else:
                    log.append('else')
            if i == b: break
        else:
            return 'outer else'
        return 'end'
    """,
    "while_true": """
        x = a
        while True:
            x += 1
            if x > 4: break
            log.append(x)
        return x
    """,
    "while_true_return": """
        x = a
        while True:
            x += 1
            if x > 4: return x
            log.append(x)
    """,
    "while_true_return_and_break": """
        x = a
        while True:
            x += 1
            if x > 4: return x
            if x == b: break
        return -x
    """,
    "while_true_in_for": """
        for i in range(4):
            while True:
                if i >= a: return i
                break
            while 1:
                log.append(i)
                if i == b: return 'b'
                if i < c: return 'c'
                if len(log) > 9: return 'long'
        return 'end'
    """,
    "for_in_while_true": """
        while True:
            for i in range(4):
                if i > a: return i
                log.append(i)
            a -= 1
    """,
    "for_else": "for i in range(3):\n    if i == a: break\nelse:\n    log.append('else')\nreturn i",
    "for_else_without_break": """
        for i in range(a):
            log.append(i)
        else:
            log.append('else')
            if b: return 1
        return 2
    """,
    "for_else_and_return": """
        for i in range(4):
            if i == a: break
            if i == b: return 'returned'
        else:
            if c: return 'else'
            log.append('else')
        return i
    """,
    "while_else": """
        i = 0
        while i < 4:
            i += 1
            if i == a: break
        else:
            i = 100
        return i
    """,
    "else_breaks_outer": """
        for i in range(4):
            for j in range(3):
                if j == a: break
            else:
                if i == b: break
                if i == c: continue
            log.append((i, j))
        else:
            log.append('no break')
        return i
    """,
    "else_in_else": """
        for i in range(2):
            pass
        else:
            for j in range(3):
                if j == a: break
            else:
                return 'both'
        return j
    """,
    "with_return": "with nothing():\n    if a: return 1\n    log.append(2)\n    return b",
    "with_at_the_end": "log.append(0)\nwith nothing():\n    if a: return 1\n    log.append(2)",
    "with_in_the_middle": """
        with nothing():
            if a: return 1
            log.append(2)
        log.append(3)
        return c
    """,
    "with_that_swallows": """
        with swallow():
            if a: return 1 // b
            return c
        log.append('swallowed')
        return 'behind'
    """,
    "with_that_swallows_at_the_end": """
        if c:
            with swallow():
                return a // b
        else:
            return 1
    """,
    "with_in_branch": "if a:\n    with nothing():\n        return 1\nlog.append(2)\nreturn 2",
    "with_in_loop": """
        for i in range(5):
            with nothing():
                if i == a: continue
                if i == b: break
                if i == c: return 'returned'
                log.append(i)
            log.append('behind')
        else:
            log.append('else')
        return i
    """,
    "nested_function": """
        def g(x):
            for i in range(3):
                if i == x: return i
            return -1
        if a: return g(b)
        return g(c)
    """,
    "try_as_it_is": """
        try:
            log.append(1 // a)
        except ZeroDivisionError:
            log.append('zero')
        if b: return 1
        return 2
    """,
}


class _Nothing:
    def __init__(self, log: list[object], swallow: bool) -> None:
        self.log, self.swallow = log, swallow

    def __enter__(self) -> None:
        self.log.append("enter")

    def __exit__(self, *error: object) -> bool:
        self.log.append("exit")
        return self.swallow


def managers(log: list[object]) -> dict[str, object]:
    return {"nothing": lambda: _Nothing(log, False), "swallow": lambda: _Nothing(log, True)}


def tree_of(body: str) -> gast.FunctionDef:
    text = "def f(a, b, c, log):\n" + textwrap.indent(textwrap.dedent(body).strip("\n"), "    ")
    return gast.ast_to_gast(ast.parse(text)).body[0]


def unparse(tree: gast.FunctionDef) -> str:
    with deep_recursion():
        return ast.unparse(ast.fix_missing_locations(gast.gast_to_ast(gast.Module(body=[tree], type_ignores=[]))))


def outcomes(tree: gast.FunctionDef) -> Iterator[object]:
    names: dict[str, object] = {}
    exec(unparse(tree), names)
    for a in range(4):
        for b in range(4):
            for c in (0, 1, 3):
                log: list[object] = []
                names |= managers(log)
                yield names["f"](a, b, c, log), log  # type: ignore[operator]


def check_form(tree: gast.FunctionDef) -> None:
    def check(statements: list[gast.AST], may_return: bool, may_break: bool) -> None:
        for number, statement in enumerate(statements):
            last = number == len(statements) - 1
            here = dict(may_return=may_return and last, may_break=may_break and last)
            if isinstance(statement, gast.Return):
                assert here["may_return"]
            elif isinstance(statement, gast.Break):
                assert here["may_break"]
            elif isinstance(statement, gast.For | gast.While):
                assert not statement.orelse
                check(statement.body, False, True)
            elif isinstance(statement, gast.If):
                check(statement.body, **here)
                check(statement.orelse, **here)
            elif isinstance(statement, gast.With):
                check(statement.body, here["may_return"], False)
            assert not isinstance(statement, gast.Continue)

    def returns(statements: list[gast.AST]) -> bool:
        end = statements[-1] if statements else None
        if isinstance(end, gast.If):
            return returns(end.body) and returns(end.orelse)
        return returns(end.body) if isinstance(end, gast.With) else isinstance(end, gast.Return)

    check(tree.body, True, False)
    assert returns(tree.body)
    for node in gast.walk(tree):
        assert not isinstance(node, gast.expr | gast.stmt) or hasattr(node, "lineno"), gast.dump(node)


def check(tree: gast.FunctionDef) -> gast.FunctionDef:
    before = gast.dump(tree)
    new = desugar(tree)
    assert gast.dump(tree) == before
    check_form(new)
    assert list(outcomes(new)) == list(outcomes(tree))
    assert gast.dump(desugar(new)) == gast.dump(new)
    return new


@pytest.mark.parametrize("name", CASES)
def test_computes_the_same(name: str) -> None:
    check(tree_of(CASES[name]))


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        ("if a: return 1\nreturn 2", "if a:\n    return 1\nelse:\n    return 2"),
        ("x = 0\nif a:\n    if b: return 1\n    x = 2\nreturn x", """
            x = 0
            if a:
                if b:
                    return 1
                else:
                    x = 2
                    return x
            else:
                return x"""),
        ("for x in log:\n    if x < 0: continue\n    a = a + x\n    if a > 9: return x\nreturn a", """
            returned_ = False
            for x in log:
                if x < 0:
                    pass
                else:
                    a = a + x
                    if a > 9:
                        result_ = x
                        returned_ = True
                        break
            if returned_:
                return result_
            else:
                return a"""),
        ("while True:\n    if a: return b\n    a = b", """
            while True:
                if a:
                    result_ = b
                    break
                else:
                    a = b
            return result_"""),
        ("for i in log:\n    if i: break\nelse:\n    a = 1\nreturn a", """
            broken_ = False
            for i in log:
                if i:
                    broken_ = True
                    break
            if not broken_:
                a = 1
            return a"""),
        ("with a:\n    if b: return 1\n    b = 2", """
            with a:
                if b:
                    return 1
                else:
                    b = 2
                    return None"""),
    ],
)  # fmt: skip
def test_form(body: str, expected: str) -> None:
    assert unparse(desugar(tree_of(body))) == unparse(tree_of(expected))


def test_new_names_are_not_those_of_the_function() -> None:
    new = desugar(tree_of("returned_ = 1\nfor x in log:\n    if x: return returned_\nreturn x"))
    assert "returned_2 = True" in unparse(new)


def test_new_statements_stand_where_the_old_ones_stood() -> None:
    loop = desugar(tree_of("a = 1\nfor x in log:\n    if x:\n        return a\nreturn b")).body[2]
    assert [node.lineno for node in loop.body[0].body] == [5, 5, 5]


@pytest.mark.parametrize(
    "statement",
    ["if a == {}: return {}\nb = b + {}", "if a == {}: return {}", "if a == {}: b = {}\nelif c: return 1"],
)
def test_size_is_linear_and_depth_no_obstacle(statement: str) -> None:
    def size(count: int) -> tuple[int, float]:
        tree = tree_of("\n".join(statement.replace("{}", str(i)) for i in range(count)))
        begin = time.perf_counter()
        new = desugar(tree)
        return sum(1 for _ in gast.walk(new)), time.perf_counter() - begin

    (small, _), (large, seconds) = size(50), size(500)
    assert large < 12 * small
    assert seconds < 2


def test_a_long_chain_of_elif() -> None:
    with deep_recursion():
        chain = "\n".join(f"elif b == {i}: return {i}" for i in range(400))
        tree = tree_of(f"if a == -1: return -1\n{chain}\nreturn a")
        names: dict[str, object] = {}
        check_form(desugar(tree))
        exec(unparse(desugar(tree)), names)
    assert names["f"](1, 300, 0, []) == 300  # type: ignore[operator]


def test_straight_line_code_is_fast() -> None:
    tree = tree_of("\n".join(f"x{i} = a * {i}" for i in range(10_000)) + "\nif a: return 1\nreturn x1")
    begin = time.perf_counter()
    desugar(tree)
    assert time.perf_counter() - begin < 1


# Random functions


def blocks(depth: int, in_loop: bool) -> st.SearchStrategy[list[str]]:
    jumps = [st.just(["return a"]), st.integers(0, 9).map(lambda n: [f"return {n}"])]
    if in_loop:
        jumps += [st.just(["break"]), st.just(["continue"])]
    plain = st.sampled_from([["a += 1"], ["b -= 1"], ["c = a"], ["log.append(a)"], ["log.append((b, c))"], ["pass"]])
    options = [plain, plain, *jumps]
    if depth:
        options += [branches(depth - 1, in_loop)] * 3 + [loops(depth - 1), withs(depth - 1, in_loop)]
    return st.lists(st.one_of(options), min_size=1, max_size=4).map(lambda parts: sum(parts, []))


def indented(lines: list[str]) -> list[str]:
    return ["    " + line for line in lines]


@st.composite
def branches(draw: st.DrawFn, depth: int, in_loop: bool) -> list[str]:
    test = draw(st.sampled_from(["a > b", "b % 2", "c == a", "a > 3", "len(log) % 3"]))
    lines = [f"if {test}:", *indented(draw(blocks(depth, in_loop)))]
    return lines + (["else:", *indented(draw(blocks(depth, in_loop)))] if draw(st.booleans()) else [])


@st.composite
def loops(draw: st.DrawFn, depth: int) -> list[str]:
    heads = ["for i in range(3):", "for i in range(a % 4):", "while len(log) < 20:", "while True:"]
    head = draw(st.sampled_from(heads))
    count = ["log.append('loop')", "if len(log) > 60: raise OverflowError"]
    lines = [head, *indented(count + draw(blocks(depth, True)))]
    return lines + (["else:", *indented(draw(blocks(depth, False)))] if draw(st.booleans()) else [])


@st.composite
def withs(draw: st.DrawFn, depth: int, in_loop: bool) -> list[str]:
    return [draw(st.sampled_from(["with nothing():", "with swallow():"])), *indented(draw(blocks(depth, in_loop)))]


def guarded(tree: gast.FunctionDef) -> list[object]:
    """As `outcomes`, with the exceptions as results."""
    names: dict[str, object] = {}
    exec(unparse(tree), names)
    results: list[object] = []
    for a, b, c in [(0, 0, 0), (1, 0, 3), (2, 5, 2), (5, 3, 1), (3, 2, 3)]:
        log: list[object] = []
        names |= managers(log)
        try:
            results.append((names["f"](a, b, c, log), log))  # type: ignore[operator]
        except OverflowError:
            results.append(("overflow", log))
    return results


@given(blocks(3, False))
@settings(max_examples=300, deadline=None, suppress_health_check=list(HealthCheck))
def test_random_functions(lines: list[str]) -> None:
    tree = tree_of("\n".join(lines))
    new = desugar(tree)
    check_form(new)
    assert guarded(new) == guarded(tree), unparse(new)
