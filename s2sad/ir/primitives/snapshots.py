"""Marked loops in emitted code: their steps are functions, done again from snapshots by a schedule.

advanced    all steps in order, storing the states that the schedule asks for: (the last state, what `replayed` needs)
replayed    the state before each step, from the last step to the first
silenced    what `replayed` needs, with the silent form of a step that prints: that is done again

The schedule is that of `checkpoint_schedules`: Griewank & Walther, Algorithm 799: revolve (2000).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from s2sad.ir.dims import new_dim
from s2sad.ir.primitive import Effect, Primitive, register
from s2sad.ir.types import INT, OpaqueType, SequenceType, Type, tuple_type


@dataclass(frozen=True, slots=True)
class Snapshots(OpaqueType):
    """What `advanced` hands to `replayed`; `item` is the type of a state."""

    item: Type


class FunctionName(str):
    """The name of a function of the module, as it is written."""

    __slots__ = ()

    def __repr__(self) -> str:
        return str(self)


def advanced(
    step: Callable[..., object], steps: Sequence[int], state: object, fixed: Sequence[object], *, snapshots: int
) -> tuple[Any, Any]:
    """The state behind all steps, and what `replayed` needs: the states before some of them."""
    from checkpoint_schedules import EndForward, MultistageCheckpointSchedule

    stored = {}
    before = state
    for action in MultistageCheckpointSchedule(len(steps), snapshots, 0) if len(steps) else ():
        # A schedule of the forward sweep is all writes and steps up to its end; what comes behind it is for `replayed`.
        if isinstance(action, EndForward):
            break
        if action.write_ics:
            stored[action.n0] = state
        for k in range(action.n0, action.n1):
            before, state = state, step(steps[k], state, *fixed)
    return state, (step, steps, stored, before, fixed, snapshots)


def replayed(kept: Any, *, again: bool = False) -> Iterator[Any]:
    """The state before each step, from the last step to the first: stored, or computed again.

    It uses up what is stored; with `again` a copy, so that there may be another time.
    """
    from checkpoint_schedules import Copy, EndForward, Forward, Move, MultistageCheckpointSchedule, Reverse

    step, steps, stored, state, fixed, snapshots = kept
    stored = dict(stored) if again else stored
    schedule = iter(MultistageCheckpointSchedule(len(steps), snapshots, 0) if len(steps) else ())
    for action in schedule:
        if isinstance(action, EndForward):
            break
    for action in schedule:
        if isinstance(action, Copy):
            state = stored[action.n]
        elif isinstance(action, Move):
            state = stored.pop(action.n)
        elif isinstance(action, Reverse):
            yield state
        # A step whose dependencies are to be written is the reversed loop's own: it computes that step itself.
        elif isinstance(action, Forward) and not action.write_adj_deps:
            if action.write_ics:
                stored[action.n0] = state
            for k in range(action.n0, action.n1):
                state = step(steps[k], state, *fixed)


def _advanced_type(step: object, *operands: Type, snapshots: int) -> Type:
    return tuple_type(operands[1], Snapshots(str(step), operands[1]))


def _replayed_type(kept: Type, /, *, again: bool = False) -> Type:
    assert isinstance(kept, Snapshots)
    return SequenceType(kept.item, new_dim("k"))


def _steps_type(start: Type, stop: Type, step: Type, /) -> Type:
    return SequenceType(INT, new_dim("k"))


def _steps_spelling(start: Type, stop: Type, step: Type) -> str:
    first, by = (t.size for t in (start, step))
    if by != 1:
        return "range(_0, _1, _2)"
    return "range(_1)" if first == 0 else "range(_0, _1)"


STEPS = register(
    Primitive(
        "steps",
        lambda *parts: range(*parts),
        _steps_type,
        constant=True,
        spelling=_steps_spelling,
    )
)
ADVANCED = register(Primitive("advanced", advanced, _advanced_type, constant=True, effect=Effect.VIEW, helper=True))
SILENCED = register(
    Primitive(
        "silenced",
        lambda kept, *, step: (step, *kept[1:]),
        lambda kept, /, *, step: kept,
        constant=True,
        effect=Effect.VIEW,
        spelling=lambda kept, *, step: f"({step}, *_0[1:])",
    )
)
REPLAYED = register(Primitive("replayed", replayed, _replayed_type, constant=True, effect=Effect.VIEW, helper=True))
