"""Where a nan or an inf came from, in words: the line of the derivative, what went into it, the line of the user's."""

from __future__ import annotations

import linecache
from collections.abc import Sequence

import numpy as np

from s2sad.errors import NotFinite
from s2sad.view.lines import ADJOINT, OTHER, TANGENT, Line
from s2sad.view.values import format_number
from s2sad.view.watch import Origin, in_short, plain

SWEEPS = {ADJOINT: "in the adjoint sweep", TANGENT: "in the tangent sweep"}
FEW = 6
"""So many numbers of an array are shown."""


def not_finite(title: str, found: str, origin: Origin | None, error: BaseException | None = None) -> NotFinite:
    """The error for a result that holds nan or inf, or for an exception that these led to."""
    head = f"{found} in the result of {title}"
    if error is not None:
        head = f"{found} in {title}, which raised {type(error).__name__}: {error}"
    if origin is None:
        return NotFinite(head, found)
    if origin.line is None:
        what = f"the argument {origin.name} holds {origin.found}: {described(origin.value, origin.name)}"
        return NotFinite(f"{head}\n  {what}", origin.found, None, {origin.name: plain(origin.value)})
    visit = "" if origin.visit == 1 else f" when it runs for the {_ordinal(origin.visit)} time"
    at = ", ".join(f"{n} = {value}" for n, value in origin.at)
    parts = [head, f"  {_line(origin.line)} makes {origin.found} of finite numbers{visit}{at and f', at {at}'}:"]
    parts += _statement(origin.line, origin.inputs)
    if origin.nan is not None and found == "nan":
        parts += [f"  {_line(origin.nan)} makes nan of that:", *_statement(origin.nan, origin.nan_inputs)]
    return NotFinite("\n".join(parts), origin.found, origin.line, {n: plain(v) for n, v in origin.inputs})


def raised_at(line: Line, inputs: Sequence[tuple[str, object]]) -> str:
    """A note for an exception of numbers: the line that raised it."""
    return "\n".join([f"{_line(line)} raises it:", *_statement(line, inputs)])


def _line(line: Line) -> str:
    return f"line {line.number} of {line.function}, {SWEEPS.get(_sweep(line), 'in the evaluation of the function')},"


def _sweep(line: Line) -> str:
    """The sweep of a line; of what is returned that of what is calculated there."""
    if line.sweep != OTHER or not line.of:
        return line.sweep
    return ADJOINT if any("_bar" in name for name in line.of) else TANGENT


def _statement(line: Line, inputs: Sequence[tuple[str, object]]) -> list[str]:
    """A line with what went into it, and the user's line as a traceback shows it."""
    parts = [f"      {line.text.strip()}", *(f"          {name} = {described(value, name)}" for name, value in inputs)]
    if line.file is None or line.line is None:
        return parts
    text = linecache.getline(line.file, line.line).strip()
    word = "  it is part of the derivative of" if _sweep(line) in SWEEPS else "  it computes"
    return [*parts, word, f'    File "{line.file}", line {line.line}', f"      {text}"]


def _ordinal(n: int) -> str:
    ending = "th" if 10 <= n % 100 <= 20 else {1: "st", 2: "nd", 3: "rd"}.get(n % 10, "th")
    return f"{n}{ending}"


def described(value: object, name: str) -> str:
    """A value in a message: a number, a short array, or what its numbers are and where the first bad one is."""
    if type(value) is np.ndarray and value.ndim and value.size <= FEW:
        return " ".join(np.array2string(value, separator=", ", precision=6).split())
    found = in_short(value)
    if found is None:
        return str(value) if isinstance(value, (str, int, type(None))) else f"an object of {type(value).__name__}"
    shape = f" (shape {tuple(found['shape'])})" if found["shape"] else ""
    return f"{found['text']}{shape}{_first_bad(value, name)}"


def _first_bad(value: object, name: str) -> str:
    if type(value) is not np.ndarray or not value.ndim or value.dtype.kind not in "fc":
        return ""
    bad = np.argwhere(~np.isfinite(value))
    if not len(bad):
        return ""
    index = ", ".join(map(str, bad[0].tolist()))
    more = f", {len(bad)} in all" if len(bad) > 1 else ""
    return f"; {name}[{index}] is {format_number(value[tuple(bad[0])])}{more}"
