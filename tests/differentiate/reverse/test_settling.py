"""What a step keeps for its reverse sweep, and what is computed again of that."""

import re
import tracemalloc

import numpy as np
import pytest

import s2sad
from s2sad.dispatch.sharing import SHARED  # noqa: E402
from s2sad.testing import numerical_jvp


def pairs(x, dt, steps):
    for _ in range(steps):
        gap = x[:, None] - x[None, :]
        x = x - dt * np.sum(gap * np.exp(-gap * gap), axis=1)
    return np.sum(x * x)


def states(x, a, steps):
    for _ in range(steps):
        y = np.tanh(a @ x)
        x = x + 0.1 * y * x
        x = np.sin(x)
    return np.sum(x * x)


def left_early(x, a, steps):
    for _ in range(steps):
        gap = x[:, None] - x[None, :]
        x = x - 0.1 * np.sum(gap * gap * gap, axis=1) * a[0]
        if np.sum(x * x) < 0.5:
            break
    return np.sum(x)


def nested(x, a, steps):
    total = 0.0
    for i in range(steps):
        gap = x[:, None] * a - x[None, :]
        for j in range(2):
            wide = gap * gap + a * j
            total += np.sum(wide * wide) * (i + 1)
        x = x + 0.01 * np.sum(gap * gap * gap, axis=0)
    return total


def in_branches(x, a, steps):
    for i in range(steps):
        gap = x[:, None] - x[None, :]
        if i % 2 == 0:
            square = gap * gap
            x = x - 0.1 * np.sum(square * gap * a, axis=1)
        else:
            x = x * np.sum(gap * gap)
    return np.sum(x**3)


def while_loop(x, a, steps):
    k = 0
    while k < steps:
        gap = x[:, None] - x[None, :]
        x = x - 0.1 * np.sum(gap * gap * a, axis=1)
        k += 1
    return np.sum(x**3)


def numbers(x, a, steps):
    s, p = 1.0, x[0]
    for _ in range(steps):
        q = s * p + a[0, 0]
        s = np.sin(q) * s
        p = p + s * q
    return s * p


def written(x, a, steps):
    x = x.copy()
    for i in range(steps):
        gap = x[:, None] - a
        x[:] = x + 0.1 * np.sum(gap * gap, axis=1)
        x[i] *= x[i + 1]
    return np.sum(x * x)


def pull(x, k):
    gap = x[:, None] - x[None, :]
    return np.sum(k * gap * (gap * gap + 0.5) ** -1.5, axis=1)


def pulled(x, a, steps):
    y = x
    for _ in range(steps):
        y = y - 0.1 * pull(x, a)
        x = x + 0.1 * pull(y, a) + 0.1 * y
    return np.sum(x * y)


def heated(x, a, steps):
    """What a step computes of all pairs, by a matrix that changes too."""
    for _ in range(steps):
        x = x + 0.1 * pull(x, a)
        a = a * np.cos(x)
    return np.sum(x * x)


def products(x, a, steps):
    for _ in range(steps):
        weights = np.exp(-((np.outer(x, x) @ a) ** 2))
        x = x + 0.1 * weights @ x
    return np.sum(x * x)


X, A = np.array([0.3, -0.4, 0.9, 0.2]), np.cos(np.arange(16.0)).reshape(4, 4)


FUNCTIONS = (pairs, states, left_early, nested, in_branches, while_loop, numbers, written, pulled, heated, products)
NATIVE = (pairs, numbers, written, pulled)


@pytest.mark.parametrize(
    ("f", "backend"),
    [*((f, "numpy") for f in FUNCTIONS), *((f, "numba") for f in NATIVE)],
    ids=lambda v: getattr(v, "__name__", v),
)
def test_the_gradient_is_right(f, backend):
    second = 0.1 if f is pairs else A
    x_dot = np.array([0.7, 0.2, -0.5, 0.4])
    expected, _ = numerical_jvp(f, (X, second, 3), {0: x_dot}, step=1e-2)
    assert s2sad.grad(f, backend=backend)(X, second, 3) @ x_dot == pytest.approx(expected[0], rel=1e-7)
    gradient = s2sad.grad(f, backend=backend)
    expected, _ = numerical_jvp(lambda x: x_dot @ gradient(x, second, 3), (X,), {0: x_dot}, step=1e-2)
    twice = s2sad.grad(lambda x: x_dot @ s2sad.grad(f)(x, second, 3))
    assert twice(X) @ x_dot == pytest.approx(expected[0], rel=1e-6)


def test_of_arrays_of_pairs_the_vector_is_kept_that_they_are_computed_of():
    source = s2sad.grad(pairs).lower(X, 0.1, 3).source
    assert re.search(r"xs\.append\(x\)", source), source
    assert source.count(" = np.exp(") == 1
    assert source.count("    gap = x") == 2


def test_the_same_of_a_function_that_is_called_in_a_loop():
    source = s2sad.grad(pulled).lower(X, A, 3).source
    assert re.search(r"kept\.append\(\(x, y\)\)", source), source
    assert "def pull(x, k)" in source
    assert "def pull_reverse(x, k, result_bar)" in source


@pytest.mark.parametrize(
    ("f", "kept"),
    [
        (heated, r"append\(\(x, a, \w+, \w+\)\)"),  # a is of the order of pairs itself
        (products, r"append\(\(x, \w+, weights\)\)"),  # a product of matrices is not done again
    ],
)
def test_pairs_are_kept_where_what_they_are_computed_of_is_no_less(f, kept):
    source = s2sad.grad(f).lower(X, A, 3).source
    assert re.search(kept, source), source


def test_functions_that_are_called_once_or_in_short_loops_keep_what_costs_time():
    for f in (lambda x: np.sum(pull(x, A) * x) * np.sum(pull(x * x, A)), lambda x: pulled(x, A, 3)):
        source = s2sad.grad(f).lower(X).source
        assert "pull_forward" in source, source


def test_the_memory_of_a_step_is_that_of_what_it_carries():
    x, size = np.linspace(-1.0, 1.0, 60), 60

    def peak(steps):
        derivative = s2sad.grad(pulled).lower(x, np.ones((size, size)), steps)
        derivative(x, np.ones((size, size)), steps)
        tracemalloc.start()
        derivative(x, np.ones((size, size)), steps)
        found = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        return found

    # by hand: two vectors for each of ten steps more, with what Python needs for an array
    assert peak(30) - peak(20) < 10 * 2 * (8 * size + 200)


def moved(x, dt, steps):
    for _ in range(steps):
        x = np.sin(x) + dt * x[::-1] * np.sum(x)
        dt = dt * np.max(x * x)
    return np.sum(x * x)


def test_what_a_loop_carries_is_kept_once():
    lowered = s2sad.grad(moved).lower(X, 0.1, 3)
    assert re.search(r"append\(\(x, dt, \w+, \w+\)\)", lowered.source), lowered.source
    expected, _ = numerical_jvp(moved, (X, 0.1, 3), {0: X}, step=1e-3)
    assert lowered(X, 0.1, 3) @ X == pytest.approx(expected[0], rel=1e-7)


def test_the_array_that_a_callee_keeps_is_smaller_than_what_it_computes():
    size = 200

    def energy(x):
        return pairs(x, 0.01, 6)

    x = np.linspace(-1.0, 1.0, size)
    derivative = s2sad.grad(energy).lower(x)
    derivative(x)
    tracemalloc.start()
    derivative(x)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    # one array of pairs for each of six steps, and no more than six that one step needs
    assert peak < 13 * 8 * size * size


def logistic(x):
    return 1.0 / (1.0 + np.exp(-x))


def two_gates(x, a):
    u = logistic(a * x)
    v = logistic(u + x)
    return np.tanh(u * v) * v


def two_gates_of_all(x, a):
    return np.sum(two_gates(x, a) * two_gates(a, x))


def test_what_is_handed_over_stands_in_one_order(tmp_path, monkeypatch):
    texts = set()
    kept = []
    for k in range(8):
        kept.append([object() for _ in range(1000 * k + 17)])  # values stand elsewhere in memory each time
        SHARED.known.clear()
        monkeypatch.setenv("S2SAD_CACHE_DIR", str(tmp_path / f"cache{k}"))
        texts.add(s2sad.grad(two_gates_of_all, (0, 1)).lower(np.ones(3), np.ones(3)).source)
    assert len(texts) == 1
