"""What a call costs, beside what it computes: `python -m benchmarks.calls`. Each column in one process, in turn.

NumPy's program and native code of a gradient by two floats, by an array of 10, by one of a function that reads another
array outside, and by one that is a view in steps; the derivative that users call, and the function behind it. To
compare: a builtin function of a float, `np.empty(10)`, and a function of numba's where it is installed.
"""

from __future__ import annotations

import timeit
import warnings
from collections.abc import Callable, Mapping

from benchmarks.surroundings import empty_cache, settle

ROUNDS = 15


def functions() -> dict[str, tuple[Callable[..., object], tuple[object, ...]]]:
    """The functions, with arguments."""
    import numpy as np

    def scalars(x: float, y: float) -> float:
        return x * y * y + x / y  # type: ignore[no-any-return]

    def vectors(x: np.ndarray) -> float:  # type: ignore[type-arg]
        return np.sum(x * x)  # type: ignore[no-any-return]

    array = np.linspace(0.0, 1.0, 10)
    wide, weights = np.repeat(array, 2), array + 1.0

    def weighted(x: np.ndarray) -> float:  # type: ignore[type-arg]
        return np.sum(weights * x)  # type: ignore[no-any-return]

    return {
        "2 floats": (scalars, (1.5, 0.7)),
        "array of 10": (vectors, (array,)),
        "and one outside": (weighted, (array,)),
        "in steps": (vectors, (wide[::2],)),
    }


def nanoseconds(statements: Mapping[str, tuple[str, dict[str, object]]]) -> dict[str, float]:
    """What each takes, the least of some rounds; all of them once in each round."""
    timers = {k: timeit.Timer(text, globals=names) for k, (text, names) in statements.items()}
    counts = {k: max(1, int(0.01 / (t.timeit(200) / 200))) for k, t in timers.items()}
    best = dict.fromkeys(timers, float("inf"))
    for _ in range(ROUNDS):
        for k, t in timers.items():
            best[k] = min(best[k], t.timeit(counts[k]) / counts[k])
    return {k: v * 1e9 for k, v in best.items()}


def main() -> None:
    """Print the table."""
    import numpy as np

    import s2sad

    empty_cache()
    rows: dict[str, tuple[str, dict[str, object]]] = {
        "abs(2.0)": ("f(2.0)", {"f": abs}),
        "np.empty(10)": ("f(10)", {"f": np.empty}),
    }
    for name, (f, args) in functions().items():
        call = ", ".join(f"a{k}" for k in range(len(args)))
        for backend in ("numpy", "native"):
            names: dict[str, object] = {f"a{k}": a for k, a in enumerate(args)}
            derivative = s2sad.grad(f, backend=backend)
            for _ in range(100):
                derivative(*args)
            behind = derivative._specialise(args).call
            rows[f"{backend}, {name}"] = (f"f({call})", names | {"f": derivative})
            rows[f"{backend}, {name}, no dispatch"] = (f"f({call})", names | {"f": behind})
    try:
        import numba

        native = numba.njit(lambda x, y: x * y)
        native(1.5, 0.7)
        rows["numba, 2 floats"] = ("f(1.5, 0.7)", {"f": native})
    except ImportError:
        pass
    for name, time in nanoseconds(rows).items():
        print(f"{name:40s}{time:10.0f} ns")


if __name__ == "__main__":
    settle("benchmarks.calls")
    warnings.simplefilter("ignore")
    main()
