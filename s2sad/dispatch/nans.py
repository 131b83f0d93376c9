"""Derivatives that are checked: a result that holds nan or inf is an error that says which line made it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import TYPE_CHECKING

from s2sad.dispatch.derivative import Derivative
from s2sad.dispatch.watching import Watcher, run_watched, watched_by
from s2sad.errors import Error

if TYPE_CHECKING:
    from s2sad.view.watch import Origin, Watched

_ASKED: ContextVar[frozenset[str]] = ContextVar("asked", default=frozenset())
"""What is an error in this thread or task: `nan`, `inf`."""


@contextmanager
def checking(infs: bool) -> Iterator[None]:
    """Have the results of all derivatives checked that are called here."""
    token = _ASKED.set(frozenset(["nan", "inf"] if infs else ["nan"]) | _ASKED.get())
    try:
        with watched_by(Watcher(check, explain)):
            yield
    finally:
        _ASKED.reset(token)


def check(derivative: Derivative, values: tuple[object, ...], result: object) -> None:
    """Look at a result.

    Raises:
        NotFinite: it holds what is asked for; the line that made it is found by running the derivative once more.
    """
    from s2sad.view.values import bad_in, numbers_in

    found = bad_in(list(numbers_in(result)))
    # other threads do what they do as ever
    if found in _ASKED.get():
        watched = run_again(derivative, values)
        raise told(derivative, found, None if watched is None else watched.origin)


def explain(derivative: Derivative, values: tuple[object, ...], error: Exception) -> None:
    """Look at an exception of a derivative.

    Raises:
        NotFinite: what is asked for went into the line that raised it.
    """
    watched = run_again(derivative, values) if _ASKED.get() else None
    if watched is None:
        return
    # where NumPy raises at what is invalid, or its warnings are errors, the run that ignores these has a result
    numpys = watched.error is None and isinstance(error, (FloatingPointError, RuntimeWarning))
    origin = watched.origin if numpys else watched.raised if type(watched.error) is type(error) else None
    found = None if origin is None else "nan" if origin.nan is not None else origin.found
    if found in _ASKED.get():
        raise told(derivative, str(found), origin, error) from error
    if watched.failed is not None and watched.failed[0] is watched.error and is_of_numbers(error):
        from s2sad.view.nans import raised_at

        error.add_note(raised_at(*watched.failed[1:]))


def is_of_numbers(error: Exception) -> bool:
    """Whether an exception is what Python's floats have in the place of nan and inf."""
    return isinstance(error, ArithmeticError) or str(error) == "math domain error"


def told(derivative: Derivative, found: str, origin: Origin | None, error: Exception | None = None) -> Error:
    """The error that says where what was found comes from."""
    from s2sad.view.nans import not_finite

    return not_finite(derivative.__name__, found, origin, error)


def run_again(derivative: Derivative, values: tuple[object, ...]) -> Watched | None:
    """The derivative as NumPy runs it, watched line by line; None where its lines cannot be had."""
    plain = derivative.without_backend()
    token = _ASKED.set(frozenset())
    try:
        member = plain._specialise(values)
        lines = plain._lines(member, values)
    except Error:  # what was pickled has no source in another process
        return None
    finally:
        _ASKED.reset(token)
    return run_watched(member, values, lines)
