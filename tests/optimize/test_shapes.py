"""Shapes are read from the parameters where a value serves for its shape alone."""

from tests.stages import eliminate_dead, shapes_resolved
from tests.traces import gives, keeps


def test_a_shape_is_that_of_a_parameter():
    gives(
        lambda f: eliminate_dead(shapes_resolved(f)),
        """
        f(x: float64[n], y: float64[n]):
            where n >= 2
            v1 = x * y
            v2 = np.zeros_like(v1)
            v3 = v2 + y
            return v3
        """,
        """
        f(x: float64[n], y: float64[n]):
            where n >= 2
            v1 = np.zeros_like(x)
            v2 = v1 + y
            return v2
        """,
        sweep=True,
    )


def test_a_value_that_is_needed_gives_its_own_shape():
    keeps(
        shapes_resolved,
        """
        f(x: float64[n], y: float64[n]):
            where n >= 2
            v1 = x * y
            v2 = np.zeros_like(v1)
            v3 = v2 + v1
            return v3
        """,
        sweep=True,
    )


def test_a_shape_that_no_parameter_has_stays():
    keeps(
        shapes_resolved,
        """
        f(x: float64[n], y: float64[m]):
            where n >= 2
            where m >= 2
            v1 = np.outer(x, y)
            v2 = np.zeros_like(v1)
            return v2
        """,
        sweep=True,
    )


def test_zeros_whose_lengths_are_numbers_are_made_of_these():
    gives(
        shapes_resolved,
        """
        f(x: float64[n], g: float64):
            where n >= 2
            v1 = np.zeros(6)
            v2 = index_add(v1, 0, g)
            v3 = np.zeros_like(v2)
            v4 = index_set(v3, 1, g)
            return v4
        """,
        """
        f(x: float64[n], g: float64):
            where n >= 2
            v1 = np.zeros(6)
            v2 = index_add(v1, 0, g)
            v3 = np.zeros(6)
            v4 = index_set(v3, 1, g)
            return v4
        """,
        sweep=True,
    )
