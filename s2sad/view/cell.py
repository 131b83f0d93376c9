"""The cell of a notebook: what a derivative is, what it was compiled for, its text beside the user's code.

    gradient of energy by x   springs.py:4
    x: float64[n], k: float   compiled in 31 ms
        your code | derivative              a line of one lights those of the other

Which line belongs to which is told by CSS alone: a page that runs no scripts shows the same.
"""

from __future__ import annotations

import functools
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from s2sad.view.colours import coloured, escaped
from s2sad.view.style import framed
from s2sad.view.text import Text

MOST_PATTERNS = 6
"""How many patterns of arguments a cell shows: the last ones."""


@dataclass(frozen=True)
class Code:
    """A function of the user's: its file as it is called, the number of its first line, its lines."""

    file: str
    first: int
    text: str


@dataclass(frozen=True)
class Pattern:
    """What was compiled for one pattern of arguments."""

    types: str
    origin: str
    """Whether it was compiled, and how long that took."""
    text: str
    """That of the derivative; empty where there is none."""
    code: Sequence[Code] = ()
    """The user's functions that it comes from."""
    lines: Mapping[int, tuple[int, int]] | None = None
    """For lines of the text: which of these functions, and the line there, as its file counts."""


@dataclass(frozen=True)
class Cell:
    """What is shown of a derivative."""

    title: str
    place: str
    patterns: Sequence[Pattern]
    note: str = ""
    """What is said where nothing was compiled yet."""

    def bundle(self) -> dict[str, str]:
        """It as plain text and as HTML, by their media types."""
        return {"text/plain": self.plain(), "text/html": self.page()}

    def plain(self) -> str:
        """It as plain text."""
        rows = [f"  {': '.join(filter(None, (p.types, p.origin)))}" for p in self._shown]
        rows[:0] = [f"  {self._left_out}"] * bool(self._left_out)
        head = f"{self.title} ({self.place})" if self.place else self.title
        return "\n".join([head, *rows, *[f"  {self.note}"] * bool(self.note)])

    def page(self) -> str:
        """It as HTML. The last pattern is open, those before it are folded."""
        place = f' <span class="s2sad-place">{escaped(self.place)}</span>' if self.place else ""
        parts = [f"<div><b>{escaped(self.title)}</b>{place}</div>"]
        parts += [f'<pre class="s2sad-code s2sad-origin">{escaped(self.note)}</pre>'] * bool(self.note)
        parts += [f'<div class="s2sad-origin">{self._left_out}</div>'] * bool(self._left_out)
        parts += [
            f"<details{' open' * (p is self.patterns[-1])}><summary>{_heading(p)}</summary>{_pair(p, k)}</details>"
            for k, p in enumerate(self._shown)
        ]
        return framed("".join(parts), "".join(r for k, p in enumerate(self._shown) for r in _rules(p, k)))

    @property
    def _shown(self) -> Sequence[Pattern]:
        return self.patterns[-MOST_PATTERNS:]

    @property
    def _left_out(self) -> str:
        """What is said of those that are not shown."""
        count = len(self.patterns) - len(self._shown)
        return f"compiled for {count} other pattern{'s' * (count > 1)} of arguments before" if count else ""


def _heading(pattern: Pattern) -> str:
    types = f"<code>{escaped(pattern.types)}</code> " if pattern.types else ""
    return f'{types}<span class="s2sad-origin">{escaped(pattern.origin)}</span>'


def _pair(pattern: Pattern, number: int) -> str:
    """The user's code and the derivative side by side."""
    linked = pattern.lines or {}
    named = {place: _mark(number, place) for place in linked.values()}
    own = "\n".join(
        f'<span class="s2sad-row s2sad-file">{escaped(code.file)}</span>\n'
        + _rows(code.text, code.first, {line: name for (k, line), name in named.items() if k == place})
        for place, code in enumerate(pattern.code)
    )
    text = _rows(pattern.text, 1, {line: named[place] for line, place in linked.items()}) if pattern.text else ""
    columns = [c for c in (own, text) if c]
    inside = "".join(f'<pre class="s2sad-code s2sad-rows">{c}</pre>' for c in columns)
    return f'<div class="s2sad-pair">{inside}</div>' if len(columns) > 1 else inside


def _rows(text: str, first: int, marks: Mapping[int, str]) -> str:
    # what stands without its style, where a notebook is not trusted, is lines of text all the same
    return "\n".join(
        f'<span class="s2sad-row{" " * (k in marks)}{marks.get(k, "")}"{_indent(plain)}><i>{k} </i>{line}</span>'
        for k, (plain, line) in enumerate(zip(text.split("\n"), coloured(text), strict=False), first)
    )


def _indent(line: str) -> str:
    """How far a line is indented, so that what does not fit stands below it with more."""
    count = len(line) - len(line.lstrip())
    return f' style="--in:{count}"' if count else ""


def _mark(number: int, place: tuple[int, int]) -> str:
    """The class of the lines that belong to one of the user's."""
    return f"s2sad-{number}-{place[0]}-{place[1]}"


def _rules(pattern: Pattern, number: int) -> Iterator[str]:
    """What lights all lines of a mark where the pointer is over one of them, in this cell alone."""
    for place in sorted(set((pattern.lines or {}).values())):
        mark = _mark(number, place)
        yield f".s2sad:has(.{mark}:hover) .{mark}{{background:var(--lit)}}"


def shown(function: Any, title: str, text: str) -> None:
    """Give an emitted function its text, as `.source`, and have notebooks show it."""
    function.source = Text(text)
    # what a partial has goes with it into other processes
    function._repr_mimebundle_ = functools.partial(_bundle, title, function.source)


def _bundle(title: str, text: str, include: object = None, exclude: object = None) -> dict[str, str]:
    return Cell(title, "", [Pattern("", "the text", text)]).bundle() | {"text/plain": text.rstrip("\n")}
