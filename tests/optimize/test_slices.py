"""Slices of adjoints that a line reads in place."""

import importlib

import numpy as np
import pytest

import s2sad
from s2sad.testing import numerical_jvp
from tests.traces import gives, keeps

read_in_place = importlib.import_module("s2sad.optimize.vectorise.slices").read_in_place

BEFORE = """
    f(a_bar: float64[n, n], a: float64[n, n], n: int(n)):
        bars = for k: int(k) in reversed range(0, n, 1):
            carry b0 as a_bar = a_bar
            v1 = k + 1
            rest = slice(v1, None, None)
            v3 = (rest, rest)
            v4 = b0[v3]
            v_bar = -v4
            row = (k, rest)
            column = (rest, k)
            v5 = a[column]
            v6 = a[row]
            v7 = v5 @ v_bar
            v8 = v_bar @ v6
            b1 as a_bar = index_add(b0, {first}, v7)
            b2 as a_bar = index_add(b1, column, v8)
            yield b2
        return bars
    """


def test_a_slice_is_taken_again_behind_a_store_in_another_place():
    gives(
        read_in_place,
        BEFORE.format(first="row"),
        """
        f(a_bar: float64[n, n], a: float64[n, n], n: int(n)):
            bars = for k in reversed range(0, n, 1):
                carry a_bar_2 as a_bar = a_bar
                v1 = k + 1
                rest = slice(v1, None, None)
                v2 = (rest, rest)
                v3 = a_bar_2[v2]
                row = (k, rest)
                column = (rest, k)
                v4 = a[column]
                v5 = a[row]
                v6 = v4 @ v3
                v7 = -v6
                a_bar_3 as a_bar = index_add(a_bar_2, row, v7)
                v8 = a_bar_3[v2]
                v9 = v8 @ v5
                v10 = -v9
                a_bar_4 as a_bar = index_add(a_bar_3, column, v10)
                yield a_bar_4
            return bars
        """,
        sweep=True,
    )


def test_not_behind_a_store_in_the_slice():
    gives(
        read_in_place,
        BEFORE.format(first="first").replace("row = (k, rest)", "row = (k, rest)\n            first = (v1, rest)"),
        """
        f(a_bar: float64[n, n], a: float64[n, n], n: int(n)):
            bars = for k in reversed range(0, n, 1):
                carry a_bar_2 as a_bar = a_bar
                v1 = k + 1
                rest = slice(v1, None, None)
                v2 = (rest, rest)
                v3 = a_bar_2[v2]
                row = (k, rest)
                first = (v1, rest)
                column = (rest, k)
                v4 = a[column]
                v5 = a[row]
                v6 = v4 @ v3
                v7 = v3 @ v5
                v8 = -v6
                a_bar_3 as a_bar = index_add(a_bar_2, first, v8)
                v9 = -v7
                a_bar_4 as a_bar = index_add(a_bar_3, column, v9)
                yield a_bar_4
            return bars
        """,
        sweep=True,
    )


def test_the_minus_of_what_is_read_in_another_way_keeps_its_line():
    # as a sum, or by a product that is not added, or is read twice
    keeps(
        read_in_place,
        """
        f(x_bar: float64[n], x: float64[n], w: float64[n, n]):
            rest = slice(1, None, None)
            v1 = x_bar[rest]
            v_bar = -v1
            v2 = np.sum(v_bar)
            v3 = x_bar[rest]
            w_bar = -v3
            v4 = w[rest]
            v5 = w_bar @ v4
            v6 = v5 * v2
            return v6
        """,
        sweep=True,
    )


def eliminated(a):
    """Without pivots; the rows below are changed, and the one above is read."""
    a, n = a.copy(), len(a)
    for k in range(n - 1):
        for i in range(k + 1, n):
            a[i, k] /= a[k, k]
            for j in range(k + 1, n):
                a[i, j] -= a[i, k] * a[k, j]
    return np.sum(np.log(np.abs(np.diag(a)))) + np.sum(a)


def into_itself(a):
    """What is subtracted is read in rows that are changed too."""
    a, n = a.copy(), len(a)
    for k in range(n - 1):
        for i in range(k + 1, n):
            for j in range(k, n):
                a[i, j] -= a[i - 1, k] * a[k, j]
    return np.sum(a * a)


@pytest.mark.parametrize("f", [eliminated, into_itself], ids=lambda f: f.__name__)
def test_the_gradient_is_right(f):
    rng = np.random.default_rng(3)
    a, a_dot = 4.0 * np.eye(5) + rng.normal(size=(5, 5)), rng.normal(size=(5, 5))
    expected, _ = numerical_jvp(f, (a,), {0: a_dot}, step=1e-4)
    assert np.sum(s2sad.grad(f)(a) * a_dot) == pytest.approx(expected[0], rel=1e-7)


def test_no_slice_of_an_elimination_is_an_array_of_its_own():
    source = s2sad.grad(eliminated).lower(np.eye(4)).source.replace("a_2", "a")
    assert "a_bar[k, k + 1:] -= a[k + 1:, k] @ a_bar[k + 1:, k + 1:]" in source, source
    assert "a_bar[k + 1:, k] -= a_bar[k + 1:, k + 1:] @ a[k, k + 1:]" in source, source
