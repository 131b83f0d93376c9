"""Iterators of `itertools` that a condition or a loop ends; numbers of `math` and `statistics` of as many as come."""

import itertools
import math
import statistics

import numpy as np
import pytest

import s2sad

X = np.array([0.3, -1.2, 2.0, 0.9, -0.4])


def steps_until_small(x):
    y = x[2]
    for k in itertools.count():
        if y < 0.1 or k > 50:
            break
        y = y * 0.5 + 0.01 * x[0]
    return y * k


def counted_beside(x):
    total = 0.0
    for k, v in zip(itertools.count(1), x):
        total += k * v * v
    return total


def counted_down(x):
    total = 0.0
    for k in itertools.count(10, -2):
        total += x[0] ** 2 * k
        if k == 4:
            return total


def a_series(x):
    return sum(1 / (k + x[2]) ** 2 for k in itertools.takewhile(lambda k: k < 20, itertools.count()))


PROGRAMS = [
    steps_until_small,
    counted_beside,
    counted_down,
    a_series,
    lambda x: sum(itertools.takewhile(lambda v: v > -1.5, x)),
    lambda x: sum(v**2 for v in itertools.takewhile(lambda v: v > -1.0, x)),
    lambda x: sum(k * v for k, v in enumerate(itertools.dropwhile(lambda v: v > 0, x))),
    lambda x: sum(itertools.filterfalse(lambda v: v > 0, x)) * x[1],
    lambda x: sum(v**2 for v in itertools.takewhile(lambda v: v < 10, [1, 2, 3, 11, 4])) * x[0],
    lambda x: math.fsum(v * v for v in x if v > -1.0),
    lambda x: math.fsum(x) ** 2,
    lambda x: math.prod(v + 1 for v in x),
    lambda x: math.prod(x) ** 2 + math.prod([x[0], x[1]]),
    lambda x: statistics.mean(x) ** 2 + statistics.pstdev(x) + statistics.median(list(x)),
    lambda x: statistics.fmean(v * v for v in x) * statistics.stdev(x),
    lambda x: statistics.median(x[:4]) * statistics.pvariance([x[0], x[1]]) * statistics.variance(x[2:]),
]


@pytest.mark.parametrize("f", PROGRAMS, ids=range(len(PROGRAMS)))
def test_differentiated(f):
    assert s2sad.value_and_grad(f)(X)[0] == pytest.approx(f(X), rel=1e-14)
    s2sad.check_grads(f, (X,), order=2)


def test_the_variance_about_another_number_is_refused():
    with pytest.raises(s2sad.Error, match="statistics.pvariance of more than data"):
        s2sad.grad(lambda x: statistics.pvariance(x, 0.5))(X)
