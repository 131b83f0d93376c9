"""The derivatives by hand, which emitted ones are compared with, are right; texts are counted as they should be."""

import ast
import copy
import json
import math
import pkgutil
import re
import subprocess
import sys
import textwrap
from pathlib import Path

import numpy as np
import optree
import pytest

from benchmarks.bindings import bindings
from benchmarks.readability import by_hand, functions, text
from benchmarks.readability.cases import CASES, FURTHER
from benchmarks.readability.figures import Row, Side, cells, texts_of
from s2sad.testing import numerical_jvp


@pytest.fixture(params=CASES)
def case(request):
    return CASES[request.param]


def page(name):
    return (Path(__file__).parents[2] / name).read_text(encoding="utf-8")


def numbers(tree):
    """All numbers of a tree in one vector."""
    return np.concatenate([np.ravel(leaf) for leaf in optree.tree_leaves(tree)])


def test_both_derivatives_agree(case):
    args = case.arguments(**case.small)
    value, gradient = case.by_hand(*copy.deepcopy(args))
    emitted_value, emitted_gradient = case.emitted(args)(*copy.deepcopy(args))
    np.testing.assert_allclose(value, case.function(*copy.deepcopy(args)), rtol=1e-12)
    np.testing.assert_allclose(value, emitted_value, rtol=1e-12)
    assert optree.tree_structure(gradient) == optree.tree_structure(emitted_gradient)
    emitted = numbers(emitted_gradient)
    np.testing.assert_allclose(numbers(gradient), emitted, rtol=1e-9, atol=1e-9 * np.max(np.abs(emitted)))


def test_the_derivative_by_hand_agrees_with_differences(case):
    args = case.arguments(**case.small)
    argnums = (case.argnums,) if isinstance(case.argnums, int) else case.argnums
    rng = np.random.default_rng(1)
    moved = {k: optree.tree_map(lambda x: rng.normal(size=np.shape(x))[()], args[k]) for k in argnums}
    expected, error = numerical_jvp(lambda *a: case.function(*copy.deepcopy(a)), args, moved)
    found = numbers(case.by_hand(*args)[1]) @ numbers([moved[k] for k in argnums])
    np.testing.assert_allclose(found, expected[0], rtol=1e-6, atol=1e-9 + 10 * error[0])
    assert error[0] < 1e-4 * np.abs(expected[0])


def test_the_derivative_by_hand_leaves_its_arguments_alone(case):
    args = case.arguments(**case.small)
    before = numbers(args).copy()
    case.by_hand(*args)
    np.testing.assert_array_equal(numbers(args), before)


def test_texts_by_hand_are_as_wide_as_emitted_ones(case):
    assert max(map(len, case.text_by_hand().splitlines()[1:])) <= 100


def test_there_is_no_derivative_by_hand_without_a_function():
    assert {m.name for m in pkgutil.iter_modules(by_hand.__path__)} == set(CASES)
    assert {m.name for m in pkgutil.iter_modules(functions.__path__)} == {c.name for c in FURTHER}


TEXT = textwrap.dedent(
    '''
    """What it is."""
    import numpy as np


    def helper(g):
        """Not
        counted."""
        return g


    def part_forward(x):
        v1 = np.sin(x)
        return v1, (x, v1)


    def whole_grad(x, n):
        # a comment
        own = []
        records = []
        v2s = np.empty(n)
        v3_bar = np.empty(n)
        for k in range(n):
            x, record = part_forward(
                x
            )
            own.append(x)
            row = np.zeros(2)
            for j in range(2):
                row[j] = k
            records.append((record, row, []))
            v2s[k] = x
            v3_bar[k] = 1.0
        v2s[0] = helper(x)
        return x
    '''
)


def part(x):
    return math.sin(x)


def whole(x, n):
    own = []
    for _ in range(n):
        x = part(x)
        own.append(x)
    return x


def test_what_is_counted_in_a_text():
    found = text.measures(TEXT, "whole_grad", whole, (0.5, 3))
    assert found.lines == 23
    assert found.names == 1 + 2 + 10  # g; x, v1; x, n, own, records, v2s, v3_bar, k, j, record, row
    assert found.numbered == 3
    assert found.kept == 2 + 1 + 1  # a record of two and containers, row[j] and v2s[k]
    assert found.helpers == 1


def run(*options):
    command = [sys.executable, "-m", "benchmarks.readability", *options]
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout


def test_the_command_gives_figures_and_texts():
    figures = json.loads(run("digits", "--json"))
    (row,) = figures["functions"]
    assert figures["means"]["lines"] == pytest.approx(row["emitted"]["text"]["lines"] / row["by_hand"]["text"]["lines"])
    assert row["emitted"]["time"] > 0 and row["emitted"]["memory"] > 0
    table = run("digits").splitlines()
    assert table[2].startswith("| digits | ") and table[-1].startswith("| geometric mean | ")
    assert len({line.count("|") for line in table}) == 1
    shown = run("--show", "digits")
    assert "def loss_value_and_grad(" in shown and "def loss_adjoint(" in shown


def test_what_is_counted_is_what_the_pages_say(case):
    emitted, hand = texts_of(case, case.arguments(**case.small))
    found = cells(Row(case.name, Side(emitted, 1.0, 1), Side(hand, 1.0, 1)))[:5]
    assert f"| {' | '.join(found)} |" in page("benchmarks/README.md")
    row = re.search(rf"^\| {case.name} \| \d+ \| (\d+) \| (\d+) \|$", page("docs/explanation/cost.md"), re.MULTILINE)
    assert row is not None or not emitted.kept
    if row is not None:
        assert row.groups() == (str(emitted.kept), str(hand.kept))


def test_what_is_bound_in_a_text():
    text = "a = b = 0.0\nc, (d, e) = [], (1, x)\nu, v = map(np.empty, (n, m))\np, q = f(x)\nx[0] = 1"
    text += "\nr, s = np.empty((2, n))"
    found = {name: ast.unparse(value) for name, value in bindings(ast.parse(text))}
    assert found == {
        "a": "0.0",
        "b": "0.0",
        "c": "[]",
        "d": "1",
        "e": "x",
        "u": "np.empty(n)",
        "v": "np.empty(m)",
    } | dict.fromkeys("rs", "np.empty((2, n))")
