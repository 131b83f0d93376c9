"""Dead code: what goes, and what stays though nobody reads it."""

from dataclasses import replace

from s2sad.errors import Location
from s2sad.ir.rewrite import map_blocks
from tests.stages import eliminate_dead
from tests.traces import gives, keeps


def test_what_nobody_reads_goes():
    gives(
        eliminate_dead,
        """
        f(x: float64[n]):
            a = np.sin(x)
            b = np.cos(x)
            return b
        """,
        """
        f(x: float64[n]):
            b = np.cos(x)
            return b
        """,
    )


def test_a_chain_that_ends_nowhere_goes_as_a_whole():
    gives(
        eliminate_dead,
        """
        f(x: float64[n]):
            a = np.sin(x)
            b = np.cos(a)
            c = b * b
            return x
        """,
        """
        f(x: float64[n]):
            return x
        """,
    )


def test_what_is_printed_stays():
    gives(
        eliminate_dead,
        """
        f(x: float64[n]):
            a = np.sin(x)
            p = primitive('print')(a)
            return x
        """,
        """
        f(x: float64[n]):
            a = np.sin(x)
            p = print(a)
            return x
        """,
    )


def test_a_call_goes_that_does_nothing_but_give_a_value():
    gives(
        eliminate_dead,
        """
        f(x: float64[n]):
            a: float64[n] = call g(x)
            b: float64[n] = call h(x) kept
            c: float64[n] = call k(x) once
            return x
        """,
        """
        f(x: float64[n]):
            b: float64[n] = call h(x) kept
            c: float64[n] = call k(x) once
            return x
        """,
    )


def test_a_loop_carries_what_is_read():
    """A carried value that only makes itself is carried for nobody."""
    gives(
        eliminate_dead,
        """
        f(x: float64, n: int):
            s, t = for i in range(0, n, 1):
                carry a = x
                carry b = x
                a2 = a * x
                b2 = b * b
                yield a2, b2
            return s
        """,
        """
        f(x: float64, n: int):
            s = for i in range(0, n, 1):
                carry a = x
                a2 = a * x
                yield a2
            return s
        """,
    )


def test_a_branch_gives_what_is_read():
    gives(
        eliminate_dead,
        """
        f(x: float64):
            p = x > 0.0
            y, z = if p:
                a = np.sin(x)
                b = np.exp(x)
                yield a, b
            else:
                yield x, x
            return z
        """,
        """
        f(x: float64):
            p = x > 0.0
            z = if p:
                b = np.exp(x)
                yield b
            else:
                yield x
            return z
        """,
    )


def test_a_sum_of_the_user_whose_shapes_may_not_fit_stays():
    """It may raise, and the user is to see that."""
    keeps(
        eliminate_dead,
        """
        f(x: float64[n], y: float64[m]):
            a = x + y
            return x
        """,
    )


def test_a_sum_of_a_sweep_goes():
    """Had its shapes not fitted, the primal would have raised."""
    gives(
        eliminate_dead,
        """
        f(x: float64[n], y: float64[m]):
            a = x + y
            return x
        """,
        """
        f(x: float64[n], y: float64[m]):
            return x
        """,
        sweep=True,
    )


def again(function):
    """A function as a rule of a solver calculates it again."""
    return eliminate_dead(replace(function, body=repeated(function.body)))


def repeated(block):
    place = Location(again=True)
    return replace(
        block, operations=tuple(replace(map_blocks(op, repeated), location=place) for op in block.operations)
    )


CHECKED = """
    f(x: float64[n], y: float64[m], a: float):
        where n >= 2
        where m >= 2
        v1 = x + y
        v2 = a < 0.0
        if v2:
            v3 = primitive('raise')('far', exception=ValueError)
            yield
        else:
            yield
        return a
    """


def test_what_may_raise_stays():
    keeps(eliminate_dead, CHECKED)


def test_what_was_raised_before_goes():
    gives(
        again,
        CHECKED,
        """
        f(x: float64[n], y: float64[m], a: float):
            where n >= 2
            where m >= 2
            return a
        """,
    )


def test_a_branch_that_raises_stays_where_the_other_one_is_read():
    keeps(
        again,
        """
        f(a: float):
            v1 = a < 0.0
            y: float = if v1:
                v2 = primitive('raise')('far', exception=ValueError)
                yield v2
            else:
                v3 = a * 2.0
                yield v3
            return y
        """,
    )
