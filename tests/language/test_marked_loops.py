"""A marked loop that is left early: the steps behind the last one change nothing."""

import numpy as np
import pytest

import s2sad
from tests.against_python import check, programs


def leaves_early(x):
    for k in s2sad.checkpointed(range(4), snapshots=2):
        x = np.tanh(x) * 1.3
        if x[0] < 0.8:
            break
    return np.sum(x)


def leaves_early2(x):
    for k in s2sad.checkpointed(range(6), snapshots=2):
        x = np.tanh(x) * 1.3
        if k == 2:
            return np.sum(x)
    return np.sum(x * x)


def leaves_first(x):
    for k in s2sad.checkpointed(range(6), snapshots=2):
        if x[0] > 0:
            break
        x = np.tanh(x) * 1.3
    return np.sum(x * x)


def leaves_never(x):
    for k in s2sad.checkpointed(range(6), snapshots=2):
        x = np.tanh(x) * 1.3
        if x[0] > 100:
            break
    return np.sum(x * x) * k


def leaves_count(x):
    n = 0
    for k in s2sad.checkpointed(range(7), snapshots=3):
        x = np.sin(x) * 1.1 + 0.1
        n += 1
        if np.sum(x) > 1.75:
            break
    else:
        x = x * 2
    return np.sum(x * x) * n + k


def leaves_continue(x):
    for k in s2sad.checkpointed(range(7), snapshots=3):
        if k == 2:
            continue
        x = np.sin(x) * 1.1 + 0.1
        if k > 4:
            break
        x = x * x
    return np.sum(x * x)


def leaves_store(x):
    y = np.zeros(5)
    for k in s2sad.checkpointed(range(5), snapshots=2):
        x = np.sin(x) * 1.1 + 0.1
        y[k] = np.sum(x)
        if k == 3:
            break
    return np.sum(y * y)


def leaves_new(x):
    for k in s2sad.checkpointed(range(5), snapshots=2):
        last = np.sin(x) * 1.1 + 0.1
        x = last * x
        if k == 3:
            break
    return np.sum(last * x)


def leaves_late_error(x):
    for k in s2sad.checkpointed(range(8), snapshots=2):
        x = x * 1.1
        if k == 3:
            break
        x = x + x[k]
    return np.sum(x * x)


def test_at_second_order():
    s2sad.check_grads(leaves_early, (np.array([0.7, 1.3, -0.6, 0.4]),), order=2)


@pytest.mark.parametrize("f", programs(globals(), "leaves_"))
def test_it_is_left_where_python_leaves_it(f):
    check(f)
