"""Arrays of zeros that are stored over."""

import numpy as np
import pytest

import s2sad
from tests.stages import display_stores
from tests.traces import gives, keeps


def test_stores_at_each_place_are_a_display():
    gives(
        display_stores,
        """
        f(y: float64[3], a: float64, b: float64):
            v1 = np.zeros_like(y)
            v2 = index_set(v1, 2, a)
            v3 = index_set(v2, 0, 1.0)
            v4 = index_set(v3, -2, b)
            return v4
        """,
        """
        f(y: float64[3], a: float64, b: float64):
            v1 = np.zeros_like(y)
            v2 = index_set(v1, 2, a)
            v3 = index_set(v2, 0, 1.0)
            v4 = [1.0, b, a]
            v5 = np.array(v4)
            return v5
        """,
        sweep=True,
    )


@pytest.mark.parametrize(
    ("what", "text"),
    [
        (
            "a place that is left",
            """
            f(y: float64[3], a: float64):
                v1 = np.zeros_like(y)
                v2 = index_set(v1, 2, a)
                v3 = index_set(v2, 0, a)
                return v3
            """,
        ),
        (
            "a length that is not known",
            """
            f(y: float64[n], a: float64):
                v1 = np.zeros_like(y)
                v2 = index_set(v1, 1, a)
                v3 = index_set(v2, 0, a)
                return v3
            """,
        ),
        (
            "a read in between",
            """
            f(y: float64[2], a: float64):
                v1 = np.zeros_like(y)
                v2 = index_set(v1, 1, a)
                b = v2[0]
                v3 = index_set(v2, 0, b)
                return v3
            """,
        ),
        (
            "another precision",
            """
            f(y: float32[2], a: float64):
                v1 = np.zeros_like(y)
                v2 = index_set(v1, 1, a)
                v3 = index_set(v2, 0, a)
                return v3
            """,
        ),
        (
            "a place of run time",
            """
            f(y: float64[2], a: float64, k: int):
                v1 = np.zeros_like(y)
                v2 = index_set(v1, k, a)
                v3 = index_set(v2, 0, a)
                return v3
            """,
        ),
        (
            "rows",
            """
            f(y: float64[2, n], a: float64[n]):
                v1 = np.zeros_like(y)
                v2 = index_set(v1, 1, a)
                v3 = index_set(v2, 0, a)
                return v3
            """,
        ),
        (
            "what is no array of zeros",
            """
            f(y: float64[2], a: float64):
                v1 = np.ones_like(y)
                v2 = index_set(v1, 1, a)
                v3 = index_set(v2, 0, a)
                return v3
            """,
        ),
    ],
)
def test_what_stays(what, text):
    keeps(display_stores, text, sweep=True)


def rates(y, p):
    hare, lynx = y[0], y[1]
    return np.array([p[0] * hare - p[1] * hare * lynx, p[2] * hare * lynx - p[3] * lynx])


def unpacked(y, p):
    total = 0.0
    for _ in range(3):
        a, b = y
        y = y + 0.1 * np.array([p[0] * a * b, -p[1] * b])
        total += np.sum(y * y) * p[2] * p[3]
    return total


def integers(y, p):
    k = np.array([3, 4])
    a, b = k[0], k[1]
    return np.sum(y) * a + b * np.sum(p)


FUNCTIONS = [lambda y, p: np.sum(rates(y, p) ** 2), unpacked, integers]


@pytest.mark.parametrize("f", FUNCTIONS)
@pytest.mark.parametrize("dtype", [np.float64, np.float32])
def test_values_and_types(f, dtype):
    y, p = np.array([0.7, 1.3], dtype), np.array([0.4, -0.3, 0.8, 1.1], dtype)
    gradient = s2sad.grad(f, (0, 1))
    assert [g.dtype for g in gradient(y, p)] == [dtype, dtype]
    if dtype is np.float64:
        s2sad.check_grads(f, (y, p), order=2)


def test_other_lengths_are_compiled_anew():
    gradient = s2sad.grad(lambda y: y[0] * y[1])
    np.testing.assert_array_equal(gradient(np.array([2.0, 3.0])), [3.0, 2.0])
    np.testing.assert_array_equal(gradient(np.array([2.0, 3.0, 4.0])), [3.0, 2.0, 0.0])
    np.testing.assert_array_equal(gradient(np.array([5.0, 3.0])), [3.0, 5.0])
    with pytest.raises(IndexError):
        gradient(np.array([2.0]))


def test_a_wrong_number_of_values_to_unpack_is_still_an_error():
    def f(y):
        a, b = y
        return a * b

    gradient = s2sad.grad(f)
    np.testing.assert_array_equal(gradient(np.array([2.0, 3.0])), [3.0, 2.0])
    with pytest.raises(ValueError, match="unpack"):
        gradient(np.ones(3))


def test_the_text():
    text = s2sad.grad(lambda y, p: np.sum(rates(y, p))).lower(np.ones(2), np.ones(4)).source
    assert "y_bar = np.array([hare_bar, lynx_bar])" in text
    assert "# lengths n1 == 2, n2 == 4" in text
