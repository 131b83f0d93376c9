"""Simplification: what is computed once, or not at all; what floating point does not allow."""

from tests.stages import simplified
from tests.traces import gives, keeps


def test_factors_of_one():
    gives(
        simplified,
        """
        f(x: float64[n]):
            a = 1.0 * x
            b = a / 1.0
            return b
        """,
        """
        f(x: float64[n]):
            return x
        """,
    )


def test_a_product_with_zero_stays():
    """x may be infinite or no number."""
    keeps(
        simplified,
        """
        f(x: float64[n]):
            a = x * 0.0
            return a
        """,
    )


def test_a_product_with_a_reciprocal_is_a_quotient():
    gives(
        simplified,
        """
        f(g: float64, x: float64):
            v1 = 1.0 / x
            x_bar = g * v1
            return x_bar
        """,
        """
        f(g: float64, x: float64):
            v1 = 1.0 / x
            x_bar = g / x
            return x_bar
        """,
        sweep=True,
    )


def test_equal_operations_are_one():
    gives(
        simplified,
        """
        f(x: float64[n]):
            v1 = np.sin(x)
            v2 = np.sin(x)
            v3 = v1 * v2
            return v3
        """,
        """
        f(x: float64[n]):
            v1 = np.sin(x)
            v2 = v1 * v1
            return v2
        """,
    )


def test_operations_that_differ_in_what_is_static_are_two():
    keeps(
        simplified,
        """
        f(x: float64[n, m]):
            v1 = np.sum(x, axis=0)
            v2 = np.sum(x, axis=1)
            v3 = (v1, v2)
            return v3
        """,
    )


def test_an_item_of_what_was_just_made():
    gives(
        simplified,
        """
        f(x: float, y: float):
            p = (x, y)
            a = p[1]
            return a
        """,
        """
        f(x: float, y: float):
            p = (x, y)
            return y
        """,
    )


def test_minus_the_negative_is_plus():
    gives(
        simplified,
        """
        f(x: float64[n], y: float64[n]):
            v1 = -x
            v2 = y - v1
            return v2
        """,
        """
        f(x: float64[n], y: float64[n]):
            v1 = -x
            v2 = y + x
            return v2
        """,
        sweep=True,
    )


def test_a_broadcast_before_a_product_is_left_to_numpy():
    gives(
        simplified,
        """
        f(g: float64, x: float64[n]):
            where n >= 2
            s = np.shape(x)
            v1 = np.broadcast_to(g, s)
            v2 = v1 * x
            return v2
        """,
        """
        f(g: float64, x: float64[n]):
            where n >= 2
            s = np.shape(x)
            v1 = np.broadcast_to(g, s)
            v2 = g * x
            return v2
        """,
        sweep=True,
    )


def test_a_choice_that_is_known():
    gives(
        simplified,
        """
        f(x: float64[n], y: float64[n]):
            v1 = np.where(False, x, y)
            return v1
        """,
        """
        f(x: float64[n], y: float64[n]):
            return y
        """,
    )


def test_a_difference_of_equal_values_stays():
    """It is no number where x is none."""
    keeps(
        simplified,
        """
        f(x: float64[n]):
            v1 = x - x
            return v1
        """,
    )
