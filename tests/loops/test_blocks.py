"""Sums in blocks."""

import numpy as np
import pytest

from s2sad.loops.blocks import in_blocks
from tests.loops.stage import agrees, arguments, loops, result
from tests.traces import gives, keeps, read


def test_a_long_sum_is_one_of_parts():
    gives(
        in_blocks,
        """
        f(x: float64[n], n: int(n)):
            s2 as s = for i: int(i) in range(0, n, 1):
                carry s: float64 = np.float64(0.0)
                v1 = load(x, i)
                s1 as s = tally(s, v1)
                yield s1
            return s2
        """,
        """
        f(x: float64[n], n: int(n)):
            s_4 as s = for start~ in range(0, n, 1024):
                carry s = np.float64(0.0)
                v1 = start + 1024
                v2 = min(v1, n)
                part~ = for i in range(start, v2, 1):
                    carry s_2 as s = np.float64(0.0)
                    v3 = load(x, i)
                    s_3 as s = tally(s_2, v3)
                    yield s_3
                v4 = tally(s, part)
                yield v4
            return s_4
        """,
    )


SUM = """r = for i: int(i) in range({}):
    carry s: float64 = {}
{}
    v1 = load(x, i)
    s1 as s = tally(s, v1)
    yield s1"""


@pytest.mark.parametrize("n", [0, 1, 1023, 1024, 1025, 3000])
def test_all_terms_are_added_once(n):
    text = loops(SUM.format("1, n, 1", "np.float64(3.0)", ""))
    x = np.arange(float(n))
    assert result(in_blocks(read(text)), x, x, np.zeros((0, 0)), x, n, 0) == 3.0 + np.sum(x[1:])


def test_what_is_no_sum_is_carried_through():
    text = loops("""
        s2, h2 = for i: int(i) in range(0, n, 1):
            carry s: float64 = np.float64(1.0)
            carry h: float64 = np.float64(0.5)
            v1 = load(x, i)
            s1 = tally(s, v1)
            v2 = h * 0.5
            h1 = v2 + v1
            yield s1, h1
        r = (s2, h2)
        """)
    x = np.random.default_rng(0).normal(size=2500)
    agrees(in_blocks, text, x, x, np.zeros((0, 0)), x, 2500, 0)


def test_the_error_is_that_of_pairwise_sums():
    x = np.full(1_000_000, 0.1)
    text = loops(SUM.format("0, n, 1", "np.float64(0.0)", ""))
    blocked = result(in_blocks(read(text)), x, x, np.zeros((0, 0)), x, len(x), 0)
    assert abs(blocked - 1e5) < 1e-8 < abs(result(read(text), x, x, np.zeros((0, 0)), x, len(x), 0) - 1e5)


STAYS = {
    "what was added up is stored": SUM.format("0, n, 1", "np.float64(0.0)", "    v2 = store(y, i, s)"),
    "what is added up is stored": SUM.format("0, n, 1", "np.float64(0.0)", "").replace(
        "    yield",
        """    v2 = store(y, i, s1)
    yield""",
    ),
    "what was added up is asked for in a branch": SUM.format(
        "0, n, 1",
        "np.float64(0.0)",
        """    c = s > 2.0
    if c:
        v3 = store(y, 0, s)
        yield
    else:
        yield""",
    ),
    "few terms": SUM.format("0, 1000, 1", "np.float64(0.0)", ""),
    "every second term": SUM.format("0, n, 2", "np.float64(0.0)", ""),
    "from the end": SUM.format("0, n, 1", "np.float64(0.0)", "").replace("in range", "in reversed range"),
    "it is left": SUM.format("0, n, 1", "np.float64(0.0)", "    v2 = load(y, i)\n    v3 = v2 > 1.0") + "\n    break v3",
    "a sum in a fixed order": SUM.format("0, n, 1", "np.float64(0.0)", "").replace("tally(s, v1)", "s + v1"),
}


@pytest.mark.parametrize("body", STAYS.values(), ids=[*STAYS])
def test_a_sum_stays(body):
    keeps(in_blocks, loops(body))
    x = np.random.default_rng(0).normal(size=2100)
    agrees(in_blocks, loops(f"{body}\nw = (r, y)", "w"), x, x, np.zeros((0, 0)), x, 2100, 0)


def test_sums_in_each_other():
    text = loops("""
        r = for i: int(i) in range(0, n, 1):
            carry s: float64 = np.float64(0.0)
            s2 as s = for j: int(j) in range(0, n, 1):
                carry t as s: float64 = s
                v1 = load(a, i, j)
                t1 as s = tally(t, v1)
                yield t1
            yield s2
        """)
    agrees(in_blocks, text, *arguments(5))
