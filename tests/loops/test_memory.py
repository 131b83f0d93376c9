"""What operations read and write, and how long values are read."""

import pytest

from s2sad.ir.values import walk
from s2sad.loops.lives import lives
from s2sad.loops.memory import Memory, roots_of
from tests.loops.stage import loops
from tests.traces import read

BODY = """
d = allocate(n, dtype=np.dtype('<f8'))
e = allocate(n, dtype=np.dtype('<f8'))
g = reshaped(d, n)
c = k > 0
h: float64[n] = if c:
    f1 = reshaped(g, n)
    yield f1
else:
    yield e
w, z = while:
    carry t: int = 0
    carry o: float64[m] = d
    v4 = t < k
    yield v4
do:
    carry u: int = 0
    carry o2 as o: float64[m] = d
    v5 = u + 1
    v6: float64[m] = if c:
        yield o2
    else:
        yield x
    v7 = load(v6, 0)
    v8 = store(v6, 0, v7)
    yield v5, v6
v9 = into(d, e, y, function='add')
v10 = guard(c)
"""


def function():
    return read(loops(BODY, "z"))


def named(f):
    found = {p.hint: p for p in f.parameters}
    for op in walk(f.body):
        found.update((r.hint, r) for r in op.results)
        found.update((p.hint, p) for b in op.blocks for p in b.parameters)
    return found


ROOTS = {"d": "d", "g": "d", "e": "e", "h": "d e", "f1": "d", "o": "d x", "z": "d x", "y": "y"}


@pytest.mark.parametrize("name, expected", ROOTS.items())
def test_the_memory_that_a_handle_may_lead_to(name, expected):
    f = function()
    values = named(f)
    assert {v.hint for v in roots_of(f)[values[name]]} == set(expected.split())


def test_what_operations_read_and_write():
    f = function()
    memory = Memory(f)
    loop, into, guard = (memory.touched(op) for op in f.body.operations[-3:])
    assert {v.hint for v in loop.written} == {v.hint for v in loop.read} == {"d", "x"} and not loop.leaves
    assert {v.hint for v in into.read} == {"d", "e"} and {v.hint for v in into.written} == {"y"}
    assert guard.leaves and not guard.read | guard.written
    assert loop.meets(into) and into.meets(loop) and not guard.meets(into)


LIVES = """
a1 = x[0]
a2 = a1 * 2.0
c = a2 > 0.0
b: float64 = if c:
    b1 = a1 + 1.0
    yield b1
else:
    b2 = a2 + 1.0
    yield b2
s2 as s = for i: int(i) in range(0, n, 1):
    carry s: float64 = b
    s1 as s = s * a1
    q = np.sin(s1)
    s4 as s = s1 + q
    yield s4
r1 = s2 + a2
r = r1 * 2.0
"""


def test_how_long_values_are_read():
    f = read(loops(LIVES, "r"))
    found = lives(f)
    values = named(f)
    branch, loop = (op for op in f.body.operations if op.blocks)
    b1, b2 = (b.operations[0] for b in branch.blocks)
    square, sine, _ = loop.body.operations
    a1, a2 = values["a1"], values["a2"]
    # a loop reads at its end what is bound before it: the next iteration does
    assert found.is_read_behind(a1, square) and found.is_read_behind(a1, sine)
    assert not found.is_read_behind(a1, loop) and found.is_read_from(a1, loop)
    assert not found.is_read_behind(square.result, sine) or found.is_read_behind(square.result, square)
    # the other side of a branch does not run behind this one
    assert found.is_read_behind(a2, b1) and found.is_read_behind(a2, branch)
    assert not found.is_read_behind(b1.result, b2)
    assert found.outside[loop] == {a1} and found.count[a1] == 3


def test_the_other_side_of_a_branch_reads_nothing_of_this_one():
    f = read(loops("""
        c = k > 0
        v = x[0]
        r: float64 = if c:
            v1 = v * 2.0
            v2 = v1 + 1.0
            yield v2
        else:
            v3 = v * 3.0
            yield v3
        """))  # fmt: skip
    found = lives(f)
    branch = f.body.operations[-1]
    first, second = branch.then.operations[0], branch.orelse.operations[0]
    v = named(f)["v"]
    assert not found.is_read_behind(v, first) and not found.is_read_behind(v, second)
    assert found.is_read_from(v, branch)
