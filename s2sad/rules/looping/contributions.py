"""Adjoints of what was broadcast: what came to its elements, added up."""

from __future__ import annotations

import numpy as np

from s2sad.errors import UnsupportedType
from s2sad.ir.loop_rule import Array, Loops, Places, Term, looped
from s2sad.ir.values import Apply, constant
from s2sad.rules.contributions import unbroadcast
from s2sad.rules.looping.elementwise import broadcast_places
from s2sad.rules.looping.reductions import summed
from s2sad.rules.looping.shaping import array_of


@looped(unbroadcast)
def without_broadcast(loops: Loops, op: Apply, g: Term, x: Term) -> Term:
    """What came to the elements of what was broadcast, added up."""
    if not isinstance(g, Array):
        return g
    of, to = op.operands[0].type.shape, op.result.type.shape
    if of is None or to is None:
        raise UnsupportedType("a sum over axes that only the run knows")
    if any(d not in (1, o) for d, o in zip(reversed(to), reversed(of), strict=False)):
        return _by_lengths(loops, op, g, array_of(x))
    lead = len(of) - len(to)
    axes = [*range(lead), *(lead + k for k, d in enumerate(to) if d == 1 and of[lead + k] != 1)]
    total = summed(loops, g, axes, True, op.result.type.dtype, op.result.hint)
    return loops.view(array_of(total), array_of(total).shape[lead:], lambda at: (*[constant(0)] * lead, *at))


def _by_lengths(loops: Loops, op: Apply, g: Array, x: Array) -> Term:
    """The same where only the run knows which axes were broadcast."""
    t, dtype = op.operands[0].type, op.result.type.dtype
    assert t.shape is not None and dtype is not None
    places = broadcast_places(loops, op.operands[1].type, x, t.shape, g.shape)
    zero = constant(dtype.type(0))

    def fill(target: Array) -> None:
        loops.nest(target.shape, lambda at: loops.store(target, at, zero))

        def add(at: Places) -> None:
            loops.store(target, places(at), loops.call(np.add, target.element(places(at)), g.element(at)))

        loops.nest(g.shape, add)

    return loops.stored(Array(dtype, x.shape, lambda at: zero, (g,), 99, fill=fill), op.result.hint)
