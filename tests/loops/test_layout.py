"""Arrays whose axes lie in the order in which the innermost long loops come to them."""

import pytest

from s2sad.loops.layout import laid_out
from tests.loops.stage import agrees, arguments, loops
from tests.traces import gives, keeps, run

MADE = "d = allocate(n, 3, dtype=np.dtype('<f8'))"


def test_the_long_axis_of_what_is_made_lies_along_rows():
    gives(
        laid_out,
        f"""
        f(x: float64[n], y: float64[n], n: int(n)):
            {MADE}
            for i: int(i) in range(0, n, 1):
                for j: int(j) in range(0, 3, 1):
                    v1 = load(x, i)
                    v2 = store(d, i, j, v1)
                    yield
                yield
            m = length(d, axis=0)
            for i: int(i) in range(1, m, 1):
                h = i - 1
                v3 = load(d, h, 2)
                v4 = store(y, i, v3)
                yield
            return y
        """,
        """
        f(x: float64[n], y: float64[n], n: int(n)):
            d = allocate(3, n, dtype=np.dtype('<f8'))
            for i in range(0, n, 1):
                for j in range(0, 3, 1):
                    v1 = load(x, i)
                    v2 = store(d, j, i, v1)
                    yield
                yield
            m = length(d, axis=1)
            for i in range(1, m, 1):
                h = i - 1
                v3 = load(d, 2, h)
                v4 = store(y, i, v3)
                yield
            return y
        """,
    )


def test_what_is_given_back_is_copied_in_the_end():
    """Where the loops come to its elements again, that is."""

    def text(fill, end):
        return f"""
        f(x: float64[n], n: int(n), m: int(m)):
            d = allocate({fill[0]}, dtype=np.dtype('<f8'))
            for i: int(i) in range(0, m, 1):
                for j: int(j) in range(0, n, 1):
                    v1 = load(x, j)
                    v2 = load(d, {fill[1]})
                    v3 = v1 + v2
                    v4 = store(d, {fill[2]}, v3)
                    yield
                yield
            {end}
        """

    gives(
        laid_out,
        text(("n, 3", "j, 1", "j, 1"), "v5 = (d, n)\n            return v5"),
        """
        f(x: float64[n], n: int(n), m: int(m)):
            d = allocate(3, n, dtype=np.dtype('<f8'))
            for i in range(0, m, 1):
                for j in range(0, n, 1):
                    v1 = load(x, j)
                    v2 = load(d, 1, j)
                    v3 = v1 + v2
                    v4 = store(d, 1, j, v3)
                    yield
                yield
            n_2~ as n = length(d, axis=1)
            d_2 as d = allocate(n_2, 3, dtype=np.dtype('<f8'))
            for i_2~ as i in range(0, n_2, 1):
                for j_2~ as j in range(0, 3, 1):
                    v5~ = load(d, j_2, i_2)
                    v6 = store(d_2, i_2, j_2, v5)
                    yield
                yield
            v7 = (d_2, n)
            return v7
        """,
    )
    keeps(laid_out, text(("m, n", "i, j", "i, j"), "return d"))
    keeps(laid_out, text(("n, m", "j, i", "j, i"), "return d"))
    keeps(laid_out, text(("n, 3", "j, 1", "j, 1"), "v5 = (d, d)\n            return v5"))


COLUMNS = """
    for t: int(t) in range(0, k, 1):
        for i: int(i) in range(0, n, 1):
            v1 = load(a, i, 1)
            v2 = load(x, i)
            v3 = v1 * v2
            v4 = store(y, i, v3)
            yield
        v5 = load(a, t, 0)
        v6 = store(y, 0, v5)
        yield
    """


def test_what_is_read_again_is_copied():
    text = loops(COLUMNS, "y")
    made = run(laid_out, text)
    assert "store(a_2, i, j, v1)" in made and "load(a_2, 1, i_2)" in made and "load(a, t, 0)" in made, made
    for n in (2, 12):
        agrees(laid_out, text, *arguments(n))


STAYS = {
    "read once": """
        for i: int(i) in range(0, n, 1):
            v1 = load(a, i, 1)
            v2 = store(y, i, v1)
            yield
        """,
    "read for each row": """
        for j: int(j) in range(0, n, 1):
            for i: int(i) in range(0, n, 1):
                v1 = load(a, i, j)
                v2 = store(y, i, v1)
                yield
            yield
        """,
    "written meanwhile": """
        for t: int(t) in range(0, k, 1):
            for i: int(i) in range(0, n, 1):
                v1 = load(a, i, 1)
                v2 = store(y, i, v1)
                yield
            v3 = store(a, t, 1, 2.0)
            yield
        """,
    "rows are read more often": f"""
        {MADE.replace("3", "n")}
        for t: int(t) in range(0, k, 1):
            for j: int(j) in range(0, n, 1):
                for i: int(i) in range(0, n, 1):
                    v1 = store(d, j, i, 2.0)
                    yield
                yield
            yield
        for i: int(i) in range(0, n, 1):
            v2 = load(d, i, 1)
            v3 = store(y, i, v2)
            yield
        """,
    "a diagonal": f"""
        {MADE.replace("3", "n")}
        for i: int(i) in range(0, n, 1):
            v1 = store(d, i, i, 2.0)
            v2 = load(d, i, i)
            v3 = store(y, i, v2)
            yield
        """,
    "places that are looked up": f"""
        {MADE}
        for i: int(i) in range(0, n, 1):
            v0 = load(p, i)
            v1 = store(d, v0, 1, 2.0)
            v2 = load(d, v0, 1)
            v3 = store(y, i, v2)
            yield
        """,
    "another loop is inside": f"""
        {MADE}
        for i: int(i) in range(0, n, 1):
            v1 = store(d, i, 1, 2.0)
            for j: int(j) in range(0, n, 1):
                v2 = load(d, i, 1)
                v3 = store(y, j, v2)
                yield
            yield
        """,
    "short rows, one element after the other": f"""
        {MADE}
        for i: int(i) in range(0, n, 1):
            for j: int(j) in range(0, 3, 1):
                v1 = store(d, i, j, 2.0)
                yield
            yield
        for i: int(i) in range(1, n, 1):
            h = i - 1
            for j: int(j) in range(0, 3, 1):
                v2 = load(d, i, j)
                v3 = load(d, h, j)
                v4 = v2 + v3
                v5 = store(d, h, j, v4)
                yield
            yield
        v6 = load(d, 0, 1)
        v7 = store(y, 0, v6)
        """,
    "its memory has another name": f"""
        {MADE}
        for i: int(i) in range(0, n, 1):
            v1 = store(d, i, 0, 2.0)
            v2 = store(d, i, 1, 3.0)
            v3 = store(d, i, 2, 4.0)
            yield
        m = n * 3
        e = reshaped(d, m)
        v4 = load(e, 1)
        v5 = store(y, 0, v4)
        """,
}


@pytest.mark.parametrize("body", STAYS.values(), ids=[*STAYS])
def test_an_array_lies_as_it_does(body):
    text = loops(body, "y")
    keeps(laid_out, text)
    agrees(laid_out, text, *arguments(4))
