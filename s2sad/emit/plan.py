"""What a function will look like, decided before any text of it: a `Plan`.

Which values are written into their uses, which share a variable and what it is called, what is computed in the memory
of an operand, what a loop begins with and a block hands on. It speaks of values and operations alone; the writer of
Python turns it into text, and what makes no text may go by it too.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from enum import Enum

import numpy as np

from s2sad.emit.conditions import find_conditions
from s2sad.emit.inlining import (
    addends,
    find_inlined,
    find_unpacked,
    find_uses,
    is_product,
    is_sum,
    is_unpackable,
    leaves,
)
from s2sad.emit.names import Variables, split_rows
from s2sad.emit.ownership import Ownership, with_copies
from s2sad.ir.backend import NUMPY, Backend
from s2sad.ir.containers import EXTRACT, GETITEM, INDEX_ADD, INDEX_SET, MAKE, UNDEFINED
from s2sad.ir.dims import may_be_negative
from s2sad.ir.primitives.lists import SEQUENCE
from s2sad.ir.primitives.regions import MANAGER
from s2sad.ir.types import BOTTOM, Type
from s2sad.ir.values import (
    Apply,
    Block,
    Call,
    Constant,
    For,
    Function,
    If,
    Operand,
    Operation,
    Value,
    While,
    applied_in,
    is_call_of,
    is_loop,
)

MAX_ROUNDS = 4
"""How often views are made copies, and the rest decided anew."""

Moves = Sequence[tuple[Value, Operand]]
"""What is put into variables: the values that receive it, and what they receive."""


class Begin(Enum):
    """What an update writes into."""

    THERE = "there"
    """The variable of its operand, which is that of its result."""
    TAKEN_OVER = "taken over"
    """The memory of its operand, under the name of its result."""
    COPY = "copy"
    """A copy of its operand."""


@dataclass(frozen=True)
class Update:
    """How an operation changes an array or a list."""

    begin: Begin
    once: bool
    """Whether it adds at indices none of which is met twice."""
    copied: Operand | None
    """The view of what is written into that must be read as a copy: the value, or what it is the negative of."""


@dataclass(frozen=True)
class Step:
    """One step of a sum or product in the memory of its first operand: `x += y`."""

    op: Apply
    operand: Operand
    copied: bool
    """Whether `y` is a view of `x`, and must be a copy."""


class Plan:
    """The decisions for one function. `reserved` are names of the module that variables must not take."""

    def __init__(self, function: Function, reserved: Iterable[str], backend: Backend = NUMPY) -> None:
        self.backend = backend
        reserved = tuple(reserved)
        self.decide(function, reserved)
        for _ in range(MAX_ROUNDS):
            # A view that is read behind a write to its memory is made a copy; this changes who owns what, and all is
            # decided anew. Each round makes copies of views alone, of which there are finitely many; the limit is for
            # the time.
            views = self.ownership.views_in_the_way()
            if not views:
                break
            self.decide(with_copies(function, views), reserved)
        self.breaking: dict[If, int] = {}
        """Branches that leave their loop where this result is True."""

    def decide(self, function: Function, reserved: Sequence[str]) -> None:
        """Decide what is written into its use, which values share a variable, and what may be written in place."""
        conditions = find_conditions(function)
        self.function = function = conditions.function
        self.uses = find_uses(function, self.backend.iterates)
        self.inlined = find_inlined(function, self.uses, conditions.inside)
        self.unpacked = find_unpacked(function, self.uses, self.inlined)
        backend = self.backend
        self.variables = Variables(
            function, self.uses, self.inlined, self.unpacked, reserved, backend.iterates, backend.mark
        )
        self.ownership = Ownership(self.variables, self.backend.overlaps)

    # what is asked of values

    @property
    def named(self) -> dict[Value, str]:
        """The values that have a variable, by its name."""
        return {v: self.variables.name(v) for v in self.variables.ranges if v not in self.inlined}

    def hint_of(self, value: Value) -> str:
        """The name that the variable of a value would like to have."""
        return self.variables.hints.get(self.variables.find(value), value.hint or "")

    def is_written(self, op: Operation) -> bool:
        """Whether an operation has a statement of its own: its result is not written into a use."""
        return not (isinstance(op, Apply) and op.result in self.inlined)

    def is_read(self, value: Value) -> bool:
        """Whether anything reads a value."""
        return value in self.uses.readers

    def made_by(self, operand: Operand) -> Apply | None:
        """The primitive operation that an operand is the result of."""
        op = self.uses.definition.get(operand)
        return op if isinstance(op, Apply) else None

    def is_undefined(self, operand: Operand) -> bool:
        """Whether an operand stands for a name that is not bound."""
        op = self.made_by(operand)
        return op is not None and op.primitive is UNDEFINED

    def whole_of(self, op: Apply) -> Operand | None:
        """The list or tuple of which a list of run-time length takes all items, each where it stands there."""
        taken = op.primitive is SEQUENCE and self.backend is NUMPY
        parts = [self.inlined.get(o) for o in op.operands] if taken else []
        whole = parts[0].operands[0] if parts and parts[0] is not None else None
        if whole is None or not whole.type.is_container or tuple(range(len(parts))) != whole.type.keys:
            return None
        items = [(p.primitive, p.operands[0], p.static.get("key")) if p is not None else None for p in parts]
        return whole if items == [(EXTRACT, whole, k) for k in whole.type.keys] else None

    def lengths_of(self, op: Operation | None) -> tuple[int, ...]:
        """How many parts has what one is taken of, and what that is a part of itself, as far as it is known."""
        if not (is_call_of(op, EXTRACT) or is_call_of(op, GETITEM)):
            return ()
        whole = op.operands[0]
        own = self.length_of(whole.type)
        return (*own, *self.lengths_of(self.inlined.get(whole))) if own else ()

    def length_of(self, t: Type) -> tuple[int, ...]:
        """The number of parts of what Python, or what reads its text, can unpack."""
        if is_unpackable(t) and (self.backend.iterates or t.cls is tuple):
            return (len(t.keys),)
        length = t.shape[0] if t.is_array and t.shape and self.backend.iterates else None
        return (length,) if isinstance(length, int) else ()

    def reverse_start(self, block: Block) -> int | None:
        """Where the reverse sweep of a body begins among its operations, if one follows the primal."""
        operations = [op for op in block.operations if self.is_written(op)]
        first = next((k for k, op in enumerate(operations) if op.about), None)
        if not first or any(not op.about for op in operations[first:]):
            return None
        # The unpacking of a cotangent belongs to the reverse sweep, though it has no comment of its own.
        while first > 1 and _takes_cotangent(operations[first - 1]):
            first -= 1
        return block.operations.index(operations[first])

    # calls, and what is computed in place

    def copied_arguments(self, op: Call) -> set[int]:
        """The arguments that a callee takes as its own and that are read later: it is given copies."""
        return {k for k in op.function.takes if not self.ownership.may_give_away(op, k)}

    def update(self, op: Apply) -> Update:
        """How `x[index] += g` is computed: in the memory of `x`, or in a copy where that is still needed."""
        base = op.operands[0]
        same = self.variables.same(base, op.result)
        if not same and self.ownership.may_take_over(base, op):
            begin = Begin.TAKEN_OVER
        else:
            begin = Begin.THERE if same and self.ownership.may_overwrite(base, op) else Begin.COPY
        once = op.primitive is INDEX_ADD and self.meets_once(op.operands[1])
        return Update(begin, once, self.overlapping(op))

    def overlapping(self, op: Apply) -> Operand | None:
        """What an update reads of the memory that it writes into, so that it must read a copy."""
        blind = not self.backend.overlaps
        if not (op.primitive is INDEX_SET or (blind and op.primitive is INDEX_ADD)):
            return None
        base, index, value = op.operands
        if self.ownership.crosses(op, blind):
            return value
        negative = self.inlined.get(value)
        if blind and negative is not None and negative.primitive.function is np.negative:
            part = replace(op, operands=(base, index, negative.operands[0]))
            return negative.operands[0] if self.ownership.crosses(part, always=True) else None
        return None

    def meets_once(self, index: Operand) -> bool:
        """Whether an index of vectors and numbers meets no element twice, because one of the vectors counts up."""
        container = self.made_by(index)
        items = container.operands if container is not None and container.primitive is MAKE else (index,)
        flat = all(i.type.is_scalar or i.type.rank == 1 for i in items)
        makers = [m for m in map(self.made_by, items) if m is not None]
        return flat and any(m.primitive.function is np.arange and _counts_up(m) for m in makers)

    def in_place(self, op: Apply) -> list[Step] | None:
        """The steps of a sum or product in the memory of its first operand; None where it needs a variable anew."""
        return self.sum_in_place(op) or self.product_in_place(op)

    def sum_in_place(self, op: Apply) -> list[Step] | None:
        """`x += y` for `x = x + y`, where the types allow it and the memory is the function's own."""
        if not is_sum(op.primitive) or op.static:
            return None
        x, terms = addends(op, self.inlined)
        if not self.variables.same(x, op.result) or not self.may_add(x, op):
            return None
        # `x += a; x += b` for x + a + b: the second statement sees the changed x. Neither b nor a view in it may read
        # x.
        later = [y for _, y in terms[1:]]
        views = self.ownership.aliases(x) if later else set()
        if any(self.variables.same(v, op.result) or v in views for y in later for v in leaves(y, self.inlined)):
            return None
        # For numbers several statements are longer than one, and save no memory.
        if x.type.is_scalar and len(terms) > 1:
            return None
        return [self.step(part, x, y) for part, y in terms]

    def product_in_place(self, op: Apply) -> list[Step] | None:
        """`x *= y` for `x = x * y` or `x = y * x`, and `x /= y`, under the same conditions."""
        if not is_product(op.primitive) or op.static:
            return None
        a, b = op.operands
        for x, y in ((a, b), (b, a)) if op.primitive.function is np.multiply else ((a, b),):
            if not self.variables.same(x, op.result) or not self.may_add(x, op):
                continue
            if any(self.variables.same(v, op.result) for v in leaves(y, self.inlined)):
                continue
            return [self.step(op, x, y)]
        return None

    def step(self, op: Apply, x: Operand, y: Operand) -> Step:
        return Step(op, y, not self.backend.overlaps and self.ownership.is_part(x, y))

    def regroups(self, step: Step) -> bool:
        """Whether what is added may be added to something else first, as the order of the sums of an adjoint is free.

        Nothing is broadcast, and no number changes its type.
        """
        t, r = step.operand.type, step.op.result.type
        alike = t.dtype is not None and t.dtype == r.dtype and t.shape is not None and t.shape == r.shape
        return alike and t.kind == r.kind and is_sum(step.op.primitive) and bool(step.op.about)

    def may_add(self, x: Operand, op: Apply) -> bool:
        """Whether an augmented assignment computes the sum: of numbers, or in an array of its own of the same type."""
        t, r = x.type, op.result.type
        if t.is_scalar and r.is_scalar:
            return True
        # `x += y` in an array keeps the shape and dtype of x, where x + y would have another; a NumPy scalar is no
        # memory.
        array = t.kind == "array" and r.shape == t.shape and r.dtype == t.dtype and t.shape is not None
        return array and self.ownership.may_overwrite(x, op)

    # what blocks hand on

    def moves(self, block: Block, op: Operation, without: int | None = None) -> Moves:
        """What a branch hands on at its end, but for the result `without`, or the body of a loop for its next round."""
        if isinstance(op, If):
            sources, targets = list(block.results), list(op.results)
            if without is not None:
                del sources[without], targets[without]
        else:
            assert is_loop(op)
            rows, _ = split_rows(block, op)
            sources, targets = list(rows[: len(op.initial)]), list(op.carried)
        pairs = zip(sources, targets, strict=True)
        return [(t, s) for s, t in pairs if self.is_moved(s, t, op)]

    def is_moved(self, source: Operand, target: Value, op: Operation) -> bool:
        """Whether the variable of a value must be given what a block hands on for it."""
        if source.type == BOTTOM or (isinstance(op, If) and target not in self.uses.readers):
            return False
        if self.is_undefined(source):
            return self.must_bind(target, op)
        return not self.variables.same(source, target)

    def must_bind(self, target: Value, op: Operation) -> bool:
        """Whether a name that a branch leaves unbound is read outside a branch, or for the shape of its adjoint."""
        if self.uses.block_of[op] is not self.function.body:
            return True
        readers = self.uses.readers.get(target, [])
        if any(isinstance(r, Block) or self.uses.block_of[r] is self.function.body for r in readers):
            return True
        return self.is_measured(target)

    def is_measured(self, value: Value) -> bool:
        """Whether a zero of the shape of the value, or of an item of it, is made somewhere."""
        readers = [*applied_in(self.uses.readers.get(value, []))]
        items = (r.result for r in readers if r.primitive is EXTRACT)
        return any(r.primitive.measures for r in readers) or any(map(self.is_measured, items))

    def starts(self, op: For | While) -> tuple[Moves, set[Value]]:
        """The first values of what a loop carries, and those of which it takes a copy."""
        copies = {p for p in op.carried if self.ownership.owned(p) and p in self.ownership.copied}
        pairs = zip(op.carried, op.initial, strict=True)
        return [
            (p, i) for p, i in pairs if not self.variables.same(i, p) or self.is_undefined(i) or p in copies
        ], copies

    # where loops are left

    def last_statement(self, block: Block) -> Operation | None:
        """The last operation of a block that has a statement of its own."""
        return next(filter(self.is_written, reversed(block.operations)), None)

    def breaks_in_branch(self, block: Block, stop: Operand) -> bool:
        """Whether a branch at the end of a loop body can leave the loop itself, with `break` where it is decided."""
        if isinstance(stop, Constant):
            return True
        last = self.last_statement(block)
        if not isinstance(last, If) or stop not in last.results or len(self.uses.readers.get(stop, [])) != 1:
            return False
        k = last.results.index(stop)
        # Decided as a whole: where one of the inner branches cannot leave the loop, what was noted for the others is
        # undone.
        before = dict(self.breaking)
        taken = last.blocks[:1] if last.predicate.type is MANAGER else last.blocks
        if all(self.leaves_as_it_is(last, b, k) and self.breaks_in_branch(b, b.results[k]) for b in taken):
            self.breaking[last] = k
            return True
        self.breaking = before
        return False

    def leaves_as_it_is(self, op: If, block: Block, k: int) -> bool:
        """Whether nothing is to be moved behind an inner branch that leaves the loop: it would be passed over."""
        return isinstance(block.results[k], Constant) or not self.moves(block, op, k)


def _counts_up(op: Apply) -> bool:
    """Whether an `arange` counts in steps of 1, from 0 or a number above it."""
    return len(op.operands) == 1 or (len(op.operands) == 2 and not may_be_negative(op.operands[0].type.size))


def _takes_cotangent(op: Operation) -> bool:
    """Whether an operation takes an item of what the reverse sweep is given."""
    container = op.operands[0] if is_call_of(op, EXTRACT) else None
    return container is not None and (container.hint or "").endswith("_bar")
