"""Neighbouring statements that Python says in one."""

import ast

import pytest

from s2sad.emit.joining import joined


def written(text, unpacks=True):
    return ast.unparse(ast.fix_missing_locations(ast.Module(joined(ast.parse(text).body, unpacks), [])))


@pytest.mark.parametrize(("before", "after"), [
    ("x = xs[-1]\ndel xs[-1]", "x = xs.pop()"),
    ("x = xs[k]\ndel xs[k]", "x = xs.pop(k)"),
    ("v = np.exp(a)\nkept[i] = v", "kept[i] = v = np.exp(a)"),
    ("v = x[i]\nx[i] = 0.0", "v, x[i] = x[i], 0.0"),
    ("v = x[1:].copy()\nx[1:] = 0.0", "v, x[1:] = x[1:].copy(), 0.0"),
    ("if len(y) != 2:\n    raise ValueError('no')\na = y[0]\nb = y[1]", "a, b = y"),
    ("c = 1\nif len(y) != 1:\n    raise ValueError('no')\na = y[0]\nd = a", "c = 1\na, = y\nd = a"),
])  # fmt: skip
def test_two_lines_become_one(before, after):
    assert written(before) == ast.unparse(ast.parse(after))


@pytest.mark.parametrize("text", [
    "x = xs[-1]\ndel xs[0]",
    "v = np.exp(a)\nkept[v] = v",
    "v = np.exp(a)\nkept[i] = w",
    "v = np.exp(a)\nb = 1\nkept[i] = v",
    "v = x[i]\nx[j] = 0.0",
    "v = x[i]\ny[i] = 0.0",
    "i = x[i]\nx[i] = 0.0",
    "v = x[i]\nx[i] = 1.0",
    "v = f(x[i])\nx[i] = 0.0",
    "if len(y) != 3:\n    raise ValueError('no')\na = y[0]\nb = y[1]",
    "if len(y) != 2:\n    raise ValueError('no')\na = y[0]\nb = z[1]",
    "if len(y) != 2:\n    raise ValueError('no')\na = y[1]\nb = y[0]",
    "if len(y) != 2:\n    raise ValueError('no')\ny = y[0]\nb = y[1]",
    "if len(y) != 2:\n    raise ValueError('no')\na = y[0]\na = y[1]",
    "if len(y) != 2:\n    raise TypeError('no')\na = y[0]\nb = y[1]",
    "a = y[0]\nb = y[1]",
])  # fmt: skip
def test_what_means_something_else_stays(text):
    assert written(text) == ast.unparse(ast.parse(text))


def sums(text, marked=True, once=True):
    """The text with its sums marked as those of an adjoint; what is assigned is read once."""
    body = ast.parse(text).body
    for s in body:
        s.regroups, s.once = marked, once
    return ast.unparse(ast.fix_missing_locations(ast.Module(joined(body, True), [])))


@pytest.mark.parametrize(("before", "after"), [
    ("x += a\nx += b", "x += a + b"),
    ("x += a\nx -= b\nx += c", "x += a - b + c"),
    ("x -= a\nx += b", "x += b - a"),
    ("x -= a\nx -= b", "x -= a + b"),
    ("x -= a\nx -= b\nx += c", "x += c - (a + b)"),
    ("x += a\nx += b\ny += x\nx += c", "x += a + b\ny += x\nx += c"),
    ("x += a\nx += x @ b", "x += a\nx += x @ b"),
    ("x += a\ny += b", "x += a\ny += b"),
    (f"x += {'a' * 50}\nx += {'b' * 50}", f"x += {'a' * 50}\nx += {'b' * 50}"),
])  # fmt: skip
def test_sums_of_an_adjoint_are_added_at_once(before, after):
    assert sums(before) == after
    assert sums(before, marked=False) == before


@pytest.mark.parametrize(("before", "after"), [
    ("v2 = f(x)\nreturn v2", "return f(x)"),
    ("v2 = f(x)\nreturn (y, v2)", "return (y, f(x))"),
    ("v2 = f(x)\nreturn y + v2", None),
    ("v2 = f(x)\nreturn (y, (z, v2))", None),
    ("x_bar = f(x)\nreturn x_bar", None),
    ("v2 = x + 1\nreturn v2", None),
])  # fmt: skip
def test_what_a_call_gives_is_returned_under_no_number(before, after):
    assert sums(before, marked=False) == (after or before)
    assert sums(before, marked=False, once=False) == before


def test_arrays_are_unpacked_by_python_alone():
    text = "if len(y) != 2:\n    raise ValueError('no')\na = y[0]\nb = y[1]"
    assert written(text, unpacks=False) == text
