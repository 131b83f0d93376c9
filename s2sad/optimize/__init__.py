"""From a function of the IR to a shorter one that computes the same: `optimize(function)`."""

from collections.abc import Collection

from s2sad.ir.values import Function, Value
from s2sad.optimize.eliminate import eliminate_dead
from s2sad.optimize.results import own_results
from s2sad.optimize.schedule import sink_results
from s2sad.optimize.shapes import resolve_shapes
from s2sad.optimize.simplify import share_zeros, simplify

__all__ = ["eliminate_dead", "optimize", "own_results"]

FIRST = (eliminate_dead, simplify, share_zeros, eliminate_dead)
LAST = (eliminate_dead, sink_results)


def optimize(function: Function, anchors: Collection[Value] | None = None) -> Function:
    """All passes in their order. `anchors` are the values to read shapes from, all parameters if none are given."""
    for run in FIRST:
        function = run(function)
    function = resolve_shapes(function, function.parameters if anchors is None else anchors)
    for run in LAST:
        function = run(function)
    return function
