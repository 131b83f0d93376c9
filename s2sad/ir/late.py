"""Rules that are read when they are first asked for: those of NumPy with the first function of a library that is met,
those of a namespace of SciPy, which nobody need have, when it has been imported.
"""

from __future__ import annotations

import sys
import threading
from collections.abc import Callable

LATE: dict[str, Callable[[], object]] = {}
"""By the name of a module: what adds the rules of its functions to the tables."""
_reading: set[str] = set()
_lock = threading.RLock()


def load_late(function: object) -> None:
    """Read the rules that a function may have, which has none so far: users' own functions are in no library."""
    root = str(getattr(function, "__module__", None) or "").partition(".")[0]
    if root and root not in ("numpy", "scipy") and root not in sys.stdlib_module_names:
        return
    with _lock:
        for name in [n for n in LATE if n in sys.modules and n not in _reading]:
            _reading.add(name)
            LATE[name]()
            del LATE[name]
