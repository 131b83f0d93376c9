"""Programs with lists of arrays of different shapes, and lists whose length only the run knows, for tests of loops."""

import numpy as np

X = np.array([0.5, 0.8, 0.3, 1.1, 0.9])


def made(x, n):
    return [x[: 1 + i % 4] * (i + 1.0) for i in range(n)]


def weighted(xs):
    total = 0.0
    for k, y in enumerate(xs):
        total = total + np.sum(y * y) * (k + 1)
    return total


def reversed_in_place(x, n):
    xs = made(x, n)
    xs.reverse()
    return np.sum(xs[0] ** 2) + np.sum(xs[1] ** 3) * weighted(reversed(xs))


def sliced(x, n):
    xs = made(x, n)
    return weighted(xs[::-1]) + weighted(xs[1:4]) * np.sum(xs[2][1:])


def taken_and_inserted(x, n):
    xs = made(x, n)
    y, z = xs.pop(), xs.pop(0)
    xs.insert(1, x[:2] * x[1])
    return np.sum(y * y) * np.sum(z) + weighted(xs)


def added(x, n):
    xs = made(x, n) + made(x * 2.0, n)
    xs.extend([x[:2], x[1:3] * 2.0])
    return weighted(xs)


def replaced(x, n):
    xs = made(x, n)
    xs[1] = xs[1] * x[:2]
    xs[1:3] = [x[:2] * 3.0, xs[0][0] * x[:3]]
    return weighted(xs) * np.sum(xs[1])


def matrices(x, n):
    xs = []
    for i in range(n):
        xs.append(np.outer(x[: 1 + i % 4], x[: 2 + i % 3]))
    return sum([np.sum(np.sin(v[0])) * np.sum(v[:, -1]) for v in xs[1:]])


def lists_in_lists(x, n):
    rows = []
    for i in range(n):
        rows.append([x * i, x[::-1]])
    total = 0.0
    for row in rows[1:][::-1]:
        for v in row:
            total = 0.5 * total + np.sum(v * v)
    return total


def rows_in_lists(x, n):
    rows = [[np.sin(v) * k for v in x] for k in range(n)]
    total = 0.0
    for row in rows[::-2]:
        for v in row:
            total = 0.5 * total + v * v
    return total


def in_pairs(x, n):
    xs = [(x[: 1 + i % 4] * (i + 1.0), x[0] * i) for i in range(n)]
    return sum([np.sum(v) ** 2 * w for v, w in xs[::-1]])


LISTS = {
    f.__name__: f
    for f in (
        *(reversed_in_place, sliced, taken_and_inserted, added, replaced, matrices),
        *(lists_in_lists, rows_in_lists, in_pairs),
    )
}


def grown(x, n):
    xs, s = [], x
    while np.sum(s) < n:
        s = s * 1.3 + np.sin(s)
        xs.append(s * x[1])
    return xs


def arrays(x, n):
    xs = grown(x, n)
    return np.array(xs), np.stack(xs), np.concatenate(xs), np.vstack(xs), np.asarray(xs).T


def until_a_break(x, n):
    xs = []
    for k in range(20):
        if k > n:
            break
        xs.append(x[k % 5] * k)
    return np.array(xs), np.sort(np.array(xs))


def products(x, n):
    a = np.array(grown(x, n))
    return np.sum(a @ a.T) + np.linalg.norm(np.sort(a.ravel())) + np.sum(np.concatenate(grown(x, n)).reshape(-1, 5)[0])


ARRAYS = {f.__name__: f for f in (arrays, until_a_break, products)}


def numbers(x, n):
    xs, s = [], x[0]
    while s < n:
        s = s * 1.3 + np.sin(s)
        xs.append(s * x[1])
    total = 0.0
    for v in xs:
        total = total + np.sin(v) * v
    return total


def vectors(x, n):
    y = x
    while np.sum(y * y) < n:
        y = np.sin(y) + y * 1.2
    return np.sum(y * np.cos(y))


def of_lengths(x, n):
    total, i = x[0], 0
    while total < n and i < 10:
        z = np.exp(-((x[: 1 + i % 4] * total) ** 2))
        total = total + np.sum(z * np.sin(z)) + 0.5
        i += 1
    return total


def vectors_in_lists(x, n):
    y = x
    for i in range(n):
        k = 0
        while np.sum(y) < 3.0 * (i + 1) and k < 4:
            z = np.exp(-y * y)
            y = y + z * np.sin(z)
            k += 1
    return np.sum(y)


def of_lengths_in_lists(x, n):
    total = x[0]
    for i in range(n):
        k = 0
        while total < 3.0 * (i + 1) and k < 4:
            z = np.exp(-((x[: 1 + (i + k) % 4] * total) ** 2))
            total = total + np.sum(z * np.sin(z)) + 0.5
            k += 1
    return total


def in_three_loops(x, n):
    total = x[0]
    for i in range(3):
        for j in range(3):
            k = 0
            while total < 1.0 + i + j and k < 3:
                total = total * 1.2 + np.sin(total)
                k += 1
    return total


KEPT = {f.__name__: f for f in (numbers, vectors, of_lengths, vectors_in_lists, of_lengths_in_lists, in_three_loops)}
"""What their reverse sweep needs is in lists."""
