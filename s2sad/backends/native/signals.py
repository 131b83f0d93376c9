"""Whether an exception comes from a handler of signals: it has nothing to do with what ran when the signal came."""

from __future__ import annotations

import functools
import signal
import threading
from collections.abc import Callable
from types import CodeType, TracebackType


def comes_from_a_signal(traceback: TracebackType) -> bool:
    """Whether a handler of signals, which runs in the main thread only, has raised what has this traceback."""
    if threading.current_thread() is not threading.main_thread():
        return False
    handlers = filter(callable, map(signal.getsignal, signal.valid_signals()))
    codes = set(map(_code, handlers)) - {None}
    place: TracebackType | None = traceback
    while place is not None and place.tb_frame.f_code not in codes:
        place = place.tb_next
    return place is not None


def _code(handler: Callable[..., object]) -> CodeType | None:
    """The code of a handler: a function, a method, an object that is called."""
    while isinstance(handler, functools.partial):
        handler = handler.func
    found = getattr(handler, "__code__", None) or getattr(type(handler).__call__, "__code__", None)
    return found if isinstance(found, CodeType) else None
