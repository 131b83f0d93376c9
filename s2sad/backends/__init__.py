"""What runs emitted modules: a table of backends, each a folder with its spelling and how its modules are started.

numpy    Python, which runs a module as it is
numba    loops over numbers, compiled at the first call
"""

from __future__ import annotations

from s2sad.backends.numba import NUMBA
from s2sad.backends.runner import Interface as Interface
from s2sad.backends.runner import Runner as Runner
from s2sad.errors import ArgumentError

PYTHON = Runner()
RUNNERS: dict[str, Runner] = {r.backend.name: r for r in (PYTHON, NUMBA)}
"""By the names that users choose them by."""


def runner_of(name: str | None) -> Runner:
    """The runner of a backend; None is that of NumPy.

    Raises:
        ArgumentError: there is no backend of that name, or it is not installed.
    """
    runner = PYTHON if name is None else RUNNERS.get(name)
    if runner is None:
        raise ArgumentError(f"backend {name!r}: this version has {', '.join(map(repr, (None, *RUNNERS)))}")
    runner.check()
    return runner
