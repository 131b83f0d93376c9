"""The pages of derivatives: what `explore` of their objects calls."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from os import PathLike
from pathlib import Path
from typing import Any

from s2sad.dispatch.explorable import WRITERS


def write_page(
    shown: Any,
    args: Sequence[object],
    kwargs: Mapping[str, object],
    path: str | PathLike[str] | None,
    browser: bool,
) -> Path:
    """Write the page of a derivative; what makes it is imported with the first one."""
    from s2sad.dispatch.exploring import explore

    return explore(shown, args, kwargs, path, browser)


WRITERS.append(write_page)
