"""Trees as text: the text parses back to the tree, with no parentheses that a person would leave out."""

import ast

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from s2sad.emit.line_wrapping import wrapped
from s2sad.emit.writer import Comment, write, write_expression

EXPRESSIONS = [
    "a + b * c",
    "(a + b) * c",
    "a - (b - c)",
    "a - b - c",
    "a / (b * c)",
    "-a ** 2",
    "(-a) ** 2",
    "2 ** -a",
    "a ** b ** c",
    "(a ** b) ** c",
    "-(a + b)",
    "a @ b.T",
    "x[1:, None]",
    "x[..., 0]",
    "x[::2]",
    "x[1:-1, ::-1]",
    "x[(1, 2), 0]",
    "x[a, :]",
    "x[:, 0][1]",
    "f(x)(y).z",
    "(a + b).shape",
    "(1).real",
    "1.0.real",
    "a if b else c",
    "(a if b else c) if d else e",
    "a if b else c if d else e",
    "a and b or c",
    "a and (b or c)",
    "not a",
    "not (a and b)",
    "a < b < c",
    "(a < b) < c",
    "a < (b < c)",
    "(a < b) & (c < d)",
    "a | b & c",
    "(a | b) & c",
    "~a",
    "f(*args, k=1, **kw)",
    "[a, b]",
    "()",
    "(a,)",
    "{'a': 1, **b}",
    "sum(x for x in y if x)",
    "[x for x, y in z]",
    "f'{a:.3f} and {b!r}'",
    "1e309",
    "-1e309",
    "1j",
    "...",
    "'it\\'s'",
    '"a"',
]


@pytest.mark.parametrize("text", EXPRESSIONS)
def test_expressions_parse_back(text):
    tree = ast.parse(text, mode="eval").body
    written = write_expression(tree)
    assert ast.dump(ast.parse(written, mode="eval").body) == ast.dump(tree)


@pytest.mark.parametrize("text", [e for e in EXPRESSIONS if "'" not in e and e != "1.0.real"])
def test_minimal_parentheses(text):
    written = write_expression(ast.parse(text, mode="eval").body)
    assert len(written.replace(" ", "")) <= len(text.replace(" ", ""))


names = st.sampled_from("abcxyz").map(lambda n: ast.Name(n, ast.Load()))
numbers = st.one_of(st.integers(0, 99), st.floats(0, 1e6), st.booleans(), st.text("ab'\"\\\n", max_size=4)).map(
    ast.Constant
)
binary = st.sampled_from([ast.Add, ast.Sub, ast.Mult, ast.Div, ast.Pow, ast.MatMult, ast.Mod, ast.BitAnd, ast.LShift])
unary = st.sampled_from([ast.USub, ast.Not, ast.Invert, ast.UAdd])
compared = st.sampled_from([ast.Lt, ast.GtE, ast.Eq, ast.In, ast.IsNot])


def nodes(inner):
    index = st.one_of(inner, st.builds(ast.Slice, st.none() | inner, st.none() | inner, st.none() | inner))
    indices = st.one_of(index, st.lists(index, min_size=1, max_size=3).map(lambda e: ast.Tuple(e, ast.Load())))
    return st.one_of(
        st.builds(lambda o, a, b: ast.BinOp(a, o(), b), binary, inner, inner),
        st.builds(lambda o, a: ast.UnaryOp(o(), a), unary, inner),
        st.builds(lambda o, a, b: ast.Compare(a, [o()], [b]), compared, inner, inner),
        st.builds(lambda o, a, b: ast.BoolOp(o(), [a, b]), st.sampled_from([ast.And, ast.Or]), inner, inner),
        st.builds(ast.IfExp, inner, inner, inner),
        st.builds(lambda f, a: ast.Call(f, a, []), inner, st.lists(inner, max_size=2)),
        st.builds(lambda v: ast.Attribute(v, "T", ast.Load()), inner),
        st.builds(lambda v, i: ast.Subscript(v, i, ast.Load()), inner, indices),
        st.lists(inner, max_size=3).map(lambda e: ast.Tuple(e, ast.Load())),
        st.lists(inner, max_size=3).map(lambda e: ast.List(e, ast.Load())),
    )


expressions = st.recursive(st.one_of(names, numbers), nodes, max_leaves=30)


@given(expressions)
def test_any_expression_parses_back(tree):
    text = write(ast.Module([ast.Assign([ast.Name("value", ast.Store())], tree)], []))
    assert ast.dump(ast.parse(text).body[0].value) == ast.dump(ast.fix_missing_locations(tree))


STATEMENTS = ["value = {}", "return {}", "a, b = {}", "value += {}", "{}", "for alpha, beta, gamma, delta in zip({}):"]


@given(expressions, st.integers(20, 60), st.sampled_from(STATEMENTS))
def test_wrapping_changes_no_meaning(tree, width, statement):
    text = write_expression(tree)
    assume("\n" not in text)
    whole = statement.format(text)
    lines = wrapped(whole, 0, width)
    module = "def f():\n    {}\n" + "        pass\n" * whole.endswith(":")
    before = ast.dump(ast.parse(module.format(whole)))
    assert ast.dump(ast.parse(module.format("\n    ".join(lines)))) == before


def test_comments_stand_above_what_they_are_about_and_are_cut_to_the_width():
    statement = ast.parse("x = 1").body[0]
    text = write(ast.Module([Comment("y = x + 1"), statement, Comment("z " * 80)], []))
    first, second, third = text.splitlines()
    assert (first, second) == ("# y = x + 1", "x = 1")
    assert len(third) <= 100 and third.startswith("# z z ") and third.endswith(" ...")


def test_little_stands_before_a_bracket_that_has_room_on_a_line():
    inside = " + ".join(f"part[{k}, 1:-1]" for k in range(4))
    assert wrapped(f"new[1:-1] = v8 + alpha * ({inside})", 0, 80) == [
        "new[1:-1] = v8 + alpha * (",
        f"    {inside}",
        ")",
    ]
    assert wrapped(f"new[1:-1] = first_part * second_part + alpha * ({inside})", 0, 80)[0] == "new[1:-1] = ("


def test_long_lines_are_broken():
    statement = ast.parse(f"result = function({', '.join(f'argument_{k}' for k in range(12))})").body[0]
    lines = write(ast.Module([statement], [])).splitlines()
    assert lines[0] == "result = function("
    assert lines[-1] == ")"
    assert all(len(line) <= 100 for line in lines)


def test_a_chain_of_assignments_is_broken_in_its_value():
    value = "[0.0] * len(the_items_of_the_first) + [0.0] * len(the_items_of_the_second_one)"
    lines = wrapped(f"bars[place] = zeros = {value}", 8, 80)
    assert lines[0] == "bars[place] = zeros = ("
    ast.parse("\n".join(lines).replace("\n        )", "\n)"))
    assert wrapped(f"f = lambda x=1: {value}", 8, 80)[0] == "f = ("
