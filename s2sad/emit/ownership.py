"""Which values are memory that nothing else sees, so that they may be updated in place.

    a = index_set(a, i, x)        ->  a[i] = x             a is the function's own, and dead but for the result
    a = index_set(x, i, y)        ->  a = x.copy(); a[i] = y       x is the caller's, or is read later

What a loop carries is copied once, before it, where it begins with memory that is not its own. A view that is read
after its array was written is made a copy.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import replace
from typing import assert_never

import numpy as np

from s2sad.analysis.aliasing import EMPTY, find_roots
from s2sad.emit.names import Variables
from s2sad.ir.containers import EXTRACT, GETITEM, MAKE, UNDEFINED, index_items
from s2sad.ir.primitive import Effect, required
from s2sad.ir.primitives.lists import SEQUENCE
from s2sad.ir.rewrite import map_blocks
from s2sad.ir.types import SliceType, Type
from s2sad.ir.values import (
    Apply,
    Block,
    Call,
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
    is_update,
    walk,
)


def is_view(op: Apply) -> bool:
    """Whether the result of an operation may be a view of an array."""
    t = op.result.type
    if op.effect is not Effect.VIEW or op.primitive in (MAKE, EXTRACT) or not t.is_numeric:
        return False
    return not _is_number(op.result) and op.operands[0].type.is_numeric


def _is_number(value: Value) -> bool:
    return value.type.is_scalar or value.type.rank == 0


def _has_unit_steps(index: Type) -> bool:
    """Whether a subscript is a slice, or several, whose steps are 1."""
    items = index_items(index)
    return all(isinstance(i, SliceType) and (i.step is None or i.step.size == 1) for i in items)


def with_copies(function: Function, views: Collection[Value]) -> Function:
    """The function with these views made copies."""
    return replace(function, body=_with_copies(function.body, views))


def _with_copies(block: Block, views: Collection[Value]) -> Block:
    operations: list[Operation] = []
    for op in block.operations:
        if isinstance(op, Apply) and op.result in views:
            view = Value(op.result.type)
            operations.append(replace(op, result=view))
            operations.append(Apply(required(np.copy), (view,), op.result, {}, op.location, op.about))
        else:
            operations.append(map_blocks(op, lambda b: _with_copies(b, views)))
    return replace(block, operations=tuple(operations))


class Ownership:
    """Which values are memory that nothing else sees, so that they may be updated in place."""

    def __init__(self, variables: Variables, overlaps: bool = True) -> None:
        self.variables = variables
        self.overlaps = overlaps
        """Whether what is computed in the memory of an array may read views of it."""
        self.uses = variables.uses
        self.known: dict[Value, bool] = {}
        self.copied: set[Value] = set()
        """What a loop carries and begins with a copy of, as its body writes into it."""
        self.carrier: dict[Value, tuple[For | While, int]] = {}
        for op in self.uses.block_of:
            if is_loop(op):
                for k, p in enumerate(op.carried):
                    self.carrier[p] = (op, k)
        self.owner = {b: op for op in self.uses.block_of for b in op.blocks}
        """The operation that each block is in."""
        self.home = {r: block for op, block in self.uses.block_of.items() for r in op.results}
        """The block in which each value is bound."""
        for op in self.uses.block_of:
            self.home.update((p, b) for b in op.blocks for p in b.parameters)
        self.updates = [op for op in self.uses.block_of if is_update(op)]
        # The roots of an array are the values whose memory it may be; two arrays without a common root share none.
        self.roots = find_roots(variables.function, [op.result for op in self.updates])
        self.views: dict[Value, list[Value]] = {}
        """The named views of each piece of memory."""
        self.unnamed: dict[Value, list[Value]] = {}
        """The views that are written into their uses."""
        for op in applied_in(self.uses.block_of):
            if is_view(op):
                table = self.unnamed if op.result in variables.inlined else self.views
                for root in self.roots.get(op.result, ()):
                    table.setdefault(root, []).append(op.result)

    # views

    def is_part(self, array: Operand, value: Operand) -> bool:
        """Whether a value is a view of the memory of an array."""
        made = self.uses.definition.get(value)
        if not isinstance(made, Apply) or not is_view(made) or not isinstance(array, Value):
            return False
        return bool(self.roots.get(array, EMPTY) & self.roots.get(made.result, EMPTY))

    def crosses(self, op: Apply, always: bool = False) -> bool:
        """Whether a store takes its value from a view of the same array that runs another way: a row from a column.

        NumPy does not look for an overlap where what is stored into has one axis, and the strides have one sign.
        """
        base, index, value = op.operands
        if always and value.type.rank != 0 and self.variables.same(base, value):
            return True  # the array itself, stored into a view of it that runs another way: m[::-1] += m
        if not self.is_part(base, value):
            return False
        made = self.uses.definition[value]
        if always or not isinstance(made, Apply):
            return True
        same_axis = base.type.rank == 1 and made.primitive is GETITEM
        return not (same_axis and _has_unit_steps(index.type) and _has_unit_steps(made.operands[1].type))

    def may_overwrite(self, value: Operand, op: Apply | Call) -> bool:
        """Whether an operation may write its result in the memory of a value: nothing sees the old one later."""
        return self.owned(value) and not any(self.seen_behind(w, op) for w in self.aliases(value))

    def aliases(self, value: Operand) -> set[Value]:
        """The named views of the memory of an array."""
        if not isinstance(value, Value):
            return set()
        found = {w for root in self.roots.get(value, ()) for w in self.views.get(root, ())}
        origin = self.origin(value)
        if origin is None:
            return found
        made = self.variables.at.get(origin, 0)
        # what was bound before this memory was made sees at most what an earlier iteration made here
        return {w for w in found if self.variables.at[self.uses.definition[w]] > made}

    def origin(self, value: Value) -> Apply | None:
        """The operation that made the memory of an array, where only updates lie between."""
        op = self.uses.definition.get(value)
        while is_update(op):
            op = self.uses.definition.get(op.operands[0])
        return op if isinstance(op, Apply) and op.effect is Effect.FRESH else None

    def live_behind(self, value: Value, op: Apply | Call) -> bool:
        """Whether a value is read after an operation, which comes after it is bound."""
        at = self.variables.at[op]
        return any(start <= at < end for start, end in self.variables.ranges.get(self.variables.find(value), ()))

    def seen_behind(self, view: Value, op: Apply | Call) -> bool:
        """Whether a view is read after an operation has written: what that reads itself, it reads before."""
        # The variable of a view that is taken later may have other values now.
        if not self.comes_before(view, op):
            return False
        if not (self.overlaps and is_update(op)):
            return self.live_behind(view, op)
        at = self.variables.at[op]
        return any(
            start <= at and at + 1 < end for start, end in self.variables.ranges.get(self.variables.find(view), ())
        )

    def may_take_over(self, value: Operand, op: Apply) -> bool:
        """Whether the memory of a value may go to the result of an update under another name."""
        return isinstance(value, Value) and self.may_overwrite(value, op) and not self.live_behind(value, op)

    def may_give_away(self, op: Call, k: int) -> bool:
        """Whether a callee may write into the memory of an operand: nothing else sees it, there or behind the call."""
        value = op.operands[k]
        if not isinstance(value, Value) or not self.may_overwrite(value, op):
            return False
        # The callee writes: another operand that is a view of the same memory would change under its hands.
        memory = self.roots.get(value, EMPTY)
        if any(memory & self.roots.get(o, EMPTY) for m, o in enumerate(op.operands) if m != k):
            return False
        items = self.variables.unpacked.values_of(op.result)
        return not self.live_behind(value, op) or any(self.variables.same(value, r) for r in items)

    def views_in_the_way(self) -> set[Value]:
        """The views for which an array would have to be copied where it is written into: let them be copies."""
        found: set[Value] = set()
        for op in self.updates:
            base = op.operands[0]
            if isinstance(base, Value) and base.type.is_numeric:
                before = {w for w in self.aliases(base) if self.comes_before(w, op)}
                found |= {w for w in before if self.seen_behind(w, op) or not self.is_local(w)}
                # A view without a name is evaluated where it is used; it is in the way only where something holds on to
                # it.
                unnamed = (w for root in self.roots.get(base, ()) for w in self.unnamed.get(root, ()))
                found |= {w for w in unnamed if not self.is_local(w) and self.comes_before(w, op)}
        return found

    def comes_before(self, view: Value, update: Apply | Call) -> bool:
        """Whether a view is taken before an update, in the text or in an earlier iteration."""
        made = self.uses.definition[view]
        if self.uses.position[made] < self.uses.position[update]:
            return True
        return bool(self.loops_around(made) & self.loops_around(update))

    def loops_around(self, op: Operation) -> set[Operation]:
        """The loops that an operation is in."""
        found: set[Operation] = set()
        outer = self.owner.get(self.uses.block_of[op])
        while outer is not None:
            if is_loop(outer):
                found.add(outer)
            outer = self.owner.get(self.uses.block_of[outer])
        return found

    def owned(self, value: Operand) -> bool:
        """Whether the value may be overwritten: it is fresh, and no alias of it is read later."""
        if not isinstance(value, Value):
            return True
        if value not in self.known:
            before = len(self.known)
            # The greatest fixed point: loops make values own each other in a circle, so one is taken to be owned until
            # something speaks against it. If that happens, what was found on the strength of it is found again.
            self.known[value] = True  # a loop owns what it carries if all else does
            if not (self.is_fresh(value) and self.is_private(value)):
                for found in list(self.known)[before:]:
                    if self.known[found]:
                        del self.known[found]  # it may rest on the assumption
                self.known[value] = False
        return self.known[value]

    def is_fresh(self, value: Value) -> bool:
        t = value.type
        if t.is_scalar:
            return True
        if value in self.carrier:
            return self.carried_fresh(*self.carrier[value], value)
        if value in self.variables.function.taken:
            return True
        op = self.uses.definition.get(value)
        match op:
            case Apply() if t.is_sequence:
                sliced = op.primitive is GETITEM and isinstance(op.operands[1].type, SliceType)
                return sliced or op.primitive not in (GETITEM, EXTRACT)
            case Apply():
                made = self.uses.definition.get(op.operands[0]) if op.primitive is EXTRACT else None
                if isinstance(made, Call):
                    return made.function.own
                return op.effect is Effect.FRESH
            case Call():
                return op.function.own
            case If():
                k = op.results.index(value)
                return all(self.passes(b.results[k], value) for b in op.blocks)
            case For() | While():
                k = op.results.index(value)
                return k < len(op.initial) and self.owned(op.carried[k])
            case None:
                return False
            case _:
                assert_never(op)

    def carried_fresh(self, op: For | While, k: int, value: Value) -> bool:
        if not (self.passes(op.body.results[k], value) or self.moves(op, op.body.results[k])):
            return False
        # By induction over the iterations: it is fresh at the first, and each hands its own memory on to the next.
        # Where it is not fresh at the first, one copy before the loop makes it so, if the body is to write into it at
        # all.
        if self.passes(op.initial[k], value):
            return True
        if value.type.is_numeric and self.is_private(value) and self.is_written_in(op, value):
            self.copied.add(value)
        return value in self.copied

    def moves(self, loop: For | While, source: Operand) -> bool:
        """Whether a loop body hands memory of its own on to one variable, another than it was in: `u, v = v, u`."""
        if not isinstance(source, Value) or self.home.get(source) is not loop.body:
            return False
        return sum(o is source for o in loop.body.results) == 1 and self.owned(source)

    def is_written_in(self, loop: For | While, value: Value) -> bool:
        """Whether the body of a loop writes into the variable of a value, or of one that it is handed on to."""
        written = [op.operands[0] for op in walk(loop.body) if is_update(op)]
        met: set[Value] = set()
        work = [value]
        while work:
            p = work.pop()
            if p in met:
                continue
            met.add(p)
            if any(self.variables.same(o, p) for o in written):
                return True
            work += [q for q, o in zip(loop.carried, loop.body.results, strict=False) if o is p]
        return False

    def passes(self, source: Operand, target: Value) -> bool:
        """Whether memory goes from one value to another without a second name for it."""
        if not isinstance(source, Value):
            return True
        if source.type.is_scalar:
            return True
        made = self.uses.definition.get(source)
        if is_call_of(made, UNDEFINED):
            return True  # it is not read
        return self.variables.same(source, target) and self.owned(source)

    def is_private(self, value: Value) -> bool:
        return all(self.harmless(reader, value) for reader in self.uses.readers.get(value, []))

    def harmless(self, reader: Operation | Block, value: Value) -> bool:
        """Whether a read leaves no alias behind."""
        match reader:
            case Apply():
                if reader.primitive.holds and value in reader.operands[reader.primitive is not SEQUENCE :]:
                    return value.type.is_scalar
                if value.type.is_sequence and not reader.result.type.is_container:
                    return True  # a list is seen by its own variables only; its items are never changed
                # A reader that gives fresh memory, or a number, keeps nothing of the array. A view of it is an alias
                # for as long as it is read.
                if reader.effect is not Effect.VIEW or _is_number(reader.result):
                    return True
                if is_view(reader):
                    return self.is_local(reader.result)
                return reader.result in self.variables.inlined and self.is_private(reader.result)
            case Call():
                return reader.function.own
            case Block():
                return reader is not self.variables.function.body and self.yields_to_itself(reader, value)
            case For() | While():
                return all(
                    self.variables.same(value, p)
                    for i, p in zip(reader.initial, reader.carried, strict=True)
                    if i is value
                ) and value not in getattr(reader, "scanned", ())
            case If():
                return True

    def is_local(self, view: Value) -> bool:
        """Whether a view is read by operations only that leave no alias behind, and so is gone after the last one."""
        for reader in self.uses.readers.get(view, []):
            if isinstance(reader, Block):
                if reader is not self.variables.function.body:
                    return False
            elif (
                not isinstance(reader, Apply)
                or reader.primitive.holds
                or reader.primitive in (MAKE, EXTRACT)
                or is_view(reader)
                and not self.is_local(reader.result)
            ):
                return False
        return True

    def yields_to_itself(self, block: Block, value: Value) -> bool:
        """Whether a block yields the value only to the variable that it is in."""
        owner = next((op for op in self.uses.block_of if block in op.blocks), None)
        if owner is None:
            return False
        targets = owner.carried if is_loop(owner) else owner.results
        stop = is_loop(owner) and owner.breaks
        rows = block.results[: len(block.results) - stop]
        # What is appended to a list is seen through it by the following iterations.
        if is_loop(owner) and any(o is value for o in rows[len(targets) :]):
            return False
        if is_loop(owner) and self.home.get(value) is block and sum(o is value for o in rows) == 1:
            return True
        return all(self.variables.same(value, t) for o, t in zip(rows, targets, strict=False) if o is value)
