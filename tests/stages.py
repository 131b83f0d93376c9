"""The stages of the compiler as the tests of stages call them: each from a function to a function, or to facts.

Where a stage asks the compiler for a callee, there is none: the functions of these tests call nothing, or what is
given in `callees`.
"""

from s2sad.analysis.activity import active_values
from s2sad.analysis.aliasing import find_roots, owns_result, shares_memory
from s2sad.analysis.blanks import blanks
from s2sad.analysis.dependence import Dependence
from s2sad.analysis.recursion import called, cycle, handed_on, reached
from s2sad.analysis.repeated import repeated
from s2sad.analysis.unbounded import unbounded_values
from s2sad.differentiate import forward, jacobians, linearize
from s2sad.differentiate.reverse import local_gradient, snapshots, sweeps, transposition
from s2sad.differentiate.vmap.batching import batched
from s2sad.ir.backend import NUMPY
from s2sad.optimize import (
    eliminate_dead,
    optimize,
    own_results,
    settle_lengths,
    vectorise,
    without_adjoints,
    without_stops,
)
from s2sad.optimize.accumulate import accumulate
from s2sad.optimize.displays import display_stores
from s2sad.optimize.first_stores import share_zeros
from s2sad.optimize.schedule import add_before_stores, sink_results
from s2sad.optimize.shapes import resolve_shapes
from s2sad.optimize.signs import spread_signs
from s2sad.optimize.simplify import simplify
from s2sad.optimize.vectorise.slabs import with_slabs

__all__ = [
    "Dependence",
    "accumulate",
    "active_values",
    "add_before_stores",
    "blanks",
    "called",
    "cycle",
    "display_stores",
    "eliminate_dead",
    "find_roots",
    "handed_on",
    "own_results",
    "owns_result",
    "reached",
    "repeated",
    "settle_lengths",
    "share_zeros",
    "shares_memory",
    "sink_results",
    "spread_signs",
    "unbounded_values",
    "vectorise",
    "with_slabs",
    "without_adjoints",
    "without_stops",
]


def no_callee(*_):
    raise AssertionError("a callee is asked for")


def simplified(function):
    return simplify(function)[0]


def shapes_resolved(function):
    return resolve_shapes(function, function.parameters)


def all_active(function):
    return [True] * len(function.parameters)


def tangent(function, active=None):
    """`f_jvp(*parameters, *dots) -> (result, result_dot)`."""
    return optimize(forward.jvp(function, active or all_active(function), no_callee))


def linear_pair(function):
    """`f_forward`, and `f_linear`, which gives the tangent from what that keeps."""
    return linearize.linear_pair(function, all_active(function), no_callee, no_callee, optimize)[:2]


def gradient(function, active=None, backend=NUMPY, callees=no_callee):
    """`f_grad(*parameters)`, the adjoints alone."""
    name = f"{function.name}_grad"
    made = sweeps.gradient(function, active or all_active(function), callees, name, backend=backend)
    return optimize(made)


def pair(function, active=None):
    """The forward sweep, with what it keeps, and the reverse sweep."""
    return tuple(map(optimize, sweeps.pair(function, active or all_active(function), no_callee, optimize)[:2]))


def value_and_gradient(function):
    """`f_value_and_grad(*parameters) -> (value, *gradients)`."""
    name = f"{function.name}_value_and_grad"
    return optimize(local_gradient.local_gradient(function, all_active(function), no_callee, name))


def jacobian(function, by_rows=True):
    """The Jacobian, a loop over rows or columns."""
    order, active = jacobians.Order(True, (0,), False, False), all_active(function)
    if not by_rows:
        return optimize(jacobians.jacfwd(function, active, no_callee, no_callee, None, "f_jacfwd", order))
    return optimize(jacobians.jacrev(function, active, no_callee, None, "f_jacrev", order))


def transposed(function, operands):
    """The two sweeps of a function that gives `(result, result_dot)`, from its tangent; its first parameters are no
    tangents."""
    dots, primals = function.parameters[operands:], function.parameters[:operands]
    made = transposition.transposed(function, dots, primals, no_callee, lambda f, anchors=None: optimize(f), {})
    return tuple(map(optimize, made[:2]))


def outlined(function):
    """The function with the steps of its marked loops apart, and these steps."""
    steps = []

    def add(step):
        steps.append(step)
        return f"step_{len(steps)}"

    return (snapshots.outlined(function, add), *steps)


def replayed(function):
    """The function with the states of its marked loops from snapshots."""
    return snapshots.with_replay(function, lambda step: "again", lambda reference: reference)


def for_many(function, *flags):
    """The function for many examples in the parameters with a flag."""
    made, _ = batched(function, flags, no_callee, f"{function.name}_batch", lambda: False)
    return optimize(made)
