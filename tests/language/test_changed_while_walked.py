"""What is walked is the object: lists, dicts and arrays that change in the body of the loop over them."""

import numpy as np
import pytest

import s2sad
from tests.against_python import X, check, check_or_refused, programs


def walked_chain(x):
    values = [x[0], 0.0, 0.0]
    t = 0.0
    for i, v in enumerate(values):
        t += v * v
        if i + 1 < len(values):
            values[i + 1] = v * x[1]
    return t


def walked_work(x):
    stack = [x[0], x[1]]
    s = 0.0
    for v in stack:
        s += v
        if len(stack) < 5:
            stack.append(v * 2.0)
    return s


def walked_grown(x, n=4):
    items = [x[0]]
    s = 0.0
    for v in items:
        s += v
        if len(items) < n:
            items.append(v * 0.5 + x[1])
    return s


def walked_shrunk(x):
    items = [x[0], x[1], x[2]]
    s = 0.0
    for v in items:
        s += v * v
        items.pop()
    return s


def walked_table(x):
    d = {"a": x[0], "b": x[1]}
    s = 0.0
    for k, v in d.items():
        s += v
        d["b"] = x[2]
    return s


def walked_views(x):
    d = {"a": x[0]}
    values = d.values()
    d["b"] = x[1]
    d["a"] = x[2]
    return sum(values) * len(values)


def walked_views2(x):
    d = {"a": x[0]}
    ks, its = d.keys(), d.items()
    d["b"] = x[1]
    return sum(v for k, v in its) * len(ks) + ("b" in ks)


def grown_dict(x):
    d = {"a": x[0]}
    for k in d:
        d[k + "b"] = x[1]
    return d["a"]


def walked_remove(x):
    l = [x[0], x[1], x[2], x[3]]
    s = 0.0
    for v in l:
        s += v
        l.remove(v) if False else l.pop(0)
    return s + sum(l)


def walked_insert(x):
    l = [x[0], x[1]]
    s = 0.0
    for k, v in enumerate(l):
        s += v * (k + 1)
        if k == 0:
            l.insert(1, x[3])
    return s


def walked_rev(x):
    l = [x[0], x[1], x[2]]
    s = 0.0
    for v in reversed(l):
        s += v * v
        l[0] = x[3]
    return s


def walked_zip(x):
    a = [x[0], x[1], x[2]]
    b = [1.0, 2.0, 3.0]
    s = 0.0
    for u, v in zip(a, b):
        s += u * v
        b[2] = x[3]
        a[1] = v
    return s


def walked_zipg(x, n=4):
    a = [x[k] for k in range(n)]
    b = [k * 1.0 for k in range(n)]
    s = 0.0
    for u, v in zip(a, b):
        s += u * v
        b[2] = x[3]
        a[1] = v * u
    return s


def walked_rt1(x, n=4):
    l = [x[k] for k in range(n)]
    s = 0.0
    for i, v in enumerate(l):
        s += v * v
        if i + 1 < n:
            l[i + 1] = l[i + 1] + v * x[1]
    return s


def walked_rt2(x, n=4):
    l = [x[k] for k in range(n)]
    s = 0.0
    for v in l:
        s += v * v
        if len(l) < 7:
            l.append(v * 0.5)
    return s


def walked_rt3(x, n=4):
    l = [x[k] for k in range(n)]
    s = 0.0
    for v in l:
        s += v * v
        l.pop()
    return s


def walked_rt4(x, n=4):
    l = [x[k] for k in range(n)]
    s = 0.0
    for v in l:
        if v < 0:
            break
        s += v * v
        l[-1] = s
    else:
        s = 0.0
    return s


def walked_rt5(x, n=4):
    l = [x[k] for k in range(n)]
    s = 0.0
    for v in l:
        if v < 0:
            continue
        s += v * v
        l[-1] = s
    return s


def walked_rt6(x, n=4):
    l = [x[k] for k in range(n)]
    m = l
    s = 0.0
    for v in l:
        l = l + [2.0]
        m[-1] = v * v
        s += v
    return s + len(l)


def may_be_refused_rebound_matrix(W):
    w = 1.0 * W
    for u in w:
        u[0] = 5.0
        w = w * W
    return np.sum(w)


def may_be_refused_rebound(a):
    w = 1.0 * a
    for u in w:
        w[1] = 7.0
        w = w * u
    return np.sum(w)


def walked_arr(x):
    w = x * 1.0
    s = 0.0
    for k, u in enumerate(w):
        s += u
        w[k:] *= 2.0
    return s


def walked_arr2(x):
    w = np.outer(x, x)
    s = 0.0
    for r in w:
        s += np.sum(r)
        w[3] += r
    return s


def walked_comp(x):
    l = [x[0], x[1]]

    def f(v):
        if len(l) < 4:
            l.append(v * 2)
        return v * v

    return sum([f(v) for v in l])


def walked_nested(x):
    l = [x[0], x[1], x[2]]
    s = 0.0
    for a in l:
        for b in l:
            s += a * b
            l[2] = s
    return s


def walked_del(x):
    l = [x[0], x[1], x[2], x[3]]
    s = 0.0
    for v in l:
        s += v
        if len(l) > 2:
            del l[0]
    return s * l[0]


def walked_iterobj(x):
    l = [x[0], x[1]]
    it = iter(l)
    a = next(it)
    l.append(x[2])
    return a + 2 * sum(it)


def walked_ext(x):
    l = [x[0], x[1]]
    l.extend(l)
    l += l
    return sum(k * v for k, v in enumerate(l))


def walked_while(x):
    q = [x[0], x[1]]
    s = 0.0
    while q:
        v = q.pop(0)
        s += v * v
        if len(q) < 3 and v > 0.2:
            q.append(v * 0.5)
    return s


def walked_dictvals(x):
    d = {"a": x[0], "b": x[1]}
    for k in d:
        d[k] = d[k] ** 2 + d["a"]
    return d["a"] * d["b"]


def walked_dictvals2(x):
    d = {"a": x[0], "b": x[1]}
    s = 0
    for v in d.values():
        d["b"] = v * 3
        s += v
    return s


def walked_keys_list(x):
    d = {"a": x[0], "b": x[1]}
    for k in list(d.keys()):
        d[k + "2"] = d[k] * 2
    return sum(d.values())


@pytest.mark.parametrize("program", programs(globals(), "walked_"))
def test_a_loop_sees_the_changes(program):
    check(program)


@pytest.mark.parametrize("program", programs(globals(), "may_be_refused_"))
def test_right_or_refused(program):
    check_or_refused(program, X.reshape(2, 2) if "matrix" in program.__name__ else X)


def grows_for_ever(x):
    values = [x[0]]
    for v in values:
        values.append(v)
    return values[0]


def test_a_loop_without_end_is_refused():
    with pytest.raises(s2sad.Error, match="lets grow"):
        s2sad.grad(grows_for_ever)(X)


def test_a_dict_that_grows_under_a_loop_is_refused():
    """Python raises a RuntimeError."""
    with pytest.raises(s2sad.Error, match="changes its size"):
        s2sad.grad(grown_dict)(X)
