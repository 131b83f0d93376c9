"""Where NumPy raises, the derivative raises: a check of shapes stays where the statement that made it goes."""

import numpy as np
import pytest

import s2sad
from s2sad.errors import Error


def added_to_fewer(x, y):
    out = np.zeros(y.size)
    out += x
    return np.sum(out)


def added_to_one(x, y):
    out = np.zeros(1)
    out += x
    return np.sum(out)


def divided_in_place(x, y):
    out = y * 2.0
    out /= x
    return np.sum(out) * 0.0 + x[0]


def added_to_lower_rank(x, y):
    out = np.zeros(x.size)
    out -= np.outer(y, x)
    return np.sum(out)


def added_in_memory(x, y):
    out = np.zeros(y.size)
    out[0] = 1.0
    out += x
    return np.sum(out)


def stored(x, y):
    out = np.zeros(y.size)
    out[:] = x
    return np.sum(out)


def stored_for_nothing(x, y):
    out = np.zeros(y.size)
    out[:] = x
    return np.sum(x)


def stored_in_a_slice(x, y):
    out = np.zeros(9)
    out[: y.size] = x
    return np.sum(out)


def added_in_a_slice(x, y):
    out = np.zeros(9)
    out[: y.size] += x
    return np.sum(out)


def reshaped(x, y):
    return np.sum(x.reshape(y.size, 2))


def spread(x, y):
    return np.sum(np.broadcast_to(x, y.shape))


def stacked(x, y):
    return np.sum(np.stack([x, y])) + np.sum(x * x)


def rows_of_an_array(x, y):
    return np.sum(np.array([x, y])) + np.sum(x * x)


def concatenated(x, y):
    return np.sum(np.concatenate([x[None], y[None]])) + np.sum(x * x)


def stacked_vertically(x, y):
    return np.sum(np.vstack([x, y]))


def stacked_as_columns(x, y):
    return np.sum(np.column_stack([x, y]))


def sum_of_products(x, y):
    return 0.0 * np.dot(x, y) + np.sum(x)


def not_used(x, y):
    x + y
    return np.sum(x)


def copied(x, y):
    out = np.zeros(y.size)
    np.copyto(out, x)
    return np.sum(out)


def added_by_out(x, y):
    out = np.zeros(y.size)
    np.add(x, 1.0, out=out)
    return np.sum(out)


def chosen(x, y):
    return np.sum(np.where(x > 0, x, y))


def inner(x, y):
    return np.sum(x) + 0.0 * np.inner(x, y)


def determinant(x, y):
    return np.sum(x) + 0.0 * np.linalg.det(np.outer(x, y))


PROGRAMS = [
    *(added_to_fewer, added_to_one, divided_in_place, added_to_lower_rank, added_in_memory),
    *(stored, stored_for_nothing, stored_in_a_slice, added_in_a_slice),
    *(reshaped, spread, stacked, rows_of_an_array, concatenated, stacked_vertically, stacked_as_columns),
    *(sum_of_products, not_used, copied, added_by_out, chosen, inner, determinant),
]
X, Y = np.arange(1.0, 6.0), np.arange(1.0, 4.0)


@pytest.mark.parametrize("f", PROGRAMS)
def test_raises_as_numpy_does(f):
    with pytest.raises((ValueError, np.linalg.LinAlgError)):
        f(X, Y)
    calls = [
        lambda: s2sad.grad(f)(X, Y),
        lambda: s2sad.jvp(f, (X, Y), (X, Y)),
        lambda: s2sad.value_and_grad(f)(X, Y),
        lambda: s2sad.vjp(f, X, Y)[1](1.0),
    ]
    for call in calls:
        with pytest.raises((ValueError, np.linalg.LinAlgError, Error)):
            call()
