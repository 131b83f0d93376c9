"""Elementwise functions of eigenvalues: which they are, and their derivatives by an eigenvalue and by other numbers.

np.exp(-t * w)     a function of each number of w alone, and of t;     -t * np.exp(-t * w), -w * np.exp(-t * w)
w * np.arange(3)   none: its numbers are functions of w that differ
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

import numpy as np

from s2sad.errors import within_rule
from s2sad.ir.builder import Builder, Expr
from s2sad.ir.containers import EXTRACT, GETITEM
from s2sad.ir.primitive import required
from s2sad.ir.values import Apply, Constant, Operand, constant


class NoChain(Exception):
    """What depends on eigenvalues in another way than each number on its own."""


class Chain:
    """An operand as a function of the eigenvalues that `made` gives, number by number along one of its axes."""

    def __init__(self, makers: Mapping[Operand, Apply], made: Apply, root: Operand, axis: int) -> None:
        self.makers, self.made = makers, made
        while _wide_axis(makers.get(root)) == axis:
            root, axis = makers[root].operands[0], -1
        self.root, self.axis = root, axis
        self.operations: list[Apply] = []
        """Those between the eigenvalues and the root, in their order."""
        self.eigenvalues: dict[Operand, None] = {}
        self.numbers: dict[Operand, None] = {}
        """What the function depends on beside them: one number for all of them."""
        self.seen: dict[Operand, bool] = {}
        self.depends = self.visit(root, axis)

    def visit(self, x: Operand, axis: int) -> bool:
        """Whether an operand depends on the eigenvalues, which lie along this axis of it.

        Raises:
            NoChain: not each number on its own.
        """
        # Operands are broadcast from the last axis on: in all of a chain the axis has the same place from behind.
        if x not in self.seen:
            self.seen[x] = self.found(x, axis)
        return self.seen[x]

    def found(self, x: Operand, axis: int) -> bool:
        op = self.makers.get(x)
        if self.is_eigenvalues(op):
            if axis != -1:
                raise NoChain
            self.eigenvalues[x] = None
            return True
        if not x.type.is_numeric:  # an option: a limit that is None
            return False
        shape = x.type.shape
        if shape is None:
            raise NoChain
        if len(shape) < -axis or shape[axis] == 1:
            self.numbers[x] = None
            return False
        if op is not None and op.primitive.measures and not op.primitive.blank:
            return False  # the same number for all: `np.zeros_like(w)`
        if op is not None and _wide_axis(op) == axis:
            depends = self.visit(op.operands[0], -1)
        elif op is not None and op.primitive.elementwise and (op.primitive.tangent or op.primitive.constant):
            depends = any([self.visit(o, axis) for o in op.operands])
        else:
            raise NoChain
        if not depends:
            # as many numbers as there are eigenvalues, and they may differ
            raise NoChain
        self.operations.append(op)
        return True

    def is_eigenvalues(self, op: Apply | None) -> bool:
        if op is None or op.primitive is not EXTRACT:
            return False
        return self.makers.get(op.operands[0]) is self.made and op.static["key"] == 0

    @property
    def is_widened(self) -> bool:
        """Whether axes of length 1 are added in it."""
        return any(not op.primitive.elementwise for op in self.operations)

    def along_last(self, x: Expr) -> Expr:
        """Numbers that lie as those of the root do, in the shape of the eigenvalues."""
        rank = next(iter(self.eigenvalues)).type.rank if self.eigenvalues else x.type.rank
        if not x.type.rank or x.type.rank == rank:
            return x
        return x[..., 0] if self.axis == -2 else x[..., 0, :]

    def slope(self, builder: Builder, by: Iterable[Operand]) -> Expr | None:
        """The derivative of the root by each of these, all moved by one; None for zero."""
        dots: dict[Operand, Expr] = {x: builder.expr(constant(1.0)) for x in by}
        for op in self.operations:
            known = [dots.get(o) for o in op.operands]
            if op.primitive.constant or all(d is None for d in known):
                continue
            if known[0] is not None and not known[0].type.rank and not op.primitive.elementwise:
                dots[op.result] = known[0]
                continue
            assert op.primitive.tangent is not None
            xs = [builder.expr(o) for o in op.operands]
            with within_rule(op.primitive.name, op.location):
                dot = op.primitive.tangent(builder.expr(op.result), xs, known, **op.static)
            if dot is not None:
                dots[op.result] = dot
        return dots.get(self.root)


def _wide_axis(op: Apply | None) -> int | None:
    """Where an operation only adds axes of length 1 to its operand: the axis in which the last one of that lies."""
    if op is None or op.primitive not in (GETITEM, required(np.expand_dims)):
        return None
    x, *rest = op.operands
    if not x.type.rank or not all(isinstance(o, Constant) for o in rest):
        return None
    lengths = tuple(range(2, x.type.rank + 2))
    try:
        found = op.primitive.run([np.empty(lengths), *(o.value for o in rest if isinstance(o, Constant))], op.static)
    except (TypeError, IndexError):
        return None
    kept = tuple(n for n in np.shape(found) if n != 1)
    return int(found.shape.index(lengths[-1])) - found.ndim if kept == lengths else None
