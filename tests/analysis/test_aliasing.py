"""Which values may share memory."""

import pytest

from tests.stages import find_roots, owns_result, shares_memory
from tests.traces import read

VIEWS = """
    f(x: float64[n, m], y: float64[n, m]):
        a = np.transpose(x)
        b = a[0]
        c = np.sin(x)
        p = x > y
        s = np.sum(x)
        q = s > 0.0
        d = if q:
            yield x
        else:
            yield y
        return b
"""


def test_the_memory_that_values_may_be_in():
    roots = {v.hint: {r.hint for r in memory} for v, memory in find_roots(read(VIEWS)).items() if hasattr(v, "hint")}
    assert roots["a"] == {"a", "x"} and roots["b"] == {"a", "b", "x"}
    assert roots["c"] == {"c"}
    assert roots["d"] == {"x", "y"}
    assert "s" not in roots, "a number has no memory that could be seen"


def returning(operand, more=""):
    return read(f"""
        f(x: float64[n], y: float64[n]):
            a = np.sin(x)
            b = a[slice(1, None, None)]
            r = {operand}
            return r
    """)


@pytest.mark.parametrize(("operand", "shares", "owns"), [
    ("np.cos(x)", False, True),
    ("x[slice(1, None, None)]", True, False),
    ("(a, y)", True, False),
    ("(a, a)", True, False),
    ("(a, b)", True, False),
    ("(a, y * 2.0)", False, True),
    ("a * y", False, True),
])  # fmt: skip
def test_results(operand, shares, owns):
    assert shares_memory(returning(operand)) is shares
    assert owns_result(returning(operand)) is owns
