"""The book of rules: importing it registers the primitives of every area, one module each.

A module takes NumPy's (or Python's) functions and gives, for each, a type rule, a tangent and an adjoint; `families`
holds what they have in common. Adding a primitive touches one of these files and nothing else.
"""

from s2sad.rules import (
    arithmetic,
    batching,
    contractions,
    creation,
    elementwise,
    fft,
    indexing,
    joining,
    linalg,
    mathematics,
    reductions,
    shaping,
)

__all__ = [
    "arithmetic",
    "batching",
    "contractions",
    "creation",
    "elementwise",
    "fft",
    "indexing",
    "joining",
    "linalg",
    "mathematics",
    "reductions",
    "shaping",
]
