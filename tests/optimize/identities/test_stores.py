"""Identities of what is stored into arrays, and the first store into zeros."""

from tests.stages import share_zeros, simplified
from tests.traces import gives, keeps


def test_the_first_contribution_is_stored():
    gives(
        share_zeros,
        """
        f(x: float64[n], g: float64):
            z = np.zeros_like(x)
            x_bar = index_add(z, 2, g)
            return x_bar
        """,
        """
        f(x: float64[n], g: float64):
            z = np.zeros_like(x)
            x_bar = index_set(z, 2, g)
            return x_bar
        """,
        sweep=True,
    )


def test_indices_that_may_meet_twice_are_added():
    keeps(
        share_zeros,
        """
        f(x: float64[n], k: int64[m], g: float64[m]):
            z = np.zeros_like(x)
            x_bar = index_add(z, k, g)
            return x_bar
        """,
        sweep=True,
    )


def test_a_scatter_is_added_in_place():
    gives(
        simplified,
        """
        f(x_bar: float64[n], g: float64):
            z = np.zeros_like(x_bar)
            v1 = index_add(z, 1, g)
            x_bar_2 as x_bar = x_bar + v1
            return x_bar_2
        """,
        """
        f(x_bar: float64[n], g: float64):
            z = np.zeros_like(x_bar)
            v1 = index_add(z, 1, g)
            x_bar_2 as x_bar = index_add(x_bar, 1, g)
            return x_bar_2
        """,
        sweep=True,
    )


def test_a_store_of_a_sum_is_an_addition():
    gives(
        simplified,
        """
        f(a: float64[n], g: float64):
            v1 = a[3]
            v2 = v1 + g
            b as a = index_set(a, 3, v2)
            return b
        """,
        """
        f(a: float64[n], g: float64):
            v1 = a[3]
            v2 = v1 + g
            a_2 as a = index_add(a, 3, g)
            return a_2
        """,
        sweep=True,
    )


def test_a_store_of_a_sum_with_another_place_stays():
    gives(
        simplified,
        """
        f(a: float64[n], g: float64):
            v1 = a[4]
            v2 = v1 + g
            b as a = index_set(a, 3, v2)
            return b
        """,
        """
        f(a: float64[n], g: float64):
            v1 = a[4]
            v2 = v1 + g
            a_2 as a = index_set(a, 3, v2)
            return a_2
        """,
        sweep=True,
    )
