"""Arrays made where they would be copied to."""

import pytest

from s2sad.loops.copies import without_copies
from tests.loops.stage import agrees, arguments, loops
from tests.traces import gives, keeps, run


def test_a_row_that_is_copied_is_made_in_its_place():
    gives(
        without_copies,
        """
        f(x: float64[n], a: float64[n, n], n: int(n)):
            for t: int(t) in range(0, n, 1):
                row = allocate(n, dtype=np.dtype('<f8'))
                for i: int(i) in range(0, n, 1):
                    v1 = load(x, i)
                    v2 = store(row, i, v1)
                    yield
                for j: int(j) in range(0, n, 1):
                    v3 = load(row, j)
                    v4 = store(a, t, j, v3)
                    yield
                yield
            return a
        """,
        """
        f(x: float64[n], a: float64[n, n], n: int(n)):
            for t in range(0, n, 1):
                for i in range(0, n, 1):
                    v1 = load(x, i)
                    v2 = store(a, t, i, v1)
                    yield
                for j in range(0, n, 1):
                    v3 = load(a, t, j)
                    yield
                yield
            return a
        """,
    )


def test_what_is_stored_next_to_the_copy_before_it_is_copied():
    text = loops(
        """
        for t: int(t) in range(0, n, 1):
            row = allocate(n, dtype=np.dtype('<f8'))
            for i: int(i) in range(0, n, 1):
                v1 = load(x, i)
                v2 = store(row, i, v1)
                v3 = load(row, i)
                v4 = store(a, t, i, v3)
                yield
            yield
        """,
        "a",
    )
    assert "allocate" not in run(without_copies, text)
    agrees(without_copies, text, *arguments(3))


def row(copy, fill="", behind="", place=""):
    """A loop that makes a row, and copies it."""
    given = {
        "fill": "v1 = load(x, i)\n            v2 = store(row, i, v1)",
        "copy": copy,
        "behind": behind,
        "place": place,
    }
    given |= {"fill": fill} if fill else {}
    lines = [
        "for t: int(t) in range(0, n, 1):",
        "    row = allocate(n, dtype=np.dtype('<f8'))",
        "    for i: int(i) in range(0, n, 1):",
        *(f"        {line.strip()}" for line in given["fill"].split("\n")),
        "        yield",
        *(f"    {line}" for line in place.split("\n") if line),
        *(f"    {line}" for line in copy.split("\n")),
        *(f"    {line}" for line in behind.split("\n") if line),
        "    yield",
    ]
    return "\n".join(lines)


COPY = """for j: int(j) in range(0, n, 1):
    v3 = load(row, j)
    v4 = store(a, t, j, v3)
    yield"""
STAYS = {
    "it is changed afterwards": row(COPY, behind="v5 = store(row, 0, 9.0)\nv6 = load(row, 0)\nv7 = store(y, t, v6)"),
    "it is changed beside the copy": row("""for j: int(j) in range(0, n, 1):
    v3 = load(row, j)
    v4 = store(a, t, j, v3)
    v5 = v3 * 2.0
    v6 = store(row, j, v5)
    v7 = load(row, j)
    v8 = store(y, j, v7)
    yield"""),
    "it is changed between load and copy": row("""for j: int(j) in range(0, n, 1):
    v3 = load(row, j)
    v5 = v3 * 2.0
    v6 = store(row, j, v5)
    v4 = store(a, t, j, v3)
    v7 = load(row, j)
    v8 = store(y, j, v7)
    yield"""),
    "another element is changed beside the copy": row("""for j: int(j) in range(0, n, 1):
    v5 = store(row, 0, 3.0)
    v3 = load(row, j)
    v4 = store(a, t, j, v3)
    yield"""),
    "a part of it": row(COPY.replace("range(0, n", "range(1, n")),
    "every second element": row(COPY.replace("n, 1)", "n, 2)")),
    "backwards": row(COPY.replace("v3 = load(row, j)", "h = n - 1 - j\n    v3 = load(row, h)")),
    "the larger one is read": row(COPY, behind="v5 = load(a, 0, 0)\nv6 = store(y, t, v5)"),
    "the larger one is read under another name": """h = n * n
g = reshaped(a, h)
"""
    + row(
        COPY,
        behind="""v5 = load(g, 0)
v6 = store(y, t, v5)""",
    ),
    "the larger one may be read by a branch": """c = k > 1
b: float64[n, n] = if c:
    yield a
else:
    yield a
"""
    + row(
        COPY,
        place="""v5 = load(b, 0, 0)
v6 = store(y, t, v5)""",
    ),
    "only sometimes": row("c = k > t\nif c:\n    " + COPY.replace("\n", "\n    ") + "\n    yield\nelse:\n    yield"),
    "it is left": row(
        COPY
        + """
    v9 = v3 > 0.3""".replace("    yield", "")
    ).replace(
        """    v4 = store(a, t, j, v3)
        yield
        v9 = v3 > 0.3""",
        """    v4 = store(a, t, j, v3)
        v9 = v3 > 0.3
        yield
        break v9""",
    ),
    "the place is found later": row(COPY.replace("a, t", "a, h"), place="h = load(p, t)"),
    "the place is checked later": """e = n + k
m = n - k
"""
    + row(
        COPY.replace("a, t", "a, h"),
        place="""v8 = load(x, t)
v9 = v8 < 100.0
v7 = guard(v9)""",
    )
    .replace(
        "    row = ",
        """    h = max(m, t)
    row = """,
    )
    .replace("h = max(m, t)", "h = min(m, t)"),
    "a library reads it": row(COPY, behind="v5 = into(row, row, y, function='add')"),
    "two copies": row(COPY, behind=COPY.replace("v3", "v5").replace("v4", "v6").replace("(a, t, j", "(a, j, t")),
}


@pytest.mark.parametrize("body", STAYS.values(), ids=[*STAYS])
def test_an_array_stays(body):
    text = loops(body + "\nr = (a, y)")
    keeps(without_copies, text)
    for n in (1, 3, 4):
        agrees(without_copies, text, *arguments(n, k=1))


def test_a_diagonal_is_no_whole():
    text = loops(
        """
        for t: int(t) in range(0, 1, 1):
            b = allocate(n, n, dtype=np.dtype('<f8'))
            for i: int(i) in range(0, n, 1):
                for j: int(j) in range(0, n, 1):
                    v2 = store(b, i, j, 2.0)
                    yield
                yield
            for i: int(i) in range(0, n, 1):
                v3 = load(b, i, i)
                v4 = store(a, i, i, v3)
                yield
            yield
        """,
        "a",
    )
    keeps(without_copies, text)
    agrees(without_copies, text, *arguments(3))
