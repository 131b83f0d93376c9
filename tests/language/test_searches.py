"""Searches over graphs of integers: queues, stacks, lists of lists at an index of run time."""

import collections
from collections import deque

import numpy as np
import pytest

from tests.against_python import check, check_or_refused, programs

LINKS = [[1, 2], [3], [3, 4], [], []]


def search_bfs(x):
    queue, seen, total = [0], [], 0.0
    links = [[1, 2], [3], [3, 4], [], []]
    while queue:
        n = queue.pop(0)
        seen.append(n)
        total += x[n % 3] ** 2
        for m in links[n]:
            if m not in seen and m not in queue:
                queue.append(m)
    return total


def search_bfs_global(x):
    queue, seen, total = [0], [], 0.0
    while queue:
        n = queue.pop(0)
        seen.append(n)
        total += x[n % 3] ** 2
        for m in LINKS[n]:
            if m not in seen and m not in queue:
                queue.append(m)
    return total


def search_dfs(x):
    links = [[1, 2], [3], [3], []]
    stack = [0]
    visited = [False] * 4
    t = 0.0
    while stack:
        n = stack.pop()
        if visited[n]:
            continue
        visited[n] = True
        t += x[n] ** 2 * (len(links[n]) + 1)
        stack.extend(links[n])
    return t


def search_dist(x):
    links = [[1, 2], [3], [3], []]
    dist = [0.0, 100.0, 100.0, 100.0]
    queue = [0]
    while len(queue) > 0:
        n = queue.pop(0)
        for m in links[n]:
            d = dist[n] + x[m] ** 2
            if d < dist[m]:
                dist[m] = d
                queue.append(m)
    return dist[3] * 2 + dist[1]


def search_rows(x):
    rows = [[x[0], x[1]], [x[2]], [x[3], x[0], x[1]]]
    t = 0.0
    for v in range(int(x[1]) + 1):
        t += sum(rows[v]) ** 2
    return t


def search_dictlinks(x):
    links = {0: [1, 2], 1: [3], 2: [3], 3: []}
    q = [0]
    t = 0.0
    seen = []
    while q:
        n = q.pop(0)
        if n in seen:
            continue
        seen.append(n)
        t += x[n] ** 2
        for m in links[n]:
            q.append(m)
    return t


def search_nplinks(x):
    A = np.array([[0, 1, 1, 0], [0, 0, 0, 1], [0, 0, 0, 1], [0, 0, 0, 0]])
    q = [0]
    t = 0.0
    seen = np.zeros(4, bool)
    while q:
        n = q.pop(0)
        if seen[n]:
            continue
        seen[n] = True
        t += x[n] ** 2
        for m in range(4):
            if A[n, m]:
                q.append(m)
    return t


def search_queue_pop(x):
    q = deque([x[0], x[1]])
    q.appendleft(x[2])
    q.append(x[3])
    return q.popleft() * q.pop() ** 2


def search_queue_while(x):
    q = collections.deque([0])
    t = 0.0
    while q:
        n = q.popleft()
        t += x[n] ** 2
        if n < 3:
            q.append(n + 1)
    return t


@pytest.mark.parametrize("f", programs(globals(), "search_"))
def test_a_search(f):
    check(f)


def perhaps_rows_written(x):
    rows = [[x[0], x[1]], [x[2]], [x[3], x[0], x[1]]]
    for v in range(int(x[1]) + 1):
        rows[v].append(2.0 * x[0])
    return sum(rows[0]) ** 2 + sum(rows[2])


def perhaps_rows_after(x):
    rows = [[x[0], x[1]], [x[2]], [x[3], x[0], x[1]]]
    k = int(np.argmax(x))
    r = rows[k]
    rows[1].append(2.0)
    return sum(r) ** 2


def perhaps_rot(x):
    q = deque(x[:3])
    q.rotate(1)
    return q[0] ** 2


def perhaps_extendleft(x):
    q = deque([x[0]])
    q.extendleft([x[1], x[2]])
    return q[0] ** 2


@pytest.mark.parametrize("f", programs(globals(), "perhaps_"))
def test_one_of_several_lists_is_right_or_refused(f):
    check_or_refused(f)
