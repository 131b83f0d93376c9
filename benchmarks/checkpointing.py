"""python -m benchmarks.checkpointing: memory against steps done again, for a loop reversed from snapshots.

Steps are counted while the gradient runs, and compared with the optimal number for so many snapshots (Griewank &
Walther 2000); memory is the peak that tracemalloc sees, in states of the loop. With --plot FILE it draws them.
"""

from __future__ import annotations

import sys
import tracemalloc
from typing import Any

import numpy as np
from checkpoint_schedules import optimal_steps_binomial

import s2sad

STEPS = 200
SNAPSHOTS = (1, 2, 3, 5, 10, 20, 50, 199)
SIZE = 5000


def unmarked(u: Any, n: int) -> Any:
    for _ in range(n):
        u = u + 0.1 * np.sin(u)
    return np.sum(u * u)


def marked(u: Any, n: int, most: int) -> Any:
    for _ in s2sad.checkpointed(range(n), snapshots=most):
        u = u + 0.1 * np.sin(u)
    return np.sum(u * u)


def peak(gradient: Any, *args: Any) -> float:
    """The most memory that a call takes, in states."""
    gradient(*args)
    tracemalloc.start()
    try:
        gradient(*args)
        return tracemalloc.get_traced_memory()[1] / args[0].nbytes
    finally:
        tracemalloc.stop()


def counted(gradient: Any, *args: Any) -> int:
    """How often a call advances one step: by itself, or within the reverse sweep of the step."""
    space = gradient.__globals__
    names = [n for n in space if n in ("marked_step", "marked_step_reverse")]
    kept = {n: space[n] for n in names}
    count = 0

    def counting(function: Any) -> Any:
        def call(*given: Any) -> Any:
            nonlocal count
            count += 1
            return function(*given)

        return call

    space.update({n: counting(f) for n, f in kept.items()})
    try:
        gradient(*args)
    finally:
        space.update(kept)
    return count


def rows(n: int = STEPS) -> list[tuple[str, float, int, int]]:
    """For each number of snapshots: peak memory, steps, and the optimal number of steps."""
    u = np.linspace(0.1, 1.0, SIZE)
    found = []
    for most in SNAPSHOTS:
        gradient = s2sad.grad(marked).lower(u, n, most)
        steps = counted(gradient, u, n, most)
        found.append((str(most), peak(gradient, u, n, most), steps, optimal_steps_binomial(n, most)))
    plain = s2sad.grad(unmarked).lower(u, n)
    found.append(("without the mark", peak(plain, u, n), n, n))
    return found


def text() -> str:
    """The table of the documentation."""
    head = ("snapshots", "peak memory, in states", "steps computed", "optimal", "evaluations of a step")
    lines = [f"| {' | '.join(head)} |", "|---:|---:|---:|---:|---:|"]
    for most, memory, steps, best in rows():
        lines.append(f"| {most} | {memory:.0f} | {steps:,} | {best:,} | {steps / STEPS:.1f} |")
    return "\n".join(lines)


def plot(file: str) -> None:
    """Memory against steps, on logarithmic axes."""
    import matplotlib.pyplot as plt

    found = rows()
    figure, axes = plt.subplots()
    axes.loglog([r[1] for r in found[:-1]], [r[2] / STEPS for r in found[:-1]], "o-")
    for most, memory, steps, _ in found[:-1]:
        axes.annotate(most, (memory, steps / STEPS), textcoords="offset points", xytext=(5, 5))
    axes.set_xlabel("peak memory, in states")
    axes.set_ylabel("evaluations of a step")
    figure.savefig(file)


if __name__ == "__main__":
    print(text())
    if "--plot" in sys.argv:
        plot(sys.argv[sys.argv.index("--plot") + 1])
