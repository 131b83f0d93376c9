"""What runs emitted modules: a table of backends, each a folder with its spelling and how its modules are started.

numpy    Python, which runs a module as it is
numba    loops over numbers, compiled at the first call
"""

from __future__ import annotations

import importlib

from s2sad.backends.runner import Interface as Interface
from s2sad.backends.runner import Runner as Runner
from s2sad.errors import ArgumentError

PYTHON = Runner()
FOLDERS = {"numba": "s2sad.backends.numba"}
"""By the names that users choose backends by: the folder, whose `RUNNER` starts its modules. Read when it is chosen."""


def runner_of(name: str | None) -> Runner:
    """The runner of a backend; None is that of NumPy.

    Raises:
        ArgumentError: there is no backend of that name, or it is not installed.
    """
    if name is None or name == PYTHON.backend.name:
        return PYTHON
    if name not in FOLDERS:
        names = ", ".join(map(repr, (None, PYTHON.backend.name, *FOLDERS)))
        raise ArgumentError(f"backend {name!r}: this version has {names}")
    runner: Runner = importlib.import_module(FOLDERS[name]).RUNNER
    runner.check()
    return runner
