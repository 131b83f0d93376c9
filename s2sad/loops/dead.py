"""What nobody reads goes: values, memory that is only written, and what is carried on for it.

    if n > len(e): e = longer(e)        where nobody reads e but to make it longer, there is no e
    e[n] = t

A store is needed where what may be the same memory is read by what is needed itself. What the program is left by
stays, so that an index out of range is NumPy's to raise for an array too that nobody reads.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace

from s2sad.analysis.liveness import needed
from s2sad.ir.primitive import Effect
from s2sad.ir.primitives.memory import ALLOCATE, INTO, LOAD, STORE, is_of_library
from s2sad.ir.rewrite import reduced
from s2sad.ir.values import Apply, Call, Function, Operand, Operation, Value, values_in, walk
from s2sad.loops.memory import NOTHING, Roots, roots_of


def without_dead(function: Function, known: Roots | None = None) -> Function:
    """The function without what nobody reads. The memory of its handles may be known."""
    roots = known or roots_of(function)
    own = {op.result for op in walk(function.body) if isinstance(op, Apply) and op.primitive is ALLOCATE}
    stores: dict[Value, list[Operation]] = {}
    first: list[Operation] = []
    for op in walk(function.body):
        memory = roots.get(target, NOTHING) if (target := _target(op)) else NOTHING
        if memory and memory <= own:
            for root in memory:
                stores.setdefault(root, []).append(op)
        elif _has_effect(op):
            first.append(op)

    def stored_in(handles: Iterable[Operand]) -> Iterator[Operation]:
        # each is asked for once: a second time its stores are known to be needed
        return (op for h in handles for root in roots.get(h, NOTHING) for op in stores.pop(root, ()))

    first += stored_in(function.body.results)
    found = needed(function, first, lambda op: stored_in(_read(op)))
    return replace(function, body=reduced(function.body, found.operations, found.values))


def _target(op: Operation) -> Operand | None:
    """The handle of the memory that an operation writes."""
    if not isinstance(op, Apply) or op.primitive not in (STORE, INTO):
        return None
    return op.operands[0 if op.primitive is STORE else -1]


def _has_effect(op: Operation) -> bool:
    if isinstance(op, Apply):
        return op.primitive.effect is Effect.IO
    return isinstance(op, Call) and bool(op.function.effects)


def _read(op: Operation) -> list[Value]:
    """The handles of what an operation reads in memory."""
    if isinstance(op, Call):
        return values_in(op.operands)
    if not isinstance(op, Apply):
        return []
    if op.primitive is LOAD:
        return values_in(op.operands[:1])
    if op.primitive is INTO:
        return values_in(op.operands[:-1])
    return values_in(op.operands) if is_of_library(op) else []
