"""Long lines broken as a person breaks them: inside the last bracket, filled at commas and before operators.

x = np.concatenate([...], axis=0)   ->   x = np.concatenate(
                                             [...], axis=0
                                         )
x = a * b + c * d + ...             ->   x = (
                                             a * b
                                             + c * d
                                         )
"""

from __future__ import annotations

import io
import itertools
import tokenize
from collections.abc import Iterator
from dataclasses import dataclass
from keyword import iskeyword

OPENING, CLOSING = "([{", ")]}"
ASSIGNMENTS = ("=", "+=", "-=", "*=", "/=", "@=")
OPERATORS = ("or", "and", "|", "^", "&", "+", "-", "*", "/", "//", "%", "@")


@dataclass(frozen=True, slots=True)
class Piece:
    """A token of one line: its text, where it begins and ends, and how deep in brackets it stands."""

    text: str
    start: int
    end: int
    depth: int


def wrapped(text: str, indent: int, width: int) -> list[str]:
    """The lines of a statement, none longer than `width` where brackets allow it; the first is not indented."""
    if indent + len(text) <= width or "\n" in text:
        return [text]
    pieces = list(_pieces(text))
    # the last of `a = b = value`: brackets around the rest from the first on would hold an assignment
    before = itertools.takewhile(lambda p: p.text != "lambda", pieces)
    sign = next((p for p in reversed([*before]) if p.depth == 0 and p.text in ASSIGNMENTS), None)
    if sign is not None and len(text) - sign.end <= 40 and any(p.depth == 0 and p.text == "," for p in pieces):
        # Many targets and a short value: it is the targets that fill several lines.
        targets = text[: sign.start].strip()
        if "," in targets and sign.text == "=":
            return ["(", *_filled(targets, indent + 4, width), f"{' ' * indent}) {text[sign.start :]}"]
    begin = sign.end + 1 if sign is not None else 7 if text.startswith("return ") else 0
    inside = _last_bracket(text, pieces, begin, width - indent - 4)
    if inside is not None:
        head, tail = inside
        first = [text[:head]]
        if indent + head > width:
            first = _loop_targets(text[:head], indent, width)
        return [*first, *_filled(text[head:tail].strip(), indent + 4, width), " " * indent + text[tail:]]
    if begin:
        return [f"{text[:begin]}(", *_filled(text[begin:], indent + 4, width), " " * indent + ")"]
    return [text]


def _loop_targets(head: str, indent: int, width: int) -> list[str]:
    """`for a, b, ... in zip(` with the targets in brackets; any other beginning of a statement as it is."""
    targets, found, rest = head.removeprefix("for ").partition(" in ")
    if not head.startswith("for ") or not found:
        return [head]
    return ["for (", *_filled(targets, indent + 4, width), f"{' ' * indent}) in {rest}"]


def _pieces(text: str) -> Iterator[Piece]:
    depth = 0
    lines = text.split("\n")
    assert len(lines) == 1
    for token in tokenize.generate_tokens(io.StringIO(text + "\n").readline):
        if token.type in (tokenize.NEWLINE, tokenize.ENDMARKER, tokenize.NL):
            continue
        if token.type == tokenize.OP and token.string in CLOSING:
            depth -= 1
        yield Piece(token.string, token.start[1], token.end[1], depth)
        if token.type == tokenize.OP and token.string in OPENING:
            depth += 1


def _last_bracket(text: str, pieces: list[Piece], begin: int, room: int = 0) -> tuple[int, int] | None:
    """Where the last outermost bracket begins and ends, if nothing but a colon follows it.

    Little may be joined with it where all that it holds has `room` on one line.
    """
    closing = next((p for p in reversed(pieces) if p.depth == 0 and p.text in tuple(CLOSING)), None)
    if closing is None or text[closing.end :] not in ("", ":"):
        return None
    opening = next(p for p in reversed(pieces) if p.depth == 0 and p.text in tuple(OPENING) and p.end <= closing.start)
    apart = (*OPERATORS, ",") if opening.start - begin > 40 else OPERATORS  # a short item stays on the first line
    joined = any(
        p.depth == 0 and (p.text in apart or p.text.isidentifier() and iskeyword(p.text))
        for p in pieces
        if begin <= p.start < opening.start
    )
    # To break inside a short bracket saves nothing: what is long stands before it.
    inside = closing.start - opening.end
    little = inside <= room and opening.end - begin <= 20
    if inside <= 20 or (joined and not little and not text.endswith(":")):
        return None
    return opening.end, closing.start


def _filled(text: str, indent: int, width: int) -> list[str]:
    """An expression or a list of them on as few lines as hold it."""
    if indent + len(text) <= width:
        return [" " * indent + text]
    pieces = list(_pieces(text))
    cuts = [p.end for p in pieces if p.depth == 0 and p.text == ","] or _before_operators(pieces)
    if not cuts:
        return _nested(text, indent, width)
    lines: list[str] = []
    current = ""
    for start, end in zip([0, *cuts], [*cuts, len(text)], strict=True):
        part = text[start:end].strip()
        if current and indent + len(current) + 1 + len(part) > width:
            lines += _nested(current, indent, width)
            current = part
        else:
            current = f"{current} {part}".strip()
    return [*lines, *_nested(current, indent, width)]


def _nested(text: str, indent: int, width: int) -> list[str]:
    """One item, broken inside its own last bracket where it is too long."""
    if indent + len(text) <= width:
        return [" " * indent + text]
    inside = _last_bracket(text.rstrip(","), list(_pieces(text.rstrip(","))), 0)
    if inside is None:
        return [" " * indent + text]
    head, tail = inside
    pad = " " * indent
    return [pad + text[:head], *_filled(text[head:tail].strip(), indent + 4, width), pad + text[tail:]]


def _before_operators(pieces: list[Piece]) -> list[int]:
    """The places before the binary operators that bind least."""
    binary = [
        (OPERATORS.index(p.text) if OPERATORS.index(p.text) < 5 else 5 + (p.text not in "+-"), p.start)
        for before, p in zip(pieces, pieces[1:], strict=False)
        if p.depth == 0
        and p.text in OPERATORS
        and (before.text[-1].isalnum() or before.text[-1] in ")]}_'\"")
        and before.text not in OPERATORS
    ]
    # All operators of the weakest binding break together: a line then holds whole terms.
    least = min((b for b, _ in binary), default=None)
    return [start for b, start in binary if b == least]
