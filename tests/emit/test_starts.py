"""What adjoints and buffers start with: on as few lines as there may be."""

import ast

import numpy as np
import pytest

import s2sad
from s2sad.emit.starts import gathered
from s2sad.emit.writer import Comment, write

ZEROS = ("np.zeros_like", "np.empty")


def statements(text, kind="adjoint"):
    """The statements of a text with `## ...` as comments; what makes zeros, and numbers, are starts."""
    found = []
    for line in text.split("\n"):
        s = Comment(line[3:]) if line.startswith("## ") else ast.parse(line).body[0]
        number = isinstance(s, ast.Assign) and isinstance(s.value, ast.Constant)
        if number or (isinstance(s, ast.Assign) and ast.unparse(s.value).startswith(ZEROS)):
            s.starts = kind
            s.unfilled = "np.empty(" in line
        found.append(s)
    return found


def written(text, room=80, maps=True, kind="adjoint"):
    return write(ast.Module(gathered(statements(text, kind), room, maps), [])).rstrip("\n")


X, Y, Z = (f"{n}_bar = np.zeros_like({n})" for n in "xyz")


@pytest.mark.parametrize(("before", "after"), [
    ([X], [X]),
    ([X, Y], ["x_bar, y_bar = np.zeros_like(x), np.zeros_like(y)"]),
    (["a = 0.0", "b = 0.0", "c = 0"], ["a = b = 0.0", "c = 0"]),
    ([X, "a = 0.0", Y, "b = 0.0"], ["x_bar, y_bar = np.zeros_like(x), np.zeros_like(y)", "a = b = 0.0"]),
    ([X, "v = x @ w", Y], ["x_bar, y_bar = np.zeros_like(x), np.zeros_like(y)", "v = x @ w"]),
    ([X, "x_bar[1:] = v", Y], ["x_bar, y_bar = np.zeros_like(x), np.zeros_like(y)", "x_bar[1:] = v"]),
    (
        ["## first", X, "u = f(x)", "## second", Y, "## third", "w = y"],
        ["# first", "x_bar, y_bar = np.zeros_like(x), np.zeros_like(y)", "u = f(x)", "# third", "w = y"],
    ),
    (
        ["## first", X, "u = f(x)", "## second", Y, "w = y"],
        ["# first", "x_bar, y_bar = np.zeros_like(x), np.zeros_like(y)", "u = f(x)", "# second", "w = y"],
    ),
], ids=lambda v: " | ".join(v))  # fmt: skip
def test_starts_come_together(before, after):
    assert written("\n".join(before)) == "\n".join(after)


@pytest.mark.parametrize("between", [
    "y = f(x)", "y_bar = 1.0 * y", "w = y_bar", "del y", "y.append(x)", "f(y)", "for y in z: pass",
    "for i in z: v = i", "y_bar[0] = x", "y += x", "y, u = f(x)",
])  # fmt: skip
def test_over_what_changes_or_reads_they_do_not_go(between):
    text = "\n".join([X, between, Y])
    assert written(text) == write(ast.parse(text)).rstrip("\n")


def test_a_start_of_another_start_stays_behind_it():
    text = f"{X}\ny_bar = np.zeros_like(x_bar)"
    assert written(text) == text


def test_a_start_is_not_taken_away_from_what_fills_it():
    text = f"{X}\nv = f(x)\n{Y}\ny_bar[0] = v"
    assert written(text) == text


def test_what_the_user_wrote_stays():
    text = f"{X}\n{Y}\na = 0.0\nb = 0.0"
    assert written(text, kind=None) == text


def test_lines_are_few_and_about_as_long_as_each_other():
    text = "\n".join((X, Y, Z))
    assert written(text, room=60) == "x_bar, y_bar, z_bar = map(np.zeros_like, (x, y, z))"
    two = "x_bar, y_bar = np.zeros_like(x), np.zeros_like(y)\nz_bar = np.zeros_like(z)"
    assert written(text, room=60, maps=False) == two
    four = "\n".join(f"v{k}s = np.empty((n, {k}))" for k in range(4))
    half = [f"v{k}s, v{k + 1}s = np.empty((n, {k})), np.empty((n, {k + 1}))" for k in (0, 2)]
    assert written(four, maps=False, room=70) == "\n".join(half)
    assert written(four, maps=False, room=20) == four


def test_rows_of_one_shape_are_those_of_one_array():
    text = "a = np.empty(n)\nb = np.empty((n, 2))\nc = np.empty(n)\nd = np.empty((n, 2))\ne = np.empty(m)"
    together = "a, c = np.empty((2, n))\nb, d = np.empty((2, n, 2))\ne = np.empty(m)"
    assert written(text) == together
    assert written(text, maps=False, room=20) == text
    long = "\n".join(f"a_long_name_{k} = np.empty(n)" for k in range(4))
    two = [f"a_long_name_{k}, a_long_name_{k + 1} = np.empty((2, n))" for k in (0, 2)]
    assert written(long, room=60) == "\n".join(two)


def spread(x, w):
    n, m = len(x), len(w)
    low, high = np.zeros(n), np.zeros(n)
    total = 0.0
    for i in range(n):
        for j in range(m):
            low[i] += x[i] * w[j]
            high[i] += low[i] * w[j]
        total += np.sin(high[i]) * low[i]
    return total


def test_the_derivative_is_right_and_starts_on_one_line():
    x, w = np.linspace(0.2, 1.0, 4), np.linspace(-0.5, 0.7, 3)
    gradient = s2sad.grad(spread, (0, 1))
    lines = gradient.lower(x, w).source.split("\n")
    starts = [line for line in lines if "zeros_like" in line or line.endswith("= 0.0")]
    assert any(line.count("_bar") > 1 for line in starts), starts
    h = 1e-6
    for k, bar in enumerate(gradient(x, w)):
        for i in range(len(bar)):
            moved = [a.copy() for a in (x, w, x, w)]
            moved[k][i] += h
            moved[k + 2][i] -= h
            assert bar[i] == pytest.approx((spread(*moved[:2]) - spread(*moved[2:])) / (2 * h), rel=1e-6)


def test_arrays_of_a_shape_that_has_a_name_are_no_rows():
    """`np.empty((2, shape))` is no array."""

    def f(x):
        shape = (len(x), 2)
        a, b = np.empty(shape), np.empty(shape)
        for k in range(len(x)):
            a[k] = x[k]
            b[k] = np.sin(x[k])
        return np.sum(a * b)

    s2sad.check_grads(f, (np.arange(1.0, 4.0),), order=2)
