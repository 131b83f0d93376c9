"""Small arrays whose lengths are known are kept as rows of an array that is made before the loop."""

import re
import tracemalloc

import numpy as np
import pytest

import s2sad
from s2sad.testing import numerical_jvp


def swing(x, steps):
    """A state of two numbers, by the midpoint rule."""
    y = np.array([x[0], x[1]])
    for _ in range(steps):
        middle = y + 0.05 * np.array([y[1], -np.sin(y[0])])
        y = y + 0.1 * np.array([middle[1], -np.sin(middle[0]) * x[2]])
    return y[0] * y[1]


def written(x, steps):
    """What is kept is written into in the same step."""
    y = np.array([x[0], x[1], x[2]])
    for i in range(steps):
        y[:] = np.sin(y) * x[0]
        y[i % 3] += y[0] * y[1]
        y[1:] *= y[:-1]
    return np.sum(y * y)


def in_branches(x, steps):
    y = np.array([x[0], x[1]])
    for i in range(2, steps):
        if y[0] > 0.1:
            z = np.array([y[1], x[2]])
            y = y * np.sin(z) * z
        else:
            y = y - np.cos(y) * i
    return y @ y


def nested(x, steps):
    y, total = np.array([x[0], x[1]]), 0.0
    for i in range(steps):
        for j in range(i, 3):
            y = np.sin(y) * y[::-1] + 0.1 * j
        z = np.exp(y)
        total += np.sum(z * z)
        y = y * z
    return total


def backward(x, steps):
    y = np.eye(2) * x[0]
    for i in range(steps, 0, -1):
        y = np.tanh(y @ y + x[1] * i)
    return np.sum(y)


def left_early(x, steps):
    y = np.array([x[0], x[1]])
    for _ in range(steps):
        y = np.sin(y) * y
        if y[0] < 0.05:
            break
    return np.sum(y)


def two_at_once(x, steps):
    """Each state is what the other one was."""
    u, v = np.array([x[0], x[1]]), np.array([x[2], x[0]])
    for _ in range(steps):
        u, v = v * np.cos(u), u * u
    return u @ v


X = np.array([0.7, 0.4, 0.9])
FUNCTIONS = (swing, written, in_branches, nested, backward, left_early, two_at_once)


@pytest.mark.parametrize("f", FUNCTIONS, ids=lambda f: f.__name__)
@pytest.mark.parametrize("steps", [0, 1, 4])
def test_the_gradient_is_right(f, steps):
    x_dot = np.array([0.3, -0.8, 0.5])
    expected, _ = numerical_jvp(f, (X, steps), {0: x_dot}, step=1e-3)
    assert s2sad.grad(f)(X, steps) @ x_dot == pytest.approx(expected[0], rel=1e-7, abs=1e-9)


@pytest.mark.parametrize("f", FUNCTIONS, ids=lambda f: f.__name__)
def test_of_second_order_and_for_many_examples(f):
    x_dot = np.array([0.3, -0.8, 0.5])
    gradient = s2sad.grad(f)
    expected, _ = numerical_jvp(lambda x: x_dot @ gradient(x, 3), (X,), {0: x_dot}, step=1e-3)
    twice = s2sad.grad(lambda x: x_dot @ s2sad.grad(f)(x, 3))
    assert twice(X) @ x_dot == pytest.approx(expected[0], rel=1e-6, abs=1e-9)
    many = np.stack([X, 0.5 * X])
    found = s2sad.vmap(s2sad.grad(f), in_axes=(0, None))(many, 3)
    assert found == pytest.approx(np.stack([gradient(x, 3) for x in many]), rel=1e-12)


@pytest.mark.parametrize("f", [swing, two_at_once, written])
def test_they_are_kept_in_arrays(f):
    source = s2sad.grad(f).lower(X, 4).source
    assert "append" not in source and re.search(r"np\.empty\b", source), source


def test_those_of_a_loop_that_is_left_early_are_kept_in_a_list():
    assert "append" in s2sad.grad(left_early).lower(X, 4).source


def test_what_is_read_back_is_not_copied():
    assert "copy" not in s2sad.grad(swing).lower(X, 4).source


def test_the_memory_of_a_step_is_that_of_its_numbers():
    def peak(steps):
        derivative = s2sad.grad(swing).lower(X, steps)
        derivative(X, steps)
        tracemalloc.start()
        derivative(X, steps)
        found = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        return found

    # two states of two numbers, and what else is read of them
    assert peak(600) - peak(100) < 500 * 8 * 8


def few(x, ws):
    y = np.array([x[0], x[1]])
    for w in ws:
        y = y * y + w
    return np.sum(y)


def more(x, ws):
    y = np.array([x[0], x[1]])
    for w in ws:
        y = np.sin(y) * y * w
    return np.sum(y)


def test_few_arrays_are_run_over_and_of_more_the_rows_are_read_by_the_index():
    source = s2sad.grad(few).lower(X, np.ones(5)).source
    assert "in reversed(ys):" in source, source
    source = s2sad.grad(more).lower(X, np.ones(5)).source
    assert "zip(" not in source and "for i in reversed(range(len(ws)))" in source, source
