"""Linear algebra of scipy.linalg, read once that has been imported.

Factorisations have the derivatives of those of NumPy. N. J. Higham, Functions of Matrices (2008), section 3.2, for the
exponential: its derivative is a block of the exponential of a block matrix.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from scipy import linalg

from s2sad.errors import UnsupportedType
from s2sad.ir.definition import define
from s2sad.ir.primitive import Sample
from s2sad.ir.types import Type, tuple_type
from s2sad.rules.domains import REAL
from s2sad.rules.families import rule
from s2sad.rules.numpy import factorisations
from s2sad.rules.numpy.linalg import regular


def _svd_type(a: Type, /, full_matrices: bool = True, compute_uv: bool = True, *, check_finite: bool = True) -> Type:
    found = factorisations.svd_type(a, full_matrices=full_matrices, compute_uv=compute_uv)
    return tuple_type(*found.items) if compute_uv else found


def _qr_type(a: Type, /, *, mode: str = "full", check_finite: bool = True) -> Type:
    if mode != "economic":
        raise UnsupportedType(f"scipy.linalg.qr with mode={mode!r}", 'use mode="economic"')
    q, r = factorisations.qr_type(a).items
    return tuple_type(q, r)


def _of_svd(function: Callable[..., Any]) -> Callable[..., Any]:
    return lambda *values, full_matrices=True, compute_uv=True, check_finite=True: function(
        *values, full_matrices=full_matrices, compute_uv=compute_uv
    )


rule(
    linalg.svd,
    _svd_type,
    tangent=_of_svd(factorisations.svd_tangent),
    adjoint=_of_svd(factorisations.svd_adjoint),
    samples=lambda rng: [
        Sample((regular(rng, 4, 2),), {"full_matrices": False}),
        Sample((regular(rng, 3, 2),), {"compute_uv": False}),
    ],
)
define(
    linalg.svdvals,
    lambda a, overwrite_a=False, check_finite=True: np.linalg.svd(a, compute_uv=False),
    lambda rng: [Sample((REAL(rng, (3, 2)),))],
)
rule(
    linalg.qr,
    _qr_type,
    tangent=lambda y, xs, dots, **static: factorisations.qr_tangent(y, xs, dots),
    adjoint=lambda g, y, xs, active, **static: factorisations.qr_adjoint(g, y, xs, active),
    samples=lambda rng: [Sample((regular(rng, 4, 2),), {"mode": "economic"})],
)
