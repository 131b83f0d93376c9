"""The book of rules: importing it registers the primitives of every area, one module each.

A module takes NumPy's (or Python's) functions and gives, for each, a type rule, a tangent and an adjoint. What they
have in common is in `families` (kinds of rows), `promotion` (types), `contributions` (shapes and dtypes of what a rule
gives) and `domains` (points to test at). Adding a primitive touches one of the files of an area and nothing else.
"""

import importlib
import importlib.util
from functools import partial

from s2sad.ir.late import LATE, load_late
from s2sad.rules import batching
from s2sad.rules.numpy import (
    calculus,
    contractions,
    creation,
    elementwise,
    fft,
    indexing,
    joining,
    keywords,
    least_squares,
    linalg,
    rearranging,
    reductions,
    searching,
    shaping,
    statistics,
)
from s2sad.rules.python import arithmetic, math


def _read(module: str, function: str | None = None) -> None:
    """Read the rules of a module, or those that one of its functions adds."""
    found = importlib.import_module(f"s2sad.rules.scipy.{module}")
    if function is not None:
        getattr(found, function)()


LATE.update(
    {
        "scipy.special": partial(_read, "special"),
        "scipy.stats": partial(_read, "stats"),
        "scipy.linalg": partial(_read, "linalg"),
        "scipy.integrate": partial(_read, "signal", "of_integrate"),
        "scipy.signal": partial(_read, "signal", "of_signal"),
        "scipy.spatial.distance": partial(_read, "signal", "of_spatial"),
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
    "math",
    "searching",
    "rearranging",
    "reductions",
    "shaping",
    "statistics",
    "least_squares",
    "keywords",
]
