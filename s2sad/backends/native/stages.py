"""From the programs of a module to their code in LLVM IR: what is imported only where something is compiled."""

from __future__ import annotations

from collections.abc import Sequence

from s2sad.backends.native.code import kernel_text
from s2sad.backends.native.entry import entry_text, service_text, steps_of
from s2sad.backends.native.machine import elementary_target
from s2sad.backends.native.objects import Code
from s2sad.backends.native.outside import Outside
from s2sad.ir.flat import with_leaves
from s2sad.ir.types import Type
from s2sad.ir.values import Function


def loops_of(functions: Sequence[Function], entry: str) -> Function:
    """A function and all that it calls as one program of loops."""
    (function,) = (f for f in functions if f.name == entry)
    return with_leaves(function)


def code_of(functions: Sequence[Function], entries: Sequence[tuple[str, Sequence[Type], Type]]) -> Code:
    """The code of a module with these entries: the name of each, the types of its arguments and of its result.

    Raises:
        Unsupported: something in them cannot be said in loops, or in native code.
    """
    outside = Outside()
    programs = [loops_of(functions, name) for name, *_ in entries]
    texts = [kernel_text(*programs, outside=outside.place, target=elementary_target())]
    for (name, arguments, result), program in zip(entries, programs, strict=True):
        texts.append(entry_text(name, arguments, result, outside, steps_of(program)))
    texts.append(service_text(outside))
    return Code("\n".join([outside.text(), *texts]), tuple(outside.names), tuple(name for name, *_ in entries))
