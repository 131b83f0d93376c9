"""Elementwise functions of eigenvalues: which they are, and their derivatives by an eigenvalue and by other numbers.

np.exp(-t * w)     a function of each number of w alone, and of t;     -t * np.exp(-t * w), -w * np.exp(-t * w)
w * np.arange(3)   none: its numbers are functions of w that differ
"""

from __future__ import annotations

import math
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from typing import Protocol

import numpy as np

from s2sad.differentiate.forward import TangentCallee
from s2sad.differentiate.given_rules import TangentRule
from s2sad.differentiate.run_again import SilentForm, called_again
from s2sad.errors import within_rule
from s2sad.ir.builder import Builder, Expr
from s2sad.ir.containers import GETITEM, INDEX_SET
from s2sad.ir.primitive import required
from s2sad.ir.rewrite import reads
from s2sad.ir.values import Apply, Call, Constant, Function, Operand, Operation, constant


class NoChain(Exception):
    """What depends on eigenvalues in another way than each number on its own."""


class Callees(Protocol):
    """The functions that a function may call, and their tangents."""

    @property
    def functions(self) -> Mapping[str, Function]: ...
    @property
    def tangent_of(self) -> TangentCallee: ...
    @property
    def silent_form(self) -> SilentForm: ...


class Chain:
    """An operand as a function of the eigenvalues, which `is_base` knows, number by number along one of its axes."""

    def __init__(
        self,
        makers: Mapping[Operand, Operation],
        callees: Callees,
        is_base: Callable[[Operand], bool],
        root: Operand,
        axis: int,
        base_axis: int = -1,
    ) -> None:
        self.makers, self.callees, self.is_base, self.base_axis = makers, callees, is_base, base_axis
        while added_axis(makers.get(root)) == axis:
            root, axis = makers[root].operands[0], -1
        self.root, self.axis = root, axis
        self.operations: list[Apply | Call] = []
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
        if self.is_base(x):
            if axis != self.base_axis:
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
        op = self.makers.get(x)
        if isinstance(op, Apply) and (op.primitive.measures or op.primitive.zeros):
            return False  # the same number for all: `np.zeros_like(w)`
        if not isinstance(op, (Apply, Call)) or not self.follows(op, axis):
            # as many numbers as there are eigenvalues, and they may differ
            raise NoChain
        self.operations.append(op)
        return True

    def follows(self, op: Apply | Call, axis: int) -> bool:
        """Whether each number of a result depends on the eigenvalue at its place, and on no other."""
        if isinstance(op, Call):
            depends = [self.visit(o, axis) for o in op.operands]
            return any(depends) and self.is_chain(op, depends, axis)
        if added_axis(op) == axis:
            return self.visit(op.operands[0], -1)
        if _is_masked_store(op) or op.primitive is required(np.copy):
            return any([self.visit(o, axis) for o in op.operands])
        known = op.primitive.elementwise and (op.primitive.tangent or op.primitive.constant)
        return bool(known) and any([self.visit(o, axis) for o in op.operands])

    def is_chain(self, op: Call, depends: Sequence[bool], axis: int) -> bool:
        """Whether a function of the user's acts on each number by itself."""
        function = self.callees.functions.get(op.function.name)
        if function is None:
            return False
        bases = {p for p, d in zip(function.parameters, depends, strict=True) if d}
        made: dict[Operand, Operation] = {r: o for o in function.body.operations for r in o.results}
        chain = Chain(made, self.callees, bases.__contains__, function.result, axis, axis)
        # A sum of eigenvalues is one number for all; here it would move with them, and be no number beside them.
        return chain.depends and not any(_depends(x, bases, made) for x in chain.numbers)

    @property
    def is_widened(self) -> bool:
        """Whether axes of length 1 are added in it."""
        return any(added_axis(op) is not None for op in self.operations)

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
            if all(d is None for d in known):
                continue
            dot = self.dot_of_call(op, known, builder) if isinstance(op, Call) else _dot(op, known, builder)
            if dot is not None:
                dots[op.result] = dot
        return dots.get(self.root)

    def dot_of_call(self, op: Call, known: Sequence[Expr | None], builder: Builder) -> Expr:
        reference = self.callees.tangent_of(op, tuple(d is not None for d in known))
        if isinstance(reference, TangentRule):
            raise NoChain
        dots = [_full(d, builder.expr(o)).operand for d, o in zip(known, op.operands, strict=True) if d is not None]
        # the primal is computed beside the function that this belongs to
        again = called_again(reference, self.callees.silent_form)
        return builder.expr(builder.extract(builder.call_function(again, [*op.operands, *dots]), 1))


def _dot(op: Apply, known: list[Expr | None], builder: Builder) -> Expr | None:
    """The tangent of an operation; one number may stand for many that are the same."""
    if op.primitive.constant:
        return None
    first, xs = known[0], [builder.expr(o) for o in op.operands]
    if first is not None and not op.primitive.elementwise:
        if not _is_masked_store(op) and not first.type.rank:
            return first
        known = [_full(first, xs[0]), *known[1:]]
    assert op.primitive.tangent is not None
    with within_rule(op.primitive.name, op.location):
        found: Expr | None = op.primitive.tangent(builder.expr(op.result), xs, known, **op.static)
    return found


def _full(dot: Expr, x: Expr) -> Expr:
    """A tangent of the shape of `x`."""
    return dot if dot.type.rank == x.type.rank else dot * dot.builder.call(np.ones_like, x)


def _is_masked_store(op: Apply) -> bool:
    """Whether one number is stored wherever a mask says so: `w[w < 0.0] = 0.0`."""
    if op.primitive is not INDEX_SET:
        return False
    x, index, value = op.operands
    return index.type.dtype == np.dtype(bool) and index.type.rank == x.type.rank and value.type.rank == 0


def _depends(x: Operand, bases: Collection[Operand], made: Mapping[Operand, Operation]) -> bool:
    """Whether an operand is made of one of these."""
    return x in bases or (x in made and any(_depends(o, bases, made) for o in reads([made[x]])))


def added_axis(op: Operation | None) -> int | None:
    """Where an operation only adds axes of length 1 to its operand: the axis in which the last one of that lies."""
    if not isinstance(op, Apply) or op.primitive not in (GETITEM, required(np.expand_dims)):
        return None
    x, *rest = op.operands
    shape, wide = x.type.shape, op.result.type.shape
    if not shape or wide is None or not all(isinstance(o, Constant) for o in rest):
        return None
    # Tried on an array in which each axis has a length of its own: is it all there, in its order?
    lengths = tuple(range(2, len(shape) + 2))
    sample = np.arange(math.prod(lengths)).reshape(lengths)
    try:
        found = op.primitive.run([sample, *(o.value for o in rest if isinstance(o, Constant))], op.static)
    except (TypeError, IndexError):
        return None
    places = [k for k, n in enumerate(np.shape(found)) if n != 1]
    same = np.array_equal(np.ravel(found), np.ravel(sample)) and tuple(wide[k] for k in places) == shape
    return places[-1] - len(wide) if same and len(wide) == np.ndim(found) else None
