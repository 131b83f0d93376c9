"""Functions of a program that call themselves."""

import pytest

from tests.stages import called, cycle, handed_on, reached
from tests.traces import read


@pytest.fixture
def functions():
    texts = [
        """
        even(xs: float64[n], k: int):
            p = k > 0
            r = if p:
                v1 = k - 1
                a: float64 = call odd(xs, v1)
                yield a
            else:
                yield 1.0
            return r
        """,
        """
        odd(ys: float64[n], k: int):
            v1 = k - 1
            v2 = 2.0 * ys
            a: float64 = call even(ys, v1)
            b: float64 = call even(v2, v1)
            c: float64 = call plain(ys)
            return a
        """,
        """
        plain(xs: float64[n]):
            s = np.sum(xs)
            return s
        """,
    ]
    return {f.name: f for f in map(read, texts)}


def test_calls_in_blocks_count(functions):
    assert called(functions["even"]) == {"odd"}
    assert called(functions["odd"]) == {"even", "plain"}


def test_what_is_reached_and_what_comes_back(functions):
    assert reached("even", functions) == {"even", "odd", "plain"}
    assert reached("plain", functions) == set()
    assert cycle("even", functions) == {"even", "odd"}
    assert cycle("plain", functions) == set()


def test_arrays_that_are_handed_on_as_they_were_given(functions):
    assert handed_on("even", [True, False], functions) == {("odd", 0), ("even", 0)}
    assert handed_on("even", [False, False], functions) == set()
