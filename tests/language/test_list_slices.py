"""Slices of lists of run-time length: stores of any number of items, deletions, insertions."""

import numpy as np
import pytest

import s2sad
from tests.against_python import X, check, check_or_refused, programs


def stored_same(x, n=4):
    a = [x[i] ** 2 for i in range(n)]
    a[1:3] = [x[0], x[1] * 2]
    return sum(i * v for i, v in enumerate(a))


def stored_neg(x, n=4):
    a = [x[i] ** 2 for i in range(n)]
    a[-2:] = [x[0]]
    return sum((i + 1) * v for i, v in enumerate(a))


def stored_mixed(x, n=4):
    a = [x[i] ** 2 for i in range(n)]
    a[3:-2] = [x[0], x[1], 1.0]
    return sum((i + 1) * v for i, v in enumerate(a))


def stored_mixed2(x, n=4):
    a = [x[i] ** 2 for i in range(n)]
    a[-3:3] = [x[0] * 7]
    return sum((i + 1) * v for i, v in enumerate(a))


def stored_empty(x, n=4):
    a = [x[i] ** 2 for i in range(n)]
    a[3:1] = [x[0] * 7]
    return sum((i + 1) * v for i, v in enumerate(a))


def stored_whole(x, n=4):
    a = [x[i] ** 2 for i in range(n)]
    b = a
    a[:] = [x[0], 2.0]
    return sum((i + 1) * v for i, v in enumerate(b))


def stored_end(x, n=4):
    a = [x[i] ** 2 for i in range(n)]
    a[len(a) :] = [x[0], x[1]]
    return sum((i + 1) * v for i, v in enumerate(a))


def stored_front(x, n=4):
    a = [x[i] ** 2 for i in range(n)]
    a[:0] = [x[0], x[1]]
    return sum((i + 1) * v for i, v in enumerate(a))


def stored_rtbounds(x, n=4):
    a = [x[0], x[1], x[2], x[3]]
    a[n - 3 : n - 1] = [x[0] * 3]
    return sum((i + 1) * v for i, v in enumerate(a))


def stored_rtbounds2(x, n=4):
    a = [x[0], x[1], x[2], x[3]]
    for k in range(n - 2):
        a[k : k + 1] = [x[k] * 2, x[k] * 3]
    return sum((i + 1) * v for i, v in enumerate(a))


def stored_del1(x, n=4):
    a = [x[i] ** 2 for i in range(n)]
    del a[n - 2 :]
    return sum((i + 1) * v for i, v in enumerate(a))


def stored_del2(x, n=4):
    a = [x[i] ** 2 for i in range(n)]
    del a[1:2], a[0]
    return sum((i + 1) * v for i, v in enumerate(a))


def refused_del3(x, n=4):
    a = [x[i] ** 2 for i in range(n)]
    del a[::2]
    return sum((i + 1) * v for i, v in enumerate(a))


def stored_step(x, n=4):
    a = [x[i] ** 2 for i in range(n)]
    a[::2] = [x[0], 3.0]
    return sum((i + 1) * v for i, v in enumerate(a))


def stored_step2(x, n=4):
    a = [x[i] ** 2 for i in range(n)]
    a[::-1] = [x[0], 3.0, x[1], x[2]]
    return sum((i + 1) * v for i, v in enumerate(a))


def wrong_length(x, n=4):
    a = [x[i] ** 2 for i in range(n)]
    a[::2] = [x[0]]
    return sum((i + 1) * v for i, v in enumerate(a))


def stored_arr(x, n=4):
    a = [x[i] ** 2 for i in range(n)]
    a[1:2] = x
    return sum((i + 1) * v for i, v in enumerate(a))


def stored_gen(x, n=4):
    a = [x[i] ** 2 for i in range(n)]
    a[1:2] = (v * v for v in x)
    return sum((i + 1) * v for i, v in enumerate(a))


def stored_self(x, n=4):
    a = [x[i] ** 2 for i in range(n)]
    a[1:1] = a
    return sum((i + 1) * v for i, v in enumerate(a))


def stored_aug(x, n=4):
    a = [x[i] ** 2 for i in range(n)]
    a[1:3] += [x[0]]
    return sum((i + 1) * v for i, v in enumerate(a))


def stored_mul(x, n=4):
    a = [x[i] ** 2 for i in range(n)]
    a *= 2
    a[2:4] *= 2
    return sum((i + 1) * v for i, v in enumerate(a))


def stored_inloop(x, n=4):
    a = [x[i] ** 2 for i in range(n)]
    while len(a) > 1:
        a[:2] = [a[0] * a[1]]
    return a[0]


def stored_insert(x, n=4):
    a = [x[i] ** 2 for i in range(n)]
    a.insert(1, x[0])
    a.insert(-1, x[1])
    a.insert(100, x[2])
    a.remove(a[0]) if False else a.pop(0)
    return sum((i + 1) * v for i, v in enumerate(a))


def stored_rows(x, n=3):
    a = [x * i for i in range(n)]
    a[1:2] = [x, x * 5]
    return sum(np.sum(v) * i for i, v in enumerate(a))


def stored_extself(x, n=3):
    a = [x * i for i in range(n)]
    a.extend(a)
    a += a[1:]
    return sum(np.sum(v) * i for i, v in enumerate(a))


PLACES = np.array([2, 0, 2, 1])


def stored_longer_row(x):
    rows = [[] for _ in range(len(x))]
    for k, v in zip(PLACES, x):
        rows[k].append(v * v)
    return sum(sum(r) ** 2 for r in rows)


def stored_joined_row(x):
    rows = [[] for _ in range(len(x))]
    for k, v in zip(PLACES, x):
        rows[k] = rows[k] + [v * v, v]
    return sum(sum(r) ** 2 for r in rows)


def stored_shorter_row(x):
    rows = [[v, v * v, 1.0] for v in x]
    total = 0.0
    for k, v in zip(PLACES, x):
        total += rows[k].pop() * v
        if v < 0.5:
            rows[k - 1] = [v]
    return total + sum(sum(r) ** 2 for r in rows)


def stored_longer_array(x):
    rows = [x[:1] * 1.0 for _ in range(len(x))]
    for k, v in zip(PLACES, x):
        rows[k] = np.append(rows[k], v * v)
    return sum(np.sum(r) ** 2 for r in rows)


def stored_sum_at_place(x):
    sums = [0.0 for _ in range(len(x))]
    for k, v in zip(PLACES, x):
        sums[k] += v * v
        sums[k - 1] = 2.0 * v + sums[k - 1]
    return sum(s * s for s in sums)


def stored_nothing(x):
    empty, total = [], 0.0
    for v in x:
        total += v * v + sum(empty)
        if len(empty) > 0:
            total += max(empty)
    return total + max([2.0])


@pytest.mark.parametrize("program", programs(globals(), "stored_"))
def test_lists_are_what_python_makes_of_them(program):
    check(program)


def test_refused():
    assert not check_or_refused(refused_del3)


def test_an_extended_slice_takes_as_many_items_as_it_has():
    with pytest.raises(ValueError, match="extended slice of size 2"):
        s2sad.grad(wrong_length)(X)
