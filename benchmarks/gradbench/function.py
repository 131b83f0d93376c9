"""What an eval asks for: a function of arguments that are read from JSON, with a result that is written as JSON."""

from __future__ import annotations

import time
import types
from collections.abc import Callable
from typing import Any, NamedTuple

Timing = dict[str, str | int]


class Function(NamedTuple):
    """A function of an eval: only `run` is timed, not what turns JSON into its arguments and its result into JSON."""

    read: Callable[[Any], tuple[Any, ...]]
    run: Callable[..., Any]
    write: Callable[[Any], Any]

    def evaluate(self, message: Any) -> tuple[Any, list[Timing]]:
        """The output for an input, and the time of each run. The first run, which compiles, counts as preparation."""
        options = message if isinstance(message, dict) else {}
        start = time.perf_counter_ns()
        args = self.read(message)
        self.run(*args)
        prepared = time.perf_counter_ns() - start
        times: list[int] = []
        while len(times) < options.get("min_runs", 1) or sum(times) < options.get("min_seconds", 0) * 1e9:
            start = time.perf_counter_ns()
            result = self.run(*args)
            times.append(time.perf_counter_ns() - start)
        timings: list[Timing] = [{"name": "prepare", "nanoseconds": prepared}]
        return self.write(result), timings + [{"name": "evaluate", "nanoseconds": t} for t in times]


def native(f: Callable[..., Any]) -> Callable[..., Any]:
    """A function compiled by numba, with all that it calls in its module: itself too."""
    import numba

    names = dict(f.__globals__)
    for key, value in f.__globals__.items():
        if isinstance(value, types.FunctionType):
            own = value.__module__ == f.__module__
            names[key] = numba.njit(types.FunctionType(value.__code__, names, key) if own else value)
    return names[f.__name__]  # type: ignore[no-any-return]
