"""The lines of what is compiled while a page is made: those of a text that has just been compiled are not made again.

with lines_kept():
    member = derivative._specialise(values)        compiles, unless the module is in the cache
    derivative._lines(member, values)              compiles only then
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from s2sad.compiler.compiled import Compiled
    from s2sad.emit.writer import Line

_KEPT: ContextVar[dict[str, Sequence[Line]] | None] = ContextVar("kept lines", default=None)
"""The lines by the texts that they are of; None where nothing is kept, as operations hold much memory."""


@contextmanager
def lines_kept() -> Iterator[None]:
    """Keep the lines of all that this thread compiles meanwhile."""
    token = _KEPT.set({})
    try:
        yield
    finally:
        _KEPT.reset(token)


def keep_lines(compiled: Compiled) -> Compiled:
    """Keep those of what was compiled, where that is wanted."""
    kept = _KEPT.get()
    if kept is not None:
        kept[compiled.text] = compiled.parts
    return compiled


def kept_lines(text: str) -> Sequence[Line] | None:
    """Those of a text, if they were kept."""
    kept = _KEPT.get()
    return None if kept is None else kept.get(text)
