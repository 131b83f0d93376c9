"""An entry of native code as it is started: what stands between a user and the builtin.

Where the user's arguments are what the builtin takes, nothing does: it calls the program of NumPy itself. Where they
are taken apart before, it raises `Left`, and the program of NumPy is called with what the user gave.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from s2sad.backends.compiled import Around
from s2sad.backends.native.forms import Fitting, fitter
from s2sad.backends.runner import Call

if TYPE_CHECKING:
    from s2sad.backends.native.objects import Loaded


class Left(Exception):
    """Native code does not go on with arguments that are no longer those that the user gave."""


def leave(*args: object) -> object:
    """What is called in place of the program of NumPy where that takes other arguments."""
    raise Left


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


def started(
    loaded: Loaded, function: str, forms: Sequence[Any], boundary: Around, adapted: Around, otherwise: Call
) -> Call:
    """An entry of arguments of these forms as its user calls it (see `CompiledRunner.started`)."""
    whole = boundary(otherwise) is otherwise
    direct = whole and adapted(otherwise) is otherwise
    left = otherwise if direct else leave
    again = loaded.builtin(function, left, left)
    entry = loaded.builtin(function, Fitting(list(map(fitter, forms)), again, left), left)
    if direct:
        return entry
    return Surrounded(adapted(boundary(entry)), entry if whole else None, otherwise)
