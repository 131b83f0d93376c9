"""The lines of an emitted text, each with what it is: a light form of it, for whoever asks.

v1_bar = v2_bar * w2        adjoint sweep; of `np.log(w1)` in worked_function.py, line 12; makes v1_bar, of v1
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, overload

from s2sad.errors import NOWHERE, Location, SourceUnavailable

if TYPE_CHECKING:
    from s2sad.ir.types import Type
    from s2sad.ir.values import Operation

HEAD, PRIMAL, ADJOINT, TANGENT, OTHER = "head", "primal", "adjoint", "tangent", "other"
"""The sweeps: what a module begins with, the primal, its derivative backward and forward; what is of none."""


@dataclass(frozen=True, slots=True)
class Line:
    """A line of an emitted text, and what it is.

    A statement that fills several lines has one of these for each, which differ in number and text alone.
    """

    number: int
    text: str
    function: str = ""
    """The emitted function that it is in."""
    sweep: str = OTHER
    """`head`, `primal`, `adjoint` or `tangent`; `other` for a `return`, and what is of no sweep."""
    location: Location = field(default=NOWHERE, repr=False)
    """Where the user wrote what it computes, or what it is the derivative of; nowhere for what nobody wrote."""
    operations: tuple[Operation, ...] = field(default=(), repr=False)
    """The operations of the IR that it computes: first those that it is of, then those written into them."""
    makes: tuple[str, ...] = ()
    """The names that it binds, or changes the memory of."""
    reads: tuple[str, ...] = ()
    types: Mapping[str, Type] = field(default_factory=dict, repr=False)
    """The types of what it makes."""
    of: Mapping[str, str] = field(default_factory=dict, repr=False)
    """For its adjoints and tangents the names of the values of the primal that they belong to."""
    begins: bool = True
    """Whether it is the first line of its statement."""
    within: int | None = None
    """The number of the line with the loop, branch or function that it is in; None for what is in none."""
    branch: int = 0
    """In which block of that: 1 is behind `else`."""
    written: Mapping[str, str] = field(default_factory=dict, repr=False)
    """For what it makes by writing into an array or a list, the part that it writes: `x[1:]`."""
    said: tuple[str, ...] = field(default=(), repr=False)
    """The names and parts of arrays that its expression is of: `w`, `x[i]`."""
    kind: str = ""
    """What its statement is: `function`, `loop`, `branch`, `return` or `statement`; nothing for what is none."""

    @property
    def file(self) -> str | None:
        """The user's file that it comes from; None for what nobody wrote."""
        return None if self.location == NOWHERE or self.location.file.startswith("<") else self.location.file

    @property
    def line(self) -> int | None:
        """The line of that file."""
        return None if self.file is None else self.location.line

    @property
    def end(self) -> int | None:
        """The last line of that file which it comes from."""
        return None if self.file is None else max(self.location.line, self.location.end_line)


def _not_here() -> Sequence[Line]:
    raise SourceUnavailable("the lines of a function that was pickled are known where it was compiled")


class Lines(Sequence[Line]):
    """The lines of a text, found when they are first asked for: until then they cost nothing."""

    def __init__(self, find: Callable[[], Sequence[Line]]) -> None:
        self._find: Callable[[], Sequence[Line]] | None = find
        self._known: Sequence[Line] = ()

    def __reduce__(self) -> tuple[object, ...]:
        # operations are of this process: with a function that is pickled there go none
        return Lines, (_not_here,)

    def __copy__(self) -> Lines:
        return self

    def __deepcopy__(self, memo: object) -> Lines:
        return self

    @property
    def known(self) -> Sequence[Line]:
        """All of them."""
        if self._find is not None:
            self._known, self._find = tuple(self._find()), None
        return self._known

    @overload
    def __getitem__(self, k: int) -> Line: ...
    @overload
    def __getitem__(self, k: slice) -> Sequence[Line]: ...
    def __getitem__(self, k: int | slice) -> Line | Sequence[Line]:
        return self.known[k]

    def __len__(self) -> int:
        return len(self.known)

    def __repr__(self) -> str:
        return "\n".join(f"{line.number:4}  {line.sweep:8} {line.text}" for line in self.known)
