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


# the call that compiles says how many there are


def line(x, a, b, c=0.0):
    return a * x + b * c


def packed(x):
    t = tuple(x[:3])
    return line(2.0, *t) * len(t)


def handed_over(x):
    model = lambda t, *p: sum(c * t**k for k, c in enumerate(p))  # noqa: E731
    return model(1.5, *x) + sum(model(t, *(2.0 * x)) for t in range(3))


def made_on_the_way(x):
    return line(*[v * v for v in x]) + line(*map(np.sin, x)) + line(*(v + 1.0 for v in x)) + line(*x[1:].tolist())


def first_and_others(x):
    a, *others = x
    return a * others[-1] + len(others)


def rows(x):
    return sum(a * b for a, b in zip(*np.outer(x, x)[:2], strict=True))


def of_numpy(x):
    return np.hypot(*x[:2]) + max(*x) * np.prod(np.stack([*x, x[0]]))


@pytest.mark.parametrize("f", [packed, handed_over, made_on_the_way, first_and_others, rows, of_numpy])
def test_items_of_the_call(f):
    check(f)


def parameters(*vs):
    return sum((v * v for v in vs), 0.0)


def test_each_number_of_items_has_its_derivative():
    df = s2sad.grad(lambda x: parameters(*x))
    for n in (0, 1, 2, 5, 3, 2):
        np.testing.assert_array_equal(df(np.arange(float(n))), 2.0 * np.arange(n))
    with pytest.raises(UnsupportedType, match="say the length in the signature"):
        df(np.ones(100))


def test_a_number_that_depends_on_values_is_refused():
    with pytest.raises(UnsupportedType, match="hand over the list itself"):
        s2sad.grad(lambda x: parameters(*[v for v in x if v > 0.0]))(np.ones(3))
