"""`[x, *xs]`: items of lists, arrays and iterators whose number is known at run time alone."""

import numpy as np
import pytest

import s2sad
from s2sad.errors import UnsupportedType
from tests.against_python import check


def in_front(x):
    xs = []
    for v in x:
        xs = [v * v, *xs]
    return sum(xs[k] * (k + 1) for k in range(len(xs)))


def twice(x):
    xs = [v * v for v in x]
    ys = [x[0], *xs, *xs, x[1]]
    ys[0] = ys[1] * x[2]
    return sum((k + 1) * y for k, y in enumerate(ys)) + xs[0]


def alone(x):
    xs = [v * v for v in x]
    ys = [*xs]
    ys[0] = x[1]
    ys.append(x[0])
    return sum(xs) * sum(np.sin(y) for y in ys)


def a_tuple(x):
    xs = [np.sin(v) for v in x]
    t = (x[0], *xs)
    return sum(t[k] * k for k in range(len(t)))


def arrays(x):
    return sum(k * v for k, v in enumerate([*x, *x[1:], 2.0]))


def iterators(x):
    it = iter([v * v for v in x])
    first = next(it)
    ys = [*(v * x[0] for v in x), *map(np.sin, x), *range(len(x)), *reversed([v for v in x]), *it]
    return sum((k + 1) * y for k, y in enumerate(ys)) * first


def keys(x):
    d = {}
    for k, v in enumerate(x):
        d[k % 3] = d.get(k % 3, 0.0) + v
    return sum((n + 1) * k * d[k] for n, k in enumerate([1, *d]))


def known(x):
    a, *rest = [*(x[0], x[1]), *{"p": 1.0}.values(), *range(2)]
    return a * rest[0] + rest[1] + rest[3]


def halves(v, n):
    return [v] if n == 0 else [v, *halves(v * 0.5, n - 1)]


def of_itself(x):
    return sum((k + 1) * v for k, v in enumerate(halves(np.sin(x[0]), 3))) * x[1]


@pytest.mark.parametrize("f", [in_front, twice, alone, a_tuple, arrays, iterators, keys, known, of_itself])
def test_items_of_run_time(f):
    check(f)


def parameters(*vs):
    return sum(vs)


def test_parameters_must_be_known():
    with pytest.raises(UnsupportedType, match="hand over the list itself"):
        s2sad.grad(lambda x: parameters(*[v * v for v in x]))(np.ones(3))
