"""Data: comprehensions, lists, dicts, tuples, strings."""

import collections
import heapq
import itertools
from collections import namedtuple
from dataclasses import dataclass, field
from typing import NamedTuple

import numpy as np

from tests.language.cases import Section

case = Section("Data")
X = np.array([0.5, -1.25, 2.0, 0.75])


@case("list comprehension", X, 4, golden=True)
def comprehension(xs, n):
    ys = [np.sin(xs[0] * k) for k in range(n)]
    return np.sum(np.array(ys) * xs)


@case("list comprehension with a condition", X)
def filtered(xs):
    return sum([x**3 for x in xs if x > 0])


@case("nested comprehension", X, 3)
def nested_comprehension(xs, n):
    a = np.array([[xs[i] * xs[j] + i for j in range(n)] for i in range(n)])
    return np.sum(a * a) + sum([x * y for x in xs for y in xs])


@case("dict comprehension", {"a": 1.5, "b": X})
def dict_comprehension(p):
    q = {k: v * 2.0 for k, v in p.items()}
    return q["a"] * np.sum(q["b"] ** 2)


@case("set comprehension", 1.5)
def set_comprehension(x):
    powers = {k % 3 for k in [1, 2, 3, 4]}
    return sum([x**k for k in sorted(powers)])


@case("`append` in a loop", 0.9, 5, golden=True)
def trajectory(x, n):
    xs = [x]
    for _ in range(n):
        xs.append(xs[-1] + 0.1 * np.sin(xs[-1]))
    return xs[-1] * xs[2]


@case("`append` under a condition", X, golden=True)
def kept(xs):
    found = []
    for x in xs:
        if x > 0:
            found.append(x * x)
    return sum(found) * len(found)


@case("arrays in a list that grows", X, 3)
def states(x, n):
    history = [x]
    for _ in range(n):
        history.append(np.cos(history[-1]) * x)
    return np.sum(np.array(history) ** 2) + np.sum(history[1])


@case("`extend`, `insert`, `pop`, `reverse`", 1.5)
def list_methods(x):
    a = [x, 2.0]
    a.extend([x * x, 3.0])
    a.insert(0, x + 1.0)
    last = a.pop()
    first = a.pop(0)
    a.reverse()
    return a[0] * first + last * a[-1] + sum(a)


@case("a list as a stack of run-time length", X, golden=True)
def stack(xs):
    todo = []
    for x in xs:
        todo.append(x)
        todo.append(x * x)
    total = 0.0
    while todo:
        total = total * 0.9 + todo.pop()
    return total


@case("assignment to items of a list", 1.5, 6)
def table(x, n):
    f = [0.0] * n
    f[0] = 1.0
    f[1] = x
    for k in range(2, n):
        f[k] = x * f[k - 1] - 0.5 * f[k - 2]
    return f[n - 1]


@case("augmented assignment to items of a list", X)
def bins(xs):
    sums = [0.0, 0.0, 0.0]
    for k, x in enumerate(xs):
        sums[k % 3] += x * x
    return sums[0] * sums[1] + sums[2]


@case("a list of known length in a loop", 1.5, 3)
def pair_step(x, n):
    y = [x, 1.0]
    for _ in range(n):
        y = [y[0] + 0.1 * y[1], y[1] - 0.1 * y[0]]
    return y[0] * y[1]


@case("assignment to items of a dict", 1.5)
def dict_items(x):
    d = {"a": x}
    d["b"] = d["a"] * 2
    d["a"] += 1.0
    d.update(c=x * x)
    return d["a"] * d["b"] + d.pop("c") + d.get("missing", x)


@case("a dict carried through a loop", 1.5, 4, golden=True)
def dict_state(x, n):
    s = {"pos": x, "vel": 0.0}
    for _ in range(n):
        s["vel"] -= 0.1 * s["pos"]
        s["pos"] += 0.1 * s["vel"]
    return s["pos"] ** 2 + s["vel"]


@case("a dict that gets keys of run time: groups", X, golden=True)
def groups_by_key(xs):
    groups = {}
    for x in xs:
        key = "low" if x < 1.0 else "high"
        if key not in groups:
            groups[key] = []
        groups[key].append(x * x)
    return sum(groups["low"]) * sum(groups["high"])


@case("a dict that gets keys of run time: a table of results", 1.5, 6, golden=True)
def results_by_key(x, n):
    memo = {0: x, 1: x * x}
    for k in range(2, n):
        memo[k] = memo[k - 1] + memo[k // 2] * x
    return memo[n - 1]


@case("`defaultdict` and `Counter` at keys of run time", [0.5, 1.5, 2.5, 3.5], [3, 5, 3, 4])
def counts_by_key(xs, ks):
    sums, counts = collections.defaultdict(float), collections.Counter()
    for k, x in zip(ks, xs, strict=True):
        sums[k % 3] += x * x
        counts[k % 3] += 1
    return sum(s / counts[k] for k, s in sums.items())


@case("slices of lists", [0.5, 1.5, 2.5, 3.5])
def list_slices(xs):
    return sum(xs[1:]) * sum(xs[::-2]) + sum(xs[:2] + xs[-1:])


@case("star unpacking", [0.5, 1.5, 2.5, 3.5])
def starred(xs):
    first, *middle, last = xs
    a, (b, *c) = first, (last, *middle)
    return a * b + sum(c) * sum(middle)


@case("nested tuple targets", 1.5)
def nested_targets(x):
    (a, b), [c, (d, e)] = (x, x * x), [1.0, (x, 2.0)]
    a, b = b, a
    for i, (u, v) in [(1, (a, b)), (2, (c, d))]:
        e = e + i * u * v
    return e


@case("`len`, `sum`, `max`, `min`, `abs`, `round`, `divmod`, `pow`", X, 2.7)
def builtins_used(xs, y):
    q, r = divmod(y, 1.0)
    total = len(xs) * sum(xs) + max(y, xs[0]) * min(xs) + abs(xs[1])
    return total + pow(y, 3) * r + q * xs[2] + round(2.6) * max([y, 1.0, xs[3]])


@case("f-strings of active values", 1.5)
def formatted(x):
    label = f"x = {x:.3f}"
    assert x > 0, f"{label} is wrong"
    return x * len("abc")


@case("aliases of a list", 1.5)
def aliases(x):
    a = [x, 2.0]
    b = a
    b.append(x * x)
    a[0] = a[0] * 3.0
    return sum(b) * len(a)


@case("lists in lists", 1.5)
def lists_in_lists(x):
    grid = [[0.0, 0.0] for _ in range(2)]
    grid[0][1] = x
    grid[1][0] = x * x
    grid[1].append(grid[0][1] * 2.0)
    return sum(sum(row) for row in grid) * len(grid[1])


@case("`[row] * n` shares its rows", 1.5)
def shared_rows(x):
    rows = [[0.0]] * 2
    rows[0][0] = x
    return rows[1][0] * 3.0


@case("`itertools`", [0.5, 1.5, 2.5])
def combined(xs):
    pairs = sum(a * b for a, b in itertools.combinations(xs, 2))
    return pairs + sum(x * k for x, k in itertools.product(xs, [1, 2]))


@case("`heapq`, `bisect`, the order of tuples", [0.5, 1.5, -2.5, 0.25])
def merged_in_turn(xs):
    heap = []
    for k in range(len(xs)):
        heapq.heappush(heap, (xs[k], k))
    while len(heap) > 1:
        a, k = heapq.heappop(heap)
        b, _ = heapq.heappop(heap)
        heapq.heappush(heap, (a + k * b, k))
    return heap[0][0]


@case("`zip` of lists", [0.5, 1.5], [2.0, 3.0])
def zipped(xs, ys):
    return sum(x * y for x, y in zip(xs, ys, strict=True)) + sum([a - b for a, b in zip(xs, ys[::-1])])


@case("`None` leaves and strings beside arrays", {"w": X, "bias": None, "name": "tanh"})
def mixed_leaves(p):
    y = np.tanh(p["w"]) if p["name"] == "tanh" else p["w"]
    if p["bias"] is not None:
        y = y + p["bias"]
    return np.sum(y)


class Affine(NamedTuple):
    w: object
    b: object

    def predict(self, x):
        return self.w * x + self.b


Pair = namedtuple("Pair", "a b")


@case("NamedTuple argument", Affine(X, 0.5), 2.0)
def of_namedtuple(p, x):
    q = p._replace(b=p.b * 2.0)
    r = Pair(a=np.sum(p.predict(x)), b=q.b)
    return r.a * r.b


@dataclass
class Model:
    w: object
    b: float = 0.0
    steps: int = 2

    def predict(self, x):
        return np.sum(self.w * x) + self.b


@case("dataclass argument", Model(X, 0.5), 2.0)
def of_dataclass(m, x):
    y = 0.0
    for _ in range(m.steps):
        y = y + m.predict(x) ** 2
    return y


@dataclass
class Bag:
    items: list = field(default_factory=list)
    total: float = 0.0


@case("dataclass made inside", 1.5)
def makes_dataclass(x):
    bag = Bag()
    for k in [1, 2]:
        bag.items.append(x * k)
        bag.total += x
    other = Bag(total=x)
    return sum(bag.items) * bag.total + other.total + len(other.items)


@case("a list of pairs that grows", 1.5, 4, golden=True)
def pairs(x, n):
    history = []
    for k in range(n):
        history.append((k * 0.1, x * k))
    t, y = history[-1]
    return y * y + history[1][1] + t
