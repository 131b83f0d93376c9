"""Functions of a program that call themselves, directly or through others, and what they hand on as it is."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from s2sad.analysis.activity import active_values
from s2sad.ir.containers import EXTRACT
from s2sad.ir.types import Type, leaves
from s2sad.ir.values import Call, Function, Operand, called_in, is_call_of, walk


def called(function: Function) -> set[str]:
    """The functions that a function calls."""
    return called_in(function.body)


def reached(name: str, functions: Mapping[str, Function]) -> set[str]:
    """The functions that are called when one is, by itself or through others."""
    found: set[str] = set()
    work = [name]
    while work:
        function = functions.get(work.pop())
        new = called(function) - found if function else set()
        work += new
        found |= new
    return found


def cycle(name: str, functions: Mapping[str, Function]) -> set[str]:
    """The functions whose calls lead to a call of this one and back; empty where it does not call itself."""
    found = reached(name, functions)
    return {other for other in found if other == name or name in reached(other, functions)} if name in found else set()


def handed_on(name: str, active: Sequence[bool], functions: Mapping[str, Function]) -> set[tuple[str, int]]:
    """The arrays with a derivative that a function which calls itself hands on as it was given them.

    A call then may do far less work than the array is long: `total(xs, 2 * k)` of a tree in an array. By the callee and
    the position of the parameter, for all calls on the way back to the function.
    """
    names = cycle(name, functions)
    work = [(name, tuple(active))]
    met = set(work)
    found: set[tuple[str, int]] = set()
    while work:
        caller, flags = work.pop()
        function = functions[caller]
        varied = active_values(function, [p for p, a in zip(function.parameters, flags, strict=True) if a])
        given = given_values(function)
        for op in walk(function.body):
            if not isinstance(op, Call) or op.function.name not in names:
                continue
            own = tuple(o in varied for o in op.operands)
            whole = (k for k, o in enumerate(op.operands) if own[k] and o in given and holds_array(o.type))
            found.update((op.function.name, k) for k in whole)
            if (op.function.name, own) not in met:
                met.add((op.function.name, own))
                work.append((op.function.name, own))
    return found


def given_values(function: Function) -> set[Operand]:
    """The parameters of a function, and what containers among them hold."""
    found: set[Operand] = set(function.parameters)
    for op in walk(function.body):
        if is_call_of(op, EXTRACT) and op.operands[0] in found:
            found.add(op.result)
    return found


def holds_array(t: Type) -> bool:
    """Whether there is an array in a type."""
    return any(leaf.is_array and leaf.shape != () for leaf in leaves(t))
