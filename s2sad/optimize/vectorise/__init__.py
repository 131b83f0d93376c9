"""Loops of a reverse sweep that fill what one expression of slices says, as that expression.

    for j in reversed(range(k + 1, n)):           v_bar = -a_bar[i, k + 1:]
        v_bar = -a_bar[i, j]                ->    a_bar_sum = v_bar @ a[k, k + 1:]
        a_bar_sum += v_bar * a[k, j]              a_bar[k, k + 1:] += v_bar * a[i, k]
        a_bar[k, j] += v_bar * a[i, k]

Each operation of the body is done for all iterations at once, before the next one is. That is the same where no
iteration reads what another one writes (`recurrences`), each subscript takes one element after another of one axis,
from a place that is not negative (`places`), and each operation has a form for many numbers or rows (`turning`). The
innermost loops first; then those around them have no loop inside and may follow.

The licence is that the order of a sum over a loop is free, and that a factor which all its summands have may stand
before it: roundings elsewhere. So only in sweeps: the user's own loops stay as they were written.
"""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import replace
from typing import TYPE_CHECKING, TypeAlias

from s2sad.analysis.aliasing import find_roots
from s2sad.analysis.dependence import Bounds, Dependence, bounds_of
from s2sad.ir.call_lengths import asking, at_least
from s2sad.ir.containers import MAKE_SLICE
from s2sad.ir.dims import CallLengths, dim_sum
from s2sad.ir.rewrite import map_blocks, substitute
from s2sad.ir.values import Apply, Block, For, Function, Operand, Operation, Value, is_call_of, is_update, makers, walk
from s2sad.optimize.eliminate import eliminate_dead
from s2sad.optimize.first_stores import share_zeros
from s2sad.optimize.schedule import sink_results
from s2sad.optimize.vectorise.behind import Behind
from s2sad.optimize.vectorise.places import Stays, is_integer, places_of
from s2sad.optimize.vectorise.slabs import with_slabs
from s2sad.optimize.vectorise.slices import read_in_place
from s2sad.optimize.vectorise.turning import Turning
from s2sad.optimize.vectorise.windows import Windows

if TYPE_CHECKING:
    from typing_extensions import TypeIs

Made: TypeAlias = tuple[tuple[Operation, ...], dict[Operand, Operand]]


def vectorise(function: Function, call: CallLengths | None = None) -> Function:
    """The function with such loops as expressions; the call that compiles says which of two loops is the longer one."""
    before = function
    function = with_slabs(function)
    for a_round in (Round, Splitting):
        while any(_is_swept(op) for op in walk(function.body)):
            found = a_round(function)
            body = found.block(function.body, ())
            if not found.turned:
                break
            function = eliminate_dead(replace(function, body=body))
    function = by_windows(function, call)
    return function if function is before else sink_results(eliminate_dead(read_in_place(share_zeros(function))))


def by_windows(function: Function, call: CallLengths | None) -> Function:
    """The function with loops over the places of windows, where that makes expressions of those that move them."""
    tried: set[Value] = set()
    # Each time a loop is done in one over fewer numbers.
    while any(_may_move_windows(op) and op.index not in tried for op in walk(function.body)):
        found = Interchange(function)
        found.block(function.body, ())
        tried.update(op.index for op in walk(function.body) if _may_move_windows(op) and op not in found.windows)
        for loop, windows in found.windows.items():
            if loop.index not in tried:
                tried.add(loop.index)
                better = _interchanged(function, loop, windows, call)
                if better is not None:
                    function = better
                    break
    return function


def _interchanged(function: Function, loop: For, windows: Windows, call: CallLengths | None) -> Function | None:
    """The function with one loop over the places of its windows; None where it is none that pays."""
    iterations, places = windows.gain
    more = dim_sum(places, 1)
    made = eliminate_dead(replace(function, body=_replaced(function.body, loop, windows.done())))
    turned = Round(made, bounds_of(dim_sum(iterations, more, -1)))
    body = turned.block(made.body, ())
    if any(isinstance(op, For) and op.index is loop.index for op in walk(body)):
        return None
    with asking([call] if call else []):
        return eliminate_dead(replace(made, body=body)) if at_least(iterations, more) else None


def _replaced(block: Block, old: Operation, new: Operation) -> Block:
    operations = (
        new if op is old else map_blocks(op, lambda inner: _replaced(inner, old, new)) for op in block.operations
    )
    return replace(block, operations=tuple(operations))


def _is_swept(op: Operation) -> TypeIs[For]:
    """Whether it is a loop of a reverse sweep that goes through all of its range, one by one."""
    if not isinstance(op, For) or not op.about or op.breaks or op.snapshots:
        return False
    return op.step.type.size in (1, -1)


def _may_turn(op: Operation) -> TypeIs[For]:
    """Whether it is a loop of a reverse sweep which has no loop or branch in it, and gives no more than it carries."""
    if not _is_swept(op) or len(op.results) != len(op.initial):
        return False
    return all(isinstance(inner, Apply) for inner in op.body.operations)


def _may_move_windows(op: Operation) -> TypeIs[For]:
    """Whether it is such a loop, with slices made in it."""
    return _may_turn(op) and any(is_call_of(inner, MAKE_SLICE) for inner in op.body.operations)


class Round:
    """One walk through a function, in which the innermost loops are turned."""

    def __init__(self, function: Function, known: Bounds | None = None) -> None:
        self.dependence = Dependence(function, known)
        self.made = makers(self.dependence.definition.values())
        self.turned = False

    def block(self, block: Block, around: Sequence[Value]) -> Block:
        """The block; the integers of the blocks `around` it may be read in it."""
        integers = [*around, *filter(is_integer, block.parameters)]
        operations: list[Operation] = []
        table: dict[Operand, Operand] = {}
        for op in block.operations:
            made, found = self.operation(op, integers)
            operations += substitute(Block((), made, ()), table).operations
            table.update((old, table.get(new, new)) for old, new in found.items())
            integers += filter(is_integer, op.results)
        return replace(block, operations=tuple(operations), results=tuple(table.get(r, r) for r in block.results))

    def operation(self, op: Operation, integers: Sequence[Value]) -> Made:
        """What stands for an operation, and for its results."""
        if _may_turn(op):
            with suppress(Stays):
                places = places_of(op, self.dependence, integers)
                made = Turning(op, places, self.dependence, self.made).done()
                self.turned = True
                return made
        return (map_blocks(op, lambda inner: self.block(inner, integers)),), {}


class Splitting(Round):
    """One walk, in which the innermost loops that have such sums are split from them."""

    def __init__(self, function: Function) -> None:
        super().__init__(function)
        self.roots = find_roots(function, (op.result for op in walk(function.body) if is_update(op)))

    def operation(self, op: Operation, integers: Sequence[Value]) -> Made:
        before, self.turned = self.turned, False
        made, found = super().operation(op, integers)
        if not self.turned and _is_swept(op):
            with suppress(Stays):
                made, found = Behind(op, self.dependence, self.made, integers, self.roots).done()
                self.turned = True
        self.turned |= before
        return made, found


class Interchange(Round):
    """One walk, in which the loops that move windows are found."""

    def __init__(self, function: Function) -> None:
        super().__init__(function)
        self.windows: dict[For, Windows] = {}

    def operation(self, op: Operation, integers: Sequence[Value]) -> Made:
        if _may_move_windows(op):
            with suppress(Stays):
                windows = Windows(op, places_of(op, self.dependence, integers), self.made)
                windows.done()
                self.windows[op] = windows
        return (map_blocks(op, lambda inner: self.block(inner, integers)),), {}
