"""Forward mode: each operation is followed by its tangent."""

from tests.stages import tangent
from tests.traces import gives


def test_an_operation_is_followed_by_its_tangent():
    gives(
        tangent,
        """
        f(x: float64):
            y = np.sin(x)
            return y
        """,
        """
        f_jvp(x: float64, x_dot: float64):
            doc 'The value of f, and its derivative along tangents of its arguments.'
            y = np.sin(x)
            v1 = np.cos(x)
            y_dot = x_dot * v1
            v2 = (y, y_dot)
            return v2
        """,
    )


def test_a_product_has_two_terms():
    gives(
        tangent,
        """
        f(x: float64, y: float64):
            z = x * y
            return z
        """,
        """
        f_jvp(x: float64, y: float64, x_dot: float64, y_dot: float64):
            doc 'The value of f, and its derivative along tangents of its arguments.'
            z = x * y
            v1 = x_dot * y
            v2 = y_dot * x
            z_dot = v1 + v2
            v3 = (z, z_dot)
            return v3
        """,
    )


def test_what_does_not_depend_on_active_parameters_has_no_tangent():
    gives(
        lambda f: tangent(f, [True, False]),
        """
        f(x: float64, y: float64):
            a = np.exp(y)
            z = x * a
            return z
        """,
        """
        f_jvp(x: float64, y: float64, x_dot: float64):
            doc 'The value of f, and its derivative along tangents of its arguments.'
            a = np.exp(y)
            z = x * a
            z_dot = x_dot * a
            v1 = (z, z_dot)
            return v1
        """,
    )


def test_a_loop_carries_the_tangents_of_what_it_carries():
    gives(
        tangent,
        """
        f(x: float64):
            y = for i in range(0, 5, 1):
                carry s = x
                s_2 as s = np.sin(s)
                yield s_2
            return y
        """,
        """
        f_jvp(x: float64, x_dot: float64):
            doc 'The value of f, and its derivative along tangents of its arguments.'
            y, y_dot = for i in range(0, 5, 1):
                carry s = x
                carry s_dot = x_dot
                v1 = np.cos(s)
                s_dot_2 as s_dot = s_dot * v1
                s_2 as s = np.sin(s)
                yield s_2, s_dot_2
            v2 = (y, y_dot)
            return v2
        """,
    )


def test_a_branch_gives_the_tangent_of_what_it_gives():
    gives(
        tangent,
        """
        f(x: float64):
            p = x > 0.0
            y = if p:
                a = x * x
                yield a
            else:
                yield 2.0
            return y
        """,
        """
        f_jvp(x: float64, x_dot: float64):
            doc 'The value of f, and its derivative along tangents of its arguments.'
            p = x > 0.0
            y, y_dot = if p:
                a = x * x
                v1 = x_dot * x
                a_dot = 2.0 * v1
                yield a, a_dot
            else:
                yield 2.0, 0.0
            v2 = (y, y_dot)
            return v2
        """,
    )
