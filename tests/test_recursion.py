"""Functions that call themselves: both modes, second order, native code, and how much memory they take."""

import tracemalloc
import warnings
from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np
import pytest

import s2sad


def determinant(a):
    n = len(a)
    if n == 1:
        return a[0, 0]
    total = 0.0
    sign = 1.0
    for j in range(n):
        minor = np.concatenate((a[1:, :j], a[1:, j + 1 :]), axis=1)
        total += sign * a[0, j] * determinant(minor)
        sign = -sign
    return total


def power(x, n):
    if n == 0:
        return 1.0
    half = power(x, n // 2)
    return half * half * x if n % 2 else half * half


def horner(x, c, k):
    return c[k] if k == len(c) - 1 else c[k] + x * horner(x, c, k + 1)


def halves(x):
    n = len(x)
    if n == 1:
        return np.sin(x[0])
    return halves(x[: n // 2]) * np.cos(halves(x[n // 2 :]))


def continued_fraction(x, n):
    return x if n == 0 else x + n / continued_fraction(x, n - 1)


def quadrature(w, a, b):
    m = 0.5 * (a + b)
    whole = (b - a) / 6.0 * (np.sin(w * a) + 4.0 * np.sin(w * m) + np.sin(w * b))
    left = (m - a) / 6.0 * (np.sin(w * a) + 4.0 * np.sin(w * 0.5 * (a + m)) + np.sin(w * m))
    right = (b - m) / 6.0 * (np.sin(w * m) + 4.0 * np.sin(w * 0.5 * (m + b)) + np.sin(w * b))
    if abs(left + right - whole) < 1e-3:
        return left + right
    return quadrature(w, a, m) + quadrature(w, m, b)


def ackermann(m, x):
    if m == 0:
        return x + 0.5 * np.sin(x)
    if x < 1.0:
        return ackermann(m - 1, x + 0.25)
    return ackermann(m - 1, 0.5 * ackermann(m, x - 1.0))


def tree(values, weights, k):
    """A binary tree in an array, each node with its two children behind it."""
    if 2 * k + 1 >= len(values):
        return values[k]
    below = weights[0] * tree(values, weights, 2 * k + 1) + weights[1] * tree(values, weights, 2 * k + 2)
    return np.tanh(values[k] + below)


def game(x, depth, sign):
    """The value of a game in which one of two moves is the best."""
    if depth == 0:
        return np.sum(x * x) - x[0]
    left = game(np.sin(x), depth - 1, -sign)
    right = game(x * 0.9, depth - 1, -sign)
    return max(left, right) * sign if left * sign > right * sign else 0.5 * (left + right)


def even(x, n):
    return x if n == 0 else odd(x * x + 0.1, n - 1)


def odd(x, n):
    return np.sin(x) if n == 0 else even(x + 1.0, n - 1) * x


def evaluated(node, x):
    """An expression as nested tuples, which are known at compile time only in their structure."""
    kind = node[0]
    if kind == "x":
        return x
    if kind == "number":
        return node[1]
    return evaluated(node[1], x) * np.sin(evaluated(node[2], x))


def binomial(p, n, k):
    if k < 0 or k > n:
        return 0.0
    if n == 0:
        return 1.0
    return p * binomial(p, n - 1, k - 1) + (1.0 - p) * binomial(p, n - 1, k)


def twice(x, y, n):
    """One argument in the place of two, and one that is an array with another one."""
    if n == 0:
        return np.dot(x, y)
    return twice(x * y, x, n - 1) + 0.5 * twice(y, y, n - 1)


def deep(state, n):
    """A recursion on a container."""
    position, speed = state
    if n == 0:
        return np.sum(position * speed)
    return deep((position + 0.1 * speed, speed - 0.1 * np.sin(position)), n - 1)


def logarithm(x):
    """The test of the recursion reads the argument."""
    if abs(x - 1.0) < 0.1:
        y = (x - 1.0) / (x + 1.0)
        return 2.0 * (y + y**3 / 3.0 + y**5 / 5.0 + y**7 / 7.0)
    return 2.0 * logarithm(np.sqrt(x))


def in_a_loop(x, n):
    total = 0.0
    for k in range(3):
        total += power(x[k], n) * continued_fraction(x[k] + 1.0, k)
    return total


def several(x, n):
    """Two results: no local gradient."""
    if n == 0:
        return x, 1.0
    s, c = several(0.5 * x, n - 1)
    return s + x * c, c * np.cos(s)


def of_several(x, n):
    s, c = several(x, n)
    return s * c


def vector(x, n):
    """A result that is an array."""
    return x if n == 0 else np.sin(vector(x * 1.1, n - 1)) + x


def of_vector(x, n):
    return np.sum(vector(x, n) ** 2)


def gradient_step(x, n):
    """A recursion on the gradient of a recursion."""
    if n == 0:
        return power(x, 3)
    return gradient_step(x - 0.1 * s2sad.grad(power)(x, 3), n - 1)


class Case(NamedTuple):
    function: Callable[..., Any]
    args: tuple[Any, ...]
    argnums: tuple[int, ...]
    native: bool = True


RNG = np.random.default_rng(0)
X = np.array([0.7, 1.3, 0.4])
CASES = [
    Case(determinant, (RNG.normal(size=(4, 4)),), (0,)),
    Case(power, (1.3, 5), (0,)),
    Case(horner, (0.7, RNG.normal(size=5), 0), (0, 1)),
    Case(halves, (RNG.uniform(0.5, 1.5, size=7),), (0,)),
    Case(continued_fraction, (1.7, 5), (0,)),
    Case(quadrature, (3.0, 0.1, 2.0), (0, 1, 2)),
    Case(ackermann, (2, 2.3), (1,)),
    Case(tree, (RNG.normal(size=7), np.array([0.6, 0.8]), 0), (0, 1)),
    Case(game, (X, 3, 1.0), (0,)),
    Case(even, (0.6, 3), (0,)),
    Case(binomial, (0.3, 5, 2), (0,)),
    Case(twice, (X, X[::-1].copy(), 2), (0, 1)),
    Case(deep, ((X, 0.5 * X), 3), (0,), native=False),
    Case(logarithm, (3.7,), (0,)),
    Case(in_a_loop, (X, 3), (0,)),
    Case(of_several, (0.8, 3), (0,), native=False),
    Case(of_vector, (X, 3), (0,), native=False),
    Case(gradient_step, (0.8, 2), (0,), native=False),
]


def named(case: Case) -> str:
    return case.function.__name__


@pytest.mark.parametrize("case", CASES, ids=named)
def test_both_modes_at_second_order(case):
    s2sad.check_grads(case.function, case.args, order=2)


def test_the_structure_of_an_expression():
    node = ("times", ("times", ("x",), ("number", 2.0)), ("x",))
    s2sad.check_grads(lambda x: evaluated(node, x), (0.8,), order=2)


@pytest.mark.parametrize("case", CASES, ids=named)
def test_products_of_the_hessian(case):
    first, *_ = case.argnums
    if isinstance(case.args[first], tuple):
        pytest.skip("the argument is a container")
    v = np.ones_like(case.args[first]) if isinstance(case.args[first], np.ndarray) else 1.0
    product = s2sad.hvp(case.function, argnums=first)(*case.args, v)
    hessian = s2sad.jacrev(s2sad.grad(case.function, first), first)(*case.args)
    assert np.allclose(np.sum(np.atleast_1d(product)), np.sum(hessian), rtol=1e-10)


@pytest.mark.parametrize("case", [c for c in CASES if c.native], ids=named)
def test_native_code(case):
    argnums = case.argnums if len(case.argnums) > 1 else case.argnums[0]
    expected = s2sad.value_and_grad(case.function, argnums)(*case.args)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        found = s2sad.value_and_grad(case.function, argnums, backend="numba")(*case.args)
    assert np.allclose(found[0], expected[0], rtol=1e-12)
    one = len(case.argnums) == 1
    for a, b in zip([found[1]] if one else found[1], [expected[1]] if one else expected[1], strict=True):
        assert np.allclose(a, b, rtol=1e-12)
