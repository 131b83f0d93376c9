"""Identities of transposes, lengths and sums."""

from tests.stages import simplified
from tests.traces import gives, keeps


def test_a_transpose_of_a_transpose():
    gives(
        simplified,
        """
        f(x: float64[n, m]):
            v1 = np.transpose(x)
            v2 = np.transpose(v1)
            return v2
        """,
        """
        f(x: float64[n, m]):
            v1 = np.transpose(x)
            return x
        """,
        sweep=True,
    )


def test_a_transpose_stays():
    keeps(
        simplified,
        """
        f(x: float64[n, m]):
            v1 = np.transpose(x)
            return v1
        """,
        sweep=True,
    )


def test_the_sum_of_a_negative():
    gives(
        simplified,
        """
        f(x: float64[n]):
            v1 = -x
            v2 = np.sum(v1)
            return v2
        """,
        """
        f(x: float64[n]):
            v1 = -x
            v2 = np.sum(x)
            v3 = -v2
            return v3
        """,
        sweep=True,
    )


def test_a_length_is_asked_for_as_such():
    gives(
        simplified,
        """
        f(x: float64[n, m]):
            v1 = np.shape(x)
            v2 = v1[0]
            return v2
        """,
        """
        f(x: float64[n, m]):
            v1 = np.shape(x)
            v2 = len(x)
            return v2
        """,
        sweep=True,
    )


def test_the_transpose_of_a_product_of_matrices():
    gives(
        simplified,
        """
        f(x: float64[n, m], y: float64[n, k]):
            where n >= 2
            v1 = np.transpose(x)
            v2 = v1 @ y
            v3 = np.transpose(v2)
            return v3
        """,
        """
        f(x: float64[n, m], y: float64[n, k]):
            where n >= 2
            v1 = np.transpose(x)
            v2 = v1 @ y
            v3 = np.transpose(y)
            v4 = v3 @ x
            return v4
        """,
        sweep=True,
    )


def test_zeros_that_are_repeated_are_made_as_many_as_there_are():
    gives(
        simplified,
        """
        f(x: float64[n], m: int):
            v1 = np.zeros_like(x)
            v2 = len(x)
            v3 = (m, v2)
            v4 = np.broadcast_to(v1, v3)
            return v4
        """,
        """
        f(x: float64[n], m: int):
            v1 = np.zeros_like(x)
            v2 = len(x)
            v3 = (m, v2)
            v4 = np.zeros(v3)
            return v4
        """,
        sweep=True,
    )


def test_zeros_of_another_dtype_are_repeated():
    keeps(
        simplified,
        """
        f(x: float32[n], m: int):
            v1 = np.zeros_like(x)
            v2 = len(x)
            v3 = (m, v2)
            v4 = np.broadcast_to(v1, v3)
            return v4
        """,
        sweep=True,
    )


def test_a_vector_is_flat():
    gives(
        simplified,
        """
        f(x: float64[n], y: float64[n, m]):
            v1 = np.ravel(x)
            v2 = np.ravel(y)
            v3 = np.sum(v2)
            v4 = v1 * v3
            return v4
        """,
        """
        f(x: float64[n], y: float64[n, m]):
            v1 = np.ravel(y)
            v2 = np.sum(v1)
            v3 = x * v2
            return v3
        """,
        sweep=True,
    )
