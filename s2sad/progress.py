"""What the compiler is doing, and for how long: for the log `s2sad`, and for a terminal where it takes long.

    with compiling("f_grad") as work:           one derivative; None where nobody listens
        with stage("lowering", "f"):            a stage of it
            ...
    work.times                                  how long each took, without those inside it

A line is written to the standard error, and taken away, where that is a terminal, a compilation takes longer than a
second, and the command line or an interactive session asks for it; with Rich, where that is installed, it has a spinner
and colours. S2SAD_PROGRESS=0 turns it off, =1 on for programs.
"""

from __future__ import annotations

import logging
import os
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TextIO

LOGGER = logging.getLogger("s2sad")
DELAY = 1.0
"""After how many seconds a terminal is told."""
_PERIOD = 0.1


class Work:
    """One compilation: what it is doing, and how long each of its stages took."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.times: dict[str, float] = {}
        self.found_in: str | None = None
        """The file of the cache that it was found in."""
        self.began = self._since = time.perf_counter()
        self._inside: list[tuple[str, str]] = []

    @property
    def seconds(self) -> float:
        """How long it has been going on."""
        return time.perf_counter() - self.began

    @property
    def doing(self) -> str:
        """The stage that it is in, and of which function."""
        return " ".join(self._inside[-1]).strip() if self._inside else "starting"

    def enter(self, name: str, of: str) -> None:
        """Begin a stage, which is not counted to the one that it is inside of."""
        self._count()
        self._inside.append((name, of))

    def leave(self) -> None:
        """End a stage."""
        self._count()
        self._inside.pop()

    def _count(self) -> None:
        now = time.perf_counter()
        if self._inside:
            name = self._inside[-1][0]
            self.times[name] = self.times.get(name, 0.0) + now - self._since
        self._since = now


class _Current(threading.local):
    work: Work | None = None


_CURRENT = _Current()


class stage:
    """A stage of what is compiled in this thread; nothing where nobody listens."""

    __slots__ = ("name", "of", "work")

    def __init__(self, name: str, of: str = "") -> None:
        self.name, self.of = name, of

    def __enter__(self) -> None:
        self.work = _CURRENT.work
        if self.work is not None:
            self.work.enter(self.name, self.of)

    def __exit__(self, *error: object) -> None:
        if self.work is not None:
            self.work.leave()


@contextmanager
def compiling(name: str) -> Iterator[Work | None]:
    """A compilation, where a log or a terminal is told of it; None where not, or where it is a part of another one."""
    shown = _is_shown()
    if _CURRENT.work is not None or not (shown or LOGGER.isEnabledFor(logging.INFO)):
        yield None
        return
    work = _CURRENT.work = Work(name)
    line = _Line(work, sys.stderr) if shown else None
    try:
        yield work
    finally:
        _CURRENT.work = None
        if line is not None:
            line.end()


class _Wanted:
    by_command_line = False


@contextmanager
def on_terminal() -> Iterator[None]:
    """Have a terminal told of what takes long, as the command line does."""
    before, _Wanted.by_command_line = _Wanted.by_command_line, True
    try:
        yield
    finally:
        _Wanted.by_command_line = before


def _is_shown() -> bool:
    """Whether a terminal is told of what takes long."""
    asked = os.environ.get("S2SAD_PROGRESS", "")
    if asked == "0" or not (asked or _Wanted.by_command_line or hasattr(sys, "ps1")):
        return False
    return sys.stderr is not None and sys.stderr.isatty()


class _Line(threading.Thread):
    """Writes a line to a terminal while a compilation goes on, and takes it away at its end."""

    def __init__(self, work: Work, stream: TextIO) -> None:
        super().__init__(daemon=True, name="s2sad progress")
        self.work, self.stream = work, stream
        self._done = threading.Event()
        self.start()

    def run(self) -> None:
        """Write the line anew until the work is done."""
        if self._done.wait(DELAY):
            return
        try:
            from rich.console import Console
            from rich.live import Live
            from rich.spinner import Spinner
        except ImportError:
            self._plain()
            return
        spinner = Spinner("dots", style="cyan")
        console = Console(file=self.stream)
        # what else is printed meanwhile goes where it goes without it
        with Live(
            console=console, auto_refresh=False, transient=True, redirect_stdout=False, redirect_stderr=False
        ) as line:
            while True:
                spinner.update(text=self._text())
                line.update(spinner, refresh=True)
                if self._done.wait(_PERIOD):
                    break

    def _text(self) -> str:
        return f"s2sad: {self.work.name}: {self.work.doing} ({self.work.seconds:.0f} s)"

    def _plain(self) -> None:
        while True:
            self.stream.write(f"\r\033[K{self._text()}")
            self.stream.flush()
            if self._done.wait(_PERIOD):
                break
        self.stream.write("\r\033[K")
        self.stream.flush()

    def end(self) -> None:
        """Take the line away."""
        self._done.set()
        self.join()
