"""What a program tells those who run it, and asks of them: its log, a debugger, the clock.

They are carried over as the user wrote them, where the program runs forward; no derivative depends on them.
"""

from __future__ import annotations

import logging
import sys
import time
from collections.abc import Callable

import numpy as np

from s2sad.ir.late import when_imported
from s2sad.ir.primitive import Effect, Primitive, register
from s2sad.ir.types import BOOL, NONE, ArrayType, Type

CLOCKS: tuple[Callable[[], float], ...] = (
    time.time,
    time.perf_counter,
    time.monotonic,
    time.process_time,
    time.thread_time,
)
COUNTERS: tuple[Callable[[], int], ...] = (
    time.time_ns,
    time.perf_counter_ns,
    time.monotonic_ns,
    time.process_time_ns,
    time.thread_time_ns,
)


def _log(*values: object, method: str, logger: str | None) -> None:
    getattr(logging if logger is None else logging.getLogger(logger), method)(*values)


def _log_type(*values: Type, method: str, logger: str | None) -> Type:
    return NONE


def _log_spelling(*values: Type, method: str, logger: str | None) -> str:
    owner = "logging" if logger is None else f"logging.getLogger({logger!r})"
    return f"{owner}.{method}({', '.join(f'_{k}' for k in range(len(values)))})"


_log.__module__ = logging.__name__  # where the text of a call finds its names
LOG = register(
    Primitive("logging.log", _log, _log_type, constant=True, effect=Effect.IO, once=True, spelling=_log_spelling)
)
"""`logging.info(...)`, or the method of a logger of a name."""


def _logs(*, logger: str, level: int) -> bool:
    return logging.getLogger(logger).isEnabledFor(level)


_logs.__module__ = logging.__name__
LOGS = register(
    Primitive(
        "logging.is_enabled",
        _logs,
        lambda *, logger, level: BOOL,
        constant=True,
        effect=Effect.IO,
        spelling=lambda *, logger, level: f"logging.getLogger({logger!r}).isEnabledFor({level})",
    )
)


def _print_error(*values: object, **static: object) -> None:
    print(*values, file=sys.stderr, **static)  # type: ignore[call-overload]


def _print_error_type(*values: Type, sep: str | None = None, end: str | None = None, flush: bool = False) -> Type:
    return NONE


def _print_error_spelling(*values: Type, **static: object) -> str:
    given = [*(f"_{k}" for k in range(len(values))), *(f"{k}={v!r}" for k, v in static.items()), "file=sys.stderr"]
    return f"print({', '.join(given)})"


_print_error.__module__ = sys.__name__
PRINT_ERROR = register(
    Primitive(
        "sys.print",
        _print_error,
        _print_error_type,
        constant=True,
        effect=Effect.IO,
        once=True,
        spelling=_print_error_spelling,
    )
)
"""`print(..., file=sys.stderr)`."""

BREAKPOINT = register(Primitive("breakpoint", breakpoint, lambda: NONE, constant=True, effect=Effect.IO, once=True))
SLEEP = register(
    Primitive("time.sleep", time.sleep, lambda seconds, /: NONE, constant=True, effect=Effect.IO, once=True)
)


def _of_pdb() -> None:
    """Let a program enter the debugger by its module, as `breakpoint` does."""
    import pdb

    def set_trace() -> None:
        pdb.set_trace()

    set_trace.__module__ = pdb.__name__
    # by its place, as others put functions of their own there: pytest does
    enter = Primitive("pdb.set_trace", set_trace, lambda: NONE, constant=True, effect=Effect.IO, once=True)
    register(enter, pdb.set_trace)


def _clock(function: Callable[[], float], dtype: type) -> None:
    t = ArrayType(np.dtype(dtype), (), "python")
    name = f"{function.__module__}.{function.__name__}"
    register(Primitive(name, function, lambda: t, constant=True, effect=Effect.IO))


for _function in CLOCKS:
    _clock(_function, float)
for _counter in COUNTERS:
    _clock(_counter, int)
when_imported("pdb", _of_pdb)
