"""What has a page: `explore` of an object writes it.

A page shows several derivatives, so that what makes it lies above them: `api` sets it here.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from os import PathLike
from pathlib import Path
from typing import Protocol

from s2sad.dispatch.frames import public


class Writer(Protocol):
    """What writes the page of an object for arguments, and may show it in the browser."""

    def __call__(
        self,
        shown: object,
        args: Sequence[object],
        kwargs: Mapping[str, object],
        path: str | PathLike[str] | None,
        browser: bool,
    ) -> Path: ...


WRITERS: list[Writer] = []
"""The one that writes pages."""


class Explorable:
    """An object with a page."""

    @public
    def explore(
        self, *args: object, path: str | PathLike[str] | None = None, browser: bool = False, **kwargs: object
    ) -> Path:
        """Write a page that shows the derivative beside the code and the trace, for arguments like these.

        It is one file of HTML, which needs no server and no network.

        Args:
            args: arguments as of a call.
            path: where to write it; without one it is a temporary file.
            browser: whether to show it in the browser too.
            kwargs: arguments by their names.

        Returns:
            The path of the file.
        """
        return WRITERS[-1](self, args, kwargs, path, browser)
