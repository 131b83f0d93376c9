"""A function of one example as a function of many."""

from tests.stages import for_many
from tests.traces import gives


def test_an_elementwise_operation_stays_what_it_is():
    gives(
        lambda f: for_many(f, True),
        """
        f(x: float64):
            y = np.sin(x)
            return y
        """,
        """
        f_batch(x: float64[n]):
            y = np.sin(x)
            return y
        """,
    )


def test_a_sum_goes_over_the_other_axes():
    gives(
        lambda f: for_many(f, True),
        """
        f(x: float64[n]):
            where n >= 2
            y = np.sum(x)
            return y
        """,
        """
        f_batch(x: float64[n, n_2]):
            where n_2 as n >= 2
            y = np.sum(x, axis=1)
            return y
        """,
    )


def test_what_is_the_same_for_all_is_computed_once():
    gives(
        lambda f: for_many(f, True, False),
        """
        f(x: float64, c: float64):
            a = np.exp(c)
            y = x * a
            return y
        """,
        """
        f_batch(x: float64[n], c: float64):
            a = np.exp(c)
            y = x * a
            return y
        """,
    )


def test_a_branch_that_goes_another_way_for_each_stands_in_a_loop():
    gives(
        lambda f: for_many(f, True),
        """
        f(x: float64):
            p = x > 0.0
            y = if p:
                a = np.sin(x)
                yield a
            else:
                yield x
            return y
        """,
        """
        f_batch(x: float64[n]):
            v1 = len(x)
            p = x > 0.0
            v3 = for v2 in range(0, v1, 1):
                p_2 as p = p[v2]
                x_2 as x = x[v2]
                y = if p_2:
                    a = np.sin(x_2)
                    yield a
                else:
                    yield x_2
                yield y
            y_2 as y = np.array(v3)
            return y_2
        """,
    )
