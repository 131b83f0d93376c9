"""From a function of the IR to a shorter one that computes the same: `optimize(function)`."""

from collections.abc import Collection
from dataclasses import replace

from s2sad.ir.lengths import counted_by_lists
from s2sad.ir.values import For, Function, Value
from s2sad.optimize.accumulate import accumulate
from s2sad.optimize.arguments import with_read_arguments
from s2sad.optimize.barriers import without_adjoints, without_stops
from s2sad.optimize.calls import with_calls_written_out
from s2sad.optimize.clears import without_clears
from s2sad.optimize.displays import display_stores
from s2sad.optimize.eliminate import eliminate_dead
from s2sad.optimize.first_stores import share_zeros
from s2sad.optimize.lengths import settle_lengths
from s2sad.optimize.ownership import own_carried, own_results
from s2sad.optimize.schedule import add_before_stores, sink_results
from s2sad.optimize.shapes import resolve_shapes
from s2sad.optimize.signs import spread_signs
from s2sad.optimize.simplify import simplify
from s2sad.optimize.unread import is_step, without_unread
from s2sad.optimize.vectorise import vectorise

__all__ = [
    "eliminate_dead",
    "is_step",
    "optimize",
    "own_carried",
    "own_results",
    "settle_lengths",
    "vectorise",
    "with_calls_written_out",
    "with_read_arguments",
    "without_adjoints",
    "without_stops",
    "without_unread",
]

ROUNDS = 4


def optimize(function: Function, anchors: Collection[Value] | None = None) -> Function:
    """All passes in their order. `anchors` are the values to read shapes from, all parameters if none are given."""
    function = _simplified(function)
    # The order matters. Stores of first contributions before sums over loops, as these look for additions; shapes
    # behind both, when what they might be read of is settled; the order of the text last, as it changes no operation.
    function = eliminate_dead(display_stores(share_zeros(function)))
    before = function
    function = accumulate(without_clears(function))
    # What stood between two stores in one place may have become a sum: the two are one then. And an array that was
    # cleared alone is handed on by the loops unchanged.
    function = function if function is before else _simplified(function)
    function = spread_signs(function)
    function = resolve_shapes(function, function.parameters if anchors is None else anchors)
    function = eliminate_dead(function)
    function = add_before_stores(function)
    return sink_results(eliminate_dead(replace(function, body=counted_by_lists(function.body, _is_counted))))


def _simplified(function: Function) -> Function:
    """The function with identities applied, and without what is dead."""
    # A fixed point, cut off: what one round drops may make an identity of the next, and after some rounds what is left
    # to gain is less than what another one costs.
    for _ in range(ROUNDS):
        function, again = simplify(eliminate_dead(function))
        if not again:
            break
    return function


def _is_counted(loop: For) -> bool:
    """Whether a loop has the length of another one, counted while that ran."""
    return loop.stop.hint == "count"
