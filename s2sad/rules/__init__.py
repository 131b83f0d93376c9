"""The book of rules: importing it registers the primitives of every area, one module each.

A module takes NumPy's (or Python's) functions and gives, for each, a type rule, a tangent and an adjoint; `families`
holds what they have in common. Adding a primitive touches one of these files and nothing else.
"""

from __future__ import annotations

from importlib import import_module
from importlib.util import find_spec

AREAS = (
    "arithmetic",
    "elementwise",
    "mathematics",
    "creation",
    "reductions",
    "shaping",
    "indexing",
    "contractions",
    "linalg",
)
"""The modules with rules."""

for _area in AREAS:
    if find_spec(f"s2sad.rules.{_area}") is not None:
        import_module(f"s2sad.rules.{_area}")
