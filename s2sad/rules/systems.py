"""Least squares, pseudo-inverses, and what else of linear algebra is built on the factorisations.

G. H. Golub & V. Pereyra, The differentiation of pseudo-inverses and nonlinear least squares problems whose variables
separate (1973). The rank of a matrix is taken not to change.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from s2sad.ir.primitive import Sample
from s2sad.ir.types import Type, array
from s2sad.rules.contractions import transposed
from s2sad.rules.families import REAL, fit, rule
from s2sad.rules.linalg import _matrix, regular


def _pinv_type(a: Type, /, rcond: Any = None, hermitian: bool = False, *, rtol: Any = None) -> Type:
    _, dtype, shape = _matrix("np.linalg.pinv", a)
    return array(dtype, None if shape is None else (*shape[:-2], shape[-1], shape[-2]))


def _pinv_tangent(y: Any, xs: Any, dots: Any, **static: Any) -> Any:
    a, a_dot = xs[0], dots[0]
    right = y @ transposed(y) @ transposed(a_dot)
    left = transposed(a_dot) @ transposed(y) @ y
    return right - right @ a @ y + left - y @ a @ left - y @ a_dot @ y


def _pinv_adjoint(g: Any, y: Any, xs: Any, active: Any, **static: Any) -> Any:
    a, g_t, y_t = xs[0], transposed(g), transposed(y)
    right = g_t @ y @ y_t
    left = y_t @ y @ g_t
    return (fit(right - a @ y @ right + left - left @ y @ a - y_t @ g @ y_t, a),)


rule(
    np.linalg.pinv,
    _pinv_type,
    tangent=_pinv_tangent,
    adjoint=_pinv_adjoint,
    samples=lambda rng: [
        Sample((regular(rng, 3, 3),)),
        Sample((REAL(rng, (4, 2)),)),
        Sample((REAL(rng, (2, 4)),)),
        Sample((REAL(rng, (2, 4, 2)),)),
    ],
)
