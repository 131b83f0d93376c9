"""Closures that are compiled by themselves, and what they and the closures they call read in frames apart."""

import numpy as np
import pytest

import s2sad


def halved(f, a, b):
    def rec(low, high, n):
        if n == 0:
            return f((low + high) / 2) * a * (high - low)
        middle = (low + high) / 2
        return rec(low, middle, n - 1) + rec(middle, high, n - 1)

    return rec(0.0, b, 2)


def one_name_for_two_variables(x):
    a = x * x
    return halved(lambda t: a * t, 2.0, 3.0)


def adaptive(f, a, b, eps=1e-4):
    """Simpson's rule, halving what is not smooth enough."""

    def simpson(a, b):
        c = (a + b) / 2
        return (b - a) / 6 * (f(a) + 4 * f(c) + f(b))

    def rec(a, b, eps, whole):
        c = (a + b) / 2
        left, right = simpson(a, c), simpson(c, b)
        if abs(left + right - whole) <= 15 * eps:
            return left + right + (left + right - whole) / 15
        return rec(a, c, eps / 2, left) + rec(c, b, eps / 2, right)

    return rec(a, b, eps, simpson(a, b))


def of_a_lambda(x):
    return adaptive(lambda t: np.sin(x * t) / (1 + t), 0.0, 3.0)


def of_closures_of_closures(x):
    c = 2 * x
    g = lambda t: np.sin(c * t)  # noqa: E731

    def h(t):
        return g(t) * x

    return adaptive(lambda t: h(t) / (1 + t), 0.0, 1.0) + adaptive(g, 0.0, 1.0)


def of_what_functions_make(x):
    def make(k):
        def f(t):
            return k * t * x

        return f

    return adaptive(make(2.0), 0.0, 1.0) * adaptive(make(x), 0.0, 1.0)


def with_a_variable_that_it_changes(x):
    count = 0.0

    def rec(y, n):
        nonlocal count
        count = count + y
        return y * x if n == 0 else rec(y * x, n - 1) + y

    return rec(x, 3) * count


def of_each_other(x):
    def even(y, n):
        return y if n == 0 else odd(y * x, n - 1)

    def odd(y, n):
        return y * y if n == 0 else even(y + x, n - 1)

    return even(x, 4) + odd(x, 3)


def in_two_frames(x):
    scale = 2 * x

    def outer(y):
        own = scale * y

        def rec(z, n):
            return z * scale * own if n == 0 else rec(z * own, n - 1) + z

        return rec(y, 2)

    return outer(x) + outer(2 * x)


def with_a_derivative_inside(x):
    a = 3 * x

    def inner(a):
        return s2sad.grad(lambda t: a * t**3)(x)

    return inner(x * x) + a


PROGRAMS = [one_name_for_two_variables, of_a_lambda, of_closures_of_closures, of_what_functions_make]
PROGRAMS += [with_a_variable_that_it_changes, of_each_other, in_two_frames, with_a_derivative_inside]


@pytest.mark.parametrize("f", PROGRAMS)
def test_both_modes_and_second_order(f):
    s2sad.check_grads(f, (0.7,), order=2)
    assert s2sad.value_and_grad(f)(0.7)[0] == pytest.approx(f(0.7), rel=1e-13)
