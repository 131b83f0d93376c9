"""The value with the gradient that its adjoint is multiplied by."""

from tests.stages import value_and_gradient
from tests.traces import gives


def test_the_value_and_what_its_adjoint_is_multiplied_by():
    gives(
        value_and_gradient,
        """
        f(x: float64, y: float64):
            z = x * y
            return z
        """,
        """
        f_value_and_grad(x: float64, y: float64):
            z = x * y
            v1 = (z, y, x)
            return v1
        """,
    )
