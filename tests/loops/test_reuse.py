"""What was computed, loaded or stored before is not computed or loaded again; what nobody reads is not written."""

import pytest

from s2sad.loops.reuse import reused
from tests.loops.stage import agrees, arguments, loops
from tests.traces import gives, run


def test_an_element_that_was_stored_is_not_loaded_and_the_array_goes():
    gives(
        reused,
        """
        f(x: float64[n], n: int(n)):
            d = allocate(n, dtype=np.dtype('<f8'))
            s2 as s = for i: int(i) in range(0, n, 1):
                carry s: float64 = np.float64(0.0)
                v1 = load(x, i)
                v2 = np.exp(v1)
                v3 = store(d, i, v2)
                v4 = load(d, i)
                v5 = load(x, i)
                v6 = v4 * v5
                s1 as s = tally(s, v6)
                yield s1
            return s2
        """,
        """
        f(x: float64[n], n: int(n)):
            s_3 as s = for i in range(0, n, 1):
                carry s = np.float64(0.0)
                v1 = load(x, i)
                v2 = np.exp(v1)
                v3 = v2 * v1
                s_2 as s = tally(s, v3)
                yield s_2
            return s_3
        """,
    )


def test_an_element_beside_one_that_is_stored_is_known():
    gives(
        reused,
        """
        f(y: float64[2], s: float64, k: int(k)):
            v1 = store(y, 0, s)
            v2 = store(y, 1, 2.0)
            v3 = load(y, 0)
            v4 = v3 * 1.0
            v5 = store(y, k, 3.0)
            v6 = load(y, 0)
            r = v4 - v6
            return (r, y)
        """,
        """
        f(y: float64[2], s: float64, k: int(k)):
            v1 = store(y, 0, s)
            v2 = store(y, 1, 2.0)
            v3 = store(y, k, 3.0)
            v4 = load(y, 0)
            r = s - v4
            v5 = (r, y)
            return v5
        """,
    )


LOADED_AGAIN = {
    "another element may be the same": "v1 = load(y, 0)\nv2 = store(y, k, 7.0)\nv3 = load(y, 0)",
    "another name of the memory": "g = reshaped(y, n)\nv1 = load(y, 0)\nv2 = store(g, 0, 7.0)\nv3 = load(y, 0)",
    "a branch stores": """v1 = load(y, 0)
c = k > 0
if c:
    v2 = store(y, 0, 7.0)
    yield
else:
    yield
v3 = load(y, 0)""",
    "a loop stores": """v1 = load(y, 0)
for i: int(i) in range(0, k, 1):
    v2 = store(y, i, 7.0)
    yield
v3 = load(y, 0)""",
    "a loop that may not run has loaded": """v0 = store(x, 0, 1.0)
for i: int(i) in range(0, k, 1):
    v1 = load(y, 0)
    v2 = store(y, 0, 7.0)
    v4 = store(x, i, v1)
    yield
v3 = load(y, 0)""",
    "an earlier iteration stores": """v1 = load(y, 0)
v9: float64 = for i: int(i) in range(0, n, 1):
    carry s: float64 = np.float64(0.0)
    v2 = load(y, 0)
    v4 = s + v2
    v5 = store(y, 0, v4)
    yield v4
v3 = v9 * 1.0""",
    "a library writes": "v1 = load(y, 0)\nv2 = into(y, y, y, function='add')\nv3 = load(y, 0)",
    "what may be the same memory": """c = k > 1
g: float64[n] = if c:
    yield x
else:
    yield y
v1 = load(g, 0)
v2 = store(y, 0, 7.0)
v4 = store(x, 0, 6.0)
v3 = load(g, 0)""",
    "a loop that tests stores": """v1 = load(y, 0)
w = while:
    carry t: int = 0
    v4 = t < 3
    yield v4
do:
    carry u: int = 0
    v2 = store(y, 0, 7.0)
    v5 = u + 1
    yield v5
v3 = load(y, 0)""",
    "the test of a loop loads": """w = while:
    carry t: int = 0
    v1 = load(y, 0)
    v4 = v1 < 3.0
    v6 = t < 9
    v7 = np.logical_and(v4, v6)
    yield v7
do:
    carry u: int = 0
    v8 = load(y, 0)
    v9 = v8 + 1.0
    v2 = store(y, 0, v9)
    v5 = u + 1
    yield v5
v3 = load(y, 0)""",
    "a handle that a loop carries": """d = allocate(n, dtype=np.dtype('<f8'))
v0 = store(d, 0, 2.0)
w, e = while:
    carry t: int = 0
    carry h: float64[m] = d
    v4 = t < k
    yield v4
do:
    carry u: int = 0
    carry g: float64[m] = d
    v5 = u + 1
    c = u > 1
    v6: float64[m] = if c:
        yield g
    else:
        yield d
    yield v5, v6
v1 = load(d, 0)
v2 = store(e, 0, 7.0)
v3 = load(d, 0)""",
}


@pytest.mark.parametrize("body", LOADED_AGAIN.values(), ids=[*LOADED_AGAIN])
def test_an_element_is_loaded_again(body):
    text = loops(f"{body}\nr = (v3, x, y)")
    if "where" not in text:
        text = text.replace("k: int(k)):", "k: int(k)):")
    for k in (0, 1, 2, 3):
        agrees(reused, text, *arguments(4, k))
    assert run(reused, text).count("load(") >= 1


KEPT = {
    "an array that is read in a branch": """d = allocate(n, dtype=np.dtype('<f8'))
v1 = store(d, 0, 2.0)
c = k > 0
r: float64 = if c:
    v2 = load(d, 0)
    yield v2
else:
    yield 1.0""",
    "an array under another name": """d = allocate(n, dtype=np.dtype('<f8'))
g = reshaped(d, n)
v1 = store(d, 0, 2.0)
r = load(g, 0)""",
    "an array that a library reads": """d = allocate(n, dtype=np.dtype('<f8'))
for i: int(i) in range(0, n, 1):
    v1 = store(d, i, 2.0)
    yield
v2 = into(y, d, y, function='add')
r = load(y, 0)""",
    "what is carried for the test": """r, q = while:
    carry s: float64 = np.float64(0.0)
    carry t: int = 0
    v4 = t < k
    yield v4
do:
    carry s1 as s: float64 = np.float64(0.0)
    carry t1 as t: int = 0
    v5 = t1 + 1
    v6 = s1 + 2.0
    yield v6, v5""",
    "what is carried for another number": """r, q = for i: int(i) in range(0, n, 1):
    carry s: float64 = np.float64(0.0)
    carry t: float64 = np.float64(1.0)
    v1 = s + t
    v2 = t * 2.0
    yield v1, v2""",
    "numbers that change places": """r, q = for i: int(i) in range(0, n, 1):
    carry s: float64 = np.float64(0.5)
    carry t: float64 = np.float64(1.0)
    v1 = s + 1.0
    yield t, v1""",
    "a check in a loop": """for i: int(i) in range(0, k, 1):
    c = i < 3
    v1 = guard(c)
    yield
r = load(x, 0)""",
    "a loop that is left": """r = for i: int(i) in range(0, n, 1):
    carry s: float64 = np.float64(0.0)
    v1 = s + 1.0
    v2 = i >= k
    yield v1
    break v2""",
}


@pytest.mark.parametrize("body", KEPT.values(), ids=[*KEPT])
def test_what_is_read_stays(body):
    for k in (0, 1, 2):
        agrees(reused, loops(body), *arguments(4, k))
    assert {"guard", "break"} & set(body.split()) <= set(run(reused, loops(body)).replace("(", " ").split())


GONE = {
    "an array that is only written": (
        """d = allocate(n, dtype=np.dtype('<f8'))
for i: int(i) in range(0, n, 1):
    v1 = store(d, i, 2.0)
    yield
r = load(x, 0)""",
        "for",
    ),
    "a number that is carried for itself": (
        """r, q = for i: int(i) in range(0, n, 1):
    carry s: float64 = np.float64(0.0)
    carry t: float64 = np.float64(1.0)
    v1 = s + 1.0
    v2 = t * 2.0
    yield v1, v2""",
        "* 2.0",
    ),
    "a branch for nothing": (
        """c = k > 0
q: float64 = if c:
    v2 = load(x, 1)
    yield v2
else:
    yield 1.0
r = load(x, 0)""",
        "if",
    ),
    "a check that was made": (
        """c = k > 0
v1 = guard(c)
for i: int(i) in range(0, k, 1):
    v2 = guard(c)
    yield
r = load(x, 0)""",
        "for",
    ),
}


@pytest.mark.parametrize("body, gone", GONE.values(), ids=[*GONE])
def test_what_nobody_reads_goes(body, gone):
    assert gone in run(lambda f: f, loops(body)) and gone not in run(reused, loops(body))
    agrees(reused, loops(body), *arguments(4, 1))


def test_what_an_if_side_knows_is_not_known_behind_it():
    text = loops("""
        c = k > 0
        q: float64 = if c:
            v1 = load(x, 1)
            v2 = v1 * 3.0
            yield v2
        else:
            yield 1.0
        v3 = load(x, 1)
        v4 = v3 * 3.0
        r = q + v4
        """)
    for k in (0, 1):
        agrees(reused, text, *arguments(4, k))


def test_a_number_of_python_is_none_of_numpy():
    """Division by 0 raises for the one, and gives infinity for the other."""
    text = """
        f(x: float64[n], s: float, n: int(n)):
            v1 = store(x, 0, s)
            v2 = load(x, 0)
            r = 1.0 / v2
            return r
        """
    import numpy as np

    agrees(reused, text, np.ones(2), 0.0, 2)


def test_what_a_loop_carries_as_it_is_is_what_it_begins_with():
    gives(
        reused,
        """
        f(x: float64[n], n: int(n)):
            d = allocate(n, dtype=np.dtype('<f8'))
            e, z = for i: int(i) in range(0, n, 1):
                carry c: float64[m] = d
                carry a: float64 = np.float64(2.0)
                v1 = load(x, i)
                v2 = v1 * a
                v3 = store(c, i, v2)
                yield c, a
            v4 = length(e, axis=0)
            v5 = v4 * z
            return (d, v5)
        """,
        """
        f(x: float64[n], n: int(n)):
            d = allocate(n, dtype=np.dtype('<f8'))
            for i in range(0, n, 1):
                v1 = load(x, i)
                v2 = v1 * np.float64(2.0)
                v3 = store(d, i, v2)
                yield
            v4 = n * np.float64(2.0)
            v5 = (d, v4)
            return v5
        """,
    )
