"""A function as a graph: a node for each value of its trace, an edge from what an operation reads to what it makes.

The values of the adjoint sweep are marked: the computational graph and the adjoint graph can stand side by side.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import assert_never

from s2sad.ir.printer import Printer, spell
from s2sad.ir.values import Apply, Block, Call, Constant, For, Function, If, Operand, Operation, Value, While


@dataclass(frozen=True, slots=True)
class Node:
    """A value: its name, the operation that makes it, and whether it belongs to the adjoint sweep."""

    key: str
    label: str
    adjoint: bool
    shape: str = "box"


@dataclass
class Graph:
    """Nodes in the order of the text, and edges between their keys."""

    name: str
    nodes: list[Node] = field(default_factory=list)
    edges: list[tuple[str, str]] = field(default_factory=list)


def graph_of(function: Function) -> Graph:
    """The graph of a function. Loops and branches are opened: their bodies stand in the graph once."""
    return _Drawing(function).graph


class _Drawing:
    def __init__(self, function: Function) -> None:
        self.printer = Printer(function)
        self.graph = Graph(function.name)
        self.keys: dict[Value, str] = {}
        self.hidden: dict[Operand, Apply] = {}
        for p in function.parameters:
            self.node(p, self.name(p), False, "ellipse")
        self.block(function.body)
        for source in self.sources(function.result):
            self.graph.edges.append((source, "return"))
        self.graph.nodes.append(Node("return", "return", any(n.adjoint for n in self.graph.nodes), "ellipse"))

    def name(self, value: Value) -> str:
        return self.printer.names.get(value, "")

    def node(self, value: Value, label: str, adjoint: bool, shape: str = "box") -> str:
        key = f"n{len(self.keys)}"
        self.keys[value] = key
        self.graph.nodes.append(Node(key, label, adjoint, shape))
        return key

    def block(self, block: Block) -> None:
        for op in block.operations:
            self.operation(op)

    def operation(self, op: Operation) -> None:
        match op:
            # What has no number in the trace has no node: the edges to its readers come from what it reads itself.
            case Apply() if op.result not in self.printer.names:
                self.hidden[op.result] = op
            case Apply():
                texts = [self.printer.operand(o) for o in op.operands]
                self.made(op, f"{self.name(op.result)} = {spell(op, texts)}")
            case Call():
                self.made(op, f"{self.name(op.result) or 'result'} = {op.function.name}(...)")
            case If():
                self.opened(op, [op.predicate])
            case For() | While():
                for p, i in zip(op.carried, op.initial, strict=True):
                    self.alias(p, self.name(p), [i], bool(op.about))
                # What is not carried, the index first of all, comes from the bounds of the loop.
                for p in op.blocks[-1].parameters:
                    if p not in self.keys:
                        self.alias(p, self.name(p), list(op.operands[:3]), bool(op.about))
                self.opened(op, [])
            case _:
                assert_never(op)

    def made(self, op: Apply | Call, label: str) -> None:
        key = self.node(op.result, label, bool(op.about))
        self.graph.edges += [(s, key) for s in dict.fromkeys(s for o in op.operands for s in self.sources(o))]

    def opened(self, op: If | For | While, conditions: list[Operand]) -> None:
        for inner in op.blocks:
            self.block(inner)
        word = "if" if isinstance(op, If) else "loop"
        for k, r in enumerate(op.results):
            sources = [b.results[k] for b in op.blocks if len(b.results) > k]
            self.alias(r, f"{self.name(r)} ({word})", [*conditions, *sources], bool(op.about))

    def alias(self, value: Value, label: str, sources: list[Operand], adjoint: bool) -> None:
        key = self.node(value, label or "...", adjoint)
        self.graph.edges += [(s, key) for s in dict.fromkeys(s for o in sources for s in self.sources(o))]

    def sources(self, operand: Operand) -> Iterator[str]:
        """The nodes that an operand stands for: its own, or those in the expression that it is."""
        if isinstance(operand, Constant):
            return
        if operand in self.keys:
            yield self.keys[operand]
        elif operand in self.hidden:
            for o in self.hidden[operand].operands:
                yield from self.sources(o)
