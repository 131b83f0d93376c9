"""Programs whose arrays, lists and dicts become longer as they run, for the tests of loops and of machine code."""

import numpy as np

X = np.array([0.5, -1.2, 2.0, 0.3, 0.9, -0.4])
MANY = np.linspace(-2.0, 2.0, 41)


def appended(x, k):
    y = x[:2]
    for i in range(k):
        y = np.append(y, np.sin(y[i] * x[i % len(x)]))
    return np.sum(y * y)


def halved_and_joined(x, k):
    y = x
    while len(y) > 2 and k > 0:
        y = np.concatenate((y[1:] * 0.5, y[:1])) if y[0] > 0.0 else y[1:] * y[:-1]
        k -= 1
    return np.sum(np.cos(y))


def changing_places(x, k):
    u, v = x[:1], x[1:3]
    for i in range(k):
        u, v = v, np.append(u, x[i % len(x)] * v[0])
    return np.sum(u * u) + np.prod(v)


def beside_one_that_does_not(x, k):
    """Each is computed of the other, as it was."""
    y, z = x[:2], x * 0.5
    for i in range(k):
        y, z = np.append(y * z[0], z[i % 3]), z + y[i] * np.cos(z[::-1])
        if i % 2:
            y, z = y + z[1], z * y[0]
    return np.sum(y) * np.sum(z * z)


def table_of_lists(x):
    rows = np.array([[p * k for k in range(2)] for p in x])
    both = np.array([[e for e in x], [2.0 * e for e in x]])
    return np.sum(rows * rows) + np.sum(both[0] * both[1])


def in_a_branch(x):
    out = []
    for e in x:
        if e > 0.0:
            out.append(e * e)
    total = 0.0
    for i in range(len(out)):
        total += out[i] * np.sin(out[len(out) - 1 - i])
    return total


def empty_on_one_side(x, c):
    xs = []
    if c > 0:
        for e in x:
            if e < 1.0:
                xs.append(np.cos(e))
    ys = xs if c > 1 else [x[0], x[1] * 2.0]
    return sum(ys) + len(xs) * x[0]


def rows_in_a_branch(x, k):
    rows = []
    for i in range(k):
        if i % 3 != 1:
            rows.append(x * np.sin(x[i % len(x)]))
    total = np.zeros(len(x))
    for row in rows:
        total = total + row * row[0]
    return total @ x


def pairs_in_a_branch(x):
    pairs = []
    for i in range(len(x)):
        if x[i] > -0.5:
            pairs.append((i, x[i] * x[0]))
    return sum(v * (i + 1) for i, v in pairs)


def kept_as_it_was(x):
    """A list is read after it, or a copy of it, has grown."""
    xs, ys = [x[0]], [x[1]]
    for e in x:
        before = list(xs)
        if e > 0.2:
            xs.append(e * before[-1])
            before.append(2.0 * e)
        ys = before if len(before) > 3 else ys + [e]
    return sum(xs) * sum(ys)


def taken_out(x):
    xs = [0.5]
    total = 0.0
    for e in x:
        if e > 0.0:
            xs.append(np.sin(e))
        elif len(xs) > 1:
            total += xs.pop() * e
    return total + sum(xs)


def stack(x):
    """A tree, walked with a list of what is to be visited."""
    todo, total = [0], 0.0
    while todo:
        k = todo.pop()
        total = total * 0.9 + x[k] * np.cos(total)
        if 2 * k + 2 < len(x):
            todo.append(2 * k + 1)
            todo.append(2 * k + 2)
    return total


def lists_in_a_while(x, k):
    total, n = x[0], 0
    while n < k:
        n += 1
        i = 0
        while i < n and total < 5.0:
            i += 1
            total = np.sin(total) + x[i % len(x)] * total
    return total


def lists_in_lists_in_a_while(x, k):
    total, n = x[0], 0
    while n < k:
        n += 1
        for i in range(n):
            for e in x:
                if e < 0.1 * i:
                    break
                total = np.tanh(total * e + 0.2)
    return total


def in_a_list_that_grows(x):
    """A loop in a branch makes a list that is handed out."""
    last = [x[0]]
    for e in x:
        if e > 0.0:
            new = []
            while len(new) < 3:
                new.append(e * (len(new) + 1))
            last = new
    return last[-1] * last[0]


def handed_on_as_it_begins(x):
    """A list that a loop may leave as it is, read when the next one is there."""
    last, total = [x[0]], 0.0
    for e in x:
        new = [e, 2.0 * e]
        while len(new) < 2 + (e > 0.5):
            new.append(e * e)
        total += last[-1] * new[0]
        last = new
    return total + last[0]


def sums_by_key(x):
    sums = {}
    for i, e in enumerate(x):
        key = (3 * i) % 5
        sums[key] = sums.get(key, 0.5) * np.sin(e)
        if key == 4:
            sums.setdefault(9, e)
    return sum(v * (i + 1) for i, v in enumerate(sums.values())) + len(sums) * x[0]


def counted_by_key(x):
    counts = {}
    for e in x:
        key = int(e > 0.0), round(e) if abs(e) < 1.0 else 7
        counts[key] = counts.get(key, 0) + 1
    total = 0.0
    for e in x:
        key = int(e > 0.0), 0
        if key in counts:
            total += e / counts[key]
    return total


def without_keys(x):
    table = {0: x[0], 1: x[1] * 2.0}
    for i, e in enumerate(x):
        if i % 4 in table and i % 3 == 0:
            del table[i % 4]
        else:
            table[i % 4] = e * e
    return sum(k * v for k, v in table.items())


def nothing_raised(x, limit):
    total = 0.0
    for e in x:
        try:
            if e > limit:
                raise ValueError("too large")
            y = np.sin(e) * x[0]
        except ValueError:
            y = e
        total += y
    return total


def whole_numbers_first(x):
    xs = [1, 2]
    for e in x:
        if e > 0.0:
            xs.append(e)
    return sum(xs)


def copied_before_both_are_written(x, m):
    """Two arrays of one memory before a loop that writes into both."""
    y = x * 0.5
    for k in range(3):
        y[0] += m[k]
    v = np.array(y)
    for k in range(4):
        v[2] += np.tanh(m[k])
        for i in range(len(y)):
            y[i] += 0.3 * y[i]
        y *= np.sin(m @ v)
    return np.sum(np.sin(y))


PROGRAMS = {
    "append": (appended, (X, 5)),
    "append again and again": (appended, (X, 40)),
    "shorter": (halved_and_joined, (X, 3)),
    "changing places": (changing_places, (X, 5)),
    "beside one that does not": (beside_one_that_does_not, (X, 4)),
    "a table of lists": (table_of_lists, (MANY,)),
    "a small table of lists": (table_of_lists, (X,)),
    "in a branch": (in_a_branch, (MANY,)),
    "none in a branch": (in_a_branch, (-np.abs(X),)),
    "empty on one side": (empty_on_one_side, (X, 2)),
    "filled on one side": (empty_on_one_side, (X, 1)),
    "empty": (empty_on_one_side, (X, 0)),
    "rows": (rows_in_a_branch, (X, 40)),
    "no rows": (rows_in_a_branch, (X, 0)),
    "pairs": (pairs_in_a_branch, (MANY,)),
    "kept as it was": (kept_as_it_was, (MANY,)),
    "taken out": (taken_out, (MANY,)),
    "a stack": (stack, (MANY,)),
    "lists in a while": (lists_in_a_while, (X, 5)),
    "lists in lists in a while": (lists_in_lists_in_a_while, (X, 3)),
    "in a list that grows": (in_a_list_that_grows, (X,)),
    "handed on as it begins": (handed_on_as_it_begins, (X,)),
    "sums by key": (sums_by_key, (MANY,)),
    "keys of two numbers": (counted_by_key, (MANY,)),
    "without keys": (without_keys, (MANY,)),
    "nothing raised": (nothing_raised, (X, 3.0)),
    "whole numbers first": (whole_numbers_first, (X,)),
    "copied before both are written": (copied_before_both_are_written, (X, np.sin(X))),
}
