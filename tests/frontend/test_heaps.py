"""Heaps, ordered lists, and the order of tuples, which decides who is next."""

import bisect
import heapq
import random

import numpy as np
import pytest

import s2sad

X = np.array([0.3, -1.2, 2.0, 0.9, -0.4])


def two_least(x):
    heap = []
    for v in x:
        heapq.heappush(heap, v)
    return heapq.heappop(heap) * 2 + heapq.heappop(heap) ** 2


def shortest_path(w):
    links = {0: [(1, 0), (2, 1)], 1: [(3, 2), (2, 4)], 2: [(3, 3)], 3: []}
    distance, queue = {0: 0.0}, [(0.0, 0)]
    while queue:
        d, u = heapq.heappop(queue)
        if d > distance.get(u, np.inf):
            continue
        for v, e in links[u]:
            longer = d + w[e] ** 2
            if longer < distance.get(v, np.inf):
                distance[v] = longer
                heapq.heappush(queue, (longer, v))
    return distance[3]


def huffman(x):
    weights, cost = [v**2 + 0.1 for v in x], 0.0
    heapq.heapify(weights)
    while len(weights) > 1:
        both = heapq.heappop(weights) + heapq.heappop(weights)
        cost += both**2
        heapq.heappush(weights, both)
    return cost


def three_greatest(x):
    heap = list(x[:3])
    heapq.heapify(heap)
    for v in x[3:]:
        heapq.heappushpop(heap, v)
    return sum(v**3 for v in heap) + heapq.heapreplace(heap, 0.0)


def table(x):
    nodes, values, total = [0.0, 0.5, 1.0, 2.5], [1.0, 3.0, 2.0, 4.0], 0.0
    for v in x:
        i = min(max(bisect.bisect_right(nodes, abs(v)) - 1, 0), 2)
        total += values[i] + (values[i + 1] - values[i]) * (abs(v) - nodes[i]) / (nodes[i + 1] - nodes[i])
    return total


def kept_in_order(x):
    ordered = []
    for v in x:
        bisect.insort(ordered, v)
    return sum(k * v * v for k, v in enumerate(ordered)) + bisect.bisect_left(ordered, 0.0, hi=4) * x[0]


def order_of_tuples(x):
    best = (x[0], 0, x[1])
    for i in range(len(x)):
        found = (x[i] * x[0] > 0, i % 2, x[i])
        if found >= (True, 1, -5.0) and not found < (True, 1):
            best = found
    return best[2] * x[3]


PROGRAMS = [two_least, shortest_path, huffman, three_greatest, table, kept_in_order, order_of_tuples]


@pytest.mark.parametrize("f", PROGRAMS, ids=lambda f: f.__name__)
def test_differentiated(f):
    assert s2sad.value_and_grad(f)(X)[0] == f(X)
    s2sad.check_grads(f, (X,))


def test_as_heapq_has_it_for_equal_items_too():
    """Which of equal items is next is seen by what goes with them."""

    def drained(keys, x):
        heap, total = [], 0.0
        for i in range(len(keys)):
            heapq.heappush(heap, (keys[i], i))
            if i % 3 == 2:
                total = total * 2.0 + x[heapq.heappop(heap)[1]]
        while heap:
            total = total * 2.0 + x[heapq.heappop(heap)[1]]
        return total

    generator = random.Random(0)
    for n in (3, 8, 20):
        keys, x = np.array([generator.randrange(4) for _ in range(n)]), np.linspace(1.0, 2.0, n)
        value, gradient = s2sad.value_and_grad(drained, 1)(keys, x)
        assert value == drained(keys, x)
        assert sorted(gradient) == [2.0**k for k in range(n)]


def test_what_has_no_order():
    def f(x):
        return x if [x] < (x, 2.0) else 0.0

    with pytest.raises(s2sad.Error, match="the order of two containers that have none"):
        s2sad.grad(f)(1.0)


def test_a_missing_argument_is_told():
    with pytest.raises(s2sad.Error, match="heapq.heappush of other arguments than heap, item"):
        s2sad.grad(lambda x: heapq.heappush([x]))(1.0)
    with pytest.raises(s2sad.Error, match="bisect without a list and an item"):
        s2sad.grad(lambda x: x * bisect.bisect([1.0]))(1.0)
