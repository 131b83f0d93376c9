"""The numerical references find wrong derivatives, and only those."""

from typing import NamedTuple

import numpy as np
import pytest

import s2sad
from s2sad.errors import ArgumentError
from s2sad.ir.primitive import PRIMITIVES, lookup
from s2sad.testing import check_grads, numerical_jvp, taylor_rates


def smooth(x, y):
    return np.sum(np.sin(x) * y + x * x)


X, Y = np.array([0.3, -0.7, 1.1]), 2.0


@pytest.mark.parametrize("order", [1, 2, 3])
@pytest.mark.parametrize("modes", [("fwd",), ("rev",), ("fwd", "rev")])
def test_right_derivatives_pass(order, modes):
    check_grads(smooth, (X, Y), order, modes)


@pytest.mark.parametrize("mode, place", [("fwd", "forward mode"), ("rev", "reverse mode")])
def test_a_wrong_rule_is_found(mode, place, monkeypatch, cache_folder):
    sine = lookup(np.sin)
    wrong = lambda *args, **kwargs: _scaled(original(*args, **kwargs))  # noqa: E731
    field = "tangent" if mode == "fwd" else "adjoint"
    original = getattr(sine, field)

    def _scaled(result):
        return tuple(None if r is None else 1.01 * r for r in result) if isinstance(result, tuple) else 1.01 * result

    object.__setattr__(sine, field, wrong)
    try:
        with pytest.raises(AssertionError, match=place):
            check_grads(smooth, (X, Y), 1, (mode,))
    finally:
        object.__setattr__(sine, field, original)
    assert PRIMITIVES["np.sin"] is sine


def test_a_kink_is_reported():
    with pytest.raises(AssertionError):
        check_grads(lambda x: np.sum(np.clip(x, 0.0, 1.0)), (np.zeros(3),))


@pytest.mark.parametrize(
    "f, x, expected",
    [
        (lambda x: x**3, 2.0, 12.0),
        (lambda x: np.exp(x), 1.5, np.exp(1.5)),
        (lambda x: 1.0 / x, 1e-3, -1e6),
        (lambda x: np.sin(1e3 * x), 0.1, 1e3 * np.cos(100.0)),
    ],
)
def test_differences_are_accurate(f, x, expected):
    value, error = numerical_jvp(f, (x,), {0: 1.0}, step=1e-4)
    assert value[0] == pytest.approx(expected, rel=1e-7)
    assert error[0] < 1e-5 * abs(expected)


def test_differences_of_float32_are_in_double_precision():
    value, _ = numerical_jvp(lambda x: np.sum(x**2), (np.ones(2, np.float32),), {0: np.ones(2)})
    assert value[0] == pytest.approx(4.0, rel=1e-12)


def friction(viscosity, diameter, velocity):
    reynolds = 1000.0 * velocity * diameter / viscosity
    return np.log(reynolds) ** 2 + np.sqrt(viscosity) * diameter


def test_small_numbers_are_moved_in_proportion():
    """A viscosity of 1e-5 that is moved by 0.05 is negative."""
    s2sad.check_grads(friction, (1.1e-5, 0.05, 2.0), order=2)
    s2sad.check_grads(lambda x: x["mu"][0] ** 0.7, ({"mu": np.array([1e-7, 0.0])},), modes=("fwd",))


def test_taylor_rates():
    rates = taylor_rates(smooth, (X, Y))
    assert np.all(rates > 1.9) and np.all(rates < 2.1)


@pytest.mark.parametrize("modes", [("forward",), ("rev", "both")])
def test_unknown_modes(modes):
    with pytest.raises(ArgumentError, match="modes"):
        check_grads(smooth, (X, Y), 1, modes)


def test_no_float_argument():
    with pytest.raises(ArgumentError, match="no argument"):
        check_grads(lambda n: n, (3,))


def test_containers_and_structure():
    check_grads(lambda p, n: p["a"] * np.sum(p["b"][0]) * n, ({"a": 2.0, "b": [X]}, 3), order=2)
    assert s2sad.check_grads is check_grads


def test_results_that_are_integers():
    def f(x):
        return x * x, np.argmax(x), len(x), np.sum(x)

    check_grads(f, (np.array([1.0, 2.5]),), order=2)


@s2sad.custom_vjp
def third_is_wrong(x):
    return x * x


third_is_wrong.defvjp(
    lambda x: (x * x, x), lambda x, g: (g * np.where(np.arange(x.size).reshape(x.shape) == 2, 1.0, 2.0 * x),)
)


@s2sad.custom_jvp
def slope_is_wrong(x):
    return x * x


slope_is_wrong.defjvp(lambda primals, tangents: (primals[0] ** 2, 3.0 * tangents[0]))


class Layer(NamedTuple):
    w: object
    b: float


@pytest.mark.parametrize(
    "f, args, modes, blamed",
    [
        (lambda x: np.sum(third_is_wrong(x)), (np.ones((2, 3)),), ("rev",), "are wrong), by x[0, 2]"),
        (lambda a, x: a + np.sum(third_is_wrong(x)), (1.0, np.ones(1000)), ("rev",), "by x[2]"),
        (
            lambda p, n: np.sum(third_is_wrong(p["w"])) * p["b"],
            ({"w": np.ones(3), "b": 2.0}, 3),
            ("rev",),
            "by p['w'][2]",
        ),
        (lambda p: np.sum(third_is_wrong(p.w)) * p.b, (Layer(np.ones(3), 2.0),), ("rev",), "by p.w[2]"),
        (lambda a, x: slope_is_wrong(a) + np.sum(x), (1.0, np.ones(3)), ("fwd",), "are wrong), by a"),
        (lambda x, n: np.sum(third_is_wrong(np.outer(x, x))), (np.ones(3), 2), ("rev",), "by x[0]"),
        (
            lambda x: np.clip(x, 0.0, 1.0),
            (0.0,),
            ("fwd",),
            "by x, where the function has a kink: the slopes beside it are",
        ),
        (lambda x: 2.0 * x if x < 1.001 else 5.0 * x - 3.003, (1.0,), ("rev",), "by x, near a branch or a kink"),
    ],
)
def test_the_argument_and_the_place_are_named(f, args, modes, blamed):
    with pytest.raises(AssertionError) as caught:
        s2sad.check_grads(f, args, modes=modes)
    assert blamed in str(caught.value)
