"""Calls written out, and small lengths as numbers."""

import numpy as np
import pytest

import s2sad
from s2sad.loops.calls import without_calls
from tests.loops.agreement import compare, loops
from tests.traces import read, shown

MAIN = """
main(x: float64[n], a: float):
    y: float64[n] = call scaled(x, a)
    z: float64[n] = call scaled(y, 2.0)
    c = a > 0.0
    w: float64[n] = if c:
        u: float64[n] = call twice(z)
        yield u
    else:
        yield z
    r = w + y
    return r
"""
SCALED = """
scaled(v: float64[m], s: float):
    k = np.sin(s)
    r = v * k
    return r
"""
TWICE = """
twice(v: float64[m]):
    q: float64[m] = call scaled(v, 3.0)
    r: float64[m] = call same(q)
    return r
"""
SAME = """
same(v: float64[m]):
    return v
"""


def functions(*texts):
    made = map(read, texts)
    return {f.name: f for f in made}


def test_each_call_has_values_of_its_own():
    (whole,) = without_calls(functions(MAIN, SCALED, TWICE, SAME), "main")
    text = shown(whole)
    assert "call" not in text and text.count("np.sin") == 3


@pytest.mark.parametrize(
    "texts",
    [
        (TWICE.replace("scaled(v, 3.0)", "twice(v)"), SAME),
        (TWICE, SCALED.replace("r = v * k", "r: float64[m] = call twice(v)"), SAME),
    ],
)
def test_a_function_that_calls_itself_stays(texts):
    first, inner, *_ = without_calls(functions(*texts), "twice")
    assert inner.name in [f.name for f in (first, inner)] and "call twice_inner" in shown(first)


def test_a_callee_writes_into_nothing_of_the_caller():
    def changed(v, s):
        w = v * 1.0
        w[0] = s
        return w

    def f(x, s):
        y = np.sin(x)
        z = changed(y, s)
        return np.sum(y * z) + np.sum(changed(z, 2.0 * s))

    assert compare(lambda **k: s2sad.value_and_grad(f, (0, 1), **k), (np.ones(9), 0.3)) == "agree"


def total(x):
    return np.sum(np.sin(x) * np.arange(len(x)))


@pytest.mark.parametrize("n, known", [(1, True), (8, True), (9, False)])
def test_small_lengths_are_numbers(n, known):
    _, text = loops(lambda **k: s2sad.grad(total, **k), (np.ones(n),))
    assert ("x.shape[0]" not in text) == known


@pytest.mark.parametrize("n", [0, 1, 8, 9])
def test_programs_of_small_lengths_agree(n):
    assert compare(lambda **k: s2sad.grad(total, **k), (np.ones(n),)) == "agree"
