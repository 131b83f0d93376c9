"""Lines of program text as HTML, in colours where Pygments is installed, as it is beside every notebook."""

from __future__ import annotations


def escaped(text: str) -> str:
    """A text as it stands in HTML."""
    # imported where something is shown: most programs show nothing
    import html

    return html.escape(text)


def coloured(text: str) -> list[str]:
    """The lines of a text as HTML: each by itself, with nothing open at its end."""
    lines = text.rstrip("\n").split("\n")
    try:
        from pygments import highlight
        from pygments.formatters import HtmlFormatter
        from pygments.lexers import PythonLexer
    except ImportError:
        return [escaped(line) for line in lines]
    # neither end of the text is the lexer's to trim
    found = highlight("\n".join(lines), PythonLexer(stripnl=False, ensurenl=False), HtmlFormatter(nowrap=True))
    made = str(found).split("\n")[: len(lines)]
    return made + [""] * (len(lines) - len(made))
