"""Loops that run backwards for nothing run forwards."""

import numpy as np
import pytest

from s2sad.loops.directions import forwards
from tests.loops.stage import result
from tests.traces import gives, keeps, read

HEAD = "f(x: float64[n], y: float64[n], a: float64[r, m], p: int64[n], n: int(n), k: int(k)):"


def loop(*lines, over="0, n, 1", carry="", first=(), found=""):
    """A loop that runs backwards, with these lines in it; what it carries, and what stands before it."""
    return "\n".join(
        [
            HEAD,
            *(f"    {line}" for line in first),
            f"    {'w = ' if carry else ''}for i: int(i) in reversed range({over}):",
            *([f"        carry {carry}"] if carry else []),
            *(f"        {line}" for line in lines),
            f"        yield {found}".rstrip(),
            f"    r = ({'w, ' if carry else ''}x, y, a)",
            "    return r",
        ]
    )


def test_elements_of_their_own():
    gives(
        forwards,
        """
        f(x: float64[n], y: float64[n], n: int(n)):
            for i: int(i) in reversed range(0, n, 1):
                v1 = load(x, i)
                v2 = load(y, i)
                v3 = v1 * v2
                v4 = store(y, i, v3)
                yield
            return y
        """,
        """
        f(x: float64[n], y: float64[n], n: int(n)):
            for i in range(0, n, 1):
                v1 = load(x, i)
                v2 = load(y, i)
                v3 = v1 * v2
                v4 = store(y, i, v3)
                yield
            return y
        """,
    )


TURNED = {
    "a row": loop("v1 = load(a, k, i)", "v2 = v1 * 2.0", "v3 = store(a, k, i, v2)"),
    "other rows": loop(
        "l = k + 1", "v1 = load(a, l, i)", "j = i + 1", "v2 = store(a, k, j, v1)", first=["l = k + 1"]
    ).replace("        l = k + 1\n", ""),
    "other parts of a row": loop(
        "v1 = load(a, k, i)", "j = n + i", "v2 = store(a, k, j, v1)", "v3 = v1 * 2.0", "v4 = store(a, k, i, v3)"
    ),
    "a part far behind": loop("j = i + 4", "v1 = load(y, j)", "v2 = store(y, i, v1)", over="0, 4, 1"),
    "a sum": loop("v1 = load(x, i)", "s1 as s = tally(s, v1)", carry="s: float64 = 0.0", found="s1"),
    "each second": loop("v1 = load(x, i)", "v2 = store(y, i, v1)", over="0, n, 2"),
    "nothing that is written": loop("j = load(p, i)", "v1 = load(x, j)", "v2 = store(y, i, v1)"),
}
STAYS = {
    "the element before": loop("j = i - 1", "v1 = load(y, j)", "v2 = store(y, i, v1)", over="1, n, 1"),
    "a part that overlaps": loop("j = i + 3", "v1 = load(y, j)", "v2 = store(y, i, v1)", over="0, 4, 1"),
    "a part at an unknown distance": loop("j = i + k", "v1 = load(y, j)", "v2 = store(y, i, v1)", over="0, 4, 1"),
    "any element": loop("j = load(p, i)", "v1 = load(x, i)", "v2 = store(y, j, v1)"),
    "from the other end": loop(
        "j = n - i", "l = j - 1", "v1 = load(x, i)", "v2 = store(y, l, v1)", "v3 = store(y, i, v1)"
    ),
    "one element": loop("v1 = load(x, i)", "v2 = store(y, 0, v1)"),
    "a row of a loop in it": loop(
        "for j: int(j) in range(0, n, 1):",
        "    l = j + 1",
        "    v1 = load(a, k, j)",
        "    v2 = store(a, k, l, v1)",
        "    yield",
    ),
    "what is carried": loop("v1 = load(x, i)", "s2 = s * 0.5", "s1 = s2 + v1", carry="s: float64 = 0.0", found="s1"),
}


@pytest.mark.parametrize("text", TURNED.values(), ids=TURNED)
def test_it_gives_the_same(text):
    function = read(text)
    changed = forwards(function)
    assert not any(getattr(op, "reverse", False) for op in changed.body.operations)
    rng = np.random.default_rng(0)
    args = (*rng.normal(size=(2, 9)), rng.normal(size=(3, 18)), rng.integers(0, 9, 9), 9, 1)
    for one, two in zip(result(function, *args), result(changed, *args), strict=True):
        np.testing.assert_allclose(one, two, rtol=1e-14)


@pytest.mark.parametrize("text", STAYS.values(), ids=STAYS)
def test_what_waits_for_another_iteration_stays(text):
    keeps(forwards, text)
