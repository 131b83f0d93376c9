"""What runs emitted modules: each backend is a folder, whose `RUNNER` says how its modules are written and started.

numpy    Python, which runs a module as it is
numba    loops over numbers, compiled at the first call

The folders here are found as they are; `add_backend` adds one that lies elsewhere.
"""

from __future__ import annotations

import importlib
import pkgutil
from functools import lru_cache
from typing import NewType

from s2sad.backends.runner import Interface as Interface
from s2sad.backends.runner import Runner as Runner
from s2sad.backends.runner import Unit as Unit
from s2sad.backends.runner import Written as Written
from s2sad.errors import ArgumentError, did_you_mean, shown

PYTHON = Runner()
ELSEWHERE: dict[str, str] = {}
"""The packages of backends that are no folders here, by their names."""

AddedBackend = NewType("AddedBackend", str)
"""The name of a backend that was added: type checkers know it from one that is spelled wrong."""


def add_backend(package: str) -> AddedBackend:
    """Let users choose a package outside by its last name: `add_backend("my_tools.c")` is for `backend="c"`.

    It gives that name, as type checkers take it: `C = add_backend("my_tools.c")`, then `grad(f, backend=C)`.

    Raises:
        ArgumentError: there is a backend of that name.
    """
    name = package.rpartition(".")[2]
    if packages().get(name, package) != package or name == PYTHON.backend.name:
        raise ArgumentError(f"there is a backend {shown(name)} already")
    ELSEWHERE[name] = package
    return AddedBackend(name)


def packages() -> dict[str, str]:
    """The packages of all backends, by the names that users choose them by. None of them is imported."""
    return dict(_folders()) | ELSEWHERE


@lru_cache(maxsize=1)
def _folders() -> tuple[tuple[str, str], ...]:
    # read once: each derivative asks for its backend
    return tuple((m.name, f"{__name__}.{m.name}") for m in pkgutil.iter_modules(__path__) if m.ispkg)


def runner_of(name: str | None) -> Runner:
    """The runner of a backend, whose package is imported now; None is that of NumPy.

    Raises:
        ArgumentError: there is no backend of that name, or it is not installed.
    """
    if name is None or (isinstance(name, str) and name == PYTHON.backend.name):
        return PYTHON
    known = packages()
    if not isinstance(name, str) or name not in known:
        names = ", ".join(map(repr, (None, PYTHON.backend.name, *known)))
        guess = did_you_mean(name, [PYTHON.backend.name, *known]) if isinstance(name, str) else ""
        raise ArgumentError(f"backend {shown(name)}: this version has {names}{guess}")
    runner: Runner = importlib.import_module(known[name]).RUNNER
    runner.check()
    return runner
