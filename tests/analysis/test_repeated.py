"""Functions that are called once an iteration of a long loop."""

import pytest

from tests.stages import repeated
from tests.traces import read

CALLEES = [
    """
    force(x: float64[n], k: float64[n]):
        v1 = x * k
        s: float64[n] = call pull(v1, k)
        return s
    """,
    """
    pull(a: float64[n], b: float64[n]):
        c = a * b
        return c
    """,
]


def found(text):
    functions = {f.name: f for f in map(read, CALLEES)}
    return repeated(read(text), functions)


def loop(trips, start="0", step="1"):
    return f"""
        f(x: float64[n], k: float64[n], m: int):
            s = for i in range({start}, {trips}, {step}):
                carry y = x
                z: float64[n] = call force(y, k)
                yield z
            return s
        """


@pytest.mark.parametrize("text", [loop("m"), loop("16"), loop("m", "3"), loop("100", "0", "2")])
def test_of_a_long_loop_with_the_arguments_that_change(text):
    assert found(text) == {"force": {0}, "pull": {0}}


@pytest.mark.parametrize("text", [loop("15"), loop("30", "0", "2"), loop("40", "30")])
def test_not_of_a_short_one(text):
    assert found(text) == {}


def test_not_of_straight_code():
    text = """
        f(x: float64[n], k: float64[n]):
            z: float64[n] = call force(x, k)
            return z
        """
    assert found(text) == {}


def test_what_changes_in_one_call_changes():
    text = """
        f(x: float64[n], k: float64[n], m: int):
            first: float64[n] = call pull(x, k)
            s = for i in range(0, m, 1):
                carry y = x
                z: float64[n] = call force(y, k)
                w: float64[n] = call pull(k, z)
                yield w
            return s
        """
    assert found(text) == {"force": {0}, "pull": {0, 1}}


def test_a_short_loop_in_a_long_one_is_a_part_of_its_step():
    text = """
        f(x: float64[n], k: float64[n], m: int):
            s = for i in range(0, m, 1):
                carry y = x
                t = for j in range(0, 3, 1):
                    carry u = y
                    z: float64[n] = call pull(u, y)
                    yield z
                yield t
            return s
        """
    assert found(text) == {"pull": {0, 1}}


def test_what_a_long_loop_in_a_long_one_is_given_does_not_change_in_it():
    text = """
        f(x: float64[n], k: float64[n], m: int):
            s = for i in range(0, m, 1):
                carry y = x
                t = for j in range(0, m, 1):
                    carry u = y
                    z: float64[n] = call pull(u, y)
                    yield z
                yield t
            return s
        """
    assert found(text) == {"pull": {0}}
