"""The primal with what its tangent needs, and the tangent."""

from tests.stages import linear_pair
from tests.traces import gives


def test_the_tangent_is_linear_in_what_is_kept():
    gives(
        linear_pair,
        """
        f(x: float64):
            a = np.sin(x)
            y = a * x
            return y
        """,
        """
        f_forward(x: float64):
            a = np.sin(x)
            y = a * x
            v1 = np.cos(x)
            v2 = (v1, x, a)
            v3 = (y, v2)
            return v3
        f_linear(residuals: tuple[float64, float64, float64], x_dot: float64):
            kept = residuals[0]
            x = residuals[1]
            a = residuals[2]
            a_dot = x_dot * kept
            v1 = a_dot * x
            v2 = x_dot * a
            y_dot = v1 + v2
            return y_dot
        """,
    )
