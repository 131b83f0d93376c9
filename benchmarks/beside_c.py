"""Native code beside the C text of the same derivative, compiled by clang -O3: python -m benchmarks.beside_c [names].

The kernels of examples/kernels, value and gradient, one thread, in one process and in turn; the least of many calls.
"""

from __future__ import annotations

import ctypes
import importlib
import re
import shutil
import subprocess
import sys
import tempfile
import timeit
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from benchmarks.surroundings import settle

settle("benchmarks.beside_c")

import numpy as np  # noqa: E402
import optree  # noqa: E402

import s2sad  # noqa: E402
from benchmarks.kernels.__main__ import KERNELS  # noqa: E402
from s2sad.compiler.transform import Transform  # noqa: E402
from s2sad.dispatch.embedding import Embedded  # noqa: E402

OPTIONS = ("-std=c99", "-O3", "-march=native", "-fno-math-errno", "-fno-trapping-math", "-ffp-contract=off")
ROUNDS = 200
NUMBERS = {"double": ctypes.c_double, "float": ctypes.c_float, "bool": ctypes.c_bool}


def in_c(text: Any, folder: str, arguments: Sequence[Any], results: Sequence[Any]) -> Callable[[], int]:
    """A call of the C text with these arguments, into these arrays."""
    name, parameters = re.search(r"^int (\w+)\((.*?)\);", text.h, re.MULTILINE | re.DOTALL).groups()  # type: ignore[union-attr]
    stem = Path(folder, name)
    stem.with_suffix(".c").write_text(text.c, encoding="utf-8")
    stem.with_suffix(".h").write_text(text.h, encoding="utf-8")
    library = f"{stem}.so"
    command = ["clang", *OPTIONS, "-shared", "-fPIC", f"{stem}.c", "-o", library, "-lm"]
    subprocess.run(command, check=True)
    forms, given = [" ".join(p.split()) for p in parameters.split(",")], []
    leaves = iter([*optree.tree_leaves(arguments), *results])
    leaf: Any = None
    for form in forms:
        length = re.fullmatch(r"int64_t \w+_n(\d)", form)
        if length and isinstance(leaf, np.ndarray):
            given.append(ctypes.c_int64(leaf.shape[int(length[1]) - 1]))
            continue
        leaf = next(leaves)
        if isinstance(leaf, np.ndarray):
            given.append(ctypes.c_void_p(leaf.ctypes.data))
        else:
            given.append(NUMBERS.get(form.split()[0], ctypes.c_int64)(leaf))
    function = getattr(ctypes.CDLL(library), name)
    return lambda: function(*given)


def least(calls: Sequence[Callable[[], object]]) -> list[float]:
    """The seconds of each call, in turn."""
    timers = [timeit.Timer(call) for call in calls]
    counts = [max(1, int(0.002 / (t.timeit(3) / 3))) for t in timers]
    best = [float("inf")] * len(calls)
    for _ in range(ROUNDS):
        for k, timer in enumerate(timers):
            best[k] = min(best[k], timer.timeit(counts[k]) / counts[k])
    return best


def row(name: str, folder: str) -> str:
    """The figures of one kernel."""
    function, argnums = KERNELS[name]
    module = importlib.import_module(f"examples.kernels.{name}")
    f, arguments = getattr(module, function), module.arguments()
    native = s2sad.value_and_grad(f, argnums, backend="native")
    wanted = [np.asarray(leaf) for leaf in optree.tree_leaves(native(*arguments))]
    found = [np.zeros_like(leaf) for leaf in wanted]
    text = Embedded(f, Transform("grad", argnums, False, True)).sources(*arguments)
    c = in_c(text, folder, arguments, found)
    assert c() == 0
    for one, two in zip(found, wanted, strict=True):
        np.testing.assert_allclose(one, two, rtol=1e-6, atol=1e-8 * np.max(np.abs(two)))
    ours, theirs = least([lambda: native(*arguments), c])
    return f"{name:16s}{ours * 1e6:12.1f}{theirs * 1e6:12.1f}{theirs / ours:12.2f}"


def main() -> None:
    """Print the table."""
    if shutil.which("clang") is None:
        raise SystemExit("there is no clang")
    print(f"{'':16s}{'native us':>12s}{'C us':>12s}{'C / native':>12s}")
    with tempfile.TemporaryDirectory() as folder:
        for name in sys.argv[1:] or KERNELS:
            print(row(name, folder), flush=True)


if __name__ == "__main__":
    main()
