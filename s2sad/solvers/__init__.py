"""The book of solvers: functions of SciPy that are given functions, with the theorems that differentiate their results.

A module for each area, read where SciPy's module of that area has been imported. A row says of which types the
function's own arguments are, and what a call gives; its rules are Python functions over NumPy and the operators of
s2sad, compiled as a user's are, which read modules alone (`ir.solver`).
"""

import importlib
from functools import partial

from s2sad.ir.late import when_imported

for _module, _areas in {
    "s2sad.solvers": ("custom",),
    "scipy.integrate": ("boundaries", "equations", "integrals", "samples"),
    "scipy.optimize": ("roots", "minimisers", "fits", "linear"),
    "scipy.interpolate": ("piecewise", "splines", "polynomials", "tables", "grids", "scattered"),
    "scipy.sparse.linalg": ("operators",),
}.items():
    for _area in _areas:
        when_imported(_module, partial(importlib.import_module, f"s2sad.solvers.{_area}"))
