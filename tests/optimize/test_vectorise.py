"""Loops of reverse sweeps as expressions of slices."""

import numpy as np
import pytest

import s2sad
from tests.stages import vectorise
from tests.traces import gives, keeps


def test_elements_are_slices_and_sums_are_products():
    gives(
        vectorise,
        """
        f(a_bar: float64[n, n], a: float64[n, n], n: int(n)):
            bars = for k: int(k) in reversed range(0, n, 1):
                carry b0 as a_bar = a_bar
                v0 = k + 1
                b5 as a_bar, total = for j: int(j) in reversed range(v0, n, 1):
                    carry b1 as a_bar = b0
                    carry s = 0.0
                    v1 = (k, j)
                    v2 = b1[v1]
                    v_bar = -v2
                    v4 = a[v1]
                    v5 = v_bar * v4
                    s2 as s = s + v5
                    b3 as a_bar = index_set(b1, v1, 0.0)
                    yield b3, s2
                v6 = (k, k)
                b6 as a_bar = index_add(b5, v6, total)
                yield b6
            return bars
        """,
        """
        f(a_bar: float64[n, n], a: float64[n, n], n: int(n)):
            bars = for k in reversed range(0, n, 1):
                carry a_bar_2 as a_bar = a_bar
                v1 = k + 1
                v2 = slice(v1, None, None)
                v3 = (k, v2)
                v4 = a_bar_2[v3]
                v5 = slice(v1, None, None)
                v6 = (k, v5)
                v7 = a[v6]
                s~ = v4 @ v7
                v8 = slice(v1, None, None)
                v9 = (k, v8)
                a_bar_3 as a_bar = index_set(a_bar_2, v9, 0.0)
                v10 = (k, k)
                v11 = -s
                a_bar_4 as a_bar = index_add(a_bar_3, v10, v11)
                yield a_bar_4
            return bars
        """,
        sweep=True,
    )


def test_what_begins_with_zeros_is_what_is_added():
    gives(
        vectorise,
        """
        f(x: float64[n], y: float64[n], n: int(n)):
            x_bar = np.zeros_like(x)
            bars, total = for k: int(k) in reversed range(0, n, 1):
                carry b1 as x_bar = x_bar
                carry s = 0.0
                v1 = x[k]
                v2 = y[k]
                v3 = v1 * v2
                s2 as s = s + v3
                v4 = np.sin(v1)
                b2 as x_bar = index_add(b1, k, v4)
                yield b2, s2
            r = (bars, total)
            return r
        """,
        """
        f(x: float64[n], y: float64[n], n: int(n)):
            s~ = x @ y
            x_bar~ = np.sin(x)
            r = (x_bar, s)
            return r
        """,
        sweep=True,
    )


def test_one_value_is_not_two_arrays():
    gives(
        vectorise,
        """
        f(x: float64[n], n: int(n)):
            x_bar = np.zeros_like(x)
            y_bar = np.zeros_like(x)
            xs, ys = for k: int(k) in reversed range(0, n, 1):
                carry a1 as x_bar = x_bar
                carry b1 as y_bar = y_bar
                v1 = x[k]
                v2 = np.sin(v1)
                a2 as x_bar = index_add(a1, k, v2)
                b2 as y_bar = index_add(b1, k, v2)
                yield a2, b2
            r = (xs, ys)
            return r
        """,
        """
        f(x: float64[n], n: int(n)):
            v1 = np.sin(x)
            y_bar~ = np.copy(v1)
            r = (v1, y_bar)
            return r
        """,
        sweep=True,
    )


def test_rows_and_columns_that_are_added_up():
    gives(
        vectorise,
        """
        f(g: float64[m], A: float64[m, n], b: float64[n], c: float64[m], m: int(m), n: int(n)):
            A_bar = np.zeros_like(A)
            b_bar = np.zeros_like(b)
            bars, sums = for i: int(i) in reversed range(0, m, 1):
                carry a1 as A_bar = A_bar
                carry b1 as b_bar = b_bar
                v1 = g[i]
                v2 = A[i]
                v3 = v1 * v2
                b2 as b_bar = b1 + v3
                v4 = v1 * b
                a2 as A_bar = index_add(a1, i, v4)
                yield a2, b2
            c_bar = for j: int(j) in reversed range(0, n, 1):
                carry c1 as c_bar = c
                v5 = (slice(None, None, None), j)
                v6 = A[v5]
                v7 = v6 @ g
                v8 = v7 * v6
                c2 as c_bar = c1 - v8
                yield c2
            r = (bars, sums, c_bar)
            return r
        """,
        """
        f(g: float64[m], A: float64[m, n], b: float64[n], c: float64[m], m: int(m), n: int(n)):
            b_bar~ = g @ A
            A_bar~ = np.outer(g, b)
            v1 = g @ A
            v2 = A @ v1
            c_bar~ = c - v2
            r = (A_bar, b_bar, c_bar)
            return r
        """,
        sweep=True,
    )


def test_the_order_of_additions_is_free():
    """Two places that may be one, in one iteration or in two."""
    gives(
        vectorise,
        """
        f(L_bar: float64[n, n], L: float64[n, n], s: float64, n: int(n)):
            bars = for i: int(i) in reversed range(0, n, 1):
                carry b0 as L_bar = L_bar
                b4 as L_bar = for j: int(j) in reversed range(0, n, 1):
                    carry b1 as L_bar = b0
                    b5 as L_bar = for k: int(k) in reversed range(0, j, 1):
                        carry b2 as L_bar = b1
                        v1 = (i, k)
                        v2 = (j, k)
                        v3 = L[v1]
                        v4 = L[v2]
                        b3 as L_bar = index_add(b2, v2, v3)
                        b6 as L_bar = index_add(b3, v1, v4)
                        yield b6
                    yield b5
                yield b4
            return bars
        """,
        """
        f(L_bar: float64[n, n], L: float64[n, n], s: float64, n: int(n)):
            bars = for i in reversed range(0, n, 1):
                carry L_bar_2 as L_bar = L_bar
                L_bar_6 as L_bar = for j in reversed range(0, n, 1):
                    carry L_bar_3 as L_bar = L_bar_2
                    v1 = slice(None, j, None)
                    v2 = (i, v1)
                    v3 = L[v2]
                    v4 = slice(None, j, None)
                    v5 = (j, v4)
                    v6 = L[v5]
                    v7 = slice(None, j, None)
                    v8 = (j, v7)
                    L_bar_4 as L_bar = index_add(L_bar_3, v8, v3)
                    v9 = slice(None, j, None)
                    v10 = (i, v9)
                    L_bar_5 as L_bar = index_add(L_bar_4, v10, v6)
                    yield L_bar_5
                yield L_bar_6
            return bars
        """,
        sweep=True,
    )


def test_a_range_that_goes_down_is_turned_around():
    gives(
        vectorise,
        """
        f(x_bar: float64[n], y: float64[n], n: int(n)):
            where n >= 3
            v0 = n - 2
            bars = for k: int(k) in reversed range(v0, -1, -1):
                carry b1 as x_bar = x_bar
                v1 = k + 1
                v2 = y[k]
                b2 as x_bar = index_add(b1, v1, v2)
                yield b2
            return bars
        """,
        """
        f(x_bar: float64[n], y: float64[n], n: int(n)):
            where n >= 3
            v1 = y[slice(None, -1, None)]
            x_bar_2 as x_bar = index_add(x_bar, slice(1, None, None), v1)
            return x_bar_2
        """,
        sweep=True,
    )


def test_a_range_at_the_end_of_an_array_is_empty():
    gives(
        vectorise,
        """
        f(x_bar: float64[n], y: float64[n], n: int(n)):
            bars = for k: int(k) in reversed range(n, n, 1):
                carry b1 as x_bar = x_bar
                v1 = y[k]
                b2 as x_bar = index_add(b1, k, v1)
                yield b2
            return bars
        """,
        """
        f(x_bar: float64[n], y: float64[n], n: int(n)):
            v1 = slice(n, None, None)
            v2 = y[v1]
            v3 = slice(n, None, None)
            x_bar_2 as x_bar = index_add(x_bar, v3, v2)
            return x_bar_2
        """,
        sweep=True,
    )


def test_the_loops_of_a_product_of_matrices_are_products():
    gives(
        vectorise,
        """
        f(C_bar: float64[n, n], A: float64[n, n], B: float64[n, n], n: int(n)):
            A_bar = np.zeros_like(A)
            B_bar = np.zeros_like(B)
            as_, bs = for i: int(i) in reversed range(0, n, 1):
                carry a1 as A_bar = A_bar
                carry b1 as B_bar = B_bar
                a4 as A_bar, b4 as B_bar = for j: int(j) in reversed range(0, n, 1):
                    carry a2 as A_bar = a1
                    carry b2 as B_bar = b1
                    v0 = (i, j)
                    v1 = C_bar[v0]
                    a5 as A_bar, b5 as B_bar = for k: int(k) in reversed range(0, n, 1):
                        carry a3 as A_bar = a2
                        carry b3 as B_bar = b2
                        v2 = (i, k)
                        v3 = (k, j)
                        v4 = A[v2]
                        v5 = v1 * v4
                        b6 as B_bar = index_add(b3, v3, v5)
                        v6 = B[v3]
                        v7 = v1 * v6
                        a6 as A_bar = index_add(a3, v2, v7)
                        yield a6, b6
                    yield a5, b5
                yield a4, b4
            r = (as_, bs)
            return r
        """,
        """
        f(C_bar: float64[n, n], A: float64[n, n], B: float64[n, n], n: int(n)):
            v1 = np.transpose(A)
            B_bar~ = v1 @ C_bar
            v2 = np.transpose(B)
            A_bar~ = C_bar @ v2
            r = (A_bar, B_bar)
            return r
        """,
        sweep=True,
    )


def test_places_that_are_no_slice_are_arrays_of_integers():
    gives(
        vectorise,
        """
        f(a_bar: float64[n, n], x_bar: float64[n], x: float64[n], at: int64[n], n: int(n)):
            v0 = n - 1
            as_, bars = for k: int(k) in reversed range(0, n, 1):
                carry a1 as a_bar = a_bar
                carry b1 as x_bar = x_bar
                v1 = at[k]
                v2 = x[v1]
                b2 as x_bar = index_add(b1, v1, v2)
                v3 = v0 - k
                v4 = x[v3]
                v5 = v4 * k
                v6 = (k, k)
                a2 as a_bar = index_add(a1, v6, v5)
                yield a2, b2
            r = (as_, bars)
            return r
        """,
        """
        f(a_bar: float64[n, n], x_bar: float64[n], x: float64[n], at: int64[n], n: int(n)):
            v1 = x[at]
            x_bar_2 as x_bar = index_add(x_bar, at, v1)
            v2 = x[slice(None, None, -1)]
            k~ = np.arange(n)
            v3 = v2 * k
            v4 = (k, k)
            a_bar_2 as a_bar = index_add(a_bar, v4, v3)
            r = (a_bar_2, x_bar_2)
            return r
        """,
        sweep=True,
    )


STAYS = {
    "an iteration reads what another one adds": """
        bars = for k: int(k) in range(1, n, 1):
            carry b1 as x_bar = x_bar
            v1 = k - 1
            v2 = b1[v1]
            b2 as x_bar = index_add(b1, k, v2)
            yield b2
        """,
    "an iteration reads what a later one adds to": """
        bars = for k: int(k) in reversed range(1, n, 1):
            carry b1 as x_bar = x_bar
            v1 = k - 1
            v2 = y[k]
            b2 as x_bar = index_add(b1, k, v2)
            v3 = b2[v1]
            b3 as x_bar = index_add(b2, v1, v3)
            yield b3
        """,
    "of two stores the second may be in the place of the first": """
        bars = for k: int(k) in range(1, n, 1):
            carry b1 as x_bar = x_bar
            v1 = k - 1
            v2 = y[k]
            b2 as x_bar = index_set(b1, v1, v2)
            b3 as x_bar = index_set(b2, k, 0.0)
            yield b3
        """,
    "each iteration stores in one place": """
        bars = for k: int(k) in range(0, n, 1):
            carry b1 as x_bar = x_bar
            v1 = y[k]
            b2 as x_bar = index_set(b1, 0, v1)
            yield b2
        """,
    "an element is read that all iterations add to": """
        bars = for k: int(k) in range(0, n, 1):
            carry b1 as x_bar = x_bar
            v1 = b1[0]
            v2 = y[k]
            v3 = v1 * v2
            b2 as x_bar = index_add(b1, 0, v3)
            yield b2
        """,
    "the whole array is read": """
        bars = for k: int(k) in range(0, n, 1):
            carry b1 as x_bar = x_bar
            v1 = np.sum(b1)
            b2 as x_bar = index_add(b1, k, v1)
            yield b2
        """,
    "the place may be below 0": """
        bars = for k: int(k) in range(0, n, 1):
            carry b1 as x_bar = x_bar
            v1 = k - 1
            v2 = y[k]
            b2 as x_bar = index_add(b1, v1, v2)
            yield b2
        """,
    "the end of the range may be below 0": """
        v0 = i - 1
        bars = for k: int(k) in range(0, v0, 1):
            carry b1 as x_bar = x_bar
            v2 = y[k]
            b2 as x_bar = index_add(b1, k, v2)
            yield b2
        """,
    "the end of the range may be beyond that of the array": """
        bars = for k: int(k) in range(0, i, 1):
            carry b1 as x_bar = x_bar
            v2 = y[k]
            b2 as x_bar = index_add(b1, k, v2)
            yield b2
        """,
    "two stores may be in one place": """
        bars = for k: int(k) in range(0, n, 1):
            carry b1 as x_bar = x_bar
            v1 = at[k]
            v2 = y[k]
            b2 as x_bar = index_set(b1, v1, v2)
            yield b2
        """,
    "an array of integers is no integer of Python's": """
        bars = for k: int(k) in range(0, n, 1):
            carry b1 as x_bar = x_bar
            v1 = y[k]
            v2 = k ** 30
            v3 = v1 * v2
            b2 as x_bar = index_add(b1, k, v3)
            yield b2
        """,
    "a number is multiplied, not added to": """
        p = for k: int(k) in range(0, n, 1):
            carry p1 as p = g
            v1 = y[k]
            p2 as p = p1 * v1
            yield p2
        bars = index_add(x_bar, 0, p)
        """,
    "it is asked how far a sum is": """
        p, bars = for k: int(k) in range(0, n, 1):
            carry p1 as p = g
            carry b1 as x_bar = x_bar
            v1 = y[k]
            p2 as p = p1 + v1
            b2 as x_bar = index_add(b1, k, p2)
            yield p2, b2
        """,
    "without an iteration nothing is divided": """
        bars = for k: int(k) in range(1, n, 1):
            carry b0 as x_bar = x_bar
            v0 = k + 1
            b3 as x_bar = for m: int(m) in range(v0, n, 1):
                carry b1 as x_bar = b0
                v1 = 1.0 / g
                v2 = y[m]
                v3 = v1 * v2
                b2 as x_bar = index_add(b1, m, v3)
                yield b2
            yield b3
        """,
    "without an iteration no element beyond the end is read": """
        bars = for k: int(k) in range(1, n, 1):
            carry b0 as x_bar = x_bar
            v0 = k + 1
            b3 as x_bar = for m: int(m) in range(v0, n, 1):
                carry b1 as x_bar = b0
                v1 = y[v0]
                v2 = y[m]
                v3 = v1 * v2
                b2 as x_bar = index_add(b1, m, v3)
                yield b2
            yield b3
        """,
}


def program(body):
    lines = [line[4:] for line in body.strip("\n").rstrip().split("\n")]
    first = "f(x_bar: float64[n], y: float64[n], at: int64[n], g: float64, i: int(i), n: int(n)):"
    return "\n".join([first, "    where n >= 3", *lines, "    return bars"])


@pytest.mark.parametrize("body", STAYS.values(), ids=[*STAYS])
def test_a_loop_stays(body):
    keeps(vectorise, program(body), sweep=True)


def test_what_the_user_wrote_stays():
    body = """
        bars = for k: int(k) in range(0, n, 1):
            carry b1 as x_bar = x_bar
            v2 = y[k]
            b2 as x_bar = index_add(b1, k, v2)
            yield b2
        """
    keeps(vectorise, program(body))
    with pytest.raises(AssertionError):
        keeps(vectorise, program(body), sweep=True)


def weighted(x, w):
    total = 0.0
    for k in range(len(x)):
        total += np.sin(x[k]) * w[k]
    return total


def test_only_where_arrays_are_quicker_than_loops():
    pytest.importorskip("numba")
    x, w = np.linspace(0.0, 1.0, 4), np.ones(4)
    assert "for k in" not in s2sad.grad(weighted).lower(x, w).source
    assert s2sad.grad(weighted, backend="numba").lower(x, w).source.count(" in range(") == 1
    assert s2sad.value_and_grad(weighted).lower(x, w).source.count("for k in") == 1


def test_what_would_raise_raises():
    def taken(x, n):
        total = 0.0
        for k in range(n):
            total += 2.0 * x[k]
        return total

    assert s2sad.grad(taken)(np.ones(3), 2).tolist() == [2.0, 2.0, 0.0]
    with pytest.raises(IndexError):
        s2sad.grad(taken)(np.ones(3), 5)
