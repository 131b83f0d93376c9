"""What a derivative is taken of, asked without running it: the function in SSA, how many numbers go in and come out."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from s2sad.backends import PYTHON, Runner
from s2sad.compiler.transform import Transform, with_statics
from s2sad.dispatch.arguments import item_at, number_leaves
from s2sad.frontend.context import NeedsStatic
from s2sad.frontend.dependencies import NeedsHandle, Reads, Settled
from s2sad.ir.dims import is_known
from s2sad.ir.signature import Signature
from s2sad.ir.types import Type, leaves, substitute
from s2sad.ir.values import Function, called_in

if TYPE_CHECKING:
    from s2sad.compiler.program import Program


def primal_of(target: object, names: Sequence[str], values: Sequence[object], signature: Signature) -> Function:
    """A function in SSA, for arguments like these of its parameters."""
    return _lowered(target, names, values, signature)[0]


def programs_of(target: object, names: Sequence[str], values: Sequence[object]) -> list[Function]:
    """A function in SSA, for arguments like these of its parameters, and those that it calls."""
    function, program = _lowered(target, names, values, Signature())
    found, called = {function.name: function}, sorted(called_in(function.body))
    while called:
        name = called.pop(0)
        if name not in found and name in program.functions:
            found[name] = program.functions[name]
            called += sorted(called_in(found[name].body))
    return list(found.values())


def _lowered(
    target: object, names: Sequence[str], values: Sequence[object], signature: Signature
) -> tuple[Function, Program]:
    given = [signature.type_of(v) for v in values]
    statics: dict[tuple[int, tuple[object, ...]], object] = {}
    settled = Settled()
    # Each attempt that fails names one more leaf whose value must be known, or one more object that takes values: there
    # are finitely many.
    while True:
        parameters = {n: with_statics(t, k, statics) for k, (n, t) in enumerate(zip(names, given, strict=True))}
        try:
            program = new_program(PYTHON, Reads((), settled), signature)
            return program.entry(target, parameters).function, program
        except NeedsHandle as e:
            settled.add(e)
        except NeedsStatic as e:
            statics[(e.parameter, e.path)] = item_at(values[e.parameter], e.path)


def sizes_of(
    function: Function, transform: Transform, values: Sequence[object], signature: Signature
) -> tuple[int, int | None]:
    """How many numbers the arguments asked for hold, and how many the result, where its shape says so."""
    inputs = sum(np.size(a) for k in transform.argnums for a in number_leaves(values[k]))
    result = function.result.type
    # What goes along with the result has no derivative, and does not count.
    if transform.has_aux and result.is_container:
        result = result.items[0]
    # The shapes of the program are in symbols; the signature knows the lengths of these arguments.
    back = signature.back()
    return inputs, _count_of_numbers([substitute(t, back) for t in leaves(result)])


def _count_of_numbers(types: Sequence[Type]) -> int | None:
    """How many numbers there are in arrays of these types; None where a shape does not say so."""
    total = 0
    for t in types:
        known = [d for d in t.shape or () if is_known(d)]
        if t.rank != len(known):
            return None
        total += math.prod(known)
    return total


def new_program(runner: Runner = PYTHON, reads: Reads | None = None, signature: Signature | None = None) -> Program:
    """A module to be compiled. The compiler is imported with the first: with all in the cache there is none."""
    from s2sad.compiler.program import Program

    program = Program(runner, reads)
    if signature is not None:
        program.signature = signature
    return program
