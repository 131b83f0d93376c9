"""Dicts at keys that are known at run time only: numbers, strings, members of an Enum."""

import collections
import enum

import numpy as np
import pytest

import s2sad
from tests.against_python import X, check, check_or_refused, programs


class Color(enum.Enum):
    RED = 1
    BLUE = 2


class Acc:
    def __init__(self):
        self.t = 0.0

    def add(self, v):
        self.t = self.t + v


def keyed_obj(x):
    d = {0: Acc(), 1: Acc()}
    for i, v in enumerate(x):
        d[i % 2].add(v * v)
    return d[0].t * d[1].t


def keyed_arr(x):
    d = {0: x[:2] * 1.0, 1: x[2:] * 1.0}
    for i, v in enumerate(x):
        d[i % 2] = d[i % 2] * v
    return np.sum(d[0] * d[1])


def keyed_list_alias(x):
    a, b = [], []
    d = {0: a, 1: b}
    for i, v in enumerate(x):
        d[i % 2].append(v * v)
    return sum(a) * sum(b)


def keyed_enum(x):
    d = {Color.RED: 0.0, Color.BLUE: 0.0}
    for v in x:
        d[Color.RED if v > 0 else Color.BLUE] += v * v
    return d[Color.RED] * d[Color.BLUE]


def keyed_tuple_items(x):
    d = {0: (0.0, 1.0), 1: (0.0, 2.0)}
    for i, v in enumerate(x):
        s, n = d[i % 2]
        d[i % 2] = (s + v * v, n + 1.0)
    return d[0][0] / d[0][1] * d[1][0] / d[1][1]


def raises_missing_read(x):
    d = {0: x[0], 1: 0.0}
    t = 0.0
    for i, v in enumerate(x):
        t += d[i]
    return t


def raises_missing_m(x):
    d = {0: [], 1: []}
    for i, v in enumerate(x):
        d[i].append(v)
    return d[0][0]


def keyed_try(x):
    d = {0: x[0], 1: x[1]}
    t = 0.0
    for i, v in enumerate(x):
        try:
            t += d[i] * v
        except KeyError:
            t += v * v
    return t


def keyed_try_known(x):
    d = {0: x[0]}
    t = 0.0
    for i, v in enumerate(x):
        try:
            t += d["a"] * v
        except KeyError:
            t += v * v
    return t


def keyed_get(x):
    d = {0: x[0], 1: x[1]}
    t = 0.0
    for i, v in enumerate(x):
        t += d.get(i, 2.0) * v
    return t


def keyed_in(x):
    d = {0: x[0], 1: x[1]}
    t = 0.0
    for i, v in enumerate(x):
        if i in d:
            t += d[i] * v
    return t


def keyed_float_key(x):
    d = {0.5: x[0], 1.5: x[1]}
    return d[float(round(x[0])) + 0.5] ** 2 if True else 0


def keyed_pop(x):
    d = {0: [x[0], x[1]], 1: [x[2], x[3]]}
    t = 0.0
    for i in range(int(x[1]) + 1):
        t += d[i % 2].pop() * (i + 1)
    return t


def keyed_default_known(x):
    d = collections.defaultdict(list)
    for i in range(4):
        d[i % 2].append(x[i])
    return sum(d[0]) * sum(d[1]) * len(d)


def keyed_bool(x):
    d = {True: 0.0, False: 0.0}
    for v in x:
        d[bool(v > 0)] += v * v
    return d[True] * d[False]


def keyed_bool2(x):
    d = {True: [], False: []}
    for v in x:
        d[v > 0].append(v * v)
    return sum(d[True]) * sum(d[False])


def keyed_grouped_int_list(x):
    groups = {0: [], 1: []}
    for i, v in enumerate(x):
        groups[i % 2].append(v * v)
    return sum(groups[0]) * sum(groups[1])


def keyed_grouped_str_list(x):
    groups = {"odd": [], "even": []}
    for i, v in enumerate(x):
        groups["odd" if i % 2 else "even"].append(v * v)
    return sum(groups["odd"]) * sum(groups["even"])


def keyed_dict_set_str(x):
    d = {"odd": 0.0, "even": 0.0}
    for i, v in enumerate(x):
        d["odd" if i % 2 else "even"] = v * v
    return d["odd"] * d["even"]


def keyed_dict_aug_int(x):
    d = {0: 0.0, 1: 0.0}
    for i, v in enumerate(x):
        d[i % 2] += v * v
    return d[0] * d[1]


def keyed_dict_read_int(x):
    d = {0: x[0], 1: x[1] ** 2, 5: x[2]}
    t = 0.0
    for i in range(2):
        t += d[i] * x[i]
    return t + d[int(np.argmax(x))]


def keyed_counter(x):
    c = collections.Counter([1, 2, 1])
    return x[0] ** c[1] * x[1]


def keyed_memo(x):
    memo = {}

    def f(n):
        if n in memo:
            return memo[n]
        r = x[n % 4] if n < 2 else f(n - 1) * x[0] + f(n - 2)
        memo[n] = r
        return r

    return f(6)


def raises_keyerror(x):
    d = {0: x[0], 1: x[1] ** 2}
    t = 0.0
    for i in range(4):
        t += d[i] * x[i]
    return t


def perhaps_obj_attr(x):
    d = {0: Acc(), 1: Acc()}
    for i, v in enumerate(x):
        d[i % 2].t += v * v
    return d[0].t * d[1].t


def perhaps_arr_store(x):
    d = {0: np.zeros(2), 1: np.zeros(2)}
    for i, v in enumerate(x):
        d[i % 2][i // 2] = v * v
    return np.sum(d[0] * d[1])


def perhaps_arr_alias(x):
    a, b = np.zeros(2), np.zeros(2)
    d = {0: a, 1: b}
    for i, v in enumerate(x):
        d[i % 2][i // 2] = v * v
    return np.sum(a * b)


def keyed_of_table_memo_rt(x):
    d = {}
    for i, v in enumerate(x):
        d[i] = v
    return d[0]


def perhaps_nested(x):
    d = {0: {"a": 0.0}, 1: {"a": 0.0}}
    for i, v in enumerate(x):
        d[i % 2]["a"] += v * v
    return d[0]["a"] * d[1]["a"]


def keyed_of_table_default_rt(x):
    d = collections.defaultdict(float)
    for i, v in enumerate(x):
        d[i % 2] += v
    return d[0] ** 2


def keyed_of_table_grouped(x):
    groups = collections.defaultdict(list)
    for i, v in enumerate(x):
        groups["odd" if i % 2 else "even"].append(v * v)
    return sum(groups["odd"]) * sum(groups["even"])


def keyed_of_table_grouped_num(x):
    groups = collections.defaultdict(float)
    for i, v in enumerate(x):
        groups["odd" if i % 2 else "even"] += v * v
    return groups["odd"] * groups["even"]


def keyed_of_table_grouped_int(x):
    groups = collections.defaultdict(float)
    for i, v in enumerate(x):
        groups[i % 2] += v * v
    return groups[0] * groups[1]


def keyed_of_table_counter_rt(x):
    c = collections.Counter()
    for i in range(4):
        c[i % 2] += 1
    return x[0] ** 2 * c[0]


def keyed_of_table_counter_most(x):
    c = collections.Counter("abca")
    return x[0] ** 2 * c.most_common(1)[0][1] + c["z"]


def keyed_grows(x):
    d = {0: 0.0, 1: 0.0}
    for i, v in enumerate(x):
        d[i] = v
    return d[0]


@pytest.mark.parametrize("f", programs(globals(), "keyed_"))
def test_a_key_of_run_time(f):
    check(f)


@pytest.mark.parametrize("f", programs(globals(), "raises_"))
def test_a_key_that_is_not_there(f):
    for run in (f, s2sad.grad(f)):
        with pytest.raises(KeyError):
            run(X)


@pytest.mark.parametrize("f", programs(globals(), "perhaps_"))
def test_a_key_of_run_time_is_right_or_refused(f):
    check_or_refused(f)
