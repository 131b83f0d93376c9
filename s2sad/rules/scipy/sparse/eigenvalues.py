"""Eigenvalues of sparse symmetric matrices, norms, and the exponential applied to vectors.

    w_bar -> v_bar = w_bar * x[rows] * x[cols]         an eigenvalue w of the vector x
    x_bar -> v_bar = -z[rows] * x[cols]                where z solves with [[A - w, x], [x.T, 0]]

Magnus, On differentiating eigenvalues and eigenvectors (1985): the eigenvalues must be simple. The bordered system is
sparse as the matrix is.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from scipy import sparse
from scipy.sparse import linalg

from s2sad.errors import UnsupportedCall
from s2sad.ir.builder import call
from s2sad.ir.dims import dim_sum, new_dim
from s2sad.ir.primitive import Primitive, register
from s2sad.ir.sparse import Matrix, UsersCall, op, sparse_function, sparse_type
from s2sad.ir.types import ContainerType, SparseType, Type, array
from s2sad.rules.contributions import cast
from s2sad.rules.scipy.sparse.making import as_matrix, joined
from s2sad.rules.scipy.sparse.matrices import (
    bar_of,
    dense,
    distinct,
    length,
    moved,
    product,
    result,
    same,
    transposed,
)
from s2sad.rules.scipy.sparse.systems import Directly, solved

# Eigenvalues: where the vectors move, they do so by themselves


def _values_tangent(y: Any, xs: Any, dots: Any) -> Any:
    a, x = Matrix(*xs[2:]), xs[1]
    return None if dots[3] is None else np.sum(x * product(moved(a, dots[3]), x), axis=0)


def _values_adjoint(g: Any, y: Any, xs: Any, active: Any) -> Any:
    a, x = Matrix(*xs[2:]), xs[1]
    bar = bar_of(a.values, np.sum(g * x[a.rows] * x[a.cols], axis=1)) if active[3] else None
    return None, None, None, bar, None, None


_VALUES = result("sparse eigenvalues", _values_tangent, _values_adjoint)


# Eigenvectors

_BORDERED = register(
    Primitive(
        "sparse bordered",
        lambda values, rows, cols, n: sparse.csc_array((values, (rows, cols)), shape=(n + 1, n + 1)),
        lambda values, rows, cols, n, /: _bordered_type(values, n),
        constant=True,
        spelling="scipy.sparse.csc_array((_0, (_1, _2)), shape=(_3 + 1, _3 + 1))",
        called_as="bordered",
    )
)


def _bordered_type(values: Type, n: Type) -> Type:
    size = dim_sum(n.size, 1) if n.size is not None else new_dim("n")
    return SparseType(values.dtype or np.dtype(float), (size, size), new_dim("k"), "csc")


def _bordered(a: Matrix, w: Any, x: Any) -> Matrix:
    """The matrix less an eigenvalue, with the eigenvector below and beside it."""
    n = length(a, 0)
    builder = a.values.builder
    along, last = builder.call(np.arange, n), builder.call(np.full, n, n)
    values = joined([a.values, builder.call(np.full, n, -w), x, x], "values")
    rows, cols = joined([a.rows, along, along, last], "rows"), joined([a.cols, along, last, along], "cols")
    return Matrix(op(_BORDERED, values, rows, cols, n), values, rows, cols)


def told_apart(w: Any) -> Any:
    """Eigenvalues, no two of which are equal."""
    if np.any(np.diff(np.sort(w)) <= 1e-10 * np.max(np.abs(w))):
        raise ValueError("two eigenvalues are equal: their eigenvectors have no derivative")
    return w


_APART = register(Primitive("told_apart", told_apart, lambda w, /: w, constant=True, helper=True))


def _each(a: Matrix, x: Any) -> list[tuple[Matrix, Any]]:
    """The bordered system of each eigenvector, and the vector."""
    w = np.sum(x * product(a, x), axis=0)
    w = same(op(_APART, w), w)
    return [(_bordered(a, w[k], x[:, k]), x[:, k]) for k in range(x.type.shape[1])]


def _vectors_tangent(y: Any, xs: Any, dots: Any) -> Any:
    a, builder = Matrix(*xs[1:]), y.builder
    zero, n = builder.call(np.zeros, 1), length(Matrix(*xs[1:]), 0)
    changes = [
        solved(system, joined([-product(moved(a, dots[2]), v), zero], "right"), Directly())[:n]
        for system, v in _each(a, y)
    ]
    return call(np.stack, changes, 1)


def _vectors_adjoint(g: Any, y: Any, xs: Any, active: Any) -> Any:
    a, builder = Matrix(*xs[1:]), y.builder
    zero = builder.call(np.zeros, 1)
    found: Any = None
    for k, (system, v) in enumerate(_each(a, y)):
        z = solved(system, joined([g[:, k], zero], "right"), Directly(), turned=True)
        bar = z[a.rows] * v[a.cols]
        found = -bar if found is None else found - bar
    return None, None, bar_of(a.values, found), None, None


_VECTORS = result("sparse eigenvectors", _vectors_tangent, _vectors_adjoint)


@sparse_function(linalg.eigsh)
def _eigsh(users: UsersCall, A: Any, k: Any = 6, M: Any = None, *arguments: Any, **keywords: Any) -> Any:
    a = as_matrix(A)
    if not isinstance(k, int) or M is not None or arguments or a.type.numbers.kind == "c":
        raise UnsupportedCall(
            "scipy.sparse.linalg.eigsh with a number of eigenvalues that is computed, with M, or of complex matrices",
            "write k as a number, and other arguments by name",
        )
    values, vectors = array(a.type.numbers, (k,)), array(a.type.numbers, (a.type.dims[0], k))
    if keywords.get("return_eigenvectors", True) is not True:
        raise UnsupportedCall("scipy.sparse.linalg.eigsh without eigenvectors", "take them: w, _ = eigsh(A)")
    whole = users.gives(ContainerType(tuple, (0, 1), (values, vectors)))
    x = op(_VECTORS, whole[1], a.object, a.values, a.rows, a.cols)
    return op(_VALUES, whole[0], x, a.object, a.values, a.rows, a.cols), x


@sparse_function(linalg.eigs, linalg.svds, refused=True)
def _others(users: UsersCall, A: Any, *arguments: Any, **keywords: Any) -> Any:
    raise UnsupportedCall(f"{users.name} in a function that is differentiated", "eigsh has a derivative")


# Norms


@sparse_function(linalg.norm)
def _norm(users: UsersCall, x: Any, ord: Any = None, axis: Any = None) -> Any:
    if ord not in (None, "fro") or axis is not None:
        raise UnsupportedCall("scipy.sparse.linalg.norm with ord or axis", "write it with abs(A) and sums")
    one = distinct(as_matrix(x))
    found = np.sqrt(np.sum(np.abs(one.values) ** 2))
    return same(users.gives(found.type), found)


# The exponential, applied to vectors

_EXPONENTIAL_GIVEN = register(
    Primitive(
        "scipy.sparse.linalg.expm_multiply given",
        lambda a, b: linalg.expm_multiply(a, b),
        lambda a, b, /: array(np.result_type(sparse_type(a).numbers, b.dtype or float), b.shape),
        constant=True,
        spelling="scipy.sparse.linalg.expm_multiply(_0, _1)",
    )
)


def _exponential_tangent(y: Any, xs: Any, dots: Any) -> Any:
    if dots[2] is not None:
        raise _by_matrix()
    return _exponential(Matrix(*xs[1:5]), dots[5])


def _exponential_adjoint(g: Any, y: Any, xs: Any, active: Any) -> Any:
    if active[2]:
        raise _by_matrix()
    bar = cast(_exponential(transposed(Matrix(*xs[1:5])), g), xs[5].type)
    return None, None, None, None, None, bar


def _by_matrix() -> UnsupportedCall:
    instead = "solve the differential equation with solve_ivp"
    return UnsupportedCall("a derivative of scipy.sparse.linalg.expm_multiply by its matrix", instead)


_EXPONENTIAL = result("sparse exponential", _exponential_tangent, _exponential_adjoint)


def _exponential(a: Matrix, b: Any, given: Any = None) -> Any:
    given = op(_EXPONENTIAL_GIVEN, a.object, b) if given is None else given
    return op(_EXPONENTIAL, given, a.object, a.values, a.rows, a.cols, b)


@sparse_function(linalg.expm_multiply)
def _expm_multiply(users: UsersCall, A: Any, B: Any) -> Any:
    a, b = as_matrix(A), dense(users, B)
    return _exponential(a, b, users.gives(array(np.result_type(a.type.numbers, b.dtype or float), b.type.shape)))
