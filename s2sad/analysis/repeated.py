"""Functions that are called once an iteration of a long loop, and which of their arguments change from call to call.

What such a function hands over to its reverse sweep is kept once an iteration.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TypeAlias

from s2sad.ir.dims import dim_sum, is_known
from s2sad.ir.values import Block, Call, For, Function, Operand, Operation, is_loop

SHORT = 16
"""A loop is long that may have so many iterations or more."""

Changing: TypeAlias = frozenset[Operand] | None
"""The values that change from iteration to iteration of the innermost long loop; None outside of such loops."""


def is_long(op: Operation | None) -> bool:
    """Whether it is a loop that may have many iterations."""
    if not isinstance(op, For):
        return is_loop(op)
    start, stop, step = (o.type.size for o in (op.start, op.stop, op.step))
    trips = None if start is None or stop is None else dim_sum(stop, start, -1)
    return not (is_known(trips) and is_known(step) and abs(trips) < SHORT * abs(step))


def repeated(entry: Function, functions: Mapping[str, Function]) -> dict[str, frozenset[int]]:
    """The functions that an entry calls in long loops, itself or through others, with the places of the arguments that
    change."""
    found: dict[str, frozenset[int] | None] = {}
    work: list[tuple[Function, Changing]] = [(entry, None)]
    while work:
        function, changing = work.pop()
        for call, within in _calls(function.body, changing):
            name, callee = call.function.name, functions.get(call.function.name)
            if callee is None:
                continue
            before = found.get(name)
            now = before
            if within is not None:
                now = (before or frozenset()) | {k for k, o in enumerate(call.operands) if o in within}
            if name not in found or now != before:
                found[name] = now
                inside = None if now is None else frozenset(p for k, p in enumerate(callee.parameters) if k in now)
                work.append((callee, inside))
    return {name: places for name, places in found.items() if places is not None}


def _calls(block: Block, changing: Changing) -> Iterator[tuple[Call, Changing]]:
    """The calls of a block, each with what changes where it stands."""
    if changing is not None:
        changing |= {r for op in block.operations for r in op.results}
    for op in block.operations:
        if isinstance(op, Call):
            yield op, changing
        within = frozenset[Operand]() if is_long(op) else changing
        for inner in op.blocks:
            yield from _calls(inner, None if within is None else within | set(inner.parameters))
