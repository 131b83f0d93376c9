"""Sums into one element of an array, over a loop, as a number."""

from tests.stages import accumulate
from tests.traces import gives


def test_a_sum_into_one_element_is_a_number():
    gives(
        accumulate,
        """
        f(c: float64[n], b: float64[n], g: float64, k: int(k), n: int(n)):
            where n >= 2
            c_bar = np.zeros_like(c)
            b_bar = np.zeros_like(b)
            cs, bs = for j: int(j) in range(0, n, 1):
                carry c1 as c_bar = c_bar
                carry b1 as b_bar = b_bar
                v1 = c[k]
                v2 = g * v1
                b2 as b_bar = index_add(b1, j, v2)
                v3 = b[j]
                v4 = g * v3
                c2 as c_bar = index_add(c1, k, v4)
                yield c2, b2
            r = (cs, bs)
            return r
        """,
        """
        f(c: float64[n], b: float64[n], g: float64, k: int(k), n: int(n)):
            where n >= 2
            c_bar = np.zeros_like(c)
            b_bar = np.zeros_like(b)
            cs, bs, c_bar_sum_3 as c_bar_sum = for j in range(0, n, 1):
                carry c_bar_2 as c_bar = c_bar
                carry b_bar_2 as b_bar = b_bar
                carry c_bar_sum = 0.0
                v1 = c[k]
                v2 = g * v1
                b_bar_3 as b_bar = index_add(b_bar_2, j, v2)
                v3 = b[j]
                v4 = g * v3
                c_bar_sum_2 as c_bar_sum = c_bar_sum + v4
                yield c_bar_2, b_bar_3, c_bar_sum_2
            cs_2 as cs = index_add(cs, k, c_bar_sum_3)
            r = (cs_2, bs)
            return r
        """,
        sweep=True,
    )


def test_what_the_user_wrote_stays():
    gives(
        accumulate,
        """
        f(c: float64[n], b: float64[n], g: float64, k: int(k), n: int(n)):
            where n >= 2
            c_bar = np.zeros_like(c)
            b_bar = np.zeros_like(b)
            cs, bs = for j: int(j) in range(0, n, 1):
                carry c1 as c_bar = c_bar
                carry b1 as b_bar = b_bar
                v1 = c[k]
                v2 = g * v1
                b2 as b_bar = index_add(b1, j, v2)
                v3 = b[j]
                v4 = g * v3
                c2 as c_bar = index_add(c1, k, v4)
                yield c2, b2
            r = (cs, bs)
            return r
        """,
        """
        f(c: float64[n], b: float64[n], g: float64, k: int(k), n: int(n)):
            where n >= 2
            c_bar = np.zeros_like(c)
            b_bar = np.zeros_like(b)
            cs, bs = for j in range(0, n, 1):
                carry c_bar_2 as c_bar = c_bar
                carry b_bar_2 as b_bar = b_bar
                v1 = c[k]
                v2 = g * v1
                b_bar_3 as b_bar = index_add(b_bar_2, j, v2)
                v3 = b[j]
                v4 = g * v3
                c_bar_3 as c_bar = index_add(c_bar_2, k, v4)
                yield c_bar_3, b_bar_3
            r = (cs, bs)
            return r
        """,
    )


def test_an_element_that_is_read_in_the_loop_stays():
    gives(
        accumulate,
        """
        f(c: float64[n], b: float64[n], g: float64, k: int(k), n: int(n)):
            where n >= 2
            c_bar = np.zeros_like(c)
            b_bar = np.zeros_like(b)
            cs, bs = for j: int(j) in range(0, n, 1):
                carry c1 as c_bar = c_bar
                carry b1 as b_bar = b_bar
                v1 = c1[k]
                v2 = g * v1
                b2 as b_bar = index_add(b1, j, v2)
                v3 = b[j]
                v4 = g * v3
                c2 as c_bar = index_add(c1, k, v4)
                yield c2, b2
            r = (cs, bs)
            return r
        """,
        """
        f(c: float64[n], b: float64[n], g: float64, k: int(k), n: int(n)):
            where n >= 2
            c_bar = np.zeros_like(c)
            b_bar = np.zeros_like(b)
            cs, bs = for j in range(0, n, 1):
                carry c_bar_2 as c_bar = c_bar
                carry b_bar_2 as b_bar = b_bar
                v1 = c_bar_2[k]
                v2 = g * v1
                b_bar_3 as b_bar = index_add(b_bar_2, j, v2)
                v3 = b[j]
                v4 = g * v3
                c_bar_3 as c_bar = index_add(c_bar_2, k, v4)
                yield c_bar_3, b_bar_3
            r = (cs, bs)
            return r
        """,
        sweep=True,
    )
