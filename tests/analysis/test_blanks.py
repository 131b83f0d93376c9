"""Memory that is made to be written into."""

from tests.stages import blanks
from tests.traces import read

TEXT = """
    f(x: float64[n], g: float64):
        a = np.zeros_like(x)
        b = np.zeros_like(x)
        c = np.sin(x)
        d = np.empty_like(x)
        e = index_set(a, 0, g)
        h = index_set(c, 0, g)
        s = for i in range(0, 3, 1):
            carry t = d
            u = index_set(t, i, g)
            yield u
        v = b * 2.0
        w = index_set(a, 1, g)
        r = (e, h, s, v, w)
        return r
"""


def test_blanks_are_what_is_made_and_written():
    """Not `b`, which is only read, and not `c`, which holds something."""
    operations = read(TEXT).body.operations
    assert [op.result.hint for op in blanks(operations[:4], operations[4:])] == ["a", "d"]
    assert blanks(operations[:4], operations[7:8]) == []


def test_what_is_read_before_stays_there():
    """`e` writes into `a` too."""
    operations = read(TEXT).body.operations
    assert [op.result.hint for op in blanks(operations[:5], operations[5:])] == ["d"]
