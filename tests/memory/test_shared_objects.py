"""One array, list or object under several names, or in several places: what is stored through one is seen by all."""

import copy
import itertools
from dataclasses import dataclass

import numpy as np
import pytest

from tests.against_python import X, check, check_or_refused, programs


def same_object_zeros(x):
    a = b = np.zeros(3)
    a[0] = x[0]
    b[1] = x[1] * a[0]
    return np.sum(a * b)


def same_object_copied(x):
    a = b = x.copy()
    a[0] = 2.0
    b *= x
    return np.sum(a * b)


def same_object_three(x):
    a = b = c = x * 2.0
    a[0] = 1.0
    b[1] += x[0]
    c[2] *= x[1]
    return np.sum(a * b * c)


class S:
    def __init__(self, n):
        self.u = self.v = np.zeros(n)


def same_object_attrs(x):
    s = S(4)
    s.u[:] = x
    s.v *= 2.0
    return np.sum(s.u**2)


def same_object_unpack(x):
    u, v = w = [x[0], x[1]]
    w[0] = w[0] * 2
    return u * v * w[0]


def same_object_unpack2(x):
    w = u, v = [x[0] * x[1], x[1]]
    w[0] = w[0] * 2
    return u * v * w[0]


def same_object_unpackarr(x):
    w = u, v = np.array([x[0] * x[1], x[1]])
    w[0] = w[0] * 2
    return u * v * w[0]


def same_object_unpackrows(x):
    w = u, v = x.reshape(2, 2).copy()
    w[0] = w[1] * 2
    u[0] *= x[1]
    return np.sum(u * v * w[0])


def same_object_dictkeys(x):
    d = {}
    d["a"] = d["b"] = np.zeros(2)
    d["a"][0] = x[0]
    d["b"][1] = x[1] * d["b"][0]
    return np.sum(d["a"] ** 2)


def same_object_mixed(x):
    d = {}
    z = d["b"] = x * 1.0
    z[0] = x[1] * x[2]
    d["b"][1] *= z[0]
    return np.sum(z * d["b"])


def same_object_walrus(x):
    a = (b := np.zeros(4))
    a[0] = x[0]
    b[1] = x[1] * a[0]
    return np.sum(a * b)


def same_object_walrus2(x):
    t = ((b := x * 2.0), b)
    b[0] = x[1]
    t[1][1] = x[0]
    return np.sum(t[0] * t[1])


def scale(v, w):
    v[0] = 3.0
    w[1] *= v[0]
    return np.sum(v * w)


def same_object_walrus_call(x):
    return scale(b := x * 2.0, b) + np.sum(b)


def same_object_same_twice(x):
    y = x * 2.0
    return scale(y, y) + np.sum(y)


def same_object_repeat_list(x):
    rows = [x * 2.0] * 3
    rows[0][0] = x[1]
    rows[2][1] *= x[0]
    return np.sum(rows[1] * rows[0])


def same_object_repeat_list2(x):
    rows = [[0.0] * 2] * 2
    rows[0][0] = x[1]
    rows[1][1] = x[0]
    return rows[0][0] * rows[0][1] * rows[1][0]


def same_object_repeat_np(x):
    rows = [np.zeros(2) for _ in range(2)]
    rows[0][0] = x[1]
    return np.sum(rows[0]) + np.sum(rows[1])


def same_object_fromkeys(x):
    d = dict.fromkeys(["a", "b"], x * 1.0)
    d["a"][0] = 5.0
    return np.sum(d["b"] ** 2)


def same_object_fromkeys_list(x):
    d = dict.fromkeys(["a", "b"], [])
    d["a"].append(x[0])
    d["b"].append(x[1])
    return d["a"][0] * d["a"][1]


def same_object_itrepeat(x):
    s = 0.0
    for v in itertools.repeat(x * 1.0, 3):
        v[0] *= 2.0
        s = s + np.sum(v**2)
    return s


def same_object_zipstar(x):
    a = x * 1.0
    for u, v in zip([a, a], [a, a], strict=True):
        u[0] *= v[1]
    return np.sum(a**2)


def same_object_loop_acc(x):
    total = mean = np.zeros(2)
    for k in range(3):
        total[0] += x[k]
        mean[1] += total[0] * x[k]
    return np.sum(total**2)


def same_object_merged_ranch(x):
    if x[0] > 0:
        a = b = x * 2.0
    else:
        a = b = x * 3.0
    a[0] = x[1]
    return np.sum(a * b)


def same_object_in_loop(x):
    s = 0.0
    for k in range(3):
        a = b = x * (k + 1.0)
        a[k] = 0.0
        b[k + 1] *= x[0]
        s += np.sum(a * b)
    return s


def same_object_ann(x):
    a: np.ndarray = np.zeros(3)
    b = a
    b[0] = x[0]
    return np.sum(a**2)


def same_object_tuple_swap(x):
    a = x * 1.0
    b = x * 2.0
    a, b = b, a
    c = d = a
    c[0] = 0.0
    return np.sum(a * b * d)


@dataclass
class D:
    u: np.ndarray
    v: np.ndarray


def same_object_dc(x):
    z = x * 2.0
    d = D(z, z)
    d.u[0] = 1.0
    return np.sum(d.v * d.u * z)


def same_object_dc2(x):
    d = D(*[x * 2.0] * 2)
    d.u[0] = 1.0
    return np.sum(d.v * d.u)


def same(v):
    return v


def same_object_return_same(x):
    a = b = same(x * 2.0)
    a[0] = x[1]
    return np.sum(a * b)


def pair():
    z = np.zeros(4)
    return z, z


def same_object_return_pair(x):
    a, b = pair()
    a[:] = x
    b[0] = 2.0
    return np.sum(a * b)


def same_object_nested_chain(x):
    (a, b) = (c, d) = (x * 1.0, x * 2.0)
    a[0] = 1.0
    d[1] = 3.0
    return np.sum(a * b * c * d)


def same_object_nested_chain2(x):
    (a, b) = c = (x * 1.0, x * 2.0)
    a[0] = 1.0
    c[1][1] = 3.0
    return np.sum(a * b * c[0] * c[1])


def same_object_star(x):
    a, *r = rows = [x * 1.0, x * 2.0, x * 3.0]
    a[0] = 1.0
    r[0][1] = 2.0
    rows[2][0] = x[1]
    r.append(5.0)
    return np.sum(rows[0] * rows[1] * rows[2]) + len(rows)


def same_object_copycopy(x):
    a = b = copy.copy(x)
    a[0] = 1.0
    return np.sum(a * b)


def same_object_sub_chain(x):
    m = np.zeros((2, 4))
    m[0] = m[1] = x
    m[0, 0] = 3.0
    return np.sum(m**2)


def same_object_lists_chain(x):
    a = b = []
    a.append(x[0])
    b.append(x[1] * a[0])
    return a[0] * b[1]


def same_object_setdefault(x):
    d = {}
    a = d.setdefault("k", x * 1.0)
    a[0] = 2.0
    return np.sum(d["k"] ** 2)


def same_object_listof(x):
    z = np.zeros(2)
    rows = [z, z]
    rows.append(z)
    rows[0][0] = x[0]
    rows[2][1] = x[1] * rows[1][0]
    return np.sum(z**2)


def same_object_lam(x):
    def f(v=x * 2.0):
        return v

    a = f()
    b = f()
    a[0] = 1.0
    return np.sum(b**2)


def same_object_global(x):
    c = d = -x

    def inner():
        c[0] = x[1]

    inner()
    return np.sum(d**2)


def same_object_with_aug(x):
    a = b = x * 2.0
    a += x
    b = b * 2.0
    a -= 1.0
    return np.sum(a * b)


def same_object_ternary(x):
    a = b = x * 2.0 if x[0] > 0 else x * 3.0
    a[0] = 1.0
    return np.sum(a * b)


def same_object_or(x):
    a = b = None or x * 2.0
    a[0] = 1.0
    return np.sum(a * b)


def same_object_comp(x):
    rows = m = [x * k for k in range(3)]
    rows[1][0] = 4.0
    m[2] = m[1]
    rows[2][1] = 7.0
    return np.sum(m[1] * rows[2])


def same_object_merged_1(x):
    if x[0] > 0:
        a = b = x * 2.0
    else:
        a = b = x * 3.0
    a[0] = x[1]
    return np.sum(a * b)


def same_object_merged_2(x):
    c = x * 5.0
    if x[0] > 0:
        a = b = c
    else:
        a = b = x * 3.0
    a[0] = x[1]
    return np.sum(a * b * c)


def same_object_merged_3(x):
    if x[0] > 0:
        a = b = [x[0]]
    else:
        a = b = [x[1], 2.0]
    a.append(x[1])
    return sum(a) * b[0]


def same_object_merged_4(x):
    if x[0] > 0:
        a = b = x * 2.0
    else:
        a, b = x * 3.0, x * 4.0
    a[0] = x[1]
    return np.sum(a * b)


def same_object_merged_5(x):
    a = b = x * 1.0
    for k in range(3):
        if k % 2:
            a = b = a * 2.0
        a[k] = x[1]
    return np.sum(a * b)


def same_object_merged_6(x):
    a = b = x * 1.0
    k = 0
    while k < 3:
        a = b = a * 2.0
        b[k] = x[1]
        k += 1
    return np.sum(a * b)


def in_list_1(x, n):
    row = x * 1.0
    rows = []
    for k in range(n):
        rows.append(x * k)
    rows.append(row)
    rows[-1][0] = 7.0
    return np.sum(row**2)


def in_list_2(x, n):
    row = x * 1.0
    rows = []
    for _ in range(n):
        rows.append(row)
    rows[0][0] = 7.0
    return np.sum(rows[1] ** 2)


def in_list_3(x, n):
    rows = [x * k for k in range(n)]
    rows[0] = rows[1]
    rows[1][0] = 7.0
    return np.sum(rows[0] ** 2)


def in_list_4(x, n):
    rows = [x * k for k in range(n)]
    r = rows[0]
    rows[1] = r
    r[0] = 7.0
    return np.sum(rows[1] ** 2)


def in_list_5(x, n):
    rows = [x * k for k in range(n)]
    r = rows[1]
    r[0] = 7.0
    rows[1][1] = 6.0
    return np.sum(rows[1] ** 2) + np.sum(r**3)


def in_list_6(x, n):
    rows = [x * (k + 1) for k in range(n)]
    other = list(rows)
    rows[1][0] = 7.0
    return np.sum(other[1] ** 2)


def in_list_7(x, n):
    rows = [x * (k + 1) for k in range(n)]
    other = rows[:2]
    other[1][0] = 7.0
    return np.sum(rows[1] ** 2)


def in_list_8(x, n):
    rows = [x * (k + 1) for k in range(n)]
    rows.append(rows[0])
    rows[0][0] = 7.0
    return np.sum(rows[-1] ** 2)


def in_list_9(x, n):
    rows = [x * (k + 1) for k in range(n)]
    for r in rows:
        r[0] = 7.0
    return np.sum(rows[-1] ** 2) + np.sum(rows[0] * x)


def in_list_10(x, n):
    rows = [x * (k + 1) for k in range(n)]
    both = rows + rows
    both[0][0] = 7.0
    return np.sum(both[n] ** 2) + np.sum(rows[0])


def in_list_11(x, n):
    y = x * 2.0
    rows = [y for k in range(n)]
    rows[0][0] = 7.0
    return np.sum(rows[1] ** 2)


def in_list_12(x, n):
    y = x * 2.0
    rows = [y[k:] for k in range(n)]
    y[0] = 7.0
    return np.sum(rows[0] ** 2)


def in_list_13(x, n):
    rows = [[x[0] * k, x[1]] for k in range(n)]
    rows[0] = rows[1]
    rows[1][0] = 7.0
    return rows[0][0] * x[0]


def in_list_14(x, n):
    row = [x[0], 1.0]
    rows = [row for k in range(n)]
    row[0] = 7.0
    return rows[0][0] * x[0]


def in_list_15(x, n):
    rows = [[x[0] * k, x[1]] for k in range(n)]
    other = rows[:]
    other[0][0] = 7.0
    return rows[0][0] * x[0]


def in_list_16(x, n):
    rows = [x * (k + 1) for k in range(n)]
    a, b = rows[0], rows[0]
    a[0] = 7.0
    b[1] = 3.0
    return np.sum(rows[0] ** 2) * b[0] * a[1]


def in_list_17(x, n):
    rows = [x * (k + 1) for k in range(n)]
    a = rows.pop()
    rows.insert(0, a)
    a[0] = 7.0
    return np.sum(rows[0] ** 2)


@pytest.mark.parametrize("program", programs(globals(), "same_object_"))
def test_all_names_see_a_store(program):
    check_or_refused(program) if program.__name__ in MAY_BE_REFUSED else check(program)


MAY_BE_REFUSED = ("same_object_merged_2", "same_object_merged_4", "same_object_comp")
"""Where an array may be one of two that other names see, or in two places of a list."""


@pytest.mark.parametrize("program", programs(globals(), "in_list_"))
def test_items_of_lists_of_run_time_length(program):
    """Right, or refused: such a list holds values."""
    check_or_refused(program, X, 3)
