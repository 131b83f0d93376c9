"""Marked loops: their steps are functions."""

from tests.stages import outlined, replayed
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


SWEEPS = """
    f(x: float64, c: float64, n: int, y_bar: float64):
        y, us = for i in range(0, n, 1), snapshots 3:
            carry u = x
            u_2 as u: float64 = call f_step(i, u, c)
            yield u_2, u
        x_bar = for i_2 as i in reversed range(0, n, 1):
            carry u_bar = y_bar
            scan u_3 as u = us
            u_bar_2 as u_bar: float64 = call f_step_reverse(i_2, u_3, c, u_bar)
            yield u_bar_2
        r = (y, x_bar)
        return r
"""


def test_states_that_serve_for_the_reverse_sweep_alone_are_computed_again():
    gives(
        replayed,
        SWEEPS,
        """
        f(x: float64, c: float64, n: int, y_bar: float64):
            v1 = steps(0, n, 1)
            v2 = (c,)
            v3 = advanced(v1, x, v2, step=FunctionName, snapshots=3)
            y = v3[0]
            snapshots = v3[1]
            v4 = replayed(snapshots)
            x_bar = for i in reversed range(0, n, 1):
                carry u_bar = y_bar
                scan ascending u = v4
                u_bar_2 as u_bar: float64 = call f_step_reverse(i, u, c, u_bar)
                yield u_bar_2
            r = (y, x_bar)
            return r
        """,
    )


def test_states_that_are_returned_are_kept():
    keeps(replayed, SWEEPS.replace("(y, x_bar)", "(y, x_bar, us)"))


def test_states_of_a_loop_without_mark_are_kept():
    keeps(replayed, SWEEPS.replace(", snapshots 3", ""))
