"""Arrays that are never needed at once are one."""

import pytest

from s2sad.loops.sharing import shared
from tests.loops.stage import agrees, arguments, loops
from tests.traces import keeps, read, shown

F8 = "dtype=np.dtype('<f8')"
FILL = """for i{0}: int(i) in range(0, n, 1):
    v{0}1 = load({1}, i{0})
    v{0}2 = v{0}1 * 2.0
    v{0}3 = store({2}, i{0}, v{0}2)
    yield"""


def chain(*steps, names="de"):
    """Arrays that are made, and loops that fill one from another one."""
    made = [f"{name} = allocate(n, {F8})" for name in names]
    return "\n".join([*made, *(FILL.format(chr(97 + k), a, b) for k, (a, b) in enumerate(steps))])


def count(function):
    return shown(function).count("allocate")


ONE = {
    "one behind the other": (chain("xd", "dy", "xe", "ey"), "y"),
    "element for element": (chain("xd", "de", "ey"), "y"),
    "three of them": (chain("xd", "de", "ef", "fy", names="def"), "y"),
    "what a function gives": (chain("xd", "dy", "xe"), "e"),
}


@pytest.mark.parametrize("body, given", ONE.values(), ids=[*ONE])
def test_one_array_takes_the_place_of_others(body, given):
    text = loops(body, given)
    assert count(shared(read(text))) == 1
    agrees(shared, text, *arguments(4))


LOOP = "for t: int(t) in range(0, 3, 1):\n    {}\n    yield"
TWICE = """for t: int(t) in range(0, 3, 1):
    for i: int(i) in range(0, n, 1):
        v1 = load(d, i)
        v2 = v1 + 1.0
        v3 = store(e, i, v2)
        yield
    yield"""
APART = {
    "both are read later": chain("xd", "xe") + "\n" + FILL.format("q", "d", "y") + "\n" + FILL.format("w", "e", "x"),
    "other places": f"d = allocate(n, {F8})\ne = allocate(n, {F8})\n"
    + FILL.format("a", "x", "d")
    + """
for i: int(i) in range(0, n, 1):
    h = n - 1 - i
    v1 = load(d, h)
    v2 = store(e, i, v1)
    yield
"""
    + FILL.format("b", "e", "y"),
    "rows and columns": f"""d = allocate(n, n, {F8})
e = allocate(n, n, {F8})
for i: int(i) in range(0, n, 1):
    for j: int(j) in range(0, n, 1):
        v1 = load(a, i, j)
        v2 = store(d, i, j, v1)
        yield
    yield
for i: int(i) in range(0, n, 1):
    for j: int(j) in range(0, n, 1):
        v3 = load(d, j, i)
        v4 = store(e, i, j, v3)
        yield
    yield
v5 = into(a, e, a, function='add')""",
    "the loop comes again": chain("xd") + "\n" + TWICE + "\n" + FILL.format("w", "e", "y"),
    "it is read behind the store": f"d = allocate(n, {F8})\ne = allocate(n, {F8})\n"
    + FILL.format("a", "x", "d")
    + """
for i: int(i) in range(0, n, 1):
    v1 = load(d, i)
    v2 = store(e, i, 5.0)
    v3 = load(d, i)
    v4 = v3 + v1
    v5 = store(y, i, v4)
    yield
"""
    + FILL.format("b", "e", "x"),
    "another name lives on": f"""d = allocate(n, {F8})
g = reshaped(d, n)
e = allocate(n, {F8})
"""
    + """
""".join(
        [FILL.format("a", "x", "d"), FILL.format("b", "y", "e"), FILL.format("c", "g", "y"), FILL.format("e", "e", "x")]
    ),
    "a loop carries it": f"""d = allocate(n, {F8})
e = allocate(n, {F8})
{FILL.format("a", "x", "d")}
w, g = while:
    carry t: int = 0
    carry h: float64[m] = d
    v4 = t < k
    yield v4
do:
    carry u: int = 0
    carry h2: float64[m] = d
    v5 = u + 1
    yield v5, h2
{FILL.format("b", "y", "e")}
{FILL.format("c", "g", "y")}
{FILL.format("e", "e", "x")}""",
    "a branch gives it": f"""d = allocate(n, {F8})
e = allocate(n, {F8})
{FILL.format("a", "x", "d")}
c = k > 1
g: float64[n] = if c:
    yield d
else:
    yield x
{FILL.format("b", "y", "e")}
{FILL.format("c", "g", "y")}
{FILL.format("e", "e", "x")}""",
    "the one that took its place is read crosswise": f"""d = allocate(n, {F8})
e = allocate(n, {F8})
{FILL.format("a", "x", "d")}
v9 = load(d, 0)
{FILL.format("b", "y", "e")}
q = allocate(n, {F8})
for i: int(i) in range(0, n, 1):
    h = n - 1 - i
    v1 = load(e, h)
    v2 = v1 * v9
    v3 = store(q, i, v2)
    yield
{FILL.format("c", "q", "y")}""",
    "other lengths": f"""d = allocate(n, {F8})
e = allocate(k, {F8})
{FILL.format("a", "x", "d")}
{FILL.format("b", "d", "y")}
v0 = store(e, 0, 1.0)
v1 = load(e, 0)
v2 = store(y, 0, v1)""",
    "other numbers": f"""d = allocate(n, {F8})
e = allocate(n, dtype=np.dtype('<f4'))
{FILL.format("a", "x", "d")}
{FILL.format("b", "d", "y")}
v0 = store(e, 0, np.float32(1.0))
v1 = load(e, 0)
v2 = store(y, 0, v1)""",
}


@pytest.mark.parametrize("body", APART.values(), ids=[*APART])
def test_arrays_stay_apart(body):
    text = loops(body + "\nr = (x, y, a)")
    made = shared(read(text))
    assert count(made) >= 2
    if "crosswise" not in str(body) and "q = allocate" not in body:
        keeps(shared, text)
    for k in (1, 2):
        agrees(shared, text, *arguments(4, k))
