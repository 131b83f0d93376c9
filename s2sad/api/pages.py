"""The pages of derivatives: what `explore` of their objects writes."""

from __future__ import annotations

import tempfile
import webbrowser
from collections.abc import Mapping, Sequence
from os import PathLike
from pathlib import Path
from typing import Any

import numpy as np

from s2sad.dispatch.explorable import WRITERS
from s2sad.errors import Error
from s2sad.testing import check_grads


def write_page(
    shown: Any,
    args: Sequence[object],
    kwargs: Mapping[str, object],
    path: str | PathLike[str] | None,
    browser: bool,
    run: bool = True,
) -> Path:
    """Write the page of a derivative; see `Explorable.explore`.

    What makes pages is imported with the first one. Without `run` the arguments are examples: the page has their types.
    """
    from s2sad.dispatch.exploring import explored, program_of
    from s2sad.view.page import page

    data = explored(shown, args, kwargs, run)
    # where the numbers are not finite there are no differences to compare with
    finite = not any(line["value"] and line["value"]["bad"] for line in data["tabs"][0]["lines"])
    data["checked"] = checked(*program_of(shown, args, kwargs)) if run and finite else None
    place = Path(tempfile.mkdtemp(prefix="s2sad-"), f"{shown.__name__}.html") if path is None else Path(path)
    place.write_text(page(data), encoding="utf-8")
    if browser:
        webbrowser.open(place.resolve().as_uri())
    return place


def checked(function: Any, args: Sequence[Any]) -> dict[str, object] | None:
    """What the gradient check says of a function at a point; None where there is nothing to check."""
    try:
        with np.errstate(all="ignore"):  # the page marks what is not finite
            check_grads(function, args)
    except AssertionError as e:
        return {"ok": False, "text": str(e)}
    except (Error, ArithmeticError, ValueError):  # it has no derivative here, or cannot be run beside the point
        return None
    return {"ok": True, "text": "Forward and reverse mode agree with differences along random directions."}


WRITERS.append(write_page)
