"""Memory that each iteration would make anew."""

import pytest

from s2sad.loops.rooms import with_rooms
from tests.loops.stage import agrees, arguments, loops
from tests.traces import gives, keeps, read


def test_a_row_of_each_iteration_is_made_once():
    gives(
        with_rooms,
        """
        f(x: float64[n], y: float64[n], n: int(n)):
            for t: int(t) in range(0, n, 1):
                w = length(x, axis=0)
                row = allocate(w, dtype=np.dtype('<f8'))
                v1 = store(row, 0, 1.0)
                v2 = load(row, 0)
                v3 = store(y, t, v2)
                yield
            return y
        """,
        """
        f(x: float64[n], y: float64[n], n: int(n)):
            w = length(x, axis=0)
            row = allocate(w, dtype=np.dtype('<f8'))
            for t in range(0, n, 1):
                v1 = store(row, 0, 1.0)
                v2 = load(row, 0)
                v3 = store(y, t, v2)
                yield
            return y
        """,
    )


STAYS = {
    "as long as an iteration says": """
        for t: int(t) in range(1, n, 1):
            d = allocate(t, dtype=np.dtype('<f8'))
            v1 = store(d, 0, 1.0)
            v2 = load(d, 0)
            v3 = store(y, t, v2)
            yield
        """,
    "it is handed on": """
        w, r = for t: int(t) in range(0, n, 1):
            carry c: int = 0
            carry h: float64[m] = x
            d = allocate(n, dtype=np.dtype('<f8'))
            v1 = store(d, 0, 1.0)
            v4 = load(h, 0)
            v3 = store(y, t, v4)
            yield t, d
        """,
    "a branch hands it on": """
        w, r = for t: int(t) in range(0, n, 1):
            carry c: int = 0
            carry h: float64[m] = x
            d = allocate(n, dtype=np.dtype('<f8'))
            v4 = load(h, 0)
            v5 = t * 1.5
            v1 = store(d, 0, v5)
            v3 = store(y, t, v4)
            b = t < k
            g: float64[m] = if b:
                yield d
            else:
                yield h
            yield t, g
        """,
    "another name of it is handed on": """
        w, r = for t: int(t) in range(0, n, 1):
            carry c: int = 0
            carry h: float64[m] = x
            d = allocate(n, dtype=np.dtype('<f8'))
            v4 = load(h, 0)
            v5 = t * 1.5
            v1 = store(d, 0, v5)
            v6 = load(h, 0)
            v3 = store(y, t, v6)
            g = reshaped(d, n)
            yield t, g
        """,
}


@pytest.mark.parametrize("body", STAYS.values(), ids=[*STAYS])
def test_memory_is_made_in_each_iteration(body):
    text = loops(body, "y")
    keeps(with_rooms, text)
    for n in (1, 3, 4):
        agrees(with_rooms, text, *arguments(n, k=1))


def test_through_two_loops():
    text = loops("""
        for t: int(t) in range(0, n, 1):
            for u: int(u) in range(0, n, 1):
                d = allocate(n, dtype=np.dtype('<f8'))
                v1 = store(d, u, 1.0)
                v2 = load(d, u)
                v3 = store(a, t, u, v2)
                yield
            yield
        """, "a")  # fmt: skip
    assert not with_rooms(read(text)).body.operations[0].blocks
    agrees(with_rooms, text, *arguments(3))


def test_no_length_is_below_0_where_there_is_no_iteration():
    text = loops("""
        for t: int(t) in range(5, n, 1):
            w = n - 5
            d = allocate(w, dtype=np.dtype('<f8'))
            v1 = store(d, 0, 1.0)
            yield
        """, "y")  # fmt: skip
    assert not with_rooms(read(text)).body.operations[-1].blocks[0].operations[1:]
    for n in (2, 6, 7):
        agrees(with_rooms, text, *arguments(n))
