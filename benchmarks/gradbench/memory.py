"""How much memory a derivative needs beside its arguments: python -m benchmarks.gradbench --memory."""

from __future__ import annotations

import argparse
import gc
import os
import resource
import subprocess
import sys
from collections.abc import Sequence
from functools import partial

from benchmarks.gradbench import EVALS, compare

SYSTEMS = ("NumPy", "native", "JAX")
HEAP = "MALLOC_"
"""What the names of glibc's settings begin with, by which freed memory would be kept."""


def peak() -> float:
    """The most memory that this process has had so far, in megabytes."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024.0


def measure(system: str, name: str) -> None:
    """Print what the largest case of an eval takes more than the one before it, which compiles."""
    before, case = [*compare.cases_of(name)][-2:]
    own = compare.WAYS[name].calls
    made = partial(partial, own[system]) if system in own else compare.others()[system][name]
    call = made(*case.args)
    made(*before.args)()
    gc.collect()
    start = peak()
    call()
    print(peak() - start)


def measured(system: str, name: str) -> str:
    """What a process of its own finds, or a dash where the system has no version of the eval."""
    environment = {k: v for k, v in os.environ.items() if not k.startswith(HEAP)}
    code = f"from benchmarks.gradbench import memory; memory.measure({system!r}, {name!r})"
    made = subprocess.run([sys.executable, "-c", code], env=environment, capture_output=True, text=True, check=False)
    return f"{float(made.stdout.split()[-1]):.1f}" if made.returncode == 0 else "-"


def main(argv: Sequence[str]) -> None:
    """Print a row for each eval that has arrays."""
    parser = argparse.ArgumentParser("python -m benchmarks.gradbench --memory", description=__doc__)
    parser.add_argument("evals", nargs="*", metavar="EVAL", help=f"of {', '.join(EVALS)}; all by default")
    options = parser.parse_args(argv)
    print(compare.table(["eval", "size", *(f"{s} MB" for s in SYSTEMS)], 2))
    for name in compare.WAYS:
        cases = [*compare.cases_of(name)]
        if len(cases) > 1 and name.split()[0] in (options.evals or EVALS):
            print(compare.line([name, cases[-1].label, *(measured(s, name) for s in SYSTEMS)]), flush=True)
