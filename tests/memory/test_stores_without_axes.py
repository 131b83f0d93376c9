"""Stores into arrays of no axes, of which there is no part; and `np.put`, whose values begin anew."""

import numpy as np
import pytest

from tests.against_python import check, programs


def stores_all_of_it(x):
    y = np.array(x[0])
    y[()] = y * 2.0
    y += 1.0
    y[...] = y * x[1]
    return y.item() ** 2


def stores_into_zeros(x):
    y = np.zeros(())
    y[()] = x[0]
    y[...] = y * x[1]
    return y[()] ** 2


def stores_a_sum(x):
    y = np.array(x[0] * 1.0)
    y[()] += x[1]
    return float(y) ** 2


def stores_in_a_loop(x):
    y = np.zeros(())
    for i in range(4):
        y[()] = y + x[i] ** 2
    return y * 2


def stores_under_two_names(x):
    y = np.array(x[0])
    z = y
    z[()] = x[1] * x[2]
    if x[0] > 0:
        y[()] = y * y
    return y[()] + z.item()


def stores_by_functions(x):
    y = np.empty(())
    np.copyto(y, x[0] * x[1])
    y -= x[2]
    z = np.asarray(np.sum(x * x))
    z += 1.0
    z.fill(2.0)
    return y**2 + z * x[0]


def puts_fewer_values(x):
    y = x.copy()
    np.put(y, [0, 1, 3], x[1:3] * x[0])
    np.put(y, [0, 2], x)
    y.put([1, 3], 7.0 * x[0])
    return np.sum(y * np.arange(1.0, 5.0))


def puts_so_many_as_a_run_has(x):
    y = x.reshape(2, 2).copy()
    n = int(x[1]) + 1
    np.put(y, np.arange(n), x[n:] * 2)
    np.put(y, 3, [x[0], x[1]])
    np.put(y, [[0, 1], [2, 3]], [x[3] * 2])
    return np.sum(y * y * np.arange(1.0, 5.0).reshape(2, 2))


def puts_nothing_and_matrices(x):
    y = x * 1.0
    np.put(y, [], x)
    y.put(np.array([[0, 3]]), [[5.0], [x[0]]])
    return np.sum(y * x)


def puts_around_and_within(x):
    y = x * 1.0
    np.put(y, [5, 2], [1.0, 2.0], mode="wrap")
    np.put(y, [-1, 7], x[1:3], "clip")
    return np.sum(y * x)


@pytest.mark.parametrize("f", [*programs(globals(), "stores_"), *programs(globals(), "puts_")])
def test_a_store_is_that_of_numpy(f):
    check(f)
