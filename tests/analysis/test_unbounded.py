"""Which values may be infinite, or no number."""

import pytest

from tests.stages import unbounded_values
from tests.traces import read


def unbounded(text, *parameters):
    """The names of the values that may be infinite where these parameters may be."""
    function = read(text)
    return {v.hint for v in unbounded_values(function, [p for p in function.parameters if p.hint in parameters])}


@pytest.mark.parametrize("made", ["np.log(x)", "np.arccos(x)", "1.0 / x", "x ** -1", "x ** 0.5", "np.cbrt(x)"])
def test_what_ends_and_what_is_computed_of_it(made):
    text = f"""
        f(x: float64[n]):
            a = {made}
            b = np.cos(x)
            c = b * a
            d = np.sin(b)
            return d
    """
    assert unbounded(text) == {"a", "c"}


@pytest.mark.parametrize("made", ["np.exp(x)", "x / 2.0", "x ** 3", "np.arctan(x)"])
def test_what_is_a_number_everywhere(made):
    text = f"""
        f(x: float64[n]):
            a = {made}
            b = a * x
            return b
    """
    assert unbounded(text) == set()
    assert unbounded(text, "x") == {"x", "a", "b"}


def test_a_constant_in_the_place_of_what_is_infinite():
    text = """
        f(x: float64[n], m: bool[n]):
            a = np.log(x)
            b = np.where(m, a, 0.0)
            c = np.where(m, a, x)
            d = np.floor(a)
            return c
    """
    assert unbounded(text) == {"a", "c"}


def test_a_loop_is_followed_to_a_fixed_point():
    text = """
        f(x: float64, n: int):
            s3, r3, q3 = for i in range(0, n, 1):
                carry s = x
                carry r = x
                carry q = x
                t = s * 0.5
                u = 1.0 / x
                w = q + 1.0
                yield r, u, w
            return s3
    """
    assert unbounded(text) == {"u", "r", "r3", "s", "s3", "t"}
