"""An array that is one of two, by a condition of the run: what is changed in one is changed in the other."""

import numpy as np
import pytest

import s2sad
from tests.against_python import check, check_or_refused, programs


def upd(t, v):
    t[0] += v


def pick(a, b, p):
    return a if p > 0 else b


def wr(a, b, p):
    c = a if p > 0 else b
    c[0] = 7.0 * p
    return np.sum(c)


def either_write(x):
    a = np.zeros(2)
    b = np.ones(2)
    c = a if x[0] > 0 else b
    c[0] = x[1]
    return np.sum(a * x[:2]) + np.sum(b * x[2:])


def either_write_else(x):
    a = np.zeros(2)
    b = np.ones(2)
    c = a if x[0] < 0 else b
    c[0] = x[1]
    return np.sum(a * x[:2]) + np.sum(b * x[2:])


def either_source(x):
    a = x[:2] * 1.0
    b = x[2:] * 1.0
    c = a if x[0] > 0 else b
    a[0] = x[3] * 2
    return np.sum(c * x[:2]) + np.sum(b * x[2:])


def either_source_else(x):
    a = x[:2] * 1.0
    b = x[2:] * 1.0
    c = a if x[0] < 0 else b
    a[0] = x[3] * 2
    return np.sum(c * x[:2]) + np.sum(b * x[2:])


def either_many(x):
    a = x[:2] * 1.0
    b = x[2:] * 1.0
    c = a if x[0] > 0 else b
    c += 1.0
    a *= 2.0
    c[1] = a[0] * b[1]
    b[0] = c[0] * 3
    return np.sum(c * x[:2]) + np.sum(b * x[2:]) + np.sum(a)


def either_many_else(x):
    a = x[:2] * 1.0
    b = x[2:] * 1.0
    c = a if x[0] < 0 else b
    c += 1.0
    a *= 2.0
    c[1] = a[0] * b[1]
    b[0] = c[0] * 3
    return np.sum(c * x[:2]) + np.sum(b * x[2:]) + np.sum(a)


def either_loop(x):
    a = np.zeros(2)
    b = np.zeros(2)
    for i in range(len(x)):
        c = a if x[i] > 0.5 else b
        c[i % 2] += x[i] ** 2
    return np.sum(a * x[:2]) + np.sum(b * x[2:])


def either_loop_stmt(x):
    pos = np.zeros(2)
    neg = np.zeros(2)
    for i, v in enumerate(x):
        t = neg
        if v > 0:
            t = pos
        t[i % 2] += v * v
        t *= 1.1
    return np.sum(pos * x[:2]) + np.sum(neg * neg)


def either_outside_loop(x):
    a = np.zeros(2)
    b = np.zeros(2)
    c = a if x[0] > 0.5 else b
    for i in range(len(x)):
        c[i % 2] += x[i] ** 2
        b[0] += x[i]
    return np.sum(a * x[:2]) + np.sum(b * x[2:]) + c[0]


def either_branch(x):
    a = np.zeros(2)
    b = np.ones(2)
    c = a if x[0] > 0 else b
    if x[1] > 0:
        c[0] = x[1] * 2
    else:
        a[1] = x[2]
    return np.sum(a * x[:2]) + np.sum(b * x[2:]) + np.sum(c)


def either_two_merges(x):
    a = np.zeros(2)
    b = np.ones(2)
    c = a if x[0] > 0 else b
    e = b if x[1] > 0 else a
    c[0] = x[2]
    e[0] = e[0] + x[1] * 3
    return np.sum(a * x[:2]) + np.sum(b * x[2:]) + np.sum(c * e)


def either_view(x):
    a = np.zeros(2)
    b = np.ones(2)
    c = a if x[0] > 0 else b
    v = c[1:]
    v[0] = x[2]
    a[1] += x[0]
    return np.sum(a * x[:2]) + np.sum(b * x[2:]) + np.sum(v)


def either_fresh(x):
    a = np.zeros(2)
    c = a if x[0] > 0 else np.ones(2)
    c[0] = x[1]
    a[1] = x[2]
    return np.sum(a * x[:2]) + np.sum(c * x[2:])


def either_fresh_else(x):
    a = np.zeros(2)
    c = a if x[0] < 0 else np.ones(2)
    c[0] = x[1]
    a[1] = x[2]
    return np.sum(a * x[:2]) + np.sum(c * x[2:])


def either_shapes(x):
    a = np.zeros(2)
    b = np.ones(3)
    c = a if x[0] > 0 else b
    c[0] = x[1]
    return np.sum(a * x[:2]) + np.sum(b)


def either_call(x):
    a = np.zeros(2)
    b = np.ones(2)
    upd(a if x[0] > 0 else b, x[1])
    return np.sum(a * x[:2]) + np.sum(b * x[2:])


def either_pick(x):
    a = np.zeros(2)
    b = np.ones(2)
    c = pick(a, b, x[0])
    c[0] = x[1]
    return np.sum(a * x[:2]) + np.sum(b * x[2:])


def either_callee(x):
    a = np.zeros(2)
    b = np.ones(2)
    t = wr(a, b, x[0])
    return np.sum(a * x[:2]) + np.sum(b * x[2:]) * t


def either_arg(x):
    y = x * 2
    c = x if x[0] > 0 else y
    c[0] = x[1]
    return np.sum(x * x) + np.sum(y)


def either_swap(x):
    a = x[:2] * 1.0
    b = x[2:] * 1.0
    if x[0] > 0:
        a, b = b, a
    a[0] = 5.0 * x[1]
    return np.sum(a * x[:2]) + np.sum(b * x[2:])


def either_swaploop(x):
    cur = x * 1.0
    nxt = np.zeros(4)
    for _ in range(3):
        nxt[1:] = cur[:-1] * x[1:]
        nxt[0] = cur[3]
        cur, nxt = nxt, cur
    return np.sum(cur * x)


def either_rebind(x):
    a = np.zeros(2)
    b = np.ones(2)
    c = a if x[0] > 0 else b
    a = x[:2] * 1.0
    c[0] = x[1]
    return np.sum(a * x[:2]) + np.sum(b * x[2:]) + np.sum(c)


def either_dead_alias(x):
    a = np.zeros(2)
    b = np.ones(2)
    both = [a, b]
    c = a if x[0] > 0 else b
    c[0] = x[1]
    return np.sum(both[0] * x[:2]) + np.sum(both[1] * x[2:])


def either_while(x):
    a = np.zeros(2)
    b = np.ones(2)
    i = 0
    while i < 4:
        c = a if x[i] > 0.5 else b
        c[0] = c[0] * x[i] + x[i]
        i += 1
    return np.sum(a * x[:2]) + np.sum(b * x[2:])


def either_early(x):
    a = np.zeros(2)
    b = np.ones(2)
    c = a if x[0] > 0 else b
    if x[1] > 0:
        c[0] = x[2]
        return np.sum(a) * x[0] + np.sum(c)
    return np.sum(b)


@pytest.mark.parametrize("f", programs(globals(), "either_"))
def test_one_of_two_arrays(f):
    check(f)


@pytest.mark.parametrize("f", [either_many, either_loop, either_branch, either_view])
def test_at_second_order(f):
    s2sad.check_grads(f, (np.array([0.7, 1.3, -0.6, 0.4]),), order=2)


def perhaps_three(x):
    a = np.zeros(2)
    b = np.ones(2)
    d = x[2:] * 1.0
    c = a if x[0] > 0 else b
    e = c if x[1] > 0 else d
    e[0] = x[1] * 3
    return np.sum(a * x[:2]) + np.sum(b * x[2:]) + np.sum(c * d)


def perhaps_view_of(x):
    a = np.zeros(3)
    b = np.ones(3)
    c = a[1:] if x[0] > 0 else b[:2]
    c[0] = x[1]
    return np.sum(a * x[:3]) + np.sum(b * x[1:])


def perhaps_fresh_named(x):
    a = np.zeros(2)
    w = np.ones(2)
    if x[0] < 0:
        c = a
    else:
        w = np.full(2, 3.0)
        c = w
    c[0] = x[1]
    return np.sum(a * x[:2]) + np.sum(c * x[2:]) + np.sum(w * x[:2])


def perhaps_list(x):
    a, b = [x[0]], [x[1]]
    c = a if x[0] > 0 else b
    c.append(x[2])
    return sum(a) ** 2 + sum(b)


def perhaps_swap2(x):
    a = x[:2] * 1.0
    b = x[2:] * 1.0
    p, q = (a, b) if x[0] > 0 else (b, a)
    p[0] = 5.0 * x[1]
    q[1] = p[0] * x[2]
    return np.sum(a * x[:2]) + np.sum(b * x[2:])


@pytest.mark.parametrize("f", programs(globals(), "perhaps_"))
def test_one_of_two_is_right_or_refused(f):
    check_or_refused(f)
