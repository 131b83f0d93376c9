"""Iterators are used up by who takes their items: iter, next, zip, map, enumerate, generators."""

import itertools

import numpy as np
import pytest

from tests.against_python import check, check_or_refused, programs


def used_zip2(x):
    it = iter([x[0], x[1], x[2], x[3]])
    t = 0.0
    for a, b in zip(it, it):
        t += a * b
    return t


def used_gen_twice(x):
    sq = (t * t for t in [x[0], x[1]])
    return sum(sq) + 10.0 * sum(sq)


def used_map_twice(x):
    m = map(lambda t: 2.0 * t, [x[0], x[1]])
    return max(m) + sum(m)


def used_filter_twice(x):
    m = filter(lambda t: t > 0, [x[0], x[1], x[2]])
    return sum(m) * 2 + sum(m)


def used_resume(x):
    it = iter([x[0], x[1], x[2]])
    for head in it:
        break
    return head + 10.0 * sum(v for v in it)


def used_enum_resume(x):
    rows = enumerate([x[0], x[1], x[2]])
    for i, v in rows:
        if i == 0:
            break
    s = v
    for i, v in rows:
        s += v * v * i
    return s


def used_zip_twice(x):
    z = zip([x[0], x[1]], [x[2], x[3]])
    return sum(a * b for a, b in z) + len(list(z))


def may_be_refused_rev_twice(x):
    r = reversed([x[0], x[1]])
    s = 0.0
    for k, v in enumerate(r):
        s += v * (k + 1)
    for v in r:
        s += v * 100
    return s


def used_next(x):
    it = iter([x[0], x[1], x[2]])
    a = next(it)
    b = next(it)
    return a * b + sum(it)


def used_next_default(x):
    it = iter([x[0]])
    a = next(it)
    b = next(it, x[1] * 3)
    return a * b


def used_next_arr(x):
    it = iter(x)
    a = next(it)
    return a * sum(it)


def used_next_loop(x):
    it = iter([x[0], x[1], x[2], x[3]])
    s = 0.0
    for a in it:
        b = next(it)
        s += a * b * b
    return s


def used_zip_next(x):
    it = iter([x[0], x[1], x[2], x[3]])
    next(it)
    return sum(a * b for a, b in zip(it, [1.0, 2.0]))


def used_iter_iter(x):
    it = iter([x[0], x[1], x[2]])
    j = iter(it)
    next(j)
    return sum(it)


def used_pass(x):
    def total(v):
        return sum(v) + 5 * sum(v)

    return total(t for t in [x[0], x[1]])


def glob(v):
    return sum(v) + 5 * sum(v)


def used_passg(x):
    return glob(t for t in [x[0], x[1]])


def used_passg2(x):
    return glob(iter([x[0], x[1]])) + glob([x[0], x[1]])


def used_inlist(x):
    l = [iter([x[0], x[1]]), iter([x[2]])]
    return sum(l[0]) + sum(l[0]) + sum(l[1])


def used_attr(x):
    d = {"i": iter([x[0], x[1]])}
    return next(d["i"]) + 3 * next(d["i"])


def used_rebind(x):
    xs = [x[0], x[1]]
    g = (t * t for t in xs)
    xs = [x[2], x[3]]
    return sum(g)


def used_lazyvar(x):
    k = 2.0
    g = (t * k for t in [x[0], x[1]])
    k = 3.0
    return sum(g)


def may_be_refused_any(x):
    it = iter([x[0], x[1], x[2]])
    if any(v < 0 for v in it):
        return 1.0 * x[0]
    return sum(it) + x[1]


def may_be_refused_in(x):
    it = iter([1, 2, 3, 4])
    ok = 2 in it
    return x[0] * sum(it) + ok


def gen(x):
    for v in x:
        yield v * v


def used_genf(x):
    g = gen([x[0], x[1]])
    return sum(g) + 7 * sum(g)


def may_be_refused_genf_next(x):
    g = gen([x[0], x[1], x[2]])
    a = next(g)
    return a + 7 * sum(g)


def may_be_refused_genf_break(x):
    g = gen([x[0], x[1], x[2]])
    for v in g:
        break
    return v + 7 * sum(g)


def used_unpack(x):
    it = iter([x[0], x[1], x[2]])
    a, b, c = it
    return a * b * c + sum(it)


def used_star(x):
    it = iter([x[0], x[1], x[2]])
    l = [*it, *it]
    return sum(l) + len(l)


def used_islice(x):
    it = iter([x[0], x[1], x[2], x[3]])
    a = list(itertools.islice(it, 2))
    return a[0] * a[1] + 3 * sum(it)


def used_chain(x):
    c = itertools.chain([x[0]], [x[1]])
    return sum(c) + 5 * sum(c)


def used_sorted(x):
    it = iter([x[0], x[1], x[2]])
    s = sorted(it)
    return s[0] + 2 * s[1] + sum(it)


def used_dict(x):
    z = zip(["a", "b"], [x[0], x[1]])
    d = dict(z)
    e = dict(z)
    return d["a"] * d["b"] + len(e)


def may_be_refused_branch(x):
    it = iter([x[0], x[1], x[2]])
    if x[0] > 0:
        a = next(it)
    else:
        a = 1.0
    return a + 2 * sum(it)


def may_be_refused_whilenext(x):
    it = iter([x[0], x[1], x[2], x[3]])
    s, v = 0.0, next(it, None)
    while v is not None:
        s += v * v
        v = next(it, None)
    return s


def used_rt(x, n=4):
    it = iter([x[k] * k for k in range(n)])
    a = next(it)
    return a + sum(it) + 5 * sum(it)


def used_rt2(x, n=4):
    g = (x[k] * x[k] for k in range(n))
    return sum(g) + 5 * sum(g)


def used_rt3(x, n=4):
    z = zip(x, range(n))
    s = 0.0
    for a, b in z:
        s += a * b
    for a, b in z:
        s += 100 * a
    return s


def used_rt4(x, n=4):
    it = iter(range(n))
    s = 0.0
    for k in it:
        if x[k] < 0:
            break
    for k in it:
        s += x[k]
    return s


def may_be_refused_enumgen(x):
    e = enumerate(t * t for t in [x[0], x[1]])
    return sum(i * v for i, v in e) + sum(v for i, v in e)


def used_zip3(x):
    it = iter([x[0], x[1], x[2], x[3], x[0] * 2, x[1] * 3])
    return sum(a * b * c for a, b, c in zip(it, it, it))


def used_zipstar(x):
    it = iter([x[0], x[1], x[2], x[3]])
    return sum(a * b for a, b in zip(*[it] * 2))


def used_mapii(x):
    it = iter([x[0], x[1], x[2], x[3]])
    return sum(map(lambda a, b: a * b, it, it))


def used_comp(x):
    it = iter([x[0], x[1], x[2], x[3]])
    return sum([a * next(it) for a in it])


def used_minmax(x):
    it = iter([x[0], x[1], x[2]])
    return max(it) + sum(it)


def may_be_refused_cyc(x):
    c = itertools.cycle([x[0], x[1]])
    return sum(a * b for a, b in zip([1.0, 2.0, 3.0], c))


def used_items(x):
    d = {"a": x[0], "b": x[1]}
    it = iter(d.items())
    k, v = next(it)
    return v + 3 * sum(w for _, w in it)


def may_be_refused_count(x):
    c = itertools.count()
    return sum(v * next(c) for v in [x[0], x[1], x[2]])


def used_acc(x):
    a = itertools.accumulate([x[0], x[1]])
    return sum(a) + 3 * sum(a)


def used_rtstop(x):
    it = reversed([x[0], x[1], x[2], x[3]])
    t = 0.0
    for e in it:
        t = np.tanh(t + e)
        if t > 0.2:
            break
    return t + 5 * sum(it)


def used_rtstop2(x):
    it = iter([x[0], x[1], x[2], x[3]])
    t = 0.0
    for e in it:
        t = np.tanh(t + e)
        if t > 0.2:
            break
    for e in it:
        t += e * e
        if t > 0.9:
            break
    return t + 5 * sum(it) + next(it, 0.0)


def used_rtstop3(x):
    it = zip([x[0], x[1], x[2], x[3]], x)
    t = 0.0
    for e, f in it:
        t = np.tanh(t + e)
        if t > 0.2:
            break
    for e, f in it:
        t += e * f
    return t


def used_rtstop4(x):
    it = enumerate((x[0], x[1], x[2]))
    t = 0.0
    for k, f in it:
        if f < 1.0:
            t += f * k
        else:
            break
    for k, f in it:
        t += k * f
    return t


def used_chained_1(x):
    it = iter([x[0], x[1], x[2]])
    g = (v * 2 for v in it)
    a = next(g)
    return a + 5 * sum(g)


def used_chained_2(x):
    it = iter([x[0], x[1], x[2]])
    next(it)
    g = (v * 2 for v in it)
    return sum(g) + 7 * sum(it)


def used_chained_3(x):
    it = iter([x[0], x[1], x[2]])
    m = map(lambda v: v * 3, it)
    a = next(m)
    return a * sum(m)


def used_chained_4(x):
    it = iter([x[0], x[1], x[2]])
    g = (v * 2 for v in it)
    h = (w + 1 for w in g)
    return sum(h)


def used_chained_5(x):
    m = map(np.sin, [x[0], x[1]])
    e = enumerate(m)
    return sum(k * v for k, v in e)


def used_chained_6(x):
    s = 0.0
    for r in range(3):
        it = iter([x[0], x[1] * r])
        for v in it:
            s += v * next(it)
    return s


def used_chained_7(x):
    f = filter(lambda v: v > 0, map(lambda v: v * 2, [x[0], x[1], x[2]]))
    return sum(f)


def used_chained_8(x):
    g = (a * b for a, b in zip([x[0], x[1]], iter([x[2], x[3]])))
    return max(g)


@pytest.mark.parametrize("program", programs(globals(), "used_"))
def test_items_are_taken_once(program):
    check(program)


@pytest.mark.parametrize("program", programs(globals(), "may_be_refused_"))
def test_right_or_refused(program):
    check_or_refused(program)
