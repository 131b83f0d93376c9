"""python -m benchmarks [--quick]: tables of ratios, measured side by side in one run."""

from __future__ import annotations

import argparse
import os
import statistics
import subprocess
import sys
import tempfile
import time
import timeit
import warnings
from collections.abc import Callable
from typing import Any

from benchmarks.surroundings import empty_cache, settle

settle("benchmarks")
if "S2SAD_CACHE_DIR" not in os.environ:
    empty_cache()

import numpy as np  # noqa: E402

import s2sad  # noqa: E402
from benchmarks.problems import PROBLEMS, worked  # noqa: E402
from benchmarks.systems import SYSTEMS, with_numpy  # noqa: E402


def best(call: Callable[[], Any], seconds: float) -> float:
    """The median of the fastest repetitions of a call, in seconds."""
    timer = timeit.Timer(call)
    number, _ = timer.autorange()
    number = max(1, int(number * seconds))
    return statistics.median(sorted(timer.repeat(5, number))[:3]) / number


def ratios(seconds: float) -> None:
    """Value and gradient over the function alone in NumPy, and the time of the first call."""
    print(f"{'value and gradient / function alone':34s}{'NumPy':>11s}" + "".join(f"{s:>11s}" for s in SYSTEMS))
    for problem in PROBLEMS:
        base = best(with_numpy(problem), seconds)
        row = f"{problem.name:34s}{base * 1e6:9.1f}us"
        for make in SYSTEMS.values():
            try:
                call = make(problem)
                call()
                row += f"{best(call, seconds) / base:11.2f}"
            except ImportError:
                row += f"{'-':>11s}"
        print(row, flush=True)


def first_calls() -> None:
    """From the function to its first gradient: what compiling or tracing costs."""
    print(f"\n{'first call, milliseconds':34s}{'':>11s}" + "".join(f"{s:>11s}" for s in SYSTEMS))
    for problem in PROBLEMS[1:]:
        row = f"{problem.name:45s}"
        for make in SYSTEMS.values():
            try:
                make(PROBLEMS[0])()
                empty_cache()
                start = time.perf_counter()
                make(problem)()
                row += f"{(time.perf_counter() - start) * 1e3:11.1f}"
            except ImportError:
                row += f"{'-':>11s}"
        print(row, flush=True)


def overhead(seconds: float) -> None:
    """What the dispatch in front of the emitted function costs."""
    df = s2sad.grad(worked(np), (0, 1))
    plain = df.lower(2.0, 3.0)
    in_front, alone = best(lambda: df(2.0, 3.0), seconds), best(lambda: plain(2.0, 3.0), seconds)
    print(f"\ngradient by two floats: {in_front * 1e6:.2f} us, of which dispatch {(in_front - alone) * 1e6:.2f} us")
    x = np.ones(10)
    dg = s2sad.grad(lambda x: np.sum(x * x))
    lowered = dg.lower(x)
    in_front, alone = best(lambda: dg(x), seconds), best(lambda: lowered(x), seconds)
    print(f"gradient by an array:   {in_front * 1e6:.2f} us, of which dispatch {(in_front - alone) * 1e6:.2f} us")
    anew = best(lambda: s2sad.grad(lambda y: np.sum(x * y))(x), seconds)
    print(f"gradient of a lambda that is made anew: {anew * 1e6:.1f} us")


def straight_line(lines: int) -> str:
    """A module with a function of so many statements."""
    text = ["import numpy as np", "", "", "def big(x, y):", "    a0 = x"]
    for k in range(lines):
        text.append(f"    a{k + 1} = a{k} * {'y + np.sin(x)' if k % 2 else '0.5'}")
    return "\n".join([*text, f"    return a{lines}", ""])


def compile_times(sizes: tuple[int, ...]) -> None:
    """Compiling functions of growing length, and starting again from the cache, each in a process of its own."""
    print(f"\n{'statements':>12s}{'compile, s':>14s}{'us/statement':>14s}{'from cache, s':>16s}")
    script = (
        "import sys, time; sys.path.insert(0, sys.argv[1]); import big, s2sad;"
        "t = time.perf_counter(); s2sad.grad(big.big).lower(1.0, 0.5); print(time.perf_counter() - t)"
    )
    for size in sizes:
        with tempfile.TemporaryDirectory() as folder:
            with open(os.path.join(folder, "big.py"), "w") as f:
                f.write(straight_line(size))
            env = {**os.environ, "S2SAD_CACHE_DIR": os.path.join(folder, "cache"), "PYTHONPATH": os.getcwd()}
            times = [
                float(
                    subprocess.run(
                        [sys.executable, "-c", script, folder], env=env, capture_output=True, check=True
                    ).stdout
                )
                for _ in range(2)
            ]
        print(f"{size:12d}{times[0]:14.3f}{times[0] / size * 1e6:14.0f}{times[1]:16.3f}", flush=True)


def main() -> None:
    """Run all benchmarks."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="shorter repetitions and programs")
    quick = parser.parse_args().quick
    warnings.simplefilter("ignore")
    seconds = 0.2 if quick else 1.0
    ratios(seconds)
    first_calls()
    overhead(seconds)
    compile_times((20, 200, 2000) if quick else (20, 200, 2000, 10_000))


if __name__ == "__main__":
    main()
