"""What a step of a loop keeps is one record: from loop to loop, through nested loops, and from sweep to sweep."""

import numpy as np
import pytest

import s2sad

X = np.array([0.3, -0.2, 0.7])


def two_values(x, n):
    h = x
    for _ in range(n):
        h = np.tanh(h * x) + np.sin(h)
    return np.sum(h)


def nested(x, n):
    total = x
    for i in range(n):
        y = np.sin(total)
        for _ in range(i + 1):
            y = np.tanh(y * total) * np.cos(y)
        total = total * y + np.exp(y)
    return np.sum(total)


def leaves_early(x, n):
    h = x
    for _ in range(n):
        h = np.tanh(h * x) * np.cos(h)
        if np.sum(h) < 0.1:
            break
    return np.sum(h)


def repeats(x, n):
    h, k = x, 0
    while k < n:
        h = np.tanh(h * x) * np.cos(h)
        k += 1
    return np.sum(h)


def step(h, x):
    return np.tanh(h * x) * np.cos(h)


def inner(x, n):
    h = x
    for _ in range(n):
        h = step(h, x) * np.sin(h)
    return h


def calls(x, n):
    return np.sum(inner(x, n) ** 2)


PROGRAMS = [two_values, nested, leaves_early, repeats, calls]


@pytest.mark.parametrize("f", PROGRAMS, ids=[f.__name__ for f in PROGRAMS])
@pytest.mark.parametrize("n", [0, 1, 3])
def test_derivatives(f, n):
    s2sad.check_grads(f, (X, n), order=2)


@pytest.mark.parametrize("f", PROGRAMS, ids=[f.__name__ for f in PROGRAMS])
def test_no_loop_scans_two_lists_of_one_loop(f):
    text = s2sad.grad(f).lower(X, 3).source
    loops = [line for line in text.splitlines() if line.lstrip().startswith("for ")]
    assert any("reversed(kept" in line for line in loops)
    assert all(line.count("reversed(") - line.count("reversed(range(") <= 1 for line in loops)
