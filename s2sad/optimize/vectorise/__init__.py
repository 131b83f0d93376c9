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
from typing import TYPE_CHECKING

from s2sad.analysis.dependence import Dependence
from s2sad.ir.dims import is_known
from s2sad.ir.rewrite import map_blocks, substitute
from s2sad.ir.values import Apply, Block, For, Function, Operand, Operation, Value, makers, walk
from s2sad.optimize.eliminate import eliminate_dead
from s2sad.optimize.first_stores import share_zeros
from s2sad.optimize.schedule import sink_results
from s2sad.optimize.vectorise.places import Stays
from s2sad.optimize.vectorise.slices import read_in_place
from s2sad.optimize.vectorise.turning import Turning

if TYPE_CHECKING:
    from typing_extensions import TypeIs


def vectorise(function: Function) -> Function:
    """The function with such loops as expressions."""
    before = function
    while any(_may_turn(op) for op in walk(function.body)):
        a_round = Round(function)
        body = a_round.block(function.body, ())
        if not a_round.turned:
            break
        function = eliminate_dead(replace(function, body=body))
    return function if function is before else sink_results(eliminate_dead(read_in_place(share_zeros(function))))


def _may_turn(op: Operation) -> TypeIs[For]:
    """Whether it is a loop of a reverse sweep which has no loop or branch in it, and gives no more than it carries."""
    if not isinstance(op, For) or not op.about or op.breaks or op.scanned or op.snapshots:
        return False
    alone = len(op.results) == len(op.initial) and op.step.type.size in (1, -1)
    return alone and all(isinstance(inner, Apply) for inner in op.body.operations)


class Round:
    """One walk through a function, in which the innermost loops are turned."""

    def __init__(self, function: Function) -> None:
        self.dependence = Dependence(function)
        self.made = makers(self.dependence.definition.values())
        self.turned = False

    def block(self, block: Block, around: Sequence[Value]) -> Block:
        """The block; the integers of the blocks `around` it may be read in it."""
        integers = [*around, *filter(_is_integer, block.parameters)]
        operations: list[Operation] = []
        table: dict[Operand, Operand] = {}
        for op in block.operations:
            made, found = self.operation(op, integers)
            operations += substitute(Block((), made, ()), table).operations
            table.update((old, table.get(new, new)) for old, new in found.items())
            integers += filter(_is_integer, op.results)
        return replace(block, operations=tuple(operations), results=tuple(table.get(r, r) for r in block.results))

    def operation(
        self, op: Operation, integers: Sequence[Value]
    ) -> tuple[tuple[Operation, ...], dict[Operand, Operand]]:
        """What stands for an operation, and for its results."""
        if _may_turn(op):
            with suppress(Stays):
                made = Turning(op, self.dependence, self.made, integers).done()
                self.turned = True
                return made
        return (map_blocks(op, lambda inner: self.block(inner, integers)),), {}


def _is_integer(value: Value) -> bool:
    """Whether a value is an integer of which a symbol is known, so that it may stand in a slice."""
    t = value.type
    return t.is_scalar and t.is_integer and t.size is not None and not is_known(t.size)
