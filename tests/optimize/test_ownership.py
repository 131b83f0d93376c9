"""What is returned is memory of its own."""

from tests.stages import own_results
from tests.traces import gives, keeps


def test_an_array_is_not_returned_twice():
    gives(
        own_results,
        """
        f(x: float64[n]):
            g = np.sin(x)
            r = (g, g)
            return r
        """,
        """
        f(x: float64[n]):
            g = np.sin(x)
            r = (g, g)
            v1 = np.array(g)
            r_2 as r = (g, v1)
            return r_2
        """,
        sweep=True,
    )


def test_a_parameter_is_copied():
    gives(
        own_results,
        """
        f(x: float64[n], y: float64[n]):
            v1 = np.transpose(y)
            r = (x, v1)
            return r
        """,
        """
        f(x: float64[n], y: float64[n]):
            v1 = np.transpose(y)
            r = (x, v1)
            v2 = np.array(x)
            v3 = np.array(v1)
            r_2 as r = (v2, v3)
            return r_2
        """,
        sweep=True,
    )


def test_new_memory_and_numbers_are_returned_as_they_are():
    keeps(
        own_results,
        """
        f(x: float64[n], s: float64):
            g = np.sin(x)
            r = (g, s, s)
            return r
        """,
        sweep=True,
    )


def test_a_broadcast_number_becomes_an_array():
    gives(
        own_results,
        """
        f(x: float64[n]):
            s = np.shape(x)
            g = np.broadcast_to(1.0, s)
            return g
        """,
        """
        f(x: float64[n]):
            s = np.shape(x)
            g = np.broadcast_to(1.0, s)
            g_2 as g = np.full(s, 1.0)
            return g_2
        """,
        sweep=True,
    )
