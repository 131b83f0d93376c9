"""Rules that are read when the library they are for has been imported: those of SciPy, which nobody need have."""

from __future__ import annotations

import sys
from collections.abc import Callable

LATE: dict[str, Callable[[], object]] = {}
"""By the name of a module: what adds the rules of its functions to the tables."""


def load_late() -> None:
    """Read the rules of the libraries that have been imported by now."""
    for name in [n for n in LATE if n in sys.modules]:
        LATE.pop(name)()
