"""The cost of a gradient against the number of inputs: differences and forward mode grow with it, reverse does not.

python -m benchmarks.inputs [picture.png]

Rosenbrock's function, times in multiples of the function's own, measured side by side; the least of several runs each.
"""

import sys
import timeit
from collections.abc import Callable
from typing import Any

import numpy as np

import s2sad

SIZES = (4, 16, 64, 256, 1024)


def rosenbrock(x: Any) -> Any:
    """The function of the valley. x: float64[d]."""
    return np.sum(100.0 * (x[1:] - x[:-1] ** 2) ** 2 + (1.0 - x[:-1]) ** 2)


def differences(x: Any, h: float = 1e-6) -> Any:
    """The gradient by central differences."""
    gradient = np.empty_like(x)
    for k in range(len(x)):
        e = np.zeros_like(x)
        e[k] = h
        gradient[k] = (rosenbrock(x + e) - rosenbrock(x - e)) / (2.0 * h)
    return gradient


def seconds(call: Callable[[], Any]) -> float:
    """The least time of a call."""
    call()
    timer = timeit.Timer(call)
    number, _ = timer.autorange()
    return min(timer.repeat(3, max(1, number // 4))) / max(1, number // 4)


METHODS: dict[str, Callable[[Any], Any]] = {
    "central differences": differences,
    "forward mode (jacfwd)": s2sad.jacfwd(rosenbrock),
    "reverse mode (grad)": s2sad.grad(rosenbrock),
    "Hessian times vector (hvp)": lambda x: PRODUCT(x, x),
}
PRODUCT = s2sad.hvp(rosenbrock)


def ratios() -> dict[str, list[float]]:
    """For each method its time over the function's, for each size."""
    found: dict[str, list[float]] = {name: [] for name in METHODS}
    for d in SIZES:
        x = np.linspace(-1.0, 1.0, d)
        own = seconds(lambda x=x: rosenbrock(x))  # type: ignore[misc]
        for name, method in METHODS.items():
            found[name].append(seconds(lambda x=x, method=method: method(x)) / own)  # type: ignore[misc]
    return found


def table(found: dict[str, list[float]]) -> str:
    """The ratios as a table of Markdown."""
    lines = ["| time over the function's, d = | " + " | ".join(map(str, SIZES)) + " |", "|---|" + "---:|" * len(SIZES)]
    lines += [f"| {name} | " + " | ".join(f"{r:.1f}" for r in row) + " |" for name, row in found.items()]
    return "\n".join(lines)


def draw(found: dict[str, list[float]], file: str) -> None:
    """The ratios as curves."""
    import matplotlib.pyplot as plt

    figure, axes = plt.subplots(figsize=(6.0, 4.0), layout="constrained")
    for name, row in found.items():
        axes.loglog(SIZES, row, "o-", label=name)
    axes.set(xlabel="number of inputs d", ylabel="time / time of the function")
    axes.grid(True, which="both", alpha=0.3)
    axes.legend()
    figure.savefig(file, dpi=120)


def main() -> None:
    found = ratios()
    print(table(found))
    if len(sys.argv) > 1:
        draw(found, sys.argv[1])


if __name__ == "__main__":
    main()
