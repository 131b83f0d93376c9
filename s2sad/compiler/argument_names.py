"""Names for what a function computes to pass it on: those of the parameters that take it.

k2 = rates(y + 0.5 * dt * k1, p)        def rates(y, p):        y2 = y + 0.5 * dt * k1
"""

from __future__ import annotations

from collections.abc import Mapping
from itertools import count

from s2sad.ir.printer import is_traced
from s2sad.ir.rewrite import renamed
from s2sad.ir.values import Call, Function, Value, applied_in, bound_in, walk


def named_as_arguments(function: Function, functions: Mapping[str, Function]) -> Function:
    """The function with names for unnamed values that are arguments of calls; they give way to the user's own."""
    made = {op.result for op in applied_in(walk(function.body)) if op.result.hint is None and is_traced(op.result)}
    taken = {v.hint for v in bound_in(function.body) if v.hint}
    names: dict[Value, tuple[str, bool]] = {}
    for op in walk(function.body):
        callee = functions.get(op.function.name) if isinstance(op, Call) else None
        for operand, p in zip(op.operands, callee.parameters if callee else (), strict=False):
            if isinstance(operand, Value) and operand in made and operand not in names and p.hint:
                name = _free(p.hint, taken)
                taken.add(name)
                names[operand] = (name, True)
    return renamed(function, names) if names else function


def _free(name: str, taken: set[str]) -> str:
    """A name, or where it is taken the first of `y2`, `y3`, ... that is not."""
    if name not in taken:
        return name
    stem = f"{name}_" if name[-1].isdigit() else name
    return next(n for k in count(2) if (n := f"{stem}{k}") not in taken)
