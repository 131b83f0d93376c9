"""Arrays, lists and dicts that become longer as a program runs, as loops."""

import pytest

import s2sad
from tests.loops.agreement import compare
from tests.loops.growing import PROGRAMS, X, nothing_raised

SECOND = (s2sad.hessian, s2sad.jacfwd)
FIRST_ONLY = ("pairs", "a table of lists", "a small table of lists")


@pytest.mark.parametrize("name", PROGRAMS)
def test_first_derivatives(name):
    f, args = PROGRAMS[name]
    assert compare(lambda **k: s2sad.value_and_grad(f, **k), args) == "agree"


@pytest.mark.parametrize("number, name", [pair for pair in enumerate(PROGRAMS) if pair[1] not in FIRST_ONLY][::2])
def test_other_derivatives(number, name):
    f, args = PROGRAMS[name]
    operator = SECOND[number // 2 % len(SECOND)]
    assert compare(lambda **k: operator(f, **k), args) == "agree"


@pytest.mark.parametrize("name", ["append", "in a branch", "sums by key"])
def test_many_examples(name):
    f, (x, *rest) = PROGRAMS[name]
    batch = x[:12].reshape(2, -1)
    assert compare(lambda **k: s2sad.vmap(s2sad.grad(f), (0, *[None] * len(rest)), **k), (batch, *rest)) == "agree"


def test_what_is_raised_in_a_try_is_left_to_python():
    assert compare(lambda **k: s2sad.grad(nothing_raised, **k), (X, 0.4)) == "left"
