"""Every construct: its value, both modes against finite differences, and the second order."""

import copy

import numpy as np
import pytest

import s2sad
from s2sad.compiler.transform import Transform
from s2sad.dispatch.derivative import Derivative
from tests.language import classes, control_flow, data, functions
from tests.language.cases import CASES
from tests.language.references import beside, directional, extrapolated, flat, like, numbers

assert classes and control_flow and data and functions
IDS = [f"{c.name}-{k}" for k, c in enumerate(CASES)]
ALL = pytest.mark.parametrize("case", CASES, ids=IDS)


def fresh(case):
    return copy.deepcopy(case.arguments)


@ALL
def test_value_and_gradient(case):
    arguments = fresh(case)
    value, gradient = s2sad.value_and_grad(case.function)(*arguments)
    assert value == pytest.approx(case.function(*fresh(case)), rel=1e-13, abs=1e-13)
    assert type(gradient) is type(arguments[0]) or isinstance(gradient, (float, np.floating))
    for direction in directions(arguments[0]):
        expected = directional(case.function, fresh(case), direction)
        assert float(beside(gradient, arguments[0]) @ direction) == pytest.approx(expected, rel=1e-6, abs=1e-7)
    unchanged(arguments, case)


@ALL
def test_forward(case):
    arguments = fresh(case)
    for direction in directions(arguments[0]):
        tangent = like(arguments[0], direction)
        fixed = lambda first: case.function(first, *arguments[1:])  # noqa: E731, B023
        value, dot = forward(case, arguments, tangent)
        assert value == pytest.approx(fixed(copy.deepcopy(arguments[0])), rel=1e-13, abs=1e-13)
        assert dot == pytest.approx(directional(case.function, fresh(case), direction), rel=1e-6, abs=1e-7)


def forward(case, arguments, tangent):
    derivative = Derivative(case.function, Transform("jvp", (0,)))
    return derivative(*arguments, tangent)


def slope_of_gradient(case, direction):
    """The derivative of the gradient along a direction: differences of the gradient, extrapolated."""
    gradient = s2sad.grad(case.function)
    first, *rest = fresh(case)
    point = flat(first)

    def at(t):
        return beside(gradient(like(first, point + t * direction), *copy.deepcopy(rest)), first)

    return extrapolated(at)


@ALL
def test_forward_over_reverse(case):
    first, *rest = fresh(case)
    derivative = Derivative(s2sad.grad(case.function), Transform("jvp", (0,)))
    for direction in directions(first):
        _, dot = derivative(first, *rest, like(first, direction))
        expected = slope_of_gradient(case, direction)
        np.testing.assert_allclose(beside(dot, first), expected, rtol=1e-5, atol=1e-6)


@ALL
def test_reverse_over_reverse(case):
    first, *rest = fresh(case)
    if not isinstance(first, (float, np.ndarray)):
        pytest.skip("the gradient of a sum of the gradient is asked for numbers and arrays")
    gradient = s2sad.grad(case.function)
    weights = np.linspace(0.5, 1.5, numbers(first)).reshape(np.shape(first))

    def weighed(x, *others):
        return np.sum(gradient(x, *others) * weights)

    second = s2sad.grad(weighed)(first, *rest)
    for direction in directions(first):
        expected = np.ravel(weights) @ slope_of_gradient(case, direction)
        assert float(flat(second) @ direction) == pytest.approx(expected, rel=1e-5, abs=1e-6)


def directions(first):
    rng = np.random.default_rng(7)
    n = numbers(first)
    return [rng.standard_normal(n) for _ in range(2)]


def unchanged(arguments, case):
    np.testing.assert_array_equal(flat(arguments[0]), flat(case.arguments[0]))
