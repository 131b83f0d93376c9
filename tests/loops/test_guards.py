"""Checks before the loops that they are in."""

import numpy as np
import pytest

from s2sad.loops.guards import guarded_early
from tests.loops.programs import loops_of
from tests.loops.stage import compiled, loops
from tests.traces import gives, keeps, read, run


def test_a_check_that_is_hardest_for_the_last_iteration_is_made_for_it():
    gives(
        guarded_early,
        """
        f(x: float64[n], k: int(k), m: int(m)):
            w = length(x, axis=0)
            for i: int(i) in range(0, m, 1):
                h = k + i
                v1 = h < w
                v2 = guard(v1)
                v3 = store(x, h, 1.0)
                yield
            return x
        """,
        """
        f(x: float64[n], k: int(k), m: int(m)):
            w = length(x, axis=0)
            v1 = m - 1
            v2 = k + v1
            v3 = v2 < w
            v4 = m <= 0
            v5 = np.logical_or(v4, v3)
            v6 = guard(v5)
            for i in range(0, m, 1):
                h = k + i
                v7 = h < w
                v8 = store(x, h, 1.0)
                yield
            return x
        """,
    )


def checked(body, ends, carried=""):
    lines = [f"for i: int(i) in {ends}:", *(f"    {line.strip()}" for line in carried.split("\n") if line)]
    lines += [f"    {line}" for line in body.split("\n")]
    return loops("\n".join(lines), "y")


def passes(program, *args):
    try:
        program(*args)
    except AssertionError:
        return False
    return True


def agree(before, after):
    """Assert that the one is left for the arguments that the other is left for."""
    one, two = compiled(before), compiled(after)
    x = np.zeros(3)
    for n in range(-2, 5):
        for k in range(-3, 5):
            args = (x, x, np.zeros((3, 3)), np.zeros(3, int), n, k)
            assert passes(one, *args) == passes(two, *args), (n, k)


PREDICATES = [
    "i < k",
    "i <= k",
    "i > k",
    "i >= k",
    "k < i",
    "k >= i",
    "k - i > 0",
    "k - i < 1",
    "2 * i < k",
    "i * -2 < k",
    "i - k <= 0",
    "k + i < 5",
    "k - 2 * i >= -3",
    "3 > i",
    "-1 < i + k",
]
ENDS = [
    "range(0, n, 1)",
    "range(1, n, 2)",
    "range(n, 0, -1)",
    "range(n, -2, -3)",
    "reversed range(0, n, 1)",
    "reversed range(1, n, 3)",
    "range(k, n, 1)",
    "range(n, k, -2)",
]


@pytest.mark.parametrize("ends", ENDS)
@pytest.mark.parametrize("predicate", PREDICATES)
def test_a_check_holds_before_a_loop_where_it_holds_in_all_iterations(predicate, ends):
    text = checked(f"v1 = {predicate}\nv2 = guard(v1)\nyield", ends)
    assert "guard" not in run(guarded_early, text).partition("for ")[2]
    agree(read(text), guarded_early(read(text)))


STAYS = {
    "an index that only the run knows": ("v1 = load(p, i)\nv2 = v1 < k\nv3 = guard(v2)\nyield", ""),
    "what it asks is carried": ("v1 = s < k\nv2 = guard(v1)\ns1 = s + i\nyield s1", "carry s: int = 0"),
    "it is the only one that must hold": ("v1 = i == k\nv2 = guard(v1)\nyield", ""),
    "what it asks falls and grows": ("h = i * i\ng = h - i\nv1 = g < k\nv2 = guard(v1)\nyield", ""),
    "a remainder": ("h = i % 3\nv1 = h < k\nv2 = guard(v1)\nyield", ""),
    "one of two, each at another end": (
        """v1 = i < k
v2 = i > 2
v3 = np.logical_or(v1, v2)
v4 = guard(v3)
yield""",
        "",
    ),
    "a branch asks": ("c = i > 2\nif c:\n    v1 = i < k\n    v2 = guard(v1)\n    yield\nelse:\n    yield\nyield", ""),
    "the loop may be left before": ("v1 = i < k\nv2 = guard(v1)\nv3 = load(x, i)\nv4 = v3 > 0.0\nyield\nbreak v4", ""),
    "a division": ("h = n // k\nv1 = h < n\nv2 = guard(v1)\nyield", ""),
}


@pytest.mark.parametrize("body, carried", STAYS.values(), ids=[*STAYS])
def test_a_check_stays(body, carried):
    text = checked(body, "range(0, n, 1)", carried)
    text = text.replace("    for i", "    z = for i") if carried else text
    keeps(guarded_early, text)


def test_a_step_that_only_the_run_knows():
    keeps(guarded_early, checked("v1 = i < 5\nv2 = guard(v1)\nyield", "range(0, n, k)"))


def test_nothing_is_divided_by_where_there_is_no_iteration():
    text = checked("h = n // k\nv1 = h < n\nv2 = guard(v1)\nyield", "range(0, k, 1)")
    x = np.zeros(3)
    assert passes(compiled(guarded_early(read(text))), x, x, np.zeros((3, 3)), np.zeros(3, int), 3, 0)


def test_through_two_loops():
    text = loops(
        """
        for i: int(i) in range(0, n, 1):
            for j: int(j) in range(0, k, 1):
                h = i + j
                v1 = h < 5
                v2 = guard(v1)
                yield
            yield
        """,
        "y",
    )
    assert "guard" not in run(guarded_early, text).partition("for ")[2]
    agree(read(text), guarded_early(read(text)))


def differences(x):
    total = 0.0
    for i in range(1, len(x)):
        total += (x[i] - x[i - 1]) ** 2
    for i in range(len(x) - 1, 1, -1):
        total += x[i - 1] * x[i - 2]
    return total


def test_an_index_that_is_never_negative_is_not_asked_about():
    """The least index of a loop is that of its range: 1, and 2 backwards."""
    function, text = loops_of(differences, (np.arange(5.0),))
    assert "assert" not in text
    assert " if " not in text
    space = {}
    exec(text, space)
    np.testing.assert_allclose(space[function.name](np.arange(5.0)), [-1.0, 2.0, 4.0, 2.0, 2.0])
