"""Functions that are called once, written in the place of their calls."""

import numpy as np
import pytest

import s2sad
from s2sad.optimize import calls, with_calls_written_out
from tests.traces import dedented, read, shown

SQUARE = """
square(x: float64[n]):
    y = x * x
    return y
"""
CALLED_ONCE = """
main(a: float64[m], n: int):
    z = for i in range(0, n, 1):
        carry w = a
        w_2 as w: float64[m] = call square(w)
        yield w_2
    return z
"""
CALLED_TWICE = """
main(a: float64[m]):
    z: float64[m] = call square(a)
    w: float64[m] = call square(z)
    return w
"""


def written(*texts, may=lambda name: True):
    functions = [read(t) for t in texts]
    made = with_calls_written_out({f.name: f for f in functions}, may)
    return {name: shown(f) for name, f in made.items()}


def test_a_function_that_is_called_once_stands_in_the_place_of_the_call():
    expected = """
    main(a: float64[m], n: int):
        z = for i in range(0, n, 1):
            carry w = a
            y = w * w
            yield y
        return z
    """
    assert written(SQUARE, CALLED_ONCE) == {"main": dedented(expected)}


def test_one_that_is_called_twice_stays_a_function():
    assert written(SQUARE, CALLED_TWICE) == {}


def test_one_that_may_not_stays_a_function():
    assert written(SQUARE, CALLED_ONCE, may=lambda name: name != "square") == {}


def test_what_a_written_function_calls_is_written_there_too():
    through = """
    through(b: float64[k]):
        c: float64[k] = call square(b)
        d = c + 1.0
        return d
    """
    main = """
    main(a: float64[m]):
        z: float64[m] = call through(a)
        return z
    """
    expected = """
    main(a: float64[m]):
        y = a * a
        d = y + 1.0
        return d
    """
    assert written(SQUARE, through, main)["main"] == dedented(expected)


@pytest.mark.parametrize(("short", "together"), [(0, 100), (100, 2)])
def test_a_long_one_and_one_too_many_stay_functions(monkeypatch, short, together):
    monkeypatch.setattr(calls, "SHORT", short)
    monkeypatch.setattr(calls, "TOGETHER", together)
    assert written(SQUARE, CALLED_ONCE) == {}


def split(x):
    return x[::2], x[1::2]


def padded(x, n):
    out = np.zeros(n)
    out[: len(x)] = x
    return out


def first_where(x, limit):
    for k in range(len(x)):
        if x[k] > limit:
            return x[k] ** 2
    return limit * np.sum(x)


def given_back(x):
    x[0] *= 2.0
    return x


def lengths(x):
    even, odd = split(x)
    return np.sum(padded(even, 2 * len(x)) ** 3) + np.prod(odd)


def left_early(x):
    return first_where(np.sin(x), 0.9) * x[0] + first_where(x, 0.5)


def argument_is_result(x):
    y = given_back(x.copy())
    y[1] = y[0] * y[2]
    return np.sum(y**2)


def kept_by_its_caller(x):
    y = np.sin(x)
    z = given_back(y)
    return np.sum(y * z) + y[0]


def constant_argument(x):
    return np.sum(padded(x, 7) * np.arange(7.0))


@pytest.mark.parametrize("f", [lengths, left_early, argument_is_result, kept_by_its_caller, constant_argument])
@pytest.mark.parametrize("n", [3, 4])
def test_derivatives(f, n):
    s2sad.check_grads(f, (np.linspace(0.2, 1.3, n),), order=2)


def test_nothing_is_left_of_a_function_that_is_called_once():
    text = s2sad.grad(lengths).lower(np.ones(4)).source
    assert not any(name in text for name in ("def split", "def padded", "residuals"))


def test_a_function_with_a_rule_or_a_mark_is_called():
    @s2sad.custom_vjp
    def doubled(x):
        return 2.0 * x

    doubled.defvjp(lambda x: (2.0 * x, None), lambda residuals, g: (3.0 * g,))
    marked = s2sad.checkpoint(split)
    assert s2sad.grad(lambda x: doubled(x) ** 2)(1.0) == 12.0
    text = s2sad.grad(lambda x: np.sum(marked(x)[0] ** 2)).lower(np.ones(4)).source
    assert "split_reverse(" in text
