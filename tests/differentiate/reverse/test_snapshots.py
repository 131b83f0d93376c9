"""Marked loops: their steps are functions."""

from tests.stages import outlined
from tests.traces import gives, keeps


def test_a_marked_step_is_a_function():
    gives(
        outlined,
        """
        f(x: float64, c: float64, n: int):
            y = for i in range(0, n, 1), snapshots 3:
                carry u = x
                v1 = np.sin(u)
                u_2 as u = v1 * c
                yield u_2
            return y
        """,
        """
        f(x: float64, c: float64, n: int):
            y = for i in range(0, n, 1), snapshots 3:
                carry u = x
                u_2 as u: float64 = call step_1(i, u, c)
                yield u_2
            return y
        f_step(i: int(i), u: float64, c: float64):
            where i of any sign
            v1 = np.sin(u)
            u_2 as u = v1 * c
            return u_2
        """,
    )


def test_a_loop_without_mark_stays():
    keeps(
        outlined,
        """
        f(x: float64, c: float64, n: int):
            y = for i in range(0, n, 1):
                carry u = x
                v1 = np.sin(u)
                u_2 as u = v1 * c
                yield u_2
            return y
        """,
    )
