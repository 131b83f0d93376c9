"""python -m benchmarks.kernels.stored: how many numbers each kernel's gradient keeps for its reverse sweep.

Counted while the gradient runs: what is appended to a list or stored in an array that the primal does not have; once as
it is, once without the analysis that finds what is still in the primal's own arrays.
"""

from __future__ import annotations

import ast
import contextlib
import importlib
import inspect
import tempfile
import unittest.mock
from collections.abc import Iterator
from typing import Any

import numpy as np

import s2sad
from benchmarks.bindings import bindings
from s2sad.analysis.dependence import Dependence
from s2sad.dispatch.sharing import SHARED

KERNELS = {
    "heat": ("temperature_misfit", 0, {"n": 20, "steps": 10}),
    "gauss_seidel": ("smoothed_energy", 0, {"n": 20, "sweeps": 10}),
    "lu": ("log_determinant", 0, {"n": 20}),
    "cholesky": ("log_likelihood", 0, {"n": 20}),
    "thomas": ("solution_energy", (0, 1, 2, 3), {"n": 100}),
    "durbin": ("yule_walker_energy", 0, {"n": 20}),
    "gram_schmidt": ("factor_sum", 0, {"m": 20, "n": 10}),
    "floyd_warshall": ("total_distance", 0, {"n": 20}),
    "n_body": ("mean_spread", 0, {"side": 2, "steps": 5}),
    "lstm": ("sequence_loss", 0, {"steps": 10, "d": 4, "h": 4}),
    "dtw": ("soft_dtw", 0, {"n": 20, "m": 20}),
    "fft": ("low_pass_power", 0, {"n": 64}),
    "upwind": ("final_energy", 0, {"n": 100, "steps": 10}),
}


class Counting(ast.NodeTransformer):
    """Wraps what is stored under names that the primal does not have in a call of `count`."""

    def __init__(self, kept: set[str]) -> None:
        self.kept = kept

    def visit_Call(self, node: ast.Call) -> ast.AST:
        method = node.func
        if isinstance(method, ast.Attribute) and method.attr == "append" and ast.unparse(method.value) in self.kept:
            node.args = [ast.Call(ast.Name("count", ast.Load()), node.args, [])]
        return node

    def visit_Assign(self, node: ast.Assign) -> ast.AST:
        target = node.targets[0]
        if isinstance(target, ast.Subscript) and isinstance(target.value, ast.Name) and target.value.id in self.kept:
            array = ast.Name(target.value.id, ast.Load())
            node.value = ast.Call(ast.Name("count", ast.Load()), [node.value, array], [])
        return node


def kept_names(tree: ast.AST, own: set[str]) -> set[str]:
    """The arrays and lists that the emitted text fills and the user's does not know."""
    found = set()
    for name, value in bindings(tree):
        text = ast.unparse(value)
        if text == "[]" or text.startswith("np.empty("):
            found.add(name)
    return {name for name in found if name not in own and not name.endswith(("_bar", "_bars"))}


def stored(name: str) -> int:
    """How many numbers the gradient of a kernel stores."""
    function, argnums, sizes = KERNELS[name]
    module = importlib.import_module(f"examples.kernels.{name}")
    args = module.arguments(**sizes)
    text = s2sad.grad(getattr(module, function), argnums).lower(*args).source
    own = {n.id for n in ast.walk(ast.parse(inspect.getsource(module))) if isinstance(n, ast.Name)}
    tree = ast.parse(text)
    tree = ast.fix_missing_locations(Counting(kept_names(tree, own)).visit(tree))
    total = 0
    filled: dict[int, object] = {}

    def count(value: Any, array: object = None) -> Any:
        nonlocal total
        filled[id(array)] = array
        # The rows of a nested list are counted already, and an array that is filled, where it is allocated.
        items = value if isinstance(value, tuple) else (value,)
        total += sum(np.size(item) for item in items if not isinstance(item, list) and id(item) not in filled)
        return value

    space: dict[str, Any] = {"count": count}
    exec(compile(tree, f"<{name}>", "exec"), space)
    space[f"{function}_grad"](*args)
    return total


def table() -> list[tuple[str, str, int, int]]:
    """Each kernel, its sizes, and the numbers stored without the analysis and with it."""
    rows = []
    for name, (_, _, sizes) in KERNELS.items():
        with unittest.mock.patch.object(Dependence, "final", lambda *args: None), other_cache():
            without = stored(name)
        with other_cache():
            rows.append((name, ", ".join(f"{k} = {v}" for k, v in sizes.items()), without, stored(name)))
    return rows


@contextlib.contextmanager
def other_cache() -> Iterator[None]:
    """A cache folder in which nothing is found, and a memory without what was compiled before."""
    SHARED.known.clear()
    with (
        tempfile.TemporaryDirectory(prefix="s2sad-stored-") as folder,
        unittest.mock.patch.dict("os.environ", S2SAD_CACHE_DIR=folder),
    ):
        yield


def text() -> str:
    """The table as it stands in the documentation."""
    lines = ["| kernel | sizes | stored without the analysis | with it |", "|---|---|---:|---:|"]
    lines += [f"| {name} | {sizes} | {without:,} | {with_it:,} |" for name, sizes, without, with_it in table()]
    return "\n".join(lines)


if __name__ == "__main__":
    print(text())
