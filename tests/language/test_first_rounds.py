"""What a loop carries has its form after the first round: objects whose attributes are made in it, None, and ranks."""

import re

import numpy as np
import pytest

import s2sad
from tests.against_python import check


class Follower:
    def __init__(self):
        self.last = None
        self.count = 0
        self.total = 0.0
        self.state = "new"

    def add(self, v):
        if self.last is None:
            self.first = v
        self.last = v
        self.state = v * v
        self.count += 1
        self.total += v * self.last * self.count


def attributes(x):
    f = Follower()
    for v in x:
        f.add(v)
    return f.total + f.last * f.first + f.state


def a_text_before(x):
    y = "none"
    for v in x:
        y = v * v
    return y * x[0]


def nested(x):
    best = ()
    for k in range(3):
        best = (best, x[k] ** 2)
    return best[1] * best[0][1]


def rows(x):
    out = None
    for v in x:
        row = np.array([v, v**2])
        out = row if out is None else np.vstack([out, row])
    return np.sum(out) * out[-1, 0]


def products(x):
    y = None
    for i in range(len(x)):
        y = x[i] if y is None else y * x[i]
    return y


def differences(x):
    total, before = 0.0, None
    for k, v in enumerate(x):
        if before is not None:
            total += (v - before) ** 2 * k
        before = v
    return total


def from_the_second_on(x):
    y, total = None, 0.0
    for i in range(1, len(x)):
        y = x[i] * i if y is None else y * x[i] + i
        total += y
    for k in range(2, 4):
        total = (total, k * x[k - 2])[0] + k * x[1]
    return y * total


def by_twos(x):
    y = None
    for i in range(0, len(x), 2):
        y = x[i] * (i + 1) if y is None else y * x[i] + i
    return y


def with_numbers(x):
    y = None
    for k, v in enumerate(x, 3):
        y = v * k if y is None else y * v + k
    for a, b in zip(x[1:], x[:-1], strict=True):
        y = y + a * b
    return y


def only_sometimes(x):
    best = None
    for v in x:
        if v > 0.5 and (best is None or v < best):
            best = v
    return x[0] if best is None else best


def left_early(x):
    y = None
    for v in x:
        y = v if y is None else y + v
        if y > 1.0:
            break
    return y * y


def in_a_loop(x):
    total = 0.0
    for v in x:
        seen = None
        for w in x:
            seen = w if seen is None else np.maximum(seen, v * w)
        total += seen
    return total


PROGRAMS = [
    attributes,
    a_text_before,
    nested,
    rows,
    products,
    differences,
    from_the_second_on,
    by_twos,
    with_numbers,
    only_sometimes,
    left_early,
    in_a_loop,
]


@pytest.mark.parametrize("f", PROGRAMS)
def test_forms_after_the_first_round(f):
    check(f)


def test_one_item_and_none():
    for f in (products, differences, attributes):
        x = np.array([0.7])
        np.testing.assert_allclose(s2sad.jvp(f, (x,), (np.ones(1),))[1], (f(x + 1e-6) - f(x - 1e-6)) / 2e-6, rtol=1e-8)


def test_the_loop_asks_no_more_whether_it_is_the_first_round():
    text = re.sub("#.*", "", s2sad.grad(products).lower(np.ones(4)).source)
    assert "for " in text and " if " not in text


def test_a_form_that_every_round_changes():
    def f(x):
        y = ()
        for v in x:
            y = (y, v)
        return y[1]

    with pytest.raises(s2sad.Error, match="y changes its structure in this loop"):
        s2sad.grad(f)(np.ones(4))


def monotone_stack(x):
    stack = []
    for v in x:
        while stack and stack[-1] < v:
            stack.pop()
        stack.append(v)
    return sum(s * s * (i + 1) for i, s in enumerate(stack))


def next_greater(x):
    stack, total = [], 0.0
    for i in range(len(x)):
        while len(stack) > 0 and x[stack[-1]] < x[i]:
            j = stack.pop()
            total = total + x[j] * x[i] * (i - j)
        stack.append(i)
    else:
        total = total * 2
    while stack:
        total += x[stack.pop()]
    return total


def nothing_waits(x):
    queue, total = [], 0.0
    while queue or total > 1e9:
        total = queue.pop()
    while not queue:
        queue.append(x[0])
    return total + x @ x + queue[0]


@pytest.mark.parametrize("f", [monotone_stack, next_greater, nothing_waits], ids=lambda f: f.__name__)
def test_a_list_that_is_empty_in_the_first_round(f):
    s2sad.check_grads(f, (np.array([0.3, -1.2, 2.0, 0.9, -0.4]),))


def test_a_test_that_changes_something_is_read_once():
    def f(x):
        waiting, seen = [], []
        while seen.append(x[0]) or waiting:
            waiting.pop()
        while (n := len(waiting)) > 0:
            waiting.pop()
        return seen[0] * len(seen) * (n + 1) * x[1]

    s2sad.check_grads(f, (np.array([0.3, -1.2]),))
