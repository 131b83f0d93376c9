"""What of a traceback a user sees: the user's frames. The compiler's own are left out of what s2sad refuses.

    @public
    def grad(...): ...          an `Error` leaves it with the user's frames, and one that says who took out the others

S2SAD_TRACEBACK=full leaves all where they are; where the log of `s2sad` is at DEBUG they are in a note.
"""

from __future__ import annotations

import functools
import inspect
import logging
import os
import traceback
from collections.abc import Callable, Iterable
from pathlib import Path
from types import TracebackType
from typing import Any, TypeVar, cast

from s2sad.errors import ArgumentError, Error, did_you_mean
from s2sad.ir.installed import folders

LOGGER = logging.getLogger("s2sad")
F = TypeVar("F", bound=Callable[..., Any])
OWN = str(Path(__file__).parents[1]) + os.sep


def asked_for_all_frames() -> bool:
    """Whether the environment says that tracebacks are left as they are."""
    return os.environ.get("S2SAD_TRACEBACK") == "full"


def is_own(file: str) -> bool:
    """Whether a file is one of s2sad."""
    return file.startswith(OWN)


def is_of_compiler(cls: type) -> bool:
    """Whether a class is one of s2sad."""
    return cls.__module__.partition(".")[0] == __name__.partition(".")[0]


def is_library(file: str) -> bool:
    """Whether a file is one of Python, or of a package that is installed."""
    return file.startswith("<frozen ") or os.path.realpath(file).startswith(folders())


def without_own_frames(e: Error) -> Error:
    """An error, and what led to it, with the frames of the user alone; to be raised where a user called s2sad."""
    if asked_for_all_frames():
        return e
    # by the compiler's own classes it tells its refusals apart: to a user they are what they are kinds of
    e.__class__ = next(c for c in type(e).__mro__ if c.__module__ == Error.__module__ or not is_of_compiler(c))
    if LOGGER.isEnabledFor(logging.DEBUG):
        e.add_note("the compiler's own frames:\n" + "".join(traceback.format_tb(e.__traceback__)).rstrip())
    seen: set[int] = set()
    inner: BaseException | None = e
    while inner is not None and id(inner) not in seen:
        seen.add(id(inner))
        inner.__traceback__ = users_part(inner.__traceback__)
        cause = inner.__cause__ if inner.__cause__ or inner.__suppress_context__ else inner.__context__
        if cause is not None and is_inside(cause.__traceback__):
            # what happened inside the compiler alone says nothing to a user
            inner.__cause__, inner.__suppress_context__ = None, True
        inner = cause
    return e


def is_inside(trace: TracebackType | None) -> bool:
    """Whether something happened in s2sad, and no frame of the user took part."""
    files = [frame.filename for frame in traceback.extract_tb(trace)]
    return any(map(is_own, files)) and all(is_own(f) or is_library(f) for f in files)


def users_part(trace: TracebackType | None) -> TracebackType | None:
    """A traceback without the frames of s2sad, and of what it calls in libraries."""
    kept = []
    while trace is not None:
        file = trace.tb_frame.f_code.co_filename
        if not (is_own(file) or is_library(file)):
            kept.append(trace)
        trace = trace.tb_next
    for entry, following in zip(kept, [*kept[1:], None], strict=False):
        entry.tb_next = following
    return kept[0] if kept else None


def unknown_keyword(function: Callable[..., Any], given: Iterable[str]) -> str | None:
    """What is wrong where a keyword is none of a function's parameters; None where each is one."""
    parameters = inspect.signature(function).parameters
    if any(p.kind is p.VAR_KEYWORD for p in parameters.values()):
        return None
    known = [n for n, p in parameters.items() if p.kind in (p.POSITIONAL_OR_KEYWORD, p.KEYWORD_ONLY)]
    for name in given:
        if name not in known:
            own = function.__name__
            return f"{own} has no parameter {name}: it has {', '.join(known)}{did_you_mean(name, known)}"
    return None


def public(function: F) -> F:
    """What users call: what it refuses leaves it without the frames of the compiler."""

    @functools.wraps(function)
    def call(*args: Any, **kwargs: Any) -> Any:
        __tracebackhide__ = True  # pytest leaves this frame out too
        try:
            return function(*args, **kwargs)
        except Error as e:
            raise without_own_frames(e)  # S2SAD_TRACEBACK=full shows all  # noqa: B904
        except TypeError as e:
            # where the call itself failed: nothing of the function was reached
            wrong = unknown_keyword(function, kwargs) if e.__traceback__ and e.__traceback__.tb_next is None else None
            if wrong is None:
                raise
            raise ArgumentError(wrong) from None

    return cast(F, call)
