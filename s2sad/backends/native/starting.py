"""A module of native code as it is started: for each of its entries, what stands between a user and the builtin.

Where the user's arguments are what the builtin takes, nothing does: it calls the program of NumPy itself. Where they
are taken apart before, it raises `Left`, and the program of NumPy is called with what the user gave.
"""

from __future__ import annotations

import sys
import warnings
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from s2sad.backends.boundary import Boundary, Structure, structure
from s2sad.backends.native.forms import KEPT_FORM, Fitting, entry_arguments, fitter, form_of, is_plain
from s2sad.backends.runner import Call
from s2sad.ir.types import Type

if TYPE_CHECKING:
    from s2sad.backends.native.objects import Loaded

KEPT: Structure = ["tuple", [], []]
"""The structure of residuals, which nobody takes apart between the two sweeps."""
Around = Callable[[Call], Call]
"""What makes of a function of the entry's arguments one of the user's."""


class Left(Exception):
    """Native code does not go on with arguments that are no longer those that the user gave."""


def leave(*args: object) -> object:
    """What is called in place of the program of NumPy where that takes other arguments."""
    raise Left


@dataclass(frozen=True)
class Side:
    """What is known of an entry: structures as the builtin has them, and as Python's function of the module has them.

    `kept` says that it is one sweep of a pair that hands on residuals: the first one gives them behind its result, the
    second takes them in front of its arguments.
    """

    function: str
    native: tuple[list[Structure], Structure]
    python: tuple[list[Structure], Structure]
    forms: list[Any]
    kept: str | None = None

    @staticmethod
    def of(function: str, taken: Sequence[Type], result: Type, kept: str | None = None) -> Side:
        """The side of a function, of the types of the user's arguments and result."""
        native = [structure(t, is_plain) for t in taken], structure(result, is_plain)
        forms = [KEPT_FORM] * (kept == "taken") + [form_of(t) for t in entry_arguments(taken)]
        return Side(function, native, ([*map(structure, taken)], structure(result)), forms, kept)

    def data(self) -> list[Any]:
        """It as plain data."""
        return [self.function, self.native, self.python, self.forms, self.kept]

    def around(self, which: tuple[list[Structure], Structure], classes: Mapping[str, type]) -> Around:
        """The boundary around a function of these structures."""
        given, result = which
        kept = KEPT if self.kept == "given" else None
        return Boundary(given, result, classes, int(self.kept == "taken"), kept).around


class Later:
    """A function that is made when it is called for the first time."""

    def __init__(self, make: Callable[[], Call]) -> None:
        self._make = make
        self._made: Call | None = None

    def __call__(self, *args: object) -> object:
        if self._made is None:
            self._made = self._make()
        return self._made(*args)


class Surrounded:
    """An entry with what stands around it: arguments are taken apart, variables outside are added behind them."""

    def __init__(self, inner: Call, entry: Call | None, otherwise: Call) -> None:
        self.inner = inner
        self.entry = entry
        """The builtin, where nothing is taken apart."""
        self.otherwise = otherwise

    def __call__(self, *args: object) -> object:
        try:
            return self.inner(*args)
        except Left:
            pass
        # not in the handler: what is raised here has nothing to do with it
        return self.otherwise(*args)


def without_last(count: int, function: Call) -> Call:
    """A function of arguments behind which so many others stand."""
    return lambda *args: function(*args[:-count])


def started(loaded: Loaded, side: Side, boundary: Around, adapted: Around, otherwise: Call) -> Call:
    """An entry as its user calls it; `otherwise` is the program of NumPy, of the user's arguments.

    `boundary` takes the arguments of the user apart, `adapted` leaves out those that are known, and adds variables.
    """
    whole = boundary(otherwise) is otherwise
    direct = whole and adapted(otherwise) is otherwise
    left = otherwise if direct else leave
    again = loaded.builtin(side.function, left, left)
    entry = loaded.builtin(side.function, Fitting(list(map(fitter, side.forms)), again, left), left)
    if direct:
        return entry
    return Surrounded(adapted(boundary(entry)), entry if whole else None, otherwise)


def _levels() -> int:
    """How many calls lie between a warning that the caller gives, and the user."""
    own, level, frame = str(Path(__file__).parents[2]), 1, sys._getframe(1)
    while frame.f_back is not None and frame.f_code.co_filename.startswith(own):
        level, frame = level + 1, frame.f_back
    return level


def refused(otherwise: Call, name: str, why: str) -> Call:
    """The program of NumPy, after a warning at its first call that says why it is used."""
    state: list[Call] = []

    def call(*args: object) -> object:
        if not state:
            state.append(otherwise)
            warnings.warn(f"{name} is not compiled, NumPy is used: {why}", stacklevel=_levels())
        return otherwise(*args)

    return call
