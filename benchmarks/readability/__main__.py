"""python -m benchmarks.readability [names] [--json] [--show NAME]: emitted derivatives over those written by hand."""

from __future__ import annotations

import argparse
import dataclasses
import json
import math
import os
import time
import timeit
import tracemalloc
from collections.abc import Callable, Iterable
from typing import Any

from benchmarks.surroundings import empty_cache, settle

settle("benchmarks.readability")
if "S2SAD_CACHE_DIR" not in os.environ:
    empty_cache()

from benchmarks.readability.cases import CASES, FURTHER, OWN, Case  # noqa: E402
from benchmarks.readability.figures import Row, Side, cells, texts_of  # noqa: E402

REPEATS = 100
BLOCK = 0.002
"""Seconds that a repetition takes at least."""
HEAD = ("function", "lines", "names that are numbers", "kept an iteration", "helper calls", "time, ms", "memory, KiB")


def row(case: Case) -> Row:
    """Measure both derivatives of a function, side by side."""
    args = case.arguments()
    emitted, texts = case.emitted(args), texts_of(case, args)
    calls = (lambda: emitted(*args), lambda: case.by_hand(*args))
    sides = (Side(*figures) for figures in zip(texts, times(calls), map(peak, calls), strict=True))
    return Row(case.name, *sides)


def times(calls: Iterable[Callable[[], Any]]) -> list[float]:
    """The least time of each call, in seconds of the processor; they take turns, to meet the same noise."""
    timers = [timeit.Timer(call, timer=time.process_time) for call in calls]
    numbers = [math.ceil(BLOCK / min(timer.repeat(3, 1))) for timer in timers]
    found = [[t.timeit(n) / n for t, n in zip(timers, numbers, strict=True)] for _ in range(REPEATS)]
    return [min(column) for column in zip(*found, strict=True)]


def peak(call: Callable[[], Any]) -> int:
    """The most memory that a call takes, in bytes."""
    tracemalloc.start()
    try:
        call()
        return tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()


def mean(ratios: Iterable[float]) -> float:
    """The geometric mean."""
    logarithms = [math.log(r) for r in ratios]
    return math.exp(sum(logarithms) / len(logarithms))


def means(rows: list[Row]) -> dict[str, float]:
    """The geometric means of the ratios, and the share of all names that are numbers."""
    texts = [r.emitted.text for r in rows]
    return {
        "lines": mean(r.ratio(lambda s: s.text.lines) for r in rows),
        "numbered": sum(t.numbered for t in texts) / sum(t.names for t in texts),
        "time": mean(r.ratio(lambda s: s.time) for r in rows),
        "memory": mean(r.ratio(lambda s: s.memory) for r in rows),
    }


def totals(rows: list[Row], label: str) -> list[str]:
    """The means of these functions; where a figure may be zero, the sums of both sides."""
    found, sides = means(rows), [(r.emitted.text, r.by_hand.text) for r in rows]
    return [
        label,
        f"**{found['lines']:.2f}**",
        f"**{found['numbered']:.0%}**",
        f"{sum(e.kept for e, _ in sides)} / {sum(h.kept for _, h in sides)}",
        f"{sum(e.helpers for e, _ in sides)} / {sum(h.helpers for _, h in sides)}",
        f"**{found['time']:.2f}**",
        f"**{found['memory']:.2f}**",
    ]


def table(rows: list[Row]) -> str:
    """All functions, the means of those of this repository and of the others, and of all."""
    lines = [list(HEAD), [":--", *["--:"] * (len(HEAD) - 1)], *map(cells, rows)]
    for label, some in (
        ("of this repository", OWN),
        ("further functions", FURTHER),
        ("geometric mean", CASES.values()),
    ):
        names = {case.name for case in some}
        if found := [r for r in rows if r.name in names]:
            lines.append(totals(found, label))
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def show(case: Case) -> str:
    """The texts of both derivatives."""
    return f"# emitted\n\n{case.emitted(case.arguments()).source}\n\n# by hand\n\n{case.text_by_hand()}"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("names", nargs="*", metavar="names", help="of functions; without, all of them")
    parser.add_argument("--json", action="store_true", help="the figures as JSON")
    parser.add_argument("--show", choices=CASES, metavar="NAME", help="print both texts of a function")
    options = parser.parse_args()
    if unknown := set(options.names) - set(CASES):
        parser.error(f"no such functions: {', '.join(sorted(unknown))}; there are {', '.join(CASES)}")
    if options.show:
        print(show(CASES[options.show]))
        return
    rows = [row(CASES[name]) for name in options.names or CASES]
    figures = {"means": means(rows), "functions": [dataclasses.asdict(r) for r in rows]}
    print(json.dumps(figures, indent=2) if options.json else table(rows))


if __name__ == "__main__":
    main()
