"""Loops over long arrays in strips, the loop around them inside."""

import numpy as np
import pytest

import s2sad
from s2sad.loops.blocks import in_blocks
from s2sad.loops.strips import in_strips
from tests.loops.programs import loops_of
from tests.loops.stage import result
from tests.traces import gives, keeps, read


def test_the_loops_change_places():
    gives(
        in_strips,
        """
        f(y: float64[n], c: float64[m], n: int(n), m: int(m)):
            for k: int(k) in range(0, m, 1):
                v1 = load(c, k)
                for i: int(i) in range(0, n, 1):
                    v2 = load(y, i)
                    v3 = v2 * v1
                    v4 = store(y, i, v3)
                    yield
                yield
            return y
        """,
        """
        f(y: float64[n], c: float64[m], n: int(n), m: int(m)):
            for start~ in range(0, n, 1024):
                v1 = start + 1024
                v2 = min(v1, n)
                for k in range(0, m, 1):
                    v3 = load(c, k)
                    for i in range(start, v2, 1):
                        v4 = load(y, i)
                        v5 = v4 * v3
                        v6 = store(y, i, v5)
                        yield
                    yield
                yield
            return y
        """,
    )


def test_what_is_added_up_for_each_iteration_is_kept_by_its_number():
    gives(
        in_strips,
        """
        f(y: float64[n], c: float64[m], n: int(n), m: int(m)):
            for k: int(k) in reversed range(0, m, 1):
                s2 as s = for i: int(i) in range(0, n, 1):
                    carry s: float64 = np.float64(0.0)
                    v2 = load(y, i)
                    v3 = v2 * 0.5
                    v4 = store(y, i, v3)
                    s1 as s = tally(s, v2)
                    yield s1
                v5 = store(c, k, s2)
                yield
            return c
        """,
        """
        f(y: float64[n], c: float64[m], n: int(n), m: int(m)):
            for k in reversed range(0, m, 1):
                v1 = store(c, k, np.float64(0.0))
                yield
            for start~ in range(0, n, 1024):
                v2 = start + 1024
                v3 = min(v2, n)
                for k_2 as k in reversed range(0, m, 1):
                    v4 = load(c, k_2)
                    part~ = for i in range(start, v3, 1):
                        carry s = np.float64(0.0)
                        v5 = load(y, i)
                        v6 = v5 * 0.5
                        v7 = store(y, i, v6)
                        s_2 as s = tally(s, v5)
                        yield s_2
                    v8 = tally(v4, part)
                    v9 = store(c, k_2, v8)
                    yield
                yield
            return c
        """,
    )


VECTORS = "y: float64[n], x: float64[n], c: float64[m], p: int64[n]"
HEAD = f"f({VECTORS}, a: float64[m, n], e: float64[n, m], n: int(n), m: int(m)):"
DOUBLED = ["v2 = load(y, i)", "v3 = v2 * 2.0", "v4 = store(y, i, v3)"]
ADDED = ["v2 = load(y, i)", "v3 = v2 * 0.5", "v4 = store(y, i, v3)", "s1 as s = tally(s, v2)"]
SUM = "s: float64 = np.float64(0.0)"


def nest(inside=DOUBLED, before=(), behind=(), *, header="", along="0, n, 1", carry="", total="", gives=""):
    """Loops of k and i: what stands in them, and before and behind the inner one; what each of them carries."""
    inner = [f"carry {total}"] if total else []
    outer = [f"carry {carry}"] if carry else []
    lines = [
        HEAD,
        f"    {'r = ' if carry else ''}for k: int(k) in {header or 'range(0, m, 1)'}:",
        *(f"        {line}" for line in (*outer, *before)),
        f"        {'s2 = ' if total else ''}for i: int(i) in range({along}):",
        *(f"            {line}" for line in (*inner, *inside, "yield s1" if total else "yield")),
        *(f"        {line}" for line in (*behind, f"yield {gives}" if carry else "yield")),
        f"    w = ({'r, ' if carry else ''}y, x, c, a, e)",
        "    return w",
    ]
    return "\n".join(lines)


CHANGED = {
    "a factor for each": nest([DOUBLED[0], "v3 = v2 * v1", DOUBLED[2]], ["v1 = load(c, k)"]),
    "backwards": nest([DOUBLED[0], "v3 = v2 + v1", DOUBLED[2]], ["v1 = load(c, k)"], header="reversed range(0, m, 1)"),
    "from elsewhere": nest(along="2, n, 1"),
    "each second": nest(header="range(1, m, 2)"),
    "two arrays": nest([*DOUBLED, "v5 = load(x, i)", "v6 = v5 + v3", "v7 = store(x, i, v6)"]),
    "a sum": nest(ADDED, behind=["v9 = store(c, k, s2)"], total=SUM),
    "a sum of what was there": nest(ADDED, ["v8 = load(x, k)"], ["v9 = store(c, k, s2)"], total="s: float64 = v8"),
    "a sum that is carried on": nest(
        ADDED, ["v8 = load(c, k)"], ["q1 = q + s2", "q2 = q1 * v8"], total=SUM, carry="q: float64 = 1.0", gives="q2"
    ),
    "no sum": nest([*ADDED[:3], "v7 = s * 0.5", "s1 as s = v7 + v2"], behind=["v9 = store(c, k, s2)"], total=SUM),
    "a check": nest(before=["v1 = k < m", "v8 = guard(v1)"]),
    "a store beside it": nest(before=["v8 = k * 2.0", "v9 = store(c, k, v8)"]),
    "the other end of what is read": nest(
        ["j = n - i", "l = j - 1", "v1 = load(x, l)", DOUBLED[0], "v3 = v2 * v1", DOUBLED[2]]
    ),
    "rows": nest(
        [
            "for j: int(j) in range(0, m, 1):",
            "    v2 = load(e, i, j)",
            "    v3 = v2 * 2.0",
            "    v4 = store(e, i, j, v3)",
            "    yield",
        ]
    ),
    "another loop behind it": nest(
        behind=["for j: int(j) in range(0, m, 1):", "    v8 = load(c, j)", "    v9 = store(c, k, v8)", "    yield"]
    ),
}
STAYS = {
    "the element before": nest(["j = i - 1", "v2 = load(y, j)", *DOUBLED[1:]], along="1, n, 1"),
    "the other end": nest(["j = n - i", "l = j - 1", "v2 = load(y, l)", *DOUBLED[1:]]),
    "any element": nest([DOUBLED[0], "j = load(p, i)", "v4 = store(y, j, v2)"]),
    "one element of all": nest([*DOUBLED, "v5 = store(x, 0, v3)"]),
    "a row of its own": nest([*DOUBLED, "v5 = store(a, k, i, v3)"]),
    "a row of its own, read": nest([DOUBLED[0], "v1 = load(a, k, i)", "v3 = v2 * v1", DOUBLED[2]]),
    "nothing that is changed": nest(["v2 = load(x, i)", "v3 = v2 * 2.0", "v4 = store(y, i, v3)"]),
    "a number carried to the next iteration": nest(
        [DOUBLED[0], "v3 = v2 * q", DOUBLED[2]], behind=["q1 = q * 0.5"], carry="q: float64 = 1.0", gives="q1"
    ),
    "a sum that the next iteration asks for": nest(
        ["v2 = load(y, i)", "v3 = v2 * q", "v4 = store(y, i, v3)", "s1 as s = tally(s, v2)"],
        total=SUM,
        carry="q: float64 = 1.0",
        gives="s2",
    ),
    "an element that is read behind it": nest(behind=["v8 = load(y, 0)", "v9 = store(c, k, v8)"]),
    "an element that is written before it": nest(before=["v8 = store(y, 0, 1.0)"]),
    "a factor that is written behind it": nest(
        [DOUBLED[0], "v3 = v2 * v1", DOUBLED[2]], ["v1 = load(c, k)"], ["v8 = store(c, 1, 3.0)"]
    ),
    "a length of each": nest(along="0, k, 1"),
    "backwards along": nest().replace("for i: int(i) in range(0, n, 1)", "for i: int(i) in reversed range(0, n, 1)"),
    "a check in it": nest(["v2 = load(y, i)", "b = v2 < 1e300", "g = guard(b)", *DOUBLED[1:]]),
    "rows of which each has another length": nest(
        [
            "for j: int(j) in range(0, i, 1):",
            "    v2 = load(e, i, j)",
            "    v3 = v2 * 2.0",
            "    v4 = store(e, i, j, v3)",
            "    yield",
        ]
    ),
    "sums of rows": nest(
        [
            "s1 as s = for j: int(j) in range(0, m, 1):",
            "    carry s_2 as s: float64 = s",
            "    v2 = load(e, i, j)",
            "    v3 = v2 * 2.0",
            "    v4 = store(e, i, j, v3)",
            "    s_3 as s = tally(s_2, v2)",
            "    yield s_3",
        ],
        behind=["v9 = store(c, k, s2)"],
        total=SUM,
    ),
    "a short one": nest(along="0, 8, 1"),
}


def arguments(n, m=5):
    rng = np.random.default_rng(n)
    vectors = rng.normal(size=n), rng.normal(size=n), rng.normal(size=m), rng.integers(0, n, n)
    return *vectors, rng.normal(size=(m, n)), rng.normal(size=(n, m))


@pytest.mark.parametrize("text", CHANGED.values(), ids=CHANGED)
def test_not_a_bit_changes(text):
    """Beside the same sums in blocks, on lengths about those of strips."""
    function = read(text)
    changed = in_strips(function)
    assert changed is not function
    for n in (5, 1024, 2500):
        args = (*arguments(n), n, 5)
        for one, two in zip(result(in_blocks(function), *args), result(in_blocks(changed), *args), strict=True):
            np.testing.assert_array_equal(one, two)


@pytest.mark.parametrize("text", STAYS.values(), ids=STAYS)
def test_what_needs_the_order_stays(text):
    keeps(in_strips, text)


@pytest.mark.parametrize("m", [0, 3])
def test_without_elements_sums_are_what_they_began_with(m):
    function = read(CHANGED["a sum of what was there"])
    y, x, c, p, a, b = arguments(4, m)
    args = (y[:0], x, c, p[:0], a[:, :0], b[:0], 0, m)
    for one, two in zip(result(function, *args), result(in_strips(function), *args), strict=True):
        np.testing.assert_array_equal(one, two)


def horner(x: np.ndarray, n: int) -> float:
    t = np.arange(n) / n
    y = np.zeros(n)
    for coefficient in x:
        y = y * t + coefficient
    return float(np.sum(y**2))


def damped(x: np.ndarray, n: int) -> float:
    y = np.sin(x[0] * np.arange(n))
    v = np.zeros(n)
    for k in range(4):
        v = v - 0.1 * (y + x[k] * v)
        y = y + 0.1 * v
    return float(np.sum(y**2 + v))


def escaped(x: np.ndarray, n: int) -> float:
    z = np.zeros(n, dtype=complex)
    for _ in range(4):
        z = np.where(np.abs(z) < 2, z * z + x[0] + 1j * np.arange(n) / n, z)
    return float(np.sum(np.abs(z)))


@pytest.mark.parametrize("operator", [s2sad.jit, s2sad.value_and_grad])
@pytest.mark.parametrize("f", [horner, damped, escaped])
def test_programs_give_what_numpy_gives(f, operator):
    x = np.array([0.3, -0.7, 0.2, 0.4])
    function, text = loops_of(f, (x, 2500), operator)
    assert "min(start + 1024" in text
    space = {}
    exec(text, space)
    found = space[function.name](x, 2500)
    expected = f(x, 2500) if operator is s2sad.jit else s2sad.value_and_grad(f)(x, 2500)
    for one, two in (
        zip(np.atleast_1d(found), np.atleast_1d(expected), strict=True)
        if operator is s2sad.jit
        else zip(found, expected, strict=True)
    ):
        np.testing.assert_allclose(one, two, rtol=1e-12)
