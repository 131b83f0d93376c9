"""Reverse mode: the gradient, and the two sweeps apart."""

from tests.stages import gradient, pair
from tests.traces import gives


def test_adjoints_in_reverse_order():
    gives(
        gradient,
        """
        f(x: float64):
            a = np.sin(x)
            y = np.exp(a)
            return y
        """,
        """
        f_grad(x: float64):
            a = np.sin(x)
            y = np.exp(a)
            v1 = np.cos(x)
            x_bar = y * v1
            return x_bar
        """,
    )


def test_a_value_that_is_read_twice_has_a_sum():
    gives(
        gradient,
        """
        f(x: float64):
            a = np.sin(x)
            y = a * x
            return y
        """,
        """
        f_grad(x: float64):
            a = np.sin(x)
            v1 = np.cos(x)
            v2 = x * v1
            x_bar = a + v2
            return x_bar
        """,
    )


def test_what_is_not_active_has_no_adjoint():
    gives(
        lambda f: gradient(f, [True, False]),
        """
        f(x: float64, y: float64):
            a = np.exp(y)
            z = x * a
            return z
        """,
        """
        f_grad(x: float64, y: float64):
            a = np.exp(y)
            return a
        """,
    )


def test_the_branch_that_was_taken_is_reversed():
    gives(
        gradient,
        """
        f(x: float64):
            p = x > 0.0
            y = if p:
                a = x * x
                yield a
            else:
                a_2 as a = np.sin(x)
                yield a_2
            return y
        """,
        """
        f_grad(x: float64):
            p = x > 0.0
            x_bar_3 as x_bar = if p:
                x_bar~ = 2.0 * x
                yield x_bar
            else:
                x_bar_2~ as x_bar = np.cos(x)
                yield x_bar_2
            return x_bar_3
        """,
    )


def test_a_stop_is_not_passed():
    gives(
        gradient,
        """
        f(x: float64):
            a = stop_gradient(x)
            y = a * x
            return y
        """,
        """
        f_grad(x: float64):
            a = stop_gradient(x)
            return a
        """,
    )


def test_the_reverse_sweep_gets_what_it_needs():
    gives(
        pair,
        """
        f(x: float64):
            a = np.sin(x)
            b = a + 2.0
            y = b * b
            return y
        """,
        """
        f_forward(x: float64):
            doc 'The value of f, and what its reverse sweep needs.'
            a = np.sin(x)
            b = a + 2.0
            y = b * b
            v1 = (x, b)
            v2 = (y, v1)
            return v2
        f_reverse(residuals: tuple[float64, float64], y_bar: float64):
            doc 'The adjoint of f: from that of its value to that of x.'
            x = residuals[0]
            b = residuals[1]
            v1 = 2.0 * y_bar
            b_bar = v1 * b
            v2 = np.cos(x)
            x_bar = b_bar * v2
            return x_bar
        """,
    )


def test_a_linear_function_keeps_nothing():
    gives(
        pair,
        """
        f(x: float64[n]):
            y = 3.0 * x
            return y
        """,
        """
        f(x: float64[n]):
            y = 3.0 * x
            return y
        f_reverse(y_bar: float64[n]):
            doc 'The adjoint of f: from that of its value to that of x.'
            x_bar = y_bar * 3.0
            return x_bar
        """,
    )
