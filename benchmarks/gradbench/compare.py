"""The evals side by side with other systems: python -m benchmarks.gradbench --compare."""

from __future__ import annotations

import argparse
import functools
import importlib
import math
import time
import warnings
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from typing import Any, NamedTuple

import numpy as np

import s2sad
from benchmarks.gradbench import EVALS, ba, det, gmm, hello, ht, kmeans, llsq, lse, lstm, ode, particle, saddle
from benchmarks.gradbench.function import native

SIZES = ("small", "medium", "large")
OWN = ("NumPy", "native", "numba")
"""What runs s2sad's programs."""
OTHERS = {"JAX": "jax", "PyTorch": "torch", "autograd": "autograd"}


class Way(NamedTuple):
    """How s2sad computes the derivative of an eval, with NumPy and compiled, and the function itself."""

    primal: Callable[..., Any] | None
    numpy: Callable[..., Any] | None
    native: Callable[..., Any] | None = None
    numba: Callable[..., Any] | None = None

    @property
    def calls(self) -> dict[str, Callable[..., Any]]:
        """The derivatives, by what runs them."""
        found = zip(OWN, (self.numpy, self.native, self.numba), strict=True)
        return {system: derivative for system, derivative in found if derivative is not None}


class Case(NamedTuple):
    """An eval at a size. Where it has only one size, that is part of all runs."""

    name: str
    size: str
    label: str
    args: tuple[Any, ...]


class Row(NamedTuple):
    """What was measured of a case, in seconds; nothing where a system has no version of it."""

    case: Case
    primals: dict[str, float]
    """The times of the function itself, by what runs it."""
    times: dict[str, float]
    firsts: dict[str, float]


def gradient(f: Callable[..., Any], argnums: Any = 0) -> Way:
    """The gradient of one function with all backends."""
    return Way(f, *(s2sad.grad(f, argnums, backend=b) for b in (None, "native", "numba")))


def whole(primal: Callable[..., Any] | None, f: Callable[..., Any]) -> Way:
    """A function that takes derivatives, as it stands and compiled as one program."""
    return Way(primal, f, s2sad.jit(f))


WAYS = {
    "hello": gradient(hello.square),
    "lse": gradient(lse.logsumexp),
    "llsq": gradient(llsq.misfit),
    "kmeans": whole(kmeans.cost, kmeans.direction),
    "gmm": gradient(gmm.log_density, ("alpha", "mu", "q", "l")),
    "ode": gradient(ode.last),
    "det": gradient(det.determinant),
    "lstm": gradient(lstm.loss, ("main", "extra")),
    "ba": whole(ba.objective, ba.jacobian),
    "ht": whole(ht.objective, ht.jacobian),
    "ht us": whole(ht.objective, ht.jacobian),
    **{f"particle {modes}": whole(None, f.run) for modes, f in particle.FUNCTIONS.items()},
    **{f"saddle {modes}": whole(None, f.run) for modes, f in saddle.FUNCTIONS.items()},
}


def mixture(rng: np.random.Generator, d: int, k: int, n: int) -> tuple[Any, ...]:
    """The arguments of gmm."""
    alpha, mu, q = rng.normal(size=k), rng.uniform(size=(k, d)), 0.3 * rng.normal(size=(k, d))
    return alpha, mu, q, 0.3 * rng.normal(size=(k, d * (d - 1) // 2)), rng.normal(size=(n, d)), 1.0, 0


def sequence(rng: np.random.Generator, layers: int, h: int, items: int) -> tuple[np.ndarray, ...]:
    """The arguments of lstm."""
    shapes = (2 * layers, 4 * h), (3, h), (2 * layers, h), (items, h)
    return tuple(rng.normal(size=shape) for shape in shapes)


def bundle(rng: np.random.Generator, n: int, m: int, p: int) -> tuple[ba.Problem]:
    """The argument of ba: cameras that look at points around (0, 0, 9)."""
    cameras, points = 0.3 * rng.normal(size=(n, 11)), rng.normal(size=(m, 3)) + [0.0, 0.0, 9.0]
    return (
        ba.Problem(cameras, points, rng.uniform(size=p), np.arange(p) % n, np.arange(p) % m, rng.normal(size=(p, 2))),
    )


def hand(rng: np.random.Generator, vertices: int, points: int, surface: bool) -> tuple[ht.Hand, np.ndarray, np.ndarray]:
    """The arguments of ht: a hand of 22 bones, each of which hangs on one before it."""
    weights = rng.uniform(size=(vertices, 22))
    model = ht.Hand(
        parents=np.array([-1] + [int(rng.integers(0, k)) for k in range(1, 22)]),
        base_relatives=bones(rng),
        inverse_base_absolutes=bones(rng),
        base_positions=np.hstack((rng.normal(size=(vertices, 3)), np.ones((vertices, 1)))),
        weights=weights / weights.sum(axis=1, keepdims=True),
        triangles=rng.integers(0, vertices, (2 * vertices, 3)),
        is_mirrored=False,
        correspondences=rng.integers(0, vertices, points),
        points=rng.normal(size=(points, 3)),
    )
    return model, 0.5 * rng.normal(size=26), rng.uniform(size=(points, 2)) if surface else np.empty((0, 2))


def bones(rng: np.random.Generator) -> np.ndarray:
    """A motion for each bone, near the identity."""
    motions = np.eye(4) + 0.1 * rng.normal(size=(22, 4, 4))
    motions[:, 3] = [0.0, 0.0, 0.0, 1.0]
    return motions


def cases_of(name: str) -> Iterator[Case]:
    """The cases of an eval, from small to large."""
    rng = np.random.default_rng(0)
    normal = rng.normal
    of_sizes: dict[str, list[tuple[str, tuple[Any, ...]]]] = {
        "lse": [(f"n={n}", (normal(size=n),)) for n in (100, 10_000, 1_000_000)],
        "llsq": [(f"m=16 n={n}", (normal(size=16), n)) for n in (64, 4096, 65536)],
        "kmeans": [
            (f"k={k} n={n} d=8", (normal(size=(k, 8)), normal(size=(n, 8))))
            for k, n in ((5, 100), (20, 2000), (50, 20_000))
        ],
        "gmm": [
            (f"d={d} k={k} n={n}", mixture(rng, d, k, n)) for d, k, n in ((2, 5, 100), (10, 10, 500), (20, 25, 2000))
        ],
        "ode": [(f"n={n} s={s}", (normal(size=n), s)) for n, s in ((10, 20), (1000, 50), (10_000, 100))],
        "det": [(f"l={n}", (normal(size=(n, n)),)) for n in (3, 5, 7)],
        "lstm": [(f"l=2 h=14 c={c}", sequence(rng, 2, 14, c)) for c in (8, 64, 512)],
        "ba": [
            (f"n={n} m={m} p={p}", bundle(rng, n, m, p))
            for n, m, p in ((3, 20, 60), (21, 1131, 3645), (21, 11_315, 36_455))
        ],
        "ht": [(f"{n} points", hand(rng, v, n, False)) for v, n in ((50, 20), (544, 100), (544, 2000))],
        "ht us": [(f"{n} points", hand(rng, v, n, True)) for v, n in ((50, 20), (544, 100), (544, 2000))],
    }
    one_size: dict[str, tuple[Any, ...]] = {"hello": (3.0,), "particle": (0.0,), "saddle": (np.array([1.0, 1.0]),)}
    base = name.split()[0]
    if base in one_size:
        yield Case(name, "", "", one_size[base])
        return
    for size, (label, args) in zip(SIZES, of_sizes[name], strict=True):
        yield Case(name, size, label, args)


def leaves(result: Any) -> list[np.ndarray]:
    """The arrays of a result."""
    if isinstance(result, (tuple, list)):
        return [leaf for item in result for leaf in leaves(item)]
    return [np.asarray(result)]


def check(name: str, result: Any, expected: Any) -> None:
    """That another system gives the same derivative."""
    found, wanted = leaves(result), leaves(expected)
    for a, b in zip(found, wanted, strict=True):
        scale = float(np.max(np.abs(b), initial=0.0))
        np.testing.assert_allclose(a.reshape(b.shape), b, rtol=1e-6, atol=1e-9 * scale, err_msg=name)


def seconds(call: Callable[[], Any], number: int = 1) -> float:
    """How long a number of calls take."""
    start = time.perf_counter()
    for _ in range(number):
        call()
    return time.perf_counter() - start


def typical(call: Callable[[], Any], budget: float) -> float:
    """The median of the faster half of the batches of calls that fit into a time, three at least if they are short."""
    once = seconds(call)
    if once > 1.0:
        return once
    number = max(1, int(budget / 10.0 / max(once, 1e-7)))
    batches = [seconds(call, number) for _ in range(min(9, max(3, int(budget / (number * once)))))]
    return float(np.median(sorted(batches)[: (len(batches) + 1) // 2])) / number


def others() -> dict[str, dict[str, Callable[..., Callable[[], Any]]]]:
    """The versions of the evals for the systems that are installed."""
    found = {}
    for system, package in OTHERS.items():
        try:
            found[system] = importlib.import_module(f"benchmarks.gradbench.others.{package}_versions").VERSIONS
        except ImportError:
            print(f"{system} is not installed: no column for it.\n")
    return found


class Comparison:
    """The measurements of a run."""

    def __init__(self, budget: float) -> None:
        self.others = others()
        self.budget = budget
        self.native = functools.cache(native)
        # as those of the others: what is imported for a first derivative is no part of a first call
        importlib.import_module("s2sad.compiler.pipeline")
        importlib.import_module("s2sad.backends.native.stages")

    def row(self, case: Case) -> Row:
        """The times of all systems for one case, after a look at their values."""
        way = WAYS[case.name]
        calls: dict[str, Callable[..., Any]] = {s: partial(d, *case.args) for s, d in way.calls.items()}
        for system, versions in self.others.items():
            if case.name in versions:
                calls[system] = versions[case.name](*case.args)
        firsts, results = {}, {}
        for system, call in calls.items():
            start = time.perf_counter()
            results[system] = call()
            firsts[system] = time.perf_counter() - start
        expected = next(results[s] for s in OWN if s in results)
        for system, result in results.items():
            check(f"{case.name} {case.label}, {system}", result, expected)
        # a call of many seconds is not made again: what it compiled matters little then
        times = {s: firsts[s] if firsts[s] > 20.0 else typical(c, self.budget) for s, c in calls.items()}
        return Row(case, {} if way.primal is None else self.primals(way, case), times, firsts)

    def primals(self, way: Way, case: Case) -> dict[str, float]:
        """The times of the function itself, as it stands and compiled."""
        assert way.primal is not None
        found: dict[str, float | None] = {"NumPy": typical(partial(way.primal, *case.args), self.budget)}
        if way.native is not None:
            compiled = s2sad.jit(way.primal)
            compiled(*case.args)
            found["native"] = typical(partial(compiled, *case.args), self.budget)
        if way.numba is not None:
            found["numba"] = self.native_time(way.primal, case.args)
        return {system: t for system, t in found.items() if t is not None}

    def native_time(self, f: Callable[..., Any], args: Sequence[Any]) -> float | None:
        """The time of a function in numba, or nothing where numba does not compile it as it is written."""
        import numba

        compiled = self.native(f)
        try:
            compiled(*args)
        except numba.errors.NumbaError:
            return None
        return typical(partial(compiled, *args), self.budget)


def number(value: float | None) -> str:
    """Three significant digits, without an exponent; a dash for nothing."""
    if value is None or not math.isfinite(value):
        return "-"
    return f"{value:.{max(0, 2 - math.floor(math.log10(value)))}f}" if value < 100 else f"{value:.0f}"


def ratio(a: float | None, b: float | None) -> str:
    """One time over another."""
    return number(a / b) if a is not None and b is not None else "-"


def line(cells: Sequence[str]) -> str:
    """A row of a Markdown table."""
    return "| " + " | ".join(cells) + " |"


def table(head: Sequence[str], named: int) -> str:
    """The head of a Markdown table: names first, then numbers, which stand at the right."""
    return line(head) + "\n" + line([":--"] * named + ["--:"] * (len(head) - named))


def of_row(row: Row, systems: Sequence[str]) -> str:
    """The cells of a case."""
    ms = {system: 1e3 * t for system, t in row.times.items()}
    own = min(ms[system] for system in OWN if system in ms)
    primal = row.primals.get("NumPy")
    cells = [row.case.name, row.case.label, number(None if primal is None else 1e3 * primal)]
    for system in OWN:
        cells += [number(ms.get(system)), ratio(row.times.get(system), row.primals.get(system))]
    for system in systems:
        cells += [number(ms.get(system)), ratio(ms.get(system), own)]
    return line(cells)


def plot(rows: Sequence[Row], file: str) -> None:
    """A picture of the times of the derivatives, a line of dots for each case."""
    import matplotlib

    matplotlib.use("Agg")
    from matplotlib import pyplot

    figure, axes = pyplot.subplots(figsize=(8.0, 0.24 * len(rows) + 1.2), layout="constrained")
    for system, marker in zip((*OWN, *OTHERS), "osD^v<", strict=True):
        found = [(1e3 * row.times[system], k) for k, row in enumerate(rows) if system in row.times]
        if found:
            axes.scatter(*zip(*found, strict=True), marker=marker, s=24, label=system, alpha=0.8)
    axes.set_yticks(range(len(rows)), [f"{row.case.name} {row.case.label}" for row in rows], fontsize=7)
    axes.set(xscale="log", xlabel="derivative, milliseconds")
    axes.invert_yaxis()
    axes.grid(alpha=0.3)
    axes.legend()
    figure.savefig(file, dpi=120)


def main(argv: Sequence[str]) -> None:
    """Measure, and print the tables as they are filled."""
    parser = argparse.ArgumentParser("python -m benchmarks.gradbench --compare", description=__doc__)
    parser.add_argument("evals", nargs="*", metavar="EVAL", help=f"of {', '.join(EVALS)}; all by default")
    parser.add_argument("--sizes", nargs="+", choices=SIZES, default=SIZES)
    parser.add_argument("--budget", type=float, default=0.2, help="seconds for a measurement")
    parser.add_argument("--plot", metavar="FILE")
    options = parser.parse_args(argv)
    unknown = set(options.evals) - set(EVALS)
    if unknown:
        parser.error(f"no eval is named {', '.join(sorted(unknown))}")
    warnings.filterwarnings("ignore", message=".*faster on contiguous")
    comparison = Comparison(options.budget)
    systems = list(comparison.others)
    head = ["eval", "size", "function ms", *(cell for system in OWN for cell in (f"{system} ms", "/ function"))]
    print(table([*head, *(name for system in systems for name in (f"{system} ms", "/ s2sad"))], 2))
    rows: list[Row] = []
    for name in (n for n in WAYS if n.split()[0] in (options.evals or EVALS)):
        for case in cases_of(name):
            if not case.size or case.size in options.sizes:
                rows.append(comparison.row(case))
                print(of_row(rows[-1], systems), flush=True)
    print("\nFirst calls, seconds:\n\n" + table(["eval", *OWN, *systems], 1))
    for name in dict.fromkeys(row.case.name for row in rows):
        firsts = next(row.firsts for row in rows if row.case.name == name)
        print(line([name, *(number(firsts.get(system)) for system in (*OWN, *systems))]))
    if options.plot:
        plot(rows, options.plot)
