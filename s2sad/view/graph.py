"""The lines of a text as a graph: a node for each statement, an edge from what makes a name to what reads it.

The computational graph and the adjoint graph in one: functions, loops and branches are frames, each with its statements
once; what the reverse sweep reads of the primal is kept, and what an iteration hands to the next is carried. The edges
are those of reaching definitions (Aho, Lam, Sethi & Ullman, Compilers, 2007, section 9.2.4), found in one pass over
structured text.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from s2sad.view.lines import ADJOINT, PRIMAL, Line

ARGUMENT, OPERATION, RESULT, KEPT = "argument", "operation", "result", "kept"
"""What a node is; `kept` are the values of the primal that the reverse sweep reads."""
READS, CARRIED = "reads", "carried"
"""What an edge is, beside `kept`."""


@dataclass(slots=True)
class Node:
    """A statement, or a parameter."""

    key: str
    label: str
    line: Line
    frame: str
    role: str = OPERATION
    of: str | None = None
    """The value of the primal that it belongs to."""
    adjoint: bool = False
    """Whether it is of the reverse sweep."""


@dataclass(frozen=True, slots=True)
class Edge:
    """From what makes a value to what reads it."""

    source: str
    target: str
    kind: str = READS


@dataclass(slots=True)
class Frame:
    """A function, a loop, or one side of a branch."""

    key: str
    label: str
    parent: str | None
    lines: list[int] = field(default_factory=list)
    adjoint: bool = False
    """Whether it is of the reverse sweep."""


@dataclass
class Graph:
    """Frames and nodes in the order of the text, edges between their keys."""

    frames: dict[str, Frame] = field(default_factory=dict)
    nodes: dict[str, Node] = field(default_factory=dict)
    edges: dict[Edge, None] = field(default_factory=dict)

    def add(self, source: str, target: str, kind: str = READS) -> None:
        """An edge; what the reverse sweep reads of the primal is kept."""
        a, b = self.nodes[source], self.nodes[target]
        if kind == READS and a.line.sweep == PRIMAL and b.line.sweep == ADJOINT and a.line.kind == "statement":
            kind = KEPT
            a.role = KEPT if a.role == OPERATION else a.role
        if source != target or kind == CARRIED:
            self.edges.setdefault(Edge(source, target, kind))


Makers = dict[str, frozenset[str]]
"""For each name the nodes that may have made what it stands for."""


def graph_of(lines: Sequence[Line]) -> Graph:
    """The graph of the functions of a text."""
    drawing = _Drawing(lines)
    for line in lines:
        if line.begins and line.kind == "function":
            drawing.function(line)
    return drawing.graph


def labels_of(lines: Sequence[Line]) -> dict[int, str]:
    """The text of each statement, or of the head of one, by the number of its first line."""
    whole: dict[int, list[str]] = {}
    first = 0
    for line in lines:
        first = line.number if line.begins else first
        whole.setdefault(first, []).append(line.text.strip())
    return {n: " ".join(row).replace("( ", "(").replace(" )", ")").removesuffix(":") for n, row in whole.items()}


class _Drawing:
    def __init__(self, lines: Sequence[Line]) -> None:
        self.graph = Graph()
        self.labels = labels_of(lines)
        self.inner: dict[tuple[int, int], list[Line]] = {}
        """The statements in each block."""
        for line in lines:
            if line.begins and line.within is not None:
                self.inner.setdefault((line.within, line.branch), []).append(line)

    def label(self, line: Line) -> str:
        return self.labels[line.number]

    def frame(self, line: Line, label: str, parent: str | None, side: str = "") -> str:
        key = f"f{line.number}{side}"
        self.graph.frames[key] = Frame(key, label, parent, [line.number], line.sweep == ADJOINT)
        return key

    def function(self, line: Line) -> None:
        frame = self.frame(line, self.label(line).removeprefix("def "), None)
        makers: Makers = {}
        for name in line.makes:
            of = line.of.get(name, name)
            node = Node(f"a{line.number}_{name}", name, line, frame, ARGUMENT, of, of != name)
            self.graph.nodes[node.key] = node
            makers[name] = frozenset([node.key])
        self.block(line, 0, frame, makers)

    def statements(self, outer: Line, branch: int) -> Iterator[Line]:
        """Those that calculate something."""
        found = self.inner.get((outer.number, branch), ())
        return (s for s in found if s.kind)

    def block(self, outer: Line, branch: int, frame: str, makers: Makers) -> list[tuple[str, str]]:
        """Draw a block; `makers` is brought up to its end. What is read of before it: the names, with the readers."""
        before, exposed = dict(makers), list[tuple[str, str]]()
        for s in self.statements(outer, branch):
            self.graph.frames[frame].lines.append(s.number)
            if s.kind in ("loop", "branch"):
                exposed += self.opened(s, frame, makers, before)
            else:
                exposed += self.node(s, self.label(s), frame, makers, before)
        return exposed

    def node(self, s: Line, label: str, frame: str, makers: Makers, before: Makers) -> list[tuple[str, str]]:
        role = RESULT if s.kind == "return" else OPERATION
        made = s.makes[0] if s.makes else None
        of = None if made is None else s.of.get(made, made)
        # what is returned is of the reverse sweep where an adjoint is
        adjoint = s.sweep == ADJOINT or (role == RESULT and any("_bar" in n for n in s.of))
        node = Node(f"n{s.number}", label, s, frame, role, of, adjoint)
        self.graph.nodes[node.key] = node
        exposed = []
        for name in s.reads:
            for source in sorted(makers.get(name, ())):
                self.graph.add(source, node.key)
            if makers.get(name) is before.get(name):
                exposed.append((name, node.key))
        makers.update((name, frozenset([node.key])) for name in s.makes)
        return exposed

    def opened(self, s: Line, frame: str, makers: Makers, before: Makers) -> list[tuple[str, str]]:
        """A loop or a branch: a frame, or one for each side."""
        label = self.label(s)
        own = self.frame(s, label, frame)
        exposed = self.node(s, label, own, makers, before)
        unmade = {n for n, nodes in makers.items() if before.get(n) is nodes}
        if s.kind == "loop":
            at_start = dict(makers)
            inner = self.block(s, 0, own, makers)
            for name, reader in inner:
                # what the iteration before left, if it made it anew
                for source in sorted(makers.get(name, frozenset()) - at_start.get(name, frozenset())):
                    self.graph.add(source, reader, CARRIED)
            _join(makers, at_start)
        else:
            other = dict(makers)
            inner = self.block(s, 0, own, makers)
            if (s.number, 1) in self.inner:
                behind = self.frame(s, "else", frame, "e")
                inner += self.block(s, 1, behind, other)
            _join(makers, other)
        return exposed + [(n, r) for n, r in inner if n in unmade]


def _join(makers: Makers, other: Makers) -> None:
    """Bring together what two ways make."""
    for name, nodes in other.items():
        known = makers.get(name)
        if known is not nodes:
            makers[name] = nodes if known is None else known | nodes
