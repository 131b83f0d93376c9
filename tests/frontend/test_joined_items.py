"""Arrays of different lengths, gathered in a list of run-time length and joined."""

import contextlib
import warnings

import numpy as np
import pytest

import s2sad

X = np.array([0.7, -1.2, 2.0, 0.4])


def growing(x, n):
    parts = []
    for k in range(n):
        parts.append(x[: k + 1] * (k + 1.0))
    return np.sum(np.concatenate(parts) ** 3)


def until(x, n):
    parts = []
    k = 1
    while k <= n:
        parts.append(np.cumsum(x[:k]))
        k += 1
    return np.prod(np.cos(np.hstack(parts)))


def replaced(x, n):
    parts = [x[:k] ** 2 for k in range(n)]
    parts[1] = parts[1] * x[3]
    parts.reverse()
    return np.concatenate(parts, axis=None) @ np.sin(np.concatenate(parts))


def blocks_below(x, n):
    rows = []
    for k in range(n):
        rows.append(np.outer(x[: k + 1], x))
    return np.sum(np.vstack(rows) ** 2) + np.concatenate(rows, axis=0)[n, 1]


def blocks_beside(x, n):
    rows = []
    for k in range(n):
        rows.append(np.outer(x, x[k:]))
    return np.sum(np.hstack(rows) ** 2 * x[:, None]) + np.concatenate(rows, axis=-1)[1, n]


def up_to_a_break(x, n):
    parts = []
    for k in range(100):
        parts.append(np.sin(x[k % 2 : k % 2 + 2] * (k + 1.0)))
        if k > 2 * n:
            break
    return np.sum(np.concatenate(parts) ** 2) * len(parts)


PROGRAMS = [growing, until, replaced, blocks_below, up_to_a_break, blocks_beside]


@pytest.mark.parametrize("f", PROGRAMS, ids=lambda f: f.__name__)
def test_joined(f):
    s2sad.check_grads(f, (X, 4))
    assert s2sad.value_and_grad(f)(X, 4)[0] == f(X, 4)


@pytest.mark.parametrize("f", PROGRAMS, ids=lambda f: f.__name__)
def test_second_order_and_many_examples(f):
    gradient = s2sad.grad(f)
    s2sad.check_grads(lambda x: np.cos(X) @ gradient(x, 3), (X,))
    rows = np.stack([X, 0.5 * X, -X])
    expected = [gradient(row, 3) for row in rows]
    np.testing.assert_allclose(s2sad.vmap(gradient, (0, None))(rows, 3), expected, rtol=1e-13)


@pytest.mark.parametrize("f", PROGRAMS[:-1], ids=lambda f: f.__name__)
def test_as_machine_code(f):
    pytest.importorskip("llvmlite")
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        found = s2sad.grad(f, backend="native")(X, 4)
    np.testing.assert_allclose(found, s2sad.grad(f)(X, 4), rtol=1e-12)


def test_no_items_raise_as_in_numpy():
    with pytest.raises(ValueError, match="at least one array"):
        s2sad.grad(growing)(X, 0)


@pytest.mark.parametrize("join", [np.stack, np.vstack, np.array, np.concatenate], ids=lambda f: f.__name__)
def test_parts_that_turn_out_to_have_one_length(join):
    def windows(x, n):
        parts = []
        for k in range(n):
            parts.append(x[k : k + 2] * x[k])
        return np.sum(join(parts) ** 2)

    s2sad.check_grads(windows, (X, 3))
    with pytest.raises(ValueError) if join is not np.concatenate else contextlib.nullcontext():
        s2sad.grad(windows)(X, 4)
