"""How long the passes over loops take: python -m benchmarks.passes [statements]."""

from __future__ import annotations

import functools
import importlib
import sys
import tempfile
import time
import warnings
from collections import Counter
from collections.abc import Callable
from typing import Any

from benchmarks.surroundings import empty_cache

empty_cache()

import numpy as np  # noqa: E402

import s2sad  # noqa: E402
from s2sad.backends.native import machine, stages  # noqa: E402
from s2sad.loops import lowering  # noqa: E402

PASSES = {
    lowering: (
        *("without_calls", "with_small_lengths", "with_definitions", "_lowered", "guarded_early", "reused", "fused"),
        *("without_copies", "contracted", "laid_out", "with_rooms", "shared", "in_blocks"),
    ),
    stages: ("kernel_text", "entry_text"),
    machine: ("parsed", "optimised", "object_code"),
}
"""By the module that calls them."""
STATEMENTS = (
    "x = np.sin(x) * y + {0}",
    "y = y - 0.5 * np.sum(x * y)",
    "x[1:] = x[:-1] * {0} + y[1:]",
    "y = np.exp(-y)",
)


def program(count: int) -> str:
    """A module with a function of so many statements on two arrays."""
    lines = [STATEMENTS[k % len(STATEMENTS)].format(f"{0.5 + k / count:.3f}") for k in range(count - 1)]
    return "\n    ".join(["import numpy as np\n\n\ndef f(x, y):", "x = x * 1.0", *lines, "return np.sum(x * y)\n"])


def timed(name: str, function: Callable[..., Any], times: Counter[str]) -> Callable[..., Any]:
    """A function that adds up what its calls take, of the processor's time."""

    @functools.wraps(function)
    def call(*args: Any, **keywords: Any) -> Any:
        start = time.process_time()
        try:
            return function(*args, **keywords)
        finally:
            times[name] += time.process_time() - start  # type: ignore[assignment]

    return call


def main() -> None:
    """Print a row for each pass, and how long the whole first call takes."""
    times: Counter[str] = Counter()
    for module, names in PASSES.items():
        for name in names:
            setattr(module, name, timed(name, getattr(module, name), times))
    sizes, found = [int(a) for a in sys.argv[1:]] or [100, 200, 400], []
    with tempfile.TemporaryDirectory() as folder:
        sys.path.insert(0, folder)
        for size in sizes:
            with open(f"{folder}/statements_{size}.py", "w") as f:
                f.write(program(size))
            gradient = s2sad.grad(importlib.import_module(f"statements_{size}").f, (0, 1), backend="native")
            times.clear()
            start = time.process_time()
            with np.errstate(all="ignore"), warnings.catch_warnings():
                # what is too long for machine code is NumPy's, with a warning: the row of LLVM says 0 then
                warnings.simplefilter("ignore")
                gradient(np.linspace(0.1, 1.0, 12), np.linspace(1.0, 2.0, 12))
            found.append({**times, "first call": time.process_time() - start})
    print(f"{'milliseconds, statements:':28s}" + "".join(f"{size:10d}" for size in sizes))
    for name in [*dict.fromkeys(n for names in PASSES.values() for n in names), "first call"]:
        print(f"{name:28s}" + "".join(f"{1e3 * row.get(name, 0.0):10.1f}" for row in found))


main()
