"""The two files of a function in C: what it computes, and what its callers include."""

from __future__ import annotations

import re
import textwrap
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from s2sad.emit.c.arrays import Handle, results_of
from s2sad.emit.c.expansion import expanded
from s2sad.emit.c.helpers import HELPERS, helpers_text
from s2sad.emit.c.interface import Interface, result_names
from s2sad.emit.c.numbers import LIBM, OF_COMPLEX, Library
from s2sad.emit.c.rows import Row, again, lines_of
from s2sad.emit.c.text import Text, binary, multiplied_size
from s2sad.emit.c.writer import CWriter, comment, declaration, unused, without_unread
from s2sad.emit.writer import Line
from s2sad.errors import NOWHERE, located
from s2sad.ir.dims import Fact
from s2sad.ir.primitives.memory import ALLOCATE
from s2sad.ir.types import Type
from s2sad.ir.values import Apply, Function, Operand, Value

WIDTH = 100
WORD = "\0"
"""What stands for a space at which a line is not broken."""
KEYWORDS = {
    *("auto", "break", "case", "char", "const", "continue", "default", "do", "double", "else", "enum", "extern"),
    *("float", "for", "goto", "if", "inline", "int", "long", "register", "restrict", "return", "short", "signed"),
    *("sizeof", "static", "struct", "switch", "typedef", "union", "unsigned", "void", "volatile", "while"),
    *("bool", "true", "false", "complex", "I", "NULL", "NAN", "INFINITY", "int64_t", "size_t", "malloc", "free"),
    *("memcpy", "isnan", "isinf", "isfinite", "signbit", "creal", "cimag", "status", "kept", "main", "errno"),
    *("asm", "typeof", "linux", "unix"),
}
"""Names that mean something else in C."""
TAKEN = {*KEYWORDS, *LIBM, *(f"{n}f" for n in LIBM), *(f"c{n}" for n in OF_COMPLEX), *HELPERS}


@dataclass(frozen=True)
class Sources:
    """The texts of the two files."""

    c: str
    h: str
    lines: Sequence[Line] = ()
    """Those of the first."""


@dataclass(frozen=True)
class Given:
    """What a program in C is told of the function as it was before it was loops."""

    parameters: Sequence[Sequence[Type]]
    """The types of what the entry takes, with lengths as symbols: as it was given, and as it was found to be."""
    results: Sequence[Type]
    """The types of the leaves of what it gives."""
    facts: Iterable[Fact] = ()
    """What its program rests on of the lengths."""
    names: Sequence[str] = ()
    """What the results are called; empty where they have the names that the program has for them."""


def emit_c(header: Sequence[str], function: Function, given: Given, library: Library) -> Sources:
    """The texts of a function of loops.

    Raises:
        Unsupported: something in it cannot be said in C.
    """
    function = expanded(function)
    operands = results_of(function)
    taken = {*TAKEN, function.name}
    names = [_name(p, taken) for p in function.parameters]
    outputs = result_names(given.names or [o.hint or "result" for o in operands], taken)
    writer = CWriter(function, taken, library)
    interface = Interface(writer.note)
    for p, t, name in zip(function.parameters, given.parameters, names, strict=True):
        handle = interface.take(p, t, name)
        if handle is None:
            writer.texts[p] = Text(name)
        else:
            writer.handles[p] = handle
    places = [op.location for op in function.body.operations if op.location != NOWHERE]
    with located(places[-1] if places else NOWHERE):
        results = [interface.give(o, t, n) for o, t, n in zip(operands, given.results, outputs, strict=True)]
        interface.require(given.facts)
    top = {op.result for op in function.body.operations if isinstance(op, Apply) and op.primitive is ALLOCATE}
    for o, handle in zip(operands, results, strict=True):
        if handle is not None and isinstance(o, Value) and o in top:
            writer.given.setdefault(o, handle)
    lines = writer.block(function.body)
    for o, handle, name in zip(operands, results, outputs, strict=True):
        lines += _result(writer, o, handle, name)
    lines = _framed(writer, interface, without_unread(lines, writer.length_names))
    signature = f"int {function.name}({', '.join(p.replace(' ', WORD) for p in interface.parameters)})"
    about = [*header, "link with -lm"]
    text = "\n".join([*map(comment, about), _includes(function.name, writer, lines), ""])
    text += _static(writer, library)
    before = [Line(line) for line in text.splitlines()]
    doc = [comment(line) for line in (function.doc or "").splitlines()]
    body = [signature, "{", *("out:" if line == "out:" else again(line, f"    {line}") for line in lines), "}"]
    rows = [[again(row, line) for line in _wrapped(row)] for row in [*doc, *body]]
    text += "\n".join([*(line for row in rows for line in row), ""])
    return Sources(text, _declared(function, header, interface, signature), [*before, *lines_of(rows, writer)])


def _name(value: Value, taken: set[str]) -> str:
    base = re.sub(r"\W", "_", value.hint or "p")
    name, n = base, 2
    while name in taken:
        name, n = f"{base}_{n}", n + 1
    taken.add(name)
    return name


def _result(writer: CWriter, operand: Operand, handle: Handle | None, name: str) -> list[str]:
    """What puts a result where the caller finds it."""
    if handle is None:
        return [Row(f"*{name} = {writer.read(operand)};", said=[operand])]
    own = writer.handle(operand)
    if own.pointer == name:
        return []
    count = multiplied_size(own.lengths)
    return [Row(f"memcpy({name}, {own.pointer}, {count} * sizeof *{name});", said=[operand])]


def _framed(writer: CWriter, interface: Interface, lines: list[str]) -> list[str]:
    """The statements between what is checked before and what is freed behind."""
    wrong = None
    for w in interface.wrong:
        wrong = w if wrong is None else binary("||", wrong, w)
    before = [f"if ({wrong}) return 1;"] if wrong is not None else []
    if before and len(before[0]) > WIDTH - 4:
        before = [f"if ({w}) return 1;" for w in interface.wrong]
    quiet = [f"(void){n};" for n in unused(interface.names, [*before, *lines])]
    if not writer.pointers and not writer.keeps:
        lines = [again(line, re.sub(r"\bgoto out;", "return 1;", line)) for line in lines]
        return [*quiet, *before, *lines, "return 0;"]
    owned = [declaration(f"{form} *", name, Text("NULL")) for name, form in writer.pointers.items()]
    freed = [f"free({name});" for name in writer.pointers]
    if writer.keeps:
        owned.append("void *kept = NULL;")
        writer.note("free_kept")
        freed.append("free_kept(kept);")
    return [*quiet, *before, "int status = 1;", *owned, *lines, "status = 0;", "out:", *freed, "return status;"]


def _includes(name: str, writer: CWriter, lines: Sequence[str]) -> str:
    found = ["math", "stdbool", "stdint", "stdlib", "string"]
    if any("complex" in line for line in lines):
        found.insert(0, "complex")
    return "\n".join([f'#include "{name}.h"', "", *(f"#include <{n}.h>" for n in found)])


def _static(writer: CWriter, library: Library) -> str:
    """The helpers that are called, and the elementary functions that C does not have."""
    own = [n.removeprefix("s2sad_") for n in writer.called if n.startswith("s2sad_")]
    parts = [helpers_text(n for n in writer.called if n in HELPERS)]
    if own:
        parts.insert(0, library.c_text_of(own))
    return "".join(f"\n{p}\n" for p in parts if p) or "\n"


def _wrapped(line: str) -> list[str]:
    """A line as several ones where it is long."""
    if len(line) <= WIDTH:
        return [line.replace(WORD, " ")]
    margin = re.match(r" *(// )?", line)
    assert margin is not None
    further = margin[0] if margin[1] else margin[0] + " " * 8
    rows = textwrap.wrap(line, WIDTH, subsequent_indent=further, break_long_words=False, break_on_hyphens=False)
    return [row.replace(WORD, " ") for row in rows]


def _declared(function: Function, header: Sequence[str], interface: Interface, signature: str) -> str:
    guard = f"{function.name.upper()}_H"
    complex_ = ["#include <complex.h>"] if "complex" in signature else []
    about = [
        *header,
        "",
        *(function.doc or "").splitlines(),
        *([f"Arrays lie row by row: {', '.join(interface.notes)}."] if interface.notes else []),
        "Returns 0 where all is done; 1 where Python raises, or lengths do not fit; 2 where there is no memory.",
    ]
    plain = signature.replace(f"restrict{WORD}", "")
    lines = [
        *(comment(line).rstrip() for line in about),
        *(f"#ifndef {guard}", f"#define {guard}", "", *complex_, "#include <stdbool.h>", "#include <stdint.h>", ""),
        *("#ifdef __cplusplus", 'extern "C" {', "#endif", "", f"{plain};", ""),
        *("#ifdef __cplusplus", "}", "#endif", "", "#endif", ""),
    ]
    return "\n".join(row for line in lines for row in _wrapped(line))
