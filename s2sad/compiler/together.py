"""The functions of a program as those of one module: what all of them were made for is known now.

What no call reads goes, short steps stand where they are called, rules of solvers say which theorem they are, and
forms that are not in the module leave no numbers in the names.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from s2sad.compiler.checked import optimize
from s2sad.compiler.function_names import plainly_named, reachable, stepped
from s2sad.compiler.program import Program
from s2sad.compiler.solvers import with_calls
from s2sad.compiler.targets import is_written
from s2sad.frontend.terms.solver_targets import SolverRule
from s2sad.ir.primitives.refusals import refuse_unknown
from s2sad.ir.printer import numbered
from s2sad.ir.values import Function
from s2sad.optimize import (
    eliminate_dead,
    is_step,
    own_carried,
    own_results,
    with_calls_written_out,
    with_read_arguments,
    without_stops,
    without_unread,
)


def together(program: Program, entries: Sequence[str]) -> list[Function]:
    """The functions that a module with these entries needs, callees first, under their names in it.

    The entries are one function, or the first and second sweep of a pair.
    """
    found = reachable(program.functions, entries)
    found = [eliminate_dead(without_stops(replace(f, body=with_calls(f.body)))) for f in found]
    found = [refuse_unknown(f) for f in _shorter(found, entries, {*entries, *_as_they_are(program), *stepped(found)})]
    docs = {e.function.name: t.doc for (t, _), e in program.entries.items() if isinstance(t, SolverRule)}
    found = [replace(f, doc=docs.get(f.name, f.doc)) for f in found]
    others = program.boxes.names.keys() | program.spoken_of
    return plainly_named(found, {*entries, *stepped(found)}, program.bases, others)


def _as_they_are(program: Program) -> set[str]:
    """The names of the functions that the user wrote, and of those that are to calculate again what they need."""
    names = {e.function.name for (target, _), e in program.entries.items() if is_written(target)}
    return names | program.derivatives.checkpointed


def _shorter(functions: Sequence[Function], entries: Sequence[str], kept: set[str]) -> list[Function]:
    """The functions without what they do for none of their calls, but for those that are `kept`."""
    read = without_unread(functions, kept)
    left = {f.name: f for f in with_read_arguments(read, kept)}
    known = [f.name for f in read if f.parameters != left[f.name].parameters]
    left |= {name: own_carried(optimize(left[name])) for name in known}
    steps = {name for name, f in left.items() if name not in kept and is_step(f)}
    longer = with_calls_written_out(left, steps.__contains__)
    left |= {name: _owning(optimize(numbered(f)), entries) for name, f in longer.items()}
    made = {f.name: f for f in without_unread(reachable(left, entries), kept)}
    return reachable(made, entries)


def _owning(function: Function, entries: Sequence[str]) -> Function:
    """A function that gives memory of its own where it is an entry; the first of two hands some to the second."""
    if function.name not in entries:
        return own_carried(function)
    return own_results(function, len(entries) > 1 and function.name == entries[0])
