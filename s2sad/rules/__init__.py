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

OF_SCIPY = {"scipy.special": "special", "scipy.stats": "distributions"}
LATE.update({k: partial(importlib.import_module, f"s2sad.rules.{v}") for k, v in OF_SCIPY.items()})


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
