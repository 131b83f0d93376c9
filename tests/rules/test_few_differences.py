"""Differences of fewer numbers than they take: none, and an adjoint in the shape of the numbers."""

import numpy as np
import pytest

import s2sad

FUNCTIONS = {
    "diff": lambda x: np.sum(np.diff(x) ** 2),
    "twice": lambda x: np.sum(np.diff(x, n=2) ** 2),
    "three times": lambda x: np.sum(np.diff(x, n=3) ** 2),
    "of rows": lambda x: np.sum(np.diff(np.outer(x, x), axis=0) ** 2),
    "prepended": lambda x: np.sum(np.diff(x, prepend=0.5) ** 2),
    "ediff1d": lambda x: np.sum(np.ediff1d(x) ** 2),
    "ediff1d with ends": lambda x: np.sum(np.ediff1d(x, to_begin=1.0, to_end=np.array([2.0, 3.0])) ** 2),
    "polyint": lambda x: np.sum(np.polyint(x) ** 2),
}


def derivative(f, x):
    return np.array([(f(x + 1e-6 * e) - f(x - 1e-6 * e)) / 2e-6 for e in np.eye(len(x))]).reshape(x.shape)


def agrees(f, x):
    expected, gradient = derivative(f, x), s2sad.grad(f)(x)
    assert gradient.shape == x.shape
    np.testing.assert_allclose(gradient, expected, rtol=1e-7, atol=1e-7)
    direction = np.cos(np.arange(1.0, 1.0 + len(x)))
    np.testing.assert_allclose(s2sad.jvp(f, (x,), (direction,))[1], expected @ direction, rtol=1e-7, atol=1e-7)


@pytest.mark.parametrize("count", range(4))
@pytest.mark.parametrize("name", FUNCTIONS)
def test_of_few_numbers(name, count):
    agrees(FUNCTIONS[name], np.array([0.3, 1.2, -0.7])[:count])


@pytest.mark.parametrize("count", range(4))
@pytest.mark.parametrize("name", FUNCTIONS)
def test_of_numbers_that_a_mask_leaves(name, count):
    x = np.where(np.arange(4) < count, np.array([0.3, 1.2, 0.7, 2.0]), -1.0)
    agrees(lambda x: FUNCTIONS[name](x[x > 0]), x)
