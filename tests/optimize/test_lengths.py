"""Lengths that must be equal where a program runs to its end."""

from s2sad.ir.values import bound_in
from tests.stages import settle_lengths
from tests.traces import read


def types(text):
    """The types of the values of a function by name, once its lengths are settled."""
    return {v.hint: repr(v.type) for v in bound_in(settle_lengths(read(text)).body)}


STORE = """
    f(c: float64[n], x: float64[m]):
        {where}
        p = x > 0.0
        a: float64[k] = x[p]
        b = np.sin(a)
        d = index_set(c, slice(None, None, None), b)
        return d
"""


def test_what_is_stored_has_the_length_of_its_place():
    settled = types(STORE.format(where="where k >= 2"))
    assert settled["a"] == settled["b"] == settled["c"] == "float64[n]"
    assert settled["x"] == settled["p"].replace("bool", "float64") == "float64[m]"


def test_one_number_may_be_broadcast_and_settles_nothing():
    assert types(STORE.format(where="where k >= 1"))["a"] == "float64[k]"


def test_parameters_keep_their_lengths():
    """Arguments that do not fit are to raise as they do in the function."""
    settled = types("""
        f(a: float64[n, k], b: float64[m, l]):
            c = a @ b
            return c
    """)
    assert (settled["a"], settled["b"]) == ("float64[n, k]", "float64[m, l]")


def test_a_store_in_a_branch_says_nothing_of_what_is_outside():
    settled = types("""
        f(c: float64[n], x: float64[m], s: float64):
            where k >= 2
            p = x > 0.0
            a: float64[k] = x[p]
            q = s > 0.0
            d = if q:
                e = index_set(c, slice(None, None, None), a)
                yield e
            else:
                yield c
            return d
    """)
    assert settled["a"] == "float64[k]"
