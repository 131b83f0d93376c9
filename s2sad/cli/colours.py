"""Colours on a terminal."""

from __future__ import annotations


def highlighted(text: str) -> str:
    """The text of a module with the colours of its words, where Pygments is installed."""
    try:
        from pygments import highlight
        from pygments.formatters import TerminalFormatter
        from pygments.lexers import PythonLexer
    except ImportError:
        return text
    return str(highlight(text, PythonLexer(), TerminalFormatter()))
