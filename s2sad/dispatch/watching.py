"""Whoever looks at what derivatives give: watchers are told of each call, with the result.

    with watched_by(Watcher(check, explain)): df(x)        check(df, (x,), result) is called before the result is given

Without a watcher a call asks one thing more: whether the list is empty.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from s2sad.dispatch.direct import all_dispatched
from s2sad.dispatch.specialised import Specialised
from s2sad.dispatch.subject import Derived

if TYPE_CHECKING:
    from s2sad.view.lines import Line
    from s2sad.view.watch import Watched


class Watcher(NamedTuple):
    """Two functions of a derivative, and the arguments of a call of it in the order of the parameters."""

    looks: Callable[[Any, tuple[object, ...], object], None]
    """It is given the result too."""
    explains: Callable[[Any, tuple[object, ...], Exception], None]
    """It is given the exception that the call raised."""


WATCHERS: list[Watcher] = []
"""Those that look at the calls of all derivatives."""


@contextmanager
def watched_by(watcher: Watcher) -> Iterator[None]:
    """Have calls looked at while this runs."""
    with all_dispatched():
        WATCHERS.append(watcher)
        try:
            yield
        finally:
            WATCHERS.remove(watcher)


def observed(derivative: Derived, values: tuple[object, ...], call: Callable[[], Any]) -> Any:
    """Call a derivative, and have the watchers look at it."""
    try:
        result = call()
    except Exception as e:
        for watcher in tuple(WATCHERS):
            watcher.explains(derivative, values, e)
        raise
    tell(derivative, values, result)
    return result


def tell(derivative: Derived, values: tuple[object, ...], result: object) -> None:
    """Have the watchers look at a result."""
    for watcher in tuple(WATCHERS):
        watcher.looks(derivative, values, result)


def run_watched(member: Specialised, values: Sequence[object], lines: Sequence[Line]) -> Watched:
    """A run of what was compiled, line by line; NumPy's warnings say nothing that it does not."""
    from s2sad.view.watch import watch

    with np.errstate(all="ignore"), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return watch(member.call, values, lines, str(member.module.__file__))
