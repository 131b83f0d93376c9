"""Which values carry derivatives."""

from tests.stages import active_values
from tests.traces import read


def active(text, *parameters):
    """The names of the values that are active where these parameters are."""
    function = read(text)
    return {v.hint for v in active_values(function, [p for p in function.parameters if p.hint in parameters])}


STRAIGHT = """
    f(x: float64, y: float64):
        a = np.sin(x)
        b = np.exp(y)
        c = a * b
        d = np.cos(a)
        return c
"""


def test_what_lies_between_a_parameter_and_the_result():
    assert active(STRAIGHT, "x") == {"x", "a", "c"}
    assert active(STRAIGHT, "y") == {"y", "b", "c"}
    assert active(STRAIGHT) == set()


def test_a_constant_function_ends_a_path():
    text = """
        f(x: float64):
            a = np.floor(x)
            b = a * 2.0
            return b
    """
    assert active(text, "x").isdisjoint({"a", "b"})


def test_what_a_constant_function_alone_reads_is_no_path():
    text = """
        f(x: float64):
            a = np.sin(x)
            b = np.floor(a)
            c = x * b
            return c
    """
    assert active(text, "x") == {"x", "c"}


def test_a_loop_is_followed_to_a_fixed_point():
    """`t` is active in the third iteration, by `s` of the second, by `r` of the first."""
    text = """
        f(x: float64, n: int):
            r3, s3, t3 = for i in range(0, n, 1):
                carry r = 0.0
                carry s = 0.0
                carry t = 0.0
                r2 = r + x
                s2 = s + r
                t2 = t + s
                yield r2, s2, t2
            return t3
    """
    assert active(text, "x") == {"x", "r", "s", "t", "r2", "s2", "t2", "r3", "s3", "t3"} - {"r3", "s3"}


def test_both_branches_count():
    text = """
        f(x: float64, y: float64):
            p = x > 0.0
            z = if p:
                a = np.sin(y)
                yield a
            else:
                yield x
            return z
    """
    assert active(text, "x") == {"x", "z"} and active(text, "y") == {"y", "a", "z"}
