"""Every way to write into an array: both modes, second order, and the caller's arrays afterwards."""

import copy

import numpy as np
import pytest

import s2sad
from s2sad.testing import numerical_jvp
from tests.memory.cases import STORES

RNG = np.random.default_rng(7)
VALUES = {
    "x": np.array([0.7, -1.2, 0.4, 1.6]),
    "y": np.array([1.1, 0.3, -0.8, 0.9]),
    "m": RNG.normal(size=(4, 4)) + np.arange(16.0).reshape(4, 4) / 10.0,
}
DOTS = {k: RNG.normal(size=v.shape) for k, v in VALUES.items()}
CASES = [pytest.param(f, names, id=name) for name, (f, names) in STORES.items()]


def on_copies(f):
    return lambda *args: f(*copy.deepcopy(args))


def differences(f, names):
    """The directional derivative by extrapolated differences."""
    args = [VALUES[n] for n in names]
    value, error = numerical_jvp(on_copies(f), args, {k: DOTS[n] for k, n in enumerate(names)}, step=1e-2)
    assert error[0] < 1e-6 * max(1.0, abs(value[0]))
    return value[0]


def dot(bars, names):
    return sum(np.sum(b * DOTS[n]) for b, n in zip(bars, names, strict=True))


@pytest.mark.parametrize(("f", "names"), CASES)
def test_both_modes(f, names):
    args = [VALUES[n].copy() for n in names]
    expected, argnums = differences(f, names), tuple(range(len(names)))
    value, bars = s2sad.value_and_grad(f, argnums)(*args)
    assert value == pytest.approx(on_copies(f)(*args), rel=1e-12)
    assert dot(bars, names) == pytest.approx(expected, rel=1e-6, abs=1e-8)
    primal, out_dot = s2sad.jvp(f, args, [DOTS[n] for n in names])
    assert primal == pytest.approx(value, rel=1e-12)
    assert out_dot == pytest.approx(expected, rel=1e-6, abs=1e-8)
    for a, n in zip(args, names, strict=True):
        np.testing.assert_array_equal(a, VALUES[n])


@pytest.mark.parametrize(("f", "names"), CASES)
def test_a_pullback_can_be_called_twice(f, names):
    args = [VALUES[n].copy() for n in names]
    _, pullback = s2sad.vjp(f, *args)
    one, two = pullback(1.0), pullback(-2.0)
    for a, b in zip(one, two, strict=True):
        np.testing.assert_allclose(b, -2.0 * a, rtol=1e-12, atol=1e-13)
    for a, n in zip(args, names, strict=True):
        np.testing.assert_array_equal(a, VALUES[n])


@pytest.mark.parametrize(("f", "names"), CASES)
def test_second_order(f, names):
    args = [VALUES[n].copy() for n in names]
    gradient = s2sad.grad(f, tuple(range(len(names))))

    def along(*a):
        return dot(gradient(*a), names)

    expected, _ = numerical_jvp(along, args, {k: DOTS[n] for k, n in enumerate(names)}, step=1e-3)
    _, bars_dot = s2sad.jvp(gradient, args, [DOTS[n] for n in names])
    assert dot(bars_dot, names) == pytest.approx(expected[0], rel=1e-5, abs=1e-6)
