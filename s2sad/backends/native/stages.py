"""From the programs of a module to their code in LLVM IR: what is imported only where something is compiled."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from s2sad.backends.looped import loops_of
from s2sad.backends.native.by_address import address_text
from s2sad.backends.native.by_address import service_text as foreign_service_text
from s2sad.backends.native.code import kernel_text
from s2sad.backends.native.entry import entry_text, service_text
from s2sad.backends.native.libraries import Libraries
from s2sad.backends.native.machine import elementary_target
from s2sad.backends.native.objects import Code
from s2sad.backends.native.outside import EMPTIED, Outside
from s2sad.backends.native.steps import steps_of
from s2sad.backends.native.straight import straight_text
from s2sad.errors import UnsupportedCall
from s2sad.ir.dims import Fact
from s2sad.ir.primitive import Primitive
from s2sad.ir.types import Type
from s2sad.ir.values import Function

Entry = tuple[str, Sequence[Type], Type]
"""An entry: its name, the types of its arguments and of its result."""


LONGEST = 100_000
"""How many lines of LLVM's a module may have: of that many LLVM has done in half a minute."""


def compiled(
    functions: Sequence[Function], entries: Sequence[Entry], facts: Iterable[Fact] = (), by_address: bool = False
) -> tuple[list[Function], list[Function], Code]:
    """The programs of loops of a module with these entries, which rest on facts of lengths, and their code.

    Between them stand the functions that call themselves. What native code does not have number by number is left to
    its library, which takes arrays. `by_address`: the entries are for other native code, not for Python.

    Raises:
        Unsupported: something in them cannot be said in loops, or in native code.
    """
    left: frozenset[Primitive] = frozenset()
    while True:
        whole = [loops_of(functions, name, left=left) for name, *_ in entries]
        programs, inner = [first for first, *_ in whole], {f.name: f for _, *others in whole for f in others}
        libraries = Libraries(Outside())
        code = code_of(programs, [*inner.values()], entries, facts, libraries, by_address)
        if code.text.count("\n") > LONGEST:
            raise UnsupportedCall(f"code of more than {LONGEST} lines", "compile parts of it")
        if libraries.missing <= left:
            return programs, [*inner.values()], code
        left |= libraries.missing


def code_of(
    programs: Sequence[Function],
    inner: Sequence[Function],
    entries: Sequence[Entry],
    facts: Iterable[Fact],
    libraries: Libraries,
    by_address: bool,
) -> Code:
    """The code of programs of loops."""
    outside = libraries.outside
    results = {name: result for name, _, result in entries}
    made = kernel_text(*programs, inner=inner, results=results, library=libraries, target=elementary_target())
    around = _for_others(entries[0], facts, outside) if by_address else _for_python(programs, entries, facts, outside)
    texts, called = [made, libraries.text, *around[0]], around[1]
    # behind all others: by then it is known what they reach outside
    text = "\n".join([*texts, outside.text()])
    if f"@{EMPTIED}()" in text:
        called.append(EMPTIED)
    return Code(text, tuple(outside.names), tuple(called))


Around = tuple[list[str], list[str]]
"""What stands around kernels: texts, and the names of what is called from outside."""


def _for_python(
    programs: Sequence[Function], entries: Sequence[Entry], facts: Iterable[Fact], outside: Outside
) -> Around:
    texts, called = [], [f"{name}.entry" for name, *_ in entries]
    for k, (program, (name, arguments, result)) in enumerate(zip(programs, entries, strict=True)):
        # of the arguments of a second sweep no symbols are known: what they are follows from the first one
        own = tuple(facts) if k == 0 else None
        texts.append(entry_text(name, arguments, result, outside, steps_of(program), own))
    if len(entries) == 1:
        texts.append(straight_text(entries[0][0], outside))
        called.append(f"{entries[0][0]}.straight")
    return [*texts, service_text(outside)], called


def _for_others(entry: Entry, facts: Iterable[Fact], outside: Outside) -> Around:
    name, arguments, result = entry
    return [address_text(name, arguments, outside, tuple(facts)), foreign_service_text(result)], [f"{name}.address"]
