"""The least that must be kept for the values that a reverse sweep reads: a minimal cut.

Between what a step computes from and what its reverse sweep reads there are many sets of values from which the rest
can be computed again. The cost of one is what its values take, and what is computed again of them costs: of those the
least is a cut of least capacity in a network, found by the largest flow through it.

Each value `v` has two nodes, behind each other: `redone` and `at hand`. On which side of the cut they are says what
becomes of it: it is at hand where its second node is on the side of the sink, and computed again where its first one is
there too; then what it is computed of must be at hand. Between its two nodes lies what it costs to keep it, before the
first what it costs to compute it.

Ford & Fulkerson, Flows in Networks (1962), chapter 1; Dinic, Algorithm for solution of a problem of maximum flow in
networks with power estimation (1970).
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Generic, TypeVar

T = TypeVar("T")

ENDLESS = 10**15
SOURCE, SINK = 0, 1


@dataclass(frozen=True)
class Cost(Generic[T]):
    """What a value costs: to keep it, and to compute it again of others where that can be done."""

    keep: int
    again: int | None = None
    of: tuple[T, ...] = ()


def kept_of(wanted: Iterable[T], costs: Mapping[T, Cost[T]]) -> set[T]:
    """The values to keep; what is wanted can be computed again of these.

    `costs` has all that is wanted, and all that these are computed of.

    >>> costs = {"x": Cost(10), "u": Cost(100, 5, ("x",)), "v": Cost(100, 5, ("u",)), "w": Cost(3, 50, ("v",))}
    >>> sorted(kept_of(["u", "v", "w"], costs))
    ['w', 'x']
    """
    number = {v: 2 * k + 2 for k, v in enumerate(costs)}
    network = Network(2 * len(number) + 2)
    for v, cost in costs.items():
        redone, at_hand = number[v], number[v] + 1
        network.join(redone, at_hand, cost.keep)
        network.join(SOURCE, redone, ENDLESS if cost.again is None else cost.again)
        for operand in cost.of:
            network.join(number[operand] + 1, redone, ENDLESS)
    for v in wanted:
        network.join(number[v] + 1, SINK, ENDLESS)
    network.fill()
    beyond = network.before_sink()
    return {v for v, n in number.items() if n + 1 in beyond and n not in beyond}


class Network:
    """A network with capacities, and the flow through it."""

    def __init__(self, size: int) -> None:
        # An edge and the way back along it stand side by side: the numbers of the two differ in the last bit.
        self.head: list[int] = []
        self.left: list[int] = []
        """What can still flow along each edge."""
        self.edges: list[list[int]] = [[] for _ in range(size)]

    def join(self, tail: int, head: int, capacity: int) -> None:
        for node, to, most in ((tail, head, capacity), (head, tail, 0)):
            self.edges[node].append(len(self.head))
            self.head.append(to)
            self.left.append(most)

    def fill(self) -> None:
        """Let flow as much as can: along shortest ways, all of one length at a time."""
        while (distance := self.distances())[SINK] >= 0:
            tried = [0] * len(self.edges)
            while way := self.way(distance, tried):
                amount = min(self.left[e] for e in way)
                for e in way:
                    self.left[e] -= amount
                    self.left[e ^ 1] += amount

    def way(self, distance: list[int], tried: list[int]) -> list[int]:
        """A way to the sink that is nowhere full, by its edges; how many edges of each node were `tried` is noted."""
        way: list[int] = []
        node = SOURCE
        while node != SINK:
            if tried[node] == len(self.edges[node]):
                if not way:
                    return []
                node = self.head[way.pop() ^ 1]
                tried[node] += 1
                continue
            e = self.edges[node][tried[node]]
            if self.left[e] and distance[self.head[e]] == distance[node] + 1:
                way.append(e)
                node = self.head[e]
            else:
                tried[node] += 1
        return way

    def distances(self) -> list[int]:
        """Of each node how many edges it is from the source; -1 where nothing more can flow to it."""
        distance = [-1] * len(self.edges)
        distance[SOURCE] = 0
        queue = deque([SOURCE])
        while queue:
            node = queue.popleft()
            for e in self.edges[node]:
                if self.left[e] and distance[self.head[e]] < 0:
                    distance[self.head[e]] = distance[node] + 1
                    queue.append(self.head[e])
        return distance

    def before_sink(self) -> set[int]:
        """The nodes from which something could still flow to the sink."""
        found, queue = {SINK}, deque([SINK])
        while queue:
            node = queue.popleft()
            for e in self.edges[node]:
                tail = self.head[e]
                if self.left[e ^ 1] and tail not in found:
                    found.add(tail)
                    queue.append(tail)
        return found
