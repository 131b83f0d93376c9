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


def fibonacci(n, x, memo):
    """A dictionary of what is known already; its keys are known at compile time."""
    if n in memo:
        return memo[n]
    memo[n] = x if n < 2 else fibonacci(n - 1, x, memo) * 0.5 * fibonacci(n - 2, x, memo) + x
    return memo[n]


def memoised(x):
    return fibonacci(6, x, {})


def memoised_inside(x):
    known = {0: x, 1: np.sin(x)}

    def term(n):
        if n not in known:
            known[n] = term(n - 1) * term(n - 2) + 0.1
        return known[n]

    return term(6)


def with_aux(x, n):
    """A further result, which has no derivative."""
    if n == 0:
        return np.sin(x), {"calls": 1}
    value, info = with_aux(x * x, n - 1)
    return value * x, {"calls": info["calls"] + 1}


def of_aux(x, n):
    value, info = with_aux(x, n)
    return value * info["calls"]


def early(x, n):
    """Several ways out, one of them behind two calls."""
    if n <= 0:
        return 0.1 * x
    if x > 1.0:
        return early(x - 0.7, n - 1) * x
    for k in range(n):
        y = early(x * 0.6, k)
        if y > 0.04:
            return y * np.exp(x)
    return early(x + 0.5, n - 2) ** 2


class Branch(NamedTuple):
    left: Any
    right: Any
    weight: float


def leaf_sum(node, x):
    """A tree of tuples: None where there is no child."""
    if node is None:
        return np.cos(x)
    return np.tanh(node.weight * leaf_sum(node.left, x) + leaf_sum(node.right, 0.5 * x))


def of_tree(w, x):
    leaf = Branch(None, None, w)
    return leaf_sum(Branch(leaf, Branch(None, leaf, 0.5), w * w), x)


def defaults(x, n=3, *, scale=0.5):
    return x if n == 0 else scale * x * defaults(np.sin(x), n=n - 1, scale=scale * 1.1)


def keywords(x):
    return defaults(x) + defaults(x, scale=2.0, n=1)


def distances(state, n):
    """A dictionary of arrays and numbers."""
    if n == 0:
        return np.sum(state["x"]) * state["s"]
    return distances({"x": np.tanh(state["x"]), "s": state["s"] * state["x"][0]}, n - 1) + state["s"]


def in_single_precision(x, n):
    return np.sum(x * x) if n == 0 else np.float32(0.5) * in_single_precision(np.sin(x), n - 1)


def while_and_recursion(x, n):
    total = 0.0
    while x > 0.5:
        total += while_and_recursion(x * 0.4, n - 1) if n else x * x
        x = x - 0.3
    return total + x


def in_a_closure(x, n):
    scale = np.exp(x)

    def inner(y, k):
        return y * scale if k == 0 else inner(np.sin(y) + x, k - 1) * y

    return inner(0.3 * x, n)


def three_functions(x, n):
    return first_of_three(x, n) + third_of_three(x, 1)


def first_of_three(x, n):
    return x if n <= 0 else second_of_three(np.sin(x), n) * x


def second_of_three(x, n):
    return third_of_three(x * x, n - 1) if n % 2 else first_of_three(x + 0.2, n - 1)


def third_of_three(x, n):
    return np.cos(x) if n <= 0 else first_of_three(x, n - 1) + second_of_three(x, n - 1)


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
    Case(memoised, (0.6,), (0,)),
    Case(memoised_inside, (0.6,), (0,)),
    Case(of_aux, (0.9, 3), (0,), native=False),
    Case(early, (1.9, 4), (0,)),
    Case(of_tree, (0.7, 0.4), (0, 1)),
    Case(keywords, (0.8,), (0,)),
    Case(distances, ({"x": X, "s": 1.3}, 3), (0,), native=False),
    Case(while_and_recursion, (1.35, 2), (0,)),
    Case(in_a_closure, (0.7, 3), (0,)),
    Case(three_functions, (0.6, 4), (0,), native=False),
    Case(in_single_precision, (X.astype(np.float32), 2), (0,)),
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
    if isinstance(case.args[first], (tuple, dict)):
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


LOCAL = {
    determinant: True,
    halves: True,  # slices: each call does something with all of what it is given
    game: True,
    power: True,
    tree: False,  # every call gets all values
    horner: False,
    twice: False,
}


@pytest.mark.parametrize("case", [c for c in CASES if c.function in LOCAL], ids=named)
def test_which_calls_hand_over_their_gradient(case):
    """Those that are not given an array as it was: their gradients are as large as what they work on."""
    for backend, local in ((None, LOCAL[case.function]), ("numba", True)):
        text = s2sad.grad(case.function, case.argnums, backend=backend).lower(*case.args).source
        assert (f"def {case.function.__name__}_value_and_grad(" in text) == local


def test_memory_is_that_of_the_calls_on_the_way():
    """No tree of residuals: what is kept at any time belongs to the calls that have not returned."""
    derivative, a = s2sad.grad(determinant), RNG.normal(size=(7, 7))
    derivative(a)
    tracemalloc.start()
    derivative(a)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 100_000
