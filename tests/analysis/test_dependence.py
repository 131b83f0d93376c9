"""Whether what a loop read of an array is still there when the loop is over."""

import pytest

from s2sad.ir.values import walk
from tests.stages import Dependence
from tests.traces import read


def still_there(read_at, stored_at, bounds="1, n, 1"):
    """The name of the array that holds what was read, after the loop; None where it may be overwritten."""
    function = read(f"""
        f(x: float64[n], n: int(n)):
            where i >= 1
            r0 = np.zeros_like(x)
            last = for i: int(i) in range({bounds}):
                carry r = r0
                before: int(i-1) = i - 1
                after: int(i+1) = i + 1
                twice: int(2*i) = i * 2
                a = r[{read_at}]
                r2 = index_set(r, {stored_at}, a)
                yield r2
            return last
    """)
    op = next(op for op in walk(function.body) if op.results[0].hint == "a")
    held = Dependence(function).final(op, *op.operands)
    return held and held.hint


@pytest.mark.parametrize(("read_at", "stored_at", "held"), [
    ("before", "i", "last"),
    ("i", "after", "last"),
    ("before", "after", "last"),
    ("after", "i", None),
    ("i", "i", None),
    ("before", "before", None),
    ("0", "i", "last"),
    ("i", "0", "last"),
    ("before", "0", None),
    ("0", "before", None),
])  # fmt: skip
def test_a_later_store_meets_the_place_or_does_not(read_at, stored_at, held):
    assert still_there(read_at, stored_at) == held
