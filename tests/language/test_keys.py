"""`max`, `min` and `sorted` by a key, of arrays, ranges, generators and lists of run-time length."""

import numpy as np
import pytest

import s2sad
from tests.against_python import X, check, programs


def by_key_range(x):
    return max(range(4), key=lambda i: x[i]) * x[0]


def by_key_range2(x):
    return x[max(range(len(x)), key=lambda i: x[i])] * x[0]


def by_key_array(x):
    return min(x, key=abs) ** 2


def by_key_list(x):
    xs = [v * v for v in x]
    return min(xs, key=lambda v: -v) ** 2


def by_key_enum(x):
    return max(enumerate(x), key=lambda t: t[1])[1] ** 2


def by_key_rows(x):
    return np.sum(max(x.reshape(2, 2), key=np.linalg.norm))


def by_key_zip(x):
    return max(zip(x, x[::-1]), key=lambda t: t[0] * t[1])[0] ** 2


def by_key_gen(x):
    return max((v * v for v in x), key=lambda v: -v) ** 2


def by_key_default(x):
    xs = [v for v in x if v > 100]
    return max(xs, key=abs, default=x[0]) ** 2


def by_default(x):
    xs = [v for v in x if v > 100]
    return max(xs, default=x[0]) ** 2


def by_default2(x):
    xs = [v for v in x if v > 0]
    return max(xs, default=x[0]) ** 2


def fails_of_nothing(x):
    xs = [v for v in x if v > 100]
    return max(xs, key=abs) ** 2


def by_key_rowlist(x):
    rows = [x[i : i + 2] for i in range(int(x[0]) + 3)]
    return np.sum(max(rows, key=lambda r: r[0]) ** 2)


def by_key_multi(x):
    return max(x[0], x[1], x[2], key=lambda v: -v) ** 2


def by_key_loc(x):
    pts = [(v, v * v) for v in x]
    return min(pts, key=lambda p: p[1])[0] ** 3


def by_argmax_index(x):
    xs = list(x)
    return xs.index(max(xs)) * x[0] ** 2


def by_sorted_key(x):
    xs = sorted(x, key=lambda v: -v)
    return xs[0] * xs[1] ** 2


def by_sorted_range(x):
    order = sorted(range(4), key=lambda i: x[i])
    return x[order[0]] ** 2 * x[order[1]]


def by_key_dict(x):
    d = {"a": x[0], "b": x[1]}
    return d[max(d, key=d.get)] ** 2


def by_key_dict2(x):
    d = {"a": x[0], "b": x[1]}
    return max(d.items(), key=lambda kv: kv[1])[1] ** 2


def by_key_tie(x):
    return max([x[0] * 0, x[1] * 0, x[2] * 1], key=lambda v: v) + x[3] ** 2


@pytest.mark.parametrize("f", programs(globals(), "by_"))
def test_by_a_key(f):
    check(f)


def test_of_nothing():
    with pytest.raises(ValueError, match="empty"):
        s2sad.grad(fails_of_nothing)(X)
