"""Functions that call themselves: both modes, second order, native code, and how much memory they take."""

import copy
import tracemalloc
import warnings
from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np
import pytest

import s2sad
from s2sad.testing import numerical_jvp


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


def put_squares(a, k, x):
    """Writes, calls itself behind that, and gives a number."""
    if k == len(a):
        return np.sum(a)
    a[k] += x * x * (k + 1)
    return put_squares(a, k + 1, np.sin(x))


def squares(x):
    a = np.zeros(4)
    total = put_squares(a, 0, x)
    return total * a[1] + a[3]


def add_up(a, lo, hi):
    """Sums of all before, by halves; it gives nothing."""
    if hi - lo == 1:
        return
    mid = (lo + hi) // 2
    add_up(a, lo, mid)
    add_up(a, mid, hi)
    a[mid:hi] += a[mid - 1]


def scan(x):
    a = x.copy()
    add_up(a, 0, len(a))
    return np.sum(np.sin(a))


def haar(a):
    """Writes into views: the calls get a part of the array."""
    n = len(a)
    if n == 1:
        return
    s, d = a[0::2] + a[1::2], a[0::2] - a[1::2]
    a[: n // 2] = s
    a[n // 2 :] = d * s
    haar(a[: n // 2])


def wavelet(x):
    a = np.concatenate((x, x[:1] ** 2))
    haar(a)
    return np.sum(a * np.arange(1.0, len(a) + 1))


def eliminate(a):
    """LU in place, on the block below."""
    if len(a) > 1:
        a[1:, 0] /= a[0, 0]
        a[1:, 1:] -= np.outer(a[1:, 0], a[0, 1:])
        eliminate(a[1:, 1:])


def pivots(m):
    eliminate(m)
    return np.sum(np.log(np.abs(np.diag(m)))) + m[2, 0] * m[0, 2]


def table_of(n, x, table):
    """Results are kept in an array, whose entries tell whether they are there."""
    if table[n] != 0.0:
        return table[n]
    value = x if n < 2 else table_of(n - 1, x, table) * 0.5 * table_of(n - 2, x, table) + x
    table[n] = value
    return value


def tabulated(x, n):
    return table_of(n, x, np.zeros(n + 1)) + x


def tabulated_inside(x, n):
    table = np.zeros(n + 1)

    def term(k):
        if k < 2:
            return np.sin(x)
        if table[k] == 0.0:
            table[k] = term(k - 1) + term(k - 2) * x
        return table[k]

    return term(n) * np.sum(table)


def to_and_fro(a, b, n):
    """Two arrays, which change places."""
    if n > 0:
        b[1:] = a[:-1] * b[1:]
        b[0] = np.sin(a[-1])
        to_and_fro(b, a, n - 1)


def swapped(x, y):
    to_and_fro(x, y, 3)
    return np.sum(x * y) + x[0]


def filled(a, k):
    """Returns the array that it is given."""
    if k < len(a):
        a[k] *= a[k - 1]
        return filled(a, k + 1)
    return a


def of_filled(x):
    b = filled(x, 1)
    b[0] = b[2] * x[1]
    return np.sum(x**2)


def paint(grid, heat, i, j, value):
    """A flood fill: early returns in front of the stores."""
    if i < 0 or j < 0 or i >= len(grid) or j >= len(grid):
        return 0
    if grid[i, j] or value < 0.05:
        return 0
    grid[i, j] = True
    heat[i, j] = value * heat[i, j]
    done = 1
    for di, dj in ((0, 1), (1, 0), (0, -1)):
        done += paint(grid, heat, i + di, j + dj, 0.6 * value)
    return done


def flooded(m, x):
    grid = np.zeros((4, 4), dtype=bool)
    count = paint(grid, m, 1, 1, x)
    return np.sum(np.sin(m)) * count


def raise_evens(a, k):
    if k < len(a):
        a[k] = a[k] ** 2
        raise_odds(a, k + 1)


def raise_odds(a, k):
    if k < len(a):
        a[k] = np.sin(a[k]) * a[k - 1]
        raise_evens(a, k + 1)


def by_turns(x):
    raise_evens(x, 0)
    raise_odds(x, 1)
    return np.sum(x)


def combine(a, k):
    """Only the other one writes, and not all ways lead to it."""
    if k <= 0:
        return a[0]
    if k % 2:
        return combine(a, k - 1) * a[k]
    return a[k] + stir(a, k)


def stir(a, k):
    a[k - 1] = np.cos(a[k])
    return combine(a, k - 2)


def stirred(x):
    return combine(x, 3) + combine(x, 2) * np.sum(x)


def search(board, row, x):
    """Backtracking: what is written is taken back."""
    if row == len(board):
        return np.prod(1.0 + board * x)
    total = 0.0
    for k in range(2):
        board[row] = x[row] + k
        total += search(board, row + 1, x)
    board[row] = 0.0
    return total


def searched(x):
    board = np.zeros(3)
    return search(board, 0, x) + np.sum(board)


Y = np.array([1.1, 0.3, -0.8, 0.9])
M = RNG.normal(size=(4, 4)) + 4.0 * np.eye(4)
IN_PLACE = [
    Case(squares, (0.7,), (0,)),
    Case(scan, (X,), (0,)),
    Case(wavelet, (X,), (0,)),
    Case(pivots, (M,), (0,)),
    Case(tabulated, (0.6, 6), (0,)),
    Case(tabulated_inside, (0.6, 5), (0,)),
    Case(swapped, (Y, Y[::-1] + 0.5), (0, 1)),
    Case(of_filled, (Y,), (0,)),
    Case(flooded, (M, 0.9), (0, 1)),
    Case(by_turns, (Y,), (0,)),
    Case(stirred, (Y,), (0,)),
    Case(searched, (X,), (0,)),
    Case(put_squares, (np.array([0.3, 0.4, 0.5]), 0, 0.7), (0, 2)),
    Case(table_of, (4, 0.8, np.zeros(5)), (1,)),
]


def on_copies(f):
    return lambda *args: f(*copy.deepcopy(args))


@pytest.mark.parametrize("case", IN_PLACE, ids=named)
def test_functions_that_write_into_their_parameters(case):
    """Both modes and both orders against differences of the function on copies; the arguments stay as they were."""
    args = copy.deepcopy(case.args)
    dots = {k: RNG.normal(size=np.shape(args[k])) for k in case.argnums}
    gradient = s2sad.grad(case.function, case.argnums)
    for f in (case.function, gradient):
        expected, error = numerical_jvp(on_copies(f), args, dots)
        tangents = [dots.get(k, np.zeros_like(a, dtype=float)) for k, a in enumerate(args)]
        _, found = s2sad.jvp(f, args, tangents)
        found = np.concatenate([np.ravel(leaf) for leaf in (found if isinstance(found, tuple) else (found,))])
        np.testing.assert_allclose(found, expected, rtol=1e-6, atol=1e-8 + 10 * np.max(error))
        if f is not gradient:
            slope = sum(np.sum(bar * dots[k]) for k, bar in zip(case.argnums, gradient(*args), strict=True))
            np.testing.assert_allclose(slope, expected[0], rtol=1e-6, atol=1e-8 + 10 * np.max(error))
    assert s2sad.value_and_grad(case.function, case.argnums)(*args)[0] == pytest.approx(on_copies(case.function)(*args))
    for a, b in zip(args, case.args, strict=True):
        np.testing.assert_array_equal(a, b)


def shares(a, n):
    return np.sum(a) if n == 0 else shares_two(a, a[1:], n)


def shares_two(a, b, n):
    if n > 0:
        a[0] = b[0] * a[1]
        return shares_two(b, a[1:], n - 1)
    return np.sum(a)


def collect(items, x, n):
    if n > 0:
        items.append(x)
        collect(items, np.sin(x), n - 1)


def collected(x, n):
    items = []
    collect(items, x, n)
    return sum(items)


def one_of_two(a, b, k):
    a[k] = np.sin(b[k])
    if k == 0:
        return a if a[0] > b[0] else b
    return one_of_two(a, b, k - 1)


def of_one_of_two(x, y):
    z = one_of_two(x, y, 2)
    z[0] = 1.0
    return np.sum(x * y)


def settings(options, x, n):
    if n == 0:
        return x * options["scale"]
    options["scale"] = options["scale"] * x
    return settings(options, x, n - 1)


def of_settings(x, n):
    options = {"scale": 2.0}
    return settings(options, x, n) + options["scale"]


@pytest.mark.parametrize(
    ("f", "args", "said"),
    [
        (shares, (Y, 2), "share memory"),
        (collected, (0.5, 3), "structure grows"),
        (of_one_of_two, (X, X + 0.1), "changes a list or object"),
        (of_settings, (0.7, 3), "changes a list or object"),
    ],
)
def test_what_is_refused(f, args, said):
    """With the line, at compile time."""
    with pytest.raises(s2sad.Error, match=said) as caught:
        s2sad.grad(f)(*args)
    assert "test_recursion.py" in str(caught.value)


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


def alternating(values, k, sign):
    """Two functions, which hand the same array to one another."""
    return values[k] * sign if k >= len(values) // 2 else alternated(values, 2 * k + 1, sign) * values[k]


def alternated(values, k, sign):
    if k >= len(values) - 2:
        return np.sin(values[k])
    return alternating(values, k + 1, -sign) + alternating(values, k, sign) * 0.5


def sliced_and_whole(x, y, k):
    """Some calls get all of an array, others a part of it; once it stands in two places."""
    if k == 0 or len(x) < 2:
        return x[0] * y[-1]
    return sliced_and_whole(x, y, k - 1) + sliced_and_whole(x[1:], y, k - 1) * sliced_and_whole(y, y, k - 1)


def twice_in_a_call(x, y, k):
    """A value stands at the place of an array that is handed on, and at that of another one."""
    if k == 0:
        return x[0] * y[1] + np.sum(x)
    z = np.sin(x)
    return twice_in_a_call(x * 0.9, y, k - 1) + y[0] * twice_in_a_call(z, z, k - 1) + twice_in_a_call(y, y, k - 1)


def in_loops_and_branches(x, k):
    total = 0.0
    if k > 0:
        for j in range(k):
            if x[j] > 0.5:
                total += in_loops_and_branches(x, j) * x[k]
            else:
                total -= 0.5 * in_loops_and_branches(x, j)
        total = total + in_loops_and_branches(x, k - 1) ** 2
    return total + np.sin(x[k])


def of_items(state, k):
    """Arrays in a container are handed on with it."""
    if k == 0:
        return state["w"][0] * np.sum(state["x"])
    return of_items(state, k - 1) * state["w"][k] + of_items({"w": state["w"], "x": np.sin(state["x"])}, k - 1)


def of_vectors(x, w, k):
    """The result is an array, and so is its adjoint."""
    if k == 0:
        return w * x
    return np.sin(of_vectors(x, w, k - 1)) * w[k] + of_vectors(x * 0.9, w, k - 1)


def of_sum(x, w, k):
    return np.sum(of_vectors(x, w, k) ** 2)


HANDED_ON = [
    Case(tree, (RNG.normal(size=15), np.array([0.6, 0.8]), 0), (0, 1)),
    Case(horner, (0.7, RNG.normal(size=6), 0), (0, 1)),
    Case(alternating, (RNG.normal(size=9), 0, 0.7), (0, 2)),
    Case(sliced_and_whole, (X, Y, 3), (0, 1)),
    Case(twice_in_a_call, (X, Y[:3], 2), (0, 1)),
    Case(in_loops_and_branches, (Y, 3), (0,)),
    Case(of_items, ({"x": X, "w": Y}, 3), (0,)),
    Case(of_sum, (X, X[::-1].copy(), 2), (0, 1)),
]


@pytest.mark.parametrize("case", HANDED_ON, ids=named)
def test_adjoints_that_are_handed_from_call_to_call(case):
    s2sad.check_grads(case.function, case.args, order=2)
    _, pullback = s2sad.vjp(case.function, *case.args)
    for one, two in zip(pullback(1.0), pullback(-2.0), strict=True):
        for a, b in zip(arrays_in(one), arrays_in(two), strict=True):
            np.testing.assert_allclose(b, -2.0 * a, rtol=1e-12, atol=1e-13)


def arrays_in(bar):
    return list(bar.values()) if isinstance(bar, dict) else [] if bar is None else [bar]


def numbers_made(monkeypatch, call):
    """How many numbers there are in the arrays that some functions of NumPy make in a call of a compiled function."""
    made = []

    def counting(make):
        def count(*args, **kwargs):
            result = make(*args, **kwargs)
            made.append(np.size(result))
            return result

        return count

    with monkeypatch.context() as patch:
        for name in ("zeros_like", "zeros", "full", "copy", "array"):
            patch.setattr(np, name, counting(getattr(np, name)))
        call()
    return sum(made)


def test_the_cost_is_linear_where_an_array_is_handed_on(monkeypatch):
    """Neither the reverse sweep nor what it calls makes an array of its length for each call."""
    values, weights = RNG.normal(size=1023), np.array([0.6, 0.3])
    derivative = s2sad.grad(tree, (0, 1)).lower(values, weights, 0)
    assert ".copy()" not in derivative.source
    assert 1023 < numbers_made(monkeypatch, lambda: derivative(values, weights, 0)) < 1050


def test_the_cost_is_that_of_the_slices(monkeypatch):
    """Gradients of halves are as long as these: n at each of the log n depths of the recursion."""
    x = RNG.uniform(0.5, 1.5, size=1024)
    derivative = s2sad.grad(halves).lower(x)
    assert numbers_made(monkeypatch, lambda: derivative(x)) == 11 * 1024


def test_memory_is_that_of_the_calls_on_the_way():
    """No tree of residuals: what is kept at any time belongs to the calls that have not returned."""
    derivative, a = s2sad.grad(determinant), RNG.normal(size=(7, 7))
    derivative(a)
    tracemalloc.start()
    derivative(a)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 100_000


@pytest.mark.parametrize("case", [*HANDED_ON, *IN_PLACE, *CASES], ids=named)
def test_many_examples_at_once(case):
    """Gradients of several examples are those of each."""
    if any(isinstance(a, (dict, tuple)) for a in case.args):
        pytest.skip("an argument is a container")
    gradient = s2sad.grad(case.function, case.argnums)
    factors = (1.0, 1.05, 0.95)
    stacked = [np.stack([a * t for t in factors]) if k in case.argnums else a for k, a in enumerate(case.args)]
    axes = tuple(0 if k in case.argnums else None for k in range(len(case.args)))
    found = s2sad.vmap(gradient, axes)(*stacked)
    for number in range(3):
        own = [a[number] if k in case.argnums else a for k, a in enumerate(stacked)]
        own = [a.item() if np.ndim(a) == 0 and k in case.argnums else a for k, a in enumerate(own)]
        for bars, bar in zip(found, gradient(*own), strict=True):
            np.testing.assert_allclose(bars[number], bar, rtol=1e-6, atol=1e-9)


def scan_of(x):
    a = x * x
    add_up(a, 0, len(a))
    return a * x


def wavelet_of(x):
    a = np.concatenate((x, x[:1] ** 2))
    haar(a)
    return a


@pytest.mark.parametrize("f", [scan_of, wavelet_of, lambda x: of_vectors(x, np.cos(x), 2), lambda x: vector(x, 3)])
def test_jacobians(f):
    forward, reverse = s2sad.jacfwd(f)(X), s2sad.jacrev(f)(X)
    np.testing.assert_allclose(reverse, forward, rtol=1e-12, atol=1e-12)
    expected = np.stack([numerical_jvp(f, (X,), {0: unit})[0] for unit in np.eye(3)], axis=1)
    np.testing.assert_allclose(forward, expected, rtol=1e-7, atol=1e-9)


@pytest.mark.parametrize(
    "f", [lambda x: tree(x, x[:2] * 0.5, 0), lambda x: halves(x) + horner(0.3, x, 0), scan, squares]
)
def test_hessians(f):
    x = 0.7 if f is squares else X
    hessian = s2sad.hessian(f)(x)
    gradient = s2sad.grad(f)
    expected = [numerical_jvp(gradient, (x,), {0: unit})[0] for unit in (np.eye(3) if np.ndim(x) else [1.0])]
    np.testing.assert_allclose(np.reshape(hessian, np.shape(expected)), expected, rtol=1e-6, atol=1e-8)


@pytest.mark.parametrize("f", [scan, wavelet, lambda x: tree(x, x[:2] * 0.5, 0), halves])
def test_checkpointed_and_linearized(f):
    """The other ways to the same numbers: computed again, and the tangent alone."""
    expected = s2sad.grad(f)(X)
    np.testing.assert_allclose(s2sad.grad(lambda x: s2sad.checkpoint(f)(x) * 1.0)(X), expected, rtol=1e-12)
    _, along = s2sad.linearize(f, X)
    np.testing.assert_allclose([along(unit) for unit in np.eye(3)], expected, rtol=1e-12)
