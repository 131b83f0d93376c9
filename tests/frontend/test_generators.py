"""Generator functions, consumed in every way: in both modes, at first and second order."""

import itertools

import numpy as np
import pytest

import s2sad
from s2sad.errors import Unsupported


def steps(x, n):
    y = x
    for _k in range(n):
        y = np.sin(y) * x
        yield y


def forever(x):
    y = np.zeros(3)
    y[0] = x
    t = 0.0
    while True:
        y[1:] = y[:-1]
        y[0] = np.sin(y[1]) * x
        t += 0.1
        yield t, y


def sums(x):
    total = 0.0
    for y in steps(x, 4):
        total += y**2
    return total


def leaves_early(x):
    total = 0.0
    for t, y in forever(x):
        total += np.sum(y**2) * t
        if t > 0.45:
            break
    return total


def lists(x):
    ys = list(steps(x, 4))
    return np.sum(np.array(ys) ** 2) * ys[1]


def folds(x):
    return sum(steps(x, 4)) * max(steps(x, 3)) + sum(y * y for y in steps(x, 3))


def counts(x):
    total = 0.0
    for k, y in enumerate(steps(x, 4), 1):
        total += y * k
    for k, y in zip(range(3), steps(x, 9), strict=False):
        total += y * k
    for k, (t, y) in zip(range(3), forever(x), strict=False):
        total += np.sum(y) * k * t
    for t, y in itertools.islice(forever(x), 2):
        total += np.sum(y) * t
    return total


def returns_early(x):
    for t, y in forever(x):
        if t > 0.35:
            return np.sum(y**3)


class Layer:
    def __init__(s, w, b):
        s.w, s.b = w, b

    def parameters(s):
        yield s.w
        yield s.b


class Net:
    def __init__(s, x):
        s.layers = [Layer(x, 2 * x), Layer(x * x, 0.5)]

    def parameters(s):
        for layer in s.layers:
            yield from layer.parameters()

    def __iter__(s):
        for layer in s.layers:  # noqa: UP028
            yield layer


def methods(x):
    n = Net(x)
    r = sum(p**2 for p in n.parameters())
    for layer in n:
        r += layer.w * layer.b
    for p in n.parameters():
        r *= p
    a, b, c, d = n.parameters()
    return r + a * d


def branches(x):
    def gen(k):
        if k > 0:
            yield x * k
        for j in range(k):
            if j % 2:
                continue
            yield x**j
        return

    last = 0.0
    for v in gen(3):
        last = v * last + v
    return last


def keeps_the_last(x):
    for v in steps(x, 3):
        last = v
    return last**2


def inside_each_other(x):
    tot = 0.0
    for v in steps(x, 3):
        if v > 100:
            continue
        for w in steps(v, 2):
            if w > 0.9:
                break
            tot += w * v
        tot = tot * 1.1
    return tot


def tries(x):
    def gen():
        a = x
        try:
            for _k in range(3):
                a = a * x
                yield a
        finally:
            pass

    return sum(gen())


def writes_in_turn(x):
    out = np.zeros(3)

    def fill():
        for k in range(3):
            out[k] = x * k
            yield k

    t = 0.0
    for k in fill():
        t += out[k] * np.sum(out)
        out[k] += 1.0
    return t + np.sum(out**2)


def fills_a_dict(x):
    d = {n: v for n, v in pairs(x)}
    return d["a"] * d["b"]


def pairs(x):
    yield "a", x
    yield "b", x * x


def calls_itself(x):
    def tree(n, v):
        if n == 0:
            yield v
        else:
            yield from tree(n - 1, v * x)
            yield v
            yield from tree(n - 1, v + x)

    return sum(tree(2, x))


def returns_sometimes(x):
    for y in steps(x, 4):
        if y > 100:
            return y
        if y * x < 0.9:
            return y**2
    return 5 * x


def finds_the_least(x):
    best = None
    for y in steps(x, 4):
        if best is None or y < best:
            best = y
    return best**2


def stores_and_leaves(x):
    s = np.zeros(4)
    hist = []
    for k, y in enumerate(steps(x, 4)):
        s[k] = y
        hist.append(y * 2)
        if k == 2:
            break
    else:
        s[0] = 1.0
    return np.sum(s**2) + hist[1] * len(hist)


def by_name(x):
    g = steps(x, 3)
    t = sum(g)
    return t


def batches(X, n):
    for i in range(0, len(X), n):
        yield X[i : i + n]


def batches_of_rows(x):
    X = np.arange(7.0) * x
    w = x
    for _epoch in range(2):
        for b in batches(X, 3):
            w = w - 0.1 * np.mean(b * w)
    return w


PROGRAMS = [
    sums,
    leaves_early,
    lists,
    folds,
    counts,
    returns_early,
    methods,
    branches,
    keeps_the_last,
    inside_each_other,
    tries,
    writes_in_turn,
    fills_a_dict,
    calls_itself,
    returns_sometimes,
    finds_the_least,
    stores_and_leaves,
    by_name,
    batches_of_rows,
]


@pytest.mark.parametrize("f", PROGRAMS)
def test_both_modes_and_second_order(f):
    s2sad.check_grads(f, (1.3,), order=2)
    assert s2sad.value_and_grad(f)(1.3)[0] == pytest.approx(f(1.3), rel=1e-13)


def sends(x):
    def gen():
        y = yield x
        yield y

    return sum(gen())


def pulls(x):
    return next(steps(x, 3))


def two_at_once(x):
    return sum(a * b for a, b in zip(steps(x, 3), steps(x, 2), strict=False))


@pytest.mark.parametrize("f", [sends, pulls, two_at_once, steps])
def test_what_is_not_read_in_turn_is_refused(f):
    with pytest.raises((Unsupported, s2sad.Error)):
        s2sad.grad(f)(1.3) if f is not steps else s2sad.grad(f)(1.3, 2)
