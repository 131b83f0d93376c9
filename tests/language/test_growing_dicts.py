"""Dicts that get keys which are known at run time only: groups, counters, tables of results, distances."""

import collections

import numpy as np
import pytest

import s2sad
from tests.against_python import X, check, programs

PLACES = np.array([2, 0, 2, 7])
LINKS = np.array([[1, 2], [3, 0], [3, 4], [4, 1], [0, 2]])


def group_names(x):
    groups = collections.defaultdict(list)
    for i, v in enumerate(x):
        groups["odd" if i % 2 else "even"].append(v * v)
    return sum(groups["odd"]) * sum(groups["even"])


def group_by_sign(x):
    groups = collections.defaultdict(list)
    for v in x:
        groups[v > 0].append(v**3)
    return sum(groups[True]) * sum(groups[False])


def group_sums(x):
    sums = collections.defaultdict(float)
    for i, v in enumerate(x):
        sums[i % 3] += v * v
    return sums[0] * sums[1] + sums[2] ** 2 + sums[9]


def group_setdefault(x):
    groups = {}
    for k, v in zip(PLACES, x):
        groups.setdefault(k, []).append(v)
    return sum(np.prod(np.array(g)) ** 2 for g in groups.values()) * len(groups)


def group_in_branch(x):
    groups = {}
    for k, v in zip(PLACES, x):
        if k not in groups:
            groups[k] = []
        groups[k].append(v)
    total = 0.0
    for k, g in groups.items():
        total += (k + 1) * sum(g) ** 2
    return total


def group_in_else(x):
    sums = {}
    for k, v in zip(PLACES, x):
        if k in sums:
            sums[k] += v * v
        else:
            sums[k] = v
    return sums[2] * sums[0] + sums[7] ** 2


def group_get(x):
    sums = {}
    for k, v in zip(PLACES, x):
        sums[k] = sums.get(k, 1.0) * v
    return sums[2] * sums[0] + sums[7] ** 2


def group_try(x):
    sums = {}
    for k, v in zip(PLACES, x):
        try:
            sums[k] += v * v
        except KeyError:
            sums[k] = v
    return sums[2] * sums[0] + sums[7] ** 2


def group_arrays(x):
    rows = collections.defaultdict(lambda: np.zeros(4))
    for k, v in zip(PLACES, x):
        rows[k] += v * x
    return np.sum(rows[2] * rows[0] * rows[7])


def group_overwritten(x):
    last = {}
    for k, v in zip(PLACES, x):
        last[k] = v * v
    return last[2] * 3.0 + last[0] * last[7]


def group_with_known_keys(x):
    sums = {0: 1.0, 5: x[0]}
    for k, v in zip(PLACES, x):
        sums[k] = v * sums[5]
        sums[5] *= 2.0
    return sums[0] * sums[5] * sums[2]


def group_pairs(x):
    sums = collections.defaultdict(float)
    for k, v in zip(PLACES, x):
        sums["big" if v > 0.5 else "small", k % 2] += v * v
    total = 1.0
    for (name, k), s in sums.items():
        total *= s + k + (0.5 if name == "big" else 0.25)
    return total


def group_names_walked(x):
    sums = collections.defaultdict(float)
    for v in x:
        sums["plus" if v > 0 else "minus"] += v * v
    total = 0.0
    for name in sums:
        total += sums[name] ** 2 if name == "plus" else 3.0 * sums[name]
    return total


def table_memo(x):
    memo = {}
    for i in range(len(x)):
        for j in range(len(x)):
            memo[i, j] = x[i] * x[j] + (memo[i - 1, j] if i > 0 else 0.0) * (memo[i, j - 1] if j > 0 else 1.0)
    return memo[len(x) - 1, len(x) - 1]


def table_path(x):
    best = {0: x[0]}
    for i in range(1, len(x)):
        best[i] = min(best[i - 1] + x[i] ** 2, best.get(i - 2, 10.0) + x[i])
    return best[len(x) - 1]


def table_while(x):
    memo, n = {}, 0
    while n < len(x) and n not in memo:
        memo[n] = x[n] ** 2 + memo.get(n - 1, 0.0)
        n += 1
    return memo[n - 1] * memo[0]


def table_sequence(x):
    seen, n, steps = {}, 7, 0.0
    while n not in seen:
        seen[n] = x[n % 4] * (1.0 + steps)
        steps += 1.0
        n = n // 2 if n % 2 == 0 else 3 * n + 1
        if n == 1:
            break
    return sum(seen.values()) * len(seen)


def search_breadth_first(x):
    dist, queue = {0: 0.0}, [0]
    while queue:
        node = queue.pop(0)
        for other in LINKS[node]:
            if other not in dist:
                dist[other] = dist[node] + x[node % 4] ** 2
                queue.append(other)
    return dist[4] * dist[3] + len(dist)


def search_relaxed(x):
    dist = {0: 0.0}
    for _ in range(4):
        for node in range(5):
            if node in dist:
                for other in LINKS[node]:
                    d = dist[node] + x[node % 4] ** 2
                    if other not in dist or d < dist[other]:
                        dist[other] = d
    return sum(d * d for d in dist.values())


def walk_items(x):
    sums = collections.defaultdict(float)
    for k, v in zip(PLACES, x):
        sums[k] += v
    return sum(k * s**2 for k, s in sums.items()) + sum(sums) + sum(i * s for i, s in enumerate(sums.values()))


def walk_sorted(x):
    sums = collections.defaultdict(float)
    for k, v in zip(PLACES, x):
        sums[k] += v * v
    total = 1.0
    for k in sorted(sums):
        total = total * sums[k] + k
    return total


def walk_and_store(x):
    sums = collections.defaultdict(float)
    for k, v in zip(PLACES, x):
        sums[k] += v * v
    total = sum(sums.values())
    for k in sums:
        sums[k] = sums[k] / total
    return sums[2] * sums[7]


def walk_items_and_store(x):
    sums = collections.defaultdict(float)
    for k, v in zip(PLACES, x):
        sums[k] += v * v
    for k, s in sums.items():
        sums[k] = s * s + k
    return sums[2] * sums[7]


def walk_keys_of_copy(x):
    sums = {}
    for k, v in zip(PLACES, x):
        sums[k] = v * v
    for k in list(sums):
        sums[k + 1] = sums[k] * 2.0
    return sum(sums.values()) * sums[3]


def walk_comprehension(x):
    sums = collections.defaultdict(float)
    for k, v in zip(PLACES, x):
        sums[k] += v * v
    squares = {k: s * s for k, s in sums.items()}
    return squares[2] * squares[0] + squares[7]


def walk_best(x):
    sums = collections.defaultdict(float)
    for k, v in zip(PLACES, x):
        sums[k] += v * v
    best = max(sums, key=lambda k: sums[k])
    return sums[best] ** 2 + best + max(sums.values()) + min(sums)


def removed_del(x):
    d = {}
    for k, v in zip(PLACES, x):
        d[k] = v * v
    del d[int(PLACES[1])]
    total = 0.0
    for i, (k, v) in enumerate(d.items()):
        total += (i + 1) * k * v**2
    return total * len(d)


def removed_pop(x):
    d = {}
    for i, v in enumerate(x):
        d[i] = v * v
    total = 0.0
    for i in range(len(x)):
        if i % 2 == 0:
            total += d.pop(i) * d.pop(i + 10, 3.0) * (i + 1)
        d[i + 20] = total
    return total + sum(v * v for v in d.values())


def removed_queue(x):
    waiting = {}
    for i, v in enumerate(x):
        waiting[i] = v
    total = 1.0
    while waiting:
        k = min(waiting)
        total = total * waiting.pop(k) + k
    return total


def copied(x):
    d = {}
    for k, v in zip(PLACES, x):
        d[k] = v
    e = d.copy()
    f = dict(d)
    for k in d:
        e[k] = d[k] ** 2
    f[int(PLACES[0])] = 5.0
    d.clear()
    return e[2] * f[2] + f[0] + len(d) + len(e)


def updated(x):
    d = {}
    d.update(zip(PLACES, x))
    e = dict(zip(PLACES, x * x))
    d.update(e)
    return d[2] * e[0] + d[7]


def count_numbers(x):
    counts = collections.Counter(np.sort(PLACES))
    first, n = counts.most_common(1)[0]
    return x[0] ** n * x[1] + first + counts[5] + counts.total() * x[2] + len(counts)


def count_one_by_one(x):
    counts = collections.Counter()
    for k in PLACES:
        counts[k] += 1
        counts[k % 2] += 2
    counts.update(PLACES)
    return sum(n * x[k % 4] ** 2 for k, n in counts.items())


def count_weights(x):
    weights = collections.Counter()
    for k, v in zip(PLACES, x):
        weights[k] += v * v
    return sum((i + 1) * w * w for i, (k, w) in enumerate(weights.most_common()))


def count_in_dict(x):
    counts = {}
    for k in PLACES:
        counts[k] = counts.get(k, 0) + 1
    return x[0] ** counts[2] * x[1] ** counts[7]


def fill(d, k, v):
    d[k] = v * v
    return len(d)


def passed_on(x):
    d = {}
    for k, v in zip(PLACES, x):
        fill(d, k, v)
    return d[2] * d[0]


class Model:
    def __init__(self):
        self.seen = {}
        self.sums = collections.defaultdict(float)

    def add(self, k, v):
        self.seen[k] = v
        self.sums[k % 2] += v * v


def held_by_an_object(x):
    m = Model()
    for k, v in zip(PLACES, x):
        m.add(k, v)
    return m.seen[2] * m.sums[0] + m.sums[1]


def made_in_loop(x):
    total = 0.0
    for i in range(3):
        d = collections.defaultdict(float)
        for k, v in zip(PLACES, x):
            d[k + i] += v * total + v * v
        total += d[2 + i]
    return total


def made_in_branches(x):
    if x[0] > 0:
        d = {}
        d[int(PLACES[0])] = x[1]
    else:
        d = {}
    for k, v in zip(PLACES, x):
        d[k] = d.get(k, 0.0) + v * v
    return d[2] * d[0]


@pytest.mark.parametrize(
    "f",
    [
        case
        for prefix in ("group_", "table_", "search_", "walk_", "removed_", "count_", "passed_", "held_", "made_")
        for case in programs(globals(), prefix)
    ]
    + [copied, updated],
)
def test_a_dict_that_grows(f):
    check(f)
    s2sad.check_grads(f, (X,), order=2)


def missing_number(x):
    d = {}
    for k, v in zip(PLACES, x):
        d[k] = v
    return d[int(PLACES[0]) + 1]


def missing_name(x):
    d = {}
    for v in x:
        d["a" if v > 0 else "b"] = v
    return d["a" if x[0] < 0 else "c"]


def missing_popped(x):
    d = collections.defaultdict(float)
    for k, v in zip(PLACES, x):
        d[k] = v
    return d.pop(int(PLACES[0]) + 1)


@pytest.mark.parametrize("f", [missing_number, missing_name, missing_popped])
def test_a_key_that_is_not_there_raises_what_python_raises(f):
    with pytest.raises(KeyError) as of_python:
        f(X)
    with pytest.raises(KeyError) as found:
        s2sad.grad(f)(X)
    assert found.value.args == of_python.value.args


def float_key(x):
    d = {}
    for v in x:
        d[v] = v * v
    return sum(d.values())


def changes_its_size(x):
    d = {}
    for k, v in zip(PLACES, x):
        d[k] = v
    for k in d:
        d[k + 1] = 1.0
    return sum(d.values())


def of_dicts(x):
    d = collections.defaultdict(dict)
    for k, v in zip(PLACES, x):
        d[k]["a"] = v
    return d[2]["a"]


def given(x, d):
    for k, v in zip(PLACES, x):
        d[k] = v
    return d[2]


def returned(x):
    d = {}
    for k, v in zip(PLACES, x):
        d[k] = v
    return d


@pytest.mark.parametrize(
    ("f", "arguments", "message"),
    [
        (float_key, (), "a float is a key"),
        (changes_its_size, (), "changes its size"),
        (of_dicts, (), "dicts"),
        (given, ({},), "copy the dict"),
        (returned, (), "no value at run time"),
    ],
)
def test_what_cannot_be_done_is_refused(f, arguments, message):
    with pytest.raises(s2sad.Error, match=message) as found:
        s2sad.grad(f)(X, *arguments)
    assert f.__code__.co_filename in str(found.value)
