"""One context manager around and inside a block: each is entered for itself."""

import numpy as np
import pytest

import s2sad
from tests.against_python import check, programs


def enters_twice(x):
    with np.errstate(all="ignore"):
        for _ in s2sad.checkpointed(range(2), snapshots=2):
            with np.errstate(all="ignore"):
                x = np.tanh(x)
    return np.sum(x * x)


def enters_in_a_loop(x):
    with np.errstate(all="ignore"):
        for _ in range(3):
            with np.errstate(all="ignore"):
                x = np.tanh(x)
                with np.errstate(all="ignore"):
                    x = x * x
    return np.sum(x * x)


def inner(x):
    with np.errstate(all="ignore"):
        return np.tanh(x)


def enters_in_a_callee(x):
    with np.errstate(all="ignore"):
        return np.sum(inner(x) * inner(x * x))


@pytest.mark.parametrize("f", programs(globals(), "enters_"))
def test_a_manager_within_its_like(f):
    check(f)
