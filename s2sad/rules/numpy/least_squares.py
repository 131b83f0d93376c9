"""Least squares, pseudo-inverses, and what else of linear algebra is built on the factorisations.

G. H. Golub & V. Pereyra, The differentiation of pseudo-inverses and nonlinear least squares problems whose variables
separate (1973). The rank of a matrix is taken not to change.
"""

from __future__ import annotations

import functools
import operator
from typing import Any

import numpy as np

from s2sad.errors import UnsupportedType
from s2sad.ir.builder import call, shape_of
from s2sad.ir.definition import define
from s2sad.ir.primitive import Sample
from s2sad.ir.types import Type, array
from s2sad.rules.contributions import conjugated, fit
from s2sad.rules.domains import REAL
from s2sad.rules.families import constant, rule
from s2sad.rules.literature import GOLUB_PEREYRA
from s2sad.rules.numpy.contractions import transposed
from s2sad.rules.numpy.linalg import adjointed, matrix, positive, regular
from s2sad.rules.numpy.shaping import known_rank
from s2sad.rules.numpy.statistics import in_dtype_of, keywords
from s2sad.rules.promotion import array_types


def _pinv_type(a: Type, /, rcond: Any = None, hermitian: bool = False, *, rtol: Any = None) -> Type:
    _, dtype, shape = matrix("np.linalg.pinv", a)
    return array(dtype, None if shape is None else (*shape[:-2], shape[-1], shape[-2]))


def _pinv_tangent(y: Any, xs: Any, dots: Any, **static: Any) -> Any:
    a, a_dot = xs[0], dots[0]
    right = y @ adjointed(y) @ adjointed(a_dot)
    left = adjointed(a_dot) @ adjointed(y) @ y
    return right - right @ a @ y + left - y @ a @ left - y @ a_dot @ y


def _pinv_adjoint(g: Any, y: Any, xs: Any, active: Any, **static: Any) -> Any:
    a, turned, y_h = xs[0], transposed(g), adjointed(y)
    right = turned @ y @ y_h
    left = y_h @ y @ turned
    return (fit(conjugated(right - a @ y @ right + left - left @ y @ a - y_h @ conjugated(g) @ y_h), a),)


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
    source=GOLUB_PEREYRA,
)


# Built on the factorisations


def _lstsq(a: Any, b: Any, rcond: Any = None) -> Any:
    """The solution, the sums of squares that are left where there are any, the rank, the singular values."""
    keep = keywords(rcond=rcond)
    values = np.linalg.svd(a, compute_uv=False)
    x = call(np.linalg.pinv, a, **keep) @ b
    rank = call(np.linalg.matrix_rank, a)
    m, n = (shape_of(a)[k] for k in (0, 1))
    left = np.atleast_1d(np.sum((b - a @ x) ** 2, axis=0))
    return x, left[: shape_of(left)[0] * call(int, (rank == n) & (m > n))], rank, values


def _matrix_power(a: Any, n: int) -> Any:
    if n == 0:
        return np.zeros_like(a) + in_dtype_of(call(np.eye, shape_of(a)[known_rank(a, "np.linalg.matrix_power") - 1]), a)
    base, n = (np.linalg.inv(a), -n) if n < 0 else (a, n)
    found = None
    while True:
        if n % 2:
            found = base if found is None else found @ base
        n //= 2
        if not n:
            return found
        base = base @ base


def _cond(x: Any, p: Any = None) -> Any:
    if p in (None, 2, -2):
        values = np.linalg.svd(x, compute_uv=False)
        return values[..., 0] / values[..., -1] if p != -2 else values[..., -1] / values[..., 0]
    return call(np.linalg.norm, x, p, axis=(-2, -1)) * call(np.linalg.norm, np.linalg.inv(x), p, axis=(-2, -1))


def _tensorinv(a: Any, ind: int = 2) -> Any:
    rank = known_rank(a, "np.linalg.tensorinv")
    lengths = [shape_of(a)[k] for k in range(rank)]
    size = functools.reduce(operator.mul, lengths[:ind])
    return np.reshape(np.linalg.inv(np.reshape(a, (size, -1))), (*lengths[ind:], *lengths[:ind]))


def _tensorsolve(a: Any, b: Any, axes: Any = None) -> Any:
    if axes is not None:
        raise UnsupportedType("np.linalg.tensorsolve with axes", "move them first, with np.moveaxis")
    rank, own = known_rank(a, "np.linalg.tensorsolve"), known_rank(b, "np.linalg.tensorsolve")
    size = call(np.size, b)
    solved = np.linalg.solve(np.reshape(a, (size, -1)), np.reshape(b, (-1,)))
    return np.reshape(solved, tuple(shape_of(a)[k] for k in range(own, rank)))


def _matrix_rank_type(A: Type, /, tol: Any = None, hermitian: bool = False, *, rtol: Any = None) -> Type:
    (t,) = array_types("np.linalg.matrix_rank", [A])
    return array(np.dtype(np.int64), None if t.shape is None else t.shape[:-2])


constant(np.linalg.matrix_rank, _matrix_rank_type, samples=lambda rng: [Sample((REAL(rng, (3, 2)),))])
define(
    np.linalg.lstsq,
    _lstsq,
    lambda rng: [
        Sample((REAL(rng, (4, 2)), REAL(rng, (4,))), {"rcond": None}),
        Sample((REAL(rng, (4, 2)), REAL(rng, (4, 3)))),
        Sample((REAL(rng, (2, 4)), REAL(rng, (2,)))),
    ],
    "b",
    of_complex=False,
)
define(
    np.linalg.matrix_power,
    _matrix_power,
    lambda rng: [Sample((regular(rng, 3, 3), n)) for n in (3, 2, 1, 0, -2, 5)],
    view=True,
)
define(
    np.linalg.multi_dot,
    lambda arrays: functools.reduce(operator.matmul, list(arrays)),
    lambda rng: [
        Sample(([REAL(rng, (2, 3)), REAL(rng, (3, 2)), REAL(rng, (2, 4))],)),
        Sample(([REAL(rng, (2,)), REAL(rng, (2, 2)), REAL(rng, (2,))],)),
    ],
    lists="arrays",
)
define(
    np.linalg.cond,
    _cond,
    lambda rng: [Sample((regular(rng, 3, 3),)), *(Sample((regular(rng, 3, 3), p)) for p in (2, -2, "fro", 1, np.inf))],
)
define(
    np.linalg.eigvalsh,
    lambda a, UPLO="L": call(np.linalg.eigh, a, **({} if UPLO == "L" else {"UPLO": UPLO}))[0],
    lambda rng: [Sample((positive(rng, 3, 3),)), Sample((positive(rng, 3, 3), "U"))],
)
define(
    np.linalg.svdvals,
    lambda x, /: np.linalg.svd(x, compute_uv=False),
    lambda rng: [Sample((REAL(rng, (3, 2)),)), Sample((REAL(rng, (2, 2, 3)),))],
)
define(
    np.linalg.tensorinv,
    _tensorinv,
    lambda rng: [Sample((REAL(rng, (4, 2, 2)),), {"ind": 1}), Sample((REAL(rng, (2, 2, 4)), 2))],
)
define(
    np.linalg.tensorsolve,
    _tensorsolve,
    lambda rng: [Sample((REAL(rng, (2, 2, 4)), REAL(rng, (2, 2))))],
    "b",
)

# Names of the array API


def _vectors(rng: np.random.Generator) -> list[Sample]:
    return [Sample((REAL(rng, (3,)), REAL(rng, (3,))))]


define(np.linalg.outer, lambda x1, x2, /: np.outer(x1, x2), _vectors, "x2")
define(
    np.linalg.matmul,
    lambda x1, x2, /: np.matmul(x1, x2),
    lambda rng: [*_vectors(rng), Sample((REAL(rng, (2, 3)), REAL(rng, (3, 2))))],
    "x2",
)
define(
    np.linalg.tensordot,
    lambda x1, x2, /, *, axes=2: np.tensordot(x1, x2, axes=axes),
    lambda rng: [Sample((REAL(rng, (2, 3, 2)), REAL(rng, (3, 2, 2))))],
    "x2",
)
