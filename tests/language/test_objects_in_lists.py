"""Objects in lists that loops make, and that are changed: the loops are written out where that tells them apart."""

import array
import math

import numpy as np
import pytest

import s2sad
from tests.against_python import check


class Point:
    __slots__ = ("x", "y")

    def __init__(self, i):
        self.x = math.sin(i)
        self.y = math.cos(i) * 3.0

    def normalize(self):
        norm = math.sqrt(self.x * self.x + self.y * self.y)
        self.x /= norm
        self.y /= norm

    def maximize(self, other):
        self.x = self.x if self.x > other.x else other.x
        self.y = self.y if self.y > other.y else other.y
        return self


def largest(points):
    best = points[0]
    for p in points[1:]:
        best = best.maximize(p)
    return best


def changed_in_a_list(x, n=4):
    points = [None] * n
    for i in range(n):
        points[i] = Point(x[0] * (i + 1) + x[1])
    for p in points:
        p.normalize()
    best = largest(points)
    return best.x + 2.0 * best.y + points[0].x


def pairs_of(items):
    found = []
    for k in range(len(items) - 1):
        for other in items[k + 1 :]:
            found.append((items[k], other))
    return found


def in_pairs(x):
    bodies = [([x[0], 0.0], [0.1, x[1]], 2.0), ([1.0, x[2]], [0.0, 0.3], x[3]), ([-1.0, 0.5], [0.2, 0.0], 1.0)]
    pairs = pairs_of(bodies)
    for _ in range(3):
        for ([x1, y1], v1, m1), ([x2, y2], v2, m2) in pairs:
            dx, dy = x1 - x2, y1 - y2
            pull = 0.01 * (dx * dx + dy * dy) ** -1.5
            v1[0] -= dx * m2 * pull
            v1[1] -= dy * m2 * pull
            v2[0] += dx * m1 * pull
            v2[1] += dy * m1 * pull
        for r, v, _ in bodies:
            r[0] += 0.01 * v[0]
            r[1] += 0.01 * v[1]
    return sum(m * (v[0] ** 2 + v[1] ** 2) + r[0] * r[1] for r, v, m in bodies)


def of_an_array(x):
    points = [Point(v) for v in x]
    points[0].maximize(points[-1])
    other = points[1]
    other.x *= x[2]
    return sum(p.x * p.y for p in points)


class Grid:
    def __init__(self, rows, columns):
        self.rows, self.columns = rows, columns
        self.data = array.array("d", [0]) * (rows * columns)

    def __getitem__(self, place):
        i, j = place
        return self.data[i * self.columns + j]

    def __setitem__(self, place, value):
        i, j = place
        self.data[i * self.columns + j] = value


def smoothed(x):
    grid = Grid(3, 4)
    for i in range(3):
        for j in range(4):
            grid[i, j] = x[j] * (i + 1)
    for _ in range(2):
        for i in range(1, 2):
            for j in range(1, 3):
                grid[i, j] = 0.3 * (grid[i - 1, j] + grid[i + 1, j] + grid[i, j - 1] + grid[i, j + 1]) - grid[i, j]
    return sum(v * v for v in grid.data)


@pytest.mark.parametrize("f", [changed_in_a_list, in_pairs, of_an_array, smoothed])
def test_objects_in_lists(f):
    check(f)


def test_a_list_of_unknown_length_is_refused_as_before():
    def f(x):
        points = [Point(v) for v in x if v > 0.0]
        points[0].normalize()
        return largest(points).x

    with pytest.raises(s2sad.Error, match="the length of this list of functions, lists or objects must be known"):
        s2sad.grad(f)(np.ones(3))


def test_arrays_of_the_standard_library_hold_floats():
    with pytest.raises(s2sad.Error, match="use a list, or np.array"):
        s2sad.grad(lambda x: array.array("i", [1])[0] * x)(1.0)
