"""The functions that are compared: examples and kernels of this repository, and others, as people write them."""

from __future__ import annotations

import dataclasses
import importlib
import inspect
from collections.abc import Callable
from types import ModuleType
from typing import Any

import numpy as np

import s2sad


def counts(years: int = 21) -> tuple[Any, ...]:
    """Arguments of the predator-prey model."""
    rng = np.random.default_rng(0)
    return np.log([0.5, 0.025, 0.025, 0.8, 30.0, 5.0]), rng.uniform(5.0, 60.0, size=(years, 2)), 10


def images(n: int = 64, pixels: int = 64, hidden: int = 64) -> tuple[Any, ...]:
    """Arguments of the network that reads digits."""
    rng = np.random.default_rng(0)
    sizes = ((pixels, hidden), (hidden, 10))
    params = [(rng.normal(size=s) / np.sqrt(s[0]), 0.1 * rng.normal(size=s[1])) for s in sizes]
    return params, rng.uniform(size=(n, pixels)), np.eye(10)[rng.integers(0, 10, n)]


@dataclasses.dataclass(frozen=True)
class Case:
    """A function, which arguments it is differentiated by, and its derivative by hand, in a module of the same name."""

    place: str
    """Module and function, `examples.kernels.lu:log_determinant`."""
    argnums: int | tuple[int, ...]
    small: dict[str, int]
    """Sizes of its arguments for a test."""
    example: Callable[..., tuple[Any, ...]] | None = None
    """Makes arguments, where the module has no function `arguments`."""

    @property
    def name(self) -> str:
        return self.place.partition(":")[0].rpartition(".")[2]

    @property
    def module(self) -> ModuleType:
        return importlib.import_module(self.place.partition(":")[0])

    @property
    def function(self) -> Callable[..., Any]:
        return getattr(self.module, self.place.partition(":")[2])

    @property
    def by_hand(self) -> Callable[..., Any]:
        """Value and gradient, written by hand."""
        module = importlib.import_module(f"benchmarks.readability.by_hand.{self.name}")
        return getattr(module, f"{self.function.__name__}_adjoint")

    def text_by_hand(self) -> str:
        return inspect.getsource(importlib.import_module(self.by_hand.__module__))

    def emitted(self, args: tuple[Any, ...]) -> Any:
        """Value and gradient as s2sad writes them for these arguments; its `source` is the text."""
        return s2sad.value_and_grad(self.function, self.argnums).lower(*args)

    def arguments(self, **sizes: int) -> tuple[Any, ...]:
        return (self.example or self.module.arguments)(**sizes)


OWN = (
    Case("examples.digits:loss", 0, {"n": 5, "pixels": 4, "hidden": 3}, images),
    Case("examples.lotka_volterra:misfit", 0, {"years": 3}, counts),
    Case("examples.kernels.dtw:soft_dtw", (0, 1), {"n": 6, "m": 5}),
    Case("examples.kernels.gram_schmidt:factor_sum", 0, {"m": 6, "n": 4}),
    Case("examples.kernels.heat:temperature_misfit", 0, {"n": 6, "steps": 3}),
    Case("examples.kernels.lstm:sequence_loss", (0, 1, 2), {"steps": 4, "d": 3, "h": 2}),
    Case("examples.kernels.lu:log_determinant", 0, {"n": 5}),
    Case("examples.kernels.thomas:solution_energy", (0, 1, 2, 3), {"n": 6}),
    Case("examples.kernels.upwind:final_energy", 0, {"n": 12, "steps": 4}),
)
"""Functions of this repository."""

FURTHER = tuple(
    Case(f"benchmarks.readability.functions.{place}", argnums, sizes)
    for place, argnums, sizes in (
        ("attention:attention_loss", (0, 1, 2, 3, 4), {"t": 5, "d": 4, "heads": 2}),
        ("batch_norm:regression_loss", (0, 1), {"n": 6, "d": 3, "h": 4}),
        ("black_scholes:book_value", (0, 1, 2), {"n": 7}),
        ("bodies:final_energy", (0, 1), {"n": 4, "steps": 3}),
        ("convolution:contrast", (0, 1, 2), {"side": 7, "c": 2, "k": 3}),
        ("gaussian_process:negative_evidence", (0, 1, 2), {"n": 5}),
        ("gru:gru_loss", 0, {"steps": 4, "n": 3, "d": 2, "h": 3}),
        ("kalman:negative_log_likelihood", 0, {"n": 6}),
        ("pendulum:swing_misfit", (0, 1, 2), {"n": 5}),
    )
)

CASES = {case.name: case for case in (*OWN, *FURTHER)}
