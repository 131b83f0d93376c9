"""Arrays without the axes of loops that come to each element once."""

import pytest

from s2sad.loops.contraction import contracted
from tests.loops.stage import agrees, arguments, loops
from tests.traces import gives, keeps


def test_a_row_for_each_iteration_is_one_row():
    gives(
        contracted,
        """
        f(x: float64[n], y: float64[n], n: int(n)):
            d = allocate(n, n, dtype=np.dtype('<f8'))
            for i: int(i) in range(0, n, 1):
                for j: int(j) in range(0, n, 1):
                    v1 = load(x, j)
                    v2 = store(d, i, j, v1)
                    yield
                v3 = load(d, i, 0)
                v4 = store(y, i, v3)
                yield
            return y
        """,
        """
        f(x: float64[n], y: float64[n], n: int(n)):
            d = allocate(n, dtype=np.dtype('<f8'))
            for i in range(0, n, 1):
                for j in range(0, n, 1):
                    v1 = load(x, j)
                    v2 = store(d, j, v1)
                    yield
                v3 = load(d, 0)
                v4 = store(y, i, v3)
                yield
            return y
        """,
    )


def test_an_element_for_each_iteration_is_one_number():
    text = loops("""
        d = allocate(n, n, dtype=np.dtype('<f8'))
        for i: int(i) in range(0, n, 1):
            for j: int(j) in range(0, n, 1):
                v1 = load(a, i, j)
                v2 = store(d, i, j, v1)
                v3 = load(d, i, j)
                v4 = store(a, j, i, v3)
                yield
            yield
        """, "a")  # fmt: skip
    from tests.traces import run

    assert "allocate(dtype" in run(contracted, text)
    agrees(contracted, text, *arguments(4))


D = "d = allocate(n, dtype=np.dtype('<f8'))"
STAYS = {
    "an outer loop comes again": f"""
        {D}
        for q: int(q) in range(0, n, 1):
            v1 = store(d, q, 1.0)
            yield
        for t: int(t) in range(0, 3, 1):
            for i: int(i) in range(0, n, 1):
                v2 = load(d, i)
                v3 = load(x, i)
                v4 = v2 + v3
                v5 = store(d, i, v4)
                v6 = store(y, i, v4)
                yield
            yield
        """,
    "an outer loop comes again, all in it": f"""
        {D}
        for t: int(t) in range(0, 3, 1):
            for i: int(i) in range(0, n, 1):
                c = t > 0
                v2 = if c:
                    v3 = load(d, i)
                    yield v3
                else:
                    v4 = load(x, i)
                    yield v4
                v5 = v2 * 1.5
                v6 = store(d, i, v5)
                v7 = store(y, i, v5)
                yield
            yield
        """,
    "a loop without an index comes again": f"""
        {D}
        w = while:
            carry t: int = 0
            v1 = t < 3
            yield v1
        do:
            carry u: int = 0
            for i: int(i) in range(0, n, 1):
                c = u > 0
                v2 = if c:
                    v3 = load(d, i)
                    yield v3
                else:
                    v4 = load(x, i)
                    yield v4
                v5 = v2 * 1.5
                v6 = store(d, i, v5)
                v7 = store(y, i, v5)
                yield
            v8 = u + 1
            yield v8
        """,
    "read in another loop": f"""
        {D}
        for i: int(i) in range(0, n, 1):
            v1 = load(x, i)
            v2 = store(d, i, v1)
            yield
        for i: int(i) in range(0, n, 1):
            v3 = load(d, i)
            v4 = store(y, i, v3)
            yield
        """,
    "the element of the iteration before": f"""
        {D}
        v0 = store(d, 0, 1.0)
        for i: int(i) in range(1, n, 1):
            v1 = load(x, i)
            v2 = store(d, i, v1)
            h = i - 1
            v3 = load(d, h)
            v4 = store(y, i, v3)
            yield
        """,
    "rows and columns": """
        d = allocate(n, n, dtype=np.dtype('<f8'))
        for i: int(i) in range(0, n, 1):
            for j: int(j) in range(0, n, 1):
                v1 = load(a, i, j)
                v2 = store(d, i, j, v1)
                v5 = store(d, j, i, v1)
                v3 = load(d, i, j)
                v4 = store(y, i, v3)
                yield
            yield
        """,
    "its length is asked for": f"""
        {D}
        for i: int(i) in range(0, n, 1):
            v1 = store(d, i, 2.0)
            v2 = load(d, i)
            v3 = length(d, axis=0)
            v4 = v2 * v3
            v5 = store(y, i, v4)
            yield
        """,
    "it has another name": f"""
        {D}
        e = reshaped(d, n)
        v0 = store(e, 0, 5.0)
        for i: int(i) in range(0, n, 1):
            v2 = load(d, i)
            v3 = store(d, i, 1.0)
            v4 = store(e, i, 2.0)
            v5 = load(d, i)
            v6 = store(y, i, v5)
            yield
        """,
    "a branch hands it on": f"""
        {D}
        for i: int(i) in range(0, n, 1):
            v1 = store(d, i, 1.0)
            yield
        for i: int(i) in range(0, n, 1):
            v1 = store(d, i, 3.0)
            c = k > i
            e: float64[n] = if c:
                yield d
            else:
                yield x
            v5 = load(e, i)
            v6 = store(y, i, v5)
            yield
        """,
    "a library reads it": """
        d = allocate(n, n, dtype=np.dtype('<f8'))
        for i: int(i) in range(0, n, 1):
            for j: int(j) in range(0, n, 1):
                v1 = store(d, i, j, 1.0)
                yield
            yield
        v2 = into(a, a, d, function='add')
        for i: int(i) in range(0, n, 1):
            v3 = load(d, i, i)
            v5 = into(d, d, a, function='add')
            v4 = store(y, i, v3)
            yield
        """,
    "it is what the function gives": f"""
        {D}
        for i: int(i) in range(0, n, 1):
            v1 = load(x, i)
            v2 = store(d, i, v1)
            yield
        y = reshaped(d, n)
        """,
}


@pytest.mark.parametrize("body", STAYS.values(), ids=[*STAYS])
def test_an_array_keeps_its_axes(body):
    text = loops(body, "y").replace("y: float64[n], a", f"{'y0' if 'y = ' in body else 'y'}: float64[n], a")
    keeps(contracted, text)
    for n in (2, 4):
        agrees(contracted, text, *arguments(n, k=1))
