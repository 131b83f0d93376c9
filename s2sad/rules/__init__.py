"""The book of rules: importing it registers the primitives of every area, one module each.

A module takes NumPy's (or Python's) functions and gives, for each, a type rule, a tangent and an adjoint; `families`
holds what they have in common. Adding a primitive touches one of these files and nothing else.
"""

import importlib
import importlib.util
from functools import partial

from s2sad.ir.late import LATE, load_late
from s2sad.rules import (
    arithmetic,
    batching,
    calculus,
    contractions,
    creation,
    elementwise,
    fft,
    indexing,
    joining,
    linalg,
    mathematics,
    places,
    rearranging,
    reductions,
    shaping,
    statistics,
    systems,
    variants,
)


def _read(module: str, function: str | None = None) -> None:
    """Read the rules of a module, or those that one of its functions adds."""
    found = importlib.import_module(f"s2sad.rules.{module}")
    if function is not None:
        getattr(found, function)()


LATE.update(
    {
        "scipy.special": partial(_read, "special"),
        "scipy.stats": partial(_read, "distributions"),
        "scipy.linalg": partial(_read, "solvers"),
        "scipy.integrate": partial(_read, "signals", "of_integrate"),
        "scipy.signal": partial(_read, "signals", "of_signal"),
        "scipy.spatial.distance": partial(_read, "signals", "of_spatial"),
    }
)


def everything() -> None:
    """Read all rules, those of libraries too that have not been imported so far, where they are installed."""
    for name in list(LATE):
        if importlib.util.find_spec(name.split(".")[0]) is not None:
            importlib.import_module(name)
    load_late()


__all__ = [
    "arithmetic",
    "batching",
    "calculus",
    "contractions",
    "creation",
    "elementwise",
    "everything",
    "fft",
    "indexing",
    "joining",
    "linalg",
    "mathematics",
    "places",
    "rearranging",
    "reductions",
    "shaping",
    "statistics",
    "systems",
    "variants",
]
