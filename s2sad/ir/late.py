"""Rules that are read when they are first asked for: those of NumPy with the first function of a library that is met,
those of a namespace of SciPy, which nobody need have, when it has been imported.
"""

from __future__ import annotations

import sys
import threading
from collections.abc import Callable

LATE: dict[str, list[Callable[[], object]]] = {}
"""By the name of a module: what adds the rules of its functions to the tables."""
_reading: set[str] = set()
_lock = threading.RLock()


def when_imported(module: str, read: Callable[[], object]) -> None:
    """Have rules read once a module has been imported."""
    LATE.setdefault(module, []).append(read)


def load_late_for(function: object) -> None:
    """Read the rules that a function may have, which has none so far: users' own functions are in no library."""
    root = str(getattr(function, "__module__", None) or "").partition(".")[0]
    late = {name.partition(".")[0] for name in LATE}
    if not root or root == "numpy" or root in late or root in sys.stdlib_module_names:
        load_late()


def load_late() -> None:
    """Read the rules of all that has been imported by now."""
    with _lock:
        for name in [n for n in LATE if n in sys.modules]:
            # The rules that are read ask for others of their own: this is entered again, and must not read them twice.
            if name not in LATE or name in _reading:
                continue
            _reading.add(name)
            try:
                for read in LATE[name]:
                    read()
            finally:
                _reading.discard(name)
            del LATE[name]
