"""Identities of products, quotients and signs."""

from tests.stages import simplified
from tests.traces import gives, keeps


def test_two_numbers_are_one_factor():
    gives(
        simplified,
        """
        f(x: float64[n]):
            v1 = 2.0 * x
            v2 = v1 * 3.0
            return v2
        """,
        """
        f(x: float64[n]):
            v1 = 2.0 * x
            v2 = 6.0 * x
            return v2
        """,
        sweep=True,
    )


def test_a_negative_factor_is_a_difference():
    gives(
        simplified,
        """
        f(g: float64[n], x: float64[n]):
            v1 = -x
            v2 = g + v1
            return v2
        """,
        """
        f(g: float64[n], x: float64[n]):
            v1 = -x
            v2 = g - x
            return v2
        """,
        sweep=True,
    )


def test_a_negative_with_a_name_keeps_its_line():
    gives(
        simplified,
        """
        f(g: float64[n], x: float64[n]):
            a = -x
            v2 = g * a
            return v2
        """,
        """
        f(g: float64[n], x: float64[n]):
            a = -x
            v1 = g * a
            return v1
        """,
        sweep=True,
    )


def test_a_quotient_times_its_divisor():
    gives(
        simplified,
        """
        f(g: float64, x: float64):
            v1 = g / x
            v2 = v1 * x
            return v2
        """,
        """
        f(g: float64, x: float64):
            v1 = g / x
            return g
        """,
        sweep=True,
    )


def test_a_quotient_of_the_user_times_its_divisor_stays():
    """It is no number where x is 0."""
    keeps(
        simplified,
        """
        f(g: float64, x: float64):
            v1 = g / x
            v2 = v1 * x
            return v2
        """,
    )
