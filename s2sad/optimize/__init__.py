"""From a function of the IR to a shorter one that computes the same: `optimize(function)`."""

from s2sad.ir.values import Function
from s2sad.optimize.eliminate import eliminate_dead
from s2sad.optimize.results import own_results
from s2sad.optimize.schedule import sink_results
from s2sad.optimize.shapes import resolve_shapes
from s2sad.optimize.simplify import share_zeros, simplify

__all__ = ["eliminate_dead", "optimize", "own_results"]

PASSES = (eliminate_dead, simplify, share_zeros, eliminate_dead, resolve_shapes, eliminate_dead, sink_results)


def optimize(function: Function) -> Function:
    """All passes in their order."""
    for run in PASSES:
        function = run(function)
    return function
