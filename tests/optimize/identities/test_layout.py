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
