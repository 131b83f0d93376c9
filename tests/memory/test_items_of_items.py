"""Lists of tuples in tuples: what an item of an item adds to the adjoint of the list."""

import numpy as np
import pytest

import s2sad

X = np.linspace(0.0, 3.0, 6)


def inner_first(a):
    pairs = [((a * k * X, 2), 3) for k in range(3)]
    t = 0.0
    for p in pairs:
        t = t + np.sum(p[0][0])
    return t


def inner_last(a):
    pairs = [(k, (a * k, a)) for k in range(3)]
    t = 0.0
    for k, (u, v) in pairs:
        t = t + u * v * k
    return t


def appended(a):
    pairs = []
    for k in range(4):
        pairs.append((a, ((a * k, 2), a**2)))
    t = 0.0
    for first, (second, third) in pairs:
        t = t + first * second[0] + third
    return t


@pytest.mark.parametrize("f", [inner_first, inner_last, appended])
def test_both_modes(f):
    step = 1e-4
    slope = (f(1.3 + step) - f(1.3 - step)) / (2 * step)
    np.testing.assert_allclose([s2sad.grad(f)(1.3), s2sad.jvp(f, (1.3,), (1.0,))[1]], slope, rtol=1e-7)
