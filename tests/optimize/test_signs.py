"""Numbers that are another one with a sign."""

import numpy as np

import s2sad
from tests.stages import spread_signs
from tests.traces import gives, keeps


def test_each_reader_has_the_sign():
    gives(
        spread_signs,
        """
        f(g: float64, a: float64, b: float64):
            v_bar = -g
            v1 = v_bar * a
            v2 = b + v_bar
            v3 = g * v1
            y = v3 + v2
            return y
        """,
        """
        f(g: float64, a: float64, b: float64):
            v1 = -g
            v2 = v1 * a
            v3 = -g
            v4 = b + v3
            v5 = g * v2
            y = v5 + v4
            return y
        """,
        sweep=True,
    )


def test_in_the_block_of_a_loop_too():
    gives(
        spread_signs,
        """
        f(x: float64[n], g: float64, m: int):
            s = for i in range(0, m, 1):
                carry t = g
                a = x[i]
                v_bar = -a
                v1 = v_bar * t
                v2 = v_bar / a
                u = v1 + v2
                yield u
            return s
        """,
        """
        f(x: float64[n], g: float64, m: int):
            s = for i in range(0, m, 1):
                carry t = g
                a = x[i]
                v1 = -a
                v2 = v1 * t
                v3 = -a
                v4 = v3 / a
                u = v2 + v4
                yield u
            return s
        """,
        sweep=True,
    )


def test_what_has_another_reader_keeps_its_line():
    # a call, the result, an array; and a number that nothing else reads
    keeps(
        spread_signs,
        """
        f(g: float64, h: float64, x: float64[n]):
            v_bar = -g
            v1 = v_bar * g
            v2 = np.sin(v_bar)
            v3 = -h
            v4 = v3 * v1
            v5 = -x
            v6 = v5 * x
            v7 = v5 + v6
            v8 = -v1
            q = (v8, v2, v4, v7)
            return q
        """,
        sweep=True,
    )


def test_the_users_own_text_stays():
    keeps(
        spread_signs,
        """
        f(g: float64, a: float64):
            v1 = -g
            v2 = v1 * a
            v3 = v1 * g
            y = v2 + v3
            return y
        """,
    )


def chain(x, c):
    total = 0.0
    for k in range(1, len(x)):
        d = c - x[k] * x[k - 1]
        total += d * x[k - 1] - (1.0 - d * c) * x[k]
    return total


def test_values():
    x = np.array([0.3, -0.7, 1.1, 0.4])
    s2sad.check_grads(chain, (x, 0.6), order=2)
    source = s2sad.grad(chain, (0, 1)).lower(x, 0.6).source
    lines = [line.strip() for line in source.splitlines()]
    names = {line.split(" = -")[1] for line in lines if " = -" in line}
    assert not any(name.isidentifier() for name in names)
