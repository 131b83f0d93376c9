"""The sweeps of a function whose tangent is given."""

from tests.stages import transposed
from tests.traces import gives


def test_the_reverse_sweep_is_that_of_the_tangent():
    gives(
        lambda f: transposed(f, 1),
        """
        f(x: float64[n], x_dot: float64[n]):
            y = np.sin(x)
            c = np.cos(x)
            y_dot = c * x_dot
            r = (y, y_dot)
            return r
        """,
        """
        f_forward(x: float64[n]):
            doc 'The value of f, and what its reverse sweep needs.'
            y = np.sin(x)
            c = np.cos(x)
            v1 = (c,)
            v2 = (y, v1)
            return v2
        f_reverse(residuals: tuple[float64[n]], r_bar: float64[n]):
            doc 'The adjoint of f: from that of its value to that of x_dot.'
            c = residuals[0]
            x_bar = r_bar * c
            return x_bar
        """,
    )
