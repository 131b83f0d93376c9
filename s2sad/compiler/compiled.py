"""What a compilation gives."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from s2sad.backends import Interface
from s2sad.errors import Location
from s2sad.frontend.dependencies import Variable
from s2sad.ir.values import Function

if TYPE_CHECKING:
    from s2sad.emit.writer import Line
    from s2sad.frontend.terms.references import Place


@dataclass(frozen=True, eq=False)
class Compiled:
    """The text of a derivative module, and how its entry is called."""

    text: str
    entry: str
    captured: tuple[Variable, ...]
    classes: Mapping[str, object]
    function: Function
    interface: Interface
    facts: Mapping[str, object]
    """What its backend is to know of it when it is started."""
    reverse: str | None = None
    lines: Mapping[int, Location] = field(default_factory=dict)
    """Where the user wrote what a line of the text computes."""
    changed: tuple[Place, ...] = ()
    """The arrays, lists and objects in its parameters that the function changes."""
    lengths: Sequence[str] = ()
    """What it rests on of the lengths of the call that compiles, as Python."""
    parts: Sequence[Line] = ()
    """The lines of the text, with the statements that they are of."""
