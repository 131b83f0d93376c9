"""From the functions of a module to their code in LLVM IR: what is imported only where something is compiled."""

from __future__ import annotations

from collections.abc import Sequence

from s2sad.backends.native import elementary, host
from s2sad.backends.native.code import kernel_text
from s2sad.backends.native.entry import entry_text, service_text
from s2sad.backends.native.objects import Code
from s2sad.backends.native.outside import Outside
from s2sad.backends.native.steps import steps_of
from s2sad.backends.native.straight import straight_text
from s2sad.ir.types import Type
from s2sad.ir.values import Function
from s2sad.loops import to_loops
from s2sad.rules import looping as looping


def code_of(functions: Sequence[Function], entries: Sequence[tuple[str, Sequence[Type], Type]]) -> Code:
    """The code of a module with these entries: the name of each, the types of its arguments and of its result.

    Raises:
        Unsupported: something in them cannot be said in loops, or in native code.
    """
    outside = Outside()
    known = {f.name: f for f in functions}
    programs = [to_loops(known, name) for name, *_ in entries]
    texts = [kernels_text(programs, outside)]
    called = [f"{name}.entry" for name, *_ in entries]
    for k, (program, (name, arguments, result)) in enumerate(zip(programs, entries, strict=True)):
        # the lengths of residuals are what they are
        texts.append(entry_text(name, arguments, result, outside, steps_of(program), apart=k == 0))
    if len(entries) == 1:
        texts.append(straight_text(entries[0][0], outside))
        called.append(f"{entries[0][0]}.straight")
    texts.append(service_text(outside))
    # behind all others: by then it is known what they reach outside
    return Code("\n".join([*texts, outside.text()]), tuple(outside.names), tuple(called))


def kernels_text(programs: Sequence[Function], outside: Outside) -> str:
    """The kernels of programs of loops, with the elementary functions that they call."""
    target = elementary.Target.of(host.target().triple, host.features())
    return kernel_text(
        *programs,
        known=elementary.known,
        elementary=lambda names: elementary.text_of(names, target),
        outside=outside.place,
    )
