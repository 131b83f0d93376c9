"""Loops fused where no iteration of the one touches what another one of the other writes."""

import pytest

from s2sad.ir.values import is_loop
from s2sad.loops.fusion import fused
from tests.loops.stage import agrees, arguments, loops
from tests.traces import gives, read


def test_a_loop_joins_the_one_that_makes_what_it_reads():
    gives(
        fused,
        """
        f(x: float64[n], n: int(n)):
            d = allocate(n, dtype=np.dtype('<f8'))
            for i: int(i) in range(0, n, 1):
                v1 = load(x, i)
                v2 = np.exp(v1)
                v3 = store(d, i, v2)
                yield
            s2 as s = for j: int(j) in range(0, n, 1):
                carry s: float64 = np.float64(0.0)
                v4 = load(d, j)
                s1 as s = tally(s, v4)
                yield s1
            return s2
        """,
        """
        f(x: float64[n], n: int(n)):
            d = allocate(n, dtype=np.dtype('<f8'))
            s_3 as s = for i in range(0, n, 1):
                carry s = np.float64(0.0)
                v1 = load(x, i)
                v2 = np.exp(v1)
                v3 = store(d, i, v2)
                v4 = load(d, i)
                s_2 as s = tally(s, v4)
                yield s_2
            return s_3
        """,
    )


def pair(first, second, one="0, n, 1", two="0, n, 1", between=(), before=(), stop="", reverse=""):
    """Two loops with the indices i and j, over memory that is that of y and a."""
    return loops(
        "\n".join(
            [
                *(f"    {line}" for line in before),
                f"    for i: int(i) in range({one}):",
                *(f"        {line}" for line in first),
                "        yield",
                *(f"    {line}" for line in between),
                f"    for j: int(j) in {reverse}range({two}):",
                *(f"        {line}" for line in second),
                "        yield",
                *([f"        break {stop}"] if stop else []),
                "    r = (y, a)",
            ]
        )
    )


def count(function):
    return sum(map(is_loop, function.body.operations))


FIRST = ["v3 = load(x, i)", "v4 = store(y, i, v3)"]
SECOND = ["v5 = load(y, j)", "v6 = store(a, j, j, v5)"]
JOINED = {
    "nothing in common": {"second": ["v5 = load(x, j)", "v6 = store(a, j, j, v5)"]},
    "one element": {"second": ["v5 = load(y, j)", "v6 = v5 * 2.0", "v7 = store(y, j, v6)"]},
    "one row": {
        "first": ["v3 = load(x, i)", "v4 = store(a, i, 0, v3)"],
        "second": ["v5 = load(a, j, k)", "v6 = store(y, j, v5)"],
    },
    "one column": {
        "first": ["v3 = load(x, i)", "v4 = store(a, 0, i, v3)"],
        "second": ["v5 = load(a, k, j)", "v6 = store(y, j, v5)"],
    },
    "read alone": {"second": ["v5 = load(x, 0)", "v6 = store(a, j, j, v5)"]},
    "both backwards": {"second": SECOND, "one": "k, -1, -1", "two": "k, -1, -1"},
    "its memory is read between": {"second": SECOND, "between": ["v8 = load(y, 1)", "v9 = store(x, 0, v8)"]},
    "memory of others between": {"second": SECOND, "between": ["v9 = store(a, 0, 1, 7.0)"]},
}
APART = {
    "the one before": {"second": ["h = j - 1", "v5 = load(y, h)", "v6 = store(a, j, j, v5)"]},
    "the one behind": {"second": ["h = n - 1", "g = min(j + 1, h)", "v5 = load(y, g)", "v6 = store(a, j, j, v5)"]},
    "all of it": {"second": ["v5 = load(y, n - 1)", "v6 = store(a, j, j, v5)"]},
    "an index from memory": {"second": ["h = load(p, j)", "v5 = load(y, h)", "v6 = store(a, j, j, v5)"]},
    "written where another one is read": {
        "first": ["v3 = load(y, n - 1)", "v4 = store(a, i, i, v3)"],
        "second": ["v6 = store(y, j, 3.0)"],
    },
    "written by both": {"second": ["v6 = store(y, 0, 3.0)"]},
    "other starts": {"second": SECOND, "one": "1, n, 1"},
    "other steps": {"second": SECOND, "two": "0, n, 2"},
    "backwards": {"second": SECOND, "reverse": "reversed "},
    "rows and columns": {
        "first": ["v3 = load(x, i)", "v4 = store(a, i, 0, v3)"],
        "second": ["v5 = load(a, 0, j)", "v6 = store(y, j, v5)"],
    },
    "it is left": {"second": [*SECOND, "v7 = v5 > 0.2"], "stop": "v7"},
    "memory under another name": {
        "before": ["g = reshaped(y, n)"],
        "second": ["v5 = load(g, n - 1)", "v6 = store(a, j, j, v5)"],
    },
    "memory under another name and shape": {
        "before": ["h = n * n", "g = reshaped(a, h)"],
        "first": ["v3 = load(x, i)", "v4 = store(a, i, 1, v3)"],
        "second": ["v5 = load(g, j)", "v6 = store(y, j, v5)"],
    },
    "memory that may be the same": {
        "before": ["c = k > 1", "g: float64[n] = if c:", "    yield y", "else:", "    yield x"],
        "second": ["v5 = load(g, n - 1)", "v6 = store(a, j, j, v5)"],
    },
    "an element is stored between": {"second": SECOND, "between": ["v9 = store(y, 1, 7.0)"]},
    "a library writes between": {
        "first": ["v4 = store(a, i, 0, 2.0)"],
        "second": ["v5 = load(a, j, 0)", "v6 = store(y, j, v5)"],
        "between": ["v9 = into(a, a, a, function='add')"],
    },
    "what it gives is read": {
        "second": ["v5 = load(x, j)", "v6 = v5 * v8", "v7 = store(a, j, j, v6)"],
        "between": ["v8 = load(y, 1)"],
    },
}


@pytest.mark.parametrize("case", JOINED.values(), ids=[*JOINED])
def test_loops_over_the_same_places_are_one(case):
    text = pair(**({"first": FIRST} | case))
    assert count(fused(read(text))) == 1
    for n in (2, 3, 5):
        agrees(fused, text, *arguments(n, k=1))


@pytest.mark.parametrize("case", APART.values(), ids=[*APART])
def test_loops_stay_apart(case):
    text = pair(**({"first": FIRST} | case))
    assert count(fused(read(text))) == 2
    for n in (2, 3, 5):
        agrees(fused, text, *arguments(n))


def test_loops_of_no_iterations_stay_such():
    text = pair(FIRST, SECOND)
    for n in (0, 1):
        agrees(fused, text, *arguments(n))


def test_a_guard_stays_before_what_it_guards():
    text = pair(
        ["v3 = load(x, 0)", "v4 = store(a, i, i, v3)"],
        ["v5 = load(y, k)", "v6 = store(a, j, 0, v5)"],
        between=["c = load(p, 0)", "v1 = c < n", "v2 = guard(v1)"],
    )
    assert count(fused(read(text))) == 2
    agrees(fused, text, *arguments(4))
