"""Places that are cleared for nobody."""

import numpy as np
import pytest

import s2sad
from s2sad.optimize.clears import without_clears
from tests.traces import gives, keeps

DOWNWARD = """
f(a: float64[n], g: float64, n: int):
    a_bar = for j in range(n - 1, 0, -1):
        carry x_bar = a
        v1_bar = x_bar[j]
        x_bar_2 as x_bar = index_set(x_bar, j, 0.0)
        v = j - 1
        v2_bar = v1_bar * g
        x_bar_3 as x_bar = index_add(x_bar_2, v, v2_bar)
        yield x_bar_3
    r = a_bar[{place}]
    return r
"""


def test_a_place_that_is_not_read_again_is_not_cleared():
    expected = """
    f(a: float64[n], g: float64, n: int):
        v1 = n - 1
        a_bar = for j in range(v1, 0, -1):
            carry x_bar = a
            v1_bar = x_bar[j]
            v = j - 1
            v2_bar = v1_bar * g
            x_bar_2 as x_bar = index_add(x_bar, v, v2_bar)
            yield x_bar_2
        r = a_bar[0]
        return r
    """
    gives(without_clears, DOWNWARD.format(place=0), expected, sweep=True)


@pytest.mark.parametrize("place", ["1", "n - 1"])
def test_one_that_is_read_behind_the_loop_is(place):
    keeps(without_clears, DOWNWARD.format(place=place), sweep=True)


def test_the_stores_of_the_user_stay():
    keeps(without_clears, DOWNWARD.format(place=0))


@pytest.mark.parametrize("index", ["j + 1", "n - j"])
def test_one_that_a_later_iteration_adds_to_is(index):
    keeps(without_clears, DOWNWARD.format(place=0).replace("j - 1", index), sweep=True)


def test_an_array_that_is_a_result_is():
    text = DOWNWARD.replace("    r = a_bar[{place}]\n    return r", "    return a_bar")
    keeps(without_clears, text, sweep=True)


def chain(x):
    y = np.zeros(len(x))
    y[0] = x[0]
    for j in range(1, len(x)):
        y[j] = np.sin(y[j - 1]) * x[j]
    return y[len(x) - 1]


def both_ways(x):
    y = x.copy()
    for j in range(1, len(x)):
        y[j] = y[j] * y[j - 1]
    for j in range(len(x) - 2, -1, -1):
        y[j] = y[j] - 0.5 * y[j + 1] ** 2
    return np.sum(y)


def stored_again(x):
    y = x.copy()
    for _ in range(2):
        for j in range(1, len(x)):
            y[j] = y[j - 1] * x[j]
    return np.sum(y**2)


def every_other(x):
    y = x.copy()
    for j in range(0, len(x) - 1, 2):
        y[j] = y[j + 1] ** 2
    return np.sum(y)


def given(x):
    x[0] = x[1] * 2.0
    for j in range(2, len(x)):
        x[j] = x[j - 1] * x[j - 2]
    return np.sum(x[2:])


def in_branches(x):
    y = np.zeros(len(x))
    for j in range(1, len(x)):
        if x[j] > 0.6:
            y[j] = x[j] * y[j - 1]
        else:
            y[j - 1] = x[j] ** 2
            y[j] = y[j - 1] + 1.0
    return np.sum(y**2)


def triangle(x):
    t = np.outer(x, x)
    for i in range(len(x)):
        for j in range(i):
            t[i, j] = t[i, j] * t[j, j] + t[i, i]
            t[j, i] = t[i, j] ** 2
    return np.sum(t)


def last_of_a_while(x):
    y, k = x.copy(), 0
    while y[k] < 1.0 and k < len(x) - 1:
        y[k + 1] = y[k] + x[k]
        k += 1
    return y[k] * y[0]


def until_it_is_cleared(x):
    y, total = x.copy(), 0.0
    while y[0] > 0.1:
        total += y[1] * x[1]
        y[0] = 0.0
        y[1] = total * x[2]
    return total + y[1]


FOUND = [
    until_it_is_cleared,
    chain,
    both_ways,
    stored_again,
    every_other,
    given,
    in_branches,
    triangle,
    last_of_a_while,
]


@pytest.mark.parametrize("f", FOUND)
def test_derivatives(f):
    s2sad.check_grads(f, (np.array([0.7, 0.4, 0.9, 0.3, 0.8]),), order=2)


def neighbours(x):
    total = 0.0
    for i in range(len(x) - 1):
        total += x[i + 1] * np.exp(x[i])
    return total


def test_loops_by_one_symbol_are_two_loops():
    """The sweeps of a sweep go through one range several times: in each its places are counted anew."""
    gradient = s2sad.grad(neighbours)
    s2sad.check_grads(lambda x: np.sum(np.sin(gradient(x))), (np.array([0.7, 0.4, 0.9, 0.3]),), order=2)


@pytest.mark.parametrize("f", FOUND)
def test_derivatives_of_many_examples(f):
    many = np.array([[0.7, 0.4, 0.9, 0.3, 0.8], [0.2, 0.9, 0.5, 0.65, 0.1]])
    found = s2sad.vmap(s2sad.grad(f))(many)
    np.testing.assert_allclose(found, [s2sad.grad(f)(x.copy()) for x in many], rtol=1e-12)


def test_the_text():
    text = s2sad.grad(chain).lower(np.ones(4)).source
    assert "] = 0.0" not in text and "y_bar[j - 1] = y_prod_bar * x[j]" in text
