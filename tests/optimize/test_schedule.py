"""The order of pure operations."""

from tests.stages import add_before_stores, sink_results
from tests.traces import gives


def test_the_new_value_of_a_carried_name_comes_last():
    gives(
        sink_results,
        """
        f(s: float64, v: float64, c: float64, n: int):
            r, t = for i in range(0, n, 1):
                carry s_bar = s
                carry x_bar = s
                v1 = s_bar * v
                s_bar_2 as s_bar = s_bar + v1
                v1_bar = s_bar * c
                x_bar_2 as x_bar = x_bar + v1_bar
                yield s_bar_2, x_bar_2
            q = (r, t)
            return q
        """,
        """
        f(s: float64, v: float64, c: float64, n: int):
            r, t = for i in range(0, n, 1):
                carry s_bar = s
                carry x_bar = s
                v1 = s_bar * v
                v1_bar = s_bar * c
                s_bar_2 as s_bar = s_bar + v1
                x_bar_2 as x_bar = x_bar + v1_bar
                yield s_bar_2, x_bar_2
            q = (r, t)
            return q
        """,
        sweep=True,
    )


def test_what_is_added_up_stands_where_it_is_made():
    gives(
        sink_results,
        """
        f(s: float64, v: float64, n: int):
            r, t = for i in range(0, n, 1):
                carry s_bar = s
                carry x_bar = s
                v1_bar = s_bar * v
                u_bar = s_bar * 2.0
                w_bar = u_bar * u_bar
                x_bar_2 as x_bar = x_bar + v1_bar
                yield w_bar, x_bar_2
            q = (r, t)
            return q
        """,
        """
        f(s: float64, v: float64, n: int):
            r, t = for i in range(0, n, 1):
                carry s_bar = s
                carry x_bar = s
                v1_bar = s_bar * v
                x_bar_2 as x_bar = x_bar + v1_bar
                u_bar = s_bar * 2.0
                w_bar = u_bar * u_bar
                yield w_bar, x_bar_2
            q = (r, t)
            return q
        """,
        sweep=True,
    )


def test_a_sum_is_taken_before_the_array_is_written():
    gives(
        add_before_stores,
        """
        f(a: float64[n], g: float64):
            v1 = a[0]
            b as a = index_set(a, 0, 0.0)
            v2 = v1 + g
            c as a = index_add(b, 1, v2)
            return c
        """,
        """
        f(a: float64[n], g: float64):
            v1 = a[0]
            v2 = v1 + g
            a_2 as a = index_set(a, 0, 0.0)
            a_3 as a = index_add(a_2, 1, v2)
            return a_3
        """,
        sweep=True,
    )


def test_a_sum_of_the_user_stays_where_it_is():
    gives(
        add_before_stores,
        """
        f(a: float64[n], g: float64):
            v1 = a[0]
            b as a = index_set(a, 0, 0.0)
            v2 = v1 + g
            c as a = index_add(b, 1, v2)
            return c
        """,
        """
        f(a: float64[n], g: float64):
            v1 = a[0]
            a_2 as a = index_set(a, 0, 0.0)
            v2 = v1 + g
            a_3 as a = index_add(a_2, 1, v2)
            return a_3
        """,
    )
