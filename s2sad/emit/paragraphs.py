"""The adjoint of each of the user's statements as a paragraph, under the statement itself.

# a[j:, j] -= a[j:, :j] @ a[j, :j]
v3_bar = -a_bar[j:, j]
a_bar[j, :j] += a[j:, :j].T @ v3_bar
"""

from __future__ import annotations

import ast
from collections.abc import Sequence

from s2sad.emit.inlining import leaves
from s2sad.emit.plan import Plan
from s2sad.emit.writer import Comment
from s2sad.ir.values import Operation, Value


class Paragraphs:
    """The statements of one block, with the comments between them."""

    def __init__(self, plan: Plan) -> None:
        self.inlined = plan.inlined
        self.statements: list[ast.stmt] = []
        self.quoted = ""
        """What the paragraph that is being written is about."""
        self.reads: list[tuple[int, Operation]] = []
        """Reads of the primal behind it, with where each begins: they belong to the paragraph that needs them."""

    def add(self, op: Operation, made: Sequence[ast.stmt], inner: str) -> None:
        """The statements of an operation, under the user's statement where another paragraph begins.

        `inner` is what the last paragraph within it is about.
        """
        begin = len(self.statements)
        if op.blocks:
            self.quoted = inner
            self.reads.clear()
        elif not op.about:
            self.reads.append((begin, op))
        elif made:
            self.begin(quote_of(op), self.needed(op, begin))
        for s in made:
            if quote := getattr(s, "quote", ""):
                self.begin(quote, len(self.statements))
            self.statements.append(s)

    def begin(self, quote: str, place: int) -> None:
        """Begin a paragraph before the statement at a place, unless it is the one that is being written."""
        if quote and quote != self.quoted:
            self.statements.insert(place, Comment(quote))
            self.quoted = quote
        self.reads.clear()

    def needed(self, op: Operation, begin: int) -> int:
        """Where the statements begin that read the primal for an operation."""
        wanted = self.leaves_of(op)
        for place, read in reversed(self.reads):
            if wanted.isdisjoint(read.results):
                break
            begin = place
            wanted |= self.leaves_of(read)
        return begin

    def leaves_of(self, op: Operation) -> set[Value]:
        return {v for o in op.operands for v in leaves(o, self.inlined)}


def quote_of(op: Operation) -> str:
    """The statement of the user that an operation of the reverse sweep is about."""
    # What a loop hands on has no statement but the loop itself, which stands there.
    return op.location.statement if op.about and not op.about[0].blocks else ""
