"""Code cut into tokens for colours: what is a keyword, a name, a number, a text, a comment."""

from __future__ import annotations

import keyword
import re
from collections.abc import Sequence

C_KEYWORDS = re.compile(
    "auto|break|case|char|const|continue|default|do|double|else|enum|extern|float|for|goto|if|inline|int|long|register|"
    "restrict|return|short|signed|sizeof|static|struct|switch|typedef|union|unsigned|void|volatile|while|bool|true|"
    "false|size_t|ptrdiff_t|int64_t"
)
"""The keywords of C99 (ISO/IEC 9899:1999, section 6.4.1), and the types that the emitted text names."""

PYTHON = re.compile(
    r"""(?P<comment>\#[^\n]*)
    |(?P<string>[rbfuRBFU]{0,2}(?:\"{3}.*?\"{3}|'{3}.*?'{3}|"(?:\\.|[^"\\\n])*"|'(?:\\.|[^'\\\n])*'))
    |(?P<number>(?<![\w.])(?:\d[\d_]*\.?\d*|\.\d+)(?:[eE][+-]?\d+)?[jJ]?)
    |(?P<name>[^\W\d]\w*)""",
    re.VERBOSE | re.DOTALL,
)
C = re.compile(
    r"""(?P<comment>//[^\n]*|/\*.*?\*/|^[ \t]*\#[^\n]*)
    |(?P<string>"(?:\\.|[^"\\\n])*"|'(?:\\.|[^'\\\n])*')
    |(?P<number>(?<![\w.])(?:0[xX][\da-fA-F.]+(?:[pP][+-]?\d+)?|(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?)[uUlLfF]*)
    |(?P<name>[^\W\d]\w*)""",
    re.VERBOSE | re.DOTALL | re.MULTILINE,
)
KINDS = {"comment": "c", "string": "s", "number": "n"}


def tokens(texts: Sequence[str], language: str = "python") -> list[list[list[str]]]:
    """The tokens of each of some lines: pairs of a kind and a text, which joined give the line.

    Kinds are k for keywords, n for numbers, s for texts, c for comments, v for names that can be variables, f for what
    is called, and nothing for all else.

    >>> tokens(["x = exp(2)  # all"])
    [[['v', 'x'], ['', ' = '], ['f', 'exp'], ['', '('], ['n', '2'], ['', ')  '], ['c', '# all']]]
    """
    text = "\n".join(texts)
    lines: list[list[list[str]]] = [[]]
    at = 0
    for match in (C if language == "c" else PYTHON).finditer(text):
        _add(lines, "", text[at : match.start()])
        _add(lines, _kind(match, text, language), match[0])
        at = match.end()
    _add(lines, "", text[at:])
    return lines[: len(texts)]


def _kind(match: re.Match[str], text: str, language: str) -> str:
    kind = str(match.lastgroup)
    if kind != "name":
        return KINDS[kind]
    if C_KEYWORDS.fullmatch(match[0]) if language == "c" else keyword.iskeyword(match[0]):
        return "k"
    if text[match.end() : match.end() + 1] == "(":
        return "f"
    return "" if text[match.start() - 1 : match.start()] == "." else "v"


def _add(lines: list[list[list[str]]], kind: str, text: str) -> None:
    """Put a token behind the last one; one of several lines is cut at their ends."""
    for k, part in enumerate(text.split("\n")):
        if k:
            lines.append([])
        if not part:
            continue
        if lines[-1] and lines[-1][-1][0] == kind == "":
            lines[-1][-1][1] += part
        else:
            lines[-1].append([kind, part])
