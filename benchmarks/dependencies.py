"""python -m benchmarks.dependencies [words]: the cost of knowing all that a function depends on beside its arguments.

Each scenario is a module of its own, run in processes of its own: the first call with an empty cache, the first call in
another process, later calls beside the emitted function alone, and the first call of another derivative object. Later
calls are medians within a process; of the processes, the fastest counts, as other programs only ever slow one down.
"""

from __future__ import annotations

import dataclasses
import importlib.util
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import Any

import s2sad
from benchmarks.surroundings import settle

REPEATS = 5
SLOW = 5.0
"""Seconds: what takes longer is not repeated."""
LIMIT = 300.0
"""Seconds that a process may take."""
RESULT = "S2SAD_BENCHMARK_RESULT"


@dataclasses.dataclass(frozen=True)
class Scenario:
    """A module with the arguments `args`; `functions` says whose gradients are taken, each time it is evaluated."""

    name: str
    text: str
    functions: str = "[f]"
    needs: tuple[str, ...] = ()
    """Modules without which it is left out."""
    under_pytest: bool = False
    """Whether pytest imports the module, and writes its assertions anew."""

    def module(self) -> str:
        return f"import numpy as np\n{self.text}\n{FOOT.format(functions=self.functions)}"


FOOT = """

def test_scenario():
    import sys
    from benchmarks.dependencies import measure
    measure(sys.modules[__name__], lambda: {functions})
"""

ARRAY = "args = (np.linspace(0.1, 1.0, 5),)\n"

MANY_KINDS = """
import math
DEGREE, KIND, SCALED = 3, "cubic", True
TABLE = {"cubic": 2, "plain": 1}
SHIFTS = (1, 2)
class Settings:
    def __init__(self):
        self.power, self.name = 2, "settings"
SETTINGS = Settings()
def square(x):
    return x * x
def shifted(x):
    return x + SHIFTS[0]
def f(w):
    v = shifted(w) ** SETTINGS.power * TABLE[KIND] + DEGREE
    return np.sum(square(v)) * math.pi if SCALED else np.sum(v)
"""

FUNCTIONS = "\n".join(f"def part{k}(x):\n    return {k + 1} * x\n" for k in range(10))
FUNCTIONS += f"def f(w):\n    return np.sum({' + '.join(f'part{k}(w)' for k in range(10))})\n"

FITTED = """
from sklearn.linear_model import LinearRegression
class Fitted:
    def __init__(self, model):
        self.model = model
        self.coef = model.coef_
    def beside(self, w):
        return np.sum((self.coef - w) ** 2)
    def through(self, w):
        return np.sum((self.model.coef_ - w) ** 2)
FITTED = Fitted(LinearRegression().fit(np.vander(np.linspace(0.0, 1.0, 20), 5), np.linspace(0.0, 1.0, 20) ** 2))
"""

NEVER_CALLED = """
import matplotlib.pyplot as plt
class Arm:
    def __init__(self, lengths):
        self.lengths = lengths
    def tip(self, q):
        return np.sum(self.lengths * np.cos(np.cumsum(q)))
    def plot(self, q):
        fig, ax = plt.subplots()
        ax.plot(np.cumsum(q))
        plt.show()
def f(q):
    return (Arm(np.linspace(0.1, 1.0, 5)).tip(q) - 1.0) ** 2
"""

AXES = """
from matplotlib.axes import Axes
def f(q, ax=None):
    if isinstance(ax, Axes):
        ax.plot(q)
    return np.sum(q ** 2)
"""

LABELLED = """
import {library}
def f(x):
    if isinstance(x, {library}.{cls}):
        x = x.values
    return np.sum(x * x)
"""

ASSERTS = """
def f(w):
    assert w.ndim == 1, "a vector"
    return np.sum(w * w)
"""

LAMBDAS = "ALL = [\n" + "".join(f"    lambda x: x * x + {k},\n" for k in range(4000)) + "]\nargs = (2.0,)\n"


def labelled() -> Scenario:
    """A test for a class of the first of these libraries that is there."""
    found = [name for name in ("xarray", "pandas") if importlib.util.find_spec(name)] or ["xarray"]
    cls = {"xarray": "DataArray", "pandas": "DataFrame"}[found[0]]
    text = LABELLED.format(library=found[0], cls=cls)
    return Scenario(f"isinstance of {found[0]}.{cls}", text + ARRAY, needs=(found[0],))


SCENARIOS = (
    Scenario("two floats", "def f(x, y):\n    return x * y + x\nargs = (2.0, 3.0)\n"),
    Scenario("ten globals of all kinds", MANY_KINDS + ARRAY),
    Scenario("ten functions", FUNCTIONS + ARRAY),
    Scenario("method, a fitted model beside", FITTED + ARRAY, "[FITTED.beside]", ("sklearn",)),
    Scenario("method, through a fitted model", FITTED + ARRAY, "[FITTED.through]", ("sklearn",)),
    labelled(),
    Scenario("class, method never called plots", NEVER_CALLED + ARRAY, needs=("matplotlib",)),
    Scenario("isinstance of matplotlib's Axes", AXES + ARRAY, needs=("matplotlib",)),
    Scenario(
        "one item of 20,000 floats in a dict",
        "TABLE = {k: k / 3 for k in range(20_000)}\ndef f(w):\n    return np.sum(w * TABLE[7])\n" + ARRAY,
    ),
    Scenario(
        "one item of 20,000 arrays in a dict",
        "TABLE = {k: np.full(3, k / 3) for k in range(20_000)}\ndef f(w):\n    return np.sum(w) * np.sum(TABLE[7])\n"
        + ARRAY,
    ),
    Scenario("assert", ASSERTS + ARRAY),
    Scenario("assert, imported by pytest", ASSERTS + ARRAY, needs=("pytest",), under_pytest=True),
    Scenario("200 of 4,000 lambdas in one file", LAMBDAS, "ALL[::20]"),
    Scenario("lambda made anew", ARRAY, "[lambda w: np.sum(w * w)]"),
)

COLUMNS = {
    "first call, ms": ("first", 1e3),
    "in another process, ms": ("cached", 1e3),
    "another object, ms": ("another", 1e3),
    "later call, us": ("later", 1e6),
    "emitted function, us": ("plain", 1e6),
    "dispatch, us": ("dispatch", 1e6),
}


def measure(space: ModuleType, functions: Callable[[], list[Any]]) -> None:
    """In the process of a scenario: take the times, and write them where the environment says."""
    times: dict[str, Any] = {}
    try:
        _take(times, space.args, functions)
    except Exception as e:
        times["error"] = f"{type(e).__name__}: {e}".splitlines()[0]
    finally:
        Path(os.environ[RESULT]).write_text(json.dumps(times), encoding="utf-8")


def _take(times: dict[str, Any], args: tuple[Any, ...], functions: Callable[[], list[Any]]) -> None:
    def first() -> list[Any]:
        made = [s2sad.grad(f) for f in functions()]
        for df in made:
            df(*args)
        return made

    start = time.perf_counter()
    df = first()[0]
    times["first"] = time.perf_counter() - start
    plain = df.lower(*args)
    times["later"], times["plain"] = medians(lambda: df(*args), lambda: plain(*args))
    (times["another"],) = medians(first)


def medians(*calls: Callable[[], Any], seconds: float = 0.2) -> list[float]:
    """The median time of each call, taken in turns; one that takes long is made once."""
    numbers, samples = [], []
    for call in calls:
        start = time.perf_counter()
        call()
        taken = time.perf_counter() - start
        numbers.append(max(1, int(1e-3 / taken)))
        samples.append([taken] if taken > seconds else [])
    end = time.perf_counter() + seconds * len(calls)
    while not all(samples) or time.perf_counter() < end:
        for call, number, times in zip(calls, numbers, samples, strict=True):
            start = time.perf_counter()
            for _ in range(number):
                call()
            times.append((time.perf_counter() - start) / number)
    return list(map(statistics.median, samples))


def run(scenario: Scenario, folder: Path, cache: Path) -> dict[str, Any]:
    """The times of one process."""
    result = folder / "result.json"
    result.unlink(missing_ok=True)
    environment = {
        **os.environ,
        "S2SAD_CACHE_DIR": str(cache),
        "PYTHONPATH": os.pathsep.join([os.getcwd(), *filter(None, [os.environ.get("PYTHONPATH")])]),
        "MPLBACKEND": "Agg",
        RESULT: str(result),
    }
    command = ["-c", "import test_module; test_module.test_scenario()"]
    if scenario.under_pytest:
        command = ["-m", "pytest", "-q", "-p", "no:cacheprovider", f"--rootdir={folder}", "test_module.py"]
    try:
        done = subprocess.run(
            [sys.executable, *command], cwd=folder, env=environment, capture_output=True, text=True, timeout=LIMIT
        )
    except subprocess.TimeoutExpired:
        return {"error": f"more than {LIMIT:.0f} s"}
    if not result.exists():
        return {"error": (done.stderr or done.stdout).strip().rsplit("\n", 1)[-1]}
    times: dict[str, Any] = json.loads(result.read_text(encoding="utf-8"))
    return times


def row(scenario: Scenario) -> str:
    """The line of a scenario in the table."""
    if not all(map(importlib.util.find_spec, scenario.needs)):
        return f"| {scenario.name} |" + " - |" * len(COLUMNS)
    found: list[dict[str, Any]] = []
    with tempfile.TemporaryDirectory(prefix="s2sad-benchmarks-") as name:
        folder = Path(name)
        (folder / "test_module.py").write_text(scenario.module(), encoding="utf-8")
        for k in range(REPEATS):
            start = time.perf_counter()
            found.append(run(scenario, folder, folder / f"cache{k}"))
            again = run(scenario, folder, folder / f"cache{k}")
            found.append({"cached" if n == "first" else n: value for n, value in again.items()})
            if time.perf_counter() - start > 2 * SLOW:
                break
    best = {
        key: min(times[key] for times in found if key in times) for key in {k for t in found for k in t} - {"error"}
    }
    if "later" in best:
        best["dispatch"] = best["later"] - best["plain"]
    cells = [shown(best[key] * scale) if key in best else "-" for key, scale in COLUMNS.values()]
    errors = sorted({times["error"] for times in found if "error" in times})
    return " | ".join([f"| {scenario.name}", *cells]) + " |" + "".join(f" {e[:100]}" for e in errors)


def shown(value: float) -> str:
    """Three digits."""
    return f"{value:,.0f}" if abs(value) >= 100 else f"{value:.3g}"


def main() -> None:
    """The table, of the scenarios whose names contain one of the words."""
    settle("benchmarks.dependencies")
    print(f"| gradient of | {' | '.join(COLUMNS)} |\n| :-- |{' --: |' * len(COLUMNS)}")
    for scenario in SCENARIOS:
        if not sys.argv[1:] or any(word in scenario.name for word in sys.argv[1:]):
            print(row(scenario), flush=True)


if __name__ == "__main__":
    main()
