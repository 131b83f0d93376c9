"""What is counted and measured of a function's two derivatives, and how the table says it."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from typing import Any

from benchmarks.readability.cases import Case
from benchmarks.readability.text import Measures, measures


@dataclasses.dataclass(frozen=True)
class Side:
    """One of the two derivatives: its text, the time of a call in seconds, and the peak of its memory in bytes."""

    text: Measures
    time: float
    memory: int


@dataclasses.dataclass(frozen=True)
class Row:
    """Both derivatives of a function."""

    name: str
    emitted: Side
    by_hand: Side

    def ratio(self, of: Callable[[Side], float]) -> float:
        return of(self.emitted) / of(self.by_hand)


def texts_of(case: Case, args: tuple[Any, ...]) -> tuple[Measures, Measures]:
    """What is counted in the texts of both derivatives of a function."""
    name = f"{case.function.__name__}_value_and_grad"
    return (
        measures(case.emitted(args).source, name, case.function, args),
        measures(case.text_by_hand(), case.by_hand.__name__, case.function, args),
    )


def compared(emitted: float, by_hand: float, digits: int = 0) -> str:
    """Two figures and their ratio."""
    return f"{emitted:,.{digits}f} / {by_hand:,.{digits}f} = **{emitted / by_hand:.2f}**"


def cells(r: Row) -> list[str]:
    """The figures of a function."""
    text, by_hand = r.emitted.text, r.by_hand.text
    return [
        r.name,
        compared(text.lines, by_hand.lines),
        f"{text.numbered} of {text.names} = **{text.numbered / text.names:.0%}**",
        f"{text.kept} / {by_hand.kept}",
        f"{text.helpers} / {by_hand.helpers}",
        compared(r.emitted.time * 1e3, r.by_hand.time * 1e3, 2),
        compared(r.emitted.memory / 1024, r.by_hand.memory / 1024),
    ]
