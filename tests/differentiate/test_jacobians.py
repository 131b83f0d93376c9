"""Jacobians: a loop over rows or columns, with one sweep in it."""

from tests.stages import jacobian
from tests.traces import gives


def test_by_rows():
    gives(
        jacobian,
        """
        f(x: float64[n]):
            where n >= 2
            y = np.sin(x)
            z = np.cumsum(y)
            return z
        """,
        """
        f_jacrev(x: float64[n]):
            where n >= 2
            v1 = len(x)
            v2 = len(x)
            v3 = (v1, v2)
            jacobian = np.empty(v3)
            jacobian_4 as jacobian = for v4 in range(0, v1, 1):
                carry jacobian_2 as jacobian = jacobian
                v5 = np.zeros_like(x)
                z_bar = index_set(v5, v4, 1.0)
                v6 = np.flip(z_bar, axis=0)
                v7 = np.cumsum(v6, axis=0)
                y_bar = np.flip(v7, axis=0)
                v8 = np.cos(x)
                x_bar = y_bar * v8
                jacobian_3 as jacobian = index_set(jacobian_2, v4, x_bar)
                yield jacobian_3
            return jacobian_4
        """,
    )


def test_by_columns():
    gives(
        lambda f: jacobian(f, by_rows=False),
        """
        f(x: float64[n]):
            where n >= 2
            y = np.sin(x)
            z = np.cumsum(y)
            return z
        """,
        """
        f_jacfwd(x: float64[n]):
            where n >= 2
            v1 = np.cos(x)
            v2 = len(x)
            v3 = len(x)
            v4 = (v3, v2)
            jacobian = np.empty(v4)
            jacobian_4 as jacobian = for j in range(0, v2, 1):
                carry jacobian_2 as jacobian = jacobian
                v5 = np.zeros_like(x)
                x_dot = index_set(v5, j, 1.0)
                y_dot = x_dot * v1
                z_dot = np.cumsum(y_dot)
                v6 = (slice(None, None, None), j)
                jacobian_3 as jacobian = index_set(jacobian_2, v6, z_dot)
                yield jacobian_3
            return jacobian_4
        """,
    )
