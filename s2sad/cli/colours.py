"""Colours, on a terminal that wants them: the words of a program by Pygments, where that is installed."""

from __future__ import annotations

import os
from typing import TextIO

CODES = {"red": "31"}


def wants_colours(stream: TextIO) -> bool:
    """Whether a stream is a terminal, and nobody says that it should have no colours (https://no-color.org)."""
    return stream.isatty() and not os.environ.get("NO_COLOR") and os.environ.get("TERM") != "dumb"


def in_colour(text: str, colour: str, stream: TextIO) -> str:
    """A text in a colour, where the stream it is for wants any."""
    return f"\033[1;{CODES[colour]}m{text}\033[0m" if wants_colours(stream) else text


def highlighted(text: str, stream: TextIO) -> str:
    """The text of a module, in the colours of its words where the stream it is for wants any."""
    if not wants_colours(stream):
        return text
    try:
        from pygments import highlight
        from pygments.formatters import TerminalFormatter
        from pygments.lexers import PythonLexer
    except ImportError:
        return text
    return str(highlight(text, PythonLexer(), TerminalFormatter()))
